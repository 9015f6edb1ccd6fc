"""The gradient check: derived gradients against central differences of the loss.

(L(w + ε) - L(w - ε)) / 2ε is computed from the loss alone, to many digits, so that what is seen is the ε² error of the
central difference itself and no rounding.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import arb

from symbackprop.errors import GraphError
from symbackprop.model.derivation_file import DerivationFile, Request
from symbackprop.numeric.values import Numbers
from symbackprop.proof.points.duals import Undefined, Unknown
from symbackprop.proof.points.rounding import decimal
from symbackprop.tensor.nodes import adjoint_name, entry
from symbackprop.tensor.tensor import Tensor

EPSILON = Fraction(1, 10**5)
PRECISION = 256
TINY = arb("1e-40")


@dataclass(frozen=True, kw_only=True, slots=True)
class GradientCheck:
    """Derived gradient and central difference of one parameter entry, and their relative difference."""

    name: str
    position: tuple[int, ...]
    derived: str
    central: str
    error: str


def gradient_check(file: DerivationFile, request: Request, adjoints: Mapping[str, Tensor]) -> Iterator[GradientCheck]:
    """One row for each entry of each parameter whose value is given and that no pinned definition cuts off."""
    equations = {adjoint_name(request.loss, v): tensor for v, tensor in adjoints.items()}
    for name in request.wrt:
        pinned = set(file.given) & set(file.graph.between(name, request.loss))
        if name not in file.given or name in file.graph.definitions or pinned:
            continue
        for position in file.given[name]:
            try:
                yield _check(file, request.loss, name, position, equations)
            except (GraphError, Undefined, Unknown):
                break


def _check(
    file: DerivationFile, loss: str, name: str, position: tuple[int, ...], equations: Mapping[str, Tensor]
) -> GradientCheck:
    expr = entry(adjoint_name(loss, name), *position)
    derived = Numbers(file, equations).number(expr)
    shifted = [
        Numbers(file, changed={name: {**file.given[name], position: file.given[name][position] + sign * EPSILON}})
        for sign in (1, -1)
    ]
    above, below = (numbers.number(entry(loss)) for numbers in shifted)
    scale = 2 * EPSILON

    def central(precision: int) -> Any:
        return (above(precision) - below(precision)) * scale.denominator / scale.numerator

    def error(precision: int) -> Any:
        size = abs(derived(precision)) + abs(central(precision))
        return abs(derived(precision) - central(precision)) / size

    shown = {"derived": _text(derived, 8), "central": _text(central, 8)}
    same_zero = set(shown.values()) == {"0"}
    return GradientCheck(name=name, position=position, **shown, error="0" if same_zero else _text(error, 2))


def _text(number: Callable[[int], Any], significant: int) -> str:
    """The number rounded; 0 for one that no precision tells from zero, such as a difference of equals."""
    try:
        return decimal(number, significant=significant).text
    except Unknown:
        if abs(number(PRECISION)) < TINY:
            return "0"
        raise
