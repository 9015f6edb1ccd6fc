"""Wrong variants of theorems for all sizes are not proved, and other ways to write a true one are."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest
import sympy as sp
from proof.index_theorems import (
    THEOREMS,
    Theorem,
    each_theorem,
    m,
    n,
)

from symbackprop.proof.limits import Undecided
from symbackprop.tensor.indices import children, free_indices, fresh_index, rebuild, rename_bound, substitute
from symbackprop.tensor.nodes import (
    Expr,
    delta,
    extent,
    index,
    summation,
)

# ---------------------------------------------------------------------------------------------- mutants


def nodes(expr: Expr, path: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Expr]]:
    """Every subexpression, with the way to it."""
    yield path, expr
    for number, child in enumerate(children(expr)):
        yield from nodes(child, (*path, number))


def put(expr: Expr, path: tuple[int, ...], new: Expr) -> Expr:
    """The expression with one subexpression replaced, whatever that captures."""
    if not path:
        return new
    parts = list(children(expr))
    parts[path[0]] = put(parts[path[0]], path[1:], new)
    return rebuild(expr, parts)


def mutations(node: Expr, known: list[Expr]) -> Iterator[Expr]:
    """Slips of a pen at one place; `known` are the indices in use."""
    if isinstance(node, sp.Add | sp.Mul):
        for number, part in enumerate(node.args):
            rest = [a for other, a in enumerate(node.args) if other != number]
            yield node.func(*rest)
            yield node.func(*rest, -part)
    if isinstance(node, sp.Pow) and node.exp.is_Rational:
        yield node.base ** (node.exp + 1)
        yield node.base ** (-node.exp)
    if isinstance(node, sp.Indexed):
        for place, old in enumerate(node.indices):
            for new in known:
                if new != old:
                    yield node.func(node.base, *node.indices[:place], new, *node.indices[place + 1 :])
        if len(node.indices) == 2:
            yield node.func(node.base, *reversed(node.indices))
    if isinstance(node, sp.Sum) and len(node.limits) == 1:
        old = node.limits[0][0]
        wider = index("other", n if extent(old) != n else m)
        yield summation(substitute(node.function, {old: wider}), wider)
        yield node.function


def mutants(theorem: Theorem, rng: Random, count: int) -> Iterator[Expr]:
    """Wrong claims, a random choice."""
    known = sorted({i for _, node in nodes(theorem.claim) for i in free_indices(node)}, key=str)
    found = [put(theorem.claim, path, new) for path, node in nodes(theorem.claim) for new in mutations(node, known)]
    found = [claim for claim in found if free_indices(claim) <= free_indices(theorem.claim)]
    yield from rng.sample(found, min(count, len(found)))


def differs(theorem: Theorem, claim: Expr, evaluator: Any, make_point: Any) -> bool:
    """Whether the claim is wrong at some point, by the dual numbers of the evaluator."""
    rng = Random(1)
    sizes = ("n", "m", "N", "K", "D", "H")
    for larger in rng.sample(sizes, 4):
        point = make_point(rng, {name: 2 + (name == larger) for name in sizes}, frozenset({"eps"}))
        where = {i: rng.randrange(point.length(i)) for i in {*theorem.indices, *free_indices(theorem.loss)}}
        satisfy(theorem, point)
        variable = theorem.variable, tuple(where[i] for i in theorem.indices)
        try:
            slope = evaluator(point, variable)(theorem.loss, where)[1]
            if abs(evaluator(point)(claim, where)[0] - slope) > 1e-12:
                return True
        except evaluator.nowhere:
            continue
    return False


def satisfy(theorem: Theorem, point: Any) -> None:
    """Chooses targets that sum to 1, as the side conditions of the theorems say."""
    for left, _ in theorem.rules:
        base = left.expr.function.base.label.name
        rows = [range(point.length(i)) for i in left.indices]
        length = point.length(left.expr.limits[0][0])
        for row in itertools.product(*rows):
            rest = sum(point.value(base, (*row, column)) for column in range(length - 1))
            point.values[base, (*row, length - 1)] = 1 - rest


@each_theorem
def test_mutants_are_not_proved(theorem: Theorem, evaluator: Any, make_point: Any) -> None:
    assert not differs(theorem, theorem.claim, evaluator, make_point)
    wrong = [c for c in mutants(theorem, Random(7), 12) if differs(theorem, c, evaluator, make_point)]
    assert len(wrong) >= 5  # more than a hundred in all
    for claim in wrong:
        try:
            assert not theorem.proved(claim), claim
        except Undecided:
            continue


@pytest.mark.parametrize("theorem", [th for th in THEOREMS if th.rules], ids=lambda th: th.name)
def test_without_its_side_condition_a_theorem_is_not_proved(theorem: Theorem) -> None:
    assert not replace(theorem, rules=()).proved()


# ---------------------------------------------------------------------------------------------- rewrites


def rewrites(node: Expr, rng: Random) -> Iterator[Expr]:
    """Equal expressions."""
    if isinstance(node, sp.Sum):
        old = node.limits[0][0]
        new = index(f"h{rng.randrange(1000)}", extent(old))
        yield rename_bound(node, {str(limit[0].label) for limit in node.limits})
        yield sp.Sum(node.function, *reversed(node.limits))
        yield sp.Sum(sp.expand_mul(node.function, deep=False), *node.limits)
        yield sp.Sum(substitute(node.function, {old: new}) * delta(new, old), (new, 0, new.upper), *node.limits)
        yield summation(node, new) / extent(old)
        if node.function.is_Add:
            yield sp.Add(*(sp.Sum(part, *node.limits) for part in node.function.args))
    if isinstance(node, sp.Mul):
        yield sp.expand_mul(node, deep=False)
        for number, part in enumerate(node.args):
            if isinstance(part, sp.Sum):
                others = sp.Mul(*(a for other, a in enumerate(node.args) if other != number))
                opened = rename_bound(part, {str(i.label) for i in free_indices(others)})
                yield sp.Sum(others * opened.function, *opened.limits)
    if isinstance(node, sp.exp):
        half = sp.exp(node.args[0] / 2, evaluate=False)
        yield sp.Mul(half, half, evaluate=False)
    if isinstance(node, sp.Indexed):
        new = fresh_index(m, [str(i.label) for i in free_indices(node)])
        yield summation(node / m, new)


def rewritten(expr: Expr, rng: Random) -> Expr:
    """The expression with one random subexpression replaced by an equal one."""
    path, node = rng.choice(list(nodes(expr)))
    options = list(rewrites(node, rng))
    return put(expr, path, rng.choice(options)) if options else rewritten(expr, rng)


@each_theorem
def test_rewritten_claims_are_proved(theorem: Theorem) -> None:
    rng = Random(11)
    for _ in range(6):
        claim = theorem.claim
        for _ in range(4):
            claim = rewritten(claim, rng)
        assert theorem.proved(claim), claim
