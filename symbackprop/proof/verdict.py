"""The outcome of a proof attempt."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from symbackprop.tensor.nodes import Expr


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
    why: str  # "denominator", "logarithm", "root", "kink"

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
