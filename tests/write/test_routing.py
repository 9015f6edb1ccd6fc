"""Arrows of a picture: they lead around boxes and labels, and are straight where nothing stands between."""

from math import hypot
from pathlib import Path

import pytest

from symbackprop.model.build import graph_from_formulas
from symbackprop.model.derivation_file import DerivationFile, Request, load
from symbackprop.write.blocks import Edge, Figure, Node
from symbackprop.write.drawing import figure
from symbackprop.write.report import Report
from symbackprop.write.routing import _curve, routed
from symbackprop.write.sections.context import context

ALL = sorted((Path(__file__).parents[2] / "derivations").glob("*.toml"))
FILES = [path for path in ALL if load(path).any_depth is None]
NORM = {
    "mu": "mean(x)",
    "s2": "mean((x - mu)**2)",
    "x_hat": "(x - mu)/sqrt(s2 + eps)",
    "y": "gamma*x_hat + beta",
    "L": "sum(c*y)",
}
RESIDUAL = {
    "h": "W @ x",
    "a": "tanh(h)",
    "b": "x + a",
    "u": "V @ b",
    "v": "tanh(u)",
    "o": "b + v + a",
    "L": "sum(o**2)",
}


def drawn(define: dict[str, str], shapes: dict[str, str]) -> Figure:
    graph = graph_from_formulas(define, shapes)
    requests = (Request(loss="L", wrt=("x",)),)
    file = DerivationFile(path=Path("L"), title="", source="", graph=graph, requests=requests)
    found = figure(context(Report(file=file)))
    assert found is not None
    return found


def met(shown: Figure) -> list[tuple[Edge, str]]:
    """The nodes that an arrow meets, its own ends excepted: half the size of a box around the middle of each."""
    at = {node.id: (node.x, node.y) for node in shown.nodes}
    return [
        (edge, node.id)
        for edge in shown.edges
        for node in shown.nodes
        if node.id not in (edge.start, edge.end)
        and any(
            abs(x - node.x) < 0.2 and abs(y - node.y) < 0.2 for x, y in _curve(at[edge.start], at[edge.end], edge.bend)
        )
    ]


@pytest.mark.parametrize(
    ("define", "shapes"),
    [
        (NORM, {"x": "n", "c": "n"}),
        (RESIDUAL, {"x": "n", "W": "n, n", "V": "n, n"}),
    ],
)
def test_no_arrow_of_a_graph_meets_a_box_or_a_label(define: dict[str, str], shapes: dict[str, str]) -> None:
    shown = drawn(define, shapes)
    assert met(shown) == []
    assert {(e.start, e.end) for e in shown.edges if e.bend} <= {("mu", "x_hat"), ("a", "o"), ("b", "o")}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_arrow_in_a_file_meets_a_box_or_a_label(path: Path) -> None:
    shown = figure(context(Report(file=load(path))))
    if shown is not None and not any(node.kind == "neuron" for node in shown.nodes):
        assert met(shown) == []


def test_an_arc_is_taken_only_where_the_straight_way_is_blocked() -> None:
    def node(name: str, x: float, y: float, kind: str = "quantity") -> Node:
        return Node(name, name, name, x, y, kind)

    row = [node("a", 0, 0), node("b", 2.6, 0), node("c", 5.2, 0)]
    labels = [node("p", 2.0, 1.05, "input"), node("q", 4.6, 1.05, "input")]
    (free,) = routed([row[0], row[2]], [Edge("a", "c")])
    (around,) = routed([*row, *labels], [Edge("a", "c")])
    assert free.bend == 0
    assert around.bend < 0  # below, for there are labels above
    (above,) = routed([*row, node("r", 2.6, -0.8, "input")], [Edge("a", "c")])
    assert above.bend > 0


@pytest.mark.parametrize("bend", [-45, 0, 28])
def test_a_curve_leads_from_one_end_to_the_other_and_bends_to_its_side(bend: int) -> None:
    points = _curve((0.0, 0.0), (4.0, 0.0), bend)
    assert hypot(*points[0]) == pytest.approx(0)
    assert points[-1] == pytest.approx((4.0, 0.0))
    middle = points[len(points) // 2]
    assert middle[0] == pytest.approx(2.0)
    assert (middle[1] > 0) == (bend > 0) and (abs(middle[1]) > 1e-9) == (bend != 0)
