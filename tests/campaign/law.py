"""What a law is: a function from a part of a formula to what may be written in its place, and what it may look at."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from symbackprop.errors import SymbackpropError
from symbackprop.language.parse import parse
from symbackprop.model.build import scope_of
from symbackprop.model.graph import Graph


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a law is applied: the graph, a source of choices, and the names by which a derivative is taken of it."""

    graph: Graph
    random: Random
    by: frozenset[str] = frozenset()

    def shape(self, node: ast.AST) -> tuple[str, ...] | None:
        """The shape of a formula; None for what has none."""
        try:
            found = parse(ast.unparse(node), scope_of(self.graph)).shape
        except SymbackpropError:
            return None
        return tuple(map(str, found))

    def rank(self, node: ast.AST) -> int:
        """The number of axes; -1 for what is no formula."""
        shape = self.shape(node)
        return -1 if shape is None else len(shape)

    def quantities(self, shape: tuple[str, ...] | None) -> list[str]:
        """The quantities of one shape."""
        names = [*self.graph.inputs, *self.graph.definitions]
        return [name for name in names if tuple(map(str, self.graph.shape(name))) == shape]

    def some(self, shape: tuple[str, ...] | None) -> ast.expr | None:
        """A quantity of that shape, or a scalar."""
        known = self.quantities(shape) or self.quantities(())
        return ast.Name(self.random.choice(known)) if known else None


Law = Callable[[ast.expr, Setting], Iterator[ast.expr]]
ADD, SUB, MUL, DIV, AT = ast.Add(), ast.Sub(), ast.Mult(), ast.Div(), ast.MatMult()


def formula(template: str, **parts: ast.expr) -> ast.expr:
    """The formula of a template with its one-letter names replaced."""
    return _Fill(parts).visit(ast.parse(template, mode="eval").body)


class _Fill(ast.NodeTransformer):
    def __init__(self, parts: dict[str, ast.expr]) -> None:
        self.parts = parts

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.parts.get(node.id, node)


def binary(left: ast.expr, op: ast.operator, right: ast.expr) -> ast.expr:
    return ast.BinOp(left, op, right)
