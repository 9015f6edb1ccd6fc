"""Large concrete sizes cost nothing, and prove nothing that is false for them."""

import pytest

from symbackprop.derivation.delta_rule import delta_rule
from symbackprop.model.build import graph_from_formulas, relation
from symbackprop.proof.generalise import Generalisation
from symbackprop.proof.limits import Budget
from symbackprop.proof.points.balls import Evaluation
from symbackprop.proof.verdict import Kind
from symbackprop.proof.verify import combine, verify, verify_adjoints
from symbackprop.tensor.nodes import extent, size
from symbackprop.tensor.tensor import Tensor

CLASSIFIER = graph_from_formulas(
    {"Z1": "X @ W1.T + b1", "A1": "relu(Z1)", "Z2": "A1 @ W2.T + b2", "P": "softmax(Z2)", "L": "-sum(Y*log(P))/N"},
    {"X": "N, 784", "W1": "128, 784", "b1": "128", "W2": "10, 128", "b2": "10", "Y": "N, 10"},
    assume={"targets": "sum(Y, axis=1) == 1"},
)


def test_a_large_classifier_is_proved_without_visiting_its_entries(monkeypatch: object) -> None:
    largest = 0
    positions = Evaluation.positions

    def counting(self: Evaluation, shape: tuple[object, ...]) -> object:
        nonlocal largest
        largest = max([largest, *(self.extent(axis) for axis in shape)])
        return positions(self, shape)

    monkeypatch.setattr(Evaluation, "positions", counting)
    names = ["W1", "b1", "W2", "b2"]
    adjoints = delta_rule(CLASSIFIER, "L", names).adjoints
    verdicts = combine(CLASSIFIER, "L", names, verify_adjoints(CLASSIFIER, "L", adjoints))
    assert all(verdict.proved for verdict in verdicts.values())
    # Only the targets are sampled at the size meant, since the assumption is about them.
    assert 0 < largest <= 10


@pytest.mark.parametrize(
    ("claim", "assumed"),
    [
        ("sum(x)/(sum(exp(0*x)) - 784) == 5*sum(x)/(5*sum(exp(0*x)) - 3920)", {}),
        ("1/(sum(ones(784)) - 784) == 2/(2*sum(ones(784)) - 1568)", {}),
        ("sum(x)*s == 2*s", {"ones": "x == 1", "two": "sum(x) == 2"}),
    ],
)
def test_nothing_is_proved_about_what_is_impossible_at_this_size_alone(claim: str, assumed: dict[str, str]) -> None:
    graph = graph_from_formulas({"q": "sum(x)*s"}, {"x": "784"}, assume=assumed)
    verdict = verify(relation(graph, "claim", claim), graph, budget=Budget(seconds=4))
    assert verdict.kind is Kind.UNDECIDED


def test_a_wrong_rule_for_large_sizes_is_not_proved() -> None:
    graph = graph_from_formulas({"z": "W @ x", "L": "sum(z**2)/2"}, {"W": "9, 8", "x": "8"})
    adjoints = dict(delta_rule(graph, "L", ["W"]).adjoints)
    adjoints["W"] = Tensor(2 * adjoints["W"].expr, adjoints["W"].shape)
    assert verify_adjoints(graph, "L", adjoints)["W"].kind is Kind.REFUTED


def test_what_holds_only_for_the_concrete_size_is_still_decided() -> None:
    graph = graph_from_formulas({"q": "sum(x)"}, {"x": "9"})
    assert verify(relation(graph, "count", "sum(ones(9)) == 9"), graph).proved
    assert verify(relation(graph, "count", "sum(ones(9)) == 8"), graph).kind is Kind.REFUTED
    assert verify(relation(graph, "mean", "mean(x) == q/9"), graph).proved


def test_equal_sizes_stay_equal_and_small_ones_stay() -> None:
    graph = graph_from_formulas({"z": "A @ x", "w": "B @ x"}, {"A": "784, 784", "x": "784", "B": "2, 784"})
    general = Generalisation(graph).graph
    assert general.shape("A") == (size("n784"), size("n784"))
    assert general.shape("w")[0] == 2
    bound = next(iter(general.definitions["z"].tensor.expr.limits))[0]
    assert extent(bound) == size("n784")
