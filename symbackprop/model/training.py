"""Gradient descent on a graph: what `next(q)` means."""

import re
from dataclasses import dataclass

from symbackprop.errors import NotSupportedError
from symbackprop.model.graph import Graph, Relation
from symbackprop.tensor.indices import transform
from symbackprop.tensor.nodes import Expr, Partial, entry, entry_indices, entry_name
from symbackprop.tensor.tensor import Tensor

NEXT = re.compile(r"next\((\w+), (\d+)\)\Z")


@dataclass(frozen=True, kw_only=True, slots=True)
class Training:
    """w <- w - learning_rate · ∂loss/∂w for each parameter w, `steps` times."""

    loss: str
    parameters: tuple[str, ...]
    learning_rate: Expr
    steps: int = 0
    report_every: int = 0


def write_out_steps(expr: Expr, graph: Graph, training: Training | None) -> Expr:
    """`expr` with every `next(q)` written with gradients: next(w) = w - η ∂L/∂w, next(q) = q at the next parameters.

    Raises: NotSupportedError without a training, or for more than one step.
    """

    def rule(node: Expr) -> Expr | None:
        found = next_parts(entry_name(node) or "")
        if found is None:
            return None
        quantity, steps = found
        known = need_training(training, quantity)
        if steps > 1:
            raise NotSupportedError(
                f"next({quantity}, {steps}): a claim is about one step; write next({quantity}), or print the number"
            )
        return _after_step(entry(quantity, *entry_indices(node)), graph, known)

    return transform(expr, rule)


def next_parts(name: str) -> tuple[str, int] | None:
    """The quantity and the number of steps in a name `next(q, k)`; None for any other name."""
    match = NEXT.match(name)
    return (match[1], int(match[2])) if match else None


def need_training(training: Training | None, quantity: str) -> Training:
    """Raises: NotSupportedError when there is no training that `next(quantity)` could mean."""
    if training is None:
        raise NotSupportedError(f"next({quantity}) needs a loss, parameters and a learning rate: add a [train] section")
    return training


def _after_step(expr: Expr, graph: Graph, training: Training) -> Expr:
    """`expr` after one gradient step, in terms of the parameters before."""

    def step(node: Expr) -> Expr | None:
        if entry_name(node) not in training.parameters:
            return None
        return node - training.learning_rate * Partial(entry(training.loss), node)

    return transform(graph.expand(expr, graph.definitions), step)


def relation_after_steps(relation: Relation, graph: Graph, training: Training | None) -> Relation:
    """`relation` with every `next(q, k)` written out on both sides."""
    left, right = (
        Tensor(
            write_out_steps(side.expr, graph, training),
            side.shape,
            tuple(write_out_steps(need, graph, training) for need in side.needs),
        )
        for side in (relation.left, relation.right)
    )
    return Relation(
        name=relation.name, formula=relation.formula, left=left, comparison=relation.comparison, right=right
    )
