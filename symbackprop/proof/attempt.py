"""One attempt to prove an equation about a graph.

Both sides are rewritten by true equations (`unfold`) until their difference is zero in index normal form, beginning
with everything opaque. Assumed equations are applied to that last difference only, after every derivative has been
taken, and not at all when they speak of a variable of differentiation.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from math import inf

import sympy as sp

from symbackprop.catalogue.activations import unfold
from symbackprop.errors import NotSupportedError
from symbackprop.model.graph import Graph, Relation, names_in
from symbackprop.proof.compact import compact
from symbackprop.proof.domain import Domain, distinct
from symbackprop.proof.index.form import NONNEGATIVE, NONZERO, POSITIVE, IndexForms
from symbackprop.proof.inequality import follows
from symbackprop.proof.limits import Budget, Clock, Undecided
from symbackprop.proof.points.refutation import Counterexample, refute
from symbackprop.proof.unfold import Unfolding
from symbackprop.proof.verdict import Condition
from symbackprop.tensor.indices import children, expanded_terms
from symbackprop.tensor.nodes import Expr, Partial, entry_name

# Levels of unfolding at which functions are written out at once; most statements about a layer need two.
SHALLOW_LEVELS = 3
# An expression with more terms is tried last.
MANY_TERMS = 200
# Points tried before any expensive test: most false statements fail at the first.
QUICK_ATTEMPTS = 2
# What a normal form notes -> the relation to 0, and why it matters.
NOTED = {NONZERO: ("!= 0", "denominator"), POSITIVE: ("> 0", "root"), NONNEGATIVE: (">= 0", "root")}


@dataclass(slots=True)
class Attempt:
    """What one proof attempt found."""

    proved: bool = False
    assumptions: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    reason: str = ""


# Whether a relation holds, shown by cheap tests or, when the last argument is true, by all others.
Shows = Callable[[Relation, Graph, IndexForms, Clock, bool], bool]


def prove(relation: Relation, graph: Graph, budget: Budget, shows: Shows, local: bool = False) -> Attempt:
    """An attempt to prove `relation` by `shows`, with as few of the assumed equations as suffice.

    Cheap tests come first; before the expensive ones a few points are tried, for most false statements fail at once.
    The conditions of a `local` statement, about one step of a derivation, leave out those of the definitions.
    """
    domain = Domain(graph)
    variables = differentiated_by(relation)
    equations = [a for a in graph.assumptions if a.comparison == "=="]
    barred = [a for a in equations if _speaks_of(a, variables, graph)]
    usable = [a for a in equations if a not in barred]
    attempt = Attempt(reason="a counterexample was found first")
    clock = Clock(budget)
    for thorough in (False, True):
        if thorough and isinstance(refute(relation, graph, attempts=QUICK_ATTEMPTS), Counterexample):
            return attempt
        for rules in _rule_sets(usable):
            forms = IndexForms(budget=budget, positive=domain.positive, rules=[(a.left, a.right) for a in rules])
            try:
                if shows(relation, graph, forms, clock, thorough):
                    signs = tuple(a.formula for a in graph.assumptions if a.comparison != "==")
                    attempt.proved = True
                    attempt.assumptions = tuple(a.formula for a in rules) + signs
                    conditions = () if local else _conditions(relation, graph, domain, variables)
                    attempt.conditions = distinct(chain(conditions, _noted(forms, domain)))
                    return attempt
                attempt.reason = "no normal form showed it"
            except Undecided as error:
                attempt.reason = error.reason
            except NotSupportedError as error:
                attempt.reason = str(error)
    if barred:
        names = ", ".join(a.formula for a in barred)
        attempt.reason += f"; the assumption {names} was not used: it constrains a variable of differentiation"
    return attempt


def _rule_sets(usable: list[Relation]) -> Iterator[list[Relation]]:
    """No assumption, each alone, all together: the first set that suffices is the one that is reported."""
    yield []
    for assumption in usable:
        yield [assumption]
    if len(usable) > 1:
        yield usable


def _speaks_of(assumption: Relation, variables: frozenset[str], graph: Graph) -> bool:
    """Whether an assumed equation constrains a variable of differentiation, or what depends on one."""
    mentioned = names_in(assumption.left.expr) | names_in(assumption.right.expr)
    return any(variables & graph.ancestors(name) for name in mentioned)


def differentiated_by(relation: Relation) -> frozenset[str]:
    """The names v of all total derivatives ∂f/∂v in a relation."""
    found: set[str] = set()
    stack = [relation.left.expr, relation.right.expr]
    while stack:
        node = stack.pop()
        stack.extend(children(node))
        if isinstance(node, Partial):
            found.add(entry_name(node.args[1]) or "")
        name = entry_name(node) or ""
        if name.startswith("d("):
            found.add(name[2:-1].split(", ")[1])
    return frozenset(found)


def vanishes(relation: Relation, graph: Graph, forms: IndexForms, clock: Clock, thorough: bool) -> bool:
    """Whether left - right is zero at some level of unfolding.

    Most statements are about one layer, and are decided within a few levels. Statements across layers need all
    levels, but are mostly decided with the functions opaque; those with every formula written out come last.

    Raises: Undecided when no level gave an answer because all were beyond the normal form, or when time is up.
    """
    tests = Tests(graph, forms, clock)
    unfolding = Unfolding(graph, forms)
    levels = _unfolded(relation, unfolding)
    if not thorough:
        shallow = (expr for expr in islice(levels, SHALLOW_LEVELS) if expanded_terms(expr) <= MANY_TERMS)
        return any(tests.opaque(expr) or tests.by_values(expr, MANY_TERMS) for expr in shallow)
    totals = list(levels)
    small = [expr for expr in totals if expanded_terms(expr) <= MANY_TERMS]
    large = [expr for expr in reversed(totals) if expanded_terms(expr) > MANY_TERMS]
    if any(map(tests.opaque, small)) or tests.by_values(totals[-1]) or any(map(tests.opaque, large)):
        return True
    inlined: list[Expr] = []
    for expr in _inlined(totals[-1], unfolding):
        inlined.append(expr)
        if tests.opaque(expr) or tests.by_values(expr):
            return True
    if any(map(tests.by_formulas, totals + inlined)):
        return True
    if tests.failure is not None:
        raise tests.failure
    return False


def from_identity(relation: Relation, graph: Graph, forms: IndexForms, clock: Clock, thorough: bool) -> bool:
    """Whether an inequality follows from an identity; there is no second way to try."""
    clock.check()
    return not thorough and follows(relation, Domain(graph), forms)


@dataclass(slots=True)
class Tests:
    """Tests whether an expression is zero; an inconclusive one is no, with the reason kept in `failure`."""

    graph: Graph
    forms: IndexForms
    clock: Clock
    failure: Undecided | None = None

    def opaque(self, expr: Expr) -> bool:
        """Zero with every function and definition opaque."""
        self.clock.check()
        try:
            return self.forms.is_zero(self.forms.normalise(expr))
        except Undecided as error:
            self.failure = error
            return False

    def by_values(self, expr: Expr, limit: float = inf) -> bool:
        """Zero with activations put in, and derivatives by the functions' values; not tried beyond `limit` terms."""
        inlined = self._with_activations(expr)
        return inlined != expr and expanded_terms(inlined) <= limit and self.opaque(inlined)

    def by_formulas(self, expr: Expr) -> bool:
        """Zero with every function of the catalogue replaced by its formula."""
        inlined = self._with_activations(expr)
        unfolded = unfold(inlined)
        return unfolded != inlined and self.opaque(unfolded)

    def _with_activations(self, expr: Expr) -> Expr:
        activations: set[str] = set()
        stack = list(names_in(expr))
        while stack:
            name = stack.pop()
            if name not in activations and _is_activation(self.graph, name):
                activations.add(name)
                stack.extend(self.graph.uses(name))
        return compact(self.graph.expand(expr, activations))


def _unfolded(relation: Relation, unfolding: Unfolding) -> Iterator[Expr]:
    """left - right with everything opaque, then with one total derivative after the other unfolded."""
    for loss, v in _declared_adjoints(relation):
        unfolding.know_adjoints(loss, [v])
    left, right = (unfolding.name_partials(side.expr) for side in (relation.left, relation.right))
    current: Expr | None = left - right
    if any(name.startswith("d(") for name in names_in(left) ^ names_in(right)):
        # A derivative on one side only cannot cancel: there is nothing to test before it is unfolded.
        current = unfolding.unfold_once(current) or current
    while current is not None:
        yield current
        current = unfolding.unfold_once(current)


def _inlined(expr: Expr, unfolding: Unfolding) -> Iterator[Expr]:
    """The expression with its latest definition put in, then the latest of the remaining ones, and so on."""
    current = unfolding.inline_once(expr)
    while current is not None:
        yield current
        current = unfolding.inline_once(current)


def _is_activation(graph: Graph, name: str) -> bool:
    """Whether a definition computes each entry from one entry of one other quantity."""
    return (
        name in graph.definitions and len(graph.uses(name)) == 1 and not graph.definitions[name].tensor.expr.has(sp.Sum)
    )


def _declared_adjoints(relation: Relation) -> list[tuple[str, str]]:
    """The pairs (f, v) of the quantities named d(f, v) in a relation."""
    names = names_in(relation.left.expr) | names_in(relation.right.expr)
    pairs = [name[2:-1].split(", ") for name in sorted(names) if name.startswith("d(")]
    return [(f, v) for f, v in pairs]


def _conditions(relation: Relation, graph: Graph, domain: Domain, variables: frozenset[str]) -> Iterator[Condition]:
    """What must hold for both sides to be defined, and for what is differentiated to be differentiable."""
    roots = names_in(relation.left.expr) | names_in(relation.right.expr)
    roots |= {f for f, _ in _declared_adjoints(relation)}
    involved = {name for root in roots if not root.startswith("d(") for name in graph.ancestors(root)}
    for side in (relation.left, relation.right):
        yield from domain.conditions(side)
    for name, definition in graph.definitions.items():
        if name in involved:
            moved = bool(variables & graph.ancestors(name))
            yield from domain.conditions(definition.tensor, differentiated=moved)


def _noted(forms: IndexForms, domain: Domain) -> Iterator[Condition]:
    """What the normal forms relied on and structure does not guarantee."""
    for kind, expr in forms.conditions:
        condition = Condition(expr, *NOTED[kind])
        if not domain.guaranteed(condition):
            yield condition
