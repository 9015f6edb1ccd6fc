"""Concrete functions in place of arbitrary ones: each with all its derivatives, no two the same."""

from collections.abc import Iterable
from dataclasses import dataclass

from flint import arb, fmpq

from symbackprop.proof.points.balls import Family
from symbackprop.proof.points.duals import ZERO, Base, settle


@dataclass(frozen=True, slots=True)
class FunctionChoice:
    """A concrete function: its formula in t for the reader, and its derivatives of all orders."""

    formula: str
    family: Family


def choose_functions(names: Iterable[str], attempt: int) -> dict[str, FunctionChoice]:
    """A different function for every name: polynomials and tanh-like ones in turn."""
    kind = (cubic, wave)[attempt % 2]
    return {name: kind(number) for number, name in enumerate(sorted(names))}


def cubic(number: int) -> FunctionChoice:
    """t³/3 + t²/2 + t/4 and its relatives: exact at rational points, with derivatives that differ from each other."""
    coefficients = (fmpq(number), fmpq(1, 4) + number, fmpq(1, 2 + number), fmpq(1, 3 + number))
    c0, c1, c2, c3 = coefficients
    formula = f"{c0} + {c1}*t + {c2}*t**2 + {c3}*t**3"
    return FunctionChoice(formula, lambda order, t: horner(differentiated(coefficients, order), t))


def wave(number: int) -> FunctionChoice:
    """k tanh(t + k/3): bounded and without symmetry at 0."""
    scale = fmpq(number + 1)

    def family(order: int, t: Base) -> Base:
        # (p(T))' = p'(T) (1 - T²) for T = tanh(t + k/3)
        polynomial: tuple[fmpq, ...] = (ZERO, scale)
        for _ in range(order):
            polynomial = times_one_minus_square(differentiated(polynomial, 1))
        return horner(polynomial, arb(settle(t + scale / 3)).tanh())

    return FunctionChoice(f"{scale}*tanh(t + {scale / 3})", family)


def differentiated(coefficients: tuple[fmpq, ...], order: int) -> tuple[fmpq, ...]:
    """The coefficients of the derivative of a polynomial, lowest power first."""
    for _ in range(order):
        coefficients = tuple(k * c for k, c in enumerate(coefficients))[1:]
    return coefficients


def times_one_minus_square(coefficients: tuple[fmpq, ...]) -> tuple[fmpq, ...]:
    """p(T) (1 - T²)."""
    shifted = (ZERO, ZERO, *coefficients)
    padded = (*coefficients, ZERO, ZERO)
    return tuple(a - b for a, b in zip(padded, shifted, strict=True))


def horner(coefficients: tuple[fmpq, ...], t: Base) -> Base:
    """The polynomial at t."""
    result = ZERO
    for coefficient in reversed(coefficients):
        result = settle(result * t + coefficient)
    return result
