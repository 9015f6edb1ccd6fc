"""`symbackprop verify`: what is given decides; verdicts as table and JSON; exit statuses; bad input in one line."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from symbackprop.catalogue.identities import identities
from symbackprop.cli import main

DERIVATIONS = Path(__file__).parents[1] / "derivations"
SOFTMAX = ["--define", "p = softmax(z)", "--define", "L = -sum(y*log(p))", "--shape", "z: n", "--shape", "y: n"]
FILE = """
[define]
E = "(w*x - y)**2/2"
[claims]
"gradient" = "d(E, w) == (w*x - y)*x"
"no identity" = "d(E, w) != x"
"""


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def verdicts(*arguments: object) -> dict[str, str]:
    result = run("verify", *arguments, "--json")
    assert result.exit_code in (0, 1, 3), result.output
    return {row["name"]: row["verdict"] for row in json.loads(result.stdout)}


# ------------------------------------------------------------------ what is given decides


def test_a_statement_with_its_definitions() -> None:
    claim = "d(L, z) == p - y"
    assert verdicts(claim, *SOFTMAX, "--assume", "sum(y) == 1") == {claim: "PROVED"}
    assert verdicts(claim, *SOFTMAX) == {claim: "REFUTED"}


def test_an_identity_by_its_id() -> None:
    assert verdicts("softmax-cross-entropy") == {"softmax-cross-entropy": "PROVED"}


def test_files_and_directories(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(FILE, encoding="utf-8")
    (tmp_path / "no-claims.toml").write_text('[define]\nE = "x**2"\n', encoding="utf-8")
    expected = {"gradient": "PROVED", "no identity": "PROVED"}
    assert verdicts(tmp_path / "a.toml") == expected
    assert verdicts(tmp_path) == expected
    assert verdicts(tmp_path, "softmax-cross-entropy", "x == x", "--shape", "x: n") == {
        **expected,
        "softmax-cross-entropy": "PROVED",
        "x == x": "PROVED",
    }


def test_an_existing_path_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "softmax-cross-entropy").write_text(FILE, encoding="utf-8")
    assert set(verdicts("softmax-cross-entropy")) == {"gradient", "no identity"}


def test_networks_of_every_depth() -> None:
    file = Path(__file__).parents[1] / "derivations" / "depth-dense.toml"
    found = verdicts(file)
    assert found and set(found.values()) == {"PROVED"}


def test_an_arbitrary_function() -> None:
    given = ["--define", "a = f(z)", "--shape", "z: n", "--function", "f"]
    assert verdicts("d(a, z) == diag(prime(f, z))", "d(a, z) == diag(a)", *given) == {
        "d(a, z) == diag(prime(f, z))": "PROVED",
        "d(a, z) == diag(a)": "REFUTED",
    }


def test_an_undeclared_name_is_a_scalar_and_that_is_said() -> None:
    result = run("verify", "sigmoid(-t) == 1 - sigmoid(t)")
    assert result.exit_code == 0
    assert "t: taken for a scalar, because no --shape declares it" in result.output


def test_a_statement_may_begin_with_a_minus_sign() -> None:
    assert verdicts("-x*y == x*(-y)") == {"-x*y == x*(-y)": "PROVED"}


# ------------------------------------------------------------------ what comes out


@pytest.mark.parametrize(
    ("statements", "status"),
    [
        (["x == x"], 0),
        (["x == x", "x == 2*x"], 1),
        (["x == x", "exp(x) >= 1 + x"], 3),
        (["x == 2*x", "exp(x) >= 1 + x"], 1),
    ],
)
def test_exit_status(statements: list[str], status: int) -> None:
    assert run("verify", *statements).exit_code == status


def test_what_is_not_proved_stands_below_the_table() -> None:
    output = run("verify", "x == x", "x**2 == x").output
    assert "x**2 == x: REFUTED at x = " in output
    assert "x == x: " not in output.replace("x == x: x: taken", "")
    assert "2 claims: 1 proved, 1 refuted" in output


def test_verbose_shows_conditions_and_a_point() -> None:
    arguments = ["verify", "d(r, x) == x/r", "--define", "r = norm(x)", "--shape", "x: n"]
    quiet, told = run(*arguments).output, run(*arguments, "--verbose").output
    assert "needs" not in quiet
    assert "needs Σ_i x[i]^2 > 0" in told or "needs r > 0" in told or "needs r != 0" in told
    assert "holds, for example, at n = " in told


def test_json_has_everything_and_is_the_same_each_time() -> None:
    first, second = (json.loads(run("verify", "softmax-cross-entropy", "x == 2*x", "--json").stdout) for _ in range(2))
    for row in (*first, *second):
        assert row.pop("seconds") >= 0
    assert first == second
    proved, refuted = first
    assert set(proved) == {
        "name", "origin", "statement", "verdict", "method", "assumptions", "conditions", "witness", "reason",
    }  # fmt: skip
    assert proved["assumptions"] == ["sum(y) == 1"] and proved["statement"] == "d(L, z) == p - y"
    assert refuted["witness"]["left"] != refuted["witness"]["right"]


def test_a_budget_makes_undecided_and_never_false() -> None:
    claim = "d(L, z) == p - y"
    assert verdicts(claim, *SOFTMAX, "--assume", "sum(y) == 1", "--terms", 1) == {claim: "UNDECIDED"}


def test_all_means_the_whole_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    few = dict(list(identities().items())[:3])
    monkeypatch.setattr("symbackprop.catalogue.identities.identities", lambda: few)
    assert verdicts("--all") == dict.fromkeys(few, "PROVED")


# ------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["softmax-cross-entropi"], "did you mean softmax-cross-entropy?"),
        (["nothing at all"], "is no file, no identity and no statement"),
        (["missing.toml"], "missing.toml: no such file or directory"),
        ([], "nothing to verify"),
        (["x =="], "'x =='"),
        (["x == y == z"], "expected one comparison"),
        (["x = y", "x == x"], "is no file, no identity and no statement"),
        (["x @ y == 1", "--shape", "x: n", "--shape", "y: m"], "the inner sizes n and m differ"),
        (["x == x", "--shape", "x n"], "--shape 'x n'"),
        (["x == x", "--shape", "x: n", "--shape", "x: m"], "x is already given by 'n'"),
        (["p == x", "--define", "p = softmax(x"], "--define p"),
        (["p == x", "--define", "softmax(x)"], "--define 'softmax(x)'"),
        (["x == x", "--shape", "unused: n"], "--shape unused: nothing uses this name"),
        (["x == x", "--function", "2f"], "'2f' is no name"),
        (["softmax-cross-entropy", "--shape", "z: n"], "belong to a statement"),
        (["next(w) == w"], "add a [train] section"),
        (["__import__('os').system('touch owned') == 1"], "only functions of the formula language"),
        (["x.__class__ == 1"], "the only attribute is .T"),
        (["x**9**9**9 == 1"], "out of range"),
        (["(" * 6000 + "x" + ")" * 6000 + " == 1"], "at most 10000 are read"),
        (["x == 1", "--define", "__x = 1"], "'__x' is no name"),
        (["x == 1", "--define", "lambda = 1"], "lambda"),
        (["x == π"], "is not ASCII"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("verify", *arguments)
    assert result.exit_code == 2, result.output
    (line,) = [line for line in result.stderr.splitlines() if line.strip()]
    assert expected in line and len(line) < 1200
    assert not list(tmp_path.iterdir())


def test_a_file_without_claims_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('[define]\nE = "x**2"\n', encoding="utf-8")
    result = run("verify", path)
    assert result.exit_code == 2 and "the file has no [claims]" in result.stderr


def test_every_file_is_read_before_the_first_proof(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.toml").write_text(FILE, encoding="utf-8")
    (tmp_path / "b.toml").write_text("[define\n", encoding="utf-8")
    monkeypatch.setattr("symbackprop.proof.verify.verify", lambda *_, **__: pytest.fail("proved too early"))
    result = run("verify", tmp_path)
    assert result.exit_code == 2 and "b.toml: is no TOML" in result.stderr


# ------------------------------------------------------------------ counterexamples


def test_a_counterexample_of_any_depth_is_a_small_network_in_the_names_of_the_file(tmp_path: Path) -> None:
    source = (DERIVATIONS / "depth-dense.toml").read_text(encoding="utf-8")
    wrong = '[claims]\n"wrong" = "d(E, z[l]) == W[l+1].T @ d(E, z[l+1])"'
    path = tmp_path / "deep.toml"
    path.write_text(source.replace("[claims]", wrong), encoding="utf-8")
    result = run("verify", path)
    assert result.exit_code == 1
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("wrong: ")]
    for part in ("K = 2, l = 1", "a[0] = [", "W[1] = [[", "W[2] = [[", "f(t) = ", "entry [0]", "left ", "right "):
        assert part in line
    assert "n[" not in line and len(line) < 400


def test_numbers_that_one_line_cannot_hold_stand_below_it() -> None:
    shapes = [option for name in "ABCD" for option in ("--shape", f"{name}: n, n")]
    result = run("verify", "A @ B @ C @ D == D @ C @ B @ A", *shapes)
    assert result.exit_code == 1
    *_, line, a, b, c, d = result.stdout.splitlines()
    assert "REFUTED at n = 2, 16 numbers, entry [0, 0]: left " in line
    assert [text[:8] for text in (a, b, c, d)] == ["  A = [[", "  B = [[", "  C = [[", "  D = [["]
