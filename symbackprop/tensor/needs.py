"""What a formula needs to have a value: the roots, inverses and logarithms that SymPy's arithmetic leaves out.

x/x becomes 1 and exp(log(x)) becomes x, so that the simplified expression has values where the formula has none. What
is left out in a step is found by comparing the operands of the step with its result. An entry x[1] that vanishes, as in
x[1]*0, leaves behind that it has to exist.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import sympy as sp

from symbackprop.tensor.indices import children
from symbackprop.tensor.nodes import Expr, Positive, entry_indices, entry_name, is_size

Look = Any  # hashable
INVERSE, ROOT, LOGARITHM = range(3)


def left_out(operands: Iterable[Expr], result: Expr) -> list[Expr]:
    """The parts of the operands without a value somewhere that neither stand in the result nor are needed by it."""
    needed = {need for node in nodes(result) for need in needs_of(node)}
    parts = (node for operand in operands for node in nodes(operand))
    return list(dict.fromkeys(node for node in parts if not needed.issuperset(needs_of(node))))


def nodes(expr: Expr) -> Iterator[Expr]:
    """Every node of an expression."""
    stack = [expr]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(children(node))


@lru_cache(maxsize=1 << 16)
def needs_of(node: Expr) -> tuple[tuple[int, Look], ...]:
    """What the node itself asks of its parts, whose indices are left out: a base that is not 0, or not negative, ..."""
    if isinstance(node, sp.log):
        return ((LOGARITHM, look(node.args[0])),)
    if not node.is_Pow or node.base is sp.E or (node.exp.is_Integer and node.exp > 0):
        return ()
    base = look(node.base)
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
