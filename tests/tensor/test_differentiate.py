"""Index calculus: laws of the derivative and of index substitution, and the traps of SymPy's own."""

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from symbackprop.errors import NotSupportedError
from symbackprop.language.parse import Scope, parse
from symbackprop.tensor.differentiate import differentiate, tidy
from symbackprop.tensor.indices import alpha_normal, free_indices, substitute
from symbackprop.tensor.nodes import delta, elementwise, entry, index, scalar, size, summation

n, m = size("n"), size("m")
i, j, k = index("i", n), index("j", n), index("k", n)
a = index("a", m)


def derivative(expr: object, name: str, *at: object) -> object:
    return alpha_normal(tidy(differentiate(expr, name, at)))


def test_a_sum_knows_its_bound_index() -> None:
    weighted = summation(entry("w", i) * entry("x", i), i)
    assert derivative(weighted, "x", i) == entry("w", i)  # SymPy's own diff captures i
    assert derivative(weighted, "x", j) == entry("w", j)


def test_delta_of_an_entry() -> None:
    assert derivative(entry("W", i, a), "W", j, index("b", m)) == delta(i, j) * delta(a, index("b", m))


def test_quadratic_form() -> None:
    form = summation(entry("x", i) * entry("A", i, j) * entry("x", j), i, j)
    expected = summation(entry("A", k, j) * entry("x", j), j) + summation(entry("A", i, k) * entry("x", i), i)
    assert derivative(form, "x", k) == alpha_normal(expected)


def test_unused_index_gives_the_size() -> None:
    assert tidy(summation(scalar("c"), i)) == n * scalar("c")


def test_a_delta_contracts_only_within_its_range() -> None:
    crossing = summation(sp.KroneckerDelta(i, a) * entry("x", i), i)
    assert tidy(crossing).has(sp.KroneckerDelta)
    assert tidy(summation(delta(i, j) * entry("x", i), i)) == entry("x", j)


def test_substitution_does_not_capture() -> None:
    inner = summation(entry("x", j) * entry("y", i), j)
    moved = substitute(inner, {i: j})
    assert free_indices(moved) == {j}
    assert moved != summation(entry("x", j) * entry("y", j), j)
    assert alpha_normal(moved) == alpha_normal(summation(entry("x", k) * entry("y", j), k))


def test_alpha_normal_tells_a_transpose() -> None:
    first = summation(entry("A", i, k) * entry("x", k), k)
    second = summation(entry("A", k, i) * entry("x", k), k)
    assert alpha_normal(first) != alpha_normal(second)
    assert alpha_normal(first) == alpha_normal(summation(entry("A", i, j) * entry("x", j), j))


def test_named_functions_stay_named() -> None:
    f = elementwise("sigmoid")
    assert derivative(f(2 * scalar("z")), "z") == 2 * elementwise("sigmoid", 1)(2 * scalar("z"))


def test_what_has_no_rule_is_refused() -> None:
    with pytest.raises(NotSupportedError):
        differentiate(scalar("x") ** scalar("x"), "x", ())
    with pytest.raises(NotSupportedError):
        differentiate(elementwise("elu")(scalar("z"), scalar("b")), "b", ())


FORMULAS = [
    "x**3 - 2*x*y",
    "exp(x*y)/(1 + y**2)",
    "tanh(x)*sin(y) + cos(x)",
    "log(1 + x**2)*sqrt(2 + y**2)",
    "erf(x/2)",
    "2**x",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_scalar_derivatives_agree_with_sympy(text: str) -> None:
    """On scalars without sums SymPy's diff is an outside oracle."""
    expr = parse(text, Scope(shapes={"x": (), "y": ()})).expr
    x, y = scalar("x"), scalar("y")
    difference = differentiate(expr, "x", ()) - sp.diff(expr, x)
    at = {x: sp.Rational(3, 7), y: sp.Rational(-2, 5)}
    assert abs(difference.xreplace(at).evalf(30)) < 1e-25


@given(st.integers(2, 4), st.lists(st.integers(-3, 3), min_size=4, max_size=4))
def test_the_gradient_of_a_quadratic_is_linear(extent: int, numbers: list[int]) -> None:
    """d/dx_p Σ (Σ_j A_ij x_j)² at concrete entries equals the polynomial derivative of the expanded sum."""
    p, q = index("p", sp.Integer(extent)), index("q", sp.Integer(extent))
    form = summation(summation(entry("A", p, q) * entry("x", q), q) ** 2, p)
    gradient = tidy(differentiate(form, "x", (sp.Integer(0),)))

    def expand(expr: object) -> object:
        if isinstance(expr, sp.Sum):
            bound = expr.limits[0][0]
            return sp.Add(*(expand(substitute(expr.function, {bound: sp.Integer(v)})) for v in range(extent)))
        if expr.is_Add or expr.is_Mul or expr.is_Pow:
            return expr.func(*map(expand, expr.args))
        return expr

    matrix = {entry("A", r, c): numbers[(2 * r + c) % 4] for r in range(extent) for c in range(extent)}
    total = expand(form)
    x0 = sp.Symbol("x0")
    slots = {entry("x", 0): x0} | {entry("x", v): numbers[v % 4] for v in range(1, extent)} | matrix
    # The delta of two integers is evaluated when the index is replaced.
    expected = sp.diff(total.subs(slots), x0)
    assert sp.expand(expand(gradient).subs(slots) - expected) == 0


def test_alpha_normal_captures_no_index_that_has_a_name_such_as_it_gives() -> None:
    given = index("_1", n)
    form = summation(entry("x", given) * summation(entry("A", given, k) * entry("y", k), k), given)
    expected = alpha_normal(summation(entry("x", i) * summation(entry("A", i, k) * entry("y", k), k), i))
    assert alpha_normal(form) == expected
    assert alpha_normal(expected) == expected
    assert free_indices(alpha_normal(form.function)) == {given}


def test_the_numbers_e_and_pi_are_constants() -> None:
    """exp of a one, as in softmax(ones(n)), is the number e and no exponential."""
    weighted = summation(sp.E * sp.pi * entry("x", i), i)
    assert derivative(weighted, "x", i) == sp.E * sp.pi
