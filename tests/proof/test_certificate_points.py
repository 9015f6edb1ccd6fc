"""No point shows what is false, whatever a forger writes, and the text of a certificate says what it means."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from proof.forgery import NUMBER, RING, TWO, VECTOR, Given, Json, X, Y, forged, root, summed

import symbackprop as sb
from symbackprop.proof import checker, witness_check
from symbackprop.proof.check import check
from symbackprop.proof.checker.replay import check_proof
from symbackprop.proof.checker.statement import FORMAT
from symbackprop.proof.checker.terms import Rejected

Z, POSITIVE = ["at", "z"], ["positive", ["at", "z"]]
CHECKER = str(Path(str(checker.__file__)).parent)  # a folder that is a program
NOT_POSITIVE = ["add", "1", ["mul", "-1", POSITIVE]]
ZERO: Given = {"shapes": {"x": []}, "values": {"x": "0"}}
FAR_APART = ["add", ["mul", "3000000000000000", ["add", "1", ["mul", "-1", ["erf", X]]]], "-15"]  # some [-15, 15]
TOTAL = summed("i", "n", ["at", "x", "i"])
WITNESSES: dict[str, tuple[dict[str, Json], str]] = {
    "a delta outside of its range": (
        forged((summed("i", "n", ["delta", "n", "i", 5]), "1"), [["sum", [1]], RING], **VECTOR),
        "an entry",
    ),
    "a derivative by an entry that does not exist": (
        forged((["d", TOTAL, ["at", "x", 5]], "!=", "1"), [], **VECTOR),
        "an entry",
    ),
    "erf in an interval where its series is of no use": (
        forged(
            (["erf", FAR_APART], "!=", ["mul", "-1", ["erf", ["mul", "-1", FAR_APART]]]),
            [],
            shapes={"x": []},
            values={"x": "6"},
        ),
        "do not differ",
    ),
    "0 times what has no value": (
        forged((["mul", "0", ["log", ["mul", "-1", ["exp", X]]]], "!=", "1"), [], **NUMBER),
        "not positive",
    ),
    "the slope of a function where its branches do not meet": (
        forged(
            (["call", "f", 1, X], "!=", ["add", "2", ["mul", "-1", ["positive", X]], ["mul", "-1", ["zero", X]]]),
            [],
            functions=[("f", ["z"], ["add", ["mul", POSITIVE, ["add", Z, "1"]], ["mul", NOT_POSITIVE, "2", Z]])],
            **ZERO,
        ),
        "a function that jumps",
    ),
    "the slope of a function where its branches nearly meet": (
        forged(
            (["call", "f", 1, X], "!=", "1"),
            [],
            functions=[("f", ["z"], ["mul", POSITIVE, ["add", Z, "1/1" + "0" * 290]])],
            **ZERO,
        ),
        "a function that jumps",
    ),
    "the slope of a function that is 0, at a branch of one point": (
        forged((["call", "f", 1, X], "!=", "0"), [], functions=[("f", ["z"], ["mul", Z, ["zero", Z]])], **ZERO),
        "a kink",
    ),
    "the second derivative at a kink": (
        forged((["call", "f", 2, X], "!=", "1"), [], functions=[("f", ["z"], ["mul", Z, POSITIVE])], **ZERO),
        "a kink",
    ),
    "a condition that does not hold at the fifth entry": (
        forged(
            (["positive", ["at", "x", 4]], "!=", "1"),
            [],
            conditions=[([["i", "n"]], ["at", "x", "i"], ">", "0")],
            shapes={"x": ["n"]},
            values={"x": ["1", "1", "1", "1", "-1"]},
            sizes={"n": 5},
        ),
        "does not hold",
    ),
    "a difference where an equation holds but for the last digit": (
        forged(
            (["mul", "3", X], "!=", "1"),
            [],
            assumptions=[((), X, "==", "1/3")],
            shapes={"x": []},
            values={"x": "3" * 70 + "/1" + "0" * 70},
        ),
        "not certain that it holds",
    ),
    "a number that takes forever": (
        forged((X, X), [], shapes={"x": []}, values={"x": "1e999999999"}),
        "a number",
    ),
    "a size that takes forever": (
        forged((summed("i", "n", "1"), ["size", "n"]), [["sum", [1]], RING], shapes={}, sizes={"n": 10**9}),
        "too much to work out",
    ),
    "a condition that does not hold": (
        forged((X, X), [], conditions=[((), ["mul", "-1", X], ">", "0")], **NUMBER),
        "does not hold",
    ),
    "an assumption that does not hold": (
        forged((X, X), [], assumptions=[((), X, "==", "2")], **NUMBER),
        "does not hold",
    ),
    "a side without a value": (forged((["log", ["mul", "-1", X]], X), [], **NUMBER), "not positive"),
    "a root of a negative number": (forged((root(["mul", "-1", X]), X), [], **NUMBER), "may be negative"),
    "a fraction by 0": (forged((["pow", ["add", X, "-3"], "-1"], X), [], **NUMBER), "may be 0"),
    "a kink": (forged((["d", ["positive", ["add", X, "-3"]], X], "0"), [], **NUMBER), "a kink"),
    "branches that meet for one value of a parameter only": (
        forged(
            (["d", ["call", "f", 0, X, Y], X], "!=", ["zero", X]),
            [],
            shapes={"x": [], "y": []},
            values={"x": "0", "y": "1"},
            functions=[("f", ["z", "y"], ["mul", POSITIVE, ["add", Y, "-1"]])],
        ),
        "a function that jumps",
    ),
    "the end of a root": (
        forged((["d", ["pow", X, "3/2"], X], "!=", ["zero", X]), [], **ZERO),
        "the end of a root",
    ),
    "sides that do not differ": (forged((["exp", X], "!=", ["exp", X]), [], **NUMBER), "do not differ"),
    "sides that differ by nothing that is seen": (
        forged((["exp", X], "!=", ["mul", ["exp", "1"], ["exp", "2"]]), [], **NUMBER),
        "do not differ",
    ),
    "an entry outside": (
        forged((["at", "x", "i0"], "!=", "0"), [], indices=[["i0", "n"]], at=[-1], **VECTOR),
        "an entry",
    ),
    "a size of 0": (forged((X, X), [], shapes={"x": []}, values={"x": "1"}, sizes={"n": 0}), "a size"),
    "no values": (forged((X, X), [], shapes={"x": []}), "malformed"),
}


@pytest.mark.parametrize("name", WITNESSES)
def test_points_that_show_nothing_are_rejected(name: str) -> None:
    content, reason = WITNESSES[name]
    with pytest.raises(witness_check.Rejected, match=reason):
        witness_check.check(content)
    with pytest.raises(Rejected):
        check(content)


def test_sums_that_take_forever_are_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witness_check, "MOST_STEPS", 5000)
    triple = summed("i", 1000, summed("j", 1000, summed("k", 1000, "1")))
    with pytest.raises(witness_check.Rejected, match="too much to work out"):
        witness_check.check(forged((triple, "1000000000"), [], shapes={}))


def test_many_functions_that_are_series_are_rejected() -> None:
    double = summed("i", "n", summed("j", "n", ["sin", X]))
    with pytest.raises(witness_check.Rejected, match="too much to work out"):
        witness_check.check(forged((double, "1"), [], shapes={"x": [], "u": ["n"]}, values={"x": "3"}, sizes={"n": 99}))


def test_definitions_that_double_are_read_once() -> None:
    name = "h{}".format
    definitions = [(name(0), [], X)]
    definitions += [(name(k), [], ["add", ["at", name(k - 1)], ["at", name(k - 1)]]) for k in range(1, 60)]
    last = ["at", name(59)]
    given = {"definitions": definitions, "conditions": [((), last, "!=", "0")], **NUMBER}
    assert check(forged((X, X), [RING], **given)).startswith("x == x; if h59 != 0; ")
    with pytest.raises(Rejected, match="too many questions about signs"):
        check(forged((last, ">=", "0"), [], **given))


def test_a_reason_can_be_printed_anywhere() -> None:
    with pytest.raises(Rejected, match=r"law_.ud800"):
        check(forged((X, Y), [["\ud800", []]], **TWO))


def test_the_text_has_brackets_where_a_power_needs_them() -> None:
    square = forged((["pow", "-2", "2"], "4"), [RING], **NUMBER)
    assert check(square) == "((-2)^2) == 4"
    assert check(forged((["pow", "2/3", "2"], "4/9"), [RING], **NUMBER)) == "((2/3)^2) == 4/9"


def test_a_kink_where_branches_meet_has_the_active_slope() -> None:
    relu = ("relu", ["z"], ["mul", Z, POSITIVE])
    elu = ("elu", ["z"], ["add", relu[2], ["mul", NOT_POSITIVE, "1/3", ["add", ["exp", Z], "-1"]]])
    assert check(forged((["call", "elu", 1, X], "!=", "1"), [], functions=[elu], **ZERO)).startswith("elu'(x) != 1; ")
    content = forged((["d", ["call", "relu", 0, X], X], "!=", "1"), [], functions=[relu], **ZERO)
    assert check(content) == "d(relu(x), x) != 1; relu(z) = (z*positive(z))"


def test_a_function_without_branches_has_a_slope_at_zero_whatever_its_value_there() -> None:
    shifted = ("f", ["z"], ["exp", ["add", Z, "1/3"]])  # not exact at 0
    content = forged((["call", "f", 1, X], "!=", "1"), [], functions=[shifted], **ZERO)
    assert check(content) == "f'(x) != 1; f(z) = exp((z + 1/3))"


def test_the_text_tells_apart_what_differs() -> None:
    """Sizes from quantities, ranges from each other, the order of arguments."""
    flipped = [("f", [a, b], ["add", ["at", "a"], ["mul", "-1", ["at", "b"]]]) for a, b in ("ab", "ba")]
    pairs = [
        [forged((t, "0"), [], shapes={"n": []}) for t in (["at", "n"], ["size", "n"])],
        [forged((["at", "x", "i"], ["at", "x", "j"]), [], shapes={"x": [n]}) for n in (1, "n")],
        [forged((["call", "f", 0, X, Y], "0"), [], functions=[f], **TWO) for f in flipped],
        [forged((["at", "z"], "0"), [], definitions=[("z", shape, "1")], **NUMBER) for shape in ([], ["n"])],
    ]
    assert all(one["text"] != other["text"] for one, other in pairs)


@pytest.mark.parametrize("file", [CHECKER, witness_check.__file__])
def test_run_alone_without_a_file_nothing_is_accepted(file: str) -> None:
    run = subprocess.run([sys.executable, "-I", file], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("usage: ")


@pytest.mark.parametrize("file", [CHECKER, witness_check.__file__])
def test_run_alone_there_is_one_line_for_each_file(file: str, tmp_path: Path) -> None:
    accepted = forged((X, X), [], **NUMBER)
    texts = {"good": json.dumps(accepted), "bad": json.dumps(accepted | {"shapes": 7}), "none": "{", "deep": "[" * 9**6}
    for name, written in texts.items():
        (tmp_path / name).write_text(written, encoding="utf-8")
    paths = [str(tmp_path / name) for name in (*texts, "missing")]
    run = subprocess.run([sys.executable, "-I", file, *paths], capture_output=True, text=True, check=False)
    assert run.returncode == 1 and not run.stderr
    said = run.stdout.splitlines()
    assert len(said) == 5 and said[0].startswith(f"{paths[0]}: accepted: ")
    assert all(line.startswith(f"{path}: REJECTED: ") for line, path in zip(said[1:], paths[1:], strict=True))
    assert subprocess.run([sys.executable, "-I", file, paths[0]], capture_output=True, check=False).returncode == 0


def test_a_difference_is_shown_by_its_witness() -> None:
    content = forged((["at", "x", "i0"], "!=", "1"), [], indices=[["i0", "n"]], at=[1], **VECTOR)
    assert check(content) == content["text"]


@pytest.mark.parametrize("content", [None, [], {}, {"format": FORMAT}, "x", 7, {"format": []}], ids=str)
def test_what_is_no_certificate_is_rejected(content: Json) -> None:
    for checked in (check_proof, check):
        with pytest.raises(Rejected):
            checked(content)


def test_deep_terms_are_rejected() -> None:
    deep: Json = "1"
    for _ in range(3000):
        deep = ["exp", deep]
    content = forged((X, X), [], **NUMBER)
    content["statement"]["left"] = deep
    with pytest.raises(Rejected):
        check(content)


@pytest.mark.parametrize("content", [None, 7, {}, {"format": FORMAT}, {"format": {1, 2}}], ids=str)
def test_what_is_refused_is_an_error_of_symbackprop(content: object) -> None:
    with pytest.raises(sb.SymbackpropError, match="certificate") as caught:
        sb.check(content)
    assert isinstance(caught.value, sb.CertificateError) and "\n" not in str(caught.value)
