"""Rational numbers as products of prime powers."""

from fractions import Fraction
from functools import lru_cache

import sympy as sp

# Trial division goes no further; what is left counts as a prime, which only loses relations between large numbers.
LARGEST_TRIAL = 10_000


@lru_cache(maxsize=4096)
def prime_powers(c: Fraction) -> tuple[tuple[int, int], ...]:
    """(2, 2), (3, -1) for 4/3; c > 0."""
    above = sp.factorint(c.numerator, limit=LARGEST_TRIAL)
    below = sp.factorint(c.denominator, limit=LARGEST_TRIAL)
    powers = [(int(p), int(e)) for p, e in above.items()] + [(int(p), -int(e)) for p, e in below.items()]
    return tuple(sorted(powers))
