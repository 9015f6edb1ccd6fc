"""The generators of the scalar ring, sets of possible signs, and a table whose keys are polynomials."""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

Poly = Any  # fmpq_mpoly; python-flint is untyped

V = TypeVar("V")

# What the sign of a real number may be: a set of these.
MINUS, NULL, PLUS = 1, 2, 4
ANY = MINUS | NULL | PLUS


class Kind(Enum):
    """How a generator g relates to older ones."""

    FREE = "no relation: a symbol, a constant, a value of an opaque function"
    EXPONENTIAL = "g^d = exp(u) > 0, with u linearly independent of the other exponents over ℚ"
    LOGARITHM = "g = log|f|; no relation, but exp(g) = |f|"
    INVERSE = "g D = 1"
    ROOT = "g^k = T"
    POSITIVE = "g = [f > 0]"
    ZERO = "g = [f = 0]"


@dataclass(frozen=True, slots=True)
class Generator:
    """One variable of the ring.

    `of` is u, f, D or T above, a polynomial without inverse generators except in u and T. `signs` are the signs that
    the value may have, `needs` the facts (bit mask) without which the generator and its relation mean nothing. The
    `partner` of [f > 0] is [f = 0]. Where `argument` is given, the generator is 0 wherever the argument is.
    """

    kind: Kind
    signs: int = ANY
    needs: int = 0
    of: Poly = None
    order: int = 0
    partner: int = -1
    argument: Poly = None


def sign_product(a: int, b: int) -> int:
    """The possible signs of a product."""
    signs = (a | b) & NULL
    if (a & PLUS and b & PLUS) or (a & MINUS and b & MINUS):
        signs |= PLUS
    if (a & PLUS and b & MINUS) or (a & MINUS and b & PLUS):
        signs |= MINUS
    return signs


def sign_power(a: int, exponent: int) -> int:
    """The possible signs of a power with a positive integer exponent."""
    if exponent % 2:
        return a
    return (a & NULL) | (PLUS if a & (PLUS | MINUS) else 0)


def sign_sum(a: int, b: int) -> int:
    """The possible signs of a sum."""
    signs = (a | b) & (PLUS | MINUS)
    if a & b & NULL or (a & PLUS and b & MINUS) or (a & MINUS and b & PLUS):
        signs |= NULL
    return signs


def sign_opposite(a: int) -> int:
    """The possible signs of -x."""
    return (a & NULL) | (PLUS if a & MINUS else 0) | (MINUS if a & PLUS else 0)


class PolyMap(Generic[V]):
    """Polynomial -> value; polynomials cannot be hashed, so they are compared within classes of equal length."""

    def __init__(self) -> None:
        self._classes: dict[int, list[tuple[Poly, V]]] = {}

    def get(self, key: Poly) -> V | None:
        return next((value for known, value in self._classes.get(len(key), ()) if known == key), None)

    def put(self, key: Poly, value: V) -> None:
        """The latest value for a key counts."""
        self._classes.setdefault(len(key), []).insert(0, (key, value))
