"""What the normal form itself does not see: sums that vanish term by term, cases of signs, short concrete sums.

Each stage only ever answers "zero" for what is zero; where it fails, the form stays undecided.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import permutations, product
from math import factorial, prod

from symbackprop.proof.index.engine import IMPLIED, NONNEGATIVE, NONZERO, POSITIVE, Undefined, content
from symbackprop.proof.index.poly import (
    BOUND,
    FREE,
    ONE,
    ZERO,
    Atom,
    Base,
    Call,
    Exp,
    Index,
    Indicator,
    Mono,
    Poly,
    Sum,
    add,
    integer_index,
    leading_term,
    scale,
    term,
)
from symbackprop.proof.index.ring import Factors, raise_factor, remainder
from symbackprop.proof.index.rules import Conditioned, Rule
from symbackprop.proof.index.sums import Dummies, extent_value
from symbackprop.proof.limits import Clock, Undecided

# Orders of the dummies of one sum that are tried, signs that are distinguished, entries that a sum is written out to.
MOST_ORDERS = 6
MOST_SIGNS = 5
MOST_ENTRIES = 64
# Most forms that get here are not 0, and the effort to see that is to be small against that for the form itself.
MOST_STAGE_TERMS = 1000
IMPLIED_BY_SIGN = {1: IMPLIED[POSITIVE], 0: (NONNEGATIVE,), -1: (NONZERO,)}


def proof_by_stages(engine: Conditioned, p: Poly) -> Conditioned | None:
    """The engine that finds that p is 0 after all, with the conditions it noted; None if no stage does.

    Each stage works in an engine of its own, so that nothing is left of what a failed one has assumed.
    """
    budget = engine.clock.budget
    for stage, kind in ((vanishes_in_common_sum, Conditioned), (vanishes_written_out, WrittenOut)):
        own = kind(engine.plain, engine.rules)
        own.continue_from(engine)
        own.clock = Clock(replace(budget.part(1 / 4), terms=min(MOST_STAGE_TERMS, budget.terms)), engine.clock)
        try:
            if stage(own, p):
                return own
        except Undecided:
            continue
    return None


def vanishes_in_common_sum(engine: Conditioned, p: Poly) -> bool:
    """Whether p is 0 by its terms under one common sum and by cases."""
    body = common_body(engine, p) if hides_something(p) else None
    return vanishes_by_cases(engine, p if body is None else engine.clear(body), {})


# ---------------------------------------------------------------------------------------- one common sum


def hides_something(p: Poly) -> bool:
    """Whether a sum contains denominators or indicators, for which equal bodies may look different."""
    bodies = [atom.body for mono, _ in p.terms for atom, e in mono.factors if isinstance(atom, Sum) and e >= 1]
    return any(isinstance(atom, Base | Indicator) for body in bodies for atom, _ in body.factors)


def common_body(engine: Conditioned, p: Poly) -> Poly | None:
    """A body b with p = Σ b over enough dummies, the same for every order of the dummies; None if there are too many.

    The dummies become free indices with names of their own: a statement about b is one for each of their values.
    """
    opened = [(c, *pulled_out(engine, mono)) for mono, c in p.terms]
    most: Counter[str] = Counter()
    for _, _, dummies in opened:
        most |= Counter(d.extent for d in dummies)
    taken = {i.name for mono, _ in p.terms for i in mono.free}  # a body may stand below another one
    free = [name for n in range(len(taken) + most.total()) if (name := f"#{n}") not in taken]
    names = {extent: [Index(FREE, name, extent) for name in free[:count]] for extent, count in most.items()}
    orders = prod(factorial(count) for count in most.values())
    if orders > MOST_ORDERS:
        return None
    summed: list[Poly] = []
    for coefficient, body, dummies in opened:
        present = Counter(d.extent for d in dummies)
        missing = [engine.power(extent_value(e), Fraction(present[e] - most[e])) for e in sorted(most)]
        for factor in missing:
            body = engine.multiply(body, factor)
        summed.extend(scale(engine.rename(body, way), coefficient / orders) for way in ways(dummies, names))
    return add(*summed)


def pulled_out(engine: Conditioned, mono: Mono) -> tuple[Poly, Dummies]:
    """A product of sums as one sum: its body and its dummies."""
    factors: Factors = {}
    sums: list[Sum] = []
    for atom, exponent in mono.factors:
        copies = int(exponent) if isinstance(atom, Sum) and exponent >= 1 else 0
        sums += [atom] * copies if isinstance(atom, Sum) else []
        raise_factor(factors, atom, exponent - copies)
    body, dummies = engine.reduce(factors), Dummies()
    for atom in sums:
        part, more = engine.open(atom, [*body.free, *dummies])
        body, dummies = engine.multiply(body, part), (*dummies, *more)
    return body, dummies


def ways(dummies: Dummies, names: dict[str, list[Index]]) -> Iterator[dict[Index, Index]]:
    """All ways to give the dummies names of their ranges; each as often as there are orders of the names left over."""
    extents = sorted(names)
    for orders in product(*(permutations(names[extent]) for extent in extents)):
        supply = {extent: iter(order) for extent, order in zip(extents, orders, strict=True)}
        yield {dummy: next(supply[dummy.extent]) for dummy in dummies}


# ---------------------------------------------------------------------------------------- cases of signs


class Case(Conditioned):
    """Normal forms where some quantities, with the indices that they have, are known to be > 0, = 0 or < 0."""

    def __init__(self, engine: Conditioned, signs: dict[Poly, int]) -> None:
        zeros = [found for u, sign in signs.items() if not sign and (found := zero_rule(u)) is not None]
        super().__init__(engine.plain, [*engine.rules, *zeros])
        self.continue_from(engine)
        self.noted = engine.noted  # all cases are needed, and so are the conditions of each
        self.signs = dict(signs) | {scale(u, -1): -sign for u, sign in signs.items()}

    def learn_source(self, kind: str, p: Poly) -> None:
        """Nothing: a sign in this case says nothing about other values of the indices."""

    def knows(self, kind: str, p: Poly) -> bool:
        """Also the signs of this case, for the very same indices."""
        sign = self.signs.get(scale(p, 1 / content(p))) if p else None
        return (sign is not None and kind in IMPLIED_BY_SIGN[sign]) or super().knows(kind, p)

    def positive_indicator(self, u: Poly) -> Poly:
        """[u > 0] where the sign of u may be known."""
        sign = self.signs.get(u)
        return super().positive_indicator(u) if sign is None else ONE if sign > 0 else ZERO

    def zero_indicator(self, u: Poly) -> Poly:
        """[u = 0] where the sign of u may be known."""
        sign = self.signs.get(u)
        return super().zero_indicator(u) if sign is None else ZERO if sign else ONE


def zero_rule(u: Poly) -> Rule | None:
    """u = 0 solved for its leading term."""
    lead = leading_term(u)
    return None if lead is None else Rule(lead[0], scale(remainder(u, lead[0]), -1 / lead[1]), ())


def vanishes_by_cases(engine: Conditioned, p: Poly, signs: dict[Poly, int]) -> bool:
    """Whether p is 0 in each of the cases u > 0, u = 0 and u < 0, for the arguments u of its indicators in turn."""
    if not engine.clear(p):
        return True
    open_signs = sorted(undetermined(p), key=lambda u: (sum(len(m.factors) for m, _ in u.terms), len(u.key), u.key))
    if not open_signs or len(signs) >= MOST_SIGNS:
        return False
    return all(holds_in_case(engine, p, {**signs, open_signs[0]: sign}) for sign in (1, -1, 0))


def holds_in_case(engine: Conditioned, p: Poly, signs: dict[Poly, int]) -> bool:
    """Whether p is 0 where the given quantities have the given signs; it is, where it has no value or they cannot."""
    if contradict(engine, signs):
        return True
    case = Case(engine, signs)
    try:
        rebuilt = case.clear(case.rebuild(p))
    except Undefined:
        return True
    return vanishes_by_cases(engine, rebuilt, signs)


def contradict(engine: Conditioned, signs: dict[Poly, int]) -> bool:
    """Whether quantities one of which is > 0, the others >= 0, have a sum that is <= 0."""
    for choice in product(*((0, sign) if sign else (0, 1, -1) for sign in signs.values())):
        strict = any(chosen and sign for chosen, sign in zip(choice, signs.values(), strict=True))
        total = add(*(scale(u, chosen) for u, chosen in zip(signs, choice, strict=True)))
        if strict and engine.nonnegative_poly(scale(total, -1)):
            return True
    return False


def undetermined(p: Poly) -> Iterator[Poly]:
    """The arguments of the indicators in p that have one value at a point."""
    for mono, _ in p.terms:
        for atom, _ in mono.factors:
            yield from undetermined_in(atom)


def undetermined_in(atom: Atom) -> Iterator[Poly]:
    """The same for an atom; what depends on the dummy of a sum has many values."""
    for part in parts(atom):
        yield from (u for u in undetermined(part) if all(i.kind != BOUND for i in u.free))
    if isinstance(atom, Indicator):
        yield atom.arguments[0]


def parts(atom: Atom) -> tuple[Poly, ...]:
    """The polynomials inside an atom."""
    if isinstance(atom, Call):
        return atom.arguments
    if isinstance(atom, Exp):
        return (term(atom.exponent),)
    if isinstance(atom, Base):
        return (atom.poly,)
    return (term(atom.body),) if isinstance(atom, Sum) else ()


# ---------------------------------------------------------------------------------------- written out


class WrittenOut(Conditioned):
    """Normal forms in which every sum over a concrete range is written out."""

    def sum_mono(self, mono: Mono, dummies: Dummies) -> Poly:
        """Σ_{k<3} a(k) = a(0) + a(1) + a(2)."""
        for dummy in dummies:
            if dummy.extent[0] == "#" and int(dummy.extent[1:]) <= MOST_ENTRIES:
                rest = tuple(d for d in dummies if d != dummy)
                values = [self.rename(term(mono), {dummy: integer_index(k)}) for k in range(int(dummy.extent[1:]))]
                return self.summation(add(*values), rest)
        return super().sum_mono(mono, dummies)


def vanishes_written_out(engine: Conditioned, p: Poly) -> bool:
    """Whether p is 0 for every value of its indices with a concrete range, in an engine that writes sums out."""
    if ":#" not in p.key:
        return False
    concrete = sorted(i for i in p.free if i.extent[0] == "#")
    ranges = [range(int(i.extent[1:])) for i in concrete]
    if prod(len(values) for values in ranges) > MOST_ENTRIES:
        return False
    for place in product(*ranges):
        chosen = {i: integer_index(value) for i, value in zip(concrete, place, strict=True)}
        written = engine.rebuild(engine.plain.rename(p, chosen))
        if not vanishes_by_cases(engine, written, {}):
            return False
    return True
