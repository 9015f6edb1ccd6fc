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


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--shape", "x: n"], []),
        ([], ["x"]),
        (["--assume", "k > 0"], ["x", "k"]),
        (["--define", "L = q*x"], ["x"]),
        (["--define", "p = q*x", "--define", "L = p + r", "--assume", "L > k", "--shape", "k:"], ["x", "r", "q"]),
    ],
)
def test_undeclared_names_of_definitions_and_assumptions_are_told_too(options: list[str], names: list[str]) -> None:
    (row,) = json.loads(run("verify", "x == x", *options, "--json").stdout)
    assert row["scalars"] == names
    told = f"\n{', '.join(names)}: taken for " in run("verify", "x == x", *options).stdout
    assert told is bool(names)


def test_undeclared_names_of_definitions_are_told() -> None:
    options = ["--define", "L = q*x", "--define", "M = k*x", "--shape", "x:"]
    assert "\nq: taken for a scalar" in run("verify", "d(L, x) == q", *options).stdout
    rows = json.loads(run("verify", "d(L, x)*x == L", "d(L + M, x)*x == L + M", *options, "--json").stdout)
    assert [row["scalars"] for row in rows] == [["q"], ["q", "k"]]


def test_a_name_that_several_statements_leave_undeclared_is_told_once() -> None:
    printed = run("verify", "x == x", "x + y == y + x", "2*x == x + x").stdout
    assert printed.count("taken for") == 1
    assert "\nx, y: taken for scalars, because no --shape declares them\n" in printed


LAYER = ["--define", "Z = X @ W + b", "--define", "L = sum(Z**2)", "--shape", "X: N, n", "--shape", "W: n, q"]


@pytest.mark.parametrize(
    ("claim", "shapes"),
    [
        ("d(L, b) == sum(d(L, Z), axis=0, keepdims=True)", [["q"], ["1", "q"]]),
        ("d(L, b) != b[:, None]", [["q"], ["q", "1"]]),
        ("d(L, b) == sum(d(L, Z), axis=0)", []),
        ("d(L, b) != 0", []),
        ("0*b == 0", []),
    ],
)
def test_sides_with_axes_that_are_broadcast_are_told(claim: str, shapes: list[list[str]]) -> None:
    options = [*LAYER, "--shape", "b: q"]
    (row,) = json.loads(run("verify", claim, *options, "--json").stdout)
    assert (row["verdict"], row["broadcast"]) == ("PROVED", shapes)
    written = [f"({axes[0]},)" if len(axes) == 1 else f"({', '.join(axes)})" for axes in shapes]
    note = f"{claim}: the sides have the shapes {' and '.join(written)}: they are broadcast"
    printed = run("verify", claim, *options).stdout
    assert (note in printed) is bool(shapes) and ("broadcast" in printed) is bool(shapes)


DEPTH = """
[repeat]
index = "l"
count = "K"
[shapes]
"a[l]" = "n[l]"
"W[l]" = "n[l], n[l-1]"
[define]
"a[l]" = "W[l] @ a[l-1]"
E = "sum(a[K]**2)"
[claims]
"row" = "a[l] == (W[l] @ a[l-1])[None, :]"
"like" = "a[l] == W[l] @ a[l-1]"
"""


def test_sides_that_are_broadcast_are_told_of_files_and_at_every_depth(tmp_path: Path) -> None:
    deep, flat = tmp_path / "deep.toml", tmp_path / "flat.toml"
    deep.write_text(DEPTH, encoding="utf-8")
    flat.write_text('[shapes]\nx = "n"\n[define]\ny = "2*x"\n[claims]\nrow = "y == 2*x[None, :]"\n', encoding="utf-8")
    rows = {row["name"]: row["broadcast"] for row in json.loads(run("verify", deep, "--json").stdout)}
    assert rows == {"row": [["n[1]"], ["1", "n[1]"]], "like": []}
    for command in (["verify", flat], ["derive", flat, "--out", tmp_path / "out", "--format", "md"]):
        assert "the sides have the shapes (n,) and (1, n): they are broadcast" in run(*command).output


@pytest.mark.parametrize(
    "section",
    [
        "[latex]\nw = '\\input{/etc/passwd}'",
        "[latex]\nq = 'q'",
        "[latex]\nw = 'x'\nx = 'x'",
        '[train]\nloss = "E"\nparameters = ["w"]\nsteps = 3',
    ],
)
def test_what_is_wrong_in_a_file_is_told_by_verify_and_by_derive(tmp_path: Path, section: str) -> None:
    path = tmp_path / "a.toml"
    path.write_text(f"{FILE}{section}\n", encoding="utf-8")
    first, second = (run(command, path) for command in ("verify", "derive"))
    assert first.exit_code == second.exit_code == 2
    assert first.stderr == second.stderr and section.partition("\n")[0] in first.stderr
    assert first.stdout == second.stdout == "" and len(first.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_wrong_with_the_names_of_layers_is_told_too(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(f"{DEPTH}[latex]\nE = '\\input{{x}}'\n", encoding="utf-8")
    assert run("verify", path).stderr == run("derive", path).stderr
    assert "[latex] E" in run("verify", path).stderr


def test_the_scalars_of_a_file_are_those_that_shapes_does_not_list(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('[shapes]\ny = ""\n' + FILE, encoding="utf-8")
    rows = json.loads(run("verify", path, "--json").stdout)
    assert [row["scalars"] for row in rows] == [["w", "x"], ["w", "x"]]
    assert "taken for" not in run("verify", path).stdout


@pytest.mark.parametrize(
    ("claim", "options", "expected"),
    [
        ("d(L, x) == 0", ["--shape", "x: n"], 'L is not defined; write --define "L = ...", or --shape "L:"'),
        ("d(sum(L), x) == 0", ["--shape", "x: n"], "d(sum(L), x): L is not defined"),
        ("d(l, x) == 0", ["--define", "L = x**2"], "l is not defined (did you mean L?)"),
        ("d(d(M, x), x) == 0", ["--define", "L = x**2"], "d(M, x): M is not defined"),
        ("d(L, X) == 0", ["--define", "L = sum(x)", "--shape", "x: n"], "no definition uses X (did you mean x?)"),
        ("x == x", ["--assume", "d(M, x) > 0"], "--assume: d(M, x): M is not defined"),
    ],
)
def test_a_derivative_of_what_nothing_defines_is_bad_input(claim: str, options: list[str], expected: str) -> None:
    result = run("verify", claim, *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert expected in result.stderr and result.stderr.count("\n") == 1


def test_a_derivative_that_is_0_on_purpose_is_proved() -> None:
    claims = ["d(x, x) == 1", "d(x**2, x) == 2*x", "d(c*x, x) == c", "d(1, x) == 0", "d(f(x), x) == prime(f, x)"]
    assert set(verdicts(*claims, "--function", "f").values()) == {"PROVED"}
    assert verdicts("d(L, x) == 0", "--shape", "L:", "--shape", "x: n") == {"d(L, x) == 0": "PROVED"}
    assert verdicts("d(L, q) == x", "--define", "L = q*x") == {"d(L, q) == x": "PROVED"}


def test_options_are_for_all_statements_together() -> None:
    claims = ["d(L, x) == 2*x", "exp(t) > 0", "y @ y >= 0"]
    options = ["--define", "L = sum(x**2)", "--shape", "x: n", "--shape", "y: m"]
    assert verdicts(*claims, *options) == dict.fromkeys(claims, "PROVED")
    rows = json.loads(run("verify", *claims, *options, "--json").stdout)
    assert [row["scalars"] for row in rows] == [[], ["t"], []]
    assert "--shape z: nothing uses this name" in run("verify", *claims, *options, "--shape", "z: n").stderr


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


@pytest.mark.parametrize(
    ("claim", "needed"),
    [
        ("d(log(x**2), x)*x == 2", ["x != 0"]),
        ("d(log(x**2), x) == 2/x", ["x != 0 (it stands in a denominator)"]),
        ("d(log(x), x)*x == 1", ["x > 0 (its logarithm is taken)"]),
        ("d(sqrt(x), x)*sqrt(x) == 1/2", ["x > 0 (its root is taken)"]),
    ],
)
def test_a_condition_has_its_own_reason_or_none(claim: str, needed: list[str]) -> None:
    result = run("verify", claim, "--verbose").stdout
    lines = [line.strip().removeprefix("needs ") for line in result.splitlines() if "  needs" in line]
    (row,) = json.loads(run("verify", claim, "--json").stdout)
    assert lines == row["conditions"] and sorted(lines) == sorted(needed)


def test_json_has_everything_and_is_the_same_each_time() -> None:
    first, second = (json.loads(run("verify", "softmax-cross-entropy", "x == 2*x", "--json").stdout) for _ in range(2))
    for row in (*first, *second):
        assert row.pop("seconds") >= 0
    assert first == second
    proved, refuted = first
    assert set(proved) == {
        "name", "origin", "statement", "verdict", "method", "assumptions", "conditions", "witness", "reason", "scalars",
        "broadcast",
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
        (["x = y", "x == x"], "is no file, no identity and no statement: write `==` in the place of `=`"),
        (["d(L,x) = 2*x"], "write `==` in the place of `=`"),
        (["x \u2264 1"], "write `<=`"),
        (["2x == x + x"], "write `*` for a product"),
        (["x[0] == 1"], "without a --shape, scalars are: x"),
        (["W @ x == y", "--shape", "x: n"], "without a --shape, scalars are: W, y"),
        (["x == x", "--assume", "x = 1"], "--assume: not a formula: `=` has no place here"),
        (["a == 1", "--define", "a = b", "--define", "b = 2"], "--define a: unknown name 'b': it is defined below"),
        (["a == 1", "--define", "a = a"], "--define a: unknown name 'a': it is what is defined here"),
        (["outer(x, d) == 1", "--shape", "x: n"], "d is the derivative, as in d(L, w); a quantity needs another name"),
        (["x == 1", "--shape", "d: n"], "--shape d: 'd' is taken: it is the derivative, as in d(L, w)"),
        (["x == y", "--define", "y = softmax*x"], "--define y: softmax is a function: write softmax(...)"),
        (["x == x", "--certificates", ""], "--certificates '': the text is empty"),
        ([""], "an empty text: expected a file, an identity or a statement"),
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


def test_the_claims_of_one_file_stand_in_the_table(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(FILE, encoding="utf-8")
    rows = run("verify", path).stdout.splitlines()[1:3]
    assert "gradient: d(E, w) == (w*x - y)*x" in rows[0] and "no identity: d(E, w) != x" in rows[1]
    row = run("verify", "softmax-jacobian").stdout.splitlines()[1]
    assert row.split()[-1] == "softmax-jacobian"
