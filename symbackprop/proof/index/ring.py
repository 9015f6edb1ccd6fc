"""Products of normal forms: the relations between atoms are applied wherever atoms meet."""

from collections.abc import Callable
from fractions import Fraction
from math import floor

from symbackprop.proof.index.engine import Engine
from symbackprop.proof.index.poly import (
    COS,
    IS_POSITIVE,
    IS_ZERO,
    ONE,
    ZERO,
    Atom,
    Base,
    Call,
    Delta,
    Entry,
    Exp,
    Indicator,
    Mono,
    Poly,
    Prime,
    Sine,
    accumulate,
    is_unit,
    leading_term,
    scale,
    single,
    subtract,
    term,
)
from symbackprop.proof.limits import Budget, Undecided

Factors = dict[Atom, Fraction]


class Ring(Engine):
    """The ring of normal forms with its broken and negative powers."""

    def __init__(self, budget: Budget, positive: frozenset[str]) -> None:
        super().__init__(budget, positive)
        self._products: dict[tuple[Mono, Mono], Poly] = {}
        self._relations: tuple[Callable[[Factors], Poly | None], ...] = (
            self._join_deltas,
            self._shrink_numbers,
            self._expand_bases,
            self._join_indicators,
            self._square_sines,
            self._divide_by_lead,
            self._divide_by_constant_term,
        )

    # ------------------------------------------------------------------ products

    def multiply(self, p: Poly, q: Poly) -> Poly:
        """Distributivity."""
        if p is ONE or q is ONE:
            return q if p is ONE else p
        self.clock.check(len(p) * len(q))
        total: dict[Mono, Fraction] = {}
        for m1, c1 in p.terms:
            for m2, c2 in q.terms:
                accumulate(total, self.product(m1, m2), c1 * c2)
        return Poly(total)

    def product(self, m1: Mono, m2: Mono) -> Poly:
        """The product of two monomials, with every relation applied."""
        if not m1.factors or not m2.factors:
            return term(m2 if not m1.factors else m1)
        known = self._products.get((m1, m2))
        if known is None:
            factors = dict(m1.factors)
            for atom, exponent in m2.factors:
                raise_factor(factors, atom, exponent)
            known = self._products[m1, m2] = self.reduce(factors)
        return known

    def reduce(self, factors: Factors) -> Poly:
        """A product of powers of atoms in normal form: relations between its atoms until none applies."""
        if any(atom.active for atom in factors):
            for relation in self._relations:
                rewritten = relation(factors)
                if rewritten is not None:
                    self.clock.check(len(rewritten))
                    return rewritten
        rewritten = self.side_condition(factors)
        return term(Mono(factors)) if rewritten is None else rewritten

    def _join_deltas(self, factors: Factors) -> Poly | None:
        """δ_ij f(j) = δ_ij f(i); δ² = δ."""
        for delta in [a for a in factors if isinstance(a, Delta)]:
            if factors[delta] < 0:
                raise Undecided("division by a Kronecker delta")
            others = {a: e for a, e in factors.items() if a is not delta}
            if any(delta.second in a.free for a in others):
                rest = self.rename(self.reduce(others), {delta.second: delta.first})
                return self.multiply(rest, single(delta))
            if factors[delta] != 1:
                return self.reduce({**others, delta: Fraction(1)})
        return None

    def _shrink_numbers(self, factors: Factors) -> Poly | None:
        """2^(3/2) = 2 · 2^(1/2)."""
        for number in [a for a in factors if isinstance(a, Prime)]:
            whole = floor(factors[number])
            if whole:
                rest = dict(factors)
                raise_factor(rest, number, Fraction(-whole))
                return scale(self.reduce(rest), Fraction(number.number) ** whole)
        return None

    def _expand_bases(self, factors: Factors) -> Poly | None:
        """base(p)^e = p^⌊e⌋ base(p)^(e-⌊e⌋) for e >= 1; for a single term p, which can be inverted, for every e."""
        for base in [a for a in factors if isinstance(a, Base)]:
            whole = floor(factors[base])
            if whole > 0 or (whole and len(base.poly) == 1):
                rest = dict(factors)
                raise_factor(rest, base, Fraction(-whole))
                return self.multiply(self.reduce(rest), self.power(base.poly, Fraction(whole)))
        return None

    def _join_indicators(self, factors: Factors) -> Poly | None:
        """[u>0]² = [u>0], [u>0][u=0] = 0 and u [u=0] = 0."""
        for atom in [a for a in factors if isinstance(a, Indicator)]:
            if factors[atom] < 0:
                raise Undecided("division by an indicator")
            if factors[atom] != 1:
                return self.reduce({**factors, atom: Fraction(1)})
            if atom.function == IS_ZERO:
                if Indicator(IS_POSITIVE, 0, atom.arguments) in factors:
                    return ZERO
                vanished = self._vanish(factors, atom)
                if vanished is not None:
                    return vanished
        return None

    def _vanish(self, factors: Factors, zero: Indicator) -> Poly | None:
        """u [u=0] = 0: the leading term of u is minus the rest of u."""
        (u,) = zero.arguments
        lead = leading_term(u)
        if lead is None or not divides(lead[0], factors):
            return None
        mono, coefficient = lead
        return scale(self.expand(divided(factors, mono), remainder(u, mono)), -1 / coefficient)

    def _square_sines(self, factors: Factors) -> Poly | None:
        """sin² = 1 - cos²."""
        for sine in [a for a in factors if isinstance(a, Sine) and factors[a] >= 2]:
            rest = dict(factors)
            raise_factor(rest, sine, Fraction(-2))
            cosine = single(Call(COS, 0, sine.arguments))
            return self.multiply(self.reduce(rest), subtract(ONE, self.multiply(cosine, cosine)))
        return None

    def _divide_by_lead(self, factors: Factors) -> Poly | None:
        """lead · base(p)^e = (base(p)^(e+1) - (p - lead) · base(p)^e) for e < 0."""
        for base in [a for a in factors if isinstance(a, Base) and factors[a] < 0]:
            lead = base.lead
            if lead is not None and divides(lead[0], factors):
                return self._exchange(factors, base, *lead)
        return None

    def _divide_by_constant_term(self, factors: Factors) -> Poly | None:
        """x⁻¹ (x + 1)^e = (x + 1)^(e+1)/x - (x + 1)^e for e < 0, where 1 is the only term of the base without x."""
        for base in [a for a in factors if isinstance(a, Base) and factors[a] < 0]:
            constants = [(m, c) for m, c in base.poly.terms if all(is_unit(a) for a, _ in m.factors)]
            if len(constants) == 1 and any(self._lifts(base, atom, constants[0][0], factors) for atom in factors):
                return self._exchange(factors, base, *constants[0])
        return None

    @staticmethod
    def _lifts(base: Base, atom: Atom, constant_term: Mono, factors: Factors) -> bool:
        if factors[atom] >= 0 or not isinstance(atom, Exp | Entry):
            return False
        return all(m == constant_term or dict(m.factors).get(atom, 0) > 0 for m, _ in base.poly.terms)

    def _exchange(self, factors: Factors, base: Base, mono: Mono, coefficient: Fraction) -> Poly:
        """mono · base^e = (base^(e+1) - (base - c·mono) · base^e)/c."""
        rest = divided(factors, mono)
        lifted = dict(rest)
        raise_factor(lifted, base, Fraction(1))
        tail = self.expand(rest, remainder(base.poly, mono))
        return scale(subtract(self.reduce(lifted), tail), 1 / coefficient)

    def expand(self, factors: Factors, p: Poly) -> Poly:
        """∏ a^e · p, for a product that may not be in normal form yet."""
        total: dict[Mono, Fraction] = {}
        for mono, coefficient in p.terms:
            joined = dict(factors)
            for atom, exponent in mono.factors:
                raise_factor(joined, atom, exponent)
            accumulate(total, self.reduce(joined), coefficient)
            self.clock.check(len(total))
        return Poly(total)


def raise_factor(factors: Factors, atom: Atom, exponent: Fraction) -> None:
    """Multiplies a product by atom^exponent; no exponent 0 is kept."""
    value = factors.get(atom, Fraction(0)) + exponent
    if value:
        factors[atom] = value
    else:
        factors.pop(atom, None)


def divides(mono: Mono, factors: Factors) -> bool:
    """Whether the quotient has no negative power that the product had not; sizes may be divided by at will."""
    return all(is_unit(a) or factors.get(a, 0) >= e for a, e in mono.factors)


def divided(factors: Factors, mono: Mono) -> Factors:
    """The product divided by a monomial."""
    quotient = dict(factors)
    for atom, exponent in mono.factors:
        raise_factor(quotient, atom, -exponent)
    return quotient


def remainder(p: Poly, mono: Mono) -> Poly:
    """p without its term in `mono`."""
    return Poly({m: c for m, c in p.terms if m != mono})
