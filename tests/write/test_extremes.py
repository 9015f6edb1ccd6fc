"""max(a, b) and min(a, b) are printed as such, and read back as what the formula language means by them."""

import pytest
import sympy as sp

from symbackprop.language.functions import COMPARISONS, maximum, minimum
from symbackprop.tensor.indices import free_indices
from symbackprop.tensor.nodes import Expr, IsZero, Positive, entry, index, size, summation
from symbackprop.write.formulas.latex import latex
from symbackprop.write.formulas.names import make_names
from symbackprop.write.formulas.reader import read
from symbackprop.write.formulas.sameness import same

n = size("n")
FREE, K = index("i0", n), index("k", n)
a, b, x, y = entry("a"), entry("b"), entry("x", FREE), entry("y", FREE)
TOTAL = summation(entry("x", K) * entry("y", K), K)
NAMES = make_names({"a": 0, "b": 0, "x": 1, "y": 1}, sizes=["n"])

EXTREMES = {
    "of two names": (maximum(a, b), r"\max(a, b)"),
    "the smaller one": (minimum(a, b), r"\min(a, b)"),
    "hinge": (maximum(sp.Integer(0), 1 - a * b), r"\max(0, 1 - a\,b)"),
    "at least 0": (maximum(a - b, sp.Integer(0)), r"\max(a - b, 0)"),
    "with a factor": (3 * y * maximum(x - a, sp.Integer(0)), r"\max(x_{i} - a, 0)"),
    "with a sum inside": (maximum(TOTAL, a), r"\max\left("),
    "one of each": (maximum(a, b) + minimum(x, y), None),
}


@pytest.mark.parametrize("name", EXTREMES)
def test_an_extreme_is_printed_and_read_back(name: str) -> None:
    expr, text = EXTREMES[name]
    shown = latex(expr, NAMES)
    assert same(read(shown, NAMES, NAMES.free_letters(free_indices(expr))), expr)
    assert text is None or text in shown


WEAK = {
    "at least": (COMPARISONS[">="](a, b), r"\mathbf{1}[a \geq b]"),
    "at most": (COMPARISONS["<="](a, b), r"\mathbf{1}[a \leq b]"),
    "the opposite": (1 - COMPARISONS[">="](a, b), r"1 - \mathbf{1}[a \geq b]"),
    "as a factor": (x * COMPARISONS["<="](sp.Abs(x), a), r"x_{i}\,\mathbf{1}[\lvert x_{i}\rvert \leq a]"),
    "two of them": (
        COMPARISONS["<="](x, a) - COMPARISONS[">="](y, b),
        r"\mathbf{1}[x_{i} \leq a] - \mathbf{1}[y_{i} \geq b]",
    ),
    "with 0": (COMPARISONS[">="](a, sp.Integer(0)), r"\mathbf{1}[a \geq 0]"),
}


@pytest.mark.parametrize("name", WEAK)
def test_a_weak_comparison_has_one_indicator(name: str) -> None:
    expr, text = WEAK[name]
    shown = latex(expr, NAMES)
    assert shown == text
    assert same(read(shown, NAMES, NAMES.free_letters(free_indices(expr))), expr)


OTHERS = {
    "two indicators that are not of one comparison": Positive(a - b) + IsZero(a + b),
    "with different factors": Positive(a - b) + 2 * IsZero(a - b),
    "a choice": Positive(a) * a + (1 - Positive(a)) * b * (sp.exp(a) - 1),
    "another condition": b + (a - b) * Positive(a + b),
    "a multiple": b + 2 * (a - b) * Positive(a - b),
    "the indicator alone": Positive(a - b),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_extreme_is_not_printed_as_one(name: str) -> None:
    expr: Expr = OTHERS[name]
    shown = latex(expr, NAMES)
    assert same(read(shown, NAMES, {}), expr)
    assert r"\max(a, b)" not in shown and r"\min" not in shown
    assert r"\geq" not in shown and r"\leq" not in shown


def test_a_sum_over_an_array_goes_over_rows_and_then_columns() -> None:
    m = size("m")
    rows, columns = index("r", n), index("c", m)
    names = make_names({"A": 2, "B": 2}, sizes=["n", "m"])
    expr = summation(entry("B", rows, columns) * entry("A", rows, columns), rows, columns)
    shown = latex(expr, names)
    assert shown == r"\sum_{i=1}^{n} \sum_{j=1}^{m} A_{ij}\,B_{ij}"
    assert same(read(shown, names, {}), expr)


@pytest.mark.parametrize(
    "first, second, shown",
    [
        ("ik", "kj", r"A_{ik}\,W_{kj}"),
        ("ik", "jk", r"A_{ik}\,W_{jk}"),
        ("jk", "ik", r"W_{ik}\,A_{jk}"),
        ("ki", "kj", r"A_{ki}\,W_{kj}"),
    ],
)
def test_entries_of_matrices_stand_in_the_order_of_the_product(first: str, second: str, shown: str) -> None:
    letters = {"i": index("i0", n), "j": index("i1", n), "k": K}
    names = make_names({"W": 2, "A": 2}, sizes=["n"], weights={"W"})
    product = entry("A", *(letters[c] for c in first)) * entry("W", *(letters[c] for c in second))
    expr = summation(product, K)
    assert latex(expr, names) == r"\sum_{k=1}^{n} " + shown
