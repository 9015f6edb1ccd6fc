"""The legend: it has what a document uses and no more, one short line each."""

from functools import lru_cache
from pathlib import Path

import pytest

from symbackprop.model.build import graph_from_formulas
from symbackprop.model.derivation_file import DerivationFile, Request
from symbackprop.pipeline import work_out
from symbackprop.write.blocks import Document, Equation, Equations, Heading, Math, Mono, Paragraph, Table, words
from symbackprop.write.document import document
from symbackprop.write.layout import width
from symbackprop.write.markdown import markdown
from symbackprop.write.sections.notation import _IDENTITY, _RULES, HEADER, with_notation
from symbackprop.write.tex import TEXT_WIDTH, tex, text_width

# A formula with each sign, and the signs in the order of the legend.
SIGNS = {
    r"x \odot y": [r"\odot"],
    r"x \oslash y": [r"\oslash"],
    r"x^{\odot 2} + x^{\odot 1/2}": [r"\cdot^{\odot 2}", r"\cdot^{\odot 1/2}"],
    r"x \otimes y": [r"\otimes"],
    r"W^{(2)\top}\,x": [r"\cdot^{\top}"],
    r"\mathbf{1}_{N}\,\mathbf{1}_{n}": [r"\mathbf{1}_{N}", r"\mathbf{1}_{n}"],
    r"\mathbf{0}_{m \times n}": [r"\mathbf{0}_{m \times n}"],
    r"\mathbf{1}[z > 0]": [r"\mathbf{1}[\,\cdot\,]"],
    r"\operatorname{diag}(x)": [r"\operatorname{diag}"],
    r"\operatorname{tr}(A)": [r"\operatorname{tr}"],
    r"\lVert x \rVert": [r"\lVert\,\cdot\,\rVert"],
    r"\lVert A \rVert_{F}": [r"\lVert\,\cdot\,\rVert_{F}"],
    r"\operatorname{sign}(x)": [r"\operatorname{sign}"],
    r"\operatorname{erf}(x)": [r"\operatorname{erf}"],
    "W_{1,:}": [r"\cdot_{1,:}"],
    r"X_{1\cdot}": [r"\cdot_{1\cdot}"],
    r"\left(A_{ij}\right)_{ij}": [r"(\,\cdot\,)_{ij}"],
    r"\operatorname{next}(W)": [r"\operatorname{next}"],
    r"\operatorname{next}^{3}(W)": [r"\operatorname{next}^{3}"],
    r"\left.\frac{\partial J}{\partial w}\right|_{\mathrm{direct}}": [r"|_{\mathrm{direct}}"],
    "I_{n}": ["I_{n}"],
}
PLAIN = [
    r"\frac{\partial L}{\partial W_{ij}} = \sum_{k=1}^{n} W_{ik}\,x_{k}",
    "z^{(1)}_{ij}",
    r"\sigma(z)",
    "I_{ij}",
    "0.5",
]


def legend(shown: Document) -> list[str]:
    """The signs of the legend; a remark that is no formula as text."""
    tables = [block for block in shown.blocks if isinstance(block, Table) and block.header == HEADER]
    pieces = [piece for table in tables for row in table.rows for piece in row[0]]
    signs = [piece for piece in pieces if piece not in (", ", " and others")]
    return [sign.latex if isinstance(sign, Math) else str(sign) for sign in signs]


def page(*formulas: str) -> Document:
    lines = tuple(Equation("u", (text,)) for text in formulas)
    blocks = [Heading(words("Symbols")), Paragraph(("", Mono("x"))), Heading(words("Definitions")), Equations(lines)]
    return Document(title="A page", source="", blocks=tuple(with_notation(blocks)))


@pytest.mark.parametrize("formula", SIGNS)
def test_a_sign_is_explained_where_it_occurs(formula: str) -> None:
    assert legend(page(formula, *PLAIN)) == SIGNS[formula]
    assert legend(page(*PLAIN)) == []


def test_every_rule_has_a_sign_here_and_all_stand_in_one_legend() -> None:
    assert len(_RULES) + 1 == len(SIGNS)
    every = legend(page(*SIGNS))
    assert sorted(every) == sorted(sign for signs in SIGNS.values() for sign in signs)
    assert [rule("\n".join(SIGNS)) for rule in (*_RULES, _IDENTITY)].count([]) == 0


def test_a_line_of_the_legend_is_short() -> None:
    (table,) = (block for block in page(*SIGNS).blocks if isinstance(block, Table))
    for sign, meaning in table.rows:
        assert sum(width(piece.latex) for piece in sign if isinstance(piece, Math)) < TEXT_WIDTH / 4
        assert text_width(meaning) < 0.75 * TEXT_WIDTH


def test_the_legend_ends_the_section_on_symbols_in_both_formats() -> None:
    shown = page(*SIGNS)
    headings = [block.text for block in shown.blocks if isinstance(block, Heading)]
    assert headings == [("Symbols",), ("Notation",), ("Definitions",)]
    for text in (tex(shown), markdown(shown)):
        assert (
            text.index("Symbols") < text.index("Notation") < text.index("product entry by entry") < text.index("Defin")
        )


@lru_cache
def derived(formula: str, hessian: bool = False) -> Document:
    shapes = {"X": "N, n", "A": "n, n", "I": "n, n", "x": "n", "b": "n", "y": "n"}
    graph = graph_from_formulas({"L": formula}, {name: s for name, s in shapes.items() if name in formula})
    wrt = tuple(name for name in graph.inputs if name in "XAxI")[:1]
    file = DerivationFile(path=Path("L"), title="", source="", graph=graph, requests=(Request(loss="L", wrt=wrt),))
    return document(work_out(file, hessian=hessian))


@pytest.mark.parametrize(
    ("formula", "hessian", "has", "lacks"),
    [
        ("sum((X + b)**2)", False, [r"\mathbf{1}_{N}"], ["number ± array", r"\odot"]),
        ("sum((x - 3)**2)", False, ["number ± array"], [r"\mathbf{1}_{N}"]),
        ("sum(x**3*y)", True, [r"\odot", r"\operatorname{diag}"], ["number ± array"]),
        ("sum((A @ x)**2)", False, [r"\cdot^{\top}"], [r"\odot", "I_{n}"]),
        ("trace(A @ A @ A)", True, ["I_{n}", r"\operatorname{tr}", r"(\,\cdot\,)_{ij}"], [r"\oslash"]),
        ("sum((I @ x)**2)", False, [r"\cdot^{\top}"], ["I_{n}"]),
    ],
)
def test_the_legend_of_a_derivation(formula: str, hessian: bool, has: list[str], lacks: list[str]) -> None:
    found = legend(derived(formula, hessian))
    assert [sign for sign in has if sign not in found] == []
    assert [sign for sign in lacks if sign in found] == []


def test_a_document_without_a_name_has_a_title_made_of_its_symbols() -> None:
    title = derived("sum((A @ x)**2)").title
    assert title == words("The gradient of {of} by {by}", of=Math("L"), by=Math("A"))
