"""Wrong gradients are never proved: each equation of a derivation with one mistake in it.

All sizes are equal, so that a transposed weight or a swapped index still has the right shape.
"""

from collections.abc import Iterator
from functools import cache
from random import Random
from unittest.mock import patch

import pytest
from campaign.judge import NO_POINTS
from campaign.spoil import spoiled

from symbackprop.derivation.chain_rule import chain_rule
from symbackprop.derivation.delta_rule import delta_rule
from symbackprop.model.build import graph_from_formulas
from symbackprop.model.graph import Graph, Relation
from symbackprop.model.layers import Dense
from symbackprop.model.network import Network
from symbackprop.proof import attempt
from symbackprop.proof.limits import Budget, Clock
from symbackprop.proof.points.refutation import Counterexample, refute
from symbackprop.proof.verdict import Kind
from symbackprop.proof.verify import combine, verify_adjoints, verify_routes
from symbackprop.tensor.indices import transform
from symbackprop.tensor.nodes import Expr, adjoint_name, entry, index
from symbackprop.tensor.tensor import Tensor, axes

# ---------------------------------------------------------------------------------------------- networks

NETWORKS = {
    "sample": Network([Dense("n", "sigmoid"), Dense("n", "tanh")], inputs="n", loss="half_squared_error"),
    "batch": Network([Dense("n", "relu"), Dense("n", "softmax")], inputs="n", loss="cross_entropy", batch="n"),
    "logits": Network([Dense("n", "gelu_tanh", bias=False), Dense("n")], inputs="n", loss="cross_entropy_from_logits"),
}
EVERY = 25


def sampled() -> list[tuple[str, str, str, Expr]]:
    """(network, name, mistake, right side): each kind of mistake in each network, and a fixed sample of the others."""
    found, kinds = [], set()
    for kind, network in NETWORKS.items():
        derivation = delta_rule(network.graph, "L", network.parameters)
        mistakes = [
            (name, label, expr)
            for name, tensor in derivation.adjoints.items()
            for label, expr in spoiled(tensor, network.graph)
            if expr != tensor.expr and label != "other quantity"  # which may be an equal one: [relu(z) > 0] = [z > 0]
        ]
        for number, (name, label, expr) in enumerate(mistakes):
            if (kind, label) not in kinds or number % EVERY == 0:
                kinds.add((kind, label))
                found.append((kind, name, label, expr))
    return found


SPOILED = sampled()


@pytest.mark.parametrize(("kind", "name", "label", "expr"), SPOILED, ids=[f"{k}-{n}-{m}" for k, n, m, _ in SPOILED])
def test_a_spoiled_equation_is_refuted(kind: str, name: str, label: str, expr: Expr) -> None:
    graph = NETWORKS[kind].graph
    wrong = {name: Tensor(expr, graph.shape(name))}
    verdict = verify_adjoints(graph, "L", wrong)[name]
    assert verdict.kind is Kind.REFUTED
    assert verdict.witness["left"] != verdict.witness["right"]


@pytest.mark.parametrize("name", ["a1", "z1"])
def test_a_gradient_below_a_wrong_delta_is_not_proved(name: str) -> None:
    """The own equations of W1 and b1 stay true; what they build on is not."""
    network = NETWORKS["sample"]
    adjoints = dict(delta_rule(network.graph, "L", network.parameters).adjoints)
    adjoints[name] = Tensor(-adjoints[name].expr, adjoints[name].shape)
    verdicts = verify_adjoints(network.graph, "L", adjoints)
    assert {v for v, verdict in verdicts.items() if not verdict.proved} == {name}
    gradients = combine(network.graph, "L", network.parameters, verdicts)
    assert {gradient for gradient, verdict in gradients.items() if verdict.proved} == {"W2", "b2"}
    assert gradients["W1"].kind is gradients["b1"].kind is Kind.REFUTED


def test_the_routes_do_not_agree_when_a_delta_is_wrong() -> None:
    network = NETWORKS["sample"]
    graph = network.graph
    adjoints = dict(delta_rule(graph, "L", network.parameters).adjoints)
    i, j = index("i0", adjoints["a1"].shape[0]), index("k0_0", adjoints["a1"].shape[0])
    transposed = transform(adjoints["a1"].expr, lambda node: entry("W2", i, j) if node == entry("W2", j, i) else None)
    assert transposed != adjoints["a1"].expr
    adjoints["a1"] = Tensor(transposed, adjoints["a1"].shape)
    composed = chain_rule(graph, "L", ["W1"]).gradients["W1"]
    assert verify_routes(graph, "L", composed, "W1", adjoints).kind is not Kind.PROVED


# ---------------------------------------------------------------------------------------------- random graphs

SEED = 20
GRAPHS = 7
LEAST = 100  # mutants that are certainly false
EACH = 12  # of one gradient
SQUARE = {"x": "n", "y": "n", "A": "n, n", "B": "n, n"}
VECTORS = ("tanh", "sigmoid", "relu", "f", "softplus", "leaky_relu", "gelu_tanh", "abs", "softmax")


def random_graph(rng: Random) -> Graph:
    """Two to four definitions and a loss, all sizes equal: then a mistake seldom shows in the shapes."""
    vectors, matrices, define = ["x", "y"], ["A", "B"], {}
    for number in range(rng.randint(2, 4)):
        name, v, w, m = f"h{number}", rng.choice(vectors[-2:]), rng.choice(vectors), rng.choice(matrices)
        formula = rng.choice(
            [
                f"{m} @ {v} + {w}", f"{m}.T @ {v}", f"{rng.choice(VECTORS)}({v})", f"{v}*{w}", f"{v}/(1 + {w}**2)",
                f"maximum({v}, {w})", f"{v} - mean({w})", f"outer({v}, {w})*{m}", f"tanh({m} @ {rng.choice(matrices)})",
            ]
        )  # fmt: skip
        define[name] = formula
        (matrices if formula.startswith(("outer", "tanh(" + m + " @")) else vectors).append(name)
    v, w, m = vectors[-1], rng.choice(vectors), matrices[-1]
    losses = [
        f"sum(({v} - {w})**2)/2",
        f"{v} @ {m} @ {w}",
        f"sum({v})*sum({w})",
        f"logsumexp({m} @ {v})",
        f"norm({v} + {w})",
    ]
    define["L"] = rng.choice(losses)
    return graph_from_formulas(define, SQUARE, functions=["f"])


def mutants(rng: Random) -> Iterator[tuple[Relation, Graph]]:
    for _ in range(GRAPHS):
        graph = random_graph(rng)
        adjoints = delta_rule(graph, "L").adjoints
        for name in rng.sample(sorted(adjoints), min(2, len(adjoints))):
            tensor = adjoints[name]
            wrong = list(dict.fromkeys(expr for _, expr in spoiled(tensor, graph) if expr != tensor.expr))
            left = Tensor(entry(adjoint_name("L", name), *axes(tensor.shape)), tensor.shape)
            for expr in rng.sample(wrong, min(EACH, len(wrong))):
                right = Tensor(expr, tensor.shape)
                yield Relation(name=name, formula=str(expr), left=left, comparison="==", right=right), graph


@cache
def false_mutants() -> tuple[tuple[Relation, Graph], ...]:
    """The mutants that are false at a point away from the kinks."""
    return tuple((mutant, graph) for mutant, graph in mutants(Random(SEED)) if _is_false(mutant, graph))


def _is_false(mutant: Relation, graph: Graph) -> bool:
    found = refute(mutant, graph, attempts=4)
    return isinstance(found, Counterexample) and not found.at_kink


def test_no_mutant_of_a_random_gradient_is_proved() -> None:
    """The prover does not look at points before it goes on to its expensive tests."""
    assert len(false_mutants()) >= LEAST
    with patch.object(attempt, "refute", lambda *_, **__: NO_POINTS):
        for mutant, graph in false_mutants():
            proof = attempt.prove(mutant, graph, Clock(Budget(terms=3000, seconds=0.3)), attempt.vanishes)
            formulas = {name: definition.formula for name, definition in graph.definitions.items()}
            assert not proof.proved, f"{mutant.left.expr} == {mutant.right.expr} on {formulas}: {proof.conditions}"
