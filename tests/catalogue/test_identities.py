"""Every identity of the catalogue is proved for all sizes, says something, and has its reason and its source."""

import re
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest

from symbackprop.catalogue import identities as catalogue
from symbackprop.catalogue.derivatives import unfold
from symbackprop.catalogue.identities import Identity, identities
from symbackprop.errors import FileError
from symbackprop.model.graph import Graph, Relation, names_in
from symbackprop.model.identity import as_file
from symbackprop.proof.points.refutation import Counterexample, refute
from symbackprop.proof.verify import verify
from symbackprop.tensor.differentiate import differentiate
from symbackprop.tensor.needs import nodes
from symbackprop.tensor.nodes import Expr, Partial, entry_indices, entry_name

RECORDS = identities()
PLACE = r"(equation|section|algorithm|theorem|lemma|table|figure)s? [A-Z0-9]"
EVERY = pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
LEAST = 90
POINTS = 4
# How much longer than the plain derivative a right side may be: 4/(exp(z) + exp(-z))**2 for 1 - tanh(z)**2.
MOST = 1.5
_NAME = re.compile(r"`(\w+)`")
SAMPLE = """
[square]
title = "Derivative of the square"
statement = "d(a, z) == 2*z"
shapes.z = ""
define.a = "z**2"
why = "A sample."
source = "Newton (1687)"
"""


@cache
def statement(id_: str) -> tuple[Relation, Graph]:
    file = as_file(RECORDS[id_])
    (claim,) = file.claims
    return claim, file.graph


@EVERY
def test_every_identity_is_proved(record: Identity) -> None:
    verdict = verify(*statement(record.id))
    assert verdict.proved, verdict.reason
    assert verdict.witness


@EVERY
def test_numbers_agree(record: Identity) -> None:
    """Dual numbers in ball arithmetic, which share nothing with the proof, find no difference away from kinks."""
    found = refute(*statement(record.id), attempts=POINTS)
    if isinstance(found, Counterexample):
        assert found.at_kink, "only there is the derivative a convention, which the proof excludes by a condition"
    else:
        assert found.agreeing


@EVERY
def test_the_right_side_is_reduced(record: Identity) -> None:
    """It is not the left side once more, and not much longer than what the rules of calculus leave."""
    left, _, right = re.split("(==|<=|>=|<|>)", record.statement, maxsplit=1)
    assert left.strip() != right.strip()
    claim, graph = statement(record.id)
    plain = unreduced(claim.left.expr, graph)
    if plain is not None:
        assert length(claim.right.expr) <= MOST * length(plain)


def length(expr: Expr) -> int:
    return sum(1 for _ in nodes(expr))


def unreduced(expr: Expr, graph: Graph) -> Expr | None:
    """∂f/∂v by the definitions of f alone, nothing contracted; None for what is no such derivative."""
    if not isinstance(expr, Partial):
        return None
    f, v = expr.args
    name, by = entry_name(f), entry_name(v) or ""
    if name not in graph.definitions or by not in graph.inputs:
        return None
    definition = graph.expand(graph.definitions[name].tensor.at(*entry_indices(f)), graph.definitions)
    return unfold(differentiate(definition, by, entry_indices(v)))


@EVERY
def test_every_record_is_written_as_it_should_be(record: Identity) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", record.id), "ids are kebab-case"
    assert not record.title.endswith(".")
    for sentence in (record.title, record.why):
        assert sentence == sentence.strip()
        assert "\n" not in sentence
    assert record.why.endswith(".")
    assert record.why[0].isupper() or record.why.split()[0] in {"word2vec:"}
    assert re.search(r"\(\d{4}\)", record.source), "a source is a book or paper with its year"
    assert re.search(PLACE, record.source), "a source is cited with the number of an equation, or of what holds it"


@EVERY
def test_every_definition_is_about_the_statement(record: Identity) -> None:
    claim, graph = statement(record.id)
    roots = names_in(claim.left.expr) | names_in(claim.right.expr)
    needed = {name for root in roots for name in graph.ancestors(root)}
    last = list(graph.definitions)[-1]
    assert set(graph.definitions) - needed <= {last}


def test_there_are_enough() -> None:
    assert len(RECORDS) >= LEAST
    assert {record.topic for record in RECORDS.values()} >= {"softmax", "classification", "regression", "activations"}


def documented(section: str) -> set[str]:
    """The names in the first column of the table of a section of docs/identities.md."""
    page = (Path(__file__).parents[2] / "docs" / "identities.md").read_text(encoding="utf-8")
    table = page.split(f"\n## {section}\n")[1].split("\n## ")[0]
    return {name for line in table.splitlines() if line.startswith("| `") for name in _NAME.findall(line.split("|")[1])}


def test_every_topic_and_key_is_documented() -> None:
    assert documented("Topics") == {record.topic for record in RECORDS.values()}
    assert documented("A record") == {field.name for field in fields(Identity)} - {"id", "topic"}


def test_no_statement_stands_twice() -> None:
    said = [
        (record.statement, tuple(record.shapes.items()), tuple(record.define.items()), tuple(record.assume.items()))
        for record in RECORDS.values()
    ]
    assert len(set(said)) == len(said)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands for that of the records."""
    monkeypatch.setattr(catalogue, "files", lambda package: tmp_path)
    return tmp_path


def read() -> list[str]:
    """The ids in the folder, read anew."""
    return list(identities.__wrapped__())


def test_records_are_read_topic_after_topic(folder: Path) -> None:
    (folder / "b.toml").write_text(SAMPLE)
    (folder / "a.toml").write_text(SAMPLE.replace("square", "first"))
    (folder / "notes.txt").write_text("not a record")
    assert read() == ["first", "square"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SAMPLE + 'sources = "no"\n', r"c.toml: \[square\] sources is no key; keys are: assume, define, .*"),
        (SAMPLE.replace("why", "shapes.y"), r"c.toml: \[square\] why is missing"),
        (SAMPLE.replace('"A sample."', '""'), r"c.toml: \[square\] why is missing"),
        (SAMPLE.replace('"Newton (1687)"', "1687"), r"c.toml: \[square\] source is missing"),
    ],
)
def test_a_wrong_record_is_named(folder: Path, text: str, message: str) -> None:
    (folder / "c.toml").write_text(text)
    with pytest.raises(FileError, match=message):
        read()


def test_an_id_is_unique(folder: Path) -> None:
    for name in ("a.toml", "b.toml"):
        (folder / name).write_text(SAMPLE)
    with pytest.raises(FileError, match=r"b.toml: square is also in a.toml; an id is unique"):
        read()


def test_a_wrong_formula_names_its_identity(folder: Path) -> None:
    (folder / "a.toml").write_text(SAMPLE.replace("2*z", "2*y @ z"))
    with pytest.raises(FileError, match=r"identity square: "):
        as_file(identities.__wrapped__()["square"])
