"""Identities of scalars by the functions in them, and an oracle that shares no code with the prover."""

import itertools
from collections.abc import Iterator
from math import prod
from typing import Any

import mpmath  # type: ignore[import-untyped]
import sympy as sp

from symbackprop.proof.limits import Budget, Undecided
from symbackprop.proof.scalar.form import is_zero
from symbackprop.tensor.nodes import (
    Elementwise,
    Expr,
    IsZero,
    Positive,
    elementwise,
    entry,
    scalar,
    size,
)

x, y, z, n = scalar("x"), scalar("y"), scalar("z"), size("n")
p = sp.Symbol("p", positive=True)
f, f_prime = elementwise("f"), elementwise("f", 1)
HALF = sp.Rational(1, 2)


def difference(left: Expr, right: Expr) -> Expr:
    """left - right as it stands: SymPy must not decide the question by cancelling."""
    return sp.Add(left, sp.Mul(-1, right, evaluate=False), evaluate=False)


def sigmoid(u: Expr) -> Expr:
    return 1 / (1 + sp.exp(-u))


def relu(u: Expr) -> Expr:
    return u * Positive(u)


def maximum(u: Expr, v: Expr) -> Expr:
    return v + (u - v) * Positive(u - v)


def minimum(u: Expr, v: Expr) -> Expr:
    return u - (u - v) * Positive(u - v)


def where_at_least(u: Expr, then: Expr, otherwise: Expr) -> Expr:
    """then where u >= 0"""
    return (Positive(u) + IsZero(u)) * then + (1 - Positive(u) - IsZero(u)) * otherwise


RATIONAL = {
    "cancelled factor": ((x**2 - 1) / (x - 1), x + 1),
    "partial fractions": (1 / (x * (x + 1)), 1 / x - 1 / (x + 1)),
    "three partial fractions": (2 / (x * (x**2 - 1)), 1 / (x - 1) + 1 / (x + 1) - 2 / x),
    "nested quotients": (1 / (1 + 1 / (1 + 1 / x)), (x + 1) / (2 * x + 1)),
    "double inverse": (1 / (1 / x + 1 / y), x * y / (x + y)),
    "mean": ((x + y + z) / 3 - x, ((y - x) + (z - x)) / 3),
    "size as a value": ((n * x + x) / (n + 1), x),
    "variance of two": (
        (x - (x + y) / 2) ** 2 / 2 + (y - (x + y) / 2) ** 2 / 2,
        (x - y) ** 2 / 4,
    ),
}

EXPONENTIALS = {
    "sum of exponents": (sp.exp(x + y), sp.exp(x) * sp.exp(y)),
    "thirds": (sp.Mul(sp.exp(2 * x / 3), sp.exp(x / 3), evaluate=False), sp.exp(x)),
    "dependent exponents": (sp.exp(x + 2 * y) * sp.exp(x - y), sp.exp(2 * x + y)),
    "exponent of a quotient": (sp.exp(x / (x + 1)) * sp.exp(1 / (x + 1)), sp.E),
    "tanh through sigmoid": (sp.tanh(x), 2 * sigmoid(2 * x) - 1),
    "tanh of a sum": (sp.tanh(x + y), (sp.tanh(x) + sp.tanh(y)) / (1 + sp.tanh(x) * sp.tanh(y))),
    "tanh of half": (sp.tanh(x / 2), (sp.exp(x) - 1) / (sp.exp(x) + 1)),
    "sigmoid mirrored": (sigmoid(-x), 1 - sigmoid(x)),
    "sigmoid derivative": (sp.exp(-x) / (1 + sp.exp(-x)) ** 2, sigmoid(x) * (1 - sigmoid(x))),
    "softmax shifted": (
        sp.exp(x - z) / (sp.exp(x - z) + sp.exp(y - z)),
        sp.exp(x) / (sp.exp(x) + sp.exp(y)),
    ),
    "softmax of two": (sp.exp(x) / (sp.exp(x) + sp.exp(y)), sigmoid(x - y)),
    "variable exponent": ((1 + x**2) ** y * (1 + x**2), (1 + x**2) ** (y + 1)),
    "power of two": (2**x * 2 ** (-y), sp.exp((x - y) * sp.log(2))),
}

LOGARITHMS = {
    "softplus": (sp.log(1 + sp.exp(x)) - sp.log(1 + sp.exp(-x)), x),
    "positive factors": (sp.log(p * (1 + p)), sp.log(p) + sp.log(1 + p)),
    "where both are defined": (sp.log(x * y), sp.log(x) + sp.log(y)),
    "square": (sp.log(x**2), 2 * sp.log(sp.Abs(x))),
    "cross entropy": (sp.log(1 - sigmoid(x)), -sp.log(1 + sp.exp(x))),
    "log of softmax": (
        sp.log(sp.exp(x) / (sp.exp(x) + sp.exp(y))),
        x - sp.log(sp.exp(x) + sp.exp(y)),
    ),
    "exp of logsumexp": (
        sp.exp(x - sp.log(sp.exp(x) + sp.exp(y))),
        sp.exp(x) / (sp.exp(x) + sp.exp(y)),
    ),
    "logsumexp shifted": (
        z + sp.log(sp.exp(x - z) + sp.exp(y - z)),
        sp.log(sp.exp(x) + sp.exp(y)),
    ),
    "half logarithm": (sp.exp(sp.log(1 + x**2) / 2), sp.sqrt(1 + x**2)),
    "constants": (sp.log(12), 2 * sp.log(2) + sp.log(3)),
    "log of a root": (sp.log(sp.sqrt(p + 1)), sp.log(p + 1) / 2),
}

ROOTS = {
    "absolute value": (sp.sqrt(x**2 + 2 * x * y + y**2), sp.Abs(x + y)),
    "square of a positive": (sp.sqrt(x**4 + 2 * x**2 + 1), 1 + x**2),
    "positive factors": (sp.sqrt(p * (1 + p)), sp.sqrt(p) * sp.sqrt(1 + p)),
    "inverse": (1 / sp.sqrt(x * y + 1) * (x * y + 1), sp.sqrt(x * y + 1)),
    "rationalised": (1 / (1 + sp.sqrt(1 + x**2)), (sp.sqrt(1 + x**2) - 1) / x**2),
    "quotient": (sp.sqrt(x / y), sp.sqrt(x * y) / sp.Abs(y)),
    "numbers": (sp.sqrt(12) * sp.sqrt(HALF), sp.sqrt(6)),
    "cube roots": ((1 + x**2) ** sp.Rational(1, 3) * (1 + x**2) ** sp.Rational(2, 3), 1 + x**2),
    "mixed orders": (sp.sqrt(p) * p ** sp.Rational(1, 3), p ** sp.Rational(5, 6)),
    "nested": (sp.sqrt(sp.sqrt(1 + x**2)), (1 + x**2) ** sp.Rational(1, 4)),
    "exponential": (sp.sqrt(1 + 2 * sp.exp(x) + sp.exp(2 * x)), 1 + sp.exp(x)),
    "normalised length": (x**2 / (x**2 + y**2) + (y / sp.sqrt(x**2 + y**2)) ** 2, sp.Integer(1)),
    "non-negative under its root": (relu(x) * sp.sqrt(x), x * sp.sqrt(x)),
}

KINKS = {
    "absolute value": (sp.Abs(x), x * sp.sign(x)),
    "square of the absolute value": (sp.Abs(x) ** 2, x**2),
    "absolute value of a product": (sp.Abs(x * y), sp.Abs(x) * sp.Abs(y)),
    "sign from the absolute value": (sp.Abs(x) / x, sp.sign(x)),
    "sign of the sign": (sp.sign(x) ** 3, sp.sign(x)),
    "relu": (relu(x), maximum(x, sp.Integer(0))),
    "relu twice": (relu(relu(x)), relu(x)),
    "relu difference": (relu(x) - relu(-x), x),
    "relu sum": (relu(x) + relu(-x), sp.Abs(x)),
    "relu scaled": (relu(n * x), n * relu(x)),
    "relu at its kink": (relu(x), where_at_least(x, x, sp.Integer(0))),
    "max and min": (maximum(x, y) + minimum(x, y), x + y),
    "max is symmetric": (maximum(x, y), maximum(y, x)),
    "max through the absolute value": (maximum(x, y), (x + y + sp.Abs(x - y)) / 2),
    "clip in both orders": (
        minimum(maximum(x, sp.Integer(0)), sp.Integer(1)),
        maximum(minimum(x, sp.Integer(1)), sp.Integer(0)),
    ),
    "elu at its kink": (
        relu(x) + (1 - Positive(x)) * (sp.exp(x) - 1),
        where_at_least(x, x, sp.exp(x) - 1),
    ),
    "indicator of a negative": (Positive(-x), 1 - Positive(x) - IsZero(x)),
    "indicator of a product": (
        Positive(x * y),
        Positive(x) * Positive(y) + Positive(-x) * Positive(-y),
    ),
    "indicator of an inverse": (Positive(1 / (x - 1)), Positive(x - 1)),
    "indicator of a quotient": (Positive(x / (x - 1)), Positive(x * (x - 1))),
    "indicator of a positive": (Positive(1 + sp.exp(x)), sp.Integer(1)),
    "indicator of a definite form": (Positive(x**2 - x * y + y**2 + p), sp.Integer(1)),
    "a size is at least one": ((n - 1) * Positive(n - 1), n - 1),
    "indicator of a square": (Positive(x**2), 1 - IsZero(x)),
    "the zero kills": (IsZero(x) * (x**2 + sp.sin(x) + 3), 3 * IsZero(x)),
    "the zero in an exponent": (IsZero(x) * sp.exp(x * y), IsZero(x)),
    "function of a kink": (sp.exp(relu(x)) * Positive(x), sp.exp(x) * Positive(x)),
    "opaque function of a kink": (f(sp.Abs(x)), Positive(x) * f(x) + (1 - Positive(x)) * f(-x)),
    "ordered kinks": (Positive(x - 1) * Positive(x), Positive(x - 1)),
}

OPAQUE = {
    "equal arguments": (f((x**2 - 1) / (x - 1)), f(x + 1)),
    "two arguments": (f(x, y + y), f(x, 2 * y)),
    "product rule": (f_prime(x) * y + f_prime(x) * (z - y), f_prime(x) * z),
    "erf is odd": (sp.erf((y**2 - x**2) / (x + y)), -sp.erf(x - y)),
    "erf of zero": (sp.erf((x + 1) ** 2 - x**2 - 2 * x - 1), sp.Integer(0)),
    "pythagoras": (sp.sin(x + y) ** 2 + sp.cos(-x - y) ** 2, sp.Integer(1)),
    "sine is odd": (sp.sin((x**2 - y**2) / (x + y)), -sp.sin((y**2 - x**2) / (x + y))),
    "cosine is even": (sp.cos((y**2 - x**2) / (x + y)), sp.cos(x - y)),
    "pi": (x / sp.sqrt(2 * sp.pi) * sp.sqrt(sp.pi), x / sp.sqrt(2)),
    "entries": (
        (entry("W", 0, 1) ** 2 - entry("x", 1) ** 2) / (entry("W", 0, 1) - entry("x", 1)),
        entry("W", 0, 1) + entry("x", 1),
    ),
}

IDENTITIES = {
    f"{group}: {name}": sides
    for group, table in (
        ("rational", RATIONAL),
        ("exponential", EXPONENTIALS),
        ("logarithm", LOGARITHMS),
        ("root", ROOTS),
        ("kink", KINKS),
        ("opaque", OPAQUE),
    )
    for name, sides in table.items()
}


# ---------------------------------------------------------------------- an oracle that shares no code with the prover


class Undefined(Exception):
    """The expression, or a part of it, has no value at the point."""


TINY = mpmath.mpf(10) ** -30
GRID = [sp.Rational(k, 2) for k in (-6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6)] + [sp.Rational(37, 100)]


def value(expr: Expr, point: dict[Expr, Expr]) -> Any:
    """The value with 50 digits. Raises: Undefined where any part is."""
    with mpmath.workdps(50):
        known: dict[Expr, Any] = {q: mpmath.mpf(int(v.p)) / int(v.q) for q, v in point.items()}
        return _value(expr, known)


def _value(expr: Expr, known: dict[Expr, Any]) -> Any:
    if expr not in known:
        result = _value_of_node(expr, known)
        if isinstance(result, mpmath.mpc) or not mpmath.isfinite(result):
            raise Undefined
        known[expr] = result
    return known[expr]


def _value_of_node(expr: Expr, known: dict[Expr, Any]) -> Any:
    if expr.is_Rational:
        return mpmath.mpf(int(expr.p)) / int(expr.q)
    if expr.is_number and not expr.args:
        return expr._to_mpmath(170)
    parts = [_value(part, known) for part in expr.args]
    if expr.is_Add:
        return mpmath.fsum(parts)
    if expr.is_Mul:
        return mpmath.fprod(parts)
    if expr.is_Pow:
        return _power(parts[0], parts[1], expr.exp)
    if isinstance(expr, Elementwise):
        return mpmath.sin(sum((k + 2) * part for k, part in enumerate(parts)) + 1 + expr.func.order)
    if (isinstance(expr, sp.log) and parts[0] < TINY) or (isinstance(expr, sp.exp) and parts[0] > 60):
        raise Undefined
    at_kinks: dict[Any, Any] = {Positive: lambda u: u > TINY, IsZero: lambda u: abs(u) <= TINY, sp.Abs: abs}
    at_kinks[sp.sign] = lambda u: 0 if abs(u) <= TINY else mpmath.sign(u)
    function = at_kinks.get(expr.func) or getattr(mpmath, expr.func.__name__)
    return mpmath.mpf(function(parts[0]))


def _power(base: Any, exponent: Any, exact: Expr) -> Any:
    if abs(base) < TINY:
        if exponent <= 0:
            raise Undefined
        return mpmath.mpf(0)
    if exact.is_Integer:
        return base ** int(exact)
    if base < 0:
        raise Undefined
    return base**exponent


def quantities(expr: Expr) -> list[Expr]:
    entries = sorted(expr.atoms(sp.Indexed), key=str)
    labels = {e.base.label for e in entries}
    return entries + sorted((s for s in expr.free_symbols - set(entries) - labels if isinstance(s, sp.Symbol)), key=str)


def points(expr: Expr) -> Iterator[dict[Expr, Expr]]:
    """Points of the grid, about 150 of them, spread over all of it."""
    names = quantities(expr)
    grids = [[v for v in GRID if v > 0 and (v.is_Integer or q != n)] if q.is_positive else GRID for q in names]
    step = max(1, prod(map(len, grids)) // 150)
    step += step % 2 == 0  # so that the last coordinate, with its even number of values, varies too
    for values in itertools.islice(itertools.product(*grids), 0, None, step):
        yield dict(zip(names, values, strict=True))


def differs_somewhere(expr: Expr) -> bool:
    """Whether the expression is certainly not 0 at a point of the grid where all of it is defined."""
    for point in points(expr):
        try:
            if abs(value(expr, point)) > mpmath.mpf(10) ** -15:
                return True
        except Undefined:
            continue
    return False


def proved(expr: Expr) -> bool:
    try:
        return is_zero(expr, budget=Budget(terms=5_000, seconds=1))
    except Undecided:
        return False
