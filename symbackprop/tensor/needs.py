"""What a formula needs to have a value: the roots, inverses and logarithms that SymPy's arithmetic leaves out.

x/x becomes 1 and exp(log(x)) becomes x, so that the simplified expression has values where the formula has none. What
is left out in a step is found by comparing the operands of the step with its result. An entry x[1] that vanishes, as in
x[1]*0, leaves behind that it has to exist.
"""

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import sympy as sp

from symbackprop.tensor.indices import children
from symbackprop.tensor.nodes import Expr, Partial, Positive, entry_indices, entry_name, is_size

Look = Any  # hashable
INVERSE, ROOT, LOGARITHM, VALUE = range(4)


def left_out(operands: Iterable[Expr], result: Expr, partial: Container[str] = ()) -> list[Expr]:
    """The parts of the operands without a value somewhere that neither stand in the result nor are needed by it.

    `partial` are names that may have no value. A part may come back at other indices: 1/x[i] in a sum over i. So may as
    many parts of one look as the result has beyond those that are there as they were.
    """
    asked = [{need: node for node in nodes(operand) for need in _asks(node, partial)} for operand in operands]
    there = {need for node in nodes(result) for need in _asks(node, partial)}
    missing = [(need, node) for needs in asked for need, node in needs.items() if need not in there]
    if not missing:
        return []
    new = Counter((kind, look(part)) for kind, part in there.difference(*asked))
    gone = Counter((kind, look(part)) for (kind, part), _ in missing)
    return list(dict.fromkeys(node for (k, part), node in missing if gone[k, look(part)] > new[k, look(part)]))


def _asks(node: Expr, partial: Container[str]) -> tuple[tuple[int, Expr], ...]:
    name = entry_name(node) or ""
    whole = isinstance(node, Partial) or name in partial or name.startswith("next(")  # next(w) holds a derivative
    return ((VALUE, node),) if whole else needs_of(node)


def nodes(expr: Expr) -> Iterator[Expr]:
    """Every node of an expression."""
    stack = [expr]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(children(node))


@lru_cache(maxsize=1 << 16)
def needs_of(node: Expr) -> tuple[tuple[int, Expr], ...]:
    """What the node itself asks of its parts: a base that is not 0, or not negative, ..."""
    if isinstance(node, sp.log):
        return ((LOGARITHM, node.args[0]),)
    if not node.is_Pow or node.base is sp.E or (node.exp.is_Integer and node.exp > 0):
        return ()
    base = node.base
    if not node.exp.is_Rational:
        return () if node.base.is_positive else ((LOGARITHM, base),)
    root = ((ROOT, base),) if not node.exp.is_Integer else ()
    return (*root, (INVERSE, base)) if node.exp < 0 else root


@lru_cache(maxsize=1 << 16)
def look(expr: Expr) -> Look:
    """What is the same for expressions that differ in nothing but their indices."""
    if isinstance(expr, (sp.Idx, sp.KroneckerDelta)):
        return type(expr)
    if isinstance(expr, sp.Indexed):
        return expr.base
    parts = children(expr)
    if not parts:
        return expr
    looks = tuple(map(look, parts))
    return expr.func, frozenset(Counter(looks).items()) if expr.is_Add or expr.is_Mul else looks


def exists(size: Expr, position: int) -> Expr:
    """1/[n > k], which has a value where an axis of n entries has the entry k."""
    return Positive(size - position) ** -1


def beyond(node: Expr) -> Expr | None:
    """n - k, which is positive where `exists(n, k)` has a value; None for any other node."""
    if not (node.is_Pow and node.exp == -1 and isinstance(node.base, Positive)):
        return None
    gap = node.base.args[0]
    minus_position, n = gap.as_coeff_Add()
    return gap if is_size(n) and minus_position.is_Integer and minus_position < 0 else None


def positions_of(exprs: Iterable[Expr], shapes: Mapping[str, tuple[Expr, ...]]) -> dict[Expr, int]:
    """Size -> the largest literal index in an entry along an axis of that size."""
    found: dict[Expr, int] = {}
    for node in (node for expr in exprs for node in nodes(expr)):
        for axis, i in zip(shapes.get(entry_name(node) or "", ()), entry_indices(node), strict=False):
            if i.is_Integer:
                found[axis] = max(found.get(axis, 0), int(i))
    return found
