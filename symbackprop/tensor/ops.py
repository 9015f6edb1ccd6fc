"""NumPy's array operations on tensors: broadcasting, sums along axes, products.

Shapes hold SymPy sizes: two sizes agree only when they are the same size (`n` is not `m`). A mismatch raises
`ShapeError`, which the parser turns into a message that quotes the formula.
"""

from collections.abc import Callable, Sequence

import sympy as sp

from symbackprop.errors import SymbackpropError
from symbackprop.tensor.indices import all_index_names, fresh_index, substitute
from symbackprop.tensor.nodes import Expr, delta, summation
from symbackprop.tensor.tensor import Tensor, axes

Shape = tuple[Expr, ...]
ONE = sp.Integer(1)


class ShapeError(SymbackpropError):
    """Shapes that do not fit together."""


def show_shape(shape: Shape | Sequence[str]) -> str:
    """`(h, n)`, `(m,)` or `()` as NumPy writes it."""
    inner = ", ".join(map(str, shape))
    return f"({inner},)" if len(shape) == 1 else f"({inner})"


def broadcast_shapes(*shapes: Shape) -> Shape:
    """NumPy's rule: align from the right; sizes agree or one of them is 1."""
    rank = max(map(len, shapes), default=0)
    result: list[Expr] = []
    for axis in range(rank):
        sizes = {shape[axis - rank + len(shape)] for shape in shapes if axis - rank + len(shape) >= 0} - {ONE}
        if len(sizes) > 1:
            shown = " and ".join(map(show_shape, shapes))
            different = " and ".join(sorted(map(str, sizes)))
            raise ShapeError(f"{shown}: the sizes {different} differ")
        result.append(sizes.pop() if sizes else ONE)
    return tuple(result)


def entry_of(tensor: Tensor, shape: Shape) -> Expr:
    """The entry of `tensor`, broadcast to `shape`, at the canonical indices of `shape`."""
    target = axes(shape)[len(shape) - len(tensor.shape) :]
    chosen = [
        sp.Integer(0) if own == ONE and size != ONE else i
        for own, size, i in zip(tensor.shape, shape[len(shape) - len(tensor.shape) :], target, strict=True)
    ]
    return tensor.at(*chosen)


def broadcast(tensor: Tensor, shape: Shape) -> Tensor:
    """`tensor` repeated to `shape`; raises ShapeError when it does not fit."""
    if broadcast_shapes(tensor.shape, shape) != shape:
        raise ShapeError(f"{show_shape(tensor.shape)} does not broadcast to {show_shape(shape)}")
    return Tensor(entry_of(tensor, shape), shape)


def elementwise_op(function: Callable[..., Expr], *tensors: Tensor) -> Tensor:
    """function(a, b, ...) entry by entry, broadcast."""
    shape = broadcast_shapes(*(t.shape for t in tensors))
    return Tensor(function(*(entry_of(t, shape) for t in tensors)), shape)


def sum_axes(tensor: Tensor, which: Sequence[int], keepdims: bool = False) -> Tensor:
    """Σ over the given axes (0-based, distinct)."""
    expr, taken = tensor.expr, set(all_index_names(tensor.expr)) | {str(i.label) for i in tensor.indices}
    bound: list[Expr] = []
    for axis in which:
        fresh = fresh_index(tensor.shape[axis], taken)
        taken.add(str(fresh.label))
        expr = substitute(expr, {tensor.indices[axis]: fresh})
        bound.append(fresh)
    expr = summation(expr, *bound)
    kept = [axis for axis in range(len(tensor.shape)) if axis not in which]
    shape = tuple(
        ONE if axis in which else size for axis, size in enumerate(tensor.shape) if keepdims or axis not in which
    )
    positions = kept if keepdims else range(len(kept))
    moved = {tensor.indices[old]: axes(shape)[new] for old, new in zip(kept, positions, strict=True)}
    return Tensor(substitute(expr, moved), shape)


def transpose(tensor: Tensor) -> Tensor:
    """All axes reversed, as `.T` does."""
    return permute(tensor, tuple(reversed(range(len(tensor.shape)))))


def permute(tensor: Tensor, order: Sequence[int]) -> Tensor:
    """The tensor whose axis k is axis order[k] of `tensor`."""
    shape = tuple(tensor.shape[axis] for axis in order)
    new = axes(shape)
    return Tensor(substitute(tensor.expr, {tensor.indices[old]: new[k] for k, old in enumerate(order)}), shape)


def outer(a: Tensor, b: Tensor) -> Tensor:
    """a[i...] b[j...]: the shape of a followed by the shape of b."""
    shape = a.shape + b.shape
    new = axes(shape)
    return Tensor(a.at(*new[: len(a.shape)]) * b.at(*new[len(a.shape) :]), shape)


def matmul(a: Tensor, b: Tensor) -> Tensor:
    """Σ_k a[..., i, k] b[..., k, j], with NumPy's rules for vectors and leading (batch) axes."""
    if not a.shape or not b.shape:
        raise ShapeError(f"{show_shape(a.shape)} @ {show_shape(b.shape)}: @ needs vectors or matrices, not scalars")
    left = (
        a if len(a.shape) > 1 else Tensor(substitute(a.expr, {a.indices[0]: axes((ONE, *a.shape))[1]}), (ONE, *a.shape))
    )
    right = b if len(b.shape) > 1 else Tensor(b.expr, (*b.shape, ONE))
    inner, other = left.shape[-1], right.shape[-2]
    if inner != other:
        shown = f"{show_shape(a.shape)} @ {show_shape(b.shape)}"
        raise ShapeError(f"{shown}: the inner sizes {inner} and {other} differ")
    batch = broadcast_shapes(left.shape[:-2], right.shape[:-2])
    shape = (*batch, left.shape[-2], right.shape[-1])
    new = axes(shape)
    taken = set(all_index_names(a.expr)) | set(all_index_names(b.expr)) | {str(i.label) for i in new}
    k = fresh_index(inner, taken)
    expr = summation(
        left.at(*_batch_indices(left, batch, new), new[-2], k)
        * right.at(*_batch_indices(right, batch, new), k, new[-1]),
        k,
    )
    product = Tensor(expr, shape)
    drop = [axis for axis, single in ((-2, len(a.shape) == 1), (-1, len(b.shape) == 1)) if single]
    return drop_axes(product, [len(shape) + axis for axis in drop])


def _batch_indices(tensor: Tensor, batch: Shape, new: Sequence[Expr]) -> list[Expr]:
    own = tensor.shape[:-2]
    offset = len(batch) - len(own)
    return [
        sp.Integer(0) if size == ONE and batch[offset + axis] != ONE else new[offset + axis]
        for axis, size in enumerate(own)
    ]


def drop_axes(tensor: Tensor, which: Sequence[int]) -> Tensor:
    """The entries at index 0 of the given axes, those axes removed."""
    return take(tensor, {axis: sp.Integer(0) for axis in which})


def take(tensor: Tensor, fixed: dict[int, Expr]) -> Tensor:
    """The entries at the given integer index of some axes, those axes removed."""
    kept = [axis for axis in range(len(tensor.shape)) if axis not in fixed]
    shape = tuple(tensor.shape[axis] for axis in kept)
    mapping = {tensor.indices[axis]: position for axis, position in fixed.items()}
    mapping |= {tensor.indices[old]: i for old, i in zip(kept, axes(shape), strict=True)}
    return Tensor(substitute(tensor.expr, mapping), shape)


def insert_axes(tensor: Tensor, positions: Sequence[int]) -> Tensor:
    """The tensor with axes of length 1 at the given positions of the result, as `x[:, None]` has one at 1."""
    rank = len(tensor.shape) + len(positions)
    kept = [axis for axis in range(rank) if axis not in positions]
    sizes = dict(zip(kept, tensor.shape, strict=True))
    shape = tuple(sizes.get(axis, ONE) for axis in range(rank))
    new = axes(shape)
    return Tensor(substitute(tensor.expr, {old: new[k] for old, k in zip(tensor.indices, kept, strict=True)}), shape)


def diagonal(tensor: Tensor) -> Tensor:
    """diag(v)[i, j] = v[i] δ_ij of a vector; diag(A)[i] = A[i, i] of a square matrix."""
    if len(tensor.shape) == 1:
        i, j = axes(tensor.shape * 2)
        return Tensor(tensor.expr * delta(i, j), tensor.shape * 2)
    if len(tensor.shape) != 2 or tensor.shape[0] != tensor.shape[1]:
        raise ShapeError(f"diag of shape {show_shape(tensor.shape)}: it needs a vector or a square matrix")
    (i,) = axes(tensor.shape[:1])
    return Tensor(tensor.at(i, i), tensor.shape[:1])


def einsum(inputs: Sequence[str], output: str, tensors: Sequence[Tensor]) -> Tensor:
    """Σ over the letters that are not in `output` of the product of the tensors' entries."""
    sizes: dict[str, Expr] = {}
    for letters, tensor in zip(inputs, tensors, strict=True):
        for letter, size in zip(letters, tensor.shape, strict=True):
            if sizes.setdefault(letter, size) != size:
                raise ShapeError(f"einsum: the index {letter} has the sizes {sizes[letter]} and {size}")
    order = [*output, *sorted(set(sizes) - set(output))]
    shape = tuple(sizes[letter] for letter in order)
    of = dict(zip(order, axes(shape), strict=True))
    product = sp.Mul(*(t.at(*(of[c] for c in letters)) for letters, t in zip(inputs, tensors, strict=True)))
    return sum_axes(Tensor(product, shape), range(len(output), len(order)))
