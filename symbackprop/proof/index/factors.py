"""Factors of a polynomial over its atoms, by python-flint; every factorisation is multiplied out again and compared."""

from fractions import Fraction
from math import lcm
from typing import Any

from flint import Ordering, fmpq, fmpq_mpoly_ctx

from symbackprop.proof.index.poly import Atom, Mono, Poly

# Larger polynomials stay whole: factors of what people write are found far below.
MOST_TERMS = 40
MOST_ATOMS = 12
HIGHEST_DEGREE = 60


def factorise(p: Poly) -> list[tuple[Poly, int]]:
    """Polynomials f and multiplicities e with p = ± c · ∏ f^e; just p itself where nothing is found."""
    atoms = sorted({atom for mono, _ in p.terms for atom, _ in mono.factors}, key=lambda a: a.key)
    exponents = [exponent for mono, _ in p.terms for _, exponent in mono.factors]
    if not 1 < len(p) <= MOST_TERMS or len(atoms) > MOST_ATOMS or min(exponents) < 0:
        return [(p, 1)]
    roots = [common_denominator(p, atom) for atom in atoms]
    if max(exponents) * max(roots) > HIGHEST_DEGREE:
        return [(p, 1)]
    context = fmpq_mpoly_ctx.get([f"x{number}" for number in range(len(atoms))], Ordering.lex)
    whole = context.from_dict({_powers(mono, atoms, roots): _number(c) for mono, c in p.terms})
    _, found = whole.factor()
    factors = [(_polynomial(factor, atoms, roots), int(multiplicity)) for factor, multiplicity in found]
    return sorted(factors, key=lambda factor: factor[0].key) if len(factors) > 1 or factors[0][1] > 1 else [(p, 1)]


def common_denominator(p: Poly, atom: Atom) -> int:
    """The least r for which p is a polynomial in atom^(1/r)."""
    return lcm(*(e.denominator for mono, _ in p.terms for a, e in mono.factors if a == atom))


def _powers(mono: Mono, atoms: list[Atom], roots: list[int]) -> tuple[int, ...]:
    factors = dict(mono.factors)
    return tuple(int(factors.get(atom, Fraction(0)) * root) for atom, root in zip(atoms, roots, strict=True))


def _number(c: Fraction) -> Any:
    return fmpq(c.numerator, c.denominator)


def _polynomial(factor: Any, atoms: list[Atom], roots: list[int]) -> Poly:
    terms = {}
    for powers, c in factor.to_dict().items():
        exponents = {a: Fraction(int(p), r) for a, p, r in zip(atoms, powers, roots, strict=True) if p}
        terms[Mono(exponents)] = Fraction(int(c.p), int(c.q))
    return Poly(terms)
