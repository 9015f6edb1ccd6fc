"""Where a statement says something: its sides are defined, and what is differentiated has a slope."""

from collections.abc import Iterable, Iterator, Set
from itertools import chain

import sympy as sp

from symbackprop.model.graph import Graph, Relation, names_in, names_in_tensor
from symbackprop.proof.domain import Domain, distinct, has_kinks
from symbackprop.proof.points.structure import guards_of, open_parts
from symbackprop.proof.verdict import Condition
from symbackprop.tensor.indices import children
from symbackprop.tensor.needs import needs_of, nodes
from symbackprop.tensor.nodes import Expr, IsZero, Partial, Positive, adjoint_parts, entry_name, is_adjoint
from symbackprop.tensor.tensor import Tensor


def conditions_of(relation: Relation, graph: Graph) -> Iterator[Condition]:
    """What must hold for both sides to be defined, and for what is differentiated to be differentiable."""
    variables = differentiated_by(relation)
    domain = Domain(graph, variables)
    order = max(map(derivatives, _parts(relation)))
    for side in (relation.left, relation.right):
        yield from domain.conditions(side)
    for name, tensor in _definitions(relation, graph).items():
        moved = bool(variables & _rests_on(name, graph))
        yield from domain.conditions(tensor, order if moved else 0)
    yield from ends(relation, graph)


def conditions_beside(relation: Relation, graph: Graph) -> Iterator[Condition]:
    """What a statement about one step of a derivation needs, and the definitions in which it differentiates."""
    domain, variables = Domain(graph), differentiated_by(relation)
    for side in (relation.left, relation.right):
        yield from domain.conditions(side)
    for name, definition in graph.definitions.items():
        if variables.intersection(graph.uses(name)):
            yield from domain.conditions(definition.tensor, 1)


def excluded(relation: Relation, graph: Graph) -> tuple[Condition, ...]:
    """The conditions that exclude kinks, and the ends of roots that are differentiated: there a statement says nothing,
    and no assumption holds.

    Points elsewhere count as counterexamples wherever both sides have a value, whatever else a proof asks for.
    """
    stated = [relation, *(a for a in graph.assumptions if differentiated_by(a))]
    at_kinks = (c for statement in stated for c in conditions_of(statement, graph) if c.why == "kink")
    return distinct(chain(at_kinks, *(ends(statement, graph) for statement in stated)))


def ends(relation: Relation, graph: Graph) -> Iterator[Condition]:
    """u > 0 for each root of u that is differentiated: at u = 0, the end of its domain, it has no derivative.

    So for a root that simplification has left out: √s² is s for s >= 0 only. What is reached below a guard alone does
    not count: [t > 0] √u has a derivative for every u where t < 0.
    """
    variables = differentiated_by(relation)
    domain = Domain(graph, variables)
    if not variables:
        return
    sides, definitions = (relation.left, relation.right), _definitions(relation, graph)
    moved = variables.union(name for name in definitions if variables & _rests_on(name, graph))
    reached = moved & _reached_openly(sides, graph)
    tensors = [tensor for name, tensor in definitions.items() if name in reached]
    yield from domain.ends([side.expr for side in sides])
    yield from domain.ends([tensor.expr for tensor in tensors], 1)
    needs = [need for tensor in (*sides, *tensors) for need in tensor.needs]
    for end in domain.ends([need for need in needs if moved & names_in(need)], 1):
        # A square √u² has derivatives where u is nowhere negative.
        if not domain.bounds(end.expr).nonnegative:
            yield end


def _reached_openly(sides: Iterable[Tensor], graph: Graph) -> set[str]:
    """The definitions that must have a value if the sides have one, since no guard can be 0 above them."""
    reached: set[str] = set()
    stack = [part for side in sides for part in (side.expr, *side.needs)]
    while stack:
        node = stack.pop()
        name = entry_name(node) or ""
        name = adjoint_parts(name)[0] if is_adjoint(name) else name
        if name in graph.definitions and name not in reached:
            reached.add(name)
            tensor = graph.definitions[name].tensor
            stack += [tensor.expr, *tensor.needs]
        stack.extend(open_parts(node))
    return reached


def asks_more_than_guards(relation: Relation, graph: Graph, noted: bool) -> bool:
    """Whether a proof, with conditions `noted` on the way or without, may say nothing where a guard is 0.

    There both sides may have a value for all that.
    """
    kinks = any(condition.why == "kink" for condition in conditions_of(relation, graph))
    return (noted or kinks) and needs_below_guards(relation, graph, kinks)


def needs_below_guards(relation: Relation, graph: Graph, kinks: bool = False) -> bool:
    """Whether [t > 0] √s is in the relation or below it, or [t > 0] r with a name r for √s, or something like it.

    With `kinks`, so for |s| and for all else that has no derivative somewhere.
    """
    definitions = _definitions(relation, graph)
    partial: set[str] = set()  # the names that do not have a value, or a derivative, everywhere
    for name, tensor in definitions.items():
        if any(_may_fail(part, partial, kinks) for part in (tensor.expr, *tensor.needs)):
            partial.add(name)
    exprs = [relation.left.expr, relation.right.expr, *(tensor.expr for tensor in definitions.values())]
    return any(fails_below_guard(expr, partial, kinks) for expr in exprs)


def fails_below_guard(expr: Expr, partial: Set[str] = frozenset(), kinks: bool = False) -> bool:
    """Whether a guard stands before what does not have a value everywhere, as the names in `partial` do not."""
    return any(
        guards_of(node)[0] and any(_may_fail(factor, partial, kinks) for factor in guards_of(node)[1])
        for node in nodes(expr)
        if node.is_Mul
    )


def _may_fail(expr: Expr, partial: Set[str], kinks: bool) -> bool:
    """Whether an expression holds a root, an inverse, a logarithm, a kink if these are asked for, or a name of one."""
    for node in nodes(expr):
        name = entry_name(node) or ""
        if needs_of(node) or (adjoint_parts(name)[0] if is_adjoint(name) else name) in partial:
            return True
        if kinks and (isinstance(node, (Positive, IsZero, sp.Abs, sp.sign)) or has_kinks(node)):
            return True
    return False


def _definitions(relation: Relation, graph: Graph) -> dict[str, Tensor]:
    """The definitions on which the sides depend, in order."""
    roots = names_in_tensor(relation.left) | names_in_tensor(relation.right)
    roots |= {f for f, _ in declared_adjoints(relation)}
    involved = {name for root in roots if not is_adjoint(root) for name in _rests_on(root, graph)}
    return {name: definition.tensor for name, definition in graph.definitions.items() if name in involved}


def _rests_on(name: str, graph: Graph) -> frozenset[str]:
    """`name` and every name that it depends on, or would depend on if nothing cancelled."""
    if not any(definition.tensor.needs for definition in graph.definitions.values()):
        return graph.ancestors(name)
    found, stack = set[str](), [name]
    while stack:
        current = stack.pop()
        if current not in found:
            found.add(current)
            stack.extend(names_in_tensor(graph.definitions[current].tensor) if current in graph.definitions else ())
    return frozenset(found)


def declared_adjoints(relation: Relation) -> list[tuple[str, str]]:
    """The pairs (f, v) of the quantities named d(f, v) in a relation."""
    names = frozenset().union(*map(names_in, _parts(relation)))
    return [adjoint_parts(name) for name in sorted(names) if is_adjoint(name)]


def _parts(relation: Relation) -> tuple[Expr, ...]:
    """Both sides, and what has cancelled in them."""
    return (relation.left.expr, relation.right.expr, *relation.left.needs, *relation.right.needs)


def differentiated_by(relation: Relation) -> frozenset[str]:
    """The names v of all total derivatives ∂f/∂v in a relation."""
    found: set[str] = set()
    for node in chain.from_iterable(map(nodes, _parts(relation))):
        if isinstance(node, Partial):
            found.add(entry_name(node.args[1]) or "")
        name = entry_name(node) or ""
        if is_adjoint(name):
            found.add(adjoint_parts(name)[1])
    return frozenset(found)


def derivatives(expr: Expr) -> int:
    """How many derivatives stand in each other."""
    stack, seen, most = [(expr, 0)], set[tuple[Expr, int]](), 0
    while stack:
        place = node, around = stack.pop()
        if place not in seen:
            seen.add(place)
            around += isinstance(node, Partial) or is_adjoint(entry_name(node) or "")
            most = max(most, around)
            stack.extend((child, around) for child in children(node))
    return most
