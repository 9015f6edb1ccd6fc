"""How far a proof may go, and what it says when it goes no further."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic

from symbackprop.errors import GraphError

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

    The search for a counterexample or a witness, which follows, may take half as long again, and so may the random
    evaluations after a search without success. Where the proof is one of several for the same verdict, `within` is the
    clock of all of them. Of a part, `whole` is the time of all.

    Raises: GraphError for what is no number of terms or seconds.
    """

    terms: int = 200_000
    seconds: float = 20.0
    within: Clock | None = field(default=None, compare=False, repr=False)
    whole: float | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.terms, int) or isinstance(self.terms, bool) or self.terms < 1:
            raise GraphError(f"Budget(terms={self.terms!r}): expected an integer, at least 1")
        number = isinstance(self.seconds, (int, float)) and not isinstance(self.seconds, bool)
        if not (number and self.seconds >= 0):  # what is not a number is not even that
            raise GraphError(f"Budget(seconds={self.seconds!r}): expected a number of seconds, at least 0")

    def part(self, share: float) -> Budget:
        """That share of the time."""
        whole = self.seconds if self.whole is None else self.whole
        return Budget(self.terms, self.seconds * share, self.within, whole)

    def time(self) -> str:
        """`budget of 20 seconds`, or the share of it: what a reader is told when the time is over."""
        if self.whole is None:
            return f"budget of {self.seconds:g} seconds"
        return f"share of {self.seconds:g} seconds in the budget of {self.whole:g} seconds"


class Clock:
    """Watches one budget from the moment at which it is made; a clock made from others ends no later than those."""

    def __init__(self, budget: Budget, within: Clock | None = None) -> None:
        self.budget = budget
        self._end, self._time = monotonic() + budget.seconds, budget.time()
        for outer in (within, budget.within):
            if outer is not None and outer._end < self._end:
                self._end, self._time = outer._end, outer._time

    def over(self) -> bool:
        """Whether the time is over."""
        return monotonic() > self._end

    def check(self, terms: int = 0) -> None:
        """Raises: Undecided when the time is over or an expression has more terms than the budget allows."""
        if terms > self.budget.terms:
            raise Undecided(f"budget of {self.budget.terms} terms exceeded")
        if self.over():
            raise Undecided(f"{self._time} exceeded")


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
