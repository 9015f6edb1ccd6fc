"""Mutants of true statements: none that differs is proved, nearly all are refuted, and the rest is known by name."""

from collections import Counter

import pytest
from campaign.expected import expected, surprises
from campaign.figures import LEAST_FALSE, LEAST_REFUTED, MUTANTS_MADE
from campaign.judge import AGREES, DIFFERS
from campaign.mutate import KINDS, NO_CONDITION
from campaign.outcomes import outcomes
from campaign.run import MUTANTS, Tally, tally, unjudged
from campaign.statements import ALL_SIZES, CONCRETE, Statement, own

from symbackprop.proof.verdict import Kind
from symbackprop.proof.verify import verify


def counted(group: str) -> Tally:
    return tally(outcomes(MUTANTS, group, MUTANTS_MADE[group]))


@pytest.mark.parametrize("statement", own(), ids=lambda statement: statement.id)
def test_what_mutants_are_made_of_is_proved(statement: Statement) -> None:
    """Otherwise they would show nothing."""
    assert verify(statement.relation, statement.graph).proved


@pytest.mark.parametrize("group", [CONCRETE, ALL_SIZES])
def test_no_mutant_that_differs_is_proved(group: str) -> None:
    assert [str(outcome.statement) for outcome in counted(group).false_proofs] == []


@pytest.mark.parametrize("group", [CONCRETE, ALL_SIZES])
def test_every_counterexample_is_one(group: str) -> None:
    """The oracle evaluates both sides at the point of each refutation."""
    assert [str(outcome.statement) for outcome in counted(group).false_refutations] == []


@pytest.mark.parametrize("group", [CONCRETE, ALL_SIZES])
def test_mutants_are_many_and_nearly_all_refuted(group: str) -> None:
    found = counted(group)
    assert found.differing >= LEAST_FALSE[group]
    assert found.refuted >= LEAST_REFUTED * found.differing


def test_what_is_undecided_is_listed() -> None:
    """What is false, and what the oracle cannot tell."""
    every = (o for group in MUTANTS_MADE for o in outcomes(MUTANTS, group, MUTANTS_MADE[group]))
    assert surprises("mutants", (o for o in every if o.verdict is Kind.UNDECIDED and o.truth != AGREES)) == []
    assert all(expected("mutants").values())


@pytest.mark.parametrize("group", [CONCRETE, ALL_SIZES])
def test_what_is_proved_after_a_mistake_is_known_to_be_true(group: str) -> None:
    assert unjudged(outcomes(MUTANTS, group, MUTANTS_MADE[group])) == []


def test_every_kind_of_mistake_is_made_often() -> None:
    every = [outcome for group in MUTANTS_MADE for outcome in outcomes(MUTANTS, group, MUTANTS_MADE[group])]
    made = Counter(outcome.kind for outcome in every if outcome.truth == DIFFERS)
    assert set(made) == {*KINDS, NO_CONDITION}
    assert min(made.values()) >= 10, made
