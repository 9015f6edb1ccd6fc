"""From an attempt to a verdict: a witness for what is proved, a counterexample for what is not, or why neither."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from symbackprop.model.graph import Graph, Relation
from symbackprop.proof.attempt import Attempt, prove, vanishes
from symbackprop.proof.conditions import excluded
from symbackprop.proof.domain import as_relations
from symbackprop.proof.limits import Budget, Clock, Undecided
from symbackprop.proof.points.modular import probably_equal
from symbackprop.proof.points.refutation import Agreement, Counterexample, refute, witness
from symbackprop.proof.points.replay import replay
from symbackprop.proof.verdict import MAX_NUMBERS, Condition, Kind, Verdict, numbers_in
from symbackprop.tensor.tensor import Tensor

METHOD = "index normal form"
BY_POINT = "ball arithmetic, replayed in interval arithmetic"
# Points of a search for a counterexample, and of one at given sizes.
ATTEMPTS, FEW_ATTEMPTS = 24, 2


def settle(relation: Relation, graph: Graph, attempt: Attempt, budget: Budget) -> Verdict:
    """The verdict after an attempt to prove: a witness for a theorem, a counterexample for what was not proved."""
    if attempt.proved:
        return with_witness(relation, graph, attempt, budget)
    found = counterexample(relation, graph, budget)
    if isinstance(found, Counterexample):
        return Verdict(kind=Kind.REFUTED, method=BY_POINT, witness=found.as_dict())
    return undecided(relation, graph, attempt.reason, found, budget)


def counterexample(relation: Relation, graph: Graph, budget: Budget) -> Counterexample | Agreement:
    """A counterexample that a second evaluator has confirmed, or what was found instead.

    In the place of one with more numbers than a line shows, one with smaller sizes, where there is one: layers of one
    neuron are what a reader can follow.
    """
    found = _counterexample(relation, graph, budget)
    if isinstance(found, Counterexample) and numbers_in(found.as_dict()) > MAX_NUMBERS:
        for name in sorted(found.sizes):
            for number in range(1, found.sizes[name]):
                smaller = _counterexample(relation, graph, budget, sizes={**found.sizes, name: number})
                if isinstance(smaller, Counterexample) and (found.at_kink or not smaller.at_kink):
                    found = smaller
                    break
    return found


def _counterexample(
    relation: Relation, graph: Graph, budget: Budget, sizes: Mapping[str, int] | None = None
) -> Counterexample | Agreement:
    """With `sizes`, only few points are tried."""
    clock = _clock_for_points(budget)

    def search(assumptions: tuple[Relation, ...]) -> Counterexample | Agreement:
        def doubt(found: Counterexample) -> str:
            return replay(relation, graph, found, assumptions, _clock_for_points(budget))

        return refute(
            relation,
            graph,
            attempts=ATTEMPTS if sizes is None else FEW_ATTEMPTS,
            assumptions=assumptions,
            clock=clock,
            doubt=doubt,
            sizes=sizes,
        )

    outside = as_relations(excluded(relation, graph))
    found = search((*graph.assumptions, *outside))
    if isinstance(found, Agreement) and not found.agreeing and found.unsampled > found.too_large:
        found = search((*_without_theorems(graph, clock), *outside))
    return found


def undecided(relation: Relation, graph: Graph, reason: str, found: Agreement, budget: Budget) -> Verdict:
    """UNDECIDED, with all that is known."""
    return Verdict(kind=Kind.UNDECIDED, method=METHOD, reason=f"{reason}; {_explain(relation, graph, found, budget)}")


def _explain(relation: Relation, graph: Graph, found: Agreement, budget: Budget) -> str:
    if found.doubt:
        return f"a point seemed to be a counterexample, but a second evaluation of it says: {found.doubt}"
    stopped = f"; {found.stopped}" if found.stopped else ""
    if found.agreeing and (likely := probably_equal(relation, graph, _clock_for_points(budget))):
        return f"{likely}, and {found.agreeing} certified evaluations agree, which is no proof{stopped}"
    if found.agreeing:
        return f"{found.agreeing} certified evaluations agree, which is no proof{stopped}"
    if found.stopped:
        return f"no counterexample was found: {found.stopped}"
    if found.too_large:
        return "there is too much to evaluate at a point"
    if found.unsampled and not found.undefined and not found.unknown:
        return f"none of {found.unsampled} samples met the assumptions"
    return "no point was found at which both sides could be evaluated"


def with_witness(relation: Relation, graph: Graph, attempt: Attempt, budget: Budget) -> Verdict:
    """PROVED, if there is a point at which everything that was assumed holds; otherwise the theorem may be vacuous."""
    try:
        return proved(attempt, find_witness(relation, graph, attempt.conditions, budget))
    except Undecided as error:
        return Verdict(kind=Kind.UNDECIDED, method=METHOD, reason=error.reason)


def find_witness(
    relation: Relation,
    graph: Graph,
    conditions: Iterable[Condition],
    budget: Budget,
    adjoints: Mapping[str, Tensor] | None = None,
) -> dict[str, object] | None:
    """A point at which the assumptions and conditions hold and both sides are defined; None if none is found.

    Raises: Undecided when the relation fails at such a point.
    """
    clock, needed = _clock_for_points(budget), as_relations(conditions)
    point = witness(relation, graph, assumptions=(*graph.assumptions, *needed), adjoints=adjoints, clock=clock)
    if point is None and any(a.comparison == "==" for a in graph.assumptions):
        theorems_aside = _without_theorems(graph, clock)
        point = witness(relation, graph, assumptions=(*theorems_aside, *needed), adjoints=adjoints, clock=clock)
    return point


def _without_theorems(graph: Graph, clock: Clock) -> tuple[Relation, ...]:
    """The assumptions without the assumed equations that are theorems: Σ softmax(z) = 1 holds at no point but exactly.

    What such a theorem needs is assumed in its place.
    """
    bare = replace(graph, assumptions=tuple(a for a in graph.assumptions if a.comparison != "=="))
    kept: list[Relation] = []
    share = Clock(clock.budget.part(1 / 8), clock)
    for assumption in graph.assumptions:
        attempt = prove(assumption, bare, share, vanishes) if assumption.comparison == "==" else None
        kept += as_relations(attempt.conditions) if attempt is not None and attempt.proved else [assumption]
    return tuple(kept)


def _clock_for_points(budget: Budget) -> Clock:
    return Clock(budget.part(1 / 2))


def proved(attempt: Attempt, point: Mapping[str, object] | None) -> Verdict:
    """PROVED with its witness; UNDECIDED without one."""
    if point is None:
        reason = "proved, but no point was found at which all that is assumed holds and both sides are defined"
        return Verdict(kind=Kind.UNDECIDED, method=METHOD, reason=reason)
    return Verdict(
        kind=Kind.PROVED,
        method=METHOD,
        obligations=1,
        assumptions=attempt.assumptions,
        conditions=attempt.conditions,
        witness=point,
    )
