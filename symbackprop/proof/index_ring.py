"""Products and powers of normal forms: the relations between atoms are applied wherever atoms meet."""

from collections.abc import Callable
from fractions import Fraction
from math import ceil, floor

from symbackprop.proof.index_engine import NONNEGATIVE, NONZERO, POSITIVE, Engine, Undefined, content
from symbackprop.proof.index_numbers import prime_powers
from symbackprop.proof.index_poly import (
    COS,
    IS_POSITIVE,
    IS_ZERO,
    ONE,
    UNIT,
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
    add,
    constant,
    is_unit,
    leading_term,
    scale,
    single,
    subtract,
    term,
)
from symbackprop.proof.limits import Budget, Undecided

Factors = dict[Atom, Fraction]
# Clearing one denominator may uncover another inside it; nobody nests them deeper.
CLEARINGS = 20
LARGEST_POWER = 1000


class Ring(Engine):
    """The ring of normal forms with its broken and negative powers."""

    def __init__(self, budget: Budget, positive: frozenset[str]) -> None:
        super().__init__(budget, positive)
        self._products: dict[tuple[Mono, Mono], Poly] = {}
        self._powers: dict[tuple[Poly, Fraction], Poly] = {}
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
        parts = []
        for mono, coefficient in p.terms:
            joined = dict(factors)
            for atom, exponent in mono.factors:
                raise_factor(joined, atom, exponent)
            parts.append(scale(self.reduce(joined), coefficient))
        return add(*parts)

    # ------------------------------------------------------------------ powers

    def power(self, p: Poly, q: Fraction) -> Poly:
        """p^q; broken powers only of p >= 0, negative ones only of p != 0, which is noted where it is not known."""
        if q == 1:
            return p
        known = self._powers.get((p, q))
        if known is None:
            known = self._powers[p, q] = self._power(p, q)
        return known

    def _power(self, p: Poly, q: Fraction) -> Poly:
        if q == 0:
            return ONE
        if abs(q) > LARGEST_POWER:
            raise Undecided(f"a power as high as {q}")
        if not p:
            return self._power_of_zero(q)
        if q.denominator == 1 and q > 0:
            half = self.power(p, Fraction(q.numerator // 2))
            square = self.multiply(half, half)
            return self.multiply(square, p) if q.numerator % 2 else square
        whole = q.denominator == 1
        coefficient, unit, rest = self.split(p, positive_only=not whole)
        if not rest:
            return self._power_of_zero(q)
        factors = {a: e * q for a, e in unit.items()}
        if whole:
            for atom, exponent in factors.items():
                if exponent < 0 and not self.nonzero_atom(atom):
                    self.note(NONZERO, single(atom))
        outside = number_power(coefficient, q)
        tail = self._inverse_base(rest, q) if whole else self._root(rest, q)
        return self.multiply(self.multiply(outside, self.reduce(factors)), tail)

    @staticmethod
    def _power_of_zero(q: Fraction) -> Poly:
        if q > 0:
            return ZERO
        raise Undefined("division by zero")

    def _inverse_base(self, rest: Poly, q: Fraction) -> Poly:
        """rest^q for a negative integer q, with the sign of the base in canonical orientation."""
        if rest == ONE:
            return ONE
        flipped = scale(rest, -1)
        if rest == scale(ONE, -1):
            return constant(Fraction(-1) ** int(q))
        if len(rest) == 1:
            raise Undecided("division by a Kronecker delta or an indicator")
        if self.positive_poly(flipped) or (not self.positive_poly(rest) and faces_down(rest)):
            return scale(self._inverse_base_facing(flipped, q), Fraction(-1) ** int(q))
        return self._inverse_base_facing(rest, q)

    def _inverse_base_facing(self, rest: Poly, q: Fraction) -> Poly:
        if not self.nonzero_poly(rest):
            self.note(NONZERO, rest)
        return self.reduce({Base(rest): q})

    def _root(self, rest: Poly, q: Fraction) -> Poly:
        """rest^q for a broken q; positive factors have left `rest`."""
        if rest == ONE:
            return ONE
        if rest == scale(ONE, -1):
            raise Undefined("a root of a negative quantity")
        if len(rest) == 1:
            ((mono, coefficient),) = rest.terms
            if coefficient == 1 and len(mono.factors) == 1:
                return self._root_of_atom(*mono.factors[0], q)
        self._note_radicand(rest, q)
        return self.reduce({Base(rest): q})

    def _note_radicand(self, radicand: Poly, q: Fraction) -> None:
        if q < 0 and not self.positive_poly(radicand):
            self.note(POSITIVE, radicand)
        elif q > 0 and not self.nonnegative_poly(radicand):
            self.note(NONNEGATIVE, radicand)

    def _root_of_atom(self, atom: Atom, e: Fraction, q: Fraction) -> Poly:
        """(a^e)^q: |a|^(eq) for even e, otherwise a^(eq) for a >= 0."""
        if e.denominator == 1 and e.numerator % 2 == 0:
            if (e * q).denominator != 1:
                radicand = term(Mono({atom: e}))
                self._note_radicand(radicand, q)
                return self.reduce({Base(radicand): q})
            whole = self.reduce({atom: e * q})
            return whole if int(e * q) % 2 == 0 else self.multiply(whole, self.sign(single(atom)))
        self._note_radicand(single(atom), e * q)
        return self.reduce({atom: e * q})

    def sign(self, p: Poly) -> Poly:
        """sign(p) = 2[p > 0] + [p = 0] - 1."""
        return add(scale(self.is_positive(p), 2), self.is_zero(p), constant(-1))

    def split(self, p: Poly, positive_only: bool) -> tuple[Fraction, Factors, Poly]:
        """p = c · ∏ a^e · rest with c > 0, denominators cleared and common factors taken out of the rest.

        Of a radicand only positive factors may be taken, since √(ab) = √a √b needs a, b >= 0. Without its denominators
        p may turn out to be 0.
        """
        unit: Factors = {}

        def may_leave(atom: Atom) -> bool:
            return not isinstance(atom, Delta | Indicator) and (not positive_only or self.positive_atom(atom))

        for _ in range(CLEARINGS):
            lowest = lowest_exponents(p, may_leave)
            if not lowest:
                break
            atom = max(lowest, key=lambda a: (isinstance(a, Base), a.height, len(a.key), a.key))
            raise_factor(unit, atom, lowest[atom])
            p = self.lift(p, atom, -lowest[atom])
        common = {a: e for a, e in common_factors(p).items() if may_leave(a)}
        for atom, exponent in common.items():
            raise_factor(unit, atom, exponent)
        divisor = content(p)
        rest = Poly({Mono(divided(dict(m.factors), Mono(common))): c / divisor for m, c in p.terms})
        return divisor, unit, rest

    def lift(self, p: Poly, atom: Atom, exponent: Fraction) -> Poly:
        """p · atom^exponent, with the exponents of the atom added up before anything is expanded."""
        return self.expand({atom: exponent}, p)

    def clear(self, p: Poly) -> Poly:
        """p times its denominators, so that it is 0 exactly where p is; the outermost ones first."""
        for _ in range(CLEARINGS):
            lowest = lowest_exponents(p, lambda atom: isinstance(atom, Base))
            if not lowest:
                break
            atom = max(lowest, key=lambda a: (a.height, len(a.key), a.key))
            p = self.lift(p, atom, Fraction(ceil(-lowest[atom])))
        return p

    def learn_source(self, kind: str, p: Poly) -> None:
        """Records the sign of p for p itself and for what a power leaves of it."""
        if not p:
            return
        self.learn(kind, p)
        _, _, rest = self.split(p, positive_only=True)
        self.learn(kind, rest)


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


def lowest_exponents(p: Poly, allowed: Callable[[Atom], bool]) -> Factors:
    """The most negative exponent of every atom that has one in p."""
    lowest: Factors = {}
    for mono, _ in p.terms:
        for atom, exponent in mono.factors:
            if exponent < lowest.get(atom, 0) and allowed(atom):
                lowest[atom] = exponent
    return lowest


def common_factors(p: Poly) -> Factors:
    """The atoms in every term of p, with the least exponent."""
    common = dict(p.terms[0][0].factors) if p else {}
    for mono, _ in p.terms[1:]:
        factors = dict(mono.factors)
        common = {a: min(e, factors[a]) for a, e in common.items() if a in factors}
    return common


def faces_down(p: Poly) -> bool:
    """Which of p and -p is to be the base: the one with the greater sum of coefficients, then by its first term."""
    total = sum(c for _, c in p.terms)
    if total:
        return total < 0
    first = min(p.terms, key=lambda entry: (sorted((a.shape, e) for a, e in entry[0].factors), entry[0].key))
    return first[1] < 0


def number_power(c: Fraction, q: Fraction) -> Poly:
    """c^q for c > 0: rational, or with broken powers of primes."""
    if q.denominator == 1:
        return constant(c ** int(q))
    result = Fraction(1)
    factors: Factors = {}
    for prime, multiplicity in prime_powers(c):
        whole = floor(multiplicity * q)
        result *= Fraction(prime) ** whole
        raise_factor(factors, Prime(prime), multiplicity * q - whole)
    return term(Mono(factors) if factors else UNIT, result)
