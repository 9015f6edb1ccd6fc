"""Attempts at the edges: statements about no point, with conditions, and beyond what can be worked with."""

import pytest
from proof.attack_settings import PAIRS, SCALARS, Setting, verdict_on

from symbackprop.derivation.delta_rule import delta_rule
from symbackprop.errors import FormulaError
from symbackprop.model.build import graph_from_formulas, relation
from symbackprop.proof.verdict import Kind
from symbackprop.proof.verify import verify_lines

# ---------------------------------------------------------------------------------------------- about nothing

NOTHING = [
    ("d(L, u) == (u > 0) + 5*(u == 0)", PAIRS, {"x": "n"}, ()),  # u[i, i] = 0, where the derivative jumps
    ("sum(1/u) == 1", PAIRS, {"x": "n"}, ()),
    ("sum(u/u) == n**2", PAIRS, {"x": "n"}, ()),
    ("0*log(-1 - s**2) == 0", SCALARS, {}, ()),
    ("log(s) == 1 + log(s)", SCALARS, {}, ("s < 0",)),
    ("1/s == 1 + 1/s", SCALARS, {}, ("s == 0",)),
    ("s == 1", SCALARS, {}, ("s**2 == -1",)),
    ("relu(s) == s", SCALARS, {}, ("s > 0", "s < 0")),
    ("sum(x)*t == t", {"q": "sum(x)*t"}, {"x": "n"}, ("sum(x) == 1", "sum(x) == 2")),
    ("log(s)*log(-s) == 7", SCALARS, {}, ()),
    ("1/(sin(s)**2 + cos(s)**2 - 1) == 2/(sin(s)**2 + cos(s)**2 - 1)", SCALARS, {}, ()),
]


@pytest.mark.parametrize(("text", "define", "shapes", "assume"), NOTHING, ids=[text for text, *_ in NOTHING])
def test_a_statement_about_no_point_is_not_decided(
    text: str, define: dict[str, str], shapes: dict[str, str], assume: tuple[str, ...]
) -> None:
    verdict = verdict_on(text, Setting(define=define, shapes=shapes, assume=assume).graph)
    assert verdict.kind is Kind.UNDECIDED


# What is true wherever the formula as written has a value must not be refuted where only its simplified form has one.
@pytest.mark.parametrize(
    "text", ["sqrt(s)**2 == abs(s)", "exp(log(s)) == abs(s)", "s/s == abs(sign(s))", "s/s == 1 - (s == 0)"]
)
def test_a_point_without_a_value_is_no_counterexample(text: str) -> None:
    assert verdict_on(text, Setting(define=SCALARS).graph).kind is not Kind.REFUTED


# ---------------------------------------------------------------------------------------------- conditions

CONDITIONS = {
    "s/s == 1": ("s != 0 (denominator)",),
    "sqrt(s)**2 == s": ("s >= 0 (root)",),
    "exp(2*log(s)) == s**2": ("s > 0 (logarithm)",),
    "d(maximum(s, t), s) == (s > t)": ("s - t != 0 (kink)",),
    "d(maximum(s, 0) - minimum(s, 0), s) == sign(s)": ("s != 0 (kink)",),
    "d(s*(s == 0), s) == 0": ("s != 0 (kink)",),
    "d(abs(s)*s, s) == 2*abs(s)": ("s != 0 (kink)",),
    "x[2] == x[2]": ("n - 2 > 0 (index)",),
    "d(x[1], x)[1] == 1": ("n - 1 > 0 (index)",),
    "sum(d(x[1], x)) == 1": ("n - 1 > 0 (index)",),
    "d(sqrt(s), s) == 1/(2*sqrt(s))": ("s > 0 (root)",),
    "sum(x/sum(x)) == 1": ("Sum(x[k0], (k0, 0, n - 1)) != 0 (denominator)",),
}


@pytest.mark.parametrize("text", CONDITIONS)
def test_every_condition_that_is_needed_is_listed(text: str) -> None:
    verdict = verdict_on(text, graph_from_formulas({"q": "s + t + sum(x)"}, {"x": "n"}))
    assert verdict.kind is Kind.PROVED
    listed = {f"{condition} ({condition.why})" for condition in verdict.conditions}
    assert listed >= set(CONDITIONS[text])


@pytest.mark.parametrize("formula", ["maximum(x, y)", "maximum(y, x)", "minimum(y, x)", "abs(x - y)", "abs(y - x)"])
def test_every_line_about_a_kink_is_proved_with_its_condition(formula: str) -> None:
    """Whatever the order of the names: which of u > 0 and -u > 0 the normal form writes depends on it."""
    graph = graph_from_formulas({"h": formula, "L": "sum(h)"}, {"x": "n", "y": "n"})
    steps = delta_rule(graph, "L", ["x", "y"]).steps
    for step, verdict in zip(steps, verify_lines(graph, [(step.left, step.right) for step in steps]), strict=True):
        assert verdict.kind is Kind.PROVED, step.left
        assert bool(verdict.conditions) is (step.subject != "h")


# ---------------------------------------------------------------------------------------------- refused and bounded

REFUSED = {
    "(-8)**(1/3)*(-8)**(2/3) == -8": "is not real",
    "((-1)**(1/3))**3 == -1": "is not real",
    "1/(s - s) == 1": "division by zero",
    "softmax(A, axis=(0, 1)) == 1": "one axis only",
    "softmax(A, axis=()) == 1": "one axis only",
    "exp(-exp(exp(exp(exp(10))))) == 0": "too large to be compared",
    "(((s + t)**64)**64)**64 >= 0": "multiply to more than 4096",
    "1e290*1e290*s == 1": "more than 300 digits",
    "abs(exp(log(s)*log(t))) == 1": "name its argument",
    "softmax(" * 30 + "x" + ")" * 30 + " == 1": "name parts of it",
}


@pytest.mark.parametrize("text", REFUSED, ids=[text[:30] for text in REFUSED])
def test_what_cannot_be_worked_with_is_refused_with_a_reason(text: str) -> None:
    graph = graph_from_formulas({"q": "s + t"}, {"A": "n, n", "x": "n"})
    with pytest.raises(FormulaError, match=REFUSED[text]):
        relation(graph, "claim", text)


@pytest.mark.parametrize(
    ("text", "assume"),
    [
        ("x[999999] == 1", ()),
        ("sum(ones(999999, 999999)) == 1", ()),
        ("((s + t)**8)**8 >= 0", ()),
        ("(s + t)**64 + s >= 0", ()),
        ("log(s) <= 2*log(sqrt(s))", ()),
        ("(s*(s > t) + t*(1 - (s > t))) >= maximum(s, t)", ()),
        ("s == 1", ("1/(s > 0) == 1",)),
        ("s == 1/2", ("1/s == 2",)),
        ("x[1] == x[0]", ("x == x[0]",)),
        ("s == 1", ("log(s) == 0",)),
    ],
)
def test_a_verdict_comes_soon(text: str, assume: tuple[str, ...]) -> None:
    graph = Setting(define={"q": "s + t + sum(x)"}, shapes={"x": "n"}, assume=assume).graph
    assert verdict_on(text, graph).kind in Kind
