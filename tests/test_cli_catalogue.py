"""`symbackprop list` and `symbackprop show`: what the catalogue holds, and the pages of identities."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from symbackprop.catalogue.activations import ACTIVATIONS
from symbackprop.catalogue.identities import identities
from symbackprop.catalogue.losses import LOSSES
from symbackprop.cli import COMMANDS, main
from symbackprop.language.functions import FUNCTIONS, RESERVED, WORDS

IDS = ("softmax-jacobian", "softmax-cross-entropy")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


# ------------------------------------------------------------------ list


@pytest.mark.parametrize(
    ("what", "names"),
    [
        ("identities", identities()),
        ("activations", ACTIVATIONS),
        ("losses", LOSSES),
        ("functions", [*FUNCTIONS, *WORDS]),
    ],
)
def test_every_record_is_listed(what: str, names: Iterable[str]) -> None:
    rows = json.loads(run("list", what, "--json").stdout)
    assert [next(iter(row.values())) for row in rows] == list(names)
    table = run("list", what)
    assert table.exit_code == 0
    first = {line.split()[0] for line in table.output.splitlines() if line.strip()}
    assert set(names) <= first


@pytest.mark.parametrize(
    "words", [["softmax"], ["Jacobian", "softmax"], ["layer norm"], ["outer(p, p)"], ["attention"]]
)
def test_words_choose_the_rows_that_hold_all_of_them(words: list[str]) -> None:
    rows = json.loads(run("list", "identities", "--json").stdout)
    chosen = json.loads(run("list", "identities", *words, "--json").stdout)
    text = [" ".join(row.values()).lower() for row in rows]
    assert chosen == [row for row, told in zip(rows, text, strict=True) if all(word.lower() in told for word in words)]
    assert 0 < len(chosen) < len(rows)


def test_where_there_is_no_terminal_each_row_is_one_line() -> None:
    rows = json.loads(run("list", "identities", "--json").stdout)
    head, *lines = run("list", "identities").stdout.splitlines()
    assert head.split() == ["id", "topic", "title", "statement"]
    assert len(lines) == len(rows)
    for line, row in zip(lines, rows, strict=True):
        assert line.split() == " ".join(row.values()).split()


def test_all_that_the_language_reserves_is_a_function_in_the_list() -> None:
    assert {row["function"] for row in json.loads(run("list", "functions", "--json").stdout)} == RESERVED


@pytest.mark.parametrize("word", ["softmax", "Softmax", "relu", "gradient", "cross entropy", "cross_entropy"])
def test_ids_that_hold_a_word_are_suggested_best_first(word: str) -> None:
    result = run("show", word)
    assert result.exit_code == 2
    suggested = result.stderr.partition("did you mean ")[2].partition("?")[0].split(", ")
    part = word.lower().replace(" ", "-").replace("_", "-")
    assert suggested and all(id_ in identities() and part in id_ for id_ in suggested)
    places = [not id_.startswith(part) for id_ in suggested if id_ != "softmax-cross-entropy"]
    assert places == sorted(places)


def test_one_topic() -> None:
    topic = identities()[IDS[0]].topic
    rows = json.loads(run("list", "identities", "--topic", topic, "--json").stdout)
    assert {row["id"] for row in rows} == {i.id for i in identities().values() if i.topic == topic}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["list", "layers"], "expected one of identities, activations, losses, functions"),
        (["list", "identities", "--topic", "cooking"], "topics are: "),
        (["list", "losses", "--topic", "softmax"], "only identities have topics"),
        (["list", "identities", "--topic", "softmax", "cooking"], "none of them holds 'cooking'"),
        (["show"], "nothing to show"),
        (["show", "softmax-jacobain"], "did you mean softmax-jacobian?"),
        (["show", IDS[0], "--format", "pdf"], "expected some of plain, md, tex, json"),
        (["show", IDS[0], "--format", "md,tex"], "one format at a time"),
        (["show", IDS[0], "--format", "plain", "--out", "pages"], "plain is for the terminal"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    (line,) = [line for line in result.stderr.splitlines() if line.strip()]
    assert expected in line
    assert not list(tmp_path.iterdir())


# ------------------------------------------------------------------ show


def test_a_page_in_the_terminal_has_everything() -> None:
    result = run("show", "softmax-cross-entropy")
    record = identities()["softmax-cross-entropy"]
    assert result.exit_code == 0
    for part in (record.title, record.why, record.source, record.statement, "p = softmax(z)", "assumed: sum(y) == 1"):
        assert part in result.output
    assert "∂L/∂z[i] = Σ_j δp[j]·∂p[j]/∂z[i]" in result.output
    assert "= p[i] - y[i]" in result.output
    assert "PROVED for all sizes" in result.output and "holds, for example, at n = 2" in result.output


def test_the_derivative_of_an_array_is_derived() -> None:
    output = run("show", "softmax-jacobian").output
    assert "∂p[i]/∂z[j] = p[i]·([i = j] - p[j])" in output


def test_formats() -> None:
    markdown = run("show", IDS[1], "--format", "md").stdout
    assert markdown.startswith(f"# {identities()[IDS[1]].title}\n") and "## Derivation" in markdown
    assert run("show", IDS[1], "--format", "tex").stdout.rstrip().endswith(r"\end{document}")
    (data,) = json.loads(run("show", IDS[1], "--format", "json").stdout)
    assert data["id"] == IDS[1] and data["report"]["claims"][0]["verdict"]["kind"] == "PROVED"


def test_pages_are_written_with_a_list_and_a_booklet(tmp_path: Path) -> None:
    out = tmp_path / "pages"
    assert run("show", *IDS, "--out", out).exit_code == 0
    assert sorted(path.name for path in out.iterdir()) == sorted(
        [*(f"{id_}.md" for id_ in IDS), "README.md", "identities.tex"]
    )
    contents = (out / "README.md").read_text(encoding="utf-8")
    booklet = (out / "identities.tex").read_text(encoding="utf-8")
    for id_ in IDS:
        assert f"]({id_}.md)" in contents
        assert identities()[id_].title in booklet


def test_pages_do_not_depend_on_the_hash_seed(tmp_path: Path) -> None:
    texts = set()
    for seed in ("0", "4242"):
        out = tmp_path / seed
        command = [sys.executable, "-m", "symbackprop", "show", *IDS, "--out", str(out)]
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed})
        texts.add(tuple(path.read_text(encoding="utf-8") for path in sorted(out.iterdir())))
    assert len(texts) == 1


# ------------------------------------------------------------------ the commands


def test_every_command_has_help() -> None:
    listed = run("--help").output
    for name in COMMANDS:
        assert f"\n  {name} " in listed
        shown = run(name, "--help")
        assert shown.exit_code == 0 and shown.output.startswith("Usage: ")


def test_help_of_a_command_does_not_import_sympy() -> None:
    for name in COMMANDS:
        code = (
            "import sys\nfrom symbackprop.cli import main\n"
            f"try:\n    main(['{name}', '--help'])\nexcept SystemExit:\n    pass\n"
            "assert not {'sympy', 'numpy', 'flint', 'rich'} & set(sys.modules), 'heavy import'"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
