"""Every theorem at sizes 1, 2 and 3 before the scalar prover: another calculus, another normal form."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import sympy as sp
from campaign.bounds import forms, shows
from campaign.expected import expected
from campaign.figures import THEOREMS
from campaign.instances import adjoint_relation, prove_instance, size_choices
from campaign.judge import APART, Outcome
from campaign.oracle import examine, gap_at
from campaign.run import Result, instance_tasks, work
from campaign.statements import Statement, derivation_files, differences, inequalities

from symbackprop.derivation.delta_rule import delta_rule
from symbackprop.model.build import relation
from symbackprop.model.derivation_file import load
from symbackprop.proof.verdict import Kind
from symbackprop.proof.verify import verify, verify_adjoints
from symbackprop.tensor.nodes import Positive, scalar
from symbackprop.tensor.tensor import Tensor


@cache
def outcomes(source: Callable[[], Sequence[Statement]]) -> tuple[Outcome, ...]:
    """One for each theorem and each choice of sizes."""
    results: list[Result] = [work(task) for task in instance_tasks(source())]
    assert [result.failure for result in results if result.failure] == []
    return tuple(outcome for result in results for outcome in result.outcomes)


def key(outcome: Outcome) -> str:
    return f"{outcome.statement.id} at {outcome.kind}"


@pytest.mark.parametrize("source", THEOREMS.values(), ids=THEOREMS)
def test_instances_are_proved_by_the_scalar_prover(source: Callable[[], Sequence[Statement]]) -> None:
    """Every entry at every choice of sizes, but for what is listed; something of each theorem in any case."""
    found = outcomes(source)
    assert [f"{key(o)}: {o.reason}" for o in found if o.verdict is not Kind.PROVED and not o.empty] == []
    assert {o.statement for o in found if o.verdict is Kind.PROVED} == set(source())


def test_what_says_nothing_at_a_size_is_listed() -> None:
    """Exactly: neither can an instance become empty unseen, nor stay in the list when it is not."""
    empty = {key(o) for source in THEOREMS.values() for o in outcomes(source) if o.empty}
    assert empty == set(expected("empty instances"))
    assert all(expected("empty instances").values())


def test_every_theorem_with_sizes_has_three_instances() -> None:
    for source in THEOREMS.values():
        made = [o.statement for o in outcomes(source)]
        assert all(made.count(statement) == (3 if statement.sizes() else 1) for statement in source())


@pytest.mark.parametrize("count", range(1, 8))
def test_sizes_are_1_2_and_3_and_distinct(count: int) -> None:
    choices = [tuple(sizes.values()) for sizes in size_choices([f"n{k}" for k in range(count)])]
    assert all({sizes[k] for sizes in choices} == {1, 2, 3} for k in range(count))
    assert all(len(set(sizes)) == min(count, 3) for sizes in choices)


# ---------------------------------------------------------------------------------------------- inequalities


def test_every_inequality_has_a_form_that_shows_its_sign() -> None:
    assert {statement.id for statement in inequalities()} == set(forms())


@pytest.mark.parametrize("statement", inequalities(), ids=lambda statement: statement.id)
def test_an_inequality_the_other_way_round_is_not_proved(statement: Statement) -> None:
    """The form is the difference, and not any expression of that sign."""
    graph, sizes = statement.graph, size_choices(statement.sizes())[1]
    claim = statement.relation
    form = relation(graph, "form", f"{forms()[statement.id]} == 0").left
    assert prove_instance(claim, graph, sizes, form=form).proved
    reversed_ = replace(claim, left=claim.right, right=claim.left)
    assert verify(reversed_, graph).kind is Kind.REFUTED
    assert not prove_instance(reversed_, graph, sizes, form=form).proved
    assert not prove_instance(claim, graph, sizes, form=Tensor(form.expr + 1, form.shape)).proved
    assert not prove_instance(claim, graph, sizes).proved


x, y = scalar("x"), scalar("y")


@pytest.mark.parametrize("expr", [(x - y) ** 2, sp.exp(x) * y**2, x * Positive(x), -x * Positive(-x), sp.Abs(x) + y**4])
def test_what_is_not_negative_is_seen(expr: object) -> None:
    assert shows(expr, strict=False)
    assert not shows(expr, strict=True)


@pytest.mark.parametrize(
    "expr", [x, x**3, x * y, -(x**2), x * Positive(-x), x * Positive(y), sp.log(sp.exp(x)), x**2 - 1]
)
def test_what_may_be_negative_does_not_pass(expr: object) -> None:
    assert not shows(expr, strict=False)


# ---------------------------------------------------------------------------------------------- differences


@pytest.mark.parametrize("statement", differences(), ids=lambda statement: statement.id)
def test_sides_that_are_claimed_to_differ_do(statement: Statement) -> None:
    """The oracle evaluates them at points of its own, and at the one that comes with the verdict."""
    verdict = verify(statement.relation, statement.graph)
    equation = replace(statement, claim=statement.claim.replace("!=", "=="))
    assert verdict.proved
    assert examine(equation).differs
    gap = gap_at(equation, verdict.witness)
    assert gap is None or gap > APART


# ---------------------------------------------------------------------------------------------- derivations


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
                answer = prove_instance(equation, graph, sizes, verdicts[name].conditions)
                assert answer.proved, f"{equation.formula} at {sizes}: {answer.reason}"
