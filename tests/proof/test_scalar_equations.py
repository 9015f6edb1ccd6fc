"""The scalar prover under assumed polynomial equations, and the linear systems that it solves for them."""

from typing import Any

import pytest
import sympy as sp
from flint import fmpq
from hypothesis import assume, given
from hypothesis import strategies as st
from proof.scalar_identities import HALF, difference, n, x, y, z

from symbackprop.proof.instances import verify_entries
from symbackprop.proof.limits import Budget, Clock, Undecided
from symbackprop.proof.scalar.form import is_zero
from symbackprop.proof.scalar.linear import combination
from symbackprop.tensor.nodes import Expr, IsZero, Positive

CONSEQUENCES = {
    "equal inverses": ([x * z - 1, y * z - 1], x - y),
    "powers": ([x**2 - 2], x**6 - 8),
    "elimination": ([x + y * z - 1, y * z - x], 2 * x - 1),
    "a common zero": ([x**2 + y**2 - 1, x - y], 2 * x**2 - 1),
    "a quotient": ([x**2 + y**2 - z**2], (x - z) / (x + z) * (x + z) ** 2 + y**2),
    "an inverse": ([x * y - 1], difference(1 / x, y)),
    "a root": ([x * y - 1], (1 + x * y) * sp.sqrt(1 + x**2) - 2 * sp.sqrt(1 + x**2)),
    "an exponential": ([sp.exp(x) - 2], sp.exp(3 * x) - 8),
    "at the zero of an indicator": ([x * y + z - 1], IsZero(z) * (x * y - 1)),
    "beside an indicator": ([x * y - 1], Positive(z) * (x * y**2 - y)),
    "large fractions": ([x**2 - sp.Rational(10**40 + 1, 3**50)], x**4 - sp.Rational((10**40 + 1) ** 2, 3**100)),
}

NO_CONSEQUENCES = {
    "the other sign": ([x * z - 1, y * z - 1], x + y),
    "a root of the equation": ([x**2 - 2], x - sp.sqrt(2)),
    "one of two factors": ([x * y], x),
    "the converse": ([x**2 - y**2], x - y),
    "where the quotient is not": ([x * y - x], y - 1),
    "another right side": ([x + y * z - 1, y * z - x], 2 * x + 1),
    "an odd power": ([x**2 - 2], x**3 - 2),
    "beside the zero of an indicator": ([x * y + z - 1], IsZero(x) * (x * y - 1)),
    "at every point": ([Positive(z) * (x * y - 1)], x * y - 1),
    "nothing": ([], x * y - 1),
    "another quantity": ([x * y - 1], x * n - 1),
    "almost": ([x * y - 1], x * y - 1 - sp.Rational(1, 10**30)),
}


@pytest.mark.parametrize("name", CONSEQUENCES)
def test_a_consequence_is_proved(name: str) -> None:
    equations, expr = CONSEQUENCES[name]
    assert is_zero(expr, equations=equations)
    assert not is_zero(expr + z - HALF, equations=equations)


@pytest.mark.parametrize("name", NO_CONSEQUENCES)
def test_what_does_not_follow_is_not_proved(name: str) -> None:
    equations, expr = NO_CONSEQUENCES[name]
    assert not is_zero(expr, equations=equations)


def test_an_equation_is_used_only_where_it_is_certainly_defined() -> None:
    equation, consequence = Positive(z) / y - x, Positive(z) - x * y
    assert not is_zero(consequence, equations=[equation])
    assert is_zero(consequence, equations=[equation], nonzero=frozenset([y]))
    assert not is_zero(x**2 - 2, equations=[sp.gamma(x) - x, sp.log(x) - y])


GUARDED = [1 / y, sp.log(y), 1 / sp.sqrt(y), sp.exp(1 / y)]


@pytest.mark.parametrize("value", GUARDED, ids=str)
def test_a_guarded_value_is_not_put_in(value: Expr) -> None:
    """y = 0 is possible where z <= 0: there x = [z > 0]/y is 0, and [y = 0] (x² + 1) is 1."""
    entries = {"e": (IsZero(y) * (x**2 + 1), sp.Integer(0))}
    assert not verify_entries(entries, [x - Positive(z) * value]).proved
    assert not verify_entries(entries, [2 * x + (1 - Positive(z)) * value - 1]).proved
    assert verify_entries(entries, [x - value]).proved  # without a guard it says that y is not 0


def test_an_equation_that_never_holds_proves_nothing() -> None:
    with pytest.raises(Undecided, match="never holds"):
        is_zero(x, equations=[sp.Integer(1)])


# ---------------------------------------------------------------------- laws

coefficients = st.fractions(min_value=-3, max_value=3, max_denominator=3).map(lambda q: sp.Rational(str(q)))
monomials = st.tuples(*[st.integers(0, 2)] * 3).map(lambda e: x ** e[0] * y ** e[1] * z ** e[2])
polynomials = st.lists(st.builds(lambda c, m: c * m, coefficients, monomials), min_size=1, max_size=3).map(sum)


@given(
    st.lists(polynomials, min_size=1, max_size=3),
    st.lists(polynomials, min_size=3, max_size=3),
    st.tuples(coefficients, coefficients, coefficients),
    st.sampled_from([sp.Integer(0), sp.Integer(1), x, y * z - 1]),
)
def test_what_is_proved_holds_where_the_equations_do(
    made: list[Expr], cofactors: list[Expr], at: tuple[Expr, ...], added: Expr
) -> None:
    values = dict(zip((x, y, z), at, strict=True))
    equations = [f - sp.sympify(f).xreplace(values) for f in made]
    target = sum((c * e for c, e in zip(cofactors, equations, strict=False)), start=sp.Integer(0)) + added
    try:
        proved = is_zero(target, equations=equations)
    except Undecided:
        proved = False
    assert not proved or target.xreplace(values) == 0


@given(polynomials, monomials, coefficients)
def test_a_multiple_of_an_equation_is_zero(equation: Expr, monomial: Expr, c: Expr) -> None:
    assume(not sp.sympify(equation).is_number)
    assert is_zero(sp.expand(c * monomial * equation), equations=[equation])


rows_of = st.lists(
    st.dictionaries(st.integers(0, 6), st.integers(-5, 5).filter(bool).map(fmpq), min_size=1, max_size=5),
    min_size=1,
    max_size=8,
)


def total(rows: list[dict[int, Any]], numbers: dict[int, Any]) -> dict[int, Any]:
    found: dict[int, Any] = {}
    for j, c in numbers.items():
        for place, value in rows[j].items():
            found[place] = found.get(place, 0) + c * value
    return {place: value for place, value in found.items() if value != 0}


@given(rows_of, st.lists(st.fractions(max_denominator=10**12), min_size=8, max_size=8))
def test_a_combination_of_rows_is_found(rows: list[dict[int, Any]], made: list[Any]) -> None:
    target = total(rows, {j: fmpq(made[j].numerator, made[j].denominator) for j in range(len(rows))})
    found = combination(rows, target, Clock(Budget()))
    assert found is not None
    assert total(rows, found) == target


@given(rows_of, st.dictionaries(st.integers(0, 7), st.integers(-5, 5).filter(bool).map(fmpq), min_size=1))
def test_a_combination_is_found_only_where_there_is_one(rows: list[dict[int, Any]], target: dict[int, Any]) -> None:
    table = sp.Matrix(8, len(rows), lambda place, j: sp.Rational(str(rows[j].get(place, 0))))
    right = sp.Matrix(8, 1, lambda place, _: sp.Rational(str(target.get(place, 0))))
    found = combination(rows, target, Clock(Budget()))
    assert (found is not None) == (table.row_join(right).rank() == table.rank())
    assert found is None or total(rows, found) == target
