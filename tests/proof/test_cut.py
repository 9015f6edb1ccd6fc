"""Cutting formulas at the arguments of functions changes no value and no total derivative."""

from fractions import Fraction
from itertools import product
from random import Random
from typing import Any

import pytest
import sympy as sp
from flint import arb

from symbackprop.model.build import graph_from_formulas, relation
from symbackprop.model.graph import Graph, names_in
from symbackprop.proof.cut import Cut, is_step, nested_steps
from symbackprop.proof.points.balls import Evaluation
from symbackprop.tensor.indices import alpha_normal
from symbackprop.tensor.nodes import Partial, delta, elementwise, entry, index, size, summation

SIZES = {"n": 2, "m": 3}
NETWORK = graph_from_formulas(
    {
        "z": "W @ x",
        "h": "tanh(z)",
        "o": "sigmoid(V @ h + sum(h))",
        "L": "sum((sigmoid(V @ tanh(W @ x) + sum(tanh(W @ x))) - y)**2)",
        "E": "sum((o - y)**2) + log(sum(exp(V @ gelu(z))))",
        "s": "sum(softmax(W @ softmax(W @ x)))",
    },
    {"W": "n, n", "V": "m, n", "x": "n", "y": "m"},
)
SCALARS = ["L", "E", "s"]


def values(seed: int) -> dict[str, Any]:
    rng = Random(seed)

    def draw(*shape: int) -> Any:
        return [draw(*shape[1:]) for _ in range(shape[0])] if shape else Fraction(rng.randint(-6, 6), rng.randint(1, 5))

    return {"W": draw(2, 2), "V": draw(3, 2), "x": draw(2), "y": draw(3)}


def evaluations(cut: Cut, seed: int) -> tuple[Evaluation, Evaluation]:
    return tuple(Evaluation(graph, SIZES, values(seed)) for graph in (NETWORK, cut.graph()))  # type: ignore[return-value]


def cuts() -> list[Cut]:
    kept = [frozenset[str](), frozenset(["z"]), frozenset(["x", "h"])]
    return [Cut(NETWORK), *(Cut(NETWORK, True, names) for names in kept)]


@pytest.mark.parametrize("number", range(4))
def test_every_quantity_keeps_its_value(number: int) -> None:
    cut = cuts()[number]
    assert any(map(is_step, cut.graph().definitions))
    before, after = evaluations(cut, number)
    for name, definition in NETWORK.definitions.items():
        for position in before.positions(definition.tensor.shape):
            place = entry(name, *map(sp.Integer, position))
            assert arb(before.number(place)).overlaps(arb(after.number(place))), name


@pytest.mark.parametrize("number", range(4))
def test_every_total_derivative_keeps_its_value(number: int) -> None:
    cut = cuts()[number]
    before, after = evaluations(cut, number)
    by = ["W", "x", *([] if number == 0 else sorted(cut.kept))]
    by += ["z", "h", "o"] if number == 0 else []
    for scalar, name in product(SCALARS, by):
        shape = NETWORK.shape(name)
        for position in before.positions(shape):
            derivative = Partial(entry(scalar), entry(name, *map(sp.Integer, position)))
            assert arb(before.number(derivative)).overlaps(arb(after.number(derivative))), (scalar, name)


def test_a_relation_keeps_its_sides() -> None:
    claim = relation(NETWORK, "claim", "d(L, x) == W.T @ (d(E, z)*(1 - tanh(W @ x)**2))")
    for cut in (Cut(NETWORK), Cut(NETWORK, True, frozenset(["x", "z"]))):
        changed = cut.relation(claim)
        before, after = evaluations(cut, 7)
        for old, new in ((claim.left, changed.left), (claim.right, changed.right)):
            for k in range(2):
                where = {old.indices[0]: k}
                assert arb(before.number(old.expr, where)).overlaps(arb(after.number(new.expr, where)))
            assert not any(map(is_step, names_in(cut.restore(new.expr))))


def test_depth_is_counted_in_functions_of_sums() -> None:
    def depth(formula: str) -> int:
        graph: Graph = graph_from_formulas({"q": formula}, {"W": "n, n", "x": "n"})
        return nested_steps(graph.definitions["q"].tensor.expr)

    assert [depth(f) for f in ("W @ x", "tanh(x)", "tanh(W @ x)", "tanh(W @ tanh(W @ x))")] == [0, 0, 1, 2]
    assert depth("log(sum(exp(x)))") == 0


def test_a_step_names_its_argument_in_whatever_order_the_indices_appear() -> None:
    """The order of terms depends on the names of indices, and so does the order in which the indices appear."""
    n = size("n")
    i, j, k, summed = (index(name, n) for name in ("i0", "i1", "i2", "k0"))
    g, f = elementwise("g"), elementwise("f")
    total = summation(entry("y", summed), summed)
    arguments = [
        f(entry("Z", j, k) * entry("Z", k, i)) * entry("free2", k) + entry("B2", j) + total,
        f(entry("f2", k)) + g(entry("V", j) * entry("g", k)) + g(entry("V", k) * entry("f", i, k)) * total,
        delta(i, k) * delta(j, k) * entry("g", j, j) + entry("f2", i, i) + total * delta(j, k) * entry("B", i),
    ]
    for argument in arguments:
        cut = Cut(NETWORK)
        named = cut.expr(f(argument))
        assert any(map(is_step, names_in(named)))
        assert alpha_normal(cut.restore(named)) == alpha_normal(f(argument))
