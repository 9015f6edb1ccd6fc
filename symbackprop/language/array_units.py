"""Axes of size 1 as if they had any size, so that a layer with one output is written as every other.

In index notation the only index of such an axis is 0, and a sum over it is its one term: W[0,j] δ[0]. With an index of
its own for it, Σ_k W[k,j] δ[k], the usual products of matrices are found, `W.T @ δ`; over one k both are the same.
"""

from collections.abc import Mapping
from dataclasses import replace

import sympy as sp

from symbackprop.language.parse import Scope
from symbackprop.tensor.indices import transform
from symbackprop.tensor.nodes import Expr, entry, entry_indices, entry_name, index, size, summation
from symbackprop.tensor.tensor import Tensor, axes

NAME = "any_size"  # of the size that stands for 1; no formula that is handed out has it


def with_any_size(tensor: Tensor, scope: Scope, names: Mapping[str, str]) -> tuple[Tensor, Scope] | None:
    """A tensor and a scope that give these ones where the new size is 1; None where there is nothing to gain."""
    single = [axis for axis, extent in enumerate(tensor.shape) if extent == 1]
    if len(single) > 1 or NAME in scope.shapes:
        return None
    any_size = size(NAME)
    shapes = {name: _general(shape, any_size) for name, shape in scope.shapes.items()}
    shape = _general(tensor.shape, any_size)
    label = axes(shape)[single[0]] if single else index(NAME, any_size)

    def with_label(node: Expr) -> Expr | None:
        code = entry_name(node)
        known = scope.shapes.get(names.get(code, code)) if code else None
        if not known or sp.Integer(1) not in known:
            return None
        at = zip(entry_indices(node), known, strict=True)
        return entry(code or "", *(label if extent == 1 else i for i, extent in at))

    terms = []
    for term in sp.Add.make_args(tensor.expr):
        general = transform(term, with_label)
        terms.append(summation(general, label) if general != term and not single else general)
    expr = sp.Add(*terms)
    if expr == tensor.expr:
        return None
    return Tensor(expr, shape), replace(scope, shapes=shapes, sizes=scope.sizes | {NAME})


def _general(shape: tuple[Expr, ...], any_size: Expr) -> tuple[Expr, ...]:
    return tuple(any_size if extent == 1 else extent for extent in shape)
