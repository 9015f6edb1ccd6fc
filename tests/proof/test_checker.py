"""What the checker of certificates refuses: new terms without a value, unknown equations, kinks, free names."""

from fractions import Fraction
from typing import Any

import pytest

from symbackprop.proof.certificate.normal import raw
from symbackprop.proof.checker.replay import Proof
from symbackprop.proof.checker.statement import KEYS
from symbackprop.proof.checker.terms import Rejected, Term

F = Fraction
X, Y = ("at", "x"), ("at", "y")


def proof(conditions: Any = (), assumptions: Any = ()) -> Proof:
    """Quantities x, y: numbers; u: n; q = x y; a function g."""

    def compared(item: Any) -> Any:
        return dict(zip(("indices", "left", "comparison", "right"), item, strict=True))

    content = dict.fromkeys(KEYS.split()) | {
        "shapes": {"x": [], "y": [], "u": ["n"]},
        "definitions": [{"name": "q", "shape": [], "value": ["mul", ["at", "x"], ["at", "y"]]}],
        "functions": [{"name": "g", "arguments": ["z"], "value": ["exp", ["mul", "2", ["at", "z"]]]}],
        "statement": compared(([], "0", "==", "0")),
        "assumptions": list(map(compared, assumptions)),
        "conditions": list(map(compared, conditions)),
        "steps": [],
    }
    return Proof(content)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (X, ("mul", ("pow", X, F(2)), ("pow", X, F(-1))), "no value"),
        (X, ("pow", ("pow", X, F(1, 2)), F(2)), "no value"),
        (X, ("add", X, ("log", Y), ("mul", F(-1), ("log", Y))), "no value"),
        (X, ("add", X, ("at", "q"), ("mul", F(-1), ("at", "q"))), "no value"),
        (("pow", X, F(-1)), ("mul", X, ("pow", X, F(-3, 2)), ("pow", X, F(-1, 2))), "no value"),
        (("mul", X, ("pow", Y, F(-1))), X, "not the same"),
        (X, ("pow", X, F(2)), "not the same"),
    ],
)
def test_unequal_terms(old: Term, new: Term, why: str) -> None:
    with pytest.raises(Rejected, match=why):
        proof().law_equal(old, {}, raw(new))


def test_an_equation_that_is_not_known_is_not_used() -> None:
    given = proof([([], ["at", "x"], ">", "0")], [([["i", "n"]], ["at", "u", "i"], "==", "1")])
    assert given.law_less(("at", "u", "i"), {"i": "n"}, "1", 0, ["i"]) == F(1)
    for number, at, scope in ((1, [], {}), (0, ["i"], {"i": "m"}), (0, [None], {"i": "n"}), (0, [1], {"i": "n"})):
        with pytest.raises((Rejected, LookupError)):
            given.law_less(("at", "u", "i"), scope, "1", number, at)
    with pytest.raises(Rejected, match="no value"):
        given.law_less(("at", "u", "i"), {"i": "n"}, ["pow", ["at", "y"], "-1"], 0, ["i"])


@pytest.mark.parametrize(("t", "relation"), [(("positive", X), "!="), (("pow", X, F(1, 2)), ">")])
def test_derivatives_at_kinks_and_roots_need_conditions(t: Term, relation: str) -> None:
    assert proof([([], ["at", "x"], relation, "0")]).partial(t, X) is not None
    with pytest.raises(Rejected):
        proof().partial(t, X)


def test_a_definition_is_not_put_in_where_its_name_is_free() -> None:
    p = proof()
    assert p.law_define(("at", "q")) == ("mul", X, Y)
    with pytest.raises(Rejected, match="is free"):
        p.at(("d", ("at", "q"), ("at", "q")), [1], {}, "define", [])


def test_a_function_is_folded_from_its_own_formula_alone() -> None:
    p = proof()
    written = p.law_formula(("call", "g", 0, X))
    assert p.law_fold(written, {}, ["call", "g", 0, ["at", "x"]]) == ("call", "g", 0, X)
    for t, call in ((written, ["call", "g", 0, ["at", "y"]]), (X, ["call", "g", 0, ["at", "x"]]), (X, ["at", "x"])):
        with pytest.raises(Rejected, match="not the formula"):
            p.law_fold(t, {}, call)
