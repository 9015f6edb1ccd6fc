"""A verdict does not depend on the order in which Python keeps sets."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from campaign.figures import HASH_SEEDS
from campaign.hash_seeds import shown, statements

TESTS = Path(__file__).parent.parent
PROGRAM = f"import sys; sys.path.append({str(TESTS)!r}); from campaign import hash_seeds; print(hash_seeds.shown())"


@pytest.fixture(scope="module")
def here() -> str:
    return shown()


@pytest.mark.parametrize("seed", HASH_SEEDS)
def test_verdicts_are_the_same_under_every_hash_seed(seed: str, here: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == f"{here}\n"


def test_the_statements_have_verdicts_of_both_kinds(here: str) -> None:
    assert len(statements()) > 100
    assert ": PROVED" in here and ": REFUTED" in here and "\nstep " in here
