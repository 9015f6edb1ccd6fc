"""The derivative of an index expression by one tensor entry, and the tidying of what comes out.

∂(Σ_j W[i,j] x[j]) / ∂W[p,q] = Σ_j δ_ip δ_jq x[j], which `tidy` contracts to δ_ip x[q].
"""

from collections.abc import Callable
from functools import lru_cache

import sympy as sp

from symbackprop.errors import NotSupportedError
from symbackprop.tensor.indices import atoms, bind, free_indices, open_sum, rename_bound, substitute
from symbackprop.tensor.nodes import (
    Elementwise,
    Expr,
    IsZero,
    Positive,
    applied,
    delta,
    elementwise,
    entry_indices,
    entry_name,
    summation,
)

# f'(u) for SymPy's own functions of one argument.
OUTER: dict[type, Callable[[Expr], Expr]] = {
    sp.exp: sp.exp,
    sp.log: lambda u: 1 / u,
    sp.tanh: lambda u: 1 - sp.tanh(u) ** 2,
    sp.sin: sp.cos,
    sp.cos: lambda u: -sp.sin(u),
    sp.erf: lambda u: 2 * sp.exp(-(u**2)) / sp.sqrt(sp.pi),
    sp.Abs: sp.sign,
}
# Constant between their jumps; the derivative is that of the active branch.
PIECEWISE_CONSTANT = (sp.sign, Positive, IsZero, sp.KroneckerDelta)


@lru_cache(maxsize=1 << 16)
def differentiate(expr: Expr, name: str, indices: tuple[Expr, ...]) -> Expr:
    """∂expr/∂name[indices], every other name held fixed; Kronecker deltas are not yet contracted.

    Raises: NotSupportedError for a node without a rule.
    """
    if entry_name(expr) is not None:
        return _entry_derivative(expr, name, indices)
    if expr.is_Number or expr.is_Symbol or expr in (sp.pi, sp.E) or isinstance(expr, PIECEWISE_CONSTANT):
        return sp.Integer(0)
    if expr.is_Add:
        return sp.Add(*(differentiate(term, name, indices) for term in expr.args))
    if expr.is_Mul:
        return _product_rule(expr.args, name, indices)
    if isinstance(expr, sp.Sum):
        opened = rename_bound(expr, {str(i.label) for i in indices if isinstance(i, sp.Idx)})
        return bind(differentiate(opened.function, name, indices), opened.limits)
    return _chain_rule(expr, name, indices)


def _entry_derivative(expr: Expr, name: str, indices: tuple[Expr, ...]) -> Expr:
    """∂x[p,q]/∂x[i,j] = δ_pi δ_qj."""
    if entry_name(expr) != name:
        return sp.Integer(0)
    return sp.Mul(*(delta(i, j) for i, j in zip(entry_indices(expr), indices, strict=True)))


def _product_rule(factors: tuple[Expr, ...], name: str, indices: tuple[Expr, ...]) -> Expr:
    """(f g)' = f' g + f g'."""
    terms = []
    for position, factor in enumerate(factors):
        inner = differentiate(factor, name, indices)
        if inner != 0:
            terms.append(sp.Mul(*factors[:position], inner, *factors[position + 1 :]))
    return sp.Add(*terms)


def _chain_rule(expr: Expr, name: str, indices: tuple[Expr, ...]) -> Expr:
    """f(u)' = f'(u) u'."""
    if expr.is_Pow:
        return _power_rule(expr.base, expr.exp, name, indices)
    if isinstance(expr, Elementwise):
        argument, *parameters = expr.args
        if any(differentiate(p, name, indices) != 0 for p in parameters):
            raise NotSupportedError(f"derivative of {expr.func.function} by its parameter; write the formula out")
        outer = elementwise(expr.func.function, expr.func.order + 1)(argument, *parameters)
        return outer * differentiate(argument, name, indices)
    rule = OUTER.get(expr.func)
    if rule is None:
        raise NotSupportedError(f"no rule for the derivative of {type(expr).__name__}")
    (argument,) = expr.args
    return rule(argument) * differentiate(argument, name, indices)


def _power_rule(base: Expr, exponent: Expr, name: str, indices: tuple[Expr, ...]) -> Expr:
    """(u^q)' = q u^(q-1) u' for a constant q; (b^u)' = b^u log(b) u' for a constant b > 0."""
    inner = differentiate(exponent, name, indices)
    if inner == 0:
        return exponent * base ** (exponent - 1) * differentiate(base, name, indices)
    if base is sp.E:
        return base**exponent * inner
    if base.is_positive and base.is_number:
        return base**exponent * sp.log(base) * inner
    raise NotSupportedError("derivative of a power with a variable base and a variable exponent")


@lru_cache(maxsize=1 << 16)
def tidy(expr: Expr) -> Expr:
    """An equal expression: deltas contracted, sums split over terms that need it, constant factors outside sums."""
    if isinstance(expr, sp.Sum):
        body, bound = open_sum(expr, ())
        body = tidy(body)
        for i in reversed(bound):
            body = _tidy_sum(body, i)
        return body
    if expr.is_Mul:
        return _collect_constants([tidy(part) for part in expr.args])
    if isinstance(expr, (sp.Add, sp.Pow)):
        return expr.func(*(tidy(part) for part in expr.args))
    if isinstance(expr, sp.Function) and not isinstance(expr, sp.KroneckerDelta):
        return applied(expr.func, *(tidy(part) for part in expr.args))
    return expr


def _collect_constants(factors: list[Expr]) -> Expr:
    """The product with the rational contents of its sums of terms in front, and -(y - o) as (o - y)."""
    coefficient, rest = sp.Integer(1), []
    for factor in factors:
        content, primitive = factor.primitive() if factor.is_Add else (sp.Integer(1), factor)
        coefficient *= content
        rest.append(primitive)
    if sp.Mul(coefficient, *(f for f in rest if f.is_Number)).is_negative:
        for position, factor in enumerate(rest):
            signs = [term.could_extract_minus_sign() for term in factor.args] if factor.is_Add else []
            if any(signs) and not all(signs):
                rest[position], coefficient = -factor, -coefficient
                break
    return sp.Mul(coefficient, *rest)


def _tidy_sum(body: Expr, i: Expr) -> Expr:
    """Σ_i body, tidied: linear over terms, δ contracted, factors without i in front."""
    if i not in free_indices(body):
        return body * (i.upper + 1)
    if i.upper == 0:
        return tidy(substitute(body, {i: sp.Integer(0)}))
    if body.is_Add:
        if body.has(sp.KroneckerDelta):
            return sp.Add(*(_tidy_sum(term, i) for term in body.args))
        return summation(body, i)
    factors = sp.Mul.make_args(body)
    contracted = _contract(factors, i)
    if contracted is not None:
        return tidy(contracted)
    spread = _distribute(factors, i)
    if spread is not None:
        return sp.Add(*(_tidy_sum(term, i) for term in spread))
    inside = [f for f in factors if i in free_indices(f)]
    outside = [f for f in factors if i not in free_indices(f)]
    return sp.Mul(*outside, summation(sp.Mul(*inside), i))


def _contract(factors: tuple[Expr, ...], i: Expr) -> Expr | None:
    """Σ_i δ_ij f(i) = f(j), where i and j have the same range; None when no factor is such a δ."""
    for position, factor in enumerate(factors):
        if isinstance(factor, sp.KroneckerDelta) and i in factor.args:
            other = factor.args[1] if factor.args[0] == i else factor.args[0]
            if _within(other, i):
                rest = sp.Mul(*factors[:position], *factors[position + 1 :])
                return substitute(rest, {i: other})
    return None


def _within(other: Expr, i: Expr) -> bool:
    """Whether `other` certainly lies in the range of `i`."""
    if isinstance(other, sp.Idx):
        return bool(other.upper == i.upper)
    return bool(other >= 0 and (other == 0 or (i.upper - other).is_nonnegative))


def _distribute(factors: tuple[Expr, ...], i: Expr) -> list[Expr] | None:
    """The terms of the product when one factor is a sum of terms that holds a δ with i; otherwise None."""
    for position, factor in enumerate(factors):
        if factor.is_Add and any(i in d.args for d in atoms(factor, sp.KroneckerDelta)):
            rest = factors[:position] + factors[position + 1 :]
            return [sp.Mul(term, *rest) for term in factor.args]
    return None
