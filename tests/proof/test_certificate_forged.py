"""What is false is not accepted, whatever steps a forger makes up: here what careless laws would prove."""

from typing import Any

import pytest

from symbackprop.proof import checker, witness_check
from symbackprop.proof.check import check

Json = Any
Given = dict[str, Any]
X, Y = ["at", "x"], ["at", "y"]
NUMBER: Given = {"shapes": {"x": []}, "values": {"x": "3"}}
TWO: Given = {"shapes": {"x": [], "y": []}, "values": {"x": "3", "y": "2"}}
VECTOR: Given = {"shapes": {"x": ["n"]}, "values": {"x": ["1", "2"]}, "sizes": {"n": 2}}
RING = ["ring", []]


def forged(
    statement: tuple[Json, ...],
    steps: list[Json],
    *,
    shapes: dict[str, list[Any]],
    indices: Json = (),
    definitions: Json = (),
    functions: Json = (),
    assumptions: Json = (),
    conditions: Json = (),
    values: Json = None,
    sizes: Json = None,
    at: Json = (),
) -> dict[str, Json]:
    """A certificate of left == right, or left comparison right, signed by a forger."""

    def compared(scope: Json, left: Json, comparison: str, right: Json) -> Json:
        return {"indices": list(scope), "left": left, "comparison": comparison, "right": right}

    left, comparison, right = statement if len(statement) == 3 else (statement[0], "==", statement[1])
    content = {
        "format": checker.FORMAT,
        "shapes": shapes,
        "definitions": [dict(zip(("name", "shape", "value"), d, strict=True)) for d in definitions],
        "functions": [dict(zip(("name", "arguments", "value"), f, strict=True)) for f in functions],
        "statement": compared(indices, left, comparison, right),
        "assumptions": [compared(*a) for a in assumptions],
        "conditions": [compared(*c) for c in conditions],
        "steps": steps,
        "witness": {"sizes": sizes or {}, "values": values or {}, "functions": [], "indices": list(at)},
    }
    content["text"] = checker.text(content)
    return content | {"digest": checker.digest(content)}


def root(t: Json) -> Json:
    return ["pow", t, "1/2"]


def summed(i: str, size: Any, t: Json) -> Json:
    return ["sum", i, size, t]


SQUARE = ["pow", X, "2"]
DERIVATIVE = ["d", X, X]
FALSE: dict[str, tuple[dict[str, Json], str]] = {
    "not even steps": (forged((X, "1"), [], **NUMBER), "steps end with"),
    "a fraction of 0": (forged((["mul", X, ["pow", X, "-1"]], "0"), [RING], **NUMBER), "steps end with"),
    "sqrt(x^2) is x": (
        forged((root(SQUARE), X), [["equal", [2, 1], ["mul", X, X]], ["root times", [2]], RING], **NUMBER),
        "not known",
    ),
    "sqrt(x y) of unknown signs": (
        forged((root(["mul", X, Y]), ["mul", root(X), root(Y)]), [["root times", [1]], RING], **TWO),
        "another form|not known",
    ),
    "log(x y) of unknown signs": (
        forged((["log", ["mul", X, Y]], ["add", ["log", X], ["log", Y]]), [["log times", [1]]], **TWO),
        "another form|not known",
    ),
    "a new term that has no value at 0": (
        forged((["zero", SQUARE], "0"), [["equal", [1], ["pow", ["pow", X, "-2"], "-1"]], ["not zero", []]], **NUMBER),
        "may have no value",
    ),
    "a denominator that may be 0": (
        forged((["mul", X, ["zero", X]], ["zero", X]), [["equal", [], "0"]], **NUMBER),
        "not the same polynomial",
    ),
    "an indicator without a condition": (forged((["zero", X], "0"), [["not zero", []]], **NUMBER), "not known"),
    "a kink that is not excluded": (
        forged((["d", ["positive", X], X], "0"), [["chain", []]], **NUMBER),
        "a kink that no condition excludes",
    ),
    "a root that may be 0": (
        forged((["d", root(X), X], ["mul", "1/2", ["pow", X, "-1/2"]]), [["chain", [1]]], **NUMBER),
        "a root of what may be 0|malformed|steps end",
    ),
    "a sum over another range": (
        forged(
            (summed("i", "m", summed("j", "n", ["delta", "n", "i", "j"])), ["size", "m"]),
            [RING],
            shapes={"x": ["n"], "y": ["m"]},
        ),
        "the index i of n",
    ),
    "delta_ii summed": (
        forged((summed("i", "n", ["delta", "n", "i", "i"]), "1"), [["sum", [1]], RING], shapes={"x": ["n"]}),
        "steps end with",
    ),
    "an equation on the variable of a derivative": (
        forged(
            (["d", summed("i", "n", ["at", "x", "i"]), ["at", "x", "i0"]], "0"),
            [["less", [1], "1", 0, []], ["chain", []], RING],
            indices=[["i0", "n"]],
            assumptions=[((), summed("i", "n", ["at", "x", "i"]), "==", "3")],
            **VECTOR,
        ),
        "what derivatives vary",
    ),
    "an equation on the variable of a derivative in a condition": (
        forged(
            ("1", "0"),
            [["absurd", [], 1, [], [["less", [1], "1", 0, []], ["chain", []]]]],
            assumptions=[((), X, "==", "3")],
            conditions=[((), ["d", SQUARE, X], "!=", "0")],
            **NUMBER,
        ),
        "what derivatives vary",
    ),
    "an equation at an index of another range": (
        forged(
            (["at", "y", "i0"], "1"),
            [["less", [], "1", 0, ["i0"]]],
            indices=[["i0", "m"]],
            assumptions=[([["i0", "n"]], ["at", "x", "i0"], "==", "1")],
            shapes={"x": ["n"], "y": ["m"]},
        ),
        "another range",
    ),
    "an equation that holds in one case, for all indices": (
        forged(
            (["mul", ["at", "x", "i0"], ["zero", ["at", "x", "i0"]]], ["at", "x", "i0"]),
            [["cases", [], ["at", "x", "i0"], [], [["less", [], "1", 0, ["i0"]]], []]],
            indices=[["i0", "n"]],
            **VECTOR,
        ),
        "steps end|malformed",
    ),
    "what is known at one index, made general": (
        forged(
            (["at", "x", "i0"], "==", "0"),
            [["cases", [], ["positive", ["at", "x", "i0"]], [["derive", [], 0, [None], []]], [], []]],
            indices=[["i0", "n"]],
            **VECTOR,
        ),
        "no cases|malformed",
    ),
    "a fact about another index under a sum": (
        forged(
            (
                ["mul", ["positive", ["at", "x", "i0"]], summed("i0", "n", ["positive", ["at", "x", "i0"]])],
                ["mul", ["positive", ["at", "x", "i0"]], ["size", "n"]],
            ),
            [["cases", [], ["at", "x", "i0"], [["is positive", [2, 2, 2]]], [], []]],
            indices=[["i0", "n"]],
            **VECTOR,
        ),
        "not known|another form|no such place",
    ),
    "a delta with what is known at one index": (
        forged(
            (["mul", ["delta", "n", "i0", "i1"], ["positive", ["at", "x", "i1"]]], ["delta", "n", "i0", "i1"]),
            [["cases", [], ["at", "x", "i1"], [["delta", [1]], ["is positive", [1]]], [], []]],
            indices=[["i0", "n"], ["i1", "n"]],
            **VECTOR,
        ),
        "a fact speaks|another form|malformed",
    ),
    "a definition put in where its name is free": (
        forged(
            (["d", ["mul", ["at", "z"], X], ["at", "z"]], "0"),
            [["define", [1, 2]], ["chain", []], RING],
            definitions=[("z", [], ["mul", "2", X])],
            **NUMBER,
        ),
        "is free|malformed",
    ),
    "a case within a derivative": (
        forged((["d", ["mul", X, ["zero", X]], X], "0"), [["times zero", [1]], ["chain", []], RING], **NUMBER),
        "not known",
    ),
    "a condition that holds at one point only, within a derivative": (
        forged(
            (["d", ["d", root(["mul", "-1", SQUARE]), X], X], "-2"),
            [["chain", [1, 1]]],
            conditions=[((), ["mul", "-1", SQUARE], ">=", "0")],
            **NUMBER,
        ),
        "a root of what may be 0|no such place|no derivative",
    ),
    "the formal name of a function taken for a quantity": (
        forged(
            (["d", ["call", "f", 0, Y], Y], ["mul", "1/2", ["pow", Y, "-1/2"]]),
            [["chain", [1]], ["formula", [1, 1, 1, 1]]],
            functions=[("f", ["x"], root(X))],
            conditions=[((), X, ">", "0")],
            **TWO,
        ),
        "a root of what may be 0",
    ),
    "a function that jumps": (
        forged(
            (["call", "f", 1, X], "0"),
            [["formula", []]],
            functions=[("f", ["z"], ["positive", ["at", "z"]])],
            **NUMBER,
        ),
        "a kink",
    ),
    "a function that is 0 in two ways": (
        forged(
            (["call", "f", 1, X], ["zero", X]),
            [["formula", [1]], RING],
            functions=[("f", ["z"], ["mul", ["at", "z"], ["zero", ["at", "z"]]])],
            **NUMBER,
        ),
        "a kink",
    ),
    "the second derivative at a kink": (
        forged(
            (["call", "f", 2, X], "0"),
            [["formula", []]],
            functions=[("f", ["z"], ["mul", ["at", "z"], ["positive", ["at", "z"]]])],
            **NUMBER,
        ),
        "a kink",
    ),
    "what relu(z) - relu(-z) is, within a derivative": (
        forged(
            (["d", ["mul", X, ["zero", X]], X], "0"),
            [["times zero", [1]], ["chain", []], RING],
            **NUMBER,
        ),
        "not known",
    ),
    "a formula of another function": (
        forged(
            (X, "0"), [["fold", [], ["call", "f", 0, X]]], functions=[("f", ["z"], ["mul", "2", ["at", "z"]])], **NUMBER
        ),
        "not the formula",
    ),
    "an inequality without a sign": (forged((X, ">", "0"), [], **NUMBER), "steps end with"),
    "a strict inequality of a square": (forged((SQUARE, ">", "0"), [], **NUMBER), "steps end with"),
    "an inequality turned around": (forged((SQUARE, "<=", "0"), [], **NUMBER), "steps end with"),
    "cases of what has no value": (
        forged(
            (["mul", X, ["zero", X]], "1"),
            [["cases", [], ["pow", X, "-1"], [], [["absurd", [], 0, [], []]], []]],
            **NUMBER,
        ),
        "no cases",
    ),
    "a case that is no contradiction": (
        forged((X, "1"), [["cases", [], X, *[[["absurd", [], 0, [], []]]] * 3]], **NUMBER),
        "no contradiction",
    ),
    "a difference without its witness": (forged((X, "!=", "1"), [], **NUMBER), "by its witness"),
    "an unknown law": (forged((X, "1"), [["magic", []]], **NUMBER), "malformed"),
    "a method that is no law": (forged((X, "1"), [["../x", []]], **NUMBER), "malformed"),
    "a place in the variable of a derivative": (
        forged((DERIVATIVE, "0"), [["define", [2]]], **NUMBER),
        "no such place|malformed",
    ),
    "a size with the name of a number": (
        forged((summed("i", "3", ["size", "3"]), "9"), [RING], **NUMBER),
        "is no name",
    ),
    "an index that is no name": (
        forged((["at", "x", "#0"], "0"), [], indices=[["#0", "n"]], **VECTOR),
        "is no name",
    ),
    "an entry that does not exist": (
        forged((["at", "x", 3], "0"), [], shapes={"x": [2]}),
        "the index 3",
    ),
    "a negative index": (forged((summed("i", "n", ["at", "x", -1]), "0"), [], **VECTOR), "the index -1"),
    "a power with a zero": (forged((["pow", X, "0"], "1"), [], **NUMBER), "an exponent"),
    "a number that is none": (forged((X, "1e9"), [], **NUMBER), "is no number"),
    "two meanings of a name": (
        forged((X, "1"), [], definitions=[("x", [], "1")], **NUMBER),
        "defined twice",
    ),
    "a definition by itself": (
        forged((["at", "z"], "0"), [], definitions=[("z", [], ["mul", "2", ["at", "z"]])], **NUMBER),
        "malformed",
    ),
    "a huge power": (forged((["pow", ["add", X, "1"], "999999"], "0"), [RING], **NUMBER), "too large|too many"),
    "a huge number": (forged((["pow", "3", "999999"], "0"), [RING], **NUMBER), "too large"),
}


@pytest.mark.parametrize("name", FALSE)
def test_forged_proofs_are_rejected(name: str) -> None:
    content, reasons = FALSE[name]
    with pytest.raises(checker.Rejected) as caught:
        checker.check(content)
    assert any(reason in str(caught.value) for reason in reasons.split("|")), str(caught.value)


def test_the_same_steps_prove_what_is_true() -> None:
    """The forgeries fail for what is wrong in them, not for their form."""
    true = [
        forged((["mul", X, ["pow", X, "-1"]], "1"), [], **NUMBER),
        forged((["d", SQUARE, X], ["mul", "2", X]), [["chain", [1]], ["chain", [1, 1, 2]], RING], **NUMBER),
        forged((["zero", X], "0"), [["not zero", []]], conditions=[((), X, "!=", "0")], **NUMBER),
        forged((SQUARE, ">=", "0"), [], **NUMBER),
        forged((["mul", X, ["positive", X]], ">=", "0"), [], **NUMBER),
        forged(
            (["at", "x", "i0"], "1"),
            [["less", [], "1", 0, ["i0"]]],
            indices=[["i0", "n"]],
            assumptions=[([["i0", "n"]], ["at", "x", "i0"], "==", "1")],
            shapes={"x": ["n"]},
        ),
        forged(
            (["call", "f", 1, X], ["add", "1", X]),
            [["formula", [1]], RING],
            functions=[("f", ["z"], ["add", ["mul", "1/2", ["pow", ["at", "z"], "2"]], ["at", "z"]])],
            **NUMBER,
        ),
    ]
    for content in true:
        try:
            assert checker.check(content) == content["text"]
        except checker.Rejected as error:
            pytest.fail(f"{content['text']}: {error}")


# ---------------------------------------------------------------------------------------- witnesses

WITNESSES: dict[str, tuple[dict[str, Json], str]] = {
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
    with pytest.raises(checker.Rejected):
        check(content)


def test_a_difference_is_shown_by_its_witness() -> None:
    content = forged((["at", "x", "i0"], "!=", "1"), [], indices=[["i0", "n"]], at=[1], **VECTOR)
    assert check(content) == content["text"]


@pytest.mark.parametrize("content", [None, [], {}, {"format": checker.FORMAT}, "x", 7, {"format": []}], ids=str)
def test_what_is_no_certificate_is_rejected(content: Json) -> None:
    for checked in (checker.check, check):
        with pytest.raises(checker.Rejected):
            checked(content)


def test_deep_terms_are_rejected() -> None:
    deep: Json = "1"
    for _ in range(3000):
        deep = ["exp", deep]
    content = forged((X, X), [], **NUMBER)
    content["statement"]["left"] = deep
    with pytest.raises(checker.Rejected):
        check(content)
