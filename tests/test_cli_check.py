"""`symbackprop verify --certificates` and `symbackprop check`: written, checked, altered, missing."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from symbackprop.cli import main

FILE = """
[functions]
f = "elementwise"
[define]
E = "(w*x - y)**2/2"
a = "f(E)"
[claims]
"gradient, by hand" = "d(E, w) == (w*x - y)*x"
"gradient / by hand" = "d(a, w) == prime(f, E)*d(E, w)"
"no identity" = "d(E, w) != x"
"false" = "d(E, w) == x"
"""


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_certificates_are_written_and_checked(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(FILE, encoding="utf-8")
    folder = tmp_path / "certificates"
    result = run("verify", tmp_path / "a.toml", "--certificates", folder, "--json")
    assert result.exit_code == 1
    assert f"3 certificates in {folder}" in result.stderr
    assert len(json.loads(result.stdout)) == 4
    files = sorted(folder.iterdir())
    assert len(files) == 3 and all(file.suffix == ".json" for file in files)
    result = run("check", *files)
    assert result.exit_code == 0
    assert result.stdout.count(": accepted: ") == 3 and "d(E, w) != x" in result.stdout


def test_altered_certificates_are_rejected(tmp_path: Path) -> None:
    run("verify", "softmax-cross-entropy", "--certificates", tmp_path)
    (path,) = tmp_path.iterdir()
    content = json.loads(path.read_text(encoding="utf-8"))
    content["assumptions"] = []
    path.write_text(json.dumps(content), encoding="utf-8")
    result = run("check", path)
    assert result.exit_code == 1
    assert result.stdout == f"{path}: REJECTED: a wrong digest\n"


def test_what_is_no_certificate_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "no.json").write_text("{", encoding="utf-8")
    for path, why in ((tmp_path / "no.json", "no JSON"), (tmp_path / "missing.json", "no such file")):
        result = run("check", path)
        assert result.exit_code == 2
        assert result.stderr.startswith("symbackprop: ") and why in result.stderr and result.stderr.count("\n") == 1
    (tmp_path / "other.json").write_text("[1, 2]", encoding="utf-8")
    assert run("check", tmp_path / "other.json").exit_code == 1


def test_what_is_no_certificate_is_told_in_words(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for content, why in (
        ([1, 2], "no certificate: it holds no JSON object, but a list"),
        (None, "no certificate: it holds no JSON object, but null"),
        ({"a": 1}, 'whose "format" is "symbackprop proof 1": it has no "format"'),
        ({"format": "other"}, '"format" is '),
        ({"format": "symbackprop proof 1"}, 'no whole certificate: it has no "text"'),
    ):
        path.write_text(json.dumps(content), encoding="utf-8")
        result = run("check", path)
        assert result.exit_code == 1
        assert result.stdout.startswith(f"{path}: REJECTED: ") and why in result.stdout and "Error" not in result.stdout
    path.write_bytes(b"\xff\xfe")
    assert "no JSON: it is not UTF-8 text" in run("check", path).stderr


def test_where_nothing_is_proved_nothing_is_written(tmp_path: Path) -> None:
    result = run("verify", "x == x + 1", "--certificates", tmp_path / "folder")
    assert result.exit_code == 1 and not list(tmp_path.iterdir())
    assert result.stderr == f"0 certificates: nothing is written to {tmp_path / 'folder'}\n"


def test_certificates_need_a_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        result = run("verify", "x == x", "--certificates", folder)
        assert (result.exit_code, result.stdout) == (2, "")
        assert f"{tmp_path / 'file'} is a file; expected a directory" in result.stderr


def test_a_claim_without_a_certificate_is_named(tmp_path: Path) -> None:
    result = run("verify", "mean-square-inequality", "--certificates", tmp_path)
    told = result.stderr.splitlines()
    assert any(": no certificate: " in line for line in told) is ("0 certificates" in told[-1])


def test_a_directory_stands_for_the_certificates_in_it(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(FILE, encoding="utf-8")
    folder = tmp_path / "certificates"
    run("verify", tmp_path / "a.toml", "--certificates", folder)
    assert run("check", folder).stdout == run("check", *sorted(folder.iterdir())).stdout


def test_the_obligations_of_an_induction_are_written(tmp_path: Path) -> None:
    """One file for each, by its role."""
    derivation = Path(__file__).parents[1] / "derivations" / "depth-dense.toml"
    result = run("verify", derivation, "--certificates", tmp_path)
    files = sorted(file.name for file in tmp_path.iterdir())
    assert any("-output-delta-base-" in name for name in files)
    assert any("-hidden-delta-step-" in name for name in files)
    assert f"{len(files)} certificates in {tmp_path}" in result.stderr
    assert "no certificate" not in result.stderr
    assert run("check", *map(str, tmp_path.iterdir())).exit_code == 0


def test_different_statements_have_different_files(tmp_path: Path) -> None:
    """Whatever a name leaves out: operators, definitions, assumptions; in one run or in several, in any order."""
    statements = [["x*y == y*x"], ["x + y == y + x"]]
    statements += [["a*x == x*a", "--define", f"a = {formula}"] for formula in ("x + 1", "x - 1")]
    statements += [["abs(x) == x", "--assume", condition] for condition in ("x > 0", "x > 1")]
    for number, statement in enumerate(statements, 1):
        for _ in range(2):
            run("verify", *statement, "--certificates", tmp_path / "several")
        assert len(list((tmp_path / "several").iterdir())) == number
    assert run("check", tmp_path / "several").exit_code == 0
    for order, folder in ((1, "one"), (-1, "other")):
        run("verify", *("x*y == y*x", "x + y == y + x")[::order], "--certificates", tmp_path / folder)
    names = [{path.name for path in (tmp_path / folder).iterdir()} for folder in ("one", "other", "several")]
    assert names[0] == names[1] < names[2]


def test_the_certificate_of_an_identity_has_its_id(tmp_path: Path) -> None:
    run("verify", "softmax-jacobian", "x == x", "--certificates", tmp_path)
    first, second = sorted(path.name for path in tmp_path.iterdir())
    assert first == "softmax-jacobian.json" and second.startswith("x-x-")


def test_json_of_a_check(tmp_path: Path) -> None:
    """The same files, results and exit status as the lines."""
    run("verify", "softmax-jacobian", "x*y == y*x", "--certificates", tmp_path)
    (tmp_path / "other.json").write_text("[1, 2]", encoding="utf-8")
    lines, result = run("check", tmp_path), run("check", tmp_path, "--json")
    assert lines.exit_code == result.exit_code == 1
    found = json.loads(result.stdout)
    results = {True: ("accepted", "statement"), False: ("REJECTED", "reason")}
    named = [(one, *results[one["accepted"]]) for one in found]
    assert lines.stdout.splitlines() == [f"{one['file']}: {result}: {one[key]}" for one, result, key in named]
    assert len(found) == 3
    assert all(bool(one["statement"]) is one["accepted"] is not bool(one["reason"]) for one in found)
    (tmp_path / "other.json").unlink()
    assert run("check", tmp_path, "--json").exit_code == 0
