"""False claims, by hand, each of which looks much like a true one beside it; the graphs that they are about.

False means: the claim fails at some admissible point (sizes >= 1, both sides defined, assumptions and conditions hold).
"""

from dataclasses import dataclass, field

from symbackprop.model.build import graph_from_formulas, relation
from symbackprop.model.graph import Graph
from symbackprop.proof.verdict import Verdict
from symbackprop.proof.verify import verify


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A graph, with claims about it that are true and proved, and claims that are false."""

    define: dict[str, str]
    shapes: dict[str, str] = field(default_factory=dict)
    assume: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    true: tuple[str, ...] = ()
    false: tuple[str, ...] = ()

    @property
    def graph(self) -> Graph:
        assume = {f"a{number}": formula for number, formula in enumerate(self.assume)}
        return graph_from_formulas(self.define, self.shapes, functions=self.functions, assume=assume)


SCALARS = {"q": "s + t + u"}
ARRAYS = {"x": "n", "y": "n", "A": "n, n", "B": "n, n", "T": "n, n, n", "row": "1, n", "column": "n, 1", "one": "1"}
PAIRS = {"u": "outer(x, ones(n)) - outer(ones(n), x)", "L": "sum(maximum(u, 0))"}
SOFTMAX = {"z": "A @ x", "p": "softmax(z)", "L": "-sum(y*log(p))"}
NETWORK = {
    "z1": "W @ x", "a1": "sigmoid(z1)", "z2": "V @ a1 + z1", "a2": "softmax(z2)", "L": "-sum(x*log(a2))",
}  # fmt: skip
SQUARE = {"x": "n", "W": "n, n", "V": "n, n"}

SETTINGS = {
    "roots and logarithms": Setting(
        define=SCALARS,
        true=(
            "(s**2)**0.5 == abs(s)", "(s**6)**(1/3) == s**2", "(s**2*t)**(1/2) == abs(s)*sqrt(t)",
            "sqrt(s/t) == sqrt(s)/sqrt(t)", "log(s**2) == 2*log(abs(s))", "log(s**2) == 2*log(-s)",
            "log(s*t) == log(s) + log(t)", "log(s**3) == 3*log(s)", "exp(t*log(s**2)) == exp(2*t*log(s))",
            "2**s*3**s == 6**s", "(1/2)**s == 2**(-s)", "2**s == exp(s*log(2))", "sqrt(2)*sqrt(3) == sqrt(6)",
            "1/(1 + (s > 0)) == 1 - (s > 0)/2", "abs(s)/s == sign(s)", "sqrt(s)**2 == s", "s/s == 1",
        ),
        false=(
            "sqrt(s**2) == s", "(s**6)**(1/6) == s", "(s**2)**(3/2) == s**3", "(s**4)**(1/4) == s",
            "(s**2*t)**(1/2) == s*sqrt(t)", "(s**2 + 2*s*t + t**2)**(1/2) == s + t", "exp(log(s**2)/2) == s",
            "1/(s - t) == 1/(t - s)", "s**64 == s**63", "pi == 22/7", "exp(s)*exp(t) == exp(s*t)", "s/t == t/s",
            "log(s + t) == log(s) + log(t)", "sqrt(s + t) == sqrt(s) + sqrt(t)", "(s*t)**2 == s**2*t",
            "sqrt(s)*sqrt(-s) == 1", "sqrt(s) == s/2", "sin(2*s) == 2*sin(s)",
            "abs(1 - tanh(200)) == 0", "sqrt((tanh(200) - 1)**2) == tanh(200) - 1",
        ),
    ),
    "kinks": Setting(
        define=SCALARS,
        true=(
            "relu(s) == s*(s > 0)", "relu(s) == s*(s >= 0)", "prime(relu, s) == (s > 0)", "prime(relu, 0) == 0",
            "maximum(s, t) == maximum(t, s)", "maximum(s, maximum(t, u)) == maximum(maximum(s, t), u)",
            "d(maximum(s, t), s) == (s >= t)", "d(maximum(s, s), s) == 1", "relu(s) - relu(-s) == s",
            "leaky_relu(s, t) == relu(s) - t*relu(-s)", "leaky_relu(s, -1) == abs(s)",
            "leaky_relu(s, 2) == minimum(s, 2*s)", "prime(leaky_relu, s, t) == (s > 0) + t*(s <= 0)",
            "prime(elu, s, t) == (s > 0) + t*exp(s)*(s <= 0)", "(s > t) + (t > s) + (s == t) == 1",
            "(s*t == 0) == (s == 0) + (t == 0) - (s == 0)*(t == 0)", "(s*t > 0) == (s > 0)*(t > 0) + (s < 0)*(t < 0)",
            "((s > 0) > 0) == (s > 0)", "((s > 0) == 0) == (s <= 0)", "(relu(s) == 0) == (s <= 0)",
            "sign(s*t) == sign(s)*sign(t)", "sign(s)**3 == sign(s)", "s*(s == 0) == 0", "(s == s) == 1",
            "(s > 0)*(s > 1) == (s > 1)", "where(s > 0, log(s), 0) == log(s)", "d(d(relu(s), s), s) == 0",
        ),
        false=(
            "prime(relu, s) == (s >= 0)", "d(relu(s), s) == (s >= 0)", "prime(relu, 0) == 1", "sign(s)**2 == 1",
            "leaky_relu(s, t) == maximum(s, t*s)", "leaky_relu(s, 2) == maximum(s, 2*s)", "relu(t*s) == t*relu(s)",
            "prime(leaky_relu, s, t) == (s > 0) + t*(s < 0)", "(s > t) + (t > s) == 1", "(s**2 > 0) == 1",
            "(s*t == 0) == (s == 0) + (t == 0)", "(s*t > 0) == (s > 0)*(t > 0)", "((s > 0) > 0) == 1",
            "(s > 0)*(s > 1) == (s > 0)", "relu(s + t) == relu(s) + relu(t)", "abs(s + t) == abs(s) + abs(t)",
            "where(s > 0, log(s), 0) == where(s > 0, log(s), 1)", "where(s > 0, log(s), 0) == log(maximum(s, 1))",
            "where(s == 0, 5, sin(s)/s) == where(s == 0, 7, sin(s)/s)", "relu(s) == abs(s)", "(s >= 0) == (s > 0)",
        ),
    ),
    "indices": Setting(
        define={"q": "sum(x)"},
        shapes=ARRAYS,
        true=(
            "(A @ B).T == B.T @ A.T", "trace(A @ B) == trace(B @ A)", "x @ A @ y == y @ A.T @ x",
            "diag(diag(A)) == A*eye(n)", "einsum('iii->i', T) == diag(einsum('iij->ij', T))",
            "einsum('ijk->kji', T) == T.T", "einsum('ij,kj->ik', A, B) == A @ B.T", "A[0, 1] == A.T[1, 0]",
            "A[0] == A.T[:, 0]", "softmax(A, axis=0) == softmax(A.T).T", "softmax(A)[0] == softmax(A[0])",
            "sum(A, axis=0) == ones(n) @ A", "column @ row == column*row", "softmax(one) == 1", "eye(1) == 1",
            "sum(eye(n)) == n", "sum(outer(x, x)) == sum(x)**2", "maximum(A, A.T) == maximum(A, A.T).T",
            "d(trace(A @ A), A) == 2*A.T", "d(x @ A @ x, x) == (A + A.T) @ x", "d(x, x)[1, 1] == 1",
            "sum(d(x[1], x)) == 1", "softmax(x + x[0]) == softmax(x)", "d(softmax(x), x).T == d(softmax(x), x)",
        ),
        false=(
            "A == A.T", "A @ B == B @ A", "(A @ B).T == A.T @ B.T", "trace(A @ B) == trace(A @ B.T)",
            "x @ A @ y == y @ A @ x", "diag(diag(A)) == A", "einsum('iij->j', T) == einsum('iji->j', T)",
            "einsum('ijk->jki', T) == T.T", "einsum('i,j->ji', x, y) == outer(x, y)", "A[0, 1] == A[1, 0]",
            "x[0] == x[1]", "A[0] == A[:, 0]", "softmax(A, axis=0) == softmax(A, axis=1)", "sum(x) == x[0]",
            "softmax(A)[0] == softmax(A[:, 0])", "sum(A, axis=1) == ones(n) @ A", "row + column == (row + column).T",
            "x + A == (A.T + x).T", "row.T == column", "eye(n) == ones(n, n)", "sum(ones(n)) == 1", "n == 1",
            "sum(x*y) == sum(x)*sum(y)", "(n - 1)*(n - 2)*sum(x) == 0", "(n > 1) == 1", "abs(n - 2) == n - 2",
            "d(trace(A @ A), A) == 2*A", "d(x @ A @ x, x) == 2*A @ x", "d(x, x)[0, 1] == 1", "softmax(x) < 1",
            "d(d(x @ A @ x, x), x) == 2*A", "sum((x > 0)) == (sum(x) > 0)", "exp(sum(x)) == sum(exp(x))",
            "sum(1/x)*sum(x) == n**2", "sqrt(sum(x)**2) == sum(x)", "sum(x**2) > 0", "softmax(2*x) == softmax(x)**2",
            "d(sum(maximum(A, A.T)), A) == 2*(A > A.T)",
        ),
    ),
    "names like indices": Setting(
        define={"k1": "i0 @ w0", "w1": "k0*k1", "i1": "sum(w1)"},
        shapes={"k0": "k", "w0": "i", "i0": "k, i"},
        true=(
            "d(i1, k0) == k1", "d(i1, w0) == i0.T @ k0", "d(i1, i0) == outer(k0, w0)", "d(i1, k1) == k0",
            "i1 == k0 @ i0 @ w0", "sum(k0)*sum(w0) == sum(outer(w0, k0))", "k*sum(w0) == sum(outer(ones(k), w0))",
        ),
        false=("d(i1, w1) == k", "sum(i0) == sum(k0)", "k*sum(w0) == sum(outer(ones(i), w0))", "k == i"),
    ),
    "a function and its derivative by their names": Setting(
        define={"a": "f(s)", "b": "f_prime(s)", "c": "g(t)"},
        functions=("f", "f_prime", "g"),
        true=("d(a, s) == prime(f, s)", "d(f(s)*g(s), s) == prime(f, s)*g(s) + f(s)*prime(g, s)", "f(s - s) == f(0)"),
        false=(
            "prime(f, s) == b", "d(a, s) == f_prime(s)", "f(s) == g(s)", "f(s)*g(t) == f(t)*g(s)", "f(0) == 0",
            "d(prime(f, s), s) == prime(f, s)", "f(-s) == -f(s)",
        ),
    ),
    "a residual branch and names that depend on each other": Setting(
        define={"z": "A @ x", "h": "f(z)", "r": "h + z", "E": "sum(r**2)/2"},
        shapes={"x": "n", "A": "n, n"},
        functions=("f",),
        true=(
            "d(E, z) == r*(prime(f, z) + 1)", "d(E, h) == r", "d(E, x) == A.T @ d(E, z)",
            "d(E, A) == outer(d(E, z), x)", "d(r, z) == eye(n) + diag(prime(f, z))",
            "d(z, r) == 0", "d(E, E) == 1", "d(sum(r*h), h) == r + h",
            "d(sum(r*h), z) == prime(f, z)*(r + h) + h",
        ),
        false=(
            "d(E, z) == r*prime(f, z)", "d(E, z) == r", "d(E, x) == A @ d(E, z)", "d(E, A) == outer(x, d(E, z))",
            "d(r, z) == eye(n)", "d(d(E, z), z) == 0", "d(sum(r*z), z) == r",
        ),
    ),
    "a network of one size": Setting(
        define=NETWORK,
        shapes=SQUARE,
        true=(
            "d(L, z2) == a2*sum(x) - x", "d(L, a1) == V.T @ d(L, z2)", "d(L, W) == outer(d(L, z1), x)",
            "d(L, z1) == d(L, z2) + a1*(1 - a1)*(V.T @ d(L, z2))", "d(L, x) == W.T @ d(L, z1) - log(a2)",
            "sum(d(L, z2)) == 0",
        ),
        false=(
            "d(L, z2) == a2 - x", "d(L, a1) == V @ d(L, z2)", "d(L, W) == outer(x, d(L, z1))",
            "d(L, z1) == a1*(1 - a1)*(V.T @ d(L, z2))", "d(L, x) == W.T @ d(L, z1)", "d(L, V) == outer(d(L, z2), x)",
            "d(a2, z2) == diag(a2) + outer(a2, a2)", "sum(a1) == 1",
        ),
    ),
    "one-hot targets": Setting(
        define=SOFTMAX,
        shapes={"x": "n", "y": "n", "A": "n, n"},
        assume=("sum(y) == 1",),
        true=("d(L, z) == p - y", "d(sum(y)*sum(x), x) == 1"),
        false=("d(sum(y), y) == 0", "d(L, z) == y - p", "sum(y**2) == 1", "y[0] == 1", "sum(exp(y)) == exp(1)"),
    ),
    "assumptions on the variable of differentiation": Setting(
        define=SOFTMAX | {"c": "s**2"},
        shapes={"x": "n", "y": "n", "A": "n, n"},
        assume=("sum(z) == 1", "c == 1"),
        true=("d(c, s) == 2*s", "c**3 == c"),
        false=("d(sum(z), x) == 0", "d(c, s) == 0", "d(sum(z), z) == 0", "d(c, c) == 0", "s == 1"),
    ),
    "rows that sum to one": Setting(
        define={"q": "sum(Y)"},
        shapes={"Y": "N, K", "b": "N"},
        assume=("sum(Y, axis=1) == 1",),
        true=("sum(Y) == N", "b @ Y @ ones(K) == sum(b)"),
        false=("sum(Y, axis=0) == 1", "sum(Y) == K", "sum(Y) == 1", "sum(Y**2, axis=1) == 1"),
    ),
    "a symmetric matrix": Setting(
        define={"q": "sum(A)"},
        shapes={"A": "n, n", "x": "n"},
        assume=("A == A.T",),
        true=("A @ x == x @ A", "d(x @ A @ x, x) == 2*A @ x", "A @ A == A @ A.T", "d(x @ A @ x, A) == outer(x, x)"),
        false=("A == 0", "A[0] == A[1]", "d(sum(A*A.T), A) == 0", "A @ A == A", "A*x == (A*x).T"),
    ),
    "entries equal to others": Setting(
        define={"q": "sum(x) + sum(y)"},
        shapes={"x": "n", "y": "n"},
        assume=("x == y", "y**2 == y"),
        true=("sum(x*y) == sum(y)", "x**3 == x"),
        false=("x[0] == y[1]", "x == 1", "outer(x, ones(n)) == outer(ones(n), y)", "sum(x) == 1"),
    ),
    "a positive quantity": Setting(
        define={"q": "sum(x) + s"},
        shapes={"x": "n"},
        assume=("x > 0",),
        true=("relu(x) == x", "sqrt(x**2) == x", "relu(sum(x)) == sum(x)", "log(x**2) == 2*log(x)", "sum(x) > 0"),
        false=("relu(s) == s", "x > 1", "x == 1", "relu(x - 1) == x - 1", "abs(x - x[0]) == x - x[0]"),
    ),
    "functions that agree at one point": Setting(
        define={"q": "f(s) + g(s)"},
        functions=("f", "g"),
        assume=("f(0) == g(0)", "s == 0"),
        false=("prime(f, s) == prime(g, s)", "f(1) == g(1)", "d(f(s), s) == d(g(s), s)"),
    ),
    "inequalities": Setting(
        define=SCALARS,
        true=(
            "s**2 + 1 >= 2*s", "prime(sigmoid, s) <= 1/4", "prime(tanh, s) <= 1", "tanh(s) < 1", "exp(s) > 0",
            "1/(1 + s**2) > 0", "-s**2 - 1 < 0", "(s > 0) <= 1", "s <= s", "sigmoid(s) < 1",
        ),
        false=(
            "s**2 + 1 > 2*s", "prime(sigmoid, s) < 1/4", "prime(tanh, s) < 1", "s**2 > 0", "abs(s) > 0",
            "(s > 0) < 1", "s < s", "1/s <= 1", "s + 1/s >= 2", "sqrt(s) > 0", "relu(s) > 0", "s**3 >= 0",
            "exp(-exp(exp(10))) <= 0", "s**2/s > 0",
        ),
    ),
    "differences": Setting(
        define=SCALARS,
        true=("sqrt(s**2) != s", "relu(s) != s", "prime(relu, s) != (s >= 0)", "s*t != s"),
        false=("abs(s) != sqrt(s**2)", "s + t != t + s", "exp(s)*exp(-s) != 1", "relu(s) != s*(s >= 0)"),
    ),
    "sizes that are numbers": Setting(
        define={"q": "sum(x) + sum(M) + sum(v)"},
        shapes={"x": "3", "M": "3, n", "v": "8", "Q": "8, 8"},
        true=(
            "sum(x) == x[0] + x[1] + x[2]", "x[-1] == x[2]", "sum(M) == sum(M[0] + M[1] + M[2])", "sum(v/v) == 8",
            "d(sum(x**2), x)[1] == 2*x[1]", "d(sum(v @ Q @ v), v) == (Q + Q.T) @ v", "mean(v) == sum(v)/8",
        ),
        false=(
            "sum(x) == x[0] + x[1]", "sum(M) == sum(M[0] + M[1] + M[1])", "Q @ v == v @ Q", "sum(v) == sum(x)",
            "sum(v*v) == sum(v)**2", "d(sum(v @ Q @ v), v) == 2*Q @ v", "sum(v) == v[0] + v[7]",
        ),
    ),
}  # fmt: skip


def verdict_on(text: str, graph: Graph) -> Verdict:
    return verify(relation(graph, "claim", text), graph)
