"""Side conditions such as Σ_k y[k] = 1, as rewriting of a finished form.

They hold on part of space only: differentiating after one has been used proves false statements (d Σy/dy = d1/dy = 0).
So they live in an engine of their own, which reads and differentiates nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from symbackprop.proof.index.engine import Engine
from symbackprop.proof.index.labels import Labels
from symbackprop.proof.index.poly import (
    INTEGER,
    ONE,
    Atom,
    Base,
    Entry,
    Index,
    Mono,
    Poly,
    Sum,
    add,
    is_unit,
    leading_term,
    scale,
    subtract,
    term,
)
from symbackprop.proof.index.ring import Factors, divided, divides, remainder
from symbackprop.proof.index.sums import Dummies, Sums, outside

# Entries of symmetric quantities in one rule, each of which may stand exchanged.
MOST_EXCHANGED = 4


@dataclass(frozen=True, slots=True)
class Rule:
    """left = right for all values of the wild indices.

    Where the right side is the left one with indices exchanged, as in A[i,j] = A[j,i], it is used in one direction
    only, towards the lesser key.
    """

    left: Mono
    right: Poly
    wild: tuple[Index, ...]

    @property
    def exchanges(self) -> bool:
        """Whether both sides look the same but for their indices."""
        blank = dict.fromkeys(self.wild, "?")
        return self.right.pattern(blank, True) == term(self.left).pattern(blank, True)


def rule(engine: Sums, left: Poly, right: Poly, wild: tuple[Index, ...]) -> Rule | None:
    """left = right solved for the left side if that is one term, otherwise for the leading term; None if none leads.

    Sizes go to the other side: mean(x) = c is Σx = n c.
    """
    whole = subtract(left, right)
    if len(left) == 1 and left.terms[0][0] not in dict(right.terms):
        lead = left.terms[0][0]
    else:
        found = leading_term(whole) if whole else None
        if found is None:
            return None
        lead = found[0]
    units = {a: -e for a, e in lead.factors if is_unit(a)}
    mono = Mono({a: e for a, e in lead.factors if a not in units})
    solved = scale(remainder(whole, lead), -1 / dict(whole.terms)[lead])
    rest = engine.multiply(solved, engine.reduce(units))
    if not mono.factors or any(e < 0 for _, e in mono.factors) or not mono.free.issuperset(whole.free):
        return None
    if any(divides(mono, dict(m.factors)) for m, _ in rest.terms):
        return None
    return Rule(mono, rest, tuple(i for i in wild if i in mono.free))


def with_exchanges(engine: Sums, rules: list[Rule]) -> list[Rule]:
    """The rules, each also with the entries exchanged that another rule exchanges: B A = 1 is B Aᵀ = 1 for A = Aᵀ."""
    symmetric = {
        pattern.name: condition
        for condition in rules
        if condition.exchanges and len(condition.left.factors) == 1
        for pattern, exponent in condition.left.factors
        # A[i,j]² = A[j,i]² says nothing about A[i,j], and a rule for A[i,i,j] nothing about other entries.
        if exponent == 1 and isinstance(pattern, Entry) and sorted(pattern.indices) == sorted(condition.wild)
    }
    found = list(rules)
    for condition in rules:
        if not condition.exchanges:
            for left in _exchanged(engine, condition.left, symmetric):
                if left not in [known.left for known in found]:
                    found.append(Rule(left, condition.right, condition.wild))
    return found


def _exchanged(engine: Sums, left: Mono, symmetric: Mapping[str, Rule]) -> list[Mono]:
    """The left side of a rule with some of the entries of symmetric quantities exchanged."""
    body, dummies = term(left), Dummies()
    for atom, exponent in left.factors if len(left.factors) == 1 else ():
        if isinstance(atom, Sum) and exponent == 1:
            body, dummies = engine.open(atom, ())
    if len(body) != 1 or body.terms[0][1] != 1:
        return []
    factors = body.terms[0][0].factors
    places = [k for k, (atom, e) in enumerate(factors) if isinstance(atom, Entry) and atom.name in symmetric and e == 1]
    found = []
    for chosen in product((False, True), repeat=len(places)) if len(places) <= MOST_EXCHANGED else ():
        changed: Poly = ONE
        for k, (atom, e) in enumerate(factors):
            image = term(Mono({atom: e}))
            if k in places and chosen[places.index(k)] and isinstance(atom, Entry):
                image = _image(engine, symmetric[atom.name], atom)
            changed = engine.multiply(changed, image)
        whole_changed = engine.summation(changed, dummies)
        if len(whole_changed) == 1 and whole_changed.terms[0][1] == 1:
            found.append(whole_changed.terms[0][0])
    return found


def _image(engine: Sums, condition: Rule, atom: Entry) -> Poly:
    """The right side of an exchange for the indices of the atom."""
    ((pattern, _),) = condition.left.factors
    assert isinstance(pattern, Entry)
    return engine.rename(condition.right, dict(zip(pattern.indices, atom.indices, strict=True)))


class Conditioned(Sums):
    """Normal forms modulo side conditions; `plain` is the context whose forms are rewritten."""

    def __init__(self, plain: Sums, rules: Iterable[Rule]) -> None:
        super().__init__(plain.clock.budget, plain.positive_names)
        self.plain = plain
        self.rules = tuple(rules)
        self.labels = Labels(self, blind=any(condition.exchanges for condition in self.rules))
        self.continue_from(plain)
        self._rebuilt: dict[Atom, Poly] = {}
        self._arguments: list[Poly] = []

    def continue_from(self, other: Engine) -> None:
        """Takes over what another engine knows and has noted; what this one adds stays its own until it succeeds."""
        self.clock = other.clock
        self.facts = {key: set(kinds) for key, kinds in other.facts.items()}
        self.noted = dict(other.noted)

    def rebuild(self, p: Poly) -> Poly:
        """p made anew from its atoms upwards, with every fact now known and every side condition."""
        return add(*(scale(self.map_factors(mono, self._rebuild_atom), c) for mono, c in p.terms))

    def _rebuild_atom(self, atom: Atom) -> Poly:
        known = self._rebuilt.get(atom)
        if known is None:
            known = self._rebuilt[atom] = self.map_parts(atom, self.rebuild)
        return known

    def call(self, function: str, order: int, arguments: tuple[Poly, ...]) -> Poly:
        """Arguments with denominators are compared with earlier ones, so that equal ones become one atom."""
        return super().call(function, order, tuple(map(self._representative, arguments)))

    def exponential(self, p: Poly) -> Poly:
        """As for `call`."""
        return super().exponential(self._representative(p))

    def _representative(self, p: Poly) -> Poly:
        """The first argument seen that is p, which may look different when both have denominators."""
        if not any(isinstance(atom, Base) for mono, _ in p.terms for atom, _ in mono.factors):
            return p
        for seen in self._arguments:
            if not self.clear(subtract(p, seen)):
                return seen
        self._arguments.append(p)
        return p

    def side_condition(self, factors: Factors) -> Poly | None:
        """The product with the first instance of a left side replaced by the right side."""
        for condition in self.rules:
            if len(condition.left.factors) == 1 and condition.left.factors[0][1] == 1:
                found = self._replace_atom(condition, factors)
            else:
                found = self._replace_product(condition, factors)
            if found is not None:
                return found
        return None

    def _replace_atom(self, condition: Rule, factors: Factors) -> Poly | None:
        """One atom, to whatever power."""
        for atom, exponent in factors.items():
            right = self._match(condition, atom)
            if right is not None:
                itself = term(Mono({atom: Fraction(1)}))  # as x[0] is for x[i] = x[0]
                if right == itself or (condition.exchanges and right.key >= itself.key):
                    continue
                rest = self.reduce({a: e for a, e in factors.items() if a is not atom})
                return self.multiply(rest, self.power(self.rebuild(right), exponent))
        return None

    def _replace_product(self, condition: Rule, factors: Factors) -> Poly | None:
        """A product that divides the given one."""
        free = frozenset[Index]().union(*(atom.free for atom in factors))
        for names in assignments(condition.wild, free):
            left = self.plain.rename(term(condition.left), names)
            if len(left) == 1 and left.terms[0][1] == 1 and divides(left.terms[0][0], factors):
                rest = self.reduce(divided(factors, left.terms[0][0]))
                return self.multiply(rest, self.rebuild(self.plain.rename(condition.right, names)))
        return None

    def _match(self, condition: Rule, atom: Atom) -> Poly | None:
        """The right side for the values of the wild indices at which the left side is the atom."""
        ((pattern, _),) = condition.left.factors
        if type(pattern) is not type(atom) or len(pattern.free) < len(atom.free):
            return None
        indices = [*atom.free, *(i for i in getattr(atom, "indices", ()) if i.kind == INTEGER)]
        for names in assignments(condition.wild, indices):
            if self.plain.rename(term(condition.left), names) == term(Mono({atom: Fraction(1)})):
                return self.plain.rename(condition.right, names)
        return None

    def condition_in_sum(self, inner: Factors, dummies: Dummies) -> Poly | None:
        """A part of a sum that is the left side of a condition: Σ_bk a(b) Y[b,k] = Σ_b a(b)."""
        for condition in self.rules:
            pattern, exponent = condition.left.factors[0]
            if len(condition.left.factors) > 1 or exponent != 1 or not isinstance(pattern, Sum):
                continue
            for chosen, part in self.parts_like(pattern, inner, dummies):
                atom, coefficient = self.plain.labels.canonical(Mono(part), chosen)
                right = self._match(condition, atom)
                if right is not None:
                    rest = self.reduce({a: e for a, e in inner.items() if a not in part})
                    kept = tuple(d for d in dummies if d not in chosen)
                    return scale(self.summation(self.multiply(rest, self.rebuild(right)), kept), coefficient)
        return None


def assignments(wild: tuple[Index, ...], indices: Iterable[Index]) -> Iterable[dict[Index, Index]]:
    """All ways to give each wild index one of the indices that can stand in its range."""
    candidates = sorted(set(indices))
    for chosen in product(*([i for i in candidates if may_stand_for(i, w)] for w in wild)):
        yield dict(zip(wild, chosen, strict=True))


def may_stand_for(i: Index, wild: Index) -> bool:
    """Whether i is a value of the wild index: the same range, or an integer certainly inside."""
    if i.kind != INTEGER:
        return i.extent == wild.extent
    return i.name == "0" or (wild.extent[0] == "#" and not outside(i, wild.extent))
