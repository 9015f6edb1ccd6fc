"""Route 1 equals route 2, and both equal ∂L/∂v, over a grid of architectures with pairwise distinct symbolic sizes.

The grid is a fixed sample: every activation, loss and depth at least twice, batches and single samples, layers with
and without bias, and nodes that are shared.
"""

from dataclasses import dataclass
from itertools import count

import pytest

from symbackprop.catalogue.activations import ACTIVATIONS
from symbackprop.catalogue.losses import LOSSES
from symbackprop.derivation.chain_rule import chain_rule
from symbackprop.derivation.delta_rule import delta_rule
from symbackprop.errors import NotSupportedError
from symbackprop.model.build import graph_from_formulas
from symbackprop.model.graph import Graph
from symbackprop.model.layers import Dense
from symbackprop.model.network import Network
from symbackprop.proof.limits import Budget
from symbackprop.proof.verify import combine, verify_adjoints, verify_routes

HIDDEN = [record.id for record in ACTIVATIONS.values() if record.elementwise]
# Losses whose logarithms need an output between 0 and 1, and the activations that give one.
OUTPUTS = {
    "binary_cross_entropy": ["sigmoid"],
    "cross_entropy": ["softmax", "sigmoid"],
    "binary_cross_entropy_from_logits": [None, "sigmoid"],
    "cross_entropy_from_logits": [None, "softmax"],
}
DEPTHS = (1, 2, 3, 4)
# What is proved must not depend on how busy the machine is.
PATIENT = Budget(seconds=300)


@dataclass(frozen=True)
class Case:
    """One network of the grid."""

    activations: tuple[str | None, ...]
    loss: str
    batch: bool
    bias: bool

    @property
    def network(self) -> Network:
        layers = [Dense(f"n{k}", f, bias=self.bias) for k, f in enumerate(self.activations, start=1)]
        return Network(layers, inputs="n0", loss=self.loss, batch=self.batch)

    def __str__(self) -> str:
        kind = ("batch" if self.batch else "sample") + ("" if self.bias else "-no-bias")
        return f"{'-'.join(map(str, self.activations))}-{self.loss}-{kind}"


def sampled_cases() -> list[Case]:
    """Depths and losses in turn, activations in turn, until each has been used at least twice."""
    cases = []
    hidden = count()
    for number in range(2 * len(LOSSES)):
        loss = list(LOSSES)[number % len(LOSSES)]
        depth = DEPTHS[number % len(DEPTHS)]
        activations = [HIDDEN[next(hidden) % len(HIDDEN)] for _ in range(depth - 1)]
        outputs = OUTPUTS.get(loss)
        output = outputs[number // len(LOSSES) % len(outputs)] if outputs else HIDDEN[next(hidden) % len(HIDDEN)]
        cases.append(Case((*activations, output), loss, batch=number % 3 == 1, bias=number % 5 != 2))
    return cases


CASES = sampled_cases()


def test_the_grid_has_everything_twice() -> None:
    used = [f for case in CASES for f in case.activations]
    assert min(used.count(name) for name in HIDDEN) >= 2
    assert min(sum(case.loss == name for case in CASES) for name in LOSSES) >= 2
    assert min(sum(len(case.activations) == depth for case in CASES) for depth in DEPTHS) >= 2
    assert {(case.batch, case.bias) for case in CASES} == {(b, w) for b in (True, False) for w in (True, False)}


def assert_both_routes(graph: Graph, loss: str, wrt: tuple[str, ...]) -> None:
    """Every equation of the δ-rule is proved, and so is the equality of the routes where route 1 is within budget."""
    delta = delta_rule(graph, loss, wrt)
    verdicts = combine(graph, loss, wrt, verify_adjoints(graph, loss, delta.adjoints, budget=PATIENT))
    for name, verdict in verdicts.items():
        assert verdict.proved, f"{name}: {verdict.reason}"
    try:
        chain = chain_rule(graph, loss, wrt)
    except NotSupportedError:
        return
    for name in wrt:
        verdict = verify_routes(graph, loss, chain.gradients[name], name, delta.adjoints, budget=PATIENT)
        assert verdict.proved, f"routes to {name}: {verdict.reason}"


@pytest.mark.parametrize("case", CASES, ids=str)
def test_route_1_equals_route_2(case: Case) -> None:
    network = case.network
    assert_both_routes(network.graph, "L", network.parameters)


SHARED = {
    "residual": (
        {"z1": "W1 @ x + b1", "a1": "relu(z1)", "z2": "W2 @ a1", "a2": "a1 + tanh(z2)", "L": "sum((V @ a2 - y)**2)/2"},
        {"W1": "h, n", "x": "n", "b1": "h", "W2": "h, h", "V": "m, h", "y": "m"},
        ("W1", "b1", "W2", "V"),
    ),
    "residual over two layers of a batch": (
        {
            "a1": "silu(X @ W1.T)",
            "a2": "sigmoid(a1 @ W2.T + b2)",
            "a3": "a1 + a2 @ W3.T",
            "L": "sum((a3 - Y)**2)/N",
        },
        {"X": "N, n", "W1": "h, n", "W2": "k, h", "b2": "k", "W3": "h, k", "Y": "N, h"},
        ("W1", "W2", "b2", "W3"),
    ),
    "recurrent weights": (
        {"h1": "tanh(W @ x1 + U @ h0)", "h2": "tanh(W @ x2 + U @ h1)", "L": "-sum(y*log_softmax(V @ h2))"},
        {"W": "h, n", "U": "h, h", "V": "m, h", "x1": "n", "x2": "n", "h0": "h", "y": "m"},
        ("W", "U", "V", "h0"),
    ),
    "tied weights": (
        {"code": "sigmoid(W @ x)", "back": "W.T @ code", "L": "sum((back - x)**2)/2"},
        {"W": "h, n", "x": "n"},
        ("W", "x"),
    ),
    "two heads": (
        {"a": "softplus(W @ x)", "E1": "sum((U @ a - y)**2)/2", "E2": "-sum(t*log_softmax(V @ a))", "L": "E1 + c*E2"},
        {"W": "h, n", "x": "n", "U": "m, h", "V": "p, h", "y": "m", "t": "p"},
        ("W", "U", "V"),
    ),
    "a gain and the same bias in two layers": (
        {"a1": "tanh(g*(W1 @ x) + b)", "a2": "tanh(g*(W2 @ a1) + b)", "L": "sum((a2 - y)**2)/2"},
        {"W1": "h, n", "W2": "h, h", "x": "n", "b": "h", "y": "h"},
        ("g", "b", "W1", "W2"),
    ),
}


@pytest.mark.parametrize("name", SHARED)
def test_route_1_equals_route_2_with_shared_nodes(name: str) -> None:
    define, shapes, wrt = SHARED[name]
    assert_both_routes(graph_from_formulas(define, shapes), "L", wrt)


def test_route_1_equals_route_2_with_parameters_of_the_activation() -> None:
    layers = [Dense("h", "leaky_relu", parameters={"slope": "s"}), Dense("m", "elu", parameters={"alpha": 2})]
    network = Network(layers, inputs="n", loss="squared_error")
    assert_both_routes(network.graph, "L", (*network.parameters, "x"))
