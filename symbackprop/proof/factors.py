"""Products with an opaque name for each of their sums of terms: what is equal factor by factor, at any length.

Multiplied out, the factors 1 - a² of n layers give 2^n terms. With the same name for the same factor on both sides
they stay one term; an equation that holds for all values of these names holds for those that they stand for.
"""

import sympy as sp

from symbackprop.proof.cut import MOST_AXES
from symbackprop.proof.domain import canonical_form
from symbackprop.proof.index.form import IndexForms
from symbackprop.proof.limits import Budget, Clock, Undecided
from symbackprop.tensor.indices import children, transform
from symbackprop.tensor.nodes import Expr, elementwise, entry

# No name of a user begins like that.
FACTOR = "#f"


def equal_in_factors(left: Expr, right: Expr, budget: Budget, clock: Clock, positive: frozenset[str]) -> bool:
    """Whether both sides are equal under no condition, with their factors opaque."""
    factors, forms = _Factors(), IndexForms(budget, positive, within=clock)
    sides = [factors.named(with_opaque_tangents(side)) for side in (left, right)]
    try:
        difference = forms.normalise(sides[0] - sides[1])
        return forms.is_zero(difference) and not forms.conditions
    except Undecided:
        return False


def with_opaque_tangents(expr: Expr) -> Expr:
    """`expr` with tanh as a function of the catalogue, whose derivative is 1 - a², and not made of exponentials."""

    def rule(node: Expr) -> Expr | None:
        return elementwise("tanh")(with_opaque_tangents(node.args[0])) if isinstance(node, sp.tanh) else None

    return transform(expr, rule)


class _Factors:
    """The factors that have a name so far, in canonical form."""

    def __init__(self) -> None:
        self._names: dict[Expr, str] = {}

    def named(self, expr: Expr) -> Expr:
        """`expr` with names for those factors that are sums of terms."""
        return transform(expr, lambda node: sp.Mul(*map(self._factor, node.args)) if node.is_Mul else None)

    def _factor(self, factor: Expr) -> Expr:
        if factor.is_Pow and factor.exp.is_Integer and factor.exp > 0:
            return self._factor(factor.base) ** factor.exp
        if factor.is_Add and not _has_bare_sum(factor) and not factor.has(sp.KroneckerDelta):
            return self._name(factor)
        return self.named(factor)

    def _name(self, factor: Expr) -> Expr:
        """c · name, or -c · name where the opposite has one."""
        content, terms = factor.primitive()
        (key, at), (opposite, at_opposite) = canonical_form(terms), canonical_form(-terms)
        if len(at) > MOST_AXES:
            return factor
        if key not in self._names and opposite in self._names:
            return -content * entry(self._names[opposite], *at_opposite)
        return content * entry(self._names.setdefault(key, f"{FACTOR}{len(self._names)}"), *at)


def _has_bare_sum(expr: Expr) -> bool:
    """Whether a sum stands outside all functions."""
    if isinstance(expr, sp.Function):
        return False
    return isinstance(expr, sp.Sum) or any(map(_has_bare_sum, children(expr)))
