"""A derivation with its sizes filled in: every neuron, every δ and every gradient entry as a plain SymPy scalar.

Nothing is derived here; the index notation is evaluated.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod

from symbackprop.catalogue.derivatives import unfold
from symbackprop.derivation.steps import Derivation
from symbackprop.errors import GraphError, NotSupportedError
from symbackprop.model.build import mentioned
from symbackprop.model.graph import Graph
from symbackprop.tensor.instantiate import (
    Instantiation,
    Position,
    concrete_shape,
    entry_symbol,
    plain_functions,
    positions,
)
from symbackprop.tensor.nodes import Expr, adjoint_name
from symbackprop.tensor.tensor import Tensor

MAX_ENTRIES = 5_000
MAX_COMPOSED_NODES = 20_000
Entries = Mapping[Position, Expr]


@dataclass(frozen=True, kw_only=True, slots=True)
class Instance:
    """`neurons[name][position]` is what defines an entry, `adjoints[name][position]` its ∂loss/∂name[position].

    Both are written with named intermediates: the symbols `z1[0]` (`symbol("z1", 0)`) and `d(L, z1)[0]` (`delta`).
    `gradients` are the adjoints of what was asked for; `composed` writes out the intermediates.
    """

    loss: str
    sizes: Mapping[str, int]
    inputs: Mapping[str, tuple[Expr, ...]]
    neurons: Mapping[str, Entries]
    adjoints: Mapping[str, Entries]
    gradients: Mapping[str, Entries]

    def symbol(self, name: str, *position: int) -> Expr:
        """The symbol of an entry, such as `W1[0, 1]`."""
        return entry_symbol(name, position)

    def delta(self, name: str, *position: int) -> Expr:
        """The symbol of ∂loss/∂name[position]."""
        return entry_symbol(adjoint_name(self.loss, name), position)

    def composed(self, expr: Expr, keep: Iterable[str] = ()) -> Expr:
        """`expr` with every named intermediate written out but those in `keep`, in terms of inputs alone.

        Raises: NotSupportedError when it grows beyond a budget.
        """
        kept = set(keep)
        table = {
            self.symbol(name, *at): value
            for name, of_name in self.neurons.items()
            if name not in kept
            for at, value in of_name.items()
        }
        table |= {self.delta(name, *at): v for name, of_name in self.adjoints.items() for at, v in of_name.items()}
        return compose(expr, table)


def instance(derivation: Derivation, sizes: Mapping[str, int] | None = None) -> Instance:
    """The instance of a derivation for the given sizes (none are needed where all are numbers).

    Raises: GraphError for a size that is missing, or an index beyond the size of its axis; NotSupportedError beyond
    a budget.
    """
    graph = derivation.graph
    check_sizes(graph, sizes or {})
    sizes = dict(sizes or {})
    _check_count(derivation, sizes)
    write = Instantiation(sizes)
    neurons = {name: entries(d.tensor, write) for name, d in graph.definitions.items()}
    adjoints = {name: entries(tensor, write) for name, tensor in derivation.adjoints.items()}
    inputs = {
        name: tuple(entry_symbol(name, at) for at in positions(shape, sizes)) for name, shape in graph.inputs.items()
    }
    _check_entries(inputs, neurons)
    return Instance(
        loss=derivation.loss,
        sizes=sizes,
        inputs=inputs,
        neurons=neurons,
        adjoints=adjoints,
        gradients={name: adjoints[name] for name in derivation.gradients},
    )


def entries(tensor: Tensor, write: Instantiation) -> Entries:
    """All entries of a tensor as plain scalars, the functions of the catalogue by their formulas."""
    expr = unfold(tensor.expr)
    return {
        at: plain_functions(write.value(expr, dict(zip(tensor.indices, at, strict=True))))
        for at in positions(tensor.shape, write.sizes)
    }


def assumed_zero(graph: Graph, name: str, sizes: Mapping[str, int], inlined: Iterable[str] = ()) -> tuple[Expr, ...]:
    """What the assumed equations say is 0, entry by entry, with the definitions `inlined` put in.

    Those that constrain `name`, or what depends on it, are left out: they may not be used for a derivative by it.
    """
    found: list[Expr] = []
    for assumption in graph.assumptions:
        if assumption.comparison == "==" and not any(name in graph.ancestors(other) for other in mentioned(assumption)):
            gap = graph.expand(assumption.left.expr - assumption.right.expr, inlined)
            found += entries(Tensor(gap, assumption.left.shape), Instantiation(sizes)).values()
    return tuple(found)


def check_sizes(graph: Graph, sizes: Mapping[str, int]) -> None:
    """Raises: GraphError for a size that is missing or that the graph does not have."""
    known = graph.sizes()
    if not isinstance(sizes, Mapping):
        raise GraphError(f'expected the sizes as a dictionary such as {{"n": 2}}, found {sizes!r}')
    for name in sizes:
        if name not in known:
            raise GraphError(f"the graph has no size {name!r}; its sizes are: {', '.join(known) or 'all numbers'}")
    missing = [name for name in known if name not in sizes]
    if missing:
        example = ", ".join(f"{name!r}: {k}" for k, name in enumerate(missing, start=2))
        raise GraphError(f"the sizes {', '.join(missing)} are not given; write for example {{{example}}}")


def _check_count(derivation: Derivation, sizes: Mapping[str, int]) -> None:
    """Raises: NotSupportedError for more entries than anyone reads."""
    tensors = [*(d.tensor for d in derivation.graph.definitions.values()), *derivation.adjoints.values()]
    count = sum(prod(concrete_shape(tensor.shape, sizes)) for tensor in tensors)
    if count > MAX_ENTRIES:
        raise NotSupportedError(
            f"this instance has {count} entries; at most {MAX_ENTRIES} are written out. Choose smaller sizes"
        )


def _check_entries(inputs: Mapping[str, tuple[Expr, ...]], neurons: Mapping[str, Entries]) -> None:
    """Raises: GraphError when a definition uses an entry that does not exist for these sizes."""
    known = {symbol for symbols in inputs.values() for symbol in symbols}
    known |= {entry_symbol(name, at) for name, of_name in neurons.items() for at in of_name}
    for name, of_name in neurons.items():
        for value in of_name.values():
            beyond = sorted(map(str, value.free_symbols - known))
            if beyond:
                raise GraphError(f"{name} uses {beyond[0]}, which does not exist for these sizes")


def compose(expr: Expr, table: Mapping[Expr, Expr], limit: int = MAX_COMPOSED_NODES) -> Expr:
    """`expr` with the symbols in `table` replaced by their values until none is left.

    Raises: NotSupportedError when the result would have more than `limit` nodes.
    """
    order = _needed(expr, table)
    nodes: dict[Expr, int] = {}
    for symbol in order:
        nodes[symbol] = _tree_size(table[symbol], nodes)
    total = _tree_size(expr, nodes)
    if total > limit:
        raise NotSupportedError(f"written out it has {total} nodes; at most {limit} are. Keep the named intermediates")
    values: dict[Expr, Expr] = {}
    for symbol in order:
        values[symbol] = table[symbol].xreplace(values)
    return expr.xreplace(values)


def _needed(expr: Expr, table: Mapping[Expr, Expr]) -> list[Expr]:
    """The symbols of the table on which `expr` depends, each after those on which it depends itself."""
    done: dict[Expr, None] = {}
    stack = [(symbol, False) for symbol in _symbols(expr, table)]
    while stack:
        symbol, ready = stack.pop()
        if ready:
            done[symbol] = None
        elif symbol not in done:
            stack.append((symbol, True))
            stack += [(used, False) for used in _symbols(table[symbol], table) if used not in done]
    return list(done)


def _symbols(expr: Expr, table: Mapping[Expr, Expr]) -> list[Expr]:
    return sorted((symbol for symbol in expr.free_symbols if symbol in table), key=str)


def _tree_size(expr: Expr, nodes: Mapping[Expr, int]) -> int:
    """How many nodes `expr` has when its symbols are replaced by expressions whose sizes are in `nodes`."""
    if expr in nodes:
        return nodes[expr]
    return 1 + sum(_tree_size(part, nodes) for part in expr.args)
