"""From a formula to the file that holds it: breaks lose nothing, names and numbers are read back as what they say."""

import re
from fractions import Fraction
from functools import lru_cache
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symbackprop.model.build import scope_of
from symbackprop.tensor.nodes import entry
from symbackprop.write.blocks import Document, Equations
from symbackprop.write.document import document
from symbackprop.write.formulas.read_back import prints_expression, put_in
from symbackprop.write.formulas.reader import read
from symbackprop.write.markdown import formula
from symbackprop.write.sections import context
from symbackprop.write.sections.concrete import matrix_lines, number
from symbackprop.write.sections.proof_basis import nested_numbers
from symbackprop.write.tex_equations import equation_rows

from .census import FILES, GRID, formulas, is_name, report

# From the formula to the file


@lru_cache
def shown(path: Path) -> Document:
    return document(report(path))


def signs_alone(text: str) -> list[str]:
    r"""The tokens of a formula without what only sets it: spaces, \cdot, alignment, the size of brackets."""
    bare = re.sub(
        r"\\quad|\\cdot(?![A-Za-z])|\\,|\s|&|\\(?:left|right|bigg?[lr])(?![A-Za-z])", " ", text.replace("{}", "")
    )
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
