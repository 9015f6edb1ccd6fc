"""How far a proof may go, and what it says when it goes no further."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from time import monotonic

# Python's own limit of 1000 frames is reached by formulas that people write; the C stack bears many times this.
DEEPEST = 6000


class Undecided(Exception):
    """Neither proved nor refuted; `reason` says why in one line."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Budget:
    """The largest number of terms of an expression and the longest time in seconds that a proof may take.

    The search for a counterexample or a witness, which follows, may take half as long again.
    """

    terms: int = 200_000
    seconds: float = 20.0


class Clock:
    """Watches one budget from the moment at which it is made; a clock made from another one ends no later than that."""

    def __init__(self, budget: Budget, within: Clock | None = None) -> None:
        self.budget = budget
        self._end: float = min(monotonic() + budget.seconds, inf if within is None else within._end)

    def check(self, terms: int = 0) -> None:
        """Raises: Undecided when the time is over or an expression has more terms than the budget allows."""
        if terms > self.budget.terms:
            raise Undecided(f"budget of {self.budget.terms} terms exceeded")
        if monotonic() > self._end:
            raise Undecided(f"budget of {self.budget.seconds:g} seconds exceeded")


@contextmanager
def room_for_deep_expressions() -> Iterator[None]:
    """More frames than Python allows by itself.

    Raises: Undecided where even these do not suffice.
    """
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, DEEPEST))
    try:
        yield
    except RecursionError:
        raise Undecided("an expression nested too deeply") from None
    finally:
        sys.setrecursionlimit(limit)
