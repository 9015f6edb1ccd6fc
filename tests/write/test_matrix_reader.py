r"""The reader of matrix notation: what is printed is read back, a misprint is noticed, anything else is refused."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import pairwise
from pathlib import Path

import pytest

from symbackprop.catalogue.identities import identities
from symbackprop.derivation.delta_rule import delta_rule
from symbackprop.errors import FormulaError
from symbackprop.language.parse import parse, parse_relation
from symbackprop.model.build import graph_from_formulas, scope_of
from symbackprop.model.derivation_file import load
from symbackprop.model.identity import as_file
from symbackprop.tensor.tensor import Tensor
from symbackprop.write.formulas.matrix import matrix_latex, matrix_relation
from symbackprop.write.formulas.matrix_reader import read_matrix
from symbackprop.write.formulas.read_back import equal, prints, prints_relation
from symbackprop.write.report import Report
from symbackprop.write.sections import forms
from symbackprop.write.sections.context import Context, context

from .graph_names import names_of_graph

FILES = sorted((Path(__file__).parents[2] / "derivations").glob("*.toml"))
GRAPH = graph_from_formulas(
    {"z1": "W1 @ x + b1", "a1": "f(z1)", "z2": "W2 @ a1", "o": "sigmoid(z2)", "E": "sum((y - o)**2)/2"},
    {"x": "n", "W1": "h, n", "b1": "h", "W2": "m, h", "y": "m", "X": "N, n", "Y": "N, n", "v": "n", "s": "N, 1",
     "r": "1, n", "T": "N, n, m", "B": "N, h, n", "c": "", "A": "n, n", "I2": "n, n"},
    functions=["f"],
)  # fmt: skip
SCOPE = scope_of(GRAPH)
NAMES = names_of_graph(GRAPH, losses=["E"], pre_activations={"z1", "z2"})


def is_read_as(text: str, formula: str) -> bool:
    return prints(text, parse(formula, SCOPE), NAMES, SCOPE.shapes)


# Meaning, written by hand and not by the printer


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        (r"W^{(1)} x + b^{(1)}", "W1 @ x + b1"),
        (r"W^{(2)\top} \delta^{(2)} \odot f'(z^{(1)})", "(W2.T @ d(E, z2))*prime(f, z1)"),
        (r"x^{\top} A x", "x @ A @ x"),
        (r"x^{\top} A", "(x @ A)[None, :]"),
        (r"A^{\top} x", "x @ A"),
        (r"x v^{\top}", "outer(x, v)"),
        (r"x^{\top} v", "x @ v"),
        (r"2 X A - 3 Y", "2*(X @ A) - 3*Y"),
        (r"-X \odot Y + X", "X - X*Y"),
        (r"x \odot v \oslash x", "x*v/x"),
        (r"x \oslash v \odot x", "(x/v)*x"),
        (r"x \oslash (v \odot x)", "x/(v*x)"),
        (r"x v^{\top} \odot A", "outer(x, v)*A"),
        (r"(A)_{12}", "A[0, 1]"),
        (r"A_{12}", "A[0, 1]"),
        (r"A_{2,:}", "A[1]"),
        (r"A_{:,2}", "A[:, 1]"),
        (r"(A_{ji})_{ij}", "A.T"),
        (r"\left(\sum_{k=1}^{n} A_{ik} A_{jk}\right)_{ij}", "A @ A.T"),
        (r"\left(\sum_{k=1}^{n} X_{ik} A_{kj}\right)_{ji}", "(X @ A).T"),
        (r"\sum_{i=1}^{n} (A x)_{i} v_{i}", "(A @ x) @ v"),
        (r"((X A)_{ij} v_{j})_{ij}", "(X @ A)*v"),
        (r"X + \mathbf{1}_{N} v^{\top}", "X + v"),
        (r"s \mathbf{1}_{n}^{\top} + \mathbf{1}_{N} r", "s + r"),
        (r"X^{\top} \mathbf{1}_{N}", "sum(X, axis=0)"),
        (r"\mathbf{1}_{N}^{\top} X", "sum(X, axis=0, keepdims=True)"),
        (r"B x", "B @ x"),
        (r"B A", "B @ A"),
        (r"W^{(2)} B", "W2 @ B"),
        (r"T^{\top}", "swapaxes(T, 1, 2)"),
        (r"T T^{\top}", "T @ swapaxes(T, 1, 2)"),
        (r"x^{\odot 2}", "x**2"),
        (r"x^{\odot -1/2}", "x**(-1/2)"),
        (r"c^{2}", "c**2"),
        (r"10^{-3} c", "0.001*c"),
        (r"1.5 \cdot 10^{-3} c", "0.0015*c"),
        (r"\operatorname{softmax}(X^{\top})^{\top}", "softmax(X, axis=0)"),
        (r"\log \operatorname{softmax}(x)", "log_softmax(x)"),
        (r"\log \sum_{i=1}^{n} e^{x_{i}}", "logsumexp(x)"),
        (r"\log(x)", "log(x)"),
        (r"\lVert x \rVert^{2}", "x @ x"),
        (r"\lVert A \rVert_{F}^{2}", "trace(A.T @ A)"),
        (r"\operatorname{tr}(A)", "trace(A)"),
        (r"\operatorname{diag}(x) A", "diag(x) @ A"),
        (r"\operatorname{diag}(A)", "diag(A)"),
        (r"x \otimes A", "outer(x, A)"),
        (r"\mathbf{1}[x \geq c]", "x >= c"),
        (r"\begin{cases} x & \text{if } x > 0 \\ 2 & \text{otherwise} \end{cases}", "where(x > 0, x, 2)"),
        (r"\max(x, 0)", "maximum(x, 0)"),
        (r"\frac{\partial o}{\partial x}", "d(o, x)"),
        (r"\frac{\partial E}{\partial W^{(1)}_{21}}", "d(E, W1)[1, 0]"),
        (r"\frac{\partial (\frac{\partial E}{\partial x})}{\partial x}", "d(d(E, x), x)"),
        (r"\operatorname{next}^{2}(W^{(1)})", "next(W1, 2)"),
        (r"\tanh'(x)", "prime(tanh, x)"),
    ],
)
def test_what_a_line_means(text: str, formula: str) -> None:
    assert is_read_as(text, formula)


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        (r"W^{(1)\top} x", "W1 @ x"),
        (r"A x", "x @ A"),
        (r"A^{\top}", "A"),
        (r"x", "x[None, :]"),
        (r"x^{\top}", "x"),
        (r"x \odot v", "x @ v"),
        (r"x^{\top} v", "x*v"),
        (r"A \odot A", "A @ A"),
        (r"A A", "A*A"),
        (r"A x - v", "A @ (x - v)"),
        (r"A^{\top} A x \odot v", "A.T @ (A @ x * v)"),
        (r"x - x - v", "x - (x - v)"),
        (r"(A_{ij})_{ji}", "A"),
        (r"A_{21}", "A[0, 1]"),
        (r"\sum_{i=1}^{n} x_{i} v_{i}", "sum(x)*sum(v)"),
        (r"\frac{1}{2} x", "x/3"),
        (r"\delta^{(1)}", "d(E, z2)"),
        (r"\frac{\partial E}{\partial x}", "d(E, v)"),
        (r"\frac{\partial o}{\partial x}", "d(o, x).T"),
        (r"\frac{\partial (x^{\top} v)}{\partial x}", "d(v @ v, x)"),
        (r"\operatorname{next}(W^{(1)})", "next(W1, 2)"),
        (r"\mathbf{1}[x > c]", "x >= c"),
        (r"\operatorname{softmax}(X)", "softmax(X, axis=0)"),
        (r"\log(x)", "exp(x)"),
        (r"f(x)", "prime(f, x)"),
        (r"0.5 c", "0.05*c"),
    ],
)
def test_a_misprint_is_noticed(text: str, formula: str) -> None:
    assert not is_read_as(text, formula)


@pytest.mark.parametrize(
    "text",
    [
        "", "x +", "+ x", "x)", "(x", r"\left(x)", "x^2", "x_1", "unknown", r"\input{x}", "$x$", "x--v", "2 3", ".5",
        "x v", "x + v^{\\top}", "x + A", r"W^{(1)} W^{(2)}", r"X v^{\top}", "W^{(1)}(x)^{2}", "A^{2}", r"c^{\odot 2}",
        r"e^{A}", r"\frac{x}{2}", r"\frac{1}{x}", r"x^{\top\top}", r"x^{\top}^{\top}", "T + v", r"T \odot A",
        r"x \otimes v \odot A", "x_{1}_{1}", "x_{0}", "x_{1,2}", "A_{1}", "A_{i}", "x_{i}", r"\sum_{i=1}^{n} x",
        r"\sum_{i=1}^{N} x_{i}", r"\sum_{i=1}^{n} \sum_{i=1}^{n} A_{ii}", "(A_{ij})_{i}", "(A_{ij})_{ijk}",
        "(x_{i})_{ii}", "(x_{i} + W^{(1)}_{ij})_{ij}", r"\lVert A \rVert", r"\lVert c \rVert",
        r"\operatorname{tr}(W^{(1)})", r"\operatorname{diag}(c)", r"\operatorname{softmax}(c)", r"\max(x)",
        r"\max(x, v, x)", r"\mathbf{1}_{x}", r"I_{3.5}", r"\mathbf{1}[x]", r"\frac{\partial 2}{\partial x}",
        r"\frac{\partial E}{\partial (x)}", r"f''''(x)", r"\log'''(x)",
        r"\begin{cases} x & \text{if } x > 0 \end{cases}", r"\operatorname{next}(c + c)",
        r"\operatorname{next}(\delta^{(1)})", "x = v", "(" * 500 + "x" + ")" * 500, "c^{" * 500,
        r"x \odot v \oslash b",
    ],
)  # fmt: skip
def test_what_is_no_matrix_notation_is_refused(text: str) -> None:
    with pytest.raises(FormulaError):
        read_matrix(text, NAMES, SCOPE.shapes)


def test_an_identity_matrix_is_refused_where_a_quantity_has_its_letter() -> None:
    plain = graph_from_formulas({"z": "A @ x"}, {"A": "n, n", "x": "n"})
    scope, names = scope_of(plain), names_of_graph(plain)
    assert prints("I_{n}", parse("eye(n)", scope), names, scope.shapes)
    assert NAMES.quantities["I2"].nucleus == "I" and not is_read_as("I_{n}", "eye(n)")


def test_a_row_of_a_quantity_with_a_subscript_goes_on_with_it() -> None:
    """TeX takes one subscript only."""
    graph = graph_from_formulas({"z": "W_in @ x"}, {"W_in": "h, n", "x": "n"})
    scope, names = scope_of(graph), names_of_graph(graph)
    for formula in ("W_in[0]", "W_in[:, 1]", "W_in[0, 1]", "W_in[0] @ x"):
        shown = matrix_latex(formula, scope, names)
        assert shown is not None and "}_{" not in shown and prints(shown, parse(formula, scope), names, scope.shapes)


def test_both_sides_and_the_sign_of_a_relation_are_read() -> None:
    sides = parse_relation("W1 @ x != b1", SCOPE)
    assert prints_relation(r"W^{(1)} x \neq b^{(1)}", sides, NAMES, SCOPE.shapes)
    for wrong in (r"W^{(1)} x = b^{(1)}", r"b^{(1)} \neq W^{(1)} x", r"W^{(1)} x \neq 0", r"W^{(1)} x"):
        assert not prints_relation(wrong, sides, NAMES, SCOPE.shapes)


def test_derivatives_are_opaque_when_lines_are_compared() -> None:
    """With all other names held fixed, ∂E/∂x would be 0 and thus equal to everything that is 0."""
    dx, dv, zero = (parse(text, SCOPE).expr for text in ("d(E, x)", "d(E, v)", "0"))
    assert not equal(dx, dv) and not equal(dx, zero)


# Every line of every file and identity


@dataclass(frozen=True)
class Line:
    """A printed line in matrix notation, and whether a text means the same."""

    text: str
    means: Callable[[str], bool]


def as_written(ctx: Context) -> Iterator[Line]:
    """What is printed as it stands in the file: definitions, printed numbers, claims and assumptions."""
    scope = scope_of(ctx.graph)
    formulas = [definition.formula for definition in ctx.graph.definitions.values()]
    for formula in formulas + [number.formula for number in ctx.file.printed]:
        shown = matrix_latex(formula, scope, ctx.names)
        if shown is not None:
            yield Line(shown, partial(reads_as, ctx, parse(formula, scope)))
    for relation in (*ctx.file.claims, *ctx.graph.assumptions):
        shown = matrix_relation(relation.formula, scope, ctx.names)
        if shown is not None:
            yield Line(shown, partial(reads_as_relation, ctx, parse_relation(relation.formula, scope)))


def derived(ctx: Context) -> Iterator[Line]:
    """What is derived backwards."""
    for request in ctx.file.requests:
        for tensor in delta_rule(ctx.graph, request.loss, request.wrt).adjoints.values():
            shown = forms.matrix_form(ctx, tensor) if tensor.shape else None
            if shown is not None:
                yield Line(shown, partial(reads_as, ctx, tensor))


def reads_as(ctx: Context, tensor: Tensor, text: str) -> bool:
    return prints(text, tensor, ctx.names, scope_of(ctx.graph).shapes)


def reads_as_relation(ctx: Context, sides: tuple[Tensor, str, Tensor], text: str) -> bool:
    return prints_relation(text, sides, ctx.names, scope_of(ctx.graph).shapes)


@lru_cache
def context_of(name: str) -> Context:
    return context(Report(file=load(next(path for path in FILES if path.stem == name))))


@lru_cache
def lines(name: str) -> tuple[Line, ...]:
    return (*as_written(context_of(name)), *derived(context_of(name)))


@pytest.mark.parametrize("name", [path.stem for path in FILES])
def test_every_matrix_line_of_a_file_is_read_back(name: str) -> None:
    assert [line.text for line in lines(name) if not line.means(line.text)] == []


@pytest.mark.parametrize("topic", sorted({identity.topic for identity in identities().values()}))
def test_every_matrix_line_of_an_identity_is_read_back(topic: str) -> None:
    for id_, identity in identities().items():
        if identity.topic == topic:
            found = tuple(as_written(context(Report(file=as_file(identity)))))
            assert [line.text for line in found if not line.means(line.text)] == [], id_


def test_there_are_lines_of_every_kind() -> None:
    texts = [line.text for path in FILES for line in lines(path.stem)]
    for sign in (r"\top", r"\odot", r"\oslash", r"\sum", r"\mathbf{1}_", r"\frac{\partial", r"\operatorname{diag}"):
        assert any(sign in text for text in texts), sign


# Misprints made from these lines


_TOKEN = re.compile(r"\\left\(|\\right\)|\\[A-Za-z]+|\\.|.")
_CALLED = re.compile(r"(?:[A-Za-z'}]|\^\{)$")
_SIGN = re.compile(r"\\(?:odot|oslash|otimes|cdot|sum|neq|leq|geq)\s*$")


def without_transposes(text: str) -> Iterator[str]:
    for found in re.finditer(r"\^\{\\top\}|\\top", text):
        yield text[: found.start()] + text[found.end() :]


def products_for_odot(text: str) -> Iterator[str]:
    for found in re.finditer(r"\\odot ", text):
        yield text[: found.start()] + text[found.end() :]


def without_parentheses(text: str) -> Iterator[str]:
    """Pairs that group; those of a function and of a layer are no mere grouping."""
    tokens = _TOKEN.findall(text)
    opened: list[int] = []
    for place, token in enumerate(tokens):
        if token in ("(", r"\left("):
            opened.append(place)
        elif token in (")", r"\right)"):
            start = opened.pop()
            before = "".join(tokens[:start]).rstrip()
            if not _CALLED.search(before) or _SIGN.search(before):
                yield "".join(t for k, t in enumerate(tokens) if k not in (start, place))


def swapped_factors(text: str) -> Iterator[tuple[str, str, str]]:
    """Neighbouring factors of a product without brackets, and the line with both exchanged."""
    for product in re.findall(r"(?:[^\s()=+]+\\,)+[^\s()=+]+", text):
        factors = product.split(r"\,")
        for left, right in pairwise(factors):
            if all(part.count("{") == part.count("}") for part in (left, right)):
                yield left, right, text.replace(rf"{left}\,{right}", rf"{right}\,{left}", 1)


@pytest.mark.parametrize("name", [path.stem for path in FILES])
def test_a_lost_transpose_product_or_parenthesis_is_noticed(name: str) -> None:
    for line in lines(name):
        for mutate in (without_transposes, products_for_odot, without_parentheses):
            for wrong in mutate(line.text):
                assert not line.means(wrong), wrong


@pytest.mark.parametrize("name", [path.stem for path in FILES])
def test_exchanged_factors_are_noticed_unless_one_is_a_number(name: str) -> None:
    ctx = context_of(name)
    for line in lines(name):
        for left, right, wrong in swapped_factors(line.text):
            if all(is_array(ctx, part) for part in (left, right)):
                assert not line.means(wrong), wrong


def is_array(ctx: Context, text: str) -> bool:
    try:
        return not read_matrix(text, ctx.names, scope_of(ctx.graph).shapes).is_number
    except FormulaError:
        return False


def test_misprints_are_made_from_many_lines() -> None:
    texts = [line.text for path in FILES for line in lines(path.stem)]
    for mutate in (without_transposes, products_for_odot, without_parentheses, swapped_factors):
        assert sum(1 for text in texts for _ in mutate(text)) > 20, mutate
