"""The checker by itself: what it must never accept, and numbers that it encloses."""

import copy
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from flint import arb, ctx, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from symbackprop.catalogue.activations import ACTIVATIONS
from symbackprop.model.build import graph_from_formulas, relation
from symbackprop.proof import checker
from symbackprop.proof.certificate import certificate
from symbackprop.proof.certificate_trees import function_json
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


S, ROOT = ["at", "s"], ["pow", ["at", "s"], "1/2"]
SCALARS: Json = {"s": [], "t": []}


def at_point(s: str, t: str) -> Json:
    return {"sizes": {}, "values": {"s": s, "t": t}, "functions": []}


@pytest.mark.parametrize(
    "guarded",
    [
        ["mul", ["positive", T], ROOT],
        ["mul", ["add", "1", ["mul", "-1", ["positive", T]]], ROOT],
        ["add", "1", ["mul", "0", ROOT]],
        ["sum", "k", 2, ["mul", ["delta", "k", 0], ["zero", T], ROOT]],
        ["add", "1", ["pow", ["mul", ["positive", T], ["pow", S, "-1/2"]], "2"]],
        ["call", "one", 0, ROOT],
        ["add", "1", ["call", "square", 3, ROOT]],
        ["at", "q"],
    ],
)
def test_a_condition_does_not_tell_the_sign_of_what_stands_beside_a_zero(guarded: Json) -> None:
    one = {"name": "one", "arguments": ["z"], "value": "1", "derivative": None}
    square = {"name": "square", "arguments": ["z"], "value": ["pow", ["at", "z"], "2"], "derivative": None}
    definitions = [{"name": "q", "shape": [], "value": ["mul", ["positive", T], ROOT]}]
    for insert in ([], ["q"]):
        for point in (at_point("4", "1"), at_point("4", "-1"), at_point("-5", "-3/4")):
            forged = written(
                ["abs", S],
                "==",
                S,
                shapes=SCALARS,
                definitions=definitions,
                functions=[one, square],
                conditions=[condition(guarded, ">= 0")],
                witness=point,
                hints={"insert": insert},
            )
            assert reason(forged) != ""


def test_only_a_comparison_takes_the_place_of_a_value() -> None:
    """(t - t) sqrt(s) has no value for s < 0, and [t > 0] sqrt(s) has one for t < 0."""
    vanishing = ["mul", ["add", T, ["mul", "-1", T]], ROOT]
    twice = {"left": ["mul", "2", S], "comparison": "==", "right": ["add", S, S], "shapes": SCALARS}
    listed = [condition(vanishing, ">= 0")]
    assert reason(written(**twice, conditions=listed, witness=at_point("4", "1"))) == ""
    assert "a root of what may be negative" in reason(written(**twice, conditions=listed, witness=at_point("-4", "1")))
    listed = [condition(["mul", ["positive", T], ROOT], ">= 0")]
    assert "not among the conditions" in reason(written(**twice, conditions=listed, witness=at_point("4", "1")))
    listed.append(condition(S, ">= 0"))
    assert reason(written(**twice, conditions=listed, witness=at_point("4", "1"))) == ""


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


def test_a_number_that_stands_for_any_is_a_number_still() -> None:
    forged = written(total("k", ["delta", "k", 9], 7), "==", "1", shapes={}, hints={"general": {"7": "N"}})
    assert "the index 9" in reason(forged)
    more_than_nine = condition(["add", total("k", "1", 7), "-9"], "> 0")
    more_than_one = condition(["add", total("k", "1", 7), "-1"], "> 0")
    ones = {"indices": [["i", 7]], "left": ["at", "u", "i"], "comparison": "==", "right": "1"}
    two = {"indices": [], "left": total("k", ["at", "u", "k"], 7), "comparison": "==", "right": "2"}
    hidden = [{"name": "q", "shape": [], "value": total("k", ["at", "u", "k"], 7)}]
    for said, true_at in (
        ({"conditions": [more_than_nine]}, (10,)),
        ({"conditions": [more_than_one]}, (2, 7, 10)),
        ({"assumptions": [ones, two]}, (2,)),
        ({"assumptions": [two | {"left": ["at", "q"]}]}, (2,)),
    ):
        for size in true_at:
            point = {"sizes": {"N": size}, "values": {"u": ["1"] * size}, "functions": []}
            content = written(
                total("k", ["at", "u", "k"], 7),
                "==",
                total("j", ["at", "u", "j"], 7),
                shapes={"u": [7]},
                definitions=hidden,
                witness=point,
                hints={"general": {"7": "N"}},
                **said,
            )
            assert ("of another size" in reason(content)) is (size != 7)
            assert size != 7 or reason(content) == ""


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


Z: Json = ["at", "z"]
RELU: Json = {"name": "relu", "arguments": ["z"], "value": ["mul", Z, ["positive", Z]], "derivative": ["positive", Z]}


@pytest.mark.parametrize("mode", checker.MODES)
@pytest.mark.parametrize(
    "value",
    [
        ["mul", Z, ["zero", Z]],
        ["positive", Z],
        ["add", Z, ["sign", Z]],
        ["abs", Z],
        ["add", ["call", "relu", 0, Z], ["mul", "-1", ["call", "relu", 0, ["mul", "-1", Z]]], ["mul", "-1", Z]],
        ["call", "relu", 1, Z],
    ],
)
def test_formulas_with_comparisons_are_those_of_the_catalogue(value: Json, mode: str) -> None:
    """At a kink the derivative of the active branch is none of a function that jumps, or whose kinks cancel."""
    forged = {"name": "g", "arguments": ["z"], "value": value, "derivative": None}
    for left, right in ((["call", "g", 0, T], ["call", "g", 0, T]), (["d", ["call", "g", 0, T], T], ["zero", T])):
        content = written(left, "==", right, functions=[RELU, forged], hints={"functions": mode})
        assert "may not be continuous" in reason(content)


def test_a_known_name_has_its_own_formula() -> None:
    call = ["call", "relu", 0, T]
    assert reason(written(call, "==", call, functions=[RELU])) == ""
    for change in ({"value": "0", "derivative": None}, {"arguments": ["t"]}, {"value": None, "derivative": None}):
        assert reason(written(call, "==", call, functions=[RELU | change])) != ""
    for name in ("exp", "abs", "sum", "d"):
        forged = {"name": name, "arguments": ["z"], "value": "0", "derivative": None}
        assert "is taken" in reason(written(["call", name, 0, T], "==", "0", functions=[forged]))


def test_the_kinked_functions_are_those_of_the_catalogue() -> None:
    found = {}
    for name in ACTIVATIONS:
        if name in ("softmax", "log_softmax"):
            continue
        made = function_json(name)
        if any(head in str(made["value"]) for head in ("'positive'", "'zero'", "'abs'", "'sign'")):
            found[name] = tuple(made["arguments"]), _as_tuple(made["value"])
    assert found == checker.KINKED


def _as_tuple(tree: Json) -> Json:
    return tuple(map(_as_tuple, tree)) if isinstance(tree, list) else tree


def test_the_text_tells_what_the_names_mean() -> None:
    swish = {"name": "swish", "arguments": ["z"], "value": "0", "derivative": None}
    bare = {"name": "f", "arguments": ["t"], "value": None, "derivative": None}
    twice = {"name": "q", "shape": ["n"], "value": ["mul", "2", ["at", "x", "i0"]]}
    content = written(
        ["call", "swish", 0, T],
        "==",
        "0",
        functions=[swish, bare],
        definitions=[twice],
        hints={"functions": "formulas"},
    )
    text = checker.check(content)
    assert text.startswith(content["text"])
    for meaning in ("swish(z) = 0", "f(t) = an arbitrary function", "q[i0] = (2*x[i0])"):
        assert meaning in text


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
