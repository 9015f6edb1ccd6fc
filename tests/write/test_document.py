"""Documents: every printed line can be read back, every number belongs to its line, nothing internal shows."""

import re
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import pytest
import sympy as sp

from symbackprop.derivation.chain_rule import chain_rule
from symbackprop.derivation.delta_rule import delta_rule
from symbackprop.derivation.steps import RULES, Derivation
from symbackprop.errors import NotSupportedError
from symbackprop.language.parse import Scope, parse
from symbackprop.model.derivation_file import DerivationFile, load
from symbackprop.proof.verdict import Kind, Verdict
from symbackprop.tensor.indices import free_indices
from symbackprop.tensor.nodes import Local, adjoint_name, entry, index, size, summation
from symbackprop.tensor.tensor import Tensor
from symbackprop.write.blocks import (
    Block,
    Code,
    Document,
    Equation,
    Equations,
    Figure,
    Items,
    Math,
    Paragraph,
    Table,
    Text,
)
from symbackprop.write.document import document
from symbackprop.write.formulas.read_back import prints_expression
from symbackprop.write.formulas.reader import read
from symbackprop.write.formulas.sameness import same
from symbackprop.write.report import ClaimReport, GradientReport, LossReport, Report
from symbackprop.write.sections import forms
from symbackprop.write.sections.claims import apart
from symbackprop.write.sections.concrete import (
    MAX_LINES,
    TooLongError,
    bare,
    matrix_lines,
    number,
    tensor_lines,
    written_out,
)
from symbackprop.write.sections.context import Context, compact, context, is_exact
from symbackprop.write.sections.rules import RULE_NOTES
from symbackprop.write.sections.step_lines import local_letters

FILES = sorted((Path(__file__).parents[2] / "derivations").glob("*.toml"))
PROVED = Verdict(kind=Kind.PROVED, method="by hand", obligations=1)
VALUES = {
    "x": {(0,): "1", (1,): "0"},
    "W": {(0, 0): "0.5", (0, 1): "0.4", (1, 0): "0.3", (1, 1): "0.6"},
    "v": {(0,): "0.7", (1,): "0.8"},
    "y": {(): "1"},
    "z1": {(0,): "0.5", (1,): "0.3"},
    "h": {(0,): "0.622459", (1,): "0.574443"},
    "z2": {(): "0.895276"},
    "o": {(): "0.709978"},
    "E": {(): "0.0420565"},
    "d(E, z2)": {(): "-0.0597183"},
    "d(E, v)": {(0,): "-0.0371722", (1,): "-0.0343047"},
    "next(v, 1)": {(0,): "0.718586", (1,): "0.817152"},
}


@lru_cache
def file(name: str) -> DerivationFile:
    return load(next(path for path in FILES if path.stem == name))


def report(of: DerivationFile, values: dict[str, dict[tuple[int, ...], str]] | None = None) -> Report:
    """A report with both derivations, verdicts by hand, and values by hand."""
    losses = []
    for request in of.requests:
        delta = delta_rule(of.graph, request.loss, request.wrt)
        gradients = tuple(GradientReport(loss=request.loss, name=v, verdict=PROVED, routes=PROVED) for v in request.wrt)
        losses.append(
            LossReport(
                loss=request.loss,
                chain=route_one(of, request.loss),
                delta=delta,
                adjoint_verdicts={},
                gradients=gradients,
            )
        )
    claims = tuple(ClaimReport(relation=claim, verdict=PROVED) for claim in of.claims)
    return Report(file=of, losses=tuple(losses), claims=claims, values=values or {}, numpy_source={"E": "x = 1\n"})


def route_one(of: DerivationFile, loss: str) -> Derivation | None:
    wrt = next(request.wrt for request in of.requests if request.loss == loss)
    try:
        return chain_rule(of.graph, loss, wrt)
    except NotSupportedError:
        return None


@lru_cache
def worked_example() -> Report:
    return report(file("000-two-two-one-sigmoid"), VALUES)


def texts(blocks: tuple[Block, ...]) -> list[Text]:
    """Every running text of a document."""
    found: list[Text] = []
    for block in blocks:
        match block:
            case Paragraph(text):
                found.append(text)
            case Items(items):
                found += items
            case Table():
                found += [cell for row in (block.header, *block.rows) for cell in row]
            case Equations(lines):
                found += [line.reason for line in lines]
            case Figure():
                found.append(block.caption)
    return found


def lines(of: Document) -> list[Equation]:
    return [line for block in of.blocks if isinstance(block, Equations) for line in block.lines]


def formulas(of: Document) -> list[str]:
    """Every formula of a document."""
    found = [part for line in lines(of) for part in (line.left, *line.rights, *(line.beside or ()))]
    return found + [piece.latex for text in texts(of.blocks) for piece in text if isinstance(piece, Math)]


# Rules and steps


def test_every_rule_of_a_derivation_has_a_note() -> None:
    assert set(RULE_NOTES) == set(RULES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_printed_step_is_read_back_as_the_expression_that_it_prints(path: Path) -> None:
    of = load(path)
    ctx = context(report(of))
    for loss in ctx.report.losses:
        for step in (*(loss.chain.steps if loss.chain else ()), *loss.delta.steps):
            letters = ctx.letters(step.left, step.right)
            if isinstance(step.left, Local) and loss.chain and step in loss.chain.steps:
                letters = dict(local_letters(ctx, step.left))
            for side in (step.left, step.right):
                printed = ctx.tex(side, letters)
                assert prints_expression(printed, side, ctx.names, letters), f"{step.id}: {printed}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_definition_is_read_back(path: Path) -> None:
    ctx = context(report(load(path)))
    for definition in ctx.graph.definitions.values():
        letters = ctx.names.free_letters(definition.tensor.indices)
        assert same(read(ctx.tex(definition.tensor.expr, letters), ctx.names, letters), definition.tensor.expr)


# Matrix notation


def test_a_matrix_form_that_means_something_else_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    ctx = context(worked_example())
    gradient = worked_example().losses[0].delta.adjoints["W"]
    assert forms.matrix_form(ctx, gradient) == r"\delta^{(1)}\,x^{\top}"
    for wrong in ("outer(x, delta_z1)", "2*outer(delta_z1, x)", "outer(delta_z1, x).T", "W", "nonsense", "x"):
        monkeypatch.setattr(forms, "array_form", lambda *_, text=wrong: text)
        assert forms.matrix_form(ctx, gradient) is None, wrong


def test_an_identifier_for_an_adjoint_is_no_name_of_the_graph() -> None:
    of = file("000-two-two-one-sigmoid")
    assert forms.identifiers(of.graph, entry("d(E, z1)", index("i0", size("m")))) == {"delta_z1": "d(E, z1)"}


# Numbers


def test_a_sum_written_out_has_a_term_for_each_index() -> None:
    m, n = size("m"), size("n")
    k, j = index("k", n), index("j", m)
    expr = summation(summation(entry("W", j, k) * entry("x", k), k) ** 2, j)
    terms = [sp.Add(*(entry("W", a, b) * entry("x", b) for b in range(3))) ** 2 for a in range(2)]
    assert written_out(expr, {"m": 2, "n": 3}) == sp.Add(*terms)
    assert not free_indices(written_out(expr, {"m": 2, "n": 3}))


def test_a_sum_that_is_too_long_or_of_unknown_size_is_not_written_out() -> None:
    k = index("k", size("n"))
    for sizes in ({"n": 1000}, {}):
        with pytest.raises(TooLongError):
            written_out(summation(entry("x", k), k), sizes)


def test_each_entry_stands_in_symbols_in_numbers_and_as_a_result() -> None:
    ctx = context(worked_example())
    (block,) = tensor_lines(ctx, "z1", ctx.graph.definitions["z1"].tensor, VALUES["z1"])
    assert isinstance(block, Equations)
    assert block.lines[0] == Equation(
        "z^{(1)}_{1}",
        (r"w_{11}\,x_{1} + w_{12}\,x_{2}", r"0.5 \cdot 1 + 0.4 \cdot 0", "0.5"),
        (),
        ("=", "=", "="),
    )


def test_a_rounded_number_stands_behind_an_approximate_sign() -> None:
    ctx = context(worked_example())
    (block,) = tensor_lines(ctx, "z2", ctx.graph.definitions["z2"].tensor, VALUES["z2"])
    assert isinstance(block, Equations)
    assert block.lines[0].signs == ("=", r"\approx", r"\approx")


def test_a_large_tensor_stands_in_a_matrix_in_which_nothing_is_left_out() -> None:
    ctx = context(worked_example())
    shape = ctx.graph.shape("W")
    results = {(i, j): str(i * 10 + j) for i in range(3) for j in range(19)}
    blocks = tensor_lines(ctx, "W", Tensor(ctx.entry("W"), shape), results)
    shown = " ".join(
        right for block in blocks if isinstance(block, Equations) for e in block.lines for right in e.rights
    )
    assert len(results) > MAX_LINES
    assert set(results.values()) <= set(re.findall(r"\d+", shown))
    assert "dots" not in shown


def test_a_long_vector_is_a_list_over_several_lines() -> None:
    results = {(k,): f"-0.12345{k}" for k in range(20)}
    lines_ = list(matrix_lines("v", results))
    shown = " ".join(line.rights[0] for line in lines_)
    assert len(lines_) > 1
    assert [line.left for line in lines_] == ["v", *[""] * (len(lines_) - 1)]
    assert re.findall(r"-[\d.]+", shown) == list(results.values())
    assert (shown[0], shown[-7:]) == ("(", r")^{\top}"[-7:])


def test_a_tensor_of_rank_three_has_a_matrix_for_each_leading_index() -> None:
    results = {(a, b, c): str(100 + 10 * a + b + c) for a in range(2) for b in range(2) for c in range(2)}
    assert [line.left for line in matrix_lines("T", results)] == [r"\left(T\right)_{1}", r"\left(T\right)_{2}"]


@pytest.mark.parametrize(
    ("text", "exact"), [("0.5", True), ("0.709978", False), ("0", True), ("-0.0597183", False), ("0.00390625", False)]
)
def test_six_digits_mean_a_rounded_value(text: str, exact: bool) -> None:
    assert is_exact(text) == exact


def test_small_decimals_are_printed_in_scientific_notation() -> None:
    assert [compact(text) for text in ("0.0000012", "-0.00000025", "0.001", "12")] == [
        "1.2e-6",
        "-2.5e-7",
        "0.001",
        "12",
    ]
    assert number("0.0000012") == r"1.2 \cdot 10^{-6}"


def test_parentheses_that_no_sign_needs_are_left_out() -> None:
    assert bare(r"\sigma((-0.5))") == r"\sigma(-0.5)"
    assert bare("(-0.5)") == "-0.5"
    assert bare(r"1 + (-0.5)") == r"1 + (-0.5)"
    assert bare(r"\mathbf{1}[(-0.65) > 0]") == r"\mathbf{1}[-0.65 > 0]"


def test_an_update_shows_the_rate_as_the_file_writes_it() -> None:
    shown = {line.left: line.rights for line in lines(document(worked_example())) if line.signs[:1] == (r"\leftarrow",)}
    assert shown["v_{1}"] == (r"0.7 - 0.5 \cdot (-0.0371722)", "0.718586")


# The whole


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nothing_internal_shows(path: Path) -> None:
    shown = document(report(load(path)))
    for text in formulas(shown):
        assert not re.search(r"d\(\w+, |\bi\d\b|k\d_|next\(\w+, 1|None|<", text), text
    for text in texts(shown.blocks):
        plain = "".join(piece if isinstance(piece, str) else "X" for piece in text)
        assert not re.search(r"\bd\(|None|Tensor|Sum\(|_\d|  | [,.:;]|[{}]|\.\.", plain), plain


def test_the_sections_come_in_reading_order() -> None:
    shown = document(worked_example())
    headings = [
        "".join(p for p in block.text if isinstance(p, str)) for block in shown.blocks if hasattr(block, "level")
    ]
    wanted = [
        "Symbols",
        "Notation",
        "Definitions",
        "Forward pass",
        "First",
        "Second",
        "Proof",
        "Claims",
        "The gradients",
        "One step",
    ]
    assert [h for w in wanted for h in headings if h.startswith(w)] == headings[: len(wanted)]
    assert any(isinstance(block, Code) for block in shown.blocks)


def test_a_refuted_claim_shows_where_its_sides_differ() -> None:
    of = file("000-two-two-one-sigmoid")
    witness = {"sizes": {"n": 1}, "values": {"y": "-1/3"}, "left": "[0.25 +/- 1e-20]", "right": "1/2", "indices": []}
    refuted = Verdict(kind=Kind.REFUTED, witness=witness)
    shown = document(Report(file=of, claims=(ClaimReport(relation=of.claims[0], verdict=refuted),)))
    assert r"y = -\tfrac{1}{3}" in formulas(shown)
    assert {r"\approx 0.25", r"\tfrac{1}{2}"} <= set(formulas(shown))


def test_a_number_that_may_be_zero_is_shown_as_such() -> None:
    assert apart("[+/- 5.93e-38]", "1/4") == (Math(r"\approx 0"), Math(r"\tfrac{1}{4}"))


def test_an_undecided_claim_tells_why() -> None:
    of = file("000-two-two-one-sigmoid")
    open_ = Verdict(kind=Kind.UNDECIDED, reason="the difference is not zero in normal form")
    shown = document(Report(file=of, claims=(ClaimReport(relation=of.claims[0], verdict=open_),)))
    assert any("the difference is not zero in normal form" in text for text in texts(shown.blocks))


def test_a_kink_and_the_value_used_there_are_told() -> None:
    shown = document(report(file("004-relu-softmax")))
    assert any("jumps at " in "".join(p for p in text if isinstance(p, str)) for text in texts(shown.blocks))


def test_a_network_of_small_sizes_is_drawn_with_its_weights() -> None:
    shown = document(worked_example())
    (picture,) = (block for block in shown.blocks if isinstance(block, Figure))
    assert sum(node.kind == "neuron" for node in picture.nodes) == 3
    assert {edge.label for edge in picture.edges if edge.label} >= {"w_{12} = 0.4", "v_{2} = 0.8"}


def test_an_unsized_graph_is_drawn_as_boxes() -> None:
    shown = document(report(file("003-two-layer")))
    (picture,) = (block for block in shown.blocks if isinstance(block, Figure))
    assert {node.id for node in picture.nodes} >= {"W1", "z1", "L"}
    assert not any(node.kind == "neuron" for node in picture.nodes)


SCRIPT = """
from pathlib import Path
from symbackprop.derivation.delta_rule import delta_rule
from symbackprop.model.derivation_file import load
from symbackprop.proof.verdict import Kind, Verdict
from symbackprop.write.document import document
from symbackprop.write.report import GradientReport, LossReport, Report
from symbackprop.write.tex import tex
file = load(Path({path!r}))
(request,) = file.requests
verdict = Verdict(kind=Kind.PROVED)
gradients = tuple(GradientReport(loss=request.loss, name=v, verdict=verdict) for v in request.wrt)
delta = delta_rule(file.graph, request.loss, request.wrt)
loss = LossReport(loss=request.loss, chain=None, delta=delta, adjoint_verdicts={{}}, gradients=gradients)
print(tex(document(Report(file=file, losses=(loss,)))))
"""


def test_the_document_does_not_depend_on_the_hash_seed() -> None:
    path = next(path for path in FILES if path.stem == "004-relu-softmax")
    script = SCRIPT.format(path=str(path))
    found = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(found) == 1


def test_the_adjoints_of_every_loss_have_a_name() -> None:
    ctx: Context = context(report(file("000-output-delta-softmax")))
    assert ctx.symbol(adjoint_name("E", "z")) == r"\delta"
    assert ctx.symbol(adjoint_name("E_batch", "Z")) == r"\Delta"


def test_formulas_of_the_file_are_printed_in_matrix_notation() -> None:
    ctx = context(worked_example())
    assert forms.formula_latex(ctx, "v @ h") == r"v^{\top}\,h"
    assert parse("v @ h", Scope(shapes={"v": (size("m"),), "h": (size("m"),)})).shape == ()
