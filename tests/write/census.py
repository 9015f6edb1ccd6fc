"""The census of printed formulas: doors that note down what was read back, and what a document may be made of."""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from symbackprop.derivation.chain_rule import chain_rule
from symbackprop.derivation.delta_rule import delta_rule
from symbackprop.errors import NotSupportedError, SymbackpropError
from symbackprop.model.build import scope_of
from symbackprop.model.derivation_file import DerivationFile, load
from symbackprop.model.file_numbers import PrintedCheck
from symbackprop.numeric.values import all_values
from symbackprop.proof.verdict import Kind, Verdict
from symbackprop.tensor.nodes import Expr, adjoint_name
from symbackprop.tensor.tensor import variable
from symbackprop.write.blocks import Document, Equation, Equations, Figure, Items, Math, Paragraph, Table, Text
from symbackprop.write.formulas.matrix_reader import read_matrix
from symbackprop.write.formulas.read_back import equal, is_tensor
from symbackprop.write.report import ClaimReport, GradientReport, LossReport, Report
from symbackprop.write.sections import concrete, context, descent, forms, setup
from symbackprop.write.sections.context import Context
from symbackprop.write.sections.notation import HEADER

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
        PrintedCheck(formula=p.formula, digits=digits, value=digits, rounded=digits, agrees=True)
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
PHRASES = {"", r"\theta", "z = 0", r"\varepsilon = 0.00001", "h = 0.00001"}
QUOTIENT = re.compile(r"\((.*)\(\\theta \+ (.*)\) - \1\(\\theta - \2\)\) / \(2\2\)")
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
    """All texts but those of the legend."""
    for block in of.blocks:
        match block:
            case Paragraph(text):
                yield text
            case Items(items):
                yield from items
            case Table() if block.header != HEADER:
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
