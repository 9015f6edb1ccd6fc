r"""The census of printed formulas: what stands in a document has been read back, or is a number, a name or a phrase.

A formula reaches a document through one of few doors, and what comes through a door is read back there. Here the doors
note down what they let pass, and every formula of every document must be made of that.
"""

import re
from pathlib import Path
from typing import Any

import pytest

from symbackprop.model.derivation_file import load
from symbackprop.numeric.values import Numbers
from symbackprop.pipeline import work_out
from symbackprop.tensor.nodes import adjoint_name
from symbackprop.write.document import document
from symbackprop.write.formulas.read_back import prints_numbers
from symbackprop.write.report import Report
from symbackprop.write.sections import concrete, context, forms
from symbackprop.write.sections.context import UNREAD

from .census import DEEP, FILES, Census, Doors, formulas, is_list_of_numbers, labels, report, split


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
