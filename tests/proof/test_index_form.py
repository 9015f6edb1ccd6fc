"""The index normal form proves theorems for all sizes, and nothing that is false."""

import os
import subprocess
import sys
from typing import Any

import pytest
import sympy as sp
from proof.index_theorems import (
    ONE_HALF,
    A,
    B,
    Theorem,
    each_theorem,
    eps,
    f,
    f1,
    m,
    n,
    shift,
    x,
    y,
)

from symbackprop.proof.index.form import IndexForms, subtract
from symbackprop.proof.limits import Budget, Undecided
from symbackprop.tensor.indices import substitute
from symbackprop.tensor.nodes import (
    Expr,
    IsZero,
    Partial,
    Positive,
    delta,
    entry,
    index,
    scalar,
    summation,
)
from symbackprop.tensor.tensor import Tensor


@each_theorem
def test_theorems_are_proved(theorem: Theorem) -> None:
    assert theorem.proved()


# ---------------------------------------------------------------------------------------------- false and true


def equal(left: Expr, right: Expr, **options: Any) -> bool:
    """Whether left = right is proved."""
    forms = IndexForms(**options)
    return forms.is_zero(subtract(forms.normalise(left), forms.normalise(right)))


i, j, k, h = (index(name, n) for name in "ijkh")
q = index("q", m)
s, t = scalar("s"), scalar("t")
three = index("k", sp.Integer(3))


def relu(u: Expr) -> Expr:
    """max(u, 0)."""
    return u * Positive(u)


def maximum(u: Expr, v: Expr) -> Expr:
    """max(u, v)."""
    return u * Positive(u - v) + v * (1 - Positive(u - v))


def sigmoid(u: Expr) -> Expr:
    """1/(1 + exp(-u))."""
    return 1 / (1 + sp.exp(-u))


FALSE = {
    "transpose": (A(i, j), A(j, i)),
    "xAy and xAᵀy": (summation(x(i) * A(i, j) * y(j), i, j), summation(x(i) * A(j, i) * y(j), i, j)),
    "sum of products": (summation(x(k) * y(k), k), summation(x(k), k) * summation(y(h), h)),
    "capture": (summation(x(k) * y(i), k), summation(x(i) * y(i), i)),
    "square of a sum": (summation(x(k), k) ** 2, summation(x(k) ** 2, k)),
    "root of a square": (sp.Pow(entry("x", i) ** 2 + 0, ONE_HALF), x(i)),
    "small sizes": ((n - 1) * (n - 2) * summation(x(k), k), sp.Integer(0)),
    "sizes are not one size": (summation(sp.Integer(1), k), m),
    "unknown range is not 3": (summation(sp.Integer(1), three), n),
    "trace of AB and ABᵀ": (summation(A(i, k) * B(k, i), i, k), summation(A(i, k) * B(i, k), i, k)),
    "trace of ABAB": (
        summation(A(i, j) * B(j, k) * A(k, h) * B(h, i), i, j, k, h),
        summation(A(i, j) * A(j, k) * B(k, h) * B(h, i), i, j, k, h),
    ),
    "integer entries": (A(0, 1), A(1, 0)),
    "free and fixed index": (x(i), x(0)),
    "order of a derivative": (f(s), f1(s)),
    "log of a product": (sp.log(sp.exp(s) + 1) * t, sp.log(sp.exp(t) + 1) * s),
    "absolute value": (sp.Abs(s), s),
    "indicators at the kink": (Positive(s), 1 - Positive(-s)),
    "half": (sp.sqrt(n), n / 2),
    "names of scalars": (s * s + t, s * t + t),
    "exponentials of sums": (sp.exp(summation(x(k), k)), summation(sp.exp(x(k)), k)),
    "a sum is not its first term": (summation(x(k), k), x(0)),
    "a double sum by wrong symmetry": (summation(x(k) / (x(k) + x(h)), k, h), n**2 / 3),
    "relu and identity": (relu(s), s),
    "minimum and maximum": (maximum(s, t), -maximum(-s, -t)),
    "triangle inequality": (sp.Abs(s + t), sp.Abs(s) + sp.Abs(t)),
    "relu under a sum": (summation(relu(x(k)), k), relu(summation(x(k), k))),
    "signs differ with the index": (sp.Abs(x(i)) * Positive(x(j)), x(i) * Positive(x(j))),
    "part of a sum written out": (summation(x(three), three), x(0) + x(1)),
    "two of n indices": (delta(i, 0) + delta(i, 1), sp.Integer(1)),
}


@pytest.mark.parametrize("name", FALSE)
def test_false_equations_are_not_proved(name: str) -> None:
    left, right = FALSE[name]
    assert not equal(left, right)


TRUE = {
    "renamed dummy": (summation(x(k), k), summation(x(h), h)),
    "trace": (summation(A(i, k) * B(k, i), i, k), summation(B(i, k) * A(k, i), i, k)),
    "symmetric form": (summation(x(i) * A(i, j) * x(j), i, j), summation(x(i) * A(j, i) * x(j), i, j)),
    "number of terms": (summation(sp.Integer(1), k), n),
    "concrete number of terms": (summation(sp.Integer(1), three), sp.Integer(3)),
    "product of sums": (summation(x(k) * y(h), k, h), summation(x(k), k) * summation(y(k), k)),
    "contraction": (summation(delta(k, j) * x(k), k), x(j)),
    "contraction at an integer": (summation(delta(k, 0) * x(k), k), x(0)),
    "integer outside of the range": (summation(delta(three, 5) * x(three), three), sp.Integer(0)),
    "range of one": (x(index("k", sp.Integer(1))), x(0)),
    "cancelled under a sum": (summation(x(k) * (y(k) + s**2 + 1) / (y(k) + 1 + s**2), k), summation(x(k), k)),
    "exp of a half": (sp.exp(s / 2) ** 2, sp.exp(s)),
    "log of exp": (sp.log(1 + sp.exp(-s)), sp.log(1 + sp.exp(s)) - s),
    "sigmoid and tanh": (2 / (1 + sp.exp(-2 * s)) - 1, sp.tanh(s)),
    "tanh of a sum": (sp.tanh(s + t), (sp.tanh(s) + sp.tanh(t)) / (1 + sp.tanh(s) * sp.tanh(t))),
    "sin and cos": (sp.sin(s) ** 2 + sp.cos(s) ** 2, sp.Integer(1)),
    "odd functions": (sp.erf(s - t) + sp.sin(s - t), -sp.erf(t - s) - sp.sin(t - s)),
    "sign": (sp.Abs(s), s * sp.sign(s)),
    "relu of both signs": (s * Positive(s) - -s * Positive(-s), s),
    "relu and absolute value": (s * Positive(s) + -s * Positive(-s), sp.Abs(s)),
    "three signs": (Positive(s - t) + Positive(t - s) + IsZero(s - t), sp.Integer(1)),
    "scaled indicator": (Positive(3 * n * s), Positive(s)),
    "zero times its indicator": ((s - t) * IsZero(s - t), sp.Integer(0)),
    "square of an absolute value": (sp.Abs(s) ** 2, s**2),
    "roots of numbers": (sp.sqrt(n * 12) * sp.sqrt(3 * n), 6 * n),
    "pi": (sp.sqrt(sp.pi) ** 2 / sp.pi, sp.Integer(1)),
    "root of a positive sum": (sp.sqrt(1 + s**2) ** 3, (1 + s**2) * sp.sqrt(1 + s**2)),
    "inner cancellation": (
        summation(x(i) * sp.exp(A(i, k)) / summation(sp.exp(A(i, h)), h), i, k),
        summation(x(i), i),
    ),
    "one nonzero factor out": (1 / (s**2 + s), 1 / s - 1 / (s + 1)),
    "root of a square": (sp.sqrt(s**2 + 2 * s * t + t**2), sp.Abs(s + t)),
    "root of a product": (
        sp.sqrt((summation(x(k) ** 2, k) + 1) * (summation(y(k) ** 2, k) + 1)),
        sp.sqrt(summation(x(k) ** 2, k) + 1) * sp.sqrt(summation(y(k) ** 2, k) + 1),
    ),
    "power with a symbolic exponent": (s ** (n + 1), s * s**n),
    "equal arguments": (f(1 / (s**2 - 1)), f((1 / (s - 1) - 1 / (s + 1)) / 2)),
    "logarithms of even powers": (sp.log(s**2), 2 * sp.log(sp.Abs(s))),
    "partial fractions under a sum": (
        summation(1 / (y(k) ** 2 - x(k) ** 2), k),
        summation((1 / (y(k) - x(k)) - 1 / (x(k) + y(k))) / (2 * x(k)), k),
    ),
    "a double sum by symmetry": (summation(x(k) / (x(k) + x(h)), k, h), n**2 / 2),
    "sigmoid under a sum": (
        summation(sp.exp(-x(k)) / (1 + sp.exp(-x(k))) ** 2, k),
        summation(1 / (1 + sp.exp(-x(k))) * (1 - 1 / (1 + sp.exp(-x(k)))), k),
    ),
    "relu twice": (relu(relu(s)), relu(s)),
    "maximum is associative": (maximum(maximum(s, t), eps), maximum(s, maximum(t, eps))),
    "sign of a product": (sp.sign(s) * sp.sign(t), sp.sign(s * t)),
    "softplus without overflow": (sp.log(1 + sp.exp(s)), relu(s) + sp.log(1 + sp.exp(-sp.Abs(s)))),
    "binary cross entropy without overflow": (
        summation(relu(x(k)) - x(k) * y(k) + sp.log(1 + sp.exp(-sp.Abs(x(k)))), k),
        -summation(y(k) * sp.log(sigmoid(x(k))) + (1 - y(k)) * sp.log(1 - sigmoid(x(k))), k),
    ),
    "a sum written out": (summation(x(three) ** 2, three), x(0) ** 2 + x(1) ** 2 + x(2) ** 2),
    "every index of a short range": (delta(three, 0) + delta(three, 1) + delta(three, 2), sp.Integer(1)),
}


@pytest.mark.parametrize("name", TRUE)
def test_true_equations_are_proved(name: str) -> None:
    left, right = TRUE[name]
    assert equal(left, right)


def test_a_delta_across_ranges_is_undecided() -> None:
    with pytest.raises(Undecided, match="ranges m and n"):
        equal(summation(delta(k, q) * x(k), k), x(q))


def test_side_conditions_do_not_hold_before_differentiation() -> None:
    total, one = summation(y(k), k), sp.Integer(1)
    forms = IndexForms(rules=[(Tensor(total), Tensor(one))])
    assert forms.is_zero(subtract(forms.normalise(total), forms.normalise(one)))
    assert forms.derivative(total, "y", (j,)) == forms.normalise(one)
    assert not forms.is_zero(forms.derivative(total, "y", (j,)))
    assert not forms.is_zero(forms.normalise(Partial(total, y(j))))
    assert not forms.is_zero(forms.normalise(Partial(total**2, y(j))))
    assert forms.is_zero(subtract(forms.normalise(Partial(total**2, y(j))), forms.normalise(sp.Integer(2))))


def test_side_conditions_of_other_kinds() -> None:
    i0 = index("i0", n)
    pair = (Tensor(x(i0) * y(i0), (n,)), Tensor(sp.Integer(1), (n,)))
    assert equal(summation(x(k) ** 2 * y(k), k), summation(x(k), k), rules=[pair])
    assert not equal(x(i) * y(j), sp.Integer(1), rules=[pair])
    squares = (Tensor(s**2 + t**2), Tensor(sp.Integer(1)))
    assert equal(s**4 + 2 * s**2 * t**2 + t**4, sp.Integer(1), rules=[squares])
    centred = (Tensor(summation(x(k), k) / n), Tensor(sp.Integer(0)))
    assert equal(summation((x(k) - summation(x(h), h) / n) ** 2, k), summation(x(k) ** 2, k), rules=[centred])
    assert not equal(summation(x(k), k), sp.Integer(1), rules=[centred])
    inverse = (Tensor(1 / s), Tensor(t))
    assert not equal(s, t, rules=[inverse])
    equality = (Tensor(A(i0, index("i1", n)), (n, n)), Tensor(A(index("i1", n), i0), (n, n)))
    assert not equal(A(i, j), A(i, i), rules=[equality])
    assert equal(A(i, j), A(j, i), rules=[equality])
    assert equal(summation(x(k) * A(k, j) * y(j), k, j), summation(x(k) * A(j, k) * y(j), k, j), rules=[equality])
    assert not equal(A(i, j) * B(i, j), A(i, j) * B(j, i), rules=[equality])


def test_every_condition_is_noted() -> None:
    def noted(expr: Expr, variable: str = "") -> list[tuple[str, str]]:
        forms = IndexForms()
        forms.derivative(expr, variable) if variable else forms.normalise(expr)
        return [(kind, str(condition)) for kind, condition in forms.conditions]

    assert noted(x(i) / y(i)) == [("nonzero", "y[i]")]
    assert noted(summation(1 / y(i), i)) == [("nonzero", "y[k0]")]
    assert noted(sp.log(s)) == [("positive", "s")]
    assert noted(sp.sqrt(s)) == [("nonnegative", "s")]
    assert noted(sp.sqrt(s), "s") == [("positive", "s")]
    assert noted(1 / (eps - sp.Abs(s - t))) == [("nonzero", "eps - Abs(s - t)")]
    assert noted(1 / sp.sqrt(s - t)) == [("positive", "s - t")]
    assert noted(sp.Abs(s), "s") == noted(Positive(s), "s") == noted(sp.sign(s), "s") == [("nonzero", "s")]
    assert noted(Positive(s), "t") == []
    assert noted(1 / (1 + s**2)) == noted(sp.log(1 + sp.exp(s)), "s") == noted(1 / (n * sp.exp(s))) == []
    assert noted(summation(delta(k, 2) * x(k), k)) == [("positive", "n - 2")]
    assert noted(sp.sqrt(summation(x(k) ** 2, k)), "s") == []
    assert noted(1 / sp.sqrt(summation(x(k) ** 2, k))) == [("positive", "Sum(x[k0]**2, (k0, 0, n - 1))")]


def test_what_is_beyond_the_form_is_undecided() -> None:
    with pytest.raises(Undecided):
        equal(x(sp.Symbol("i", integer=True) + 1), sp.Integer(0))
    with pytest.raises(Undecided, match="terms"):
        equal((s + t + eps + shift) ** 40, s, budget=Budget(terms=1000))
    with pytest.raises(Undecided, match="seconds"):
        equal(summation((x(k) + s) ** 9, k), s, budget=Budget(seconds=0.0))
    deep = s
    for _ in range(3000):
        deep = f(deep)
    with pytest.raises(Undecided, match="deep"):
        equal(deep, s)


def test_symmetric_sums_are_named_or_undecided() -> None:
    names = [index(f"v{number}", n) for number in range(7)]
    ring = sp.Mul(*(A(a, b) for a, b in zip(names, [*names[1:], names[0]], strict=True)))
    shuffled = [names[number] for number in (3, 0, 6, 2, 5, 1, 4)]
    other = substitute(ring, dict(zip(names, shuffled, strict=True)))
    assert equal(summation(ring, *names), summation(other, *reversed(names)))


# ---------------------------------------------------------------------------------------------- determinism

PROBE = """
import sys
sys.path.insert(0, {root!r})
from symbackprop.proof.index.form import IndexForms
from symbackprop.tensor.nodes import *
import sympy as sp
n, m = size("n"), size("m")
i, j, k, l, q = index("i", n), index("j", n), index("k", n), index("l", n), index("q", m)
A, x = (lambda *a: entry("A", *a)), (lambda *a: entry("x", *a))
expr = summation(A(i, j) * A(k, l) * x(l) / (x(i) + x(l)) * sp.exp(A(j, k) - A(k, i)), i, j, k, l)
expr += sp.sqrt(x(i) + x(j)) / (x(i) - x(j)) + sp.log(x(i) * x(j)) + Positive(x(j) - x(i)) * sp.Abs(x(i) - x(j))
forms = IndexForms()
form = forms.normalise(expr)
print(form, forms.derivative(form, "x", (index("p", n),)), forms.conditions, forms.to_expr(form))
"""


def test_the_same_form_for_every_hash_seed() -> None:
    root = str(next(p for p in sys.path if os.path.isdir(os.path.join(p, "symbackprop"))))
    outputs = set()
    for seed in ("1", "2", "77"):
        command = [sys.executable, "-c", PROBE.format(root=root)]
        run = subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True)
        outputs.add(run.stdout)
    assert len(outputs) == 1
