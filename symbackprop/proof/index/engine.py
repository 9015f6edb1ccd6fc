"""What all layers of the index normal form share: the budget, what is known about signs, and the noted conditions.

The layers, each a class above the one before: `Engine`, `Ring` (products), `Powers`, `Functions`, `Sums`,
`Derivatives`, `Reader`. Lower layers call higher ones through the abstract methods declared here.
"""

from abc import ABC, abstractmethod
from fractions import Fraction
from math import gcd, lcm

from symbackprop.proof.index.poly import (
    LOG,
    ONE,
    Atom,
    Base,
    Call,
    Constant,
    Delta,
    Entry,
    Exp,
    Index,
    Indicator,
    Mono,
    Poly,
    Prime,
    Size,
    Sum,
    scale,
    single,
    subtract,
)
from symbackprop.proof.limits import Budget, Clock, Undecided

POSITIVE, NONNEGATIVE, NONZERO = "positive", "nonnegative", "nonzero"
# A positive quantity is nonnegative and nonzero as well.
IMPLIED = {POSITIVE: (POSITIVE, NONNEGATIVE, NONZERO), NONNEGATIVE: (NONNEGATIVE,), NONZERO: (NONZERO,)}


class Undefined(Undecided):
    """The expression has no value anywhere."""


class Engine(ABC):
    """Budget, knowledge of signs and conditions of one proof.

    Conditions and facts hold for all values of their indices.
    """

    def __init__(self, budget: Budget, positive: frozenset[str]) -> None:
        self.budget = budget
        self.positive_names = positive
        self.clock = Clock(budget)
        self.facts: dict[str, set[str]] = {}
        self.noted: dict[tuple[str, str], Poly] = {}
        self._positive: set[Atom] = set()
        self._fact_keys: dict[Poly, str] = {}

    @abstractmethod
    def multiply(self, p: Poly, q: Poly) -> Poly:
        """p · q."""

    @abstractmethod
    def power(self, p: Poly, q: Fraction) -> Poly:
        """p^q."""

    @abstractmethod
    def is_positive(self, p: Poly) -> Poly:
        """[p > 0]."""

    @abstractmethod
    def is_zero(self, p: Poly) -> Poly:
        """[p = 0]."""

    @abstractmethod
    def rename(self, p: Poly, names: dict[Index, Index]) -> Poly:
        """p with free indices replaced, all at once."""

    def side_condition(self, factors: dict[Atom, Fraction]) -> Poly | None:
        """A product rewritten by a side condition; None where none applies, as always before differentiation."""
        return None

    # ------------------------------------------------------------------ facts and conditions

    def learn(self, kind: str, p: Poly) -> None:
        """Records that p is positive, nonnegative or nonzero wherever it is defined, for all values of its indices."""
        if p:
            self.facts.setdefault(self.fact_key(p), set()).update(IMPLIED[kind])

    def knows(self, kind: str, p: Poly) -> bool:
        """Whether p was recorded to be so."""
        if not self.facts or not p:
            return False
        if kind in self.facts.get(self.fact_key(p), ()):
            return True
        return kind == NONZERO and kind in self.facts.get(self.fact_key(scale(p, -1)), ())

    def note(self, kind: str, p: Poly) -> None:
        """Makes "p is positive (nonnegative, nonzero)" a condition of the proof."""
        if not self.knows(kind, p):
            self.noted.setdefault((kind, self.fact_key(p)), p)
            self.learn(kind, p)

    def conditions(self) -> list[tuple[str, Poly]]:
        """The noted conditions that do not follow from others."""
        stronger = {key for kind, key in self.noted if kind == POSITIVE}
        return [(kind, p) for (kind, key), p in self.noted.items() if kind == POSITIVE or key not in stronger]

    def fact_key(self, p: Poly) -> str:
        """A text that is the same for polynomials that differ by a positive factor and the names of their indices only.

        The indices are ordered by what they look like in p; a tie that is broken badly makes us miss a fact.
        """
        known = self._fact_keys.get(p)
        if known is None:
            q = scale(p, 1 / content(p))
            names = {i: f"<{n}:{i.extent}>" for n, i in enumerate(self._by_appearance(q))}
            known = self._fact_keys[p] = q.pattern(names, False)
        return known

    @staticmethod
    def _by_appearance(p: Poly) -> list[Index]:
        if len(p.free) < 2:
            return list(p.free)
        blank = {i: f"?{i.extent}" for i in p.free}
        return sorted(p.free, key=lambda i: (p.pattern({**blank, i: f"!{i.extent}"}, True), i))

    # ------------------------------------------------------------------ signs that follow from structure and facts

    def positive_atom(self, atom: Atom) -> bool:
        """Whether the atom is > 0 wherever it is defined."""
        if atom in self._positive:
            return True
        if self._structurally_positive(atom) or self.knows(POSITIVE, single(atom)):
            self._positive.add(atom)  # facts only grow, so that a yes stays
            return True
        return False

    def _structurally_positive(self, atom: Atom) -> bool:
        if isinstance(atom, Size | Constant | Prime | Exp):
            return True
        if isinstance(atom, Entry):
            return atom.name in self.positive_names
        if isinstance(atom, Sum):  # ranges are never empty
            return self.term_sign(atom.body, Fraction(1)) == POSITIVE
        if isinstance(atom, Base):
            return self.positive_poly(atom.poly)
        if isinstance(atom, Call) and atom.function == LOG:
            return exceeds_one(atom.arguments[0]) or self.positive_poly(subtract(atom.arguments[0], ONE))
        return False

    def nonzero_atom(self, atom: Atom) -> bool:
        """Whether the atom is never 0 wherever it is defined."""
        if self.positive_atom(atom) or self.knows(NONZERO, single(atom)):
            return True
        return isinstance(atom, Base) and self.nonzero_poly(atom.poly)

    def nonnegative_factor(self, atom: Atom, exponent: Fraction) -> bool:
        """Whether atom^exponent is >= 0 wherever it is defined: a broken power is defined for atoms >= 0 only."""
        if exponent.denominator != 1 or exponent.numerator % 2 == 0 or isinstance(atom, Delta | Indicator):
            return True
        if isinstance(atom, Sum) and self.term_sign(atom.body, Fraction(1)) is not None:
            return True
        if isinstance(atom, Base):
            return self.nonnegative_poly(atom.poly)
        return self.positive_atom(atom) or self.knows(NONNEGATIVE, single(atom))

    def positive_factor(self, atom: Atom, exponent: Fraction) -> bool:
        """Whether atom^exponent is > 0 wherever it is defined."""
        if self.positive_atom(atom):
            return True
        return self.nonnegative_factor(atom, exponent) and (exponent < 0 or self.nonzero_atom(atom))

    def term_sign(self, mono: Mono, coefficient: Fraction) -> str | None:
        """POSITIVE or NONNEGATIVE, if a term is so wherever it is defined."""
        negative, strict = coefficient < 0, True
        for atom, exponent in mono.factors:
            if self.nonnegative_factor(atom, exponent):
                strict = strict and self.positive_factor(atom, exponent)
            elif self.knows(NONNEGATIVE, scale(single(atom), -1)):  # to an odd power, or it would be nonnegative
                negative = not negative
                strict = strict and (exponent < 0 or self.nonzero_atom(atom))
            else:
                return None
        return None if negative else POSITIVE if strict else NONNEGATIVE

    def nonnegative_poly(self, p: Poly) -> bool:
        """Whether p is a sum of terms that are >= 0, or known to be >= 0."""
        return all(self.term_sign(m, c) is not None for m, c in p.terms) or self.knows(NONNEGATIVE, p)

    def positive_poly(self, p: Poly) -> bool:
        """Whether p is a sum of terms that are >= 0, one of them > 0, or known to be > 0."""
        if self.knows(POSITIVE, p) or (self.knows(NONNEGATIVE, p) and self.knows(NONZERO, p)):
            return True
        signs = [self.term_sign(m, c) for m, c in p.terms]
        return None not in signs and POSITIVE in signs

    def nonzero_poly(self, p: Poly) -> bool:
        """Whether p is never 0."""
        return self.positive_poly(p) or self.positive_poly(scale(p, -1)) or self.knows(NONZERO, p)


def exceeds_one(p: Poly) -> bool:
    """Whether p is a number > 1: then its logarithm is positive."""
    return len(p) == 1 and not p.terms[0][0].factors and p.terms[0][1] > 1


def content(p: Poly) -> Fraction:
    """The positive rational c for which p/c has integer coefficients without a common factor."""
    numerator, denominator = 0, 1
    for _, coefficient in p.terms:
        numerator = gcd(numerator, coefficient.numerator)
        denominator = lcm(denominator, coefficient.denominator)
    return Fraction(numerator, denominator)
