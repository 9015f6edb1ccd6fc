"""The scalar zero test on identities with one small error, and on random expressions."""

from collections.abc import Iterator
from functools import reduce
from typing import Any

import pytest
import sympy as sp
from hypothesis import assume, given
from hypothesis import strategies as st
from proof.scalar_identities import (
    HALF,
    IDENTITIES,
    KINKS,
    RATIONAL,
    difference,
    differs_somewhere,
    f,
    n,
    proved,
    sigmoid,
    x,
    y,
)

from symbackprop.proof.limits import Budget, Undecided
from symbackprop.proof.scalar.form import is_zero
from symbackprop.tensor.nodes import (
    Elementwise,
    Expr,
    IsZero,
    Positive,
)


def mutants(expr: Expr) -> Iterator[Expr]:
    """Expressions with one small error: a dropped factor or term, a sign, an exponent, a number, > for >=."""
    if expr.is_Mul or expr.is_Add:
        for k in range(len(expr.args)):
            rest = expr.args[:k] + expr.args[k + 1 :]
            yield expr.func(*rest)
            yield expr.func(-expr.args[k], *rest)
    if expr.is_Pow and expr.exp.is_Rational:
        yield sp.Pow(expr.base, expr.exp + 1)
        yield sp.Pow(expr.base, -expr.exp)
    if isinstance(expr, Positive):
        yield expr + IsZero(expr.args[0])
        yield Positive(-expr.args[0])
    if isinstance(expr, IsZero):
        yield sp.Integer(0)
    if isinstance(expr, (sp.Abs, sp.sign)):
        yield expr.args[0]
    if isinstance(expr, (sp.exp, sp.log, sp.erf, sp.tanh, sp.sin, sp.cos, Elementwise)):
        yield expr.func(2 * expr.args[0], *expr.args[1:])
    if expr.is_Integer and expr not in (0, -1):
        yield expr + 1
    if not isinstance(expr, sp.Indexed):
        for k, part in enumerate(expr.args):
            for changed in mutants(part):
                yield expr.func(*expr.args[:k], changed, *expr.args[k + 1 :])


def false_mutants(name: str) -> list[Expr]:
    left, right = IDENTITIES[name]
    wrong = [difference(left, m) for m in mutants(right)] + [difference(m, right) for m in mutants(left)]
    real = [d for d in dict.fromkeys(wrong) if not d.has(sp.nan, sp.zoo, sp.I)]
    return [d for d in real if differs_somewhere(d)]


@pytest.mark.parametrize("name", IDENTITIES)
def test_no_mutant_of_an_identity_is_proved(name: str) -> None:
    wrong = false_mutants(name)
    assert wrong
    for d in wrong:
        assert not proved(d), d


# More indicators than the prover splits an argument by.
def test_the_mutants_are_many() -> None:
    names = list(RATIONAL | KINKS)[:6]
    assert sum(len(false_mutants(next(k for k in IDENTITIES if k.endswith(f": {name}")))) for name in names) >= 60


# ---------------------------------------------------------------------- laws for random expressions


def rational_expressions() -> st.SearchStrategy[Expr]:
    leaves = st.sampled_from([x, y, n, sp.Integer(2), HALF, sp.Integer(-3)])

    def grow(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
        quotients = st.builds(lambda u, v: u / (1 + v**2), inner, inner)
        return st.one_of(
            st.builds(lambda u, v: u + v, inner, inner), st.builds(lambda u, v: u * v, inner, inner), quotients
        )

    return st.recursive(leaves, grow, max_leaves=6)


# Each keeps the value of u wherever the result is defined.
PRESERVING = [
    lambda u, v: u + v - v,
    lambda u, v: sp.Mul(u, v, 1 / v, evaluate=False) if v != 0 else u,
    lambda u, v: sp.expand(u),
    lambda u, v: sp.together(u),
    lambda u, v: ((u + v) ** 2 - v**2) / (u + 2 * v) if u + 2 * v != 0 else u,
    lambda u, v: u * sp.tanh(v) ** 2 + u * (1 - sp.tanh(v) ** 2),
    lambda u, v: sp.log(sp.exp(u - v)) + v,
    lambda u, v: u * sigmoid(v) + u * sigmoid(-v),
    lambda u, v: u * sp.sqrt(1 + v**2) / sp.sqrt(sp.expand(1 + v**2)),
]
PRESERVING_WITH_A_KINK = [
    lambda u, v: (u - v) * Positive(u - v) - (v - u) * Positive(v - u) + v,
    lambda u, v: sp.Abs(u) * sp.sign(u),
    lambda u, v: u * IsZero(v) + u * sp.sign(v) ** 2,
    lambda u, v: u + sp.Abs(u * v) - sp.Abs(u) * sp.Abs(v),
]


def rewritten(expr: Expr, steps: list[tuple[Any, Expr]]) -> Expr:
    return reduce(lambda u, step: step[0](u, step[1]), steps, expr)


@given(
    rational_expressions(),
    st.lists(st.tuples(st.sampled_from(PRESERVING), rational_expressions()), max_size=3),
    st.lists(st.tuples(st.sampled_from(PRESERVING_WITH_A_KINK), rational_expressions()), max_size=1),
)
def test_equal_expressions_are_proved_equal(
    expr: Expr, smooth: list[tuple[Any, Expr]], kinks: list[tuple[Any, Expr]]
) -> None:
    # SymPy knows that 2 n - 3 is never 0 for an integer n and simplifies its sign; the prover takes sizes as reals.
    assume(not any(symbol.is_integer for _, at in kinks for symbol in at.free_symbols))
    try:
        assert is_zero(difference(expr, rewritten(expr, smooth + kinks)), budget=Budget(terms=50_000, seconds=5))
    except Undecided as undecided:
        assert "division by zero" in undecided.reason or "budget" in undecided.reason


# Some keep the value and some do not.
TEMPTING = [
    lambda u, v: sp.Abs(u),
    lambda u, v: sp.sqrt(u**2),
    lambda u, v: sp.sqrt(u * v) * sp.sqrt(u) / sp.sqrt(v),
    lambda u, v: sp.sqrt(u * v**2) * sp.sqrt(u) / v,
    lambda u, v: u * Positive(u * v) / Positive(v),
    lambda u, v: u * (1 - IsZero(v)),
    lambda u, v: u * (2 * Positive(v) - 1) * sp.sign(v),
    lambda u, v: sp.exp(sp.log(u**2) / 2),
    lambda u, v: sp.exp(sp.log(u * v) - sp.log(v)),
    lambda u, v: u + sp.log(v**2) - 2 * sp.log(v),
    lambda u, v: u + IsZero(u - v) * (u - v) * sp.exp(v),
    lambda u, v: u + Positive(u) - Positive(u * v**2),
    lambda u, v: u + Positive(u - 1) - Positive(u - 1) * Positive(u),
    lambda u, v: u + f(sp.Abs(v)) - f(v),
    lambda u, v: u / (v - u) * (v - u),
]


@given(
    rational_expressions(),
    st.lists(st.tuples(st.sampled_from(TEMPTING + PRESERVING), rational_expressions()), min_size=1, max_size=3),
)
def test_what_is_proved_holds_at_every_point(expr: Expr, rewrites: list[tuple[Any, Expr]]) -> None:
    d = difference(expr, rewritten(expr, rewrites))
    if not d.has(sp.nan, sp.zoo, sp.I) and proved(d):
        assert not differs_somewhere(d)
