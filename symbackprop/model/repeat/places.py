"""Formulas in which quantities carry the number of their layer: `W[l] @ a[l-1]`, `a[K]`, `h[0]`.

The text is taken apart once, into pieces of text, quantities with their places, and sums over all layers. Put together
again with one name for each quantity at each place, it is an ordinary formula.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from symbackprop.errors import FormulaError
from symbackprop.language.syntax import syntax_tree

Anchor = Literal["start", "here", "end"]
MAX_OFFSET = 3  # layers before or after the one that a formula is about


@dataclass(frozen=True, slots=True)
class Place:
    """The number of a layer: `offset` itself, l + offset, or K + offset."""

    anchor: Anchor
    offset: int

    def moved(self, by: int) -> "Place":
        return Place(self.anchor, self.offset + by)


HERE, END = Place("here", 0), Place("end", 0)


@dataclass(frozen=True, slots=True)
class Indexing:
    """The names of index and count, and the names that carry a place."""

    index: str
    count: str
    names: frozenset[str] = frozenset()

    def written(self, place: Place) -> str:
        """The place as it stands in a formula: l-1, K, 0."""
        if place.anchor == "start":
            return str(place.offset)
        name = self.index if place.anchor == "here" else self.count
        return name + (f"{place.offset:+d}" if place.offset else "")


@dataclass(frozen=True, slots=True)
class Mention:
    """`name[place]` in a formula."""

    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class Count:
    """The number of layers, as a value."""


@dataclass(frozen=True, slots=True)
class Total:
    """`sum(body for l in range(low, high + 1))`; in `body` the place "here" is that of the summand."""

    body: "Template"
    low: Place
    high: Place


Part = str | Mention | Count | Total


@dataclass(frozen=True, slots=True)
class Template:
    """A formula taken apart; the parts stand in the order of the text."""

    text: str
    parts: tuple[Part, ...]

    def mentions(self) -> Iterator[Mention]:
        """The quantities with a place, those below a sum left out."""
        return (part for part in self.parts if isinstance(part, Mention))

    def totals(self) -> Iterator[Total]:
        return (part for part in self.parts if isinstance(part, Total))


def read_template(text: str, indexing: Indexing) -> Template:
    """The formula taken apart.

    Raises: FormulaError for a quantity of every layer without a place, and for what is no place.
    """
    text = " ".join(text.split())
    found = sorted(_parts(syntax_tree(text), text, indexing), key=lambda item: item[0])
    parts: list[Part] = []
    position = 0
    for start, end, part in found:
        parts += [text[position:start], part]
        position = end
    return Template(text, tuple(part for part in (*parts, text[position:]) if part != ""))


def _parts(node: ast.AST, text: str, indexing: Indexing) -> Iterator[tuple[int, int, Part]]:
    """Where the parts of the formula that are no plain text begin and end."""
    part: Part | None = None
    if is_total(node):
        part = _total(node, text, indexing)
    elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in indexing.names:
        part = Mention(node.value.id, _place(node.slice, text, indexing))
    elif isinstance(node, ast.Name):
        part = _bare_name(node, text, indexing)
    if part is None:
        for child in ast.iter_child_nodes(node):
            yield from _parts(child, text, indexing)
    elif isinstance(node, ast.expr):
        yield node.col_offset, node.end_col_offset or 0, part


def _bare_name(node: ast.Name, text: str, indexing: Indexing) -> Part | None:
    if node.id == indexing.count:
        return Count()
    if node.id == indexing.index:
        raise FormulaError(f"the index {node.id} stands only in brackets, as in z[{node.id}]", text, node.col_offset)
    if node.id in indexing.names:
        message = f"{node.id} is there once in each layer: write {node.id}[{indexing.index}]"
        raise FormulaError(message, text, node.col_offset)
    return None


def _place(node: ast.expr, text: str, indexing: Indexing) -> Place:
    """A place `l`, `l - 1`, `K`, `0`."""
    offset = 0
    anchor = node
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)) and _is_integer(node.right):
        anchor = node.left
        offset = int(node.right.value) * (1 if isinstance(node.op, ast.Add) else -1)  # type: ignore[attr-defined]
    if _is_integer(anchor) and anchor is node:
        return Place("start", int(anchor.value))  # type: ignore[attr-defined]
    known: dict[str, Anchor] = {indexing.index: "here", indexing.count: "end"}
    if isinstance(anchor, ast.Name) and anchor.id in known and abs(offset) <= MAX_OFFSET:
        return Place(known[anchor.id], offset)
    i, k = indexing.index, indexing.count
    message = f"expected the number of a layer such as {i}, {i}-1, {i}+1, {k} or 0, at most {MAX_OFFSET} layers away"
    raise FormulaError(message, text, node.col_offset)


def _is_integer(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int


def is_total(node: ast.AST) -> bool:
    """Whether a node is `sum(... for ...)`."""
    called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "sum"
    return called and any(isinstance(argument, ast.GeneratorExp) for argument in node.args)  # type: ignore[attr-defined]


def _total(node: ast.AST, text: str, indexing: Indexing) -> Total:
    i, k = indexing.index, indexing.count
    expected = f"expected a sum over layers such as sum(... for {i} in range(1, {k} + 1))"
    assert isinstance(node, ast.Call)
    error = FormulaError(expected, text, node.col_offset)
    if len(node.args) != 1 or node.keywords or not isinstance(node.args[0], ast.GeneratorExp):
        raise error
    generator = node.args[0].generators[0]
    over = generator.iter
    if len(node.args[0].generators) != 1 or generator.ifs or generator.is_async:
        raise error
    if not isinstance(generator.target, ast.Name) or generator.target.id != i:
        raise error
    if not isinstance(over, ast.Call) or not isinstance(over.func, ast.Name) or over.func.id != "range":
        raise error
    if len(over.args) != 2 or over.keywords:
        raise error
    low, past = (_place(argument, text, indexing) for argument in over.args)
    if "here" in (low.anchor, past.anchor):
        raise error
    body = read_template(ast.get_source_segment(text, node.args[0].elt) or "", indexing)
    if any(body.totals()):
        raise FormulaError("a sum over layers within another one is not supported", text, node.col_offset)
    return Total(body, low, past.moved(-1))


def terms(text: str) -> list[tuple[str, ast.expr]]:
    """The terms of a formula with their signs "+" and "-"."""
    return list(_terms(syntax_tree(text), False))


def _terms(node: ast.expr, negative: bool) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        yield from _terms(node.left, negative)
        yield from _terms(node.right, negative != isinstance(node.op, ast.Sub))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield from _terms(node.operand, not negative)
    else:
        yield "-" if negative else "+", node


def layered_names(formulas: Iterable[str], index: str, count: str) -> frozenset[str]:
    """The names that carry a place somewhere in the formulas: whose first subscript names the index or the count."""
    found = set()
    for formula in formulas:
        for node in ast.walk(syntax_tree(" ".join(formula.split()))):
            if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
                named = {part.id for part in ast.walk(node.slice) if isinstance(part, ast.Name)}
                if named & {index, count}:
                    found.add(node.value.id)
    return frozenset(found)
