"""An instance as a NumPy function: every neuron, every δ and every gradient entry by SymPy's `lambdify`."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symbackprop.derivation.instance import Entries, Instance
from symbackprop.errors import GraphError
from symbackprop.numeric.functions import lambdify_instance
from symbackprop.tensor.instantiate import Position, entry_symbol
from symbackprop.tensor.nodes import Expr, adjoint_name

Compiled = Callable[..., tuple[float, dict[str, NDArray[np.float64]]]]
Step = tuple[list[Expr], list[Expr], Callable[..., dict[str, float]]]  # results, arguments, the function between them


def lambdify_gradients(instance: Instance) -> Compiled:
    """A function of the inputs, by name, that returns the loss and a dictionary of its gradients.

    Quantity by quantity as the instance writes them, forward and then backward; nothing is composed or simplified.

    Raises: NotSupportedError for a function without a definition. What is returned raises GraphError for an input that
    is missing, unknown, or has another number of entries.
    """
    steps = list(_steps(instance))
    gradients = {name: adjoint_name(instance.loss, name) for name in instance.gradients}

    def loss_and_gradients(**arrays: Any) -> tuple[float, dict[str, NDArray[np.float64]]]:
        values = _values_of(instance, arrays)
        for results, arguments, function in steps:
            computed = function(*(values[symbol] for symbol in arguments))
            values |= {symbol: computed[str(symbol)] for symbol in results}
        found = {name: _array(of, instance.gradients[name], values) for name, of in gradients.items()}
        return values[entry_symbol(instance.loss)], found

    return loss_and_gradients


def _steps(instance: Instance) -> Iterator[Step]:
    """One function for each named quantity, of the entries that it uses."""
    named = [*instance.neurons.items()]
    named += [(adjoint_name(instance.loss, name), entries) for name, entries in instance.adjoints.items()]
    for name, entries in named:
        outputs = {entry_symbol(name, at): expr for at, expr in entries.items()}
        arguments = sorted(set().union(*(expr.free_symbols for expr in outputs.values())), key=str)
        function = lambdify_instance({str(symbol): expr for symbol, expr in outputs.items()}, arguments)
        yield list(outputs), arguments, function


def _values_of(instance: Instance, arrays: Mapping[str, Any]) -> dict[Expr, float]:
    """The entries of the inputs.

    Raises: GraphError for an input that is missing, unknown, or has another number of entries.
    """
    for name in sorted(set(arrays) ^ set(instance.inputs)):
        raise GraphError(f"the input {name} is {'missing' if name in instance.inputs else 'unknown'}")
    values: dict[Expr, float] = {}
    for name, symbols in instance.inputs.items():
        entries = np.ravel(np.asarray(arrays[name], dtype=np.float64))
        if len(entries) != len(symbols):
            raise GraphError(f"{name} has {len(entries)} entries, expected {len(symbols)}")
        values |= dict(zip(symbols, map(float, entries), strict=True))
    return values


def _array(name: str, entries: Entries, values: Mapping[Expr, float]) -> NDArray[np.float64]:
    last: Position = max(entries)
    array = np.empty(tuple(position + 1 for position in last))
    for at in entries:
        array[at] = values[entry_symbol(name, at)]
    return array
