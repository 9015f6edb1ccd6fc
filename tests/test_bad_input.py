"""Bad input is one clear line: of an error class in Python, on the error output with status 2 in the terminal."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import symbackprop as sb
from symbackprop.cli import COMMANDS, main
from symbackprop.model.arguments import names_of
from symbackprop.proof.limits import Clock, Undecided

SQUARES = sb.graph({"L": "sum((w*x - y)**2)"}, {"x": "n", "w": "n", "y": "n"})


def usage(*arguments: object) -> str:
    """The only line on the error output; the output has none, and the exit status is 2."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments], prog_name="symbackprop")
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("symbackprop: ")
    return line


# ------------------------------------------------------------------ the command line


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["verfy"], ["no such command 'verfy'", "did you mean verify?", "`symbackprop --help`"]),
        (["nonsense"], ["no such command 'nonsense'", "`symbackprop --help`"]),
        (["net.toml"], ["'net.toml' is no command", "did you mean `symbackprop derive net.toml`?"]),
        (["--nonsense"], ["no such option '--nonsense'"]),
        (["gradient", "sum(x)", "--shapes", "x: n"], ["no such option '--shapes'", "did you mean --shape?"]),
        (["gradient", "sum(x)", "--hess"], ["no such option '--hess'", "did you mean --hessian?"]),
        (["gradient"], ["missing argument 'FORMULA'", "`symbackprop gradient --help`"]),
        (["gradient", "sum(x)", "sum(y)"], ["sum(y)", "`symbackprop gradient --help`"]),
        (["gradient", "sum(x)", "--wrt"], ["'--wrt' requires an argument"]),
        (["derive"], ["nothing to derive: name a derivation file"]),
        (["check"], ["nothing to check: name a certificate"]),
        (["gradient", "sum(g(x))"], ["unknown function 'g'; declare an arbitrary g by --function; known are: abs"]),
        (["list", "activation"], ["list 'activation'", "did you mean activations?"]),
        (["list", "identities", "--topic", "normalization"], ["--topic", "did you mean normalisation?"]),
        (["list"], ["missing argument", "identities|activations|losses|functions"]),
        (["verify", "x == x", "--terms", "0"], ["'--terms'", "expected a whole number, at least 1, found '0'"]),
        (["verify", "x == x", "--terms", "many"], ["'--terms'", "expected a whole number, at least 1, found 'many'"]),
        (["verify", "x == x", "--seconds", "nan"], ["'--seconds'", "at least 0.1, found 'nan'"]),
        (["verify", "x == x", "--seconds", "-1"], ["'--seconds'", "at least 0.1, found '-1'"]),
        (["verify", "x == x", "--seconds", "0"], ["'--seconds'", "at least 0.1, found '0'"]),
        (
            ["verify", "x == x", "--seconds", "soon"],
            ["expected a number of seconds, at least 0.1, found 'soon'"],
        ),
        (["verify", "x == x", "--assume", ""], ["--assume ''", "the text is empty"]),
        (["verify", "x == x", "--function", " "], ["--function ' '", "the text is empty"]),
        (["verify", "x == a", "--define", "a ="], ["--define 'a ='", "expected a form such as 'p = softmax(z)'"]),
        (["verify", "x == x", "--shape", "x: 10000000"], ["--shape x", "10000000 is no size", "from 1 to 999999"]),
        (["verify", "x == x", "--shape", "x: n m"], ["--shape x", "'n m'", "commas"]),
        (["gradient", ""], ["a formula is missing"]),
        (["gradient", "L"], ["L is not defined", '--define "L = ..."']),
        (["gradient", "L = x**2"], ["'L = x**2'", "write the formula alone: 'x**2'"]),
        (["gradient", "x*y", "--wrt", "x, y"], ["one name for each option: --wrt x --wrt y"]),
        (["d(L, x) == 1"], ["is no command", "verify` with this statement"]),
        (["list", "identities", "--topic", "SOFTMAX"], ["did you mean softmax?"]),
        (["gradient", "sum(f(x))", "--function", "f", "--format", "numpy", "--hessian"], ["--format 'numpy'"]),
        (["gradient", "cos(pi*n)*sum(x)", "--shape", "x: n"], ["(-1)**n", "assume c**2 == 1"]),
    ],
)
def test_a_wrong_command_line_is_one_line(arguments: list[str], expected: list[str]) -> None:
    line = usage(*arguments)
    assert all(part in line for part in expected), line


@pytest.mark.parametrize("name", ["L", "z", ""])
def test_the_names_to_differentiate_by_leave_out_the_loss(name: str) -> None:
    assert usage("gradient", "x*y", "--wrt", name).endswith(f"unknown name {name!r}; known are: x, y")


def test_without_arguments_the_help_is_shown() -> None:
    result = CliRunner().invoke(main, [])
    assert all(command in result.output for command in COMMANDS)


def test_a_directory_without_certificates(tmp_path: Path) -> None:
    assert "holds no .json file" in usage("check", tmp_path)


# ------------------------------------------------------------------ from Python


def network(**changed: Any) -> sb.Network:
    return sb.Network(**{"layers": [sb.Dense(2)], "inputs": "n", "loss": "squared_error", **changed})


def training(**changed: Any) -> sb.Training:
    return sb.Training(**{"loss": "L", "parameters": ("w",), "learning_rate": 1, **changed})


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: sb.graph("L=sum(x)"), "define: expected a dictionary .* found 'L=sum"),
        (lambda: sb.graph({"L": 3}), r"define L: expected a formula as text, .* found 3 \(int\)"),
        (lambda: sb.graph({1: "x"}), r"define: expected names .* found 1 \(int\)"),
        (lambda: sb.graph({"L": ""}), "L: a formula is missing: the text is empty"),
        (lambda: sb.graph({"L": " "}), "L: a formula is missing: the text is blank"),
        (lambda: sb.graph({"L": "x"}, "x: n"), "shapes: expected a dictionary .* found 'x: n'"),
        (lambda: sb.graph({"L": "x"}, {"x": None}), "x: expected a shape .* found None"),
        (lambda: sb.graph({"L": "x"}, {"x": 2.5}), "x: the shape '2.5': 2.5 is no size"),
        (lambda: sb.graph({"L": "x"}, {"x": -2}), "x: the shape '-2': -2 is no size"),
        (lambda: sb.graph({"L": "x"}, {"x": 10**9}), "x: the shape '1000000000': 1000000000 is no size"),
        (lambda: sb.graph({"L": "x"}, functions=3), r"functions: expected names .* found 3 \(int\)"),
        (lambda: sb.graph({"L": "x"}, assume=["x == 1"]), "assume: expected a dictionary .* found"),
        (lambda: sb.graph({"L": "sum(x)"}, {"X": "n"}), "X: no formula uses this name; did you mean x,"),
        (lambda: sb.graph({"L": "cos(pi*n)*sum(x)"}, {"x": "n"}), r"L: \(-1\)\*\*n, which is also cos\(pi\*n\)"),
        (lambda: sb.gradient(3), r"formula: expected a formula as text, .* found 3 \(int\)"),
        (lambda: sb.gradient("2"), "'L' depends on nothing"),
        (lambda: sb.gradient("sum(x)", {"x": "n"}, 3), r"wrt: expected names .* found 3 \(int\)"),
        (lambda: sb.derive(SQUARES, "L", [3]), r"wrt: expected names .* found 3 \(int\)"),
        (lambda: sb.derive(SQUARES, "L", []), "wrt is empty"),
        (lambda: sb.verify(3, SQUARES), r"claim: expected a formula as text, .* found 3 \(int\)"),
        (lambda: sb.verify("L == L", SQUARES, budget=3), "budget: expected Budget"),
        (lambda: sb.verify("w == w", SQUARES, training=0.5), "training: expected Training.* found 0.5"),
        (lambda: sb.verify("w == w", SQUARES, training=training(loss="M")), "the loss 'M' is not defined"),
        (lambda: sb.verify("w == w", SQUARES, training=training(parameters="v")), "unknown name 'v'"),
        (lambda: sb.verify("w == w", SQUARES, training=training(parameters=[3])), "parameters: expected names"),
        (lambda: sb.verify("w == w", SQUARES, training=training(learning_rate=None)), "learning_rate: .* found None"),
        (lambda: sb.verify("w == w", SQUARES, training=training(learning_rate="t+")), "not a formula.*'t\\+'"),
        (lambda: sb.certificate(3, SQUARES), r"claim: expected a formula as text, .* found 3 \(int\)"),
        (lambda: sb.instantiate(3), "expected what derive.* gives, found int"),
        (lambda: sb.derive(SQUARES).instantiate(3), "expected the sizes as a dictionary .* found 3"),
        (lambda: sb.Dense(0), r"Dense: expected a size, .* found 0 \(int\)"),
        (lambda: sb.Dense(True), r"Dense: expected a size, .* found True \(bool\)"),
        (lambda: sb.Dense("h m"), "Dense: expected a size, .* found 'h m'"),
        (lambda: sb.Dense("d"), "Dense: 'd' is taken: it is the derivative"),
        (lambda: sb.Dense(2, "relo"), r"unknown activation 'relo' \(did you mean relu\?\)"),
        (lambda: sb.Dense(2, "elu", parameters=3), "Dense: parameters: expected a dictionary"),
        (lambda: network(inputs=("N", "n")), r"Network: inputs: expected a size, .* found \('N', 'n'\) \(tuple\)"),
        (lambda: network(inputs=0), r"Network: inputs: expected a size, .* found 0 \(int\)"),
        (lambda: network(batch=0), r"Network: batch: expected a size, .* found 0 \(int\)"),
        (lambda: network(batch=None), "Network: batch: expected a size, .* found None"),
        (lambda: network(batch="X"), "the size 'X' is also the name of a quantity of the network"),
        (lambda: network(layers=[sb.Dense("x")]), "the size 'x' is also the name of a quantity of the network"),
        (lambda: network(layers=[sb.Dense("W1")]), "the size 'W1' is also the name of a quantity of the network"),
        (lambda: network(assume="x"), "assume: expected a dictionary"),
        (lambda: sb.graph({"L": "softmax*x"}), r"L: softmax is a function: write softmax\(\.\.\.\)"),
        (lambda: sb.graph({"L": "d*x"}), "L: d is the derivative, as in .* a quantity needs another name"),
        (lambda: sb.gradient("sum(x)", {"x": "n"}, "y"), "unknown name 'y'; known are: x$"),
        (lambda: sb.Network([3], inputs=2, loss="squared_error").graph, "expected layers such as .* found 3"),
        (lambda: sb.Network(sb.Dense(2), inputs=2, loss="squared_error").graph, "expected a list of layers"),
        (lambda: sb.Network([sb.Dense(2)], inputs=2, loss=["l"]).graph, r"unknown loss \['l'\]"),
        (lambda: sb.Network([sb.Dense(2, ["f"])], inputs=2, loss="squared_error").graph, r"activation \['f'\]"),
        (lambda: sb.Budget(seconds=-1), r"Budget\(seconds=-1\): expected a number of seconds, at least 0"),
        (lambda: sb.Budget(seconds=float("nan")), r"Budget\(seconds=nan\)"),
        (lambda: sb.Budget(seconds="3"), r"Budget\(seconds='3'\)"),
        (lambda: sb.Budget(terms=0), r"Budget\(terms=0\): expected an integer, at least 1"),
        (lambda: sb.Budget(terms=1.5), r"Budget\(terms=1.5\)"),
    ],
)
def test_a_wrong_argument_is_one_line(call: Callable[[], object], expected: str) -> None:
    with pytest.raises(sb.SymbackpropError) as caught:
        call()
    assert re.search(expected, str(caught.value)), str(caught.value)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500


def test_a_shape_may_wait_for_a_claim() -> None:
    graph = sb.graph({"L": "c*sum(x**2)"}, {"x": "n", "u": "n"})
    assert sb.verify("d(L, x) @ u == 2*c*(x @ u)", graph).proved
    assert sb.graph({"L": "sum(x)"}, {"X": "n", "x": ""}).shape("x") == ()


def test_a_single_name_is_a_list_of_one() -> None:
    assert names_of("w", "wrt") == names_of(["w"], "wrt") == names_of({"w": 1}, "wrt") == ("w",)


@pytest.mark.parametrize(
    ("rate", "claim"),
    [
        (0.1, "next(w) == w - d(L, w)/10"),
        (2, "next(w) == w - 2*d(L, w)"),
        ("t", "next(w) == w - t*d(L, w)"),
        ("1/n", "next(w) == w - d(L, w)/n"),
    ],
)
def test_a_learning_rate_is_a_number_or_a_formula(rate: object, claim: str) -> None:
    assert sb.verify(claim, SQUARES, training=training(learning_rate=rate)).proved
    assert not sb.verify(f"{claim} + 1", SQUARES, training=training(learning_rate=rate)).proved


def test_a_clock_ends_with_the_one_that_it_is_part_of() -> None:
    over = sb.Budget(seconds=0)
    part = Clock(sb.Budget(seconds=60, within=Clock(over)))
    assert part.over() and not Clock(sb.Budget(seconds=60)).over()
    with pytest.raises(Undecided, match="budget of 0 seconds exceeded"):
        part.check()
    assert sb.Budget(seconds=60).part(1 / 4).seconds == 15


def test_whose_time_is_over_is_said() -> None:
    """A share names the budget of which it is one, also a share of a share."""
    whole = sb.Budget(seconds=0)
    assert whole.part(1 / 2).part(1 / 4).whole == whole.seconds and sb.Budget(seconds=20).part(1 / 2).whole == 20
    told = {"budget of 0 seconds exceeded": whole}
    told["share of 0 seconds in the budget of 0 seconds exceeded"] = whole.part(1 / 2).part(1 / 4)
    for reason, budget in told.items():
        with pytest.raises(Undecided) as caught:
            Clock(budget).check()
        assert caught.value.reason == reason
    assert sb.Budget(seconds=20).part(1 / 2).time() == "share of 10 seconds in the budget of 20 seconds"
