"""The law: what `array_form` writes is read again as an equal tensor, at pairwise distinct sizes and as a proof."""

import os
import subprocess
import sys

import pytest
import sympy as sp

from symbackprop.derivation.delta_rule import delta_rule
from symbackprop.language.array_form import array_form
from symbackprop.language.parse import Scope, parse
from symbackprop.model.build import graph_from_formulas, scope_of
from symbackprop.proof.index.form import IndexForms, subtract
from symbackprop.tensor.nodes import (
    Expr,
    adjoint_name,
    delta,
    elementwise,
    entry,
    index,
    size,
    summation,
)
from symbackprop.tensor.tensor import Tensor, axes, variable

n, m, h = map(size, "nmh")
SIZES = {"n": 2, "m": 3, "h": 4}
SHAPES: dict[str, tuple[Expr, ...]] = {
    "x": (n,), "u": (n,), "v": (m,), "w": (h,), "A": (m, n), "B": (n, m), "C": (m, h), "S": (n, n), "D": (m, n),
    "k": (), "c": (), "col": (m, sp.Integer(1)), "row": (sp.Integer(1), n), "T": (h, m, n), "R": (h, n, m),
}  # fmt: skip
SCOPE = Scope(shapes=SHAPES, sizes=frozenset("nmh"), functions=frozenset({"f"}))

# formula in a form that nobody writes -> the form that everybody writes
IDIOMS = {
    "einsum('ij,i->j', A, v)": "A.T @ v",
    "einsum('ij,j->i', A, x)": "A @ x",
    "einsum('i,j->ij', v, x)": "outer(v, x)",
    "einsum('j,i->ij', x, v)": "outer(v, x)",
    "einsum('bi,bj->ij', A, D)": "A.T @ D",
    "einsum('bi,bj->ij', A, C)": "A.T @ C",
    "einsum('bi,bj->ji', A, C)": "C.T @ A",
    "einsum('bi,ij->bj', A, B)": "A @ B",
    "einsum('bi,bi->b', A, D)": "sum(A * D, axis=1)",
    "einsum('bi,bi->', A, D)": "sum(A * D)",
    "einsum('bi->i', A)": "sum(A, axis=0)",
    "einsum('i,ij,j->', x, S, u)": "x @ S @ u",
    "einsum('ii->', S)": "trace(S)",
    "einsum('ii->i', S)": "diag(S)",
    "einsum('ij,ji->', A, B)": "sum(A * B.T)",
    "einsum('i,ij->ij', v, A)": "diag(v) @ A",
    "einsum('ij,j->ij', A, x)": "A * x",
    "einsum('ij,i,ik->jk', A, v, C)": "A.T @ diag(v) @ C",
    "einsum('ij,i,i->j', A, v, v)": "A.T @ v ** 2",
    "einsum('hmn,hnk->hmk', T, R)": "T @ R",
    "einsum('hmn,kn->hmk', T, D)": "T @ D.T",
    "einsum('hmn,hnm->', T, R)": "sum(R * swapaxes(T, -1, -2))",
    "einsum('hmn,hmk->hnk', T, T)": "swapaxes(T, -1, -2) @ T",
    "einsum('hmn,hkn->hmk', T, T)": "T @ swapaxes(T, -1, -2)",
    "einsum('hmn,hnk->hkm', T, R)": "swapaxes(R, -1, -2) @ swapaxes(T, -1, -2)",
    "einsum('hmn->hnm', T)": "swapaxes(T, -1, -2)",
    "eye(n) * x": "diag(x)",
    "eye(n) @ x": "x",
    "diag(x) - x*outer(ones(n), x).T": "diag(x) - outer(x, x)",
    "ones(n) @ x": "sum(x)",
    "sum(A, axis=0)/m": "mean(A, axis=0)",
    "sum(A)/(m*n)": "mean(A)",
    "sum(A)/n": "sum(A) / n",
    "x*1 - x*x": "x * (1 - x)",
    "exp(x)/sum(exp(x))": "softmax(x)",
    "exp(A)/sum(exp(A), axis=1, keepdims=True)": "softmax(A)",
    "exp(A)/sum(exp(A), axis=0)": "softmax(A, axis=0)",
    "exp(A - c)/sum(exp(A - c), axis=1, keepdims=True)": "softmax(A - c)",
    "outer(exp(x), exp(x))/sum(exp(x))**2": "outer(softmax(x), softmax(x))",
    "exp(2*x)/sum(exp(x))**2": "softmax(x) ** 2",
    "x - log(sum(exp(x)))": "log_softmax(x)",
    "log(sum(exp(A), axis=0))": "logsumexp(A, axis=0)",
    "sqrt(sum(A*A))": "norm(A)",
    "1/sqrt(sum(x**2))": "1 / norm(x)",
    "sqrt(sum(A**2*D**2, axis=1))": "norm(A * D, axis=1)",
    "x*(x > 0)": "maximum(x, 0)",
    "maximum(x, u)": "maximum(x, u)",
    "minimum(x, u)": "minimum(x, u)",
    "where(x > u, x, k*u)": "where(x > u, x, k * u)",
    "(x > 0) + (x == 0)": "x >= 0",
    "-x < u": "u + x > 0",
    "A - sum(A, axis=1, keepdims=True)/n": "A - mean(A, axis=1, keepdims=True)",
    "A/col": "A / col",
    "A - mean(A, axis=0)": "A - mean(A, axis=0)",
    "A @ x + v": "A @ x + v",
    "A.T @ C + 0*B @ C": "A.T @ C",
    "0*A": "zeros(m, n)",
    "A - A + 1": "ones(m, n)",
    "leaky_relu(x)": "leaky_relu(x)",
    "prime(leaky_relu, x, k)": "prime(leaky_relu, x, k)",
    "0.5*x**1.5": "x ** (3 / 2) / 2",
    "2**x": "2 ** x",
    "abs(x)*sign(u)*erf(x)*pi": "pi * abs(x) * erf(x) * sign(u)",
    "A[0]": "A[0]",
    "A[:, 1]*v": "A[:, 1] * v",
    "k*A @ x - 2*v": "k * (A @ x) - 2 * v",
    "x <= u": "x <= u",
    "k - 2*(x >= u)": "k - 2 * (x >= u)",
    "(x > 0) - (x == 0)": "(x > 0) - (x == 0)",
    "where(abs(u - x) <= k, x - u, k*sign(x - u))/n": "where(abs(u - x) <= k, x - u, k * sign(x - u)) / n",
    "where(x < u, x, u**2)": "where(u > x, x, u ** 2)",
    "sign(x - u)*(x - u)": "sign(x - u) * (x - u)",
    "sum(diag(v) @ A - diag(f(v)*v) @ A, axis=0)": "A.T @ (v * (1 - f(v)))",
    "einsum('il,kj->ijkl', eye(n), outer(v, x))": "einsum('il,j,k->ijkl', eye(n), x, v)",
}  # fmt: skip


@pytest.mark.parametrize(("formula", "expected"), IDIOMS.items())
def test_what_everybody_writes(formula: str, expected: str) -> None:
    tensor = parse(formula, SCOPE)
    assert array_form(tensor, SCOPE) == expected
    assert is_proved_equal(parse(expected, SCOPE), tensor)


def is_proved_equal(left: Tensor, right: Tensor) -> bool:
    forms = IndexForms()
    difference = subtract(forms.normalise(left.expr), forms.normalise(right.expr))
    return left.shape == right.shape and forms.is_zero(difference)


LAYERS: dict[str, tuple[dict[str, str], dict[str, str], dict[str, str]]] = {
    "one sample": (
        {"z1": "W1 @ x + b1", "a1": "f(z1)", "z2": "W2 @ a1 + b2", "o": "g(z2)", "E": "sum(r(y - o))"},
        {"x": "n", "W1": "h, n", "b1": "h", "W2": "m, h", "b2": "m", "y": "m"},
        {
            "a1": "W2.T @ grad_z2",
            "z1": "grad_a1 * prime(f, z1)",
            "W1": "outer(grad_z1, x)",
            "b1": "grad_z1",
            "W2": "outer(grad_z2, a1)",
        },
    ),
    "a batch of rows": (
        {"Z1": "X @ W1.T + b1", "A1": "f(Z1)", "Z2": "A1 @ W2.T + b2", "E": "sum(r(Y - Z2))/N"},
        {"X": "N, n", "W1": "h, n", "b1": "h", "W2": "m, h", "b2": "m", "Y": "N, m"},
        {
            "Z2": "-prime(r, Y - Z2) / N",
            "A1": "-prime(r, Y - Z2) @ W2 / N",
            "Z1": "grad_A1 * prime(f, Z1)",
            "W1": "grad_Z1.T @ X",
            "b1": "sum(grad_Z1, axis=0)",
        },
    ),
    "attention": (
        {"Q": "X @ Wq", "K": "X @ Wk", "V": "X @ Wv", "S": "Q @ K.T / sqrt(dk)", "P": "softmax(S)", "O": "P @ V",
         "E": "sum(r(O))"},
        {"X": "t, m", "Wq": "m, dk", "Wk": "m, dk", "Wv": "m, e"},
        {
            "P": "prime(r, O) @ V.T",
            "S": "P * (grad_P - sum(grad_P * P, axis=1, keepdims=True))",
            "V": "P.T @ prime(r, O)",
            "K": "grad_S.T @ Q / sqrt(dk)",
            "Q": "grad_S @ K / sqrt(dk)",
            "X": "grad_K @ Wk.T + grad_Q @ Wq.T + grad_V @ Wv.T",
        },
    ),
    "layer normalisation": (
        {"mu": "mean(x, axis=1, keepdims=True)", "c": "x - mu", "s": "sqrt(mean(c**2, axis=1, keepdims=True) + eps)",
         "xh": "c/s", "y": "g*xh + b", "E": "sum(r(y))"},
        {"x": "N, n", "g": "n", "b": "n"},
        {
            "xh": "g * prime(r, y)",
            "s": "-sum(grad_xh * xh, axis=1, keepdims=True) / s",
            "mu": "-sum(grad_c, axis=1, keepdims=True)",
            "x": "grad_c + grad_mu / n",
            "g": "sum(grad_y * xh, axis=0)",
        },
    ),
    "one output": (
        {"z": "W @ x + b", "E": "sum((z - y)**2)/2"},
        {"W": "1, n", "x": "n", "b": "1", "y": "1"},
        {"z": "z - y", "W": "outer(grad_z, x)", "b": "grad_z", "x": "W.T @ grad_z"},
    ),
    "one output of a batch": (
        {"Z": "X @ W.T + b", "E": "sum((Z - Y)**2)/2"},
        {"W": "1, n", "X": "N, n", "b": "1", "Y": "N, 1"},
        {"W": "grad_Z.T @ X", "b": "sum(grad_Z, axis=0)", "X": "grad_Z @ W"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("layer", LAYERS)
def test_gradients_of_layers(layer: str) -> None:
    define, shapes, expected = LAYERS[layer]
    functions = [f for f in "fgr" if any(f"{f}(" in formula for formula in define.values())]
    graph = graph_from_formulas(define, shapes, functions=functions)
    adjoints = delta_rule(graph, "E").adjoints
    names = {adjoint_name("E", v): f"grad_{v}" for v in adjoints}
    scope = scope_of(graph)
    grads = {f"grad_{v}": graph.shape(v) for v in adjoints}
    scope = Scope(shapes={**scope.shapes, **grads}, sizes=scope.sizes, functions=scope.functions)
    written = {v: array_form(adjoints[v], scope, names) for v in expected}
    assert written == expected


def test_the_hidden_delta_in_one_line() -> None:
    i, k = index("i0", h), index("k", m)
    product = summation(entry("W2", k, i) * entry("d(E, z2)", k), k)
    tensor = Tensor(product * elementwise("sigmoid", 1)(entry("z1", i)), (h,))
    scope = Scope(shapes={"W2": (m, h), "z1": (h,), "delta2": (m,)}, sizes=frozenset("hm"))
    assert array_form(tensor, scope, {"d(E, z2)": "delta2"}) == "W2.T @ delta2 * prime(sigmoid, z1)"


def test_the_softmax_jacobian_from_its_torn_terms() -> None:
    i, j, k = index("i0", n), index("i1", n), index("k", n)
    total = summation(sp.exp(entry("x", k)), k)
    exponentials = [sp.exp(entry("x", a)) for a in (i, j)]
    tensor = Tensor(exponentials[0] * delta(i, j) / total - sp.Mul(*exponentials) / total**2, (n, n))
    assert array_form(tensor, SCOPE) == "diag(softmax(x)) - outer(softmax(x), softmax(x))"


UNSAYABLE = {
    "a name that the scope does not have": variable("unknown", (n,)),
    "an adjoint without an identifier": variable("d(E, x)", (n,)),
    "a second derivative": Tensor(elementwise("sigmoid", 2)(entry("x", *axes((n,)))), (n,)),
    "a function that the scope does not have": Tensor(elementwise("g")(entry("x", *axes((n,)))), (n,)),
    "a wrong number of indices": variable("A", (m,)),
}


@pytest.mark.parametrize("what", UNSAYABLE)
def test_none_for_what_cannot_be_said(what: str) -> None:
    assert array_form(UNSAYABLE[what], SCOPE) is None


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_the_form_depends_on_no_hash_seed(hash_seed: str) -> None:
    script = (
        "from symbackprop.language.array_form import array_form\n"
        "from symbackprop.language.parse import Scope, parse\n"
        "from symbackprop.tensor.nodes import size\n"
        "n, m = size('n'), size('m')\n"
        "s = Scope(shapes={'A': (m, n), 'x': (n,), 'u': (n,), 'v': (m,)}, sizes=frozenset('nm'))\n"
        "print(array_form(parse('v*(A@x)*(A@u) + einsum(\"i,ij,j,j->i\", v, A, x, exp(u)/sum(exp(u)))', s), s))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout == "v * (A @ (x * softmax(u)) + A @ u * (A @ x))\n"
