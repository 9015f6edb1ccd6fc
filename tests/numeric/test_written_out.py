"""Formulas that their author has written out: generated NumPy computes them without overflow, branch by branch."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp

from symbackprop.catalogue.derivatives import unfold
from symbackprop.derivation.delta_rule import delta_rule
from symbackprop.model.build import graph_from_formulas
from symbackprop.model.graph import Graph
from symbackprop.numeric.functions import lambdify_instance
from symbackprop.numeric.source import GeneratedSource, compile_numpy, numpy_source
from symbackprop.numeric.stable_forms import with_stable_quotients
from symbackprop.tensor.instantiate import entry_symbol, instantiate
from symbackprop.tensor.nodes import Expr, IsZero, Positive, scalar

X = scalar("x")


def source_of(define: Mapping[str, str], shapes: Mapping[str, str]) -> GeneratedSource:
    graph = graph_from_formulas(define, shapes)
    return numpy_source(graph, "E", delta_rule(graph, "E").adjoints)


WRITTEN_OUT = [
    "log(1 + exp(x))",
    "log(exp(x) + exp(-x))",
    "log((exp(x) + exp(-x))/2)",
    "log(2 + 3*exp(x) + exp(2*x)/5)",
    "log(1 + sum(exp(x)))",
    "log(sum(exp(x)))",
    "exp(x)/sum(exp(x))",
    "log(exp(x)/sum(exp(x)))",
    "1/(1 + exp(-x))",
    "log(1/(1 + exp(-x)))",
    "log(1 - 1/(1 + exp(-x)))",
    "x/(1 + exp(-x))",
    "exp(x)/(1 + exp(x))",
    "exp(x)/(2 + 3*exp(x))",
    "(exp(x) - exp(-x))/(exp(x) + exp(-x))",
    "(1 - exp(-2*x))/(1 + exp(-2*x))",
    "4/(exp(x) + exp(-x))**2",
    "x*tanh(log(1 + exp(x)))",
    "exp(x)/(1 + exp(x) + exp(2*x))",
]


@pytest.mark.parametrize("formula", WRITTEN_OUT)
def test_what_is_written_out_by_hand_does_not_overflow(formula: str) -> None:
    """Values and gradients at ±800, where exp has no floats, are those of 400 exact digits."""
    define = {"a": formula, "E": "sum(c*a)"}
    graph = graph_from_formulas(define, {"x": "n", "c": "n"})
    function = compile_numpy(source_of(define, {"x": "n", "c": "n"}))
    for point in ([800.0, -800.0], [-3.0, 0.5], [-800.0, -800.0]):
        if "sum" in formula and point == [-3.0, 0.5]:
            continue
        with np.errstate(all="raise", under="ignore"):
            loss, gradients = function(x=point, c=[1.0, -2.0])
        with mpmath.workdps(1500):
            wanted, slopes = _by_many_digits(graph, point)
        assert loss == pytest.approx(wanted, rel=1e-12, abs=1e-12)
        assert gradients["x"] == pytest.approx(slopes, rel=1e-9, abs=1e-12)


def _by_many_digits(graph: Graph, point: list[float]) -> tuple[float, list[float]]:
    """Σ c a for c = (1, -2) and its derivatives, as difference quotients of numbers with very many digits."""
    exact = instantiate(graph.expand(graph.definitions["E"].tensor.expr, ["a"]), {"n": 2})
    symbols = [entry_symbol("x", (k,)) for k in range(2)]
    weights = {entry_symbol("c", (0,)): 1, entry_symbol("c", (1,)): -2}
    value = sp.lambdify(symbols, unfold(exact).xreplace(weights), "mpmath")
    x, h = [mpmath.mpf(p) for p in point], mpmath.mpf(10) ** -300
    slopes = [(value(x[0] + h, x[1]) - value(x[0] - h, x[1])) / (2 * h)]
    slopes.append((value(x[0], x[1] + h) - value(x[0], x[1] - h)) / (2 * h))
    return float(value(*x)), [float(slope) for slope in slopes]


@pytest.mark.parametrize(
    ("formula", "slopes"),
    [
        ("where(x > 0, sqrt(x), 0)", [0.0, 0.25]),
        ("where(x > 0, log(x), x)", [1.0, 0.25]),
        ("(x > 0)*log(x)", [0.0, 0.25]),
        ("(1 - (x < 0))*exp(-200*x)", [0.0, 0.0]),
        ("((x > 0) - 1)*sqrt(-x)", [0.25, 0.0]),
        ("where((x > 0)*(x < 9), sqrt(x), x)", [1.0, 0.25]),
    ],
)
def test_a_branch_without_a_value_counts_only_where_it_is_taken(formula: str, slopes: list[float]) -> None:
    function = compile_numpy(source_of({"E": f"sum({formula})"}, {"x": "n"}))
    with np.errstate(invalid="ignore", over="ignore"):
        loss, gradients = function(x=[-4.0, 4.0])
    assert np.isfinite(loss)
    assert gradients["x"] == pytest.approx(slopes)


@pytest.mark.parametrize(
    ("expr", "below", "above"),
    [
        (Positive(X) * sp.sqrt(X), 0.0, 2.0),
        ((1 - Positive(X)) * sp.log(-X), np.log(4.0), 0.0),
        (Positive(X) * (1 - IsZero(X - 4)) / sp.sqrt(X), 0.0, 0.0),
        (Positive(X) * sp.exp(-200 * X), 0.0, 0.0),
    ],
    ids=str,
)
def test_a_branch_of_an_instance_counts_only_where_it_is_taken(expr: Expr, below: float, above: float) -> None:
    function = lambdify_instance({"E": expr}, [X])
    with np.errstate(invalid="ignore", over="ignore"):
        assert [function(v)["E"] for v in (-4.0, 4.0)] == pytest.approx([below, above], abs=1e-300)


@pytest.mark.parametrize(
    "define",
    [
        {"h": "x - x", "E": "sum(h) + sum(c**2)"},
        {"h": "where(x > x, x, c)", "E": "sum(h**2)"},
        {"h": "outer(ones(n), ones(n))", "E": "sum(h)*r"},
    ],
)
def test_what_cancels_is_not_needed(define: dict[str, str]) -> None:
    """A quantity that leaves no trace in its formula is no name that the source could know; its size may be one."""
    shapes = {"x": "n", "c": "n", "r": ""}
    graph = graph_from_formulas(define, shapes)
    function = compile_numpy(source_of(define, shapes))
    loss, _ = function(**{name: value for name, value in SMALL.items() if name in parameters(function)})
    assert loss == pytest.approx({"sum(h)*r": 12.0}.get(define["E"], 13.0))
    assert set(parameters(function)) <= set(graph.inputs)


SMALL = {"x": [1.0, -5.0], "c": [2.0, 3.0], "r": 3.0}


def parameters(function: Callable[..., Any]) -> list[str]:
    """The names of the arguments of a generated function."""
    return list(inspect.signature(function).parameters)


# --- the rule itself


x, y = scalar("x"), scalar("y")
QUOTIENTS = [
    sp.exp(x) / (sp.exp(x) + sp.exp(y)),
    sp.exp(2 * x) / (1 + sp.exp(x)) ** 3,
    (sp.exp(x) - sp.exp(2 * x) / (sp.exp(x) + 1)) / (sp.exp(x) + 1),
    y * sp.exp(-x) / (1 + sp.exp(-x)) ** 2 + (x + y) / (1 + sp.exp(x)),
    (sp.exp(x) - 1) * (sp.exp(y) + 3) / ((sp.exp(x) + 1) * (2 * sp.exp(y) + 5)),
    (sp.exp(x + y) - sp.exp(-x - y)) / (sp.exp(x + y) + sp.exp(-x - y)),
    y / (sp.exp(x) + sp.exp(-x)) ** 2,
    sp.log(1 / (1 + sp.exp(-x))),
]


@pytest.mark.parametrize("quotient", QUOTIENTS, ids=str)
def test_a_stable_quotient_is_the_same_function(quotient: Expr) -> None:
    stable = with_stable_quotients(quotient)
    assert stable != quotient
    for point in ({x: sp.Rational(3, 4), y: sp.Rational(-5, 3)}, {x: sp.Rational(-7, 2), y: sp.Rational(1, 5)}):
        left, right = (unfold(form).xreplace(point).evalf(30) for form in (quotient, stable))
        assert abs(left - right) < sp.Float("1e-25")


@pytest.mark.parametrize("kept", [1 / (sp.exp(x) - 1), sp.exp(x) / (x + sp.exp(x)), 1 / (1 - sp.exp(x)), sp.exp(x) / y])
def test_other_quotients_stay(kept: Expr) -> None:
    assert with_stable_quotients(kept) == kept
