"""What a call says beyond its tensors, and the calls that are no functions of tensors: `prime`, `d` and `next`."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

import sympy as sp

from symbackprop.language.functions import FUNCTIONS, NAMED, Arguments
from symbackprop.language.syntax import did_you_mean
from symbackprop.tensor import ops
from symbackprop.tensor.differentiate import differentiate, tidy
from symbackprop.tensor.nodes import Partial, elementwise, entry
from symbackprop.tensor.tensor import Tensor, axes, variable

if TYPE_CHECKING:
    from symbackprop.language.parse import Walker

# SymPy's own smooth functions of one argument, for which prime(f, z) is written out.
_SMOOTH = frozenset({"exp", "log", "sqrt", "tanh", "sin", "cos", "erf", "abs"})


def subscripts(walker: Walker, node: ast.Call) -> tuple[list[ast.expr], str]:
    """The tensors of an einsum and its text 'ij,jk->ik'."""
    first = node.args[0] if node.args else None
    if not isinstance(first, ast.Constant) or not isinstance(first.value, str):
        raise walker.error("einsum starts with its indices, as in einsum('ij,jk->ik', A, B)", node)
    return node.args[1:], first.value


def check_axes(walker: Walker, node: ast.Call) -> None:
    """Raises: FormulaError unless all arguments but the first are integers that number axes."""
    for argument in node.args[1:]:
        if isinstance(argument, ast.Tuple) or _axis(walker, argument) is None:
            raise walker.error("expected the number of an axis, as in swapaxes(K, -1, -2)", argument)


def keywords(walker: Walker, node: ast.Call, allowed: frozenset[str]) -> tuple[tuple[int, ...] | None, bool]:
    """The axes and the keepdims that a call names. Raises: FormulaError for a keyword that is not allowed."""
    axis: tuple[int, ...] | None = None
    keepdims = False
    for keyword in node.keywords:
        if keyword.arg not in allowed - {"spec"}:
            shown = keyword.arg or "**"
            raise walker.error(f"{shown} is not a keyword of {ast.unparse(node.func)}", keyword.value)
        if keyword.arg == "axis":
            axis = _axis(walker, keyword.value)
        else:
            keepdims = _flag(walker, keyword.value)
    return axis, keepdims


def _axis(walker: Walker, node: ast.expr) -> tuple[int, ...] | None:
    if isinstance(node, ast.Constant) and node.value is None:
        return None
    items = node.elts if isinstance(node, ast.Tuple) else [node]
    try:
        values = [ast.literal_eval(item) for item in items]
    except ValueError:
        values = [None]
    if not all(type(value) is int for value in values):
        raise walker.error("axis is an integer or a tuple of integers", node)
    return tuple(values)


def _flag(walker: Walker, node: ast.expr) -> bool:
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        return node.value
    raise walker.error("keepdims is True or False", node)


def _prime(walker: Walker, node: ast.Call) -> Tensor:
    """prime(f, z) = f'(z), entry by entry."""
    if len(node.args) < 2 or node.keywords or not isinstance(node.args[0], ast.Name):
        raise walker.error("expected prime(f, z) with an elementwise function f", node)
    name, arguments = node.args[0].id, node.args[1:]
    if name in walker.scope.functions and len(arguments) == 1:
        return ops.elementwise_op(elementwise(name, 1), walker.walk(arguments[0]))
    row = FUNCTIONS.get(name)
    if row is None or not row.least <= len(arguments) <= row.most or name not in NAMED | _SMOOTH:
        known = ", ".join(sorted(NAMED | _SMOOTH | walker.scope.functions))
        raise walker.error(f"prime needs an elementwise function; known are: {known}", node.args[0])
    applied = row.apply(Arguments(tuple(walker.walk(argument) for argument in arguments)))
    if name in NAMED:
        return Tensor(elementwise(name, 1)(*applied.expr.args), applied.shape)
    z = entry("argument of prime")
    derivative = tidy(differentiate(row.apply(Arguments((Tensor(z),))).expr, "argument of prime", ()))
    walker.operands.append(applied)  # log' has no value where log has none, though 1/u has
    return ops.elementwise_op(lambda u: derivative.xreplace({z: u}), walker.walk(arguments[0]))


def _derivative(walker: Walker, node: ast.Call) -> Tensor:
    """d(f, v): the shape of f followed by the shape of v."""
    if not walker.scope.derivatives:
        raise walker.error("d(...) may stand in [claims] and [printed], not in a definition", node)
    if len(node.args) != 2 or node.keywords or not isinstance(node.args[1], ast.Name):
        raise walker.error("expected d(f, v): a formula and the name of the quantity to differentiate by", node)
    f, v = walker.walk(node.args[0]), node.args[1].id
    if v not in walker.scope.shapes:
        guess = did_you_mean(v, walker.scope.shapes)
        raise walker.error(f"d(..., {v}): {v!r} is not a quantity{guess}", node.args[1])
    shape = f.shape + tuple(walker.scope.shapes[v])
    indices = axes(shape)
    by = entry(v, *indices[len(f.shape) :])
    return Tensor(Partial(f.at(*indices[: len(f.shape)]), by), shape)


def _step(walker: Walker, node: ast.Call) -> Tensor:
    """next(q) and next(q, k): the quantity after one or k gradient steps."""
    if not walker.scope.derivatives:
        raise walker.error("next(...) may stand in [claims] and [printed], not in a definition", node)
    arguments = node.args
    if len(arguments) not in (1, 2) or node.keywords or not isinstance(arguments[0], ast.Name):
        raise walker.error("expected next(q) or next(q, k) with the name of a quantity", node)
    steps = walker.walk(arguments[1]).expr if len(arguments) == 2 else sp.Integer(1)
    if not (steps.is_Integer and 1 <= steps <= 1_000_000):
        raise walker.error("the number of steps is an integer from 1 to 1000000", node)
    name = arguments[0].id
    if name not in walker.scope.shapes:
        guess = did_you_mean(name, walker.scope.shapes)
        raise walker.error(f"next({name}): {name!r} is not a quantity{guess}", arguments[0])
    return variable(next_name(name, int(steps)), tuple(walker.scope.shapes[name]))


def next_name(name: str, steps: int) -> str:
    """The name of a quantity after some gradient steps; no user can choose it, for it is no identifier."""
    return f"next({name}, {steps})"


SPECIAL: dict[str, Callable[[Walker, ast.Call], Tensor]] = {"d": _derivative, "next": _step, "prime": _prime}
