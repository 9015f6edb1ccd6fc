"""The laws of conditions that say what others say: of equivalent ones one is kept, and what does not follow is kept."""

from itertools import permutations, product

import pytest
import sympy as sp

from symbackprop.model.build import graph_from_formulas, relation
from symbackprop.model.graph import Graph
from symbackprop.proof.implied import needed
from symbackprop.proof.verdict import Condition
from symbackprop.proof.verify import verify
from symbackprop.tensor.nodes import Positive, entry

SHAPES = {"v": "n", "w": "n", "X": "n, n", "Y": "n, n", "b": "", "s": "", "t": "", "u": ""}
DEFINE = {"r": "sqrt(sum(v**2))", "a": "sigmoid(s)", "q": "t/t*u", "z": "X @ v + b"}
GRAPH = graph_from_formulas(DEFINE, SHAPES, assume={"positive": "b > 0"})


def conditions(*texts: str, why: str = "", graph: Graph = GRAPH) -> tuple[Condition, ...]:
    found = []
    for text in texts:
        left, sign, right = text.rsplit(" ", 2)
        assert right == "0"
        tensor = relation(graph, "condition", f"{left} == 0").left
        found.append(Condition(tensor.expr, f"{sign} 0", why))
    return tuple(found)


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("s != 0", "-2*s != 0"),
        ("s > 0", "3*s > 0"),
        ("s != 0", "b*s != 0"),
        ("s != 0", "n*s != 0"),
        ("s >= 0", "b*s/n >= 0"),
        ("s - t != 0", "t - s != 0"),
        ("s*(t + u) - 1 != 0", "s*t + s*u - 1 != 0"),
        ("s - t != 0", "u*(s - t) - (u - 1)*(s - t) != 0"),
        ("v != 0", "-2*v != 0"),
        ("sum(v**2) > 0", "n*sum(v**2) > 0"),
        ("sum((v - w)**2) > 0", "sum(v**2) - 2*v @ w + sum(w**2) > 0"),
        ("w*(X @ v + s) - 1 != 0", "w*(X @ v) + w*s - 1 != 0"),
        ("sum(X.T*outer(v, v)) != 0", "v @ X @ v != 0"),
        ("s != 0", "s**2 > 0"),
        ("s != 0", "s**2 != 0"),
        ("s != 0", "s**3 != 0"),
        ("z != 0", "X @ v + b != 0"),
        ("1/(1 - a) - 1 > 0", "1/(1 - sigmoid(s)) - 1 > 0"),
        ("exp(s) - 1 > 0", "(exp(s) - 1)*exp(t) > 0"),
    ],
)
def test_of_equivalent_conditions_the_shorter_one_is_kept(short: str, long: str) -> None:
    for order in ((short, long), (long, short)):
        assert needed(conditions(*order), GRAPH) == conditions(short)


def test_the_argument_of_a_root_is_kept_and_not_the_root() -> None:
    denominator, root = *conditions("r != 0", why="denominator"), *conditions("sum(v**2) > 0", why="root")
    for order in ((denominator, root), (root, denominator)):
        assert needed(order, GRAPH) == (root,)


@pytest.mark.parametrize(
    ("weak", "strong"),
    [
        ("s >= 0", "2*s > 0"),
        ("s != 0", "b*s > 0"),
        ("s != 0", "s*t != 0"),
        ("t - s != 0", "s - t > 0"),
        ("s*t**2 >= 0", "s > 0"),
    ],
)
def test_a_condition_that_another_one_implies_is_left_out(weak: str, strong: str) -> None:
    for order in ((weak, strong), (strong, weak)):
        assert needed(conditions(*order), GRAPH) == conditions(strong)


def test_a_product_is_not_0_where_its_factors_are_not() -> None:
    assert needed(conditions("s != 0", "s*t != 0", "t != 0"), GRAPH) == conditions("s != 0", "t != 0")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("s != 0", "t != 0"),
        ("s != 0", "s - 1 != 0"),
        ("s > 0", "-s > 0"),
        ("s > 0", "s - 1 > 0"),
        ("s >= 0", "s != 0"),
        ("s >= 0", "-s >= 0"),
        ("s >= 0", "s*t**2 >= 0"),
        ("s*t > 0", "s > 0"),
        ("s*t >= 0", "s > 0"),
        ("s - t != 0", "s + t != 0"),
        ("v != 0", "v[0] > 0"),
        ("sum(v) != 0", "v != 0"),
        ("sum(v) != 0", "sum(w) != 0"),
        ("X @ v != 0", "X.T @ v != 0"),
        ("v @ X @ w != 0", "w @ X @ v != 0"),
        ("v*w > 0", "outer(v, w) > 0"),
        ("v*w**2 >= 0", "outer(v, w**2) >= 0"),
        ("s*t > 0", "s*t*u > 0"),
        ("s*t > 0", "s**2*t > 0"),
        ("(t > 0)*sqrt(s) - 1 != 0", "s > 0"),
        ("log(s) > 0", "log(t) > 0"),
        # The one has values where the other one has none.
        ("u != 0", "q > 0"),
        ("z > 0", "X @ v > 0"),
        ("d(r, v) != 0", "v > 0"),
    ],
)
def test_conditions_that_differ_are_both_kept(first: str, second: str) -> None:
    both = conditions(first, second)
    assert needed(both, GRAPH) == both
    assert set(needed(both[::-1], GRAPH)) == set(both)


s, t = entry("s"), entry("t")
POOL = [
    s, -s, 2 * s, s * t, s**2, s**2 * t, s * t**2, s**3, s - t, t - s, s + t, s**2 - t**2, s**2 - 2 * s * t + t**2,
    s * (s - t), s**2 - s * t, 1 / s, s / t, t / s, 1 / (1 - s) - 1, s / (1 - s), sp.sqrt(s), s * sp.sqrt(t),
    sp.log(s), s * sp.log(s), sp.exp(s) - 1, (sp.exp(s) - 1) * t, sp.Abs(s), sp.Abs(s) * t, s**2 + 1, s**2 + t**2,
    s * Positive(t), Positive(t) * sp.sqrt(s) + 1, 1 - s, s - 1, sp.Integer(-1) - s**2,
    s ** sp.Rational(3, 2), s * (s**2 + 1), sp.tanh(s),
]  # fmt: skip
NUMBERS = [sp.Rational(p, q) for p, q in ((-2, 1), (-1, 1), (-1, 2), (0, 1), (1, 2), (1, 1), (2, 1))]
RELATIONS = {"> 0": lambda x: x > 0, ">= 0": lambda x: x >= 0, "!= 0": lambda x: x != 0}


def holds(condition: Condition, values: dict[sp.Expr, sp.Expr]) -> bool:
    """Whether a condition holds at a point, which it does not where what it is about has no value."""
    found = value(condition.expr, values)
    return found is not None and bool(RELATIONS[condition.relation](found))


def value(expr: sp.Expr, values: dict[sp.Expr, sp.Expr]) -> sp.Expr | None:
    if expr in values:
        return values[expr]
    if not expr.args:
        return expr
    parts = [value(part, values) for part in expr.args]
    if expr.is_Mul and any(isinstance(f, Positive) and p == 0 for f, p in zip(expr.args, parts, strict=True)):
        return sp.Integer(0)  # below a guard that is 0
    if None in parts:
        return None
    found = expr.func(*parts)
    return found if found.is_real and found.is_finite else None


def test_what_is_left_out_holds_wherever_the_rest_holds() -> None:
    """For every two conditions of a pool, in both orders, at the points of a grid."""
    graph, left_out = graph_from_formulas({"L": "s + t"}, {}), 0
    points = [dict(zip((s, t), numbers, strict=True)) for numbers in product(NUMBERS, repeat=2)]
    pool = [Condition(expr, sign, "") for expr in POOL for sign in RELATIONS]
    table = {condition: frozenset(k for k, point in enumerate(points) if holds(condition, point)) for condition in pool}
    for pair in permutations(pool, 2):
        kept = needed(pair, graph)
        if len(kept) == 1:
            left_out += 1
            gone = next(c for c in pair if c not in kept)
            assert table[kept[0]] <= table[gone], (str(kept[0]), str(gone))
    assert left_out > 100


@pytest.mark.parametrize(
    ("define", "shapes", "claim", "expected"),
    [
        ("sum(maximum(0, 1 - y*(X @ w)))", {"X": "N, n", "w": "n", "y": "N"}, "d(L, w) == -(y*(y*(X @ w) < 1)) @ X", 1),
        ("sum(where(x > 0, x**2, maximum(-x, x)))", {"x": "n"}, "d(L, x) == where(x > 0, 2*x, -1)", 1),
        ("abs(x - y)/c + log(2*c)", {}, "d(L, x) == sign(x - y)/c", 2),
    ],
)  # fmt: skip
def test_a_verdict_lists_each_condition_once(define: str, shapes: dict[str, str], claim: str, expected: int) -> None:
    graph = graph_from_formulas({"L": define}, shapes)
    verdict = verify(relation(graph, "claim", claim), graph)
    assert verdict.proved
    assert len(verdict.conditions) == expected


def test_a_condition_at_a_kink_stays_one() -> None:
    """Points at kinks are no counterexamples, however the condition is written in the end."""
    kink = Condition(2 * s, "!= 0", "kink")
    for other in (Condition(s, "!= 0", ""), Condition(s, "!= 0", "denominator")):
        for order in ((kink, other), (other, kink)):
            (kept,) = needed(order, GRAPH)
            assert (kept.expr, kept.why) == (s, "kink")
