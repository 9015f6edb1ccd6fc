"""Quantities by their names: (x_i - μ) / σ² is x̂_i / σ where x̂ is defined as (x - μ) / σ.

Like all of `derivation`, this is not trusted: each line that it makes is proved like any other.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping

import sympy as sp

from symbackprop.derivation.simplify import without_zero_sums
from symbackprop.model.graph import Definition, names_in
from symbackprop.tensor.indices import (
    all_index_names,
    alpha_normal,
    bind,
    free_indices,
    open_sum,
    transform,
)
from symbackprop.tensor.nodes import Expr, entry, entry_indices, entry_name, extent, is_size

# Base -> exponent of a product, and its rational factor.
Factors = dict[Expr, Expr]


class Vocabulary:
    """Definitions whose values are written as their names; made once for all expressions of a derivation."""

    def __init__(self, definitions: Iterable[Definition]) -> None:
        definitions = list(definitions)
        self.sums = {d.name: d for d in definitions if d.tensor.expr.has(sp.Sum)}
        # Later definitions come first, for they contain the values of earlier ones.
        self.candidates = [(names_in(d.tensor.expr), d) for d in reversed(definitions) if _is_worth_it(d.tensor.expr)]

    def named(self, expr: Expr) -> Expr:
        """`expr` with each definition's value written as its name, whole or as a factor, to any power.

        Again and again, for later definitions contain the names of earlier ones.
        """
        for _ in self.candidates:
            before = expr
            for names, definition in self.candidates:
                if names <= names_in(expr):
                    expr = _with_name(expr, definition)
            if expr == before:
                break
        return expr

    def without_deviations(self, expr: Expr) -> Expr:
        """The same without sums that are 0 by the definitions: Σ_j (x_j - μ), where μ is the mean of x."""

        def inserted(node: Expr) -> Expr | None:
            definition = self.sums.get(entry_name(node) or "")
            return definition.tensor.at(*entry_indices(node)) if definition is not None else None

        def rule(node: Expr) -> Expr | None:
            if not isinstance(node, sp.Sum) or not node.function.is_Add or self.sums.keys().isdisjoint(names_in(node)):
                return None
            return sp.Integer(0) if without_zero_sums(transform(node, inserted)) == 0 else None

        return transform(expr, rule)


def _is_worth_it(value: Expr) -> bool:
    """Whether the value is more than a product of names: one with a Σ, a function, a sum of terms or a quotient."""
    _, factors = _factors(value)
    entries = [base for base in factors if entry_name(base) is not None]
    compound = any(entry_name(base) is None and not is_size(base) for base in factors)
    return compound or (len(entries) > 1 and any(factors[base] < 0 for base in entries))


def _with_name(expr: Expr, definition: Definition) -> Expr:
    def rule(node: Expr) -> Expr | None:
        if isinstance(node, sp.Idx) or node.is_Number or entry_name(node) is not None:
            return None
        for indices in _places(definition, free_indices(node)):
            found = _divided(node, definition.tensor.at(*indices), entry(definition.name, *indices))
            if found is not None:
                power, rest = found
                return sp.Mul(power, transform(rest, rule))
        moved = _moved_inside(node, definition) if node.is_Mul else None
        return None if moved is None else transform(moved, rule)

    return transform(expr, rule)


def _places(definition: Definition, here: frozenset[Expr]) -> Iterator[tuple[Expr, ...]]:
    """The indices at which the definition may stand among the given ones; an axis of length 1 has the index 0."""
    own = definition.tensor.indices
    if not free_indices(definition.tensor.expr).issuperset(i for i in own if extent(i) != 1):
        return
    candidates = [[sp.Integer(0)] if extent(i) == 1 else _alike(i, here) for i in own]
    for chosen in itertools.product(*candidates):
        letters = [i for i in chosen if not i.is_Integer]
        if len(set(letters)) == len(letters):
            yield chosen


def _alike(i: Expr, here: frozenset[Expr]) -> list[Expr]:
    return sorted((j for j in here if j.upper == i.upper), key=str)


def _divided(node: Expr, value: Expr, name: Expr) -> tuple[Expr, Expr] | None:
    """(name^k, rest) with node = value^k · rest for the largest such k, which may be negative."""
    number, own = _factors(node)
    unit, wanted = _factors(value)
    k = _times(own, wanted)
    if k == 0:
        return None
    number /= unit**k
    if abs(unit) != 1 and abs(number) != 1:
        return None
    rest = {base: own.get(base, sp.Integer(0)) - k * wanted.get(base, 0) for base in {**own, **wanted}}
    if _count_sizes(rest) > _count_sizes(own):
        return None  # Σ x is no shorter as n μ
    return name**k, _product(number, rest, node)


def _count_sizes(factors: Mapping[Expr, Expr]) -> int:
    return sum(1 for base, exponent in factors.items() if is_size(base) and exponent != 0)


def _times(own: Mapping[Expr, Expr], wanted: Mapping[Expr, Expr]) -> int:
    """How many times all of the wanted factors stand among the own ones; negative for their inverses, 0 for never.

    Sizes can be made up for: 1/(√n √t) is 1/(n s) with s = √t/√n.
    """
    ratios = [own.get(base, sp.Integer(0)) / exponent for base, exponent in wanted.items() if not is_size(base)]
    if all(ratio >= 1 for ratio in ratios):
        return int(min(map(sp.floor, ratios)))
    if all(ratio <= -1 for ratio in ratios):
        return -int(min(sp.floor(-ratio) for ratio in ratios))
    return 0


def _moved_inside(node: Expr, definition: Definition) -> Expr | None:
    """Factors before a Σ that complete the value with others behind it, moved there: (1/t) Σ K e = Σ K e/t."""
    for position, total in enumerate(node.args):
        if not isinstance(total, sp.Sum):
            continue
        before = sp.Mul(*node.args[:position], *node.args[position + 1 :])
        body, bound = open_sum(total, all_index_names(before))
        number, outer = _factors(before)
        _, inner = _factors(body)
        for indices in _places(definition, free_indices(body) | free_indices(before)):
            _, wanted = _factors(definition.tensor.at(*indices))
            inside = [base for base in wanted if _holds(inner, base, wanted)]
            outside = [base for base in wanted if base not in inside and _holds(outer, base, wanted)]
            if inside and outside and len(inside) + len(outside) == len(wanted) and set(indices) & set(bound):
                moved = {base: wanted[base] for base in outside}
                rest = {base: exponent - moved.get(base, 0) for base, exponent in outer.items()}
                limits = [(i, 0, i.upper) for i in bound]
                inner_factors = sp.Mul(body, *(base**exponent for base, exponent in moved.items()))
                return sp.Mul(_product(number, rest, before), bind(inner_factors, limits))
    return None


def _holds(factors: Mapping[Expr, Expr], base: Expr, wanted: Mapping[Expr, Expr]) -> bool:
    return base in factors and factors[base] / wanted[base] >= 1


def _factors(expr: Expr) -> tuple[Expr, Factors]:
    """The rational factor and the powers of a product, bound indices renamed, x - y and y - x as one base."""
    number: Expr = sp.Integer(1)
    found: Factors = {}
    for factor in sp.Mul.make_args(expr):
        if factor.is_Rational:
            number *= factor
            continue
        base, exponent = _power(factor)
        if _turned(base, exponent):
            base, number = -base, number * (-1) ** exponent
        found[base] = found.get(base, sp.Integer(0)) + exponent
    return number, found


def _power(factor: Expr) -> tuple[Expr, Expr]:
    power = factor.is_Pow and factor.exp.is_Rational
    base, exponent = (factor.base, factor.exp) if power else (factor, sp.Integer(1))
    return alpha_normal(base), exponent


def _turned(base: Expr, exponent: Expr) -> bool:
    """Whether y - x stands for x - y."""
    return bool(base.is_Add and exponent.is_Integer and base.could_extract_minus_sign())


def _product(number: Expr, factors: Mapping[Expr, Expr], like: Expr) -> Expr:
    """The product of the factors, a difference the way round in which it stands in `like`."""
    turned = {-base for base, exponent in map(_power, sp.Mul.make_args(like)) if _turned(base, exponent)}
    parts = []
    for base, exponent in factors.items():
        if base in turned:
            number *= (-1) ** exponent
        parts.append((-base if base in turned else base) ** exponent)
    return sp.Mul(number, *parts)
