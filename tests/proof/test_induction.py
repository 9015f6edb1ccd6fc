"""Claims about every depth: what is proved holds at each depth, what is false at some depth is never proved."""

import re
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

from symbackprop.errors import FileError
from symbackprop.model.derivation_file import load, read
from symbackprop.model.repeat import claim_reader
from symbackprop.model.repeat.claims import DepthClaim, instances
from symbackprop.model.repeat.pieces import unrolled
from symbackprop.model.repeat.places import Mention
from symbackprop.model.repeat.section import AnyDepth
from symbackprop.proof.induction import Induction, as_written, prove_for_every_depth
from symbackprop.proof.limits import Budget
from symbackprop.proof.points.balls import Evaluation
from symbackprop.proof.verdict import Kind, Verdict
from symbackprop.proof.verify import verify
from symbackprop.tensor.tensor import axes

DERIVATIONS = Path(__file__).parents[2] / "derivations"
FILES = ("depth-dense", "depth-dense-batch", "depth-residual", "bptt-rnn", "bptt-lstm")
# Two carried quantities, of which one depends on the other within its layer, and what the loss reads beside them.
MEMORY = {
    "repeat": {"index": "t", "count": "T", "kind": "time"},
    "functions": {"f": "elementwise", "g": "elementwise"},
    "shapes": {"c[t]": "n", "h[t]": "n", "x[t]": "n", "W": "n, n", "V": "m, n", "y": "m", "v[t]": "n"},
    "define": {
        "z[t]": "W @ h[t-1] + x[t]",
        "c[t]": "f(z[t])*c[t-1]",
        "h[t]": "g(c[t])*z[t]",
        "o": "V @ h[T] + V @ (W @ v[T])",
        "E": "sum((o - y)**2)/2 + sum(sum(h[t]*h[t-1])/T for t in range(1, T + 1))",
    },
    "claims": {"nothing": "z[t] == z[t]"},
}


# The start h[0] is in no summand of the loss; neither is it computed from c[0].
START = {
    "repeat": {"index": "t", "count": "T", "kind": "time"},
    "shapes": {"c[t]": "n", "h[t]": "n", "x[t]": "n", "W": "n, n"},
    "define": {
        "s[t]": "W @ h[t-1] + x[t]",
        "c[t]": "s[t] + c[t-1]",
        "h[t]": "tanh(c[t])",
        "E": "sum(sum(h[t]**2) for t in range(1, T + 1))",
    },
    "claims": {"nothing": "s[t] == s[t]"},
}
WRITTEN_HERE = {"memory": MEMORY, "start": START}


@cache
def network(name: str) -> AnyDepth:
    written = WRITTEN_HERE.get(name)
    found = (read(Path("m"), written) if written else load(DERIVATIONS / f"{name}.toml")).any_depth
    assert found is not None
    return found


@cache
def decided(name: str, formula: str) -> tuple[DepthClaim, Induction]:
    """The verdict on one more claim about a network."""
    claim = claim_reader.read_claim(network(name).repeat, "claim", formula)
    return claim, prove_for_every_depth(network(name).repeat, claim)


CLAIMS = [(name, claim.formula) for name in FILES for claim in network(name).claims]
MEMORY_CLAIMS = [
    ("memory", formula)
    for formula in (
        "d(E, o) == o - y",
        "d(E, h[T]) == V.T @ d(E, o) + h[T-1]/T",
        "d(E, h[t]) == h[t-1]/T + h[t+1]/T + W.T @ d(E, z[t+1])",
        "d(E, c[t]) == f(z[t+1])*d(E, c[t+1]) + prime(g, c[t])*z[t]*d(E, h[t])",
        "d(E, z[t]) == prime(f, z[t])*c[t-1]*d(E, c[t]) + g(c[t])*d(E, h[t])",
        "d(E, v[T]) == W.T @ (V.T @ d(E, o))",
        "d(E, W) == sum(outer(d(E, z[t]), h[t-1]) for t in range(1, T + 1)) + outer(V.T @ (o - y), v[T])",
        "d(h[t-1], c[t-1]) == diag(prime(g, c[t-1])*z[t-1])",
    )
]
TRUE = [(name, formula) for name, formula in [*CLAIMS, *MEMORY_CLAIMS] if "!=" not in formula]


@pytest.mark.parametrize(("name", "formula"), [*CLAIMS, *MEMORY_CLAIMS])
def test_true_claims_are_proved_for_every_depth(name: str, formula: str) -> None:
    claim, induction = decided(name, formula)
    assert induction.verdict.kind is Kind.PROVED, str(induction.verdict)
    if claim.comparison == "==":
        roles = {"shared": ["base", "step"], "end": ["base"]}.get(claim.about, ["step"])
        assert [o.role for o in induction.obligations] == [*roles, *("start" for _ in claim.at_start)]
        assert induction.verdict.obligations == len(induction.obligations)
        assert induction.verdict.witness["depth"]


@pytest.mark.parametrize(
    ("name", "formula", "depth"),
    [(name, formula, depth) for name, formula in TRUE for depth in ((1, 2) if name == "memory" else (1, 2, 3, 4))],
)
def test_what_is_proved_for_every_depth_is_proved_again_at_this_one(name: str, formula: str, depth: int) -> None:
    claim, _ = decided(name, formula)
    found = list(instances(network(name).repeat, claim, depth))
    assert bool(found) == (depth >= claim.least_depth)
    for number, relation, piece in found if depth < 3 else found[:1] + found[-1:]:
        verdict = verify(relation, piece.graph)
        assert verdict.proved, f"layer {number} of {depth}: {verdict}"


MUTANTS = [
    # dropped transpose (the recurrent weights are square), wrong layer, no derivative of f, or at the wrong layer
    ("bptt-rnn", "d(E, h[t]) == h[t] - y[t] + W @ (d(E, h[t+1])*prime(tanh, z[t+1]))"),
    ("bptt-rnn", "d(E, h[t]) == h[t] - y[t] + W.T @ (d(E, h[t])*prime(tanh, z[t+1]))"),
    ("bptt-rnn", "d(E, h[t]) == h[t] - y[t] + W.T @ d(E, h[t+1])"),
    ("bptt-rnn", "d(E, h[t]) == h[t] - y[t] + W.T @ (d(E, h[t+1])*prime(tanh, z[t]))"),
    ("bptt-rnn", "d(E, h[t]) == h[t+1] - y[t] + W.T @ (d(E, h[t+1])*prime(tanh, z[t+1]))"),
    # the loss of the step itself is missing, or that of the last step everywhere
    ("bptt-rnn", "d(E, h[t]) == W.T @ (d(E, h[t+1])*prime(tanh, z[t+1]))"),
    ("bptt-rnn", "d(E, h[t]) == h[t] - y[t]"),
    ("bptt-rnn", "d(E, h[T]) == h[T] - y[T] + W.T @ h[T]"),
    ("bptt-rnn", "d(E, h[0]) == h[0] + W.T @ d(E, z[1])"),
    # shared weights: the sum over other steps, a summand of another step, one step instead of all, a term too many
    ("bptt-rnn", "d(E, W) == sum(outer(d(E, z[t]), h[t-1]) for t in range(2, T + 1))"),
    ("bptt-rnn", "d(E, W) == sum(outer(d(E, z[t]), h[t-1]) for t in range(1, T))"),
    ("bptt-rnn", "d(E, W) == sum(outer(d(E, z[t]), h[t]) for t in range(1, T + 1))"),
    ("bptt-rnn", "d(E, W) == sum(outer(h[t-1], d(E, z[t])) for t in range(1, T + 1))"),
    ("bptt-rnn", "d(E, W) == sum(outer(d(E, h[t]), h[t-1]) for t in range(1, T + 1))"),
    ("bptt-rnn", "d(E, W) == outer(d(E, z[T]), h[T-1])"),
    ("bptt-rnn", "d(E, W) == outer(d(E, z[t]), h[t-1])"),
    ("bptt-rnn", "d(E, W) == sum(outer(d(E, z[t]), h[t-1]) for t in range(1, T + 1)) + outer(b, b)"),
    ("bptt-rnn", "d(E, b) == 2*sum(d(E, z[t]) for t in range(1, T + 1))"),
    ("bptt-rnn", "d(E, b) == sum(d(E, z[T]) for t in range(1, T + 1))"),
    ("depth-dense", "d(E, z[K]) == a[K] - y"),
    ("depth-dense", "d(E, z[l]) == prime(f, z[l])*(W[l+1].T @ d(E, a[l+1]))"),
    ("depth-dense", "d(E, z[l]) == W[l+1].T @ (prime(f, z[l+1])*d(E, z[l+1]))"),
    ("depth-dense", "d(E, W[l]) == outer(d(E, a[l]), a[l-1])"),
    ("depth-dense", "d(E, b[l]) == d(E, a[l])"),
    ("depth-residual", "d(E, a[l]) == W[l+1].T @ d(E, z[l+1])"),
    ("depth-residual", "d(E, a[l]) == d(E, a[l+1])"),
    # true in the smallest network only
    ("depth-residual", "d(E, a[l+1]) == a[l+1] - y"),
    ("depth-residual", "d(E, a[l]) == a[K] - y"),
    ("depth-residual", "a[l] == a[l] + W[l+1].T @ z[l+1] - W[1].T @ z[1]"),
    ("depth-dense-batch", "d(E, Z[l]) == prime(f, Z[l])*(d(E, Z[l+1]) @ W[l+1])/N"),
    ("depth-dense-batch", "d(E, b[l]) == sum(d(E, Z[l]), axis=0)/N"),
    # total derivatives go through more than the next layer, or through other layers than the piece has
    ("bptt-rnn", "d(z[t], b) == eye(n)"),
    ("depth-dense", "d(E, y) == 0*y"),
    ("depth-dense", "d(E, z[l]) == d(E, z[l])*sum(d(E, y))"),
    ("memory", "d(E, y) == y - V @ h[T]"),
    ("memory", "d(h[t-1], c[t-1]) == 0*eye(n)"),
    ("memory", "d(h[t-1], c[t-1]) + 0*outer(z[t], z[t]) == 0*eye(n)"),
    ("memory", "d(z[t], c[t-1]) == 0*eye(n)"),
    ("memory", "d(E, c[t]) == f(z[t+1])*d(E, c[t+1])"),
    ("memory", "d(E, h[t]) == h[t+1]/T + W.T @ d(E, z[t+1])"),
    ("memory", "d(E, v[t]) == 0*v[t]"),
    ("memory", "d(E, W) == sum(outer(d(E, z[t]), h[t-1]) for t in range(1, T + 1))"),
    ("memory", "d(E, V) == outer(o - y, h[T])"),
    ("memory", "d(E, h[t-1]) + 0*z[t] == h[t]/T + W.T @ d(E, z[t])"),
    ("memory", "d(E, c[t-1]) + 0*z[t] == f(z[t])*d(E, c[t])"),
]


@pytest.mark.parametrize(("name", "formula"), MUTANTS)
def test_what_is_false_at_some_depth_is_refuted_by_a_network_of_small_depth(name: str, formula: str) -> None:
    claim, induction = decided(name, formula)
    assert induction.verdict.kind is Kind.REFUTED, str(induction.verdict)
    assert induction.verdict.reason
    # Not only the network of the smallest depth contradicts it: some obligation is no theorem, or there is none.
    assert not induction.obligations or not all(o.verdict.proved for o in induction.obligations)
    assert induction.verdict.witness["depth"][network(name).repeat.indexing.count] <= claim.least_depth + 2


@pytest.mark.parametrize(
    ("formula", "at"),
    [
        ("d(E, h[t-1]) == 2*h[t-1] + W.T @ d(E, s[t])", {"T": 1, "t": 1}),
        ("d(E, h[t]) == 2*h[t] + W.T @ d(E, s[t+1])", {"T": 1, "t": 0}),
        ("d(E, h[T-1]) == 2*h[T-1] + W.T @ d(E, s[T])", {"T": 1}),
        ("h[t-1] == tanh(c[t-1])", {"T": 1, "t": 1}),
        ("h[t] == tanh(c[t])", {"T": 1, "t": 0}),
        ("h[T-1] == tanh(c[T-1])", {"T": 1}),
        ("h[T-2] == tanh(c[T-2])", {"T": 2}),
    ],
)
def test_what_fails_at_the_start_alone_is_refuted_there(formula: str, at: dict[str, int]) -> None:
    """In every later layer it holds; and its contrary is proved by the same network."""
    _, induction = decided("start", formula)
    assert induction.verdict.kind is Kind.REFUTED, str(induction.verdict)
    assert induction.verdict.witness["depth"] == at
    assert {o.role for o in induction.obligations if not o.verdict.proved} == {"start"}
    assert decided("start", formula.replace("==", "!="))[1].verdict.kind is Kind.PROVED


@pytest.mark.parametrize(
    ("name", "formula", "least"),
    [
        ("start", "d(E, c[t-1]) == d(E, c[t]) + (1 - tanh(c[t-1])**2)*d(E, h[t-1]) + 0*s[t-1]", {"T": 2, "t": 2}),
        ("start", "d(E, h[0]) == W.T @ d(E, s[1])", {"T": 1}),
        ("start", "c[T] - c[T-1] == s[T]", {"T": 1}),
        ("memory", "d(E, h[0]) == h[1]/T + W.T @ d(E, z[1])", {"T": 1}),
        ("depth-residual", "d(E, a[K-1]) == d(E, a[K]) + W[K].T @ d(E, z[K])", {"K": 1}),
        ("depth-residual", "d(E, a[l-1]) == d(E, a[l]) + W[l].T @ d(E, z[l])", {"K": 1, "l": 1}),
    ],
)
def test_what_holds_wherever_it_makes_sense_is_proved(name: str, formula: str, least: dict[str, int]) -> None:
    claim, induction = decided(name, formula)
    assert induction.verdict.kind is Kind.PROVED, str(induction.verdict)
    assert induction.verdict.witness["depth"] == least
    assert bool(claim.at_start) == any(o.role == "start" for o in induction.obligations)


@pytest.mark.parametrize("assumption", ["W[l] == W[1]", "W[l] == W[K]", "W[1] == W[l-1]"])
def test_an_assumption_about_layers_in_general_and_fixed_ones_is_refused(assumption: str) -> None:
    """No piece of the network has both, so that it would be left out."""
    data = {
        "repeat": {"index": "l", "count": "K"},
        "shapes": {"a[l]": "n", "W[l]": "n, n", "y": "n"},
        "define": {"a[l]": "W[l] @ a[l-1]", "E": "sum((a[K] - y)**2)/2"},
        "assume": {"same": assumption},
        "claims": {"two layers": "a[2] == W[1] @ (W[1] @ a[0])"},
    }
    with pytest.raises(FileError, match=re.escape(repr(assumption))):
        read(Path("m"), data)


def without_inner_ways(facts: Any) -> list[Mention]:
    """As if nothing could be carried beside what something is differentiated by."""
    return [*facts.of_loss, *(m for m in facts.values if m.name not in facts.repeat.carried)]


def without_own_losses(facts: Any) -> list[Mention]:
    """As if the loss could depend on what is carried through the next layer only."""
    return [m for m in (*facts.of_loss, *facts.values) if m.name not in facts.repeat.carried]


@pytest.mark.parametrize(
    ("rule", "broken", "name", "formula"),
    [
        ("in_full", property(without_inner_ways), "memory", "d(z[t], c[t-1]) == 0*eye(n)"),
        ("in_full", property(without_own_losses), "bptt-rnn", "d(E, h[t]) == W.T @ d(E, z[t+1])"),
        ("by_plain", property(lambda facts: set(), lambda facts, value: None), "bptt-rnn", "d(z[t], b) == eye(n)"),
    ],
)
def test_each_rule_on_what_a_piece_can_decide_is_needed(
    rule: str, broken: property, name: str, formula: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the rule broken, a false claim passes base and step."""
    assert not decided(name, formula)[1].verdict.proved
    monkeypatch.setattr(claim_reader._Facts, rule, broken, raising=False)
    repeat = network(name).repeat
    induction = prove_for_every_depth(repeat, claim_reader.read_claim(repeat, "claim", formula))
    assert induction.obligations
    assert all(o.verdict.proved for o in induction.obligations)


@pytest.mark.parametrize(
    ("name", "formula", "reason"),
    [
        ("depth-dense", "d(d(E, z[K]), z[K]) == d(d(E, z[K]), z[K])", "E stands there otherwise than in d(E, ...)"),
        ("depth-dense", "d(2*E, z[l]) == 2*d(E, z[l])", "E stands there otherwise than in d(E, ...)"),
        ("depth-dense", "E*z[l] == z[l]*E", "the loss E stands there as a value"),
        ("depth-dense", "d(a[K], a[0]) == d(a[K], a[0])", "layers whose distance depends on the number of layers"),
        ("bptt-rnn", "d(E, W) == d(E, W)*(z[t] == z[t])[0]", "W, by which it differentiates, is not of a layer"),
        ("bptt-rnn", "d(E, W) + 0*b == sum(outer(d(E, z[t]), h[t-1]) for t in range(1, T + 1))", "not of the form"),
        ("memory", "d(o, z[t]) == d(o, z[t])", "o comes after the last layer"),
    ],
)
def test_what_no_induction_can_decide_stays_undecided(name: str, formula: str, reason: str) -> None:
    """Some of these are true; a piece of the network says nothing about them."""
    _, induction = decided(name, formula)
    assert induction.verdict.kind is Kind.UNDECIDED
    assert reason in induction.verdict.reason
    assert induction.obligations == ()


@pytest.mark.parametrize(
    ("formula", "kind"),
    [
        ("d(E, z[l]) != W[l+1].T @ d(E, z[l+1])", Kind.PROVED),
        ("d(E, b[l]) != d(E, z[l])", Kind.REFUTED),
    ],
)
def test_no_identity_means_that_some_network_is_a_counterexample(formula: str, kind: Kind) -> None:
    _, induction = decided("depth-dense", formula)
    assert induction.verdict.kind is kind


def test_a_counterexample_belongs_to_a_whole_network() -> None:
    """In the piece the loss is linear, which the loss of the file is not; so no point of the piece is shown."""
    _, induction = decided("depth-dense", "d(E, W[l]) == outer(d(E, a[l]), a[l-1])")
    assert all(not name.startswith(("rest_", "remainder")) for name in induction.verdict.witness["values"])
    assert any(name.endswith("_0") for name in induction.verdict.witness["values"])
    assert "the step has a counterexample" in induction.verdict.reason


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_backpropagation_through_time_agrees_with_autograd(depth: int) -> None:
    """Both sides of the claim on the shared weights, in certified numbers, are autograd's gradient of a plain loop."""
    of = network("bptt-rnn")
    n, m = 2, 3
    random = np.random.default_rng(depth)
    piece, _ = unrolled(of.repeat, depth)
    sizes = {"n": n, "m": m}
    values = {
        name: np.round(random.normal(size=tuple(sizes[str(extent)] for extent in shape)), 3)
        for name, shape in piece.graph.inputs.items()
    }

    def loss(weights: np.ndarray) -> float:
        h, total = values["h_0"], 0.0
        for t in range(1, depth + 1):
            h = anp.tanh(weights @ h + values["U"] @ values[f"x_{t}"] + values["b"])
            total = total + anp.sum((h - values[f"y_{t}"]) ** 2) / 2
        return total

    expected = autograd.grad(loss)(values["W"])
    exact = {name: exactly(array) for name, array in values.items()}
    at = Evaluation(piece.graph, sizes, exact, precision=128)
    claim = next(claim for claim in of.claims if claim.name == "recurrent weights")
    ((_, relation, _),) = instances(of.repeat, claim, depth)
    for side in (relation.left, relation.right):
        for i in range(n):
            for j in range(n):
                number = at.number(side.expr, dict(zip(axes(side.shape), (i, j), strict=True)))
                assert float(number) == pytest.approx(expected[i, j], rel=1e-9, abs=1e-12)


def exactly(array: np.ndarray) -> dict[tuple[int, ...], Fraction]:
    return {position: Fraction(str(number)) for position, number in np.ndenumerate(array)}


def test_all_obligations_of_a_claim_share_one_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks = []

    def recorded(*arguments: Any, budget: Budget) -> Verdict:
        clocks.append(budget.within)
        return verify(*arguments, budget=budget)

    monkeypatch.setattr("symbackprop.proof.induction.verify", recorded)
    found = network("bptt-rnn")
    for claim in found.claims:
        if claim.comparison == "==":
            clocks.clear()
            assert prove_for_every_depth(found.repeat, claim).verdict.proved
            assert len(clocks) > 1 and clocks[0] is not None and all(clock is clocks[0] for clock in clocks)
    late = prove_for_every_depth(found.repeat, found.claims[0], budget=Budget(seconds=0)).verdict
    assert late.kind is Kind.UNDECIDED and "budget of 0 seconds exceeded" in late.reason


def test_a_point_has_the_names_of_the_file_from_the_first_layer_on() -> None:
    found = network("depth-dense")
    claim = next(claim for claim in found.claims if claim.comparison == "!=")
    verdict = prove_for_every_depth(found.repeat, claim).verdict
    written = as_written(found.repeat, verdict).witness
    assert list(written["values"]) == ["a[0]", "W[1]", "b[1]", "W[2]", "b[2]", "y"]
    assert list(written["sizes"].values()) == [1, 1, 1]
    assert sorted(map(str, written["values"].values())) == sorted(map(str, verdict.witness["values"].values()))
