"""Total derivatives of arrays, and second derivatives: the chain rule forwards, through every name that depends on v.

d(expr)/dv = ∂expr/∂v + Σ_u Σ_k ∂expr/∂u_k · du_k/dv over all names u in it. In an equation of the δ-rule stand forward
names and adjoints, which depend on v through equations of their own; so the same formula gives ∂²L/∂w∂v. Side
conditions are put in at the very end, after all differentiation.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import sympy as sp

from symbackprop.derivation.delta_rule import delta_rule
from symbackprop.derivation.local import local_derivative, with_output
from symbackprop.derivation.naming import Vocabulary
from symbackprop.derivation.simplify import (
    joined,
    length,
    merged,
    shortest,
    use_assumptions,
    with_equal_indices,
    without_zero_sums,
)
from symbackprop.derivation.steps import Step
from symbackprop.errors import GraphError
from symbackprop.model.build import check_parameters
from symbackprop.model.graph import Definition, Graph, names_in
from symbackprop.tensor.differentiate import differentiate, tidy
from symbackprop.tensor.indices import all_index_names, fresh_index, transform
from symbackprop.tensor.nodes import Expr, adjoint_name, entry_indices, entry_name, is_adjoint, summation
from symbackprop.tensor.tensor import Tensor, axes


def jacobian(graph: Graph, name: str, by: str) -> Tensor:
    """d(name)/d(by) for two named arrays: the shape of `name` followed by that of `by`.

    Raises: GraphError when `name` is not defined or does not depend on `by`; NotSupportedError for a node without a
    rule.
    """
    if name not in graph.definitions or name == by or by not in graph.ancestors(name):
        raise GraphError(f"{name!r} does not depend on {by!r}")
    total = _Total(replace(graph, assumptions=()), "", {}, by).of_definition(graph.definitions[name])
    value, _ = use_assumptions(shortest(_vocabulary(graph, name).named(total.expr)), graph, by)
    return Tensor(value, total.shape)


def _vocabulary(graph: Graph, name: str) -> Vocabulary:
    """The definitions on which `name` depends, its own included."""
    above = graph.ancestors(name)
    return Vocabulary(definition for d, definition in graph.definitions.items() if d in above)


def local_steps(graph: Graph, name: str, by: str) -> tuple[Step, ...]:
    """The local derivatives that d(name)/d(by) is made of, from `name` back to `by`."""
    moving, words = {by, *graph.between(by, name)}, _vocabulary(graph, name)
    steps: list[Step] = []
    for user in reversed(graph.between(by, name)):
        for used in (u for u in graph.uses(user) if u in moving):
            local = local_derivative(graph.definitions[user], used, axes(graph.shape(used)), "k", words)
            for rule, form in local.lines:
                steps.append(Step(id=f"{name}.{len(steps)}", subject=name, left=local.symbol, right=form, rule=rule))
    return tuple(steps)


def second_derivative(graph: Graph, loss: str, first: str, second: str) -> Tensor:
    """∂²loss/∂first∂second: the shape of `first` followed by the shape of `second`.

    Raises: GraphError when `loss` does not depend on one of the names; NotSupportedError for a node without a rule.
    """
    check_parameters(graph, loss, (first, second))
    bare = replace(graph, assumptions=())
    # A name in the place of its value would be right where it stands, but not for a derivative by that name.
    adjoints = delta_rule(bare, loss, (first, second), names=False).adjoints
    total = _Total(bare, loss, adjoints, second).of(adjoints[first])
    # Now that all is differentiated, names may stand for their values.
    between = set(graph.ancestors(loss)) - {first, second, loss}
    words = Vocabulary(definition for name, definition in graph.definitions.items() if name in between)

    def written(expr: Expr) -> Expr:
        return words.without_deviations(words.named(without_zero_sums(merged(expr))))

    forms = []
    for expr in dict.fromkeys((total.expr, _with_closed(total.expr, loss, adjoints))):
        plain = written(expr)
        short = merged(shortest(plain))
        forms += [short, merged(with_equal_indices(short)), joined(plain)]
    value = min((use_assumptions(form, graph, second)[0] for form in forms), key=length)
    return Tensor(value, total.shape)


def _with_closed(expr: Expr, loss: str, adjoints: Mapping[str, Tensor]) -> Expr:
    """`expr` with each adjoint that is written in forward names put in: what cancels with it shows only then."""
    closed = {
        adjoint_name(loss, name): tensor
        for name, tensor in adjoints.items()
        if not any(map(is_adjoint, names_in(tensor.expr)))
    }

    def rule(node: Expr) -> Expr | None:
        tensor = closed.get(entry_name(node) or "")
        return None if tensor is None else tensor.at(*entry_indices(node))

    return transform(expr, rule)


class _Total:
    """Total derivatives by the quantity `by`; those of names are kept, so that each is found once."""

    def __init__(self, graph: Graph, loss: str, adjoints: Mapping[str, Tensor], by: str) -> None:
        self.graph, self.by = graph, by
        self.adjoints = {adjoint_name(loss, name): tensor for name, tensor in adjoints.items()}
        self.known: dict[str, Tensor] = {}

    def of(self, tensor: Tensor) -> Tensor:
        """d(tensor)/d(by): the shape of the tensor, then that of `by`."""
        return self._sum(tensor, differentiate)

    def _sum(self, tensor: Tensor, partial: Callable[[Expr, str, tuple[Expr, ...]], Expr]) -> Tensor:
        """∂/∂by and, for every other name in the tensor that depends on `by`, Σ_k ∂/∂name_k · d(name_k)/d(by)."""
        shape = tensor.shape + self.graph.shape(self.by)
        at = axes(shape)[len(tensor.shape) :]
        terms = []
        for name in sorted(names_in(tensor.expr)):
            if name == self.by:
                terms.append(partial(tensor.expr, name, at))
            elif self._moves(name):
                inner = self._of_name(name)
                summed = _fresh(inner.shape[: len(inner.shape) - len(at)], tensor.expr, inner.expr, *at)
                terms.append(summation(partial(tensor.expr, name, summed) * inner.at(*summed, *at), *summed))
        return Tensor(tidy(sp.Add(*terms)), shape)

    def _moves(self, name: str) -> bool:
        """Whether a name may depend on `by`."""
        return name in self.adjoints or (name in self.graph.definitions and self.by in self.graph.ancestors(name))

    def _of_name(self, name: str) -> Tensor:
        """d(name)/d(by), by the equation of the δ-rule or by the definition."""
        if name not in self.known:
            definition = self.graph.definitions.get(name)
            self.known[name] = self.of(self.adjoints[name]) if definition is None else self.of_definition(definition)
        return self.known[name]

    def of_definition(self, definition: Definition) -> Tensor:
        """With the function's own value put in: dσ(z) = a (1 - a) dz."""
        own = definition.tensor.indices
        return self._sum(
            definition.tensor,
            lambda expr, name, at: with_output(tidy(differentiate(expr, name, at)), definition, own),
        )


def _fresh(shape: tuple[Expr, ...], *exprs: Expr) -> tuple[Expr, ...]:
    """Indices for a shape whose names occur in none of the expressions."""
    taken = frozenset().union(*map(all_index_names, exprs))
    found: list[Expr] = []
    for extent in shape:
        found.append(fresh_index(extent, taken))
        taken = taken | {str(found[-1].label)}
    return tuple(found)
