"""A line of a derivation is proved only if it is true as it stands."""

import pytest
import sympy as sp

from symbackprop.derivation.delta_rule import delta_rule
from symbackprop.model.build import graph_from_formulas
from symbackprop.proof.verdict import Kind
from symbackprop.proof.verify import verify_lines
from symbackprop.tensor.nodes import Local, entry, index, size

GRAPH = graph_from_formulas(
    {"z1": "W1 @ x", "h": "tanh(z1)", "z2": "W2 @ h", "p": "softmax(z2)", "L": "-sum(y*log(p))"},
    {"W1": "h1, n", "x": "n", "W2": "m, h1", "y": "m"},
    assume={"targets": "sum(y) == 1"},
)
STEPS = delta_rule(GRAPH, "L", ["W1", "W2"]).steps


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.id)
def test_a_spoiled_line_is_refuted(step: object) -> None:
    true, doubled, shifted = verify_lines(
        GRAPH, [(step.left, step.right), (step.left, 2 * step.right), (step.left, step.right + 1)]
    )
    assert true.kind is Kind.PROVED
    assert doubled.kind is not Kind.PROVED
    assert shifted.kind is Kind.REFUTED


NESTED = graph_from_formulas(
    {"c": "tanh(W @ x)", "e": "tanh(W @ tanh(W @ x))", "r": "relu(W @ c)*x"}, {"W": "n, n", "x": "n"}
)


@pytest.mark.parametrize("name", ["c", "e", "r"])
def test_a_local_derivative_goes_through_the_whole_formula(name: str) -> None:
    i, j = index("i0", size("n")), index("i1", size("n"))
    local = Local(entry(name, i), entry("x", j))
    for verdict in verify_lines(NESTED, [(local, sp.Integer(0)), (local, 2 * local)]):
        assert verdict.kind is Kind.REFUTED


def test_a_local_derivative_holds_other_names_fixed() -> None:
    i, j = index("i0", size("n")), index("i1", size("n"))
    c = entry("c", i)
    true, false = verify_lines(
        NESTED,
        [
            (Local(c, entry("x", j)), (1 - c**2) * entry("W", i, j)),
            (Local(entry("r", i), entry("x", j)), entry("r", i) / entry("x", j)),
        ],
    )
    assert true.kind is Kind.PROVED
    assert false.kind is Kind.REFUTED
