"""Random evaluations modulo a prime: a bound is claimed for true equations only, and never for others."""

import re

import pytest

from symbackprop.model.build import graph_from_formulas, relation
from symbackprop.proof.limits import Budget, Clock
from symbackprop.proof.points.modular import probably_equal
from symbackprop.proof.verdict import Kind
from symbackprop.proof.verify import verify

GRAPH = graph_from_formulas(
    {"a": "sigmoid(W @ x)", "p": "softmax(u)", "L": "-sum(v*log(p))", "s": "tanh(t)*q + gelu(t)"},
    {"W": "m, n", "x": "n", "u": "n", "v": "n", "t": "", "q": ""},
)
TRUE = [
    "tanh(t + q)*(1 + tanh(t)*tanh(q)) == tanh(t) + tanh(q)",
    "d(s, t) == (1 - tanh(t)**2)*q + prime(gelu, t)",
    "d(sum(a), x) == W.T @ (a*(1 - a))",
    "1/(t*(t + 1)) == 1/t - 1/(t + 1)",
    "d(L, u) == sum(v)*p - v",
    "exp(t/2)**2 == exp(t)",
    "(t + q)**3 == t**3 + 3*t**2*q + 3*t*q**2 + q**3",
]
FALSE = [
    "tanh(t + q) == tanh(t) + tanh(q)",
    "d(s, t) == q",
    "d(sum(a), x) == W.T @ a",
    "1/(t*(t + 1)) == 1/t - 1/(t + 2)",
    "d(L, u) == p - v",
    "exp(t/2) == exp(t)",
    "t**3 == t**3 + q/10**9",
    "sqrt(t) == sqrt(q)",
    "sin(t) == cos(t)",
]


def claimed(formula: str) -> str:
    return probably_equal(relation(GRAPH, "claim", formula), GRAPH, Clock(Budget()))


@pytest.mark.parametrize("formula", TRUE)
def test_true_equations_agree_with_a_bound(formula: str) -> None:
    found = re.search(r"agree, error at most 2\^-(\d+) \(degree at most (\d+)\)", claimed(formula))
    assert found is not None
    assert int(found[1]) >= 64
    assert int(found[2]) >= 1


@pytest.mark.parametrize("formula", FALSE)
def test_nothing_is_claimed_for_false_equations(formula: str) -> None:
    assert claimed(formula) == ""


def test_nothing_is_claimed_where_it_has_no_meaning() -> None:
    assert claimed("t**2 >= 0") == ""
    arbitrary = graph_from_formulas({"a": "f(z)"}, {"z": "n"}, functions=["f"])
    assert probably_equal(relation(arbitrary, "claim", "a == a"), arbitrary, Clock(Budget())) == ""
    assert probably_equal(relation(GRAPH, "claim", "d(L, u) == sum(v)*p - v"), GRAPH, Clock(Budget(terms=20))) == ""


def test_an_undecided_verdict_reports_the_bound() -> None:
    graph = graph_from_formulas({"c": "a*b"}, {"a": "", "b": ""})
    verdict = verify(
        relation(graph, "claim", "(a + b)**40 == (a**2 + 2*a*b + b**2)**20"), graph, budget=Budget(terms=30)
    )
    assert verdict.kind is Kind.UNDECIDED
    assert "probably equal: 4 random evaluations modulo 2^127 - 1 agree, error at most 2^-" in verdict.reason
    assert "which is no proof" in verdict.reason
