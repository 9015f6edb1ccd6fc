"""Activations and losses from plain Python functions: traced to a formula, tried out, shown as their author wrote them.

The function is called on symbols once for each use. A second trace and the function's own numbers at a few points
must agree with the formula, or it is refused: what is derived is what the function computes.
"""

import ast
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count, product
from typing import Any
from warnings import catch_warnings, simplefilter

import sympy as sp

from symbackprop.catalogue.derivatives import unfold
from symbackprop.errors import FormulaError, NotSupportedError, SymbackpropError
from symbackprop.language.parse import Scope, parse
from symbackprop.model.as_written import as_written
from symbackprop.model.samples import Sampled
from symbackprop.model.tracing import Traced, constant
from symbackprop.tensor.instantiate import Position, entry_symbol, instantiate, positions
from symbackprop.tensor.nodes import Expr, is_size
from symbackprop.tensor.ops import show_shape
from symbackprop.tensor.tensor import Tensor

Function = Callable[..., Any]
TOLERANCE = 1e-9
# Exact as floats and as rationals; every second point lies between 0 and 1, where logarithms have values.
POINTS = 6
_VALUES = (0.375, -1.25, 2.0, 0.0, -0.5, 1.75, -3.0, 0.8125)
_UNIT = (0.375, 0.75, 0.125, 0.5, 0.625, 0.9375, 0.25)


@dataclass(frozen=True, kw_only=True, slots=True)
class Custom:
    """A traced function: its formula in its own argument names, and LaTeX as its author wrote it (None if unknown)."""

    name: str
    arguments: tuple[str, ...]
    formula: str
    latex: str | None = None


def function_name(function: Function) -> str:
    return str(getattr(function, "__name__", "function"))


def trace(function: Function, arguments: Sequence[str]) -> str:
    """The formula that `function` computes of quantities with the given names.

    >>> trace(lambda z: z / (1 + 2 * z), ["z1"])
    'z1 / (1 + 2 * z1)'

    Raises: NotSupportedError for what a formula cannot hold, such as a decision that depends on a value.
    """
    refused: list[str] = []
    result = _call(function, [Traced(ast.Name(name, ast.Load()), 1, refused) for name in arguments])
    if refused:
        raise _about(function, refused[0])
    node = result.node if isinstance(result, Traced) else constant(result)
    if node is None:
        raise _about(function, f"it returns {type(result).__name__}, not a formula")
    return ast.unparse(node)


def _call(function: Function, arguments: Sequence[Any]) -> Any:
    """The function's own result; every error in it becomes one clear line."""
    try:
        return function(*arguments)
    except SymbackpropError as error:
        raise _about(function, str(error)) from None
    except RecursionError:
        raise _about(function, "it calls itself without end") from None
    except Exception as error:
        raise _about(function, f"{type(error).__name__}: {error}") from None


def _about(function: Function, message: str) -> NotSupportedError:
    return NotSupportedError(f"custom function {function_name(function)}: {message}")


def custom(function: Function, arguments: Sequence[str]) -> Custom:
    """The record of a function of the given argument names.

    Raises: NotSupportedError when it cannot be traced, or when two traces differ.
    """
    formula = trace(function, arguments)
    if trace(function, arguments) != formula:
        raise _about(function, "two calls on the same arguments give two formulas")
    shown = as_written(function, arguments, formula)
    return Custom(name=function_name(function), arguments=tuple(arguments), formula=formula, latex=shown)


def check_keeps_shape(function: Function, argument: str, shape: tuple[Expr, ...]) -> None:
    """Raises: NotSupportedError for an activation whose formula has another shape than its argument."""
    sizes = frozenset(str(extent) for extent in shape if is_size(extent))
    try:
        found = parse(trace(function, [argument]), Scope(shapes={argument: shape}, sizes=sizes)).shape
    except FormulaError as error:
        raise _about(function, str(error)) from None
    if found != shape:
        what = f"{argument} has the shape {show_shape(shape)}, and its value the shape {show_shape(found)}"
        raise _about(function, f"{what}; an activation keeps the shape")


# --- tried out


def check_numbers(function: Function, formula: str, arguments: Sequence[str], shapes: Sequence[Position]) -> None:
    """Compares the function's own numbers with the formula, on arguments of the given shapes and on single numbers.

    Raises: NotSupportedError when they differ, or when no point was found at which both have values.
    """
    compared = _Trial(function, formula, tuple(arguments), tuple(shapes)).compare()
    if any(shapes):
        # A function of arrays need not take single numbers, but where it does it must mean the same.
        with suppress(FormulaError):
            compared += _Trial(function, formula, tuple(arguments), ((),) * len(shapes), lenient=True).compare()
    if not compared:
        raise _about(function, "no point was found at which it could be compared with its formula")


@dataclass(frozen=True, slots=True)
class _Trial:
    """A function and its formula, on arguments of certain shapes; `lenient` where the function may refuse these."""

    function: Function
    formula: str
    arguments: tuple[str, ...]
    shapes: tuple[Position, ...]
    lenient: bool = False

    def compare(self) -> int:
        """How many entries were compared. Raises: NotSupportedError for one that differs."""
        known = {name: tuple(map(sp.Integer, shape)) for name, shape in zip(self.arguments, self.shapes, strict=True)}
        tensor = parse(self.formula, Scope(shapes=known))
        compared = 0
        for values in _points(self.shapes):
            own = self.own_numbers(values)
            if own is None:
                continue
            if own.shape != tuple(map(int, tensor.shape)):
                raise self.differs(f"the shape {own.shape}", tensor.shape)
            for at, expected in self.formula_numbers(tensor, values).items():
                found = own.at(at)
                if expected is None or not math.isfinite(found):
                    continue
                if abs(found - expected) > TOLERANCE * (1 + abs(expected)):
                    raise self.differs(found, expected)
                compared += 1
        return compared

    def differs(self, found: Any, expected: Any) -> NotSupportedError:
        return _about(self.function, f"gives {found} where its formula {self.formula} gives {expected}")

    def own_numbers(self, values: Sequence[Sequence[float]]) -> Sampled | None:
        """What the function itself gives; None where it has no value."""
        pairs = zip(self.shapes, values, strict=True)
        try:
            with catch_warnings():
                simplefilter("ignore")  # NumPy warns of what has no value; it is left out
                return Sampled.of(self.function(*(Sampled(shape, own) if shape else own[0] for shape, own in pairs)))
        except (ArithmeticError, ValueError):
            return None
        except Exception as error:
            if self.lenient:
                return None
            raise _about(self.function, f"on numbers: {error}") from None

    def formula_numbers(self, tensor: Tensor, values: Sequence[Sequence[float]]) -> dict[Position, float | None]:
        """The entries of the formula at the same point; None where one has no real value."""
        point = {
            entry_symbol(name, at): sp.Rational(value)
            for name, shape, own in zip(self.arguments, self.shapes, values, strict=True)
            for at, value in zip(product(*map(range, shape)), own, strict=True)
        }
        expr = unfold(tensor.expr)
        return {
            at: _number(instantiate(expr, {}, dict(zip(tensor.indices, at, strict=True))).xreplace(point))
            for at in positions(tensor.shape, {})
        }


def _points(shapes: Sequence[Position]) -> Iterator[list[list[float]]]:
    """The entries of each argument at one point after another."""
    for point in range(POINTS):
        pool, step = (_UNIT, 2) if point % 2 else (_VALUES, 3)
        place = count(point)
        yield [[pool[next(place) * step % len(pool)] for _ in range(math.prod(shape))] for shape in shapes]


def _number(expr: Expr) -> float | None:
    value = expr.evalf(17)
    return float(value) if value.is_Float or value.is_Rational else None
