"""Attempts to have something false proved by what is assumed: the normal form alone must not be fooled.

The points at which every proof is tried would show most of these, so they are left out here.
"""

from pathlib import Path

import pytest

from symbackprop.errors import FormulaError
from symbackprop.model.build import graph_from_formulas, relation
from symbackprop.model.derivation_file import read
from symbackprop.model.graph import Graph
from symbackprop.model.repeat.claim_reader import read_claim
from symbackprop.model.repeat.pieces import last_layers, some_layers, unrolled
from symbackprop.model.repeat.places import HERE
from symbackprop.model.repeat.section import AnyDepth
from symbackprop.proof import attempt
from symbackprop.proof.index.form import IndexForms
from symbackprop.proof.induction import prove_for_every_depth
from symbackprop.proof.limits import Budget, Clock
from symbackprop.proof.verdict import Kind
from symbackprop.proof.verify import verify
from symbackprop.tensor.nodes import scalar
from symbackprop.tensor.tensor import Tensor

SCALARS = dict.fromkeys("cstuxy", "")
GUARDED = "where(t > 0, sqrt(s), 0) == 7*c"


def graph_with(
    assume: tuple[str, ...], define: dict[str, str] | None = None, shapes: dict[str, str] = SCALARS
) -> Graph:
    return graph_from_formulas(define or {"L": "x*s**2"}, shapes, assume={f"a{k}": a for k, a in enumerate(assume)})


@pytest.fixture
def without_points(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempt, "_fails_at_once", lambda *_, **__: False)


def shown(text: str, graph: Graph) -> bool:
    """Whether the normal form shows it, before any point is tried."""
    claim = relation(graph, "claim", text)
    shows = attempt.vanishes if claim.comparison == "==" else attempt.from_signs
    return attempt.prove(claim, graph, Clock(Budget()), shows).proved


# What holds a derivative was read with all names independent of each other: d(L, x) + y == 5 as y == 5.
@pytest.mark.parametrize(
    ("text", "assumed"),
    [
        ("y == 5", "d(L, x) + y == 5"),
        ("y**2 == 25", "y + d(L, x) == 5"),
        ("y*t == 5*t", "c*d(L, x) + y == 5"),
        ("d(L, t) + y == 5", "d(L, x) + y == 5"),
        ("y > 0", "d(L, x) + y > 0"),
        ("y >= 0", "d(L, x) + y >= 0"),
        ("relu(y) == y", "d(L, x) + y > 0"),
    ],
)
def test_a_derivative_in_an_assumption_is_not_taken_for_zero(text: str, assumed: str, without_points: None) -> None:
    assert not shown(text, graph_with((assumed,)))
    assert verify(relation(graph_with((assumed,)), "claim", text), graph_with((assumed,))).kind is Kind.REFUTED


# Below a guard, √s says nothing about s where t <= 0.
@pytest.mark.parametrize("text", ["sqrt(s**2) == s", "abs(s) == s", "(s < 0) == 0", "s >= 0", "relu(s) == s"])
def test_what_an_assumption_needs_below_a_guard_is_not_known(text: str, without_points: None) -> None:
    assert not shown(text, graph_with((GUARDED,)))
    assert verify(relation(graph_with((GUARDED,)), "claim", text), graph_with((GUARDED,))).kind is Kind.REFUTED


@pytest.mark.parametrize("assumed", ["sqrt(s) == 7*c", "sqrt(s) + relu(t) == 7*c", "sum(sqrt(s*ones(3))) == c"])
def test_what_an_assumption_needs_without_a_guard_is_known(assumed: str) -> None:
    graph = graph_with((assumed,))
    assert verify(relation(graph, "claim", "sqrt(s**2) == s"), graph).proved


@pytest.mark.parametrize(
    "text",
    [
        "tanh(where(t > 0, sqrt(s), 0) + (s < -17.123)*(s > -17.124)) != tanh(where(t > 0, sqrt(s), 0))",
        "tanh(where(t > 0, log(s), 0) + relu(-s - 1000)*(s > -1001)) != tanh(where(t > 0, log(s), 0))",
    ],
)
def test_sides_that_are_equal_where_a_guard_need_not_be_are_not_called_equal(text: str) -> None:
    """They differ where s is negative and t too, which no point that is tried finds."""
    assert verify(relation(graph_with(()), "claim", text), graph_with(())).kind is Kind.UNDECIDED


@pytest.mark.parametrize(
    "text",
    [
        "tanh(where(t > 0, sqrt(s), 0) + (s < 0)) == tanh(where(t > 0, sqrt(s), 0))",
        "(where(t > 0, sqrt(s), 0) + 1 + (s < 0))**2 == (where(t > 0, sqrt(s), 0) + 1)**2",
        "tanh(where(t > 0, log(s), 0) + (s*s > 0)) == tanh(where(t > 0, log(s), 0) + 1)",
    ],
)
def test_what_is_equal_only_where_a_guard_need_not_be_is_refuted_by_a_point_elsewhere(text: str) -> None:
    assert verify(relation(graph_with(()), "claim", text), graph_with(())).kind is Kind.REFUTED


@pytest.mark.parametrize("text", ["where(t > 0, sqrt(s), 0) != (t > 0)*sqrt(s)", "where(t > 0, s, 0) != s*(t > 0)"])
def test_equal_sides_with_a_guard_are_called_equal(text: str) -> None:
    assert verify(relation(graph_with(()), "claim", text), graph_with(())).kind is Kind.REFUTED


def test_no_time_for_the_assumptions_is_no_error() -> None:
    shapes = {"A": "n, n", "B": "n, n", "x": "n"}
    graph = graph_with(("B @ A == eye(n)", "A == A.T", "x @ A @ A @ A @ x == 1"), {"q": "sum(A @ B @ x)"}, shapes)
    for seconds in (0.0, 0.001, 0.01, 0.03):
        claim = relation(graph, "claim", "B @ A @ x == x[0]*x")
        assert verify(claim, graph, budget=Budget(terms=5000, seconds=seconds)).kind is not Kind.PROVED


def test_exchanges_that_take_too_long_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*_: object) -> None:
        raise attempt.Undecided("late")

    monkeypatch.setattr("symbackprop.proof.index.form.with_exchanges", late)
    forms = IndexForms(rules=[(Tensor(scalar("s")), Tensor(scalar("t")))])
    assert forms.is_zero(forms.normalise(scalar("s") - scalar("t")))


@pytest.mark.parametrize("assumed", ["next(x) == x", "sum(next(L)*x) > 0"])
def test_an_assumption_about_the_next_step_is_refused(assumed: str) -> None:
    with pytest.raises(FormulaError, match=r"\[assume\] a0: next\(\.\.\.\) may stand in"):
        graph_with((assumed,))


# ---------------------------------------------------------------------------------------------- entries, and any depth


@pytest.mark.parametrize(
    ("text", "assumed"),
    [
        ("sum(x) == n*x[0]", "x == x[0]"),
        ("x @ A @ x == x[0]**2*sum(A)", "x == x[0]"),
        ("A @ x == sum(A[0]*x)", "A == A[0]"),
        ("v[7] == v[6]", "v == v[6]"),
    ],
)
def test_an_equation_that_says_of_one_entry_that_it_is_itself_is_used(text: str, assumed: str) -> None:
    shapes = {"x": "n", "A": "n, n", "v": "8"}
    graph = graph_with((assumed,), {"q": "sum(A @ x) + sum(v)"}, shapes)
    assert verify(relation(graph, "claim", text), graph).proved


def deep(assume: dict[str, str]) -> AnyDepth:
    """A network whose loss is a sum over layers and a term of a scalar that no layer reads."""
    define = {"a[l]": "w[l]*a[l-1]", "E": "a[K]*y + sum(a[l]**2 for l in range(1, K + 1))"}
    claims = {"nothing": "w[l] == w[l]"}
    file = read(
        Path("m"), {"repeat": {"index": "l", "count": "K"}, "define": define, "assume": assume, "claims": claims}
    )
    assert file.any_depth is not None
    return file.any_depth


def test_the_loss_of_a_piece_is_not_the_loss_of_which_an_assumption_speaks() -> None:
    network = deep({"loss": "E == 5"})
    assert not last_layers(network.repeat, 1)[0].graph.assumptions
    assert not some_layers(network.repeat, HERE, 2)[0].graph.assumptions
    assert unrolled(network.repeat, 2)[0].graph.assumptions


@pytest.mark.parametrize(("text", "kind"), [("abs(y)*a[l] == y*a[l]", Kind.PROVED), ("y*a[l] == a[l]", Kind.REFUTED)])
def test_an_assumption_may_speak_of_a_scalar_that_no_layer_reads(text: str, kind: Kind) -> None:
    network = deep({"sign": "y > 0"})
    claim = read_claim(network.repeat, "claim", text)
    assert prove_for_every_depth(network.repeat, claim).verdict.kind is kind
