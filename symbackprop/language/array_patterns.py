"""Shapes of index expressions that have a name: which part of an expression is a softmax or a norm."""

from dataclasses import dataclass

import sympy as sp

from symbackprop.tensor.indices import children, free_indices, open_sum, rebuild, substitute
from symbackprop.tensor.nodes import Expr, extent, summation


def without_single_indices(expr: Expr) -> Expr:
    """An equal expression in which an index that can only be 0 is 0."""
    if isinstance(expr, sp.Sum):
        body, bound = open_sum(expr, ())
        body = without_single_indices(substitute(body, {i: sp.Integer(0) for i in bound if extent(i) == 1}))
        return summation(body, *reversed([i for i in bound if extent(i) != 1]))
    parts = children(expr)
    return rebuild(expr, map(without_single_indices, parts)) if parts else expr


def flat_sum(expr: Expr) -> tuple[Expr, tuple[Expr, ...]]:
    """Body and all bound indices of sums that stand directly in each other."""
    bound: tuple[Expr, ...] = ()
    while isinstance(expr, sp.Sum):
        taken = {str(i.label) for i in bound}
        expr, inner = open_sum(expr, taken)
        bound += inner
    return expr, bound


@dataclass(frozen=True, slots=True)
class Normaliser:
    """Σ_k exp(u), where u depends on k."""

    exponent: Expr
    k: Expr

    @property
    def expr(self) -> Expr:
        return summation(sp.exp(self.exponent), self.k)

    def at(self, i: Expr) -> Expr:
        """u with k replaced."""
        return substitute(self.exponent, {self.k: i})

    def peel(self, exponent: Expr, most: int) -> tuple[tuple[Expr, ...], Expr]:
        """Indices i, j, ... (at most so many) with exponent = u(i) + u(j) + ... + rest, and the rest."""
        found: list[Expr] = []
        candidates = sorted((i for i in free_indices(exponent) if extent(i) == extent(self.k)), key=str)
        for i in candidates:
            while len(found) < most and (rest := _less(exponent, self.at(i))) is not None:
                found.append(i)
                exponent = rest
        return tuple(found), exponent


def normaliser(expr: Expr) -> Normaliser | None:
    """The sum Σ_k exp(u) that `expr` is, if it is one."""
    if not isinstance(expr, sp.Sum) or len(expr.limits) != 1 or not isinstance(expr.function, sp.exp):
        return None
    (limit,) = expr.limits
    if limit[0] not in free_indices(expr.function):
        return None
    return Normaliser(expr.function.args[0], limit[0])


def _less(total: Expr, part: Expr) -> Expr | None:
    """total - part, if all terms of `part` stand in `total`."""
    rest = total - part
    before, after = len(sp.Add.make_args(total)), len(sp.Add.make_args(rest))
    if rest == 0 or after == before - len(sp.Add.make_args(part)):
        return rest
    coefficients = part.as_coefficients_dict()
    have = total.as_coefficients_dict()
    enough = all(abs(have[term]) > abs(c) and have[term] * c > 0 for term, c in coefficients.items())
    return rest if enough else None


def square_root_of_squares(expr: Expr) -> tuple[Expr, tuple[Expr, ...]] | None:
    """x and the bound indices when `expr` is Σ x²."""
    body, bound = flat_sum(expr)
    factors = sp.Mul.make_args(body)
    if not bound or not set(bound) <= free_indices(body) or not all(f.is_Pow and f.exp.is_even for f in factors):
        return None
    return sp.Mul(*(f.base ** (f.exp / 2) for f in factors)), bound


def content(expr: Expr) -> tuple[Expr, Expr]:
    """The positive rational c and the rest with expr = c * rest, the terms of a sum having no common number left."""
    if not expr.is_Add:
        return expr.as_coeff_Mul()  # type: ignore[no-any-return]
    numbers = [abs(term.as_coeff_Mul()[0]) for term in expr.args]
    common = sp.Rational(sp.igcd(*(n.p for n in numbers)), sp.ilcm(*(n.q for n in numbers)))
    return common, expr if common == 1 else sp.Add(*(term / common for term in expr.args))


def factored(expr: Expr) -> tuple[Expr, list[Expr], Expr]:
    """A number, common factors and the rest of a sum of terms, whose product is `expr`."""
    common, primitive = content(expr)
    tables = [_powers(term) for term in primitive.args]
    shared: dict[Expr, Expr] = {}
    for base in tables[0]:
        powers = [table.get(base, sp.Integer(0)) for table in tables]
        if all(p > 0 for p in powers) or all(p < 0 for p in powers):
            shared[base] = min(powers, key=abs)
    rest = [
        term.as_coeff_Mul()[0] * sp.Mul(*(base ** (power - shared.get(base, 0)) for base, power in table.items()))
        for term, table in zip(primitive.args, tables, strict=True)
    ]
    return common, [base**power for base, power in shared.items()], sp.Add(*rest)


def _powers(term: Expr) -> dict[Expr, Expr]:
    """The factors of a product with their rational exponents, the leading number left out."""
    table: dict[Expr, Expr] = {}
    for factor in sp.Mul.make_args(term.as_coeff_Mul()[1]):
        rational = factor.is_Pow and factor.exp.is_Rational
        base, power = factor.as_base_exp() if rational else (factor, sp.Integer(1))
        table[base] = power
    return table
