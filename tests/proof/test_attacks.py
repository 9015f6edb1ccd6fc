"""Attempts to have something false proved, by hand."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from proof.attack_settings import SETTINGS, verdict_on

from symbackprop.proof.verdict import Kind


@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name, setting in SETTINGS.items() for text in setting.false]
)
def test_false_claims_are_never_proved(name: str, text: str) -> None:
    assert verdict_on(text, SETTINGS[name].graph).kind is not Kind.PROVED


@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name, setting in SETTINGS.items() for text in setting.true]
)
def test_true_claims_are_proved(name: str, text: str) -> None:
    verdict = verdict_on(text, SETTINGS[name].graph)
    assert verdict.kind is Kind.PROVED, verdict.reason
    assert verdict.witness


def verdicts() -> str:
    """Some verdicts with all that belongs to them."""
    shown = []
    for name in ("kinks", "a network of one size", "one-hot targets", "inequalities"):
        setting = SETTINGS[name]
        for text in (*setting.true[:4], *setting.false[:4]):
            verdict = verdict_on(text, setting.graph)
            shown.append(f"{text}: {verdict.kind} {verdict.conditions} {verdict.assumptions} {verdict.witness}")
    return "\n".join(shown)


def test_verdicts_do_not_depend_on_the_hash_seed() -> None:
    here = Path(__file__)
    path = str(here.parent.parent)
    program = f"import sys; sys.path.insert(0, {path!r}); from proof.{here.stem} import verdicts; print(verdicts())"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert outputs.pop().strip() == verdicts()
