"""Hints for the checker, in the order in which they are likely to suffice.

What a hint says is not believed: it only tells which of the true equations are to be used.
"""

from collections.abc import Iterator
from typing import Any

import sympy as sp

from symbackprop.catalogue.activations import unfold
from symbackprop.model.graph import Definition, Graph, Relation, names_in
from symbackprop.proof.certificate_trees import Json, nodes_of, tree
from symbackprop.proof.compact import compact
from symbackprop.proof.generalise import Generalisation
from symbackprop.proof.index.form import IndexForms
from symbackprop.proof.inequality import completed_square
from symbackprop.proof.limits import Budget, Clock, Undecided
from symbackprop.proof.unfold import Unfolding
from symbackprop.tensor.nodes import Expr, Partial, adjoint_parts, entry_name

FIRST_LEVELS = 3
Hints = dict[str, Any]


def hints_for(relation: Relation, graph: Graph, definitions: list[Definition], functions: bool) -> Iterator[Hints]:
    """Few derivatives unfolded first, formulas of functions written out last; an inequality by a bound at first."""
    difference = relation.comparison == "!="
    symbols = {} if difference else Generalisation(graph).symbols
    general: Json = {str(number): str(symbol) for number, symbol in symbols.items()}
    plain = {"unfold": [], "insert": [], "functions": "opaque", "write_out": False, "bound": None, "general": general}
    if difference:
        yield plain
        return
    search = _Search(relation, graph, definitions, functions)
    tried: list[Hints] = []
    for hints in (*search.bounds(), *search.unfoldings()):
        if hints not in tried:
            tried.append(hints)
            yield plain | hints


class _Search:
    """The hints on one statement; `definitions` are those that it depends on."""

    def __init__(self, relation: Relation, graph: Graph, definitions: list[Definition], functions: bool) -> None:
        self.relation, self.graph, self.functions = relation, graph, functions
        self.latest = [d.name for d in reversed(definitions)]
        self.activations = [d.name for d in definitions if self._is_activation(d)]
        self.levels = list(self._levels())

    def unfoldings(self) -> Iterator[Hints]:
        """Derivatives to unfold, definitions to insert, and what to do with functions."""
        modes = ["opaque", "values"] if self.functions else ["opaque"]
        last = len(self.levels) - 1
        for level in dict.fromkeys([*range(min(FIRST_LEVELS, last + 1)), last, *range(last + 1)]):
            for mode in modes:
                insert = self.activations if mode == "values" else []
                yield {"unfold": self.levels[level], "insert": insert, "functions": mode}
        for number in range(1, len(self.latest) + 1):
            for mode in modes:
                more = self.activations if mode == "values" else []
                insert = [name for name in self.latest if name in self.latest[:number] or name in more]
                yield {"unfold": self.levels[-1], "insert": insert, "functions": mode}
        for insert in ([], self.activations, self.latest):
            for level in dict.fromkeys((0, last)):
                yield {"unfold": self.levels[level], "insert": insert, "functions": "formulas"}
        for insert in ([], self.latest):
            yield {"unfold": self.levels[-1], "insert": insert, "functions": "formulas", "write_out": True}

    def _levels(self) -> Iterator[list[list[str]]]:
        """Total derivatives to unfold: none, then the one by the earliest quantity, then that of the rest, ..."""
        order = {name: position for position, name in enumerate(self.graph.definitions)}
        unfolded: list[list[str]] = []
        present = {pair for side in (self.relation.left, self.relation.right) for pair in totals(side.expr, self.graph)}
        yield []
        while present:
            f, v = min(present, key=lambda pair: (order.get(pair[1], -1), pair))
            present.remove((f, v))
            unfolded = [*unfolded, [f, v]]
            present |= {(f, w) for w in self.graph.between(v, f) if w != f and v in self.graph.uses(w)}
            yield unfolded

    def bounds(self) -> Iterator[Hints]:
        """What the difference of the sides of an inequality is, in a form that shows that it is not negative."""
        if self.relation.comparison == "==":
            return
        for mode, form in self._forms_of_gap():
            yield {
                "unfold": self.levels[-1],
                "insert": self.activations,
                "functions": mode,
                "bound": tree(form, self.graph),
            }

    def _forms_of_gap(self) -> Iterator[tuple[str, Expr]]:
        """Forms of the larger side less the smaller one, each with what is to be done with functions."""
        gap = self.relation.right.expr - self.relation.left.expr
        if self.relation.comparison in (">", ">="):
            gap = -gap
        yield "values", gap
        forms = IndexForms()
        try:
            unfolding = Unfolding(self.graph, forms, Clock(Budget(seconds=2)))
            inserted = self.graph.expand(unfolding.eliminate(unfolding.name_partials(gap)), self.activations)
            for mode, form in (("values", inserted), ("values", compact(inserted)), ("formulas", unfold(inserted))):
                normal = forms.to_expr(forms.normalise(form))
                square = completed_square(normal)
                factors = [] if normal.has(sp.Sum) else [sp.factor(normal)]
                yield from ((mode, found) for found in (form, normal, square, *factors) if found is not None)
        except Undecided:
            return

    def _is_activation(self, definition: Definition) -> bool:
        """Whether each entry is computed from one entry of one other quantity."""
        return len(self.graph.uses(definition.name)) == 1 and not definition.tensor.expr.has(sp.Sum)


def totals(expr: Expr, graph: Graph) -> set[tuple[str, str]]:
    """The total derivatives of a name by a name in an expression."""
    found = set()
    for node in nodes_of(expr):
        name = entry_name(node) or ""
        if name.startswith("d("):
            f, v = adjoint_parts(name)
            found.add((f, v))
        if isinstance(node, Partial):
            v = entry_name(node.args[1]) or ""
            names = names_in(node.args[0])
            if node.args[0].has(Partial):  # what the inner derivative is made of
                names = frozenset(name for f in names for name in graph.ancestors(f))
            found |= {(f, v) for f in names if f != v and v in graph.ancestors(f)}
    return found
