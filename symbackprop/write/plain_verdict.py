"""What a proof needs, for a terminal: its conditions in plain text, and a point at which all of them hold."""

from collections.abc import Mapping
from typing import Any

from symbackprop.model.graph import Graph
from symbackprop.proof.verdict import Verdict
from symbackprop.write.plain import PlainText
from symbackprop.write.sections.proof_basis import WHY

# A point with more numbers than these says nothing in one line.
MAX_NUMBERS = 24


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


def conditions(verdict: Verdict, graph: Graph) -> list[str]:
    """Each condition once: `Σ_j x[j]^2 > 0 (its root is taken)`."""
    writer = PlainText(graph, "")
    found: dict[str, None] = {}
    for condition in verdict.conditions:
        text = writer.alone(condition.expr)
        found[f"{text} {condition.relation} ({WHY.get(condition.why, condition.why)})"] = None
    return list(found)


def point(witness: Mapping[str, Any]) -> str:
    """`n = 2, z = [1, 1/2]`, with the sizes alone where there are too many numbers."""
    values = witness.get("values", {})
    few = sum(map(_count, values.values())) <= MAX_NUMBERS
    parts = [f"{name} = {value}" for name, value in witness.get("sizes", {}).items()]
    parts += [f"{name} = {_nested(value)}" for name, value in values.items() if few]
    parts += [f"{name}(u) = {formula}" for name, formula in witness.get("functions", {}).items()]
    parts += [] if few else ["values too many for one line"]
    return ", ".join(parts) or "every point"


def _count(value: Any) -> int:
    return sum(map(_count, value)) if isinstance(value, (list, tuple)) else 1


def _nested(value: Any) -> str:
    return f"[{', '.join(map(_nested, value))}]" if isinstance(value, (list, tuple)) else str(value)
