r"""A document as Markdown with formulas in dollar signs, as GitHub and most other renderers show them.

Markdown reads the text before the formulas are set, so that no formula may hold a character that means something to
Markdown: macros of letters stand for `\\` and `\,`, and a space before every `_` keeps it from starting emphasis.
"""

import re
from collections.abc import Iterable

from symbackprop.write.blocks import (
    Block,
    Code,
    Document,
    Equation,
    Equations,
    Figure,
    Heading,
    Items,
    Math,
    Mono,
    Paragraph,
    Table,
    Text,
)
from symbackprop.write.layout import width
from symbackprop.write.tex_equations import equation_rows, unpaired

LINE = 620.0
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|$~])")
_LINE_START = re.compile(r"^(\s*)([-+=]|\d+[.)])(?=\s|$)")


def markdown(document: Document) -> str:
    """The Markdown source of a document."""
    title = document.title if isinstance(document.title, tuple) else (document.title,)
    parts = [f"# {_text(title)}"]
    if document.source:
        parts.append(f"Source: {escaped(document.source)}")
    parts += [_block(block) for block in document.blocks]
    return "\n\n".join(parts) + "\n"


def index(title: str, lead: str, groups: Iterable[tuple[str, Iterable[tuple[str, str, Text]]]]) -> str:
    """A list of pages: below each heading one row for each page, with its title, its file and what it says."""
    parts = [f"# {escaped(title)}", lead]
    for heading, pages in groups:
        rows = [f"| [{escaped(name)}]({target}) | {_cell(text)} |" for name, target, text in pages]
        parts += [f"## {escaped(heading)}", "\n".join(["| | |", "| --- | --- |", *rows])]
    return "\n\n".join(parts) + "\n"


def _block(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"{'#' * (level + 1)} {_text(text)}"
        case Paragraph(text):
            return _LINE_START.sub(r"\1\\\2", _text(text))
        case Equations():
            return _equations(block)
        case Table():
            return _table(block)
        case Figure():
            return _figure(block)
        case Items(texts):
            return "\n".join(f"- {_text(text)}" for text in texts)
        case Code(text, language):
            return fenced(text.strip("\n"), language)


def escaped(text: str) -> str:
    """Text in which no character means anything to Markdown."""
    flat = "".join(character if character.isprintable() else " " for character in text)
    return _SPECIAL.sub(r"\\\1", flat).replace("&", "&amp;")


def fenced(text: str, language: str) -> str:
    """A code block whose fence is longer than any in the text."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _text(text: Text) -> str:
    return "".join(_inline(piece) for piece in text)


def _inline(piece: str | Math | Mono) -> str:
    if isinstance(piece, Math):
        return f"${formula(piece.latex)}$"
    if isinstance(piece, Mono):
        tick = "``" if "`" in piece.text else "`"
        return f"{tick}{piece.text}{tick}"
    return escaped(piece)


def formula(latex: str) -> str:
    """The same formula without characters that Markdown would take for its own."""
    text = latex.replace(r"\\", r"\cr ").replace(r"\,", r"\thinspace ").replace(r"\;", r"\thickspace ")
    text = text.replace(r"\{", r"\lbrace ").replace(r"\}", r"\rbrace ").replace(r"\operatorname{", r"\mathrm{")
    text = text.replace("<", r"\lt ").replace(">", r"\gt ").replace("*", r"\ast ").replace("|", r"\vert ")
    text = re.sub(r"\s*_", " _", text).replace("](", "] (")
    return re.sub(r" *$", "", re.sub(r"(?<=\S) {2,}", " ", text), flags=re.MULTILINE)


def _equations(group: Equations) -> str:
    lines = [part for line in group.lines for part in unpaired(line)]
    column = max(width(line.left) for line in lines)
    rows = []
    for line in lines:
        own = equation_rows(line, LINE - column)
        rows += [*own[:-1], own[-1] + _reason(line)]
    body = " \\\\\n".join(rows)
    return f"$$\n\\begin{{aligned}}\n{formula(body)}\n\\end{{aligned}}\n$$"


def _reason(line: Equation) -> str:
    """The rule as a third column."""
    if not line.reason:
        return ""
    parts = [piece.latex if isinstance(piece, Math) else rf"\text{{{_plain(piece)}}}" for piece in line.reason]
    return rf" &&\quad {' '.join(parts)}"


def _plain(piece: str | Mono) -> str:
    """Text within a formula: only what needs no escape there."""
    text = piece.text if isinstance(piece, Mono) else piece
    return re.sub(r"[^\w\s.,;:()=+/'-]|_", " ", text)


def _table(table: Table) -> str:
    marks = {"r": "---:", "c": ":---:"}
    head = " | ".join(_cell(cell) for cell in table.header)
    rule = " | ".join(marks.get(column, "---") for column in table.columns)
    rows = [" | ".join(_cell(cell) for cell in row) for row in table.rows]
    return "\n".join(f"| {row} |" for row in (head, rule, *rows))


def _cell(text: Text) -> str:
    """A cell; a bar within code would end it."""
    return "".join(_inline(p).replace("|", r"\|") if isinstance(p, Mono) else _inline(p) for p in text) or " "


def _figure(figure: Figure) -> str:
    """The picture as a Mermaid graph, with the names as they are in code; an input that is drawn at each use is one."""
    shapes = {"neuron": ('(("', '"))'), "input": ('["', '"]'), "quantity": ('("', '")'), "loss": ('[["', '"]]')}
    names: dict[str, str] = {}
    inputs: dict[str, str] = {}
    lines = ["graph LR"]
    for node in figure.nodes:
        name = f"n{len(lines) - 1}"
        names[node.id] = inputs.setdefault(node.plain, name) if node.kind == "input" else name
        if names[node.id] == name:
            start, end = shapes[node.kind]
            lines.append(f"  {name}{start}{node.plain}{end}")
    lines += [f"  {names[edge.start]} --> {names[edge.end]}" for edge in figure.edges]
    return fenced("\n".join(lines), "mermaid") + "\n\n" + _text(figure.caption)
