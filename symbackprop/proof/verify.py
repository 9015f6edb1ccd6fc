"""A verdict for a statement about a graph: prove it, else refute it, else say why neither."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain

import sympy as sp

from symbackprop.model.graph import Graph, Relation
from symbackprop.proof.attempt import MANY_TERMS, Attempt, from_signs, prove, vanishes
from symbackprop.proof.compact import compact
from symbackprop.proof.composed import Composed
from symbackprop.proof.conditions import asks_more_than_guards
from symbackprop.proof.cut import Cut
from symbackprop.proof.domain import Domain
from symbackprop.proof.generalise import Generalisation
from symbackprop.proof.guards import more_than_asked, tried_beyond_guards
from symbackprop.proof.implied import needed
from symbackprop.proof.index.form import IndexForms
from symbackprop.proof.limits import Budget, Clock
from symbackprop.proof.points.refutation import Counterexample
from symbackprop.proof.settle import (
    BY_POINT,
    METHOD,
    counterexample,
    find_witness,
    proved,
    settle,
    undecided,
    with_witness,
)
from symbackprop.proof.verdict import Condition, Kind, Verdict
from symbackprop.proof.zero_tests import Tests
from symbackprop.tensor.indices import expanded_terms, free_indices, substitute, transform
from symbackprop.tensor.nodes import Expr, adjoint_name, entry, entry_indices, entry_name, extent
from symbackprop.tensor.tensor import Tensor, axes

Progress = Callable[[str], None]


def verify(relation: Relation, graph: Graph, *, budget: Budget = Budget()) -> Verdict:
    """The verdict on `relation`; on `a != b`, that `a == b` is no identity.

    A quantity named `d(f, v)` in the relation is the total derivative ∂f/∂v.
    """
    if relation.comparison == "!=":
        return _verify_difference(relation, graph, budget)
    shows, clock = vanishes if relation.comparison == "==" else from_signs, Clock(budget)
    general = Generalisation(graph)
    if general.symbols:
        wider = general.relation(relation)
        attempt = tried_beyond_guards(wider, general.graph, prove(wider, general.graph, clock, shows), budget)
        if attempt.proved and (verdict := with_witness(wider, general.graph, attempt, budget)).proved:
            instance = general.instance(verdict)
            if instance is not None and _can_be_assumed(general, graph, budget):
                return instance
    attempt = tried_beyond_guards(relation, graph, prove(relation, graph, clock, shows), budget)
    return settle(relation, graph, attempt, budget)


def _can_be_assumed(general: Generalisation, graph: Graph, budget: Budget) -> bool:
    """Whether what is assumed holds at some point of the sizes meant, and not only of the small ones of a witness."""
    if not general.of_assumptions(graph):
        return True
    zero = Tensor(sp.Integer(0))
    nothing = Relation(name="", formula="0 == 0", left=zero, comparison="==", right=zero)
    return find_witness(nothing, graph, (), budget) is not None


def _verify_difference(relation: Relation, graph: Graph, budget: Budget) -> Verdict:
    """`a != b` claims that a == b is no identity: a certified counterexample proves it."""
    equation = replace(relation, comparison="==")
    found = counterexample(equation, graph, budget)
    if isinstance(found, Counterexample):
        return Verdict(kind=Kind.PROVED, method=f"counterexample by {BY_POINT}", witness=found.as_dict())
    attempt = prove(equation, graph, Clock(budget), vanishes)
    if attempt.proved and asks_more_than_guards(equation, graph, attempt.conditional):
        attempt.reason = f"the two sides are equal {more_than_asked(attempt)}"
    elif attempt.proved:
        verdict = with_witness(equation, graph, attempt, budget)
        if verdict.proved:
            return replace(verdict, kind=Kind.REFUTED, reason="the two sides are equal")
    return undecided(equation, graph, attempt.reason, found, budget)


def verify_adjoints(
    graph: Graph,
    loss: str,
    adjoints: Mapping[str, Tensor],
    *,
    budget: Budget = Budget(),
    progress: Progress = lambda _: None,
) -> dict[str, Verdict]:
    """A verdict for each equation ∂loss/∂v = adjoints[v], its neighbours ∂loss/∂u opaque: one small obligation a name.

    `progress` is told which one comes next.

    The witness is one point for all of them, at which the loss and every adjoint are defined; so the whole costs
    time in proportion to the number of names.
    """
    general = Generalisation(graph)
    if general.symbols:
        wider = {name: general.tensor(tensor) for name, tensor in adjoints.items()}
        verdicts = _verify_adjoints(general.graph, loss, wider, budget, progress)
        if all(verdict.proved for verdict in verdicts.values()) and _can_be_assumed(general, graph, budget):
            instances = {name: general.instance(verdict) for name, verdict in verdicts.items()}
            found = {name: instance for name, instance in instances.items() if instance is not None}
            if len(found) == len(instances):
                return found
    return _verify_adjoints(graph, loss, adjoints, budget, progress)


def _verify_adjoints(
    graph: Graph, loss: str, adjoints: Mapping[str, Tensor], budget: Budget, progress: Progress
) -> dict[str, Verdict]:
    relations = {name: _adjoint_relation(loss, name, tensor) for name, tensor in adjoints.items()}
    steps, attempts = Cut(graph), dict[str, Attempt]()
    for name, relation in relations.items():
        progress(f"∂{loss}/∂{name}")
        attempt = prove(relation, graph, Clock(budget), vanishes, local=True, steps=steps)
        attempts[name] = tried_beyond_guards(relation, graph, attempt, budget)
    at_zero = [entry(adjoint_name(loss, v), *(sp.Integer(0) for _ in t.shape)) for v, t in adjoints.items()]
    everything = Tensor(sp.Add(entry(loss), *at_zero))
    whole = Relation(name=loss, formula=loss, left=everything, comparison="==", right=everything)
    point: dict[str, object] | None = None
    if any(attempt.proved for attempt in attempts.values()):
        equations = {adjoint_name(loss, v): tensor for v, tensor in adjoints.items()}
        conditions = chain.from_iterable(attempt.conditions for attempt in attempts.values())
        point = find_witness(whole, graph, conditions, budget, equations)
    return {
        name: proved(attempt, point) if attempt.proved else settle(relations[name], graph, attempt, budget)
        for name, attempt in attempts.items()
    }


def _adjoint_relation(loss: str, name: str, tensor: Tensor) -> Relation:
    """∂loss/∂name = tensor."""
    left = Tensor(entry(adjoint_name(loss, name), *axes(tensor.shape)), tensor.shape)
    return Relation(
        name=adjoint_name(loss, name), formula=adjoint_name(loss, name), left=left, comparison="==", right=tensor
    )


def verify_lines(
    graph: Graph,
    lines: Sequence[tuple[Expr, Expr]],
    *,
    budget: Budget = Budget(),
    progress: Progress = lambda _: None,
) -> tuple[Verdict, ...]:
    """A verdict for each line `left = right` of a derivation; `Local(u, v)` is ∂u/∂v through the definition of u alone.

    A line that is proved needs no witness of its own: it is part of a derivation that has one. `progress` is told
    which one comes next.
    """
    general = Generalisation(graph)
    known: dict[tuple[Tensor, Tensor], Verdict] = {}
    as_given, wider = _Lines(graph, budget), _Lines(general.graph, budget)
    generalised = bool(general.symbols) and _can_be_assumed(general, graph, budget)
    verdicts = []
    for number, line in enumerate(lines, 1):
        progress(f"line {number} of {len(lines)}: {line[0]}")
        sides = _sides(*line)
        if sides not in known:  # the same local derivative serves many parameters
            verdict: Verdict | None = None
            if generalised:
                shown = wider.verdict(*map(general.expr, line))
                verdict = general.instance(shown) if shown.proved else None
            known[sides] = verdict or as_given.verdict(*line)
        verdicts.append(known[sides])
    return tuple(verdicts)


def _sides(left: Expr, right: Expr) -> tuple[Tensor, Tensor]:
    """Both sides of a line as tensors in their free indices: equal for lines that differ in the names of these."""
    free = sorted(free_indices(left) | free_indices(right), key=str)
    shape = tuple(map(extent, free))
    canonical = dict(zip(free, axes(shape), strict=True))
    return Tensor(substitute(left, canonical), shape), Tensor(substitute(right, canonical), shape)


class _Lines:
    """Verdicts on lines about one graph, and what serves all of them."""

    def __init__(self, graph: Graph, budget: Budget) -> None:
        self.graph, self.budget = graph, budget
        self.steps, self.composed = Cut(graph), Composed(graph, budget)

    def verdict(self, left: Expr, right: Expr) -> Verdict:
        """The verdict on left = right for all values of their free indices."""
        if self.composed.proves(left, right):
            signs = tuple(a.formula for a in self.graph.assumptions if a.comparison != "==")
            return proved(Attempt(proved=True, assumptions=signs), {})
        sides = _sides(left, right)
        relation = Relation(name="line", formula=f"{left} == {right}", left=sides[0], comparison="==", right=sides[1])
        attempt = prove(relation, self.graph, Clock(self.budget), vanishes, local=True, steps=self.steps)
        attempt = tried_beyond_guards(relation, self.graph, attempt, self.budget)
        return proved(attempt, {}) if attempt.proved else settle(relation, self.graph, attempt, self.budget)


def verify_routes(
    graph: Graph, loss: str, composed: Tensor, name: str, adjoints: Mapping[str, Tensor], *, budget: Budget = Budget()
) -> Verdict:
    """The verdict on: the gradient by the composed loss equals the δ-rule's, every δ and definition put in."""
    general = Generalisation(graph)
    if general.symbols:
        wider = {v: general.tensor(tensor) for v, tensor in adjoints.items()}
        verdict = _verify_routes(general.graph, loss, general.tensor(composed), name, wider, budget)
        instance = general.instance(verdict) if verdict.proved else None
        if instance is not None and _can_be_assumed(general, graph, budget):
            return instance
    return _verify_routes(graph, loss, composed, name, adjoints, budget)


def routes_relation(graph: Graph, loss: str, composed: Tensor, name: str, adjoints: Mapping[str, Tensor]) -> Relation:
    """The gradient by the composed loss equals the δ-rule's, every δ and definition put in."""
    definitions = [d for d in graph.definitions if d != name]
    inserted = graph.expand(_insert_adjoints(adjoints[name].expr, loss, adjoints), definitions)
    return Relation(
        name=f"routes to {adjoint_name(loss, name)}",
        formula=adjoint_name(loss, name),
        left=Tensor(graph.expand(composed.expr, definitions), composed.shape),
        comparison="==",
        right=Tensor(inserted, composed.shape),
    )


def _verify_routes(
    graph: Graph, loss: str, composed: Tensor, name: str, adjoints: Mapping[str, Tensor], budget: Budget
) -> Verdict:
    relation = routes_relation(graph, loss, composed, name, adjoints)

    def composed_vanishes(relation: Relation, graph: Graph, forms: IndexForms, clock: Clock, thorough: bool) -> bool:
        tests = Tests(graph, forms, clock)
        difference = relation.left.expr - relation.right.expr
        if thorough:
            return tests.by_formulas(difference)
        # Deep networks: what is equal as written, or factor by factor, must not be multiplied out.
        if compact(difference) == 0:
            return True
        if expanded_terms(difference) > MANY_TERMS:
            sides = compact(relation.left.expr), compact(relation.right.expr)
            if tests.in_factors(*sides):
                return True
        return tests.opaque(difference) or tests.by_values(difference)

    attempt = prove(relation, graph, Clock(budget), composed_vanishes)
    attempt = tried_beyond_guards(relation, graph, attempt, budget)
    verdict = settle(relation, graph, attempt, budget)
    return replace(verdict, method=f"{METHOD} of the composed expressions") if verdict.proved else verdict


def _insert_adjoints(expr: Expr, loss: str, adjoints: Mapping[str, Tensor]) -> Expr:
    """`expr` with every ∂loss/∂v replaced by its equation, until none is left."""
    equations = {adjoint_name(loss, v): tensor for v, tensor in adjoints.items()}

    def rule(node: Expr) -> Expr | None:
        tensor = equations.get(entry_name(node) or "")
        return None if tensor is None else _insert_adjoints(tensor.at(*entry_indices(node)), loss, adjoints)

    return transform(expr, rule)


def combine(graph: Graph, loss: str, wrt: Iterable[str], verdicts: Mapping[str, Verdict]) -> dict[str, Verdict]:
    """The verdict on each gradient: all equations from the loss down to it must be proved.

    `verdicts` are those of `verify_adjoints`. The conditions are those of the steps and of every definition.
    """
    above, wrt = graph.ancestors(loss), tuple(wrt)
    moved = {name for name in graph.definitions if above.intersection(wrt) & graph.ancestors(name)}
    domain = Domain(graph, frozenset(wrt))
    of_definitions = tuple(
        condition
        for name, definition in graph.definitions.items()
        if name in above
        for condition in domain.conditions(definition.tensor, order=int(name in moved))
    )
    return {name: _combined(graph, loss, name, verdicts, of_definitions) for name in wrt}


def _combined(
    graph: Graph, loss: str, name: str, verdicts: Mapping[str, Verdict], conditions: tuple[Condition, ...]
) -> Verdict:
    steps = [v for v in (*reversed(graph.between(name, loss)), name) if v in verdicts]
    for kind in (Kind.REFUTED, Kind.UNDECIDED):
        for v in steps:
            if verdicts[v].kind is kind:
                return replace(verdicts[v], reason=f"∂{loss}/∂{v}: {verdicts[v].reason or 'counterexample'}")
    return replace(
        verdicts[name],
        method=f"{METHOD}, cut at every named quantity",
        obligations=sum(verdicts[v].obligations for v in steps),
        assumptions=tuple(dict.fromkeys(a for v in steps for a in verdicts[v].assumptions)),
        conditions=needed(chain(conditions, *(verdicts[v].conditions for v in steps)), graph),
    )
