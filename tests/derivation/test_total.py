"""Total derivatives of arrays and second derivatives: what is derived is proved."""

import pytest
import sympy as sp

import symbackprop as sb
from symbackprop.derivation.total import jacobian, second_derivative
from symbackprop.errors import GraphError
from symbackprop.model.graph import names_in
from symbackprop.pipeline import verify_formula
from symbackprop.tensor.nodes import is_adjoint

GRAPHS = {
    "least squares": ({"L": "sum((X @ w - y)**2)"}, {"X": "N, n", "w": "n", "y": "N"}),
    "softmax": ({"z": "W @ x", "p": "softmax(z)", "L": "-sum(y*log(p))"}, {"W": "m, n", "x": "n", "y": "m"}),
    "two layers": (
        {"z1": "W1 @ x", "a1": "tanh(z1)", "z2": "W2 @ a1", "L": "sum((z2 - y)**2)/2"},
        {"W1": "h, n", "W2": "m, h", "x": "n", "y": "m"},
    ),
    "shared": ({"h1": "tanh(W @ x)", "h2": "tanh(W @ h1)", "L": "sum(h2**2)"}, {"W": "n, n", "x": "n"}),
    "logistic": (
        {"p": "sigmoid(X @ w + b)", "L": "-mean(y*log(p) + (1 - y)*log(1 - p))"},
        {"X": "N, n", "w": "n", "y": "N"},
    ),
    "norm": ({"r": "norm(x - a)", "L": "r**3"}, {"x": "n", "a": "n"}),
}
SECOND = [
    ("least squares", "w", "w"),
    ("least squares", "X", "w"),
    ("softmax", "z", "z"),
    ("softmax", "W", "x"),
    ("softmax", "y", "z"),
    ("two layers", "W1", "W1"),
    ("two layers", "W2", "W1"),
    ("two layers", "z1", "W2"),
    ("logistic", "w", "w"),
    ("logistic", "X", "w"),
    ("logistic", "y", "b"),
    ("norm", "x", "a"),
]
FIRST = [
    ("softmax", "p", "z"),
    ("softmax", "p", "W"),
    ("two layers", "z2", "x"),
    ("two layers", "a1", "W1"),
    ("shared", "h2", "x"),
    ("shared", "h2", "W"),
]


def graph_of(name: str, **more: object) -> sb.Graph:
    define, shapes = GRAPHS[name]
    return sb.graph(define, shapes, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "first", "second"), SECOND)
def test_second_derivatives_are_proved(name: str, first: str, second: str) -> None:
    graph = graph_of(name)
    found = second_derivative(graph, "L", first, second)
    assert found.shape == graph.shape(first) + graph.shape(second)
    assert verify_formula(graph, f"d(d(L, {first}), {second})", found).proved


@pytest.mark.parametrize(("first", "second"), [("w", "w"), ("w", "b"), ("b", "b")])
def test_what_cancels_with_an_output_delta_is_left_out(first: str, second: str) -> None:
    """The Hessian of logistic regression does not depend on the targets, nor is it written with them."""
    found = second_derivative(graph_of("logistic"), "L", first, second)
    assert not {name for name in names_in(found.expr) if name == "y" or is_adjoint(name)}
    assert found.expr.has(sp.Sum) and all(node.function.is_Mul for node in found.expr.atoms(sp.Sum))


@pytest.mark.parametrize(("name", "array", "by"), FIRST)
def test_derivatives_of_arrays_are_proved(name: str, array: str, by: str) -> None:
    graph = graph_of(name)
    found = jacobian(graph, array, by)
    assert found.shape == graph.shape(array) + graph.shape(by)
    assert verify_formula(graph, f"d({array}, {by})", found).proved


def test_a_side_condition_is_used_after_differentiation_and_not_by_what_it_constrains() -> None:
    graph = graph_of("softmax", assume={"targets": "sum(y) == 1"})
    by_z, by_y = (second_derivative(graph, "L", "z", v) for v in ("z", "y"))
    assert "y" not in {str(symbol) for symbol in by_z.expr.free_symbols}
    assert verify_formula(graph, "d(d(L, z), z)", by_z).assumptions == ("sum(y) == 1",)
    assert verify_formula(graph, "d(d(L, z), y)", by_y).proved
    assert sb.verify("d(d(L, z), y) == -eye(m)", graph).kind != sb.Kind.PROVED


def test_the_hessian_of_multinomial_regression_is_written_without_the_targets() -> None:
    define = {"P": "softmax(X @ W.T)", "L": "-sum(Y*log(P))"}
    shapes = {"X": "N, n", "W": "m, n", "Y": "N, m"}
    graph = sb.graph(define, shapes, assume={"targets": "sum(Y, axis=1) == 1"})
    found = second_derivative(graph, "L", "W", "W")
    assert names_in(found.expr) == {"P", "X"}
    assert verify_formula(graph, "d(d(L, W), W)", found).proved


def test_what_does_not_depend_is_refused() -> None:
    graph = graph_of("least squares")
    with pytest.raises(GraphError, match="does not depend"):
        jacobian(graph, "L", "L")
    with pytest.raises(GraphError, match="unknown name 'q'"):
        second_derivative(graph, "L", "w", "q")
