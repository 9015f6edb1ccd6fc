"""Fingerprints: values of ring elements modulo a prime, at points that satisfy the relations between generators.

They only filter. Equal elements have equal fingerprints (as long as `clean`); what has equal fingerprints is then
compared exactly. All randomness is seeded with the number of the point, so that every run does the same.
"""

from fractions import Fraction
from random import Random

from symbackprop.proof.scalar.generators import MINUS, Generator, Kind, Poly

# A safe prime (P = 2Q + 1, Q prime) below 2^61 modulo which -1 is no square but 2, 3, 5, 7, 11 and 13 are.
# The squares are a group of odd prime order Q: in it every root of every order exists and is unique, and the root of a
# product is the product of the roots, as for positive reals.
P = 2305843009213655999
Q = (P - 1) // 2
# A point at which a radicand is no square, or a denominator 0, is drawn again, at most so often.
MAX_DRAWS = 100
# Rational numbers with numerator and denominator below this bound are recognised modulo P.
MAX_RATIONAL = 1 << 29

Fingerprint = tuple[int, ...]


class Points:
    """Points of an affine variety modulo P, extended with every new generator."""

    def __init__(self, count: int = 4) -> None:
        self._generators: list[Generator] = []
        self._values: list[list[int]] = []
        self._random: list[Random] = []
        self.version = 0  # changes when old fingerprints become invalid
        self.clean = True  # every point satisfies every relation
        self.grow(count)

    def __len__(self) -> int:
        return len(self._values)

    def grow(self, count: int) -> None:
        """At least `count` points."""
        if count <= len(self):
            return
        for number in range(len(self), count):
            values, random = self._draw(number, 0)
            self._values.append(values)
            self._random.append(random)
        self.version += 1

    def add(self, generator: Generator) -> None:
        """A coordinate for a new generator."""
        self._generators.append(generator)
        for number, values in enumerate(self._values):
            value = _coordinate(generator, values, self._random[number], number % 2)
            if value is None:
                self._values[number], self._random[number] = self._draw(number, 1)
                self.version += 1
            else:
                values.append(value)

    def at(self, element: Poly) -> Fingerprint:
        """The values of an element at all points."""
        terms = _terms(element)
        return tuple(_evaluate(terms, values) for values in self._values)

    def refutes(self, element: Poly) -> bool:
        """Whether one point shows that the relations do not make the element 0."""
        return self.clean and _evaluate(_terms(element), self._values[0]) != 0

    def _draw(self, number: int, first: int) -> tuple[list[int], Random]:
        for attempt in range(first, MAX_DRAWS if self.clean else first):
            random = Random(f"{number}/{attempt}/{len(self._generators)}")
            values: list[int] = []
            for generator in self._generators:
                value = _coordinate(generator, values, random, number % 2)
                if value is None:
                    break
                values.append(value)
            else:
                return values, random
        self.clean = False
        random = Random(f"{number}")
        values = []
        for generator in self._generators:
            value = _coordinate(generator, values, random, number % 2)
            values.append(random.randrange(1, P) if value is None else value)
        return values, random


def _coordinate(generator: Generator, values: list[int], random: Random, indicator: int) -> int | None:
    """A value of the generator at a point where the older ones have `values`; None if there is none.

    All [f > 0] have the same value at one point: so they satisfy every relation that the order of the f makes.
    """
    if generator.kind is Kind.INVERSE:
        divisor = _evaluate(_terms(generator.of), values)
        return pow(divisor, -1, P) if divisor else None
    if generator.kind is Kind.ROOT:
        radicand = _evaluate(_terms(generator.of), values)
        if radicand and pow(radicand, Q, P) != 1:
            return None
        root = pow(radicand, pow(generator.order, -1, Q), P)
        return P - root if generator.signs & MINUS and random.randrange(2) else root
    if generator.kind is Kind.POSITIVE:
        return indicator
    if generator.kind is Kind.ZERO:
        return 0
    value = random.randrange(1, P)
    return value if generator.signs & MINUS else value * value % P


def _terms(element: Poly) -> list[tuple[int, list[tuple[int, int]]]]:
    """The terms as (coefficient modulo P, [(generator, exponent)])."""
    last = element.context().nvars() - 1
    terms = []
    for exponents, c in element.to_dict().items():
        # A denominator divisible by P makes the fingerprint worthless, which a filter may be.
        coefficient = int(c.p) * pow(int(c.q), P - 2, P) % P
        terms.append((coefficient, [(last - place, int(e)) for place, e in enumerate(exponents) if e]))
    return terms


def _evaluate(terms: list[tuple[int, list[tuple[int, int]]]], values: list[int]) -> int:
    total = 0
    for coefficient, powers in terms:
        for i, e in powers:
            coefficient = coefficient * (values[i] if e == 1 else pow(values[i], e, P)) % P
        total += coefficient
    return total % P


class Span:
    """Fingerprints that are linearly independent modulo P, in echelon form."""

    def __init__(self) -> None:
        # (pivot, row with 1 at the pivot, the row as a combination of the vectors that were added)
        self._rows: list[tuple[int, list[int], list[int]]] = []
        self._size = 0

    def add(self, vector: Fingerprint) -> None:
        """One more vector; a dependent one takes its place but is never used."""
        rest, combination = self._eliminate(vector)
        pivot = next((i for i, x in enumerate(rest) if x), None)
        if pivot is not None:
            scale = pow(rest[pivot], -1, P)
            own = [-c * scale % P for c in combination] + [scale]
            self._rows.append((pivot, [x * scale % P for x in rest], own))
        self._size += 1

    def express(self, vector: Fingerprint) -> list[Fraction] | None:
        """Small rational c with vector = Σ c_i (i-th vector added); None if there are none."""
        rest, combination = self._eliminate(vector)
        if any(rest):
            return None
        numbers = [_rational(c) for c in combination]
        return None if None in numbers else [c for c in numbers if c is not None]

    def _eliminate(self, vector: Fingerprint) -> tuple[list[int], list[int]]:
        rest, combination = list(vector), [0] * self._size
        for pivot, row, own in self._rows:
            factor = rest[pivot]
            if factor:
                rest = [(x - factor * y) % P for x, y in zip(rest, row, strict=True)]
                for i, c in enumerate(own):
                    combination[i] = (combination[i] + factor * c) % P
        return rest, combination


def _rational(residue: int) -> Fraction | None:
    """The rational with small numerator and denominator that is `residue` modulo P (Wang 1981)."""
    a, b, s, t = P, residue % P, 0, 1
    while b >= MAX_RATIONAL:
        quotient = a // b
        a, b, s, t = b, a - quotient * b, t, s - quotient * t
    return Fraction(b, t) if 0 < abs(t) < MAX_RATIONAL else None
