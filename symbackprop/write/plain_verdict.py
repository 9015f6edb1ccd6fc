"""What a proof needs, for a terminal: its conditions in plain text, and a point at which all of them hold."""

from collections.abc import Mapping
from typing import Any

from symbackprop.errors import shorten
from symbackprop.model.graph import Graph
from symbackprop.proof.verdict import MAX_NUMBERS as MAX_IN_LINE
from symbackprop.proof.verdict import Kind, Verdict, chosen_functions, nested, numbers_in
from symbackprop.write.plain import PlainText
from symbackprop.write.sections.proof_basis import reason_of

# A point with more numbers than these says nothing in one line.
MAX_NUMBERS = 24
# Quantities of a counterexample that stand below its line, and characters of each.
MAX_LINES, LINE_WIDTH = 12, 116


def verdict_line(verdict: Verdict, graph: Graph) -> str:
    """The verdict in one line; a proof holds for all sizes, if there are any."""
    text = str(verdict)
    return text.replace("PROVED", "PROVED for all sizes", 1) if verdict.proved and graph.sizes() else text


def basis(verdict: Verdict, graph: Graph) -> list[str]:
    """The conditions of a proof, and the point at which everything that it needs holds; a counterexample has none."""
    if not verdict.proved:
        return []
    lines = [f"needs {text}" for text in conditions(verdict, graph)]
    if (lines or verdict.assumptions) and verdict.witness and "left" not in verdict.witness:
        lines.append(f"holds, for example, at {point(verdict.witness)}")
    return lines


def conditions(verdict: Verdict, graph: Graph, reasons: bool = True) -> list[str]:
    """Each condition once: `Σ_j x[j]^2 > 0 (its root is taken)`, or without the reason."""
    writer = PlainText(graph, "")
    found: dict[str, None] = {}
    for condition in verdict.conditions:
        text = writer.alone(condition.expr)
        found[f"{text} {condition.relation}{reason_of(condition) if reasons else ''}"] = None
    return list(found)


def point(witness: Mapping[str, Any]) -> str:
    """`n = 2, z = [1, 1/2]`, with the sizes alone where there are too many numbers."""
    count = numbers_in(witness)
    few = count <= MAX_NUMBERS
    parts = [f"{name} = {value}" for key in ("depth", "sizes") for name, value in witness.get(key, {}).items()]
    parts += [f"{name} = {nested(value)}" for name, value in witness.get("values", {}).items() if few]
    parts += chosen_functions(witness)
    parts += [] if few else [f"{count} numbers"]
    return ", ".join(parts) or "every point"


def numbers_below(verdict: Verdict) -> list[str]:
    """The numbers of a counterexample, a line for each quantity, where the line of the verdict leaves them out."""
    if verdict.kind is not Kind.REFUTED or numbers_in(verdict.witness) <= MAX_IN_LINE:
        return []
    lines = [f"{name} = {nested(value)}" for name, value in verdict.witness["values"].items()]
    left_out = len(lines) - MAX_LINES
    lines = [shorten(line, LINE_WIDTH) for line in lines[:MAX_LINES]]
    return lines + ([f"and {left_out} more quantities, which --json shows"] if left_out > 0 else [])
