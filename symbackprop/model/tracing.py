"""Plain Python functions, run on values that note down what is done to them.

`Traced` values build the syntax tree of a formula of the language; `Sampled` ones (in `samples.py`) compute numbers.
Both take Python's operators, the functions offered here (`symbackprop.exp`, ...) and NumPy's of the same names.
A decision that depends on a traced value cannot become part of a formula, and is refused.
"""

import ast
import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from numbers import Integral, Rational, Real
from typing import Any

from symbackprop.errors import NotSupportedError
from symbackprop.language.functions import FUNCTIONS

MAX_NODES = 3_000
BINARY: dict[str, type[ast.operator]] = {
    "+": ast.Add, "-": ast.Sub, "*": ast.Mult, "/": ast.Div, "**": ast.Pow, "@": ast.MatMult,
}  # fmt: skip
COMPARE: dict[str, type[ast.cmpop]] = {
    ">": ast.Gt, "<": ast.Lt, ">=": ast.GtE, "<=": ast.LtE, "==": ast.Eq, "!=": ast.NotEq,
}  # fmt: skip


class Value:
    """What a traced function works on; every operation arrives at `apply` under its name in the formula language."""

    __slots__ = ()

    def apply(self, operation: str, *operands: Any, **keywords: Any) -> Any:
        """The result of an operator, `negative`, `T`, `item` or a function of the language."""
        raise NotImplementedError

    def refuse(self, message: str) -> NotSupportedError:
        """The error to raise for what a formula cannot hold."""
        return NotSupportedError(message)

    def __add__(self, other: Any) -> Any:
        return self.apply("+", self, other)

    def __radd__(self, other: Any) -> Any:
        return self.apply("+", other, self)

    def __sub__(self, other: Any) -> Any:
        return self.apply("-", self, other)

    def __rsub__(self, other: Any) -> Any:
        return self.apply("-", other, self)

    def __mul__(self, other: Any) -> Any:
        return self.apply("*", self, other)

    def __rmul__(self, other: Any) -> Any:
        return self.apply("*", other, self)

    def __truediv__(self, other: Any) -> Any:
        return self.apply("/", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self.apply("/", other, self)

    def __pow__(self, other: Any) -> Any:
        return self.apply("**", self, other)

    def __rpow__(self, other: Any) -> Any:
        return self.apply("**", other, self)

    def __matmul__(self, other: Any) -> Any:
        return self.apply("@", self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return self.apply("@", other, self)

    def __gt__(self, other: Any) -> Any:
        return self.apply(">", self, other)

    def __lt__(self, other: Any) -> Any:
        return self.apply("<", self, other)

    def __ge__(self, other: Any) -> Any:
        return self.apply(">=", self, other)

    def __le__(self, other: Any) -> Any:
        return self.apply("<=", self, other)

    def __eq__(self, other: object) -> Any:
        return self.apply("==", self, other)

    def __ne__(self, other: object) -> Any:
        return self.apply("!=", self, other)

    __hash__ = None  # type: ignore[assignment]

    def __neg__(self) -> Any:
        return self.apply("negative", self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return self.apply("abs", self)

    def __getitem__(self, item: Any) -> Any:
        return self.apply("item", self, item)

    def __iter__(self) -> Any:
        raise self.refuse("a loop over the entries cannot be traced: write sum(...), or index them one by one")

    @property
    def T(self) -> Any:  # noqa: N802 (NumPy's name)
        return self.apply("T", self)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Any:
        return self.apply("sum", self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Any:
        return self.apply("mean", self, axis=axis, keepdims=keepdims)

    def var(self, axis: Any = None, keepdims: bool = False) -> Any:
        return self.apply("var", self, axis=axis, keepdims=keepdims)

    def std(self, axis: Any = None, keepdims: bool = False) -> Any:
        return self.apply("std", self, axis=axis, keepdims=keepdims)

    def swapaxes(self, first: int, second: int) -> Any:
        return self.apply("swapaxes", self, first, second)

    def dot(self, other: Any) -> Any:
        return self.apply("dot", self, other)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **keywords: Any) -> Any:
        """NumPy's entrywise functions, `numpy.exp(z)`, by their names."""
        if method != "__call__" or keywords:
            raise self.refuse(f"numpy.{ufunc.__name__} can be traced only as a plain call")
        return self._numpy(ufunc.__name__, inputs, {})

    def __array_function__(self, function: Any, types: Any, operands: Any, keywords: Mapping[str, Any]) -> Any:
        """NumPy's other functions, `numpy.sum(z, axis=0)`, by their names."""
        return self._numpy(function.__name__, operands, keywords)

    def _numpy(self, name: str, operands: Any, keywords: Mapping[str, Any]) -> Any:
        name = _NUMPY.get(name, name)
        if name in _COMPOSED:
            return _COMPOSED[name](*operands)
        if name not in FUNCTIONS and name not in _OPERATIONS:
            raise self.refuse(f"numpy.{name} is not part of the formula language; known are: {', '.join(OFFERED)}")
        return self.apply(name, *operands, **keywords)


_OPERATIONS = frozenset({*BINARY, *COMPARE, "negative", "T"})
# NumPy's and SciPy's names for what the language calls otherwise.
_NUMPY = {
    "add": "+", "subtract": "-", "multiply": "*", "divide": "/", "true_divide": "/", "power": "**", "matmul": "@",
    "greater": ">", "less": "<", "greater_equal": ">=", "less_equal": "<=", "equal": "==", "not_equal": "!=",
    "absolute": "abs", "fabs": "abs", "transpose": "T", "expit": "sigmoid",
}  # fmt: skip
_COMPOSED: dict[str, Callable[..., Any]] = {
    "square": lambda x: x**2,
    "reciprocal": lambda x: 1 / x,
    "log1p": lambda x: OFFERED["log"](1 + x),
    "expm1": lambda x: OFFERED["exp"](x) - 1,
}


class Traced(Value):
    """A value that is a formula: its syntax tree `node`, and in `refused` what the trace could not note down."""

    __slots__ = ("node", "nodes", "refused")

    def __init__(self, node: ast.expr, nodes: int, refused: list[str]) -> None:
        self.node, self.nodes, self.refused = node, nodes, refused
        if nodes > MAX_NODES:
            raise self.refuse(f"the formula has more than {MAX_NODES} nodes; a definition of its own for parts helps")

    def refuse(self, message: str) -> NotSupportedError:
        # Noted as well as raised: the traced function may swallow the error, and must not succeed that way.
        self.refused.append(message)
        return NotSupportedError(message)

    def apply(self, operation: str, *operands: Any, **keywords: Any) -> "Traced":
        if operation == "item":
            return self._item(*operands)
        spec, values = "", operands
        if operation == "einsum" and isinstance(operands[0], str):
            spec, values = operands[0], operands[1:]
        parts = [self._operand(value) for value in values]
        nodes = [part.node for part in parts]
        if spec:
            nodes.insert(0, ast.Constant(spec))
        return Traced(
            _syntax(operation, nodes, self._keywords(operation, keywords)),
            1 + sum(part.nodes for part in parts),
            self.refused,
        )

    def _operand(self, value: Any) -> "Traced":
        if isinstance(value, Traced):
            return value
        node = constant(value)
        if node is None:
            raise self.refuse(f"{value!r} in a traced function is no real number and no traced value")
        return Traced(node, 1, self.refused)

    def _item(self, tensor: "Traced", item: Any) -> "Traced":
        items = item if isinstance(item, tuple) else (item,)
        nodes: list[ast.expr] = []
        for one in items:
            if isinstance(one, slice) and one == slice(None):
                nodes.append(ast.Slice())
            elif one is None:
                nodes.append(ast.Constant(None))
            elif isinstance(one, Integral) and not isinstance(one, bool):
                nodes.append(_integer(int(one)))
            else:
                raise self.refuse(f"the index {one!r} cannot be traced: an index is an integer, a full slice or None")
        index = nodes[0] if len(nodes) == 1 else ast.Tuple(nodes, ast.Load())
        return Traced(ast.Subscript(tensor.node, index, ast.Load()), tensor.nodes + 1, self.refused)

    def _keywords(self, operation: str, given: Mapping[str, Any]) -> list[ast.keyword]:
        """axis and keepdims where they are not left at their defaults."""
        found = []
        for key, value in given.items():
            if value is None or (key == "keepdims" and value is False):
                continue
            axes = value if isinstance(value, tuple) else (value,)
            if key == "axis" and all(isinstance(axis, int) for axis in axes):
                numbers = [_integer(axis) for axis in axes]
                node: ast.expr = ast.Tuple(list(numbers), ast.Load()) if isinstance(value, tuple) else numbers[0]
            elif key == "keepdims" and value is True:
                node = ast.Constant(True)
            else:
                raise self.refuse(f"{operation}(..., {key}={value!r}) is not part of the formula language")
            found.append(ast.keyword(key, node))
        return found

    def __bool__(self) -> bool:
        raise self.refuse(
            "a decision that depends on a value cannot be traced: write where(condition, a, b), maximum or minimum"
        )

    def __float__(self) -> float:
        raise self.refuse(
            "a traced value has no number: use symbackprop.exp or numpy.exp where you have math.exp, and so on"
        )

    __int__ = __index__ = __complex__ = __len__ = __float__


def _syntax(operation: str, nodes: list[ast.expr], keywords: list[ast.keyword]) -> ast.expr:
    if operation in BINARY:
        return ast.BinOp(nodes[0], BINARY[operation](), nodes[1])
    if operation in COMPARE:
        return ast.Compare(nodes[0], [COMPARE[operation]()], [nodes[1]])
    if operation == "negative":
        return ast.UnaryOp(ast.USub(), nodes[0])
    if operation == "T":
        return ast.Attribute(nodes[0], "T", ast.Load())
    return ast.Call(ast.Name(operation, ast.Load()), nodes, keywords)


def constant(value: Any) -> ast.expr | None:
    """A number as syntax: floats by the decimal that Python prints for them, math.pi as pi; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    if isinstance(value, Integral):
        return _integer(int(value))
    if isinstance(value, Rational):
        exact = Fraction(int(value.numerator), int(value.denominator))
        return ast.BinOp(_integer(exact.numerator), ast.Div(), _integer(exact.denominator))
    number = float(value)
    if not math.isfinite(number):
        return None
    if abs(number) == math.pi:
        return _signed(ast.Name("pi", ast.Load()), number < 0)
    return _signed(ast.Constant(abs(number)), number < 0)


def _integer(value: int) -> ast.expr:
    return _signed(ast.Constant(abs(value)), value < 0)


def _signed(node: ast.expr, negative: bool) -> ast.expr:
    """-2 as an operation, for the printer puts no parentheses around a negative constant."""
    return ast.UnaryOp(ast.USub(), node) if negative else node


def _offered(name: str) -> Callable[..., Any]:
    def function(*operands: Any, **keywords: Any) -> Any:
        value = next((operand for operand in operands if isinstance(operand, Value)), None)
        if value is None:
            from symbackprop.model.samples import Sampled  # it is built on this module

            return Sampled.of(operands[0]).apply(name, *operands, **keywords)
        return value.apply(name, *operands, **keywords)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"`{name}` of the formula language, for traced values and for numbers."
    return function


# The functions that a traced function may call, by their names; `symbackprop` offers each as an attribute.
OFFERED: dict[str, Callable[..., Any]] = {
    name: _offered(name) for name, row in FUNCTIONS.items() if not row.takes_sizes
}
