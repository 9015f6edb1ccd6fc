"""Certificates: a PROVED as data, with the steps of a proof that `checker` replays.

The prover leaves no trail. Its verdict tells that there is a proof, under which conditions, and a point; the steps are
found anew by a normaliser which applies the laws of the checker and nothing else, in a few ways one after the other.
"""

from dataclasses import replace
from time import process_time
from typing import Any

from symbackprop.errors import NotSupportedError
from symbackprop.model.graph import Graph, Relation
from symbackprop.proof.certificate.elaborate import Elaborator
from symbackprop.proof.certificate.hints import Statement
from symbackprop.proof.certificate.normal import GiveUp
from symbackprop.proof.check import check
from symbackprop.proof.checker.statement import digest, text
from symbackprop.proof.checker.terms import Rejected
from symbackprop.proof.generalise import Generalisation
from symbackprop.proof.limits import Budget
from symbackprop.proof.settle import find_witness
from symbackprop.proof.verdict import Verdict

MOST_SECONDS = 20.0  # of the processor, for all ways together
SECONDS_EACH = 8.0


def certificate(relation: Relation, graph: Graph, verdict: Verdict) -> dict[str, Any]:
    """The certificate of a PROVED verdict on `relation`; the checker has accepted it.

    A statement about large concrete sizes is certified for all sizes in their place.

    Raises: NotSupportedError for another verdict, and where no certificate was found.
    """
    if not verdict.proved:
        raise NotSupportedError(f"{relation.formula}: only what is PROVED has a certificate, not {verdict.kind}")
    general = Generalisation(graph)
    if general.symbols and set(map(str, general.symbols.values())) & set(verdict.witness.get("sizes", {})):
        relation, graph = general.relation(relation), general.graph
        conditions = tuple(replace(condition, expr=general.expr(condition.expr)) for condition in verdict.conditions)
        verdict = replace(verdict, conditions=conditions)
    if not verdict.witness:
        point = find_witness(relation, graph, verdict.conditions, Budget())
        verdict = replace(verdict, witness=point or {})
    return _found(Statement(relation, graph, verdict))


def _found(statement: Statement) -> dict[str, Any]:
    """The first certificate that the checker accepts."""
    start, reason = process_time(), "no way was tried"
    if statement.relation.comparison == "!=":
        return _signed(statement.content)
    for hints in statement.hints():
        left = start + MOST_SECONDS - process_time()
        seconds = left if hints.get("as_written") else min(SECONDS_EACH, left)
        if seconds <= 0:
            break
        try:
            elaborator = Elaborator(statement.content, statement.compact, hints, seconds)
            return _signed(statement.content | {"steps": elaborator.proof()})
        except (GiveUp, Rejected, RecursionError) as error:
            reason = str(error) or type(error).__name__
    raise NotSupportedError(f"{statement.relation.formula}: proved, but no certificate was found: {reason}")


def _signed(content: dict[str, Any]) -> dict[str, Any]:
    """A certificate with text and digest, accepted by the checker.

    Raises: Rejected.
    """
    content = content | {"text": text(content)}
    made = content | {"digest": digest(content)}
    check(made)
    return made
