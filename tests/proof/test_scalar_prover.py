"""The scalar prover on activations and networks, its assumptions, its memory, and what it says when it gives up."""

import itertools
import os
import subprocess
import sys
from typing import Any

import pytest
import sympy as sp

from symbackprop.catalogue.activations import ACTIVATIONS
from symbackprop.catalogue.derivatives import definition, unfold
from symbackprop.language.parse import Scope, parse
from symbackprop.proof.instances import verify_entries
from symbackprop.proof.limits import Budget, Undecided
from symbackprop.proof.scalar.form import ScalarProver, is_zero
from symbackprop.tensor.nodes import Expr, IsZero, Partial, Positive, elementwise, entry, index, scalar, size, summation

x, y, z, n = scalar("x"), scalar("y"), scalar("z"), size("n")
p = sp.Symbol("p", positive=True)
f = elementwise("f")
HALF = sp.Rational(1, 2)


def difference(left: Expr, right: Expr) -> Expr:
    """left - right as it stands: SymPy must not decide the question by cancelling."""
    return sp.Add(left, sp.Mul(-1, right, evaluate=False), evaluate=False)


def sigmoid(u: Expr) -> Expr:
    return 1 / (1 + sp.exp(-u))


def relu(u: Expr) -> Expr:
    return u * Positive(u)


# ---------------------------------------------------------------------- activations and networks


def compact_derivative(name: str) -> tuple[Expr, Expr]:
    """f'(z), and the compact form that the catalogue claims, both unfolded."""
    record = ACTIVATIONS[name]
    formals, formula = definition(name)
    scope = Scope(shapes={str(q): () for q in (*formals, entry("a"))})
    claimed = unfold(parse(record.derivative_in_output, scope).expr).xreplace({entry("a"): formula})
    return unfold(definition(name, 1)[1]), claimed


@pytest.mark.parametrize("name", [r.id for r in ACTIVATIONS.values() if r.elementwise and r.derivative_in_output])
def test_compact_derivatives_of_the_catalogue(name: str) -> None:
    derivative, claimed = compact_derivative(name)
    assert is_zero(difference(derivative, claimed))


SMOOTH: dict[str, tuple[Any, Any]] = {
    "sigmoid": (sigmoid, lambda u: sigmoid(u) * (1 - sigmoid(u))),
    "tanh": (sp.tanh, lambda u: 1 - sp.tanh(u) ** 2),
    "softplus": (lambda u: sp.log(1 + sp.exp(u)), sigmoid),
    "silu": (lambda u: u * sigmoid(u), lambda u: sigmoid(u) * (1 + u * (1 - sigmoid(u)))),
    "gelu": (
        lambda u: u * (1 + sp.erf(u / sp.sqrt(2))) / 2,
        lambda u: (1 + sp.erf(u / sp.sqrt(2))) / 2 + u * sp.exp(-(u**2) / 2) / sp.sqrt(2 * sp.pi),
    ),
}


def network(sizes: tuple[int, ...], activation: str) -> list[tuple[Expr, Expr]]:
    """(gradient of the squared error by SymPy, the same by the delta rule) for every weight."""
    act, derivative = SMOOTH[activation]
    a = [[entry("x", j) for j in range(sizes[0])]]
    pre = []
    for layer, width in enumerate(sizes[1:]):
        weights = [[entry(f"w{layer}", i, j) for j in range(sizes[layer])] for i in range(width)]
        pre.append([sum(w * v for w, v in zip(row, a[-1], strict=True)) for row in weights])
        a.append([act(u) for u in pre[-1]])
    loss = sum((v - entry("t", i)) ** 2 for i, v in enumerate(a[-1])) / 2
    delta = [(v - entry("t", i)) * derivative(u) for i, (v, u) in enumerate(zip(a[-1], pre[-1], strict=True))]
    pairs = []
    for layer in reversed(range(len(pre))):
        for i, j in itertools.product(range(sizes[layer + 1]), range(sizes[layer])):
            w = entry(f"w{layer}", i, j)
            pairs.append((_diff(loss, w), delta[i] * a[layer][j]))
        if layer:
            above = range(sizes[layer + 1])
            delta = [
                derivative(u) * sum(entry(f"w{layer}", i, j) * delta[i] for i in above)
                for j, u in enumerate(pre[layer - 1])
            ]
    return pairs


def _diff(expr: Expr, w: Expr) -> Expr:
    """∂expr/∂w by SymPy, which must not see that entries of one base belong together."""
    symbol = sp.Dummy(real=True)
    return sp.diff(expr.xreplace({w: symbol}), symbol).xreplace({symbol: w})


@pytest.mark.parametrize("activation", SMOOTH)
def test_sympy_and_the_delta_rule_agree(activation: str) -> None:
    prover = ScalarProver()
    for left, right in network((2, 3, 1), activation):
        assert prover.is_zero(difference(left, right))
        assert not prover.is_zero(difference(left, right * (1 + entry("x", 0) / 10**9)))


def test_a_deeper_network() -> None:
    prover = ScalarProver()
    assert all(prover.is_zero(difference(left, right)) for left, right in network((3, 4, 2), "sigmoid"))


# ---------------------------------------------------------------------- assumptions


def test_assumptions_are_used() -> None:
    claim = difference(sp.Abs(x), x)
    assert not is_zero(claim)
    assert is_zero(claim, positive=frozenset([x]))
    assert is_zero(difference(sp.Abs(x - y), y - x), positive=frozenset([y - x]))
    assert not is_zero(difference(sp.Abs(x - y), y - x), positive=frozenset([y]))
    assert is_zero(IsZero(x * y), nonzero=frozenset([x, y]))
    assert not is_zero(IsZero(x * y), nonzero=frozenset([x]))
    assert not is_zero(difference(sp.Abs(x), x), nonzero=frozenset([x]))
    assert is_zero(difference(sp.sqrt(x * y), sp.sqrt(x) * sp.sqrt(y)), positive=frozenset([x, y]))
    assert is_zero(difference(sp.Abs(p * x), p * x), positive=frozenset([p * x]))
    assert not is_zero(difference(sp.Abs(x), x), positive=frozenset([x * y]))


def test_an_assumption_that_never_holds_proves_nothing() -> None:
    for never in (sp.Integer(-1), -1 - x**2, sp.Integer(0)):
        with pytest.raises(Undecided, match="never holds"):
            is_zero(sp.Integer(1), positive=frozenset([never]))


# ---------------------------------------------------------------------- one prover for many questions


def test_facts_of_one_question_do_not_leak_into_the_next() -> None:
    prover = ScalarProver()
    granting = [
        difference(1 / x, 1 / x),
        difference(sp.log(x), sp.log(x)),
        difference(x**HALF, x**HALF),
    ]
    claims = [IsZero(x), difference(Positive(x), 1), difference(relu(x), x), difference(sp.Abs(x), x)]
    for _ in range(2):
        for question in granting:
            assert prover.is_zero(question)
            assert not any(prover.is_zero(claim) for claim in claims)


def test_an_atom_made_where_less_is_defined_is_not_trusted_elsewhere() -> None:
    prover = ScalarProver()
    nothing = 1 / (x * (x + 1)) - 1 / x + 1 / (x + 1)
    assert prover.is_zero(difference(f(y + nothing), f(y)))
    assert not prover.is_zero(IsZero(x) * f(y))
    assert prover.is_zero(difference(f(y), f(y)))


# ---------------------------------------------------------------------- what is undecided

i, j = index("i", n), index("j", n)
k, m = index("k", sp.Integer(3)), index("m", sp.Integer(3))

UNDECIDED = {
    "free index": (entry("x", i), "free index"),
    "symbolic sum": (summation(entry("x", i), i), "range of i"),
    "symbolic delta": (sp.KroneckerDelta(i, j), "KroneckerDelta"),
    "derivative": (Partial(x, y), "Partial"),
    "unknown function": (sp.gamma(x), "gamma"),
    "undefined function": (sp.Function("g")(x), "not supported"),
    "float": (sp.Float(0.5) * x, "Float"),
    "imaginary": (sp.I * x, "ImaginaryUnit"),
    "infinity": (x + sp.oo, "Infinity"),
    "nan": (sp.nan, "NaN"),
    "complex symbol": (sp.Symbol("c", imaginary=True), "no real quantity"),
    "division by zero": (1 / sp.Add(x, -x, evaluate=False), "division by zero"),
    "zero times the inverse of zero": (
        sp.Mul(0, 1 / sp.Add(sp.sin(x) ** 2, sp.cos(x) ** 2, -1, evaluate=False), evaluate=False),
        "division by zero",
    ),
    "division by an indicator": (sp.Mul(Positive(x), 1 / Positive(x), evaluate=False) - 1, "whole region"),
    "division by relu": (1 / relu(x), "whole region"),
    "root of a negative": (sp.sqrt(-1 - x**2) * 0 + sp.sqrt(-1 - x**2), "negative"),
    "logarithm of a negative": (difference(sp.log(-sp.exp(x)), sp.log(-sp.exp(x))), "negative"),
    "defined nowhere": (difference(sp.log(x), sp.log(-x)), "defined nowhere"),
    "power of unknown base": (x**y, "positive base"),
    "zero to the y": (sp.Pow(sp.Add(x, -x, evaluate=False), y), "positive base"),
    "high power": ((x + y) ** (10**9), "exponent"),
}


@pytest.mark.parametrize("name", UNDECIDED)
def test_what_is_undecided_says_why(name: str) -> None:
    expr, reason = UNDECIDED[name]
    with pytest.raises(Undecided, match=reason):
        is_zero(expr)


def test_a_sum_over_a_concrete_range_is_written_out() -> None:
    dot = summation(entry("x", k) * entry("c", k), k)
    assert is_zero(difference(dot, sum(entry("x", v) * entry("c", v) for v in range(3))))
    assert not is_zero(difference(dot, sum(entry("x", v) * entry("c", 2 - v) for v in range(3))))
    total = summation(entry("x", k), k)
    assert is_zero(difference(summation(summation(entry("x", k) * entry("x", m), k), m), total**2))


def test_a_spent_budget_is_said() -> None:
    with pytest.raises(Undecided, match="seconds"):
        is_zero((x + y) ** 3 - x, budget=Budget(seconds=0.0))
    with pytest.raises(Undecided, match="5 terms"):
        is_zero((x + y) ** 9 - x, budget=Budget(terms=5))


def test_a_prover_survives_an_undecided_question() -> None:
    prover = ScalarProver()
    with pytest.raises(Undecided):
        prover.is_zero(sp.gamma(x))
    assert prover.is_zero(difference(relu(x) + relu(-x), sp.Abs(x)))


def test_deep_expressions_do_not_hit_the_recursion_limit() -> None:
    deep = x
    for level in range(6000):
        deep = sp.Add(deep, y, evaluate=False) if level % 2 else sp.Mul(deep, HALF, evaluate=False)
    assert not is_zero(deep)
    assert not is_zero(Positive(deep))


# ---------------------------------------------------------------------- inside


def test_every_fingerprint_point_satisfies_every_relation() -> None:
    prover = ScalarProver(positive=frozenset([z]))
    roots = sp.sqrt(1 + x**2) + sp.sqrt(sp.Abs(y)) + sp.sqrt(n * z) + (x * y) ** sp.Rational(1, 3)
    kinks = Positive(x - 1) / (x + y) + IsZero(x) * Positive(x + 2) + sp.sign(y + sp.sin(x))
    prover.is_zero(roots + kinks + sp.tanh(x * y) + sp.log(x**2 + y) + sp.erf(relu(x)))
    forms = prover._forms
    assert forms is not None
    ring = forms.ring
    relations = [relation for rules in ring._rules for _, relation in rules]
    assert len(relations) > 20
    assert ring.points.clean
    assert not any(any(ring.points.at(relation)) for relation in relations)


# ---------------------------------------------------------------------- determinism

SCRIPT = """
import sympy as sp
from symbackprop.proof.scalar.form import ScalarProver
from symbackprop.tensor.nodes import Positive, scalar
x, y, s, t = map(scalar, "xyst")
prover = ScalarProver(positive=frozenset([s, t, s + x, t + y]))
prover.is_zero(sp.exp(x*y)/(s + t*Positive(x - y)) + sp.sqrt(1 + x**2)*sp.log(s*t) - sp.erf(x + y) - x/y)
print([str(form.element) for form in prover._forms._memo.values()])
"""


def test_normal_forms_do_not_depend_on_the_hash_seed() -> None:
    outputs = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("0", "1")
    }
    assert len(outputs) == 1


# ---------------------------------------------------------------------- cases


def test_what_is_not_zero_is_not_zero_in_any_region() -> None:
    """min(1, z) + 1 is 0 only where z is -1; a region that does not hold the zeros of its factor tells nothing."""
    capped = 1 + (z - 1) * Positive(1 - z)
    assert is_zero(y * IsZero(z + 1), nonzero=frozenset([capped + 1]))
    assert not is_zero(y * IsZero(z - 2), nonzero=frozenset([3 + (z - 2) * Positive(1 - z)]))
    assert not is_zero(y * IsZero(z + 1), nonzero=frozenset([3 + z * Positive(z)]))


def test_a_delta_function_is_zero_where_it_has_a_value() -> None:
    """SymPy writes the second derivative of |z| with it; nothing is said about the kink itself."""
    assert is_zero(sp.diff(sp.Abs(z), z, 2))
    assert not is_zero(sp.diff(sp.Abs(z) * z, z, 2) - 1)


@pytest.mark.parametrize(
    ("condition", "value"),
    [
        (sp.And(z > 0, y > 0), Positive(z) * Positive(y)),
        (sp.Or(z > 0, y > 0), Positive(z) + Positive(y) - Positive(z) * Positive(y)),
        (sp.ITE(z > 0, y > 0, sp.Eq(y, 1)), Positive(z) * Positive(y) + (1 - Positive(z)) * IsZero(y - 1)),
    ],
    ids=["and", "or", "if"],
)
def test_connected_conditions_are_case_distinctions(condition: Expr, value: Expr) -> None:
    piecewise = sp.Piecewise((x, condition), (x**2, True))
    stated = verify_entries({"": (piecewise, x * value + x**2 * (1 - value))})
    assert stated.proved, stated.reason
    assert not verify_entries({"": (piecewise, x**2 * value + x * (1 - value))}).proved


def test_angles_are_taken_apart_where_that_is_needed() -> None:
    assert is_zero(difference(sp.sin(x + 2 * y - z), sp.sin(x + 2 * y) * sp.cos(z) - sp.cos(x + 2 * y) * sp.sin(z)))
    assert is_zero(difference(sp.cos(3 * x), 4 * sp.cos(x) ** 3 - 3 * sp.cos(x)))
    assert is_zero(difference(sp.sin(sp.Abs(x)), sp.sign(x) * sp.sin(x)))
    assert not is_zero(difference(sp.sin(x + y), sp.sin(x) * sp.cos(y) - sp.cos(x) * sp.sin(y)))
    assert not is_zero(difference(sp.sin(x / y), sp.sin(x) / y))
