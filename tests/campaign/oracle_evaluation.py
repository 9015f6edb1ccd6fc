"""Formulas at a point, as NumPy reads them, with derivatives by autograd."""

import ast
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd import elementwise_grad, jacobian

from .oracle_functions import BINARY, BRANCHED, COMPARE, FUNCTIONS, einsum, getval_deep

TIE = 1e-11


class NoValue(Exception):
    """The statement says nothing at this point, or the oracle cannot tell what."""


@dataclass(slots=True)
class World:
    """One point: sizes, the values of the inputs, the definitions, and functions for the arbitrary names."""

    sizes: Mapping[str, int]
    inputs: dict[str, Any]
    define: Mapping[str, ast.expr]
    functions: Mapping[str, Callable[[Any], Any]]
    differentiating: int = 0
    at_kink: bool = False
    largest: float = 0.0
    depends: Mapping[str, frozenset[str]] = field(default_factory=dict)


class Evaluation:
    """Formulas at one point, with some quantities set free of their definitions: those that are differentiated by."""

    def __init__(self, world: World, free: Mapping[str, Any]) -> None:
        self.world, self.free, self.known = world, dict(free), dict(free)

    def quantity(self, name: str) -> Any:
        """The value of an input or of a definition."""
        if name not in self.known:
            if name in self.world.define:
                self.known[name] = self.value(self.world.define[name])
            elif name in self.world.inputs:
                self.known[name] = self.world.inputs[name]
            elif name in self.world.sizes:
                self.known[name] = float(self.world.sizes[name])
            elif name == "pi":
                self.known[name] = math.pi
            else:
                raise NoValue(f"no value for {name}")
        return self.known[name]

    def value(self, node: ast.expr) -> Any:
        """The value of a formula; the largest number on the way is noted.

        Raises: NoValue for what the oracle does not know.
        """
        result = self._value(node)
        self.world.largest = max(self.world.largest, float(np.max(np.abs(getval_deep(result)), initial=0.0)))
        return result

    def _value(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value) if isinstance(value, int | float):
                return float(value)
            case ast.Name(name):
                return self.quantity(name)
            case ast.UnaryOp(ast.USub(), operand):
                return -self.value(operand)
            case ast.BinOp(left, ast.Pow(), ast.Constant(int(exponent))):
                return self.value(left) ** exponent
            case ast.BinOp(left, op, right):
                return BINARY[type(op)](self.value(left), self.value(right))
            case ast.Compare(left, [op], [right]):
                return self.compare(op, self.value(left), self.value(right))
            case ast.Attribute(value, "T"):
                return anp.transpose(self.value(value))
            case ast.Subscript(value, place):
                return self.value(value)[_place(place)]
            case ast.Call(ast.Name(name), arguments, keywords):
                return self.call(name, arguments, {k.arg: ast.literal_eval(k.value) for k in keywords})
        raise NoValue(f"{ast.unparse(node)} is unknown to the oracle")

    def call(self, name: str, arguments: list[ast.expr], keywords: dict[Any, Any]) -> Any:
        if name == "d":
            return self.derivative(arguments[0], arguments[1])
        if name == "prime":
            z, *parameters = map(self.value, arguments[1:])
            return self.slope(arguments[0], z, parameters)
        if name == "einsum":
            spec = ast.literal_eval(arguments[0])
            return einsum(spec, *map(self.value, arguments[1:]))
        values = [self.value(argument) for argument in arguments]
        if name in self.world.functions:
            return self.world.functions[name](values[0])
        if name == "where":
            return anp.where(getval_deep(values[0]) > 0.5, values[1], values[2])
        if name in BRANCHED:
            self.note_tie(values[0], values[1] if len(values) > 1 else 0.0)
            return BRANCHED[name](*values)
        if name not in FUNCTIONS:
            raise NoValue(f"{name} is unknown to the oracle")
        return FUNCTIONS[name](*values, **keywords)

    def compare(self, op: ast.cmpop, left: Any, right: Any) -> Any:
        self.note_tie(left, right)
        return np.array(COMPARE[type(op)](getval_deep(left), getval_deep(right)), dtype=float)

    def note_tie(self, left: Any, right: Any) -> None:
        """The point of a kink is excluded where a derivative is taken, but for the functions with a declared value.

        Numbers that differ by rounding only cannot be compared at all.
        """
        gap = np.abs(np.asarray(getval_deep(left)) - getval_deep(right))
        if np.any((gap > 0) & (gap < TIE)) or (self.world.differentiating and np.any(gap == 0)):
            self.world.at_kink = True

    def slope(self, function: ast.expr, z: Any, parameters: list[Any]) -> Any:
        """f'(z)."""
        name = function.id if isinstance(function, ast.Name) else ""
        known = {**FUNCTIONS, **BRANCHED, **self.world.functions}
        if name == "abs":
            self.world.at_kink = self.world.at_kink or bool(np.any(getval_deep(z) == 0))
        if name not in known:
            raise NoValue(f"prime of {name} is unknown to the oracle")
        return elementwise_grad(lambda t: known[name](t, *parameters))(1.0 * z)

    def derivative(self, f: ast.expr, by: ast.expr) -> Any:
        """∂f/∂v with v free of its definition."""
        name = by.id if isinstance(by, ast.Name) else ""
        if any(name in self.world.depends.get(other, ()) for other in self.free if other != name):
            raise NoValue("a derivative with a quantity that stands before it in the graph, inside one by this")
        self.world.differentiating += 1
        try:
            start = self.quantity(name) * 1.0
            return jacobian(lambda v: Evaluation(self.world, {**self.free, name: v}).value(f) * 1.0)(start)
        finally:
            self.world.differentiating -= 1


def _place(node: ast.expr) -> Any:
    items = node.elts if isinstance(node, ast.Tuple) else [node]
    return tuple(slice(None) if isinstance(item, ast.Slice) else ast.literal_eval(item) for item in items)
