"""Gradients in index notation with one mistake in them: what a wrong rule of differentiation would produce."""

from collections.abc import Iterator

import sympy as sp

from symbackprop.model.graph import Graph
from symbackprop.tensor.indices import transform
from symbackprop.tensor.nodes import (
    Elementwise,
    Expr,
    IsZero,
    Positive,
    elementwise,
    entry,
    entry_indices,
    entry_name,
    extent,
)
from symbackprop.tensor.tensor import Tensor


def spoiled(tensor: Tensor, graph: Graph) -> Iterator[tuple[str, Expr]]:
    """The right side of ∂L/∂v = expr with one mistake, and what kind of mistake it is."""
    expr = tensor.expr
    yield from (("flipped sign", -expr), ("factor two", 2 * expr), ("one too many", expr + 1))
    for term in sp.Add.make_args(expr):
        if term != expr:
            yield from (("dropped term", expr - term), ("flipped term", expr - 2 * term))
    yield from (("dropped factor", other) for other in _without_a_factor(expr))
    for node in sorted(expr.atoms(sp.Indexed), key=str):
        yield from ((label, _replaced(expr, node, other)) for label, other in _other_entries(node, tensor, graph))
    for node in sorted(expr.atoms(Elementwise), key=str):
        other = elementwise(node.func.function, 1 - min(node.func.order, 1))(*node.args)
        yield "function for its derivative", _replaced(expr, node, other)
    for node in sorted(expr.atoms(Positive), key=str):
        yield "convention at the kink", _replaced(expr, node, Positive(node.args[0]) + IsZero(node.args[0]))
        yield "other side of the kink", _replaced(expr, node, Positive(-node.args[0]))
    for node in sorted(expr.atoms(sp.KroneckerDelta), key=str):
        yield "dropped delta", _replaced(expr, node, sp.Integer(1))
    for node in sorted(expr.atoms(sp.Sum), key=str):
        yield "size of a sum", _replaced(expr, node, node * extent(node.limits[0][0]))
        yield "square of a sum", _replaced(expr, node, node**2)
    if len(tensor.shape) == 2:
        yield "transposed", tensor.at(*reversed(tensor.indices))


def _without_a_factor(expr: Expr) -> Iterator[Expr]:
    """Without one of the factors, at the top or under a sum."""
    product = expr.function if isinstance(expr, sp.Sum) else expr
    if not product.is_Mul:
        return
    for factor in product.args:
        if factor != -1:
            rest = sp.Mul(*(f for f in product.args if f != factor))
            yield sp.Sum(rest, *expr.limits) if isinstance(expr, sp.Sum) else rest


def _replaced(expr: Expr, old: Expr, new: Expr) -> Expr:
    return transform(expr, lambda node: new if node == old else None)


def _other_entries(node: Expr, tensor: Tensor, graph: Graph) -> Iterator[tuple[str, Expr]]:
    """The transposed entry, a neighbour, or the same entry of another quantity of that shape."""
    name, own = entry_name(node) or "", entry_indices(node)
    if len(own) == 2 and own[0] != own[1]:
        yield "transposed entry", entry(name, own[1], own[0])
    for place in range(len(own)):
        for other in (*tensor.indices, sp.Integer(0)):
            if other != own[place]:
                yield "neighbour", entry(name, *own[:place], other, *own[place + 1 :])
    for quantity in (*graph.inputs, *graph.definitions):
        if quantity != name and len(graph.shape(quantity)) == len(own):
            yield "other quantity", entry(quantity, *own)
