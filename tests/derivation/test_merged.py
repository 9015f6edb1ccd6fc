"""Second derivatives and local ones say everything once, and what they say is proved."""

import pytest
import sympy as sp

from symbackprop.derivation.local import local_derivative
from symbackprop.derivation.simplify import joined, merged, with_equal_indices
from symbackprop.derivation.total import second_derivative
from symbackprop.model.build import graph_from_formulas
from symbackprop.model.graph import names_in
from symbackprop.pipeline import verify_formula
from symbackprop.proof.index.form import IndexForms, subtract
from symbackprop.tensor.indices import alpha_normal
from symbackprop.tensor.nodes import Expr, IsZero, Positive, delta, entry, index, scalar, size, summation
from symbackprop.tensor.tensor import axes

P, Q, K = (index(name, size("n")) for name in "ijk")
NORM = {"m": "mean(x)", "v": "mean((x - m)**2)", "h": "(x - m)/sqrt(v + 1)", "L": "sum(c*h)"}


def product(k: Expr) -> Expr:
    return summation(entry("A", P, k) * entry("A", k, Q), k)


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        (product(K) + product(index("l", size("n"))), 2 * product(K)),
        (3 * product(K) - product(index("l", size("n"))), 2 * product(K)),
        (product(K) - product(index("l", size("n"))), sp.Integer(0)),
        (product(K) + summation(entry("A", Q, K) * entry("A", K, P), K), None),
        (Positive(scalar("x")) ** 2, Positive(scalar("x"))),
        (scalar("y") * IsZero(scalar("x")) ** 3, scalar("y") * IsZero(scalar("x"))),
        (scalar("x") ** 2, None),
        (sp.exp(product(K) + product(index("l", size("n")))), sp.exp(2 * product(K))),
    ],
)
def test_equal_terms_are_added_up_and_nothing_else_changes(expr: Expr, expected: Expr | None) -> None:
    assert alpha_normal(merged(expr)) == alpha_normal(expr if expected is None else expected)
    forms = IndexForms()
    assert forms.is_zero(subtract(forms.normalise(merged(expr)), forms.normalise(expr)))


@pytest.mark.parametrize(
    "expr",
    [
        product(K) + 3 * product(index("l", size("n"))),
        summation(entry("a", K) / entry("b", K), K) + summation(1 - entry("a", K) / entry("b", K), K),
        summation(entry("a", K), K) ** 2 + summation(entry("a", K), K) * summation(entry("b", K), K),
        sp.exp(scalar("c") * summation(entry("a", K), K) - summation(entry("a", K) * entry("b", P), K)),
        entry("b", P) * product(K) + product(K) * summation(entry("a", K), K) + entry("A", P, Q),
        summation(entry("A", K, P) * (summation(entry("a", Q), Q) + summation(entry("b", Q), Q)), K),
        summation(entry("a", K), K) + summation(entry("c", index("q", size("m"))), index("q", size("m"))),
    ],
)
def test_joined_sums_are_the_same_sum(expr: Expr) -> None:
    forms = IndexForms()
    assert forms.is_zero(subtract(forms.normalise(joined(expr)), forms.normalise(expr)))


R, S = (index(name, size("m")) for name in "rs")


@pytest.mark.parametrize(
    "expr",
    [
        delta(P, Q) * entry("a", Q) * entry("b", P) / entry("a", P),
        delta(P, Q) * delta(R, S) * entry("c", R, P) * entry("c", S, Q),
        delta(P, Q) * delta(R, S),
        delta(P, Q) * summation(entry("A", Q, K) * entry("A", K, P), K) - product(K),
        delta(P, Q) * delta(Q, K) * entry("a", K) * entry("b", Q),
        summation(entry("a", K) * (delta(K, P) * entry("b", K) + delta(P, Q) * entry("A", Q, K)), K),
        entry("a", P) + delta(P, Q),
    ],
)
def test_equal_indices_beside_a_delta_are_the_same_value(expr: Expr) -> None:
    forms = IndexForms()
    assert forms.is_zero(subtract(forms.normalise(with_equal_indices(expr)), forms.normalise(expr)))


def test_what_cancels_for_equal_indices_cancels_beside_a_delta() -> None:
    found = with_equal_indices(delta(P, Q) * entry("p", P) * entry("y", Q) / entry("p", Q))
    assert found == delta(P, Q) * entry("y", P)


def test_a_local_derivative_has_no_term_twice() -> None:
    graph = graph_from_formulas({"L": "trace(A @ A @ A)"}, {"A": "n, n"})
    local = local_derivative(graph.definitions["L"], "A", axes(graph.shape("A")), "k")
    assert local.plain.is_Mul and local.plain.args[0] == 3


@pytest.mark.parametrize(
    ("define", "shapes", "first", "second"),
    [
        ({"L": "sum(c*g*(x - mean(x))/sqrt(mean((x - mean(x))**2) + 1))"}, {"x": "n", "c": "n", "g": "n"}, "x", "x"),
        ({"L": "sum(c*g*(x - mean(x))/sqrt(mean((x - mean(x))**2) + 1))"}, {"x": "n", "c": "n", "g": "n"}, "x", "g"),
        (NORM, {"x": "n", "c": "n"}, "x", "x"),
        (NORM, {"x": "n", "c": "n"}, "x", "v"),
        ({"z": "W @ x", "a": "relu(z)", "L": "sum(a**2)"}, {"W": "m, n", "x": "n"}, "x", "W"),
        ({"z": "W @ x", "p": "softmax(z)", "L": "sum(p*y)"}, {"W": "m, n", "x": "n", "y": "m"}, "x", "x"),
    ],
)
def test_a_second_derivative_is_proved_and_has_no_sum_that_is_zero(
    define: dict[str, str], shapes: dict[str, str], first: str, second: str
) -> None:
    graph = graph_from_formulas(define, shapes)
    tensor = second_derivative(graph, "L", first, second)
    assert verify_formula(graph, f"d(d(L, {first}), {second})", tensor).proved
    for node in sp.preorder_traversal(tensor.expr):
        deviations = isinstance(node, sp.Sum) and node.function.is_Add and len(names_in(node)) <= 2
        assert not (deviations and IndexForms().is_zero(IndexForms().normalise(node)))
        assert not (node.is_Pow and isinstance(node.base, Positive))
