"""Lines of route 1, ∂L/∂v as a product along each path: proved in time that grows with their length.

∂L/∂v_J = Σ_u Σ_K ∂L/∂u_K · ∂u_K/∂v_J with every ∂L/∂u put in, down from the loss; each is found once for all lines. A
local derivative with δ_KJ in each of its terms takes its K out of the sum, so that nothing is written twice.
"""

import sympy as sp

from symbackprop.errors import NotSupportedError
from symbackprop.model.graph import Graph
from symbackprop.proof.domain import Domain
from symbackprop.proof.factors import with_opaque_tangents
from symbackprop.proof.index.form import IndexForms
from symbackprop.proof.limits import Budget, Clock, Undecided, room_for_deep_expressions
from symbackprop.proof.zero_tests import Tests
from symbackprop.tensor.indices import substitute, transform
from symbackprop.tensor.nodes import (
    Expr,
    Local,
    Partial,
    delta,
    entry_indices,
    entry_name,
    extent,
    index,
    summation,
)
from symbackprop.tensor.tensor import Tensor, axes


class Composed:
    """The derivatives of scalars in one graph with nothing but forward names in them, and the lines that say so."""

    def __init__(self, graph: Graph, budget: Budget) -> None:
        self.graph, self.budget = graph, budget
        self._forms = IndexForms(budget, Domain(graph).positive)
        self._totals: dict[tuple[str, str], Tensor] = {}
        self._locals: dict[tuple[str, str], Tensor] = {}

    def proves(self, left: Expr, right: Expr) -> bool:
        """Whether left = right is shown, `left` being a total derivative; no condition is needed for it then."""
        if not isinstance(left, Partial) or entry_name(left.args[0]) not in self.graph.definitions:
            return False
        loss, v = map(entry_name, left.args)
        if entry_indices(left.args[0]) or not loss or not v or v == loss or v not in self.graph.ancestors(loss):
            return False
        clock = Clock(self.budget)
        try:
            with room_for_deep_expressions():
                derivative = self._total(loss, v, clock).at(*entry_indices(left.args[1]))
                return self._equal(derivative, self._taken(right), clock)
        except (Undecided, NotSupportedError):
            return False

    def _equal(self, left: Expr, right: Expr, clock: Clock) -> bool:
        """With activations opaque, or with derivatives by their values."""
        if self._forms.conditions:
            return False
        tests = Tests(self.graph, self._forms, clock)
        by_values = tests.with_activations(left), tests.with_activations(right)
        return any(tests.in_factors(*sides) for sides in ((left, right), by_values))

    def _total(self, loss: str, v: str, clock: Clock) -> Tensor:
        """∂loss/∂v, every later one put in."""
        if (loss, v) not in self._totals:
            clock.check()
            terms = []
            for u in self.graph.between(v, loss):
                if v in self.graph.uses(u):
                    upstream = Tensor(sp.Integer(1)) if u == loss else self._total(loss, u, clock)
                    terms.append(self._through(upstream, u, v))
            self._totals[loss, v] = Tensor(sp.Add(*terms), self.graph.shape(v))
        return self._totals[loss, v]

    def _through(self, upstream: Tensor, u: str, v: str) -> Expr:
        """Σ_K ∂loss/∂u_K · ∂u_K/∂v_J, with the K that δ_KJ forces to be a J set equal to it."""
        local, at = self._local(u, v), axes(self.graph.shape(v))
        over = tuple(index(f"w{axis}", size) for axis, size in enumerate(self.graph.shape(u)))
        value = local.at(*over, *at)
        terms = [sp.Mul.make_args(term) for term in sp.Add.make_args(value)]
        forced: dict[Expr, Expr] = {}
        for k in over:
            for j in at:
                if extent(j) == extent(k) and all(delta(k, j) in factors for factors in terms):
                    forced[k] = j
                    break
        indices = tuple(forced.get(k, k) for k in over)
        return summation(upstream.at(*indices) * substitute(value, forced), *(k for k in over if k not in forced))

    def _local(self, u: str, v: str) -> Tensor:
        """∂u_K/∂v_J through the definition of u alone."""
        if (u, v) not in self._locals:
            shape = (*self.graph.shape(u), *self.graph.shape(v))
            free = axes(shape)
            value = with_opaque_tangents(self.graph.definitions[u].tensor.at(*free[: len(self.graph.shape(u))]))
            derivative = self._forms.derivative(value, v, free[len(self.graph.shape(u)) :])
            self._locals[u, v] = Tensor(self._forms.to_expr(derivative), shape)
        return self._locals[u, v]

    def _taken(self, expr: Expr) -> Expr:
        """`expr` with each local derivative taken.

        Raises: Undecided where another derivative is in it.
        """

        def rule(node: Expr) -> Expr | None:
            if isinstance(node, Partial):
                raise Undecided("a total derivative on both sides")
            if not isinstance(node, Local):
                return None
            u, v = map(entry_name, node.args)
            if u is None or v is None or u not in self.graph.definitions or u == v:
                raise Undecided("a local derivative of no definition")
            return self._local(u, v).at(*(i for part in node.args for i in entry_indices(part)))

        return transform(expr, rule)
