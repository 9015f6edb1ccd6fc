"""The functions of the formula language in NumPy, for the oracle: written anew from their definitions."""

import ast
import math
from collections.abc import Callable
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd.extend import defvjp, primitive
from autograd.tracer import getval


@primitive
def erf(x: Any) -> Any:
    """The error function."""
    return np.vectorize(math.erf, otypes=[float])(x)


defvjp(erf, lambda ans, x: lambda g: g * 2 / np.sqrt(np.pi) * anp.exp(-(x**2)))


def _last(axis: Any) -> Any:
    return -1 if axis is None else axis


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """log Σ exp(x)."""
    return anp.log(anp.sum(anp.exp(x), axis=axis, keepdims=keepdims))


def softmax(x: Any, axis: Any = None) -> Any:
    """exp(x)/Σ exp(x)."""
    return anp.exp(x) / anp.sum(anp.exp(x), axis=_last(axis), keepdims=True)


def var(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The mean of the squared distances to the mean."""
    return anp.mean((x - anp.mean(x, axis=axis, keepdims=True)) ** 2, axis=axis, keepdims=keepdims)


def outer(x: Any, y: Any) -> Any:
    """Every product of an entry of x with one of y."""
    return anp.reshape(x, anp.shape(x) + (1,) * anp.ndim(y)) * y


def diag(x: Any) -> Any:
    """The diagonal of a matrix, the diagonal matrix of a vector."""
    return anp.diag(x) if anp.ndim(x) == 2 else anp.reshape(x, (-1, 1)) * np.eye(len(x))


def einsum(spec: str, *operands: Any) -> Any:
    """Σ over the letters missing on the right; autograd knows no letter twice in one operand, so δ stands for that."""
    left, _, output = spec.replace(" ", "").partition("->")
    unused = iter("ABCDEFGHIJ")
    groups: list[str] = []
    pairs: list[str] = []
    deltas: list[Any] = []
    for group, operand in zip(left.split(","), operands, strict=True):
        letters: list[str] = []
        for letter, size in zip(group, anp.shape(operand), strict=True):
            letters.append(next(unused) if letter in letters else letter)
            if letters[-1] != letter:
                pairs.append(letter + letters[-1])
                deltas.append(np.eye(size))
        groups.append("".join(letters))
    return anp.einsum(f"{','.join(groups + pairs)}->{output}", *operands, *deltas)


def _sigmoid(z: Any) -> Any:
    return 1 / (1 + anp.exp(-z))


# A function of the field at its kink takes the value and the slope of its left branch.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exp": anp.exp,
    "log": anp.log,
    "sqrt": anp.sqrt,
    "tanh": anp.tanh,
    "sin": anp.sin,
    "cos": anp.cos,
    "erf": erf,
    "identity": lambda z: 1.0 * z,
    "sigmoid": _sigmoid,
    "relu": lambda z: anp.where(z > 0, z, 0.0 * z),
    "leaky_relu": lambda z, slope=0.01: anp.where(z > 0, z, slope * z),
    "elu": lambda z, alpha=1.0: anp.where(z > 0, z, alpha * (anp.exp(z) - 1)),
    "softplus": lambda z: anp.log(1 + anp.exp(z)),
    "silu": lambda z: z * _sigmoid(z),
    "gelu": lambda z: z * (1 + erf(z / math.sqrt(2))) / 2,
    "gelu_tanh": lambda z: z * (1 + anp.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3))) / 2,
    "sum": anp.sum,
    "mean": anp.mean,
    "var": var,
    "std": lambda x, axis=None, keepdims=False: anp.sqrt(var(x, axis, keepdims)),
    "swapaxes": lambda x, first, second: anp.swapaxes(x, int(first), int(second)),
    "softmax": softmax,
    "log_softmax": lambda x, axis=None: x - logsumexp(x, _last(axis), True),
    "logsumexp": logsumexp,
    "norm": lambda x, axis=None, keepdims=False: anp.sqrt(anp.sum(x**2, axis=axis, keepdims=keepdims)),
    "outer": outer,
    "dot": anp.dot,
    "trace": anp.trace,
    "diag": diag,
    "eye": lambda n: np.eye(int(n)),
    "ones": lambda *n: np.ones([int(k) for k in n]),
    "zeros": lambda *n: np.zeros([int(k) for k in n]),
}
# Two-branched functions, with the pairs whose tie is a kink.
BRANCHED: dict[str, Callable[..., Any]] = {
    "abs": lambda x: anp.where(x > 0, x, -x),
    "sign": lambda x: np.sign(getval_deep(x)),
    "maximum": lambda x, y: anp.where(x > y, x, y),
    "minimum": lambda x, y: anp.where(y > x, x, y),
}
ARBITRARY: tuple[Callable[[Any], Any], ...] = (
    lambda t: anp.sin(1.3 * t) + 0.3 * t**2 + 0.4,
    lambda t: anp.exp(0.4 * t) - 0.2 * t**3,
    lambda t: 0.5 * t**3 - t + anp.cos(t),
    lambda t: anp.tanh(0.7 * t) + 0.1 * t**2 + t,
)
BINARY: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.MatMult: anp.matmul,
    ast.Pow: lambda a, b: a**b,
}
COMPARE: dict[type, Callable[[Any, Any], Any]] = {
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
}


def getval_deep(x: Any) -> Any:
    """The number behind a traced value, however often it is traced."""
    while (value := getval(x)) is not x:
        x = value
    return x
