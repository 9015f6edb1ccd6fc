"""Rigorous numbers: exact rationals, balls, and dual numbers over them.

A `Number` is an `fmpq` as long as only rational operations made it, an `arb` ball after that, or a `Dual`
a + b ε with ε² = 0, whose parts are numbers of lower levels. An inner derivative takes a higher level than the outer
ones that surround it, so that no perturbation is taken for another. A number without ε of some level does not depend
on the seed of that level at all, which is more than having the derivative 0 there: √u at u = 0 needs the difference.

Balls are those of python-flint at its current precision; every ball that leaves this module is finite.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sympy as sp
from flint import arb, fmpq

from symbackprop.errors import SymbackpropError

Number = Any  # fmpq | arb | Dual; python-flint is untyped
Base = Any  # fmpq | arb

ZERO, ONE, TWO = fmpq(0), fmpq(1), fmpq(2)
# Rationals that grow beyond this many bits become balls: deep polynomial networks square them at every layer.
EXACT_BITS = 2000


class Undefined(SymbackpropError):
    """The value does not exist: a point certainly outside the domain."""


class Unknown(SymbackpropError):
    """Not decided at this precision; more bits may help."""


@dataclass(frozen=True, slots=True)
class Dual:
    """value + tangent·ε of this level; both parts are numbers of lower levels."""

    level: int
    value: Number
    tangent: Number


def base_part(x: Number) -> Base:
    """x with every ε left out."""
    while isinstance(x, Dual):
        x = x.value
    return x


def with_base(x: Number, value: Base) -> Number:
    """x with `value` in place of its base part: the same response at a given value."""
    return Dual(x.level, with_base(x.value, value), x.tangent) if isinstance(x, Dual) else value


def tangent_part(x: Number, level: int) -> Number:
    """The derivative by the seed of that level, which is the highest level in x; 0 where x does not depend on it."""
    return x.tangent if isinstance(x, Dual) and x.level == level else ZERO


def sign(x: Number) -> int:
    """The certified sign of the base part: 1, -1, or 0 for an exact zero.

    Raises: Unknown for a ball that contains numbers of both kinds.
    """
    u = base_part(x)
    if u > 0:
        return 1
    if u < 0:
        return -1
    if isinstance(u, fmpq):
        return 0
    raise Unknown("the sign of a ball that contains 0")


def settle(x: Base) -> Base:
    """x with overflow reported, an exact zero made rational and an oversized rational made a ball.

    Raises: Unknown for a ball that is infinite or not a number.
    """
    if isinstance(x, fmpq):
        return x if x.height_bits() <= EXACT_BITS else arb(x)
    if not x.is_finite():
        raise Unknown("a ball that is not finite")
    return ZERO if x.is_zero() else x


def _split(x: Number, level: int) -> tuple[Number, Number | None]:
    return (x.value, x.tangent) if isinstance(x, Dual) and x.level == level else (x, None)


def _top(x: Number, y: Number) -> int:
    return max(x.level if isinstance(x, Dual) else 0, y.level if isinstance(y, Dual) else 0)


def add(x: Number, y: Number) -> Number:
    """(a + a'ε) + (b + b'ε) = (a + b) + (a' + b')ε."""
    level = _top(x, y)
    if not level:
        return settle(x + y)
    (a, da), (b, db) = _split(x, level), _split(y, level)
    return Dual(level, add(a, b), db if da is None else da if db is None else add(da, db))


def multiply(x: Number, y: Number) -> Number:
    """(a + a'ε)(b + b'ε) = ab + (a'b + ab')ε."""
    level = _top(x, y)
    if not level:
        # A rational 0 keeps the product exact; settled balls are finite, so that 0 times one is 0.
        exact_zero = (isinstance(x, fmpq) and x == 0) or (isinstance(y, fmpq) and y == 0)
        return ZERO if exact_zero else settle(x * y)
    (a, da), (b, db) = _split(x, level), _split(y, level)
    if da is None:
        return Dual(level, multiply(a, b), multiply(a, db))
    if db is None:
        return Dual(level, multiply(a, b), multiply(da, b))
    return Dual(level, multiply(a, b), add(multiply(da, b), multiply(a, db)))


def power(x: Number, q: fmpq) -> Number:
    """x^q for a rational constant q; (x^q)' = q x^(q-1) x'.

    Raises: Undefined for 1/0 and for a root of a negative number, Unknown where the ball leaves that open.
    """
    if q == 0:
        return ONE
    if isinstance(x, Dual):
        slope = multiply(q, power(x.value, q - 1))
        return Dual(x.level, power(x.value, q), multiply(slope, x.tangent))
    if isinstance(x, fmpq) and x.height_bits() * abs(q) > EXACT_BITS and x != 0:
        x = arb(x)
    if q.q == 1 and q > 0:
        return settle(x ** int(q.p))
    direction = sign(x)
    if direction == 0 and q < 0:
        raise Undefined("division by zero")
    if direction == 0:
        return ZERO
    if q.q == 1:
        return settle(x ** int(q.p))
    if direction < 0:
        raise Undefined("a root of a negative number")
    return settle(_root(x, int(q.q)) ** int(q.p))


def _root(x: Base, degree: int) -> Base:
    """The positive root of x > 0, rational where it is."""
    if isinstance(x, fmpq):
        p, q = x.p.root(degree), x.q.root(degree)
        if p**degree == x.p and q**degree == x.q:
            return fmpq(p, q)
    return arb(x).root(degree)


def general_power(base: Number, exponent: Number) -> Number:
    """base^exponent = exp(exponent·log(base)) for base > 0."""
    if sign(base) <= 0:
        raise Undefined("a variable power of a number that is not positive")
    # Beyond 16 bits exact powers and roots cost more than they are worth.
    if isinstance(exponent, fmpq) and exponent.height_bits() <= 16:
        return power(base, exponent)
    return elementary(sp.exp, multiply(exponent, elementary(sp.log, base)))


def _logarithm(x: Base) -> Base:
    if x == 1:
        return ZERO
    if sign(x) <= 0:
        raise Undefined("the logarithm of a number that is not positive")
    return arb(x).log()


def _exact_at_zero(function: Callable[[arb], arb], value: fmpq) -> Callable[[Base], Base]:
    return lambda x: value if isinstance(x, fmpq) and x == 0 else function(arb(x))


def _bell(a: Number, _: Number) -> Number:
    """erf'(a) = 2 exp(-a²)/√π."""
    return multiply(elementary(sp.exp, multiply(fmpq(-1), multiply(a, a))), 2 / arb.pi().sqrt())


@dataclass(frozen=True, slots=True)
class Elementary:
    """A function of one argument: its value at a base number, and f'(a) from a and f(a)."""

    value: Callable[[Base], Base]
    derivative: Callable[[Number, Number], Number]


ELEMENTARY: dict[type, Elementary] = {
    sp.exp: Elementary(_exact_at_zero(arb.exp, ONE), lambda a, fa: fa),
    sp.log: Elementary(_logarithm, lambda a, fa: power(a, fmpq(-1))),
    sp.tanh: Elementary(_exact_at_zero(arb.tanh, ZERO), lambda a, fa: add(ONE, multiply(fmpq(-1), multiply(fa, fa)))),
    sp.sin: Elementary(_exact_at_zero(arb.sin, ZERO), lambda a, fa: elementary(sp.cos, a)),
    sp.cos: Elementary(_exact_at_zero(arb.cos, ONE), lambda a, fa: multiply(fmpq(-1), elementary(sp.sin, a))),
    sp.erf: Elementary(_exact_at_zero(arb.erf, ZERO), _bell),
}


def elementary(function: type, x: Number) -> Number:
    """f(a + a'ε) = f(a) + f'(a) a' ε."""
    row = ELEMENTARY[function]
    if not isinstance(x, Dual):
        return settle(row.value(x))
    value = elementary(function, x.value)
    return Dual(x.level, value, multiply(row.derivative(x.value, value), x.tangent))


def chain(family: Callable[[int, Base], Base], order: int, x: Number) -> Number:
    """f⁽ᵏ⁾(a + a'ε) = f⁽ᵏ⁾(a) + f⁽ᵏ⁺¹⁾(a) a' ε, for a function given with all its derivatives."""
    if not isinstance(x, Dual):
        return family(order, x)
    return Dual(x.level, chain(family, order, x.value), multiply(chain(family, order + 1, x.value), x.tangent))
