"""The documents tell the truth: what they run runs, what they print is printed, what they list is complete."""

import io
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import NamedTuple

import click
import pytest

import symbackprop as sb
from symbackprop.catalogue.activations import ACTIVATIONS
from symbackprop.catalogue.losses import LOSSES
from symbackprop.cli import COMMANDS, main
from symbackprop.language import refusal, syntax
from symbackprop.language.functions import FUNCTIONS, WORDS
from symbackprop.model import build, derivation_file, file_numbers, toml_values
from symbackprop.proof.limits import Budget
from symbackprop.proof.verdict import Kind

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "CHANGELOG.md"]
LANGUAGE = ROOT / "docs" / "formula-language.md"
NOTATION = ROOT / "docs" / "notation.md"
SHAPES = {"W": "h, n", "x": "n", "u": "m", "y": "h", "A": "n, n"}  # as formula-language.md says
_BLOCK = re.compile(r"^```(\w+)[ ]*([^\n]*)\n(.*?)^```$", re.M | re.S)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_LEFT_OUT = "..."
_SECONDS = re.compile(r"^(PROVED|REFUTED|UNDECIDED) +\d+\.\d\d", re.M)


class Block(NamedTuple):
    """A fenced block: its language, what follows the language, and its text."""

    language: str
    note: str
    text: str


def blocks(path: Path, *languages: str) -> list[Block]:
    found = [Block(*match.groups()) for match in _BLOCK.finditer(path.read_text(encoding="utf-8"))]
    return [block for block in found if not languages or block.language in languages]


def ids(path: Path) -> str:
    return path.name


def with_outputs(path: Path, language: str) -> Iterator[tuple[str, str | None]]:
    """The blocks of a language, each with the output that the document shows right after it."""
    found = blocks(path)
    for block, after in zip(found, [*found[1:], Block("", "", "")], strict=False):
        if block.language == language:
            yield block.text, after.text if (after.language, after.note) == ("text", "output") else None


def assert_shows(expected: str, printed: str) -> None:
    """The printed lines are the expected ones, where a line `...` stands for any lines left out."""
    lines = [line.rstrip() for line in printed.rstrip().splitlines()]
    wanted = [line.rstrip() for line in expected.rstrip().splitlines()]
    position = 0
    free = False
    while wanted:
        if wanted[0] == _LEFT_OUT:
            free, wanted = True, wanted[1:]
            continue
        end = wanted.index(_LEFT_OUT) if _LEFT_OUT in wanted else len(wanted)
        part, wanted = wanted[:end], wanted[end:]
        starts = range(position, len(lines) - len(part) + 1) if free else [position]
        start = next((k for k in starts if lines[k : k + len(part)] == part), None)
        assert start is not None, f"not printed:\n{chr(10).join(part)}\nbut:\n{printed}"
        position, free = start + len(part), False
    assert free or position == len(lines), f"the document leaves out:\n{chr(10).join(lines[position:])}"


# ------------------------------------------------------------------ what runs


@pytest.mark.parametrize("path", DOCUMENTS, ids=ids)
def test_python_runs_and_prints_what_is_shown(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {"__name__": "documents"}
    for code, expected in with_outputs(path, "python"):
        printed = io.StringIO()
        with redirect_stdout(printed):
            exec(compile(code, path.name, "exec"), names)
        assert expected is not None or not printed.getvalue(), f"shown is no output of\n{code}"
        if expected is not None:
            assert_shows(expected, printed.getvalue())


FILES = [(path, k, block) for path in DOCUMENTS for k, block in enumerate(blocks(path, "toml"))]


@pytest.mark.parametrize(("path", "k", "block"), FILES, ids=[f"{path.stem}-{k}" for path, k, _ in FILES])
def test_derivation_files_work_out(path: Path, k: int, block: Block, tmp_path: Path) -> None:
    from symbackprop.pipeline import work_out

    assert set(tomllib.loads(block.text)) <= derivation_file.SECTIONS
    if block.note == "part":
        return
    target = tmp_path / "example.toml"
    target.write_text(block.text, encoding="utf-8")
    report = work_out(derivation_file.load(target))
    kinds = {verdict.kind for verdict in report.verdicts()}
    assert kinds == ({Kind.PROVED} if not block.note else {Kind.PROVED, Kind[block.note.upper()]})
    assert all(number.agrees for number in report.printed)


def test_a_complete_example_has_every_section() -> None:
    whole = [
        tomllib.loads(block.text) for block in blocks(ROOT / "docs" / "derivation-file.md", "toml") if not block.note
    ]
    assert {section for file in whole for section in file} == derivation_file.SECTIONS
    assert {key for file in whole for key in file.get("train", {})} == derivation_file.TRAIN_KEYS


def commands(path: Path) -> Iterator[tuple[list[str], str | None]]:
    """The words of every command line, with the output shown."""
    for text, expected in with_outputs(path, "sh"):
        for line in text.replace("\\\n", " ").splitlines():
            for part in line.split("&&"):
                yield shlex.split(part, comments=True), expected


@pytest.mark.parametrize("path", DOCUMENTS, ids=ids)
def test_commands_exist(path: Path, tmp_path: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for words, expected in commands(path):
        if words[:2] == ["pip", "install"]:
            extras = re.fullmatch(r"\.(?:\[(\w+)\])?", words[2])
            assert extras and (extras[1] is None or extras[1] in project["optional-dependencies"])
        elif words[0] == "symbackprop":
            command(words[1]).make_context(words[1], words[2:])
            named = [word for word in words[2:] if word.startswith("derivations") and "--out" not in words]
            assert all((ROOT / word).exists() for word in named)
            if expected is not None:
                elsewhere = ["--out", str(tmp_path)] if words[1] == "derive" else []
                run = [sys.executable, "-X", "utf8", "-m", "symbackprop", *words[1:], *elsewhere]
                printed = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)
                assert_shows(*(_SECONDS.sub(r"\1 0.00", text) for text in (expected, printed.stdout + printed.stderr)))
        else:
            assert words == ["pytest"]


def test_the_readme_names_both_commands() -> None:
    lines = [block.text.strip() for block in blocks(ROOT / "README.md", "sh")]
    assert "pip install . && symbackprop derive derivations" in lines
    assert "pip install '.[test]' && pytest" in lines
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for option in command("derive").params:
        for name in (name for name in option.opts if name.startswith("--")):
            assert name in text or name == "--help"


def test_every_command_and_option_is_documented() -> None:
    text = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    assert [row[0] for row in rows(ROOT / "docs" / "command-line.md", "## Commands")] == [
        f"[`symbackprop {name}`](#{name})" for name in COMMANDS
    ]
    for name in COMMANDS:
        section = text.split(f"\n## {name}\n")[1].split("\n## ")[0]
        for option in command(name).params:
            assert all(spelling in section for spelling in option.opts if spelling.startswith("-")), (name, option)


def command(name: str) -> click.Command:
    found = main.get_command(click.Context(main), name)
    assert found is not None, name
    return found


# ------------------------------------------------------------------ what is listed


@pytest.mark.parametrize("path", DOCUMENTS, ids=ids)
def test_links_resolve(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for link in _LINK.findall(_BLOCK.sub("", text)):
        if link.startswith(("http://", "https://")):
            continue
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        # The documents beside a derivation file are made from it.
        assert target.exists() or target.with_suffix(".toml").exists(), link
        if anchor:
            assert anchor in {_anchor(line) for line in target.read_text(encoding="utf-8").splitlines()}, link


def _anchor(line: str) -> str:
    """The anchor that GitHub gives a heading; empty for other lines."""
    heading = re.match(r"#+ (.*)", line)
    return re.sub(r"[^\w\- ]", "", heading[1].lower()).replace(" ", "-") if heading else ""


def rows(path: Path, heading: str) -> list[list[str]]:
    """The rows of the first table below a heading, cell by cell."""
    lines = path.read_text(encoding="utf-8").split(f"\n{heading}\n", 1)[1].splitlines()
    start = next(k for k, line in enumerate(lines) if line.startswith("|"))
    table = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        table.append([cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return table[2:]


def test_the_function_table_is_complete() -> None:
    table = rows(LANGUAGE, "## Functions")
    named = [name for row in table for name in re.findall(r"`(\w+)\(", row[0])]
    assert sorted(named) == sorted({*FUNCTIONS, *WORDS})
    for row in table:
        for name in re.findall(r"`(\w+)\(", row[0]):
            if name in FUNCTIONS:
                assert all(keyword in row[0] for keyword in FUNCTIONS[name].keywords - {"spec"}), name


def test_every_error_is_the_real_one() -> None:
    for formula, message, *_ in [*rows(LANGUAGE, "## Errors"), *rows(LANGUAGE, "## What is refused, and why")]:
        with pytest.raises(sb.FormulaError) as caught:
            sb.graph({"q": formula.strip("`")}, SHAPES)
        assert message.strip("`") == caught.value.message.removeprefix("[define] q: ")


def test_every_construct_is_read_as_the_table_says() -> None:
    for formula, shape, _ in rows(LANGUAGE, "## Constructs"):
        graph = sb.graph({"q": formula.strip("`")}, SHAPES)
        assert ", ".join(map(str, graph.shape("q"))) == shape.strip("`()").rstrip(","), formula


def test_the_limits_are_the_real_ones() -> None:
    limits = dict(rows(LANGUAGE, "## Limits of a formula"))
    assert {what: int(number.replace(" ", "")) for what, number in limits.items()} == {
        "characters of a formula": syntax.MAX_LENGTH,
        "depth of nesting": syntax.MAX_DEPTH,
        "digits of a number": syntax.MAX_DIGITS,
        "numerator or denominator of an exponent": syntax.MAX_EXPONENT,
        "the same of nested powers, multiplied": refusal.MAX_JOINED_EXPONENT,
        "parts of a formula when it is written out": refusal.MAX_NODES,
        "characters of a name": 64,
        "axes of a shape": build.MAX_AXES,
    }


def test_the_limits_of_a_file_and_of_a_proof_are_the_real_ones() -> None:
    file = (ROOT / "docs" / "derivation-file.md").read_text(encoding="utf-8")
    for number in (toml_values.MAX_FILE_BYTES, file_numbers.MAX_ENTRIES, derivation_file.MAX_STEPS):
        assert f"{number:,}".replace(",", " ") in file
    proof = (ROOT / "docs" / "proof.md").read_text(encoding="utf-8")
    assert f"{Budget().seconds:g} seconds" in proof
    assert f"{Budget().terms:,}".replace(",", " ") in proof


def test_activations_and_losses_are_those_of_the_catalogue() -> None:
    activations = [
        [f"`{a.id}`", a.name, f"`{a.formula}`", f"`{a.derivative_in_output}`" if a.derivative_in_output else ""]
        for a in ACTIVATIONS.values()
    ]
    assert rows(NOTATION, "### Activations") == activations
    losses = [
        [
            f"`{loss.id}`",
            f"`{loss.formula}`",
            f"`{loss.batch}`",
            f"`{loss.gradient}`",
            loss.assumption and f"`{loss.assumption}`",
        ]
        for loss in LOSSES.values()
    ]
    assert rows(NOTATION, "### Losses") == losses


def test_values_at_kinks_are_those_of_the_catalogue() -> None:
    kinks = [[f"`{a.id}`", *map(str.strip, a.kinks.split(", where "))] for a in ACTIVATIONS.values() if a.kinks]
    assert rows(NOTATION, "## Values at kinks") == kinks


def test_the_index_of_derivations_lists_each_file_with_its_title() -> None:
    index = (ROOT / "derivations" / "README.md").read_text(encoding="utf-8")
    files = sorted((ROOT / "derivations").glob("*.toml"))
    titles = {file: derivation_file.load(file).title for file in files}
    rows = [f"| [{file.stem}]({file.stem}.md) | [toml]({file.name}) | {titles[file]} |" for file in files]
    assert rows == [line for line in index.splitlines() if line.startswith("| [")]
