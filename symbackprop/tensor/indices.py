"""Indices of an index expression: which are free, and how to replace or rename them without capture.

Every other module that goes below a `Sum` does so through `rebuild` and `substitute`, so that the care that
bound indices need stands in one place.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from math import prod

import sympy as sp

from symbackprop.tensor.nodes import Expr, applied, delta, extent, index, sum_over


@lru_cache(maxsize=1 << 16)
def free_indices(expr: Expr) -> frozenset[Expr]:
    """The `Idx` that occur in `expr` outside every `Sum` that binds them."""
    if isinstance(expr, sp.Idx):
        return frozenset([expr])
    if isinstance(expr, sp.Sum):
        return free_indices(expr.function) - {limit[0] for limit in expr.limits}
    if not expr.args:
        return frozenset()
    return frozenset().union(*map(free_indices, expr.args))


@lru_cache(maxsize=1 << 16)
def all_index_names(expr: Expr) -> frozenset[str]:
    """The names of all indices in `expr`, free or bound."""
    return frozenset(str(i.label) for i in atoms(expr, sp.Idx))


def atoms(expr: Expr, kind: type) -> frozenset[Expr]:
    """All nodes of that kind in `expr`, in the limits of sums and in indices, too.

    What `expr.atoms(kind)` finds, but each of equal parts is looked into once, and depth costs nothing.
    """
    found: set[Expr] = set()
    seen: set[Expr] = set()
    stack = [expr]
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            if isinstance(node, kind):
                found.add(node)
            stack.extend(node.args)
    return frozenset(found)


def fresh_index(size: Expr, taken: Iterable[str]) -> Expr:
    """An index of the given range whose name is not in `taken`; the same answer for the same question."""
    used = set(taken)
    number = 0
    while f"k{number}" in used:
        number += 1
    return index(f"k{number}", size)


def rebuild(expr: Expr, args: Iterable[Expr]) -> Expr:
    """`expr` with other arguments; a `Sum` keeps its limits and takes one argument, its body."""
    if isinstance(expr, sp.Sum):
        (body,) = args
        return bind(body, expr.limits)
    return delta(*args) if isinstance(expr, sp.KroneckerDelta) else applied(expr.func, *args)


def bind(body: Expr, limits: Iterable[Expr]) -> Expr:
    """`Sum(body, *limits)`; SymPy merges the limits of directly nested sums, so none may bind the same index twice."""
    return _bound(body, tuple(limits))


@lru_cache(maxsize=1 << 16)
def _bound(body: Expr, limits: tuple[Expr, ...]) -> Expr:
    if isinstance(body, sp.Sum):
        body = rename_bound(body, {str(limit[0].label) for limit in limits})
    return sum_over(body, limits)


def children(expr: Expr) -> tuple[Expr, ...]:
    """The subexpressions of a node: of a `Sum` only its body, of an `Indexed` only its indices."""
    if isinstance(expr, sp.Sum):
        return (expr.function,)
    if isinstance(expr, sp.Indexed):
        return ()
    return tuple(expr.args)


def substitute(expr: Expr, mapping: Mapping[Expr, Expr]) -> Expr:
    """`expr` with free indices replaced by an `Idx` or an integer; bound ones are renamed where they would capture."""
    relevant = {old: new for old, new in mapping.items() if old != new}
    if not relevant:
        return expr
    return _substitute(expr, tuple(sorted(relevant.items(), key=str)))


@lru_cache(maxsize=1 << 16)
def _substitute(expr: Expr, pairs: tuple[tuple[Expr, Expr], ...]) -> Expr:
    free = free_indices(expr)
    mapping = {old: new for old, new in pairs if old in free}
    if not mapping:
        return expr
    if isinstance(expr, sp.Idx):
        return mapping[expr]
    if isinstance(expr, sp.Sum):
        expr = rename_bound(expr, {str(new.label) for new in mapping.values() if isinstance(new, sp.Idx)})
    rest = tuple(sorted(mapping.items(), key=str))
    if isinstance(expr, sp.Indexed):
        return expr.func(expr.base, *(mapping.get(i, i) for i in expr.indices))
    return rebuild(expr, [_substitute(child, rest) for child in children(expr)])


def rename_bound(expr: Expr, taken: set[str]) -> Expr:
    """An equal `Sum` none of whose own bound indices has a name in `taken`."""
    clash = [limit[0] for limit in expr.limits if str(limit[0].label) in taken]
    if not clash:
        return expr
    used = taken | all_index_names(expr)
    renaming = {}
    for old in clash:
        renaming[old] = fresh_index(extent(old), used)
        used = used | {str(renaming[old].label)}
    body = substitute(expr.function, renaming)
    return bind(body, ((renaming.get(i, i), low, high) for i, low, high in expr.limits))


def open_sum(expr: Expr, taken: Iterable[str]) -> tuple[Expr, tuple[Expr, ...]]:
    """Body and bound indices of a `Sum`, the indices renamed so that none has a name in `taken`."""
    renamed = rename_bound(expr, set(taken))
    return renamed.function, tuple(limit[0] for limit in renamed.limits)


def transform(expr: Expr, rule: Callable[[Expr], Expr | None]) -> Expr:
    """`expr` with `rule` tried on every node from the top down; where it gives an expression, that is put instead.

    The replacement may contain free indices of its own only if they are free in the node that it replaces:
    then no surrounding `Sum` can capture anything.
    """
    replaced = rule(expr)
    if replaced is not None:
        return replaced
    parts = children(expr)
    if not parts:
        return expr
    new = [transform(part, rule) for part in parts]
    return expr if all(a is b for a, b in zip(parts, new, strict=True)) else rebuild(expr, new)


@lru_cache(maxsize=1 << 16)
def alpha_normal(expr: Expr) -> Expr:
    """`expr` with its bound indices renamed by nesting height, so that equal sums look equal.

    Two bound indices of one `Sum` keep their order; nested sums are told apart by height, and no name is taken that is
    free below, hence no capture.
    """
    if isinstance(expr, sp.Sum):
        expr = _without_given_names(expr)
        body = alpha_normal(expr.function)
        bound = [limit[0] for limit in expr.limits]
        height = 1 + max((int(m) for m in _heights(body)), default=0)
        taken = {str(i.label) for i in free_indices(expr)}
        while any(f"_{height + k}" in taken for k in range(len(bound))):
            height += 1
        renaming = {i: index(f"_{height + k}", extent(i)) for k, i in enumerate(bound)}
        body = substitute(body, renaming)
        return bind(body, ((renaming[i], low, high) for i, low, high in expr.limits))
    parts = children(expr)
    return rebuild(expr, map(alpha_normal, parts)) if parts else expr


def _without_given_names(expr: Expr) -> Expr:
    """A sum with sums below it, its own indices named otherwise if they have such names: those below may get them."""
    given = {name for limit in expr.limits if (name := str(limit[0].label)).startswith("_")}
    return rename_bound(expr, given) if given and expr.function.has(sp.Sum) else expr


def _heights(expr: Expr) -> list[str]:
    """The numbers in the names of the bound indices that `alpha_normal` has named inside `expr`."""
    names = (str(limit[0].label) for node in atoms(expr, sp.Sum) for limit in node.limits)
    return [name[1:] for name in names if name.startswith("_")]


@lru_cache(maxsize=1 << 16)
def tree_size(expr: Expr) -> int:
    """How many nodes the expression has when it is written out, equal parts as often as they occur."""
    return 1 + sum(map(tree_size, children(expr)))


@lru_cache(maxsize=1 << 16)
def expanded_terms(expr: Expr) -> int:
    """How many terms the expression has when its products are multiplied out."""
    if expr.is_Add:
        return sum(map(expanded_terms, expr.args))
    if expr.is_Mul:
        return prod(map(expanded_terms, expr.args))
    if expr.is_Pow and expr.exp.is_Integer and expr.exp > 0:
        return int(expanded_terms(expr.base) ** expr.exp)
    return expanded_terms(expr.function) if isinstance(expr, sp.Sum) else 1
