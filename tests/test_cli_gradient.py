"""`symbackprop gradient`: what is printed is proved, and the generated source computes it."""

import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import symbackprop as sb
from symbackprop.cli import main
from symbackprop.cli.formulas import Formulas
from symbackprop.model.derivation_file import Request
from symbackprop.pipeline import work_out
from symbackprop.proof.verdict import Kind, Verdict

LEAST_SQUARES = ["sum((X @ w - y)**2)", "--shape", "X: N, n", "--shape", "w: n", "--shape", "y: N"]
LOGISTIC = ["-sum(y*log(sigmoid(X @ w)) + (1 - y)*log(1 - sigmoid(X @ w)))", *LEAST_SQUARES[1:]]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["gradient", *map(str, arguments)])


def arrays(output: str, left: str) -> str:
    """The array formula below the line of a derivative."""
    lines = output.splitlines()
    start = next(k for k, line in enumerate(lines) if line.startswith(left))
    return next(line for line in lines[start:] if "as arrays: " in line).split("as arrays: ")[1]


def test_index_form_array_form_latex_verdict_and_source() -> None:
    result = run(*LEAST_SQUARES, "--wrt", "w")
    assert result.exit_code == 0
    assert "∂L/∂w[i] = 2·Σ_j X[j,i]·(Σ_k X[j,k]·w[k] - y[j])" in result.output
    assert r"\frac{\partial L}{\partial w} = 2X^{\top}(X\,w - y)" in result.output
    assert "PROVED for all sizes" in result.output
    assert "def loss_and_gradients(X, w, y):" in result.output
    assert "∂L/∂X" not in result.output and "∂L/∂y" not in result.output


def test_the_array_form_means_the_gradient() -> None:
    graph = sb.graph({"L": LEAST_SQUARES[0]}, {"X": "N, n", "w": "n", "y": "N"})
    text = arrays(run(*LEAST_SQUARES, "--wrt", "w").output, "∂L/∂w")
    assert sb.verify(f"d(L, w) == {text}", graph).proved


def test_all_inputs_without_wrt_and_several_with_it() -> None:
    assert all(f"∂L/∂{name}[" in run(*LEAST_SQUARES).output for name in "Xwy")
    output = run(*LEAST_SQUARES, "--wrt", "w", "--wrt", "y").output
    assert "∂L/∂w[" in output and "∂L/∂y[" in output and "∂L/∂X[" not in output


def test_activations_in_a_formula_get_names() -> None:
    output = run(*LOGISTIC, "--wrt", "w").output
    assert "z = X @ w\na = sigmoid(z)\nL = -sum(y*log(a) + (1 - y)*log(1 - a))" in output
    assert "∂L/∂z[i] = a[i] - y[i]" in output
    assert "∂L/∂w[i] = Σ_j X[j,i]·δz[j]" in output


def test_activations_in_definitions_get_names_for_their_arguments() -> None:
    given = ["-mean(y*log(p) + (1 - y)*log(1 - p))", "--define", "p = sigmoid(X @ w)", *LEAST_SQUARES[1:]]
    result = run(*given, "--wrt", "w", "--hessian")
    assert result.exit_code == 0
    assert "z = X @ w\np = sigmoid(z)\nL = " in result.output
    assert "∂L/∂z[i] = (p[i] - y[i])/N" in result.output
    assert arrays(result.output, "∂²L/∂w[i]∂w[j]") == "X.T @ diag(p * (1 - p)) @ X / N"


@pytest.mark.parametrize(("wrt", "left"), [("z", "∂L/∂z[i]"), ("p", "∂L/∂p[i]")])
def test_names_of_the_user_keep_their_meaning(wrt: str, left: str) -> None:
    given = ["sum(p*log(p)) + sum(tanh(X @ w))", "--define", "z = X @ w", "--define", "p = sigmoid(2*z)"]
    output = run(*given, *LEAST_SQUARES[1:5], "--wrt", wrt).output
    assert "z = X @ w\n" in output and "PROVED" in output
    text = arrays(output, left)
    graph = sb.graph(
        {"z": "X @ w", "p": "sigmoid(2*z)", "L": "sum(p*log(p)) + sum(tanh(X @ w))"}, {"X": "N, n", "w": "n"}
    )
    assert "tanh" not in text
    assert wrt == "z" or sb.verify(f"d(L, p) == {text}", graph).proved


def test_an_error_in_a_definition_is_about_what_is_written() -> None:
    result = run("sum(p)", "--define", "p = sigmoid(W @ x)", "--shape", "W: m, n", "--shape", "x: m")
    assert result.exit_code == 2 and "--define p: W @ x" in result.output


def test_gradients_by_scalars_have_an_array_form_where_they_are_sums() -> None:
    output = run("sum((X @ w + b - y)**2) + c**2", *LEAST_SQUARES[1:], "--wrt", "b", "--wrt", "c").output
    graph = sb.graph({"L": "sum((X @ w + b - y)**2)"}, {"X": "N, n", "w": "n", "y": "N"})
    assert sb.verify(f"d(L, b) == {arrays(output, '∂L/∂b')}", graph).proved
    assert "as arrays" not in output.split("∂L/∂c")[1].split("PROVED")[0]


def test_the_hinge_loss_is_written_without_diagonal_matrices() -> None:
    loss = "sum(maximum(0, 1 - y*(X @ w + b)))"
    text = arrays(run(loss, *LEAST_SQUARES[1:], "--wrt", "w").output, "∂L/∂w")
    graph = sb.graph({"L": loss}, {"X": "N, n", "w": "n", "y": "N"})
    assert text.startswith("X.T @ ") and "diag" not in text
    assert sb.verify(f"d(L, w) == {text}", graph).proved


def test_definitions_assumptions_and_functions() -> None:
    given = ["--define", "p = softmax(z)", "--define", "L = -sum(y*log(p))", "--shape", "z: n", "--shape", "y: n"]
    output = run("L", *given, "--assume", "sum(y) == 1", "--wrt", "z").output
    assert "∂L/∂z[i] = p[i] - y[i]" in output and "under sum(y) == 1" in output
    output = run("sum(f(x))", "--shape", "x: n", "--function", "f").output
    assert "f'(x[i])" in output


@pytest.mark.parametrize(
    ("arguments", "left", "formula"),
    [
        (LEAST_SQUARES, "∂²L/∂w[i]∂w[j]", "2 * (X.T @ X)"),
        (LOGISTIC, "∂²L/∂w[i]∂w[j]", "X.T @ diag(a * (1 - a)) @ X"),
        (["x @ A @ x", "--shape", "x: n", "--shape", "A: n, n"], "∂²L/∂x[i]∂x[j]", "A + A.T"),
    ],
)
def test_hessian_in_matrix_form_is_proved(arguments: list[str], left: str, formula: str) -> None:
    wrt = left.split("∂")[2][0]
    result = run(*arguments, "--wrt", wrt, "--hessian")
    assert result.exit_code == 0
    assert arrays(result.output, left) == formula
    assert result.output.count("PROVED for all sizes") == 2


def test_hessian_has_every_pair() -> None:
    output = run(*LEAST_SQUARES, "--wrt", "w", "--wrt", "y", "--hessian").output
    lefts = [line.split(" = ")[0] for line in output.splitlines() if line.startswith("∂²")]
    assert lefts == ["∂²L/∂w[i]∂w[j]", "∂²L/∂w[i]∂y[j]", "∂²L/∂y[i]∂y[j]"]


def test_numpy_is_source_that_runs() -> None:
    source = run(*LEAST_SQUARES, "--wrt", "w", "--format", "numpy").stdout
    names: dict[str, object] = {}
    exec(compile(source, "generated", "exec"), names)
    rng = np.random.default_rng(1)
    X, w, y = rng.normal(size=(4, 3)), rng.normal(size=3), rng.normal(size=4)  # noqa: N806
    loss, gradients = names["loss_and_gradients"](X, w, y)  # type: ignore[operator]
    assert loss == pytest.approx(np.sum((X @ w - y) ** 2))
    assert gradients["w"] == pytest.approx(2 * X.T @ (X @ w - y))


def test_numpy_has_the_second_derivatives() -> None:
    source = run(*LOGISTIC, "--wrt", "w", "--wrt", "X", "--hessian", "--format", "numpy").stdout
    names: dict[str, object] = {}
    exec(compile(source, "generated", "exec"), names)
    rng = np.random.default_rng(2)
    X, w, y = rng.normal(size=(4, 3)), rng.normal(size=3), rng.uniform(size=4)  # noqa: N806
    step = 1e-5

    def gradients(X: np.ndarray, w: np.ndarray) -> tuple[dict[str, np.ndarray], dict[tuple[str, str], np.ndarray]]:  # noqa: N803
        return names["loss_and_gradients"](X, w, y)[1:]  # type: ignore[operator]

    _, second = gradients(X, w)
    assert set(second) == {("w", "w"), ("w", "X"), ("X", "X")}
    for k in range(3):
        shift = step * np.eye(3)[k]
        central = (gradients(X, w + shift)[0]["w"] - gradients(X, w - shift)[0]["w"]) / (2 * step)
        assert second["w", "w"][:, k] == pytest.approx(central, abs=1e-6)
    moved = np.zeros_like(X)
    moved[1, 2] = step
    for of in ("w", "X"):
        central = (gradients(X + moved, w)[0][of] - gradients(X - moved, w)[0][of]) / (2 * step)
        found = second[of, "X"][..., 1, 2]
        assert found == pytest.approx(central, abs=1e-6)


def test_the_other_formats() -> None:
    assert run(*LEAST_SQUARES, "--format", "md").stdout.startswith("# The gradient of sum(")
    markdown = run(*LEAST_SQUARES, "--wrt", "w", "--hessian", "--format", "md").stdout
    assert "## Second derivatives" in markdown and r"\partial^{2} L" in markdown
    assert run(*LEAST_SQUARES, "--format", "tex").stdout.rstrip().endswith(r"\end{document}")
    data = json.loads(run(*LEAST_SQUARES, "--wrt", "w", "--hessian", "--format", "json").stdout)
    assert [s["by"] for s in data["second_derivatives"]] == [["w", "w"]]
    assert data["second_derivatives"][0]["verdict"]["kind"] == "PROVED"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["2*x", "--shape", "x: n"], "'2*x' has the shape (n); only a scalar has a gradient"),
        (["x @ x", "--shape", "x: n", "--wrt", "y"], "unknown name 'y'"),
        (["x @ x", "--shape", "x: n", "--shape", "y: n"], "nothing uses this name"),
        (["3"], "depends on nothing"),
        (["x @ y", "--shape", "x: n", "--shape", "y: m"], "the inner sizes n and m differ"),
        (["sum(x", "--shape", "x: n"], "not a formula"),
        (["x @ x", "--shape", "x: n", "--format", "pdf"], "--format 'pdf'"),
        (["d(x, x)"], "d(...) may stand in [claims] and [printed]"),
        (["__import__('os').system('id')"], "only functions of the formula language"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], expected: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    (line,) = [line for line in result.stderr.splitlines() if line.strip()]
    assert expected in line


@pytest.mark.parametrize("function", ["sigmoid", "tanh", "relu", "elu", "softplus", "silu", "gelu", "gelu_tanh"])
def test_derivatives_of_named_functions_are_source_that_runs(function: str) -> None:
    result = run(f"sum(prime({function}, x))", "--shape", "x: n", "--format", "numpy")
    assert result.exit_code == 0, result.stderr
    namespace: dict[str, Any] = {}
    exec(result.stdout, namespace)
    at, step = np.array([-1.5, 0.3, 2.0]), 1e-5
    _, gradients = namespace["loss_and_gradients"](at)
    for k in range(3):
        moved = np.eye(3)[k] * step
        central = (namespace["loss_and_gradients"](at + moved)[0] - namespace["loss_and_gradients"](at - moved)[0]) / 2
        assert np.broadcast_to(gradients["x"], 3)[k] == pytest.approx(central / step, abs=1e-6)


def test_without_a_numpy_function_the_rest_is_shown_with_the_reason() -> None:
    result = run("sum(f(x))", "--shape", "x: n", "--function", "f", "--hessian")
    assert result.exit_code == 0
    assert "f''(x[i])" in result.stdout and "No NumPy function: " in result.stdout.splitlines()[-1]


@pytest.mark.parametrize("wrt", [["w", "y", "X"], ["X", "y", "w"], ["y", "w"]])
def test_gradients_come_in_the_order_asked_for(wrt: list[str]) -> None:
    options = [option for name in wrt for option in ("--wrt", name)]
    output = run(*LEAST_SQUARES, *options).output
    places = [output.index(f"\n∂L/∂{name}[") for name in wrt]
    assert places == sorted(places)
    returned = output.splitlines()[-1]
    entries = [returned.index(f'"{name}": grad_{name}') for name in wrt]
    assert entries == sorted(entries)


def conditions(data: Any) -> list[tuple[str, str, str]]:
    """The conditions of every verdict in the JSON."""
    if isinstance(data, list):
        return [found for item in data for found in conditions(item)]
    if not isinstance(data, dict):
        return []
    own = [(c["sympy"], c["relation"], c["why"]) for c in data.get("conditions", ())]
    return own + [found for item in data.values() for found in conditions(item)]


@pytest.mark.parametrize(
    ("formula", "shapes", "names"),
    [
        ("sum(abs(B))", {"B": "p, K"}, "B"),
        ("sum(abs(B)*x)", {"B": "p, K", "x": "K"}, "B"),
        ("sum(abs(B.T))", {"B": "p, K"}, "B"),
        ("sum(abs(b))", {"b": "p"}, "b"),
    ],
)
def test_a_condition_is_told_in_one_form_and_with_one_reason(formula: str, shapes: dict[str, str], names: str) -> None:
    options = [option for name, shape in shapes.items() for option in ("--shape", f"{name}: {shape}")]
    found = conditions(json.loads(run(formula, *options, "--wrt", names, "--format", "json").stdout))
    assert {(relation, why) for _, relation, why in found} == {("!= 0", "kink")}
    assert len({expr for expr, *_ in found}) == 1


NORMALISED = ["sum(z*y)", "--define", "z = (x - mean(x))/sqrt(var(x) + eps)", "--shape", "x: n", "--shape", "y: n"]
NORMALISED += ["--assume", "eps > 0", "--wrt", "x"]
OPEN = Verdict(kind=Kind.UNDECIDED, reason="no reason but this one")


@pytest.mark.parametrize("format_", ["plain", "md", "tex", "json", "numpy"])
def test_what_makes_the_status_3_is_told(format_: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the plain output, else on the error output, and with the reason; also where the gradient itself is proved."""
    monkeypatch.setattr("symbackprop.pipeline.verify_routes", lambda *_, **__: OPEN)
    result = run(*LEAST_SQUARES, "--wrt", "w", "--wrt", "y", "--format", format_)
    if format_ == "plain":
        assert result.exit_code == 3 and not result.stderr
        assert result.stdout.count("PROVED for all sizes") == 2
        assert result.stdout.count(f"  both derivations agree: UNDECIDED: {OPEN.reason}") == 2
    elif format_ == "numpy":  # it shows the gradients alone, and compares nothing
        assert (result.exit_code, result.stderr) == (0, "")
    else:
        told = [f"d(L, {name}) by both routes: UNDECIDED: {OPEN.reason}" for name in "wy"]
        assert (result.exit_code, result.stderr.splitlines()) == (3, told)
        assert result.stdout.count(OPEN.reason) == 2


def test_gradients_and_lines_that_are_not_proved_are_told() -> None:
    plain = run(*NORMALISED, "--terms", 1)
    assert plain.exit_code == 3 and "  UNDECIDED: ∂L/∂x: budget of 1 terms exceeded" in plain.stdout
    other = run(*NORMALISED, "--terms", 1, "--format", "json")
    told = [line for line in other.stderr.splitlines() if line.startswith("the line ")]
    assert other.exit_code == 3 and told and all(line in plain.stdout for line in told)
    assert all("budget of 1 terms exceeded" in line for line in other.stderr.splitlines())
    document = run(*NORMALISED, "--terms", 1, "--format", "md")
    counted = re.findall(r"^(?:(\d+) lines are|One line is) undecided: ", document.stdout, re.M)
    assert document.stderr == other.stderr and sum(int(count or 1) for count in counted) == len(told)


def test_numpy_tells_of_a_gradient_that_is_not_proved() -> None:
    result = run(*NORMALISED, "--terms", 1, "--format", "numpy")
    assert result.exit_code == 3
    (line,) = result.stderr.splitlines()
    assert line.startswith("d(L, x): UNDECIDED: ∂L/∂x: budget of 1 terms exceeded")


def test_progress_names_the_proofs() -> None:
    shapes = LEAST_SQUARES[2::2]
    file = Formulas.of(["z = X @ w - y", "L = sum(z**2)"], shapes, (), ()).as_file()
    told: list[str] = []
    work_out(replace(file, requests=(Request(loss="L", wrt=("w",)),)), told.append, hessian=True)
    assert {"∂L/∂z", "∂L/∂w", "∂L/∂w by both routes", "∂²L/∂w∂w"} <= set(told)
    assert [line for line in told if line.startswith("line 1 of ")]
