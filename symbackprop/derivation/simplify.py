"""Shorter forms for readers. Nothing here is trusted: the prover checks what comes out."""

import itertools
from collections.abc import Iterable
from functools import partial

import sympy as sp

from symbackprop.model.graph import Graph, Relation, names_in
from symbackprop.tensor.differentiate import tidy
from symbackprop.tensor.indices import (
    all_index_names,
    alpha_normal,
    bind,
    children,
    expanded_terms,
    free_indices,
    fresh_index,
    open_sum,
    rebuild,
    substitute,
    transform,
)
from symbackprop.tensor.nodes import Expr, IsZero, Positive, extent, summation

# A product that multiplies out to more terms is left as it is.
MAX_TERMS = 60


def shortest(expr: Expr) -> Expr:
    """The shortest of a few equal forms: as it is, expanded or gathered under its sums, cancelled, factored."""
    candidates = [expr, _gather_sums(expr), _multiplied_out(expr)]
    if expanded_terms(expr) <= MAX_TERMS:  # the product along a path of L layers has up to 2^L terms
        candidates.insert(1, tidy(_expand_sums(expr)))
    candidates += [form for form in (_cancelled(candidate) for candidate in list(candidates)) if form is not None]
    return min(candidates, key=length)


def length(expr: Expr) -> int:
    """Operations plus a fee for each sum, so that Σ y_i p_j loses against p_j Σ y_i and both against none."""
    return int(expr.count_ops()) + 3 * sum(1 for node in sp.preorder_traversal(expr) if isinstance(node, sp.Sum))


def _expand_sums(expr: Expr) -> Expr:
    """Each sum of a product with a sum of terms, multiplied out."""

    def rule(node: Expr) -> Expr | None:
        if not isinstance(node, sp.Sum):
            return None
        body = sp.expand_mul(_expand_sums(node.function))
        return sp.Add(*(bind(term, node.limits) for term in sp.Add.make_args(body)))

    return transform(expr, rule)


def without_zero_sums(expr: Expr) -> Expr:
    """The same without sums of deviations from their own mean, and others whose terms cancel: Σ_j (x_j - Σ_k x_k/n)."""

    def rule(node: Expr) -> Expr | None:
        if not isinstance(node, sp.Sum) or not node.function.is_Add or not node.function.has(sp.Sum):
            return None
        return sp.Integer(0) if alpha_normal(tidy(_expand_sums(node))) == 0 else None

    return transform(expr, rule)


def merged(expr: Expr) -> Expr:
    """Terms that are equal up to bound indices added up, and powers of an indicator, which is 0 or 1, as itself."""
    parts = children(expr)
    new = [merged(part) for part in parts]
    if any(a is not b for a, b in zip(parts, new, strict=True)):
        expr = rebuild(expr, new)
    if expr.is_Pow and isinstance(expr.base, (Positive, IsZero)) and expr.exp.is_Integer and expr.exp > 0:
        return expr.base
    return _added_up(expr) if expr.is_Add else expr


def _added_up(expr: Expr) -> Expr:
    """Each term once, in the form in which it stands there first."""
    counts: dict[Expr, tuple[Expr, Expr]] = {}
    for term in expr.args:
        number, rest = term.as_coeff_Mul()
        before, first = counts.get(alpha_normal(rest), (sp.Integer(0), rest))
        counts[alpha_normal(rest)] = before + number, first
    if len(counts) == len(expr.args):
        return expr
    return sp.Add(*(sp.Mul(number, rest) for number, rest in counts.values()))


def joined(expr: Expr) -> Expr:
    """Sums over the same ranges as one, over a common denominator: Σ_k a_k/b_k + Σ_k (1 - a_k/b_k) = Σ_k 1."""
    taken = all_index_names(expr)

    def rule(node: Expr) -> Expr | None:
        if not node.is_Add:
            return None
        rest: list[Expr] = []
        bodies: dict[tuple[Expr, ...], Expr] = {}
        for term in node.args:
            total, factor = _one_sum(term)
            if total is None:
                rest.append(term)
                continue
            body, bound = open_sum(total, ())
            common = _fresh(bound, taken)
            bodies[common] = bodies.get(common, sp.Integer(0)) + factor * substitute(
                body, dict(zip(bound, common, strict=True))
            )
        sums = (summation(_cancelled(body) or body, *common) for common, body in bodies.items())
        return sp.Add(*rest, *map(tidy, sums)) if bodies else None

    return transform(expr, rule)


def _one_sum(term: Expr) -> tuple[Expr | None, Expr]:
    """The only Σ in a product and what stands before it; None where there is none, or more."""
    sums = [factor for factor in sp.Mul.make_args(term) if isinstance(factor, sp.Sum)]
    if len(sums) != 1 or sums[0].function.has(sp.Sum):
        return None, term
    before = sp.Mul(*(factor for factor in sp.Mul.make_args(term) if factor is not sums[0]))
    return (None, term) if before.has(sp.Sum) else (sums[0], before)


def _fresh(bound: Iterable[Expr], taken: frozenset[str]) -> tuple[Expr, ...]:
    """Indices of the same ranges, the same ones for the same ranges."""
    found: list[Expr] = []
    for i in bound:
        found.append(fresh_index(extent(i), {*taken, *(str(other.label) for other in found)}))
    return tuple(found)


def with_equal_indices(expr: Expr) -> Expr:
    """Beside a factor δ_ik, k is written as i: δ_ik p_i y_k/p_k = δ_ik y_i."""

    def rule(node: Expr) -> Expr | None:
        if not node.is_Mul:
            return None
        rest, deltas = node, []
        while (found := _delta_of_indices(rest)) is not None:
            i, k = sorted(found.args, key=str)
            rest = substitute(sp.Mul(*(factor for factor in sp.Mul.make_args(rest) if factor != found)), {k: i})
            deltas.append(found)
        return sp.Mul(*deltas, transform(rest, rule)) if deltas else None

    return tidy(transform(expr, rule))


def _delta_of_indices(expr: Expr) -> Expr | None:
    """A factor δ_ik of two indices of the same range."""
    deltas = (factor for factor in sp.Mul.make_args(expr) if isinstance(factor, sp.KroneckerDelta))
    return next((d for d in deltas if all(isinstance(i, sp.Idx) for i in d.args) and _same_range(*d.args)), None)


def _same_range(i: Expr, k: Expr) -> bool:
    return bool(extent(i) == extent(k))


def with_short_conditions(expr: Expr) -> Expr:
    """The same with the conditions of indicators multiplied out where that is shorter: [τ u > (τ - 1) u] = [u > 0]."""

    def rule(node: Expr) -> Expr | None:
        if not isinstance(node, (Positive, IsZero)) or node.args[0].has(sp.Sum):
            return None
        shorter = sp.expand_mul(node.args[0])
        return node.func(shorter) if shorter.count_ops() < node.args[0].count_ops() else None

    return transform(expr, rule)


def _gather_sums(expr: Expr) -> Expr:
    """Each sum of terms with their common factors pulled out, where no further sum or function stands in it."""

    def rule(node: Expr) -> Expr | None:
        if not isinstance(node, sp.Sum) or node.function.has(sp.Sum, sp.Function):
            return None
        terms = [sp.Mul(*map(_flipped, sp.Mul.make_args(term))) for term in sp.Add.make_args(node.function)]
        return bind(sp.factor_terms(sp.Add(*terms)), node.limits)

    return transform(expr, rule)


def _multiplied_out(expr: Expr) -> Expr:
    """Each sum of terms multiplied out where that makes it shorter: (τ - 1) p - τ p = -p."""

    def rule(node: Expr) -> Expr | None:
        if not node.is_Add or node.has(sp.Sum) or expanded_terms(node) > MAX_TERMS:
            return None
        shorter = sp.expand_mul(node)
        return shorter if shorter.count_ops() < node.count_ops() else None

    return transform(expr, rule)


def _flipped(factor: Expr) -> Expr:
    """x - 1 as -(1 - x), so that it is common with 1 - x."""
    turned = factor.is_Add and len(factor.args) == 2 and factor.args[0] == -1
    return sp.Mul(-1, -factor, evaluate=False) if turned else factor


def _cancelled(expr: Expr) -> Expr | None:
    """Common denominator, cancelled and factored; only for expressions without sums or functions of their own.

    SymPy's polynomial routines see tensor entries as plain generators, so that bound indices are never touched.
    """
    if expr.has(sp.Sum, sp.Function) or expanded_terms(expr) > MAX_TERMS:
        return None
    numerator, denominator = sp.fraction(sp.factor_terms(sp.cancel(expr)))
    factors = sp.Mul.make_args(denominator)
    flipped = [-f if f.is_Add and len(f.args) == 2 and f.args[0] == -1 else f for f in factors]
    if sum(a != b for a, b in zip(factors, flipped, strict=True)) % 2:
        numerator = -numerator  # o - 1 = -(1 - o): the field writes o (1 - o)
    return numerator / sp.Mul(*flipped)


def use_assumptions(expr: Expr, graph: Graph, name: str) -> tuple[Expr, tuple[str, ...]]:
    """`expr`, a derivative by `name`, with assumed equations put in left to right, and the formulas of those used.

    An equation about `name` itself, or about what depends on it, may not be used for a derivative by it.
    """
    used: list[str] = []
    for assumption in graph.assumptions:
        if any(name in graph.ancestors(mentioned) for mentioned in names_in(assumption.left.expr)):
            continue
        if assumption.comparison != "==" or not isinstance(assumption.left.expr, sp.Sum):
            continue
        replaced = transform(expr, partial(_instance, assumption))
        if replaced != expr:
            expr = shortest(tidy(replaced))
            used.append(assumption.formula)
    return expr, tuple(used)


def _instance(assumption: Relation, node: Expr) -> Expr | None:
    """The right side when `node` is the left side at some indices."""
    if not isinstance(node, sp.Sum):
        return None
    wild = assumption.left.indices
    here = sorted(free_indices(node), key=str)
    normal = alpha_normal(node)
    for chosen in itertools.permutations(here, len(wild)):
        pairs = dict(zip(wild, chosen, strict=True))
        if any(a.upper != b.upper for a, b in pairs.items()):
            continue
        if alpha_normal(substitute(assumption.left.expr, pairs)) == normal:
            return substitute(assumption.right.expr, pairs)
    return None
