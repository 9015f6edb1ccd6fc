"""The functions of the formula language: one row each, name -> what it does to tensors.

Elementwise functions that SymPy knows become SymPy's; the field's own (`sigmoid`, ...) stay named in expressions and
are defined in the catalogue. Piecewise ones (`maximum`, `where`) are written out with the indicator [u > 0].
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import sympy as sp

from symbackprop.tensor import ops
from symbackprop.tensor.indices import all_index_names, fresh_index, substitute
from symbackprop.tensor.nodes import Expr, IsZero, Positive, delta, elementwise, summation
from symbackprop.tensor.ops import ShapeError, elementwise_op, show_shape
from symbackprop.tensor.tensor import Tensor, axes


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of one call: tensors by position, `axis`, `keepdims`, and the sizes of `eye(n)` and its like."""

    tensors: tuple[Tensor, ...]
    axis: tuple[int, ...] | None = None
    keepdims: bool = False
    spec: str = ""

    def axes_of(self, tensor: Tensor) -> tuple[int, ...]:
        """The axes meant: all when no `axis` was given; negative ones count from the end."""
        rank = len(tensor.shape)
        if self.axis is None:
            return tuple(range(rank))
        for axis in self.axis:
            if not -rank <= axis < rank:
                raise ShapeError(f"axis {axis} of the shape {show_shape(tensor.shape)} is out of range")
        resolved = tuple(axis % rank for axis in self.axis)
        if len(set(resolved)) < len(resolved):
            raise ShapeError(f"axis {self.axis}: the same axis twice")
        return resolved

    def one_axis(self, tensor: Tensor) -> int:
        """The only axis meant."""
        (axis,) = self.axes_of(tensor)
        return axis

    def last_axis(self, tensor: Tensor) -> int:
        """The one axis meant by softmax and its like: the last unless `axis` says otherwise."""
        if not tensor.shape:
            raise ShapeError("a scalar has no axis to normalise along")
        if self.axis is None:
            return len(tensor.shape) - 1
        axes_ = self.axes_of(tensor)
        if len(axes_) != 1:
            raise ShapeError(f"axis {self.axis}: normalised along one axis only")
        return axes_[0]


@dataclass(frozen=True, slots=True)
class FunctionRow:
    """One function: how many tensors it takes (at least, at most), which keywords, and what it yields.

    `takes_sizes`: all arguments are sizes; `takes_axes`: all but the first are integers that number its axes.
    """

    least: int
    most: int
    apply: Callable[[Arguments], Tensor]
    keywords: frozenset[str] = frozenset()
    takes_sizes: bool = False
    takes_axes: bool = False


class Word(NamedTuple):
    """A word that is no function of tensors but has a meaning: how many arguments it takes, what it is, an example."""

    least: int
    most: int
    meaning: str


def _entrywise(function: Callable[..., Expr], arity: int = 1, most: int | None = None) -> FunctionRow:
    return FunctionRow(arity, most or arity, lambda given: elementwise_op(function, *given.tensors))


def _named(name: str, defaults: tuple[Expr, ...] = ()) -> FunctionRow:
    """A function that the catalogue defines; left-out parameters take their defaults."""

    def apply(given: Arguments) -> Tensor:
        missing = defaults[len(given.tensors) - 1 :]
        tensors = (*given.tensors, *(Tensor(value) for value in missing))
        return elementwise_op(elementwise(name), *tensors)

    return FunctionRow(1, 1 + len(defaults), apply)


def maximum(a: Expr, b: Expr) -> Expr:
    """max(a, b) = b + (a - b) [a > b]: at a tie the derivative is that of b."""
    return b + (a - b) * Positive(a - b)


def minimum(a: Expr, b: Expr) -> Expr:
    """min(a, b) = b + (a - b) [b > a]: at a tie the derivative is that of b."""
    return b + (a - b) * Positive(b - a)


def where(condition: Expr, a: Expr, b: Expr) -> Expr:
    """c a + (1 - c) b for an indicator c."""
    return condition * a + (1 - condition) * b


def _sum(given: Arguments) -> Tensor:
    (tensor,) = given.tensors
    return ops.sum_axes(tensor, given.axes_of(tensor), given.keepdims)


def _mean(given: Arguments) -> Tensor:
    (tensor,) = given.tensors
    count = sp.Mul(*(tensor.shape[axis] for axis in given.axes_of(tensor)))
    total = _sum(given)
    return Tensor(total.expr / count, total.shape)


def _variance(given: Arguments) -> Tensor:
    """The mean of (x - mean(x))², over all entries: divided by n, as NumPy does it, and not by n - 1."""
    (tensor,) = given.tensors
    average = _mean(Arguments(given.tensors, given.axis, keepdims=True))
    squares = elementwise_op(lambda x, mu: (x - mu) ** 2, tensor, average)
    return _mean(Arguments((squares,), given.axis, given.keepdims))


def _standard_deviation(given: Arguments) -> Tensor:
    """√ of the variance."""
    return elementwise_op(sp.sqrt, _variance(given))


def _swapaxes(given: Arguments) -> Tensor:
    """The tensor with two of its axes exchanged; negative ones count from the end."""
    tensor, *numbers = given.tensors
    order = list(range(len(tensor.shape)))
    first, second = (Arguments((), (int(number.expr),)).one_axis(tensor) for number in numbers)
    order[first], order[second] = order[second], order[first]
    return ops.permute(tensor, order)


def _log_normaliser(tensor: Tensor, axis: int) -> Expr:
    """log Σ_k exp(z_k) along `axis`, with the other indices free."""
    i = tensor.indices[axis]
    k = fresh_index(tensor.shape[axis], all_index_names(tensor.expr) | {str(j.label) for j in tensor.indices})
    return summation(sp.exp(substitute(tensor.expr, {i: k})), k)


def _softmax(given: Arguments) -> Tensor:
    """exp(z_i) / Σ_k exp(z_k)."""
    (tensor,) = given.tensors
    return Tensor(sp.exp(tensor.expr) / _log_normaliser(tensor, given.last_axis(tensor)), tensor.shape)


def _log_softmax(given: Arguments) -> Tensor:
    """z_i - log Σ_k exp(z_k)."""
    (tensor,) = given.tensors
    return Tensor(tensor.expr - sp.log(_log_normaliser(tensor, given.last_axis(tensor))), tensor.shape)


def _logsumexp(given: Arguments) -> Tensor:
    """log Σ exp(z)."""
    total = _sum(Arguments((elementwise_op(sp.exp, *given.tensors),), given.axis, given.keepdims))
    return Tensor(sp.log(total.expr), total.shape)


def _norm(given: Arguments) -> Tensor:
    """√(Σ x²): the Euclidean norm of a vector, the Frobenius norm of a matrix."""
    (tensor,) = given.tensors
    total = _sum(Arguments((Tensor(tensor.expr**2, tensor.shape),), given.axis, given.keepdims))
    return Tensor(sp.sqrt(total.expr), total.shape)


def _trace(given: Arguments) -> Tensor:
    """Σ_i A[i, i]."""
    (tensor,) = given.tensors
    if len(tensor.shape) != 2:
        raise ShapeError(f"trace of shape {show_shape(tensor.shape)}: it needs a square matrix")
    return ops.sum_axes(ops.diagonal(tensor), (0,))


def _dot(given: Arguments) -> Tensor:
    a, b = given.tensors
    if max(len(a.shape), len(b.shape)) > 2:
        raise ShapeError("dot of more than two axes: write it with einsum")
    return ops.matmul(a, b) if a.shape and b.shape else elementwise_op(sp.Mul, a, b)


def _einsum(given: Arguments) -> Tensor:
    """Σ over the letters missing on the right of `->`."""
    left, arrow, output = given.spec.replace(" ", "").partition("->")
    inputs = left.split(",")
    letters = set("".join(inputs))
    if not arrow or not all(part.isalpha() for part in [*filter(None, inputs), output or "a"]):
        raise ShapeError(f"einsum: {given.spec!r} is not of the form 'ij,jk->ik'")
    if len(inputs) != len(given.tensors):
        raise ShapeError(f"einsum: {len(inputs)} index groups for {len(given.tensors)} tensors")
    for group, tensor in zip(inputs, given.tensors, strict=True):
        if len(group) != len(tensor.shape):
            raise ShapeError(f"einsum: {group!r} does not fit the shape {show_shape(tensor.shape)}")
    if not set(output) <= letters or len(set(output)) < len(output):
        raise ShapeError(f"einsum: the output {output!r} has an index that no input has, or one twice")
    return ops.einsum(inputs, output, given.tensors)


def _filled(value: int) -> Callable[[Arguments], Tensor]:
    return lambda given: Tensor(sp.Integer(value), tuple(t.expr for t in given.tensors))


def _eye(given: Arguments) -> Tensor:
    """The identity matrix δ_ij."""
    (size,) = (t.expr for t in given.tensors)
    return Tensor(delta(*axes((size, size))), (size, size))


_AXIS = frozenset({"axis", "keepdims"})
_ONE_AXIS = frozenset({"axis"})

FUNCTIONS: dict[str, FunctionRow] = {
    "exp": _entrywise(sp.exp),
    "log": _entrywise(sp.log),
    "sqrt": _entrywise(sp.sqrt),
    "tanh": _entrywise(sp.tanh),
    "sin": _entrywise(sp.sin),
    "cos": _entrywise(sp.cos),
    "erf": _entrywise(sp.erf),
    "abs": _entrywise(sp.Abs),
    "sign": _entrywise(sp.sign),
    "maximum": _entrywise(maximum, 2),
    "minimum": _entrywise(minimum, 2),
    "where": _entrywise(where, 3),
    "identity": _named("identity"),
    "sigmoid": _named("sigmoid"),
    "relu": _named("relu"),
    "leaky_relu": _named("leaky_relu", (sp.Rational(1, 100),)),
    "elu": _named("elu", (sp.Integer(1),)),
    "softplus": _named("softplus"),
    "silu": _named("silu"),
    "gelu": _named("gelu"),
    "gelu_tanh": _named("gelu_tanh"),
    "sum": FunctionRow(1, 1, _sum, _AXIS),
    "mean": FunctionRow(1, 1, _mean, _AXIS),
    "var": FunctionRow(1, 1, _variance, _AXIS),
    "std": FunctionRow(1, 1, _standard_deviation, _AXIS),
    "softmax": FunctionRow(1, 1, _softmax, _ONE_AXIS),
    "log_softmax": FunctionRow(1, 1, _log_softmax, _ONE_AXIS),
    "logsumexp": FunctionRow(1, 1, _logsumexp, _AXIS),
    "norm": FunctionRow(1, 1, _norm, _AXIS),
    "outer": FunctionRow(2, 2, lambda given: ops.outer(*given.tensors)),
    "dot": FunctionRow(2, 2, _dot),
    "trace": FunctionRow(1, 1, _trace),
    "swapaxes": FunctionRow(3, 3, _swapaxes, takes_axes=True),
    "diag": FunctionRow(1, 1, lambda given: ops.diagonal(given.tensors[0])),
    "einsum": FunctionRow(1, 8, _einsum, frozenset({"spec"})),
    "eye": FunctionRow(1, 1, _eye, takes_sizes=True),
    "ones": FunctionRow(1, 4, _filled(1), takes_sizes=True),
    "zeros": FunctionRow(1, 4, _filled(0), takes_sizes=True),
}

# Functions of one scalar, with which `prime(f, z)` can be asked for and which the catalogue defines.
NAMED = frozenset({"identity", "sigmoid", "relu", "leaky_relu", "elu", "softplus", "silu", "gelu", "gelu_tanh"})
WORDS: dict[str, Word] = {
    "d": Word(2, 2, "the derivative, as in d(L, w)"),
    "next": Word(1, 2, "a quantity after a gradient step, as in next(w)"),
    "prime": Word(2, 3, "the derivative of an elementwise function, as in prime(sigmoid, z)"),
}
RESERVED = frozenset(FUNCTIONS) | frozenset(WORDS)

COMPARISONS: dict[str, Callable[[Expr, Expr], Expr]] = {
    ">": lambda a, b: Positive(a - b),
    "<": lambda a, b: Positive(b - a),
    ">=": lambda a, b: Positive(a - b) + IsZero(a - b),
    "<=": lambda a, b: Positive(b - a) + IsZero(a - b),
    "==": lambda a, b: IsZero(a - b),
    "!=": lambda a, b: 1 - IsZero(a - b),
}
