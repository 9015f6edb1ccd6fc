"""How far a proof may go, and what it says when it goes no further."""

from dataclasses import dataclass
from time import monotonic


class Undecided(Exception):
    """Neither proved nor refuted; `reason` says why in one line."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Budget:
    """The largest number of terms of an expression and the longest time in seconds that a proof may take."""

    terms: int = 200_000
    seconds: float = 20.0


class Clock:
    """Watches one budget from the moment at which it is made."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self._end = monotonic() + budget.seconds

    def check(self, terms: int = 0) -> None:
        """Raises: Undecided when the time is over or an expression has more terms than the budget allows."""
        if terms > self.budget.terms:
            raise Undecided(f"budget of {self.budget.terms} terms exceeded")
        if monotonic() > self._end:
            raise Undecided(f"budget of {self.budget.seconds:g} seconds exceeded")
