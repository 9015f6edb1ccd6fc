"""From normal forms back to SymPy index expressions, for messages, residuals and conditions."""

from collections.abc import Iterable, Mapping
from fractions import Fraction

import sympy as sp

from symbackprop.proof.index.poly import (
    COS,
    ERF,
    FREE,
    INTEGER,
    IS_POSITIVE,
    IS_ZERO,
    LOG,
    SIN,
    Atom,
    Base,
    Call,
    Delta,
    Entry,
    Exp,
    Index,
    Indicator,
    Mono,
    Poly,
    Prime,
    Size,
    Sum,
    scale,
    subtract,
)
from symbackprop.tensor.nodes import Expr, IsZero, Positive, delta, elementwise, entry, index, size, summation

FUNCTIONS = {LOG: sp.log, SIN: sp.sin, COS: sp.cos, ERF: sp.erf, IS_POSITIVE: Positive, IS_ZERO: IsZero}
Names = Mapping[Index, Expr]


def expression(p: Poly) -> Expr:
    """The polynomial as an index expression; indices that the user did not name are called k0, k1, ..."""
    free = {i: index(i.name, range_value(i)) for i in p.free if i.kind == FREE and i.name[0] != "#"}
    return _poly(p, _named(sorted(i for i in p.free if i not in free), free))


def range_value(i: Index) -> Expr:
    """The range of an index as SymPy writes it."""
    return sp.Integer(int(i.extent[1:])) if i.extent[0] == "#" else size(i.extent)


def number(value: Fraction) -> Expr:
    """A rational."""
    return sp.Rational(value.numerator, value.denominator)


def _named(indices: Iterable[Index], names: Names) -> Names:
    """`names` with readable new names for more indices."""
    taken = {str(i.label) for i in names.values()}
    named = dict(names)
    count = 0
    for i in indices:
        while f"k{count}" in taken:
            count += 1
        named[i] = index(f"k{count}", range_value(i))
        count += 1
    return named


def _poly(p: Poly, names: Names) -> Expr:
    rest, absolute_values = _folded(p)
    plain = [_mono(mono, names) * number(c) for mono, c in rest.terms]
    return sp.Add(*plain, *(number(c) * sp.Abs(_poly(u, names)) for u, c in absolute_values))


def _folded(p: Poly) -> tuple[Poly, list[tuple[Poly, Fraction]]]:
    """p = rest + Σ c |u|: pairs 2 u [u > 0] - u are written as |u|."""
    factors = {atom for mono, _ in p.terms for atom, _ in mono.factors if isinstance(atom, Indicator)}
    found = []
    for above in sorted(factors, key=lambda atom: atom.key):
        (u,) = above.arguments
        steps = {Mono({**dict(mono.factors), above: Fraction(1)}): 2 * c for mono, c in u.terms}
        first = next(iter(steps))
        ratio = dict(p.terms).get(first, Fraction(0)) / steps[first]
        rest = subtract(p, scale(subtract(Poly(steps), u), ratio))
        if above.function == IS_POSITIVE and len(rest) == len(p) - 2 * len(u):
            p = rest
            found.append((u, ratio))
    return p, found


def _mono(mono: Mono, names: Names) -> Expr:
    return sp.Mul(*(_factor(atom, exponent, names) for atom, exponent in mono.factors))


def _factor(atom: Atom, exponent: Fraction, names: Names) -> Expr:
    if isinstance(atom, Exp):
        return sp.exp(_mono(atom.exponent, names) * number(exponent))
    return sp.Pow(_atom(atom, names), number(exponent))


def _index(i: Index, names: Names) -> Expr:
    return sp.Integer(int(i.name)) if i.kind == INTEGER else names[i]


def _atom(atom: Atom, names: Names) -> Expr:
    if isinstance(atom, Size):
        return size(atom.name)
    if isinstance(atom, Prime):
        return sp.Integer(atom.number)
    if isinstance(atom, Entry):
        return entry(atom.name, *(_index(i, names) for i in atom.indices))
    if isinstance(atom, Delta):
        return delta(_index(atom.first, names), _index(atom.second, names))
    if isinstance(atom, Base):
        return _poly(atom.poly, names)
    if isinstance(atom, Sum):
        inner = _named(atom.dummies, names)
        return summation(_mono(atom.body, inner), *(inner[d] for d in atom.dummies))
    if isinstance(atom, Call):
        arguments = [_poly(argument, names) for argument in atom.arguments]
        known = FUNCTIONS.get(atom.function) or elementwise(atom.function, atom.order)
        return known(*arguments)
    return sp.pi
