r"""Printed pieces of matrix notation and their arithmetic: parentheses exactly where they are needed.

Juxtaposition binds tighter than `\odot` (entry by entry), which binds tighter than `+`.
"""

import ast
import re
from dataclasses import dataclass
from enum import IntEnum

from symbackprop.write.formulas.latex_pieces import parenthesised

SIGNS: dict[type, str] = {
    ast.Gt: ">",
    ast.Lt: "<",
    ast.GtE: r"\geq",
    ast.LtE: r"\leq",
    ast.Eq: "=",
    ast.NotEq: r"\neq",
}


class NoNotationError(Exception):
    """A part of a formula for which matrix notation has no words."""


class Level(IntEnum):
    """How tightly a printed piece holds together."""

    TERMS = 0
    NEGATIVE = 1
    ENTRYWISE = 2
    PRODUCT = 3
    FACTOR = 4  # needs parentheses only as the base of a power
    ATOM = 5


@dataclass(frozen=True, slots=True)
class Piece:
    """Printed text; `open` when it ends inside a Σ, `raised` when it has a superscript already."""

    text: str
    level: Level = Level.ATOM
    open: bool = False
    raised: bool = False


def held(piece: Piece, level: Level) -> str:
    """The text, in parentheses unless it holds together at least at `level`."""
    return piece.text if piece.level >= level else parenthesised(piece.text)


def closed(piece: Piece, level: Level) -> str:
    """The same for a piece behind which more follows: a Σ must not swallow it."""
    return parenthesised(piece.text) if piece.open else held(piece, level)


def negated(piece: Piece) -> Piece:
    return Piece("-" + held(piece, Level.ENTRYWISE), Level.NEGATIVE, piece.open)


def added(left: Piece, sign: str, right: Piece) -> Piece:
    """left + right or left - right, in that order."""
    second = held(right, Level.ENTRYWISE) if sign == "-" or right.level == Level.NEGATIVE else right.text
    return Piece(f"{left.text} {sign} {second}", Level.TERMS)


def times(left: Piece, right: Piece) -> Piece:
    """Two factors side by side."""
    first, second = closed(left, Level.PRODUCT), held(right, Level.PRODUCT)
    return Piece(first + _between(first, second) + second, Level.PRODUCT, right.open)


def scaled(scalar: Piece, tensor: Piece) -> Piece:
    r"""A scalar before a tensor: of c (a \odot b) the parentheses are left out."""
    if tensor.level == Level.ENTRYWISE and not tensor.open:
        first = closed(scalar, Level.PRODUCT)
        return Piece(first + _between(first, tensor.text) + tensor.text, Level.ENTRYWISE)
    return times(scalar, tensor)


def entrywise(left: Piece, operator: str, right: Piece) -> Piece:
    r"""left \odot right or left \oslash right."""
    first, second = closed(left, Level.ENTRYWISE), held(right, Level.PRODUCT)
    return Piece(rf"{first} {operator} {second}", Level.ENTRYWISE, right.open)


def fraction(above: Piece, below: Piece) -> Piece:
    return Piece(rf"\frac{{{above.text}}}{{{below.text}}}", Level.FACTOR)


def power(base: Piece, exponent: str) -> Piece:
    # Large parentheses keep the exponent of z^{(1)} squared apart from its layer.
    text = rf"\left({base.text}\right)" if base.raised else held(base, Level.ATOM)
    return Piece(f"{text}^{{{exponent}}}", Level.FACTOR, raised=True)


def applied(function: str, *arguments: Piece) -> Piece:
    return Piece(function + parenthesised(", ".join(argument.text for argument in arguments)))


def indicator(left: Piece, operator: ast.cmpop, right: Piece) -> Piece:
    """1 where the comparison holds, otherwise 0."""
    return Piece(rf"\mathbf{{1}}[{left.text} {SIGNS[type(operator)]} {right.text}]", Level.FACTOR)


def function_of(node: ast.Call) -> str:
    """The name of the function that is called."""
    return node.func.id if isinstance(node.func, ast.Name) else ""


def leading_sign(node: ast.expr) -> ast.expr | None:
    """The node without the minus sign that it starts with, if it does."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return node.operand
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div, ast.MatMult)):
        bare = leading_sign(node.left)
        return None if bare is None else ast.BinOp(bare, node.op, node.right)
    return None


def _between(left: str, right: str) -> str:
    r"""What keeps two factors apart: nothing, a thin space, or \cdot where digits would run together."""
    if right[0].isdigit() or (left[-1].isdigit() and right.startswith(r"\frac")):
        return r" \cdot "
    if re.match(r"\(|\\(left|sum|log|exp|sin|cos|tanh|operatorname)(?![A-Za-z])", right) or left.endswith(r"\right)"):
        return ""
    return "" if left[-1].isdigit() else r"\,"
