"""Signs of normal forms: p >= 0 or p > 0 wherever p is defined, from factors, squares, sums and cases.

Every test only ever answers yes for what holds; where all fail, nothing is known.
"""

from fractions import Fraction
from math import ceil

from symbackprop.proof.index.cases import Case, common_body, contradict, undetermined
from symbackprop.proof.index.engine import Undefined
from symbackprop.proof.index.poly import FREE, LOG, ONE, Atom, Base, Call, Mono, Poly, Sum, scale, subtract, term
from symbackprop.proof.index.powers import CLEARINGS, lowest_exponents
from symbackprop.proof.index.ring import raise_factor
from symbackprop.proof.index.rules import Conditioned
from symbackprop.proof.scalar.generators import MINUS, NULL, PLUS
from symbackprop.proof.scalar.squares import quadratic_signs

MOST_CASES = 4
MOST_ATOMS = 24


def nonnegative(engine: Conditioned, p: Poly, strict: bool, signs: dict[Poly, int] | None = None) -> bool:
    """Whether p >= 0, or p > 0 when `strict`, in each of the cases u > 0, u = 0, u < 0 of its indicators."""
    signs = signs or {}
    if _without_cases(engine, p, strict):
        return True
    open_signs = sorted(undetermined(p), key=lambda u: (len(u.key), u.key))
    if not open_signs or len(signs) >= MOST_CASES:
        return False
    return all(_in_case(engine, p, strict, {**signs, open_signs[0]: sign}) for sign in (1, -1, 0))


def _in_case(engine: Conditioned, p: Poly, strict: bool, signs: dict[Poly, int]) -> bool:
    if contradict(engine, signs):
        return True
    case = Case(engine, signs)
    try:
        return nonnegative(case, case.rebuild(p), strict, signs)
    except Undefined:
        return True


def _without_cases(engine: Conditioned, p: Poly, strict: bool) -> bool:
    _, _, rest = engine.split(p, positive_only=True)  # without positive factors and denominators
    if not rest:
        return not strict
    if _seen(engine, rest, strict):
        return True
    body = common_body(engine, rest) if any(isinstance(atom, Sum) for atom in _atoms(rest)) else None
    if body is not None:
        body = _without_denominators(engine, body)
        if body != rest and _seen(engine, body, strict):
            return True
    return _by_exponential(engine, p, strict)


def _by_exponential(engine: Conditioned, p: Poly, strict: bool) -> bool:
    """p >= 0 if e^p >= 1, for a p with a logarithm as a term: log(1 + e^x) - x > 0, as 1 + e^-x > 1."""
    terms = (mono.factors for mono, _ in p.terms)
    logarithms = (factors[0] for factors in terms if len(factors) == 1)
    if not any(isinstance(atom, Call) and atom.function == LOG and e == 1 for atom, e in logarithms):
        return False
    return _without_cases(engine, subtract(engine.exponential(p), ONE), strict)


def _without_denominators(engine: Conditioned, p: Poly) -> Poly:
    """p times denominators that are positive, and even powers of others, so that its sign is that of p."""
    for _ in range(CLEARINGS):
        lowest = lowest_exponents(p, lambda atom: isinstance(atom, Base))
        if not lowest:
            break
        atom = max(lowest, key=lambda a: (a.height, len(a.key), a.key))
        step = 1 if engine.positive_atom(atom) else 2
        p = engine.lift(p, atom, Fraction(step * ceil(-lowest[atom] / step)))
    return p


def _seen(engine: Conditioned, p: Poly, strict: bool) -> bool:
    """Whether p is a product or a sum of parts that are not negative, or a form that completes to squares."""
    if not p:
        return not strict
    if engine.positive_poly(p) or (not strict and engine.nonnegative_poly(p)):
        return True
    return _by_factors(engine, p, strict) or _by_squares(engine, p, strict) or _by_part_of_sum(engine, p, strict)


def _by_factors(engine: Conditioned, p: Poly, strict: bool) -> bool:
    """∏ f^e with the sign of each f of an odd power known."""
    _, _, primitive = engine.split(p, positive_only=True)
    factors = engine.factors(primitive)
    if len(factors) == 1 and factors[0][1] == 1:
        return False
    negative = False
    for f, multiplicity in factors:
        flipped = scale(f, -1)
        if multiplicity % 2 and not engine.nonnegative_poly(f):
            if not engine.nonnegative_poly(flipped):
                return False
            negative = not negative
        if strict and not engine.nonzero_poly(f):
            return False
    return not negative


def _by_squares(engine: Conditioned, p: Poly, strict: bool) -> bool:
    """A quadratic form in the atoms that elimination writes as a sum of squares."""
    atoms = sorted(_atoms(p), key=lambda atom: atom.key)
    if len(atoms) > MOST_ATOMS or any(e.denominator != 1 or e < 0 for mono, _ in p.terms for _, e in mono.factors):
        return False
    terms = {tuple(int(dict(mono.factors).get(atom, 0)) for atom in atoms): c for mono, c in p.terms}
    signs = quadratic_signs(terms)
    return not signs & MINUS and (not strict or signs == PLUS) and signs in (PLUS, NULL | PLUS)


def _by_part_of_sum(engine: Conditioned, p: Poly, strict: bool) -> bool:
    """Σ_k a(k) - a(i) >= 0 for a >= 0: a negative term is one of the terms of a sum."""
    left = p
    for mono, c in p.terms:
        if c > 0 or engine.term_sign(mono, -c) is None:
            continue
        covering = next((s for s, d in left.terms if d >= -c and _contains(engine, s, mono)), None)
        if covering is None:
            return False
        left = subtract(subtract(left, term(covering, -c)), term(mono, c))
    return left != p and not strict and (not left or engine.nonnegative_poly(left))


def _contains(engine: Conditioned, whole: Mono, part: Mono) -> bool:
    """Whether a term is ∏ · Σ_k a(k) with a >= 0, and the part ∏ · a(i) for some index i."""
    for atom, exponent in whole.factors:
        if not isinstance(atom, Sum) or exponent != 1 or engine.term_sign(atom.body, Fraction(1)) is None:
            continue
        others = dict(whole.factors)
        raise_factor(others, atom, Fraction(-1))
        if engine.term_sign(Mono(others), Fraction(1)) is None or len(atom.dummies) != 1:
            continue
        body, (dummy,) = engine.open(atom, part.free)
        for i in sorted(part.free):
            if i.kind != FREE or i.extent != dummy.extent:
                continue
            if engine.multiply(engine.reduce(others), engine.rename(body, {dummy: i})) == term(part):
                return True
    return False


def _atoms(p: Poly) -> set[Atom]:
    return {atom for mono, _ in p.terms for atom, _ in mono.factors}
