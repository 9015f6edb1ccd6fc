"""The second evaluation of counterexamples: it confirms true ones, and nothing that was altered."""

from dataclasses import replace
from fractions import Fraction

import mpmath
import pytest

from symbackprop.model.build import graph_from_formulas, relation
from symbackprop.model.graph import Graph, Relation
from symbackprop.proof.limits import Budget, Clock
from symbackprop.proof.points import replay as replaying
from symbackprop.proof.points.refutation import Counterexample, refute
from symbackprop.proof.points.replay import replay
from symbackprop.proof.verdict import Kind
from symbackprop.proof.verify import verify

NET = graph_from_formulas(
    {"z": "W @ x + b", "a": "f(z)", "p": "softmax(a)", "L": "-sum(y*log(p)) + norm(x)", "r": "sum(relu(z)*gelu(z))"},
    {"W": "m, n", "x": "n", "b": "m", "y": "m"},
    functions=["f"],
)
SCALARS = graph_from_formulas(
    {"s": "silu(u)*exp(v) + abs(u - v)", "t": "where(u > 0, log(u), u**2)"}, {"u": "", "v": ""}
)
FALSE = [
    (NET, "d(L, z) == prime(f, z)*(p - y)"),
    (NET, "d(L, W) == outer(d(L, a), x)"),
    (NET, "d(d(L, a), a) == diag(p)"),
    (NET, "d(L, x) == W.T @ d(L, z)"),
    (NET, "d(r, z) == (z > 0)*gelu(z)"),
    (NET, "d(d(r, b), b) == 0*outer(b, b)"),
    (NET, "p <= 1/2"),
    (SCALARS, "d(s, u) == silu(u)*exp(v)"),
    (SCALARS, "d(d(s, u), v) == exp(v)"),
    (SCALARS, "d(t, u) == 1/u"),
    (SCALARS, "erf(u) == tanh(u)"),
    (SCALARS, "sin(u + v) == sin(u) + sin(v)"),
    (SCALARS, "gelu_tanh(u) == gelu(u)"),
    (SCALARS, "s > v"),
]


def found_for(graph: Graph, formula: str) -> tuple[Relation, Counterexample]:
    claim = relation(graph, "claim", formula)
    found = refute(claim, graph)
    assert isinstance(found, Counterexample), formula
    return claim, found


def clock() -> Clock:
    return Clock(Budget())


@pytest.mark.parametrize(("graph", "formula"), FALSE)
def test_what_the_balls_refute_is_confirmed(graph: Graph, formula: str) -> None:
    claim, found = found_for(graph, formula)
    assert replay(claim, graph, found, graph.assumptions, clock()) == ""


@pytest.mark.parametrize(("graph", "formula"), FALSE)
def test_no_altered_counterexample_is_confirmed(graph: Graph, formula: str) -> None:
    claim, found = found_for(graph, formula)
    for altered in (
        replace(found, left=found.right),
        replace(found, right="[1e9 +/- 1e-9]"),
        replace(found, left="nan"),
    ):
        assert replay(claim, graph, altered, graph.assumptions, clock())


def test_a_point_outside_the_assumptions_is_not_confirmed() -> None:
    graph = graph_from_formulas({"q": "x*y"}, {"x": "", "y": ""}, assume={"sign": "x > 0", "sum": "x + y == 1"})
    free = graph_from_formulas({"q": "x*y"}, {"x": "", "y": ""})
    claim, found = found_for(free, "q == x")
    assert "assumption" in replay(claim, graph, found, graph.assumptions, clock())
    claim, found = found_for(graph, "q == x")
    assert replay(claim, graph, found, graph.assumptions, clock()) == ""


def test_a_true_statement_is_not_confirmed_to_fail() -> None:
    graph = graph_from_formulas({"s": "sigmoid(x)"}, {"x": ""})
    _, found = found_for(graph, "d(s, x) == s")
    true = relation(graph, "claim", "d(s, x) == s*(1 - s)")
    assert replay(true, graph, replace(found, right=found.left), (), clock()) == "it does not certainly fail there"


def test_disagreement_is_undecided_and_not_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = graph_from_formulas({"s": "sin(x)"}, {"x": ""})
    monkeypatch.setattr(replaying._Replay, "_function", lambda self, kind, u: self.iv.mpf(2))
    verdict = verify(relation(graph, "claim", "s == cos(x)"), graph)
    assert verdict.kind is Kind.UNDECIDED
    assert "second evaluation" in verdict.reason


def test_more_work_than_the_budget_allows_confirms_nothing() -> None:
    claim, found = found_for(*FALSE[0])
    assert "terms" in replay(claim, NET, found, (), Clock(Budget(terms=10)))


@pytest.mark.parametrize("x", [Fraction(1, 7), Fraction(-5, 3), Fraction(9, 2), Fraction(12), Fraction(-30)])
def test_the_error_function_is_enclosed(x: Fraction) -> None:
    _, found = found_for(SCALARS, "erf(u) == tanh(u)")
    evaluation = replaying._Replay(SCALARS, replace(found, precision=200), clock())
    value = evaluation._function("erf", x)
    with mpmath.workprec(1200):
        exact = mpmath.erf(mpmath.mpf(x.numerator) / x.denominator)
        low, high = (mpmath.mpf(end._mpi_[0]) for end in (value.a, value.b))
        assert low <= exact <= high
        assert high - low < mpmath.mpf(2) ** -190
