"""The signs of a document that are no names, each explained in a line among its symbols, and no others."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from symbackprop.errors import SymbackpropError
from symbackprop.model.build import scope_of
from symbackprop.write.blocks import (
    Block,
    Equations,
    Figure,
    Heading,
    Items,
    Math,
    Paragraph,
    Table,
    Text,
    joined,
    words,
)
from symbackprop.write.formulas.local_derivatives import MARK
from symbackprop.write.formulas.matrix_reader import MatrixReader
from symbackprop.write.formulas.matrix_reader_arrays import Array
from symbackprop.write.formulas.matrix_reader_words import RELATIONS, Shapes
from symbackprop.write.formulas.names import Names
from symbackprop.write.sections.context import Context

Row = tuple[Text, Text]  # sign and meaning
HEADING = Heading(words("Notation"), 2)
HEADER: Row = (("sign",), ("meaning",))
BAR = MARK.removeprefix(r"\right")
_SCRIPT = r"[^{}]*(?:\{[^{}]*\}[^{}]*)*"


def with_notation(blocks: Sequence[Block], ctx: Context | None = None) -> list[Block]:
    """The blocks with a legend at the end of the section on symbols; `ctx` is that of a document on one graph."""
    formulas = list(_formulas(blocks))
    rows = [row for rule in _RULES for row in rule("\n".join(formulas))]
    if ctx is None or all(symbol.nucleus != "I" for symbol in ctx.names.quantities.values()):
        rows += _IDENTITY("\n".join(formulas))
    rows += _repeated(formulas, ctx) if ctx is not None else []
    if not rows:
        return list(blocks)
    headings = [place for place, block in enumerate(blocks) if isinstance(block, Heading)]
    start = next(place for place in headings if blocks[place] == Heading(words("Symbols")))
    end = next((place for place in headings if place > start), len(blocks))
    legend = Table("lp", HEADER, tuple(rows))
    return [*blocks[:end], HEADING, legend, *blocks[end:]]


def _formulas(blocks: Iterable[Block]) -> Iterator[str]:
    for block in blocks:
        match block:
            case Equations(lines):
                for line in lines:
                    yield from (line.left, *line.rights, *(line.beside or ()))
            case Paragraph(text):
                yield from _within(text)
            case Items(texts):
                yield from (formula for text in texts for formula in _within(text))
            case Table():
                yield from (formula for row in block.rows for cell in row for formula in _within(cell))
            case Figure():
                yield from (node.label for node in block.nodes)


def _within(text: Text) -> Iterator[str]:
    yield from (piece.latex for piece in text if isinstance(piece, Math))


# --- one rule for each sign: the rows that it has in the legend of these formulas


def _sign(pattern: str, shown: str, meaning: str) -> Callable[[str], list[Row]]:
    """A sign that has the same meaning wherever the pattern is found."""
    found = re.compile(pattern)
    return lambda formulas: [((Math(shown),), (meaning,))] if found.search(formulas) else []


def _as_found(pattern: str, around: str, meaning: str, most: int = 3) -> Callable[[str], list[Row]]:
    """A sign that is shown as it occurs, with what the pattern finds within it; of many, the first few."""
    compiled = re.compile(pattern)

    def rule(formulas: str) -> list[Row]:
        found = sorted({match[1] for match in compiled.finditer(formulas)}, key=lambda text: (len(text), text))
        shown = [(Math(around % text),) for text in found[:most]]
        others = [" and others"] if len(found) > most > 1 else []
        return [((*joined(shown), *others), (meaning,))] if found else []

    return rule


_RULES = (
    _sign(r"(?<!\{)\\odot(?![A-Za-z])", r"\odot", "product entry by entry"),
    _sign(r"\\oslash", r"\oslash", "quotient entry by entry"),
    _as_found(r"\^\{\\odot ([^{}]*)\}", r"\cdot^{\odot %s}", "power entry by entry"),
    _sign(r"\\otimes", r"\otimes", "every entry of the one times every entry of the other"),
    _sign(r"\\top", r"\cdot^{\top}", "transpose; a vector without it is a column"),
    _as_found(r"\\mathbf\{1\}_\{([^{}]*)\}", r"\mathbf{1}_{%s}", "vector of so many ones"),
    _as_found(r"\\mathbf\{0\}_\{([^{}]*)\}", r"\mathbf{0}_{%s}", "array of that shape with zeros only"),
    _sign(r"\\mathbf\{1\}\[", r"\mathbf{1}[\,\cdot\,]", "1 where the condition holds, otherwise 0"),
    _sign(r"\\operatorname\{diag\}", r"\operatorname{diag}", "diagonal matrix of a vector; of a matrix its diagonal"),
    _sign(r"\\operatorname\{tr\}", r"\operatorname{tr}", "trace, the sum of the diagonal"),
    _sign(r"\\rVert(?!_\{F\})", r"\lVert\,\cdot\,\rVert", "length of a vector, the root of the sum of its squares"),
    _sign(r"\\rVert_\{F\}", r"\lVert\,\cdot\,\rVert_{F}", "root of the sum of all squared entries of a matrix"),
    _sign(r"\\operatorname\{sign\}", r"\operatorname{sign}", "1 for a positive number, -1 for a negative one, 0 for 0"),
    _sign(r"\\operatorname\{erf\}", r"\operatorname{erf}", "error function"),
    _as_found(rf"_\{{([^{{}}]*:{_SCRIPT})\}}", r"\cdot_{%s}", "row or column: a colon for all values of an index", 1),
    _as_found(
        rf"_\{{([^{{}}]*\\cdot{_SCRIPT})\}}", r"\cdot_{%s}", "in the picture, a dot for any value of an index", 1
    ),
    _sign(r"\)_\{[A-Za-z',1]+\}", r"(\,\cdot\,)_{ij}", "array with these entries, or entry of an array in brackets"),
    _sign(r"\\operatorname\{next\}(?!\^)", r"\operatorname{next}", "value after one step of gradient descent"),
    _as_found(r"\\operatorname\{next\}\^\{(\d+)\}", r"\operatorname{next}^{%s}", "value after so many such steps"),
    _sign(re.escape(MARK), BAR, "through the definition above alone, its other names held fixed"),
)

# I may be the name of a quantity.
_IDENTITY = _as_found(
    r"(?<![A-Za-z\\])I_\{([A-Za-z]|\d+|\\[A-Za-z]+)\}(?!\^)", r"I_{%s}", "identity matrix of so many rows"
)


def _repeated(formulas: Iterable[str], ctx: Context) -> list[Row]:
    """What the sum of a number and an array is, where there is one."""
    shapes = scope_of(ctx.graph).shapes
    if not any(_adds_a_number(text, ctx.names, shapes) for text in dict.fromkeys(formulas)):
        return []
    return [(("number \u00b1 array",), ("sum or difference with every entry of the array",))]


def _adds_a_number(text: str, names: Names, shapes: Shapes) -> bool:
    """Whether a formula is one in matrix notation with the sum of a number and an array in it."""
    try:
        reader = _Watching(text, names, shapes)
        reader.guarded(reader.sides)
    except (SymbackpropError, RecursionError):
        return False
    return reader.seen


class _Watching(MatrixReader):
    """A reader that notices whether a number is added to an array."""

    seen = False

    def sides(self) -> None:
        """An expression, or both sides of a relation."""
        self.expression()
        if self.peek() in RELATIONS:
            self.take()
            self.expression()

    def added(self, left: Array, right: Array) -> Array:
        self.seen = self.seen or left.is_number is not right.is_number
        return super().added(left, right)
