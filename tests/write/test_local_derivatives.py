r"""What is printed is true: the total derivative ∂u/∂v and the local one, ∂u/∂v|direct, are never taken for each other.

Every line of a derivation is read back from the document as it stands there, a left side that is not repeated put in,
and proved. So a line fails, too, whose sides are each read back but do not belong together.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import dropwhile
from pathlib import Path

import pytest

from symbackprop.catalogue.identities import identities
from symbackprop.derivation.chain_rule import chain_rule
from symbackprop.derivation.delta_rule import delta_rule
from symbackprop.derivation.steps import Derivation
from symbackprop.errors import FormulaError
from symbackprop.model.build import scope_of
from symbackprop.model.derivation_file import DerivationFile, load
from symbackprop.model.graph import Graph
from symbackprop.model.identity import as_file
from symbackprop.pages import work_out_identity
from symbackprop.pipeline import work_out
from symbackprop.proof.verify import verify_lines
from symbackprop.tensor.indices import children
from symbackprop.tensor.nodes import Expr, Local, Partial, entry, index, size
from symbackprop.tensor.tensor import axes
from symbackprop.write.blocks import Document, Equation, Equations, Heading, Math, Table, Text, words
from symbackprop.write.document import document
from symbackprop.write.formulas import latex as printer
from symbackprop.write.formulas.latex import latex
from symbackprop.write.formulas.local_derivatives import MARK, Pairs, only_direct
from symbackprop.write.formulas.matrix_reader import read_matrix
from symbackprop.write.formulas.read_back import prints_expression
from symbackprop.write.formulas.reader import read
from symbackprop.write.identities import identity_text
from symbackprop.write.json_ import to_json
from symbackprop.write.markdown import markdown
from symbackprop.write.plain import DIRECT, DIRECT_NOTE, PlainText
from symbackprop.write.plain_derivation import plain_derivation
from symbackprop.write.report import IdentityReport, LossReport, Report
from symbackprop.write.sections import context
from symbackprop.write.sections.context import UNREAD, Context
from symbackprop.write.sections.identity import identity_page
from symbackprop.write.sections.layer_names import LayerNames
from symbackprop.write.sections.notation import BAR, HEADER
from symbackprop.write.sections.step_lines import step_lines
from symbackprop.write.tex import tex

from .graph_names import names_of_graph

FILES = Path(__file__).parents[2] / "derivations"
# Quantities that are used directly and through others, in each kind of derivation; and two pages without any.
BOTH = ["weight-decay", "lstm-weights", "lstm-two-steps-cell-state", "gru-previous-state", "variance-gradient",
        "mish-derivative", "residual-block", "rnn-shared-recurrent-weights", "poisson-regression-gradient",
        "distillation-combined", "layer-norm-jacobian"]  # fmt: skip
ONE = ["bp4-weights", "softmax-jacobian"]
# Their total derivative is another function than the local one.
DIFFERENT = [("weight-decay", "J", "w"), ("lstm-weights", "L", "c1"), ("gru-previous-state", "h1", "h0")]

Letters = Mapping[Expr, str]


@lru_cache
def page(name: str) -> IdentityReport:
    return work_out_identity(identities()[name])


@lru_cache
def both_routes(name: str) -> Report:
    """The same as a derivation file, with both derivations and no verdicts."""
    return routes_of(as_file(identities()[name]))


def routes_of(file: DerivationFile) -> Report:
    losses = []
    for request in file.requests:
        chain, delta = (route(file.graph, request.loss, request.wrt) for route in (chain_rule, delta_rule))
        losses.append(LossReport(loss=request.loss, chain=chain, delta=delta, adjoint_verdicts={}, gradients=()))
    return Report(file=replace(file, sizes={}, given={}), losses=tuple(losses))


def derivations(report: Report) -> Iterator[Derivation]:
    for loss in report.losses:
        yield from (loss.chain, loss.delta) if loss.chain else (loss.delta,)


# Every line is true


class Readings:
    """The contexts and letters with which each text was printed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.letters: dict[str, list[Letters]] = {}
        monkeypatch.setattr(context, "prints_expression", self.noted)

    def noted(self, text: str, expr: Expr, names: object, letters: Letters) -> bool:
        self.letters.setdefault(text, []).append(dict(letters))
        return prints_expression(text, expr, names, letters)  # type: ignore[arg-type]

    def line(self, ctx: Context, left: str, right: str) -> tuple[Expr, Expr]:
        """Both sides under letters with which they were printed, or in matrix notation."""
        found = self.letters.get(right, [])
        for letters in [some for some in found if left not in self.letters or some in self.letters[left]]:
            return read(left, ctx.names, letters), read(right, ctx.names, letters)
        shapes = scope_of(ctx.graph).shapes
        whole = read_matrix(left, ctx.names, shapes)
        return whole.expr, read_matrix(right, ctx.names, shapes).along(whole.axes)

    def false_lines(self, ctx: Context, equations: Iterable[Equation]) -> list[str]:
        """The lines that are not proved as they stand there; second derivatives are no lines of a derivation."""
        texts = [text for text in whole_lines(equations) if r"\partial^{2}" not in text[0]]
        assert not any(UNREAD in text for line in texts for text in line)
        verdicts = verify_lines(ctx.graph, [self.line(ctx, *text) for text in texts])
        return [" = ".join(text) for text, verdict in zip(texts, verdicts, strict=True) if not verdict.proved]


def whole_lines(equations: Iterable[Equation]) -> Iterator[tuple[str, str]]:
    """Left and right sides of equations as a reader takes them; a gradient step is none."""
    left = ""
    for line in equations:
        left = line.left or left
        yield from ((left, right) for place, right in enumerate(line.rights) if line.sign(place) == "=")


def derived(shown: Document) -> list[list[Equation]]:
    """The equations behind the definitions."""
    behind = dropwhile(lambda block: block != Heading(words("Definitions")), shown.blocks)
    headed = dropwhile(lambda block: not isinstance(block, Heading), list(behind)[1:])
    return [list(block.lines) for block in headed if isinstance(block, Equations)]


@pytest.mark.parametrize("name", [*BOTH, *ONE])
def test_every_line_of_a_page_is_true_as_it_stands_there(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    readings = Readings(monkeypatch)
    shown = identity_page(page(name)).document
    ctx = context.context(page(name).report)
    assert [line for group in derived(shown) for line in readings.false_lines(ctx, group)] == []


@pytest.mark.parametrize("name", ["weight-decay", "lstm-weights", "bp4-weights"])
def test_every_line_of_both_routes_is_true_as_it_stands_there(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    check_document(both_routes(name), monkeypatch)


@pytest.mark.parametrize("name", ["004-local-upstream", "000-output-delta-softmax", "001-layer-pattern"])
def test_every_line_of_a_text_is_true_as_it_stands_there(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    check_document(routes_of(load(FILES / f"{name}.toml")), monkeypatch)


def check_document(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    readings = Readings(monkeypatch)
    shown = document(report)
    groups = derived(shown)
    assert groups
    assert [line for group in groups for line in readings.false_lines(context.context(report), group)] == []


@pytest.mark.parametrize("name", ["depth-dense", "depth-residual"])
def test_every_line_of_a_network_of_any_depth_is_true(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    report = work_out(load(FILES / f"{name}.toml"))
    assert report.file.any_depth is not None
    readings, names = Readings(monkeypatch), LayerNames(report.file.any_depth.repeat)
    for piece in report.any_depth.pieces:
        ctx = names.context(report, piece.piece, tuple(piece.derivation.gradients))
        assert readings.false_lines(ctx, step_lines(ctx, piece.derivation.steps)) == []


# What is printed wrong is noticed


@pytest.mark.parametrize("name", ["weight-decay", "lstm-weights"])
@pytest.mark.parametrize(
    ("kind", "instead"), [(Local, printer._Printer.derivative), (Partial, printer._Printer.local)], ids=["bare", "bar"]
)
def test_a_printer_that_mixes_them_up_is_not_read_back(
    name: str, kind: type, instead: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = list(formulas(document(both_routes(name))))
    assert not any(UNREAD in text for text in lines) and any(MARK in text for text in lines)
    monkeypatch.setattr(printer, "ROWS", {**printer.ROWS, kind: instead})
    assert any(UNREAD in text for text in formulas(document(both_routes(name))))
    graph = both_routes(name).file.graph
    (u, v) = next((u, v) for other, u, v in DIFFERENT if other == name)
    node = kind(*at(graph, u, v))
    names = names_of_graph(graph)
    letters = names.free_letters(axes(graph.shape(v)))
    assert not prints_expression(latex(node, names, free=letters), node, names, letters)


@pytest.mark.parametrize("name", ["weight-decay", "lstm-weights", "gru-previous-state"])
def test_a_list_of_pairs_that_is_wrong_makes_lines_false(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def all_pairs(graph: Graph) -> Pairs:
        return frozenset((u, v) for u in graph.definitions for v in graph.uses(u))

    readings = Readings(monkeypatch)
    monkeypatch.setattr(context, "only_direct", all_pairs)
    shown = identity_page(page(name)).document
    ctx = context.context(page(name).report)
    assert not any(MARK in text for text in formulas(shown))
    assert [line for group in derived(shown) for line in readings.false_lines(ctx, group)] != []


# Where both are one quantity


def at(graph: Graph, u: str, v: str) -> tuple[Expr, Expr]:
    """General entries of both, of u at other indices."""
    own = [index(f"k{axis}", extent) for axis, extent in enumerate(graph.shape(u))]
    return entry(u, *own), entry(v, *axes(graph.shape(v)))


@pytest.mark.parametrize("name", ["weight-decay", "lstm-weights", "gru-previous-state", "variance-gradient"])
def test_a_pair_without_other_ways_has_one_derivative(name: str) -> None:
    graph = as_file(identities()[name]).graph
    pairs = sorted(only_direct(graph))
    assert pairs
    verdicts = verify_lines(graph, [(Local(*at(graph, u, v)), Partial(*at(graph, u, v))) for u, v in pairs])
    assert [pair for pair, verdict in zip(pairs, verdicts, strict=True) if not verdict.proved] == []


@pytest.mark.parametrize(("name", "u", "v"), DIFFERENT)
def test_a_pair_with_other_ways_has_two(name: str, u: str, v: str) -> None:
    graph = as_file(identities()[name]).graph
    assert (u, v) not in only_direct(graph)
    (verdict,) = verify_lines(graph, [(Local(*at(graph, u, v)), Partial(*at(graph, u, v)))])
    assert not verdict.proved


# The readers


def test_the_bar_is_read_as_local_and_nothing_else_is() -> None:
    graph = as_file(identities()["weight-decay"]).graph
    names = names_of_graph(graph)
    i = index("i0", size("n"))
    total = r"\frac{\partial J}{\partial w_{i}}"
    local = rf"\left.{total}{MARK}"
    pair = entry("J"), entry("w", i)
    assert read(total, names, {i: "i"}) == Partial(*pair)
    assert read(local, names, {i: "i"}) == Local(*pair)
    both = 2 * entry("alpha") * Local(*pair) + Partial(*pair)
    assert read(rf"2{local}\,\alpha + {total}", names, {i: "i"}) == both
    wrong = [
        local.replace("direct", "total"), local.replace(r"\left.", ""), rf"\left.{total}", rf"\left.J{MARK}",
        rf"\left.\frac{{1}}{{J}}{MARK}", rf"{total}|", local.replace("_", "^", 2), rf"\left({total}{MARK}",
    ]  # fmt: skip
    for text in wrong:
        with pytest.raises(FormulaError):
            read(text, names, {i: "i"})
    with pytest.raises(FormulaError):  # matrix notation is for derivatives that are done with
        read_matrix(rf"\left.\frac{{\partial J}}{{\partial w}}{MARK}", names, scope_of(graph).shapes)


# Every format


def formulas(shown: Document) -> Iterator[str]:
    for block in shown.blocks:
        if isinstance(block, Equations):
            for line in block.lines:
                yield from (line.left, *line.rights)


def told(shown: Document) -> list[Text]:
    """The signs of the legend."""
    tables = [block for block in shown.blocks if isinstance(block, Table) and block.header == HEADER]
    return [row[0] for table in tables for row in table.rows]


@pytest.mark.parametrize("name", [*BOTH, *ONE])
def test_the_bar_is_explained_where_it_occurs_and_nowhere_else(name: str) -> None:
    shown = identity_page(page(name)).document
    assert told(shown).count((Math(BAR),)) == (name in BOTH)
    assert any(MARK in text for text in formulas(shown)) == (name in BOTH)
    assert (r"\right\vert _{\mathrm{direct}}" in markdown(shown)) == (name in BOTH)
    assert (MARK in tex(shown)) == (name in BOTH)
    text = identity_text(page(name))
    assert text.count(DIRECT_NOTE) == (name in BOTH)
    assert (DIRECT in text.replace(DIRECT_NOTE, "")) == (name in BOTH)


@pytest.mark.parametrize("name", ["weight-decay", "lstm-weights", "bp4-weights"])
def test_text_for_a_terminal_tells_them_apart(name: str) -> None:
    for derivation in derivations(both_routes(name)):
        graph = derivation.graph
        writer = PlainText(graph, derivation.loss)
        nodes = [node for step in derivation.steps for side in (step.left, step.right) for node in parts(side)]
        for node in (node for node in nodes if isinstance(node, (Local, Partial))):
            marked = isinstance(node, Local) and tuple(map(name_of, node.args)) not in only_direct(graph)
            assert writer.alone(node).endswith(DIRECT) == marked
        shown = plain_derivation(derivation)
        assert (DIRECT_NOTE in shown) == (DIRECT in shown.replace(DIRECT_NOTE, "")) == (name != "bp4-weights")


@pytest.mark.parametrize("name", ["weight-decay", "lstm-weights", "bp4-weights"])
def test_data_have_them_as_they_are(name: str) -> None:
    report = both_routes(name)
    (loss,) = json.loads(to_json(report))["losses"]
    ctx = context.context(report)
    for derivation, data in zip(derivations(report), (loss["chain_rule"], loss["delta_rule"]), strict=True):
        for step, line in zip(derivation.steps, data["steps"], strict=True):
            letters = ctx.letters(step.left, step.right)
            assert prints_expression(line["left"]["latex"], step.left, ctx.names, letters)
            assert prints_expression(line["right"]["latex"], step.right, ctx.names, letters)


def parts(expr: Expr) -> Iterator[Expr]:
    yield expr
    for child in children(expr):
        yield from parts(child)


def name_of(expr: Expr) -> str:
    return str(expr).partition("[")[0]
