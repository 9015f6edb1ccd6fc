"""What print has a sign for and an expression only a sum of terms: max(a, b) is b + (a - b) [a > b], and so on."""

from typing import Any

import sympy as sp

from symbackprop.language.array_piecewise import with_weak_comparisons
from symbackprop.language.functions import maximum, minimum
from symbackprop.tensor.indices import transform
from symbackprop.tensor.nodes import Expr, Positive

# max(a, b), min(a, b), [u >= 0] and [u <= 0] as nodes, for print only.
Maximum: Any = type("Maximum", (sp.Function,), {"nargs": 2, "is_real": True, "__module__": __name__})
Minimum: Any = type("Minimum", (sp.Function,), {"nargs": 2, "is_real": True, "__module__": __name__})
AtLeast: Any = type("AtLeast", (sp.Function,), {"nargs": 1, "is_real": True, "__module__": __name__})
AtMost: Any = type("AtMost", (sp.Function,), {"nargs": 1, "is_real": True, "__module__": __name__})


def with_signs(expr: Expr) -> Expr:
    """`expr` with each maximum and minimum, and each indicator of >= and <=, as one node."""
    if not expr.has(Positive):
        return expr
    return with_weak_signs(transform(expr, _extreme))


def with_weak_signs(expr: Expr) -> Expr:
    """`expr` with each indicator of >= and <= as one node."""
    return with_weak_comparisons(expr, AtLeast, AtMost)


def _extreme(node: Expr) -> Expr | None:
    """The node as an extreme of two terms, if it is one; otherwise None."""
    if node.is_Add:
        for term in node.args:
            rest = sp.Add(*(other for other in node.args if other is not term))
            for jump in _jumps(term):
                u = jump.args[0]
                if rest.has(jump):  # a choice between two values, not the larger one
                    continue
                for kind, meaning, a in ((Maximum, maximum, rest + u), (Minimum, minimum, rest - u)):
                    if meaning(a, rest) == node:
                        return kind(*(transform(part, _extreme) for part in (a, rest)))
    if node.is_Mul:
        for jump in _jumps(node):
            u = jump.args[0]
            if u in node.args or (u.is_Mul and set(u.args) <= set(node.args)):
                part = Maximum(transform(u, _extreme), sp.Integer(0))
                return part if node == jump * u else sp.Mul(node / (jump * u), part, evaluate=False)
    return None


def _jumps(term: Expr) -> list[Expr]:
    return [factor for factor in sp.Mul.make_args(term) if isinstance(factor, Positive)]
