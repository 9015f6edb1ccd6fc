"""Arrays as syntax trees of the formula language whose axes carry the indices that they stand for.

`W.T` with the labels (j, i) means: its entry at row j and column i is W[i, j]. A label None is an axis of size 1.
"""

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from symbackprop.tensor.nodes import Expr

Label = Expr  # an Idx, or None for an axis of size 1
Labels = tuple[Label, ...]
MAX_VARIANTS = 4
LETTERS = "ijklmnopqrstuvwxyzabcdefgh"


class NoFormulaError(Exception):
    """An index expression that no formula of the language means."""


@dataclass(frozen=True, slots=True)
class Array:
    """A formula and the index of each of its axes."""

    node: ast.expr
    labels: Labels

    @property
    def text(self) -> str:
        return ast.unparse(self.node)


Variants = tuple[Array, ...]


def label_set(labels: Iterable[Label]) -> frozenset[Expr]:
    return frozenset(label for label in labels if label is not None)


# --- syntax


def name(identifier: str) -> ast.expr:
    return ast.Name(identifier, ast.Load())


def marked(node: ast.expr, mark: str) -> ast.expr:
    """The node with a note that only this package reads: "leads" or "matrices"."""
    setattr(node, mark, True)
    return node


def leading(identifier: str) -> ast.expr:
    """The name of an adjoint, which stands before the other names in a product: delta * a * (1 - a)."""
    return marked(name(identifier), "leads")


def matmul(left: ast.expr, right: ast.expr, matrices: bool = False) -> ast.expr:
    """left @ right; `matrices` says that both have two axes, so that (A @ B).T is B.T @ A.T."""
    product = binary(left, ast.MatMult, right)
    return marked(product, "matrices") if matrices else product


def has_mark(node: ast.expr, mark: str) -> bool:
    return bool(getattr(node, mark, False))


def number(value: int) -> ast.expr:
    return ast.Constant(value) if value >= 0 else ast.UnaryOp(ast.USub(), ast.Constant(-value))


def call(function: str, *arguments: ast.expr, **keywords: ast.expr) -> ast.expr:
    return ast.Call(name(function), list(arguments), [ast.keyword(key, value) for key, value in keywords.items()])


def binary(left: ast.expr, operator: type[ast.operator], right: ast.expr) -> ast.expr:
    return ast.BinOp(left, operator(), right)


def negative(node: ast.expr) -> ast.expr:
    """-node, the sign put on the first factor."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div, ast.MatMult)):
        return ast.BinOp(negative(node.left), node.op, node.right)
    return ast.UnaryOp(ast.USub(), node)


def subscript(node: ast.expr, positions: Sequence[int | None]) -> ast.expr:
    """node[0, :, ...]: None keeps the axis; full slices at the end are left out."""
    while positions and positions[-1] is None:
        positions = positions[:-1]
    if not positions:
        return node
    items = [ast.Slice() if position is None else number(position) for position in positions]
    return ast.Subscript(node, items[0] if len(items) == 1 else ast.Tuple(items, ast.Load()), ast.Load())


def size_node(size: Expr) -> ast.expr:
    """A size as the argument of `ones` or `eye`. Raises: NoFormulaError when it is no name and no number."""
    if size.is_Integer:
        return number(int(size))
    if size.is_Symbol:
        return name(str(size))
    raise NoFormulaError(f"the size {size}")


def is_call(node: ast.expr, *functions: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in functions


def is_matmul(node: ast.expr) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult)


def rational(value: Expr) -> ast.expr:
    """The number p/q."""
    node = number(abs(int(value.p)))
    if value.q != 1:
        node = binary(node, ast.Div, number(int(value.q)))
    return negative(node) if value < 0 else node
