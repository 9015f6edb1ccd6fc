"""Route 1, the automatic chain rule: insert every definition into the loss and differentiate that; it knows no δ.

For the reader the same derivative is also laid out as the sum over all paths from the loss down to the parameter of
the products of local derivatives, ∂E/∂w = Σ_paths ∂E/∂o · ∂o/∂z · ... · ∂z/∂w.
"""

from collections.abc import Iterable

import sympy as sp

from symbackprop.derivation.local import LocalDerivative, local_derivative
from symbackprop.derivation.simplify import shortest, use_assumptions
from symbackprop.derivation.steps import Derivation, Step
from symbackprop.errors import NotSupportedError
from symbackprop.model.build import check_loss, check_parameters, parameters_of
from symbackprop.model.graph import Graph
from symbackprop.tensor.differentiate import differentiate, tidy
from symbackprop.tensor.indices import children
from symbackprop.tensor.nodes import Expr, Partial, entry, entry_indices, entry_name, summation
from symbackprop.tensor.tensor import Tensor, axes

MAX_PATHS = 16
# A composed loss beyond this many nodes is no longer worth differentiating whole; the δ-rule is linear instead.
MAX_NODES = 4_000


def chain_rule(graph: Graph, loss: str, wrt: Iterable[str] | None = None) -> Derivation:
    """All gradients of `loss` by differentiating the fully composed loss.

    Raises: GraphError for a bad loss or parameter; NotSupportedError when the composed loss is too large.
    """
    check_loss(graph, loss)
    wrt = check_parameters(graph, loss, wrt if wrt is not None else parameters_of(graph, loss))
    composed = compose(graph, loss, wrt)
    steps: list[Step] = []
    gradients: dict[str, Tensor] = {}
    for name in wrt:
        shape = graph.shape(name)
        free = axes(shape)
        left = Partial(entry(loss), entry(name, *free))
        steps += path_steps(graph, loss, name, left)
        gradient = tidy(differentiate(composed[name], name, free))
        steps.append(Step(id=f"{name}.composed", subject=name, left=left, right=gradient, rule="compose"))
        gradients[name] = Tensor(gradient, shape)
    return Derivation(
        graph=graph, loss=loss, route="chain rule", steps=tuple(steps), adjoints=gradients, gradients=gradients
    )


def compose(graph: Graph, loss: str, wrt: tuple[str, ...]) -> dict[str, Expr]:
    """The loss with every definition inserted; for a defined parameter z, z itself stays (the graph is cut there).

    Raises: NotSupportedError when it grows too large.
    """
    result: dict[str, Expr] = {}
    of_inputs = [name for name in wrt if name in graph.inputs]
    for name in wrt:
        # All definitions are inserted for every input, so that the result is the same.
        first = of_inputs[0] if name in graph.inputs else name
        if first not in result:
            result[first] = _composed(graph, loss, first)
        result[name] = result[first]
    return result


def _composed(graph: Graph, loss: str, name: str) -> Expr:
    nodes: dict[str, int] = {}
    inlined = [d for d in graph.definitions if d != name]
    for d in inlined:
        nodes[d] = _tree_size(graph.definitions[d].tensor.expr, nodes)
    if nodes[loss] > MAX_NODES:
        raise NotSupportedError(
            f"route 1 composes the whole loss, {nodes[loss]} nodes here; at most {MAX_NODES} are laid out. "
            "The delta rule and its proof have no such limit."
        )
    return graph.expand(graph.definitions[loss].tensor.expr, inlined)


def _tree_size(expr: Expr, nodes: dict[str, int]) -> int:
    """How many nodes `expr` has when the definitions are inserted, whose sizes are in `nodes`."""
    name = entry_name(expr)
    if name is not None:
        return nodes.get(name, 1)
    return 1 + sum(_tree_size(child, nodes) for child in children(expr))


def path_steps(graph: Graph, loss: str, name: str, left: Expr) -> list[Step]:
    """The derivative as a sum over paths: with the local derivatives as symbols, then with their values."""
    paths = paths_to(graph, loss, name)
    if len(paths) > MAX_PATHS:
        return []
    steps: list[Step] = []
    symbols, values = [], []
    seen: dict[Expr, Expr] = {}
    for number, path in enumerate(paths):
        locals_ = _along(graph, path, name, axes(graph.shape(name)), f"k{number}_")
        summed = [i for local in locals_ for i in local.summed]
        symbols.append(summation(sp.Mul(*(local.symbol for local in locals_)), *summed))
        values.append(summation(sp.Mul(*(local.in_output for local in locals_)), *summed))
        for local in reversed(locals_):
            seen.setdefault(local.symbol, local.in_output)
    steps.append(Step(id=f"{name}.paths", subject=name, left=left, right=sp.Add(*symbols), rule="paths"))
    for count, (symbol, value) in enumerate(seen.items()):
        steps.append(Step(id=f"{name}.local{count}", subject=name, left=symbol, right=value, rule="local"))
    product = shortest(tidy(sp.Add(*values)))
    uses = tuple(step.id for step in steps)
    steps.append(Step(id=f"{name}.product", subject=name, left=left, right=product, rule="substitute", uses=uses))
    reduced, used = use_assumptions(product, graph, name)
    if used:
        note = "; ".join(used)
        steps.append(Step(id=f"{name}.assumed", subject=name, left=left, right=reduced, rule="assumption", note=note))
    return steps


def paths_to(graph: Graph, loss: str, name: str) -> list[tuple[str, ...]]:
    """All paths (u_1, ..., loss) of definitions through which the loss depends on `name`, at most MAX_PATHS + 1."""
    between = set(graph.between(name, loss))
    users: dict[str, list[str]] = {}
    for definition in graph.definitions:
        if definition in between:
            for used in graph.uses(definition):
                users.setdefault(used, []).append(definition)
    found: list[tuple[str, ...]] = []
    stack: list[tuple[str, ...]] = [(user,) for user in reversed(users.get(name, []))]
    while stack and len(found) <= MAX_PATHS:
        path = stack.pop()
        if path[-1] == loss:
            found.append(path)
        else:
            stack += [(*path, user) for user in reversed(users.get(path[-1], []))]
    return found


def _along(graph: Graph, path: tuple[str, ...], name: str, at: tuple[Expr, ...], prefix: str) -> list[LocalDerivative]:
    """The local derivatives along a path, from the parameter up to the loss."""
    locals_: list[LocalDerivative] = []
    for depth, user in enumerate(path):
        local = local_derivative(graph.definitions[user], name, at, f"{prefix}{depth}_")
        locals_.append(local)
        name, at = user, entry_indices(local.symbol.args[0])
    return locals_
