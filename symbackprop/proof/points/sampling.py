"""Exact rational points at which the assumptions hold, and concrete functions in place of arbitrary ones.

Inequalities between a quantity and a number direct the draw, equations are solved exactly for entries in which they
are affine, everything else is drawn and rejected. Whatever the way, all assumptions are checked at the end.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from random import Random
from typing import Any

import sympy as sp
from flint import fmpq, fmpq_mat

from symbackprop.model.graph import Graph, Relation
from symbackprop.proof.limits import Clock
from symbackprop.proof.points.balls import Evaluation, Family, Position, in_order, used_by
from symbackprop.proof.points.duals import Base, Undefined, Unknown, sign
from symbackprop.proof.points.structure import indices_of, names_of
from symbackprop.tensor.indices import atoms
from symbackprop.tensor.needs import beyond, nodes
from symbackprop.tensor.nodes import Expr, Partial, entry, entry_indices, entry_name, is_size

Values = dict[str, dict[Position, Fraction]]
TRIES = 30
STYLES = 6
# How often equations halve the numbers drawn: Σy = 1 leaves a positive rest only when the other entries are small.
HALVINGS = (0, 1, 2, 3, 4, 0)
SMALL = tuple(map(Fraction, ("0", "1", "-1", "1/2", "-1/2", "2", "-2")))
UNIT = tuple(map(Fraction, ("0", "1", "-1")))
# Rational cosines and sines; the first turns nothing.
ROTATIONS = tuple((Fraction(c, r), Fraction(s, r)) for c, s, r in ((1, 0, 1), (3, 4, 5), (5, 12, 13), (-4, 3, 5)))


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the assumptions say of a quantity alone: low < entries < high; strictness is left to the final check."""

    low: Fraction | None = None
    high: Fraction | None = None


def sample(
    graph: Graph,
    names: Iterable[str],
    assumptions: Sequence[Relation],
    sizes: Mapping[str, int],
    *,
    seed: int = 0,
    attempt: int = 0,
    functions: Mapping[str, Family] | None = None,
    clock: Clock | None = None,
    turns: Sequence[Fraction] = (),
) -> Values | None:
    """Exact values of the inputs on which `names` and the assumptions depend; None when no point was found.

    The same arguments give the same point. Every second attempt holds zeros and equal entries, where kinks are. With
    `turns`, entries are drawn from these numbers and small ones.
    """
    rng = Random(1_000_003 * seed + attempt)
    mentioned = [name for a in assumptions for side in (a.left, a.right) for name in names_of(side.expr)]
    reached = set(in_order([*names, *mentioned], lambda name: used_by(graph, {}, name)))
    inputs = [name for name in graph.inputs if name in reached]
    bounds = {name: _bounds(name, graph, assumptions) for name in inputs}
    shapes = Evaluation(graph, sizes, {}, clock=clock)
    for number in range(TRIES if assumptions else 1):
        style = (attempt + number // len(HALVINGS)) % STYLES
        scale = Fraction(1, 2 ** HALVINGS[number % len(HALVINGS)])
        shapes.check_time()
        values = {
            name: {
                position: _draw(rng, style, scale, bounds[name], turns)
                for position in shapes.positions(graph.inputs[name])
            }
            for name in inputs
        }
        if number % 3 == 2 and any(a.comparison == "==" for a in assumptions):
            values |= {
                name: drawn
                for name in inputs
                if (drawn := _orthonormal(rng, tuple(map(shapes.extent, graph.inputs[name]))))
            }
        at = Evaluation(graph, sizes, values, functions=functions, clock=clock)
        solved = _solve(graph, assumptions, at, values, rng)
        if solved is not None and _all_hold(
            Evaluation(graph, sizes, solved, functions=functions, clock=clock), assumptions
        ):
            return solved
    return None


def _draw(rng: Random, style: int, scale: Fraction, bounds: Bounds, turns: Sequence[Fraction]) -> Fraction:
    """A small rational within the bounds.

    Styles 1 and 3 hold zeros and repeat themselves, style 2 reaches further; style 4 is positive, style 5 lies
    between 0 and 1, where logarithms of x and of 1 - x are defined.
    """
    if turns and (number := rng.choice((*turns, *SMALL))) in turns and bounds == Bounds():
        return number
    if style == 1:
        value = rng.choice(SMALL)
    elif style == 3:
        value = rng.choice(UNIT)
    elif style == 2:
        value = Fraction(rng.randint(1, 9) * rng.choice((1, -1)), rng.choice((1, 2)))
    elif style == 4:
        value = Fraction(rng.randint(1, 9), rng.choice((2, 3, 4)))
    elif style == 5:
        value = Fraction(rng.randint(1, 10), 11)
    else:
        value = Fraction(rng.choice((1, 2, 3, 5)) * rng.choice((1, -1)), rng.choice((1, 2, 3, 4)))
    if bounds.low is not None and bounds.high is not None:
        return bounds.low + (bounds.high - bounds.low) * Fraction(abs(value).numerator, abs(value).numerator + 3)
    if bounds.low is not None:
        return bounds.low + abs(value) * scale
    if bounds.high is not None:
        return bounds.high - abs(value) * scale
    return value * scale


def _orthonormal(rng: Random, shape: tuple[int, ...]) -> dict[Position, Fraction]:
    """A vector of length 1, or a matrix with orthonormal rows or columns: many equations between matrices hold there.

    Signs and a permutation, turned by a rational rotation. Nothing for other shapes.
    """
    if len(shape) not in (1, 2):
        return {}
    few, many = (1, shape[0]) if len(shape) == 1 else sorted(shape)
    places = rng.sample(range(many), few)
    rows = [[Fraction(rng.choice((1, -1))) if k == place else Fraction(0) for k in range(many)] for place in places]
    if many > 1:
        i, j = rng.sample(range(many), 2)
        c, s = rng.choice(ROTATIONS)
        for row in rows:
            row[i], row[j] = c * row[i] - s * row[j], s * row[i] + c * row[j]
    if len(shape) == 1:
        return {(k,): x for k, x in enumerate(rows[0])}
    upright = shape[0] == few
    return {((r, k) if upright else (k, r)): x for r, row in enumerate(rows) for k, x in enumerate(row)}


def _bounds(name: str, graph: Graph, assumptions: Sequence[Relation]) -> Bounds:
    """The bounds that relations such as `x > 0` state of all entries of `name`."""
    low: Fraction | None = None
    high: Fraction | None = None
    for relation in assumptions:
        for side, other, upward in ((relation.left, relation.right, ">"), (relation.right, relation.left, "<")):
            if entry_name(side.expr) != name or not other.expr.is_Rational or relation.comparison in ("==", "!="):
                continue
            limit = Fraction(int(other.expr.p), int(other.expr.q))
            if relation.comparison[0] == upward:
                low = limit if low is None else max(low, limit)
            else:
                high = limit if high is None else min(high, limit)
    return Bounds(low, high)


def _solve(
    graph: Graph,
    assumptions: Sequence[Relation],
    at: Evaluation,
    values: Values,
    rng: Random,
) -> Values | None:
    """The values moved so that all equations hold, if they are affine in the entries that are moved.

    One step of Newton's method with exact derivatives; which entries move is left to chance.
    """
    equations = [relation for relation in assumptions if relation.comparison == "=="]
    if not equations:
        return values
    movable = [(name, position) for name in values for position in values[name]]
    rng.shuffle(movable)
    rows: list[list[fmpq]] = []
    try:
        for relation in equations:
            relevant = frozenset(
                in_order(
                    [*names_of(relation.left.expr), *names_of(relation.right.expr)], lambda n: used_by(graph, {}, n)
                )
            )
            for indices in components(relation, at):
                row = [_slope(at, relation, indices, m) if m[0] in relevant else fmpq(0) for m in movable]
                rows.append([*row, -_exact(at.difference(relation.left.expr, relation.right.expr, indices))])
    except (Undefined, Unknown):
        return None
    steps = _affine_solution(rows)
    if steps is None:
        return None
    moved = {name: dict(of_name) for name, of_name in values.items()}
    for column, step in steps.items():
        name, position = movable[column]
        moved[name][position] += Fraction(int(step.p), int(step.q))
    return moved


def _slope(at: Evaluation, relation: Relation, indices: Mapping[Any, int], by: tuple[str, Position]) -> fmpq:
    """∂(left - right)/∂entry, which must be exact."""
    name, position = by
    residual = relation.left.expr - relation.right.expr
    return _exact(at.number(Partial(residual, entry(name, *map(sp.Integer, position))), indices))


def _exact(number: Base) -> fmpq:
    if not isinstance(number, fmpq):
        raise Unknown("an equation that is not rational")
    return number


def _affine_solution(rows: list[list[fmpq]]) -> dict[int, fmpq] | None:
    """A solution of the linear system (last column: right side) in which the columns without a pivot stay 0."""
    if not rows:
        return {}
    width = len(rows[0])
    reduced, rank = fmpq_mat(len(rows), width, [x for row in rows for x in row]).rref()
    steps = {}
    for r in range(rank):
        pivot = next(c for c in range(width) if reduced[r, c] != 0)
        if pivot == width - 1:
            return None
        steps[pivot] = reduced[r, width - 1]
    return steps


def components(relation: Relation, at: Evaluation) -> list[dict[Any, int]]:
    """The free indices of a relation at all their values."""
    indices = indices_of(relation.left.shape)
    return [dict(zip(indices, position, strict=True)) for position in at.positions(relation.left.shape)]


def _all_hold(at: Evaluation, assumptions: Sequence[Relation]) -> bool:
    """Whether all assumptions certainly hold at the point."""
    try:
        return all(
            holds(relation.comparison, at.difference(relation.left.expr, relation.right.expr, indices))
            for relation in assumptions
            for indices in components(relation, at)
        )
    except (Undefined, Unknown):
        return False


def holds(comparison: str, difference: Base) -> bool:
    """Whether `left comparison right` certainly holds, from the sign of left - right.

    Raises: Unknown for a ball that contains 0.
    """
    direction = sign(difference)
    return {
        "==": direction == 0,
        "!=": direction != 0,
        "<": direction < 0,
        "<=": direction <= 0,
        ">": direction > 0,
        ">=": direction >= 0,
    }[comparison]


@lru_cache(maxsize=1 << 12)
def _size_names(expr: Expr) -> tuple[str, ...]:
    """The symbolic sizes in an expression, the ranges of its indices included."""
    return tuple(sorted(str(symbol) for symbol in atoms(expr, sp.Symbol) if is_size(symbol)))


def least_sizes(graph: Graph, exprs: list[Expr], shapes: list[tuple[Expr, ...]]) -> dict[str, int]:
    """The symbolic sizes that occur, each with the smallest number for which all written-out indices exist."""
    found = [name for expr in [*exprs, *(axis for shape in shapes for axis in shape)] for name in _size_names(expr)]
    least = dict.fromkeys(found, 1)
    shape_of = {name: definition.tensor.shape for name, definition in graph.definitions.items()} | dict(graph.inputs)
    for name, axis, position in (item for expr in exprs for item in _written_out(expr)):
        size = str(shape_of[name][axis]) if name in shape_of else ""
        if size in least:
            least[size] = max(least[size], position + 1)
    for gap in filter(None, map(beyond, exprs)):
        minus_position, symbol = gap.as_coeff_Add()
        least[str(symbol)] = max(least[str(symbol)], 1 - int(minus_position))
    return least


@lru_cache(maxsize=1 << 12)
def _written_out(expr: Expr) -> tuple[tuple[str, int, int], ...]:
    """(name, axis, position) of every integer index in an expression."""
    found: list[tuple[str, int, int]] = []
    for node in nodes(expr):
        found += [(entry_name(node) or "", k, int(i)) for k, i in enumerate(entry_indices(node)) if i.is_Integer]
    return tuple(found)


def choose_sizes(least: Mapping[str, int], attempt: int, seed: int) -> dict[str, int]:
    """Small numbers: pairwise distinct in general, every fourth time with ones, and now and then a larger one."""
    rng = Random(1_000_003 * seed + attempt)
    if attempt % 4 == 3:
        drawn = [rng.choice((1, 1, 2)) for _ in least]
    elif attempt % 8 == 6 and len(least) <= 2:
        drawn = [5, 3][: len(least)]  # where a factor such as (n - 1)(n - 2) is not 0
    else:
        pool = [2, 3, 4] if len(least) <= 3 else [2, 3, 4, 1, 5]
        pool = pool[: max(len(least), 2)]
        drawn = [pool[k % len(pool)] for k in range(len(least))]
        if attempt:
            rng.shuffle(drawn)
    return {name: max(number, chosen) for (name, number), chosen in zip(least.items(), drawn, strict=True)}
