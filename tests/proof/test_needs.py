"""What a formula needs to have a value is not forgotten when SymPy simplifies it."""

import pytest

from symbackprop.model.build import graph_from_formulas, relation
from symbackprop.proof.verdict import Kind, Verdict
from symbackprop.proof.verify import verify


def claim(text: str, define: str = "x", assume: str = "", shapes: dict[str, str] | None = None) -> Verdict:
    graph = graph_from_formulas({"q": define}, shapes or {}, assume={"given": assume} if assume else {})
    return verify(relation(graph, "claim", text), graph)


@pytest.mark.parametrize(
    ("formula", "condition"),
    [("x**2/x", "x != 0"), ("exp(log(x))", "x > 0"), ("sqrt(x)**2", "x >= 0"), ("x/x*x", "x != 0")],
)
def test_the_condition_of_what_was_simplified_is_listed(formula: str, condition: str) -> None:
    verdict = claim("q == x", formula)
    assert verdict.kind is Kind.PROVED
    assert condition in [str(c) for c in verdict.conditions]


@pytest.mark.parametrize(
    ("formula", "assume"), [("x**2/x", "x == 0"), ("exp(log(x))", "x == -1"), ("sqrt(x)**2", "x == -2")]
)
def test_a_theorem_without_a_point_is_not_proved(formula: str, assume: str) -> None:
    assert claim("q == x", formula, assume).kind is not Kind.PROVED


def test_an_index_needs_a_size_beyond_it() -> None:
    verdict = claim("q == x[1]", "x[1]", shapes={"x": "n"})
    assert verdict.kind is Kind.PROVED
    assert "n - 1 > 0" in [str(c) for c in verdict.conditions]
    assert verdict.witness["sizes"]["n"] > 1


@pytest.mark.parametrize(
    ("text", "define", "shapes"),
    [
        ("A == A.T", "sum(A)", {"A": "n, n"}),
        ("trace(A @ B) == sum(A*B)", "sum(A)", {"A": "n, n", "B": "n, n"}),
        ("softmax(x) == ones(n)", "sum(x)", {"x": "n"}),
        ("d(q, x) == 2*sum(x)", "sum(x**2)", {"x": "n"}),
        ("d(d(q, x), x) == A", "x @ A @ x", {"x": "n", "A": "n, n"}),
        ("(x**2)**0.5 == x", "x", {}),
        ("log(x**2) == 2*log(x)", "log(x)", {"y": ""}),
        ("where(x == 0, 1, 1/x)*x == 1", "x", {}),
        ("where(x > 0, log(x), x) == log(x)*(x > 0)", "x", {}),
        ("x*(x == 0) == (x == 0)", "x", {}),
        ("maximum(x, y) == x", "x + y", {}),
        ("d(relu(x), x) == (x >= 0)", "x", {}),
        ("sum(x)*sum(y) == sum(x*y)", "sum(x) + sum(y)", {"x": "n", "y": "n"}),
        ("sum(x)/n == sum(x)", "sum(x)", {"x": "n"}),
    ],
)
def test_what_is_false_somewhere_is_proved_at_most_where_it_is_true(
    text: str, define: str, shapes: dict[str, str]
) -> None:
    """Not proved; or proved under a listed condition that excludes the points where it is false."""
    verdict = claim(text, define, shapes={k: v for k, v in shapes.items() if v})
    if verdict.kind is Kind.PROVED:
        assert text.startswith(("log(x**2)", "where(x"))
        assert verdict.conditions
