"""A local derivative with names in it is the one without them; sums that are 0 do not appear."""

from itertools import pairwise

import pytest
import sympy as sp

from symbackprop.derivation.delta_rule import delta_rule
from symbackprop.derivation.gather import gathered, gradient_in
from symbackprop.derivation.naming import Vocabulary
from symbackprop.derivation.simplify import with_short_conditions, without_zero_sums
from symbackprop.derivation.total import second_derivative
from symbackprop.language.parse import parse
from symbackprop.model.build import graph_from_formulas, scope_of
from symbackprop.model.graph import Graph, names_in
from symbackprop.pipeline import verify_formula
from symbackprop.proof.verify import verify_lines
from symbackprop.tensor.nodes import Expr, Positive, entry, index, is_adjoint, size, summation

GRAPHS = {
    "normalisation": (
        {
            "m": "mean(x)",
            "s": "sqrt(mean((x - mean(x))**2) + 1)",
            "h": "(x - m)/s",
            "y": "g*h + b",
            "L": "sum(f(y))",
        },
        {"x": "n", "g": "n", "b": "n"},
        ("x",),
    ),
    "normalisation by a mean that is named": (
        {"m": "mean(x)", "v": "mean((x - m)**2)", "s": "sqrt(v + 1)", "h": "(x - m)/s", "L": "sum(f(h))"},
        {"x": "n"},
        ("x",),
    ),
    "root mean square": (
        {"r": "sqrt(mean(x**2) + 1)", "h": "x/r", "y": "g*h", "L": "sum(f(y))"},
        {"x": "n", "g": "n"},
        ("x",),
    ),
    "attention": (
        {"P": "softmax(Q @ K.T/sqrt(k), axis=1)", "L": "sum(G*(P @ V))"},
        {"Q": "T, k", "K": "M, k", "V": "M, v", "G": "T, v"},
        ("Q", "K"),
    ),
    "a distance": ({"L": "sqrt(sum((x - y)**2) + 1)"}, {"x": "n", "y": "n"}, ("x",)),
}


def graph_of(name: str) -> tuple[Graph, tuple[str, ...]]:
    definitions, shapes, wrt = GRAPHS[name]
    return graph_from_formulas(definitions, shapes, functions=["f"]), wrt


@pytest.mark.parametrize("name", GRAPHS)
def test_every_line_with_names_is_proved(name: str) -> None:
    graph, wrt = graph_of(name)
    delta = delta_rule(graph, "L", wrt)
    lines = [(step.left, step.right) for step in delta.steps]
    assert any(step.rule == "named" for step in delta.steps)
    assert [str(verdict) for verdict in verify_lines(graph, lines) if not verdict.proved] == []


@pytest.mark.parametrize("name", GRAPHS)
def test_names_make_a_local_derivative_shorter(name: str) -> None:
    graph, wrt = graph_of(name)
    steps = delta_rule(graph, "L", wrt).steps
    for before, after in pairwise(steps):
        if after.rule == "named":
            assert after.right.count_ops() < before.right.count_ops()


@pytest.mark.parametrize("name", ["normalisation", "normalisation by a mean that is named", "root mean square"])
def test_the_gathered_gradient_is_in_one_adjoint_only_or_in_fewer(name: str) -> None:
    graph, wrt = graph_of(name)
    delta = delta_rule(graph, "L", wrt)
    step = gathered(delta, "x")
    assert step is not None

    def adjoints(expr: Expr) -> set[str]:
        return {n for n in names_in(expr) if is_adjoint(n)}

    assert adjoints(step.right) < adjoints(delta.adjoints["x"].expr)
    assert verify_lines(graph, [(step.left, step.right)])[0].proved


def test_a_gradient_in_forward_names_is_not_gathered() -> None:
    graph, _ = graph_of("a distance")
    assert gathered(delta_rule(graph, "L", ("x",)), "x") is None


def test_the_norm_stands_in_its_own_gradient() -> None:
    graph, _ = graph_of("a distance")
    assert names_in(delta_rule(graph, "L", ("x",)).adjoints["x"].expr) == {"x", "y", "L"}


def test_what_is_differentiated_by_is_not_put_for_its_value() -> None:
    """With respect to the mean itself, the mean is free: nothing is 0 because of what it is."""
    graph = graph_from_formulas({"m": "mean(x)", "L": "sum((x - m)**2)"}, {"x": "n"})
    tensor = second_derivative(graph, "L", "m", "m")
    assert tensor.expr == 2 * size("n")
    assert verify_formula(graph, "d(d(L, m), m)", tensor).proved
    assert delta_rule(graph, "L", ("m",)).adjoints["m"].expr != 0
    assert delta_rule(graph, "L", ("x",)).adjoints["m"].expr == 0


def test_second_derivatives_hold_where_the_gradient_has_names() -> None:
    graph = graph_from_formulas({"m": "mean(x)", "v": "mean((x - m)**2)", "L": "v**2"}, {"x": "n"})
    assert verify_formula(graph, "d(d(L, x), x)", second_derivative(graph, "L", "x", "x")).proved


def test_a_sum_of_deviations_is_zero_and_others_are_not() -> None:
    n = size("n")
    j, k = index("j", n), index("k", n)
    x, mean = entry("x", j), summation(entry("x", k), k) / n
    assert without_zero_sums(1 + summation(x - mean, j)) == 1
    weighted = summation(entry("w", j) * (x - mean), j)
    assert without_zero_sums(weighted) == weighted
    graph = graph_from_formulas({"m": "mean(x)"}, {"x": "n"})
    words = Vocabulary(graph.definitions.values())
    assert words.without_deviations(summation(x - entry("m"), j)) == 0
    assert words.without_deviations(summation(x + entry("m"), j)) != 0


def test_a_name_stands_for_a_power_of_its_value_at_any_place() -> None:
    graph = graph_from_formulas({"s": "sqrt(sum(x**2, axis=1) + 1)"}, {"x": "N, n"})
    p = index("p", size("N"))
    j = index("j", size("n"))
    square = summation(entry("x", p, j) ** 2, j) + 1
    words = Vocabulary(graph.definitions.values())
    s = entry("s", p)
    assert words.named(square ** sp.Rational(-3, 2)) == s**-3
    assert words.named(entry("x", p, j) / square) == entry("x", p, j) / s**2
    assert words.named(square + 1) == square + 1


def test_a_condition_is_multiplied_out_where_that_is_shorter() -> None:
    u, t = entry("u"), entry("t")
    assert with_short_conditions(Positive(sp.Add(t * u, -(t - 1) * u, evaluate=False))) == Positive(u)
    assert with_short_conditions(Positive((t - 1) * u)) == Positive((t - 1) * u)


def test_a_side_of_a_statement_is_a_gradient_only_if_it_is_nothing_else() -> None:
    graph = graph_from_formulas({"L": "sum((A @ x)**2)"}, {"A": "m, n", "x": "n"})
    scope = scope_of(graph)
    assert gradient_in(parse("d(L, x)", scope)) == ("L", "x")
    assert gradient_in(parse("d(L, A)", scope)) == ("L", "A")
    assert gradient_in(parse("2*d(L, x)", scope)) is None
    assert gradient_in(parse("d(L, A).T", scope)) is None
