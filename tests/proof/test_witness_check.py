"""The values of a witness lie in the intervals, those of derivatives too; what has no value has none."""

from fractions import Fraction
from typing import Any

import mpmath
import pytest

from symbackprop.proof import witness_check
from symbackprop.proof.witness_check import Point, Rejected

X = ["at", "x"]
FUNCTIONS = {
    "exp": mpmath.exp,
    "log": mpmath.log,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "erf": mpmath.erf,
    "root": mpmath.sqrt,
    "cube": lambda x: x ** (mpmath.mpf(2) / 3),
    "inverse": lambda x: 1 / x,
    "power": lambda x: x**3,
}
NUMBERS = [Fraction(n) for n in ("1/3", "2", "-5/2", "7/5", "-9/4", "5", "1/1000", "-6", "100/7")]


def point(x: Fraction, functions: Any = ()) -> Point:
    return Point(
        {
            "witness": {"sizes": {"n": 2}, "values": {"x": str(x), "u": ["1/2", "-1/3"]}, "functions": []},
            "definitions": [{"name": "q", "shape": [], "value": ["mul", X, X]}],
            "shapes": {"x": [], "u": ["n"]},
            "functions": list(functions),
        }
    )


def term(name: str, of: Any) -> Any:
    exponents = {"root": "1/2", "cube": "2/3", "inverse": "-1", "power": "3"}
    return ["pow", of, exponents[name]] if name in exponents else [name, of]


def encloses(p: Point, t: Any, expected: Any) -> bool:
    low, high = witness_check.sides(p, t, {})
    slack = mpmath.mpf(10) ** -100 * max(1, abs(expected))  # mpmath rounds as well
    return mpmath.mpf(str(low)) - slack <= expected <= mpmath.mpf(str(high)) + slack and high - low < Fraction(1, 10**9)


@pytest.mark.parametrize("x", NUMBERS, ids=str)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_and_derivatives_lie_in_the_intervals(name: str, x: Fraction) -> None:
    with mpmath.workdps(110):
        number, f = mpmath.mpf(x.numerator) / x.denominator, FUNCTIONS[name]
        if x < 0 and name in ("log", "root", "cube"):
            with pytest.raises(Rejected):
                witness_check.sides(point(x), term(name, X), {})
            return
        p = point(x)
        assert encloses(p, term(name, X), f(number))
        for order, t in ((1, ["d", term(name, X), X]), (2, ["d", ["d", term(name, X), X], X])):
            slope = mpmath.diff(f, number, order)
            low, high = witness_check.sides(p, t, {})
            assert abs((mpmath.mpf(str(low)) + mpmath.mpf(str(high))) / 2 - slope) < 1e-9 * max(1, abs(slope))


def test_derivatives_go_through_definitions() -> None:
    p = point(Fraction(3, 2))
    assert encloses(p, ["d", ["mul", ["at", "q"], X], X], mpmath.mpf(27) / 4)
    assert encloses(p, ["d", ["mul", ["at", "q"], X], ["at", "q"]], mpmath.mpf(3) / 2)
    assert encloses(p, ["d", ["at", "x"], ["at", "q"]], mpmath.mpf(0))
    total = ["sum", "k", "n", ["mul", ["at", "u", "k"], ["at", "u", "k"]]]
    with mpmath.workdps(110):
        assert encloses(p, ["d", total, ["at", "u", 1]], -mpmath.mpf(2) / 3)
        assert encloses(p, ["mul", ["delta", "n", 0, 1], ["size", "n"], ["pi"]], mpmath.mpf(0))
        assert encloses(p, ["mul", ["size", "n"], ["pi"]], 2 * mpmath.pi)


def test_functions_by_formulas() -> None:
    relu = {"name": "f", "arguments": ["z"], "value": ["mul", ["at", "z"], ["positive", ["at", "z"]]]}
    for x, slope in ((Fraction(2), 1), (Fraction(-2), 0), (Fraction(0), 0)):
        assert encloses(point(x, [relu]), ["call", "f", 1, X], mpmath.mpf(slope))
        assert encloses(point(x, [relu]), ["d", ["call", "f", 0, ["mul", "3", X]], X], mpmath.mpf(3 * slope))
    with pytest.raises(Rejected, match="a kink"):
        witness_check.sides(point(Fraction(0)), ["d", ["positive", X], X], {})


@pytest.mark.parametrize(
    ("t", "why"),
    [
        (["pow", ["add", X, "-2"], "-1"], "may be 0"),
        (["log", ["add", X, "-3"]], "not positive"),
        (["pow", "-1", "1/2"], "may be negative"),
        (["exp", ["exp", ["exp", ["exp", X]]]], "too large"),
        (["positive", ["add", ["exp", X], ["mul", "-1", ["exp", X]]]], "not certain"),
        (["at", "u", 2], "an entry"),
        (["at", "u", -1], "an entry"),
        (["at", "u"], "an entry"),
    ],
)
def test_what_has_no_value(t: Any, why: str) -> None:
    with pytest.raises(Rejected, match=why):
        witness_check.sides(point(Fraction(2)), t, {})
