"""One attempt to prove an equation about a graph.

Both sides are rewritten by true equations (`unfold`) until their difference is zero in index normal form, beginning
with everything opaque. Assumed equations are applied to that last difference only, after every derivative has been
taken, and not at all when they speak of a variable of differentiation.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice

from symbackprop.errors import NotSupportedError
from symbackprop.model.graph import Graph, Relation, names_in
from symbackprop.proof.conditions import (
    conditions_beside,
    conditions_of,
    declared_adjoints,
    differentiated_by,
    excluded,
)
from symbackprop.proof.cut import Cut, nested_steps
from symbackprop.proof.domain import Domain, as_relations, with_reasons
from symbackprop.proof.implied import needed
from symbackprop.proof.index.form import NONNEGATIVE, NONZERO, POSITIVE, IndexForms
from symbackprop.proof.inequality import follows
from symbackprop.proof.limits import Clock, Undecided, room_for_deep_expressions
from symbackprop.proof.points.refutation import Counterexample, refute
from symbackprop.proof.unfold import Unfolding
from symbackprop.proof.verdict import Condition
from symbackprop.proof.zero_tests import Tests
from symbackprop.tensor.indices import alpha_normal, expanded_terms
from symbackprop.tensor.nodes import Expr, Local, is_adjoint

# Levels of unfolding at which functions are written out at once; most statements about a layer need two.
SHALLOW_LEVELS = 3
# Definitions that are put in then: those of the loss and of a softmax before it.
SHALLOW_INLINED = 2
# Formulas with so many functions of sums in each other are composed anew; with more of them, nothing else is cheap.
NESTED, FEW_STEPS = 2, 3
# An expression with more terms is tried last.
MANY_TERMS = 200
# Points tried before any expensive test: most false statements fail at the first.
QUICK_ATTEMPTS = 2
# Shares of the time: of a cheap test before these points, which it may have again after them, and of the points.
QUICK_SHARE, POINTS_SHARE = 1 / 20, 1 / 4
# What a normal form notes -> the relation to 0, and why it matters.
NOTED = {NONZERO: ("!= 0", "denominator"), POSITIVE: ("> 0", "root"), NONNEGATIVE: (">= 0", "root")}


@dataclass(slots=True)
class Attempt:
    """What one proof attempt found; `conditional`: some of the conditions were relied upon, and not only listed."""

    proved: bool = False
    assumptions: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    conditional: bool = False
    reason: str = ""


# Whether a relation holds, shown by cheap tests or, when the last argument is true, by all others.
Shows = Callable[[Relation, Graph, IndexForms, Clock, bool], bool]


def prove(
    relation: Relation, graph: Graph, clock: Clock, shows: Shows, local: bool = False, steps: Cut | None = None
) -> Attempt:
    """An attempt to prove `relation` by `shows`, with as few of the assumed equations as suffice.

    Cheap tests come first; before the expensive ones a few points are tried, for most false statements fail at once.
    A cheap test that takes long, as of high powers, waits until then.
    The conditions of a `local` statement, about one step of a derivation, leave out those of the definitions.
    `steps` spares the work to cut the graph again for each of many statements about it.
    """
    domain = Domain(graph)
    variables = differentiated_by(relation)
    equations = [a for a in graph.assumptions if a.comparison == "=="]
    inequalities = [a for a in graph.assumptions if a.comparison != "=="]
    signs = [(a.left, a.comparison, a.right) for a in inequalities]
    barred = [a for a in equations if _speaks_of(a, variables, graph)]
    usable = [a for a in equations if a not in barred]
    attempt = Attempt(reason="a counterexample was found first")
    for stage, own in _in_turn(_stages(relation, graph, variables, steps), clock):
        if stage is None:
            if _fails_at_once(relation, graph, clock):
                return attempt
            continue
        for rules in _rule_sets(usable):
            assumed = [(a.left, a.right) for a in rules]
            forms = IndexForms(clock.budget, domain.positive, assumed, own, signs)
            try:
                with room_for_deep_expressions():
                    shown = shows(stage.relation, stage.graph, forms, own, stage.number > 0)
                if shown:
                    attempt.proved = True
                    attempt.conditional = bool(forms.conditions)
                    attempt.assumptions = tuple(a.formula for a in (*rules, *inequalities))
                    conditions = () if local else tuple(conditions_of(relation, graph))
                    noted = tuple(_noted(forms, domain, stage.restore))
                    if noted:
                        known = tuple(conditions_beside(relation, graph)) if local else conditions
                        noted = with_reasons(noted, known, graph)
                    attempt.conditions = needed(chain(conditions, noted), graph)
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


@dataclass(slots=True)
class _Stage:
    """What is tried: the statement as it stands or with cut points of its own, cheap tests (0) or all others."""

    number: int
    relation: Relation
    graph: Graph
    restore: Callable[[Expr], Expr] = lambda expr: expr


def _stages(relation: Relation, graph: Graph, variables: frozenset[str], steps: Cut | None) -> Iterator[_Stage]:
    """Cheap tests, then all tests; with the arguments of functions named where there are such, and last without."""
    names = {name for side in (relation.left, relation.right) for name in names_in(side.expr)}
    names |= {part for f_and_v in declared_adjoints(relation) for part in f_and_v}
    reached = {above for name in names if not is_adjoint(name) for above in graph.ancestors(name)}
    formulas = [d.tensor.expr for name, d in graph.definitions.items() if name in reached]
    depth = max(map(nested_steps, (relation.left.expr, relation.right.expr, *formulas)))
    if not depth:
        yield _Stage(0, relation, graph)
        yield _Stage(1, relation, graph)
        return
    # A local derivative holds all other names fixed, and so no name may be composed away.
    local = any(side.expr.has(Local) for side in (relation.left, relation.right))
    cut = Cut(graph, True, variables) if depth >= NESTED and not local else steps or Cut(graph)
    stepwise = cut.relation(relation)
    named = cut.graph()
    yield _Stage(0, stepwise, named, cut.restore)
    if depth <= FEW_STEPS:
        yield _Stage(0, relation, graph)
    yield _Stage(1, stepwise, named, cut.restore)
    yield _Stage(2, relation, graph)


def _in_turn(stages: Iterator[_Stage], clock: Clock) -> Iterator[tuple[_Stage | None, Clock]]:
    """Each stage with its clock, and None where points are to be tried.

    Before the points a cheap stage has a small share of the time; one that used it up comes again after them.
    """
    late: list[_Stage] = []
    for stage in stages:
        if stage.number == 1:
            yield None, clock
            yield from ((again, clock) for again in late)
        own = Clock(clock.budget.part(QUICK_SHARE), clock) if stage.number == 0 else clock
        yield stage, own
        if stage.number == 0 and own.over():
            late.append(stage)


def _fails_at_once(relation: Relation, graph: Graph, clock: Clock) -> bool:
    """Whether one of a few points is a counterexample; they get a share of the time."""
    share = Clock(clock.budget.part(POINTS_SHARE), clock)
    assumptions = (*graph.assumptions, *as_relations(excluded(relation, graph)))
    found = refute(relation, graph, attempts=QUICK_ATTEMPTS, assumptions=assumptions, clock=share)
    return isinstance(found, Counterexample)


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


def vanishes(relation: Relation, graph: Graph, forms: IndexForms, clock: Clock, thorough: bool) -> bool:
    """Whether left - right is zero at some level of unfolding.

    Most statements are about one layer, and are decided within a few levels. Statements across layers need all
    levels, but are mostly decided with the functions opaque; those with every formula written out come last.

    Raises: Undecided when no level gave an answer because all were beyond the normal form, or when time is up.
    """
    tests = Tests(graph, forms, clock)
    unfolding = Unfolding(graph, forms, clock)
    levels = _unfolded(relation, unfolding)
    if not thorough:
        few = _near(levels, unfolding)
        return any(tests.opaque(expr) or tests.by_values(expr, MANY_TERMS) for expr in few)
    totals = list(levels)
    if any(alpha_normal(expr) == 0 for expr in totals):
        return True
    small = [expr for expr in totals if expanded_terms(expr) <= MANY_TERMS]
    large = [expr for expr in reversed(totals) if expanded_terms(expr) > MANY_TERMS]
    if any(map(tests.opaque, small)) or tests.by_values(totals[-1]) or any(map(tests.opaque, large)):
        return True
    inlined: list[Expr] = []
    for expr in _inlined(totals[-1], unfolding):
        inlined.append(expr)
        tests.know_conditions(expr)
        if tests.opaque(expr) or tests.by_values(expr):
            return True
    if any(map(tests.by_formulas, totals + inlined)):
        return True
    if tests.failure is not None:
        raise tests.failure
    return False


def _near(levels: Iterator[Expr], unfolding: Unfolding) -> Iterator[Expr]:
    """The first levels, and the last of them with the latest definitions put in, as far as they are small."""
    last: Expr | None = None
    for expr in islice(levels, SHALLOW_LEVELS):
        if expanded_terms(expr) <= MANY_TERMS:
            last = expr
            yield expr
    if last is not None:
        inlined = islice(_inlined(last, unfolding), SHALLOW_INLINED)
        yield from (expr for expr in inlined if expanded_terms(expr) <= MANY_TERMS)


def from_signs(relation: Relation, graph: Graph, forms: IndexForms, clock: Clock, thorough: bool) -> bool:
    """Whether an inequality follows from the signs of the parts of right - left at some level of unfolding.

    Raises: Undecided when no level gave an answer because one was beyond the normal form, or when time is up.
    """
    tests, domain, strict = Tests(graph, forms, clock), Domain(graph), relation.comparison in ("<", ">")
    unfolding = Unfolding(graph, forms, clock)
    turned = replace(relation, left=relation.right, right=relation.left)
    levels = _unfolded(turned if relation.comparison in ("<", "<=") else relation, unfolding)
    if not thorough:
        found = (follows(gap, strict, domain, forms) or tests.nonnegative(gap, strict) for gap in levels)
    else:
        *_, last = levels
        found = (tests.nonnegative(gap, strict) for gap in _inlined(last, unfolding))
    if any(found):
        return True
    if tests.failure is not None:
        raise tests.failure
    return False


def _unfolded(relation: Relation, unfolding: Unfolding) -> Iterator[Expr]:
    """left - right with everything opaque, then with one total derivative after the other unfolded."""
    for loss, v in declared_adjoints(relation):
        unfolding.know_adjoints(loss, [v])
    sides: list[Expr] | None = [unfolding.name_partials(side.expr) for side in (relation.left, relation.right)]
    while sides is not None:
        # A derivative on one side only cannot cancel: there is nothing to test before it is unfolded.
        cancels = not any(is_adjoint(name) for name in names_in(sides[0]) ^ names_in(sides[1]))
        if cancels:
            yield sides[0] - sides[1]
        deeper = unfolding.unfold_once(*sides)
        if deeper is None and not cancels:
            yield sides[0] - sides[1]
        sides = deeper


def _inlined(expr: Expr, unfolding: Unfolding) -> Iterator[Expr]:
    """The expression with its latest definition put in, then the latest of the remaining ones, and so on."""
    current = unfolding.inline_once(expr)
    while current is not None:
        yield current
        current = unfolding.inline_once(current)


def _noted(forms: IndexForms, domain: Domain, restore: Callable[[Expr], Expr]) -> Iterator[Condition]:
    """What the normal forms relied on and structure does not guarantee."""
    for kind, expr in forms.conditions:
        condition = Condition(restore(expr), *NOTED[kind])
        if not domain.guaranteed(condition):
            yield condition
