"""Facts about the structure of an expression, found once and remembered: evaluation asks for them all the time."""

from functools import lru_cache

import sympy as sp
from flint import fmpq

from symbackprop.model.graph import names_in
from symbackprop.tensor.indices import children, free_indices
from symbackprop.tensor.nodes import Expr, IsZero, Positive, entry_indices, entry_name
from symbackprop.tensor.tensor import axes


@lru_cache(maxsize=1 << 12)
def names_of(expr: Expr, below_derivatives: bool = True) -> tuple[str, ...]:
    """The names of the quantities in `expr`, sorted, with or without those that stand only in a derivative."""
    return tuple(sorted(names_in(expr, below_derivatives)))


@lru_cache(maxsize=1 << 10)
def indices_of(shape: tuple[Expr, ...]) -> tuple[Expr, ...]:
    """The canonical free indices, made once: making them takes longer than most evaluations."""
    return tuple(map(interned, axes(shape)))


@lru_cache(maxsize=1 << 16)
def constant(expr: Expr) -> fmpq:
    return fmpq(int(expr.p), int(expr.q))


@lru_cache(maxsize=1 << 16)
def name_and_indices(expr: Expr) -> tuple[str, tuple[Expr, ...]]:
    return entry_name(expr) or "", tuple(map(interned, entry_indices(expr)))


@lru_cache(maxsize=1 << 16)
def bound_of(expr: Expr) -> tuple[Expr, ...]:
    """The bound indices of a sum, the outermost first."""
    return tuple(interned(limit[0]) for limit in reversed(expr.limits))


@lru_cache(maxsize=1 << 16)
def interned(i: Expr) -> Expr:
    """One object for all equal indices, since comparing two takes longer than most evaluations."""
    return i


@lru_cache(maxsize=1 << 16)
def free_of(expr: Expr) -> tuple[Expr, ...]:
    return tuple(sorted(free_indices(expr), key=sp.default_sort_key))


@lru_cache(maxsize=1 << 16)
def guards_of(expr: Expr) -> tuple[tuple[Expr, ...], tuple[Expr, ...]]:
    """The factors of a product that are indicators, and the others."""
    guards = tuple(factor for factor in expr.args if _is_indicator(factor) and not factor.is_Rational)
    return guards, tuple(factor for factor in expr.args if factor not in guards)


def open_parts(node: Expr) -> tuple[Expr, ...]:
    """The parts that must have a value if the node has one: of a product with indicators these alone."""
    return (guards_of(node)[0] if node.is_Mul else ()) or children(node)


def _is_indicator(expr: Expr) -> bool:
    """Whether `expr` is a polynomial in indicators, such as 1 - [u > 0]."""
    if isinstance(expr, (Positive, IsZero, sp.KroneckerDelta)) or expr.is_Rational:
        return True
    if expr.is_Pow:
        return bool(expr.exp.is_Integer and expr.exp > 0 and _is_indicator(expr.base))
    return bool(expr.is_Add or expr.is_Mul) and all(map(_is_indicator, expr.args))
