"""Functions of normal forms: exp, log, tanh, sin, cos, erf, indicators, and functions of which nothing is known."""

from fractions import Fraction

from symbackprop.proof.index.engine import NONZERO, POSITIVE, Undefined
from symbackprop.proof.index.numbers import prime_powers
from symbackprop.proof.index.poly import (
    COS,
    ERF,
    IS_POSITIVE,
    IS_ZERO,
    LOG,
    ONE,
    SIN,
    ZERO,
    Atom,
    Call,
    Exp,
    Indicator,
    Mono,
    Poly,
    Sine,
    add,
    constant,
    scale,
    single,
    subtract,
    term,
)
from symbackprop.proof.index.powers import MINUS_ONE, Powers, atom_value, faces_down

# Angles with more terms, or terms with greater multiples, are not taken apart.
MOST_ANGLES = 4
MOST_TURNS = 8


class Functions(Powers):
    """Every function that an index expression may hold."""

    def call(self, function: str, order: int, arguments: tuple[Poly, ...]) -> Poly:
        """The function of that name; without a rule here it stays opaque."""
        if function == LOG:
            return self.logarithm(*arguments)
        if function == ERF:
            return self.error(*arguments)
        if function == SIN:
            return self.sine(*arguments)
        if function == COS:
            return self.cosine(*arguments)
        if function == IS_POSITIVE:
            return self.is_positive(*arguments)
        if function == IS_ZERO:
            return self.is_zero(*arguments)
        return single(Call(function, order, arguments))

    # ------------------------------------------------------------------ exp and log

    def exponential(self, p: Poly) -> Poly:
        """exp(Σ c m) = ∏ exp(m)^c; exp(c log u) = u^c."""
        result = ONE
        for mono, coefficient in p.terms:
            result = self.multiply(result, self._exponential_of_term(mono, coefficient))
        return result

    def _exponential_of_term(self, mono: Mono, coefficient: Fraction) -> Poly:
        if len(mono.factors) == 1:
            ((atom, exponent),) = mono.factors
            if isinstance(atom, Call) and atom.function == LOG and exponent == 1:
                return self.power(atom.arguments[0], coefficient)
        return self.reduce({Exp(mono): coefficient})

    def logarithm(self, p: Poly) -> Poly:
        """log ∏ a^e = Σ e log a for a > 0; what is not known to be positive stays together and is noted."""
        coefficient, unit, rest = self.split(p, positive_only=True)
        if not rest:
            raise Undefined("the logarithm of 0")
        if rest == MINUS_ONE:
            raise Undefined("the logarithm of a negative quantity")
        parts = [scale(single(Call(LOG, 0, (constant(q),))), k) for q, k in prime_powers(coefficient)]
        parts += [scale(self._logarithm_of_atom(a), e) for a, e in unit.items()]
        if rest != ONE:
            parts.append(self._logarithm_of_rest(rest))
        return add(*parts)

    def _logarithm_of_rest(self, rest: Poly) -> Poly:
        """The logarithm of what may not be positive; log a^e = e/2 log a² for an even e, e log a for an odd one."""
        sole = sole_factor(rest)
        if sole is not None and self.positive_atom(sole[0]):
            return scale(self._logarithm_of_atom(sole[0]), sole[1])
        if sole is not None and sole[1] % 2 == 0:
            atom, exponent = sole
            value = atom_value(atom)
            if not self.nonzero_atom(atom):
                self.note(NONZERO, value)
            if self.knows(POSITIVE, negative := scale(value, -1)):
                return scale(single(Call(LOG, 0, (negative,))), exponent)
            square = self.power(value, Fraction(2))
            return scale(single(Call(LOG, 0, (square,))), exponent / 2)
        if (odd := odd_power(rest)) is not None:
            base, exponent = odd
            if not self.positive_poly(base):
                self.note(POSITIVE, base)
            return scale(single(Call(LOG, 0, (base,))), exponent)
        if not self.positive_poly(rest):
            self.note(POSITIVE, rest)
        return single(Call(LOG, 0, (rest,)))

    @staticmethod
    def _logarithm_of_atom(atom: Atom) -> Poly:
        if isinstance(atom, Exp):
            return term(atom.exponent)
        return single(Call(LOG, 0, (atom_value(atom),)))

    # ------------------------------------------------------------------ odd, even and hyperbolic functions

    def tangent(self, p: Poly) -> Poly:
        """tanh u = 1 - 2/(exp(2u) + 1)."""
        if not p:
            return ZERO
        grown = self.exponential(scale(p, 2))
        return subtract(ONE, scale(self.power(add(grown, ONE), Fraction(-1)), 2))

    def error(self, p: Poly) -> Poly:
        """erf(-u) = -erf(u)."""
        if not p:
            return ZERO
        return scale(self.error(scale(p, -1)), -1) if faces_down(p) else single(Call(ERF, 0, (p,)))

    def sine(self, p: Poly) -> Poly:
        """sin of a sum by the addition theorems, sin(-u) = -sin(u)."""
        return self._rotation(p)[0]

    def cosine(self, p: Poly) -> Poly:
        """cos of a sum by the addition theorems, cos(-u) = cos(u)."""
        return self._rotation(p)[1]

    def _rotation(self, p: Poly) -> tuple[Poly, Poly]:
        """(sin p, cos p): a rotation by a sum of multiples n u is a product of rotations by u."""
        if len(p) > MOST_ANGLES or any(abs(c.numerator) > MOST_TURNS for _, c in p.terms):
            return self._single_rotation(p)
        sine, cosine = ZERO, ONE
        for mono, c in p.terms:
            s, t = self._single_rotation(term(mono, Fraction(1, c.denominator)))
            s = scale(s, 1 if c > 0 else -1)
            for _ in range(abs(c.numerator)):
                sine, cosine = (
                    add(self.multiply(sine, t), self.multiply(cosine, s)),
                    subtract(self.multiply(cosine, t), self.multiply(sine, s)),
                )
        return sine, cosine

    @staticmethod
    def _single_rotation(p: Poly) -> tuple[Poly, Poly]:
        if faces_down(p):
            up = scale(p, -1)
            return scale(single(Sine(SIN, 0, (up,))), -1), single(Call(COS, 0, (up,)))
        return single(Sine(SIN, 0, (p,))), single(Call(COS, 0, (p,)))

    # ------------------------------------------------------------------ indicators

    def absolute(self, p: Poly) -> Poly:
        """|u| = u (2[u > 0] - 1)."""
        return self.multiply(p, subtract(scale(self.is_positive(p), 2), ONE))

    def is_positive(self, p: Poly) -> Poly:
        """[p > 0]: positive factors leave, and [-u > 0] = 1 - [u > 0] - [u = 0]."""
        _, _, u = self.split(p, positive_only=True)
        if not u:
            return ZERO
        flipped = scale(u, -1)
        if u == ONE or self.positive_poly(u):
            return ONE
        if u == MINUS_ONE or self.nonnegative_poly(flipped):
            return ZERO
        if self.nonnegative_poly(u):
            return subtract(ONE, self.is_zero(u))
        if faces_down(u):
            return subtract(subtract(ONE, self.positive_indicator(first_power(flipped))), self.is_zero(u))
        return self.positive_indicator(first_power(u))

    def is_zero(self, p: Poly) -> Poly:
        """[p = 0]: positive factors leave, and [-u = 0] = [u = 0]."""
        _, _, u = self.split(p, positive_only=True)
        if not u:
            return ONE
        if u in (ONE, MINUS_ONE) or self.nonzero_poly(u):
            return ZERO
        if faces_down(u):
            u = scale(u, -1)
        sole = sole_factor(u)
        return ZERO if sole is not None and sole[1] < 0 else self.zero_indicator(first_power(u))

    def positive_indicator(self, u: Poly) -> Poly:
        """The atom [u > 0] of a u that faces up."""
        return single(Indicator(IS_POSITIVE, 0, (u,)))

    def zero_indicator(self, u: Poly) -> Poly:
        """The atom [u = 0] of a u that faces up."""
        return single(Indicator(IS_ZERO, 0, (u,)))


def sole_factor(u: Poly) -> tuple[Atom, Fraction] | None:
    """Atom and exponent of a polynomial that is one power."""
    if len(u) == 1 and u.terms[0][1] == 1 and len(u.terms[0][0].factors) == 1:
        return u.terms[0][0].factors[0]
    return None


def odd_power(u: Poly) -> tuple[Poly, Fraction] | None:
    """v and e with u = v^e for v = ± one atom and an odd e, so that u > 0 where v > 0 and nowhere else."""
    if len(u) != 1 or abs(u.terms[0][1]) != 1 or len(u.terms[0][0].factors) != 1:
        return None
    ((atom, exponent),) = u.terms[0][0].factors
    if exponent.denominator != 1 or exponent.numerator % 2 == 0:
        return None
    return scale(atom_value(atom), u.terms[0][1]), exponent


def first_power(u: Poly) -> Poly:
    """The atom of which u is a power, which has the zeros of u, and its sign if the power is odd; other u stay."""
    sole = sole_factor(u)
    return u if sole is None else single(sole[0])
