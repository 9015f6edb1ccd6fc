"""What a formula in matrix notation means: arrays whose axes are rows and columns.

A vector is a column. An axis of length 1 is none, so that a row times a column is a number. Every axis has an index of
its own, which no other array has, so that nothing can be captured. Shapes that do not fit are refused, never repeated:
only a number may stand beside an array of any shape.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sympy as sp

from symbackprop.tensor.indices import substitute
from symbackprop.tensor.nodes import Expr, delta, extent, summation
from symbackprop.tensor.ops import ShapeError

Axis = Expr  # an Idx, or None for an axis of length 1
Axes = tuple[Axis, ...]
Fresh = Callable[[Expr], Axis]  # the axis of that length


@dataclass(frozen=True, slots=True)
class Array:
    """The entries as an expression in the indices of the axes: rows and columns, or more than two axes."""

    expr: Expr
    axes: Axes = (None, None)

    @property
    def is_number(self) -> bool:
        return self.axes == (None, None)

    @property
    def long(self) -> list[Expr]:
        """The axes that are not of length 1."""
        return [axis for axis in self.axes if axis is not None]

    def along(self, axes: Axes) -> Expr:
        """The entries with the indices of other axes of the same lengths."""
        if not fit(self.axes, axes):
            raise ShapeError(f"{_shown(self.axes)} beside {_shown(axes)}")
        return substitute(self.expr, {old: new for old, new in zip(self.axes, axes, strict=True) if old is not None})


def arranged(expr: Expr, long: Sequence[Expr]) -> Array:
    """One axis makes a column, two make a matrix."""
    axes: Axes = (*long, *[None] * (2 - len(long)))
    return Array(expr, axes)


def of_shape(shape: Sequence[Expr], fresh: Fresh) -> Axes:
    """The axes of a quantity of that shape."""
    axes = tuple(map(fresh, shape))
    return (*axes, *[None] * (2 - len(axes)))


def fit(one: Axes, other: Axes) -> bool:
    """Whether the axes have the same lengths, one by one."""
    return len(one) == len(other) and all(map(_same_length, one, other))


def _same_length(a: Axis, b: Axis) -> bool:
    return a is b is None or (a is not None and b is not None and bool(extent(a) == extent(b)))


def _shown(axes: Axes) -> str:
    return " x ".join("1" if axis is None else str(extent(axis)) for axis in axes)


# --- arithmetic


def entry_by_entry(function: Callable[..., Expr], *arrays: Array) -> Array:
    """A function of the entries that stand at the same place, numbers beside each of them."""
    model = next((array for array in arrays if not array.is_number), arrays[0])
    parts = [array.expr if array.is_number else array.along(model.axes) for array in arrays]
    return Array(function(*parts), model.axes)


def times(left: Array, right: Array) -> Array:
    """The matrix product, of more than two axes that of the last two; a number scales."""
    if left.is_number or right.is_number:
        return Array(left.expr * right.expr, right.axes if left.is_number else left.axes)
    *lead, rows, inner = left.axes
    *other_lead, other, columns = right.axes
    if not _same_length(inner, other) or (lead and other_lead and not fit(tuple(lead), tuple(other_lead))):
        raise ShapeError(f"{_shown(left.axes)} times {_shown(right.axes)}")
    moved = dict(zip(other_lead, lead, strict=True)) if lead and other_lead else {}
    moved |= {other: inner}
    product = left.expr * substitute(right.expr, {old: new for old, new in moved.items() if old is not None})
    axes = (*(lead or other_lead), rows, columns)
    if lead and columns is None:
        axes = axes[:-1]  # a column on the right is a vector, and no axis remains of it
    return Array(product if inner is None else summation(product, inner), axes)


def outer(left: Array, right: Array) -> Array:
    """Every product of an entry of one with an entry of the other."""
    return arranged(left.expr * right.expr, [*left.long, *right.long])


def transposed(array: Array) -> Array:
    """Rows and columns exchanged, which are the last two of more than two axes."""
    *lead, rows, columns = array.axes
    return Array(array.expr, (*lead, columns, rows))


def selected(array: Array, positions: Sequence[Expr]) -> Array:
    """The entries at some positions; None keeps an axis. What is kept is a vector, and thus a column."""
    mapping = {axis: at for axis, at in zip(array.axes, positions, strict=True) if at is not None and axis is not None}
    kept = [axis for axis, at in zip(array.axes, positions, strict=True) if at is None and axis is not None]
    return arranged(substitute(array.expr, mapping), kept)


# --- functions of whole arrays


def diagonal(array: Array, fresh: Fresh) -> Array:
    """The diagonal matrix of a column; the diagonal of a square matrix as a column."""
    rows, columns = _two(array)
    if rows is not None and columns is None:
        other = fresh(extent(rows))
        return Array(array.expr * delta(rows, other), (rows, other))
    _square(array)
    return Array(substitute(array.expr, {columns: rows}), (rows, None))


def trace(array: Array, fresh: Fresh) -> Array:
    rows, columns = _square(array)
    return Array(summation(substitute(array.expr, {columns: rows}), rows))


def norm(array: Array, fresh: Fresh) -> Array:
    """The root of the sum of squares."""
    return Array(sp.sqrt(summation(array.expr**2, *array.long)))


def softmax(array: Array, fresh: Fresh) -> Array:
    """Of a vector, or of each row of a matrix."""
    return Array(sp.exp(array.expr) / _normaliser(array, fresh), array.axes)


def log_softmax(array: Array, fresh: Fresh) -> Array:
    return Array(array.expr - sp.log(_normaliser(array, fresh)), array.axes)


def _normaliser(array: Array, fresh: Fresh) -> Expr:
    """The sum of exponentials along the last axis."""
    if not array.long or len(array.axes) != 2:
        raise ShapeError(f"softmax of {_shown(array.axes)}")
    axis = array.long[-1]
    along = fresh(extent(axis))
    return summation(sp.exp(substitute(array.expr, {axis: along})), along)


def _two(array: Array) -> Axes:
    if len(array.axes) != 2:
        raise ShapeError(f"more than two axes: {_shown(array.axes)}")
    return array.axes


def _square(array: Array) -> Axes:
    rows, columns = _two(array)
    if rows is None or columns is None or extent(rows) != extent(columns):
        raise ShapeError(f"{_shown(array.axes)} is not square")
    return rows, columns


def eye(size: Expr, fresh: Fresh) -> Array:
    rows, columns = fresh(size), fresh(size)
    return Array(delta(rows, columns) if rows is not None else sp.Integer(1), (rows, columns))


def filled(value: int, shape: Sequence[Expr], fresh: Fresh) -> Array:
    """A vector or matrix in which all entries are the same."""
    return Array(sp.Integer(value), of_shape(shape, fresh))
