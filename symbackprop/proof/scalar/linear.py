"""Sparse linear systems over ℚ: numbers x_j with Σ x_j row_j = target.

An unknown that stands alone in one of the equations is settled at once; that is most of them. What is left is solved
modulo a prime first, which says which unknowns need not be 0, and these are found over ℚ.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flint import fmpq_mat, nmod_mat

from symbackprop.proof.limits import Clock
from symbackprop.proof.scalar.points import P

Row = Mapping[int, Any]  # place -> rational number, not 0

# Beyond these numbers of cells a matrix is not reduced: that could not be interrupted.
MOST_CELLS, MOST_EXACT_CELLS = 400_000, 40_000


def combination(rows: Sequence[Row], target: Row, clock: Clock) -> dict[int, Any] | None:
    """{j: x_j} without zeros, such that Σ x_j row_j is the target modulo P at least; None if that was not found.

    Raises: Undecided when time is up.
    """
    system = _System(rows, target)
    if not system.settle(clock):
        return None
    clock.check()
    core = _solve(system.rows, system.rest)
    return None if core is None else system.settled | core


class _System:
    """Equations at each place, and the unknowns that are settled."""

    def __init__(self, rows: Sequence[Row], target: Row) -> None:
        self.rows = dict(enumerate(rows))
        self.rest = dict(target)
        self.settled: dict[int, Any] = {}
        self._unknowns: dict[int, set[int]] = {place: set() for place in target}
        for j, row in self.rows.items():
            for place in row:
                self._unknowns.setdefault(place, set()).add(j)

    def settle(self, clock: Clock) -> bool:
        """Settle unknowns as long as one stands alone at some place; False if an equation has no solution."""
        pending = list(self._unknowns)
        while pending:
            clock.check()
            place = pending.pop()
            unknowns = self._unknowns[place]
            if not unknowns and self.rest.get(place, 0) != 0:
                return False
            if len(unknowns) == 1:
                j = next(iter(unknowns))
                pending.extend(self.rows[j])
                self._settle(j, self.rest.get(place, 0) / self.rows[j][place])
        return True

    def _settle(self, j: int, value: Any) -> None:
        for place, c in self.rows.pop(j).items():
            self._unknowns[place].discard(j)
            if value != 0:
                self.rest[place] = self.rest.get(place, 0) - value * c
        if value != 0:
            self.settled[j] = value


def _solve(rows: Mapping[int, Row], target: Row) -> dict[int, Any] | None:
    """As `combination`, by elimination; the first rows are preferred."""
    names = sorted(rows)
    places = sorted({place for row in rows.values() for place in row})
    columns = [*(rows[j] for j in names), target]
    if not names:
        return {}
    if len(places) * len(columns) > MOST_CELLS or any(c.q % P == 0 for row in rows.values() for c in row.values()):
        return None
    reduced, pivots = _echelon([[column.get(place, 0) for column in columns] for place in places])
    if len(names) in pivots:
        return None
    support = [names[column] for k, column in enumerate(pivots) if int(reduced[k, len(names)])]
    return _exact({j: rows[j] for j in support}, target, places)


def _exact(rows: Mapping[int, Row], target: Row, places: Sequence[int]) -> dict[int, Any] | None:
    """The x_j over ℚ, for rows that are independent modulo P, from as many places as determine them."""
    n = len(rows)
    if n == 0:
        return {}
    if n * n > MOST_EXACT_CELLS:
        return None
    _, pivots = _echelon([[row.get(place, 0) for place in places] for row in rows.values()])
    chosen = [places[column] for column in pivots]
    matrix = fmpq_mat(n, n, [row.get(place, 0) for place in chosen for row in rows.values()])
    solution = matrix.solve(fmpq_mat(n, 1, [target.get(place, 0) for place in chosen]))
    return {j: solution[k, 0] for k, j in enumerate(rows) if solution[k, 0] != 0}


def _echelon(table: Sequence[Sequence[Any]]) -> tuple[Any, list[int]]:
    """The reduced echelon form modulo P and the columns of its pivots."""
    reduced, rank = nmod_mat(len(table), len(table[0]), _residues(x for line in table for x in line), P).rref()
    pivots: list[int] = []
    for k in range(rank):
        column = pivots[-1] + 1 if pivots else 0
        while not int(reduced[k, column]):
            column += 1
        pivots.append(column)
    return reduced, pivots


def _residues(numbers: Iterable[Any]) -> list[int]:
    """Rational numbers modulo P, wrong for a denominator that P divides."""
    return [int(x.p) * pow(int(x.q), P - 2, P) % P if x else 0 for x in numbers]
