"""Whether a statement is true, by numbers: the formulas as NumPy reads them, derivatives by autograd.

Nothing is shared with the program: neither its reader of formulas, nor its calculus, nor its points. A statement that
differs at one point where both sides are defined is false; one that agrees at all of them is taken for true.
"""

import ast
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from .oracle_evaluation import Evaluation, NoValue, World
from .oracle_points import definitions, tree, world_at
from .statements import Statement

POINTS = 14
TOLERANCE = 1e-6
# Rounding errors, relative to the largest number on the way.
NOISE = 1e-11
# Rounding errors of an exponent, of which exp makes relative ones: exp(E - E) is not 1 where E is about 1e12.
NOISE_OF_EXPONENT = 1e-14
UNTOLD = (NoValue, IndexError, ValueError, TypeError, ArithmeticError, NotImplementedError, np.linalg.LinAlgError)


@dataclass(frozen=True, slots=True)
class Finding:
    """`differs` at one point, or agreement at `agreeing` points."""

    differs: bool
    agreeing: int = 0


def examine(statement: Statement, points: int = POINTS) -> Finding:
    """Whether the two sides of an equation differ at one of the points."""
    claim = tree(statement.claim)
    if not isinstance(claim, ast.Compare):
        raise ValueError(f"{statement.claim} is no comparison")
    agreeing = 0
    with _quietly():
        for number in range(points):
            gap = _gap(statement, claim, number)
            if gap is not None and gap > TOLERANCE:
                return Finding(True)
            agreeing += gap is not None and gap < TOLERANCE / 100
    return Finding(False, agreeing)


@contextmanager
def _quietly() -> Iterator[None]:
    """Points outside a domain, and derivatives by what does not matter, are no reason to warn."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Output seems independent of input")
        yield


def _gap(statement: Statement, claim: ast.Compare, number: int) -> float | None:
    """The largest difference of both sides at point `number`; None where there is none to tell."""
    try:
        return _difference(world_at(statement, number), claim)
    except UNTOLD:
        return None


def gap_at(statement: Statement, witness: Mapping[str, Any]) -> float | None:
    """The largest difference of both sides at the point of a verdict; None where the oracle cannot tell."""
    claim = tree(statement.claim)
    assert isinstance(claim, ast.Compare)
    trees, depends = definitions(statement.define)
    functions = {
        name: partial(_formula_in_u, tree(text.replace("^", "**"))) for name, text in witness["functions"].items()
    }
    world = World(
        sizes={name: int(size) for name, size in witness["sizes"].items()},
        inputs={name: _numbers(value) for name, value in witness["values"].items() if name not in trees},
        define=trees,
        functions=functions,
        depends=depends,
    )
    with _quietly():
        try:
            return _difference(world, claim)
        except UNTOLD:
            return None


def _formula_in_u(formula: ast.expr, u: Any) -> Any:
    return Evaluation(World(sizes={}, inputs={"u": u}, define={}, functions={}), {}).value(formula)


def _numbers(value: Any) -> Any:
    """Nested lists of rationals as text, as an array."""
    if isinstance(value, str):
        return np.array(float(Fraction(value)))
    return np.array([_numbers(part) for part in value])


def _difference(world: World, claim: ast.Compare) -> float | None:
    """The largest relative difference of both sides; None at a kink, without a value, or when rounding hides it."""
    left, right = (np.asarray(Evaluation(world, {}).value(side)) for side in (claim.left, claim.comparators[0]))
    left, right = np.broadcast_arrays(left, right)
    if world.at_kink or not (np.all(np.isfinite(left)) and np.all(np.isfinite(right))):
        return None
    gap, noise = np.abs(left - right), NOISE * max(1.0, world.largest)
    relative = gap / np.maximum(np.abs(left) + np.abs(right), noise)
    told = np.where(gap > noise, relative, 0.0)
    largest = float(np.max(told, initial=0.0))
    if largest < TOLERANCE < np.max(relative, initial=0.0) or TOLERANCE < largest < NOISE_OF_EXPONENT * world.largest:
        return None
    return largest
