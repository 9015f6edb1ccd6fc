"""Large concrete sizes as symbols: what holds for all sizes holds for 784.

A proof does not depend on the size of an axis, but a witness of a statement about 784 inputs needs 784 numbers. So a
statement about large sizes is first tried as the instance of a statement about all sizes, with a witness of that one.
"""

from collections.abc import Mapping
from dataclasses import replace

import sympy as sp

from symbackprop.model.graph import Definition, Graph, Relation, names_in
from symbackprop.proof.verdict import Verdict
from symbackprop.tensor.indices import bind, children, rebuild
from symbackprop.tensor.nodes import Expr, extent, index, size
from symbackprop.tensor.tensor import Tensor

# Up to this size the points at which statements are tried and witnessed are small anyway.
SMALL = 6


class Generalisation:
    """A graph with each large concrete size replaced by a symbol; equal sizes by the same symbol."""

    def __init__(self, graph: Graph) -> None:
        shapes = [*graph.inputs.values(), *(d.tensor.shape for d in graph.definitions.values())]
        large = sorted({int(axis) for shape in shapes for axis in shape if axis.is_Integer and axis > SMALL})
        taken = {*graph.inputs, *graph.definitions, *graph.sizes(), *graph.functions}
        self.symbols: dict[Expr, Expr] = {}
        for number in large:
            name = f"n{number}"
            while name in taken:
                name += "_"
            self.symbols[sp.Integer(number)] = size(name)
        self.graph = self._graph(graph) if self.symbols else graph

    def _graph(self, graph: Graph) -> Graph:
        return Graph(
            inputs={name: self.shape(shape) for name, shape in graph.inputs.items()},
            definitions={
                name: Definition(name=name, tensor=self.tensor(d.tensor), formula=d.formula)
                for name, d in graph.definitions.items()
            },
            functions=graph.functions,
            assumptions=tuple(map(self.relation, graph.assumptions)),
        )

    def shape(self, shape: tuple[Expr, ...]) -> tuple[Expr, ...]:
        return tuple(self.symbols.get(axis, axis) for axis in shape)

    def expr(self, expr: Expr) -> Expr:
        """`expr` with the ranges of its indices generalised; numbers that stand as values stay."""
        return _with_ranges(expr, self.symbols)

    def tensor(self, tensor: Tensor) -> Tensor:
        return Tensor(self.expr(tensor.expr), self.shape(tensor.shape), tuple(map(self.expr, tensor.needs)))

    def relation(self, relation: Relation) -> Relation:
        return replace(relation, left=self.tensor(relation.left), right=self.tensor(relation.right))

    def instance(self, verdict: Verdict) -> Verdict | None:
        """The verdict on the statement about the concrete sizes, from one that is proved for all sizes.

        None if one of its conditions does not hold, or is not known to hold, at these sizes whatever the values.
        """
        numbers = {symbol: number for number, symbol in self.symbols.items()}
        conditions = []
        for condition in verdict.conditions:
            expr = _with_ranges(condition.expr, numbers).xreplace(numbers)
            if names_in(expr):
                conditions.append(replace(condition, expr=expr))
            elif not _holds(expr, condition.relation):
                return None
        return replace(verdict, method=f"{verdict.method}, as an instance of all sizes", conditions=tuple(conditions))

    def of_assumptions(self, graph: Graph) -> bool:
        """Whether an assumption speaks of a generalised size, so that it may contradict itself at this one alone."""
        return self.graph.assumptions != graph.assumptions


def _holds(number: Expr, relation: str) -> bool:
    """Whether a number stands in this relation to 0; no for what is not written out as a rational number."""
    signs = {"!= 0": number != 0, "> 0": number > 0, ">= 0": number >= 0} if number.is_Rational else {}
    return bool(signs.get(relation, False))


def _with_ranges(expr: Expr, extents: Mapping[Expr, Expr]) -> Expr:
    """`expr` with every index, free or bound, over the new range of its size."""
    if isinstance(expr, sp.Idx):
        return index(str(expr.label), extents.get(extent(expr), extent(expr)))
    if isinstance(expr, sp.Sum):
        bound = [_with_ranges(limit[0], extents) for limit in expr.limits]
        return bind(_with_ranges(expr.function, extents), ((i, 0, extent(i) - 1) for i in bound))
    if isinstance(expr, sp.Indexed):
        return expr.func(expr.base, *(_with_ranges(i, extents) for i in expr.indices))
    parts = children(expr)
    return rebuild(expr, (_with_ranges(part, extents) for part in parts)) if parts else expr
