"""Which conditions say what others say: u != 0 and 2·u != 0, an expanded form and a factored one, √s != 0 and s > 0.

Conditions are compared by the factors of their normal forms; what is positive whatever the numbers are is left aside.
What is not seen to follow is kept.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

from symbackprop.model.graph import Graph, names_in
from symbackprop.proof.domain import Domain, canonical_form, distinct
from symbackprop.proof.index.poly import ONE, Base, Poly, scale, single
from symbackprop.proof.index.read import Reader, unguarded
from symbackprop.proof.limits import Budget, Undecided, room_for_deep_expressions
from symbackprop.proof.verdict import Condition
from symbackprop.tensor.indices import expanded_terms, tree_size
from symbackprop.tensor.needs import INVERSE, LOGARITHM, ROOT, needs_of, nodes
from symbackprop.tensor.nodes import Expr, Local, Partial

# What is larger is compared as it is written only; a name that rests on more definitions stays a name.
MAX_NODES, MAX_TERMS, MAX_DEFINITIONS = 200, 60, 3
Need = tuple[int, Expr]
NEED = {INVERSE: "!= 0", ROOT: ">= 0", LOGARITHM: "> 0"}


@dataclass(frozen=True, slots=True)
class Signs:
    """What decides whether an expression is positive, or 0, for all values of its indices."""

    whole: str  # the expression without its positive factors
    odd: str  # the product of those factors that may be negative
    zero: frozenset[str]  # each factor that may be 0
    asks: frozenset[Need]  # what the expression needs to have a value
    gives: frozenset[Need]  # what is so wherever the expression has a value: not what stands below a guard


Known = tuple[Condition, Signs | None]


def needed(conditions: Iterable[Condition], graph: Graph) -> tuple[Condition, ...]:
    """The conditions in order, without those that the others imply; of equivalent ones the better."""
    several = distinct(conditions)
    if len(several) < 2:
        return several
    domain, kept = Domain(graph), list[Known]()
    for condition in several:
        new = condition, _signs_of(condition.expr, domain)
        same = next((k for k, old in enumerate(kept) if _follows(new, [old]) and _follows(old, [new])), None)
        if same is None:
            kept.append(new)
        else:
            kept[same] = _better(kept[same], new)
    for longest in sorted(kept, key=lambda known: -tree_size(known[0].expr)):
        others = [known for known in kept if known is not longest]
        if _follows(longest, others):
            kept = others
    return tuple(condition for condition, _ in kept)


def _better(old: Known, new: Known) -> Known:
    """The shorter of two equivalent conditions, s > 0 rather than √s != 0; it excludes a kink if one of them does."""
    kept, left = (new, old) if _length(new[0]) < _length(old[0]) else (old, new)
    takes = left[0].why == "kink" or (left[0].why == "denominator" and not kept[0].why)
    return (replace(kept[0], why=left[0].why), kept[1]) if takes else kept


def _length(condition: Condition) -> tuple[bool, int]:
    return condition.why != "root", tree_size(condition.expr)


def _follows(known: Known, others: Sequence[Known]) -> bool:
    """Whether a condition holds, and what it is about has a value, wherever all the others hold."""
    condition, own = known
    given = [(c.relation, signs) for c, signs in others if signs is not None]
    if own is None or not own.asks <= frozenset[Need]().union(*(signs.gives for _, signs in given)):
        return False
    never_zero = own.zero <= frozenset[str]().union(*(signs.zero for rel, signs in given if rel != ">= 0"))
    if condition.relation == "!= 0":
        return never_zero
    positive = own.odd == UNSIGNED or any(rel == "> 0" and signs.odd == own.odd for rel, signs in given)
    if condition.relation == "> 0":
        return positive and never_zero
    return positive or any(rel == ">= 0" and signs.whole == own.whole for rel, signs in given)


def _signs_of(expr: Expr, domain: Domain) -> Signs | None:
    """The signs of an expression, a few definitions put in; None if it is too large or beyond the normal form."""
    expr = _written_out(expr, domain.graph)
    if expr.has(Partial, Local) or tree_size(expr) > MAX_NODES or expanded_terms(expr) > MAX_TERMS:
        return None
    asks = frozenset(
        (kind, canonical_form(part)[0])
        for node in nodes(expr)
        for kind, part in needs_of(node)
        if not domain.guaranteed(Condition(part, NEED[kind], ""))
    )
    found = _factored(canonical_form(expr)[0], domain.positive)
    return found and Signs(*found, asks, asks if unguarded(expr) else frozenset())


def _written_out(expr: Expr, graph: Graph) -> Expr:
    """The expression with definitions put in where they are few, and simplification has left nothing out in them."""
    above = {name for of in names_in(expr) if of in graph.definitions for name in graph.ancestors(of)}
    put_in = above & set(graph.definitions)
    if len(put_in) > MAX_DEFINITIONS or any(graph.definitions[name].tensor.needs for name in put_in):
        return expr
    return graph.expand(expr, put_in)


@lru_cache(maxsize=1 << 12)
def _factored(expr: Expr, positive: frozenset[str]) -> tuple[str, str, frozenset[str]] | None:
    """The first three parts of the signs of an expression."""
    reader = Reader(Budget(), positive)
    try:
        with room_for_deep_expressions():
            form = reader.read(expr, {})
            if not form or (reader.noted and not unguarded(expr)):  # what was noted may be masked by a guard
                return None
            return reader.fact_key(reader.split(form, positive_only=True)[2]), *_parity(reader, form)
    except Undecided:
        return None


def _parity(reader: Reader, form: Poly) -> tuple[str, frozenset[str]]:
    """The product of the factors of a form that may be negative, and each factor that may be 0."""
    _, unit, rest = reader.split(form, positive_only=False)  # without denominators it may be 0: so are all factors
    parts = [(atom.poly if isinstance(atom, Base) else single(atom), exponent) for atom, exponent in unit.items()]
    parts += [(factor, Fraction(multiplicity)) for factor, multiplicity in reader.factors(rest)]
    odd, zero = ONE, set[str]()
    for factor, exponent in parts:
        turned = scale(factor, -1)
        if exponent > 0 and not reader.nonzero_poly(factor):
            zero.add(min(reader.fact_key(factor), reader.fact_key(turned)))
        if exponent % 2 == 1 and not reader.nonnegative_poly(factor):
            odd = reader.multiply(odd, factor) if not reader.nonnegative_poly(turned) else scale(odd, -1)
    return reader.fact_key(odd), frozenset(zero)


UNSIGNED = Reader(Budget(), frozenset()).fact_key(ONE)
