"""Statements rewritten by laws of algebra: all of them are proved."""

from collections import Counter
from functools import cache

import pytest
from campaign.expected import expected, surprises
from campaign.figures import LEAST_REWRITES, REWRITES_MADE, SEED
from campaign.judge import DIFFERS, Outcome
from campaign.laws import LAWS
from campaign.run import REWRITES, run, tasks, unjudged
from campaign.statements import ALL_SIZES, CONCRETE, own

from symbackprop.proof.verdict import Kind


@cache
def outcomes(group: str) -> tuple[Outcome, ...]:
    found = []
    for result in run(tasks(REWRITES, group, own(), REWRITES_MADE[group], SEED)):
        assert not result.failure, result.failure
        found += result.outcomes
    return tuple(found)


@pytest.mark.parametrize("group", [CONCRETE, ALL_SIZES])
def test_no_law_makes_a_false_statement(group: str) -> None:
    """Otherwise it would be no law, and the test below would ask for a false proof."""
    assert [str(outcome.statement) for outcome in outcomes(group) if outcome.truth == DIFFERS] == []


def test_every_rewritten_statement_is_proved() -> None:
    every = [outcome for group in REWRITES_MADE for outcome in outcomes(group)]
    assert surprises("rewrites", (o for o in every if o.verdict is not Kind.PROVED)) == []
    assert unjudged(every) == []
    assert sum(outcome.verdict is Kind.PROVED for outcome in every) >= LEAST_REWRITES
    assert all(expected("rewrites").values())


def test_every_law_is_used() -> None:
    used = Counter(law for group in REWRITES_MADE for outcome in outcomes(group) for law in outcome.kind.split(", "))
    assert set(LAWS) <= set(used), set(LAWS) - set(used)
