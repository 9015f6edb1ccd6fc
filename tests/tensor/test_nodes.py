"""The short ways to make and to search nodes give what SymPy's own ways give."""

import pytest
import sympy as sp

from symbackprop.tensor.indices import atoms
from symbackprop.tensor.nodes import (
    adjoint_name,
    adjoint_parts,
    applied,
    entry,
    full_range,
    index,
    is_adjoint,
    size,
    sum_over,
    summation,
)

N, M = size("n"), size("m")
ROW, COLUMN, THREE = index("i", N), index("j", M), index("k", sp.Integer(3))
W, X, Y = entry("W", ROW, COLUMN), entry("x", COLUMN), entry("y")
INNER = sp.Sum(W * X, (COLUMN, 0, M - 1))
BODIES = [sp.Integer(0), sp.Integer(2), Y, W, INNER, Y * INNER, INNER + Y, sp.exp(X), sp.tanh(INNER) ** 2]


@pytest.mark.parametrize("body", BODIES, ids=str)
@pytest.mark.parametrize("i", [ROW, THREE], ids=str)
def test_sums_are_those_of_sympy(body: sp.Expr, i: sp.Idx) -> None:
    made, expected = sum_over(body, [full_range(i)]), sp.Sum(body, (i, 0, i.upper))
    assert made == expected
    assert hash(made) == hash(expected)
    assert type(made) is type(expected)
    assert (made.limits, made.is_commutative) == (expected.limits, expected.is_commutative)
    assert summation(body, i) == expected


def test_a_sum_of_what_is_no_number_is_none() -> None:
    assert sum_over(sp.nan, [full_range(ROW)]) is sp.nan


@pytest.mark.parametrize("function", [sp.tanh, sp.exp, sp.log, sp.Abs, sp.sign], ids=str)
@pytest.mark.parametrize("argument", [*BODIES[2:], -INNER, Y - INNER, -Y - INNER, INNER - Y, -2 * INNER], ids=str)
def test_functions_are_those_of_sympy(function: type, argument: sp.Expr) -> None:
    made = applied(function, argument)
    assert made == function(argument)
    assert made.has(sp.Sum) == argument.has(sp.Sum)


@pytest.mark.parametrize("kind", [sp.Sum, sp.Idx, sp.Symbol, sp.Integer, sp.tanh], ids=str)
@pytest.mark.parametrize("expr", BODIES, ids=str)
def test_nodes_of_a_kind_are_those_that_sympy_finds(expr: sp.Expr, kind: type) -> None:
    assert atoms(expr, kind) == expr.atoms(kind)


@pytest.mark.parametrize(("loss", "name"), [("L", "w"), ("d", "W1"), ("E_batch", "d")])
def test_names_of_adjoints_are_made_and_taken_apart(loss: str, name: str) -> None:
    made = adjoint_name(loss, name)
    assert is_adjoint(made) and adjoint_parts(made) == (loss, name)
    assert not is_adjoint(loss) and not is_adjoint(name)
