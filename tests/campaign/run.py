"""Campaigns: many statements before the prover, spread over processes; the same results for the same seed.

The work is cut into tasks, one for each statement and variant. What a task does depends on the seed and the statement
alone, so neither the number of processes nor the backend matters.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from joblib import Parallel, delayed, parallel_config

from symbackprop.errors import SymbackpropError
from symbackprop.language.parse import parse
from symbackprop.model.build import scope_of
from symbackprop.proof.verdict import Condition, Kind
from symbackprop.proof.verify import verify

from .bounds import forms
from .instances import Answer, prove_instance, size_choices
from .judge import AGREES, BUDGET, DIFFERS, UNKNOWN, Outcome, judge, judge_alone, judge_scalars
from .mutate import sampled
from .rewrite import rewrites
from .statements import CONCRETE, VARIANTS, Statement, variant

MUTANTS, ALONE_MUTANTS, SCALAR_MUTANTS = "mutants", "mutants, prover alone", "mutants, scalar prover"
REWRITES, INSTANCES = "rewrites", "instances"


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """Something to do with one statement: `count` mutants or rewritings of one variant, or its instances."""

    job: str
    group: str
    statement: Statement
    variant: str
    count: int
    seed: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """The outcomes of one task; `failure` instead when something broke."""

    task: Task
    outcomes: tuple[Outcome, ...] = ()
    failure: str = ""


def tasks(job: str, group: str, statements: Sequence[Statement], total: int, seed: str) -> list[Task]:
    """Tasks that together make `total` mutants or rewritings, as evenly as can be over statements and variants.

    Which of them make one more than the others, or any at all, depends on the seed.
    """
    places = [(statement, kind) for statement in statements for kind in VARIANTS[group]]
    if job == REWRITES:
        places = [place for k, place in enumerate(places) if k % 2 == (k // 2) % 2]
    share, rest = divmod(total, max(1, len(places)))
    more = frozenset(Random(f"{seed} {job} {group}").sample(range(len(places)), len(places))[:rest])
    made = [
        Task(job=job, group=group, statement=s, variant=kind, count=share + (k in more), seed=f"{seed} {job} {kind}")
        for k, (s, kind) in enumerate(places)
    ]
    return [task for task in made if task.count]


def instance_tasks(statements: Iterable[Statement]) -> list[Task]:
    """One task for each statement: its instances, three where it has sizes."""
    return [
        Task(job=INSTANCES, group=CONCRETE, statement=statement, variant="symbols", count=3, seed="")
        for statement in statements
    ]


def work(task: Task) -> Result:
    """The outcomes of one task; an error of the program is a failure of the campaign, not of the task."""
    try:
        return Result(task=task, outcomes=tuple(JOBS[task.job](task)))
    except Exception as error:  # whatever breaks is what a campaign looks for
        return Result(task=task, failure=f"{task.statement}: {type(error).__name__}: {error}")


def _mutants(task: Task) -> Iterator[Outcome]:
    for mutant in sampled(variant(task.statement, task.variant), task.count, task.seed):
        yield judge(mutant.kind, mutant.statement)


def _mutants_alone(task: Task) -> Iterator[Outcome]:
    for mutant in sampled(variant(task.statement, task.variant), task.count, task.seed):
        yield judge_alone(mutant.kind, mutant.statement)


def _mutants_scalar(task: Task) -> Iterator[Outcome]:
    for mutant in sampled(variant(task.statement, task.variant), task.count, task.seed):
        yield judge_scalars(mutant.kind, mutant.statement)


def _rewrites(task: Task) -> Iterator[Outcome]:
    for rewrite in rewrites(variant(task.statement, task.variant), task.count, task.seed):
        yield judge(", ".join(rewrite.laws), rewrite.statement)


def _instances(task: Task) -> Iterator[Outcome]:
    """The instances of a theorem by the scalar prover; under the conditions of the theorem where they are needed."""
    names = task.statement.sizes()
    conditions: tuple[Condition, ...] = ()
    for sizes in size_choices(names)[: task.count if names else 1]:
        found = instance(task.statement, sizes, conditions)
        if found.verdict is not Kind.PROVED and not conditions:
            conditions = verify(task.statement.relation, task.statement.graph, budget=BUDGET).conditions
            found = instance(task.statement, sizes, conditions) if conditions else found
        yield found


def instance(statement: Statement, sizes: dict[str, int], conditions: tuple[Condition, ...]) -> Outcome:
    """A theorem at some sizes; UNDECIDED, too, where the instance says nothing."""
    graph = statement.graph
    form = parse(forms()[statement.id], scope_of(graph)) if statement.id in forms() else None
    try:
        answer = prove_instance(statement.relation, graph, sizes, conditions, form=form)
    except SymbackpropError as error:
        answer = Answer(False, str(error))
    return Outcome(
        kind=", ".join(f"{name} = {size}" for name, size in sizes.items()) or "no sizes",
        statement=statement,
        truth=AGREES,
        verdict=Kind.PROVED if answer.proved else Kind.UNDECIDED,
        reason=answer.reason,
        empty=answer.empty,
    )


def unjudged(outcomes: Iterable[Outcome]) -> list[str]:
    """What is proved, of which neither the oracle nor the scalar prover at sizes 1, 2, 3 says that it is true."""
    return [
        str(outcome.statement)
        for outcome in outcomes
        if outcome.verdict is Kind.PROVED and outcome.truth == UNKNOWN and not _holds_at_sizes(outcome.statement)
    ]


def _holds_at_sizes(statement: Statement) -> bool:
    found = [o for task in instance_tasks([statement]) for o in work(task).outcomes]
    return any(o.verdict is Kind.PROVED for o in found) and all(o.empty or o.verdict is Kind.PROVED for o in found)


JOBS: dict[str, Callable[[Task], Iterator[Outcome]]] = {
    MUTANTS: _mutants,
    ALONE_MUTANTS: _mutants_alone,
    SCALAR_MUTANTS: _mutants_scalar,
    REWRITES: _rewrites,
    INSTANCES: _instances,
}


def run(todo: Sequence[Task], jobs: int = 1, backend: str = "loky") -> Iterator[Result]:
    """The results in the order of the tasks, as they come."""
    if jobs == 1:
        yield from map(work, todo)
        return
    with parallel_config(backend=backend, n_jobs=jobs):
        yield from Parallel(return_as="generator", batch_size=1)(delayed(work)(task) for task in todo)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """What a group of results comes to."""

    made: int = 0
    differing: int = 0
    refuted: int = 0
    undecided: tuple[Outcome, ...] = ()
    false_proofs: tuple[Outcome, ...] = ()
    false_refutations: tuple[Outcome, ...] = ()
    equal: int = 0
    equal_proved: int = 0


def tally(outcomes: Iterable[Outcome]) -> Tally:
    """Counts of what is false and what is true, by verdict."""
    every = tuple(outcomes)
    false = [outcome for outcome in every if outcome.truth == DIFFERS]
    true = [outcome for outcome in every if outcome.truth != DIFFERS]
    return Tally(
        made=len(every),
        differing=len(false),
        refuted=sum(outcome.verdict is Kind.REFUTED for outcome in false),
        undecided=tuple(outcome for outcome in false if outcome.verdict is Kind.UNDECIDED),
        false_proofs=tuple(outcome for outcome in every if outcome.false_proof),
        false_refutations=tuple(outcome for outcome in every if outcome.false_refutation),
        equal=len(true),
        equal_proved=sum(outcome.verdict is Kind.PROVED for outcome in true),
    )
