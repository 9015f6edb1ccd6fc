"""What a document is made of, whatever format it is written in: plain blocks of text, formulas and tables."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Math:
    """A formula within a line of text, as LaTeX."""

    latex: str


@dataclass(frozen=True, slots=True)
class Mono:
    """Code within a line of text."""

    text: str


Inline = str | Math | Mono
Text = tuple[Inline, ...]
Part = Inline | Text

_GAP = re.compile(r"\{(\w+)\}")


def words(template: str, **parts: Part) -> Text:
    """The template with its gaps filled: `words("{v} enters {u} alone.", v=Math("v"), u=Math("z"))`."""
    found: list[Inline] = []
    for position, piece in enumerate(_GAP.split(template)):
        part: Part = piece if position % 2 == 0 else parts[piece]
        found += part if isinstance(part, tuple) else [part]
    return tuple(piece for piece in found if piece != "")


def joined(texts: Iterable[Part], separator: str = ", ", last: str = "") -> Text:
    """The texts as one, with a separator between them and another one before the last."""
    items: list[Text] = [text if isinstance(text, tuple) else (text,) for text in texts]
    result: list[Inline] = []
    for position, item in enumerate(items):
        if position:
            result.append(last if last and position == len(items) - 1 else separator)
        result += item
    return tuple(result)


def listed(texts: Iterable[Part]) -> Text:
    """The texts as an English list: a, b and c."""
    return joined(texts, ", ", " and ")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 is a section, 2 a part of one."""

    text: Text
    level: int = 1


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: Text


@dataclass(frozen=True, slots=True)
class Equation:
    """One line `left = right = right ...`, aligned with its neighbours at the first sign; `reason` names the rule.

    An empty `left` continues the line above. `signs` replaces the sign before each right side: \\approx, \\leftarrow.
    `beside` is the same equation in another notation, to be set beside it where there is room.
    """

    left: str
    rights: tuple[str, ...]
    reason: Text = ()
    signs: tuple[str, ...] = ()
    beside: tuple[str, str] | None = None

    def sign(self, position: int) -> str:
        return self.signs[position] if position < len(self.signs) else "="


@dataclass(frozen=True, slots=True)
class Equations:
    """Lines that belong together, one below the other."""

    lines: tuple[Equation, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; `columns` has one letter for each: l, c or r, or p for text that may take several lines."""

    columns: str
    header: tuple[Text, ...]
    rows: tuple[tuple[Text, ...], ...]
    caption: Text = ()


@dataclass(frozen=True, slots=True)
class Node:
    """A neuron (round) or a named quantity (a box) at a place in a picture; `plain` is its LaTeX `label` as text."""

    id: str
    label: str
    plain: str
    x: float
    y: float
    kind: str  # "neuron", "quantity", "input" or "loss"
    beside: str = ""  # LaTeX below the node, such as a bias


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow between two nodes; `label` is LaTeX, `bend` how far it leaves the straight line, in degrees."""

    start: str
    end: str
    label: str = ""
    bend: int = 0
    place: float = 0.5


@dataclass(frozen=True, slots=True)
class Figure:
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    caption: Text


@dataclass(frozen=True, slots=True)
class Code:
    """Source text, as it is."""

    text: str
    language: str = "python"


@dataclass(frozen=True, slots=True)
class Items:
    """A list of points."""

    texts: tuple[Text, ...]


Block = Heading | Paragraph | Equations | Table | Figure | Code | Items


@dataclass(frozen=True, slots=True)
class Document:
    """Title, source and blocks in reading order."""

    title: str | Text
    source: str
    blocks: tuple[Block, ...] = field(default=())
