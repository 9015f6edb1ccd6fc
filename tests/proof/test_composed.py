"""Long products are proved factor by factor: true lines of deep networks are, and no false one is."""

import pytest
import sympy as sp

from symbackprop.derivation.chain_rule import chain_rule
from symbackprop.derivation.delta_rule import delta_rule
from symbackprop.derivation.steps import Step
from symbackprop.model.build import graph_from_formulas
from symbackprop.model.graph import Graph
from symbackprop.proof.composed import Composed
from symbackprop.proof.factors import equal_in_factors
from symbackprop.proof.limits import Budget, Clock
from symbackprop.proof.verify import verify_lines, verify_routes
from symbackprop.tensor.indices import substitute
from symbackprop.tensor.nodes import Expr, Partial, entry, index, size
from symbackprop.tensor.tensor import axes

BUDGET = Budget(seconds=300)


def deep(depth: int, activation: str, width: str = "n{}") -> Graph:
    """A network of dense layers with half squared error; the first layer is used twice."""
    define, shapes, below = {}, {"x": width.format(0), "y": width.format(depth)}, "x"
    for layer in range(1, depth + 1):
        here, before = width.format(layer), width.format(layer - 1)
        shapes |= {f"W{layer}": f"{here}, {before}", f"b{layer}": here}
        define |= {f"z{layer}": f"W{layer} @ {below} + b{layer}", f"a{layer}": f"{activation}(z{layer})"}
        below = f"a{layer}"
    return graph_from_formulas({**define, "L": f"sum(({below} - y)**2)/2 + sum(a1)"}, shapes)


GRAPHS = {activation: deep(6, activation) for activation in ("tanh", "sigmoid", "relu", "softplus", "gelu")}
STEPS = {
    activation: [
        step for step in chain_rule(graph, "L", ["W1", "b3", "W6"]).steps if step.rule in ("paths", "substitute")
    ]
    for activation, graph in GRAPHS.items()
}
LINES = [(activation, step) for activation, steps in STEPS.items() for step in steps]


@pytest.mark.parametrize(("activation", "step"), LINES, ids=lambda of: getattr(of, "id", of))
def test_products_along_paths_are_proved_by_their_factors(activation: str, step: Step) -> None:
    assert Composed(GRAPHS[activation], BUDGET).proves(step.left, step.right)


def mutants(expr: Expr) -> list[Expr]:
    """The line spoiled: another factor, a term more, another sign, and each leaf of it changed."""
    leaves = sorted(expr.atoms(sp.Indexed), key=str)
    changed = [expr.xreplace({leaf: leaf + 1}) for leaf in leaves]
    return [2 * expr, expr + 1, -expr, expr**2, sp.Integer(0), *changed]


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_no_spoiled_product_is_proved(activation: str) -> None:
    composed = Composed(GRAPHS[activation], BUDGET)
    for step in STEPS[activation]:
        if step.rule == "substitute":
            assert not any(composed.proves(step.left, mutant) for mutant in mutants(step.right))


def test_indices_are_not_exchanged() -> None:
    """∂L/∂W_ij is not ∂L/∂W_ji, not even where both axes have the same range."""
    square = deep(4, "tanh", "n")
    step = next(s for s in chain_rule(square, "L", ["W2"]).steps if s.rule == "substitute")
    i, j = axes(square.shape("W2"))
    turned = substitute(step.right, {i: j, j: i})
    composed = Composed(square, BUDGET)
    assert composed.proves(step.left, step.right)
    assert not composed.proves(step.left, turned)
    assert not composed.proves(Partial(entry("L"), entry("W3", i, j)), step.right)


def test_a_line_with_a_condition_is_left_to_the_other_tests() -> None:
    graph = graph_from_formulas({"s": "sqrt(x)", "L": "sum(s)"}, {"x": "n"})
    (step,) = (s for s in chain_rule(graph, "L", ["x"]).steps if s.rule == "substitute")
    composed = Composed(graph, BUDGET)
    proved = composed.proves(step.left, step.right)
    (verdict,) = verify_lines(graph, [(step.left, step.right)])
    assert verdict.proved
    assert not proved or not verdict.conditions


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_both_routes_of_a_deep_network_agree_and_a_spoiled_one_does_not(activation: str) -> None:
    graph, names = GRAPHS[activation], ["W1", "b3"]
    first, second = chain_rule(graph, "L", names), delta_rule(graph, "L", names)
    for name in names:
        assert verify_routes(graph, "L", first.gradients[name], name, second.adjoints, budget=BUDGET).proved
    wrong = first.gradients["b3"]
    doubled = type(wrong)(2 * wrong.expr, wrong.shape)
    assert not verify_routes(graph, "L", doubled, "b3", second.adjoints, budget=Budget(seconds=20)).proved


P, Q = index("i", size("n")), index("j", size("n"))
A, B = entry("a", P), entry("b", P)


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (A * (1 - A**2), A * (1 - A**2), True),
        (A * (B - A), -A * (A - B), True),
        (A * (2 * A - 2 * B), 2 * A * (A - B), True),
        (A * (A - B) ** 2, A * (B - A) ** 2, True),
        (A * (1 - A**2), A * (1 - B**2), False),
        (A * (1 - A**2), A * (1 - entry("a", Q) ** 2), False),
        (A * (A - B), A * (B - A), False),
        (A * (A - B) ** 3, A * (B - A) ** 3, False),
        (A * (A - entry("b", Q)), A * (entry("a", Q) - B), False),
        (A / (A - B), A / (B - A), False),
    ],
)
def test_factors_are_the_same_only_when_they_are(left: Expr, right: Expr, same: bool) -> None:
    assert equal_in_factors(left, right, BUDGET, Clock(BUDGET), frozenset()) is same
