"""Altered certificates: rejected, or, signed anew by a forger, another true statement.

A forger can write text and digest anew. What is accepted then has to be true, which ball arithmetic is asked about.
"""

import contextlib
import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
import sympy as sp

from symbackprop.model.build import graph_from_formulas, relation
from symbackprop.model.graph import Definition, Graph, Relation
from symbackprop.proof import witness_check
from symbackprop.proof.certificate import certificate
from symbackprop.proof.certificate.elaborate import Elaborator
from symbackprop.proof.certificate.normal import GiveUp
from symbackprop.proof.certificate.trees import HEADS
from symbackprop.proof.check import check
from symbackprop.proof.checker.replay import check_proof
from symbackprop.proof.checker.statement import KEYS, digest, text
from symbackprop.proof.checker.terms import Rejected
from symbackprop.proof.points.refutation import Counterexample, refute
from symbackprop.proof.verify import verify
from symbackprop.tensor.differentiate import differentiate
from symbackprop.tensor.nodes import Expr, Partial, delta, elementwise, entry, index, size, summation
from symbackprop.tensor.tensor import Tensor, axes

Json = Any
Given = dict[str, Any]
LAYER: Given = {
    "define": {"z": "W @ x", "a": "sigmoid(z)", "L": "sum((a - y)**2)/2"},
    "shapes": {"W": "h, n", "x": "n", "y": "h"},
}
ANY: Given = {"define": {"a": "f(W @ x)", "L": "sum(a**2)"}, "shapes": {"W": "h, n", "x": "n"}, "functions": ["f"]}
SOFTMAX: Given = {
    "define": {"p": "softmax(z)", "L": "-sum(y*log(p))"},
    "shapes": {"z": "n", "y": "n"},
    "assume": {"targets": "sum(y) == 1"},
}
KINK: Given = {"define": {"a": "relu(z)", "b": "maximum(z, 0)", "c": "abs(z)"}}
ROOTS: Given = {"define": {"q": "log(t)", "r": "sqrt(t)"}, "assume": {"positive": "t > 0"}}
SYMMETRIC: Given = {"define": {"q": "x @ A @ x"}, "shapes": {"A": "n, n", "x": "n"}, "assume": {"sym": "A == A.T"}}
ALTERED = [
    (SOFTMAX, "d(L, z) == p - y"),
    (LAYER, "d(L, x) == W.T @ d(L, z)"),
    (LAYER, "d(L, z) != a - y"),
    (LAYER, "a < 1"),
    (ANY, "d(L, W) == outer(2*a*prime(f, W @ x), x)"),
    (KINK, "d(b, z) == (z >= 0)"),
    (KINK, "relu(z) - relu(-z) == z"),
    (KINK, "a >= z"),
    (ROOTS, "d(q, t) == 1/t"),
    (ROOTS, "d(r, t) == 1/(2*r)"),
    (SYMMETRIC, "d(q, x) == 2*A @ x"),
]


def certified(given: Given, claim: str) -> dict[str, Json]:
    graph = graph_from_formulas(
        given["define"], given.get("shapes"), functions=given.get("functions", ()), assume=given.get("assume")
    )
    statement = relation(graph, "claim", claim)
    return certificate(statement, graph, verify(statement, graph))


def accepted(content: Json) -> bool:
    try:
        check(content)
    except Rejected as error:
        assert "\n" not in str(error)
        return False
    return True


def leaves(content: Json, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Json]]:
    """Every leaf with the way to it."""
    if isinstance(content, (dict, list)) and content:
        for key, part in content.items() if isinstance(content, dict) else enumerate(content):
            yield from leaves(part, (*path, key))
    else:
        yield path, content


def alterations(content: Json) -> Iterator[tuple[tuple[Any, ...], dict[str, Json]]]:
    """The certificate with one thing changed: numbers, names, keys, order, what is there at all."""
    names = sorted({leaf for _, leaf in leaves(content) if isinstance(leaf, str) and leaf.isidentifier()})
    for path, leaf in leaves(content):
        if path[0] in ("digest", "format", "text"):
            continue
        others: list[Any] = [None, [], "1", 7]
        if isinstance(leaf, bool) or leaf is None:
            others = [not leaf, "1"]
        elif isinstance(leaf, int):
            others += [leaf + 1, leaf - 1]
        elif isinstance(leaf, str) and leaf.lstrip("-").replace("/", "").isdigit():
            others += [str(Fraction(leaf) + 1), str(-Fraction(leaf)), str(Fraction(leaf) / 2)]
        elif isinstance(leaf, str) and leaf.isidentifier():
            position = names.index(leaf)
            others += [names[position - 1], names[(position + 1) % len(names)], leaf + "_"]
        elif isinstance(leaf, str):
            others += ["==", "!=", "<=", ">", "> 0", ">= 0", "!= 0"]
        for other in others:
            if other != leaf or type(other) is not type(leaf):
                yield path, replaced(content, path, other)
        parent = content
        for key in path[:-1]:
            parent = parent[key]
        if isinstance(parent, list):
            yield path, replaced(content, path[:-1], [*parent[: path[-1]], *parent[path[-1] + 1 :]])
            if path[-1]:
                swapped = [*parent[: path[-1] - 1], parent[path[-1]], parent[path[-1] - 1], *parent[path[-1] + 1 :]]
                yield path, replaced(content, path[:-1], swapped)


def replaced(content: Json, path: tuple[Any, ...], value: Json) -> dict[str, Json]:
    changed = copy.deepcopy(content)
    part = changed
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    return dict(changed)


POINTS = 8
SHARE = 3  # one alteration in so many is tried
SAYS = ("shapes", "definitions", "functions", "statement", "assumptions", "conditions")
# So many forged certificates are accepted at most: the proof serves for another statement, which is true as well.
# `d(L, x) == W.T @ d(L, z)` holds for every loss and every activation; `a != b` for nearly all; `a < 2` since `a < 1`;
# what is assumed may be more, `t > 1` for `t > 0`; x A.T x is x A x.
MOST_ACCEPTED = {
    "d(L, x) == W.T @ d(L, z)": 8,
    "d(L, z) != a - y": 10,
    "a < 1": 1,
    "d(q, t) == 1/t": 1,
    "d(q, x) == 2*A @ x": 1,
}


@pytest.mark.parametrize(("given", "claim"), ALTERED, ids=[claim for _, claim in ALTERED])
def test_alterations_are_rejected(given: Given, claim: str) -> None:
    original = json.loads(json.dumps(certified(given, claim)))
    seen, others = 0, []
    for number, (path, changed) in enumerate(alterations(original)):
        if number % SHARE or json.dumps(changed) == json.dumps(original):
            continue
        seen += 1
        assert not accepted(changed)  # the digest is still the old one
        forged = signed(changed)
        if not accepted(forged):
            continue
        if all(forged[key] == original[key] for key in SAYS):
            assert forged["text"] == original["text"]  # it says the same: another point, or steps that do no harm
        else:
            others.append(path)
            assert is_shown_true(forged), (path, forged["text"])
    assert seen > 50
    assert len(others) <= MOST_ACCEPTED.get(claim, 0), others


@pytest.mark.parametrize("key", KEYS.split())
def test_every_key_is_needed_and_signed(key: str) -> None:
    made = certified(LAYER, "a < 1")
    missing = {name: part for name, part in made.items() if name != key}
    assert not accepted(missing)
    assert not accepted(missing | {"digest": digest(missing)}) or key == "digest"
    for other in (None, [], "x"):
        assert not accepted(made | {key: other}) or other == made[key]
    assert not accepted(signed(made | {"more": 1}))


WAYS = [{"unfold": [["*", "*"]], "insert": [], "functions": mode} for mode in ("opaque", "formulas")]


@pytest.mark.parametrize(
    ("given", "claim"), [ALTERED[k] for k in (0, 1, 5, 6, 8, 10)], ids=lambda value: str(value)[:40]
)
def test_no_steps_are_found_for_what_is_false(given: Given, claim: str) -> None:
    """Statements altered until they fail at the witness, and the laws of the checker tried on them."""
    original = certified(given, claim)
    false = 0
    for _, changed in list(alterations({"statement": original["statement"]}))[::2]:
        content = original | changed | {"steps": []}
        if fails_at_witness(content):
            false += 1
            for way in WAYS:
                with pytest.raises((GiveUp, ValueError, LookupError, TypeError, ArithmeticError)):
                    steps = Elaborator(content, {}, way, seconds=2.0).proof()
                    check_proof(signed(content | {"steps": steps}))
    assert false > 2


def fails_at_witness(content: Json) -> bool:
    """Whether both sides have a value at the witness, and do not compare as stated at some entry."""
    try:
        point = witness_check.Point(content)
        for scope in witness_check.entries(point, content["statement"]):
            left, right = (witness_check.sides(point, content["statement"][side], scope) for side in ("left", "right"))
            if witness_check.holds("!=", left, right):
                return not witness_check.holds(content["statement"]["comparison"], left, right)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return False
    return False


def signed(content: dict[str, Json]) -> dict[str, Json]:
    """As a forger leaves it: text and digest written anew."""
    with contextlib.suppress(TypeError, ValueError, LookupError, AttributeError):
        content = content | {"text": text(content)}
    return content | {"digest": digest(content)}


def is_shown_true(content: Json) -> bool:
    """Whether what an accepted certificate states holds at random points, by ball arithmetic: at all that are tried.

    `a != b` holds if a == b fails at one of them.
    """
    graph, statement, assumptions = read_back(content)
    equation = replace(statement, comparison="==") if statement.comparison == "!=" else statement
    found = refute(equation, graph, assumptions=assumptions, attempts=POINTS)
    if isinstance(found, Counterexample) or statement.comparison == "!=":
        return isinstance(found, Counterexample) and statement.comparison == "!="
    return found.agreeing >= POINTS


# ---------------------------------------------------------------------------------------- back to SymPy


def read_back(content: Json) -> tuple[Graph, Relation, tuple[Relation, ...]]:
    """Graph, statement and all that is assumed, from the trees of a certificate."""
    functions = {f["name"]: f for f in content["functions"]}

    def shape(sizes: list[Any]) -> tuple[Expr, ...]:
        return tuple(size(n) if isinstance(n, str) else sp.Integer(n) for n in sizes)

    def expr(tree: Json, scope: Mapping[str, Expr]) -> Expr:
        def at(i: Any) -> Expr:
            return scope[i] if isinstance(i, str) else sp.Integer(i)

        if isinstance(tree, str):
            return sp.Rational(tree)
        head, *rest = tree
        if head == "at":
            return entry(rest[0], *map(at, rest[1:]))
        if head == "delta":
            return delta(*map(at, rest[1:]))
        if head == "size":
            return size(rest[0])
        if head == "sum":
            bound = index(f"{rest[0]}_{len(scope)}", shape([rest[1]])[0])
            return summation(expr(rest[2], {**scope, rest[0]: bound}), bound)
        if head == "call":
            return call(functions[rest[0]], rest[1], [expr(part, scope) for part in rest[2:]])
        if head == "pow":
            return sp.Pow(expr(rest[0], scope), sp.Rational(rest[1]))
        parts = [expr(part, scope) for part in rest]
        kinds = {"add": sp.Add, "mul": sp.Mul, "d": Partial, "pi": lambda: sp.pi}
        return (kinds | {name: kind for kind, name in HEADS.items()})[head](*parts)

    def call(record: Json, order: int, arguments: list[Expr]) -> Expr:
        if record["value"] is None:
            return elementwise(record["name"], order)(*arguments)
        formals = [entry(name) for name in record["arguments"]]
        formula = expr(record["value"], {})
        for _ in range(order):
            formula = differentiate(formula, record["arguments"][0], ())
        return formula.xreplace(dict(zip(formals, arguments, strict=True)))

    def statement(record: Json) -> Relation:
        sizes = shape([extent for _, extent in record["indices"]])
        scope = {name: i for (name, _), i in zip(record["indices"], axes(sizes), strict=True)}
        sides = [Tensor(expr(record[side], scope), sizes) for side in ("left", "right")]
        comparison = record["comparison"]
        return Relation(name="", formula="", left=sides[0], comparison=comparison, right=sides[1])

    definitions = {}
    for d in content["definitions"]:
        sizes = shape(d["shape"])
        value = Tensor(expr(d["value"], {str(i.label): i for i in axes(sizes)}), sizes)
        definitions[d["name"]] = Definition(name=d["name"], tensor=value, formula="")
    arbitrary = frozenset(name for name, f in functions.items() if f["value"] is None)
    inputs = {name: shape(sizes) for name, sizes in content["shapes"].items()}
    graph = Graph(inputs=inputs, definitions=definitions, functions=arbitrary)
    given = tuple(map(statement, (*content["assumptions"], *content["conditions"])))
    return graph, statement(content["statement"]), given
