r"""When ∂u/∂v says enough, and when the derivative through the definition of u alone needs a sign of its own.

The total derivative of u by v counts every way from v to u, the local one only that through the definition of u. Where
there is no other way both are one quantity, ∂u/∂v. Otherwise a bar marks the local one, ∂u/∂v|direct. (A ∂⁺ would not
do: it is the total derivative in Werbos (1990), Backpropagation through time, and the local one in Pascanu, Mikolov
and Bengio (2013), On the difficulty of training recurrent neural networks.)
"""

from collections.abc import Set as AbstractSet

from symbackprop.model.graph import Graph
from symbackprop.tensor.indices import transform
from symbackprop.tensor.nodes import Expr, Local, Partial, entry_name

Pairs = AbstractSet[tuple[str, str]]
MARK = r"\right|_{\mathrm{direct}}"


def only_direct(graph: Graph) -> frozenset[tuple[str, str]]:
    """The pairs (u, v) for which u uses v and no other name that depends on v."""
    return frozenset(
        (u, v)
        for u in graph.definitions
        for v in graph.uses(u)
        if not any(v in graph.ancestors(other) for other in graph.uses(u) if other != v)
    )


def is_total(local: Expr, pairs: Pairs) -> bool:
    """Whether a local derivative is known to be the total one, too."""
    return tuple(map(entry_name, local.args)) in pairs


def total_where_equal(expr: Expr, pairs: Pairs) -> Expr:
    """`expr` with each local derivative that is the total one, too, as the total one: print has one sign for both."""

    def rule(node: Expr) -> Expr | None:
        return Partial(*node.args) if isinstance(node, Local) and is_total(node, pairs) else None

    return transform(expr, rule)
