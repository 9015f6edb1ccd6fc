"""Powers of normal forms: roots and inverses, with the conditions under which they exist."""

from collections.abc import Callable
from fractions import Fraction
from math import ceil, floor

from symbackprop.proof.index.engine import NONNEGATIVE, NONZERO, POSITIVE, Undefined, content
from symbackprop.proof.index.factors import factorise
from symbackprop.proof.index.numbers import prime_powers
from symbackprop.proof.index.poly import (
    IS_POSITIVE,
    IS_ZERO,
    ONE,
    UNIT,
    ZERO,
    Atom,
    Base,
    Delta,
    Indicator,
    Mono,
    Poly,
    Prime,
    add,
    constant,
    scale,
    single,
    term,
)
from symbackprop.proof.index.ring import Factors, Ring, divided, raise_factor
from symbackprop.proof.limits import Budget, Undecided

# Clearing one denominator may uncover another inside it; nobody nests them deeper.
CLEARINGS = 20
LARGEST_POWER = 1000
MOST_DENOMINATORS = 2
MINUS_ONE = scale(ONE, -1)


class Powers(Ring):
    """Powers with rational exponents."""

    def __init__(self, budget: Budget, positive: frozenset[str]) -> None:
        super().__init__(budget, positive)
        self._powers: dict[tuple[Poly, Fraction], Poly] = {}
        self._factors: dict[Poly, list[tuple[Poly, int]]] = {}

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
                    self.note(NONZERO, atom_value(atom))
        outside = number_power(coefficient, q)
        tail = self._inverse(rest, q) if whole else self._root(rest, q)
        return self.multiply(self.multiply(outside, self.reduce(factors)), tail)

    @staticmethod
    def _power_of_zero(q: Fraction) -> Poly:
        if q > 0:
            return ZERO
        raise Undefined("division by zero")

    def _inverse(self, rest: Poly, q: Fraction) -> Poly:
        """rest^q for a negative integer q, factor by factor; many factors would make too many partial fractions."""
        result = ONE
        factors = self.factors(rest)
        for factor, multiplicity in factors if len(factors) <= MOST_DENOMINATORS else [(rest, 1)]:
            result = self.multiply(result, self._inverse_base(factor, q * multiplicity))
        return result

    def _inverse_base(self, base: Poly, q: Fraction) -> Poly:
        """base^q with the base or its negative as atom: the one that is positive or, if that is open, faces up."""
        if base in (ONE, MINUS_ONE):
            return self.power(base, -q)
        if len(base) == 1:
            raise Undecided("division by a Kronecker delta or an indicator")
        if (steps := self._inverse_of_steps(base, q)) is not None:
            return steps
        flipped = scale(base, -1)
        if self.positive_poly(flipped) or (not self.positive_poly(base) and faces_down(base)):
            return scale(self._inverse_base_facing(flipped, q), Fraction(-1) ** int(q))
        return self._inverse_base_facing(base, q)

    def _inverse_of_steps(self, base: Poly, q: Fraction) -> Poly | None:
        """(c + a [u>0] + b [u=0])^q, which has the three values (c+a)^q, (c+b)^q and c^q; None for other bases."""
        values = {IS_POSITIVE: Fraction(0), IS_ZERO: Fraction(0), "": Fraction(0)}
        arguments: set[Poly] = set()
        for mono, coefficient in base.terms:
            indicators = [a for a, _ in mono.factors if isinstance(a, Indicator)]
            if len(indicators) != len(mono.factors) or len(indicators) > 1:
                return None
            arguments.update(indicator.arguments[0] for indicator in indicators)
            values[indicators[0].function if indicators else ""] = coefficient
        above, level, below = values[""] + values[IS_POSITIVE], values[""] + values[IS_ZERO], values[""]
        if len(arguments) != 1 or not above or not below:
            return None
        (u,) = arguments
        if not level:
            self.note(NONZERO, u)
        middle = (level or below) ** int(q)
        parts = [scale(self.is_positive(u), above ** int(q) - below ** int(q)), constant(below ** int(q))]
        return add(*parts, scale(self.is_zero(u), middle - below ** int(q)))

    def _inverse_base_facing(self, base: Poly, q: Fraction) -> Poly:
        if not self.nonzero_poly(base):
            self.note(NONZERO, base)
        return self.reduce({Base(base): q})

    def _root(self, rest: Poly, q: Fraction) -> Poly:
        """rest^q for a broken q; positive factors have left `rest`."""
        if rest == ONE:
            return ONE
        if rest == MINUS_ONE:
            raise Undefined("a root of a negative quantity")
        factors = self.factors(rest)
        if len(factors) == 1 and factors[0][1] % 2 == 0 and (factors[0][1] * q).denominator == 1:
            return self._root_of_square(factors[0][0], factors[0][1] * q)
        if len(rest) == 1 and rest.terms[0][1] == 1 and len(rest.terms[0][0].factors) == 1:
            return self._root_of_atom(*rest.terms[0][0].factors[0], q)
        return self._root_of_product(rest, factors, q) or self._root_as_a_whole(rest, q)

    def _root_of_product(self, rest: Poly, factors: list[tuple[Poly, int]], q: Fraction) -> Poly | None:
        """(ab)^q = a^q b^q for a, b >= 0; None for other products."""
        pieces = [(f, Fraction(multiplicity)) for f, multiplicity in factors]
        if len(rest) == 1 and rest.terms[0][1] == 1:
            pieces = [(single(atom), e) for atom, e in rest.terms[0][0].factors]
            known = all(self.nonnegative_factor(atom, e) for atom, e in rest.terms[0][0].factors)
        else:
            known = all(self.nonnegative_poly(f) for f, _ in pieces)
        if len(pieces) < 2 or not known:
            return None
        result = ONE
        for piece, multiplicity in pieces:
            result = self.multiply(result, self.power(self.power(piece, multiplicity), q))
        return result

    def _root_as_a_whole(self, radicand: Poly, q: Fraction) -> Poly:
        self._note_radicand(radicand, q)
        return self.reduce({Base(radicand): q})

    def _note_radicand(self, radicand: Poly, q: Fraction) -> None:
        if q < 0 and not self.positive_poly(radicand):
            self.note(POSITIVE, radicand)
        elif q > 0 and not self.nonnegative_poly(radicand):
            self.note(NONNEGATIVE, radicand)

    def _root_of_square(self, p: Poly, q: Fraction) -> Poly:
        """(p²)^(q/2) = |p|^q for an integer q."""
        whole = self.power(p, q)
        return whole if int(q) % 2 == 0 else self.multiply(whole, self.sign(p))

    def _root_of_atom(self, atom: Atom, e: Fraction, q: Fraction) -> Poly:
        """(a^e)^q = a^(eq) for a >= 0; an even e does not tell that a >= 0."""
        if e.denominator == 1 and e.numerator % 2 == 0:
            if (e * q).denominator == 1:
                return self._root_of_square(atom_value(atom), e * q)
            return self._root_as_a_whole(term(Mono({atom: e})), q)
        self._note_radicand(atom_value(atom), e * q)
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
        return divisor, unit, self._without_positive_factors(rest, unit) if positive_only else rest

    def _without_positive_factors(self, rest: Poly, unit: Factors) -> Poly:
        """Moves the factors of several terms that are positive from the rest to the unit."""
        factors = self.factors(rest)
        if len(factors) == 1 and factors[0][1] == 1:
            return rest
        result = ONE
        for factor, multiplicity in factors:
            flipped = scale(factor, -1)
            if len(factor) > 1 and self.positive_poly(factor):
                raise_factor(unit, Base(factor), Fraction(multiplicity))
            elif len(factor) > 1 and self.positive_poly(flipped):
                raise_factor(unit, Base(flipped), Fraction(multiplicity))
                result = scale(result, (-1) ** multiplicity)
            else:
                result = self.multiply(result, self.power(factor, Fraction(multiplicity)))
        return result

    def factors(self, p: Poly) -> list[tuple[Poly, int]]:
        """Primitive polynomials f and multiplicities e with p = ∏ f^e, for a primitive p; p itself if in doubt."""
        if len(p) < 2:
            return [(p, 1)]
        known = self._factors.get(p)
        if known is None:
            known = self._factors[p] = self._checked(p, factorise(p))
        return known

    def _checked(self, p: Poly, found: list[tuple[Poly, int]]) -> list[tuple[Poly, int]]:
        if found == [(p, 1)]:
            return found
        primitive = [(scale(f, 1 / content(f)), multiplicity) for f, multiplicity in found]
        whole = ONE
        for factor, multiplicity in primitive:
            whole = self.multiply(whole, self.power(factor, Fraction(multiplicity)))
        if whole == scale(p, -1):
            return [*primitive, (MINUS_ONE, 1)]
        return primitive if whole == p else [(p, 1)]

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


def atom_value(atom: Atom) -> Poly:
    """The first power of an atom."""
    if isinstance(atom, Base):
        return atom.poly
    return constant(atom.number) if isinstance(atom, Prime) else single(atom)


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
