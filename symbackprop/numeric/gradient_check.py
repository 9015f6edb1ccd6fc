"""The gradient check: derived gradients against central differences of the loss.

(L(w + ε) - L(w - ε)) / 2ε is computed from the loss alone, to many digits, so that what is seen is the ε² error of the
central difference itself and no rounding.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import zip_longest
from typing import Any

from flint import ctx

from symbackprop.errors import GraphError
from symbackprop.model.derivation_file import DerivationFile, Request
from symbackprop.numeric.values import Numbers
from symbackprop.proof.points.duals import Undefined, Unknown
from symbackprop.proof.points.rounding import decimal
from symbackprop.tensor.nodes import adjoint_name, entry
from symbackprop.tensor.tensor import Tensor

EPSILON = Fraction(1, 10**5)
# The difference of both losses has ε less than their digits: fewer bits are not worth an evaluation.
PRECISION = 256
# Each row costs two evaluations of the loss.
MAX_ROWS = 24

Place = tuple[str, tuple[int, ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class GradientCheck:
    """Derived gradient and central difference of one parameter entry, and their relative difference."""

    name: str
    position: tuple[int, ...]
    derived: str
    central: str
    error: str


def gradient_check(file: DerivationFile, request: Request, adjoints: Mapping[str, Tensor]) -> Iterator[GradientCheck]:
    """One row for each entry in `places`; none for an entry at which the gradient or the loss is undefined."""
    numbers = Numbers(file, {adjoint_name(request.loss, v): tensor for v, tensor in adjoints.items()})
    for name, position in places(file, request)[0]:
        try:
            yield _check(numbers, request.loss, name, position)
        except (GraphError, Undefined, Unknown):
            continue


def places(file: DerivationFile, request: Request) -> tuple[list[Place], int]:
    """The entries to check, and how many are left out: the first of each parameter in turn, at most MAX_ROWS.

    Parameters are those whose value is given and that no pinned definition cuts off.
    """
    columns: list[list[Place]] = []
    for name in request.wrt:
        pinned = set(file.given) & set(file.graph.between(name, request.loss))
        if name in file.given and name not in file.graph.definitions and not pinned:
            columns.append([(name, position) for position in file.given[name]])
    in_turn = [place for row in zip_longest(*columns) for place in row if place is not None]
    chosen = set(in_turn[:MAX_ROWS])
    return [place for column in columns for place in column if place in chosen], len(in_turn) - len(chosen)


def _check(numbers: Numbers, loss: str, name: str, position: tuple[int, ...]) -> GradientCheck:
    file = numbers.file
    derived = numbers.number(entry(adjoint_name(loss, name), *position))
    shifted = [
        Numbers(file, changed={name: {**file.given[name], position: file.given[name][position] + sign * EPSILON}})
        for sign in (1, -1)
    ]
    above, below = (cache(moved.number(entry(loss))) for moved in shifted)
    scale = 2 * EPSILON

    def central(precision: int) -> Any:
        bits = max(precision, PRECISION)
        with ctx.workprec(bits):
            return (above(bits) - below(bits)) * scale.denominator / scale.numerator

    def error(precision: int) -> Any:
        with ctx.workprec(max(precision, PRECISION)):
            first, second = derived(ctx.prec), central(precision)
            return abs(first - second) / (abs(first) + abs(second))

    shown = {"derived": _text(derived, 8), "central": _text(central, 8)}
    same_zero = set(shown.values()) == {"0"}
    return GradientCheck(name=name, position=position, **shown, error="0" if same_zero else _text(error, 2))


def _text(number: Callable[[int], Any], significant: int) -> str:
    """The number rounded; 0 for one that no precision tells from zero, such as a difference of equals."""
    return decimal(number, significant=significant).text
