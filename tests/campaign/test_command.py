"""The campaign as a command: the same results from the same seed, however the work is spread."""

import subprocess
import sys
from pathlib import Path

import pytest
from campaign import __main__ as command
from campaign.attacks import ATTACKS
from campaign.judge import DIFFERS, Outcome
from campaign.run import MUTANTS, REWRITES, Result, Task, run, tasks, work
from campaign.statements import ALL_SIZES, CONCRETE, own
from click.testing import CliRunner

from symbackprop.proof.verdict import Kind

ROOT = Path(__file__).parent.parent.parent


def outcomes(jobs: int, seed: str = "3") -> list[Outcome]:
    some = own()[::40]
    todo = tasks(MUTANTS, CONCRETE, some, 8, seed) + tasks(REWRITES, ALL_SIZES, some, 4, seed)
    return [outcome for result in run(todo, jobs) for outcome in result.outcomes]


def test_results_depend_on_the_seed_alone() -> None:
    first = outcomes(jobs=1)
    assert outcomes(jobs=2) == first
    assert {o.statement for o in outcomes(jobs=1, seed="4")} != {o.statement for o in first}


def test_more_mutants_contain_the_fewer() -> None:
    few, many = (
        {(t.statement.id, t.variant): t for t in tasks(MUTANTS, ALL_SIZES, own()[:2], k, "1")} for k in (4, 12)
    )
    for place, task in few.items():
        some, more = ([o.statement for o in work(t).outcomes] for t in (task, many[place]))
        assert more[: len(some)] == some


def test_the_command_prints_its_tables_and_is_content() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.campaign",
            "--mutants",
            "4",
            "--rewrites",
            "2",
            "--no-instances",
            "--source",
            "own",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "proved, different" in done.stdout


@pytest.mark.parametrize(("verdict", "status"), [(Kind.PROVED, 1), (Kind.REFUTED, 0), (Kind.UNDECIDED, 0)])
def test_a_false_proof_changes_the_exit_status(verdict: Kind, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    false = ATTACKS["transposed matrix"]
    task = Task(job=MUTANTS, group=CONCRETE, statement=false, variant="symbols", count=1, seed="")
    outcome = Outcome(kind="transposed operand", statement=false, truth=DIFFERS, verdict=verdict)
    monkeypatch.setattr(command, "run", lambda *_: [Result(task=task, outcomes=(outcome,))])
    assert CliRunner().invoke(command.main, ["--source", "own"]).exit_code == status
