"""Theorems at concrete sizes before the scalar prover, entry by entry; inequalities by what shows their sign."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import sympy as sp

from symbackprop.model.graph import Graph, Relation
from symbackprop.proof.instances import put_in, solve_linear, unsolved
from symbackprop.proof.limits import Budget, Undecided
from symbackprop.proof.scalar.form import ScalarProver
from symbackprop.proof.verdict import Condition
from symbackprop.tensor.indices import free_indices, transform
from symbackprop.tensor.instantiate import positions
from symbackprop.tensor.nodes import Expr, Partial, adjoint_parts, entry, entry_indices, entry_name, extent, is_adjoint
from symbackprop.tensor.tensor import Tensor, axes

from .bounds import shows
from .written_out import WrittenOut, for_prover

# Entries of one condition that are told to the prover.
MOST_CONDITIONS = 64


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether every entry is proved; why not, otherwise. What is `empty` says nothing: there is nothing to prove."""

    proved: bool
    reason: str = ""
    entries: int = 0
    empty: bool = False


class Empty(Exception):
    """At this size an assumption holds nowhere or a part has no value: the standard deviation of one number."""


def size_choices(names: Sequence[str]) -> list[dict[str, int]]:
    """Sizes 1, 2, 3 for each name, pairwise distinct as far as three numbers go, so that no two are confused."""
    return [{name: 1 + (k + shift) % 3 for k, name in enumerate(names)} for shift in range(3)]


def prove_instance(
    relation: Relation,
    graph: Graph,
    sizes: Mapping[str, int],
    conditions: Sequence[Condition] = (),
    budget: Budget = Budget(),
    form: Tensor | None = None,
) -> Answer:
    """The scalar prover on every entry of a relation at these sizes, under the assumptions and conditions.

    Of an inequality `a <= b` it proves `b - a == form`, and the form, written out, has to show that it is not negative.

    Raises: NotSupportedError for what is too large to be written out; GraphError for what has no instance.
    """
    try:
        return _prove(relation, graph, sizes, conditions, budget, form)
    except Empty as error:
        return Answer(False, str(error), empty=True)


def _prove(
    relation: Relation,
    graph: Graph,
    sizes: Mapping[str, int],
    conditions: Sequence[Condition],
    budget: Budget,
    form: Tensor | None,
) -> Answer:
    write = WrittenOut(graph, sizes)
    equations = _equations(write, graph)
    solved = solve_linear(equations)
    prover = ScalarProver(
        positive=_known(write, graph, conditions, solved, "> 0"),
        nonzero=_known(write, graph, conditions, solved, "!= 0"),
        equations=unsolved(equations, solved),
        budget=budget,
    )
    entries = 0
    for position in positions(relation.left.shape, sizes):
        at = dict(zip(relation.left.indices, position, strict=True))
        gap = write.scalar(relation.left.expr, at) - write.scalar(relation.right.expr, at)
        if relation.comparison != "==":
            if form is None:
                return Answer(False, "nothing is known that shows the sign of the difference")
            shown = write.scalar(form.expr, dict(zip(form.indices, position, strict=True)))
            if not shows(for_prover(shown), strict="=" not in relation.comparison):
                return Answer(False, f"entry {position}: {shown} does not show its sign")
            gap = (gap if relation.comparison.startswith(">") else -gap) - shown
        difference = for_prover(put_in(gap, solved))
        if difference.has(sp.nan, sp.zoo):
            raise Empty(f"entry {position} has no value")
        try:
            if not prover.is_zero(difference):
                return Answer(False, f"entry {position}: the difference is not zero in normal form")
        except Undecided as error:
            return Answer(False, f"entry {position}: {error.reason}")
        entries += 1
    return Answer(True, entries=entries)


def with_partials(expr: Expr) -> Expr:
    """`expr` with each quantity named d(f, v) as the derivative that it is."""

    def rule(node: Expr) -> Expr | None:
        name = entry_name(node) or ""
        if not is_adjoint(name):
            return None
        f, v = adjoint_parts(name)
        return Partial(entry(f), entry(v, *entry_indices(node)))

    return transform(expr, rule)


def adjoint_relation(loss: str, name: str, tensor: Tensor) -> Relation:
    """∂loss/∂name = tensor, every adjoint in the tensor as a derivative."""
    left = Tensor(Partial(entry(loss), entry(name, *axes(tensor.shape))), tensor.shape)
    right = Tensor(with_partials(tensor.expr), tensor.shape)
    return Relation(name=name, formula=f"d({loss}, {name})", left=left, comparison="==", right=right)


def _equations(write: WrittenOut, graph: Graph) -> list[Expr]:
    """What the assumed equations say is 0. Raises: Empty for a number that is not."""
    found = []
    for assumption in graph.assumptions:
        if assumption.comparison == "==":
            gap = Tensor(assumption.left.expr - assumption.right.expr, assumption.left.shape)
            places = (dict(zip(gap.indices, at, strict=True)) for at in positions(gap.shape, write.sizes))
            found += [for_prover(write.scalar(gap.expr, at)) for at in places]
    for equation in found:
        if equation.is_number and equation != 0:
            raise Empty(f"{equation} = 0 is assumed")
    return [equation for equation in found if equation != 0]


def _known(
    write: WrittenOut,
    graph: Graph,
    conditions: Sequence[Condition],
    solved: Sequence[tuple[Expr, Expr]],
    relation: str,
) -> frozenset[Expr]:
    """What is assumed or was listed with the theorem to be > 0, or != 0, entry by entry. Raises: Empty if it is not."""
    exprs = [c.expr for c in conditions if c.relation == relation]
    if relation == "> 0":
        exprs += [a.left.expr - a.right.expr for a in graph.assumptions if a.comparison == ">"]
    found = set()
    for expr in exprs:
        free = sorted(free_indices(expr), key=str)
        for at in islice(positions(tuple(map(extent, free)), write.sizes), MOST_CONDITIONS):
            value = for_prover(put_in(write.scalar(expr, dict(zip(free, at, strict=True))), solved))
            if value.has(sp.nan, sp.zoo) or (value.is_Rational and not (value > 0 or (relation == "!= 0" and value))):
                raise Empty(f"{value} {relation} is assumed")
            found.add(value)
    return frozenset(value for value in found if value.free_symbols)
