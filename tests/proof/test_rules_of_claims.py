"""What the rules beyond algebra prove: roots, angles, assumed signs and symmetries, inequalities, nested formulas."""

from collections.abc import Mapping
from typing import Any

import pytest

from symbackprop.model.build import graph_from_formulas, relation
from symbackprop.proof.limits import Budget
from symbackprop.proof.verdict import Kind, Verdict
from symbackprop.proof.verify import verify

SCALARS: dict[str, Any] = {"define": {"q": "x*y*z"}, "shapes": {"u": "n", "v": "n"}}
ORDER: dict[str, Any] = {"define": {"q": "x*y*z"}, "assume": {"order": "x > y"}}
WEAK: dict[str, Any] = {"define": {"q": "x*y", "r": "relu(x - y)"}, "assume": {"order": "x >= y"}}
ROWS: dict[str, Any] = {"define": {"q": "a - b"}, "shapes": {"a": "3", "b": "3"}, "assume": {"order": "a > b"}}
SYMMETRIC: dict[str, Any] = {
    "define": {"L": "w @ A @ w/2 - b @ w"},
    "shapes": {"A": "n, n", "B": "n, n", "C": "n, n", "w": "n", "b": "n"},
    "assume": {"symmetric": "A == A.T", "inverse": "B @ A == eye(n)"},
}
PROJECTION: dict[str, Any] = {
    "define": {"r": "sum((P @ x)**2)"},
    "shapes": {"P": "n, n", "x": "n"},
    "assume": {"symmetric": "P == P.T", "idempotent": "P @ P == P"},
}
SOFTMAX: dict[str, Any] = {
    "define": {"p": "softmax(z)", "L": "-sum(y*log(p))"},
    "shapes": {"z": "n", "y": "n"},
    "assume": {"theorem": "sum(p) == 1", "targets": "sum(y) == 1"},
}
ACTIVATIONS: dict[str, Any] = {
    "define": {
        "a": "sigmoid(t)",
        "b": "softplus(t)",
        "L": "softplus(t) - s*t",
        "p": "softmax(u)",
        "e": "sum((u*s - v)**2)",
    },
    "shapes": {"u": "n", "v": "n"},
}
NESTED: dict[str, Any] = {
    "define": {
        "z": "V @ x",
        "L": "sum((tanh(W @ tanh(V @ x)) - y)**2)/2",
        "h": "tanh(z)",
        "o": "tanh(W @ h)",
        "E": "sum((o - y)**2)/2",
    },
    "shapes": {"W": "m, k", "V": "k, n", "x": "n", "y": "m"},
}

KINK: dict[str, Any] = {"define": {"m": "maximum(0, 1 - t*s)", "r": "relu(s)"}}

PROVED: list[tuple[Mapping[str, Any], str]] = [
    (SCALARS, "sqrt(x)*sqrt(y) == sqrt(x*y)"),
    (SCALARS, "sqrt(x*(y + z)) == sqrt(x)*sqrt(y + z)"),
    (SCALARS, "log(x*y) == log(x) + log(y)"),
    (SCALARS, "sin(x + y) == sin(x)*cos(y) + cos(x)*sin(y)"),
    (SCALARS, "2*sin(x)*sin(y) == cos(x - y) - cos(x + y)"),
    (SCALARS, "sin(3*x) == 3*sin(x) - 4*sin(x)**3"),
    (SCALARS, "sum(sin(u + v)) == dot(sin(u), cos(v)) + dot(cos(u), sin(v))"),
    (SCALARS, "d(sin(2*x), x) == 2*cos(x)**2 - 2*sin(x)**2"),
    (ORDER, "maximum(x, y) == x"),
    (ORDER, "abs(x - y) == x - y"),
    (ORDER, "d(maximum(x, y), x) == 1"),
    (ORDER, "x >= y"),
    (WEAK, "maximum(x, y) == x"),
    (ROWS, "maximum(a, b) == a"),
    (SYMMETRIC, "w - B @ d(L, w) == B @ b"),
    (SYMMETRIC, "B @ A.T == eye(n)"),
    (PROJECTION, "r == x @ P @ x"),
    (PROJECTION, "d(r, x) == 2*P @ x"),
    (SOFTMAX, "d(L, z) == p - y"),
    (ACTIVATIONS, "d(a, t) <= 1/4"),
    (ACTIVATIONS, "d(b, t) > 0"),
    (ACTIVATIONS, "d(d(L, t), t) >= 0"),
    (ACTIVATIONS, "p <= 1"),
    (ACTIVATIONS, "relu(t) >= 0"),
    (ACTIVATIONS, "abs(tanh(t)) < 1"),
    (ACTIVATIONS, "d(d(e, s), s) >= 0"),
    (ACTIVATIONS, "mean(u)**2 <= mean(u**2)"),
    (ACTIVATIONS, "dot(u, v)**2 <= sum(u**2)*sum(v**2)"),
    (ACTIVATIONS, "maximum(s, t) >= (s + t)/2"),
    (NESTED, "d(L, V) == d(E, V)"),
    (NESTED, "d(L, V) == outer(W.T @ ((o - y)*(1 - o**2))*(1 - h**2), x)"),
    (NESTED, "d(L, z) == 0*z"),
    (NESTED, "d(E, z) == d(E, h)*(1 - h**2)"),
    (KINK, "d(m, s) == -t*(t*s < 1)"),
]
FALSE: list[tuple[Mapping[str, Any], str]] = [
    (SCALARS, "sqrt(x**2*y) == x*sqrt(y)"),
    (SCALARS, "sqrt(x + y) == sqrt(x) + sqrt(y)"),
    (SCALARS, "log(x*y) == log(x)*log(y)"),
    (SCALARS, "sin(x + y) == sin(x)*cos(y) - cos(x)*sin(y)"),
    (SCALARS, "cos(x - y) == cos(x)*cos(y) - sin(x)*sin(y)"),
    (SCALARS, "sin(2*x) == 2*sin(x)"),
    (SCALARS, "sin(3*x) == 3*sin(x) - 4*sin(x)**2"),
    (SCALARS, "d(sin(2*x), x) == cos(x)**2 - sin(x)**2"),
    (ORDER, "maximum(x, y) == y"),
    (ORDER, "d(maximum(x, y), y) == 1"),
    (ORDER, "abs(x) == x"),
    (ORDER, "x > z"),
    (ORDER, "x < y"),
    (WEAK, "(x > y) == 1"),
    (WEAK, "x > y"),
    (WEAK, "d(r, x) == 1"),
    (ROWS, "a[0] > b[1]"),
    (ROWS, "maximum(a[0], b[1]) == a[0]"),
    (SYMMETRIC, "w + B @ d(L, w) == B @ b"),
    (SYMMETRIC, "C @ A == A @ C"),
    (SYMMETRIC, "C == C.T"),
    (PROJECTION, "r == x @ x"),
    (PROJECTION, "d(r, x) == 2*x"),
    (SOFTMAX, "d(L, z) == p"),
    (SOFTMAX, "d(L, z) == p - 2*y"),
    (ACTIVATIONS, "d(a, t) <= 1/5"),
    (ACTIVATIONS, "d(a, t) < 1/4"),
    (ACTIVATIONS, "p < 1"),
    (ACTIVATIONS, "p >= 1/2"),
    (ACTIVATIONS, "relu(t) > 0"),
    (ACTIVATIONS, "softplus(t) > 1"),
    (ACTIVATIONS, "norm(u) > 0"),
    (ACTIVATIONS, "t**3 >= 0"),
    (ACTIVATIONS, "t**2 > 0"),
    (ACTIVATIONS, "d(d(e, s), s) > 0"),
    (ACTIVATIONS, "d(e, s) >= 0"),
    (ACTIVATIONS, "sum(u)**2 <= sum(u**2)"),
    (ACTIVATIONS, "mean(u)**2 >= mean(u**2)"),
    (ACTIVATIONS, "dot(u, v)**2 < sum(u**2)*sum(v**2)"),
    (ACTIVATIONS, "s**2 - 3*s*t + t**2 >= 0"),
    (ACTIVATIONS, "exp(u) < sum(exp(u))"),
    (ACTIVATIONS, "2*exp(u) <= sum(exp(u))"),
    (ACTIVATIONS, "maximum(s, t) > t"),
    (NESTED, "d(L, V) == outer(W.T @ ((o - y)*(1 - o**2)), x)"),
    (NESTED, "d(L, V) == outer(W.T @ ((o - y)*(1 - o))*(1 - h**2), x)"),
    (NESTED, "d(L, V) == 2*d(E, V)"),
    (NESTED, "d(L, z) == d(E, z)"),
    (NESTED, "d(E, z) == 0*z"),
    (NESTED, "d(L, W) == d(E, W) + 0*W + W - W.T.T + outer(o, h)"),
    (KINK, "d(m, s) == t*(t*s < 1)"),
    (KINK, "d(r, s) == (s >= 0)"),
]


def verdict_on(setting: Mapping[str, Any], formula: str) -> Verdict:
    graph = graph_from_formulas(setting["define"], setting.get("shapes"), assume=setting.get("assume"))
    return verify(relation(graph, "claim", formula), graph, budget=Budget(seconds=10))


@pytest.mark.parametrize(("setting", "formula"), PROVED)
def test_a_true_claim_is_proved(setting: Mapping[str, Any], formula: str) -> None:
    verdict = verdict_on(setting, formula)
    assert verdict.kind is Kind.PROVED, verdict
    assert "values" in verdict.witness


@pytest.mark.parametrize(("setting", "formula"), FALSE)
def test_a_false_claim_is_refuted(setting: Mapping[str, Any], formula: str) -> None:
    assert verdict_on(setting, formula).kind is Kind.REFUTED


def test_an_excluded_kink_is_no_counterexample() -> None:
    claim = "d(m, s) == sign(s)*(sin(s)**2 + s*sin(2*s)) + (s == 0)"
    assert verdict_on({"define": {"m": "abs(s)*sin(s)**2"}}, claim).kind is not Kind.REFUTED


def test_used_inequalities_are_reported() -> None:
    assert verdict_on(ORDER, "maximum(x, y) == x").assumptions == ("x > y",)


ENTRIES = {"define": {"q": "sum(x*y)*s*t*c"}, "shapes": {"x": "n", "y": "n"}}

DENOMINATORS_OF_UNKNOWN_SIGN = [
    ("sum(1/(x - y)) > 0", {}),
    ("sum(x**2/(x - y)) >= 0", {}),
    ("sum(exp(x)/(y + 1)) > 0", {}),
    ("sum(1/(1 - x**2)) > 0", {}),
    ("sum(1/(1 - x**2)) >= n", {}),
    ("mean(1/(1 + x)) > 0", {}),
    ("sum(1/(x - y)**3) > 0", {}),
    ("sum(-1/(x - y)) < 0", {}),
    ("sum(x/(1 - x)) + n >= 0", {}),
    ("sum(x**2/(1 - y))*s**2 >= 0", {}),
    ("sum(sigmoid(x)/(1 - 2*sigmoid(x))) > 0", {}),
    ("sum(x/(1 - y)) > 0", {"positive": "x > 0"}),
]

DENOMINATORS_OF_KNOWN_SIGN = [
    ("sum(1/(x - y)**2) > 0", {}),
    ("sum(x**2/(1 + y**2)) >= 0", {}),
    ("sum(x/y) > 0", {"above": "x > 0", "below": "y > 0"}),
    ("sum(1/(1 - sigmoid(x))) >= n", {}),
]

# An assumption holds, too, where its guard hides a part that has no value there: that part is not known to have one.
GUARDED = [
    ("where(c > 0, sqrt(s), 0) >= 0", "abs(s) == s"),
    ("where(s < 0, 1, sqrt(s)) > 0", "abs(s) == s"),
    ("where(s <= 0, 1, log(s)) > -100", "d(relu(s), s) == 1"),
    ("where(s == 0, 1, 1/s) > -5", "(s == 0) == 0"),
    ("(y > 0)*log(x) < 1", "abs(x) == x"),
    ("(y > 0)/(x - y) < 1", "(x == y) == 0"),
    ("sum(where(y > 0, sqrt(x), 0)) < 1", "abs(x) == x"),
    ("where(t > 0, sqrt(s), 0) != 7", "abs(s) == s"),
    ("where(c > 0, sqrt(s), 0) + abs(s) > t", "where(c > 0, sqrt(s), 0) + s > t"),
    ("relu(t)*sqrt(s) >= 0", "abs(s) == s"),
    ("eye(n) @ log(x) < 1", "abs(x) == x"),
    ("where(t > 0, 1/s, 0) + s**2 != 0", "(s == 0) == 0"),
]


@pytest.mark.parametrize(("formula", "assume"), DENOMINATORS_OF_UNKNOWN_SIGN)
def test_a_denominator_of_unknown_sign_does_not_leave_an_inequality(formula: str, assume: Mapping[str, str]) -> None:
    assert verdict_on({**ENTRIES, "assume": assume}, formula).kind is not Kind.PROVED


@pytest.mark.parametrize(("formula", "assume"), DENOMINATORS_OF_KNOWN_SIGN)
def test_a_denominator_of_known_sign_leaves_an_inequality(formula: str, assume: Mapping[str, str]) -> None:
    assert verdict_on({**ENTRIES, "assume": assume}, formula).kind is Kind.PROVED


@pytest.mark.parametrize(("assumption", "formula"), GUARDED)
def test_an_assumption_tells_nothing_about_what_its_guard_hides(assumption: str, formula: str) -> None:
    assert verdict_on({**ENTRIES, "assume": {"guarded": assumption}}, formula).kind is not Kind.PROVED
