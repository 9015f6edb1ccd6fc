"""The names of everything in a graph, as the writers have them."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from symbackprop.model.graph import Graph
from symbackprop.write.formulas.local_derivatives import only_direct
from symbackprop.write.formulas.names import Names, functions_in, make_names


def names_of_graph(
    graph: Graph,
    *,
    losses: Iterable[str] = (),
    pre_activations: AbstractSet[str] = frozenset(),
    weights: AbstractSet[str] | None = None,
    overrides: Mapping[str, str] | None = None,
) -> Names:
    """Names for a graph, its sizes and functions, and the adjoints of every quantity for each of the losses.

    Without `weights`, the inputs whose name starts with w are taken for weights.

    Raises: FileError for an override that is no symbol, names nothing known or clashes.
    """
    ranks = {name: len(shape) for name, shape in graph.inputs.items()}
    ranks |= {name: len(definition.tensor.shape) for name, definition in graph.definitions.items()}
    if weights is None:
        weights = {name for name in graph.inputs if name[0] in "wW"}
    used = {f for definition in graph.definitions.values() for f in functions_in(definition.tensor.expr)}
    return make_names(
        ranks,
        defined=frozenset(graph.definitions),
        sizes=graph.sizes(),
        functions=sorted(graph.functions | used),
        adjoints=[(loss, name) for loss in losses for name in ranks],
        pre_activations=pre_activations,
        weights=weights,
        direct=only_direct(graph),
        overrides=overrides,
    )
