r"""The census of printed formulas: what stands in a document has been read back, or is a number, a name or a phrase.

A formula reaches a document through one of few doors, and what comes through a door is read back there. Here the doors
note down what they let pass, and every formula of every document must be made of that.
"""

import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symbackprop.derivation.chain_rule import chain_rule
from symbackprop.derivation.delta_rule import delta_rule
from symbackprop.errors import NotSupportedError, SymbackpropError
from symbackprop.model.build import scope_of
from symbackprop.model.derivation_file import DerivationFile, load
from symbackprop.numeric.values import Numbers, all_values
from symbackprop.pipeline import work_out
from symbackprop.proof.verdict import Kind, Verdict
from symbackprop.tensor.nodes import Expr, adjoint_name, entry
from symbackprop.tensor.tensor import variable
from symbackprop.write.blocks import Document, Equation, Equations, Figure, Items, Math, Paragraph, Table, Text
from symbackprop.write.document import document
from symbackprop.write.formulas.matrix_reader import read_matrix
from symbackprop.write.formulas.read_back import equal, is_tensor, prints_expression, prints_numbers, put_in
from symbackprop.write.formulas.reader import read
from symbackprop.write.markdown import formula
from symbackprop.write.report import ClaimReport, GradientReport, LossReport, PrintedReport, Report
from symbackprop.write.sections import concrete, context, descent, forms, setup
from symbackprop.write.sections.concrete import matrix_lines, number
from symbackprop.write.sections.context import UNREAD, Context
from symbackprop.write.sections.proof_basis import nested_numbers
from symbackprop.write.tex_equations import equation_rows

ALL = sorted((Path(__file__).parents[2] / "derivations").glob("*.toml"))
FILES = [path for path in ALL if load(path).any_depth is None]
DEEP = [path for path in ALL if path not in FILES]
PROVED = Verdict(kind=Kind.PROVED, method="by hand", obligations=1)


@lru_cache
def report(path: Path) -> Report:
    """Both derivations and the numbers of a file; verdicts by hand."""
    of = load(path)
    losses = tuple(loss_report(of, request.loss, request.wrt) for request in of.requests)
    equations = {adjoint_name(loss.loss, v): t for loss in losses for v, t in loss.delta.adjoints.items()}
    printed = tuple(
        PrintedReport(formula=p.formula, digits=digits, value=digits, rounded=digits, agrees=True)
        for p in of.printed
        for digits in p.digits
    )
    claims = tuple(ClaimReport(relation=claim, verdict=PROVED) for claim in of.claims)
    values = all_values(of, equations) if of.given else {}
    return Report(file=of, losses=losses, claims=claims, printed=printed, values=values)


def loss_report(of: DerivationFile, loss: str, wrt: tuple[str, ...]) -> LossReport:
    try:
        chain = chain_rule(of.graph, loss, wrt)
    except NotSupportedError:
        chain = None
    gradients = tuple(GradientReport(loss=loss, name=v, verdict=PROVED, routes=PROVED) for v in wrt)
    delta = delta_rule(of.graph, loss, wrt)
    return LossReport(loss=loss, chain=chain, delta=delta, adjoint_verdicts={}, gradients=gradients)


# The doors


class Doors:
    """What came through: formulas and names that were read back, and the lines with numbers."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.texts: set[str] = set()
        self.names: set[str] = set()
        self.numeric: list[tuple[Expr, str, Any]] = []
        for module, names in {
            context: ["prints_expression"],
            setup: ["prints_expression"],
            descent: ["prints_expression"],
            forms: ["prints", "prints_relation"],
            concrete: ["prints_numbers"],
        }.items():
            for name in names:
                monkeypatch.setattr(module, name, self.noting(getattr(module, name)))
        line = concrete.entry_line

        def entry_line(ctx: Context, left: str, expr: Expr, result: str, **others: Any) -> Equation:
            self.numeric.append((expr, result, others.get("numbers")))
            return line(ctx, left, expr, result, **others)

        monkeypatch.setattr(concrete, "entry_line", entry_line)
        symbol = Context.symbol

        def named(ctx: Context, code: str) -> str:
            text = symbol(ctx, code)
            self.names_of(ctx)
            assert is_name(ctx, text, code), f"not read back: {text}"
            self.names.add(text)
            return text

        monkeypatch.setattr(Context, "symbol", named)

    def names_of(self, ctx: Context) -> None:
        """The sizes, functions and index letters of a context, which stand alone in sentences."""
        names = ctx.names
        self.names |= {s.text for s in names.sizes.values()} | {s.text for s in names.functions.values()}
        self.names |= {names.letter(k) for k in range(8)}

    def noting(self, door: Callable[..., bool]) -> Callable[..., bool]:
        """The door, which must let everything pass in the files of the repository."""

        def noted(text: str, *others: Any) -> bool:
            assert door(text, *others), f"not read back: {text}"
            self.texts.add(text)
            return True

        return noted


def is_name(ctx: Context, text: str, code: str) -> bool:
    """Whether a text is read back as the whole quantity or derivative."""
    shapes = scope_of(ctx.graph).shapes
    parts = re.findall(r"\w+", code.removeprefix("d("))
    shape = tuple(length for part in parts for length in shapes[part])
    return is_tensor(read_matrix(text, ctx.names, shapes), variable(code, shape))


# What may stand in a document


SIGNS = (" = ", r" \approx ", r" \neq ", r" \geq ", r" \leftarrow ", " > ", ", ", " / ", r" \times ")
DECIMAL = re.compile(r"(?:\\approx )?-?\d+(?:\.\d+)?(?: \\cdot 10\^\{-?\d+\})?")
RATIONAL = re.compile(r"-?\d+|-?\\tfrac\{\d+\}\{\d+\}")
PHRASES = {"", r"|_{\mathrm{direct}}", "q", r"\operatorname{next}(q)", r"\theta", r"\mathbf{1}[\,\cdot\,]", "z = 0"}
QUOTIENT = re.compile(r"\((.*)\(\\theta \+ \\varepsilon\) - \1\(\\theta - \\varepsilon\)\) / 2\\varepsilon")
SECOND = re.compile(r"\\frac\{\\partial\^\{2\} (.*)\}\{\\partial (.*) \\, \\partial (.*)\}")
GRID = re.compile(r"\\begin\{pmatrix\} (.*) \\end\{pmatrix\}")


class Census:
    """Whether each formula of one document is made of what came through the doors, of numbers, names and phrases."""

    def __init__(self, ctx: Context, doors: Doors) -> None:
        self.ctx, self.doors = ctx, doors
        doors.names_of(ctx)

    def knows(self, text: str) -> bool:
        if text in self.doors.texts | self.doors.names | PHRASES or QUOTIENT.fullmatch(text):
            return True
        second = SECOND.fullmatch(text)
        if second:
            return all(map(self.knows, second.groups()))
        if DECIMAL.fullmatch(text) or RATIONAL.fullmatch(text):
            return True
        if is_list_of_numbers(text):
            return True
        if text.startswith(r"\partial ") and self.knows(text.removeprefix(r"\partial ")):
            return True
        beside = split(text, r", \qquad ")
        if len(beside) > 1:
            return all(map(self.knows, beside))
        parts = split(text, " = ")
        if len(parts) > 1 and not all(part in self.doors.texts or is_list_of_numbers(part) for part in parts[1:]):
            return self.is_true(parts)
        return any(len(parts) > 1 and all(map(self.knows, parts)) for parts in (split(text, sign) for sign in SIGNS))

    def is_true(self, sides: list[str]) -> bool:
        """Whether an equation between names holds, such as that of a delta and the derivative that it is."""
        shapes = scope_of(self.ctx.graph).shapes
        texts = [re.sub(r"^(\\partial \S+) / (\\partial \S+)$", r"\\frac{\1}{\2}", side) for side in sides]
        try:
            first, *others = [read_matrix(text, self.ctx.names, shapes) for text in texts]
            return all(equal(first.expr, other.along(first.axes)) for other in others)
        except SymbackpropError:
            return False

    def knows_label(self, text: str) -> bool:
        r"""A label of the picture: a dot stands for every value of an index, and + b for a bias."""
        shapes = scope_of(self.ctx.graph).shapes
        try:
            return self.knows(text.removeprefix("+ ")) or bool(
                read_matrix(text.replace(r"\cdot", ":"), self.ctx.names, shapes)
            )
        except SymbackpropError:
            return False


def split(text: str, sign: str) -> list[str]:
    """The text cut at a sign outside all brackets."""
    parts, depth, start = [], 0, 0
    for place, character in enumerate(text):
        depth += (character in "({[") - (character in ")}]")
        if depth == 0 and text.startswith(sign, place):
            parts.append(text[start:place])
            start = place + len(sign)
    return [*parts, text[start:]]


def is_list_of_numbers(text: str) -> bool:
    """A matrix of numbers, a part of a long vector, a point."""
    grid = GRID.fullmatch(text)
    if grid:
        return all(DECIMAL.fullmatch(cell) for row in grid[1].split(r" \\ ") for cell in row.split(" & "))
    items = re.split(r",\\?;? ?", text.removesuffix(r"^{\top}").strip("(),"))
    return all(DECIMAL.fullmatch(i.strip("{}() ")) or RATIONAL.fullmatch(i.strip("() ")) for i in items)


def texts(of: Document) -> Iterator[Text]:
    for block in of.blocks:
        match block:
            case Paragraph(text):
                yield text
            case Items(items):
                yield from items
            case Table():
                yield from (cell for row in (block.header, *block.rows) for cell in row)
            case Equations(lines):
                yield from (line.reason for line in lines)
            case Figure():
                yield block.caption


def formulas(of: Document) -> Iterator[str]:
    for block in of.blocks:
        if isinstance(block, Equations):
            for line in block.lines:
                yield from (line.left, *line.rights, *(line.beside or ()))
    yield from (piece.latex for text in texts(of) for piece in text if isinstance(piece, Math))


def labels(of: Document) -> Iterator[str]:
    for block in of.blocks:
        if isinstance(block, Figure):
            yield from (text for node in block.nodes for text in (node.label, node.beside))
            yield from (edge.label for edge in block.edges)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_formula_of_a_document_came_through_a_door(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    doors = Doors(monkeypatch)
    found = document(report(path))
    census = Census(context.context(report(path)), doors)
    assert [text for text in formulas(found) if not census.knows(text)] == []
    assert [text for text in labels(found) if not census.knows_label(text)] == []
    assert not any(UNREAD in text for text in formulas(found))
    check_numbers(report(path), doors)


@pytest.mark.parametrize("path", DEEP, ids=lambda path: path.stem)
def test_every_formula_about_any_depth_came_through_a_door(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """But for the sum over all layers, and what is said of their number."""
    worked = work_out(load(path))
    doors = Doors(monkeypatch)
    found = document(worked)
    census = Census(context.context(worked), doors)
    assert worked.file.any_depth is not None
    indexing = worked.file.any_depth.repeat.indexing
    place = rf"(?:{indexing.index}|{indexing.count})(?:[+-]\d)?|\d+"
    place = rf"(?:{place})(?: (?:=|\\leq|\\geq) (?:{place}))*"
    summed = re.compile(rf"(?:(.*) (?:=|\\neq) )?[- ]*\\sum_\{{{indexing.index}=1\}}\^\{{{indexing.count}\}} (.*)")
    for text in formulas(found):
        over_all = summed.fullmatch(text)
        parts = [part for part in over_all.groups() if part] if over_all else [text]
        assert all(re.fullmatch(place, part) or census.knows(part) or at_a_layer(part, census) for part in parts), text


def at_a_layer(text: str, census: Census) -> bool:
    """A name in a sentence, or a point at which a claim fails."""
    parts = split(text, " = ")
    name = re.compile(r"[A-Za-z\\]+(?:\^\{\([\w+-]+\)\}|_\{[\w+-]+\})?")
    return bool(name.fullmatch(parts[0])) and all(map(is_list_of_numbers, parts[1:]))


def check_numbers(of: Report, doors: Doors) -> None:
    """The value of each line with numbers, computed anew from the exact numbers, is the result that is printed."""
    equations = {adjoint_name(loss.loss, v): t for loss in of.losses for v, t in loss.delta.adjoints.items()}
    numbers = Numbers(of.file, equations)
    for expr, result, changed in doors.numeric:
        at = numbers.at(200, 0 if changed is None else 1)
        assert float(at.number(expr)) == pytest.approx(float(result), rel=6e-6, abs=1e-300)


def test_the_census_knows_no_formula_that_was_not_read_back(monkeypatch: pytest.MonkeyPatch) -> None:
    path = next(path for path in FILES if path.stem == "000-two-two-one-sigmoid")
    doors = Doors(monkeypatch)
    document(report(path))
    census = Census(context.context(report(path)), doors)
    for text in (r"\delta^{(1)}\,x", r"w\,x + 1", r"z^{(1)} = x", "0.5.5", r"\frac{1}{2}", r"(1, x\,x)"):
        assert not census.knows(text), text


def test_a_line_that_is_not_read_back_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    path = next(path for path in FILES if path.stem == "000-two-two-one-sigmoid")
    before = list(formulas(document(report(path))))
    doors = [
        (context, "prints_expression"),
        (concrete, "prints_numbers"),
        (forms, "prints"),
        (forms, "prints_relation"),
    ]
    for module, name in doors:
        monkeypatch.setattr(module, name, lambda *_: False)
    after = list(formulas(document(report(path))))
    for sign in (r"\odot", r"\top", r"\sum", r"\sigma(0"):
        assert any(sign in text for text in before) and not any(sign in text for text in after), sign
    assert UNREAD in after


def test_a_misprint_in_a_line_with_numbers_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[tuple[Any, ...]] = []
    monkeypatch.setattr(concrete, "prints_numbers", lambda *given: lines.append(given) or prints_numbers(*given))
    for path in FILES:
        if path.stem in ("000-two-two-one-sigmoid", "004-relu-softmax"):
            document(report(path))
    wrong = [
        (text[: found.start()] + instead + text[found.end() :], *others)
        for text, *others in lines
        for pattern, instead in ((r"(?<=\d)(?=\.\d)", "1"), (r" \\cdot ", " + "), (r" \+ ", " - "), (r"\(-", "("))
        for found in re.finditer(pattern, text)
    ]
    harmless = [text for text, *others in wrong if prints_numbers(text, *others)]
    assert len(wrong) > 100
    # Nothing is noticed where a factor 0 or an addend 0 hides it.
    assert [text for text in harmless if not re.search(r"(?<![\d.])0(?![\d.])", text)] == []


# From the formula to the file


@lru_cache
def shown(path: Path) -> Document:
    return document(report(path))


def signs_alone(text: str) -> list[str]:
    r"""The tokens of a formula without what only sets it: spaces, \cdot, alignment, the empty group after a break."""
    bare = re.sub(r"\\quad|\\cdot(?![A-Za-z])|\\,|\s|&", " ", text.replace("{}", ""))
    return re.findall(r"\\[A-Za-z]+|\\.|[^\s]", bare)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_line_that_is_broken_over_rows_loses_nothing(path: Path) -> None:
    for block in shown(path).blocks:
        for line in block.lines if isinstance(block, Equations) else ():
            whole = line.left + "".join(f" {line.sign(k)} {right}" for k, right in enumerate(line.rights))
            for room in (90.0, 200.0, 400.0, 600.0):
                assert signs_alone(" ".join(equation_rows(line, room))) == signs_alone(whole)


BACK = {
    r"\cr": r"\\\\", r"\thinspace": r"\\,", r"\thickspace": r"\\;", r"\lbrace": r"\\{", r"\rbrace": r"\\}",
    r"\lt": "<", r"\gt": ">", r"\ast": "*", r"\vert": "|",
}  # fmt: skip


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_formula_in_markdown_is_the_same_formula(path: Path) -> None:
    for text in formulas(shown(path)):
        back = formula(text).replace(r"\mathrm{", r"\operatorname{")
        for written, meant in BACK.items():
            back = re.sub(re.escape(written) + r"(?![A-Za-z])", meant, back)
        assert re.sub(r"\s", "", back) == re.sub(r"\s", "", text.replace(r"\mathrm{", r"\operatorname{"))


# Names and numbers


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_name_is_read_back_as_what_it_names(path: Path) -> None:
    ctx = context.context(report(path))
    shapes = scope_of(ctx.graph).shapes
    for name in shapes:
        assert is_name(ctx, ctx.symbol(name), name)
        letters = ctx.letters(ctx.entry(name))
        assert prints_expression(ctx.tex(ctx.entry(name), letters), ctx.entry(name), ctx.names, letters)


NAMES = context.context(report(FILES[0])).names
DECIMALS = st.builds(
    lambda sign, digits, places: f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}",
    st.sampled_from(["", "-"]),
    st.integers(1, 10**7).map(lambda n: str(n).rjust(9, "0")),
    st.integers(0, 8),
).map(lambda text: re.sub(r"^(-?)0+(?=\d)", r"\1", text))


@given(DECIMALS)
def test_a_printed_number_is_read_back(text: str) -> None:
    assert read(number(text), NAMES, {}) == put_in(entry("q"), {entry("q"): text})


@given(st.fractions(max_denominator=50))
def test_a_rational_of_a_point_is_read_back(value: Fraction) -> None:
    assert read(nested_numbers(str(value)).replace(r"\tfrac", r"\frac"), NAMES, {}) == value


@pytest.mark.parametrize(("height", "width"), [(1, 1), (8, 1), (9, 1), (30, 1), (2, 3), (4, 8), (1, 12), (3, 19)])
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_every_entry_of_a_printed_matrix_stands_in_its_place(height: int, width: int, data: st.DataObject) -> None:
    places = list(product(range(height), range(width))) if width > 1 else [(k,) for k in range(height)]
    results = dict(zip(places, data.draw(st.lists(DECIMALS, min_size=len(places), max_size=len(places))), strict=True))
    found: dict[tuple[int, ...], str] = {}
    first = 0
    for line in matrix_lines("M", results):
        grid = GRID.fullmatch(line.rights[0])
        if grid is None:
            items = re.split(r",\\; ", line.rights[0].removesuffix(r"^{\top}").removesuffix(",").strip("()"))
            items = [item[1:-1] if item.startswith("{") else item for item in items]
            found |= {(len(found) + k,): item for k, item in enumerate(items)}
            continue
        rows = [row.split(" & ") for row in grid[1].split(r" \\ ")]
        cells = {(i, first + j): cell for i, row in enumerate(rows) for j, cell in enumerate(row)}
        found |= cells if width > 1 else {place[:1]: cell for place, cell in cells.items()}
        first += len(rows[0])
    assert found == {place: number(text) for place, text in results.items()}
