"""False statements, each of which a particular mistake in a prover would prove; and true ones that look like them.

`ATTACKS` are claims in the language; `FORMS` are index expressions, some of which no formula can express; `SCALARS` are
for the scalar prover.
"""

from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp

from symbackprop.proof.index.form import IndexForms
from symbackprop.proof.limits import Budget, Undecided
from symbackprop.proof.scalar.form import is_zero
from symbackprop.proof.verify import verify
from symbackprop.tensor.nodes import Expr, Positive, delta, elementwise, entry, index, scalar, size, summation

from .statements import Statement

BUDGET = Budget(terms=20_000, seconds=5)
SHAPES = (("x", "n"), ("y", "n"), ("A", "n, n"), ("B", "n, n"), ("C", "m, n"), ("t", "m"))


def claim(
    text: str, *define: tuple[str, str], assume: tuple[str, ...] = (), functions: tuple[str, ...] = ()
) -> Statement:
    """A statement about vectors x, y, t, matrices A, B, C and scalars."""
    return Statement(
        id=f"attack/{text}",
        claim=text,
        define=define or (("q", "r + s + sum(x*y)"),),
        shapes=SHAPES,
        functions=functions,
        assume=tuple((f"a{k}", text) for k, text in enumerate(assume)),
    )


RESIDUAL = (("z", "A @ x"), ("h", "f(z)"), ("r", "h + z"), ("E", "sum(r**2)/2"))
SOFTMAX = (("z", "A @ x"), ("p", "softmax(z)"), ("L", "-sum(y*log(p))"))
ATTACKS: dict[str, Statement] = {
    "sum of products is the product of sums": claim("sum(x*y) == sum(x)*sum(y)"),
    "square of a sum is the sum of squares": claim("sum(x)**2 == sum(x**2)"),
    "quadratic form sees the diagonal only": claim("x @ A @ y == sum(x*diag(A)*y)"),
    "product of three in another order": claim("x @ A @ B @ y == x @ B @ A @ y"),
    "transposed form": claim("x @ A @ y == x @ A.T @ y"),
    "transposed matrix": claim("A == A.T"),
    "transposed product": claim("(A @ B).T == A.T @ B.T"),
    "transposed weights": claim("d(sum((A @ x - y)**2), x) == 2*A @ (A @ x - y)"),
    "sum of ones is one": claim("sum(ones(n)) == 1"),
    "one size is another": claim("sum(ones(n)) == m"),
    "size minus itself by another": claim("sum(outer(t, x)) == n*sum(t)"),
    "vanishes for two sizes": claim("(n - 1)*(n - 2)*sum(x) == 0"),
    "quotient of different sums": claim("sum(exp(x))/sum(exp(y)) == 1"),
    "softmax with the other normaliser": claim("sum(exp(x)/sum(exp(y))) == 1"),
    "norm of another vector": claim("sum(x**2/sum(y**2)) == 1"),
    "rows with the normalisers of others": claim("sum(exp(A)/sum(exp(B), axis=1, keepdims=True)) == n"),
    "root of a square": claim("sqrt(r**2) == r"),
    "root of a completed square": claim("sqrt(r**2 + 2*r*s + s**2) == r + s"),
    "root of a square of a sum": claim("sqrt(sum(x)**2) == sum(x)"),
    "logarithm of a square": claim("exp(log(r**2)/2) == r"),
    "logarithm of a product of negatives": claim("exp(log(r**2*s**2)/2) == r*s"),
    "slope of cosine": claim("d(cos(r), r) == sin(r)"),
    "slope of an inverse": claim("d(1/r, r) == 1/r**2"),
    "slope of a power": claim("d(r**3, r) == r**2"),
    "slope of a product": claim("d(r*s*r, r) == r*s"),
    "slope of sigmoid": claim("prime(sigmoid, r) == sigmoid(r)"),
    "slope of a composition": claim("d(f(2*r), r) == prime(f, 2*r)", functions=("f",)),
    "slope at the kink": claim("prime(relu, r) == (r >= 0)"),
    "greater or equal": claim("(r >= 0) == (r > 0)"),
    "square of the sign": claim("sign(r)**2 == 1"),
    "absolute value": claim("abs(r) == r"),
    "maximum of both": claim("maximum(r, s) == r"),
    "a sum of signs": claim("(r > 0) + (r < 0) == 1"),
    "one path of two": claim("d(E, z) == r*prime(f, z)", *RESIDUAL, functions=("f",)),
    "the other path of two": claim("d(E, z) == r", *RESIDUAL, functions=("f",)),
    "neighbour of the diagonal": claim("d(x, x) == ones(n, n)"),
    "slope of a sum": claim("d(sum(x), x) == n"),
    "entry of another place": claim("d(sum(x**2), x)[0] == 2*x[1]"),
    "condition differentiated": claim("d(sum(y), y) == 0", assume=("sum(y) == 1",)),
    "condition differentiated below": claim("d(sum(x)*r, x) == 0", assume=("sum(x) == 1",)),
    "condition on squares": claim("sum(y**2) == 1", assume=("sum(y) == 1",)),
    "condition on another sum": claim("sum(x) == 1", assume=("sum(y) == 1",)),
    "without the condition": claim("d(L, z) == p - y", *SOFTMAX),
    "exponential of a product": claim("exp(r)*exp(s) == exp(r*s)"),
    "exponential of a sum": claim("exp(r + s) == exp(r*s)"),
    "half angle": claim("tanh(r) == sigmoid(2*r)"),
    "odd and even": claim("sin(-r) == sin(r)"),
    "value of the function at another place": claim("f(r) == f(s)", functions=("f",)),
    "an odd function": claim("f(-r) == -f(r)", functions=("f",)),
    "one matrix for another": claim("sum(A*B) == trace(A @ B)"),
    "mean without the size": claim("mean(x) == sum(x)"),
    "a positive sum": claim("relu(sum(x)) == sum(x)"),
    "wrong slope of exp": claim("prime(exp, r) == r*exp(r - 1)"),
    "wrong slope of log": claim("prime(log, r) == log(r)/r"),
    "wrong slope of tanh": claim("prime(tanh, r) == 1 - tanh(r)"),
    "wrong slope of sin": claim("prime(sin, r) == -cos(r)"),
    "wrong slope of cos": claim("prime(cos, r) == sin(r)"),
    "wrong slope of erf": claim("prime(erf, r) == exp(-r**2)"),
    "wrong slope of abs": claim("prime(abs, r) == 1"),
    "twice the slope of sigmoid": claim("prime(sigmoid, r) == 2*sigmoid(r)*(1 - sigmoid(r))"),
    "twice the slope of gelu": claim("prime(gelu, r) == 1 + erf(r/sqrt(2)) + sqrt(2/pi)*r*exp(-r**2/2)"),
    "wrong formula of sigmoid": claim("sigmoid(r) == 1/(1 + exp(-2*r))"),
    "wrong formula of identity": claim("identity(r) == 2*r"),
    "wrong formula of relu": claim("relu(r) == maximum(r, 1)"),
    "wrong formula of leaky_relu": claim("leaky_relu(r, s) == where(r > 0, r, -s*r)"),
    "wrong formula of elu": claim("elu(r, s) == where(r > 0, r, s*exp(r))"),
    "wrong formula of softplus": claim("softplus(r) == log(1 + exp(-r))"),
    "wrong formula of silu": claim("silu(r) == r/(1 + exp(r))"),
    "wrong formula of gelu": claim("gelu(r) == r*(1 + erf(r))/2"),
    "wrong formula of gelu_tanh": claim("gelu_tanh(r) == r*(1 + tanh(sqrt(2/pi)*(r + 0.044715*r**2)))/2"),
    "parameter of the formula": claim("elu(r, s) == where(r > 0, r, alpha*(exp(r) - 1))", ("q", "r + s + alpha")),
}  # fmt: skip


def proved(statement: Statement) -> bool:
    """Whether the statement is PROVED by the whole program."""
    return verify(statement.relation, statement.graph, budget=BUDGET).proved


# ---------------------------------------------------------------------------------------------- index expressions

n, m = size("n"), size("m")
i, k, l = index("i", n), index("k", n), index("l", n)  # noqa: E741
j, b = index("j", m), index("b", m)
xs = lambda at: entry("x", at)  # noqa: E731
W = lambda *at: entry("W", *at)  # noqa: E731
Z = lambda *at: entry("Z", *at)  # noqa: E731


@dataclass(frozen=True, slots=True)
class Form:
    """`left == right` for index expressions; `by` differentiates the left side first."""

    left: Expr
    right: Expr
    by: tuple[str, tuple[Expr, ...]] | None = None
    rules: tuple[tuple[Expr, Expr], ...] = ()


FORMS: dict[str, Form] = {
    "delta across ranges": Form(summation(delta(k, j) * xs(k), k), xs(j)),
    "delta across ranges, other way": Form(summation(delta(j, k) * entry("t", j), j), entry("t", k)),
    "captured dummy": Form(summation(xs(k) * entry("y", i), k), summation(xs(k) * entry("y", k), k)),
    "captured free index": Form(summation(xs(k), k) * entry("y", k), summation(xs(k) * entry("y", k), k)),
    "trace of the wrong product": Form(summation(W(i, k) * Z(k, i), i, k), summation(W(i, k) * Z(i, k), i, k)),
    "quadratic form of the transposed": Form(
        summation(xs(i) * W(i, k) * entry("y", k), i, k), summation(xs(i) * W(k, i) * entry("y", k), i, k)
    ),
    "square of a sum": Form(summation(xs(k), k) ** 2, summation(xs(k) ** 2, k)),
    "root of a square": Form(sp.sqrt(xs(i) ** 2), xs(i)),
    "logarithm of a square": Form(sp.exp(sp.log(xs(i) ** 2) / 2, evaluate=False), xs(i)),
    "sine of the opposite": Form(sp.sin(-xs(i), evaluate=False), sp.sin(xs(i))),
    "polynomial in the size": Form((n - 1) * (n - 2) * summation(xs(k), k), sp.Integer(0)),
    "sum of another range": Form(summation(sp.Integer(1) + 0 * xs(k), k), m),
    "free index exchanged": Form(W(i, k), W(k, i)),
    "derivative at another entry": Form(summation(xs(k) ** 2, k), 2 * xs(l), by=("x", (i,))),
}
# The same with one index changed back: they are true, so that nothing is proved by refusing everything.
TRUE_FORMS: dict[str, Form] = {
    "delta in one range": Form(summation(delta(k, l) * xs(k), k), xs(l)),
    "trace of both products": Form(summation(W(i, k) * Z(k, i), i, k), summation(Z(i, k) * W(k, i), i, k)),
    "quadratic form with itself": Form(
        summation(xs(i) * W(i, k) * xs(k), i, k), summation(xs(i) * W(k, i) * xs(k), i, k)
    ),
    "sum of ones": Form(summation(sp.Integer(1), k), n),
    "partial fractions under a sum": Form(
        summation(1 / ((entry("y", b) + entry("u", b)) * (entry("y", b) - entry("u", b))), b),
        summation((1 / (entry("y", b) - entry("u", b)) - 1 / (entry("y", b) + entry("u", b))) / (2 * entry("u", b)), b),
    ),
    "derivative at this entry": Form(summation(xs(k) ** 2, k), 2 * xs(i), by=("x", (i,))),
}


def form_proved(form: Form) -> bool:
    """Whether the index normal form says that both sides are equal."""
    forms = IndexForms(BUDGET)
    try:
        left = forms.derivative(form.left, *form.by) if form.by else form.left
        difference = forms.to_expr(left) - form.right if form.by else form.left - form.right
        return forms.is_zero(forms.normalise(difference))
    except Undecided:
        return False


# ---------------------------------------------------------------------------------------------- scalars

s, u, v = scalar("s"), scalar("u"), scalar("v")
f = elementwise("f")
SCALARS: dict[str, Expr] = {
    "root of a square": sp.sqrt(s**2) - s,
    "root of a sum": sp.sqrt(s**2 + u**2) - s - u,
    "logarithm of a sum": sp.log(s + u) - sp.log(s) - sp.log(u),
    "logarithm of a square": sp.exp(sp.log(s**2) / 2, evaluate=False) - s,
    "exponential of a product": sp.exp(s) * sp.exp(u) - sp.exp(s * u),
    "exponentials that are near": sp.exp(s + sp.Rational(1, 10**9)) - sp.exp(s),
    "inverse of another": 1 / (s + u) - 1 / (s + v),
    "product of inverses": 1 / (s + u) * (s + v) - 1,
    "two values of a function": f(s) - f(u),
    "sine and cosine": sp.sin(s) ** 2 - sp.cos(s) ** 2,
    "tangent": sp.tanh(s) - s,
    "error function": sp.erf(s) - sp.erf(u),
    "absolute value": sp.Abs(s) - s,
    "sign": sp.sign(s) ** 2 - 1,
    "roots of different radicands": sp.sqrt(s) * sp.sqrt(-s) - s,
    "powers": s**3 - s**2,
    "constants": sp.sqrt(2) + sp.sqrt(3) - sp.sqrt(10),
    "logarithm of the other branch": s * Positive(s) + sp.log(1 + sp.exp(-sp.Abs(s))) - sp.log(1 + sp.exp(-s)),
    "logarithm of one branch for both": sp.log(1 + sp.Abs(s))
    - Positive(s) * sp.log(1 + s)
    - (1 - Positive(s)) * sp.log(1 + s),
    "logarithm of a step": sp.log(2 + Positive(s)) - Positive(s) * sp.log(3) - (1 - Positive(s)) * sp.log(3),
    "logarithm where only a branch has one": sp.log(s * Positive(s) + 1 - Positive(s)) - sp.log(s),
    "sine of a sum": sp.sin(s + u) - sp.sin(s) - sp.sin(u),
    "cosine of a difference": sp.cos(s - u) - sp.cos(s) * sp.cos(u) + sp.sin(s) * sp.sin(u),
    "sine of three times": sp.sin(3 * s) - 3 * sp.sin(s) + 3 * sp.sin(s) ** 3,
    "sine of the half": sp.sin(s / 2) ** 2 - (1 - sp.cos(2 * s)) / 2,
    "sine of a product": sp.sin(s * u) - sp.sin(s) * sp.sin(u),
}
TRUE_SCALARS: dict[str, Expr] = {
    "root of a square": sp.sqrt(s**2) - sp.Abs(s),
    "logarithm": sp.log(s * u) - sp.log(s) - sp.log(u),
    "exponential": sp.exp(s) * sp.exp(u) - sp.exp(s + u),
    "partial fractions": 1 / (s * (s + 1)) - 1 / s + 1 / (s + 1),
    "sine and cosine": sp.sin(s) ** 2 + sp.cos(s) ** 2 - 1,
    "constants": sp.sqrt(2) * sp.sqrt(3) - sp.sqrt(6),
    "logarithm of the branches": s * Positive(s) + sp.log(1 + sp.exp(-sp.Abs(s))) - sp.log(1 + sp.exp(s)),
    "logarithm of a step": sp.log(2 + Positive(s)) - Positive(s) * sp.log(3) - (1 - Positive(s)) * sp.log(2),
    "an indicator inside an indicator": Positive(1 - sp.Abs(s)) - Positive(1 - s) * Positive(1 + s),
    "sine of a sum": sp.sin(s + 2 * u) - sp.sin(s) * sp.cos(2 * u) - 2 * sp.cos(s) * sp.sin(u) * sp.cos(u),
    "sine of three times": sp.sin(3 * s) - 3 * sp.sin(s) + 4 * sp.sin(s) ** 3,
    "square of a sine": sp.sin(s) ** 2 - (1 - sp.cos(2 * s)) / 2,
}


def scalar_proved(expr: Expr) -> bool:
    """Whether the scalar prover says that the expression is 0."""
    try:
        return is_zero(expr, budget=BUDGET)
    except Undecided:
        return False


Asked = Callable[[], bool]


def questions() -> dict[str, Asked]:
    """Every false statement by its name, as a question that must be answered with no."""
    asked: dict[str, Asked] = {
        name: lambda statement=statement: proved(statement) for name, statement in ATTACKS.items()
    }
    asked |= {f"form: {name}": lambda form=form: form_proved(form) for name, form in FORMS.items()}
    asked |= {f"scalar: {name}": lambda expr=expr: scalar_proved(expr) for name, expr in SCALARS.items()}
    return asked
