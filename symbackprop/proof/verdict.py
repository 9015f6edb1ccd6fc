"""The outcome of a proof attempt."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from enum import StrEnum
from typing import Any

from symbackprop.tensor.nodes import Expr

MAX_NUMBERS = 12  # of a counterexample that one line shows
DIGITS = (6, 12, 24, 36)  # of each side of it: the fewest with which the sides look different
SHORT = 12  # characters of a rational that is shown as it is
MOST_DIGITS = 1000  # to which two sides are compared before what they differ by is shown


class Kind(StrEnum):
    """PROVED: equal wherever both sides are defined and the listed conditions hold, at a point that exists.

    REFUTED: there is a certified counterexample. UNDECIDED: neither; the reason is given.
    """

    PROVED = "PROVED"
    REFUTED = "REFUTED"
    UNDECIDED = "UNDECIDED"


@dataclass(frozen=True, slots=True)
class Condition:
    """Something a proof needs: `expr relation 0` for all values of the free indices of `expr`."""

    expr: Expr
    relation: str  # one of "!= 0", "> 0", ">= 0"
    why: str  # "denominator", "logarithm", "root", "kink", "index"; "" for what the proof alone asks for

    def __str__(self) -> str:
        return f"{self.expr} {self.relation}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What is known about one statement.

    `obligations` counts the identities that were proved for it; `assumptions` are the formulas of the graph that
    were used; `conditions` are the domain conditions; `witness` is a rational point at which all of them hold (for
    PROVED) or the counterexample with its two disjoint balls (for REFUTED).
    """

    kind: Kind
    method: str = ""
    obligations: int = 0
    assumptions: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    witness: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""

    @property
    def proved(self) -> bool:
        return self.kind is Kind.PROVED

    def __bool__(self) -> bool:
        """Whether it is proved, so that `assert verify(...)` fails for what is refuted or undecided."""
        return self.proved

    def __str__(self) -> str:
        """One line: how it was proved and under what, the counterexample in brief, or the reason."""
        if self.kind is Kind.REFUTED and "left" in self.witness:
            return f"{self.kind} at {_counterexample(self.witness)}"
        by = f" by {self.method}" if self.method else ""
        under = f", under {', '.join(self.assumptions)}" if self.assumptions else ""
        reason = f": {' '.join(self.reason.split())}" if self.reason else ""
        return f"{self.kind}{reason}" if self.kind is Kind.UNDECIDED else f"{self.kind}{by}{under}{reason}"


def _counterexample(witness: Mapping[str, Any]) -> str:
    """`x = 3/2: left 2.88, right -1.12`, with the sizes instead where there are too many numbers."""
    values, sizes = witness.get("values", {}), witness.get("sizes", {})
    count = numbers_in(witness)
    parts = [f"{name} = {value}" for name, value in witness.get("depth", {}).items()]
    shown = values if values and count <= MAX_NUMBERS else sizes
    parts += [f"{name} = {nested(value)}" for name, value in shown.items()]
    parts += chosen_functions(witness)
    parts += [f"{count} numbers"] if count > MAX_NUMBERS else []
    parts += [f"entry [{', '.join(map(str, witness['indices']))}]"] if witness.get("indices") else []
    sides = _apart(str(witness["left"]), str(witness.get("right", "")))
    return f"{', '.join(parts) or 'every point'}: {sides}"


def _apart(left: str, right: str) -> str:
    """`left 2.88, right -1.12`, with as many digits as tell them apart, or with what they differ by."""
    with localcontext(prec=MOST_DIGITS):
        a, b = _middle(left), _middle(right)
        if a is None or b is None or a == b:
            return f"left {left}, right {right}"
        digits = next((k for k in DIGITS if Decimal(f"{a:.{k}g}") != Decimal(f"{b:.{k}g}")), None)
        if digits is None:
            return f"left {_brief(left, a)}, right {_brief(right, b)}, which differ by {abs(a - b):.3g}"
        return f"left {_brief(left, a, digits)}, right {_brief(right, b, digits)}"


def numbers_in(witness: Mapping[str, Any]) -> int:
    """How many numbers the point has."""
    return sum(map(_count, witness.get("values", {}).values()))


def chosen_functions(witness: Mapping[str, Any]) -> list[str]:
    """`f(t) = 1/4*t + t**2`: what stands for each arbitrary function at the point."""
    chosen: Mapping[str, str] = witness.get("functions", {})
    return [f"{name}(t) = {formula.removeprefix('0 + ')}" for name, formula in chosen.items()]


def _count(value: Any) -> int:
    return sum(map(_count, value)) if isinstance(value, (list, tuple)) else 1


def nested(value: Any) -> str:
    """`[[1, 1/2]]`"""
    return f"[{', '.join(map(nested, value))}]" if isinstance(value, (list, tuple)) else str(value)


def _middle(number: str) -> Decimal | None:
    """The middle of a ball `[0.34657359 +/- 2e-9]`, or a rational; None for any other text."""
    if number.startswith("[+/-"):
        return Decimal(0)
    try:
        above, _, below = number.strip("[]").partition(" ")[0].partition("/")
        return Decimal(above) / Decimal(below or 1)
    except ArithmeticError:  # of decimal, which has its own for what is no number
        return None


def _brief(number: str, value: Decimal, digits: int = DIGITS[0]) -> str:
    """So many digits; a short rational as it is."""
    return number if len(number) <= SHORT and not number.startswith("[") else f"{value:.{digits}g}"
