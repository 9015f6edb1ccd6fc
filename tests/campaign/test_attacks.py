"""Statements made to fool a prover, and provers made to be fooled by them."""

import pytest
from campaign.attacks import (
    ATTACKS,
    FORMS,
    SCALARS,
    TRUE_FORMS,
    TRUE_SCALARS,
    form_proved,
    proved,
    questions,
    scalar_proved,
)
from campaign.broken import KERNELS, broken
from campaign.oracle import examine


@pytest.mark.parametrize("name", ATTACKS)
def test_attacks_are_false_and_not_proved(name: str) -> None:
    assert examine(ATTACKS[name]).differs
    assert not proved(ATTACKS[name])


@pytest.mark.parametrize("name", FORMS)
def test_false_forms_are_not_zero(name: str) -> None:
    assert not form_proved(FORMS[name])


@pytest.mark.parametrize("name", TRUE_FORMS)
def test_true_forms_beside_them_are_zero(name: str) -> None:
    assert form_proved(TRUE_FORMS[name])


@pytest.mark.parametrize("name", SCALARS)
def test_false_scalars_are_not_zero(name: str) -> None:
    assert not scalar_proved(SCALARS[name])


@pytest.mark.parametrize("name", TRUE_SCALARS)
def test_true_scalars_beside_them_are_zero(name: str) -> None:
    assert scalar_proved(TRUE_SCALARS[name])


@pytest.mark.parametrize("name", KERNELS)
def test_a_broken_prover_is_noticed(name: str) -> None:
    """With the mistake in it, the prover proves something false; without it, it does not (see above)."""
    asked = questions()
    with broken(KERNELS[name]):
        answers = {question: asked[question]() for question in KERNELS[name].fooled}
    assert any(answers.values()), answers
    assert not asked[KERNELS[name].fooled[0]]()
