"""Where an expression is defined, and the signs that can be read off its structure.

A condition that holds for every real input, such as Σ exp(z) > 0, is not listed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import cast

import sympy as sp

from symbackprop.catalogue.activations import ACTIVATIONS, is_defined
from symbackprop.model.graph import Comparison, Graph, Relation, names_in
from symbackprop.proof.formulas import written_out
from symbackprop.proof.points.structure import open_parts
from symbackprop.proof.verdict import Condition
from symbackprop.tensor.indices import alpha_normal, children, free_indices, substitute
from symbackprop.tensor.needs import beyond, left_out
from symbackprop.tensor.nodes import (
    Elementwise,
    Expr,
    IsZero,
    Partial,
    Positive,
    entry_indices,
    entry_name,
    extent,
    index,
    is_adjoint,
    is_size,
)
from symbackprop.tensor.tensor import Tensor, axes

# Functions whose values lie strictly between two numbers.
OPEN_RANGE: dict[str, tuple[int, int]] = {"sigmoid": (0, 1)}
MAX_DEPTH = 60


@dataclass(frozen=True, slots=True)
class Bounds:
    """low < value < high, or <= where not strict; None is no bound."""

    low: Expr | None = None
    high: Expr | None = None
    low_strict: bool = False
    high_strict: bool = False

    @property
    def positive(self) -> bool:
        return self.low is not None and bool(self.low > 0 or (self.low == 0 and self.low_strict))

    @property
    def nonnegative(self) -> bool:
        return self.low is not None and bool(self.low >= 0)

    @property
    def negative(self) -> bool:
        return self.high is not None and bool(self.high < 0 or (self.high == 0 and self.high_strict))


UNBOUNDED = Bounds()
POSITIVE = Bounds(low=sp.Integer(0), low_strict=True)
NONNEGATIVE = Bounds(low=sp.Integer(0))


class Domain:
    """Bounds and domain conditions of expressions over one graph; names in `positive` are assumed positive.

    `varied` are the names that something is differentiated by, None where it may be any: where(m > 0, x, 0) has a
    derivative by x at m = 0, too.
    """

    def __init__(self, graph: Graph, varied: frozenset[str] | None = None) -> None:
        self.graph, self.varied = graph, varied
        self.positive = frozenset(filter(None, (_positive_name(a) for a in graph.assumptions)))

    def bounds(self, expr: Expr, depth: int = 0) -> Bounds:
        """Bounds that hold for all real inputs (for the names assumed positive: all positive ones)."""
        if depth > MAX_DEPTH:
            return UNBOUNDED
        if expr.is_Rational:
            return Bounds(expr, expr)
        if expr in (sp.pi, sp.E) or isinstance(expr, sp.exp):
            return POSITIVE
        if is_size(expr):
            return Bounds(low=sp.Integer(1))
        name = entry_name(expr)
        if name is not None:
            if name in self.positive:
                return POSITIVE
            if name in self.graph.definitions:
                return self.bounds(self.graph.definitions[name].tensor.at(*entry_indices(expr)), depth + 1)
            return UNBOUNDED
        return self._compound(expr, depth + 1)

    def _compound(self, expr: Expr, depth: int) -> Bounds:
        if expr.is_Add:
            return self._sum_of([self.bounds(term, depth) for term in expr.args])
        if expr.is_Mul:
            return self._product(expr, depth)
        if isinstance(expr, sp.Sum):
            inner = self.bounds(expr.function, depth)
            return POSITIVE if inner.positive else NONNEGATIVE if inner.nonnegative else UNBOUNDED
        if expr.is_Pow:
            return self._power(expr, depth)
        if isinstance(expr, (sp.Abs, sp.KroneckerDelta)):
            return NONNEGATIVE
        if isinstance(expr, (Positive, IsZero)):
            return Bounds(sp.Integer(0), sp.Integer(1))
        if isinstance(expr, (sp.tanh, sp.erf)):
            return Bounds(sp.Integer(-1), sp.Integer(1), True, True)
        if isinstance(expr, Elementwise) and not expr.func.order and expr.func.function in OPEN_RANGE:
            low, high = OPEN_RANGE[expr.func.function]
            return Bounds(sp.Integer(low), sp.Integer(high), True, True)
        if isinstance(expr, Elementwise):
            formula = written_out(expr) if is_defined(expr.func.function) else expr
            return UNBOUNDED if formula == expr else self.bounds(formula, depth)
        return UNBOUNDED

    def _sum_of(self, parts: list[Bounds]) -> Bounds:
        lows, highs = [b.low for b in parts], [b.high for b in parts]
        return Bounds(
            None if None in lows else sp.Add(*lows),
            None if None in highs else sp.Add(*highs),
            any(b.low_strict for b in parts),
            any(b.high_strict for b in parts),
        )

    def _product(self, expr: Expr, depth: int) -> Bounds:
        coefficient, rest = expr.as_coeff_Mul()
        if coefficient != 1:
            inner = self.bounds(rest, depth)
            low, high = (None if bound is None else coefficient * bound for bound in (inner.low, inner.high))
            if coefficient > 0:
                return Bounds(low, high, inner.low_strict, inner.high_strict)
            return Bounds(high, low, inner.high_strict, inner.low_strict)
        parts = [self.bounds(factor, depth) for factor in expr.args]
        if all(b.positive for b in parts):
            return POSITIVE
        return NONNEGATIVE if all(b.nonnegative for b in parts) else UNBOUNDED

    def _power(self, expr: Expr, depth: int) -> Bounds:
        base = self.bounds(expr.base, depth)
        if base.positive:
            return POSITIVE
        even = expr.exp.is_Integer and expr.exp % 2 == 0
        return NONNEGATIVE if even or (expr.exp.is_Rational and base.nonnegative) else UNBOUNDED

    def conditions(self, tensor: Tensor, order: int = 0) -> Iterator[Condition]:
        """The domain conditions of a tensor, differentiated `order` times, that its structure does not guarantee.

        Where something is differentiated, roots need a positive base and kinks are excluded. A named function has a
        declared slope at its kink, but no second derivative.
        """
        stack = [(part, order) for part in (*reversed(tensor.needs), tensor.expr)]
        while stack:
            node, times = stack.pop()
            if (gap := beyond(node)) is not None:
                yield Condition(gap, "> 0", "index")
                continue
            stack.extend((child, times + isinstance(node, Partial)) for child in children(node))
            yield from self._own_condition(node, times)
            yield from self._index_conditions(node)

    def ends(self, exprs: Iterable[Expr], order: int = 0) -> Iterator[Condition]:
        """u > 0 for each root of u that is differentiated and does not stand below a guard."""
        stack = [(expr, order) for expr in exprs]
        while stack:
            node, times = stack.pop()
            if times and node.is_Pow and not node.exp.is_Integer:
                yield from self._own_condition(node, times)
            stack.extend((child, times + isinstance(node, Partial)) for child in open_parts(node))

    def _index_conditions(self, node: Expr) -> Iterator[Condition]:
        """x[2] exists where the size of x is more than 2."""
        name, indices = entry_name(node) or "", entry_indices(node)
        known = name in self.graph.inputs or name in self.graph.definitions
        for i, axis in zip(indices, self.graph.shape(name), strict=True) if known else ():
            if i.is_Integer and i > 0 and not axis.is_Integer:
                yield Condition(axis - i, "> 0", "index")

    def _moves(self, expr: Expr) -> bool:
        """Whether an expression depends on what is differentiated by."""
        if self.varied is None:
            return True
        return any(is_adjoint(name) or self.varied & self.graph.ancestors(name) for name in names_in(expr))

    def _own_condition(self, node: Expr, order: int) -> Iterator[Condition]:
        order = order if order and self._moves(node) else 0
        if isinstance(node, sp.log) and not self.bounds(node.args[0]).positive:
            yield Condition(node.args[0], "> 0", "logarithm")
        elif node.is_Pow and node.exp.is_Rational and not (node.exp.is_Integer and node.exp.is_positive):
            base = self.bounds(node.base)
            if node.exp.is_Integer:
                if not (base.positive or base.negative):
                    yield Condition(node.base, "!= 0", "denominator")
            elif not base.positive and (order or node.exp.is_negative or not base.nonnegative):
                strict = order or node.exp.is_negative
                yield Condition(node.base, "> 0" if strict else ">= 0", "root")
        elif (order and isinstance(node, (Positive, IsZero, sp.Abs, sp.sign))) or _slope_jumps(node, order):
            inner = self.bounds(node.args[0])
            if not (inner.positive or inner.negative):
                yield Condition(node.args[0], "!= 0", "kink")

    def guaranteed(self, condition: Condition) -> bool:
        """Whether the condition holds for all real inputs."""
        inner = self.bounds(condition.expr)
        if condition.relation == "> 0":
            return inner.positive
        if condition.relation == ">= 0":
            return inner.nonnegative
        return inner.positive or inner.negative


def _slope_jumps(node: Expr, order: int) -> bool:
    """Whether a function is differentiated more than once that has a kink where its argument is 0."""
    return has_kinks(node) and node.func.order + order >= 2


def has_kinks(node: Expr) -> bool:
    """Whether this is a function of the catalogue that has no derivative somewhere, such as ReLU."""
    known = isinstance(node, Elementwise) and is_defined(node.func.function)
    return known and bool(ACTIVATIONS[node.func.function].kinks)


def _positive_name(assumption: Relation) -> str | None:
    """The name in an assumption `name > 0` about every entry."""
    sides = {">": (assumption.left, assumption.right), "<": (assumption.right, assumption.left)}
    large, small = sides.get(assumption.comparison, (None, None))
    if large is None or small is None or not small.expr.is_Rational or small.expr < 0:
        return None
    return entry_name(large.expr) if entry_indices(large.expr) == large.indices else None


def distinct(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    """The conditions in order, without repetitions and without those that another one implies."""
    found: dict[tuple[Expr, str], Condition] = {}
    for condition in conditions:
        keys = [_key(condition)]
        if condition.relation == "!= 0":
            keys.append(_key(replace(condition, expr=-condition.expr)))
        known = next((key for key in keys if key in found), None)
        if known is None:
            found[keys[0]] = condition
        elif str(found[known]).startswith("-") and known == keys[-1]:
            found[known] = replace(found[known], expr=condition.expr)  # x - 1 reads better than -x + 1
    return tuple(c for (expr, relation), c in found.items() if relation == "> 0" or (expr, "> 0") not in found)


def with_reasons(noted: Sequence[Condition], known: Sequence[Condition], graph: Graph) -> tuple[Condition, ...]:
    """What was noted, with its reason only if the formulas hold such a denominator or root of the same quantities.

    log(x²) needs x != 0, but no denominator holds x. What is `known` to be needed stands as it is known.
    """

    def about(condition: Condition) -> frozenset[str]:
        names = (name for name in names_in(condition.expr) if not is_adjoint(name))
        return frozenset().union(*(graph.ancestors(name) for name in names))

    def with_reason(condition: Condition) -> Condition:
        names = about(condition)
        like = any(why == condition.why and (names & others or not names) for why, others in reasons)
        return by_key.get(_key(condition)) or replace(condition, why=condition.why if like else "")

    reasons = [(condition.why, about(condition)) for condition in known]
    by_key: dict[tuple[Expr, str], Condition] = {}
    for condition in known:
        by_key.setdefault(_key(condition), condition)
    return tuple(map(with_reason, noted))


def _key(condition: Condition) -> tuple[Expr, str]:
    """What is the same for conditions that differ in their indices only, and need the same to have a value."""
    form = canonical_form(condition.expr)[0]
    return condition.expr if left_out([condition.expr], form) else form, condition.relation


@lru_cache(maxsize=1 << 14)
def canonical_form(expr: Expr) -> tuple[Expr, tuple[Expr, ...]]:
    """The expression with its free indices renamed in order of appearance, and its own indices in that order."""
    normal = alpha_normal(expr)
    found: dict[Expr, None] = {}
    stack = [normal]
    while stack:
        node = stack.pop()
        if isinstance(node, sp.Indexed | sp.KroneckerDelta):
            for i in sorted(free_indices(node) & free_indices(normal), key=node.args.index):
                found.setdefault(i)
        stack.extend(reversed(children(node)))
    renaming = dict(zip(found, canonical_names(found), strict=True))
    return alpha_normal(substitute(normal, renaming)), tuple(found)


def canonical_names(indices: Iterable[Expr]) -> tuple[Expr, ...]:
    """What the free indices of an expression are called in its canonical form, in the same order.

    The form may hold them in another order, for the order of terms depends on the names in them.
    """
    return tuple(index(f"free{number}", extent(i)) for number, i in enumerate(indices))


def as_relations(conditions: Iterable[Condition]) -> tuple[Relation, ...]:
    """Conditions as relations to 0, for all values of their indices."""
    relations = []
    for condition in conditions:
        free = sorted(free_indices(condition.expr), key=str)
        shape = tuple(map(extent, free))
        left = Tensor(substitute(condition.expr, dict(zip(free, axes(shape), strict=True))), shape)
        comparison = cast(Comparison, condition.relation.removesuffix(" 0"))
        right = Tensor(sp.Integer(0), shape)
        relations.append(Relation(name="", formula=str(condition), left=left, comparison=comparison, right=right))
    return tuple(relations)
