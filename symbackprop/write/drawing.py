"""The picture of a file: a network of neurons where all sizes are small numbers, otherwise the graph of definitions."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise, product

import sympy as sp

from symbackprop.tensor.nodes import Expr, entry, entry_indices, entry_name
from symbackprop.write.blocks import Edge, Figure, Math, Node, Text, joined, words
from symbackprop.write.routing import routed
from symbackprop.write.sections.concrete import number
from symbackprop.write.sections.context import Context, activated

MAX_STACKED, MAX_NEURONS, MAX_LAYERS, MAX_LABELS, MAX_VALUES, MAX_NODES = 3, 6, 7, 9, 4, 48
WIDTH = 14.5  # of the text, in centimetres
PER_ROW = 6


@dataclass(frozen=True, slots=True)
class Affine:
    """z = W a + b, read off its definition: the weight entry, the source and the biases, with the index summed over."""

    weight: Expr
    source: Expr
    summed: Expr | None
    biases: tuple[Expr, ...]


def figure(ctx: Context) -> Figure | None:
    """The network or the graph; None where a picture would show nothing or too much."""
    return network(ctx) or graph(ctx)


# --- neurons


@dataclass(slots=True)
class _Layer:
    """The neurons that hold the entries of a quantity, one for each value of its neuron axis."""

    name: str
    axis: int | None
    count: int
    affine: Affine | None = None
    below: "_Layer | None" = None


def network(ctx: Context) -> Figure | None:
    """Neurons in layers, the weights on the arrows; None unless all definitions are layers, activations and a loss."""
    losses = [request.loss for request in ctx.file.requests]
    if len(losses) != 1:
        return None
    layers: dict[str, _Layer] = {}
    order: list[_Layer] = []
    needed = ctx.graph.ancestors(losses[0])
    for name in ctx.graph.definitions:
        if name not in needed:
            continue
        before = activated(ctx.graph, name)
        affine = read_affine(ctx, name)
        if name in losses and not (before and before[0] in layers):
            continue
        if before and before[0] in layers:
            layers[name] = layers[before[0]]
            layers[name].name = name
        elif affine is not None and (layer := _layer(ctx, name, affine, layers, order)) is not None:
            layers[name] = layer
            order.append(layer)
        else:
            return None
    if not 2 <= len(order) <= MAX_LAYERS or any(a is not b.below for a, b in pairwise(order)):
        return None
    return _drawn(ctx, order, losses[0])


def _layer(ctx: Context, name: str, affine: Affine, layers: dict[str, _Layer], order: list[_Layer]) -> _Layer | None:
    """The layer of z = W a + b on top of that of a, which is a new one when a is an input."""
    source = entry_name(affine.source) or ""
    if source in ctx.graph.inputs and source not in layers:
        bottom = _sized(ctx, source, _axis(affine.source, affine.summed))
        if order or bottom is None:
            return None
        layers[source] = bottom
        order.append(bottom)
    if source not in layers:
        return None
    indices = ctx.graph.definitions[name].tensor.indices
    shared = [i for i in indices if i in entry_indices(affine.weight)]
    layer = _sized(ctx, name, _axis(ctx.entry(name), shared[0] if shared else None))
    if layer is not None:
        layer.affine, layer.below = affine, layers[source]
    return layer


def _axis(entry_: Expr, i: Expr | None) -> int | None:
    indices = entry_indices(entry_)
    return indices.index(i) if i in indices else None


def _sized(ctx: Context, name: str, axis: int | None) -> _Layer | None:
    extents = ctx.extents(ctx.graph.shape(name))
    count = None if extents is None else 1 if axis is None else extents[axis]
    return _Layer(name, axis, count) if count is not None and count <= MAX_NEURONS else None


def read_affine(ctx: Context, name: str) -> Affine | None:
    """W, a and b of a definition z = W a + b with parameters W and b; None for any other definition."""
    products, biases = [], []
    for term in sp.Add.make_args(ctx.graph.definitions[name].tensor.expr):
        if _is_parameter(ctx, term):
            biases.append(term)
            continue
        body, bound = (term.function, term.limits) if isinstance(term, sp.Sum) else (term, ())
        factors = sp.Mul.make_args(body)
        if len(factors) != 2 or len(bound) > 1 or any(entry_name(f) is None for f in factors):
            return None
        weights = [f for f in factors if _is_parameter(ctx, f)]
        if len(weights) == 2:  # the derivative by the input is asked for, too
            weights = [f for f in weights if str(entry_name(f))[0] in "wWvV"]
        if len(weights) != 1:
            return None
        (source,) = (f for f in factors if f is not weights[0])
        products.append((weights[0], source, bound[0][0] if bound else None))
    if len(products) != 1:
        return None
    return Affine(*products[0], tuple(biases))


def _is_parameter(ctx: Context, expr: Expr) -> bool:
    return ctx.roles.get(entry_name(expr) or "") in ("parameter", "fixed parameter")


def _drawn(ctx: Context, layers: list[_Layer], loss: str) -> Figure:
    labelled = all(a.count * b.count <= MAX_LABELS for a, b in pairwise(layers))
    apart = min(4.0, WIDTH / len(layers))
    nodes: list[Node] = []
    edges: list[Edge] = []
    for column, layer in enumerate(layers):
        for k in range(layer.count):
            y = 1.9 * ((layer.count - 1) / 2 - k)
            kind = "input" if layer.affine is None else "neuron"
            label = _entry_label(ctx, layer.name, layer.axis, k)
            nodes.append(
                Node(
                    _id(layer, k),
                    label,
                    f"{layer.name}_{k + 1}" if layer.count > 1 else layer.name,
                    apart * column,
                    y,
                    kind,
                    _bias(ctx, layer, k),
                )
            )
        if layer.below is not None:
            edges += _weights(ctx, layer, layer.below, labelled)
    top = layers[-1]
    if top.name == loss:
        return Figure(tuple(nodes), tuple(edges), _network_caption(ctx))
    nodes.append(Node(loss, ctx.symbol(loss), loss, apart * len(layers) - apart / 3, 0.0, "loss"))
    edges += [Edge(_id(top, k), loss) for k in range(top.count)]
    return Figure(tuple(nodes), tuple(edges), _network_caption(ctx))


def _network_caption(ctx: Context) -> Text:
    sizes = [Math(f"{ctx.names.sizes[name].text} = {value}") for name, value in ctx.file.sizes.items()]
    means = "a circle is a neuron, an arrow a weight"
    return (
        words(f"The network with {{sizes}}: {means}.", sizes=joined(sizes))
        if sizes
        else words(f"The network: {means}.")
    )


def _id(layer: _Layer, k: int) -> str:
    return f"{layer.name}.{k}"


def _entry_label(ctx: Context, name: str, axis: int | None, k: int) -> str:
    """The name of neuron k; a dot stands for every other index, such as that of the sample."""
    rank = len(ctx.graph.shape(name))
    return ctx.names.quantities[name].at([str(k + 1) if a == axis else r"\cdot" for a in range(rank)])


def _bias(ctx: Context, layer: _Layer, k: int) -> str:
    """+ b_k below a neuron."""
    if layer.affine is None:
        return ""
    shown = []
    for bias in layer.affine.biases:
        own = [i for i in entry_indices(bias) if not i.is_Integer]
        position = [k if i in own else int(i) for i in entry_indices(bias)]
        shown.append(ctx.tex(entry(entry_name(bias) or "", *position), {}))
    return "".join(f"+ {text}" for text in shown)


def _weights(ctx: Context, layer: _Layer, below: _Layer, labelled: bool) -> list[Edge]:
    """An arrow from each neuron below to each of this layer."""
    assert layer.affine is not None
    edges = []
    few = 1 < layer.count * below.count <= MAX_VALUES
    for j, i in product(range(below.count), range(layer.count)):
        label = _weight_label(ctx, layer.affine, i, j, few) if labelled else ""
        edges.append(Edge(_id(below, j), _id(layer, i), label, place=0.3 if layer.count * below.count > 1 else 0.5))
    return edges


def _weight_label(ctx: Context, affine: Affine, i: int, j: int, few: bool) -> str:
    """The weight entry and, where it is given, its number."""
    position = [int(k) if k.is_Integer else j if k == affine.summed else i for k in entry_indices(affine.weight)]
    weight = entry(entry_name(affine.weight) or "", *position)
    symbol = ctx.tex(weight, {})
    return f"{symbol} = {number(ctx.numbers[weight])}" if weight in ctx.numbers and few else symbol


# --- definitions


def graph(ctx: Context) -> Figure | None:
    """Every quantity as a box, an arrow from each to those that are computed from it; inputs stand at each use."""
    names = list(ctx.graph.definitions)
    level: dict[str, int] = {}
    for name in names:
        level[name] = max((level[u] + 1 for u in ctx.graph.uses(name) if u in level), default=0)
    uses = {name: [u for u in ctx.graph.inputs if u in ctx.graph.uses(name)] for name in names}
    crowded = max((list(level.values()).count(step) for step in level.values()), default=0) > MAX_STACKED
    if len(names) < 3 or crowded or len(names) + sum(map(len, uses.values())) > MAX_NODES:
        return None
    places = _places(names, level)
    nodes = [_box(ctx, name, name, *places[name]) for name in names]
    edges = [Edge(u, name) for name in names for u in _defined(ctx, name)]
    seen: set[str] = set()
    for name, inputs in uses.items():
        x, y = places[name]
        for u, offset in zip(inputs, _offsets(len(inputs)), strict=True):
            id_ = f"{u} in {name}" if u in seen else u
            seen.add(u)
            nodes.append(_box(ctx, id_, u, x + offset, y + 1.05))
            edges.append(Edge(id_, name))
    caption = words("Each arrow leads from a quantity to one that is computed from it.")
    return Figure(tuple(nodes), tuple(routed(nodes, edges)), caption)


def _defined(ctx: Context, name: str) -> list[str]:
    return [u for u in ctx.graph.uses(name) if u in ctx.graph.definitions]


def _box(ctx: Context, id_: str, name: str, x: float, y: float) -> Node:
    role = ctx.roles[name]
    kind = "input" if name in ctx.graph.inputs else "loss" if role == "loss" else "quantity"
    return Node(id_, ctx.symbol(name), name, x, y, kind)


def _places(names: list[str], level: Mapping[str, int]) -> dict[str, tuple[float, float]]:
    """Levels from left to right, the next row from right to left, with room for the inputs above each quantity."""
    places: dict[str, tuple[float, float]] = {}
    members: dict[int, list[str]] = {}
    for name in names:
        members.setdefault(level[name], []).append(name)
    tallest = max(map(len, members.values()))
    apart = min(2.6, WIDTH / min(PER_ROW, len(members)))
    for step, group in members.items():
        row, column = divmod(step, PER_ROW)
        x = apart * (column if row % 2 == 0 else PER_ROW - 1 - column)
        for depth, name in enumerate(group):
            places[name] = x, -2.1 * (row * tallest + depth)
    return places


def _offsets(count: int) -> list[float]:
    """Where the inputs of one quantity stand: not straight above it, where an arrow may come from the row above."""
    if count <= 2:
        return [-0.65, 0.65][:count]
    return [-0.95 + 1.9 * k / (count - 1) for k in range(count)]
