"""Correct rounding of certified numbers: the digits are right, or more precision is asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flint import arb, ctx, fmpq, fmpz

from symbackprop.proof.points.duals import Base, Unknown

PRECISIONS = (64, 256, 1024, 4096)
MAX_EXPONENT = 1_000_000
# What agrees with 0 to forty places at the highest precision is shown as 0.
TINY = fmpq(1, 10**40)


@dataclass(frozen=True, slots=True)
class Rounded:
    """A decimal text, and whether the number lies exactly between two of them; a tie is rounded away from zero."""

    text: str
    tie: bool = False


def decimal(number: Callable[[int], Base], *, decimals: int | None = None, significant: int | None = None) -> Rounded:
    """The one correct rounding of a number that is computed by `number(precision)`, to so many places or digits.

    No precision tells a zero by cancellation, as tanh(p) - tanh(q) at p = q, from a very small number. A number that
    at the highest precision still may be 0, and is less than 10^-40 in any case, is shown as 0: its text says that
    it agrees with 0 to forty places.

    Raises: Unknown when no precision determines it; what `number` raises for another reason.
    """
    last: Base | None = None
    reason = "the number may lie exactly between two roundings"
    for precision in PRECISIONS:
        last = None
        try:
            last = number(precision)
            rounded = rounds_to(last, decimals=decimals, significant=significant)
        except Unknown as error:
            reason = str(error)
            continue
        if rounded is not None:
            return rounded
    if last is not None and vanishes(last):
        return Rounded("0") if decimals is None else _to_places(fmpq(0), decimals)
    raise Unknown(f"not determined with {PRECISIONS[-1]} bits: {reason}")


def rounds_to(number: Base, *, decimals: int | None = None, significant: int | None = None) -> Rounded | None:
    """The rounding that all points of a ball or rational share, to `decimals` places or else `significant` digits.

    None when they share none: the ball is too wide, or straddles a tie.
    """
    if (decimals is None) == (significant is None):
        raise ValueError("give either decimals or significant")

    def rounded(x: fmpq) -> Rounded:
        if significant is None:
            return _to_places(x, int(decimals or 0))
        return _to_digits(x, significant)

    if isinstance(number, fmpq):
        return rounded(number)
    low, high = bounds(number)
    # Rounding is monotone: what both ends round to, everything between them does. Only an exact number is a tie.
    first, second = rounded(low).text, rounded(high).text
    return Rounded(first, low == high and rounded(low).tie) if first == second else None


def vanishes(number: Base) -> bool:
    """Whether a number may be 0 and is less than 10^-40 in any case."""
    return bool(number == 0 if isinstance(number, fmpq) else number.contains(0) and abs(number) < TINY)


def bounds(ball: Any) -> tuple[fmpq, fmpq]:
    """The exact rational ends of a ball.

    Raises: Unknown for a ball that is infinite or not a number, or too large to write out.
    """
    if not ball.is_finite():
        raise Unknown("a ball that is not finite")
    # The ends of a ball need more bits than its midpoint; rounding them outwards would make an exact ball inexact.
    with ctx.workprec(ctx.prec + 64 + max(ball.mid().bits(), ball.rad().bits())):
        return _dyadic(ball.lower()), _dyadic(ball.upper())


def _dyadic(point: arb) -> fmpq:
    mantissa, exponent = point.man_exp()
    if abs(int(exponent)) > MAX_EXPONENT:
        raise Unknown(f"a number of about 2^{int(exponent)} is not written out")
    return fmpq(mantissa) * fmpq(2) ** int(exponent)


def _to_places(x: fmpq, places: int) -> Rounded:
    """x rounded to a multiple of 10^-places, half away from zero."""
    scaled = abs(x) * fmpq(10) ** places
    doubled = 2 * scaled
    integer = (doubled + 1).floor() // 2
    tie = doubled.q == 1 and doubled.p % 2 == 1
    return Rounded(_show(integer, places, negative=x < 0), bool(tie))


def _to_digits(x: fmpq, digits: int) -> Rounded:
    """x rounded to so many significant digits; exact zero has none."""
    if x == 0:
        return Rounded("0")
    exponent = _exponent(abs(x))
    rounded = _to_places(x, digits - 1 - exponent)
    # 9.996 to three digits is 10.0, not 10.00: the carry takes a place.
    carried = abs(x) + fmpq(10) ** (exponent + 1 - digits) / 2 >= fmpq(10) ** (exponent + 1)
    return Rounded(_to_places(x, digits - 2 - exponent).text, rounded.tie) if carried else rounded


def _exponent(x: fmpq) -> int:
    """The largest e with 10^e <= x, for x > 0."""
    e = len(str(x.p)) - len(str(x.q))
    return e if fmpq(10) ** e <= x else e - 1


def _show(integer: fmpz, places: int, *, negative: bool) -> str:
    """integer·10^-places in fixed notation; zero has no sign."""
    mark = "-" if negative and integer != 0 else ""
    digits = str(int(integer))
    if places <= 0:
        return mark + (digits + "0" * -places if integer != 0 else "0")
    digits = digits.rjust(places + 1, "0")
    return f"{mark}{digits[:-places]}.{digits[-places:]}"
