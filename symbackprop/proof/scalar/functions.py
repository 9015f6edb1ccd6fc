"""Exponentials, logarithms and opaque functions as elements of the scalar ring.

Every equation used here holds wherever the function on its left is defined. Two values of a function are taken for
one only after their arguments have been proved equal.
"""

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Any

from flint import fmpq

from symbackprop.proof.index.numbers import prime_powers
from symbackprop.proof.limits import Clock, Undecided
from symbackprop.proof.scalar.arithmetic import Grow, Shape
from symbackprop.proof.scalar.generators import MINUS, NULL, PLUS, Generator, Kind, Poly, PolyMap
from symbackprop.proof.scalar.points import Fingerprint, Span
from symbackprop.proof.scalar.powers import MAX_ORDER, PowerRing
from symbackprop.proof.scalar.ring import Factored

# Angles with more terms, or terms with greater multiples, are not taken apart.
MOST_ANGLES = 4
MOST_TURNS = 8


class Parity(Enum):
    """f(-u) = f(u), f(-u) = -f(u), or neither."""

    EVEN = 1
    ODD = -1
    NONE = 0


@dataclass(slots=True)
class _Value:
    """A value f(arguments) that has a generator of its own."""

    arguments: tuple[Poly, ...]
    generator: int
    fingerprints: tuple[Fingerprint, ...] = ()
    version: int = -1


class FunctionRing(PowerRing):
    """The ring with all functions of the index expressions; on demand it takes sin and cos of sums apart."""

    def __init__(self, shape: Shape, clock: Clock, splits_angles: bool = False) -> None:
        super().__init__(shape, clock)
        self._splits_angles = splits_angles
        self._logarithms: PolyMap[int] = PolyMap()
        self._exponents: list[tuple[Poly, int]] = []  # exp(u) is a power of the generator
        self._span, self._span_version = Span(), -1
        self._values: dict[str, list[_Value]] = {}

    # ------------------------------------------------------------------ logarithm

    def log(self, u: Poly) -> Poly:
        """log u = log|c| + Σ e log|f| for u = c Π f^e: where log u is defined, u = |u| and no factor is 0.

        Raises: Undecided when u is 0.
        """
        coefficient, factors = self.factored(u)
        if coefficient == 0 or self.vanishes(u):
            raise Undecided("logarithm of zero")
        return self._log_of_product(Factored(coefficient, factors))

    def _log_of_product(self, product: Factored) -> Poly:
        total = self._log_of_number(product.coefficient)
        for f, e in product.factors:
            total += e * self._log_of_factor(f)
        return total

    def _log_of_number(self, q: Any) -> Poly:
        """log|q| through the logarithms of primes."""
        powers = prime_powers(abs(Fraction(int(q.p), int(q.q))))
        return sum((e * self._log_of_factor(self.constant(prime)) for prime, e in powers), start=self.zero)

    def _log_of_factor(self, f: Poly) -> Poly:
        root, generator = self.root_generator(f), self.generator_of(f)
        if root is not None:
            return self.log(root.of) * fmpq(1, root.order)
        if generator is not None and generator.kind is Kind.EXPONENTIAL:
            return generator.of
        if self.constants_by_regions(f):
            return self.by_regions(lambda v: self._log_of_number(v.leading_coefficient()), f)
        regions = self.split_by_regions((f,))
        if len(regions) > 1 and not any(self.signs(local) & NULL for _, (local,) in regions):
            # In no region, nor outside of it, is there a point where its logarithm would have no value.
            return sum(
                (self.multiply(r, self._log_of_product(self.factored(v))) for r, (v,) in regions), start=self.zero
            )
        i = self._logarithms.get(f)
        if i is None:
            signs = PLUS if f.is_constant() else MINUS | NULL | PLUS  # a constant here is an integer above 1
            needs = self.needs(f) | self.fact(f, NULL)
            i = self.new(Generator(kind=Kind.LOGARITHM, signs=signs, needs=needs, of=f))
            self._logarithms.put(f, i)
        return self.use(i)

    # ------------------------------------------------------------------ exponential

    def exp(self, u: Poly) -> Poly:
        """exp(a + b) = exp(a) exp(b), exp(c a) = exp(a)^c and exp(c log|f|) = |f|^c for rational c."""
        return self.by_regions(self._exp, u)

    def tanh(self, u: Poly) -> Poly:
        """tanh u = 1 - 2/(exp(u)^2 + 1)"""
        return self.by_regions(lambda v: 1 - 2 * self.inverse(self.natural_power(self._exp(v), 2) + 1), u)

    def _exp(self, u: Poly) -> Poly:
        result, rest = self.one, u
        for i in self.occurring(u):
            if self.generators[i].kind is Kind.LOGARITHM:
                alone = tuple(self.variables[i].monoms()[0])
                c = u[alone]
                rest -= c * self.variables[i]
                power = self.absolute_power(self.generators[i].of, Fraction(int(c.p), int(c.q)))
                result = self.multiply(result, power)
        return result if self.vanishes(rest) else self.multiply(result, self._exponential(rest))

    def _exponential(self, u: Poly) -> Poly:
        """exp(u) as a product of powers of the generators of the exponents on which u depends over ℚ."""
        self._refresh_span()
        coefficients = self._span.express(self.points.at(u))
        if coefficients is None:
            return self._new_exponential(u)
        terms = [(c, v, i) for c, (v, i) in zip(coefficients, self._exponents, strict=True) if c]
        difference = u - sum((fmpq(c.numerator, c.denominator) * v for c, v, _ in terms), start=self.zero)
        if not self.vanishes(difference):
            # Equal fingerprints by accident, or a relation that the ring does not know.
            return self.opaque("exp", (u,), signs=PLUS)
        result = self.one
        for c, _, i in terms:
            n = c * self.shape.exponential_denominator
            if n.denominator > 1:
                self._refine_exponentials(n.denominator)
            result = self.multiply(result, self.power(self.use(i), n.numerator))
        return result

    def _new_exponential(self, u: Poly) -> Poly:
        d = self.shape.exponential_denominator
        i = self.new(Generator(kind=Kind.EXPONENTIAL, signs=PLUS, needs=self.needs(u), of=u * fmpq(1, d)))
        self._exponents.append((u, i))
        if self._span_version == self.points.version:
            self._span.add(self.points.at(u))
        return self.natural_power(self.use(i), d)

    def _refine_exponentials(self, factor: int) -> None:
        """Raises: Grow to a ring in which exp(u/(d factor)) takes the place of exp(u/d)."""
        denominator = self.shape.exponential_denominator * factor
        if denominator > MAX_ORDER:
            raise Undecided(f"exponents with denominators beyond {MAX_ORDER}")
        raise Grow(Shape(self.shape.capacity, denominator, self.shape.root_order))

    def _refresh_span(self) -> None:
        """The echelon form of the exponents, at more points than there are exponents."""
        if len(self.points) < len(self._exponents) + 3:
            self.points.grow(2 * len(self.points))
        if self._span_version != self.points.version:
            self._span, self._span_version = Span(), self.points.version
            for v, _ in self._exponents:
                self._span.add(self.points.at(v))

    # ------------------------------------------------------------------ opaque functions

    def erf(self, u: Poly) -> Poly:
        return self.by_regions(lambda v: self.opaque("erf", (v,), Parity.ODD), u)

    def cos(self, u: Poly) -> Poly:
        return self.by_regions(self._cos, u)

    def sin(self, u: Poly) -> Poly:
        """sin² u = 1 - cos² u"""
        return self.by_regions(self._sin, u)

    def apply(self, name: str, *arguments: Poly) -> Poly:
        """A function of which nothing is known but that it is one, defined everywhere."""
        return self.by_regions(lambda *local: self.opaque(name, local), *arguments)

    def _cos(self, u: Poly) -> Poly:
        if self._splits_angles and (rotation := self._rotation(u)) is not None:
            return rotation[1]
        return self._whole_cos(u)

    def _sin(self, u: Poly) -> Poly:
        if self._splits_angles and (rotation := self._rotation(u)) is not None:
            return rotation[0]
        return self._whole_sin(u)

    def _whole_cos(self, u: Poly) -> Poly:
        return self.one if self.vanishes(u) else self.opaque("cos", (u,), Parity.EVEN)

    def _whole_sin(self, u: Poly) -> Poly:
        if self.vanishes(u):
            return self.zero
        square = 1 - self.natural_power(self._whole_cos(u), 2)
        return self.opaque("sin", (u,), Parity.ODD, square=square)

    def _rotation(self, u: Poly) -> tuple[Poly, Poly] | None:
        """(sin u, cos u): the rotation by a sum of multiples of terms, one after the other; None for too many."""
        terms = u.to_dict()
        if len(terms) > MOST_ANGLES or any(abs(int(c.p)) > MOST_TURNS for c in terms.values()):
            return None
        sine, cosine = self.zero, self.one
        for exponents, c in terms.items():
            unit = self.context.from_dict({exponents: fmpq(1, int(c.q))})
            step = self._whole_sin(unit) * (1 if c > 0 else -1), self._whole_cos(unit)
            for _ in range(abs(int(c.p))):
                sine, cosine = (
                    self.multiply(sine, step[1]) + self.multiply(cosine, step[0]),
                    self.multiply(cosine, step[1]) - self.multiply(sine, step[0]),
                )
        return sine, cosine

    def opaque(
        self,
        name: str,
        arguments: tuple[Poly, ...],
        parity: Parity = Parity.NONE,
        signs: int = MINUS | NULL | PLUS,
        square: Poly = None,
    ) -> Poly:
        """The generator of the value name(arguments), with the sign that an odd function needs.

        A new one has the given signs and, where it is known, the given square.
        """
        if parity is Parity.ODD and self.vanishes(arguments[0]):
            return self.zero
        for value in self._values.setdefault(name, []):
            if self._equal(value, arguments):
                return self.use(value.generator)
            if parity is not Parity.NONE and self._equal(value, tuple(-a for a in arguments)):
                return parity.value * self.use(value.generator)
        needs = 0
        for a in arguments:
            needs |= self.needs(a)
        argument = arguments[0] if parity is Parity.ODD else None
        if square is None:
            i = self.new(Generator(kind=Kind.FREE, signs=signs, needs=needs, argument=argument))
        else:
            i = self.new(Generator(kind=Kind.ROOT, signs=signs, needs=needs, of=square, order=2, argument=argument))
            self.add_rule(i, self.variables[i] ** 2 - square)
        self._values[name].append(_Value(arguments, i))
        return self.use(i)

    def _equal(self, value: _Value, arguments: tuple[Poly, ...]) -> bool:
        """Whether the arguments are proved to be those of the value; fingerprints spare most proofs."""
        if len(value.arguments) != len(arguments):
            return False
        prints = tuple(self.points.at(a) for a in arguments)
        if value.version != self.points.version:
            value.fingerprints = tuple(self.points.at(a) for a in value.arguments)
            value.version = self.points.version
        if self.points.clean and prints != value.fingerprints:
            return False
        return all(self.vanishes(a - b) for a, b in zip(arguments, value.arguments, strict=True))
