"""What a verdict promises: true statements proved, false ones never, with assumptions, conditions and a witness."""

from time import perf_counter

import pytest

from symbackprop.derivation.chain_rule import chain_rule
from symbackprop.derivation.delta_rule import delta_rule
from symbackprop.model.build import graph_from_formulas, relation
from symbackprop.proof.attempt import Attempt
from symbackprop.proof.limits import Budget
from symbackprop.proof.settle import with_witness
from symbackprop.proof.verdict import Kind, Verdict
from symbackprop.proof.verify import verify, verify_routes


def claim(
    text: str,
    define: dict[str, str],
    shapes: dict[str, str] | None = None,
    assume: dict[str, str] | None = None,
    functions: tuple[str, ...] = (),
    budget: Budget = Budget(),
) -> Verdict:
    graph = graph_from_formulas(define, shapes or {}, functions=functions, assume=assume)
    return verify(relation(graph, "claim", text), graph, budget=budget)


SOFTMAX = ({"p": "softmax(z)", "L": "-sum(y*log(p))"}, {"z": "n", "y": "n"})
ONE_HOT = {"targets": "sum(y) == 1"}
MLP = (
    {"z1": "W1 @ x + b1", "a1": "f(z1)", "z2": "W2 @ a1 + b2", "L": "sum((z2 - y)**2)/2"},
    {"W1": "h, n", "x": "n", "b1": "h", "W2": "m, h", "b2": "m", "y": "m"},
)
RESIDUAL = ({"a": "f(W @ x)", "r": "x + a", "L": "sum((r - y)**2)/2"}, {"W": "n, n", "x": "n", "y": "n"})
SHARED = ({"h1": "f(W @ x)", "h2": "f(W @ h1)", "L": "sum(h2*c)"}, {"W": "n, n", "x": "n", "c": "n"})

TRUE = {
    "softmax Jacobian": ("d(p, z) == diag(p) - outer(p, p)", *SOFTMAX, {}),
    "softmax cross entropy": ("d(L, z) == p - y", *SOFTMAX, ONE_HOT),
    "any targets": ("d(L, z) == sum(y)*p - y", *SOFTMAX, {}),
    "delta of a hidden layer": ("d(L, z1) == (W2.T @ d(L, z2))*prime(f, z1)", *MLP, {}),
    "weight gradient": ("d(L, W1) == outer(d(L, z1), x)", *MLP, {}),
    "bias gradient": ("d(L, b1) == d(L, z1)", *MLP, {}),
    "residual": ("d(L, x) == d(L, r) + W.T @ (d(L, r)*prime(f, W @ x))", *RESIDUAL, {}),
    "weight sharing": (
        "d(L, W) == outer(d(L, h2)*prime(f, W @ h1), h1) + outer(d(L, h1)*prime(f, W @ x), x)",
        *SHARED,
        {},
    ),
    "log of softmax": ("log(p) == log_softmax(z)", *SOFTMAX, {}),
    "second derivative": ("d(d(q, x), x) == A + A.T", {"q": "x @ A @ x"}, {"x": "n", "A": "n, n"}, {}),
    "trace": ("trace(A @ B) == trace(B @ A)", {"q": "sum(A)"}, {"A": "n, m", "B": "m, n"}, {}),
    "sum of ones": ("sum(ones(n)) == n", {"q": "sum(x)"}, {"x": "n"}, {}),
    "relu by its step": ("d(a, z) == diag(z > 0)", {"a": "relu(z)"}, {"z": "n"}, {}),
    "absolute value": ("abs(x) == maximum(x, -x)", {"q": "x"}, {}, {}),
    "a norm": ("d(r, x) == x/r", {"r": "norm(x)"}, {"x": "n"}, {}),
    "a square root": ("sqrt(x)**2 == x", {"q": "sqrt(x)"}, {}, {}),
    "no identity": ("d(L, z) != p - y", *SOFTMAX, {}),
    "bounded": ("prime(sigmoid, z) <= 1/4", {"s": "sigmoid(z)"}, {"z": "n"}, {}),
    "strictly bounded": ("sigmoid(z) < 1", {"s": "sigmoid(z)"}, {"z": "n"}, {}),
}
FALSE = {
    "softmax cross entropy without the assumption": ("d(L, z) == p - y", *SOFTMAX, {}),
    "wrong sign": ("d(L, z) == y - p", *SOFTMAX, ONE_HOT),
    "transposed weight": ("d(L, x) == d(L, r) + W @ (d(L, r)*prime(f, W @ x))", *RESIDUAL, {}),
    "forgotten branch": ("d(L, x) == W.T @ (d(L, r)*prime(f, W @ x))", *RESIDUAL, {}),
    "forgotten use": ("d(L, W) == outer(d(L, h2)*prime(f, W @ h1), h1)", *SHARED, {}),
    "dropped factor": ("d(L, z1) == W2.T @ d(L, z2)", *MLP, {}),
    "symmetric": ("A == A.T", {"q": "sum(A)"}, {"A": "n, n"}, {}),
    "square of a sum": ("sum(x)**2 == sum(x**2)", {"q": "sum(x)"}, {"x": "n"}, {}),
    "true for n = 1 and 2": ("(n - 1)*(n - 2)*sum(x) == 0", {"q": "sum(x)"}, {"x": "n"}, {}),
    "other step at the kink": ("d(a, z) == diag(z >= 0)", {"a": "relu(z)"}, {"z": "n"}, {}),
    "root of a square": ("sqrt(x**2) == x", {"q": "x"}, {}, {}),
    "wrong strictness": ("prime(sigmoid, z) < 1/4", {"s": "sigmoid(z)"}, {"z": "n"}, {}),
    "wrong bound": ("prime(sigmoid, z) <= 1/5", {"s": "sigmoid(z)"}, {"z": "n"}, {}),
    "an identity denied": ("log(p) != log_softmax(z)", *SOFTMAX, {}),
    "a tiny difference": ("sigmoid(z) == sigmoid(z) + 1e-60", {"s": "sigmoid(z)"}, {"z": "n"}, {}),
}


@pytest.mark.parametrize("key", TRUE)
def test_true_statements_are_proved(key: str) -> None:
    text, define, shapes, assume = TRUE[key]
    verdict = claim(text, define, shapes, assume, ("f",))
    assert verdict.kind is Kind.PROVED, verdict.reason
    assert verdict.witness
    assert verdict.method


@pytest.mark.parametrize("key", FALSE)
def test_false_statements_are_refuted(key: str) -> None:
    text, define, shapes, assume = FALSE[key]
    verdict = claim(text, define, shapes, assume, ("f",))
    assert verdict.kind is Kind.REFUTED, verdict.reason
    assert verdict.witness


def test_only_the_assumptions_that_are_needed_are_listed() -> None:
    define, shapes = SOFTMAX
    both = {"targets": "sum(y) == 1", "irrelevant": "sum(u) == 2"}
    verdict = claim("d(L, z) == p - y", define, {**shapes, "u": "n"}, both)
    assert verdict.assumptions == ("sum(y) == 1",)
    assert claim("d(p, z) == diag(p) - outer(p, p)", define, shapes, ONE_HOT).assumptions == ()


def test_an_assumption_is_not_differentiated() -> None:
    """Σy = 1 put in before d/dy would prove dΣy/dy = 0."""
    verdict = claim("d(q, y) == 0*y", {"q": "sum(y)"}, {"y": "n"}, ONE_HOT)
    assert verdict.kind is Kind.REFUTED
    verdict = claim("d(q, y) == 2*sum(y)*ones(n)", {"q": "sum(y)**2"}, {"y": "n"}, ONE_HOT)
    assert verdict.kind is Kind.PROVED
    verdict = claim("d(q, y) == 2*ones(n)", {"q": "sum(y)**2"}, {"y": "n"}, ONE_HOT)
    assert verdict.kind is Kind.UNDECIDED
    assert "variable of differentiation" in verdict.reason


def test_contradictory_assumptions_prove_nothing() -> None:
    assume = {"one": "sum(y) == 1", "two": "sum(y) == 2"}
    verdict = claim("x == 0", {"q": "sum(y) + x"}, {"y": "n"}, assume)
    assert verdict.kind is Kind.UNDECIDED


def test_conditions_are_listed_in_the_users_symbols() -> None:
    verdict = claim("d(q, x) == 1/x", {"q": "log(x)"})
    assert [str(condition) for condition in verdict.conditions] == ["x > 0"]
    verdict = claim("d(q, x) == -1/x**2", {"q": "1/x"})
    assert [str(condition) for condition in verdict.conditions] == ["x != 0"]
    verdict = claim("d(q, x) == sign(x)", {"q": "abs(x)"})
    assert "x != 0" in [str(condition) for condition in verdict.conditions]
    verdict = claim("d(q, z) == softmax(z)", {"q": "logsumexp(z)"}, {"z": "n"})
    assert verdict.conditions == ()


def test_an_assumed_sign_removes_a_condition_and_is_listed() -> None:
    verdict = claim("d(q, x) == 1/x", {"q": "log(x)"}, assume={"positive": "x > 0"})
    assert verdict.conditions == ()
    assert verdict.assumptions == ("x > 0",)
    one_entry = claim("d(q, x) == 1/x", {"q": "sum(log(x))"}, {"x": "n"}, assume={"positive": "x[0] > 0"})
    assert any("x" in str(condition) for condition in one_entry.conditions)


def test_a_budget_ends_in_undecided() -> None:
    define = {"q": "(a + b)**6*(a - b)**6", "r": "(a**2 - b**2)**6"}
    assert claim("r == q", define).kind is Kind.PROVED
    verdict = claim("r == q", define, budget=Budget(terms=3))
    assert verdict.kind is Kind.UNDECIDED
    assert "budget" in verdict.reason


def test_agreement_of_numbers_is_no_proof() -> None:
    """A true statement beyond the normal form stays undecided, with the evaluations counted."""
    verdict = claim("sin(2*x) == 2*sin(x)*cos(x)", {"q": "sin(x)"})
    assert verdict.kind is not Kind.REFUTED
    if verdict.kind is Kind.UNDECIDED:
        assert "no proof" in verdict.reason


@pytest.mark.parametrize(
    ("formula", "assumed"),
    [
        ("n*sum(einsum('iij->ij', C)) == 1", ["einsum('iij->ij', C) == einsum('jji->ij', C)", "sum(C) == 1"]),
        ("A == A.T", ["A**2 == A.T**2"]),
        ("B @ A.T == eye(n)", ["A**2 == A.T**2", "B @ A == eye(n)"]),
        ("A == A.T", ["diag(A) == diag(A.T)"]),
    ],
)
def test_symmetry_is_used_only_for_the_entries_that_it_is_about(formula: str, assumed: list[str]) -> None:
    assume = {f"a{k}": text for k, text in enumerate(assumed)}
    graph = graph_from_formulas(
        {"q": "sum(A) + sum(B) + sum(C)"}, {"A": "n, n", "B": "n, n", "C": "n, n, n"}, assume=assume
    )
    assert not verify(relation(graph, "claim", formula), graph).proved


@pytest.mark.parametrize("formula", ["x + y == x", "x > 0", "d(q, x) == y", "sum(v) >= 0"])
def test_a_proof_is_tried_at_points_all_the_same(formula: str) -> None:
    graph = graph_from_formulas({"q": "x*x"}, {"x": "", "y": "", "v": "n"})
    claimed = relation(graph, "claim", formula)
    verdict = with_witness(claimed, graph, Attempt(proved=True), Budget())
    assert verdict.kind is Kind.UNDECIDED
    assert "please report" in verdict.reason


def test_a_false_statement_about_a_high_power_does_not_wait_for_its_normal_form() -> None:
    graph = graph_from_formulas({"L": "sum((A @ x)**60)"}, {"A": "m, n", "x": "n"})
    start = perf_counter()
    assert verify(relation(graph, "claim", "d(L, x) == 0"), graph, budget=Budget(seconds=60)).kind is Kind.REFUTED
    assert perf_counter() - start < 30


def test_routes_that_are_written_alike_need_no_normal_form() -> None:
    graph = graph_from_formulas({f"a{k}": f"sigmoid(w{k}*a{k - 1} + b{k})" for k in range(1, 11)})
    chain, delta = (rule(graph, "a10", ["w1"]) for rule in (chain_rule, delta_rule))
    few, wrong = Budget(terms=20), delta.adjoints | {"a2": delta.adjoints["a3"]}
    assert verify_routes(graph, "a10", chain.gradients["w1"], "w1", delta.adjoints, budget=few).proved
    assert not verify_routes(graph, "a10", chain.gradients["w1"], "w1", wrong, budget=few).proved


def test_only_what_is_proved_counts_as_true() -> None:
    assert claim("2*x == x + x", {}, {"x": "n"})
    assert not claim("2*x == x", {}, {"x": "n"})
    assert not claim("exp(x) >= 1 + x", {}, {"x": "n"})


def test_a_counterexample_without_values_tells_its_sizes() -> None:
    assert str(claim("n >= 2", {}, {"x": "n"})) == "REFUTED at n = 1: left 1, right 2"
