"""Tensors written out entry by entry as scalars, with derivatives by `sympy.diff` of what is written out.

What is shared with the proof for all sizes is the reader of formulas and the formulas of the catalogue; not a calculus,
not a normal form, not the way from definition to definition.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import sympy as sp

from symbackprop.catalogue.activations import is_defined
from symbackprop.catalogue.derivatives import definition
from symbackprop.derivation.instance import compose
from symbackprop.model.graph import Graph
from symbackprop.tensor.instantiate import Instantiation, Position, entry_symbol, positions
from symbackprop.tensor.nodes import Elementwise, Expr, IsZero, Partial, Positive, entry_indices, entry_name
from symbackprop.tensor.tensor import Tensor

MAX_NODES = 100_000


class Opaque(sp.Function):
    """A function that SymPy can differentiate: `order` times differentiated f, or an indicator, with slope 0."""

    is_real = True
    function: str
    order: int

    def fdiff(self, argindex: int = 1) -> Any:
        """f' with the same argument; 0 for an indicator."""
        return sp.Integer(0) if self.function in INDICATORS else opaque(self.function, self.order + 1)(*self.args)


INDICATORS: dict[str, Any] = {"positive": Positive, "is zero": IsZero}


@cache
def opaque(function: str, order: int = 0) -> Any:
    """The class of f, or of its derivative of that order."""
    return type(f"{function}_{order}", (Opaque,), {"function": function, "order": order, "nargs": 1})


def for_prover(expr: Expr) -> Expr:
    """Indicators as the prover knows them; f(u) as a symbol of its own, for what holds for every value of it."""
    if not expr.has(Opaque):
        return expr
    arguments = [for_prover(argument) for argument in expr.args]
    if not isinstance(expr, Opaque):
        return expr.func(*arguments)
    if expr.function in INDICATORS:
        return INDICATORS[expr.function](*arguments)
    return sp.Symbol(f"{expr.func.__name__}({sp.expand(arguments[0])})", real=True)


class WrittenOut(Instantiation):
    """Entries of tensors as scalars in the inputs; a total derivative is taken by SymPy of what is written out."""

    def __init__(self, graph: Graph, sizes: Mapping[str, int]) -> None:
        super().__init__(sizes)
        self.graph = graph
        self.tables: dict[str, dict[Expr, Expr]] = {}

    def table(self, keep: str) -> dict[Expr, Expr]:
        """Symbol -> value for each entry of each definition but `keep`."""
        if keep not in self.tables:
            self.tables[keep] = {
                entry_symbol(name, at): self.entry(definition.tensor, at)
                for name, definition in self.graph.definitions.items()
                if name != keep
                for at in positions(definition.tensor.shape, self.sizes)
            }
        return self.tables[keep]

    def entry(self, tensor: Tensor, at: Position) -> Expr:
        return self.value(tensor.expr, dict(zip(tensor.indices, at, strict=True)))

    def scalar(self, expr: Expr, at: Mapping[Expr, int], keep: str = "") -> Expr:
        """The entry in terms of inputs, and of `keep`.

        Raises: NotSupportedError when it grows too large to be worth the wait.
        """
        return compose(self.value(expr, at), self.table(keep), MAX_NODES)

    def _new_value(self, expr: Expr, at: Mapping[Expr, int]) -> Expr:
        if isinstance(expr, Elementwise):
            return self._function(expr.func.function, expr.func.order, [self.value(u, at) for u in expr.args])
        if isinstance(expr, Positive | IsZero):
            return opaque("positive" if isinstance(expr, Positive) else "is zero")(self.value(expr.args[0], at))
        if isinstance(expr, sp.sign):
            u = self.value(expr.args[0], at)
            return opaque("positive")(u) - opaque("positive")(-u)
        if not isinstance(expr, Partial):
            return super()._new_value(expr, at)
        f, v = expr.args
        name = entry_name(v) or ""
        symbol = entry_symbol(name, tuple(self._position(i, at) for i in entry_indices(v)))
        return sp.diff(self.scalar(f, at, keep=name), symbol)

    def _function(self, name: str, order: int, arguments: Sequence[Expr]) -> Expr:
        """f(u) by the formula of the catalogue, f'(u) by `sympy.diff` of it; an arbitrary f as it is."""
        if not is_defined(name):
            return opaque(name, order)(*arguments)
        formals, formula = definition(name)
        value = self.value(formula, {})
        for _ in range(order):
            value = sp.diff(value, formals[0])
        return value.xreplace(dict(zip(formals, arguments, strict=True)))
