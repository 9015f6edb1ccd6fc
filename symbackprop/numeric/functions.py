"""Instances as fast functions of floats: scalar SymPy expressions compiled by SymPy's `lambdify`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import sympy as sp

from symbackprop.catalogue.activations import is_defined
from symbackprop.errors import NotSupportedError
from symbackprop.numeric.source_helpers import HELPERS, with_dependencies
from symbackprop.numeric.stable_forms import with_stable_quotients
from symbackprop.tensor.nodes import Elementwise, Expr, IsZero, Positive, entry_name

# Helpers are named like this in the code that lambdify prints; no name of a user gets there.
_KNOWN = [name for name in HELPERS if name != "_sizes"]


def lambdify_instance(outputs: Mapping[str, Expr], arguments: Sequence[Expr]) -> Callable[..., dict[str, float]]:
    """A function of the values of `arguments` (symbols or entries), in order, to the values of `outputs` by name.

    Functions of the catalogue are computed in stable forms. SymPy executes the names of symbols, so every symbol is
    replaced by x0, x1, ... first.

    Raises: NotSupportedError for a symbol that is no argument, a sum that is not written out or a function without
    a definition.
    """
    safe = {argument: sp.Symbol(f"x{k}", real=True) for k, argument in enumerate(arguments)}
    prepared = [_prepared(with_stable_quotients(sp.sympify(expr, strict=True)), safe) for expr in outputs.values()]
    compiled = sp.lambdify(list(safe.values()), prepared, modules=[_helper_functions(), "numpy"], cse=True)
    names = list(outputs)

    def function(*values: float) -> dict[str, float]:
        results = compiled(*(np.float64(value) for value in values))
        return dict(zip(names, map(float, results), strict=True))

    return function


def _prepared(expr: Expr, safe: Mapping[Expr, Expr]) -> Expr:
    """`expr` in safe symbols and in functions that lambdify can print."""
    if expr in safe:
        return safe[expr]
    if isinstance(expr, sp.Sum):
        raise NotSupportedError("a sum over an index has no value: fill in the sizes first")
    if entry_name(expr) is not None or expr.is_Symbol:
        raise NotSupportedError(f"{expr} is not among the arguments of the function")
    if not expr.args:
        return expr
    if expr.is_Mul and (masked := _masked(expr, safe)) is not None:
        return masked
    parts = [_prepared(part, safe) for part in expr.args]
    if isinstance(expr, (Positive, IsZero)):
        return sp.Piecewise((1, _condition(expr, safe)), (0, True))
    if isinstance(expr, Elementwise):
        name = f"_{expr.func.function}{'_prime' * expr.func.order}"
        if not is_defined(expr.func.function) or name not in HELPERS:
            raise NotSupportedError(f"{expr.func.function} has no numbers: it is arbitrary or differentiated too often")
        return sp.Function(name)(*parts)
    return expr.func(*parts)


def _masked(product: Expr, safe: Mapping[Expr, Expr]) -> Expr | None:
    """[c] u as a case distinction: it is 0 where c does not hold, even where u has no value."""
    for factor in product.args:
        for indicator, holds in ((factor, True), (1 - factor, False)):
            if isinstance(indicator, (Positive, IsZero)):
                condition = _condition(indicator, safe)
                rest = _prepared(product / factor, safe)
                return sp.Piecewise((rest, condition if holds else sp.Not(condition)), (0, True))
    return None


def _condition(indicator: Expr, safe: Mapping[Expr, Expr]) -> Expr:
    """u > 0 or u = 0."""
    u = _prepared(indicator.args[0], safe)
    return sp.Gt(u, 0) if isinstance(indicator, Positive) else sp.Eq(u, 0)


def _helper_functions() -> dict[str, Any]:
    """The stable functions by name."""
    namespace: dict[str, Any] = {}
    text = "import math\nimport numpy as np\n" + "\n".join(
        HELPERS[name].source for name in with_dependencies(set(_KNOWN))
    )
    # Constant text of this package.
    exec(compile(text, "<helpers of symbackprop>", "exec"), namespace)
    return {name: namespace[name] for name in _KNOWN}
