"""Whether two index expressions are the same for a reader: up to bound indices, SymPy's evaluation and notation.

An index that has only one value is this value, and a sum over it is its one term.

Notation cannot tell ∂E/∂h as a quantity of its own from the derivative that it is; so both are the same here.
"""

import re

import sympy as sp

from symbackprop.tensor.indices import children, rebuild, substitute
from symbackprop.tensor.nodes import (
    Elementwise,
    Expr,
    Partial,
    elementwise,
    entry,
    entry_indices,
    entry_name,
    extent,
    index,
    scalar,
)

_ADJOINT = re.compile(r"d\(([^,()]+), ([^,()]+)\)")


def same(a: Expr, b: Expr) -> bool:
    """Whether a and b are one expression up to the names of bound indices, SymPy's evaluation and notation."""
    return bool(_normal(a, 0) == _normal(b, 0))


def _normal(expr: Expr, level: int) -> Expr:
    """`expr` evaluated anew, bound indices numbered from the outside in, notation merged."""
    if isinstance(expr, sp.Sum):
        return _normal_sum(expr, level)
    if expr.is_Mul or expr.is_Pow:
        flat = _flat(expr)
        if len(flat) > 1:
            return sp.Mul(*(_normal(f, level) for f in _flat(expr)))
    expr = _only_values(expr)
    code = entry_name(expr)
    match = _ADJOINT.fullmatch(code) if code else None
    if match:
        return Partial(scalar(match[1]), entry(match[2], *entry_indices(expr)))
    parts = children(expr)
    if not parts:
        return expr
    normal = [_normal(part, level) for part in parts]
    if isinstance(expr, Elementwise):  # its name and order count, not which class object stands for them
        return elementwise(expr.func.function, expr.func.order)(*normal)
    return rebuild(expr, normal)


def _normal_sum(expr: Expr, level: int) -> Expr:
    """The outermost index gets the lowest number; no identifier begins with an underscore.

    One index at a time: an inner one may have the name of an outer one, which it hides.
    """
    *inner, (outer, low, high) = expr.limits
    body = sp.Sum(expr.function, *inner) if inner else expr.function
    if extent(outer) == 1:
        return _normal(substitute(body, {outer: sp.Integer(0)}), level)
    bound = index(f"_{level}", extent(outer))
    return sp.Sum(_normal(substitute(body, {outer: bound}), level + 1), (bound, low, high))


def _only_values(expr: Expr) -> Expr:
    """An entry with 0 for every index that has no other value."""
    if not isinstance(expr, sp.Indexed):
        return expr
    return entry(entry_name(expr) or "", *(0 if isinstance(i, sp.Idx) and extent(i) == 1 else i for i in expr.indices))


def _flat(expr: Expr) -> list[Expr]:
    """The factors of nested products and of 1/(products), before SymPy multiplies any of them out."""
    if expr.is_Mul:
        return [factor for arg in expr.args for factor in _flat(arg)]
    if expr.is_Pow and expr.exp == -1 and expr.base.is_Mul:
        return [sp.Pow(factor, -1) for factor in _flat(expr.base)]
    return [expr]
