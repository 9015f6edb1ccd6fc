"""A dense layer: how many neurons it has, and the formula of its activation."""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from symbackprop.catalogue.activations import ACTIVATIONS
from symbackprop.errors import GraphError
from symbackprop.language.syntax import syntax_tree
from symbackprop.model.arguments import by_name, check_size, unknown_id
from symbackprop.model.custom import trace
from symbackprop.model.tracing import constant

Size = int | str
Number = int | float | Fraction | str


@dataclass(frozen=True, slots=True)
class Dense:
    """`size` neurons that each see the whole layer before: z = W a + b, then the activation.

    `activation` is an id of the catalogue, a Python function of z, or None for z itself; `parameters` are those of
    the catalogue's record, such as {"slope": 0.2} (a text is a formula: a number or the name of a scalar).

    Raises: FormulaError for a size that is none, GraphError for an activation that the catalogue does not have.
    """

    size: Size
    activation: str | Callable[..., Any] | None = None
    bias: bool = True
    parameters: Mapping[str, Number] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_size(self.size, "Dense")
        by_name(self.parameters, "Dense: parameters", '{"slope": 0.2}')
        if self.activation is not None and not callable(self.activation):
            activated(self, "z")


def activated(layer: Dense, z: str) -> str:
    """The formula of the layer's activation of the pre-activation named `z`.

    Raises: GraphError for an activation or parameter that the catalogue does not have.
    """
    if callable(layer.activation):
        return trace(layer.activation, [z])
    record = ACTIVATIONS.get(layer.activation) if isinstance(layer.activation, str) else None
    if record is None:
        raise GraphError(f"{unknown_id('activation', layer.activation, ACTIVATIONS)}, a Python function, None")
    for name in layer.parameters:
        if name not in record.parameters:
            own = ", ".join(record.parameters) or "none"
            raise GraphError(f"the activation {record.id!r} has no parameter {name!r}; it has: {own}")
    values: list[ast.expr] = [ast.Name(z, ast.Load())]
    values += [_number(name, layer.parameters[name]) for name in record.parameters if name in layer.parameters]
    return ast.unparse(ast.Call(ast.Name(record.id, ast.Load()), values, []))


def _number(name: str, value: Number) -> ast.expr:
    node = syntax_tree(value) if isinstance(value, str) else constant(value)
    if node is None:
        raise GraphError(f"the parameter {name} is {value!r}; expected a number, or a formula as text")
    return node
