"""The command line: what it writes, how it ends, and that bad input leaves nothing behind."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from symbackprop.cli import main
from symbackprop.cli.files import write_all
from symbackprop.errors import FileError

GOOD = """
title = "one neuron"
[define]
z = "w*x"
E = "(z - y)**2/2"
[train]
loss = "E"
parameters = ["w"]
learning_rate = 0.5
[given]
w = 2
x = 0.5
y = 3
[printed]
"z" = "1.0"
"d(E, w)" = "-1.1"
[claims]
"gradient" = "d(E, w) == (z - y)*x"
"""


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_documents_stand_beside_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "one.toml", GOOD)
    result = run("derive", path)
    assert result.exit_code == 0, result.output
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one.json", "one.md", "one.tex", "one.toml"]
    assert "one.toml" in result.output
    assert json.loads((tmp_path / "one.json").read_text(encoding="utf-8"))


def test_out_and_format(tmp_path: Path) -> None:
    path = write(tmp_path / "one.toml", GOOD)
    assert run("derive", path, "--out", tmp_path / "docs", "--format", "md").exit_code == 0
    assert [p.name for p in (tmp_path / "docs").iterdir()] == ["one.md"]


def test_a_misprint_is_a_finding_and_no_failure(tmp_path: Path) -> None:
    result = run("derive", write(tmp_path / "one.toml", GOOD), "--format", "md")
    assert result.exit_code == 0
    text = (tmp_path / "one.md").read_text(encoding="utf-8")
    assert "-1.1" in text and "-1.0" in text


@pytest.mark.parametrize(
    ("claim", "status"),
    [("d(E, w) == z*x", 1), ("d(E, w) == (z - y)*x", 0), ("exp(x) >= 1 + x", 3)],
)
def test_exit_status(tmp_path: Path, claim: str, status: int) -> None:
    text = GOOD.replace("d(E, w) == (z - y)*x", claim)
    result = run("derive", write(tmp_path / "one.toml", text), "--format", "json")
    assert result.exit_code == status, result.output
    if status:
        assert claim in result.output


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GOOD.replace('"w*x"', '"w*@x"'), "[define] z"),
        (GOOD.replace('"w*x"', "\"__import__('os').system('touch owned')\""), "only functions"),
        (GOOD.replace('z = "w*x"', 'lambda = "w*x"'), "lambda"),
        ("[define\n", "is no TOML"),
        (GOOD + '[latex]\nz = "\\\\input{/etc/passwd}"\n', "[latex]"),
        (GOOD + '[latex]\nz = "$z$"\n', "[latex]"),
        (GOOD + '[latex]\nz = "w"\nw = "w"\n', "w"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(tmp_path: Path, text: str, expected: str) -> None:
    path = write(tmp_path / "bad.toml", text)
    good = write(tmp_path / "a-good-one.toml", GOOD)
    result = run("derive", good, path, "--out", tmp_path / "out")
    assert result.exit_code == 2, result.output
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, result.stderr
    assert expected in lines[0] and "bad.toml" in lines[0]
    assert "Traceback" not in result.output
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").glob("bad.*"))
    assert not (tmp_path / "owned").exists()


def test_bad_arguments(tmp_path: Path) -> None:
    path = write(tmp_path / "one.toml", GOOD)
    assert run("derive", tmp_path / "missing.toml").exit_code == 2
    assert run("derive", path, "--format", "pdf").exit_code == 2
    assert run("derive").exit_code == 2
    (tmp_path / "empty").mkdir()
    assert run("derive", tmp_path / "empty").exit_code == 2
    (tmp_path / "other").mkdir()
    twin = write(tmp_path / "other" / "one.toml", GOOD)
    assert run("derive", path, twin, "--out", tmp_path / "out").exit_code == 2


def test_misprints_and_numbers_without_a_value_are_listed(tmp_path: Path) -> None:
    text = GOOD.replace('"d(E, w)" = "-1.1"', '"d(E, w)" = "-1.1"\n"z + v" = "1"')
    result = run("derive", write(tmp_path / "one.toml", text.replace('z = "w*x"', 'z = "w*x"\nu = "v"')))
    assert "one.toml: d(E, w): printed -1.1, correct rounding -1.0 (value -1)" in result.output
    assert "one.toml: z + v: printed 1, not checked: no value for 'v'" in result.output
    assert result.exit_code == 0


def test_a_refuted_claim_shows_its_counterexample(tmp_path: Path) -> None:
    text = GOOD.replace("d(E, w) == (z - y)*x", "d(E, w) == z*x")
    output = run("derive", write(tmp_path / "one.toml", text)).output
    assert re.search(r"d\(E, w\) == z\*x: REFUTED at w = .*, x = .*: left \S+, right \S+", output)


def test_a_file_without_a_gradient_says_so(tmp_path: Path) -> None:
    result = run("derive", write(tmp_path / "one.toml", '[shapes]\nx = "m"\n[define]\nL = "x**2"\n'))
    assert result.exit_code == 0
    assert "one.toml: no gradient is asked for: L has the shape (m); add sum(...) or a [derive]" in result.output


def test_an_unexpected_error_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyError("lost")

    monkeypatch.setattr("symbackprop.pipeline.work_out", fail)
    result = run("derive", write(tmp_path / "one.toml", GOOD))
    assert result.exit_code == 70
    assert result.stderr.strip().startswith("symbackprop: internal error: KeyError: 'lost' (test_cli.py, line ")
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("path", ["", "a" * 300])
def test_paths_that_name_nothing(path: str) -> None:
    result = run("derive", path)
    assert result.exit_code == 2
    assert len(result.stderr.strip().splitlines()) == 1


def test_help_does_not_import_sympy() -> None:
    code = (
        "import sys\nfrom symbackprop.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "assert not {'sympy', 'numpy', 'flint', 'rich'} & set(sys.modules), 'heavy import'"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "derive" in done.stdout


def test_documents_do_not_depend_on_the_hash_seed(tmp_path: Path) -> None:
    file = Path(__file__).parents[1] / "derivations" / "000-output-delta-softmax.toml"
    texts = set()
    for seed in ("0", "1", "4242"):
        out = tmp_path / seed
        command = [sys.executable, "-m", "symbackprop", "derive", str(file), "--out", str(out)]
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed})
        texts.add(tuple(p.read_text(encoding="utf-8") for p in sorted(out.iterdir())))
    assert len(texts) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_output_that_cannot_be_written_is_one_line() -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        command = [sys.executable, "-m", "symbackprop", "list", "functions"]
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert result.returncode == 2
    assert result.stderr.startswith("symbackprop: the output cannot be written: ") and result.stderr.count("\n") == 1


def test_output_in_a_narrow_encoding_is_one_line() -> None:
    command = [sys.executable, "-m", "symbackprop", "gradient", "x**2"]
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    result = subprocess.run(command, capture_output=True, env=environment, check=False)
    assert (result.returncode, result.stdout) == (2, b"")
    assert result.stderr.count(b"\n") == 1 and b"set PYTHONIOENCODING=utf-8" in result.stderr


def test_the_terms_of_a_proof_are_limited(tmp_path: Path) -> None:
    claim = "(a + b)**40 == (a**2 + 2*a*b + b**2)**20"
    path = write(tmp_path / "a.toml", f'[define]\nE = "a*b"\n[claims]\npowers = "{claim}"\n')
    few = run("derive", path, "--format", "json", "--terms", 30)
    assert few.exit_code == 3 and f"powers: {claim}: UNDECIDED: budget of 30 terms exceeded" in few.output
    assert run("derive", path, "--format", "json").exit_code == 0


@pytest.mark.parametrize("where", ["symbackprop.pipeline.work_out", "symbackprop.cli.files.os.chmod"])
def test_an_interrupt_is_status_130_and_leaves_all_files_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Before anything is written, and after the first document lies beside its place."""
    path = write(tmp_path / "one.toml", GOOD)
    write(tmp_path / "one.md", "as it was")

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(where, interrupt)
    result = run("derive", path)
    assert (result.exit_code, result.stderr) == (130, "symbackprop: interrupted\n")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one.md", "one.toml"]
    assert (tmp_path / "one.md").read_text(encoding="utf-8") == "as it was"


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "b" / "x").mkdir(parents=True)
    write(tmp_path / "c", "a file")
    with pytest.raises(FileError, match="cannot be written"):
        write_all({tmp_path / "a": "1", tmp_path / "c" / "d": "2"})
    assert not (tmp_path / "a").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b", "c"]


@pytest.mark.parametrize(
    "arguments",
    [["derive", "one.toml", "--out"], ["show", "softmax-jacobian", "--out"], ["verify", "x == x", "--certificates"]],
)
def test_where_nothing_can_be_written_is_told_before_the_proofs(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "one.toml", GOOD)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    def prove(*_: object, **__: object) -> None:
        raise AssertionError("a proof was begun")

    monkeypatch.setattr("symbackprop.cli.files.tempfile.TemporaryFile", full)
    monkeypatch.setattr("symbackprop.proof.attempt.prove", prove)
    monkeypatch.setattr("symbackprop.pipeline.work_out", prove)
    result = run(*arguments, "new/folder")
    assert (result.exit_code, result.stdout) == (2, "")
    told = f"symbackprop: {arguments[-1]} 'new/folder': nothing can be written there: No space left on device\n"
    assert result.stderr == told
    assert [p.name for p in tmp_path.iterdir()] == ["one.toml"]
    result = run(*arguments, "one.toml")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "'one.toml': one.toml is a file; expected a directory" in result.stderr
