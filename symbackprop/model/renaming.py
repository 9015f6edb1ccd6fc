"""Formulas of the catalogue with the names of a network in the place of their own."""

import ast
from collections.abc import Mapping

from symbackprop.language.syntax import syntax_tree


def renamed(formula: str, names: Mapping[str, str]) -> str:
    """The formula with its names replaced; a size may become a number."""
    return ast.unparse(_Renamed(names).visit(syntax_tree(formula)))


def renamed_for_rows(condition: str, names: Mapping[str, str]) -> str:
    """A condition on one sample as a condition on each row: sums run along the row."""
    return ast.unparse(_Rows(names).visit(syntax_tree(condition)))


class _Renamed(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return syntax_tree(self.names.get(node.id, node.id))


class _Rows(_Renamed):
    def visit_Call(self, node: ast.Call) -> ast.expr:
        arguments = [self.visit(argument) for argument in node.args]
        return ast.Call(node.func, arguments, [*node.keywords, ast.keyword("axis", ast.Constant(1))])
