"""How wide a formula is in print: estimates in points for Computer Modern at 10 pt.

They are good enough to decide where a line is broken, and checked by typesetting.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

_TOKEN = re.compile(r"\\(?:left|right|bigg?[lr])\s*(?:\\[A-Za-z]+|.)|\\[A-Za-z]+|\\.|[{}^_&]|\s+|[0-9.]|.", re.DOTALL)
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


@lru_cache(maxsize=4096)
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
        if token.startswith((r"\left", r"\right", r"\big")) and token not in (r"\leftarrow", r"\rightarrow"):
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
