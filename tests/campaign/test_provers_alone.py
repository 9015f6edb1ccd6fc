"""Mutants before one prover without the help of points, and before the scalar prover: none that differs is proved."""

import pytest
from campaign.figures import ALONE_MADE, LEAST_FALSE_ALONE, LEAST_FALSE_SCALAR, SCALAR_MADE
from campaign.outcomes import outcomes
from campaign.run import ALONE_MUTANTS, SCALAR_MUTANTS, tally
from campaign.statements import ALL_SIZES, CONCRETE

from symbackprop.proof.verdict import Kind


@pytest.mark.parametrize("group", [CONCRETE, ALL_SIZES])
def test_the_prover_alone_proves_no_mutant(group: str) -> None:
    """Points refute most mutants before the prover has tried all that it can; here it tries everything."""
    found = tally(outcomes(ALONE_MUTANTS, group, ALONE_MADE // 2))
    assert found.differing >= LEAST_FALSE_ALONE // 2
    assert [str(outcome.statement) for outcome in found.false_proofs] == []
    assert all(outcome.verdict is not Kind.REFUTED for outcome in found.undecided)


def test_the_scalar_prover_proves_no_mutant() -> None:
    found = tally(outcomes(SCALAR_MUTANTS, CONCRETE, SCALAR_MADE))
    assert found.differing >= LEAST_FALSE_SCALAR
    assert [str(outcome.statement) for outcome in found.false_proofs] == []
    assert found.equal_proved > found.equal / 2  # it does prove what is true
