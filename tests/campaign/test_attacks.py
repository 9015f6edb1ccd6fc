"""Statements made to fool a prover, and provers made to be fooled by them."""

import pytest
from campaign.attacks import (
    ATTACKS,
    FORMS,
    SCALARS,
    TRUE_FORMS,
    TRUE_SCALARS,
    Asked,
    form_proved,
    proved,
    questions,
    scalar_proved,
)
from campaign.broken import KERNELS
from campaign.broken_surroundings import RULES, WRONG_FORMULAS
from campaign.kernel import broken
from campaign.oracle import examine
from campaign.truths import FORMULAS, LOSSES, SLOPES, truths

from symbackprop.catalogue.activations import ACTIVATIONS
from symbackprop.catalogue.losses import LOSSES as LOSS_RECORDS
from symbackprop.errors import SymbackpropError
from symbackprop.tensor.differentiate import OUTER


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


def yes(asked: Asked) -> bool:
    """Whether the answer is yes; an error is none."""
    try:
        return asked()
    except SymbackpropError:
        return False


@pytest.mark.parametrize("name", KERNELS)
def test_a_broken_prover_is_noticed(name: str) -> None:
    """With the mistake in it, the program proves something false, or does not prove something true."""
    kernel, false, true = KERNELS[name], questions(), truths()
    with broken(kernel):
        fooled = {question: false[question]() for question in kernel.fooled}
        missed = {question: not yes(true[question]) for question in kernel.missed}
    assert fooled or missed
    assert any(fooled.values()) or not fooled, fooled
    assert all(missed.values()), missed
    assert not any(false[question]() for question in kernel.fooled)
    assert all(true[question]() for question in kernel.missed)


@pytest.mark.parametrize("name", truths())
def test_truths_are_proved(name: str) -> None:
    assert truths()[name]()


def test_truths_know_the_whole_catalogue() -> None:
    """Each record and each rule of differentiation has a truth, and a mistake that this truth shows."""
    elementwise = {name for name, record in ACTIVATIONS.items() if record.elementwise}
    assert elementwise == set(FORMULAS) == {*WRONG_FORMULAS, "tanh"}  # tanh is SymPy's, and not read from its record
    assert set(RULES.values()) == set(OUTER) and set(RULES) <= set(SLOPES)
    assert set(LOSSES) == set(LOSS_RECORDS)
