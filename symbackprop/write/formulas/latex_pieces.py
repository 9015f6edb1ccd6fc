"""Printed pieces of LaTeX: how tightly each one holds together, and the parentheses that this asks for."""

import re
from dataclasses import dataclass
from enum import IntEnum

from symbackprop.tensor.nodes import Expr

# The letter of every index in scope; each letter stands for itself too, so that it stays taken inside a sum whose
# index hides the one that it was given to.
Letters = dict[Expr, str]
_DECIMAL = re.compile(r"(-?)(\d+(?:\.\d+)?)(?:[eE]([+-]?\d+))?\Z")


class Level(IntEnum):
    """How tightly a printed piece holds together."""

    TERMS = 0
    NEGATIVE = 1
    PRODUCT = 2
    FACTOR = 3  # needs parentheses only as the base of a power
    ATOM = 4


@dataclass(frozen=True, slots=True)
class Piece:
    """Printed text; `open` when it ends inside a Σ, which would swallow any factor put behind it."""

    text: str
    level: Level = Level.ATOM
    open: bool = False


def parenthesised(text: str) -> str:
    """`text` in parentheses, which grow where it is tall."""
    tall = re.search(r"\\frac|\\sum|\\sqrt|\\left", text)
    return rf"\left({text}\right)" if tall else f"({text})"


def held(piece: Piece, level: Level) -> str:
    """The text, in parentheses unless it holds together at least at `level`."""
    return piece.text if piece.level >= level else parenthesised(piece.text)


def decimal(text: str) -> Piece:
    """A decimal; negative ones in parentheses, so that they can stand anywhere."""
    match = _DECIMAL.match(text)
    assert match, f"internal error: {text!r} is no decimal number"
    sign, digits, exponent = match.groups()
    if exponent is not None:
        digits = rf"{digits} \cdot 10^{{{int(exponent)}}}"
    return Piece(
        parenthesised(sign + digits) if sign else digits, Level.PRODUCT if exponent and not sign else Level.ATOM
    )


def symbol_piece(text: str) -> Piece:
    """A name; one with something above it needs parentheses before it can be raised to a power."""
    return Piece(text, Level.FACTOR if "^" in text or "'" in text else Level.ATOM)
