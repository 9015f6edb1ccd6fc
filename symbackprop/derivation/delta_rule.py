"""Route 2, the δ-rule: one adjoint per definition, in reverse order.

∂L/∂v_i = Σ_u Σ_k ∂L/∂u_k · ∂u_k/∂v_i over the definitions u that use v. Cost is linear in the graph: every
∂L/∂u stays a named quantity. Only the adjoints that the loss gives directly are written out, so that the output δ
appears in its closed form (p - y for softmax with cross entropy).
"""

from collections.abc import Callable, Iterable

import sympy as sp

from symbackprop.derivation.local import LocalDerivative, local_derivative
from symbackprop.derivation.naming import Vocabulary
from symbackprop.derivation.simplify import shortest, use_assumptions
from symbackprop.derivation.steps import Derivation, Step
from symbackprop.model.build import check_loss, check_parameters, parameters_of
from symbackprop.model.graph import Graph, names_in
from symbackprop.tensor.differentiate import tidy
from symbackprop.tensor.indices import transform
from symbackprop.tensor.nodes import Expr, adjoint_name, entry, entry_indices, entry_name, is_adjoint, summation
from symbackprop.tensor.tensor import Tensor, axes


def delta_rule(graph: Graph, loss: str, wrt: Iterable[str] | None = None, *, names: bool = True) -> Derivation:
    """All gradients of `loss` by backpropagation.

    With `names`, local derivatives are written with the names of the definitions where these are their values.

    Raises: GraphError when `loss` is no scalar definition or does not depend on a name in `wrt`.
    """
    check_loss(graph, loss)
    wrt = check_parameters(graph, loss, wrt if wrt is not None else parameters_of(graph, loss))
    needed = _needed(graph, loss, wrt)
    route = _DeltaRule(graph, loss, needed, _words(graph, loss, wrt) if names else None)
    for name in needed:
        route.derive(name)
    gradients = {name: route.adjoints[name] for name in wrt}
    return Derivation(
        graph=graph,
        loss=loss,
        route="delta rule",
        steps=tuple(route.steps),
        adjoints=route.adjoints,
        gradients=gradients,
    )


def _words(graph: Graph, loss: str, wrt: tuple[str, ...]) -> Vocabulary:
    """The definitions whose names may stand for their values in local derivatives.

    Every name of the forward pass has its value before the first adjoint is formed. One that is differentiated by is
    left free. The loss is written as its name where it is a root, as in x/L, not where it happens to be a factor.
    """
    above = graph.ancestors(loss)
    used = [definition for d, definition in graph.definitions.items() if d in above and d not in wrt]
    return Vocabulary(d for d in used if d.name != loss or d.tensor.expr.is_Pow)


def _needed(graph: Graph, loss: str, wrt: tuple[str, ...]) -> tuple[str, ...]:
    """The names whose adjoints are needed, the loss excepted: definitions from the last back, each before what it uses.

    An input comes right after the last of the definitions that use it, as in a layer-by-layer presentation.
    """
    ancestors = graph.ancestors(loss)
    depends = set(wrt)
    for name in graph.definitions:
        if depends.intersection(graph.uses(name)):
            depends.add(name)
    order: list[str] = []
    waiting = {name: sum(name in graph.uses(d) for d in ancestors if d in depends) for name in depends}
    for name in reversed(list(graph.definitions)):
        if name not in ancestors or (name not in depends and name != loss):
            continue
        if name != loss:
            order.append(name)
        for used in graph.uses(name):
            if used in waiting:
                waiting[used] -= 1
                if waiting[used] == 0 and used in graph.inputs:
                    order.append(used)
    return tuple(order)


class _DeltaRule:
    """The adjoints found so far, and the steps that led there."""

    def __init__(self, graph: Graph, loss: str, needed: tuple[str, ...], words: Vocabulary | None) -> None:
        self.graph, self.loss = graph, loss
        self.sources = {*needed, loss}
        self.words = words
        self.users: dict[str, list[str]] = {}
        for name in graph.definitions:
            if name in self.sources:
                for used in graph.uses(name):
                    self.users.setdefault(used, []).append(name)
        self.steps: list[Step] = []
        self.adjoints: dict[str, Tensor] = {}
        self.counts: dict[str, int] = {}  # steps of each subject so far
        self.closed: set[str] = set()  # adjoints written with forward names only

    def symbol(self, name: str, indices: tuple[Expr, ...]) -> Expr:
        """∂loss/∂name[indices] as a named quantity; 1 for the loss itself."""
        return sp.Integer(1) if name == self.loss else entry(adjoint_name(self.loss, name), *indices)

    def derive(self, name: str) -> None:
        """One adjoint: chain rule, local derivatives, insertion, closed form."""
        shape = self.graph.shape(name)
        free = axes(shape)
        left = self.symbol(name, free)
        locals_ = [
            local_derivative(self.graph.definitions[user], name, free, f"k{number}_", self.words)
            for number, user in enumerate(self.users[name])
        ]
        chain = self._chain(locals_, lambda local: local.symbol)
        self._step(name, "chain", left, chain, uses=[f"{local.name}" for local in locals_])
        for local in locals_:
            for rule, form in local.lines:
                self._step(name, rule, local.symbol, form)
        value = tidy(self._chain(locals_, lambda local: local.value))
        if value != chain:
            self._step(name, "substitute", left, value)
        value = self._close(name, left, value)
        self.adjoints[name] = Tensor(value, shape)

    def _chain(self, locals_: list[LocalDerivative], factor: Callable[[LocalDerivative], Expr]) -> Expr:
        """Σ_u Σ_k ∂L/∂u_k · factor(u), the factor being ∂u_k/∂v_i as a symbol or as its value."""
        terms = []
        for local in locals_:
            upstream = self.symbol(local.name, local.indices)
            terms.append(summation(upstream * factor(local), *local.summed))
        return sp.Add(*terms)

    def _close(self, name: str, left: Expr, value: Expr) -> Expr:
        """The closed form where every upstream adjoint is known in forward names; otherwise the value as it is."""
        symbols = {adjoint_name(self.loss, u): u for u in self.closed}
        upstream = names_in(value) & set(symbols)
        adjoints = {a for a in names_in(value) if is_adjoint(a)}
        if adjoints - upstream:
            return value
        if not self._depends_only_on_loss(name):
            return value
        inserted = tidy(transform(value, lambda node: self._inlined(node, symbols)))
        if inserted != value:
            value = inserted
            self._step(name, "upstream", left, value)
        simplified = shortest(value)
        if simplified != value:
            self._step(name, "simplify", left, simplified)
        reduced, used = use_assumptions(simplified, self.graph, name)
        if used:
            self._step(name, "assumption", left, reduced, note="; ".join(used))
        self.closed.add(name)
        return reduced

    def _depends_only_on_loss(self, name: str) -> bool:
        """Whether the adjoint is an output one: it is the loss's own argument or one function away from it."""
        inner = [user for user in self.users[name] if user != self.loss]
        near = all(self.loss in self.users.get(user, []) for user in inner)
        # An input may be an output pre-activation, too: then nothing but it enters its activation.
        return near and (name in self.graph.definitions or all(self.graph.uses(user) == (name,) for user in inner))

    def _inlined(self, node: Expr, symbols: dict[str, str]) -> Expr | None:
        owner = symbols.get(entry_name(node) or "")
        return self.adjoints[owner].at(*entry_indices(node)) if owner else None

    def _step(self, subject: str, rule: str, left: Expr, right: Expr, uses: Iterable[str] = (), note: str = "") -> None:
        number = self.counts.get(subject, 0)
        self.counts[subject] = number + 1
        self.steps.append(
            Step(
                id=f"{subject}.{number}",
                subject=subject,
                left=left,
                right=right,
                rule=rule,
                uses=tuple(u for u in uses if u in self.counts),
                note=note,
            )
        )
