"""Arithmetic of the scalar ring: polynomials over ℚ in generators, rewritten by the relations of the generators.

An element is an fmpq_mpoly that stands for a real function. Newer generators are greater in the lexicographic order,
so that rewriting by relations terminates. Inverses are generators too: r with r D = 1.
"""

from dataclasses import dataclass
from typing import Any

from flint import Ordering, fmpq_mpoly_ctx

from symbackprop.proof.limits import Clock, Undecided
from symbackprop.proof.scalar.generators import MINUS, Generator, Kind, Poly
from symbackprop.proof.scalar.points import Points

Rule = tuple[tuple[tuple[int, int], ...], Poly]  # leading monomial as ((place, exponent), ...), polynomial that is 0

# Relations longer than this are not used for rewriting, only for elimination: they would blow elements up.
LONGEST_RULE = 32
LARGEST_EXPONENT = 10_000
MAX_GENERATORS = 512
# A product of so many times the budget of terms is not begun, for it could not be interrupted.
PRODUCT_MARGIN = 50


@dataclass(frozen=True, slots=True)
class Shape:
    """Decisions that must be taken before the first element is made."""

    capacity: int = 32
    exponential_denominator: int = 1  # exp(u) is the d-th power of its generator
    root_order: int = 2  # every root is a power of a generator of this order


class Grow(Exception):
    """The expression needs a ring of another shape."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.shape = shape


class Arithmetic:
    """Generators, products, remainders and inverses cleared."""

    def __init__(self, shape: Shape, clock: Clock) -> None:
        self.shape, self.clock = shape, clock
        self.context = fmpq_mpoly_ctx.get(("g", shape.capacity), Ordering.lex)
        self.variables: list[Poly] = list(self.context.gens())[::-1]
        self.zero, self.one = self.constant(0), self.constant(1)
        self.generators: list[Generator] = []
        self.points = Points()
        self.touched = 0  # the facts needed by the generators that were used since this was last reset
        self._rules: list[list[Rule]] = []

    # ------------------------------------------------------------------ generators

    def constant(self, value: Any) -> Poly:
        return self.context.constant(value)

    def new(self, generator: Generator) -> int:
        """A new generator, the greatest of all.

        Raises: Grow when the ring is full, Undecided when it may not grow.
        """
        i = len(self.generators)
        if i == self.shape.capacity:
            if 2 * i > MAX_GENERATORS:
                raise Undecided(f"more than {MAX_GENERATORS} independent quantities")
            raise Grow(Shape(2 * i, self.shape.exponential_denominator, self.shape.root_order))
        self.generators.append(generator)
        self._rules.append([])
        self.points.add(generator)
        return i

    def add_rule(self, i: int, relation: Poly) -> None:
        """Rewriting by relation = 0: leading coefficient 1, the generator i as greatest variable."""
        if len(relation) <= LONGEST_RULE:
            lead = tuple((place, e) for place, e in enumerate(relation.monoms()[0]) if e)
            self._rules[i].append((lead, relation))

    def use(self, i: int) -> Poly:
        """The generator i as an element; what it needs is noted."""
        self.touched |= self.generators[i].needs
        return self.variables[i]

    def occurring(self, element: Poly) -> list[int]:
        """The generators that occur, newest first."""
        if element.is_zero():
            return []
        last = self.shape.capacity - 1
        return [last - place for place, degree in enumerate(element.degrees()) if degree]

    def degree(self, element: Poly, i: int) -> int:
        return 0 if element.is_zero() else int(element.degrees()[self.shape.capacity - 1 - i])

    def needs(self, element: Poly) -> int:
        """The facts without which the element is not defined."""
        mask = 0
        for i in self.occurring(element):
            mask |= self.generators[i].needs
        return mask

    def generator_of(self, element: Poly) -> Generator | None:
        """The generator that the element is; None if it is none."""
        if len(element) != 1 or element.total_degree() != 1 or element.leading_coefficient() != 1:
            return None
        return self.generators[self.occurring(element)[0]]

    def root_generator(self, element: Poly) -> Generator | None:
        """The generator w = T^(1/k) >= 0 that the element is; None if it is none."""
        generator = self.generator_of(element)
        return (
            generator if generator is not None and generator.kind is Kind.ROOT and not generator.signs & MINUS else None
        )

    # ------------------------------------------------------------------ arithmetic

    def remainder(self, element: Poly, relation: Poly) -> Poly:
        self.clock.check(len(element))
        return divmod(element, relation)[1]

    def product(self, a: Poly, b: Poly) -> Poly:
        """The product of the polynomials, not yet reduced."""
        if len(a) * len(b) > PRODUCT_MARGIN * self.clock.budget.terms:
            raise Undecided(f"budget of {self.clock.budget.terms} terms exceeded")
        result = a * b
        self.clock.check(len(result))
        return result

    def multiply(self, *factors: Poly) -> Poly:
        result = self.one
        for factor in factors:
            result = factor if result is self.one else self.reduce(self.product(result, factor))
        return result

    def natural_power(self, base: Poly, exponent: int) -> Poly:
        """base^exponent for exponent >= 0, by repeated squaring."""
        if exponent > LARGEST_EXPONENT:
            raise Undecided(f"an exponent exceeds {LARGEST_EXPONENT}")
        result = self.one
        while exponent:
            if exponent & 1:
                result = self.multiply(result, base)
            exponent >>= 1
            if exponent:
                base = self.multiply(base, base)
        return result

    def reduce(self, element: Poly) -> Poly:
        """The element rewritten by the short relations until none applies."""
        pending = True
        while pending and not element.is_zero():
            pending = False
            degrees = element.degrees()
            for i in self.occurring(element):
                for lead, relation in self._rules[i]:
                    if all(degrees[place] >= e for place, e in lead):
                        rest = self.remainder(element, relation)
                        if rest != element:
                            element, pending = rest, True
                            if rest.is_zero():
                                return rest
                            degrees = rest.degrees()
        return element

    def without_inverse(self, element: Poly, i: int) -> tuple[Poly, int]:
        """(element · D^m, m) without the inverse generator g_i of D, m the degree in g_i.

        Multiplying by D and taking the remainder by g D - 1 lowers the degree by one.
        """
        divisor = self.generators[i].of
        relation = self.variables[i] * divisor - 1
        m = self.degree(element, i)
        for _ in range(m):
            element = self.remainder(self.product(element, divisor), relation)
        return element, m

    def cleared(self, element: Poly) -> tuple[Poly, list[tuple[Poly, int]]]:
        """(N, [(D, m), ...]) with element = N / Π D^m, N without inverse generators and not divisible by any D."""
        inverses = []
        for i in self.occurring(element):
            if self.generators[i].kind is Kind.INVERSE:
                element, m = self.without_inverse(element, i)
                inverses.append((self.generators[i].of, m))
        denominators = []
        element = self.reduce(element)
        for divisor, m in inverses:
            while m:
                quotient, rest = divmod(element, divisor)
                if not rest.is_zero() or element.is_zero():
                    denominators.append((divisor, m))
                    break
                element, m = quotient, m - 1
        return element, denominators
