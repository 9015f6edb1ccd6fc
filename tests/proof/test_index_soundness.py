"""Random expressions: their normal forms and derivatives have the values that an independent evaluator finds."""

import itertools
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
import sympy as sp

from symbackprop.proof.index.form import IndexForms, subtract
from symbackprop.proof.limits import Budget, Undecided
from symbackprop.tensor.indices import free_indices
from symbackprop.tensor.nodes import Expr, IsZero, Positive, delta, elementwise, entry, index, scalar, size, summation

n, m, three = size("n"), size("m"), sp.Integer(3)
# p is positive; h has a concrete range.
SHAPES = {"x": (n,), "y": (n,), "u": (m,), "W": (n, m), "A": (n, n), "s": (), "t": (), "p": (n,), "h": (three,)}
POSITIVE = frozenset({"p"})
FREE = [index("a", n), index("b", n), index("c", m)]


def leaf(rng: Random, scope: list[Expr]) -> Expr:
    """A number, size, scalar or tensor entry."""
    if rng.random() < 0.3:
        return rng.choice([sp.Rational(rng.randint(-3, 3), rng.choice((1, 1, 2))), n, m, scalar("s"), scalar("t")])
    name = rng.choice([name for name, shape in SHAPES.items() if shape])
    choices = [[i for i in scope if i.upper + 1 == extent] or [sp.Integer(0)] for extent in SHAPES[name]]
    return entry(name, *(rng.choice(choice) for choice in choices))


def expression(rng: Random, depth: int, scope: list[Expr]) -> Expr:
    """A random index expression in the given indices."""
    if depth == 0:
        return leaf(rng, scope)
    a, b = (expression(rng, depth - 1, scope) for _ in range(2))
    i = index(rng.choice(("a", "b", "k", f"k{depth}")), rng.choice((n, n, m, three)))
    inner = [j for j in scope if str(j) != str(i)] + [i]
    pairs = [(i, j) for i, j in itertools.combinations(scope, 2) if i.upper == j.upper] or [(FREE[0], sp.Integer(0))]
    pair = rng.choice([pair for pair in pairs if set(pair) & set(scope)] or [(sp.Integer(1), sp.Integer(1))])
    kinds = [
        lambda: a + b, lambda: a - 2 * a * b, lambda: a * b / 3, lambda: a ** rng.choice((2, -1, -2, 3)),
        lambda: summation(expression(rng, depth - 1, inner), i), lambda: summation(a * expression(rng, 0, inner), i),
        lambda: sp.sqrt(rng.choice((a, a**2 + 1, a**2 + 2 * a * b + b**2))), lambda: 1 / sp.sqrt(a**2 + b**2),
        lambda: sp.exp(a / 2), lambda: sp.log(rng.choice((a, a**2, 1 + sp.exp(a)))), lambda: sp.tanh(a),
        lambda: rng.choice((sp.sin, sp.cos, sp.erf))(a), lambda: elementwise(rng.choice("fg"), rng.choice((0, 1)))(a),
        lambda: a * Positive(a), lambda: IsZero(a) * b, lambda: Positive(-a) - Positive(b), lambda: sp.Abs(a),
        lambda: delta(*pair) * a, lambda: sp.sign(a) * b, lambda: a / (a + b),
    ]  # fmt: skip
    return rng.choice(kinds)()


def expressions(seed: int, count: int, depth: int) -> Iterator[tuple[Random, Expr]]:
    """Random expressions without a number that does not exist."""
    for number in range(count):
        rng = Random(f"{seed} {number}")
        expr = expression(rng, rng.choice((2, depth)), FREE[: rng.randrange(4)])
        if not expr.has(sp.nan, sp.zoo, sp.oo, sp.I):
            yield rng, expr


def holds(forms: IndexForms, evaluator: Any, point: Any) -> bool:
    """Whether all noted conditions hold at a point, for all values of their indices."""
    tests = {"positive": lambda v: v > 1e-12, "nonnegative": lambda v: v >= 0, "nonzero": lambda v: abs(v) > 1e-12}
    for kind, condition in forms.conditions:
        indices = sorted(free_indices(condition), key=str)
        for place in itertools.product(*(range(point.length(i)) for i in indices)):
            if not tests[kind](evaluator(point)(condition, dict(zip(indices, place, strict=True)))[0]):
                return False
    return True


def close(a: Any, b: Any) -> bool:
    """Equal up to the precision of the evaluator."""
    return bool(abs(a - b) < 1e-15 * (1 + abs(a)))


@pytest.mark.parametrize("seed", range(4))
def test_forms_and_derivatives_keep_the_value(seed: int, evaluator: Any, make_point: Any) -> None:
    compared = 0
    for rng, expr in expressions(seed, 50, 3):
        name = rng.choice(list(SHAPES))
        indices = tuple(index(f"v{axis}", extent) for axis, extent in enumerate(SHAPES[name]))
        forms = IndexForms(Budget(terms=5000, seconds=3), POSITIVE)
        try:
            form, slope = forms.normalise(expr), forms.derivative(expr, name, indices)
            assert forms.is_zero(subtract(form, forms.normalise(forms.to_expr(form))))
        except Undecided:
            continue
        for sizes in ({"n": 1, "m": 2}, {"n": 3, "m": 2}):
            point = make_point(rng, sizes, POSITIVE)
            where = {i: rng.randrange(point.length(i)) for i in (*FREE, *indices)}
            try:
                if not holds(forms, evaluator, point):
                    continue
                value, derivative = evaluator(point, (name, tuple(where[i] for i in indices)))(expr, where)
                assert close(value, evaluator(point)(forms.to_expr(form), where)[0]), expr
                assert close(derivative, evaluator(point)(forms.to_expr(slope), where)[0]), (expr, name)
                compared += 1
            except evaluator.nowhere:
                continue
    assert compared > 50


def piecewise(rng: Random, depth: int, scope: list[Expr]) -> Expr:
    """A random expression in maxima, signs and sums, of which many are equal."""
    if depth == 0:
        return rng.choice([scalar("s"), scalar("t"), sp.Integer(rng.randint(-1, 1)), *(entry("x", i) for i in scope)])
    a, b = (piecewise(rng, depth - 1, scope) for _ in range(2))
    i = index("k", rng.choice((n, sp.Integer(2))))
    kinds = [
        lambda: a * Positive(a), lambda: sp.Abs(a), lambda: sp.sign(a), lambda: -a, lambda: a + b, lambda: a * b,
        lambda: a * Positive(a - b) + b * (1 - Positive(a - b)), lambda: IsZero(a), lambda: sp.sqrt(a**2),
        lambda: summation(piecewise(rng, depth - 1, [i]), i) if not scope else a, lambda: a / (a + b), lambda: 1 / a,
    ]  # fmt: skip
    return rng.choice(kinds)()


@pytest.mark.parametrize("seed", range(2))
def test_what_is_proved_equal_is_equal(seed: int, evaluator: Any, make_point: Any) -> None:
    proved = 0
    rng = Random(f"piecewise {seed}")
    found = [piecewise(rng, 2, []) for _ in range(55)]
    found = list(dict.fromkeys(expr for expr in found if not expr.has(sp.nan, sp.zoo)))
    for one, other in itertools.combinations(found, 2):
        forms = IndexForms(Budget(terms=5000, seconds=3))
        try:
            if not forms.is_zero(subtract(forms.normalise(one), forms.normalise(other))):
                continue
        except Undecided:
            continue
        for trial in range(6):
            point = make_point(Random(trial), {"n": 1 + trial % 3, "m": 2})
            try:
                if holds(forms, evaluator, point):
                    assert close(evaluator(point)(one, {})[0], evaluator(point)(other, {})[0]), (one, other)
                    proved += 1
            except evaluator.nowhere:
                continue
    assert proved > 20
