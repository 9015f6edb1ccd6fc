"""Functions that generated NumPy source may need: numerically stable, each emitted only where it is used.

No overflow at ±800: exponentials are taken of numbers <= 0 only. The derivatives are checked against the catalogue.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Helper:
    """The source of one function and the names of the helpers that it calls."""

    source: str
    uses: tuple[str, ...] = ()


def _one_line(name: str, formula: str, *uses: str, parameters: str = "z") -> Helper:
    return Helper(f"def {name}({parameters}):\n    return {formula}\n", uses)


_SIGMOID = """def _sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, e) / (1.0 + e)
"""
_ERF = """_erf = np.vectorize(math.erf, otypes=[float])
"""
_SOFTMAX = """def _softmax(z, axis=-1):
    e = np.exp(z - np.max(z, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)
"""
_LOG_SOFTMAX = """def _log_softmax(z, axis=-1):
    shifted = z - np.max(z, axis=axis, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))
"""
_LOGSUMEXP = """def _logsumexp(z, axis=None, keepdims=False):
    largest = np.max(z, axis=axis, keepdims=True)
    total = largest + np.log(np.sum(np.exp(z - largest), axis=axis, keepdims=True))
    return total if keepdims else np.sum(total, axis=axis)
"""
_SIZES = """def _sizes(**arguments):
    sizes = {}
    for name, (array, *axes) in arguments.items():
        if array.ndim == len(axes):
            for axis, size in zip(axes, array.shape):
                sizes.setdefault(axis, axis if isinstance(axis, int) else size)
        expected = tuple(sizes.get(axis, axis) for axis in axes)
        if array.shape != expected:
            raise ValueError(f"{name} has the shape {array.shape}, expected {expected}")
    return sizes
"""
_GELU_TANH_PRIME = """def _gelu_tanh_prime(z):
    t = np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3))
    return (1.0 + t) / 2 + z * (1.0 - t**2) * np.sqrt(2 / np.pi) * (1.0 + 3 * 0.044715 * z**2) / 2
"""

HELPERS: dict[str, Helper] = {
    "_sizes": Helper(_SIZES),
    "_erf": Helper(_ERF),
    "_softmax": Helper(_SOFTMAX),
    "_log_softmax": Helper(_LOG_SOFTMAX),
    "_logsumexp": Helper(_LOGSUMEXP),
    "_identity": _one_line("_identity", "z + 0.0"),
    "_identity_prime": _one_line("_identity_prime", "np.ones_like(z)"),
    "_sigmoid": Helper(_SIGMOID),
    "_sigmoid_prime": _one_line("_sigmoid_prime", "_sigmoid(z) * _sigmoid(-z)", "_sigmoid"),
    "_tanh_prime": _one_line("_tanh_prime", "1.0 - np.tanh(z)**2"),
    "_relu": _one_line("_relu", "np.maximum(z, 0.0)"),
    "_relu_prime": _one_line("_relu_prime", "np.where(z > 0, 1.0, 0.0)"),
    "_leaky_relu": _one_line("_leaky_relu", "np.where(z > 0, z, slope * z)", parameters="z, slope=0.01"),
    "_leaky_relu_prime": _one_line("_leaky_relu_prime", "np.where(z > 0, 1.0, slope)", parameters="z, slope=0.01"),
    "_elu": _one_line(
        "_elu", "np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0.0)))", parameters="z, alpha=1.0"
    ),
    "_elu_prime": _one_line(
        "_elu_prime", "np.where(z > 0, 1.0, alpha * np.exp(np.minimum(z, 0.0)))", parameters="z, alpha=1.0"
    ),
    "_softplus": _one_line("_softplus", "np.logaddexp(0.0, z)"),
    "_softplus_prime": _one_line("_softplus_prime", "_sigmoid(z)", "_sigmoid"),
    "_silu": _one_line("_silu", "z * _sigmoid(z)", "_sigmoid"),
    "_silu_prime": _one_line("_silu_prime", "_sigmoid(z) * (1.0 + z * _sigmoid(-z))", "_sigmoid"),
    "_gelu": _one_line("_gelu", "z * (1.0 + _erf(z / np.sqrt(2.0))) / 2", "_erf"),
    "_gelu_prime": _one_line(
        "_gelu_prime",
        "(1.0 + _erf(z / np.sqrt(2.0))) / 2 + z * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)",
        "_erf",
    ),
    "_gelu_tanh": _one_line(
        "_gelu_tanh", "z * (1.0 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3))) / 2"
    ),
    "_gelu_tanh_prime": Helper(_GELU_TANH_PRIME),
}  # fmt: skip


def with_dependencies(names: set[str]) -> list[str]:
    """The named helpers and those that they call, in the order of the table."""
    needed = set(names)
    for name in names:
        needed.update(HELPERS[name].uses)
    return [name for name in HELPERS if name in needed]
