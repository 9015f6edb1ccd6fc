"""Printing and reading back is the identity; the well-known formulas look as the field writes them."""

import pytest
import sympy as sp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from symbackprop.errors import FormulaError
from symbackprop.tensor.indices import free_indices
from symbackprop.tensor.nodes import (
    Expr,
    IsZero,
    Local,
    Partial,
    Positive,
    delta,
    elementwise,
    entry,
    index,
    size,
    summation,
)
from symbackprop.write.formulas.extremes import AtLeast, AtMost, Maximum, Minimum
from symbackprop.write.formulas.latex import ROWS, latex, latex_numbers
from symbackprop.write.formulas.local_derivatives import total_where_equal
from symbackprop.write.formulas.names import make_names
from symbackprop.write.formulas.reader import read
from symbackprop.write.formulas.sameness import same

n, m = size("n"), size("m")
FIRST, SECOND = index("i0", n), index("i1", m)
K, Q, R = index("k", n), index("q", n), index("r", m)
y, o, E = entry("y"), entry("o"), entry("E")
RANKS = {
    "W": 2,
    "A": 2,
    "T": 3,
    "x": 1,
    "b": 1,
    "t": 1,
    "y": 0,
    "o": 0,
    "x3": 0,
    "z1": 1,
    "h": 1,
    "z2": 0,
    "p": 1,
    "E": 0,
}
NAMES = make_names(
    RANKS,
    defined={"z1", "h", "z2", "p", "E"},
    sizes=["n", "m"],
    functions=["f"],
    adjoints=[("E", name) for name in ("z1", "h", "z2", "W")],
    pre_activations={"z1", "z2"},
    weights={"W"},
    direct={("E", "h"), ("h", "z1"), ("z1", "x")},
    overrides={"T": r"\boldsymbol{T}_{o}"},
)
SHAPES = {"W": (m, n), "A": (n, n), "T": (n, m, 12), "x": (n,), "b": (m,), "t": (n,), "p": (n,), "z1": (m,), "h": (m,)}
SHAPES |= {"d(E, z1)": (m,), "d(E, h)": (m,), "d(E, W)": (m, n)}
SCALARS = ("y", "o", "x3", "z2", "E", "d(E, z2)")


def round_trip(expr: Expr) -> str:
    free = NAMES.free_letters(free_indices(expr))
    text = latex(expr, NAMES)
    back = read(text, NAMES, free)
    assert same(total_where_equal(expr, NAMES.only_direct), back), f"{expr}\n{text}\n{back}"
    return text


# Random expressions over every kind of node


@st.composite
def entries(draw: st.DrawFn, scope: tuple[Expr, ...]) -> Expr:
    name = draw(st.sampled_from((*SCALARS, *SHAPES)))
    return entry(name, *(draw(positions(axis, scope)) for axis in SHAPES.get(name, ())))


def positions(axis: Expr, scope: tuple[Expr, ...]) -> st.SearchStrategy[Expr]:
    fitting = [i for i in scope if i.upper + 1 == axis]
    most = 11 if axis == 12 else 2
    numbers = st.integers(0, most).map(sp.Integer)
    return st.one_of(st.sampled_from(fitting), numbers) if fitting else numbers


rationals = st.one_of(
    st.integers(-3, 12).map(sp.Integer),
    st.tuples(st.integers(-5, 5), st.integers(2, 4)).map(lambda pq: sp.Rational(*pq)),
)
UNARY = [
    sp.exp, sp.log, sp.tanh, sp.sin, sp.cos, sp.erf, sp.Abs, sp.sign, sp.sqrt, Positive, IsZero,
    elementwise("sigmoid", 0), elementwise("sigmoid", 1), elementwise("relu", 0), elementwise("f", 0),
    elementwise("f", 3), elementwise("f", 4), elementwise("tanh", 1), lambda u: elementwise("leaky_relu", 0)(u, o),
]  # fmt: skip
KINDS = ("sum", "add", "add", "mul", "mul", "power", "unary", "delta", "local", "partial", "divide", "ordered", "base")


def expressions(scope: tuple[Expr, ...] = (FIRST, SECOND), depth: int = 4) -> st.SearchStrategy[Expr]:
    """Real expressions only: index expressions know no √-1, and SymPy would turn cos(√-1 y) into cosh(y)."""
    return nodes(scope, depth).filter(lambda expr: not expr.has(sp.zoo, sp.nan, sp.oo, sp.I))


@st.composite
def nodes(draw: st.DrawFn, scope: tuple[Expr, ...], depth: int) -> Expr:
    if depth == 0 or draw(st.integers(0, 5)) == 0:
        return draw(st.one_of(entries(scope), entries(scope), rationals, st.sampled_from([n, m, sp.pi])))
    part = expressions(scope, depth - 1)
    match draw(st.sampled_from(KINDS)):
        case "sum":
            axis = draw(st.sampled_from([n, m, sp.Integer(12)]))
            # Few names, so that bound indices hide each other and the free ones.
            bound = index(draw(st.sampled_from(["k", "q", "i0", "i"])), axis)
            inside = (*(i for i in scope if i.label != bound.label), bound)
            return summation(draw(expressions(inside, depth - 1)), bound)
        case "add":
            return sp.Add(*draw(st.lists(part, min_size=2, max_size=3)))
        case "mul":
            return sp.Mul(*draw(st.lists(part, min_size=2, max_size=4)))
        case "power":
            return draw(part) ** draw(st.sampled_from([2, 3, -1, -2, sp.Rational(3, 2), sp.Rational(-1, 2)]))
        case "base":
            # A number as exponent of a number would be worked out, however large it is.
            exponent = draw(part.filter(lambda u: not u.is_number))
            return draw(st.sampled_from([sp.Integer(2), n, sp.pi, sp.Rational(2, 3)])) ** exponent
        case "unary":
            return draw(st.sampled_from(UNARY))(draw(part))
        case "delta":
            i = draw(st.sampled_from(scope))
            return delta(i, draw(positions(i.upper + 1, scope)))
        case "divide":
            return draw(part) / draw(part)
        case "ordered":
            kind = draw(st.sampled_from([sp.Mul, sp.Add]))
            return kind(*draw(st.lists(part, min_size=2, max_size=3)), evaluate=False)
        case derivative:
            kind = Local if derivative == "local" else Partial
            return kind(draw(part), draw(entries(scope)))


@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
@given(expressions())
def test_reading_what_was_printed_gives_the_expression_back(expr: Expr) -> None:
    round_trip(expr)


# Formulas as the field writes them


def x(*i: Expr) -> Expr:
    return entry("x", *i)


DELTA, HIDDEN, Z = (lambda i: entry("d(E, z1)", i)), (lambda i: entry("h", i)), (lambda i: entry("z1", i))
PROBABILITY, TARGET = (lambda i: entry("p", i)), (lambda i: entry("t", i))
OTHER = index("i1", n)

FORMULAS = [
    ("squared error", (y - o) ** 2 / 2, r"\frac{1}{2}(y - o)^{2}"),
    ("sigmoid delta rule", (o - y) * o * (1 - o), r"(o - y)\,o(1 - o)"),
    ("pairs stay together", (o - y) * o * (1 - o) * HIDDEN(FIRST) * (1 - HIDDEN(FIRST)) * x(SECOND),
     r"(o - y)\,h_{i}(1 - h_{i})\,o(1 - o)\,x_{j}"),
    ("pre-activation", summation(entry("W", SECOND, K) * x(K), K) + entry("b", SECOND),
     r"\sum_{i=1}^{n} W_{ji}\,x_{i} + b_{j}"),
    ("hidden delta", elementwise("f", 1)(Z(SECOND)) * summation(entry("W", R, FIRST) * DELTA(R), R),
     r"f'(z^{(1)}_{j})\sum_{k=1}^{m} W_{ki}\,\delta^{(1)}_{k}"),
    ("weight gradient", DELTA(SECOND) * x(FIRST), r"\delta^{(1)}_{j}\,x_{i}"),
    ("batch sum", summation(entry("d(E, W)", 0, K) * entry("A", K, FIRST), K) / n,
     r"\frac{1}{n}\sum_{j=1}^{n} \frac{\partial E}{\partial W_{1j}}\,A_{ji}"),
    ("mean squared error", summation((TARGET(K) - PROBABILITY(K)) ** 2, K) / n,
     r"\frac{1}{n}\sum_{i=1}^{n} (t_{i} - p_{i})^{2}"),
    ("softmax", sp.exp(x(FIRST)) / summation(sp.exp(x(K)), K), r"\frac{e^{x_{i}}}{\sum_{j=1}^{n} e^{x_{j}}}"),
    ("softmax Jacobian", PROBABILITY(FIRST) * (delta(FIRST, OTHER) - PROBABILITY(OTHER)),
     r"p_{i}(\mathbf{1}[i = j] - p_{j})"),
    ("cross entropy", -summation(TARGET(K) * sp.log(PROBABILITY(K)), K), r"-\sum_{i=1}^{n} t_{i}\log(p_{i})"),
    ("sigmoid", 1 / (1 + sp.exp(-y)), r"\frac{1}{1 + e^{-y}}"),
    ("chain", Local(Z(SECOND), x(FIRST)) * Local(E, HIDDEN(SECOND)) * Local(HIDDEN(SECOND), Z(SECOND)),
     r"\frac{\partial E}{\partial h_{j}}\,\frac{\partial h_{j}}{\partial z^{(1)}_{j}}"
     r"\,\frac{\partial z^{(1)}_{j}}{\partial x_{i}}"),
    ("author's order", sp.Mul(y, sp.Rational(1, 2), o, evaluate=False), r"y\,\frac{1}{2}\,o"),
    ("minus a sum", sp.Mul(-1, y + o, evaluate=False), "-(y + o)"),
    ("a sum in a sum", sp.Add(y, sp.Add(-2, o, evaluate=False), evaluate=False), "y - 2 + o"),
    ("a sum first", sp.Mul(summation(x(K), K), y, evaluate=False), r"\left(\sum_{i=1}^{n} x_{i}\right)y"),
    ("two sums", 2 * summation(x(K), K) * summation(TARGET(K), K),
     r"2\left(\sum_{i=1}^{n} x_{i}\right)\sum_{i=1}^{n} t_{i}"),
    ("nested sums", summation(entry("W", R, K), R, K), r"\sum_{i=1}^{m} \sum_{j=1}^{n} W_{ij}"),
    ("a one between sums", sp.Sum(sp.Mul(1, summation(entry("W", R, K), K), evaluate=False), (R, 0, m - 1)),
     r"\sum_{i=1}^{m} 1\sum_{j=1}^{n} W_{ij}"),
    ("hidden index", summation(x(K) * summation(TARGET(K), K), K), r"\sum_{i=1}^{n} x_{i}\sum_{j=1}^{n} t_{j}"),
    ("negative in a sum", summation(-x(K), K), r"\sum_{i=1}^{n} (-x_{i})"),
    ("layer and power", Z(SECOND) ** 2, r"\left(z^{(1)}_{j}\right)^{2}"),
    ("adjoint and power", entry("d(E, h)", SECOND) ** 2, r"\left(\frac{\partial E}{\partial h_{j}}\right)^{2}"),
    ("function and power", elementwise("sigmoid", 0)(y) ** 2, r"\sigma(y)^{2}"),
    ("concrete indices", entry("W", 0, 1) * x(sp.Integer(2)), r"W_{12}\,x_{3}"),
    ("wide indices", entry("T", 0, 1, 11), r"\boldsymbol{T}_{o,1,2,12}"),
    ("one wide index", x(sp.Integer(11)), r"x_{12}"),
    ("active branch", Positive(y), r"\mathbf{1}[y > 0]"),
    ("comparison", Positive(y - o), r"\mathbf{1}[y > o]"),
    ("equality", IsZero(y - 1), r"\mathbf{1}[y = 1]"),
    ("first entry", delta(FIRST, 0), r"\mathbf{1}[i = 1]"),
    ("compound derivative", Partial(y**2, entry("z2")) * x(FIRST),
     r"\left(\frac{\partial}{\partial z^{(2)}}(y^{2})\right)x_{i}"),
    ("relu", elementwise("relu", 1)(y), r"\operatorname{ReLU}'(y)"),
    ("parameter", elementwise("leaky_relu", 0)(y, o), r"\operatorname{LeakyReLU}(y, o)"),
    ("fourth derivative", elementwise("f", 4)(y), r"f^{(4)}(y)"),
    ("norm", x(FIRST) / sp.sqrt(summation(x(K) ** 2, K)), r"\frac{x_{i}}{\sqrt{\sum_{j=1}^{n} x_{j}^{2}}}"),
    ("rational power", y ** sp.Rational(-3, 2), r"\frac{1}{y^{3/2}}"),
    ("mean", (y - o) / n, r"\frac{y - o}{n}"),
    ("number behind", sp.Mul(y, 2, evaluate=False), r"y \cdot 2"),
]  # fmt: skip


@pytest.mark.parametrize(("expr", "expected"), [row[1:] for row in FORMULAS], ids=[row[0] for row in FORMULAS])
def test_well_known_formulas_look_as_the_field_writes_them(expr: Expr, expected: str) -> None:
    assert round_trip(expr) == expected


def test_what_is_printed_depends_on_no_name_of_a_bound_index() -> None:
    def gradient(*names: str) -> Expr:
        a, b = (index(name, n) for name in names)
        return summation(x(a) * TARGET(a), a) * summation(TARGET(b) + x(b) ** 2, b) + summation(entry("A", a, a), a)

    lines = {latex(gradient(*pair), NAMES) for pair in [("a", "b"), ("b", "a"), ("k9", "k10"), ("z", "y")]}
    assert len(lines) == 1


def test_an_index_with_one_value_is_that_value_and_its_sum_the_one_term() -> None:
    one, only = index("k", sp.Integer(1)), index("i1", sp.Integer(1))
    assert latex(summation(entry("W", one, FIRST), one), NAMES) == "W_{1i}"
    assert latex(entry("W", FIRST, only) + 1, NAMES) == "1 + W_{i1}"
    assert latex(summation(entry("W", one, K) * x(K), one, K) * y, NAMES) == r"y\sum_{i=1}^{n} W_{1i}\,x_{i}"
    for expr in (summation(entry("W", one, FIRST) - y, one) * o, summation(entry("W", K, one), K, one) ** 2):
        round_trip(expr)


def test_terms_and_factors_follow_the_order_of_declaration() -> None:
    turned = make_names({"o": 0, "y": 0})
    assert latex((y - o) ** 2, NAMES) == "(y - o)^{2}"
    assert latex(y + o, NAMES) == "y + o"
    assert latex(y + o, turned) == "o + y"
    assert latex(o * y, turned) == r"o\,y"


def test_every_kind_of_node_has_a_row_and_no_other_is_printed() -> None:
    kinds = [
        sp.Integer(2),
        sp.Rational(1, 2),
        sp.pi,
        n,
        y,
        x(K),
        y + o,
        y * o,
        y**2,
        delta(FIRST, OTHER),
        Partial(E, y),
        Maximum(y, o),
        Minimum(y, o),
        AtLeast(y),
        AtMost(y),
    ]
    kinds += [summation(x(K), K), Local(E, y), *(f(y) for f in UNARY)]
    assert {kind for expr in kinds for kind in type(expr).__mro__ if kind in ROWS} >= set(ROWS) - {type(sp.E)}
    for stranger in (sp.sinh(y), sp.Function("g")(y), sp.Float(0.5), sp.oo, sp.nan, sp.I, FIRST + 1, sp.Max(y, o)):
        with pytest.raises(AssertionError, match="internal error: no LaTeX for"):
            latex(stranger, NAMES)


@pytest.mark.parametrize("unknown", [entry("unheard"), size("unheard"), elementwise("unheard", 0)(y), x(K, K)])
def test_a_name_that_was_not_declared_is_an_internal_error(unknown: Expr) -> None:
    with pytest.raises(AssertionError, match="internal error"):
        latex(unknown, NAMES)


# Lines with numbers


def test_numbers_stand_where_the_symbols_stood() -> None:
    line = entry("W", 0, 1) * x(sp.Integer(1)) + entry("b", 0)
    values = {entry("W", 0, 1): "0.5", x(sp.Integer(1)): "2", entry("b", 0): "-1.5"}
    assert latex_numbers(line, NAMES, values) == r"0.5 \cdot 2 + (-1.5)"
    assert latex_numbers((y - o) ** 2 / 2, NAMES, {y: "1", o: "-0.25"}) == r"\frac{1}{2} \cdot (1 - (-0.25))^{2}"
    assert latex_numbers((o - y) * o * (1 - o), NAMES, {y: "1", o: "0.5"}) == r"(0.5 - 1) \cdot 0.5 \cdot (1 - 0.5)"


def test_numbers_may_be_tiny_and_some_symbols_may_stay() -> None:
    assert latex_numbers(y * o, NAMES, {y: "1.2e-05"}) == r"1.2 \cdot 10^{-5} \cdot o"
    assert latex_numbers(y**2, NAMES, {y: "1.2e-05"}) == r"(1.2 \cdot 10^{-5})^{2}"
    assert latex_numbers(y**2, NAMES, {y: "-3"}) == "(-3)^{2}"
    assert latex_numbers(Partial(E, y) * y, NAMES, {y: "2"}) == r"\frac{\partial E}{\partial y} \cdot 2"
    assert latex_numbers(Partial(E, y) * y, NAMES, {y: "2", Partial(E, y): "0.1"}) == r"0.1 \cdot 2"


def test_only_decimal_numbers_are_put_in() -> None:
    with pytest.raises(AssertionError, match="no decimal"):
        latex_numbers(y, NAMES, {y: r"\input{x}"})


# The reader

FREE = {FIRST: "i", SECOND: "j"}


@pytest.mark.parametrize(
    ("printed", "meant"),
    [
        ("y - (o + y)^{2}", (y - o - y) ** 2),
        (r"\sum_{i=1}^{n} x_{i} + y", summation(x(K) + y, K)),
        (r"\left(\sum_{k=1}^{n} x_{k}\right)x_{i}", summation(x(K) ** 2, K)),
        (r"W_{21}", entry("W", 0, 1)),
        (r"x_{1}", x(sp.Integer(1))),
        (r"\frac{y}{2}o", y / (2 * o)),
        (r"-y^{2}", (-y) ** 2 + 0),
        (r"\sigma'(y)", elementwise("sigmoid", 0)(y)),
        (r"e^{y}o", sp.exp(y * o)),
        (r"\mathbf{1}[y > o]", Positive(o - y)),
    ],
)
def test_a_misprint_is_noticed(printed: str, meant: Expr) -> None:
    assert not same(read(printed.replace("_{i=1}", "_{k=1}").replace("} x_{i} +", "} x_{k} +"), NAMES, FREE), meant)


@pytest.mark.parametrize(
    "line",
    [
        "", "y +", "+ y", "y o)", "(y", r"\left(y)", r"(y\right)", "y^2", "y_1", "unknown", r"\input{x}", "$y$",
        "y % o", "y!", "y--o", r"y\cdot", "1.", ".5", "1.5.2", "2 3", "9^{9999999}", "9" * 5000,
        r"x_{k}", r"x_{0}", r"x_{1,2}", r"W_{1}", r"W_{123}",
        r"\sum_{i=1}^{n} x_{i}", r"\sum_{k=0}^{n} x_{k}", r"\sum_{k=1}^{n}",
        r"\frac{y}", r"\frac{\partial E}{\partial 2}", r"\frac{\partial f(y)}{\partial y}", r"\sqrt y", r"\lvert y",
        r"\log y", "f(y", "f'", "f^{(2)}(y)", "f^{(99999999)}(y)", r"\mathbf{1}[y < o]", r"\mathbf{1}[i = y]",
        "(" * 5000 + "y" + ")" * 5000, r"\sqrt{" * 5000, r"\frac{\partial}{\partial " * 5000,
        "".join(rf"\sum_{{k{chr(39) * number}=1}}^{{n}} " for number in range(300)) + "y",
    ],
)  # fmt: skip
def test_the_reader_refuses_what_is_never_printed(line: str) -> None:
    with pytest.raises(FormulaError):
        read(line, NAMES, FREE)


def test_same_knows_renaming_and_notation_from_difference() -> None:
    assert same(summation(x(K), K), summation(x(Q), Q))
    assert same(summation(x(K) * summation(TARGET(K), K), K), summation(x(K) * summation(TARGET(Q), Q), K))
    assert same(Partial(E, Z(FIRST)), entry("d(E, z1)", FIRST))
    assert not same(Local(E, y), Partial(E, y))
    assert not same(x(FIRST), x(OTHER))
    assert not same(entry("A", FIRST, OTHER), entry("A", OTHER, FIRST))
    assert not same(summation(x(K), K), summation(x(index("k", n)), index("k", m)))
    assert not same(summation(entry("A", K, FIRST), K), summation(entry("A", FIRST, K), K))
