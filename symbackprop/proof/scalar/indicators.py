"""Indicators [u > 0] and [u = 0], |u|, sign(u), and functions of expressions that contain indicators.

The sign of a product is the product of the signs, so there are indicators of irreducible polynomials only. The three
regions f > 0, f = 0, f < 0 have the indicators h, z, 1 - h - z with h² = h, z² = z, h z = 0, z f = 0.
"""

from collections.abc import Callable
from typing import Any

from symbackprop.proof.limits import Clock, Undecided
from symbackprop.proof.scalar.arithmetic import Shape
from symbackprop.proof.scalar.generators import MINUS, NULL, PLUS, Generator, Kind, Poly, PolyMap
from symbackprop.proof.scalar.ring import Ring

# An argument with indicators is not split into more regions than this.
MAX_REGIONS = 32

Parts = tuple[Poly, Poly]  # [u > 0], [u = 0]
Region = tuple[Poly, tuple[Poly, ...]]  # its indicator, the arguments there


class IndicatorRing(Ring):
    """The ring with the functions of the sign."""

    def __init__(self, shape: Shape, clock: Clock) -> None:
        super().__init__(shape, clock)
        self._regions: PolyMap[Parts] = PolyMap()
        self._pairs: list[tuple[Poly, int, int]] = []  # f, [f > 0], [f = 0]; -1 for one that needs no generator

    def positive(self, u: Poly) -> Poly:
        """[u > 0]"""
        return self._parts(u)[0]

    def is_zero(self, u: Poly) -> Poly:
        """[u = 0]"""
        return self._parts(u)[1]

    def sign(self, u: Poly) -> Poly:
        """sign(u) = 2 [u > 0] + [u = 0] - 1"""
        positive, zero = self._parts(u)
        return 2 * positive + zero - 1

    def absolute(self, u: Poly) -> Poly:
        """|u| = u (2 [u > 0] - 1)"""
        return self.multiply(u, 2 * self.positive(u) - 1)

    def surely_differs(self, element: Poly) -> bool:
        """Whether a point spares a zero test that would fail; where there are indicators, points cover too little."""
        return not any(g.kind in (Kind.POSITIVE, Kind.ZERO) for g in self.generators) and self.points.refutes(element)

    # ------------------------------------------------------------------ regions

    def by_regions(self, function: Callable[..., Poly], *arguments: Poly) -> Poly:
        """function(arguments) = Σ [region] function(arguments in that region), for a function defined everywhere."""
        total = self.zero
        for region, local in self.split_by_regions(arguments):
            total += self.multiply(region, function(*local))
        return total

    def constants_by_regions(self, u: Poly) -> list[Any]:
        """The values of u, not 0, in regions of its indicators; none unless it is such a constant in each."""
        values = [value for _, (value,) in self.split_by_regions((u,))]
        if len(values) == 1 or not all(v.is_constant() and not v.is_zero() for v in values):
            return []
        return [v.leading_coefficient() for v in values]

    def split_by_regions(self, arguments: tuple[Poly, ...]) -> list[Region]:
        """The regions with the arguments in each, free of indicators; the whole space if there are too many."""
        done: list[Region] = []
        arguments = tuple(map(self._without_idle_zeros, arguments))
        open_regions = [(self.one, arguments)]
        while open_regions:
            if len(done) + len(open_regions) > MAX_REGIONS:
                return [(self.one, arguments)]
            region, local = open_regions.pop()
            indicators = self._indicators_in(*local)
            if indicators:
                open_regions += reversed(self._split_by(indicators, region, local))
            else:
                done.append((region, local))
        return done

    def _without_idle_zeros(self, u: Poly) -> Poly:
        """a for a + b [f = 0] where b is 0 whenever f is: one region less in which functions of u look different."""
        for i in self._indicators_in(u):
            if self.generators[i].kind is Kind.ZERO:
                b, a = divmod(u, self.variables[i])
                if self.vanishes(b, 0, (self.generators[i].of,)):
                    u = a
        return u

    def _split_by(self, indicators: list[int], region: Poly, arguments: tuple[Poly, ...]) -> list[Region]:
        """The parts of a region according to the sign whose indicators are the newest."""
        newest = indicators[0]
        generator = self.generators[newest]
        h, z = (newest, generator.partner) if generator.kind is Kind.POSITIVE else (-1, newest)
        parts = []
        for part, values in self._regions_of(h, z, z in indicators):
            both = self.multiply(region, part)
            if both.is_zero():
                continue
            local = arguments
            for i, value in values:
                local = tuple(self.remainder(a, self.variables[i] - value) for a in local)
            if (z, 1) in values:
                local = tuple(self.remainder(a, generator.of) for a in local)
            parts.append((both, local))
        return parts

    def _regions_of(self, h: int, z: int, three: bool) -> list[tuple[Poly, list[tuple[int, int]]]]:
        """The regions of one polynomial with the values of its indicators there."""
        if h < 0:
            return [(self.variables[z], [(z, 1)]), (1 - self.variables[z], [(z, 0)])]
        if not three:
            return [(self.variables[h], [(h, 1)]), (1 - self.variables[h], [(h, 0)])]
        rest = 1 - self.variables[h] - self.variables[z]
        return [
            (self.variables[h], [(h, 1), (z, 0)]),
            (self.variables[z], [(h, 0), (z, 1)]),
            (rest, [(h, 0), (z, 0)]),
        ]

    def _indicators_in(self, *elements: Poly) -> list[int]:
        """The indicators that occur, newest first."""
        found = {i for element in elements for i in self.occurring(element)}
        return sorted((i for i in found if self.generators[i].kind in (Kind.POSITIVE, Kind.ZERO)), reverse=True)

    # ------------------------------------------------------------------ the three parts of an expression

    def _parts(self, u: Poly) -> Parts:
        """The parts of N / Π D^m are those of N Π D^m, and no D is 0 where u is defined."""
        numerator, denominators = self.cleared(u)
        parts = self.zero, self.zero
        for region, (local,) in self.split_by_regions((numerator,)):
            p, z = self._parts_of_product(local)
            parts = parts[0] + self.multiply(region, p), parts[1] + self.multiply(region, z)
        for divisor, m in denominators:
            if m % 2:
                parts = self._multiply_parts(parts, (self.positive(divisor), self.zero))
        return parts

    def _multiply_parts(self, a: Parts, b: Parts) -> Parts:
        """[fg > 0] = [f > 0][g > 0] + [f < 0][g < 0] and [fg = 0] = [f = 0] + [g = 0] - [f = 0][g = 0]."""
        (p, z), (q, y) = a, b
        negatives = self.multiply(1 - p - z, 1 - q - y)
        return self.multiply(p, q) + negatives, z + y - self.multiply(z, y)

    def _parts_of_product(self, u: Poly) -> Parts:
        """The parts of c Π f^e without inverses."""
        if self.signs(u) in (PLUS, MINUS):
            return (self.one if self.signs(u) == PLUS else self.zero), self.zero
        coefficient, factors = self.factored(u)
        if coefficient == 0:
            return self.zero, self.one
        parts = (self.one if coefficient > 0 else self.zero), self.zero
        for f, e in factors:
            p, z = self._parts_of_factor(f)
            parts = self._multiply_parts(parts, (p, z) if e % 2 else (1 - z, z))
        return parts

    def _parts_of_factor(self, f: Poly) -> Parts:
        root = self.root_generator(f)
        if root is not None:
            return self._parts(root.of)
        parts = self._regions.get(f)
        if parts is None:
            parts = self._new_parts(f)
            self._regions.put(f, parts)
        for part in parts:
            self.touched |= self.needs(part)
        return parts

    def _new_parts(self, f: Poly) -> Parts:
        signs, needs = self.signs(f), self.needs(f)
        zero, z = self.zero, -1
        positive, h = self.zero, -1
        if signs & NULL:
            z = self.new(Generator(kind=Kind.ZERO, signs=NULL | PLUS, needs=needs, of=f))
            zero = self.variables[z]
            self.add_rule(z, zero**2 - zero)
            self.add_rule(z, zero * f)
        if signs & PLUS and not signs & MINUS:
            positive = 1 - zero
        elif signs & PLUS:
            h = self.new(Generator(kind=Kind.POSITIVE, signs=NULL | PLUS, needs=needs, of=f, partner=z))
            positive = self.variables[h]
            self.add_rule(h, positive**2 - positive)
            if signs & NULL:
                self.add_rule(h, positive * zero)
        self._order(f, h, z)
        return positive, zero

    def _order(self, f: Poly, h: int, z: int) -> None:
        """Relates the indicators of f to those of every known g for which f - g has a certain sign."""
        for g, other_h, other_z in self._pairs:
            signs = self.signs(f - g)
            if signs == PLUS:
                self._relate(h, z, other_h, other_z)
            elif signs == MINUS:
                self._relate(other_h, other_z, h, z)
        self._pairs.append((f, h, z))

    def _relate(self, h: int, z: int, smaller_h: int, smaller_z: int) -> None:
        """f > g: where g >= 0, f > 0."""
        for lower in (smaller_h, smaller_z):
            for upper in (h, z):
                if lower >= 0 and upper >= 0:
                    both = self.variables[lower] * self.variables[upper]
                    self.add_rule(max(lower, upper), both - self.variables[lower] if upper == h else both)

    def refuse_zero_divisor(self, f: Poly) -> None:
        """Raises: Undecided when f is 0 on a whole region of its indicators, or there are too many to tell."""
        regions = self.split_by_regions((f,))
        if len(regions) == 1 and self._indicators_in(f):
            raise Undecided("a denominator contains too many indicators")
        for region, (local,) in regions:
            if self.vanishes(local) and not self._is_thin(region):
                raise Undecided("a denominator is 0 on a whole region")

    def _is_thin(self, region: Poly) -> bool:
        """Whether the region lies where some indicator [f = 0] is 1."""
        return any(
            self.generators[i].kind is Kind.ZERO and self.remainder(region, self.variables[i]).is_zero()
            for i in self._indicators_in(region)
        )
