"""What is false is not accepted, whatever steps a forger makes up: here what careless laws would prove."""

import pytest
from proof.forgery import NUMBER, RING, TWO, VECTOR, Json, X, Y, forged, root, summed

from symbackprop.proof.checker.replay import check_proof
from symbackprop.proof.checker.terms import Rejected

SQUARE = ["pow", X, "2"]
DERIVATIVE = ["d", X, X]
INVERSE = ["pow", X, "-1"]
Z = ["at", "z"]
RELU = ("r", ["z"], ["mul", Z, ["positive", Z]])
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
            [["chain", [1]], ["formula", [1, 1]]],
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
    "two formulas of relu, whose slopes at 0 differ": (
        forged(
            (["d", ["add", ["call", "g", 0, X], ["mul", "-1", ["call", "r", 0, X]]], X], "0"),
            [["formula", [1, 1]], ["formula", [1, 1, 2]], ["formula", [1, 2, 2]], ["ring", [1]], ["chain", []], RING],
            functions=[RELU, ("g", ["z"], ["add", Z, ["call", "r", 0, ["mul", "-1", Z]]])],
            **NUMBER,
        ),
        "a kink",
    ),
    "a jump within a function": (
        forged(
            (["d", ["call", "f", 0, X], X], ["call", "s", 0, X]),
            [["chain", [1]], ["formula", [1, 1]], RING, ["formula", [2]], RING],
            functions=[("s", ["z"], ["positive", Z]), ("f", ["z"], ["mul", Z, ["call", "s", 0, Z]])],
            **NUMBER,
        ),
        "a kink",
    ),
    "an argument that is a parameter, too": (
        forged(
            (["d", ["call", "f", 0, X, X], X], ["positive", X]),
            [["chain", [1]], ["formula", [1, 1]], RING],
            functions=[("f", ["z", "y"], ["mul", Z, ["positive", Y]])],
            **NUMBER,
        ),
        "a derivative by a parameter",
    ),
    "a sign by the definition of a name that is free": (
        forged(
            (["d", ["positive", ["add", ["at", "h"], ["mul", "-1", SQUARE]]], ["at", "h"]], "0"),
            [["chain", []]],
            definitions=[("h", [], ["add", "1", SQUARE])],
            conditions=[((), ["at", "h"], ">", "0")],
            **NUMBER,
        ),
        "a kink",
    ),
    "a formula of another function": (
        forged(
            (X, "0"), [["fold", [], ["call", "f", 0, X]]], functions=[("f", ["z"], ["mul", "2", ["at", "z"]])], **NUMBER
        ),
        "not the formula",
    ),
    "an argument that a function ignores, and that has no value": (
        forged(
            (["zero", X], "0"),
            [
                ["fold", [1], ["call", "f", 0, X, INVERSE]],
                ["equal", [], ["mul", ["zero", ["call", "f", 0, X, INVERSE]], ["mul", X, INVERSE]]],
                ["formula", [1, 1]],
                ["equal", [], ["mul", ["mul", X, ["zero", X]], INVERSE]],
                ["times zero", [1]],
                RING,
            ],
            functions=[("f", ["z", "y"], ["at", "z"])],
            **NUMBER,
        ),
        "an argument may have no value",
    ),
    "a slope that ignores an argument that has no value": (
        forged(
            (["zero", X], "0"),
            [
                ["equal", [], ["mul", ["zero", X], "1"]],
                ["fold", [2], ["call", "f", 1, INVERSE]],
                ["equal", [], ["mul", ["mul", X, ["zero", X]], ["mul", ["call", "f", 1, INVERSE], INVERSE]]],
                ["times zero", [1]],
                RING,
            ],
            functions=[("f", ["z"], ["at", "z"])],
            **NUMBER,
        ),
        "an argument may have no value",
    ),
    "an equation that grows": (forged((X, "0"), [["grow", []], ["exp log", [1]]], **NUMBER), "does not grow"),
    "an inequality that only grows": (forged((X, ">=", "0"), [["grow", []]], **NUMBER), "steps end with"),
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
    "a sum of nothing, which looks like a product of nothing": (
        forged((["add"], ["mul"]), [], **NUMBER),
        "an empty add",
    ),
    "a function with the name of another one": (
        forged((["call", "exp", 0, X], X), [["formula", [1]], RING], functions=[("exp", ["z"], ["at", "z"])], **NUMBER),
        "the function exp",
    ),
    "two arguments of one name": (
        forged((["call", "f", 0, X], X), [["formula", [1]]], functions=[("f", ["z", "z"], ["at", "z"])], **NUMBER),
        "the arguments of f",
    ),
    "a quantity with the name of a number": (
        forged((["at", "pi"], ["at", "pi"]), [], shapes={"pi": []}, values={"pi": "3"}),
        "is no name",
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
    with pytest.raises(Rejected) as caught:
        check_proof(content)
    assert any(reason in str(caught.value) for reason in reasons.split("|")), str(caught.value)


def test_the_same_steps_prove_what_is_true() -> None:
    """The forgeries fail for what is wrong in them, not for their form."""
    true = [
        forged((["mul", X, ["pow", X, "-1"]], "1"), [], **NUMBER),
        forged((["d", SQUARE, X], ["mul", "2", X]), [["chain", [1]], RING], **NUMBER),
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
            assert check_proof(content) == content["text"]
        except Rejected as error:
            pytest.fail(f"{content['text']}: {error}")
