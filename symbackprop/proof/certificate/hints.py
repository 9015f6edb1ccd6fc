"""What a certificate states, and the ways in which its proof is looked for, the likely ones first."""

from collections.abc import Iterator
from math import prod

import sympy as sp

from symbackprop.model.graph import Definition, Graph, Relation, names_in
from symbackprop.proof.certificate.trees import (
    Json,
    compact_json,
    condition_json,
    formula_json,
    function_json,
    functions_in,
    nested,
    relation_json,
    shape_json,
    tree,
)
from symbackprop.proof.checker.statement import FORMAT
from symbackprop.proof.verdict import Verdict
from symbackprop.tensor.needs import nodes
from symbackprop.tensor.nodes import Expr, Partial, adjoint_parts, entry_name, is_adjoint

DEEP = 12  # so many definitions, all inserted, may make expressions of many layers
FIRST_LEVELS = 3
LARGE = 200  # terms that would be multiplied out
ALL = [["*", "*"]]


class Statement:
    """The content of a certificate without steps, and the hints to try."""

    def __init__(self, relation: Relation, graph: Graph, verdict: Verdict) -> None:
        self.relation, self.graph = relation, graph
        used = [a for a in graph.assumptions if a.formula in verdict.assumptions or relation.comparison == "!="]
        sides = [side.expr for r in (relation, *used) for side in (r.left, r.right)]
        sides += [condition.expr for condition in verdict.conditions]
        names = {name for side in sides for name in _names(side)}
        self.names = {ancestor for name in names for ancestor in graph.ancestors(name)}
        functions = functions_in([*sides, *(d.tensor.expr for d in self.definitions())])
        forms = {name: compact_json(name) for name in functions}
        self.compact = {name: form for name, form in forms.items() if form is not None}
        self.content: dict[str, Json] = {
            "format": FORMAT,
            "text": "",
            "shapes": {name: shape_json(shape) for name, shape in graph.inputs.items() if name in self.names},
            "definitions": [
                {"name": d.name, "shape": shape_json(d.tensor.shape), "value": tree(d.tensor.expr, graph)}
                for d in self.definitions()
            ],
            "functions": [function_json(name) for name in functions],
            "statement": relation_json(relation, graph),
            "assumptions": [relation_json(a, graph) for a in used],
            "conditions": [condition_json(c, graph) for c in verdict.conditions],
            "steps": [],
        }
        self.content["witness"] = self._witness(verdict)
        self.content["digest"] = ""

    def definitions(self) -> list[Definition]:
        """Those that the statement depends on, in order."""
        return [d for d in self.graph.definitions.values() if d.name in self.names]

    def _witness(self, verdict: Verdict) -> dict[str, Json]:
        values, functions = verdict.witness.get("values", {}), verdict.witness.get("functions", {})
        arbitrary = {record["name"] for record in self.content["functions"] if record["value"] is None}
        return {
            "sizes": dict(verdict.witness.get("sizes", {})),
            "values": {name: nested(value) for name, value in values.items() if name in self.names},
            "functions": [
                {"name": name, "value": formula_json(functions[name], ["t"])}
                for name in sorted(arbitrary & set(functions))
            ],
            "indices": list(verdict.witness.get("indices", [])) if self.relation.comparison == "!=" else [],
        }

    def hints(self) -> Iterator[dict[str, Json]]:
        """Few derivatives unfolded first, all with everything inserted soon, formulas written out last."""
        if self.relation.comparison == "!=":
            return
        tried: list[dict[str, Json]] = []
        for hints in self._all_hints():
            if hints not in tried:
                tried.append(hints)
                yield hints

    def _all_hints(self) -> Iterator[dict[str, Json]]:
        modes = ["opaque", "formulas"] if self.content["functions"] else ["opaque"]
        levels = list(self._levels())
        activations = [d.name for d in self.definitions() if self._is_activation(d.name)]
        everything = [d.name for d in self.definitions()]
        sides = [self.content["statement"][side] for side in ("left", "right")]
        if self.relation.comparison == "==" and max(map(terms_of, sides)) > LARGE:
            yield {"unfold": ALL, "insert": activations, "functions": "opaque", "as_written": True}
        if self.content["functions"]:
            for insert in ([], activations):
                for level in (*levels[:2], ALL):
                    yield {"unfold": level, "insert": insert, "functions": "closed"}
        for level in levels[:FIRST_LEVELS]:
            for insert in ([], activations):
                yield {"unfold": level, "insert": insert, "functions": "opaque"}
        inserts = [everything, activations, []] if len(everything) < DEEP else [activations, [], everything]
        for mode in modes:
            for insert in inserts:
                for level in (ALL, levels[-1]):
                    yield {"unfold": level, "insert": insert, "functions": mode}
        for level in levels[FIRST_LEVELS:]:
            yield {"unfold": level, "insert": activations, "functions": "opaque"}
        for mode in modes:
            yield {"unfold": ALL, "insert": everything, "functions": mode, "write_out": True}
        order = list(reversed(everything))
        for number in range(1, len(order)):
            for mode in modes:
                yield {"unfold": levels[-1], "insert": order[:number], "functions": mode}

    def _levels(self) -> Iterator[list[list[str]]]:
        """Total derivatives to unfold: none, then the one by the earliest quantity, then that of the rest, ..."""
        order = {name: position for position, name in enumerate(self.graph.definitions)}
        unfolded: list[list[str]] = []
        present = {
            pair for side in (self.relation.left, self.relation.right) for pair in _totals(side.expr, self.graph)
        }
        yield []
        while present:
            f, v = min(present, key=lambda pair: (order.get(pair[1], -1), pair))
            present.remove((f, v))
            unfolded = [*unfolded, [f, v]]
            present |= {(f, w) for w in self.graph.between(v, f) if w != f and v in self.graph.uses(w)}
            yield unfolded

    def _is_activation(self, name: str) -> bool:
        graph = self.graph
        return len(graph.uses(name)) == 1 and not graph.definitions[name].tensor.expr.has(sp.Sum)


def terms_of(raw: Json) -> int:
    """How many terms a tree has at most when its products are multiplied out."""
    if not isinstance(raw, list) or raw[0] not in ("add", "mul"):
        return 1
    return (sum if raw[0] == "add" else prod)(map(terms_of, raw[1:]))


def _names(expr: Expr) -> set[str]:
    """The names of quantities; of a total derivative, both."""
    found = {name for name in map(entry_name, nodes(expr)) if name is not None}
    return {part for name in found for part in (adjoint_parts(name) if is_adjoint(name) else [name])}


def _totals(expr: Expr, graph: Graph) -> set[tuple[str, str]]:
    """The total derivatives of a name by a name in an expression."""
    found = set()
    for node in nodes(expr):
        name = entry_name(node) or ""
        if is_adjoint(name):
            f, v = adjoint_parts(name)
            found.add((f, v))
        if isinstance(node, Partial):
            v = entry_name(node.args[1]) or ""
            names = names_in(node.args[0])
            if node.args[0].has(Partial):  # what the inner derivative is made of
                names = frozenset(name for f in names for name in graph.ancestors(f))
            found |= {(f, v) for f in names if f != v and v in graph.ancestors(f)}
    return found
