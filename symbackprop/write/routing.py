"""The way of each arrow of a picture: straight where it can be, otherwise in an arc around what stands between.

An arc that leaves the straight line by an angle is the Bézier curve that TikZ draws for `bend left`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import atan2, cos, hypot, radians, sin

from symbackprop.write.blocks import Edge, Node
from symbackprop.write.layout import width

Point = tuple[float, float]
# In degrees, in the order in which they are tried: below a row that runs to the right, flat before high.
BENDS = (0, -14, -20, -28, -36, -45, 14, 20, 28, 36, 45)
SAMPLES = 40
# In centimetres: half the height of a box and of a label, and what is kept free around them.
BOX, LABEL, MARGIN = 0.33, 0.2, 0.08
CENTIMETRE = 28.45 / 1.095  # in the unit of `layout.width`
# How far the ends of a curve's handles are, by the distance of its ends.
HANDLE = 0.3915


def routed(nodes: Sequence[Node], edges: Sequence[Edge]) -> Iterator[Edge]:
    """The edges, each with the first bend at which it meets least: other nodes above all, then other arrows."""
    at = {node.id: (node.x, node.y) for node in nodes}
    done: list[tuple[Edge, list[Point]]] = [(e, _curve(at[e.start], at[e.end], 0)) for e in edges if _is_short(at, e)]
    for edge in edges:
        if _is_short(at, edge):
            yield edge
            continue
        others = [node for node in nodes if node.id not in (edge.start, edge.end)]
        lines = [line for other, line in done if not {edge.start, edge.end} & {other.start, other.end}]
        curve, bend = _best(at[edge.start], at[edge.end], others, lines)
        done.append((edge, curve))
        yield replace(edge, bend=bend)


def _best(
    start: Point, end: Point, others: Sequence[Node], lines: Sequence[Sequence[Point]]
) -> tuple[list[Point], int]:
    """The first of the arcs that meet least; the search ends with one that meets nothing."""
    found: list[tuple[int, int, list[Point], int]] = []
    for bend in BENDS:
        curve = _curve(start, end, bend)
        found.append((_hits(curve, others), _crossings(curve, lines), curve, bend))
        if found[-1][:2] == (0, 0):
            break
    _, _, curve, bend = min(found, key=lambda of: of[:2])
    return curve, bend


def _is_short(at: dict[str, Point], edge: Edge) -> bool:
    """Whether it is the arrow from an input to the box right below."""
    (x, y), (to_x, to_y) = at[edge.start], at[edge.end]
    return hypot(to_x - x, to_y - y) < 1.5


def _curve(start: Point, end: Point, bend: int) -> list[Point]:
    """Points along an arrow."""
    distance = hypot(end[0] - start[0], end[1] - start[1])
    angle = atan2(end[1] - start[1], end[0] - start[0])
    out, back = angle + radians(bend), angle - radians(bend)
    reach = HANDLE * distance
    first = start[0] + reach * cos(out), start[1] + reach * sin(out)
    second = end[0] - reach * cos(back), end[1] - reach * sin(back)
    points = []
    for k in range(SAMPLES + 1):
        t = k / SAMPLES
        a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3
        points.append((
            a * start[0] + b * first[0] + c * second[0] + d * end[0],
            a * start[1] + b * first[1] + c * second[1] + d * end[1],
        ))  # fmt: skip
    return points


def _hits(curve: Sequence[Point], nodes: Sequence[Node]) -> int:
    """How many nodes the curve meets."""
    return sum(any(_within(point, node) for point in curve) for node in nodes)


def _within(point: Point, node: Node) -> bool:
    across = width(node.label) / 2 / CENTIMETRE + 0.1
    high = LABEL if node.kind == "input" else BOX
    across = across if node.kind == "input" else max(across, 0.4)
    return abs(point[0] - node.x) <= across + MARGIN and abs(point[1] - node.y) <= high + MARGIN


def _crossings(curve: Sequence[Point], lines: Sequence[Sequence[Point]]) -> int:
    """How many other arrows the curve comes close to."""
    near = [line for line in lines if _may_meet(curve, line)]
    return sum(any(hypot(p[0] - q[0], p[1] - q[1]) < MARGIN for p in curve for q in line) for line in near)


def _may_meet(curve: Sequence[Point], line: Sequence[Point]) -> bool:
    """Whether the boxes around both are closer than the margin: nothing else has to be compared point by point."""
    return all(
        min(p[axis] for p in curve) - MARGIN <= max(q[axis] for q in line)
        and min(q[axis] for q in line) - MARGIN <= max(p[axis] for p in curve)
        for axis in (0, 1)
    )
