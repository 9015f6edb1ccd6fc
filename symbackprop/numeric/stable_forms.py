"""Quotients of exponentials that would overflow, in index expressions: exp(u)/(exp(u) + exp(v)) is sigmoid(u - v).

Written by hand, 1/(1 + exp(-z)) and its derivatives are such quotients, in ever new arrangements. The numerator is
searched for one exponential for each power of the denominator; for those that are not found nothing changes.
"""

from dataclasses import dataclass

import sympy as sp

from symbackprop.tensor.indices import children, rebuild
from symbackprop.tensor.nodes import Expr, elementwise

SIGMOID = elementwise("sigmoid")


def with_stable_quotients(expr: Expr) -> Expr:
    """An equal expression in which such quotients are values of sigmoid and tanh, from the innermost outwards."""
    new = _inside(expr)
    if new.is_Mul or new.is_Pow:
        new = _folded(sp.Mul(*map(_other_probability, sp.Mul.make_args(new))))
    return _hyperbolic(new) if new.is_Add else new


def _inside(expr: Expr) -> Expr:
    """The expression with its parts so written; the powers in a product stay, for its numerator belongs to them."""
    parts = children(expr)
    kept = expr.is_Mul
    new = [_inside(part) if kept and part.is_Pow else with_stable_quotients(part) for part in parts]
    return expr if all(a is b for a, b in zip(parts, new, strict=True)) else rebuild(expr, new)


@dataclass(frozen=True, slots=True)
class _Pair:
    """The denominator c exp(u) + d exp(v) with c, d > 0; v is 0 where a number stands for the second term."""

    c: Expr
    u: Expr
    d: Expr
    v: Expr

    def share(self, first: bool) -> Expr:
        """exp(u), or else exp(v), divided by the denominator."""
        gap = self.u - self.v + sp.log(self.c / self.d)
        return SIGMOID(gap) / self.c if first else SIGMOID(-gap) / self.d

    def power(self, k: int) -> Expr | None:
        """1 / denominator**k; None where that is no product of shares."""
        if self.v == 0:
            return self.share(False) ** k
        opposite = sp.expand(self.u + self.v) == 0
        return (self.share(True) * self.share(False)) ** (k // 2) if opposite and k % 2 == 0 else None

    def absorb(self, expr: Expr, most: int) -> tuple[Expr, int]:
        """expr / denominator**k as an expression without the denominator, k <= most as large as can be; most - k."""
        if most == 0:
            return expr, 0
        if isinstance(expr, sp.exp):
            return self._peel(expr.args[0], most)
        if expr.is_Mul:
            parts = []
            for factor in expr.args:
                part, most = self.absorb(factor, most)
                parts.append(part)
            return sp.Mul(*parts), most
        return self._absorb_in_terms(expr, most) if expr.is_Add else (expr, most)

    def _peel(self, exponent: Expr, most: int) -> tuple[Expr, int]:
        shares = []
        for part, first in ((self.u, True), (self.v, False)):
            while most and part != 0 and _weight(exponent - part) < _weight(exponent):
                exponent, most = exponent - part, most - 1
                shares.append(self.share(first))
        return sp.Mul(sp.exp(exponent), *shares), most

    def _absorb_in_terms(self, expr: Expr, most: int) -> tuple[Expr, int]:
        """Every term over the denominator; 1/(1 + exp(u)) is sigmoid(-u), so that a term without exp(u) may join."""
        done = [self.absorb(term, most) for term in expr.args]
        least = min(left for _, left in done)
        joined = [self.power(left - least) for _, left in done]
        if least == most or None in joined:
            return expr, most
        return sp.Add(*(term * factor for (term, _), factor in zip(done, joined, strict=True))), least


def _pair(base: Expr) -> _Pair | None:
    """The denominator that `base` is, if it is one."""
    if not base.is_Add or len(base.args) != 2:
        return None
    terms = [term.as_coeff_Mul() for term in base.args]
    (c, first), (d, second) = sorted(terms, key=lambda term: term[1] == 1)
    if not (c.is_positive and d.is_positive and isinstance(first, sp.exp)):
        return None
    if second == 1:
        return _Pair(c, first.args[0], d, sp.Integer(0))
    return _Pair(c, first.args[0], d, second.args[0]) if isinstance(second, sp.exp) else None


def _folded(expr: Expr) -> Expr:
    """A product with the first denominator taken into its numerator that can be."""
    factors = sp.Mul.make_args(expr)
    for divisor in factors:
        pair = _pair(divisor.base) if divisor.is_Pow and divisor.exp.is_Integer and divisor.exp < 0 else None
        if pair is None:
            continue
        power = int(-divisor.exp)
        rest, left = pair.absorb(sp.Mul(*(factor for factor in factors if factor is not divisor)), power)
        if left and (shares := pair.power(left)) is not None:
            rest, left = rest * shares, 0
        if left < power:
            return _folded(rest * divisor.base**-left)
    return expr


def _other_probability(factor: Expr) -> Expr:
    """1/(1 - σ(u)) = 1/σ(-u), which does not divide by 0."""
    if factor.is_Pow and factor.exp.is_negative and factor.base.is_Add and len(factor.base.args) == 2:
        one, other = factor.base.args
        if one == 1 and isinstance(-other, SIGMOID):
            return SIGMOID(-(-other).args[0]) ** factor.exp
    return factor


def _hyperbolic(expr: Expr) -> Expr:
    """σ(u) - σ(-u) = tanh(u/2)."""
    for term in expr.args:
        for factor in sp.Mul.make_args(term):
            if isinstance(factor, SIGMOID):
                (u,) = factor.args
                partner = -term / factor * SIGMOID(-u)
                if partner in expr.args:
                    return _hyperbolic(expr - term - partner + term / factor * sp.tanh(u / 2))
    return expr


def _weight(exponent: Expr) -> Expr:
    """How much stands in an exponent, 3x more than x."""
    terms = sp.Add.make_args(sp.expand(exponent))
    return sum(abs(term.as_coeff_Mul()[0]) for term in terms)
