"""Syntax trees of generated NumPy source."""

import ast
from typing import TypeGuard


class _Filler(ast.NodeTransformer):
    """Puts an expression for the name z."""

    def __init__(self, value: ast.expr) -> None:
        self.value = value

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.value if node.id == "z" else node


def put_for_z(template: str, z: ast.expr) -> ast.expr:
    """The expression with `z` put for the name z."""
    filled: ast.expr = _Filler(z).visit(expression(template))
    return filled


def expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def named(identifier: str) -> ast.expr:
    return ast.Name(identifier, ast.Load())


def numpy_call(function: str, *arguments: ast.expr, keywords: list[ast.keyword] | None = None) -> ast.expr:
    return ast.Call(expression(f"np.{function}"), list(arguments), keywords or [])


def is_call(node: ast.expr, function: str) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == function


def is_number(node: ast.expr, value: int) -> bool:
    return isinstance(node, ast.Constant) and node.value == value
