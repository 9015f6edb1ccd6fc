"""Gradient descent on a graph: what `next(q)` means."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import sympy as sp

from symbackprop.errors import FormulaError, GraphError, NotSupportedError
from symbackprop.language.parse import Scope, parse
from symbackprop.language.syntax import NAME
from symbackprop.model.arguments import names_of
from symbackprop.model.build import check_loss, check_parameters
from symbackprop.model.graph import Graph, Relation, names_in_tensor
from symbackprop.model.tracing import constant
from symbackprop.tensor.indices import transform
from symbackprop.tensor.nodes import Expr, Partial, entry, entry_indices, entry_name
from symbackprop.tensor.tensor import Tensor

NEXT = re.compile(r"next\((\w+), (\d+)\)\Z")


@dataclass(frozen=True, kw_only=True, slots=True)
class Training:
    """w <- w - learning_rate · ∂loss/∂w for each parameter w, `steps` times.

    From Python the learning rate may be a number, or a text: the name of a scalar, or a formula in scalars.
    """

    loss: str
    parameters: tuple[str, ...]
    learning_rate: Expr
    steps: int = 0
    report_every: int = 0


def training_on(training: Training | None, graph: Graph) -> tuple[Training | None, Graph]:
    """What a Python caller says about training, checked and with its learning rate as an expression.

    A learning rate whose name the graph does not know becomes a scalar of the graph.

    Raises: GraphError for what is no training of this graph; FormulaError for a learning rate that is no formula.
    """
    if training is None:
        return None, graph
    if not isinstance(training, Training):
        raise GraphError(f'training: expected Training(loss="L", parameters=["w"], ...), found {training!r}')
    check_loss(graph, training.loss)
    parameters = check_parameters(graph, training.loss, names_of(training.parameters, "parameters"))
    check_are_inputs(parameters, graph)
    rate = training.learning_rate
    if isinstance(rate, str) and NAME.match(rate) and rate not in {*graph.inputs, *graph.definitions, *graph.sizes()}:
        graph = replace(graph, inputs={**graph.inputs, rate: ()})
    return replace(training, parameters=parameters, learning_rate=_as_expression(rate, graph)), graph


def _as_expression(rate: Any, graph: Graph) -> Expr:
    if isinstance(rate, str):
        return rate_from_text(rate, graph)
    number = constant(rate)
    if number is not None:
        return parse(ast.unparse(number), Scope(shapes={})).expr
    if not isinstance(rate, sp.Expr):
        raise GraphError(f"learning_rate: expected a number, or the name of a scalar, found {rate!r}")
    return rate


def rate_from_text(text: str, graph: Graph) -> Expr:
    """A learning rate that is a formula in the scalars and sizes of the graph.

    Raises: FormulaError, also for sqrt(s)**2, which is less than s: a rate is an expression without needs beside it.
    """
    known = {name: shape for name, shape in graph.inputs.items() if shape == ()}
    rate = parse(text, Scope(shapes=known, sizes=frozenset(graph.sizes())))
    if rate.needs:
        raise FormulaError(f"a learning rate of which parts cancel; write {rate.expr} and assume what it needs", text)
    return rate.expr


def check_are_inputs(parameters: tuple[str, ...], graph: Graph) -> None:
    """Raises: GraphError for a parameter that a formula defines."""
    for name in parameters:
        if name in graph.definitions:
            raise GraphError(f"parameters: {name!r} is defined by a formula; a parameter is an input")


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
        raise NotSupportedError(
            f"next({quantity}) needs a loss, parameters and a learning rate: add a [train] section to the file, "
            "or in Python training=Training(...)"
        )
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
            (
                *(write_out_steps(need, graph, training) for need in side.needs),
                *_needs_after_step(side, graph, training),
            ),
        )
        for side in (relation.left, relation.right)
    )
    return replace(relation, left=left, right=right)


def _needs_after_step(side: Tensor, graph: Graph, training: Training | None) -> Iterator[Expr]:
    """What the definitions below `next(q)` need and simplification has left out of them, at the next parameters."""
    stepped = (found[0] for name in sorted(names_in_tensor(side)) if (found := next_parts(name)) is not None)
    below = frozenset[str]().union(*map(graph.ancestors, stepped))
    for name, definition in graph.definitions.items():
        if name in below:
            for need in definition.tensor.needs:
                yield _after_step(need, graph, need_training(training, name))
