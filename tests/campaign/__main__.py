"""The campaign as a command: `python -m tests.campaign --seed 7 --mutants 20000 --jobs 2`, from the repository's root.

Exit status: 0 when no false statement was proved and no true one refuted, 1 otherwise.
"""

import sys
from collections.abc import Iterable, Sequence

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from .figures import THEOREMS
from .judge import AGREES, UNKNOWN, Outcome
from .run import (
    ALONE_MUTANTS,
    INSTANCES,
    MUTANTS,
    REWRITES,
    SCALAR_MUTANTS,
    Result,
    Task,
    instance_tasks,
    run,
    tally,
    tasks,
)
from .statements import ALL_SIZES, CONCRETE

# The oracle judges equations; of inequalities there are neither mutants nor rewritings.
ONLY_INSTANCES = "inequalities"
WIDTH = 120
COLUMNS = ("", "made", "differ", "refuted", "undecided", "proved, different", "equal", "proved")


@click.command(help=__doc__)
@click.option("--seed", default=7, show_default=True, help="The same seed gives the same results on any machine.")
@click.option("--mutants", default=2000, show_default=True, help="Mutants to make: half concrete, half for all sizes.")
@click.option("--alone", default=0, show_default=True, help="Mutants for the prover without the help of points.")
@click.option("--scalar", default=0, show_default=True, help="Concrete mutants for the scalar prover.")
@click.option("--rewrites", default=1000, show_default=True, help="Equality-preserving rewritings to make.")
@click.option("--instances/--no-instances", default=True, help="Prove every theorem again at sizes 1, 2, 3.")
@click.option("--jobs", default=1, show_default=True, help="Processes.")
@click.option("--backend", default="loky", show_default=True, help="A backend of joblib; its plugins register others.")
@click.option("--source", "sources", multiple=True, type=click.Choice(list(THEOREMS)), help="Where theorems come from.")
def main(
    seed: int,
    mutants: int,
    alone: int,
    scalar: int,
    rewrites: int,
    instances: bool,
    jobs: int,
    backend: str,
    sources: Sequence[str],
) -> None:
    """Runs a campaign and reports it."""
    chosen = {name: THEOREMS[name]() for name in sources or THEOREMS}
    todo = [task for theorems in chosen.values() for task in instance_tasks(theorems)] if instances else []
    statements = [statement for name in chosen if name != ONLY_INSTANCES for statement in chosen[name]]
    todo += tasks(SCALAR_MUTANTS, CONCRETE, statements, scalar, str(seed))
    for job, total in ((MUTANTS, mutants), (ALONE_MUTANTS, alone), (REWRITES, rewrites)):
        todo += tasks(job, CONCRETE, statements, total // 2, str(seed))
        todo += tasks(job, ALL_SIZES, statements, total - total // 2, str(seed))
    console = Console()
    results = list(_with_progress(todo, jobs, backend, console))
    console.print(f"{sum(map(len, chosen.values()))} theorems, seed {seed}")
    Console(width=WIDTH).print(_summary(results), _by_kind(results))
    _exceptions(results, console)
    sys.exit(
        1 if any(r.failure or any(o.false_proof or o.false_refutation for o in r.outcomes) for r in results) else 0
    )


def _with_progress(todo: Sequence[Task], jobs: int, backend: str, console: Console) -> Iterable[Result]:
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("tasks", total=len(todo))
        for result in run(todo, jobs, backend):
            progress.advance(bar)
            progress.update(bar, description=f"{result.task.job}, {result.task.group}")
            yield result


def _row(label: str, outcomes: Iterable[Outcome]) -> tuple[str, ...]:
    t = tally(outcomes)
    counts = (t.made, t.differing, t.refuted, len(t.undecided), len(t.false_proofs), t.equal, t.equal_proved)
    return (label, *map(str, counts))


def _table(title: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in COLUMNS:
        table.add_column(column, justify="right" if column else "left", no_wrap=True)
    return table


def _summary(results: Sequence[Result]) -> Table:
    table = _table("What was asked")
    groups: dict[str, list[Outcome]] = {}
    for result in results:
        groups.setdefault(f"{result.task.job}, {result.task.group}", []).extend(result.outcomes)
    for label, outcomes in groups.items():
        table.add_row(*_row(label, outcomes))
    return table


def _by_kind(results: Sequence[Result]) -> Table:
    table = _table("Mutants by kind")
    kinds: dict[str, list[Outcome]] = {}
    for result in results:
        if result.task.job in (MUTANTS, ALONE_MUTANTS, SCALAR_MUTANTS):
            for outcome in result.outcomes:
                kinds.setdefault(outcome.kind, []).append(outcome)
    for kind in sorted(kinds):
        table.add_row(*_row(kind, kinds[kind]))
    return table


def _exceptions(results: Sequence[Result], console: Console) -> None:
    """Everything that a reader has to look at."""
    for result in results:
        if result.failure:
            console.print(f"FAILURE {result.failure}", markup=False, soft_wrap=True)
        for outcome in result.outcomes:
            label = _label(result.task, outcome)
            if label:
                text = f"{label}: {outcome.kind}: {outcome.statement} [{outcome.reason}]"
                console.print(text, markup=False, soft_wrap=True)


def _label(task: Task, outcome: Outcome) -> str:
    if outcome.false_proof:
        return "FALSE PROOF"
    if outcome.false_refutation:
        return "FALSE REFUTATION"
    if task.job == MUTANTS and outcome.truth != AGREES and outcome.verdict == "UNDECIDED":
        return "undecided mutant"
    if task.job in (REWRITES, INSTANCES) and outcome.verdict != "PROVED":
        return f"{task.job}: not proved" + (", empty at this size" if outcome.empty else "")
    if task.job != INSTANCES and outcome.verdict == "PROVED" and outcome.truth == UNKNOWN:
        return f"{task.job}: proved, and the oracle cannot tell"
    return ""


if __name__ == "__main__":
    main()
