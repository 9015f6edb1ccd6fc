"""Conditions below guards: [t > 0] √s has a value for s < 0 too, where t <= 0, and a proof must not rely on s >= 0.

A normal form notes s >= 0 for every √s that it meets, below a guard or not. So what was shown with the help of such a
condition is tried at points that do not meet it.
"""

from collections.abc import Iterator
from dataclasses import replace

from symbackprop.model.graph import Graph, Relation
from symbackprop.proof.attempt import Attempt
from symbackprop.proof.conditions import needs_below_guards
from symbackprop.proof.domain import as_relations
from symbackprop.proof.limits import Budget
from symbackprop.proof.points.refutation import Counterexample
from symbackprop.proof.settle import counterexample

# How a condition can fail.
OPPOSITE = {"> 0": ("== 0", "< 0"), ">= 0": ("< 0",), "!= 0": ("== 0",)}
# The share of the time of each search at points that fail one condition.
SHARE = 1 / 8


def tried_beyond_guards(relation: Relation, graph: Graph, attempt: Attempt, budget: Budget) -> Attempt:
    """The attempt, or one that has not proved anything where a point contradicts it, or seems to."""
    if not (attempt.proved and attempt.conditional and needs_below_guards(relation, graph)):
        return attempt
    for points in _searched(graph, attempt):
        found = counterexample(relation, points, budget if points is graph else budget.part(SHARE))
        if isinstance(found, Counterexample) or found.doubt:
            return replace(attempt, proved=False, reason=f"the relation is shown {more_than_asked(attempt)}")
    return attempt


def _searched(graph: Graph, attempt: Attempt) -> Iterator[Graph]:
    """The graph, and with each condition of the proof assumed to fail, in each of the ways in which it can."""
    yield graph
    failing = (
        replace(condition, relation=opposite)
        for condition in attempt.conditions
        if condition.why != "kink"  # which is excluded anyway
        for opposite in OPPOSITE[condition.relation]
    )
    for relation in as_relations(failing):
        yield replace(graph, assumptions=(*graph.assumptions, relation))


def more_than_asked(attempt: Attempt) -> str:
    """Where a relation was shown to hold, for a message."""
    where = ", ".join(map(str, attempt.conditions))
    return f"where {where}, which is more than a guard asks for"
