"""Inequalities at concrete sizes: a form of the difference whose sign anyone sees.

`bounds.toml` has the forms, in the language of the claims. That a form equals the difference is proved by the scalar
prover; that it is not negative is read off here, from squares, exponentials, and parts under an indicator.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import sympy as sp

from symbackprop.tensor.nodes import Expr, IsZero, Positive


@cache
def forms() -> Mapping[str, str]:
    """Statement -> what its larger side minus its smaller one is."""
    found: Mapping[str, str] = tomllib.loads(Path(__file__).with_name("bounds.toml").read_text(encoding="utf-8"))
    return found


def shows(expr: Expr, strict: bool) -> bool:
    """Whether the expression shows that it is not negative (positive, when `strict`), for all real symbols in it."""
    return _positive(expr) if strict else _nonnegative(expr)


def _positive(expr: Expr) -> bool:
    if expr.is_Rational:
        return bool(expr > 0)
    if isinstance(expr, sp.exp):
        return True
    if expr.is_Add:
        return all(map(_nonnegative, expr.args)) and any(map(_positive, expr.args))
    if expr.is_Mul:
        return all(map(_positive, expr.args))
    if expr.is_Pow:
        return _positive(expr.base)
    if isinstance(expr, sp.log):  # log(1 + u) > 0 for u > 0
        return _positive(expr.args[0] - 1)
    return False


def _nonnegative(expr: Expr) -> bool:
    if expr == 0 or isinstance(expr, sp.Abs | Positive | IsZero) or _positive(expr):
        return True
    if expr.is_Add:
        return all(map(_nonnegative, expr.args))
    if expr.is_Pow:  # where the power has a value
        return bool(expr.exp.is_Integer and expr.exp % 2 == 0) or _nonnegative(expr.base)
    return bool(expr.is_Mul) and (all(map(_nonnegative, expr.args)) or _under_an_indicator(expr))


def _under_an_indicator(product: Expr) -> bool:
    """[u > 0] u v with v >= 0."""
    for factor in product.args:
        if isinstance(factor, Positive):
            others = sp.Mul(*(part for part in product.args if part != factor))
            if _nonnegative(others / factor.args[0]):
                return True
    return False
