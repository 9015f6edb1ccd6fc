"""A line of a derivation is proved only if it is true as it stands."""

import pytest

from symbackprop.derivation.delta_rule import delta_rule
from symbackprop.model.build import graph_from_formulas
from symbackprop.proof.verdict import Kind
from symbackprop.proof.verify import verify_lines

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
