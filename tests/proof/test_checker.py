"""The checker by itself: what it must never accept, and numbers that it encloses."""

import copy
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from flint import arb, ctx, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from symbackprop.model.build import graph_from_formulas, relation
from symbackprop.proof import checker
from symbackprop.proof.certificate import certificate
from symbackprop.proof.verify import verify

Json = Any
NAMES = {"x": ["n"], "y": ["n"], "A": ["n", "n"], "B": ["m", "n"], "t": []}
VALUES = {"x": ["1", "2"], "y": ["3", "-1"], "A": [["1", "2"], ["0", "5"]], "B": [["1", "-2"]] * 3, "t": "1/2"}


def written(left: Json, comparison: str, right: Json, **changes: Any) -> dict[str, Json]:
    """A certificate by hand; `indices` are those of the statement."""
    indices = changes.pop("indices", [])
    hints = {"unfold": [], "insert": [], "functions": "opaque", "write_out": False, "bound": None, "general": {}}
    content = {
        "format": checker.FORMAT,
        "text": f"{checker.show(left)} {comparison} {checker.show(right)}",
        "shapes": NAMES,
        "definitions": [],
        "functions": [],
        "statement": {"indices": indices, "left": left, "comparison": comparison, "right": right},
        "assumptions": [],
        "conditions": [],
        "hints": hints | changes.pop("hints", {}),
        "witness": {"sizes": {"n": 2, "m": 3}, "values": VALUES, "functions": []},
    } | changes
    return content | {"digest": checker.digest(content)}


def condition(left: Json, comparison: str, indices: Json = ()) -> Json:
    return {"indices": list(indices), "left": left, "comparison": comparison, "right": "0"}


def reason(content: Json) -> str:
    """Why the checker rejects; empty if it accepts."""
    try:
        checker.check(content)
    except checker.Rejected as error:
        return str(error)
    return ""


def total(i: str, body: Json, size: Any = "n") -> Json:
    return ["sum", i, size, body]


X, Y, T, ROW = ["at", "x", "k"], ["at", "y", "k"], ["at", "t"], [["i", "n"]]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (total("k", ["mul", X, total("k", Y)]), ["mul", total("k", X), total("j", ["at", "y", "j"])]),
        (total("k", "1"), ["size", "n"]),
        (total("k", ["mul", ["delta", "k", 0], X]), ["at", "x", 0]),
        (["exp", ["add", T, "1"]], ["mul", ["exp", T], ["exp", "1"]]),
        (["pow", ["pow", T, "2"], "1/2"], ["abs", T]),
        (["add", ["positive", T], ["positive", ["mul", "-1", T]], ["zero", T]], "1"),
        (["add", ["pow", ["sin", T], "2"], ["pow", ["cos", T], "2"]], "1"),
        (["d", total("k", ["pow", X, "3"]), ["at", "x", 1]], ["mul", "3", ["pow", ["at", "x", 1], "2"]]),
    ],
)
def test_true_equations(left: Json, right: Json) -> None:
    needed = [condition(["add", ["size", "n"], "-1"], "> 0")]
    assert reason(written(left, "==", right, conditions=needed)) == ""


@pytest.mark.parametrize(
    ("left", "right", "why"),
    [
        (total("k", ["mul", X, total("k", Y)]), total("k", ["mul", X, Y]), "not found to be zero"),
        (total("k", ["mul", X, Y]), ["mul", total("k", X), total("k", Y)], "not found to be zero"),
        (["pow", ["pow", T, "2"], "1/2"], T, "not found to be zero"),
        (["mul", T, ["pow", T, "-1"]], "1", "not among the conditions"),
        (["exp", ["log", T]], T, "not among the conditions"),
        (["mul", ["pow", T, "1/2"], ["pow", T, "1/2"]], T, "not among the conditions"),
        (["at", "x", 1], ["at", "x", 1], "not among the conditions"),
        (["d", ["abs", T], T], ["sign", T], "not among the conditions"),
        (["d", ["pow", T, "3/2"], T], ["mul", "3/2", ["pow", T, "1/2"]], "not among the conditions"),
    ],
)
def test_false_or_unconditional(left: Json, right: Json, why: str) -> None:
    assert why in reason(written(left, "==", right))


@pytest.mark.parametrize(
    ("left", "why"),
    [
        (["at", "x", "i"], "does not run over"),
        (["at", "q"], "unknown name"),
        (["at", "x"], "indices of"),
        (["at", "A", "i", "j"], "does not run over"),
        (["sum", "k", "m", X], "does not run over"),
        (["delta", "i", 0], "can be checked"),
        (["pow", T, T], "an exponent is a number"),
        (["eval", T], "is no node"),
        (["add", T], "of less than two"),
        (["size", "2n"], "a size has a name"),
        ("2/4", "2/4"),
        ("1e5", "1e5"),
        (1, "is no tree"),
        (["d", T, ["size", "n"]], "a derivative"),
        (["call", "f", 0, T], "a call"),
    ],
)
def test_what_is_not_well_formed(left: Json, why: str) -> None:
    assert why in reason(_resigned(written(T, "==", "0"), left))


def _resigned(content: dict[str, Json], left: Json) -> dict[str, Json]:
    content["statement"]["left"] = left
    return content | {"digest": checker.digest(content)}


# ---------------------------------------------------------------------------------------- assumptions and conditions

SUM_IS_ONE = {"indices": [], "left": total("k", X), "comparison": "==", "right": "4"}
AT_FOUR = VALUES | {"x": ["1", "3"]}
WITNESS = {"sizes": {"n": 2, "m": 3}, "values": AT_FOUR, "functions": []}


def test_an_assumption_is_used_but_not_before_differentiation() -> None:
    assert reason(written(total("k", X), "==", "4", assumptions=[SUM_IS_ONE], witness=WITNESS)) == ""
    moved = ["d", total("k", X), ["at", "x", "i"]]
    assert reason(written(moved, "==", "1", indices=ROW)) == ""
    forged = written(moved, "==", "0", indices=ROW, assumptions=[SUM_IS_ONE], witness=WITNESS)
    assert "which is differentiated by" in reason(forged)
    hidden = [{"name": "s", "shape": [], "value": total("k", X)}]
    about_s = SUM_IS_ONE | {"left": ["at", "s"]}
    forged = written(moved, "==", "0", indices=ROW, assumptions=[about_s], definitions=hidden, witness=WITNESS)
    assert "which is differentiated by" in reason(forged)


def test_assumptions_and_conditions_hold_at_the_point() -> None:
    assert "at the point" in reason(written("1", "==", "1", assumptions=[SUM_IS_ONE]))
    for left, comparison in (("-1", "> 0"), ("0", "!= 0"), (["add", T, "-1"], ">= 0")):
        held = reason(written("1", "==", "1", conditions=[condition(left, comparison)]))
        assert ("at the point" in held) or (comparison == "!= 0" and "conditions" in held), (left, held)
    assert reason(written("1", "==", "1", conditions=[condition(T, "> 0")])) == ""


def test_a_condition_holds_for_its_own_quantity_only() -> None:
    inverse = ["mul", ["at", "x", "i"], ["pow", ["at", "x", "i"], "-1"]]
    needed = condition(["at", "x", "i"], "!= 0", ROW)
    assert reason(written(inverse, "==", "1", indices=ROW, conditions=[needed])) == ""
    for other in (condition(["at", "y", "i"], "!= 0", ROW), condition(["at", "x", 0], "!= 0"), condition(T, "> 0")):
        assert "not among the conditions" in reason(written(inverse, "==", "1", indices=ROW, conditions=[other]))


def test_a_point_is_needed() -> None:
    for witness in (
        {"sizes": {}, "values": VALUES, "functions": []},
        {"sizes": {"n": 2, "m": 3}, "values": {}, "functions": []},
        {"sizes": {"n": 3, "m": 3}, "values": VALUES, "functions": []},
    ):
        assert reason(written(total("k", X), "==", total("j", ["at", "x", "j"]), witness=witness)) != ""


def test_a_size_that_stands_for_a_number_is_a_new_one() -> None:
    left, right = total("k", ["at", "u", "k"], 2), total("k", ["at", "u", "k"], 2)
    shapes = NAMES | {"u": [2]}
    point = {"sizes": {"n": 2, "m": 3, "p": 2}, "values": VALUES | {"u": ["1", "1"]}, "functions": []}
    assert reason(written(left, "==", right, shapes=shapes, witness=point, hints={"general": {"2": "p"}})) == ""
    for general in ({"2": "n"}, {"2": "p", "3": "p"}, {"2": 5}):
        assert reason(written(left, "==", right, shapes=shapes, witness=point, hints={"general": general})) != ""


def test_a_difference_is_shown_at_the_sizes_of_the_statement() -> None:
    left, right, shapes = total("k", ["at", "u", "k"], 1), ["at", "u", 0], NAMES | {"u": [1]}
    point = {"sizes": {"n": 2, "m": 3, "p": 2}, "values": VALUES | {"u": ["1", "1"]}, "functions": []}
    forged = written(left, "!=", right, shapes=shapes, witness=point, hints={"general": {"1": "p"}})
    assert "other sizes" in reason(forged)


def test_functions_are_not_believed() -> None:
    graph = graph_from_formulas({"a": "sigmoid(z)"}, {"z": "n"})
    claim = relation(graph, "claim", "prime(sigmoid, z) == a*(1 - a)")
    made = certificate(claim, graph, verify(claim, graph))
    assert reason(made) == ""
    (sigmoid,) = made["functions"]
    for derivative in (["at", "a"], "0", ["mul", ["at", "a"], ["at", "z"]]):
        forged = copy.deepcopy(made)
        forged["functions"] = [sigmoid | {"derivative": derivative}]
        assert "the derivative of sigmoid" in reason(forged | {"digest": checker.digest(forged)})


# ---------------------------------------------------------------------------------------- inequalities


@pytest.mark.parametrize(
    ("left", "comparison", "right", "true"),
    [
        (["pow", T, "2"], ">=", "0", True),
        (["pow", T, "2"], ">", "0", False),
        (["exp", T], ">", "0", True),
        (["exp", T], ">", "1", False),
        (["abs", T], ">=", T, True),
        (["tanh", T], "<", "1", True),
        (["tanh", T], "<", "1/2", False),
        (T, ">=", "0", False),
        (total("k", ["pow", X, "2"]), ">=", "0", True),
    ],
)
def test_inequalities(left: Json, comparison: str, right: Json, true: bool) -> None:
    gap = ["add", right, ["mul", "-1", left]] if "<" in comparison else ["add", left, ["mul", "-1", right]]
    without, with_bound = (written(left, comparison, right, hints={"bound": bound}) for bound in (None, gap))
    assert (reason(without) == "" or reason(with_bound) == "") is true
    for bound in ("1", "2"):
        assert reason(written(left, comparison, right, hints={"bound": bound})) != ""


# ---------------------------------------------------------------------------------------- numbers

ENCLOSED: list[tuple[Callable[[Fraction], checker.Ball], Callable[[Any], Any]]] = [
    (checker.exponential, lambda x: arb(x).exp()),
    (checker.error, lambda x: arb(x).erf()),
    (checker.sine, lambda x: arb(x).sin()),
    (checker.cosine, lambda x: arb(x).cos()),
]


@given(st.fractions(min_value=-12, max_value=12, max_denominator=1000))
@settings(max_examples=60, deadline=None)
def test_numbers_are_enclosed(x: Fraction) -> None:
    with ctx.workprec(400):
        for ours, theirs in ENCLOSED:
            _encloses(ours(x), theirs(fmpq(x.numerator, x.denominator)))
        if x > 0:
            _encloses(checker.logarithm(x), arb(fmpq(x.numerator, x.denominator)).log())
            for q in (Fraction(1, 2), Fraction(-2, 3), Fraction(-5)):
                power = arb(fmpq(x.numerator, x.denominator)) ** fmpq(q.numerator, q.denominator)
                _encloses(checker.ball_power((x, x), q), power)
        _encloses(checker.circle(), arb.pi())


def _encloses(found: checker.Ball, true: Any) -> None:
    low, high = (arb(fmpq(end.numerator, end.denominator)) for end in found)
    assert not low > true and not high < true
    assert found[1] - found[0] < Fraction(1, 10**20) * (1 + abs(found[0]))
