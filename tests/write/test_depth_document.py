"""Documents on networks of any depth: base, step and conclusion are there, every printed line can be read back."""

import json
from functools import cache
from pathlib import Path

import pytest

from symbackprop.model.derivation_file import load
from symbackprop.model.derivation_file import read as read_file
from symbackprop.pipeline import work_out
from symbackprop.proof.limits import Budget
from symbackprop.write.blocks import Document, Heading, Math, Mono, Paragraph, Table, Text
from symbackprop.write.document import document
from symbackprop.write.formulas.read_back import prints_expression
from symbackprop.write.formulas.reader import read
from symbackprop.write.formulas.sameness import same
from symbackprop.write.formulas.symbols import Symbol, parse_symbol
from symbackprop.write.json_ import to_json
from symbackprop.write.markdown import markdown
from symbackprop.write.report import Report
from symbackprop.write.sections.layer_names import LayerNames, placed
from symbackprop.write.tex import tex

DERIVATIONS = Path(__file__).parents[2] / "derivations"
FILES = ("depth-dense", "depth-dense-batch", "depth-residual", "bptt-rnn", "bptt-lstm")
# Conditions in a layer, an assumption, a refuted claim and one that no induction decides.
DOUBTFUL = {
    "repeat": {"index": "l", "count": "K"},
    "shapes": {"a[l]": "n[l]", "W[l]": "n[l], n[l-1]", "y": "n[K]"},
    "define": {
        "z[l]": "W[l] @ a[l-1] / g[l]",
        "a[l]": "relu(z[l])",
        "p": "softmax(z[K])",
        "E": "-sum(y*log(p)) + sum(g[l]**2 - g[l] for l in range(1, K + 1))",
    },
    "assume": {"targets": "sum(y) == 1"},
    "claims": {
        "output": "d(E, z[K]) == p - y",
        "hidden": "d(E, z[l]) == prime(relu, z[l])*(W[l+1].T @ d(E, z[l+1]))/g[l+1]",
        "wrong": "d(E, z[l]) == a[l]",
        "open": "d(a[K], a[0]) == d(a[K], a[0])",
    },
}


@cache
def worked_out(name: str) -> Report:
    file = load(DERIVATIONS / f"{name}.toml") if name != "doubtful" else read_file(Path("doubtful.toml"), DOUBTFUL)
    return work_out(file, budget=Budget(seconds=20))


def plain(text: Text) -> str:
    return "".join(
        part if isinstance(part, str) else part.latex if isinstance(part, Math) else part.text for part in text
    )


def paragraphs(shown: Document) -> list[str]:
    return [plain(block.text) for block in shown.blocks if isinstance(block, Paragraph)]


@pytest.mark.parametrize("name", FILES)
def test_every_line_is_proved_and_read_back(name: str) -> None:
    report = worked_out(name)
    assert report.file.any_depth is not None
    names = LayerNames(report.file.any_depth.repeat)
    for piece in report.any_depth.pieces:
        assert piece.open_lines == ()
        assert piece.lines == len(piece.derivation.steps)
        ctx = names.context(report, piece.piece, tuple(piece.derivation.gradients))
        for step in piece.derivation.steps:
            letters = ctx.letters(step.left, step.right)
            for side in (step.left, step.right):
                printed = ctx.tex(side, letters)
                assert prints_expression(printed, side, ctx.names, letters), f"{step.id}: {printed}"
        for definition in ctx.graph.definitions.values():
            letters = ctx.names.free_letters(definition.tensor.indices)
            assert same(read(ctx.tex(definition.tensor.expr, letters), ctx.names, letters), definition.tensor.expr)


@pytest.mark.parametrize("name", [*FILES, "doubtful"])
def test_base_step_and_conclusion_stand_in_every_format(name: str) -> None:
    report = worked_out(name)
    shown = document(report)
    headings = [plain(block.text) for block in shown.blocks if isinstance(block, Heading)]
    wanted = ["Symbols", "Notation", "Definitions", "Base: the last", "Step: from", "Conclusion"]
    assert [next((h for h in headings if h.startswith(w)), "") for w in wanted] == [
        h for h in headings if not h.startswith("Parameters")
    ]
    for text in (tex(shown), markdown(shown)):
        assert [text.index(w) for w in wanted] == sorted(text.index(w) for w in wanted)
    data = json.loads(to_json(report))["any_depth"]
    assert {piece["role"] for piece in data["pieces"]} == {"base", "step"}
    assert [claim["verdict"]["kind"] for claim in data["claims"]] == [
        str(induction.verdict.kind) for _, induction in report.any_depth.claims
    ]
    for claim in data["claims"]:
        by_induction = claim["verdict"]["kind"] == "PROVED" and claim["verdict"]["method"].startswith("induction")
        assert claim["obligations"] or not by_induction


@pytest.mark.parametrize("name", FILES)
def test_claims_that_are_proved_by_induction_are_printed_in_matrix_notation(name: str) -> None:
    report = worked_out(name)
    rows = [row for block in document(report).blocks if isinstance(block, Table) for row in block.rows if len(row) == 3]
    assert len(rows) == len(report.any_depth.claims)
    by_name = {plain(row[0]).rpartition(", for ")[0]: row for row in rows}
    for claim, _ in report.any_depth.claims:
        statement = by_name[claim.name][1]
        assert isinstance(statement[0], Mono if claim.obstacle else Math)


def test_internal_names_do_not_show() -> None:
    for name in (*FILES, "doubtful"):
        report = worked_out(name)
        shown = document(report)
        for text in (tex(shown), markdown(shown)):
            for internal in ("_minus_", "_plus_", "rest", "remainder"):
                assert internal not in text.replace("the rest", "").replace("under the", ""), internal


def test_what_is_doubtful_is_told() -> None:
    shown = document(worked_out("doubtful"))
    told = " ".join(paragraphs(shown))
    assert "Of 4 claims, 2 are proved and 1 is refuted and 1 is undecided." in told
    assert 'The claim "wrong" is refuted: with K = 1 and l = 1, at n_{1} = ' in told
    assert 'The claim "open" is undecided: no induction: it speaks of layers whose distance' in told
    assert "The proofs use the assumption sum(y) == 1." in told
    assert r"g^{(l)} \neq 0" in markdown(shown)
    assert r"\sum_{l=1}^{K} \left(\left(g^{(l)}\right)^{2} - g^{(l)}\right)" in tex(shown)


def test_chosen_names_keep_their_places_and_what_stands_for_the_rest_has_a_name_of_its_own() -> None:
    data = {
        "repeat": {"index": "l", "count": "K"},
        "functions": {"c": "elementwise", "R": "elementwise"},
        "shapes": {"a[l]": "n[l]", "W1[l]": "n[l], n[l-1]", "y": "n[K]"},
        "define": {"z[l]": "W1[l] @ a[l-1]", "a[l]": "c(z[l]) + R(z[l])", "E": "sum((a[K] - y)**2)/K"},
        "claims": {"weights": "d(E, W1[l]) == outer(d(E, z[l]), a[l-1])"},
        "latex": {"n[l]": "w", "W1": "V", "a[l]": r"\hat{a}", "d(E,z[l])": r"\epsilon"},
    }
    text = tex(document(work_out(read_file(Path("named.toml"), data))))
    for shown in (
        r"V^{(l)}",
        r"\hat{a}^{(l-1)}",
        r"\epsilon^{(l+1)}",
        r"w_{l-1}",
        r"S^{(l+1)} &= \sum_{i=1}^{w_{l+1}} g",
    ):
        assert shown in text, shown
    assert "number of layers" in text


@pytest.mark.parametrize(
    ("symbol", "above", "text"),
    [
        (Symbol("W"), True, "W^{(l+1)}"),
        (Symbol("W", "(2)"), True, "W^{(l+1)}_{2}"),
        (Symbol("W", "", r"\mathrm{in}"), True, r"W^{(l+1)}_{\mathrm{in}}"),
        (Symbol("W'"), True, "W'_{l+1}"),
        (Symbol("h"), False, "h_{l+1}"),
        (Symbol("h", "(2)"), False, "h_{2,l+1}"),
        (Symbol("h", "", "o"), False, "h_{o,l+1}"),
    ],
)
def test_a_place_stands_above_or_below(symbol: Symbol, above: bool, text: str) -> None:
    assert placed(symbol, "l+1", above=above) == text
    assert parse_symbol("h[l]", text).text == text
