"""Every theorem for all sizes, at sizes 1, 2 and 3, before the scalar prover: another calculus, another normal form."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from campaign.expected import expected
from campaign.instances import adjoint_relation, prove_instance, size_choices
from campaign.judge import Outcome
from campaign.run import Result, instance_tasks, work
from campaign.statements import Statement, catalogue, derivation_files, derivations, own

from symbackprop.derivation.delta_rule import delta_rule
from symbackprop.errors import NotSupportedError
from symbackprop.model.derivation_file import load
from symbackprop.proof.verdict import Kind
from symbackprop.proof.verify import verify_adjoints

# Why an instance may have no proof of its own: too large to be written out; or nothing is claimed at such small sizes,
# as about the standard deviation of one number; or an index that this size does not have.
EXCUSES = (
    "written out it has",
    "NaN is not supported",
    "never holds",
    "is defined nowhere",
    "division by zero",
    "index ",
)


def outcomes(statements: Sequence[Statement]) -> list[tuple[Statement, tuple[Outcome, ...]]]:
    results: list[Result] = [work(task) for task in instance_tasks(statements)]
    assert [result.failure for result in results if result.failure] == []
    return [(result.task.statement, result.outcomes) for result in results]


def unexcused(found: Sequence[tuple[Statement, tuple[Outcome, ...]]]) -> dict[str, str]:
    """The theorems with an instance that is neither proved nor excused, or without any that is proved."""
    lacking: dict[str, str] = {}
    for statement, instances in found:
        open_ = [o for o in instances if o.verdict is not Kind.PROVED]
        refused = [o for o in open_ if not any(excuse in o.reason for excuse in EXCUSES)]
        if refused or len(open_) == len(instances):
            lacking[statement.id] = (refused or open_)[0].reason
    return lacking


@pytest.mark.parametrize("source", [own, derivations, catalogue], ids=["own", "derivations", "catalogue"])
def test_instances_are_proved_by_the_scalar_prover(source: object) -> None:
    assert callable(source)
    statements = source()
    lacking = unexcused(outcomes(statements))
    listed = {s.id for s in statements} & set(expected("instances"))
    assert set(lacking) == listed, {id_: lacking.get(id_, "is proved now") for id_ in set(lacking) ^ listed}


@pytest.mark.parametrize("path", derivation_files(), ids=lambda path: path.stem)
def test_adjoint_equations_are_proved_by_the_scalar_prover(path: Path) -> None:
    """Every line ∂L/∂v = ... of the delta rule, at three choices of sizes."""
    file = load(path)
    graph = file.graph
    for request in file.requests:
        adjoints = delta_rule(graph, request.loss, request.wrt).adjoints
        verdicts = verify_adjoints(graph, request.loss, adjoints)
        for name, tensor in adjoints.items():
            equation = adjoint_relation(request.loss, name, tensor)
            for sizes in size_choices(graph.sizes())[: 3 if graph.sizes() else 1]:
                try:
                    answer = prove_instance(equation, graph, sizes, verdicts[name].conditions)
                except NotSupportedError:
                    continue  # too large to be written out
                assert answer.proved, f"{equation.formula} at {sizes}: {answer.reason}"
