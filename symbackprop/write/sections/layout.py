r"""How wide a formula is in print, and where a line that is too wide may be broken.

Widths are estimates in points for Computer Modern at 10 pt: good enough to decide on a break, and checked by
typesetting. A formula is broken only outside every brace, fraction and pair of parentheses.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

_TOKEN = re.compile(r"\\(?:left|right)\s*(?:\\[A-Za-z]+|.)|\\[A-Za-z]+|\\.|[{}^_&]|\s+|[0-9.]|.", re.DOTALL)
_SCRIPT = 0.8
_WIDTHS = {
    r"\,": 1.7, r"\;": 2.8, r"\quad": 10.0, r"\qquad": 20.0, r"\cdot": 7.2, r"\odot": 12.0, r"\otimes": 12.0,
    r"\partial": 5.8,
    r"\lvert": 2.8, r"\rvert": 2.8, r"\lVert": 5.0, r"\rVert": 5.0, r"\log": 14.0, r"\exp": 17.0, r"\tanh": 22.0,
    r"\sin": 14.0, r"\cos": 15.5, r"\max": 19.0, r"\min": 17.5, r"\approx": 13.3, r"\leftarrow": 15.5, r"\neq": 13.3,
    r"\times": 12.2, r"\ell": 4.2, r"\top": 7.8, r"\!": -1.7, r"\\": 0.0, r"\cdots": 13.4,
    "+": 12.2, "-": 12.2, "=": 13.3, "<": 13.3, ">": 13.3, "(": 3.9, ")": 3.9, "[": 2.8, "]": 2.8, ",": 4.4, "'": 2.9,
    "/": 5.0, ".": 2.8, "&": 10.0,
}  # fmt: skip
_GREEK = 5.6
_LETTER, _CAPITAL, _DIGIT = 5.3, 7.6, 5.0
_WIDE = {"m": 8.8, "w": 7.2, "M": 10.8, "W": 10.0, "i": 3.5, "j": 4.5, "l": 3.2, "t": 3.8, "I": 5.0, "J": 6.2}
_GROUPED = frozenset(
    ["mathrm", "mathbf", "mathtt", "mathsf", "mathit", "mathcal", "boldsymbol", "operatorname", "text", "hat", "bar",
     "tilde", "vec", "dot", "widehat", "widetilde", "overline", "mathbin"]
)  # fmt: skip


@lru_cache(maxsize=4096)
def tokens(latex: str) -> tuple[str, ...]:
    """The words of a formula: macros, a sized delimiter with its sign, single characters."""
    return tuple(_TOKEN.findall(latex))


def width(latex: str) -> float:
    """The estimated width of a formula in display style."""
    return _Reader(tokens(latex)).run()


@dataclass(slots=True)
class _Reader:
    """A walk over tokens that adds widths."""

    tokens: tuple[str, ...]
    position: int = 0

    def run(self) -> float:
        total = 0.0
        while self.position < len(self.tokens) and self.tokens[self.position] != "}":
            total += self.item()
        return total

    def group(self) -> float:
        """The width of a braced group or of one token."""
        while self.position < len(self.tokens) and self.tokens[self.position].isspace():
            self.position += 1
        if self.position < len(self.tokens) and self.tokens[self.position] == "{":
            self.position += 1
            total = self.run()
            self.position += 1
            return total
        return self.item() if self.position < len(self.tokens) else 0.0

    def item(self) -> float:
        token = self.tokens[self.position]
        if token == "{":
            return self.group()
        self.position += 1
        if token in ("^", "_"):
            return self.scripts(token)
        if token in (r"\frac", r"\tfrac", r"\dfrac"):
            return max(self.group(), self.group()) + 3.5
        if token == r"\sqrt":
            return self.group() + 9.0
        if token in (r"\sum", r"\prod"):
            return self.sum()
        if token == r"\underbrace":
            return self.group()
        if token == r"\begin":
            return self.environment()
        if token.startswith((r"\left", r"\right")) and token not in (r"\leftarrow", r"\rightarrow"):
            return 7.0
        return self.simple(token)

    def simple(self, token: str) -> float:
        if token in _WIDTHS:
            return _WIDTHS[token]
        if token[1:] in _GROUPED:
            return self.group()
        if token.startswith("\\"):
            return _GREEK
        if token in _WIDE:
            return _WIDE[token]
        if token.isdigit():
            return _DIGIT
        if token.isalpha():
            return _CAPITAL if token.isupper() else _LETTER
        return 0.0

    def scripts(self, first: str) -> float:
        """A script; a subscript and a superscript of one nucleus stand above each other."""
        total = _SCRIPT * self.group()
        if self.position < len(self.tokens) and self.tokens[self.position] in {"^", "_"} - {first}:
            self.position += 1
            return max(total, _SCRIPT * self.group())
        return total

    def sum(self) -> float:
        limits = [14.4]
        while self.position < len(self.tokens) and self.tokens[self.position] in ("^", "_"):
            self.position += 1
            limits.append(_SCRIPT * self.group())
        return max(limits) + 1.7

    def environment(self) -> float:
        """A matrix: the widest row."""
        name = ""
        depth, rows, row = 1, [0.0], 0.0
        self.position += 1
        while self.tokens[self.position] != "}":
            name += self.tokens[self.position]
            self.position += 1
        self.position += 1
        while self.position < len(self.tokens) and depth:
            if self.tokens[self.position] == r"\end":
                self.position += 1
                self.group()
                depth -= 1
            elif self.tokens[self.position] == r"\\":
                self.position += 1
                rows.append(row)
                row = 0.0
            else:
                row += self.item()
        return max([*rows, row]) + 14.0


def broken(latex: str, first: float, rest: float) -> list[str]:
    """The formula in pieces of which the first is at most `first` wide and the others at most `rest`, if it can be.

    Breaks come before + and - where there are any on the outermost level, otherwise before a factor.
    """
    if width(latex) <= first:
        return [latex]
    for pattern in _BREAKS:
        pieces = _split(latex, pattern)
        if len(pieces) > 1:
            lines = _filled(pieces, first, rest)
            if all(width(line) <= rest for line in lines[1:]) and width(lines[0]) <= first:
                return lines
    pieces = _split(latex, _BREAKS[-1])
    return _filled(pieces, first, rest)


def fits(latex: str, room: float, rows: int) -> bool:
    """Whether the formula can be broken into at most so many rows of that width."""
    pieces = broken(latex, room, room)
    return len(pieces) <= rows and all(width(piece) <= room for piece in pieces)


def _filled(pieces: list[str], first: float, rest: float) -> list[str]:
    lines = [pieces[0]]
    for piece in pieces[1:]:
        room = first if len(lines) == 1 else rest
        if width(lines[-1] + piece) <= room:
            lines[-1] += piece
        else:
            lines.append(piece)
    return lines


_SUM_SIGNS = frozenset(["+", "-"])
_FACTOR_SIGNS = frozenset(["+", "-", r"\,", r"\cdot", r"\odot", r"\sum"])
_BREAKS = (_SUM_SIGNS, _FACTOR_SIGNS)
# What belongs to the bracket before it or to a relation: no new factor starts with it.
_NO_FACTOR = frozenset(["'", ",", ".", "/", "=", "<", ">", "&", ")", "]", "}", r"\oslash", r"\otimes", r"\approx",
                        r"\leq", r"\geq", r"\neq", r"\leftarrow"])  # fmt: skip


def _split(latex: str, signs: frozenset[str]) -> list[str]:
    """The formula cut before every sign of the set on the outermost level, and before a factor behind a bracket.

    (1 - a)(1 - b) and f(a)b may be broken between their factors; f(a) and a Σ from what it sums may not.
    """
    pieces, depth, current = [], 0, ""
    factors = signs is _FACTOR_SIGNS
    begun = False  # the piece has more than signs and Σ with their limits
    closed = False  # behind a bracket, its scripts included
    for token in tokens(latex):
        opens = token in "{([" or (token.startswith(r"\left") and token != r"\leftarrow") or token == r"\begin"
        closes = token in "})]" or (token.startswith(r"\right") and token != r"\rightarrow") or token == r"\end"
        if depth == 0 and not token.isspace():
            script = token in "^_" or current.rstrip().endswith(("^", "_"))
            again = factors and closed and not script and token not in _NO_FACTOR
            if begun and (token in signs or again):
                pieces.append(current)
                current, begun = "", False
            begun = begun or not (script or token in _FACTOR_SIGNS)
            closed = closed and script
        depth += opens - closes
        if depth == 0 and closes and token != "}":
            closed = True
        current += token
    return [*pieces, current]
