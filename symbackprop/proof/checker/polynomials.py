"""The polynomial that a term is: the one algorithm of the checker."""

from collections.abc import Iterable
from fractions import Fraction as F  # noqa: N817
from functools import lru_cache, reduce
from typing import Any

from .terms import ONE, Term, add, inside, is_a, mapped, mul, require

Poly = dict[frozenset[Any], F]  # monomial -> coefficient; a monomial is a set of (atom, exponent)
MOST_TERMS = 20_000


def poly(t: Term) -> Poly:
    """The term as a polynomial in its atoms: what is no sum, product or power, or has a negative or broken exponent.

    Where t has a value, so has each atom, and the polynomial is t: only commutative, associative and distributive laws,
    a^p a^q = a^(p+q), g^2 = g for delta and indicators, [a > 0][a = 0] = 0. A factor may leave, none is invented.
    """
    if type(t) is F:
        return {frozenset(): t} if t else {}
    if t[0] == "add":
        return total(item for part in t[1:] for item in poly(part).items())
    if t[0] == "mul":
        return reduce(multiplied, map(poly, t[1:]), {frozenset(): ONE})
    if t[0] != "pow":
        return joined(ONE, [((*t[:2], *sorted(t[2:], key=str)) if t[0] == "delta" else t, ONE)])
    base, q = poly(t[1]), t[2]
    require(base or q > 0, "a power of 0")
    if len(base) == 1:
        ((mono, c),) = base.items()
        if q.denominator == 1:
            return joined(raised(c, q), [(a, e * q) for a, e in mono])
        if c == 1 and len(mono) == 1 and all(e == 1 or e.denominator > 1 for _, e in mono):  # a >= 0 if e is broken
            return joined(ONE, [(a, e * q) for a, e in mono])
    return joined(ONE, [(rest(base), q)]) if base else {}


def raised(c: F, q: F) -> F:
    """A whole power of a number."""
    require(abs(q) * max(abs(c.numerator), c.denominator).bit_length() < 10**5, "an exponent that is too large")
    return F(c) ** int(q)


def total(items: Iterable[tuple[Any, F]]) -> Poly:
    """The sum of monomials with coefficients."""
    found: Poly = {}
    for mono, c in items:
        found[mono] = found.get(mono, F(0)) + c
    return {mono: c for mono, c in found.items() if c}


def multiplied(p: Poly, q: Poly) -> Poly:
    """The product of two polynomials."""
    require(len(p) * len(q) <= MOST_TERMS, "a product of too many terms")
    return total(item for m, c in p.items() for n, e in q.items() for item in joined(c * e, [*m, *n]).items())


def joined(c: F, factors: list[tuple[Term, F]]) -> Poly:
    """c times a product of powers of atoms, those of one atom joined, natural powers of sums multiplied out."""
    powers: dict[Term, F] = {}
    for a, e in factors:
        powers[a] = powers.get(a, F(0)) + e
    if any(is_a(a, "zero") and e > 0 and powers.get(("positive", a[1]), 0) > 0 for a, e in powers.items()):
        return {}
    for a, e in powers.items():
        others = [(b, d) for b, d in powers.items() if b != a]
        if type(a) is F and e.denominator == 1:
            return joined(c * raised(a, e), others)
        if e > 0 and e.denominator == 1:
            if is_a(a, "delta", "positive", "zero"):
                powers[a] = ONE
            elif is_a(a, "add", "mul", "pow"):
                require(e < 1000, "an exponent that is too large")
                return reduce(multiplied, [poly(a)] * int(e), joined(c, others))
    return {frozenset((a, e) for a, e in powers.items() if e): c}


def product(c: F, mono: Iterable[tuple[Term, F]]) -> Term:
    """The term of one monomial."""
    factors = [a if e == 1 else ("pow", a, e) for a, e in sorted(mono, key=order)]
    factors = factors if c == 1 and factors else [F(c), *factors]
    return factors[0] if len(factors) == 1 else mul(*factors)


def rest(p: Poly) -> Term:
    """The term of a polynomial, in a fixed order."""
    terms = sorted((product(c, mono) for mono, c in p.items()), key=order)
    return terms[0] if len(terms) == 1 else add(*terms)


@lru_cache(maxsize=1 << 16)
def order(t: Any) -> Any:
    """What parts of a term are sorted by: first what does not change with the names of its indices."""
    blank = t if type(t) is F else mapped(t, lambda i, depth: "" if isinstance(i, str) else i)
    return repr(blank), repr(t)


def ring(t: Term) -> Term:
    """The term multiplied out, in order."""
    return rest(poly(t))


def minus(t: Term) -> Term:
    return ring(mul(-ONE, t))


def powers(t: Term) -> set[Any]:
    """The (base, exponent) in a term, but for those within sums and derivatives: they have a value where t has one."""
    own = {(ring(t[1]), t[2]) if is_a(t, "pow") else (t, ONE)}
    return own.union(*(powers(t[k]) for k in inside(t) if not is_a(t, "sum", "d")))
