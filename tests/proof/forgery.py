"""Certificates as a forger makes them: any statement with any steps, signed."""

from typing import Any

from symbackprop.proof.checker.statement import FORMAT, digest, text

Json = Any
Given = dict[str, Any]
X, Y = ["at", "x"], ["at", "y"]
NUMBER: Given = {"shapes": {"x": []}, "values": {"x": "3"}}
TWO: Given = {"shapes": {"x": [], "y": []}, "values": {"x": "3", "y": "2"}}
VECTOR: Given = {"shapes": {"x": ["n"]}, "values": {"x": ["1", "2"]}, "sizes": {"n": 2}}
RING = ["ring", []]


def forged(
    statement: tuple[Json, ...],
    steps: list[Json],
    *,
    shapes: dict[str, list[Any]],
    indices: Json = (),
    definitions: Json = (),
    functions: Json = (),
    assumptions: Json = (),
    conditions: Json = (),
    values: Json = None,
    sizes: Json = None,
    at: Json = (),
) -> dict[str, Json]:
    """A certificate of left == right, or left comparison right, signed by a forger."""

    def compared(scope: Json, left: Json, comparison: str, right: Json) -> Json:
        return {"indices": list(scope), "left": left, "comparison": comparison, "right": right}

    left, comparison, right = statement if len(statement) == 3 else (statement[0], "==", statement[1])
    content = {
        "format": FORMAT,
        "shapes": shapes,
        "definitions": [dict(zip(("name", "shape", "value"), d, strict=True)) for d in definitions],
        "functions": [dict(zip(("name", "arguments", "value"), f, strict=True)) for f in functions],
        "statement": compared(indices, left, comparison, right),
        "assumptions": [compared(*a) for a in assumptions],
        "conditions": [compared(*c) for c in conditions],
        "steps": steps,
        "witness": {"sizes": sizes or {}, "values": values or {}, "functions": [], "indices": list(at)},
    }
    content["text"] = text(content)
    return content | {"digest": digest(content)}


def root(t: Json) -> Json:
    return ["pow", t, "1/2"]


def summed(i: str, size: Any, t: Json) -> Json:
    return ["sum", i, size, t]
