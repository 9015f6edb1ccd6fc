"""Names for the activations within one formula, so that its derivatives can be written with them.

`-sum(y*log(softmax(W @ x)))` becomes `z = W @ x`, `a = softmax(z)`, `-sum(y*log(a))`: its gradient is then a - y, and
not a fraction of exponentials. The parts are cut out of the text as they are, so that no number is rounded.
"""

import ast
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import TypeGuard

from symbackprop.catalogue.activations import ACTIVATIONS
from symbackprop.language.syntax import syntax_tree
from symbackprop.model.build import names_written

# What a formula is called that has no name; the first one that is free.
NAMES = ("L", "E", "J", "C", "loss", "objective", "loss_of_this_formula")


def with_formula(
    formula: str, define: Mapping[str, str], functions: Iterable[str] = (), taken: Iterable[str] = ()
) -> tuple[dict[str, str], str]:
    """The definitions with a formula as the last of them, and its name; a formula may be the name of one.

    Raises: FormulaError when the text is no formula.
    """
    if formula.strip() in define:
        return dict(define), formula.strip()
    used = {*define, *taken, *functions, *names_written(formula)}
    name = next(name for name in NAMES if name not in used or name == NAMES[-1])
    parts, rest = named_parts(formula, functions, {*used, name})
    return {**define, **parts, name: rest}, name


def named_parts(
    formula: str, functions: Iterable[str] = (), taken: Container[str] = ()
) -> tuple[Mapping[str, str], str]:
    """The definitions of pre-activations and activations in a formula, in order, and the formula written with them.

    Names in `taken` are not used. A formula of several lines is left as it is.

    Raises: FormulaError when the text is no formula.
    """
    text = formula.strip()
    tree = syntax_tree(text)
    if "\n" in text:
        return {}, text
    parts = _Parts(text, frozenset(ACTIVATIONS) | frozenset(functions), taken)
    parts.numbered = len({ast.dump(call) for call in parts.calls(tree)}) > 1
    return parts.definitions, parts.written(tree)


class _Parts:
    """The definitions found so far; equal parts share a name."""

    def __init__(self, text: str, functions: frozenset[str], taken: Container[str]) -> None:
        self.text, self.functions, self.taken = text, functions, taken
        self.definitions: dict[str, str] = {}
        self.names: dict[str, str] = {}
        self.numbered = False

    def calls(self, tree: ast.AST) -> Iterator[ast.Call]:
        """The calls of activations in a part, outer ones before inner ones."""
        return (node for node in ast.walk(tree) if self._is_activation(node))

    def _is_activation(self, node: ast.AST) -> TypeGuard[ast.Call]:
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or not node.args:
            return False
        return node.func.id in self.functions and not isinstance(node.args[0], ast.Starred)

    def written(self, node: ast.expr) -> str:
        """The text of a part with the names of the calls in it; they are defined on the way, inner ones first."""
        if self._is_activation(node):
            return self._named(node)
        result, position = "", node.col_offset
        for call in self._outermost(node):
            result += self.text[position : call.col_offset] + self._named(call)
            position = call.end_col_offset or position
        return result + self.text[position : node.end_col_offset]

    def _outermost(self, node: ast.AST) -> list[ast.Call]:
        """The calls that are in no other call below `node`, from left to right."""
        found: list[ast.Call] = []
        for child in ast.iter_child_nodes(node):
            if self._is_activation(child):
                found.append(child)
            else:
                found += self._outermost(child)
        return sorted(found, key=lambda call: call.col_offset)

    def _named(self, call: ast.Call) -> str:
        """The name of an activation a = f(z), with z for an argument that is more than a name."""
        argument = call.args[0]
        inner = self.written(argument)
        if not isinstance(argument, ast.Name):
            inner = self._define("z", inner)
        before = self.text[call.col_offset : argument.col_offset]
        return self._define("a", before + inner + self.text[argument.end_col_offset : call.end_col_offset])

    def _define(self, letter: str, text: str) -> str:
        if text not in self.names:
            number = 1
            name = f"{letter}1" if self.numbered else letter
            while name in self.taken or name in self.definitions:
                name, number = f"{letter}{number}", number + 1
            self.names[text] = name
            self.definitions[name] = text
        return self.names[text]
