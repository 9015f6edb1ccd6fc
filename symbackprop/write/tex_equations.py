"""Groups of equations as LaTeX: aligned at the first sign, the rule at the right margin, long lines broken."""

import re

from symbackprop.write.blocks import Equation, Equations, Math, Mono, Text
from symbackprop.write.breaks import broken
from symbackprop.write.layout import width
from symbackprop.write.tex_text import escaped, mono

# In points at 10 pt: the width of the text less the indentation of formulas.
LINE = 455 / 1.095 - 20
NOTE_CHARACTER = 4.2
CONTINUED = 20.0
SIGN = 13.3
GAP = 20.0
# What a line after a break may begin with as it is.
_SIGNED = re.compile(r"[-+,]|\\(?:cdot|odot|oslash|otimes)(?![A-Za-z])")


def equations(group: Equations) -> str:
    """The group in one `align*`, or in `alignat*` with both notations side by side where there is room."""
    paired = _beside(group)
    if paired:
        return _side_by_side(group, paired)
    lines = [part for line in group.lines for part in unpaired(line)]
    column = max(width(line.left) for line in lines)
    rows = [row for line in lines for row in _noted_rows(line, LINE - column)]
    return "\\begin{align*}\n" + " \\\\\n".join(rows) + "\n\\end{align*}"


def _noted_rows(line: Equation, room: float) -> list[str]:
    rows = equation_rows(line, room)
    return [*rows[:-1], rows[-1] + _reason(line.reason)]


def unpaired(line: Equation) -> list[Equation]:
    """Both notations, one below the other."""
    if line.beside is None:
        return [line]
    left, right = line.beside
    return [Equation(line.left, line.rights, line.reason, line.signs), Equation(left, (right,))]


def _beside(group: Equations) -> list[Equation]:
    """The lines whose two notations fit side by side: all that have two, but for the widest ones where need be."""
    paired = [line for line in group.lines if line.beside]
    while paired:
        first = max(width(line.left) + SIGN + width(line.rights[0]) for line in paired)
        second = max(width(line.beside[0]) + SIGN + width(line.beside[1]) for line in paired if line.beside)
        notes = max(note_width(line.reason) for line in paired)
        if first + GAP + second + notes + GAP <= LINE:
            return paired
        paired.remove(max(paired, key=_pair_width))
    return []


def _pair_width(line: Equation) -> float:
    return width(line.rights[0]) + (width(line.beside[1]) if line.beside else 0.0)


def _side_by_side(group: Equations, paired: list[Equation]) -> str:
    """Two columns of equations; what does not fit goes over both columns, its two notations one below the other."""
    column = max(width(line.left) for line in group.lines)
    rows = []
    for line in group.lines:
        if line in paired and line.beside:
            left, right = line.beside
            rows.append(
                rf"{line.left} &{line.sign(0)} {line.rights[0]} &\qquad {left} &= {right}{_reason(line.reason)}"
            )
            continue
        for part in unpaired(line):
            own = [_over_both(row) for row in equation_rows(part, LINE - column)]
            # The width of these rows is hidden from TeX, which could not make room for the note.
            room = LINE - column - max(SIGN + width(right) for right in part.rights) > note_width(part.reason) + GAP
            if room and part.reason:
                own[-1] += _reason(part.reason)
            rows += own
    return "\\begin{alignat*}{2}\n" + " \\\\\n".join(rows) + "\n\\end{alignat*}"


def _over_both(row: str) -> str:
    left, right = row.split("&", 1)
    return rf"{left}&\rlap{{$\displaystyle {{}}{right.strip()}$}} &&"


def equation_rows(line: Equation, room: float) -> list[str]:
    """The rows of one equation, aligned at its signs, within `room` for the right side with its sign."""
    widths = [SIGN + width(right) for right in line.rights]
    if sum(widths) <= room:
        chain = "".join(f" {line.sign(k)} {right}" if k else right for k, right in enumerate(line.rights))
        return [f"{line.left} &{line.sign(0)} {chain}"]
    rows: list[str] = []
    left = room
    for k, right in enumerate(line.rights):
        if k and widths[k] <= left:
            rows[-1] += f" {line.sign(k)} {right}"
            left -= widths[k]
            continue
        pieces = broken(right, room - SIGN, room - SIGN - CONTINUED)
        rows.append(f"{line.left if k == 0 else ''} &{line.sign(k)} {pieces[0]}")
        rows += [rf" &\quad {{}}{_continued(piece)}" for piece in pieces[1:]]
        left = room - widths[k] if len(pieces) == 1 else room - CONTINUED - width(pieces[-1])
    return rows


def _continued(piece: str) -> str:
    r"""A piece after a break: a product goes on with a \cdot."""
    text = piece.strip()
    return text if _SIGNED.match(text) else r"\cdot " + text.removeprefix(r"\,").strip()


def _reason(text: Text) -> str:
    if not text:
        return ""
    shown = "".join(
        f"${piece.latex}$"
        if isinstance(piece, Math)
        else mono(piece.text)
        if isinstance(piece, Mono)
        else escaped(piece)
        for piece in text
    )
    return rf" \reason{{{shown}}}"


def note_width(text: Text) -> float:
    """The estimated width of a note beside an equation."""
    total = 0.0
    for piece in text:
        total += width(piece.latex) * 0.85 if isinstance(piece, Math) else _length(piece) * NOTE_CHARACTER
    return total


def _length(piece: str | Mono) -> int:
    return len(piece.text) if isinstance(piece, Mono) else len(piece)
