"""A wrong δ-rule is never PROVED: each equation of a derivation is spoiled in the ways in which people spoil it.

All sizes are equal, so that a transposed weight or a swapped index still has the right shape.
"""

from collections.abc import Iterator

import pytest
import sympy as sp

from symbackprop.derivation.chain_rule import chain_rule
from symbackprop.derivation.delta_rule import delta_rule
from symbackprop.model.network import Dense, Network
from symbackprop.proof.verdict import Kind
from symbackprop.proof.verify import combine, verify_adjoints, verify_routes
from symbackprop.tensor.indices import transform
from symbackprop.tensor.nodes import Expr, entry, entry_indices, entry_name, index
from symbackprop.tensor.tensor import Tensor

NETWORKS = {
    "sample": Network([Dense("n", "sigmoid"), Dense("n", "tanh")], inputs="n", loss="half_squared_error"),
    "batch": Network([Dense("n", "relu"), Dense("n", "softmax")], inputs="n", loss="cross_entropy", batch="n"),
    "logits": Network([Dense("n", "gelu_tanh", bias=False), Dense("n")], inputs="n", loss="cross_entropy_from_logits"),
}

EVERY = 14


def spoiled(tensor: Tensor) -> Iterator[tuple[str, Expr]]:
    """The right side of an equation with one mistake in it."""
    expr = tensor.expr
    yield "flipped sign", -expr
    yield "factor two", 2 * expr
    yield "one too many", expr + 1
    for term in sp.Add.make_args(expr):
        if term != expr:
            yield f"dropped term {term}", expr - term
            yield f"flipped term {term}", expr - 2 * term
    yield from _dropped_factors(expr)
    for node in sorted(expr.atoms(sp.Indexed), key=str):
        for label, other in _neighbours(node, tensor):
            yield f"{node} for {other}: {label}", transform(expr, lambda n, a=node, b=other: b if n == a else None)


def _dropped_factors(expr: Expr) -> Iterator[tuple[str, Expr]]:
    """Without one of the factors, at the top or under a sum."""
    product = expr.function if isinstance(expr, sp.Sum) else expr
    if not product.is_Mul:
        return
    for factor in product.args:
        if factor != -1:
            rest = sp.Mul(*(f for f in product.args if f != factor))
            yield f"dropped factor {factor}", sp.Sum(rest, *expr.limits) if isinstance(expr, sp.Sum) else rest


def _neighbours(node: Expr, tensor: Tensor) -> Iterator[tuple[str, Expr]]:
    """The same quantity at other indices: transposed, or another index in one place."""
    name, own = entry_name(node), entry_indices(node)
    if len(own) == 2 and own[0] != own[1]:
        yield "transposed", entry(name, own[1], own[0])
    for place in range(len(own)):
        for other in (*tensor.indices, sp.Integer(0)):
            if other != own[place]:
                yield "neighbour", entry(name, *own[:place], other, *own[place + 1 :])


def sampled() -> list[tuple[str, str, str, Expr]]:
    """(network, name, mistake, right side): each kind of mistake in each network, and a fixed sample of the others."""
    found, kinds = [], set()
    for kind, network in NETWORKS.items():
        derivation = delta_rule(network.graph, "L", network.parameters)
        for number, (name, label, expr) in enumerate(
            (name, label, expr) for name, tensor in derivation.adjoints.items() for label, expr in spoiled(tensor)
        ):
            mistake = (kind, label.split(" ")[-1] if ": " in label else label.split(" ")[0])
            if mistake not in kinds or number % EVERY == 0:
                kinds.add(mistake)
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
