"""A sample of mutants of what the repository states: the catalogue, the derivation files, the steps of inductions."""

from collections import Counter
from functools import cache

import pytest
from campaign.expected import expected, surprises
from campaign.figures import LEAST_FALSE_OF_THEOREMS, LEAST_REFUTED, SEED, THEOREM_MUTANTS_MADE
from campaign.judge import AGREES, DIFFERS, Outcome
from campaign.mutate import KINDS, NO_CONDITION
from campaign.run import MUTANTS, run, tally, tasks, unjudged
from campaign.statements import ALL_SIZES, CONCRETE, any_depth, catalogue, derivations

from symbackprop.proof.verdict import Kind

SECTION = "mutants of theorems"


@cache
def outcomes(group: str) -> tuple[Outcome, ...]:
    theorems = (*derivations(), *any_depth(), *catalogue())
    found = []
    for result in run(tasks(MUTANTS, group, theorems, THEOREM_MUTANTS_MADE[group], SEED)):
        assert not result.failure, result.failure
        found += result.outcomes
    return tuple(found)


def every() -> tuple[Outcome, ...]:
    return (*outcomes(CONCRETE), *outcomes(ALL_SIZES))


@pytest.mark.parametrize("group", [CONCRETE, ALL_SIZES])
def test_no_mutant_that_differs_is_proved(group: str) -> None:
    found = tally(outcomes(group))
    assert [str(outcome.statement) for outcome in found.false_proofs] == []
    assert [str(outcome.statement) for outcome in found.false_refutations] == []
    assert unjudged(outcomes(group)) == []


def test_mutants_are_many_and_nearly_all_refuted() -> None:
    found = tally(every())
    assert found.differing >= LEAST_FALSE_OF_THEOREMS
    assert found.refuted >= LEAST_REFUTED * found.differing


def test_what_is_undecided_is_listed() -> None:
    """What is false, and what the oracle cannot tell."""
    undecided = (o for o in every() if o.verdict is Kind.UNDECIDED and o.truth != AGREES)
    assert surprises(SECTION, undecided) == []
    assert all(expected(SECTION).values())


def test_every_kind_of_mistake_is_made() -> None:
    made = Counter(outcome.kind for outcome in every() if outcome.truth == DIFFERS)
    assert set(made) == {*KINDS, NO_CONDITION}, made


def test_mutants_come_from_all_sources() -> None:
    """Evenly: no source is left out because another one comes first."""
    ids = [outcome.statement.id for outcome in every()]
    of_catalogue = sum(id_.startswith("identity/") for id_ in ids)
    assert of_catalogue / len(ids) == pytest.approx(len(catalogue()) / _theorems(), abs=0.1)
    assert {s.id for s in any_depth()} & set(ids)
    assert {s.id for s in derivations()} & set(ids)


def _theorems() -> int:
    return len(derivations()) + len(any_depth()) + len(catalogue())
