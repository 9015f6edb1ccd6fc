"""Canonical names for the dummies of a sum, by individualisation and refinement.

Labelling only renames: a bad choice of names loses a proof, it cannot make a false one.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from symbackprop.proof.index.poly import BOUND, Index, Mono, Poly, Sum, term
from symbackprop.proof.limits import Undecided

if TYPE_CHECKING:
    from symbackprop.proof.index.engine import Engine

Dummies = tuple[Index, ...]
Colours = dict[Index, int]
# Ways to name the dummies that are compared: 7! is more than any sum that is not pathological needs.
MOST_LEAVES = 5040


class Stale(Undecided):
    """The body is not in normal form any more, for more is known now than when it was made; `poly` is its form."""

    def __init__(self, poly: Poly) -> None:
        super().__init__("the form of a sum depends on the names of its dummies")
        self.poly = poly


class Labels:
    """The canonical labellings found so far in one context.

    Looks guide the search, unless `blind`: where a side condition such as A[i,j] = A[j,i] exchanges indices, what
    a dummy looks like depends on its name, and every order is tried.
    """

    def __init__(self, engine: Engine, blind: bool = False) -> None:
        self.engine, self.blind = engine, blind
        self._known: dict[tuple[Mono, Dummies], tuple[Sum, Fraction]] = {}

    def canonical(self, body: Mono, dummies: Dummies) -> tuple[Sum, Fraction]:
        """The atom Σ and the number c with Σ_dummies body = c · atom.

        Raises: Stale
        """
        known = self._known.get((body, dummies))
        if known is None:
            known = self._known[body, dummies] = Search(self, body, dummies).best()
        return known


class Search:
    """One search for the least name of a sum."""

    def __init__(self, labels: Labels, body: Mono, dummies: Dummies) -> None:
        self.engine, self.blind = labels.engine, labels.blind
        self.body, self.dummies = body, dummies
        self.factors = {d: [(a, e) for a, e in body.factors if d in a.free] for d in dummies}
        self.leaves = 0
        self.least: tuple[str, Sum, Fraction] | None = None
        self._twins: dict[tuple[Index, Index], bool] = {}

    def best(self) -> tuple[Sum, Fraction]:
        """The labelling whose body reads least."""
        extents = sorted({d.extent for d in self.dummies})
        self._branch({d: extents.index(d.extent) for d in self.dummies})
        assert self.least is not None
        return self.least[1], self.least[2]

    def _branch(self, colours: Colours) -> None:
        """Refines, then individualises each dummy of the first cell that is not single, one of all twins."""
        if not self.blind:
            colours = self._refine(colours)
        cells: dict[int, list[Index]] = {}
        for dummy, colour in colours.items():
            cells.setdefault(colour, []).append(dummy)
        split = [cells[colour] for colour in sorted(cells) if len(cells[colour]) > 1]
        if not split:
            self._leaf(sorted(self.dummies, key=lambda d: colours[d]))
            return
        tried: list[Index] = []
        for dummy in split[0]:
            if not any(self._are_twins(dummy, other) for other in tried):
                tried.append(dummy)
                self._branch({d: 2 * c - (d == dummy) for d, c in colours.items()})

    def _refine(self, colours: Colours) -> Colours:
        """Colours by what each dummy occurs in, until no cell is split any more."""
        while len(set(colours.values())) < len(colours):
            looks = {d: (colours[d], self._look(d, colours)) for d in colours}
            order = {look: rank for rank, look in enumerate(sorted(set(looks.values())))}
            if len(order) == len(set(colours.values())):
                break
            colours = {d: order[looks[d]] for d in colours}
        return colours

    def _look(self, dummy: Index, colours: Colours) -> tuple[tuple[str, Fraction], ...]:
        names = {d: f"!{c}" for d, c in colours.items()} | {dummy: "!*"}
        return tuple(sorted((atom.pattern(names, True), exponent) for atom, exponent in self.factors[dummy]))

    def _leaf(self, order: list[Index]) -> None:
        self.leaves += 1
        self.engine.clock.check(self.leaves)
        if self.leaves > MOST_LEAVES:
            raise Undecided("a sum with too many symmetries to name its dummies")
        height = self.body.height + 1
        names = {d: Index(BOUND, f"{height:03d}.{n:02d}", d.extent) for n, d in enumerate(order)}
        renamed = self.engine.rename(term(self.body), names)
        # Dummies are told apart from those of inner sums by the height.
        if len(renamed) != 1 or renamed.terms[0][0].height != self.body.height:
            raise Stale(self.engine.rename(renamed, {new: old for old, new in names.items()}))
        ((body, coefficient),) = renamed.terms
        if self.least is None or body.key < self.least[0]:
            self.least = body.key, Sum(tuple(names.values()), body), coefficient

    def _are_twins(self, one: Index, other: Index) -> bool:
        """Whether exchanging two dummies changes nothing."""
        pair = (one, other) if one < other else (other, one)
        if pair not in self._twins:
            body: Poly = term(self.body)
            swap = {one: other, other: one}
            self._twins[pair] = one.extent == other.extent and self.engine.rename(body, swap) == body
        return self._twins[pair]
