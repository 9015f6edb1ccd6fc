"""Markdown: no formula and no text holds anything that Markdown would take for its own."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symbackprop.derivation.chain_rule import chain_rule
from symbackprop.derivation.delta_rule import delta_rule
from symbackprop.model.derivation_file import load
from symbackprop.proof.verdict import Kind, Verdict
from symbackprop.write.blocks import (
    Code,
    Document,
    Edge,
    Equation,
    Equations,
    Figure,
    Heading,
    Math,
    Mono,
    Node,
    Paragraph,
    Table,
    words,
)
from symbackprop.write.document import document
from symbackprop.write.markdown import escaped, fenced, formula, markdown
from symbackprop.write.report import ClaimReport, GradientReport, LossReport, Report

FILES = sorted((Path(__file__).parents[2] / "derivations").glob("*.toml"))


def source(path: Path) -> str:
    file = load(path)
    proved = Verdict(kind=Kind.PROVED, obligations=1)
    losses = [
        LossReport(
            loss=request.loss,
            chain=chain_rule(file.graph, request.loss, request.wrt),
            delta=delta_rule(file.graph, request.loss, request.wrt),
            adjoint_verdicts={},
            gradients=tuple(GradientReport(loss=request.loss, name=v, verdict=proved) for v in request.wrt),
        )
        for request in file.requests
    ]
    claims = tuple(ClaimReport(relation=claim, verdict=proved) for claim in file.claims)
    return markdown(document(Report(file=file, losses=tuple(losses), claims=claims)))


def math_in(text: str) -> list[str]:
    """Every formula, those within lines and those on lines of their own."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    displays = re.findall(r"^\$\$\n(.*?)\n\$\$$", text, flags=re.DOTALL | re.MULTILINE)
    rest = re.sub(r"^\$\$\n.*?\n\$\$$", "", text, flags=re.DOTALL | re.MULTILINE)
    return displays + re.findall(r"(?<!\\)\$([^$]+)\$", re.sub(r"`[^`]*`", "", rest))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_formulas_are_safe_from_markdown(path: Path) -> None:
    found = math_in(source(path))
    assert found
    for text in found:
        assert not re.search(r"\\[^A-Za-z]|[*<>|`~$]|\]\(|(?<!\s)_", text), text
        assert "operatorname" not in text


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_tables_have_as_many_cells_in_each_row(path: Path) -> None:
    for table in re.findall(r"(?:^\|.*\|\n)+", source(path), flags=re.MULTILINE):
        counts = {len(re.findall(r"(?<!\\)\|", row)) for row in table.strip().split("\n")}
        assert len(counts) == 1, table


@given(st.text())
def test_escaped_text_has_no_bare_special_character(text: str) -> None:
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*_\[\]<>#|$~]", re.sub(r"\\[`*_\[\]<>#|$~{}]", "", escaped(text)))


@given(st.text(alphabet="`~a\n"))
def test_a_fence_is_longer_than_any_in_the_code(text: str) -> None:
    fence = re.match("`+", fenced(text, "python"))
    assert fence is not None
    assert fence[0] not in text


def test_the_same_formula_without_punctuation_macros() -> None:
    shown = formula(r"\hat{y}_{i}\,\operatorname{ReLU}(z) < 1 \\ a")
    assert shown == r"\hat{y} _{i}\thinspace \mathrm{ReLU}(z) \lt 1 \cr a"


def test_blocks() -> None:
    blocks = (
        Heading(words("Proof")),
        Paragraph(words("of {x} in {c}", x=Math("x_{1}"), c=Mono("x[0]"))),
        Equations((Equation("a", ("b", "c"), words("chain rule"), ("=", r"\approx")),)),
        Table("lr", (("name",), ("value",)), (((Mono("a|b"),), (Math("1"),)),)),
        Code("import numpy as np\n"),
    )
    assert markdown(Document(title="A *title*", source="there", blocks=blocks)) == "\n".join(
        [
            r"# A \*title\*", "", "Source: there", "",
            "## Proof", "",
            "of $x _{1}$ in `x[0]`", "",
            "$$", r"\begin{aligned}", r"a &= b \approx c &&\quad \text{chain rule}", r"\end{aligned}", "$$", "",
            "| name | value |", "| --- | ---: |", r"| `a\|b` | $1$ |", "",
            "```python", "import numpy as np", "```", "",
        ]
    )  # fmt: skip


def test_an_input_that_is_drawn_at_each_use_is_one_node() -> None:
    nodes = [("a", "quantity"), ("b", "quantity"), ("x", "input"), ("x in b", "input"), ("y", "input")]
    figure = Figure(
        tuple(Node(id_, id_, id_.split(" ", maxsplit=1)[0], 0.0, 0.0, kind) for id_, kind in nodes),
        tuple(Edge(*pair) for pair in (("x", "a"), ("x in b", "b"), ("y", "b"))),
        words("A graph."),
    )
    text = markdown(Document(title="", source="", blocks=(figure,)))
    boxes = dict(re.findall(r"^  (n\d+)\W*(\w+)", text.split("-->", maxsplit=1)[0], re.MULTILINE))
    assert sorted(boxes.values()) == ["a", "b", "x", "y"]
    arrows = re.findall(r"^  (n\d+) --> (n\d+)$", text, re.MULTILINE)
    assert [(boxes[start], boxes[end]) for start, end in arrows] == [("x", "a"), ("x", "b"), ("y", "b")]
