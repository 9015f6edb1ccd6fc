"""Certificates: a PROVED as data that `checker` accepts, found by trying hints until it does.

The prover leaves no trail. What a certificate needs from it is little: that the statement is true, under which
conditions, and a point. How it was proved does not matter, since the checker has to find its own way; the hints (which
total derivatives to unfold, which definitions to insert) are few enough to be tried in the order of the prover.
"""

from collections.abc import Iterable, Iterator
from itertools import islice, product
from typing import Any

from symbackprop.errors import NotSupportedError
from symbackprop.model.graph import Graph, Relation
from symbackprop.proof import checker
from symbackprop.proof.certificate_hints import hints_for
from symbackprop.proof.certificate_trees import (
    Json,
    condition_json,
    formula_json,
    function_json,
    functions_in,
    nodes_of,
    relation_json,
    shape_json,
    tree,
)
from symbackprop.proof.verdict import Verdict
from symbackprop.tensor.nodes import Expr, adjoint_parts, entry_name

MOST_TRIES = 60
MOST_POINTS = 16


def certificate(relation: Relation, graph: Graph, verdict: Verdict) -> dict[str, Json]:
    """The certificate of a PROVED verdict on `relation`; the checker has accepted it.

    Raises: NotSupportedError for another verdict, and where the checker does not follow.
    """
    if not verdict.proved:
        raise NotSupportedError(f"{relation.formula}: only what is PROVED has a certificate, not {verdict.kind}")
    content = _content(relation, graph, verdict)
    definitions = [graph.definitions[d["name"]] for d in content["definitions"]]
    reason = "no hints were found"
    for tries, hints in enumerate(hints_for(relation, graph, definitions, bool(content["functions"]))):
        if tries == MOST_TRIES:
            break
        for witness in (content["witness"], *_enlarged(content, hints["general"])):
            found = content | {"hints": hints, "witness": witness}
            found["digest"] = checker.digest(found)
            try:
                checker.check(found)
            except checker.Rejected as error:
                reason = str(error)
                if witness is content["witness"] and "the point" not in reason:
                    break
                continue
            return found
    raise NotSupportedError(f"{relation.formula}: proved, but the checker does not follow: {reason}")


def _content(relation: Relation, graph: Graph, verdict: Verdict) -> dict[str, Json]:
    """All of a certificate but the hints and the digest."""
    used = [a for a in graph.assumptions if a.formula in verdict.assumptions or relation.comparison == "!="]
    sides = [side.expr for r in (relation, *used) for side in (r.left, r.right)]
    sides += [condition.expr for condition in verdict.conditions]
    names = {ancestor for side in sides for name in _names(side) for ancestor in graph.ancestors(name)}
    definitions = [d for d in graph.definitions.values() if d.name in names]
    functions = [function_json(name) for name in functions_in([*sides, *(d.tensor.expr for d in definitions)])]
    statement = relation_json(relation, graph)
    left, right = (checker.show(statement[side]) for side in ("left", "right"))
    return {
        "format": checker.FORMAT,
        "text": f"{left} {relation.comparison} {right}",
        "shapes": {name: shape_json(shape) for name, shape in graph.inputs.items() if name in names},
        "definitions": [
            {"name": d.name, "shape": shape_json(d.tensor.shape), "value": tree(d.tensor.expr, graph)}
            for d in definitions
        ],
        "functions": functions,
        "statement": statement,
        "assumptions": [relation_json(a, graph) for a in used],
        "conditions": [condition_json(c, graph) for c in verdict.conditions],
        "witness": _witness(verdict, names, [f["name"] for f in functions if f["value"] is None]),
    }


def _witness(verdict: Verdict, names: set[str], arbitrary: Iterable[str]) -> dict[str, Json]:
    """The point of the verdict, with concrete functions in place of arbitrary ones."""
    values, formulas = verdict.witness.get("values", {}), verdict.witness.get("functions", {})
    return {
        "sizes": dict(verdict.witness.get("sizes", {})),
        "values": {name: _nested(value) for name, value in values.items() if name in names},
        "functions": [
            {"name": name, "arguments": ["t"], "value": formula_json(formulas[name], ["t"]), "derivative": None}
            for name in sorted(arbitrary)
            if name in formulas
        ],
    }


def _enlarged(content: dict[str, Json], general: dict[str, str]) -> Iterator[Json]:
    """The point at the stated sizes where numbers stand for any: entries are added, zeros or the last one again."""
    witness, sizes = content["witness"], {name: int(number) for number, name in general.items()}
    growing = [name for name in witness["values"] if set(content["shapes"][name]) & set(sizes.values())]
    for zeros in islice(product((True, False), repeat=len(growing)), MOST_POINTS) if sizes else ():
        values = {
            name: _grown(witness["values"][name], content["shapes"][name], set(sizes.values()), zero)
            for name, zero in zip(growing, zeros, strict=True)
        }
        yield witness | {"sizes": witness["sizes"] | sizes, "values": witness["values"] | values}


def _grown(value: Json, shape: list[Json], sizes: set[int], zero: bool) -> Json:
    """An array with each axis of one of the sizes made as long."""
    if not shape:
        return value
    parts = [_grown(part, shape[1:], sizes, zero) for part in value]
    if shape[0] not in sizes:
        return parts
    filler = _zeros(parts[-1]) if zero else parts[-1]
    return [*parts, *[filler] * (shape[0] - len(parts))][: shape[0]]


def _zeros(value: Json) -> Json:
    return [_zeros(part) for part in value] if isinstance(value, list) else "0"


def _nested(value: Any) -> Json:
    return [_nested(part) for part in value] if isinstance(value, (list, tuple)) else str(value)


def _names(expr: Expr) -> set[str]:
    """The names of quantities; of a total derivative, both."""
    found = {name for node in nodes_of(expr) if (name := entry_name(node)) is not None}
    return {part for name in found for part in (adjoint_parts(name) if name.startswith("d(") else [name])}
