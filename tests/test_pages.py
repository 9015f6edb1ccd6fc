"""The page of every identity: it can be written, what it derives is proved, and what it says is in it."""

import re

import pytest

from symbackprop.catalogue.identities import Identity, identities
from symbackprop.model.identity import as_file
from symbackprop.pages import work_out_identity
from symbackprop.write.markdown import markdown
from symbackprop.write.report import IdentityReport, Report
from symbackprop.write.sections.context import context
from symbackprop.write.sections.identity import identity_page

# Gradients, derivatives of arrays, second derivatives, no derivative, arbitrary functions, assumptions, conditions.
SAMPLE = (
    "softmax-cross-entropy",
    "softmax-jacobian",
    "quadratic-form-hessian",
    "trace-cyclic",
    "bp2-hidden-error",
    "dense-jacobian",
    "distance",
)


def text_of(of: IdentityReport) -> str:
    return markdown(identity_page(of).document)


@pytest.mark.parametrize("id_", SAMPLE)
def test_a_page_says_everything_and_what_it_derives_is_proved(id_: str) -> None:
    record = identities()[id_]
    of = work_out_identity(record)
    text = text_of(of)
    assert text.startswith(f"# {record.title}\n")
    assert f"`{record.statement}`" in text and f"`symbackprop verify {id_}`" in text
    assert "It is proved for all" in text
    assert not any(loss.open_lines for loss in of.report.losses)
    assert all(found.verdict.proved for found in (*of.jacobians, *of.report.second))
    assert not re.search(r"\d+\.\d+ ?s(econds)?\b", text)


def test_a_page_leaves_out_what_the_statement_does_not_depend_on() -> None:
    record = Identity(
        id="made-up",
        topic="tests",
        title="t",
        statement="x @ y == y @ x",
        why="w",
        source="s",
        shapes={"x": "n", "y": "n", "z": "m"},
        define={"L": "z @ z", "q": "x @ y"},
    )
    graph = work_out_identity(record).report.file.graph
    assert set(graph.inputs) == {"x", "y"} and not graph.definitions


def test_a_statement_that_is_not_proved_is_not_called_proved() -> None:
    record = Identity(
        id="made-up", topic="tests", title="t", statement="x @ y == x @ x", why="w", source="s",
        shapes={"x": "n", "y": "n"},
    )  # fmt: skip
    text = text_of(work_out_identity(record))
    assert "Not proved: REFUTED at" in text and "proved for all" not in text and "## Proof" not in text


def test_printed_names_are_distinct_in_every_record() -> None:
    for record in identities().values():
        names = context(Report(file=as_file(record))).names
        printed = [symbol.text for symbol in names.quantities.values()]
        assert len(set(printed)) == len(printed), record.id
