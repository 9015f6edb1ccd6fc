"""The check from outside for instances too deep to be composed: the chain rule from neuron to neuron by `sympy.diff`.

∂L/∂v = Σ_u ∂L/∂u · ∂u/∂v over the neurons u whose definition contains the entry v, with ∂u/∂v by SymPy's own `diff`.
What is made here is only laid side by side with the derived entries; that both are equal is for a prover to show.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp

from symbackprop.derivation.instance import Instance, assumed_zero, instance
from symbackprop.derivation.steps import Derivation
from symbackprop.model.graph import Graph
from symbackprop.tensor.nodes import Expr

Pairs = Mapping[str, tuple[Expr, Expr]]


@dataclass(frozen=True, kw_only=True, slots=True)
class NeuronPairs:
    """For each quantity, its derived adjoint entries beside the chain rule over the neurons that use them.

    `neurons` says what the symbols of each quantity stand for, the last quantity first, and `adjoints` what those of
    adjoint entries do, by the same chain rule; `equations` are assumed to be 0, by quantity.
    """

    pairs: Mapping[str, Pairs]
    neurons: tuple[Mapping[Expr, Expr], ...]
    adjoints: Mapping[Expr, Expr]
    equations: Mapping[str, tuple[Expr, ...]]


def beside_neurons(derivation: Derivation, sizes: Mapping[str, int] | None = None) -> NeuronPairs:
    """Every derived adjoint entry of an instance beside the chain rule, whose cost grows with the number of weights.

    Raises: GraphError for missing sizes; NotSupportedError beyond a budget.
    """
    made = instance(derivation, sizes)
    by_rule = _chain_rule(made, derivation.graph)
    neurons = [{made.symbol(name, *at): value for at, value in of.items()} for name, of in made.neurons.items()]
    return NeuronPairs(
        pairs={
            name: {str(made.symbol(name, *at)): (value, by_rule[made.delta(name, *at)]) for at, value in of.items()}
            for name, of in made.adjoints.items()
        },
        neurons=tuple(reversed(neurons)),
        adjoints=by_rule,
        equations={name: assumed_zero(derivation.graph, name, made.sizes) for name in made.adjoints},
    )


def _chain_rule(made: Instance, graph: Graph) -> dict[Expr, Expr]:
    """The symbol of each adjoint entry -> Σ over the neurons that use the entry."""
    used: dict[Expr, list[tuple[Expr, Expr]]] = {}
    for name in sorted(graph.ancestors(made.loss) & set(made.neurons)):
        for at, value in made.neurons[name].items():
            above = sp.Integer(1) if name == made.loss else made.delta(name, *at)
            for symbol in value.free_symbols:
                used.setdefault(symbol, []).append((above, value))
    rules = {}
    for name, of in made.adjoints.items():
        for at in of:
            symbol = made.symbol(name, *at)
            terms = [above * sp.diff(value, symbol) for above, value in used.get(symbol, [])]
            rules[made.delta(name, *at)] = sp.Integer(1) if name == made.loss else sp.Add(*terms)
    return rules
