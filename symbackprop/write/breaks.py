"""Where a line that is too wide may be broken: between terms, between factors, and within brackets if need be."""

from symbackprop.write.layout import tokens, width

# Signs of the outermost level before which a line may end, the better ones first.
_SUM_SIGNS = frozenset(["+", "-"])
_FACTOR_SIGNS = frozenset(["+", "-", r"\,", r"\cdot", r"\odot", r"\sum"])
_BREAKS = (_SUM_SIGNS, _FACTOR_SIGNS)
# Brackets, and those of one size that stand for them where a line ends within.
_OPENED = {"(": (r"\bigl(", r"\bigr)"), r"\left(": (r"\biggl(", r"\biggr)")}
_LEFT, _RIGHT = (frozenset(pair[side] for pair in _OPENED.values()) for side in (0, 1))
# What belongs to the bracket before it or to a relation: no new factor starts with it.
_NO_FACTOR = frozenset([*"',./=<>&)]}", *_RIGHT, r"\oslash", r"\otimes", r"\approx", r"\leq", r"\geq", r"\neq",
                        r"\leftarrow"])  # fmt: skip


def broken(latex: str, first: float, rest: float) -> list[str]:
    """The formula in pieces of which the first is at most `first` wide and the others at most `rest`, if it can be.

    Breaks come before + and - where there are any on the outermost level, otherwise before a factor, and within
    brackets only where all else fails; those are then of one size on all lines.
    """
    lines, place = _broken_outside(latex, first, rest), 0
    while place < len(lines):
        wide = width(lines[place]) > (rest if place else first)
        opened = _with_open_brackets(lines[place]) if wide else None
        if opened is None:
            place += 1
            continue
        lines = _broken_outside("".join([*lines[:place], opened, *lines[place + 1 :]]), first, rest)
        place = max(place - 1, 0)  # the line before may take some of it
    return lines


def _with_open_brackets(latex: str) -> str | None:
    """The formula with its widest brackets made such that a line may end within; None where no line can."""
    parts = tokens(latex)
    found: list[tuple[float, int, int]] = []
    depth, begin = 0, 0
    for place, token in enumerate(parts):
        if depth == 0:
            begin = place
        depth += _depth_after(token)
        if depth == 0 and parts[begin] in _OPENED and place > begin:
            found.append((width("".join(parts[begin : place + 1])), begin, place))
    for _, begin, end in sorted(found, reverse=True):
        left, right = _OPENED[parts[begin]]
        inner = "".join(parts[begin + 1 : end])
        opened = inner if len(_split(inner, _FACTOR_SIGNS)) > 1 else _with_open_brackets(inner)
        if opened is not None:
            return "".join([*parts[:begin], left, opened, right, *parts[end + 1 :]])
    return None


def _depth_after(token: str) -> int:
    """1 for what opens a group that no line may end in, -1 for what closes it."""
    opens = token in "{([" or (token.startswith(r"\left") and token != r"\leftarrow") or token == r"\begin"
    closes = token in "})]" or (token.startswith(r"\right") and token != r"\rightarrow") or token == r"\end"
    return opens - closes


def _broken_outside(latex: str, first: float, rest: float) -> list[str]:
    """The same without a break in any brackets."""
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
    """Whether the formula can be broken outside brackets into at most so many rows of that width."""
    pieces = _broken_outside(latex, room, room)
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


def _split(latex: str, signs: frozenset[str]) -> list[str]:
    """The formula cut before every sign of the set on the outermost level, and before a factor behind a bracket.

    (1 - a)(1 - b) and f(a)b may be broken between their factors; f(a) and a Σ from what it sums may not.
    """
    pieces, depth, current = [], 0, ""
    factors = signs is _FACTOR_SIGNS
    begun = False  # the piece has more than signs and Σ with their limits
    closed = False  # behind a bracket, its scripts included
    for token in tokens(latex):
        change = _depth_after(token)
        if depth == 0 and not token.isspace():
            script = token in "^_" or current.rstrip().endswith(("^", "_"))
            again = factors and closed and not script and token not in _NO_FACTOR
            if begun and (token in signs or again):
                pieces.append(current)
                current, begun = "", False
            begun = begun or not (script or token in _FACTOR_SIGNS)
            closed = closed and script
        depth += change
        if depth == 0 and token != "}" and (change < 0 or token in _RIGHT):
            closed = True
        begun = begun and token not in _LEFT
        current += token
    return [*pieces, current]
