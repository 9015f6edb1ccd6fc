r"""A document as a LaTeX file that stands on its own: amsmath for formulas, plain tables, TikZ for pictures."""

import re
from collections.abc import Sequence

from symbackprop.write.blocks import (
    Block,
    Code,
    Document,
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
from symbackprop.write.tex_equations import equations
from symbackprop.write.tex_picture import picture
from symbackprop.write.tex_text import code_line, declarations, escaped, mono

# In points at 10 pt, the unit of `layout.width`: 160 mm of text in an 11 pt font.
SCALE = 1.095
TEXT_WIDTH = 455 / SCALE
COLUMN_GAP = 11.0
# A table with more rows may go over the page, which takes LaTeX a second run to align.
LONG = 14
_CHARACTER = 4.9
_TALL = re.compile(r"\\(?:frac|sum|begin)(?![A-Za-z])")

PREAMBLE = r"""\documentclass[11pt,a4paper,fleqn]{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{textcomp}
\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}
\usepackage[a4paper,margin=25mm]{geometry}
\usepackage{amsmath}
\usepackage{array,longtable}
\usepackage{tikz}
\setlength{\mathindent}{1.5em}
\setlength{\parindent}{0pt}
\setlength{\parskip}{0.5em plus 0.2em minus 0.1em}
\setlength{\emergencystretch}{4em}
\setlength{\LTleft}{1.5em}
\setlength{\LTpre}{0.4em}
\setlength{\LTpost}{0.6em}
\renewcommand{\arraystretch}{1.25}
\allowdisplaybreaks
\AtBeginDocument{\abovedisplayskip=0.5em plus 0.2em\abovedisplayshortskip=\abovedisplayskip
  \belowdisplayskip=0.5em plus 0.2em\belowdisplayshortskip=\belowdisplayskip}
\newcommand{\reason}[1]{\tag*{\footnotesize\color{black!60}#1}}
\newcommand{\factorbreak}{\discretionary{}{\hbox{$\cdot\,$}}{}}
\newcommand{\codeline}[2]{\par\noindent\hangindent=\dimexpr #1em/2+2em\relax\hangafter=1\hspace*{\dimexpr #1em/2\relax}%
  {\ttfamily\strut #2}}
"""


def tex(document: Document) -> str:
    """The LaTeX source of a document."""
    return _whole(_contents(document, rf"{{\LARGE\bfseries\raggedright {_title(document)}\par}}", 1))


def booklet(title: str, chapters: Sequence[tuple[str, Sequence[Document]]]) -> str:
    """The LaTeX source of many documents: a table of contents, and a section for each chapter.

    The table of contents takes LaTeX a second run.
    """
    parts = [rf"{{\LARGE\bfseries\raggedright {escaped(title)}\par}}", r"\setcounter{secnumdepth}{0}\tableofcontents"]
    for heading, documents in chapters:
        parts.append(rf"\clearpage\section{{{escaped(heading)}}}")
        parts += [_contents(document, rf"\subsection{{{_title(document)}}}", 3) for document in documents]
    return _whole("\n\n".join(parts))


def _whole(body: str) -> str:
    head = PREAMBLE + "".join(line + "\n" for line in declarations(body))
    return f"{head}\n\\begin{{document}}\n\\thispagestyle{{plain}}\n\n{body}\n\n\\end{{document}}\n"


def _title(document: Document) -> str:
    return escaped(document.title) if isinstance(document.title, str) else _text(document.title)


def _contents(document: Document, title: str, level: int) -> str:
    """Title, source and blocks; headings begin at the given level."""
    body = title
    if document.source:
        body += "\n\n" + rf"{{\small\raggedright Source: {escaped(document.source)}\par}}"
    for block in document.blocks:
        # A blank line before a formula would start a paragraph, and leave a gap above it.
        body += ("\n" if isinstance(block, Equations) else "\n\n") + _block(block, level)
    return body


def _block(block: Block, first: int) -> str:
    match block:
        case Heading(text, level):
            return rf"\{'sub' * min(first + level - 2, 2)}section*{{{_text(text)}}}"
        case Paragraph(text):
            return _text(text)
        case Equations():
            return equations(block)
        case Table():
            return _table(block)
        case Figure():
            return picture(block, _text(block.caption))
        case Items(texts):
            lines = "\n".join(rf"\item {_text(text)}" for text in texts)
            return f"\\begin{{itemize}}\n{lines}\n\\end{{itemize}}"
        case Code(text):
            lines = "\n".join(code_line(line) for line in text.strip("\n").split("\n"))
            return f"{{\\scriptsize\\setlength{{\\parskip}}{{0pt}}\\raggedright\n{lines}\\par}}"


def _text(text: Text) -> str:
    return "".join(_inline(piece) for piece in text)


def _inline(piece: str | Math | Mono) -> str:
    if isinstance(piece, Math):
        return f"${breakable(piece.latex)}$"
    return mono(piece.text) if isinstance(piece, Mono) else escaped(piece)


def breakable(latex: str) -> str:
    r"""A formula in running text: a long one may break between factors or after a comma on its outermost level."""
    if width(latex) < TEXT_WIDTH / 4:
        return latex
    result, depth = "", 0
    for position, character in enumerate(latex):
        depth += (character == "{") - (character == "}")
        result += character
        if depth == 0 and latex[position - 1 : position + 1] == r"\,":
            result += r"\factorbreak "
        elif depth == 0 and character == "," and latex[position + 1 : position + 2] == " ":
            result += r"\allowbreak"
    return result


def _table(table: Table) -> str:
    columns = " ".join(_columns(table, fixed=len(table.rows) > LONG))
    head = [r"\hline"]
    if any(table.header):
        head += [" & ".join(rf"\textit{{{_text(cell)}}}" if cell else "" for cell in table.header) + r" \\", r"\hline"]
    rows = [" & ".join(_cell(cell) for cell in row) + r" \\" for row in table.rows]
    if len(rows) <= LONG:
        lines = [rf"\begin{{tabular}}{{{columns}}}", *head, *rows, r"\hline", r"\end{tabular}"]
        return "\n".join([r"\par\smallskip{\leftskip=1.5em\noindent", *lines, r"\par}\smallskip"])
    return "\n".join([rf"\begin{{longtable}}{{{columns}}}", *head, r"\endhead", *rows, r"\hline", r"\end{longtable}"])


def _cell(text: Text) -> str:
    """A cell; tall formulas get the height that they have in a display."""
    tall = any(isinstance(piece, Math) and _TALL.search(piece.latex) for piece in text)
    if not tall:
        return _text(text)
    pieces = [Math(r"\displaystyle " + piece.latex) if isinstance(piece, Math) else piece for piece in text]
    return r"\rule[-1.2em]{0pt}{2.9em}" + _text(tuple(pieces))


def _columns(table: Table, fixed: bool) -> list[str]:
    """The column types: natural widths where they fit, otherwise the widest columns take several lines.

    `fixed` gives every column its width, so that a table over several pages is aligned in one run of LaTeX.
    """
    cells = [[table.header[k], *(row[k] for row in table.rows)] for k in range(len(table.columns))]
    natural = [max((text_width(cell) for cell in column), default=0.0) for column in cells]
    room = TEXT_WIDTH - 20 - COLUMN_GAP * len(natural)
    types = [c if c != "p" else "l" for c in table.columns]
    if sum(natural) <= room:
        spare = min(1.08, room / sum(natural)) * SCALE
        return [_of_width(kind, wide * spare) if fixed else kind for kind, wide in zip(types, natural, strict=True)]
    widths = shared(natural, room)
    kept = [_of_width(kind, wide * SCALE) if fixed else kind for kind, wide in zip(types, natural, strict=True)]
    return [
        kind if wide == narrow else rf">{{\raggedright\arraybackslash}}p{{{narrow * SCALE:.0f}pt}}"
        for kind, wide, narrow in zip(kept, natural, widths, strict=True)
    ]


def _of_width(kind: str, points: float) -> str:
    return rf"w{{{kind}}}{{{points:.0f}pt}}"


def shared(natural: Sequence[float], room: float) -> list[float]:
    """Widths that fit into `room`: narrow columns keep theirs, the wide ones share what is left equally."""
    widths, waiting = list(natural), sorted(range(len(natural)), key=lambda k: natural[k])
    for done, k in enumerate(waiting):
        share = room / (len(waiting) - done)
        widths[k] = min(natural[k], share)
        room -= widths[k]
    return widths


def text_width(text: Text) -> float:
    """The estimated width of a line of text."""
    total = 0.0
    for piece in text:
        if isinstance(piece, Math):
            total += width(piece.latex)
        else:
            total += len(piece.text) * 5.3 if isinstance(piece, Mono) else len(piece) * _CHARACTER
    return total
