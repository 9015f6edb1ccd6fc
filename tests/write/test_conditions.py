"""What a proof asks for is told once, in the shortest of its forms."""

import sympy as sp

from symbackprop.catalogue.identities import Identity
from symbackprop.model.identity import as_file
from symbackprop.proof.verdict import Condition
from symbackprop.tensor.nodes import entry, index, size, summation
from symbackprop.write.blocks import Math
from symbackprop.write.report import Report
from symbackprop.write.sections.context import Context, context
from symbackprop.write.sections.proof_basis import conditions_of

n = size("n")
I0, K = index("i0", n), index("k", n)
x, y, a, b = entry("x", I0), entry("y", I0), entry("a"), entry("b")


def made_up() -> Context:
    record = Identity(
        id="made-up", topic="tests", title="t", statement="a*b*s == s*a*b", why="w", source="s",
        shapes={"x": "n", "y": "n", "a": "", "b": ""}, define={"s": "sum(x*y)"},
    )  # fmt: skip
    return context(Report(file=as_file(record)))


def told(*conditions: Condition) -> int:
    return len(conditions_of(made_up(), conditions))


def test_conditions_that_say_the_same_are_told_once() -> None:
    total = summation(entry("x", K) * entry("y", K), K)
    assert told(Condition(a - b, "!= 0", "kink"), Condition(b - a, "!= 0", "denominator")) == 1
    assert told(Condition(entry("s"), "> 0", "root"), Condition(total, "> 0", "logarithm")) == 1
    assert told(Condition(total, "> 0", "root"), Condition(n * total, "> 0", "root")) == 1
    assert told(Condition(a / (1 - b), "> 0", "root"), Condition(a * b / (1 - b) + a, "> 0", "root")) == 1


def test_what_another_condition_implies_is_not_told() -> None:
    root = Condition(2 * a, "> 0", "root")
    for other in (Condition(a, "!= 0", "denominator"), Condition(n * a, ">= 0", "root")):
        assert conditions_of(made_up(), [other, root]) == conditions_of(made_up(), [root])
    # What needs b != 0 as well is what is told.
    both = Condition(sp.Mul(a, b, 1 / b, evaluate=False), "> 0", "root")
    assert conditions_of(made_up(), [Condition(a, "> 0", "root"), both]) == conditions_of(made_up(), [both])
    assert conditions_of(made_up(), [both]) != conditions_of(made_up(), [Condition(a, "> 0", "root")])


def test_conditions_that_say_different_things_are_all_told() -> None:
    assert told(Condition(a - b, "> 0", "root"), Condition(b - a, "> 0", "root")) == 2
    assert told(Condition(a, "> 0", "root"), Condition(-n * a, "> 0", "root")) == 2
    assert told(Condition(x, "!= 0", "kink"), Condition(y, "!= 0", "kink")) == 2


def test_a_condition_is_told_multiplied_out_where_that_is_shorter() -> None:
    (text,) = conditions_of(made_up(), [Condition((y - x) * a - (y - x) * (a - 1), "!= 0", "kink")])
    assert text[0] == Math(r"y_{i} - x_{i} \neq 0")
