"""Integer powers, inverses and roots as elements of the scalar ring.

Every equation used here holds wherever the power on its left is defined: u^n with n < 0 where u is not 0, u^r with a
broken exponent r where u >= 0, and u > 0 for r < 0.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

from symbackprop.proof.index.numbers import prime_powers
from symbackprop.proof.limits import Clock, Undecided
from symbackprop.proof.scalar.arithmetic import Grow, Shape
from symbackprop.proof.scalar.generators import MINUS, NULL, PLUS, Generator, Kind, Poly, PolyMap
from symbackprop.proof.scalar.indicators import IndicatorRing

# Orders of roots, and denominators in exponents of exp: the generator of exp(u/1000) would be exp(u)'s thousandth root.
MAX_ORDER = 1000

Factors = list[tuple[Poly, int]]


@dataclass(frozen=True, slots=True)
class RootPlan:
    """u^r = Π outside f^(e r) · Π |f|^n · |square|^(2 r) · (± radicand)^r for u = Π f^e up to a positive number."""

    outside: Factors
    absolutes: Factors
    square: Factors
    radicand: Factors
    negative: bool = False  # the radicand is taken with the opposite sign


class PowerRing(IndicatorRing):
    """The ring with powers."""

    def __init__(self, shape: Shape, clock: Clock) -> None:
        super().__init__(shape, clock)
        self._inverses: PolyMap[int] = PolyMap()
        self._roots: PolyMap[int] = PolyMap()

    # ------------------------------------------------------------------ integer powers

    def power(self, u: Poly, n: int) -> Poly:
        """u^n"""
        return self.natural_power(u, n) if n >= 0 else self.natural_power(self.inverse(u), -n)

    def inverse(self, u: Poly) -> Poly:
        """1/u = c^-1 Π (1/f)^e for u = c Π f^e.

        Raises: Undecided when u is 0, everywhere or on a whole region.
        """
        coefficient, factors = self.factored(u)
        if coefficient == 0 or self.vanishes(u):
            raise Undecided("division by zero")
        result = self.constant(1 / coefficient)
        for f, e in factors:
            result = self.multiply(result, self.natural_power(f if e < 0 else self._inverse_of_factor(f), abs(e)))
        return result

    def _inverse_of_factor(self, f: Poly) -> Poly:
        root = self.root_generator(f)
        if root is not None:
            # 1/w = w^(k-1) / T
            return self.multiply(self.natural_power(f, root.order - 1), self.inverse(root.of))
        if self.constants_by_regions(f):
            return self.by_regions(lambda v: self.constant(1 / v.leading_coefficient()), f)
        i = self._inverses.get(f)
        if i is None:
            self.refuse_zero_divisor(f)
            needs = self.needs(f) | self.fact(f, NULL)
            signs = self.signs(f) & ~NULL or MINUS | PLUS
            i = self.new(Generator(kind=Kind.INVERSE, signs=signs, needs=needs, of=f))
            self.add_rule(i, self.variables[i] * f - 1)
            self._inverses.put(f, i)
        return self.use(i)

    def absolute_power(self, f: Poly, c: Fraction) -> Poly:
        """|f|^c"""
        if c.denominator > 1:
            return self.root(self.absolute(f), c, 0)
        n = c.numerator
        return self.power(f, n) if n % 2 == 0 else self.multiply(self.absolute(f), self.power(f, n - 1))

    # ------------------------------------------------------------------ roots

    def root(self, u: Poly, r: Fraction, implied_by: int | None = None) -> Poly:
        """u^r for a broken exponent r; `implied_by` are facts from which u >= 0 follows, where they are known.

        Raises: Undecided when u is 0 and r < 0, or u is negative.
        """
        coefficient, factors = self.factored(u)
        if coefficient == 0 or self.vanishes(u):
            if r > 0:
                return self.zero
            raise Undecided("division by zero")
        plan = self.plan_root(coefficient < 0, factors, r)
        result = self._root_of_number(abs(coefficient), r)
        for f, e in plan.outside:
            result = self.multiply(result, self._root_of_factor(f, e * r))
        for f, n in plan.absolutes:
            result = self.multiply(result, self.absolute_power(f, Fraction(n)))
        if plan.square:
            result = self.multiply(result, self.absolute_power(self._product(plan.square), 2 * r))
        if plan.radicand:
            radicand = self._product(plan.radicand)
            needs = self.needs(radicand) | (self._sign_fact(plan) if implied_by is None else implied_by)
            result = self.multiply(result, self._power_of_root(-radicand if plan.negative else radicand, r, needs))
        return result

    def plan_root(self, negative: bool, factors: Factors, r: Fraction) -> RootPlan:
        """How to take the root of ± Π f^e, which is not negative, without splitting it where signs are unknown.

        Positive factors have roots of their own. A factor |f|^n may be taken out when f still divides what remains,
        or 1/f is there: then no point is lost at which f = 0.

        Raises: Undecided when the product is negative.
        """
        outside: Factors = []
        rest: Factors = []
        for f, e in factors:
            if self.signs(f) == MINUS:
                negative ^= bool(e % 2)
                outside.append((-f, e))
            else:
                (outside if self.signs(f) == PLUS else rest).append((f, e))
        if negative and not rest:
            raise Undecided("a root or logarithm of a negative number")
        if not negative and not any(self.signs(f) & MINUS for f, _ in rest):
            return RootPlan(outside + rest, [], [], [])
        if not negative and all(e % 2 == 0 for _, e in rest):
            return RootPlan(outside, [], [(f, e // 2) for f, e in rest], [])
        absolutes, radicand = [], []
        for f, e in rest:
            kept = _kept(e) if r.denominator == 2 else e
            if kept != e:
                absolutes.append((f, int((e - kept) * r)))
            if kept:
                radicand.append((f, kept))
        return RootPlan(outside, absolutes, [], radicand, negative)

    def _product(self, factors: Factors) -> Poly:
        return self.multiply(*(self.power(f, e) for f, e in factors))

    def _require_order(self, order: int) -> None:
        """Raises: Grow unless roots of this order can be expressed."""
        common = lcm(self.shape.root_order, order)
        if common > MAX_ORDER:
            raise Undecided(f"roots of an order beyond {MAX_ORDER}")
        if common != self.shape.root_order:
            raise Grow(Shape(self.shape.capacity, self.shape.exponential_denominator, common))

    def _root_of_number(self, q: Any, r: Fraction) -> Poly:
        result = self.one
        for prime, e in prime_powers(Fraction(int(q.p), int(q.q))):
            result = self.multiply(result, self._power_of_root(self.constant(prime), e * r, 0))
        return result

    def _root_of_factor(self, f: Poly, r: Fraction) -> Poly:
        """f^r for f >= 0."""
        inner = self.root_generator(f)
        if inner is not None:
            return self.root(inner.of, r / inner.order, inner.needs)
        return self._power_of_root(f, r, self.needs(f))

    def _power_of_root(self, radicand: Poly, r: Fraction, needs: int) -> Poly:
        """T^r = T^q w^m for r = q + m/k with w = T^(1/k)."""
        self._require_order(r.denominator)
        k = self.shape.root_order
        q, m = divmod(int(r * k), k)
        result = self.power(radicand, q)
        if m == 0:
            return result
        i = self._roots.get(radicand)
        if i is None:
            signs = self.signs(radicand) & ~MINUS or PLUS
            i = self.new(Generator(kind=Kind.ROOT, signs=signs, needs=needs, of=radicand, order=k))
            self.add_rule(i, self.variables[i] ** k - radicand)
            self._roots.put(radicand, i)
        return self.multiply(result, self.natural_power(self.use(i), m))

    # ------------------------------------------------------------------ where they are defined

    def nonzero(self, u: Poly) -> int:
        """What follows from u != 0."""
        facts = 0
        for f, e in self.factored(u).factors:
            if e > 0:
                facts |= self.fact(f, NULL)
                root = self.root_generator(f)
                if root is not None:
                    facts |= self.nonzero(root.of)
        return facts

    def above_zero(self, u: Poly) -> int:
        """What follows from u > 0.

        Raises: Undecided when u is never so.
        """
        coefficient, factors = self.factored(u)
        odd = [(f, 1) for f, e in factors if e % 2]
        return self.nonzero(u) | self._sign_fact(self.plan_root(coefficient < 0, odd, Fraction(1, 2)))

    def not_below_zero(self, u: Poly, r: Fraction) -> int:
        """What follows from u^r being defined.

        Raises: Undecided when u is never so.
        """
        coefficient, factors = self.factored(u)
        plan = self.plan_root(coefficient < 0, factors, r)
        return self._sign_fact(plan) | (self.above_zero(u) if r < 0 else 0)

    def _sign_fact(self, plan: RootPlan) -> int:
        return self.fact(self._product(plan.radicand), _excluded(plan)) if plan.radicand else 0


def _excluded(plan: RootPlan) -> int:
    return PLUS if plan.negative else MINUS


def _kept(e: int) -> int:
    """The exponent that remains of f^e under a square root when even powers are taken out."""
    if e % 2:
        return 1
    return 2 if e > 0 else 0
