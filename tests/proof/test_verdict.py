"""A verdict in one line: the two sides of a counterexample look as different as they are."""

import re
from decimal import Decimal, getcontext
from fractions import Fraction

import pytest

from symbackprop.model.build import graph_from_formulas, relation
from symbackprop.proof.verdict import Kind, Verdict
from symbackprop.proof.verify import verify


def refuted(text: str) -> str:
    graph = graph_from_formulas({"q": "x"}, {})
    verdict = verify(relation(graph, "claim", text), graph)
    assert verdict.kind is Kind.REFUTED
    return str(verdict)


@pytest.mark.parametrize("power", [1, 5, 6, 7, 12, 20, 30, 34])
@pytest.mark.parametrize("side", ["x", "x/3", "exp(x)"])
def test_sides_are_shown_with_the_digits_that_tell_them_apart(side: str, power: int) -> None:
    found = re.search(r"left (\S+), right (\S+)$", refuted(f"{side} == {side} + 1e-{power}"))
    assert found is not None
    left, right = (Fraction(text) for text in found.groups())
    assert left < right and right - left < Fraction(10) ** (1 - power) + Fraction(1, 10**5)


@pytest.mark.parametrize("power", [50, 100, 200])
def test_what_no_line_can_show_is_told_as_a_difference(power: int) -> None:
    assert refuted(f"x == x + 1e-{power}").endswith(f", which differ by 1e-{power}")


@pytest.mark.parametrize(
    ("left", "right", "shown"),
    [
        ("1", "2", "left 1, right 2"),
        ("[2.8812345 +/- 3e-9]", "-1", "left 2.88123, right -1"),
        ("[+/- 1e-30]", "3/2", "left 0, right 3/2"),
        ("[0.5 +/- 1e-9]", "[0.5000001 +/- 1e-9]", "left 0.5, right 0.5000001"),
        ("nothing", "2", "left nothing, right 2"),
    ],
)
def test_balls_and_rationals_are_shown_by_their_middles(left: str, right: str, shown: str) -> None:
    verdict = Verdict(kind=Kind.REFUTED, witness={"values": {}, "left": left, "right": right})
    assert str(verdict) == f"REFUTED at every point: {shown}"


def test_the_context_of_decimal_numbers_stays_as_it_is() -> None:
    before = getcontext().prec
    refuted("x == x + 1e-30")
    assert getcontext().prec == before
    assert Decimal(1) / 3 == Decimal("0.3333333333333333333333333333")
