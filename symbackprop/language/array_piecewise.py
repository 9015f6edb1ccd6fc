"""Sums of indicators that have a name: [u >= 0], `where(c, a, b)`, `maximum(a, b)`, `minimum(a, b)`.

[a >= b] is [a - b > 0] + [a - b = 0], and [a <= b] is [b - a > 0] + [a - b = 0]; which of both it is shows in the sign
of what is compared with 0.
"""

from typing import Any

import sympy as sp

from symbackprop.tensor.indices import children, rebuild, transform
from symbackprop.tensor.nodes import Expr, IsZero, Positive, elementwise

GREATER_OR_EQUAL, LESS_OR_EQUAL = ">=", "<="
PIECEWISE = frozenset({"maximum", "minimum", "where"})


def with_weak_comparisons(expr: Expr, at_least: Any, at_most: Any) -> Expr:
    """The same with `at_least(u)` or `at_most(u)` in the place of two indicators of which one is [u = 0]."""

    def rule(node: Expr) -> Expr | None:
        if not node.is_Add:
            return None
        for term in node.args:
            number, jump = term.as_coeff_Mul()
            if not isinstance(jump, Positive):
                continue
            u = jump.args[0]
            for zero, both in ((IsZero(u), at_least(u)), (IsZero(-u), at_most(-u))):
                if number * zero in node.args:
                    rest = [other for other in node.args if other not in (term, number * zero)]
                    return transform(sp.Add(number * both, *rest), rule)
        return None

    return transform(expr, rule) if expr.has(Positive) and expr.has(IsZero) else expr


def with_piecewise_names(expr: Expr) -> Expr:
    """An equal expression in which such sums are `Elementwise` nodes of those names."""
    return _named(with_weak_comparisons(expr, elementwise(GREATER_OR_EQUAL), elementwise(LESS_OR_EQUAL)))


def _named(expr: Expr) -> Expr:
    if expr.is_Add:
        expr = _where(expr)
    parts = children(expr)
    if not parts:
        return expr
    expr = rebuild(expr, map(_named, parts))
    if expr.is_Add:
        return _extremum(expr)
    return _rectified(expr) if expr.is_Mul else expr


def _where(expr: Expr) -> Expr:
    """c a + (1 - c) b = where(c, a, b)."""
    for term in expr.args:
        for factor in sp.Mul.make_args(term):
            condition = 1 - factor
            if not (factor.is_Add and _is_indicator(condition)):
                continue
            chosen = [t for t in expr.args if condition in sp.Mul.make_args(t)]
            if len(chosen) == 1:
                cases = elementwise("where")(condition, chosen[0] / condition, term / factor)
                return expr - term - chosen[0] + cases
    return expr


def _is_indicator(expr: Expr) -> bool:
    return isinstance(expr, (Positive, IsZero)) or getattr(expr, "function", "") in (GREATER_OR_EQUAL, LESS_OR_EQUAL)


def _extremum(expr: Expr) -> Expr:
    """b + (a - b) [a > b] = maximum(a, b), and b - (b - a) [b > a] = minimum(a, b)."""
    for term in expr.args:
        coefficient, rectified = term.as_coeff_Mul()
        if getattr(rectified, "function", "") != "maximum" or abs(coefficient) != 1 or rectified.args[1] != 0:
            continue
        difference = rectified.args[0]
        terms = sp.Add.make_args(difference)
        above = sp.Add(*(t for t in terms if t.as_coeff_Mul()[0] > 0))
        below = above - difference
        kept, name = (below, "maximum") if coefficient > 0 else (above, "minimum")
        other = above if coefficient > 0 else below
        if kept != 0 and set(sp.Add.make_args(kept)) <= set(expr.args):
            return expr - term - kept + elementwise(name)(other, kept)
    return expr


def _rectified(expr: Expr) -> Expr:
    """u [u > 0] = maximum(u, 0)."""
    for factor in expr.args:
        if isinstance(factor, Positive):
            for sign in (1, -1):
                if sign * factor.args[0] in expr.args:
                    rest = expr / factor / (sign * factor.args[0])
                    return sign * rest * elementwise("maximum")(factor.args[0], sp.Integer(0))
    return expr
