"""Decimals that are certain: a ball rounds to one text, or to none."""

from fractions import Fraction

import pytest
import sympy as sp
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from symbackprop.model.build import graph_from_formulas
from symbackprop.proof.points.balls import Evaluation
from symbackprop.proof.points.duals import Unknown
from symbackprop.proof.points.rounding import Rounded, bounds, decimal, rounds_to
from symbackprop.tensor.nodes import Expr, scalar

SCALAR = graph_from_formulas({"unused": "x + y"})
F = Fraction


def x_at(expr: Expr, value: object, precision: int = 128) -> object:
    return Evaluation(SCALAR, {}, {"x": value, "y": 2}, precision=precision).number(expr)


X = scalar("x")


class TestRounding:
    @pytest.mark.parametrize(
        ("number", "decimals", "text", "tie"),
        [
            ("2/3", 4, "0.6667", False),
            ("1/8", 2, "0.13", True),
            ("-1/8", 2, "-0.13", True),
            ("-1/1000", 2, "0.00", False),
            ("999/100", 1, "10.0", False),
            ("5/2", 0, "3", True),
            ("12345", -2, "12300", False),
        ],
    )
    def test_to_places(self, number: str, decimals: int, text: str, tie: bool) -> None:
        exact = F(number)
        assert rounds_to(fmpq(exact.numerator, exact.denominator), decimals=decimals) == Rounded(text, tie)

    @pytest.mark.parametrize(
        ("number", "digits", "text"),
        [
            ("9996/1000", 3, "10.0"),
            ("9994/1000", 3, "9.99"),
            ("12345", 2, "12000"),
            ("1/30", 3, "0.0333"),
            ("-999999/1000000", 2, "-1.0"),
            ("0", 3, "0"),
        ],
    )
    def test_to_significant_digits(self, number: str, digits: int, text: str) -> None:
        exact = F(number)
        assert rounds_to(fmpq(exact.numerator, exact.denominator), significant=digits).text == text

    @given(st.fractions(-1000, 1000, max_denominator=1000), st.integers(-2, 6))
    def test_the_text_is_a_nearest_multiple(self, number: F, decimals: int) -> None:
        rounded = rounds_to(fmpq(number.numerator, number.denominator), decimals=decimals)
        distance = abs(F(rounded.text) - number) * F(10) ** decimals
        assert distance <= F(1, 2) and rounded.tie == (distance == F(1, 2))

    def test_a_ball_across_a_tie_has_no_rounding(self) -> None:
        assert rounds_to(arb("[0.125 +/- 1e-10]"), decimals=2) is None
        assert rounds_to(arb(fmpq(1, 8)), decimals=2) == Rounded("0.13", True)

    def test_the_ends_of_a_ball_enclose_it(self) -> None:
        low, high = bounds(arb.pi())
        assert low < high and arb(low) <= arb.pi().upper() and fmpq(314159, 100000) < low < fmpq(314160, 100000)

    def test_precision_grows_until_the_digits_are_certain(self) -> None:
        def number(precision: int) -> object:
            return x_at(sp.exp(X), 1, precision)

        assert decimal(number, decimals=300).text[-6:] == str(sp.E.evalf(301))[-6:]

    def test_an_undetected_tie_is_unknown(self) -> None:
        # sin² + cos² + 1/2 is exactly between 1 and 2, which no ball can tell.
        with pytest.raises(Unknown, match="exactly between"):
            decimal(lambda bits: x_at(sp.sin(X) ** 2 + sp.cos(X) ** 2 + sp.Rational(1, 2), 1, bits), decimals=0)
