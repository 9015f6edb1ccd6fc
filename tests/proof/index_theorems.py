"""Theorems for all sizes, each with the side conditions that it needs, for tests of the index normal form."""

# ruff: noqa: E731  # formulas with parameters read best as lambdas

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
import sympy as sp

from symbackprop.proof.index.form import IndexForms, subtract
from symbackprop.tensor.nodes import (
    Expr,
    delta,
    elementwise,
    entry,
    extent,
    index,
    scalar,
    size,
    summation,
)
from symbackprop.tensor.tensor import Tensor

n, m, N, K, D, H = (size(name) for name in ("n", "m", "N", "K", "D", "H"))
eps, shift = scalar("eps"), scalar("M")
f, f1 = elementwise("f"), elementwise("f", 1)
ONE_HALF = sp.Rational(1, 2)


def array(name: str) -> Callable[..., Expr]:
    """The entries of a tensor."""
    return lambda *indices: entry(name, *indices)


x, y, z, W, V, X, Y, G, Q, A, B, gain, bias = map(
    array, ("x", "y", "z", "W", "V", "X", "Y", "G", "Q", "A", "B", "gain", "bias")
)
key = array("K")


@dataclass(frozen=True, kw_only=True)
class Theorem:
    """∂loss/∂name[indices] = claim."""

    name: str
    loss: Expr
    variable: str
    indices: tuple[Expr, ...]
    claim: Expr
    positive: frozenset[str] = frozenset()
    rules: tuple[tuple[Tensor, Tensor], ...] = field(default=())

    def proved(self, claim: Expr | None = None) -> bool:
        """Whether the normal form proves it (with another claim in place of the true one)."""
        forms = IndexForms(positive=self.positive, rules=self.rules)
        gradient = forms.derivative(self.loss, self.variable, self.indices)
        return forms.is_zero(subtract(gradient, forms.normalise(self.claim if claim is None else claim)))


def softmax(logits: Callable[[Expr], Expr], i: Expr) -> Expr:
    """exp(z_i) / Σ_k exp(z_k)."""
    k = index("k", extent(i))
    return sp.exp(logits(i)) / summation(sp.exp(logits(k)), k)


def softmax_theorems() -> Iterator[Theorem]:
    i, j, k = (index(name, n) for name in "ijk")
    p = lambda u: softmax(z, u)
    loss = -summation(y(i) * sp.log(p(i)), i)
    ones = (Tensor(summation(y(k), k)), Tensor(sp.Integer(1)))
    yield Theorem(name="softmax Jacobian", loss=p(i), variable="z", indices=(j,), claim=p(i) * (delta(i, j) - p(j)))
    yield Theorem(name="softmax cross entropy", loss=loss, variable="z", indices=(j,), claim=p(j) - y(j), rules=(ones,))
    yield Theorem(
        name="softmax cross entropy, any target",
        loss=loss,
        variable="z",
        indices=(j,),
        claim=p(j) * summation(y(k), k) - y(j),
    )
    logsumexp = sp.log(summation(sp.exp(z(k)), k))
    yield Theorem(name="logsumexp", loss=logsumexp, variable="z", indices=(j,), claim=p(j))
    shifted = shift + sp.log(summation(sp.exp(z(k) - shift), k))
    yield Theorem(name="shifted logsumexp", loss=shifted, variable="z", indices=(j,), claim=p(j))
    norms = sp.sqrt(summation(x(k) ** 2, k) * summation(y(k) ** 2, k))
    dot = summation(x(k) * y(k), k)
    yield Theorem(
        name="cosine similarity",
        loss=dot / norms,
        variable="x",
        indices=(j,),
        claim=y(j) / norms - dot * x(j) / (norms * summation(x(i) ** 2, i)),
    )


def regression_theorems() -> Iterator[Theorem]:
    b, d, k, r, s, row = index("b", N), index("d", D), index("k", K), index("r", D), index("s", K), index("i0", N)
    logit = lambda u, v: summation(X(u, d) * W(d, v), d)
    p = lambda u, v: softmax(lambda w: logit(u, w), v)
    yield Theorem(
        name="batched softmax regression",
        loss=-summation(Y(b, k) * sp.log(p(b, k)), b, k) / N,
        variable="W",
        indices=(r, s),
        claim=summation(X(b, r) * (p(b, s) - Y(b, s)), b) / N,
        rules=((Tensor(summation(Y(row, k), k), (N,)), Tensor(sp.Integer(1), (N,))),),
    )
    yield Theorem(
        name="least squares",
        loss=summation((logit(b, k) - Y(b, k)) ** 2, b, k),
        variable="W",
        indices=(r, s),
        claim=2 * summation(X(b, r) * (logit(b, s) - Y(b, s)), b),
    )
    i, j, u = index("i", D), index("j", D), index("u", K)
    gram = lambda a, c: summation(W(a, k) * W(c, k), k)
    yield Theorem(
        name="squared norm of W Wᵀ",
        loss=summation(gram(i, j) ** 2, i, j),
        variable="W",
        indices=(r, s),
        claim=4 * summation(W(r, u) * W(j, u) * W(j, s), j, u),
    )
    yield Theorem(
        name="sum of f(W Wᵀ)",
        loss=summation(f(gram(i, j)), i, j),
        variable="W",
        indices=(r, s),
        claim=2 * summation(f1(gram(r, j)) * W(j, s), j),
    )


def perceptron_theorems() -> Iterator[Theorem]:
    b, i, j, k = index("b", N), index("i", D), index("j", H), index("k", K)
    z1 = lambda u, v: summation(W(v, i) * X(u, i), i) + bias(v)
    z2 = lambda u, v: summation(V(v, j) * f(z1(u, j)), j)
    loss = summation((f(z2(b, k)) - Y(b, k)) ** 2, b, k) / 2
    d2 = lambda u, v: (f(z2(u, v)) - Y(u, v)) * f1(z2(u, v))
    d1 = lambda u, v: f1(z1(u, v)) * summation(V(k, v) * d2(u, k), k)
    rows = (
        ("V", (index("r", K), index("s", H)), lambda r, s: summation(d2(b, r) * f(z1(b, s)), b)),
        ("W", (index("r", H), index("s", D)), lambda r, s: summation(d1(b, r) * X(b, s), b)),
        ("bias", (index("r", H),), lambda r: summation(d1(b, r), b)),
    )
    for name, indices, claim in rows:
        yield Theorem(name=f"MLP d{name}", loss=loss, variable=name, indices=indices, claim=claim(*indices))


def norm_theorems() -> Iterator[Theorem]:
    b, i, k, p, r, s = index("b", N), index("i", D), index("k", D), index("p", D), index("r", N), index("s", D)
    inverse_root = lambda u: (u + eps) ** -ONE_HALF
    upstream = lambda u, v: G(u, v) * gain(v)

    mean = lambda u: summation(x(u, k), k) / D
    scaled = lambda u: inverse_root(summation((x(u, k) - mean(u)) ** 2, k) / D)
    normed = lambda u, v: (x(u, v) - mean(u)) * scaled(u)
    loss = summation(G(b, i) * (gain(i) * normed(b, i) + bias(i)), b, i)
    mixed = summation(upstream(r, p) * normed(r, p), p)
    claim = scaled(r) * (upstream(r, s) - summation(upstream(r, p), p) / D - normed(r, s) * mixed / D)
    common = {"positive": frozenset({"eps"}), "indices": (r, s), "variable": "x"}
    yield Theorem(name="layer norm dx", loss=loss, claim=claim, **common)  # type: ignore[arg-type]
    yield Theorem(
        name="layer norm dgain",
        loss=loss,
        variable="gain",
        indices=(s,),
        claim=summation(G(b, s) * normed(b, s), b),
        positive=frozenset({"eps"}),
    )
    a, c, q = index("a", N), index("c", N), index("q", N)
    batch_mean = lambda v: summation(x(b, v), b) / N
    batch_scaled = lambda v: inverse_root(summation((x(c, v) - batch_mean(v)) ** 2, c) / N)
    batch_normed = lambda u, v: (x(u, v) - batch_mean(v)) * batch_scaled(v)
    loss = summation(G(a, i) * (gain(i) * batch_normed(a, i) + bias(i)), a, i)
    inner = N * G(r, s) - summation(G(q, s), q) - batch_normed(r, s) * summation(G(q, s) * batch_normed(q, s), q)
    claim = gain(s) * batch_scaled(s) / N * inner
    yield Theorem(name="batch norm dx", loss=loss, claim=claim, **common)  # type: ignore[arg-type]
    root = lambda u: inverse_root(summation(x(u, k) ** 2, k) / D)
    loss = summation(G(b, i) * gain(i) * x(b, i) * root(b), b, i)
    claim = root(r) * (upstream(r, s) - x(r, s) * root(r) ** 2 * summation(upstream(r, p) * x(r, p), p) / D)
    yield Theorem(name="RMS norm dx", loss=loss, claim=claim, **common)  # type: ignore[arg-type]


def attention_theorems() -> Iterator[Theorem]:
    a, i, j, u, t, c, h = (
        index("a", D), index("i", N), index("j", N), index("u", N), index("t", N), index("c", H), index("h", H),
    )  # fmt: skip
    score = lambda p, q: summation(Q(p, a) * key(q, a), a) / sp.sqrt(D)
    weight = lambda p, q: softmax(lambda w: score(p, w), q)
    output = lambda p, q: summation(weight(p, j) * V(j, q), j)
    loss = summation(G(i, c) * output(i, c), i, c)
    d_weight = lambda p, q: summation(G(p, c) * V(q, c), c)
    d_score = lambda p, q: weight(p, q) * (d_weight(p, q) - summation(weight(p, u) * d_weight(p, u), u))
    flash = lambda p, q: weight(p, q) * (d_weight(p, q) - summation(G(p, h) * output(p, h), h))
    r, s = index("r", N), index("s", D)
    rows = (
        ("V", (r, index("s", H)), summation(weight(i, r) * G(i, index("s", H)), i)),
        ("Q", (r, s), summation(d_score(r, t) * key(t, s), t) / sp.sqrt(D)),
        ("K", (r, s), summation(d_score(t, r) * Q(t, s), t) / sp.sqrt(D)),
        ("Q", (r, s), summation(flash(r, t) * key(t, s), t) / sp.sqrt(D)),
    )
    for number, (name, indices, claim) in enumerate(rows):
        yield Theorem(name=f"attention {number} d{name}", loss=loss, variable=name, indices=indices, claim=claim)


THEOREMS = [
    *softmax_theorems(), *regression_theorems(), *perceptron_theorems(), *norm_theorems(), *attention_theorems(),
]  # fmt: skip
each_theorem = pytest.mark.parametrize("theorem", THEOREMS, ids=lambda theorem: theorem.name)
