"""The check from outside: the scalar loss of one instance, composed and left to SymPy's own `diff`.

It shares no rule of calculus with the two routes. What is made here is only laid side by side; that both are equal
is for a prover to show.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp

from symbackprop.derivation.instance import assumed_zero, check_sizes, compose, entries, instance
from symbackprop.derivation.steps import Derivation
from symbackprop.model.graph import Graph
from symbackprop.tensor.instantiate import Instantiation, Position, entry_symbol
from symbackprop.tensor.nodes import Expr

# A derivative that SymPy takes of an expression beyond this many nodes is not worth the wait.
MAX_ORACLE_NODES = 4_000


def oracle(graph: Graph, loss: str, name: str, position: Position = (), sizes: Mapping[str, int] | None = None) -> Expr:
    """∂loss/∂name[position] by plain `sympy.diff` of the composed scalar loss; `name` itself stays a symbol.

    Raises: GraphError for missing sizes; NotSupportedError beyond a budget.
    """
    return sp.diff(composed_loss(graph, loss, name, sizes or {}), entry_symbol(name, position))


def composed_loss(graph: Graph, loss: str, name: str, sizes: Mapping[str, int]) -> Expr:
    """The loss with everything but `name` written out.

    Raises: GraphError for missing sizes; NotSupportedError beyond a budget.
    """
    check_sizes(graph, sizes)
    write = Instantiation(sizes)
    table = {
        entry_symbol(d, at): value
        for d in graph.definitions
        if d in graph.ancestors(loss) and d != name
        for at, value in entries(graph.definitions[d].tensor, write).items()
    }
    return compose(entry_symbol(loss), table, MAX_ORACLE_NODES)


@dataclass(frozen=True, kw_only=True, slots=True)
class OraclePairs:
    """Derived entries beside SymPy's (by the entry's symbol as text), and what is assumed to be 0."""

    pairs: Mapping[str, tuple[Expr, Expr]]
    equations: tuple[Expr, ...]


def beside_oracle(derivation: Derivation, name: str, sizes: Mapping[str, int] | None = None) -> OraclePairs:
    """Each entry of the derived gradient of `name` in an instance, beside plain `sympy.diff` of the composed loss.

    Assumed equations that depend on `name` are left out: they may not be used for a derivative by it.

    Raises: GraphError for missing sizes; NotSupportedError beyond a budget.
    """
    graph, sizes = derivation.graph, sizes or {}
    loss = composed_loss(graph, derivation.loss, name, sizes)
    made = instance(derivation, sizes)
    pairs = {
        str(entry_symbol(name, at)): (made.composed(value, keep=[name]), sp.diff(loss, entry_symbol(name, at)))
        for at, value in made.gradients[name].items()
    }
    inlined = set(graph.definitions) - {name}
    return OraclePairs(pairs=pairs, equations=assumed_zero(graph, name, sizes, inlined))
