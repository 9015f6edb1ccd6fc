"""The data of the index normal form: indices, atoms, monomials and polynomials, frozen and with cached keys.

A polynomial maps monomials to rationals, a monomial maps atoms to rational exponents. A key spells its object out in
full with every name quoted, so that equal keys mean equal objects; sorting by keys makes everything deterministic.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

INTEGER, FREE, BOUND, TEMPORARY = range(4)
# Functions with rules; no function of the user can have such a name.
LOG, SIN, COS, ERF, IS_POSITIVE, IS_ZERO = "#log", "#sin", "#cos", "#erf", "#positive", "#zero"


class Index(NamedTuple):
    """An integer, a free index of the user, the dummy of a sum in normal form, or a dummy of a sum that is open.

    `extent` is the name of a symbolic size or `#3` for the concrete size 3; the tuple order says which of two
    indices that δ identifies is kept.
    """

    kind: int
    name: str
    extent: str

    @property
    def text(self) -> str:
        return self.name if self.kind == INTEGER else f"{'.!%~'[self.kind]}{self.name!r}:{self.extent}"


def integer_index(value: int) -> Index:
    """The index with the given value."""
    return Index(INTEGER, str(value), "")


Names = Mapping[Index, str]


class Keyed:
    """An object that is what its key says."""

    __slots__ = ("_hash", "free", "height", "key")
    key: str
    free: frozenset[Index]  # indices that occur free, integers left out
    height: int  # nesting depth of sums

    def __init__(self, key: str, parts: Iterable["Keyed"] = (), indices: Iterable[Index] = ()) -> None:
        parts = tuple(parts)
        self.key = key
        self._hash = hash(key)
        free = frozenset(i for i in indices if i.kind != INTEGER)
        self.free = free.union(*(part.free for part in parts)) if parts else free
        self.height = max((part.height for part in parts), default=0)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Keyed) and self.key == other.key)

    def __repr__(self) -> str:
        return self.key


class Atom(Keyed):
    """What a monomial multiplies; `active` atoms obey relations that the product has to look for."""

    __slots__ = ("__dict__",)
    active = False

    def pattern(self, names: Names, blind: bool) -> str:
        """The key with the free indices renamed for comparison; `blind` also hides inner dummies."""
        raise NotImplementedError

    @cached_property
    def shape(self) -> str:
        """A text that no renaming of dummies changes: only integers and the user's free indices show."""
        if all(i.kind == FREE for i in self.free):
            return self.key
        return self.pattern({i: f"?{i.extent}" for i in self.free if i.kind != FREE}, True)


class Size(Atom):
    """A symbolic size, used as a value."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        super().__init__(f"n{name!r}")
        self.name = name

    def pattern(self, names: Names, blind: bool) -> str:
        return self.key


class Constant(Atom):
    """A positive real constant that is taken as transcendental: π."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        super().__init__(f"c{name!r}")
        self.name = name

    def pattern(self, names: Names, blind: bool) -> str:
        return self.key


class Prime(Atom):
    """A natural number of which only proper fractional powers occur."""

    __slots__ = ("number",)
    active = True

    def __init__(self, number: int) -> None:
        super().__init__(f"p{number}")
        self.number = number

    def pattern(self, names: Names, blind: bool) -> str:
        return self.key


class Entry(Atom):
    """name[indices]; a scalar has none."""

    __slots__ = ("indices", "name")

    def __init__(self, name: str, indices: tuple[Index, ...]) -> None:
        super().__init__(f"{name!r}[{','.join(i.text for i in indices)}]", indices=indices)
        self.name, self.indices = name, indices

    def pattern(self, names: Names, blind: bool) -> str:
        return f"{self.name!r}[{','.join(names.get(i) or i.text for i in self.indices)}]"


class Delta(Atom):
    """Kronecker's δ of two indices of the same range, the one to keep first."""

    __slots__ = ("first", "second")
    active = True

    def __init__(self, first: Index, second: Index) -> None:
        super().__init__(f"d({first.text},{second.text})", indices=(first, second))
        self.first, self.second = first, second

    def pattern(self, names: Names, blind: bool) -> str:
        return f"d({','.join(sorted(names.get(i) or i.text for i in (self.first, self.second)))})"


class Call(Atom):
    """An opaque function of polynomials; `order` counts its derivatives in the first argument."""

    __slots__ = ("arguments", "function", "order")

    def __init__(self, function: str, order: int, arguments: tuple["Poly", ...]) -> None:
        super().__init__(f"f{function!r}{order}({';'.join(a.key for a in arguments)})", arguments)
        self.function, self.order, self.arguments = function, order, arguments

    def pattern(self, names: Names, blind: bool) -> str:
        return f"f{self.function!r}{self.order}({';'.join(a.pattern(names, blind) for a in self.arguments)})"


class Indicator(Call):
    """[u > 0] or [u = 0] of a polynomial u, with values 1 and 0."""

    __slots__ = ()
    active = True


class Sine(Call):
    """sin u, of which only the first power occurs: sin² = 1 - cos²."""

    __slots__ = ()
    active = True


class Exp(Atom):
    """exp of a monomial with coefficient 1; the coefficient is the exponent of the atom."""

    __slots__ = ("exponent",)

    def __init__(self, exponent: "Mono") -> None:
        super().__init__(f"e({exponent.key})", (exponent,))
        self.exponent = exponent

    def pattern(self, names: Names, blind: bool) -> str:
        return f"e({self.exponent.pattern(names, blind)})"


class Base(Atom):
    """A polynomial that is raised to a negative or broken power as a whole."""

    __slots__ = ("poly",)
    active = True

    def __init__(self, poly: "Poly") -> None:
        super().__init__(f"b({poly.key})", (poly,))
        self.poly = poly

    def pattern(self, names: Names, blind: bool) -> str:
        return f"b({self.poly.pattern(names, blind)})"

    @cached_property
    def lead(self) -> tuple["Mono", Fraction] | None:
        """The leading term, if one is ahead of all others in an order that no renaming of dummies changes."""
        return leading_term(self.poly)


class Sum(Atom):
    """Σ over dummies of one monomial, connected: no factor can leave it and no part of it stands alone."""

    __slots__ = ("body", "dummies")

    def __init__(self, dummies: tuple[Index, ...], body: "Mono") -> None:
        super().__init__(f"S{{{','.join(i.text for i in dummies)}|{body.key}}}", (body,))
        self.dummies, self.body = dummies, body
        self.free = body.free.difference(dummies)
        self.height = body.height + 1

    def pattern(self, names: Names, blind: bool) -> str:
        if blind:
            names = {**names, **{i: f"?{i.extent}" for i in self.dummies}}
            return f"S{{{','.join(sorted(i.extent for i in self.dummies))}|{self.body.pattern(names, blind)}}}"
        return f"S{{{','.join(i.text for i in self.dummies)}|{self.body.pattern(names, blind)}}}"


def power_text(text: str, exponent: Fraction) -> str:
    """How a factor reads in a key."""
    return text if exponent == 1 else f"{text}^{exponent}"


class Mono(Keyed):
    """A product of powers of atoms, sorted by key."""

    __slots__ = ("factors",)

    def __init__(self, factors: Mapping[Atom, Fraction]) -> None:
        self.factors = tuple(sorted(factors.items(), key=lambda factor: factor[0].key))
        super().__init__("*".join(power_text(a.key, e) for a, e in self.factors), (a for a, _ in self.factors))

    def pattern(self, names: Names, blind: bool) -> str:
        return "*".join(sorted(power_text(a.pattern(names, blind), e) for a, e in self.factors))


class Poly(Keyed):
    """A sum of monomials with rational coefficients, none of them 0."""

    __slots__ = ("terms",)

    def __init__(self, terms: Mapping[Mono, Fraction]) -> None:
        self.terms = tuple(sorted(terms.items(), key=lambda term: term[0].key))
        super().__init__("+".join(f"({c}){m.key}" for m, c in self.terms), (m for m, _ in self.terms))

    def __bool__(self) -> bool:
        return bool(self.terms)

    def __len__(self) -> int:
        return len(self.terms)

    def pattern(self, names: Names, blind: bool) -> str:
        return "+".join(sorted(f"({c}){m.pattern(names, blind)}" for m, c in self.terms))


UNIT = Mono({})
ZERO = Poly({})
ONE = Poly({UNIT: Fraction(1)})


def constant(value: Fraction | int) -> Poly:
    """The polynomial of one number."""
    return Poly({UNIT: Fraction(value)}) if value else ZERO


def term(mono: Mono, coefficient: Fraction | int = 1) -> Poly:
    """coefficient · monomial."""
    return Poly({mono: Fraction(coefficient)}) if coefficient else ZERO


def single(atom: Atom) -> Poly:
    """The polynomial of one atom."""
    return Poly({Mono({atom: Fraction(1)}): Fraction(1)})


def scale(p: Poly, factor: Fraction | int) -> Poly:
    """factor · p."""
    if factor == 1:
        return p
    return Poly({m: c * factor for m, c in p.terms}) if factor else ZERO


def add(*polys: Poly) -> Poly:
    """The sum of polynomials."""
    filled = [p for p in polys if p]
    if len(filled) == 1:
        return filled[0]
    total: dict[Mono, Fraction] = {}
    for p in filled:
        accumulate(total, p, Fraction(1))
    return Poly(total)


def accumulate(total: dict[Mono, Fraction], p: Poly, factor: Fraction) -> None:
    """Adds factor · p to `total`, in which no coefficient 0 is kept."""
    for mono, coefficient in p.terms:
        value = total.get(mono, Fraction(0)) + coefficient * factor
        if value:
            total[mono] = value
        else:
            total.pop(mono, None)


def subtract(p: Poly, q: Poly) -> Poly:
    """p - q."""
    return add(p, scale(q, -1))


def is_unit(atom: Atom) -> bool:
    """Whether the atom is a coefficient rather than a variable: positive, and free of quantities."""
    return isinstance(atom, Size | Constant | Prime)


def leading_term(p: Poly) -> tuple[Mono, Fraction] | None:
    """The greatest term in the graded lexicographic order of shapes; None if there is no single one.

    Shapes ignore how dummies are named, and exponents of equal shapes are added: so the order is compatible with
    products (division by the leading term ends) and does not change when dummies are renamed.
    """
    ranked = []
    for mono, coefficient in p.terms:
        exponents: dict[str, Fraction] = {}
        for atom, exponent in mono.factors:
            if not is_unit(atom):
                if exponent < 0:
                    return None
                exponents[atom.shape] = exponents.get(atom.shape, Fraction(0)) + exponent
        rank = (-sum(exponents.values()), sorted((shape, -e) for shape, e in exponents.items()))
        ranked.append((rank, mono, coefficient))
    ranked.sort(key=lambda entry: entry[0])
    if not ranked[0][0][1] or (len(ranked) > 1 and ranked[0][0] == ranked[1][0]):
        return None
    return ranked[0][1], ranked[0][2]
