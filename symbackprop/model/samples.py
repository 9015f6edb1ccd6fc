"""Arrays of floats with the operations of the formula language: what a plain Python function is tried out on.

Small and slow on purpose. It exists to compare a function's own numbers with those of the formula that was traced,
and therefore shares nothing with the way formulas are read.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

from symbackprop.errors import NotSupportedError
from symbackprop.model.tracing import Value

Shape = tuple[int, ...]


def _sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


_ENTRYWISE: dict[str, Callable[..., float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": math.pow,
    ">": lambda a, b: float(a > b),
    "<": lambda a, b: float(a < b),
    ">=": lambda a, b: float(a >= b),
    "<=": lambda a, b: float(a <= b),
    "==": lambda a, b: float(a == b),
    "!=": lambda a, b: float(a != b),
    "negative": lambda a: -a,
    "abs": abs,
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "tanh": math.tanh,
    "sin": math.sin,
    "cos": math.cos,
    "erf": math.erf,
    "sign": lambda a: float((a > 0) - (a < 0)),
    "maximum": max,
    "minimum": min,
    "where": lambda c, a, b: a if c else b,
    "identity": lambda z: z,
    "sigmoid": _sigmoid,
    "relu": lambda z: max(z, 0.0),
    "leaky_relu": lambda z, slope=0.01: z if z > 0 else slope * z,
    "elu": lambda z, alpha=1.0: z if z > 0 else alpha * (math.exp(z) - 1),
    "softplus": lambda z: math.log(1 + math.exp(z)),
    "silu": lambda z: z * _sigmoid(z),
    "gelu": lambda z: z * (1 + math.erf(z / math.sqrt(2))) / 2,
    "gelu_tanh": lambda z: z * (1 + math.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3))) / 2,
}


class Sampled(Value):
    """An array of floats: its shape and its entries, the last axis fastest."""

    __slots__ = ("entries", "shape")

    def __init__(self, shape: Shape, entries: Sequence[float]) -> None:
        self.shape, self.entries = shape, tuple(entries)

    @classmethod
    def of(cls, value: Any) -> "Sampled":
        """Raises: NotSupportedError for what is neither a sample nor a number."""
        if isinstance(value, Sampled):
            return value
        if not isinstance(value, (int, float)) and not hasattr(value, "__float__"):
            raise NotSupportedError(f"{type(value).__name__} is neither a number nor a traced value")
        return cls((), [float(value)])

    def __float__(self) -> float:
        if self.shape:
            raise self.refuse(f"an array of shape {self.shape} is no number")
        return self.entries[0]

    def __bool__(self) -> bool:
        return bool(float(self))

    def at(self, position: Sequence[int]) -> float:
        """The entry that NumPy's broadcasting puts at the position."""
        own = position[len(position) - len(self.shape) :]
        flat = 0
        for k, size in zip(own, self.shape, strict=True):
            flat = flat * size + (k if size > 1 else 0)
        return self.entries[flat]

    def apply(self, operation: str, *operands: Any, **keywords: Any) -> Any:
        if operation == "item":
            return _item(self, operands[1])
        if operation == "einsum":
            return _einsum(operands[0], [Sampled.of(operand) for operand in operands[1:]])
        values = [Sampled.of(operand) for operand in operands]
        if operation in _ENTRYWISE:
            result = _entrywise(_ENTRYWISE[operation], values)
        else:
            result = _OTHER[operation](*values, **keywords)
        return result if result.shape else result.entries[0]


def _broadcast(shapes: Sequence[Shape]) -> Shape:
    rank = max(map(len, shapes))
    padded = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    for sizes in zip(*padded, strict=True):
        if len(set(sizes) - {1}) > 1:
            raise NotSupportedError(f"the shapes {', '.join(map(str, shapes))} do not fit together")
    return tuple(map(max, zip(*padded, strict=True))) if rank else ()


def _positions(shape: Shape) -> list[tuple[int, ...]]:
    return list(product(*map(range, shape)))


def _entrywise(function: Callable[..., float], values: Sequence[Sampled]) -> Sampled:
    shape = _broadcast([value.shape for value in values])
    return Sampled(shape, [function(*(value.at(position) for value in values)) for position in _positions(shape)])


def _item(value: Sampled, item: Any) -> Any:
    items = item if isinstance(item, tuple) else (item,)
    old = [k for k in items if k is not None]
    fixed = {axis: int(k) % value.shape[axis] for axis, k in enumerate(old) if not isinstance(k, slice)}
    rest = [axis for axis in range(len(value.shape)) if axis not in fixed]
    entries = []
    for position in _positions(tuple(value.shape[axis] for axis in rest)):
        where = fixed | dict(zip(rest, position, strict=True))
        entries.append(value.at([where[axis] for axis in range(len(value.shape))]))
    sizes = [value.shape[axis] for axis in rest]
    kept = [1 if k is None else sizes.pop(0) for k in items if k is None or isinstance(k, slice)]
    shape = (*kept, *sizes)
    return Sampled(shape, entries) if shape else entries[0]


def _reduce(function: Callable[[list[float]], float]) -> Callable[..., Sampled]:
    def reduced(value: Sampled, axis: Any = None, keepdims: bool = False) -> Sampled:
        rank = len(value.shape)
        given = range(rank) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        over = {k % rank for k in given}
        groups: dict[tuple[int, ...], list[float]] = {}
        for position in _positions(value.shape):
            kept = tuple(0 if k in over else p for k, p in enumerate(position))
            groups.setdefault(kept, []).append(value.at(position))
        shape = tuple(1 if k in over else size for k, size in enumerate(value.shape) if keepdims or k not in over)
        return Sampled(shape, [function(group) for group in groups.values()])

    return reduced


def _softmax(value: Sampled, axis: int = -1) -> Sampled:
    exponentials = _entrywise(math.exp, [value])
    total = _OTHER["sum"](exponentials, axis=axis, keepdims=True)
    return _entrywise(_ENTRYWISE["/"], [exponentials, total])


def _einsum(spec: str, values: Sequence[Sampled]) -> Any:
    """Σ over the letters missing on the right of `->`."""
    left, _, output = spec.replace(" ", "").partition("->")
    groups = left.split(",")
    sizes: dict[str, int] = {}
    for group, value in zip(groups, values, strict=True):
        for letter, size in zip(group, value.shape, strict=True):
            sizes[letter] = max(size, sizes.get(letter, 1))
    summed = [letter for letter in sizes if letter not in output]
    totals = []
    for position in _positions(tuple(sizes[c] for c in output)):
        total = 0.0
        for inner in _positions(tuple(sizes[c] for c in summed)):
            at = dict(zip([*output, *summed], [*position, *inner], strict=True))
            total += math.prod(v.at([at[c] for c in group]) for group, v in zip(groups, values, strict=True))
        totals.append(total)
    shape = tuple(sizes[c] for c in output)
    return Sampled(shape, totals) if shape else totals[0]


def _contraction(specs: Mapping[Any, str]) -> Callable[..., Sampled]:
    """The product that `specs` names for the ranks of its operands."""

    def contracted(*values: Sampled) -> Sampled:
        ranks = tuple(len(value.shape) for value in values)
        if ranks not in specs:
            raise NotSupportedError(f"operands with {ranks} axes cannot be tried out; write einsum")
        return Sampled.of(_einsum(specs[ranks], values))

    return contracted


def _diagonal(value: Sampled) -> Sampled:
    if len(value.shape) == 2:
        return Sampled.of(_einsum("ii->i", [value]))
    n = value.shape[0]
    return Sampled((n, n), [value.at([i]) if i == j else 0.0 for i, j in _positions((n, n))])


def _variance(group: Sequence[float]) -> float:
    average = math.fsum(group) / len(group)
    return math.fsum((x - average) ** 2 for x in group) / len(group)


def _swapped(value: Sampled, *axes: Sampled) -> Sampled:
    rank = len(value.shape)
    first, second = (int(float(axis)) % rank for axis in axes)
    letters = "abcdefgh"[:rank]
    exchanged = letters.translate({ord(letters[first]): letters[second], ord(letters[second]): letters[first]})
    return Sampled.of(_einsum(f"{letters}->{exchanged}", [value]))


def _transposed(value: Sampled) -> Sampled:
    shape = value.shape[::-1]
    return Sampled(shape, [value.at(position[::-1]) for position in _positions(shape)])


_MATMUL = {
    (1, 1): "i,i->", (2, 1): "ij,j->i", (1, 2): "j,ji->i", (2, 2): "ij,jk->ik",
    (3, 1): "bij,j->bi", (3, 2): "bij,jk->bik", (2, 3): "ij,bjk->bik", (3, 3): "bij,bjk->bik",
    (4, 1): "abij,j->abi", (4, 2): "abij,jk->abik", (4, 3): "abij,bjk->abik", (4, 4): "abij,abjk->abik",
    (1, 3): "i,bij->bj", (1, 4): "i,abij->abj", (2, 4): "ij,abjk->abik", (3, 4): "bij,abjk->abik",
}  # fmt: skip
_OTHER: dict[str, Callable[..., Sampled]] = {
    "sum": _reduce(math.fsum),
    "mean": _reduce(lambda group: math.fsum(group) / len(group)),
    "logsumexp": _reduce(lambda group: math.log(math.fsum(map(math.exp, group)))),
    "norm": _reduce(lambda group: math.sqrt(math.fsum(x * x for x in group))),
    "var": _reduce(_variance),
    "std": _reduce(lambda group: math.sqrt(_variance(group))),
    "softmax": _softmax,
    "log_softmax": lambda value, axis=-1: _entrywise(math.log, [_softmax(value, axis)]),
    "@": _contraction(_MATMUL),
    "dot": _contraction(_MATMUL | {(0, 0): ",->", (0, 1): ",i->i", (1, 0): "i,->i"}),
    "outer": _contraction(
        {(1, 1): "i,j->ij", (0, 1): ",i->i", (1, 0): "i,->i", (2, 1): "ij,k->ijk", (1, 2): "i,jk->ijk"}
    ),
    "trace": _contraction({(2,): "ii->"}),
    "diag": _diagonal,
    "T": _transposed,
    "swapaxes": _swapped,
}
