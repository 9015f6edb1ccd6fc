"""Gradient descent on a graph: what `next(q)` means."""

from dataclasses import dataclass

from symbackprop.errors import NotSupportedError
from symbackprop.model.graph import Graph, Relation
from symbackprop.tensor.indices import transform
from symbackprop.tensor.nodes import Expr, Partial, entry, entry_indices, entry_name
from symbackprop.tensor.tensor import Tensor

# next(q, k) is written out step by step; each step holds the whole gradient of the one before.
MAX_WRITTEN_STEPS = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Training:
    """w <- w - learning_rate · ∂loss/∂w for each parameter w, `steps` times."""

    loss: str
    parameters: tuple[str, ...]
    learning_rate: Expr
    steps: int = 0
    report_every: int = 0


def write_out_steps(expr: Expr, graph: Graph, training: Training | None) -> Expr:
    """`expr` with every `next(q, k)` written with gradients: next(w) = w - η ∂L/∂w, next(q) = q at the next parameters.

    Raises: NotSupportedError without a [train] section, or for more than a few steps.
    """

    def rule(node: Expr) -> Expr | None:
        name = entry_name(node) or ""
        if not name.startswith("next("):
            return None
        if training is None:
            raise NotSupportedError(f"{name} needs a loss, parameters and a learning rate: add a [train] section")
        quantity, steps = name[5:-1].split(", ")
        if int(steps) > MAX_WRITTEN_STEPS:
            raise NotSupportedError(
                f"{name}: at most {MAX_WRITTEN_STEPS} steps are written out; use `steps` in [train]"
            )
        return after_steps(entry(quantity, *entry_indices(node)), int(steps), graph, training)

    return transform(expr, rule)


def after_steps(expr: Expr, steps: int, graph: Graph, training: Training) -> Expr:
    """`expr` after that many gradient steps, in terms of the parameters before."""
    if steps == 0:
        return expr
    composed = graph.expand(expr, graph.definitions)

    def step(node: Expr) -> Expr | None:
        name = entry_name(node)
        if name not in training.parameters:
            return None
        gradient = Partial(entry(training.loss), node)
        return after_steps(node - training.learning_rate * gradient, steps - 1, graph, training)

    return transform(composed, step)


def relation_after_steps(relation: Relation, graph: Graph, training: Training | None) -> Relation:
    """`relation` with every `next(q, k)` written out on both sides."""
    left, right = (
        Tensor(write_out_steps(side.expr, graph, training), side.shape) for side in (relation.left, relation.right)
    )
    return Relation(
        name=relation.name, formula=relation.formula, left=left, comparison=relation.comparison, right=right
    )
