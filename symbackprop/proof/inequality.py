"""Inequalities that follow from an identity: a quadratic in one quantity, completed to a square.

σ' = 1/4 - (σ - 1/2)² shows σ' <= 1/4. The identity is found here and proved in index normal form.
"""

import sympy as sp

from symbackprop.proof.compact import compact
from symbackprop.proof.domain import Domain
from symbackprop.proof.index.form import IndexForms
from symbackprop.proof.limits import Undecided
from symbackprop.tensor.nodes import Expr

# What may turn out to be a quadratic; higher powers are not multiplied out to see.
MOST_DEGREE = 4


def follows(gap: Expr, strict: bool, domain: Domain, forms: IndexForms) -> bool:
    """Whether gap >= 0 (> 0 when `strict`) follows from its structure, or from that of its completed square."""
    for form in (gap, completed_square(compact(gap))):
        if form is None:
            continue
        bounds = domain.bounds(form)
        if bounds.positive or (bounds.nonnegative and not strict):
            try:
                return forms.is_zero(forms.normalise(compact(gap - form)))
            except Undecided:
                return False
    return False


def completed_square(expr: Expr) -> Expr | None:
    """a t² + b t + c = a (t + b/2a)² + c - b²/4a for a quadratic in one quantity t; None for anything else."""
    if not expr.free_symbols or expr.has(sp.Sum) or degree(expr) > MOST_DEGREE:
        return None
    polynomial = expr.as_poly()  # None where all terms cancel
    if polynomial is None or len(polynomial.gens) != 1 or polynomial.degree() != 2:
        return None
    a, b, c = polynomial.all_coeffs()
    if not all(coefficient.is_Rational for coefficient in (a, b, c)):
        return None
    return a * (polynomial.gens[0] + b / (2 * a)) ** 2 + (c - b**2 / (4 * a))


def degree(expr: Expr) -> int:
    """The degree in everything that is no sum, product or whole power, before terms cancel."""
    if expr.is_Add:
        return max(map(degree, expr.args))
    if expr.is_Mul:
        return sum(map(degree, expr.args))
    if expr.is_Pow and expr.exp.is_Integer:
        return abs(int(expr.exp)) * degree(expr.base)
    return 0 if expr.is_Number else 1
