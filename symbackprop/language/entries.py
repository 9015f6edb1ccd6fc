"""What stands in brackets after a tensor: entries, rows and new axes, `W[0, 1]`, `W[:, 0]`, `x[:, None]`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from symbackprop.errors import FormulaError
from symbackprop.tensor import ops
from symbackprop.tensor.nodes import Expr
from symbackprop.tensor.tensor import Tensor

if TYPE_CHECKING:
    from symbackprop.language.parse import Walker


def entries(walker: Walker, node: ast.Subscript) -> Tensor:
    """The entries of a tensor at fixed positions of some axes, with the new axes that None adds."""
    tensor = walker.walk(node.value)
    items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    indices = [item for item in items if not _is_new_axis(item)]
    hint = walker.undeclared(node)
    if not tensor.shape:
        raise walker.error(f"a scalar takes no index, and no new axis: it is broadcast as it is{hint}", node)
    if len(indices) > len(tensor.shape):
        raise walker.error(f"{len(indices)} indices for the shape {ops.show_shape(tensor.shape)}{hint}", node)
    fixed: dict[int, Expr] = {}
    added: list[int] = []
    axis = 0
    for item in items:
        if _is_new_axis(item):
            added.append(axis - len(fixed) + len(added))
            continue
        if not (isinstance(item, ast.Slice) and item.lower is item.upper is item.step is None):
            fixed[axis] = _position(walker, item, tensor.shape[axis])
        axis += 1
    return ops.insert_axes(ops.take(tensor, fixed), added)


def _is_new_axis(item: ast.expr) -> bool:
    """Whether the item of a subscript is None, as in `x[:, None]`."""
    return isinstance(item, ast.Constant) and item.value is None


def _position(walker: Walker, node: ast.expr, extent: Expr) -> Expr:
    """A 0-based integer index, checked against the size of its axis when that is a number."""
    try:
        number = walker.walk(node).expr
    except FormulaError:
        number = None
    if number is None or not number.is_Integer:
        raise walker.error("an index is an integer such as W[0, 1], a full slice `:` or None", node)
    if not extent.is_Integer:
        if number < 0:
            raise walker.error(f"the negative index {number} needs an axis of known size, not {extent}", node)
        if number > 0:
            walker.positions[extent, int(number)] = None
        return number
    if not -extent <= number < extent:
        raise walker.error(f"index {number} is out of range for an axis of size {extent}", node)
    return number % extent
