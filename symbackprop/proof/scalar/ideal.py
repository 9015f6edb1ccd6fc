"""Whether e_1 = 0, e_2 = 0, ... imply N = 0, because N = Σ c_k e_k with polynomials c_k.

Which monomials the c_k have is guessed; their coefficients solve a linear system. A multiple of an equation is taken
for each monomial of N that it could cancel, then for each monomial of these multiples, and so on: at first a monomial
is to be cancelled by a term of highest degree, later by any term, in multiples of higher and higher degree. No
Gröbner basis is computed. What is found is multiplied out over ℚ before it is believed.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from symbackprop.proof.limits import Clock
from symbackprop.proof.scalar.generators import Poly
from symbackprop.proof.scalar.linear import combination

Monomial = int  # Σ exponent_v · 2^(BITS v), so that a product of monomials is a sum

BITS = 16
# Exponents in multiples must not reach the bit that shows which monomial divides which.
HIGHEST_DEGREE = 1 << BITS - 3
# A system with more coefficients is not set up, and no more often is a monomial compared with a term of an equation.
MOST_COEFFICIENTS, MOST_COMPARISONS = 60_000, 3_000_000


class Reach(NamedTuple):
    """Which terms of an equation cancel a monomial, and by how much multiples may exceed the degree of N."""

    every_term: bool
    excess: int


# That B A = 1 follows from A B = 1 takes an excess of 4 for matrices of three rows.
REACHES = (Reach(False, 0), *(Reach(True, excess) for excess in range(5)))


@dataclass(frozen=True, slots=True)
class _Packed:
    """A polynomial with packed monomials: [(monomial, degree, coefficient), ...]."""

    terms: list[tuple[Monomial, int, Any]]
    degree: int

    def cancelling(self, every_term: bool) -> list[tuple[Monomial, int]]:
        return [(m, degree) for m, degree, _ in self.terms if every_term or degree == self.degree]


class _Multiple(NamedTuple):
    """A monomial times an equation."""

    equation: int
    factor: Monomial
    row: dict[Monomial, Any]


def follows(target: Poly, equations: Sequence[Poly], clock: Clock) -> bool:
    """True: target = Σ c_k equations_k for polynomials c_k, exactly. False: none were found within the bounds.

    Raises: Undecided when time is up.
    """
    if len(target) > MOST_COEFFICIENTS or max(f.total_degree() for f in (target, *equations)) > HIGHEST_DEGREE:
        return False
    packed = [_pack(f) for f in (target, *equations)]
    tried = 0
    for reach in REACHES:
        multiples = _multiples(packed[0], packed[1:], reach, clock)
        if multiples is None:
            return False
        if len(multiples) == tried:
            continue
        tried = len(multiples)
        found = combination([m.row for m in multiples], {m: c for m, _, c in packed[0].terms}, clock)
        if found is not None and _holds(target, equations, [(multiples[j], c) for j, c in found.items()]):
            return True
    return False


def _pack(f: Poly) -> _Packed:
    terms = [
        (sum(int(e) << BITS * v for v, e in enumerate(exponents) if e), int(sum(exponents)), c)
        for exponents, c in f.to_dict().items()
    ]
    return _Packed(terms, max((degree for _, degree, _ in terms), default=0))


def _multiples(target: _Packed, equations: Sequence[_Packed], reach: Reach, clock: Clock) -> list[_Multiple] | None:
    """The multiples that may serve, in the order in which they were thought of; None if there are too many."""
    highest = target.degree + reach.excess
    cancelling = [equation.cancelling(reach.every_term) for equation in equations]
    budget = min(clock.budget.terms, MOST_COEFFICIENTS)
    most_monomials = MOST_COMPARISONS // max(1, sum(map(len, cancelling)))
    wanted = deque((m, degree) for m, degree, _ in target.terms)
    seen = {m for m, _ in wanted}
    taken: set[tuple[int, Monomial]] = set()
    multiples: list[_Multiple] = []
    while wanted:
        clock.check()
        if len(seen) > most_monomials:
            return None
        for k, factor, degree in _factors(*wanted.popleft(), cancelling):
            equation = equations[k]
            if degree + equation.degree > highest or (k, factor) in taken:
                continue
            taken.add((k, factor))
            budget -= len(equation.terms)
            if budget < 0:
                return None
            multiples.append(_Multiple(k, factor, {factor + m: c for m, _, c in equation.terms}))
            for m, own, _ in equation.terms:
                if factor + m not in seen:
                    seen.add(factor + m)
                    wanted.append((factor + m, degree + own))
    return multiples


def _factors(
    monomial: Monomial, degree: int, cancelling: Sequence[Sequence[tuple[Monomial, int]]]
) -> Iterator[tuple[int, Monomial, int]]:
    """(k, monomial / t, its degree) for each term t of the equation k that divides the monomial."""
    # With its highest bit set, a field does not borrow from the next one.
    fields = monomial.bit_length() // BITS + 1
    guards = sum(1 << BITS * v + BITS - 1 for v in range(fields))
    guarded = monomial | guards
    for k, terms in enumerate(cancelling):
        for t, own in terms:
            if t <= monomial and (guarded - t) & guards == guards:
                yield k, monomial - t, degree - own


def _holds(target: Poly, equations: Sequence[Poly], found: Sequence[tuple[_Multiple, Any]]) -> bool:
    """Whether target = Σ c_k equations_k over ℚ."""
    context = target.context()
    cofactors: list[dict[tuple[int, ...], Any]] = [{} for _ in equations]
    for multiple, c in found:
        cofactors[multiple.equation][_exponents(multiple.factor, context.nvars())] = c
    total = sum(
        (context.from_dict(c) * e for c, e in zip(cofactors, equations, strict=True)), start=context.constant(0)
    )
    return bool(total == target)


def _exponents(monomial: Monomial, count: int) -> tuple[int, ...]:
    return tuple(monomial >> BITS * v & (1 << BITS) - 1 for v in range(count))
