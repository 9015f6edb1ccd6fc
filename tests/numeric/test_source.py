# ruff: noqa: N803  (matrices have capital names)
"""Generated NumPy: its gradients are those of its loss, it agrees with autograd, and it is stable at ±800."""

from collections.abc import Callable, Mapping
from typing import Any

import autograd
import autograd.numpy as anp
import mpmath
import numpy as np
import pytest
import sympy as sp

from symbackprop.catalogue.activations import ACTIVATIONS
from symbackprop.catalogue.derivatives import definition
from symbackprop.derivation.delta_rule import delta_rule
from symbackprop.errors import GraphError, NotSupportedError
from symbackprop.model.build import graph_from_formulas
from symbackprop.model.graph import Definition, Graph
from symbackprop.numeric.functions import lambdify_instance
from symbackprop.numeric.source import GeneratedSource, compile_numpy, numpy_source
from symbackprop.numeric.source_helpers import HELPERS
from symbackprop.tensor.instantiate import instantiate
from symbackprop.tensor.nodes import adjoint_name, entry
from symbackprop.tensor.tensor import Tensor, variable

SIZES = {"N": 5, "n": 4, "h": 3, "m": 2, "t": 6, "d_": 7}
Arrays = dict[str, Any]


def source_of(define: Mapping[str, str], shapes: Mapping[str, str], loss: str = "E", **options: Any) -> GeneratedSource:
    graph = graph_from_formulas(define, shapes, **options)
    return numpy_source(graph, loss, delta_rule(graph, loss).adjoints)


def some_arrays(graph: Graph, seed: int = 0) -> Arrays:
    rng = np.random.default_rng(seed)
    return {
        name: rng.uniform(0.2, 1.0, [SIZES[str(s)] if s.is_Symbol else int(s) for s in shape])
        for name, shape in graph.inputs.items()
    }


MODELS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "squared error": (
        {"z1": "W1 @ x + b1", "a1": "tanh(z1)", "o": "W2 @ a1", "E": "sum((y - o)**2)/2"},
        {"W1": "h, n", "x": "n", "b1": "h", "W2": "m, h", "y": "m"},
    ),
    "binary cross entropy": (
        {"z": "w @ x + b", "o": "sigmoid(z)", "E": "-(y*log(o) + (1 - y)*log(1 - o))"},
        {"w": "n", "x": "n", "b": "", "y": ""},
    ),
    "softmax of a batch": (
        {"Z1": "X @ W1.T + b1", "A1": "sigmoid(Z1)", "Z2": "A1 @ W2.T + b2", "P": "softmax(Z2)",
         "E": "-sum(Y*log(P))/N + lam/2*sum(W1**2)"},
        {"X": "N, n", "W1": "h, n", "b1": "h", "W2": "m, h", "b2": "m", "Y": "N, m", "lam": ""},
    ),
    "layer normalisation": (
        {"mu": "mean(x, axis=1, keepdims=True)", "c": "x - mu", "s": "sqrt(mean(c**2, axis=1, keepdims=True) + 1e-5)",
         "y": "g*c/s + b", "E": "sum(y*t)"},
        {"x": "N, n", "g": "n", "b": "n", "t": "N, n"},
    ),
    "attention": (
        {"Q": "X @ Wq", "K": "X @ Wk", "S": "Q @ K.T/sqrt(d_)", "O": "softmax(S) @ X", "E": "sum(O*T)"},
        {"X": "t, m", "Wq": "m, d_", "Wk": "m, d_", "T": "t, m"},
    ),
    "columns": (
        {"Z": "W @ X + b", "P": "softmax(Z, axis=0)", "E": "-sum(Y*log(P))/N + norm(W)"},
        {"W": "h, n", "X": "n, N", "b": "h, 1", "Y": "h, N"},
    ),
    "outer products": (
        {"M": "outer(u, v) + diag(u) @ A", "E": "sum(M**2) + trace(B) + u @ B @ u"},
        {"u": "h", "v": "n", "A": "h, n", "B": "h, h"},
    ),
    "three axes": (
        {"Y": "T @ W", "E": "sum(tanh(Y)**2) + sum(mean(T, axis=(0, 2)))"},
        {"T": "N, h, n", "W": "n, m"},
    ),
    "many heads": (
        {"S": "Q @ swapaxes(K, -1, -2)/sqrt(d_)", "P": "softmax(S + M[None, None])", "O": "P @ V", "E": "sum(O*T)"},
        {"Q": "N, h, t, d_", "K": "N, h, t, d_", "V": "N, h, t, m", "M": "t, t", "T": "N, h, t, m"},
    ),
    "normalised rows": (
        {"y": "(x - mean(x, axis=1)[:, None])/std(x, axis=1, keepdims=True)", "v": "var(x, axis=0)",
         "E": "sum(y*t) + sum(v**2) + std(x)"},
        {"x": "N, n", "t": "N, n"},
    ),
    "pieces": (
        {"a": "maximum(x - y, 0)", "b": "where(x > y, x**2, 3*y)",
         "E": "sum(a*b) + sum(abs(x - 2*y)) + logsumexp(x*y)"},
        {"x": "n", "y": "n"},
    ),
}  # fmt: skip
MODELS |= {
    f"activation {name}": ({"z": "W @ x", "a": f"{name}(z)", "E": "sum(a**2)"}, {"W": "h, n", "x": "n"})
    for name in ACTIVATIONS
}


@pytest.mark.parametrize("model", MODELS)
def test_gradients_are_central_differences_of_the_loss(model: str) -> None:
    define, shapes = MODELS[model]
    graph = graph_from_formulas(define, shapes)
    function = compile_numpy(source_of(define, shapes))
    arrays = some_arrays(graph)
    _, gradients = function(**arrays)
    assert set(gradients) == set(graph.inputs)
    for name, gradient in gradients.items():
        assert gradient.shape == arrays[name].shape
        assert gradient == pytest.approx(central_differences(function, arrays, name), rel=1e-6, abs=1e-7), name


def central_differences(function: Callable[..., Any], arrays: Arrays, name: str, step: float = 1e-6) -> Any:
    result = np.zeros_like(arrays[name])
    for position in np.ndindex(arrays[name].shape):
        losses = []
        for sign in (1, -1):
            moved = arrays[name].copy()
            moved[position] += sign * step
            losses.append(function(**{**arrays, name: moved})[0])
        result[position] = (losses[0] - losses[1]) / (2 * step)
    return result


def row_normalised(z: Any) -> Any:
    return z - anp.log(anp.sum(anp.exp(z), axis=1, keepdims=True))


FORWARD: dict[str, Callable[..., Any]] = {
    "squared error": lambda W1, x, b1, W2, y: anp.sum((y - W2 @ anp.tanh(W1 @ x + b1)) ** 2) / 2,
    "softmax of a batch": lambda X, W1, b1, W2, b2, Y, lam: (
        -anp.sum(Y * row_normalised((1 / (1 + anp.exp(-(X @ W1.T + b1)))) @ W2.T + b2)) / len(X)
        + lam / 2 * anp.sum(W1**2)
    ),
    "attention": lambda X, Wq, Wk, T: anp.sum(
        anp.exp(row_normalised(X @ Wq @ (X @ Wk).T / anp.sqrt(Wq.shape[1]))) @ X * T
    ),
}


@pytest.mark.parametrize("model", FORWARD)
def test_autograd_finds_the_same_gradients(model: str) -> None:
    define, shapes = MODELS[model]
    graph = graph_from_formulas(define, shapes)
    arrays = some_arrays(graph, seed=3)
    loss, gradients = compile_numpy(source_of(define, shapes))(**arrays)
    forward = FORWARD[model]
    values = [arrays[name] for name in graph.inputs]
    assert loss == pytest.approx(forward(*values))
    for place, name in enumerate(graph.inputs):
        assert gradients[name] == pytest.approx(autograd.grad(forward, place)(*values), rel=1e-9, abs=1e-12)


# --- stability


@pytest.mark.parametrize("z", [800.0, -800.0, 0.0])
@pytest.mark.parametrize("y", [0.0, 1.0])
def test_binary_cross_entropy_is_stable(z: float, y: float) -> None:
    define, shapes = MODELS["binary cross entropy"]
    function = compile_numpy(source_of(define, shapes))
    with np.errstate(all="raise", under="ignore"):
        loss, gradients = function(w=np.ones(2), x=np.array([z, 0.0]), b=0.0, y=y)
    assert loss == pytest.approx(max(z, 0.0) - y * z + np.log1p(np.exp(-abs(z))))
    assert gradients["b"] == pytest.approx({800.0: 1.0, -800.0: 0.0, 0.0: 0.5}[z] - y)


@pytest.mark.parametrize(
    "loss", ["-sum(Y*log(softmax(Z)))", "-sum(Y*log(P))", "sum(Y*(logsumexp(Z, axis=1, keepdims=True) - Z))"]
)
def test_cross_entropy_is_stable(loss: str) -> None:
    source = source_of({"Z": "1*X", "P": "softmax(Z)", "E": loss}, {"X": "N, n", "Y": "N, n"})
    with np.errstate(all="raise", under="ignore"):
        value, gradients = compile_numpy(source)(X=[[800.0, -800.0], [0.0, 800.0]], Y=[[0.0, 1.0], [0.0, 1.0]])
    assert value == pytest.approx(1600.0)
    assert gradients["X"] == pytest.approx(np.array([[1.0, -1.0], [0.0, 0.0]]))


@pytest.mark.parametrize("formula", ["1/(1 + exp(-x))", "log(1 + exp(x))", "log(exp(x) + 1)", "exp(x)/sum(exp(x))"])
def test_written_out_forms_are_recognised(formula: str) -> None:
    graph = graph_from_formulas({"a": formula, "E": "sum(a)"}, {"x": "n"})
    function = compile_numpy(numpy_source(graph, "E", {}))
    with np.errstate(all="raise", under="ignore"):
        loss, _ = function(x=[800.0, -800.0])
    assert loss == pytest.approx(800.0 if "log" in formula else 1.0)


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if ACTIVATIONS[name].elementwise])
@pytest.mark.parametrize("order", [0, 1])
def test_helpers_are_the_functions_of_the_catalogue(name: str, order: int) -> None:
    """The catalogue's formula with 80 digits, kinks included."""
    arguments = ["z", *ACTIVATIONS[name].parameters]
    call = f"prime({name}, {', '.join(arguments)})" if order else f"{name}({', '.join(arguments)})"
    graph = graph_from_formulas({"a": call, "E": "1*a"}, {"z": ""})
    generated = compile_numpy(numpy_source(graph, "E", {}))
    formals, formula = definition(name, order)
    exact = sp.lambdify(formals, instantiate(formula, {}), "mpmath")
    for z in (-800.0, -30.0, -3.0, -0.5, 0.0, 0.25, 2.0, 30.0, 800.0):
        point = [z, *(0.25 for _ in arguments[1:])]
        with np.errstate(all="raise", under="ignore"):
            value, _ = generated(*point)
        with mpmath.workdps(80):
            wanted = float(exact(*map(mpmath.mpf, point)))
        assert value == pytest.approx(wanted, rel=1e-12, abs=1e-13), z


# --- the text


def test_the_gradient_of_a_batch_is_the_mean_over_its_rows() -> None:
    define = {"Z": "X @ W.T + b", "P": "softmax(Z)", "E": "-sum(Y*log(P))/N"}
    shapes = {"X": "N, n", "W": "m, n", "b": "m", "Y": "N, m"}
    function = compile_numpy(source_of(define, shapes))
    arrays = some_arrays(graph_from_formulas(define, shapes), seed=5)
    loss, gradients = function(**arrays)
    rows = [function(**{**arrays, "X": arrays["X"][[k]], "Y": arrays["Y"][[k]]}) for k in range(SIZES["N"])]
    assert loss == pytest.approx(np.mean([row[0] for row in rows]))
    for name in ("W", "b"):
        assert gradients[name] == pytest.approx(np.mean([row[1][name] for row in rows], axis=0))


def test_the_source_reads_like_written_by_hand() -> None:
    define = {"z1": "W @ x", "h": "sigmoid(z1)", "z2": "v @ h", "o": "sigmoid(z2)", "E": "(y - o)**2 / 2"}
    graph = graph_from_formulas(define, {"x": "n", "W": "m, n", "v": "m"})
    source = numpy_source(graph, "E", delta_rule(graph, "E", ["W", "v"]).adjoints)
    body = source[source.index('    """\n    x = ') :]
    assert (
        body
        == '''\
    """
    x = np.asarray(x, dtype=float)
    W = np.asarray(W, dtype=float)
    v = np.asarray(v, dtype=float)
    y = np.asarray(y, dtype=float)
    _sizes(x=(x, "n"), W=(W, "m", "n"), v=(v, "m"), y=(y,))
    z1 = W @ x
    h = _sigmoid(z1)
    z2 = v @ h
    o = _sigmoid(z2)
    E = (y - o) ** 2 / 2
    grad_z2 = o * (1 - o) * (o - y)
    grad_v = grad_z2 * h
    grad_h = grad_z2 * v
    grad_z1 = grad_h * h * (1 - h)
    grad_W = np.outer(grad_z1, x)
    return float(E), {"v": grad_v, "W": grad_W}
'''
    )
    assert "W: (m, n)" in source
    assert [name for name in HELPERS if f"def {name}(" in source] == ["_sizes", "_sigmoid"]


def test_an_arbitrary_function_and_its_derivative_are_arguments() -> None:
    source = source_of({"a": "f(W @ x)", "E": "sum(a)"}, {"W": "m, n", "x": "n"}, functions=["f"])
    _, gradients = compile_numpy(source)([[0.5, 0.25]], [1.0, 2.0], np.sin, np.cos)
    assert gradients["W"] == pytest.approx(np.outer(np.cos([1.0]), [1.0, 2.0]))


def test_names_never_clash_with_python() -> None:
    names = ["np", "float", "sizes", "match", "grad_x", "x", "loss_and_gradients", "math"]
    define = {"E": " + ".join(f"sum({name}**2)" for name in names) + " + gelu(type)"}
    source = source_of(define, dict.fromkeys(names, "n"))
    _, gradients = compile_numpy(source)(*([[1.0, 2.0]] * len(names)), 0.5)
    assert all(gradients[name] == pytest.approx([2.0, 4.0]) for name in names)


def test_wrong_shapes_are_told() -> None:
    function = compile_numpy(source_of({"E": "sum(A @ x)"}, {"A": "m, n", "x": "n"}))
    with pytest.raises(ValueError, match=r"x has the shape \(3,\), expected \(2,\)"):
        function(np.ones((4, 2)), np.ones(3))


def test_only_identifiers_become_text() -> None:
    evil = "x); import os; (x"
    tensor = variable(evil, ())
    graph = Graph(inputs={evil: ()}, definitions={"E": Definition(name="E", tensor=tensor, formula=evil)})
    with pytest.raises(GraphError, match="no name for generated code"):
        numpy_source(graph, "E", {})


def test_only_generated_source_is_executed() -> None:
    with pytest.raises(TypeError, match="executes nothing but"):
        compile_numpy("print('hello')")  # type: ignore[arg-type]


def test_adjoints_stand_in_order() -> None:
    graph = graph_from_formulas({"a": "x**2", "E": "2*a"}, {"x": ""})
    upstream = Tensor(2 * entry("x") * entry(adjoint_name("E", "a")))
    with pytest.raises(GraphError, match="does not stand before it"):
        numpy_source(graph, "E", {"x": upstream, "a": Tensor(sp.Integer(2))})


def test_what_numpy_has_no_words_for() -> None:
    graph = graph_from_formulas({"a": "prime(f, x)", "E": "2*a"}, {"x": ""}, functions=["f"])
    with pytest.raises(NotSupportedError, match="the gradient by 'x' has no form"):
        numpy_source(graph, "E", delta_rule(graph, "E").adjoints)


# --- instances


def test_an_instance_as_a_function_of_floats() -> None:
    graph = graph_from_formulas({"E": "sum(sigmoid(W @ x)) + sum(relu(x))"}, {"W": "m, n", "x": "n"})
    expr = instantiate(graph.definitions["E"].tensor.expr, {"m": 1, "n": 2})
    symbols = sorted(expr.free_symbols, key=str)
    function = lambdify_instance({"E": expr, "twice": 2 * expr}, symbols)
    assert [str(s) for s in symbols] == ["W[0, 0]", "W[0, 1]", "x[0]", "x[1]"]
    with np.errstate(all="raise", under="ignore"):
        assert function(1.0, -2.0, 800.0, -3.0) == pytest.approx({"E": 801.0, "twice": 1602.0})


def test_lambdify_never_sees_a_users_name() -> None:
    evil = sp.Symbol("__import__('os').abort()", real=True)
    assert lambdify_instance({"y": evil**2}, [evil])(3.0) == {"y": 9.0}
    with pytest.raises(NotSupportedError, match="not among the arguments"):
        lambdify_instance({"y": evil**2}, [])


@pytest.mark.parametrize("comment", ['# """ + boom() #', "# \\", '# """\n', "# '''"])
def test_assumptions_stand_in_the_docstring_and_cannot_leave_it(comment: str) -> None:
    graph = graph_from_formulas({"L": "sum(y*x)"}, {"x": "n", "y": "n"}, assume={"t": f"(sum(y) == 1 {comment}\n)"})
    source = numpy_source(graph, "L", delta_rule(graph, "L", ["x"]).adjoints)
    assert "    Assumed:\n        sum(y) == 1\n" in source
    assert "boom" not in source
    assert callable(compile_numpy(source))
