"""The zero test of the scalar ring, its factors, and what is known about signs.

The equality of two elements is decided by eliminating the generators that have relations, newest first; each step is
an equality of functions wherever all generators that occur are defined, so that an element found zero is zero there.
The converse does not hold: relations that the ring does not know may make an element zero that is not found zero.

Where a generator is defined is a set of facts "f is not zero", "f is not negative", ..., kept as bit masks: three
bits for each polynomial f, one for each sign that f does not have.
"""

from dataclasses import replace
from math import prod
from typing import Any, NamedTuple

from flint import fmpq

from symbackprop.proof.limits import Clock
from symbackprop.proof.scalar.arithmetic import Arithmetic, Shape
from symbackprop.proof.scalar.generators import (
    ANY,
    MINUS,
    NULL,
    PLUS,
    Kind,
    Poly,
    PolyMap,
    sign_power,
    sign_product,
    sign_sum,
)
from symbackprop.proof.scalar.ideal import follows
from symbackprop.proof.scalar.squares import quadratic_signs

# The signs of longer polynomials are not looked for.
LONGEST_JUDGED = 1000
# Polynomials beyond these bounds are not factored: factoring cannot be interrupted.
LONGEST_FACTORED, HIGHEST_FACTORED = 200, 24


class Factored(NamedTuple):
    """coefficient · Π f^e, the f monic and distinct, e < 0 where the element had the inverse of f as a factor."""

    coefficient: Any
    factors: list[tuple[Poly, int]]


class Ring(Arithmetic):
    """Arithmetic, zero test, factors, signs and facts."""

    def __init__(self, shape: Shape, clock: Clock) -> None:
        super().__init__(shape, clock)
        self._facts: PolyMap[int] = PolyMap()
        self._judged: list[Poly] = []  # the polynomials of the facts, in the order of their bits
        self._assumed: PolyMap[int] = PolyMap()
        self._signs: PolyMap[int] = PolyMap()
        self._splittings: PolyMap[list[tuple[Poly, int]]] = PolyMap()

    # ------------------------------------------------------------------ zero test

    def vanishes(
        self, element: Poly, facts: int = 0, where: tuple[Poly, ...] = (), equations: tuple[Poly, ...] = ()
    ) -> bool:
        """True only if the element is 0 wherever its generators are defined, the facts hold and `where` are 0.

        The `equations` are 0 there as well; more effort is taken with them, and they decide about no indicator.
        """
        facts |= self.needs(element)
        element = self.reduce(element)
        newest = len(self.generators)
        while True:
            i = next((k for k in self.occurring(element) if k < newest and self._is_bound(k)), None)
            if i is None:
                break
            newest = i
            generator = self.generators[i]
            if generator.kind is Kind.INVERSE:
                element, _ = self.without_inverse(element, i)
            elif generator.kind is Kind.ROOT:
                element = self.remainder(element, self.variables[i] ** generator.order - generator.of)
            elif generator.kind is Kind.POSITIVE:
                element = self._decide_positive(element, i, facts, where)
            else:
                on_zeros, element = self._separate_zero(element, i, facts, where)
                if not self.vanishes(on_zeros, facts, (*where, generator.of), equations):
                    return False
            element = self.reduce(element)
        if element.is_zero() or (where and self._is_in_ideal(element, facts, where)):
            return True
        return bool(equations) and follows(element, (*equations, *where), self.clock)

    def _is_bound(self, i: int) -> bool:
        return self.generators[i].kind in (Kind.INVERSE, Kind.ROOT, Kind.POSITIVE, Kind.ZERO)

    def _decide_positive(self, element: Poly, i: int, facts: int, where: tuple[Poly, ...]) -> Poly:
        """The element with [f > 0] replaced where the facts or `where` decide it."""
        h, generator = self.variables[i], self.generators[i]
        signs = self._signs_there(generator.of, facts, where)
        if not signs & PLUS:
            return self.remainder(element, h)
        if signs & MINUS:
            return element
        return self.remainder(element, h - 1 + (self.variables[generator.partner] if signs & NULL else 0))

    def _separate_zero(self, element: Poly, i: int, facts: int, where: tuple[Poly, ...]) -> tuple[Poly, Poly]:
        """(b, a) with element = a + b [f = 0]; b is 0 where the facts or `where` decide about the indicator."""
        z, signs = self.variables[i], self._signs_there(self.generators[i].of, facts, where)
        if not signs & NULL:
            return self.zero, self.remainder(element, z)
        if signs == NULL:
            return self.zero, self.remainder(element, z - 1)
        b, a = divmod(element, z)
        return b, a

    def _signs_there(self, f: Poly, facts: int, where: tuple[Poly, ...]) -> int:
        """The signs that f may have where the facts hold and `where` are 0."""
        signs = self.allowed(f, facts)
        return signs & self.signs(self._rest(f, list(where))) if where else signs

    def _is_in_ideal(self, element: Poly, facts: int, where: tuple[Poly, ...]) -> bool:
        """Whether the element, free of bound generators, is seen to be 0 where the given polynomials are."""
        for i in self.occurring(element):
            generator = self.generators[i]
            if generator.kind is Kind.EXPONENTIAL and self.vanishes(generator.of, facts, where):
                element = self.remainder(element, self.variables[i] - 1)
            elif generator.argument is not None and self.vanishes(generator.argument, facts, where):
                element = self.remainder(element, self.variables[i])
        # No Gröbner basis, for those may take for ever; a few orders of rewriting instead.
        bases = [[f] for f in where] + ([list(where), list(where[::-1])] if len(where) > 1 else [])
        if any(self._rest(element, basis).is_zero() for basis in bases):
            return True
        basis = self._reduced_basis(where)
        # Where a number other than 0 would have to be 0, there is no point.
        return any(f.is_constant() for f in basis) or bool(self._rest(element, basis).is_zero())

    def _reduced_basis(self, where: tuple[Poly, ...]) -> list[Poly]:
        """The same conditions, each rewritten by the others until none applies."""
        basis = list(where)
        k = 0
        while k < len(basis):
            others = basis[:k] + basis[k + 1 :]
            rest = self._rest(basis[k], others)
            if rest == basis[k]:
                k += 1
            else:
                basis, k = ([] if rest.is_zero() else [self._vanishing_part(rest)]) + others, 0
        return basis

    def _vanishing_part(self, f: Poly) -> Poly:
        """The product of the factors of f that may be 0, each once; 1 if there are none."""
        return prod((g for g, _ in self.factored(f).factors if self.signs(g) & NULL), start=self.one)

    def _rest(self, element: Poly, basis: list[Poly]) -> Poly:
        """The element rewritten by f = 0 for the f of the basis until none applies."""
        previous = None
        while previous is None or element != previous:
            previous = element
            for f in basis:
                element = self.remainder(element, f)
        return element

    # ------------------------------------------------------------------ factors

    def factored(self, element: Poly) -> Factored:
        """The element as a product; what is too large to be factored is one factor."""
        numerator, denominators = self.cleared(element)
        if numerator.is_zero():
            return Factored(fmpq(0), [])
        last = self.shape.capacity - 1
        monomial = [int(min(column)) for column in zip(*numerator.monoms(), strict=True)]
        pieces = [(self.variables[last - place], e) for place, e in enumerate(monomial) if e]
        rest = divmod(numerator, prod((f**e for f, e in pieces), start=self.one))[0]
        coefficient = rest.leading_coefficient()
        pieces += self._split(rest * (1 / coefficient))
        return Factored(coefficient, pieces + [(divisor, -m) for divisor, m in denominators])

    def _split(self, monic: Poly) -> list[tuple[Poly, int]]:
        """The monic factors of a monic polynomial without monomial factors."""
        if monic.is_constant():
            return []
        if len(monic) > LONGEST_FACTORED or monic.total_degree() > HIGHEST_FACTORED or _is_plainly_prime(monic):
            return [(monic, 1)]
        known = self._splittings.get(monic)
        if known is None:
            known = [(f * (1 / f.leading_coefficient()), int(e)) for f, e in monic.factor()[1]]
            self._splittings.put(monic, known)
            if len(known) > 1 and not self.signs(monic) & NULL:
                self._learn_signs(self.signs(monic), known)
        return known

    def _learn_signs(self, signs: int, factors: list[tuple[Poly, int]]) -> None:
        """If Π f^e is never 0, no f is; a single f of unknown sign and odd exponent has the sign that is left."""
        for f, _ in factors:
            self.assume(f, MINUS | PLUS)
        unknown = []
        for f, e in factors:
            if self.signs(f) == MINUS | PLUS and e % 2:
                unknown.append(f)
            else:
                signs = sign_product(signs, sign_power(self.signs(f), e))
        if len(unknown) == 1:
            self.assume(unknown[0], signs)

    # ------------------------------------------------------------------ signs and facts

    def signs(self, element: Poly) -> int:
        """The signs that the element may have, from its structure and from what was assumed."""
        known = self._signs.get(element)
        if known is None:
            known = self._signs_of_terms(element) & (self._assumed.get(element) or ANY) or ANY
            self._signs.put(element, known)
        return known

    def _signs_of_terms(self, element: Poly) -> int:
        """The signs of the terms taken together, or of a quadratic polynomial plus terms of known sign."""
        if len(element) > LONGEST_JUDGED:
            return ANY
        total, rest_total = NULL, NULL
        rest = {}
        for exponents, c in element.to_dict().items():
            signs = self._signs_of_term(exponents, c)
            total = sign_sum(total, signs)
            if any(e % 2 for e in exponents) and signs in (PLUS, NULL | PLUS):
                rest_total = sign_sum(rest_total, signs)
            else:
                rest[exponents] = c
        return total if total != ANY else sign_sum(rest_total, quadratic_signs(rest))

    def _signs_of_term(self, exponents: tuple[int, ...], c: Any) -> int:
        signs, last = PLUS if c > 0 else MINUS, self.shape.capacity - 1
        for place, e in enumerate(exponents):
            if e:
                signs = sign_product(signs, sign_power(self.generators[last - place].signs, e))
        return signs

    def assume(self, f: Poly, signs: int) -> None:
        """The monic polynomial f has one of these signs at every point that is considered."""
        self._assumed.put(f, signs & (self._assumed.get(f) or ANY))
        self._signs = PolyMap()
        if self.generator_of(f) is not None:
            i = self.occurring(f)[0]
            self.generators[i] = replace(self.generators[i], signs=self.generators[i].signs & signs or ANY)

    def fact(self, f: Poly, excluded: int) -> int:
        """The mask for: the monic polynomial f has none of the excluded signs. What is always so needs no fact."""
        excluded &= self.signs(f)
        if not excluded:
            return 0
        place = self._facts.get(f)
        if place is None:
            place = len(self._judged)
            self._judged.append(f)
            self._facts.put(f, place)
        return excluded << 3 * place

    def allowed(self, f: Poly, facts: int) -> int:
        """The signs that f may have when the facts hold."""
        place = self._facts.get(f)
        return self.signs(f) & ~(0 if place is None else facts >> 3 * place & ANY)

    def contradictory(self, facts: int) -> bool:
        """Whether some polynomial would have no sign at all, so that the facts hold nowhere."""
        return any(not self.allowed(f, facts) for f in self._judged)


def _is_plainly_prime(monic: Poly) -> bool:
    """Whether the polynomial is c v + (terms without v) for some variable v: then it is irreducible."""
    monomials = monic.monoms()
    lonely = [m.index(1) for m in monomials if sum(m) == 1]
    return any(sum(1 for m in monomials if m[place]) == 1 for place in lonely)
