"""Tests whether one expression about a graph is zero, or has a sign: cheap ones, and those with all written out."""

from dataclasses import dataclass
from math import inf

import sympy as sp

from symbackprop.model.graph import Graph, names_in
from symbackprop.proof.compact import compact
from symbackprop.proof.domain import Domain
from symbackprop.proof.factors import equal_in_factors
from symbackprop.proof.formulas import written_out
from symbackprop.proof.index.form import IndexForms
from symbackprop.proof.limits import Clock, Undecided
from symbackprop.proof.unfold import Unfolding
from symbackprop.tensor.indices import expanded_terms
from symbackprop.tensor.nodes import Expr


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

    def know_conditions(self, expr: Expr) -> None:
        """The conditions so far, too, with those definitions put in that have been put into the expression."""
        absent = set(self.graph.definitions) - names_in(expr)
        unfolding = Unfolding(self.graph, self.forms, self.clock)
        for kind, condition in self.forms.conditions:
            inlined = unfolding.expand(condition, absent)
            if inlined != condition:
                self.forms.learn(kind, inlined)

    def nonnegative(self, gap: Expr, strict: bool) -> bool:
        """At least 0, or more than 0, as it stands or with every function of the catalogue written out."""
        inlined = self.with_activations(gap)
        for form in dict.fromkeys((gap, inlined, written_out(inlined))):
            self.clock.check()
            try:
                if self.forms.is_nonnegative(self.forms.normalise(form), strict):
                    return True
            except Undecided as error:
                self.failure = error
        return False

    def in_factors(self, left: Expr, right: Expr) -> bool:
        """Equal factor by factor, each an opaque quantity."""
        return equal_in_factors(left, right, self.clock.budget, self.clock, Domain(self.graph).positive)

    def by_values(self, expr: Expr, limit: float = inf) -> bool:
        """Zero with activations put in, and derivatives by the functions' values; not tried beyond `limit` terms."""
        inlined = self.with_activations(expr)
        return inlined != expr and expanded_terms(inlined) <= limit and self.opaque(inlined)

    def by_formulas(self, expr: Expr) -> bool:
        """Zero with every function of the catalogue replaced by its formula."""
        inlined = self.with_activations(expr)
        unfolded = written_out(inlined)
        return unfolded != inlined and self.opaque(unfolded)

    def with_activations(self, expr: Expr) -> Expr:
        """`expr` with activations put in, and derivatives by the functions' values."""
        activations: set[str] = set()
        stack = sorted(names_in(expr))
        while stack:
            name = stack.pop()
            if name not in activations and _is_activation(self.graph, name):
                activations.add(name)
                stack.extend(self.graph.uses(name))
        return compact(Unfolding(self.graph, self.forms, self.clock).expand(expr, activations))


def _is_activation(graph: Graph, name: str) -> bool:
    """Whether a definition computes each entry from one entry of one other quantity."""
    return (
        name in graph.definitions and len(graph.uses(name)) == 1 and not graph.definitions[name].tensor.expr.has(sp.Sum)
    )
