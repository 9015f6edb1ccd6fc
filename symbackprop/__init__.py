"""Backpropagation, derived symbolically twice, proved, and written down.

>>> import symbackprop as sb
>>> net = sb.Network([sb.Dense(2, "sigmoid"), sb.Dense(1, "sigmoid")], inputs=2, loss="half_squared_error")
>>> print(sb.derive(net))  # doctest: +SKIP

Nothing is imported until it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from symbackprop.api import (
        Budget,
        CertificateError,
        Dense,
        Derivation,
        Derivations,
        Graph,
        Identity,
        Instance,
        Kind,
        Network,
        Tensor,
        Training,
        Verdict,
        certificate,
        check,
        derive,
        gradient,
        graph,
        identities,
        instantiate,
        lambdify,
        verify,
    )
    from symbackprop.errors import FileError, FormulaError, GraphError, NotSupportedError, SymbackpropError

__version__ = "0.1.0"

# Name -> the module that has it.
_HOMES = dict.fromkeys(
    (
        "Budget",
        "CertificateError",
        "Dense",
        "Derivation",
        "Derivations",
        "Graph",
        "Identity",
        "Instance",
        "Kind",
        "Network",
        "Tensor",
        "Training",
        "Verdict",
        "certificate",
        "check",
        "derive",
        "gradient",
        "graph",
        "identities",
        "instantiate",
        "lambdify",
        "verify",
    ),
    "symbackprop.api",
) | dict.fromkeys(
    ("FileError", "FormulaError", "GraphError", "NotSupportedError", "SymbackpropError"), "symbackprop.errors"
)
# What a custom activation or loss may call: the functions of the formula language.
# fmt: off
_FUNCTIONS = (
    "exp", "log", "sqrt", "tanh", "sin", "cos", "erf", "abs", "sign", "maximum", "minimum", "where",
    "identity", "sigmoid", "relu", "leaky_relu", "elu", "softplus", "silu", "gelu", "gelu_tanh",
    "sum", "mean", "var", "std", "softmax", "log_softmax", "logsumexp", "norm", "outer", "dot", "trace", "diag",
    "swapaxes", "einsum",
)
# fmt: on

__all__ = [
    "Budget",
    "CertificateError",
    "Dense",
    "Derivation",
    "Derivations",
    "FileError",
    "FormulaError",
    "Graph",
    "GraphError",
    "Identity",
    "Instance",
    "Kind",
    "Network",
    "NotSupportedError",
    "SymbackpropError",
    "Tensor",
    "Training",
    "Verdict",
    "__version__",
    "certificate",
    "check",
    "derive",
    "gradient",
    "graph",
    "identities",
    "instantiate",
    "lambdify",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name in _FUNCTIONS:
        return import_module("symbackprop.model.tracing").OFFERED[name]
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*__all__, *_FUNCTIONS})
