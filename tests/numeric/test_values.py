"""Numbers of a file: zeros by cancellation, overflow, divergence, limits, and printed numbers without a value."""

import warnings
from fractions import Fraction
from pathlib import Path

import pytest
from flint import arb, ctx, fmpq

from symbackprop.audit.printed import check_printed
from symbackprop.model.derivation_file import DerivationFile, load
from symbackprop.numeric.gradient_check import MAX_ROWS, gradient_check, places
from symbackprop.numeric.values import MAX_ENTRIES, Numbers, all_values, too_many_entries
from symbackprop.pipeline import work_out
from symbackprop.proof.points.duals import Unknown
from symbackprop.proof.points.rounding import bounds, decimal, vanishes
from symbackprop.tensor.nodes import entry
from symbackprop.tensor.tensor import variable
from symbackprop.write.document import document
from symbackprop.write.json_ import as_data
from symbackprop.write.markdown import markdown

ZERO = """
[shapes]
p = "n"
q = "n"
[define]
u = "tanh(p)"
v = "tanh(q)"
s = "u - v"
[given]
p = [0.2, 0.3]
q = [0.2, 0.1]
[printed]
"s[0]" = ["0", "0.000", "0.001"]
"""

DIVERGING = """
[define]
z = "w*x"
E = "(z - y)**4/2"
[train]
loss = "E"
parameters = ["w"]
learning_rate = 0.5
steps = 50
report_every = 1
[given]
w = 2
x = 5
y = 3
"""

HUGE = """
[shapes]
x = "n"
W = "m, n"
[define]
z = "W @ x"
E = "sum(z**2)/2"
F = "sum(exp(z))"
[derive]
E = ["W"]
F = ["W"]
[given]
x = [1e300, 1]
W = [[1e300, 1]]
"""

REASONS = """
[functions]
f = "elementwise"
[define]
a = "log(x)"
b = "x*w"
c = "f(x)"
g = "x + 3"
[given]
x = -1
[printed]
"a" = "1.0"
"b" = "1.0"
"c" = "1.0"
"g" = ["2.0", "2.1"]
"""


def file(tmp_path: Path, text: str) -> DerivationFile:
    path = tmp_path / "file.toml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def batch(samples: int, features: int, outputs: int, steps: int = 0) -> str:
    def matrix(rows: int, columns: int) -> list[list[float]]:
        return [[((7 * i + 3 * j) % 11 - 5) / 10 for j in range(columns)] for i in range(rows)]

    return f"""
[shapes]
X = "N, n"
W = "n, m"
b = "m"
Y = "N, m"
[define]
Z = "X @ W + b"
A = "sigmoid(Z)"
E = "sum((A - Y)**2)/2"
[train]
loss = "E"
parameters = ["W", "b"]
learning_rate = 0.01
steps = {steps}
[given]
X = {matrix(samples, features)}
W = {matrix(features, outputs)}
b = {matrix(1, outputs)[0]}
Y = {matrix(samples, outputs)}
"""


def test_a_zero_by_cancellation_is_shown_as_0_beside_the_other_entries(tmp_path: Path) -> None:
    found = all_values(file(tmp_path, ZERO), {})
    assert found["s"] == {(0,): "0", (1,): "0.191645"}


def test_a_zero_by_cancellation_agrees_with_a_printed_zero(tmp_path: Path) -> None:
    checks = list(check_printed(file(tmp_path, ZERO), {}))
    assert [(check.value, check.rounded, check.agrees) for check in checks] == [
        ("0", "0", True),
        ("0", "0.000", True),
        ("0", "0.000", False),
    ]


def test_a_small_number_is_no_zero() -> None:
    assert decimal(lambda bits: fmpq(1, 10**60), significant=2).text == "0." + 59 * "0" + "10"
    assert not vanishes(arb("1e-60"))
    assert not vanishes(arb(0, 1e-30))
    assert vanishes(arb(0, 1e-50))
    with pytest.raises(Unknown):
        decimal(lambda bits: arb(0, 1e-30), significant=2)


@pytest.mark.parametrize("ball", [arb("inf"), arb("nan"), arb(0, float("inf"))])
def test_a_ball_that_is_not_finite_has_no_digits(ball: arb) -> None:
    with pytest.raises(Unknown, match="not finite"):
        bounds(ball)
    with pytest.raises(Unknown, match="not finite"):
        decimal(lambda bits: ball, significant=3)


def test_huge_numbers_end_as_missing_ones(tmp_path: Path) -> None:
    report = work_out(file(tmp_path, HUGE))
    assert report.values["z"][(0,)].startswith("1000000")
    assert "F" not in report.values
    assert markdown(document(report))


def test_a_diverging_run_stops_without_warnings(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = work_out(file(tmp_path, DIVERGING))
    run = report.training
    assert run is not None
    assert run.diverged is not None
    assert [step for step, _ in run.losses] == list(range(run.diverged))
    assert not run.outputs
    assert f"The run diverged at step {run.diverged}:" in markdown(document(report))
    assert as_data(report)["training"]["diverged"] == run.diverged


def test_a_run_that_converges_says_nothing_of_divergence(tmp_path: Path) -> None:
    text = DIVERGING.replace("0.5", "0.00001")
    report = work_out(file(tmp_path, text))
    assert report.training is not None
    assert report.training.diverged is None
    assert set(report.training.outputs) == {"z", "E"}
    assert "diverged" not in markdown(document(report))


def test_the_gradient_check_has_the_first_entries_of_each_parameter(tmp_path: Path) -> None:
    loaded = file(tmp_path, batch(3, 8, 6))
    (request,) = loaded.requests
    chosen, left_out = places(loaded, request)
    assert len(chosen) == MAX_ROWS
    assert left_out == 8 * 6 + 6 - MAX_ROWS
    assert [place for place in chosen if place[0] == "b"] == [("b", (k,)) for k in range(6)]
    assert ("W", (0, 0)) in chosen
    report = work_out(loaded)
    assert len(report.checks) == MAX_ROWS
    assert f"{left_out} more are not checked" in markdown(document(report))


def test_a_check_of_every_entry_leaves_none_out(tmp_path: Path) -> None:
    loaded = file(tmp_path, batch(2, 2, 2))
    report = work_out(loaded)
    assert report.checks_left_out == 0
    assert len(report.checks) == len(list(gradient_check(loaded, loaded.requests[0], report.losses[0].delta.adjoints)))
    assert all(float(check.error) < 1e-8 for check in report.checks)
    assert "not checked" not in markdown(document(report))


def test_a_file_with_very_many_numbers_says_that_they_are_left_out(tmp_path: Path) -> None:
    loaded = file(tmp_path, batch(60, 30, 10, steps=200))
    assert too_many_entries(loaded)
    report = work_out(loaded)
    assert not report.values
    assert not report.checks
    assert report.training is not None
    assert [step for step, _ in report.training.losses] == [200]
    assert "values and the gradient check are left out" in markdown(document(report))


def test_a_usual_file_is_far_from_the_limit(tmp_path: Path) -> None:
    assert MAX_ENTRIES >= 1000
    assert not too_many_entries(file(tmp_path, batch(20, 10, 5)))


def test_values_after_a_step_are_those_of_the_definition(tmp_path: Path) -> None:
    loaded = file(tmp_path, DIVERGING)
    numbers = Numbers(loaded)
    # w - η·2·(w x - y)³·x = 2 - 0.5·2·343·5
    assert numbers.text(entry("next(w, 1)")) == "-1713"
    assert numbers.entries(variable("next(w, 1)", ())) == {(): "-1713"}
    assert Fraction(numbers.text(entry("next(z, 1)"))) == -8565


def test_a_printed_number_without_a_value_is_no_misprint(tmp_path: Path) -> None:
    loaded = file(tmp_path, REASONS)
    outside, missing, arbitrary, right, wrong = check_printed(loaded, {})
    assert outside.reason.startswith("outside the domain: ")
    assert missing.reason == "no value for 'w'"
    assert arbitrary.reason
    for check in (outside, missing, arbitrary):
        assert (check.value, check.rounded, check.agrees) == ("", "", False)
    assert (right.agrees, right.reason) == (True, "")
    assert (wrong.agrees, wrong.reason) == (False, "")
    report = work_out(loaded)
    text = markdown(document(report))
    assert "Of 5 printed numbers, 1 is the correct rounding" in text
    assert "For 3 there is no value to compare with" in text
    assert text.count("misprint") == 1
    assert missing.reason.replace("'", "") in text.replace("'", "")
    assert [bool(row.get("reason")) for row in as_data(report)["printed"]] == [True, True, True, False, False]


def test_the_working_precision_outside_does_not_reach_the_gradient_check(tmp_path: Path) -> None:
    loaded = file(tmp_path, batch(2, 2, 2))
    adjoints = work_out(loaded).losses[0].delta.adjoints
    usual = list(gradient_check(loaded, loaded.requests[0], adjoints))
    with ctx.workprec(300):
        assert list(gradient_check(loaded, loaded.requests[0], adjoints)) == usual
