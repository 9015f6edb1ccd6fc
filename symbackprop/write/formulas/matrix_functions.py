r"""The functions of the formula language in matrix notation, one row each.

What matrix notation cannot say without indices, `sum(y*log(p))`, is said with them: `\sum_{i} y_{i} \log(p_{i})`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from symbackprop.tensor.nodes import Expr
from symbackprop.write.formulas.latex_pieces import parenthesised
from symbackprop.write.formulas.matrix_entries import (
    arguments,
    array_of_entries,
    axis_of,
    entry,
    format_function,
    keeps_axes,
    mean_divisor,
)
from symbackprop.write.formulas.matrix_pieces import (
    Level,
    NoNotationError,
    Piece,
    applied,
    entrywise,
    function_of,
    power,
    scaled,
    times,
)

if TYPE_CHECKING:
    from symbackprop.write.formulas.matrix import MatrixPrinter

Row = Callable[["MatrixPrinter", ast.Call], Piece]


def print_call(printer: MatrixPrinter, node: ast.Call) -> Piece:
    """A call as the array that it is. Raises: NoNotationError for a function that has no row."""
    row = ROWS.get(function_of(node))
    if row is not None:
        return row(printer, node)
    parts = [printer.spread(argument, node) for argument in arguments(printer, node)]
    return format_function(printer, node, parts, of_numbers=not any(map(printer.rank, arguments(printer, node))))


def _sum(printer: MatrixPrinter, node: ast.Call) -> Piece:
    """1^T D and D 1 of a matrix; Σ over indices for everything else."""
    (argument,) = node.args
    shape, axis = printer.shape(argument), axis_of(node)
    if not printer.shape(node):
        return entry(printer, node, (), frozenset())
    if len(shape) != 2 or not isinstance(axis, int):
        return array_of_entries(printer, node)
    if axis % 2 == 1:
        return times(printer.piece(argument), printer.ones(shape[1]))
    if keeps_axes(node):
        return times(printer.ones(shape[0], r"\top"), printer.factor(argument))
    return times(printer.transposed(argument), printer.ones(shape[0]))


def _mean(printer: MatrixPrinter, node: ast.Call) -> Piece:
    """1/n times the sum."""
    if not printer.shape(node):
        return entry(printer, node, (), frozenset())
    total = ast.Call(ast.Name("sum", ast.Load()), node.args, node.keywords)
    return scaled(mean_divisor(printer, node), _sum(printer, total))


def _outer(printer: MatrixPrinter, node: ast.Call) -> Piece:
    r"""a b^T of two vectors, a \otimes b of larger arrays."""
    a, b = node.args
    if not printer.rank(a) or not printer.rank(b):
        return scaled(*(printer.piece(x) for x in sorted((a, b), key=printer.rank)))
    if printer.rank(a) == printer.rank(b) == 1:
        return times(printer.piece(a), printer.transposed(b))
    left, right = printer.piece(a), printer.piece(b)
    return entrywise(left, r"\otimes", right)


def _dot(printer: MatrixPrinter, node: ast.Call) -> Piece:
    a, b = node.args
    if printer.rank(a) and printer.rank(b):
        return printer.matmul(a, b)
    return scaled(*(printer.piece(x) for x in sorted((a, b), key=printer.rank)))


def _norm(printer: MatrixPrinter, node: ast.Call) -> Piece:
    """The length of a vector, the Frobenius norm of a matrix."""
    (argument,) = node.args
    rank = printer.rank(argument)
    if printer.rank(node) or rank > 2:
        return array_of_entries(printer, node)
    text = rf"\lVert {printer.piece(argument).text} \rVert"
    return Piece(text + ("_{F}" if rank == 2 else ""), Level.ATOM)


def _variance(printer: MatrixPrinter, node: ast.Call) -> Piece:
    return array_of_entries(printer, node)


def _swapaxes(printer: MatrixPrinter, node: ast.Call) -> Piece:
    """The transpose of a matrix, or of every matrix of a batch; indices for other axes."""
    argument, *numbers = node.args
    rank = printer.rank(argument)
    exchanged = {ast.literal_eval(number) % rank for number in numbers}
    if len(exchanged) == 1:
        return printer.piece(argument)
    if exchanged != {rank - 1, rank - 2}:
        return array_of_entries(printer, node)
    return printer.transposed(argument) if rank == 2 else power(printer.piece(argument), r"\top")


def _log_sum_exp(printer: MatrixPrinter, node: ast.Call) -> Piece:
    return array_of_entries(printer, node) if printer.rank(node) else entry(printer, node, (), frozenset())


def _softmax(printer: MatrixPrinter, node: ast.Call) -> Piece:
    """softmax of a vector or of the rows of a matrix; of columns by transposing twice."""
    (argument,) = node.args
    axis, rank = axis_of(node), printer.rank(argument)
    if rank > 2:
        raise NoNotationError("softmax along an axis of an array with more than two axes")
    name = r"\operatorname{softmax}"
    if rank == 2 and axis in (0, -2):
        return power(applied(name, printer.transposed(argument)), r"\top")
    return applied(name, printer.piece(argument))


def _log_softmax(printer: MatrixPrinter, node: ast.Call) -> Piece:
    """log softmax(z), open: what follows could belong to the logarithm or not."""
    whole = _softmax(printer, node)
    if whole.level < Level.ATOM:
        raise NoNotationError("the logarithm of softmax along columns")
    return Piece(rf"\log {whole.text}", Level.PRODUCT, open=True)


def _named(name: str) -> Row:
    return lambda printer, node: applied(name, printer.piece(node.args[0]))


def _eye(printer: MatrixPrinter, node: ast.Call) -> Piece:
    return Piece(rf"I_{{{_size(printer, node)[0]}}}")


def _ones(printer: MatrixPrinter, node: ast.Call) -> Piece:
    sizes = printer.shape(node)
    if len(sizes) > 2:
        raise NoNotationError("an array of ones with more than two axes")
    first = printer.ones(sizes[0])
    return first if len(sizes) == 1 else times(first, printer.ones(sizes[1], r"\top"))


def _zeros(printer: MatrixPrinter, node: ast.Call) -> Piece:
    sizes = r" \times ".join(_size(printer, node))
    return Piece(rf"\mathbf{{0}}_{{{sizes}}}")


def _size(printer: MatrixPrinter, node: ast.Call) -> list[str]:
    sizes: tuple[Expr, ...] = printer.shape(node)
    return [printer.size(size) for size in sizes]


def _derivative(printer: MatrixPrinter, node: ast.Call) -> Piece:
    """∂f/∂v, or the name that it has."""
    f, v = node.args
    code = printer.code(node)
    if code is not None:
        return printer.quantity(code, ())
    above = printer.piece(f)
    text = above.text if isinstance(f, ast.Name) else parenthesised(above.text)
    return Piece(rf"\frac{{\partial {text}}}{{\partial {printer.piece(v).text}}}", Level.FACTOR)


def _next(printer: MatrixPrinter, node: ast.Call) -> Piece:
    """The quantity after one gradient step or several."""
    steps = printer.piece(node.args[1]).text if len(node.args) > 1 else "1"
    name = r"\operatorname{next}" + (f"^{{{steps}}}" if steps != "1" else "")
    return applied(name, printer.piece(node.args[0]))


ROWS: dict[str, Row] = {
    "sum": _sum,
    "mean": _mean,
    "outer": _outer,
    "dot": _dot,
    "norm": _norm,
    "logsumexp": _log_sum_exp,
    "softmax": _softmax,
    "log_softmax": _log_softmax,
    "trace": _named(r"\operatorname{tr}"),
    "diag": _named(r"\operatorname{diag}"),
    "var": _variance,
    "std": _variance,
    "swapaxes": _swapaxes,
    "einsum": lambda printer, node: array_of_entries(printer, node),
    "eye": _eye,
    "ones": _ones,
    "zeros": _zeros,
    "d": _derivative,
    "next": _next,
}
