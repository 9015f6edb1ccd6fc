"""One statement before the provers and before the oracle, and what follows from both answers."""

from dataclasses import dataclass
from unittest.mock import patch

from symbackprop.errors import SymbackpropError
from symbackprop.proof import attempt
from symbackprop.proof.limits import Budget, Clock
from symbackprop.proof.points.refutation import Agreement
from symbackprop.proof.verdict import Condition, Kind
from symbackprop.proof.verify import verify

from .instances import Answer, prove_instance
from .oracle import examine, gap_at
from .statements import Statement

BUDGET = Budget(terms=20_000, seconds=120)
ALONE = Budget(terms=4_000, seconds=0.5)
# At a point that was printed in full, numbers that differ by more than rounding do differ.
APART, TOGETHER = 1e-9, 1e-12
# What a search for counterexamples says that has not looked.
NO_POINTS = Agreement(agreeing=0, unknown=0, undefined=0, unsampled=0, witness=None)
ENOUGH = 3  # points at which both sides agree, for the oracle to take an equation for true

DIFFERS, AGREES, UNKNOWN = "differs", "agrees", "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What was asked (`kind` of mistake, or the laws of a rewriting), what is true, and what the prover says."""

    kind: str
    statement: Statement
    truth: str
    verdict: Kind
    reason: str = ""
    empty: bool = False
    conditions: tuple[Condition, ...] = ()
    confirmed: bool = True

    @property
    def false_proof(self) -> bool:
        """The one thing that must never be."""
        return self.verdict is Kind.PROVED and self.truth == DIFFERS

    @property
    def false_refutation(self) -> bool:
        """A counterexample at which both sides seem to be equal, as they are everywhere else."""
        return self.verdict is Kind.REFUTED and not self.confirmed and self.truth != DIFFERS


def judge(kind: str, statement: Statement, budget: Budget = BUDGET) -> Outcome:
    """The verdict on an equation beside the oracle's answer; the point that comes with it is evaluated anew."""
    finding = examine(statement)
    verdict = verify(statement.relation, statement.graph, budget=budget)
    gap = gap_at(statement, verdict.witness) if verdict.witness else None
    apart = gap is not None and gap > APART
    truth = DIFFERS if finding.differs or apart else AGREES if finding.agreeing >= ENOUGH else UNKNOWN
    confirmed = verdict.kind is not Kind.REFUTED or gap is None or gap > TOGETHER
    return Outcome(
        kind=kind,
        statement=statement,
        truth=truth,
        verdict=verdict.kind,
        reason=verdict.reason,
        conditions=verdict.conditions,
        confirmed=confirmed,
    )


def judge_alone(kind: str, statement: Statement, budget: Budget = ALONE) -> Outcome:
    """As `judge`, but the prover is asked without the help of points, which would hide what it does with a mistake."""
    finding = examine(statement)
    truth = DIFFERS if finding.differs else AGREES if finding.agreeing >= ENOUGH else UNKNOWN
    with patch.object(attempt, "refute", lambda *_, **__: NO_POINTS):
        found = attempt.prove(statement.relation, statement.graph, Clock(budget), attempt.vanishes)
    verdict = Kind.PROVED if found.proved else Kind.UNDECIDED
    return Outcome(kind=kind, statement=statement, truth=truth, verdict=verdict, reason=found.reason)


def judge_scalars(kind: str, statement: Statement, budget: Budget = ALONE) -> Outcome:
    """As `judge_alone`, for a statement about concrete sizes before the scalar prover: every entry, written out."""
    finding = examine(statement)
    truth = DIFFERS if finding.differs else AGREES if finding.agreeing >= ENOUGH else UNKNOWN
    try:
        answer = prove_instance(statement.relation, statement.graph, {}, budget=budget)
    except SymbackpropError as error:
        answer = Answer(False, str(error))
    verdict = Kind.PROVED if answer.proved else Kind.UNDECIDED
    return Outcome(kind=kind, statement=statement, truth=truth, verdict=verdict, reason=answer.reason)
