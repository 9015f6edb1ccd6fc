"""Theorems at concrete sizes: both sides written out entry by entry, derivatives by `sympy.diff`, the scalar prover.

What is shared with the proof for all sizes is the reader of formulas; not its calculus, not its normal form, not its
way from definition to definition.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from random import Random
from typing import Any

import sympy as sp

from symbackprop.catalogue.activations import unfold
from symbackprop.derivation.instance import compose
from symbackprop.model.graph import Graph, Relation
from symbackprop.proof.instances import _solved
from symbackprop.proof.limits import Budget, Undecided
from symbackprop.proof.scalar.form import ScalarProver
from symbackprop.proof.verdict import Condition
from symbackprop.tensor.indices import free_indices, transform
from symbackprop.tensor.instantiate import Instantiation, Position, entry_symbol, positions
from symbackprop.tensor.nodes import (
    Elementwise,
    Expr,
    IsZero,
    Partial,
    Positive,
    entry,
    entry_indices,
    entry_name,
    extent,
)
from symbackprop.tensor.tensor import Tensor, axes

ENTRIES = 4  # of one equation that are proved at one choice of sizes
MAX_NODES = 3_000


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
        return self.value(unfold(tensor.expr), dict(zip(tensor.indices, at, strict=True)))

    def scalar(self, expr: Expr, at: Mapping[Expr, int], keep: str = "") -> Expr:
        """Raises: NotSupportedError when it grows too large to be worth the wait."""
        return compose(self.value(unfold(expr), at), self.table(keep), MAX_NODES)

    def _new_value(self, expr: Expr, at: Mapping[Expr, int]) -> Expr:
        if isinstance(expr, Elementwise):
            return opaque(expr.func.function, expr.func.order)(self.value(expr.args[0], at))
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


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether every sampled entry is proved; why not, otherwise."""

    proved: bool
    reason: str = ""
    entries: int = 0


def size_choices(names: Sequence[str]) -> list[dict[str, int]]:
    """Sizes 1, 2, 3 for each name, pairwise distinct as far as three numbers go, so that no two are confused."""
    return [{name: 1 + (k + shift) % 3 for k, name in enumerate(names)} for shift in range(3)]


def prove_instance(
    relation: Relation,
    graph: Graph,
    sizes: Mapping[str, int],
    conditions: Sequence[Condition] = (),
    budget: Budget = Budget(),
    entries: int = ENTRIES,
) -> Answer:
    """The scalar prover on so many entries of `left == right` at these sizes, under the assumptions and conditions.

    Raises: NotSupportedError when the instance is too large; GraphError when an index is beyond its size.
    """
    write = WrittenOut(graph, sizes)
    solved = _solved(_equations(write, graph))
    positive, nonzero = (
        frozenset(expr.xreplace(dict(solved)) for expr in _conditions(write, graph, conditions, relations))
        for relations in (("> 0",), ("!= 0",))
    )
    prover = ScalarProver(
        positive=frozenset(e for e in positive if e.free_symbols),
        nonzero=frozenset(e for e in nonzero if e.free_symbols),
        budget=budget,
    )
    chosen = _sample(list(positions(relation.left.shape, sizes)), entries)
    for position in chosen:
        at = dict(zip(relation.left.indices, position, strict=True))
        left, right = (write.scalar(side.expr, at) for side in (relation.left, relation.right))
        difference = left - right
        for symbol, value in solved:
            difference = difference.xreplace({symbol: value})
        try:
            if not prover.is_zero(for_prover(difference)):
                return Answer(False, f"entry {position}: the difference is not zero in normal form")
        except Undecided as error:
            return Answer(False, f"entry {position}: {error.reason}")
    return Answer(True, entries=len(chosen))


def with_partials(expr: Expr) -> Expr:
    """`expr` with each quantity named d(f, v) as the derivative that it is."""

    def rule(node: Expr) -> Expr | None:
        name = entry_name(node) or ""
        if not name.startswith("d("):
            return None
        f, v = name[2:-1].split(", ")
        return Partial(entry(f), entry(v, *entry_indices(node)))

    return transform(expr, rule)


def adjoint_relation(loss: str, name: str, tensor: Tensor) -> Relation:
    """∂loss/∂name = tensor, every adjoint in the tensor as a derivative."""
    left = Tensor(Partial(entry(loss), entry(name, *axes(tensor.shape))), tensor.shape)
    right = Tensor(with_partials(tensor.expr), tensor.shape)
    return Relation(name=name, formula=f"d({loss}, {name})", left=left, comparison="==", right=right)


def _sample(all_positions: list[Position], entries: int) -> list[Position]:
    """The first, the last and some others."""
    if len(all_positions) <= entries:
        return all_positions
    inner = Random(len(all_positions)).sample(all_positions[1:-1], entries - 2)
    return [all_positions[0], *inner, all_positions[-1]]


def _equations(write: WrittenOut, graph: Graph) -> list[Expr]:
    found = []
    for assumption in graph.assumptions:
        if assumption.comparison == "==":
            gap = Tensor(assumption.left.expr - assumption.right.expr, assumption.left.shape)
            places = (dict(zip(gap.indices, at, strict=True)) for at in positions(gap.shape, write.sizes))
            found += [for_prover(write.scalar(gap.expr, at)) for at in places]
    return [equation for equation in found if equation != 0]


def _conditions(
    write: WrittenOut, graph: Graph, conditions: Sequence[Condition], relations: tuple[str, ...]
) -> list[Expr]:
    """What is assumed or was listed with the theorem, entry by entry."""
    exprs = [c.expr for c in conditions if c.relation in relations]
    if "> 0" in relations:
        exprs += [a.left.expr - a.right.expr for a in graph.assumptions if a.comparison == ">"]
    found = []
    for expr in exprs:
        free = sorted(free_indices(expr), key=str)
        for at in islice(positions(tuple(map(extent, free)), write.sizes), 64):
            where = dict(zip(free, at, strict=True))
            found.append(for_prover(write.scalar(expr, where)))
    return found
