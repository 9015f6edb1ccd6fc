"""Entries, rows and columns of arrays in matrix notation, and axes that are added."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from symbackprop.language.parse import parse
from symbackprop.tensor.nodes import Expr
from symbackprop.write.formulas.latex_pieces import parenthesised
from symbackprop.write.formulas.matrix_entries import array_of_entries
from symbackprop.write.formulas.matrix_pieces import Level, NoNotationError, Piece, held
from symbackprop.write.formulas.matrix_rewriting import adds_axes, is_new_axis, items_of

if TYPE_CHECKING:
    from symbackprop.write.formulas.matrix import MatrixPrinter


def print_subscript(printer: MatrixPrinter, node: ast.Subscript) -> Piece:
    """W[0, 1] is the entry in the first row and second column."""
    if adds_axes(node):
        return _with_new_axes(printer, node)
    items, shape = items_of(node), printer.shape(node.value)
    if any(map(is_new_axis, items)):
        raise NoNotationError("an index and a new axis in one subscript")
    indices = tuple(
        ":" if isinstance(item, ast.Slice) else _position(printer, item, extent)
        for item, extent in zip(items, shape, strict=False)
    )
    indices += (":",) * (len(shape) - len(items))
    code = printer.code(node.value)
    if code is not None and ":" not in indices:
        return printer.quantity(code, indices)
    text = held(printer.piece(node.value), Level.ATOM)
    # TeX refuses a second subscript: that of W_{2} goes on, I_{n} needs parentheses.
    symbol = printer.names.quantities.get(code or "")
    if symbol is not None and symbol.lower:
        return Piece(f"{symbol.head}_{{{','.join((symbol.lower, *indices))}}}", raised=bool(symbol.upper))
    whole = parenthesised(text) if symbol is None and text.endswith("}") else text
    return Piece(f"{whole}_{{{','.join(indices)}}}", raised="^" in whole)


def _with_new_axes(printer: MatrixPrinter, node: ast.Subscript) -> Piece:
    """x[:, None] is the column x, x[None, :] the row x^T."""
    shape, rank = printer.shape(node), printer.rank(node.value)
    if rank == len(shape):
        return printer.piece(node.value)
    if len(shape) > 2 or rank != 1:
        return array_of_entries(printer, node)
    return printer.piece(node.value) if shape[1] == 1 else printer.transposed(node.value)


def _position(printer: MatrixPrinter, node: ast.expr, extent: Expr) -> str:
    number = int(parse(ast.unparse(node), printer.scope).expr)
    return str((number if number >= 0 else number + int(extent)) + 1)
