"""An evaluator of index expressions that shares no code with any prover: dual numbers over mpmath."""

import itertools
import sys
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import mpmath
import pytest
import sympy as sp

from symbackprop.tensor.nodes import Elementwise, Expr, IsZero, Partial, Positive, entry_indices, entry_name, is_size

# The theorems and identities of this folder are imported as modules of `proof`, whatever is installed.
sys.path.append(str(Path(__file__).parent.parent))

Pair = tuple[Any, Any]  # value and derivative
ZERO = mpmath.mpf(0)
TINY = mpmath.mpf(10) ** -20
# An arbitrary elementwise function, its derivative, and so on.
ARBITRARY: dict[str, list[Callable[[Any], Any]]] = {
    "f": [lambda t: t**3 / 3 + t * t / 2, lambda t: t * t + t, lambda t: 2 * t + 1, lambda t: mpmath.mpf(2)],
    "g": [mpmath.sin, mpmath.cos, lambda t: -mpmath.sin(t), lambda t: -mpmath.cos(t)],
}
FUNCTIONS: dict[type, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    sp.exp: (mpmath.exp, mpmath.exp),
    sp.tanh: (mpmath.tanh, lambda t: 1 - mpmath.tanh(t) ** 2),
    sp.sin: (mpmath.sin, mpmath.cos),
    sp.cos: (mpmath.cos, lambda t: -mpmath.sin(t)),
    sp.erf: (mpmath.erf, lambda t: 2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-t * t)),
}


class Nowhere(Exception):
    """The expression or its derivative is not defined at the point."""


class Point:
    """Sizes and values; a quantity that has no value yet gets a random one, positive if its name is listed."""

    def __init__(self, rng: Random, sizes: Mapping[str, int], positive: frozenset[str] = frozenset()) -> None:
        self.rng, self.sizes, self.positive = rng, sizes, positive
        self.values: dict[tuple[str, tuple[int, ...]], Fraction] = {}

    def value(self, name: str, indices: tuple[int, ...]) -> Fraction:
        """The value of name[indices]; small integers are frequent, so that kinks and zeros are met."""
        if (name, indices) not in self.values:
            special = self.rng.random() < 0.2
            drawn = Fraction(self.rng.randint(-1, 2) if special else self.rng.randint(-9, 9), self.rng.randint(1, 5))
            self.values[name, indices] = abs(drawn) + Fraction(1, 3) if name in self.positive else drawn
        return self.values[name, indices]

    def length(self, i: Expr) -> int:
        """How many values an index has."""
        extent = i.upper - i.lower + 1
        return int(extent) if extent.is_Integer else self.sizes[str(extent)]


class Evaluator:
    """Values of index expressions at a point, with the derivative by one entry."""

    nowhere = Nowhere

    def __init__(self, point: Point, variable: tuple[str, tuple[int, ...]] | None = None) -> None:
        self.point, self.variable = point, variable

    def __call__(self, expr: Expr, where: Mapping[Expr, int]) -> Pair:
        """Raises: Nowhere."""
        name = entry_name(expr)
        if expr.is_Rational:
            return mpmath.mpf(int(expr.p)) / int(expr.q), ZERO
        if expr in (sp.pi, sp.E):
            return +(mpmath.pi if expr is sp.pi else mpmath.e), ZERO
        if is_size(expr):
            return mpmath.mpf(self.point.sizes[str(expr)]), ZERO
        if name is not None:
            place = name, tuple(position(i, where) for i in entry_indices(expr))
            value = self.point.value(*place)
            return mpmath.mpf(value.numerator) / value.denominator, mpmath.mpf(place == self.variable)
        if isinstance(expr, sp.KroneckerDelta):
            return mpmath.mpf(position(expr.args[0], where) == position(expr.args[1], where)), ZERO
        if isinstance(expr, sp.Sum):
            return self._sum(expr, where)
        if isinstance(expr, sp.Add):
            return total(self(part, where) for part in expr.args)
        if isinstance(expr, sp.Mul):
            value, slope = mpmath.mpf(1), ZERO
            for part in expr.args:
                v, d = self(part, where)
                value, slope = value * v, slope * v + value * d
            return value, slope
        if isinstance(expr, Partial):
            f, v = expr.args
            place = entry_name(v) or "", tuple(position(i, where) for i in entry_indices(v))
            return Evaluator(self.point, place)(f, where)[1], ZERO
        if isinstance(expr, sp.Pow):
            return self._power(expr, where)
        return self._function(expr, where)

    def _sum(self, expr: Expr, where: Mapping[Expr, int]) -> Pair:
        indices = [limit[0] for limit in expr.limits]
        places = itertools.product(*(range(self.point.length(i)) for i in indices))
        return total(self(expr.function, {**where, **dict(zip(indices, p, strict=True))}) for p in places)

    def _power(self, expr: Expr, where: Mapping[Expr, int]) -> Pair:
        (x, dx), (q, dq) = self(expr.base, where), self(expr.exp, where)
        if expr.exp.is_Integer:
            if abs(x) < TINY and q < 0:
                raise Nowhere
            return x ** int(q), q * x ** (int(q) - 1) * dx if dx else ZERO
        if x < TINY and (x < -TINY or q < 0 or dx or dq):
            raise Nowhere
        return (ZERO, ZERO) if x < TINY else (x**q, x**q * (dq * mpmath.log(x) + q * dx / x))

    def _function(self, expr: Expr, where: Mapping[Expr, int]) -> Pair:
        (x, dx), *_ = (self(argument, where) for argument in expr.args)
        for kind, (f, slope) in FUNCTIONS.items():
            if isinstance(expr, kind):
                return f(x), slope(x) * dx
        if isinstance(expr, sp.log):
            if x < TINY:
                raise Nowhere
            return mpmath.log(x), dx / x
        if isinstance(expr, Elementwise):
            order = expr.func.order
            return ARBITRARY[expr.func.function][order](x), ARBITRARY[expr.func.function][order + 1](x) * dx
        sign = 0 if abs(x) < TINY else int(mpmath.sign(x))
        if dx and not sign:
            raise Nowhere
        if isinstance(expr, sp.Abs):
            return abs(x), sign * dx
        values = {Positive: sign > 0, IsZero: sign == 0, sp.sign: sign}
        return mpmath.mpf(values[expr.func]), ZERO


def position(i: Expr, where: Mapping[Expr, int]) -> int:
    """The value of an index."""
    return where[i] if isinstance(i, sp.Idx) else int(i)


def total(pairs: Any) -> Pair:
    """The sum of values with derivatives."""
    value, slope = ZERO, ZERO
    for v, d in pairs:
        value, slope = value + v, slope + d
    return value, slope


@pytest.fixture
def make_point() -> type[Point]:
    """Points with random values."""
    return Point


@pytest.fixture
def evaluator() -> type[Evaluator]:
    """Values and derivatives at a point; a call raises `evaluator.nowhere` where there is none."""
    mpmath.mp.dps = 40
    return Evaluator
