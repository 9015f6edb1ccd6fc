"""Claims about networks of any depth, by induction over the layers.

Each claim is reduced to finitely many obligations about a few layers, each an ordinary statement about an ordinary
graph and proved by `verify`. That they suffice is the argument in docs/proof.md, "Any depth"; it is all that is
trusted here. A counterexample always belongs to a whole network of some depth, never to a piece of one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Literal

from symbackprop.model.graph import Graph, Relation
from symbackprop.model.repeat.block import Repeat
from symbackprop.model.repeat.claims import DepthClaim, at_start, in_general, shared_base, shared_step, small_instances
from symbackprop.model.repeat.pieces import Piece, last_layers, unrolled
from symbackprop.model.repeat.places import Mention
from symbackprop.proof.conditions import asks_more_than_guards
from symbackprop.proof.domain import Domain, distinct
from symbackprop.proof.limits import Budget, Clock
from symbackprop.proof.points.refutation import Counterexample
from symbackprop.proof.settle import BY_POINT, counterexample
from symbackprop.proof.verdict import Condition, Kind, Verdict
from symbackprop.proof.verify import verify

COUNTEREXAMPLE = f"counterexample by {BY_POINT}"
Role = Literal["base", "step", "start", "instance"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Obligation:
    """One statement: the base of the induction, its step, or the start, about a piece of the network; or an instance
    `a != b`, about a whole network of small depth, which shows that `a == b` does not hold for all.
    """

    role: Role
    relation: Relation
    piece: Piece
    verdict: Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Induction:
    """The verdict on a claim for every depth, and the obligations that it rests on."""

    verdict: Verdict
    obligations: tuple[Obligation, ...] = ()


def prove_for_every_depth(repeat: Repeat, claim: DepthClaim, *, budget: Budget = Budget()) -> Induction:
    """The verdict on a claim about networks of every depth; on `a != b`, that `a == b` does not hold for all.

    PROVED: every obligation is proved, and so is the claim in a network of the smallest depth, which supplies the
    witness. REFUTED: a network of small depth is a counterexample. The budget is that of all obligations together.
    """
    if claim.comparison == "!=":
        return _difference(repeat, claim, budget)
    shared = replace(budget, within=Clock(budget))
    obligations = tuple(_obligations(repeat, claim, shared))
    reason = claim.obstacle or _first_failure(repeat, obligations)
    if not reason:
        return Induction(verdict=_with_witness(repeat, claim, obligations, shared), obligations=obligations)
    found = _counterexample(repeat, claim, budget)
    if found is not None:
        return Induction(verdict=replace(found.verdict, reason=reason), obligations=obligations)
    verdict = Verdict(kind=Kind.UNDECIDED, method=_method(repeat, claim), reason=f"no induction: {reason}")
    return Induction(verdict=verdict, obligations=obligations)


def _obligations(repeat: Repeat, claim: DepthClaim, budget: Budget) -> Iterator[Obligation]:
    """What has to be proved; nothing where no induction can be tried."""
    if claim.obstacle:
        return
    if claim.about == "shared":
        made: list[tuple[Role, Relation, Piece]] = [
            ("base", *shared_base(repeat, claim)[:2]),
            ("step", *shared_step(repeat, claim)[:2]),
        ]
    else:
        role: Role = "base" if claim.about == "end" else "step"
        made = [(role, *in_general(repeat, claim)[:2])]
        made += [("start", relation, piece) for relation, piece in at_start(repeat, claim)]
    for role, relation, piece in made:
        relation = replace(relation, comparison="==")
        verdict = verify(relation, piece.graph, budget=budget)
        yield Obligation(role=role, relation=relation, piece=piece, verdict=verdict)


def _first_failure(repeat: Repeat, obligations: tuple[Obligation, ...]) -> str:
    """Which obligation is not proved, and why; "" where all are."""
    for obligation in obligations:
        if not obligation.verdict.proved:
            what = "has a counterexample" if obligation.verdict.kind is Kind.REFUTED else "is undecided"
            reason = f": {obligation.verdict.reason}" if obligation.verdict.reason else ""
            return f"the {obligation.role} {what}{reason}"
    return ""


def _with_witness(repeat: Repeat, claim: DepthClaim, obligations: tuple[Obligation, ...], budget: Budget) -> Verdict:
    """PROVED, if the claim holds somewhere in a network of the smallest depth, which is proved once more by itself."""
    method = _method(repeat, claim)
    depth, number, relation, piece = next(small_instances(repeat, claim))
    instance = verify(replace(relation, comparison="=="), piece.graph, budget=budget)
    witness = _at_depth(repeat, claim, number, depth, instance.witness)
    if not instance.proved:
        reason = f"proved by induction, but not again in the network of depth {depth}: {instance.reason}"
        return replace(instance, witness=witness, reason=reason)
    return Verdict(
        kind=Kind.PROVED,
        method=method,
        obligations=sum(obligation.verdict.obligations for obligation in obligations),
        assumptions=tuple(dict.fromkeys(o.piece.assumed.get(a, a) for o in obligations for a in o.verdict.assumptions)),
        conditions=distinct(chain(*(o.verdict.conditions for o in obligations), _conditions(repeat))),
        witness=witness,
    )


def _at_depth(
    repeat: Repeat, claim: DepthClaim, number: int, depth: int, witness: Mapping[str, object]
) -> dict[str, object]:
    """The point with the number of layers, and the layer where there are several."""
    at = {repeat.indexing.count: depth} | ({repeat.indexing.index: number} if claim.about == "layer" else {})
    return {"depth": at, **witness}


def _conditions(repeat: Repeat) -> Iterator[Condition]:
    """Where the network is defined and differentiable: its last layer and what comes after it stand for all layers."""
    graph: Graph = last_layers(repeat, 1)[0].graph
    domain = Domain(graph)
    for definition in graph.definitions.values():
        yield from domain.conditions(definition.tensor, order=1)


def _counterexample(repeat: Repeat, claim: DepthClaim, budget: Budget) -> Induction | None:
    """REFUTED, by a network of small depth for which the equation fails; None where none is found."""
    shared = replace(budget, within=Clock(budget.part(1 / 2)))
    for depth, number, relation, piece in small_instances(repeat, claim):
        found = counterexample(replace(relation, comparison="=="), piece.graph, shared)
        if isinstance(found, Counterexample):
            difference = replace(relation, comparison="!=")
            shown = Verdict(kind=Kind.PROVED, method=COUNTEREXAMPLE, witness=found.as_dict())
            instance = Obligation(role="instance", relation=difference, piece=piece, verdict=shown)
            witness = _at_depth(repeat, claim, number, depth, found.as_dict())
            verdict = Verdict(kind=Kind.REFUTED, method=BY_POINT, witness=witness)
            return Induction(verdict=verdict, obligations=(instance,))
    return None


def as_written(repeat: Repeat, verdict: Verdict) -> Verdict:
    """The verdict, its point with the names of the file from the first layer to the last: W[1] for W_1."""
    if "depth" not in verdict.witness:
        return verdict
    places = unrolled(repeat, verdict.witness["depth"][repeat.indexing.count])[0].places

    def renamed(entries: Mapping[str, Any]) -> dict[str, Any]:
        last = len(places)
        ordered = sorted(entries, key=lambda code: places[code].place.offset if code in places else last)
        return {_written(code, places): entries[code] for code in ordered}

    point = {key: renamed(verdict.witness[key]) for key in ("sizes", "values")}
    return replace(verdict, witness={**verdict.witness, **point})


def _written(code: str, places: Mapping[str, Mention]) -> str:
    return f"{places[code].name}[{places[code].place.offset}]" if code in places else code


def _difference(repeat: Repeat, claim: DepthClaim, budget: Budget) -> Induction:
    """`a != b` claims that a == b does not hold in every network; one counterexample proves it."""
    found = _counterexample(repeat, claim, budget)
    if found is not None:
        return replace(found, verdict=replace(found.verdict, kind=Kind.PROVED, method=COUNTEREXAMPLE))
    induction = prove_for_every_depth(repeat, replace(claim, comparison="=="), budget=budget)
    if not induction.verdict.proved:
        return induction
    for obligation in induction.obligations:
        graph = obligation.piece.graph
        if asks_more_than_guards(obligation.relation, graph, True):
            difference = replace(obligation.relation, comparison="!=")
            verdict = verify(difference, graph, budget=budget)
            if verdict.kind is Kind.UNDECIDED:
                return replace(induction, verdict=verdict)
    return replace(induction, verdict=replace(induction.verdict, kind=Kind.REFUTED, reason="the two sides are equal"))


def _method(repeat: Repeat, claim: DepthClaim) -> str:
    """induction over l: base, step"""
    roles = {"shared": "base, step", "end": "base"}.get(claim.about, "step") + (", start" if claim.at_start else "")
    return f"induction over {repeat.indexing.index}: {roles}"
