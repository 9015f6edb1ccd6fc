"""Activations within a formula get names, and the formula keeps its meaning."""

import pytest

import symbackprop as sb
from symbackprop.model.naming import named_parts, with_formula

SHAPES = {"W": "m, n", "x": "n", "y": "m", "V": "k, m"}


@pytest.mark.parametrize(
    "formula",
    [
        "-sum(y*log(softmax(W @ x)))",
        "sum((V @ tanh(W @ x + y))**2)",
        "sum(relu(V @ silu(W @ x)))",
        "sum(sigmoid(x)*0.10000000000000000000001 + sigmoid(x))",
        "sum(leaky_relu(W @ x, 0.2)) - sum(softmax(W, axis=0))",
        "sum(sigmoid(sigmoid(sigmoid(x))))",
        "sum(x)",
    ],
)
def test_the_formula_with_names_means_the_same(formula: str) -> None:
    define, name = with_formula(formula, {}, taken=SHAPES)
    shapes = {key: shape for key, shape in SHAPES.items() if key in formula}
    graph = sb.graph(define, shapes)
    assert sb.verify(f"{name} == {formula}", graph).proved
    assert not any(character in define[name] for character in ("softmax(", "sigmoid(", "relu("))


def test_equal_parts_share_a_name() -> None:
    define, rest = named_parts("sum(sigmoid(W @ x)) + sum(sigmoid(W @ x)**2)")
    assert dict(define) == {"z": "W @ x", "a": "sigmoid(z)"} and rest == "sum(a) + sum(a**2)"


def test_taken_names_are_left_alone() -> None:
    define, rest = named_parts("sum(a*tanh(z + 1))", taken={"a", "z"})
    assert len(define) == 2 and not {"a", "z"} & set(define)
    assert rest == f"sum(a*{list(define)[-1]})"


def test_declared_functions_are_named_and_definitions_are_not_touched() -> None:
    define, name = with_formula("sum(f(x))", {"q": "sigmoid(W @ x)"}, functions=["f"])
    assert define["q"] == "sigmoid(W @ x)" and define["a"] == "f(x)" and define[name] == "sum(a)"
    assert with_formula(" q ", {"q": "sum(x)"}) == ({"q": "sum(x)"}, "q")
