"""Sums in normal form: renaming, contraction of δ, and the splitting of a sum into connected parts."""

from collections.abc import Callable, Iterable
from fractions import Fraction
from itertools import combinations
from math import floor

from symbackprop.proof.index.engine import POSITIVE
from symbackprop.proof.index.functions import Functions
from symbackprop.proof.index.labels import Labels, Stale
from symbackprop.proof.index.poly import (
    INTEGER,
    ONE,
    TEMPORARY,
    ZERO,
    Atom,
    Base,
    Call,
    Delta,
    Entry,
    Exp,
    Index,
    Mono,
    Poly,
    Size,
    Sum,
    add,
    constant,
    scale,
    single,
    subtract,
    term,
)
from symbackprop.proof.index.ring import Factors, raise_factor
from symbackprop.proof.limits import Budget, Undecided

Dummies = tuple[Index, ...]
Renaming = dict[Index, Index]


class Sums(Functions):
    """Summation and everything that goes below a summation sign."""

    def __init__(self, budget: Budget, positive: frozenset[str]) -> None:
        super().__init__(budget, positive)
        self.labels = Labels(self)
        self._renamed: dict[tuple[Atom, tuple[tuple[Index, Index], ...]], Poly] = {}
        self._summed: dict[tuple[Mono, Dummies], Poly] = {}

    # ------------------------------------------------------------------ renaming

    def rename(self, p: Poly, names: Renaming) -> Poly:
        """p with free indices replaced, all at once."""
        names = {old: new for old, new in names.items() if old != new and old in p.free}
        if not names:
            return p
        return add(*(scale(self._rename_mono(mono, names), c) for mono, c in p.terms))

    def _rename_mono(self, mono: Mono, names: Renaming) -> Poly:
        if mono.free.isdisjoint(names):
            return term(mono)
        return self.map_factors(mono, lambda atom: self.rename_atom(atom, names))

    def map_factors(self, mono: Mono, image: Callable[[Atom], Poly | None]) -> Poly:
        """∏ image(a)^e; None stands for an atom that does not change."""
        kept: Factors = {}
        result = ONE
        for atom, exponent in mono.factors:
            changed = image(atom)
            if changed is None:
                kept[atom] = exponent
            else:
                result = self.multiply(result, self.power(changed, exponent))
        return self.multiply(result, self.reduce(kept)) if kept else result

    def rename_atom(self, atom: Atom, names: Renaming) -> Poly | None:
        """The atom with free indices replaced; None if it has none of them."""
        names = {old: new for old, new in names.items() if old in atom.free}
        if not names:
            return None
        key = atom, tuple(sorted(names.items()))
        known = self._renamed.get(key)
        if known is None:
            known = self._renamed[key] = self._rename_atom(atom, names)
        return known

    def _rename_atom(self, atom: Atom, names: Renaming) -> Poly:
        if isinstance(atom, Entry):
            return self.reduce({Entry(atom.name, tuple(names.get(i, i) for i in atom.indices)): Fraction(1)})
        if isinstance(atom, Delta):
            return self.delta(names.get(atom.first, atom.first), names.get(atom.second, atom.second))
        return self.map_parts(atom, lambda p: self.rename(p, names), names.values())

    def map_parts(self, atom: Atom, image: Callable[[Poly], Poly], indices: Iterable[Index] = ()) -> Poly:
        """The atom made anew with `image` on the polynomials inside; `indices` may become free in them."""
        if isinstance(atom, Call):
            return self.call(atom.function, atom.order, tuple(image(a) for a in atom.arguments))
        if isinstance(atom, Exp):
            return self.exponential(image(term(atom.exponent)))
        if isinstance(atom, Base):
            changed = image(atom.poly)
            if self.positive_atom(atom):  # which holds for all values of the indices
                self.learn_source(POSITIVE, changed)
            return changed
        if isinstance(atom, Sum):
            body, dummies = self.open(atom, indices)
            return self.summation(image(body), dummies)
        return self.reduce({atom: Fraction(1)})

    def open(self, atom: Sum, taken: Iterable[Index]) -> tuple[Poly, Dummies]:
        """Body and dummies of a sum, the dummies renamed to temporary ones that are neither free nor taken."""
        dummies = fresh([d.extent for d in atom.dummies], [*atom.free, *taken])
        return self.rename(term(atom.body), dict(zip(atom.dummies, dummies, strict=True))), dummies

    def delta(self, i: Index, j: Index) -> Poly:
        """Kronecker's δ; between different ranges it is undecided."""
        if i == j:
            return ONE
        if i.kind == INTEGER and j.kind == INTEGER:
            return ZERO
        first, second = sorted((i, j))
        if first.kind == INTEGER:
            if outside(first, second.extent):
                return ZERO
        elif first.extent != second.extent:
            raise Undecided(f"a Kronecker delta between the ranges {show(first.extent)} and {show(second.extent)}")
        return self.reduce({Delta(first, second): Fraction(1)})

    # ------------------------------------------------------------------ summation

    def summation(self, p: Poly, dummies: Dummies) -> Poly:
        """Σ over the dummies, term by term."""
        return add(*(scale(self.sum_mono(mono, dummies), c) for mono, c in p.terms)) if dummies else p

    def sum_mono(self, mono: Mono, dummies: Dummies) -> Poly:
        """Σ of one monomial."""
        known = self._summed.get((mono, dummies))
        if known is None:
            known = self._summed[mono, dummies] = self._sum_mono(mono, dummies)
            self.clock.check(len(known))
        return known

    def _sum_mono(self, mono: Mono, dummies: Dummies) -> Poly:
        contracted = self._contract(mono, dummies)
        if contracted is not None:
            return contracted
        bound = frozenset(dummies)
        outer = {a: e for a, e in mono.factors if a.free.isdisjoint(bound)}
        inner = {a: e for a, e in mono.factors if a not in outer}
        used = frozenset[Index]().union(*(a.free & bound for a in inner))
        result = self.reduce(outer)
        for dummy in dummies:
            if dummy not in used:
                result = self.multiply(result, extent_value(dummy.extent))
        if not inner:
            return result
        dummies = tuple(d for d in dummies if d in used)
        rest = self._merge(inner, dummies)
        if rest is None:
            rest = self._cancel(inner, dummies)
        if rest is None:
            rest = self._parts(inner, dummies)
        return self.multiply(result, rest)

    def _contract(self, mono: Mono, dummies: Dummies) -> Poly | None:
        """Σ_k δ_kj f(k) = f(j), where j lies in the range of k."""
        for delta, _ in mono.factors:
            if not isinstance(delta, Delta):
                continue
            for dummy, other in ((delta.second, delta.first), (delta.first, delta.second)):
                if dummy in dummies:
                    if other.kind == INTEGER:
                        self._note_inside(other, dummy.extent)
                    others = self.reduce({a: e for a, e in mono.factors if a is not delta})
                    body = self.rename(others, {dummy: other})
                    return self.summation(body, tuple(d for d in dummies if d != dummy))
        return None

    def _note_inside(self, position: Index, extent: str) -> None:
        """An integer index >= 1 lies in a symbolic range only under a condition on the size."""
        if extent[0] != "#" and position.name != "0":
            self.note(POSITIVE, subtract(extent_value(extent), constant(int(position.name))))

    def _merge(self, inner: Factors, dummies: Dummies) -> Poly | None:
        """Σ_k a(k) (Σ_l b(k,l)) = Σ_kl a(k) b(k,l)."""
        for atom in [a for a, e in inner.items() if isinstance(a, Sum) and e >= 1]:
            assert isinstance(atom, Sum)
            copies = floor(inner[atom])
            factors = dict(inner)
            raise_factor(factors, atom, Fraction(-copies))
            body = self.reduce(factors)
            for _ in range(copies):
                part, opened = self.open(atom, [*body.free, *dummies])
                body = self.multiply(body, part)
                dummies += opened
            return self.summation(body, dummies)
        return None

    def _parts(self, inner: Factors, dummies: Dummies) -> Poly:
        """Σ_kl a(k) b(l) = (Σ_k a(k)) (Σ_l b(l)): each connected part becomes an atom."""
        result = ONE
        for names, factors in components(inner, dummies):
            part = Mono(factors)
            try:
                atom, coefficient = self.labels.canonical(part, names)
            except Stale as stale:
                if stale.poly == term(part):
                    raise
                result = self.multiply(result, self.summation(stale.poly, names))
            else:
                result = self.multiply(result, scale(self.reduce({atom: Fraction(1)}), coefficient))
        return result

    # ------------------------------------------------------------------ cancellation inside a sum

    def _cancel(self, inner: Factors, dummies: Dummies) -> Poly | None:
        """Σ_kl a(k) b(k,l) S(k)⁻¹ with S(k) = Σ_l b(k,l) is Σ_k a(k); likewise where S leads a denominator."""
        for target in sorted(wanted(inner), key=lambda a: (-a.height, a.key)):
            found = self._find(target, inner, dummies)
            if found is None:
                continue
            rest, kept, coefficient = found
            raise_factor(rest, target, Fraction(1))
            body = self.reduce(rest)
            if inner.get(target, 0) < 0 or body != term(Mono(rest)):
                return scale(self.summation(body, kept), coefficient)
        return self.condition_in_sum(inner, dummies)

    def condition_in_sum(self, inner: Factors, dummies: Dummies) -> Poly | None:
        """A part of a sum rewritten by a side condition; a form without side conditions has none."""
        return None

    def _find(self, target: Sum, inner: Factors, dummies: Dummies) -> tuple[Factors, Dummies, Fraction] | None:
        """Dummies over which part of the product sums to c · target: the other factors, the other dummies, c."""
        for chosen, part in self.parts_like(target, inner, dummies):
            try:
                atom, coefficient = self.labels.canonical(Mono(part), chosen)
            except Stale:
                continue
            if atom == target:
                rest = {a: e for a, e in inner.items() if a not in part}
                return rest, tuple(d for d in dummies if d not in chosen), coefficient
        return None

    def parts_like(self, target: Sum, inner: Factors, dummies: Dummies) -> Iterable[tuple[Dummies, Factors]]:
        """Choices of dummies, each with the factors in which they occur, that may sum to `target`."""
        extents = sorted(d.extent for d in target.dummies)
        for chosen in combinations(dummies, len(extents)):
            if sorted(d.extent for d in chosen) != extents:
                continue
            part = {a: e for a, e in inner.items() if not a.free.isdisjoint(chosen)}
            if len(part) == len(target.body.factors) and len(components(part, chosen)) == 1:
                yield chosen, part


def fresh(extents: list[str], taken: Iterable[Index]) -> Dummies:
    """Temporary indices of the given ranges that are not taken; the same answer for the same question."""
    used = {i.name for i in taken if i.kind == TEMPORARY}
    names = (name for name in map(str, range(len(used) + len(extents))) if name not in used)
    return tuple(Index(TEMPORARY, name, extent) for name, extent in zip(names, extents, strict=False))


def outside(position: Index, extent: str) -> bool:
    """Whether an integer index certainly lies outside a range."""
    return extent[0] == "#" and int(position.name) >= int(extent[1:])


def extent_value(extent: str) -> Poly:
    """The size of a range as a value."""
    return constant(int(extent[1:])) if extent[0] == "#" else single(Size(extent))


def show(extent: str) -> str:
    """A range for a message."""
    return extent.removeprefix("#")


def wanted(inner: Factors) -> set[Sum]:
    """The sums that could cancel inside a product: in a denominator, or leading in one."""
    found: set[Sum] = set()
    for atom, exponent in inner.items():
        if exponent < 0 and isinstance(atom, Sum):
            found.add(atom)
        if exponent < 0 and isinstance(atom, Base) and atom.lead is not None:
            found.update(a for a, _ in atom.lead[0].factors if isinstance(a, Sum))
    return found


def components(inner: Factors, dummies: Dummies) -> list[tuple[Dummies, Factors]]:
    """The product split into parts that share no dummy."""
    parts: list[tuple[set[Index], Factors]] = []
    for atom, exponent in inner.items():
        names, factors = set(atom.free.intersection(dummies)), {atom: exponent}
        apart = []
        for other_names, other_factors in parts:
            if other_names & names:
                names |= other_names
                factors |= other_factors
            else:
                apart.append((other_names, other_factors))
        parts = [*apart, (names, factors)]
    return [(tuple(d for d in dummies if d in names), factors) for names, factors in parts]
