"""Inequalities with logarithms: t >= 0 if e^t >= 1."""

import pytest

from symbackprop.model.build import graph_from_formulas, relation
from symbackprop.model.graph import Graph
from symbackprop.proof.certificate import certificate
from symbackprop.proof.check import check
from symbackprop.proof.formulas import written_out
from symbackprop.proof.index.form import IndexForms
from symbackprop.proof.verdict import Kind
from symbackprop.proof.verify import verify

TRUE = [
    "-log(sigmoid(h)) > 0",
    "softplus(h) > h",
    "softplus(h) > 0",
    "log(1 + h**2) >= 0",
    "log(2 + h**2) > 0",
    "log_softmax(u) <= 0",
    "logsumexp(u) >= u",
    "log(softmax(u)) <= 0",
    "log(exp(h) + exp(k)) > k",
    "log(1 + exp(h - k)) > h - k",
]
FALSE = [
    "-log(sigmoid(h)) > 1/100",
    "softplus(h) > h + 1/100",
    "softplus(h) < h + 1",
    "softplus(h) > 2*h",
    "log(1 + h**2) > 0",
    "log(1/2 + h**2) >= 0",
    "log(h**2) >= 0",
    "log(1 + h) >= 0",
    "log_softmax(u) < 0",
    "logsumexp(u) > u",
    "logsumexp(u) >= 2*u",
    "logsumexp(u) >= sum(u)",
    "log(softmax(u)) >= 0",
    "sum(log(1 + u**2)) > 0",
    "log(exp(h) + exp(k)) > h + k",
    "log(1 + exp(h - k)) > h",
    "h*log(1 + exp(k)) >= 0",
]


@pytest.fixture(scope="module")
def graph() -> Graph:
    return graph_from_formulas({"q": "h*k*sum(u)"}, {"u": "n"})


@pytest.mark.parametrize("claim", TRUE)
def test_what_is_true_is_proved_and_certified(claim: str, graph: Graph) -> None:
    statement = relation(graph, "claim", claim)
    verdict = verify(statement, graph)
    assert verdict.kind is Kind.PROVED
    assert check(certificate(statement, graph, verdict))


@pytest.mark.parametrize("claim", FALSE)
def test_what_is_false_is_refuted(claim: str, graph: Graph) -> None:
    assert verify(relation(graph, "claim", claim), graph).kind is Kind.REFUTED


def test_the_index_of_a_sum_is_not_that_of_the_sum_below() -> None:
    """sum_i log(mean_j k_ij) <= 0 for k_ij = exp(-(u_i - u_j)^2), where k_ii is 1: points must not be needed."""
    formula = "sum(log(sum(exp(-(u[:, None] - u[None, :])**2), axis=1))) - n*log(n)"
    expr = graph_from_formulas({"q": formula}, {"u": "n"}).definitions["q"].tensor.expr
    forms = IndexForms()
    assert not forms.is_nonnegative(forms.normalise(expr))


@pytest.mark.parametrize("claim", FALSE)
def test_what_is_false_has_no_sign(claim: str, graph: Graph) -> None:
    """Without the help of points."""
    statement = relation(graph, "claim", claim)
    smaller, larger = statement.left, statement.right
    if statement.comparison in (">", ">="):
        smaller, larger = larger, smaller
    forms = IndexForms()
    difference = written_out(larger.expr - smaller.expr)
    assert not forms.is_nonnegative(forms.normalise(difference), statement.comparison in ("<", ">"))
