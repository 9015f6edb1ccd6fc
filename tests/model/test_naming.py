"""Activations within formulas get names, and every formula keeps its meaning."""

import re
import warnings

import numpy as np
import pytest

import symbackprop as sb
from symbackprop.model.naming import with_activations_named, with_formula
from symbackprop.numeric.source import compile_numpy, numpy_source
from symbackprop.tensor.indices import alpha_normal
from symbackprop.tensor.nodes import entry

SHAPES = {"W": "m, n", "x": "n", "y": "m", "V": "k, m"}


def _named(define: dict[str, str], taken: tuple[str, ...] = (), functions: tuple[str, ...] = ()) -> dict[str, str]:
    used = " ".join(define.values())
    shapes = {key: shape for key, shape in SHAPES.items() if key in used}
    return with_activations_named(sb.graph(define, shapes, functions=functions), taken)


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
    define = _named({"L": formula})
    shapes = {key: shape for key, shape in SHAPES.items() if key in formula}
    assert sb.verify(f"L == {formula}", sb.graph(define, shapes)).proved
    assert not any(character in define["L"] for character in ("softmax(", "sigmoid(", "relu("))


@pytest.mark.parametrize(
    "define",
    [
        {"p": "softmax(W @ x)", "L": "-sum(y*log(p))"},
        {"h": "tanh(W @ x)", "p": "softmax(V @ h)", "L": "sum(p**2)"},
        {"z": "3*x", "h": "W @ sigmoid(z + x)", "a": "relu(h)", "L": "sum(a*sigmoid(W @ z)) + sum(tanh(h))"},
        {"p": "(sigmoid((W @ x)))", "q": "1 - sigmoid(W @ x)", "L": "sum(p*q)"},
        {"p": "leaky_relu(leaky_relu(W @ x, 0.10000000000000000000001))", "L": "sum(p)"},
    ],
)
def test_definitions_keep_their_names_and_their_meaning(define: dict[str, str]) -> None:
    named = _named(define)
    assert [name for name in named if name in define] == list(define)
    shapes = {key: shape for key, shape in SHAPES.items() if key in " ".join(define.values())}
    before, after = sb.graph(define, shapes), sb.graph(named, shapes)
    for name in define:
        values = [g.expand(g.definitions[name].tensor.expr, g.definitions) for g in (before, after)]
        assert alpha_normal(values[0]) == alpha_normal(values[1])
    calls = re.findall(r"(?:softmax|sigmoid|relu|tanh)\((.)", " ".join(named.values()))
    assert calls and "W" not in calls


def test_an_activation_that_is_defined_gets_a_name_for_its_argument_alone() -> None:
    assert _named({"p": "softmax(W @ x)"}) == {"z": "W @ x", "p": "softmax(z)"}
    assert _named({"p": "softmax(x)"}) == {"p": "softmax(x)"}


def test_equal_parts_share_a_name() -> None:
    define = _named({"L": "sum(sigmoid(W @ x)) + sum(sigmoid(W @ x)**2)"})
    assert define == {"z": "W @ x", "a": "sigmoid(z)", "L": "sum(a) + sum(a**2)"}
    assert _named({"p": "sigmoid(W @ x)", "q": "tanh(W @ x)"})["q"] == "tanh(z1)"


def test_taken_names_are_left_alone() -> None:
    define = _named({"L": "sum(b*tanh(u + 1))"}, taken=("a", "z"))
    assert len(define) == 3 and not {"a", "z"} & set(define)
    assert define["L"] == f"sum(b*{list(define)[1]})"
    used = sb.graph({"L": "sum(a*tanh(z + 1))"}, {"a": "n", "z": "n", "z1": "n"}, assume={"positive": "z1 > 0"})
    assert not {"a", "z", "z1", "n"} & set(with_activations_named(used))


def test_declared_functions_are_named() -> None:
    define = _named({"q": "f(x)", "L": "sum(f(y))"}, functions=("f",))
    assert define["q"] == "f(x)" and define["a"] == "f(y)" and define["L"] == "sum(a)"


def test_a_formula_is_the_last_definition_or_the_name_of_one() -> None:
    assert with_formula("sum(L)", {"E": "x"}) == ({"E": "x", "J": "sum(L)"}, "J")
    assert with_formula(" q ", {"q": "sum(x)"}) == ({"q": "sum(x)"}, "q")


@pytest.mark.parametrize(
    ("formula", "p", "y"),
    [
        ("-sum(y*log(p))", "softmax(W @ x)", [1.0, 0.0]),
        ("-mean(y*log(p) + (1 - y)*log(1 - p))", "sigmoid(W @ x)", [0.0, 1.0]),
    ],
)
def test_saturated_activations_that_are_defined_have_gradients(formula: str, p: str, y: list[float]) -> None:
    shapes = {"W": "m, n", "x": "n", "y": "m"}
    derived = sb.gradient(formula, shapes, "W", define={"p": p}, assume={"targets": "sum(y) == 1"})
    function = compile_numpy(numpy_source(derived.graph, derived.loss, derived.delta_rule.adjoints, wrt=["W"]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loss, gradients = function(np.array([[900.0, 0.0], [-900.0, 0.0]]), np.array([1.0, 0.0]), np.array(y))
    assert np.isfinite(loss) and np.isfinite(gradients["W"]).all()
    error = (np.array([1.0, 0.0]) - y) / (2 if "mean" in formula else 1)
    assert np.allclose(gradients["W"], np.outer(error, [1.0, 0.0]))


def test_the_output_delta_of_a_defined_softmax_is_p_minus_y() -> None:
    shapes = {"W": "m, n", "x": "n", "y": "m"}
    derived = sb.gradient("-sum(y*log(p))", shapes, "W", define={"p": "softmax(W @ x)"}, assume={"t": "sum(y) == 1"})
    assert sb.verify("d(L, W) == outer(p - y, x)", derived.graph).proved
    delta = derived.delta_rule.adjoints["z"]
    assert delta.expr == entry("p", *delta.indices) - entry("y", *delta.indices)
