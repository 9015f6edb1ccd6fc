"""What a page derives arrives at what it states: no line is left out, none is longer than its definitions ask for."""

import re

import pytest

from symbackprop.catalogue.identities import identities
from symbackprop.derivation.naming import Vocabulary
from symbackprop.derivation.simplify import without_zero_sums
from symbackprop.pages import work_out_identity
from symbackprop.write.blocks import Equation, Equations
from symbackprop.write.formulas.read_back import prints_expression
from symbackprop.write.markdown import markdown
from symbackprop.write.report import IdentityReport
from symbackprop.write.sections.context import context
from symbackprop.write.sections.identity import identity_page
from symbackprop.write.sections.stated import NOTE, entries
from symbackprop.write.tex_equations import equation_rows

# The pages with the longest derivations: their definitions repeat means, deviations or exponentials.
LONG = (
    "attention-queries-whole",
    "group-norm-input",
    "instance-norm-input",
    "layer-norm-gradient-along-input",
    "layer-norm-gradient-sums-to-zero",
    "layer-norm-input",
    "quantile-regression",
    "self-attention-input",
    "attention-jacobian-values",
    "batch-norm-input",
)
# Of these, the ones whose statement has a derivative alone on its left side.
GRADIENTS = tuple(id_ for id_ in LONG if not id_.startswith("layer-norm-gradient"))


@pytest.fixture(scope="module")
def worked_out() -> dict[str, IdentityReport]:
    return {id_: work_out_identity(identities()[id_]) for id_ in LONG}


@pytest.mark.parametrize("id_", LONG)
def test_no_line_is_left_out(id_: str, worked_out: dict[str, IdentityReport]) -> None:
    text = markdown(identity_page(worked_out[id_]).document)
    assert "left out" not in text and "too long" not in text


@pytest.mark.parametrize("id_", LONG)
def test_every_line_is_proved(id_: str, worked_out: dict[str, IdentityReport]) -> None:
    of = worked_out[id_]
    assert of.verdict.proved and not any(loss.open_lines for loss in of.report.losses)


@pytest.mark.parametrize("id_", GRADIENTS)
def test_the_derivation_arrives_at_the_statement(id_: str, worked_out: dict[str, IdentityReport]) -> None:
    """The stated right side is the last line, entry by entry, on the derivative on the left side."""
    of = worked_out[id_]
    stated = entries(context(of.report), of.report.claims[0].relation)
    assert stated is not None
    groups = [block for block in identity_page(of).document.blocks if isinstance(block, Equations)]
    group = next(g for g in reversed(groups) if any(line.left == stated.left for line in g.lines))
    last = [line for line in group.lines if line.reason != ("in matrix notation",)][-1]
    assert last.rights == stated.rights
    assert last.reason == (NOTE,) or last.reason == ("local derivatives inserted",)


@pytest.mark.parametrize("id_", LONG)
def test_no_sum_is_zero(id_: str, worked_out: dict[str, IdentityReport]) -> None:
    """No line keeps a sum of deviations from a mean, written out or by its name."""
    of = worked_out[id_]
    words = Vocabulary(of.report.file.graph.definitions.values())
    for loss in of.report.losses:
        for name, tensor in loss.delta.adjoints.items():
            assert without_zero_sums(tensor.expr) == tensor.expr, name
            assert words.without_deviations(tensor.expr) == tensor.expr, name


@pytest.mark.parametrize("room", [150.0, 250.0, 400.0])
@pytest.mark.parametrize("id_", LONG)
def test_a_broken_line_is_read_back(id_: str, room: float, worked_out: dict[str, IdentityReport]) -> None:
    """The rows of a line, put together again, are the expression that was proved."""
    of = worked_out[id_]
    ctx = context(of.report)
    for step in (step for loss in of.report.losses for step in loss.delta.steps):
        letters = ctx.letters(step.left, step.right)
        line = Equation("", (ctx.tex(step.right, letters),))
        assert prints_expression(_joined(equation_rows(line, room)), step.right, ctx.names, letters), step.id


def _joined(rows: list[str]) -> str:
    """One formula from the rows of an equation."""
    return " ".join(re.sub(r"^\s*&=|^ &\\quad \{\}", "", row) for row in rows)
