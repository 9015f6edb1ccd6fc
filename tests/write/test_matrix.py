r"""Matrix notation keeps what the author wrote: order, transposes, and parentheses exactly where they are needed."""

from collections.abc import Mapping

import pytest

from symbackprop.errors import FormulaError
from symbackprop.language.parse import Scope, parse
from symbackprop.model.build import graph_from_formulas, scope_of
from symbackprop.write.formulas.matrix import matrix_latex, matrix_relation
from symbackprop.write.formulas.names import Names
from symbackprop.write.formulas.read_back import prints

from .graph_names import names_of_graph

GRAPH = graph_from_formulas(
    {"z1": "W1 @ x + b1", "a1": "f(z1)", "z2": "W2 @ a1", "o": "sigmoid(z2)", "E": "sum((y - o)**2)/2"},
    {"x": "n", "W1": "h, n", "b1": "h", "W2": "m, h", "y": "m", "X": "N, n", "Y": "N, n", "v": "n", "s": "N, 1",
     "r": "1, n", "T": "N, n, m", "eta": "", "c": "", "A": "n, n"},
    functions=["f"],
)  # fmt: skip
CODES = {"delta2": "d(E, z2)", "grad_x": "d(E, x)"}
NAMES: Names = names_of_graph(GRAPH, losses=["E"], pre_activations={"z1", "z2"})


def scope(codes: Mapping[str, str] = CODES) -> Scope:
    base = scope_of(GRAPH)
    shapes = {identifier: GRAPH.shape(code[len("d(E, ") : -1]) for identifier, code in codes.items()}
    return Scope(shapes={**base.shapes, **shapes}, sizes=base.sizes, functions=base.functions, derivatives=True)


PRINTED = {
    # products
    "W1 @ x + b1": r"W^{(1)}\,x + b^{(1)}",
    "outer(delta2, a1)": r"\delta^{(2)}\,a^{(1)\top}",
    "W2.T @ delta2 * prime(f, z1)": r"W^{(2)\top}\,\delta^{(2)} \odot f'(z^{(1)})",
    "prime(sigmoid, z2)*(o - y)": r"\sigma'(z^{(2)}) \odot (o - y)",
    "diag(o) - outer(o, o)": r"\operatorname{diag}(o) - o\,o^{\top}",
    "W2 @ (W1 @ x)": r"W^{(2)}\,W^{(1)}\,x",
    "x @ W1.T @ W2.T": r"W^{(2)}\,W^{(1)}\,x",
    "x @ x": r"x^{\top}\,x",
    "a1 @ W1 @ x": r"a^{(1)\top}\,W^{(1)}\,x",
    "W1 @ (2*x)": r"W^{(1)}(2x)",
    "(2*W1) @ x": r"2W^{(1)}\,x",
    "W1 @ (x*v)": r"W^{(1)}(x \odot v)",
    "(X - Y).T @ X/N": r"\frac{1}{N}(X - Y)^{\top}\,X",
    "eta*outer(o, y)": r"\eta\,o\,y^{\top}",
    "-W1 @ x": r"-W^{(1)}\,x",
    "X*(X @ Y.T @ Y)": r"X \odot X\,Y^{\top}\,Y",
    "outer(eye(n), v)": r"I_{n} \otimes v",
    # order and parentheses
    "o*(1 - o)": r"o \odot (1 - o)",
    "x - (x - v)": "x - (x - v)",
    "x - v - x": "x - v - x",
    "-(x + v)": "-(x + v)",
    "-x + v": "-x + v",
    "x - (-v)": "x - (-v)",
    "c*(c - 1)": "c(c - 1)",
    "c*2": r"c \cdot 2",
    "2*3*c": r"2 \cdot 3c",
    "x*c": r"c\,x",
    # quotients and powers
    "(c - eta)**2 / 2": r"\frac{(c - \eta)^{2}}{2}",
    "-c/eta": r"-\frac{c}{\eta}",
    "x/n": r"\frac{1}{n}\,x",
    "2*(x - v)/n": r"\frac{2}{n}(x - v)",
    "c/2*x": r"\frac{c}{2}\,x",
    "-y/o": r"-y \oslash o",
    "1/x": r"1 \oslash x",
    "z1**2": r"\left(z^{(1)}\right)^{\odot 2}",
    "c**0.5": "c^{0.5}",
    "c**(1/2)": "c^{1/2}",
    "1e-5*x": r"10^{-5}\,x",
    "0.25*x": "0.25x",
    # functions
    "var(x)": r"\frac{1}{n}\sum_{i=1}^{n} \left(x_{i} - \frac{1}{n}\sum_{j=1}^{n} x_{j}\right)^{2}",
    "std(x)": r"\sqrt{\frac{1}{n}\sum_{i=1}^{n} \left(x_{i} - \frac{1}{n}\sum_{j=1}^{n} x_{j}\right)^{2}}",
    "swapaxes(X, 0, -1)": r"X^{\top}",
    "swapaxes(T, -1, -2)": r"T^{\top}",
    "T @ swapaxes(T, -1, -2)": r"T\,T^{\top}",
    "swapaxes(T, 0, 1)": r"\left(T_{jik}\right)_{ijk}",
    "T.T": r"\left(T_{kji}\right)_{ijk}",
    "swapaxes(T.T, -1, -2)": r"\left(T_{kji}\right)_{ijk}^{\top}",
    "softmax(z2)": r"\operatorname{softmax}(z^{(2)})",
    "softmax(X, axis=0)": r"\operatorname{softmax}(X^{\top})^{\top}",
    "norm(x)": r"\lVert x \rVert",
    "norm(A)**2": r"\lVert A \rVert_{F}^{2}",
    "trace(A @ A.T)": r"\operatorname{tr}(A\,A^{\top})",
    "sqrt(c + 1)": r"\sqrt{c + 1}",
    "abs(x)": r"\lvert x \rvert",
    "exp(c)": "e^{c}",
    "exp(x)": r"\exp(x)",
    "maximum(x, 0)": r"\max(x, 0)",
    "x > 0": r"\mathbf{1}[x > 0]",
    "where(x > 0, x, 0)": r"\begin{cases} x & \text{if } x > 0 \\ 0 & \text{otherwise} \end{cases}",
    "leaky_relu(x, c)": r"\operatorname{LeakyReLU}(x, c)",
    # sums
    "sum((y - o)**2) / 2": r"\frac{1}{2}\sum_{i=1}^{m} (y_{i} - o_{i})^{2}",
    "-sum(y*log(o) + (1 - y)*log(1 - o))":
        r"-\sum_{i=1}^{m} (y_{i}\log(o_{i}) + (1 - y_{i})\log(1 - o_{i}))",
    "-sum(X*log(softmax(Y)))/N":
        r"-\frac{1}{N}\sum_{i=1}^{N} \sum_{j=1}^{n} X_{ij}\log(\operatorname{softmax}(Y)_{ij})",
    "sum(W1 @ x)": r"\sum_{i=1}^{h} (W^{(1)}\,x)_{i}",
    "sum(y)*o - y": r"\left(\sum_{i=1}^{m} y_{i}\right)o - y",
    "mean(X)": r"\frac{1}{N\,n}\sum_{i=1}^{N} \sum_{j=1}^{n} X_{ij}",
    "c/2*sum(A**2)": r"\frac{c}{2}\sum_{i=1}^{n} \sum_{j=1}^{n} A_{ij}^{2}",
    "sum(X, axis=0)": r"X^{\top}\,\mathbf{1}_{N}",
    "sum(X, axis=0, keepdims=True)": r"\mathbf{1}_{N}^{\top}\,X",
    "sum(X*Y, axis=1)": r"(X \odot Y)\,\mathbf{1}_{n}",
    "mean(X, axis=1)": r"\frac{1}{n}\,X\,\mathbf{1}_{n}",
    "norm(X, axis=1)": r"\left(\sqrt{\sum_{j=1}^{n} X_{ij}^{2}}\right)_{i}",
    "norm(T)": r"\sqrt{\sum_{i=1}^{N} \sum_{j=1}^{n} \sum_{k=1}^{m} T_{ijk}^{2}}",
    "logsumexp(x)": r"\log \sum_{i=1}^{n} e^{x_{i}}",
    "einsum('ki,k->i', W2, delta2)": r"\left(\sum_{j=1}^{m} W^{(2)}_{ji}\,\delta^{(2)}_{j}\right)_{i}",
    "sum(T, axis=1)": r"\left(\sum_{k=1}^{n} T_{ikj}\right)_{ij}",
    # a vector that is added to rows or columns
    "X + v": r"X + \mathbf{1}_{N}\,v^{\top}",
    "X*v": r"X \odot \mathbf{1}_{N}\,v^{\top}",
    "X - s": r"X - s\,\mathbf{1}_{n}^{\top}",
    "X/s": r"X \oslash s\,\mathbf{1}_{n}^{\top}",
    "X + r": r"X + \mathbf{1}_{N}\,r",
    "s + r": r"s\,\mathbf{1}_{n}^{\top} + \mathbf{1}_{N}\,r",
    "1 - X": "1 - X",
    "X + v[None, :]": r"X + \mathbf{1}_{N}\,v^{\top}",
    "v[:, None]": "v",
    "sum((X - v[None, :])**2)": r"\sum_{i=1}^{N} \sum_{j=1}^{n} (X_{ij} - v_{j})^{2}",
    # entries and derivatives
    "W1[0, 1]": "W^{(1)}_{12}",
    "W1[0]": "W^{(1)}_{1,:}",
    "A.T[0]": r"(A^{\top})_{1,:}",
    "eye(n)[0]": r"(I_{n})_{1,:}",
    "d(E, z1)[0]": r"\delta^{(1)}_{1}",
    "d(E, W1)": r"\frac{\partial E}{\partial W^{(1)}}",
    "d(E, W1)[0, 1]": r"\frac{\partial E}{\partial W^{(1)}_{12}}",
    "d(a1 @ a1, x)": r"\frac{\partial (a^{(1)\top}\,a^{(1)})}{\partial x}",
    "grad_x": r"\frac{\partial E}{\partial x}",
    "next(W1)": r"\operatorname{next}(W^{(1)})",
}  # fmt: skip


@pytest.mark.parametrize(("formula", "printed"), PRINTED.items())
def test_a_formula_in_matrix_notation(formula: str, printed: str) -> None:
    assert matrix_latex(formula, scope(), NAMES, CODES) == printed
    meant = formula.replace("delta2", "d(E, z2)").replace("grad_x", "d(E, x)")
    assert prints(printed, parse(meant, scope({})), NAMES, scope({}).shapes)


def test_a_claim_in_matrix_notation() -> None:
    claim = "d(E, z1) == prime(f, z1)*(W2.T @ d(E, z2))"
    printed = r"\delta^{(1)} = f'(z^{(1)}) \odot W^{(2)\top}\,\delta^{(2)}"
    assert matrix_relation(claim, scope(), NAMES) == printed
    assert matrix_relation("o != 1", scope(), NAMES) == r"o \neq 1"
    assert matrix_relation("o == 1", scope(), NAMES) == r"o = \mathbf{1}_{m}"
    assert matrix_relation("1/2 == o", scope(), NAMES) == r"\frac{1}{2}\,\mathbf{1}_{m} = o"
    assert matrix_relation("o == 0", scope(), NAMES) == "o = 0"


@pytest.mark.parametrize("formula", ["softmax(T)", "ones(n, n, n)", "T[0, :, None]"])
def test_none_where_the_notation_has_no_words(formula: str) -> None:
    assert matrix_latex(formula, scope(), NAMES) is None


def test_what_is_no_formula_raises() -> None:
    with pytest.raises(FormulaError, match="not a formula"):
        matrix_latex("x +", scope(), NAMES)
    with pytest.raises(FormulaError, match="expected one comparison"):
        matrix_relation("x + v", scope(), NAMES)
