"""Names for the activations within formulas, so that derivatives can be written with them.

`-sum(y*log(softmax(W @ x)))` becomes `z = W @ x`, `a = softmax(z)`, `-sum(y*log(a))`: its gradient is then a - y, and
not a fraction of exponentials. A definition `p = softmax(W @ x)` becomes `z = W @ x`, `p = softmax(z)`. The parts are
cut out of the text as they are, so that no number is rounded.
"""

import ast
from collections.abc import Container, Iterable, Mapping
from typing import TypeGuard

from symbackprop.catalogue.activations import ACTIVATIONS
from symbackprop.language.syntax import syntax_tree
from symbackprop.model.build import names_written
from symbackprop.model.graph import Graph

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
    return {**define, name: formula}, name


def with_activations_named(graph: Graph, taken: Iterable[str] = ()) -> dict[str, str]:
    """The definitions of a graph, with definitions of pre-activations and activations before those that have them.

    Every name of the graph keeps its meaning; those in `taken` are not used either. A formula of several lines is left
    as it is.
    """
    texts = {name: definition.formula.strip() for name, definition in graph.definitions.items()}
    used = {*taken, *graph.inputs, *texts, *graph.sizes(), *graph.functions}
    used.update(*(names_written(text) for text in (*texts.values(), *(a.formula for a in graph.assumptions))))
    parts = _Parts(frozenset(ACTIVATIONS) | graph.functions, used)
    lines = {name: text for name, text in texts.items() if "\n" not in text}
    parts.numbered = len(set().union(*(parts.unnamed(text) for text in lines.values()))) > 1
    result: dict[str, str] = {}
    for name, text in texts.items():
        rest = parts.definition(text) if name in lines else text
        result |= {**parts.new(), name: rest}
    return result


class _Parts:
    """The definitions found so far; equal parts share a name."""

    def __init__(self, functions: frozenset[str], taken: Container[str]) -> None:
        self.functions, self.taken = functions, taken
        self.text = ""
        self.names: dict[str, str] = {}  # the text of a part -> its name
        self.told: set[str] = set()
        self.numbered = False

    def definition(self, text: str) -> str:
        """A definition with names for the activations in it; one that is an activation has its own name already."""
        self.text, tree = text, syntax_tree(text)
        return self._with_argument(tree) if self._is_activation(tree) else self.written(tree)

    def new(self) -> dict[str, str]:
        """The definitions made since this was last asked for."""
        found = {name: text for text, name in self.names.items() if name not in self.told}
        self.told.update(found)
        return found

    def unnamed(self, text: str) -> set[str]:
        """The activations in a definition that need a name for themselves or for their argument."""
        tree = syntax_tree(text)
        calls = (node for node in ast.walk(tree) if self._is_activation(node))
        return {ast.dump(call) for call in calls if call is not tree or not isinstance(call.args[0], ast.Name)}

    def _is_activation(self, node: ast.AST) -> TypeGuard[ast.Call]:
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or not node.args:
            return False
        return node.func.id in self.functions and not isinstance(node.args[0], ast.Starred)

    def written(self, node: ast.expr) -> str:
        """The text of a part with the names of the calls in it; they are defined on the way, inner ones first."""
        if self._is_activation(node):
            return self._define("a", self._with_argument(node))
        result, position = "", node.col_offset
        for call in self._outermost(node):
            result += self.text[position : call.col_offset] + self.written(call)
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

    def _with_argument(self, call: ast.Call) -> str:
        """An activation f(z), with the name z for an argument that has none."""
        argument = call.args[0]
        inner = self.written(argument)
        if not inner.isidentifier():
            inner = self._define("z", inner)
        before = self.text[call.col_offset : argument.col_offset]
        return before + inner + self.text[argument.end_col_offset : call.end_col_offset]

    def _define(self, letter: str, text: str) -> str:
        """The name of a part, a new one if it has none."""
        if text not in self.names:
            used = {*self.names.values()}
            number = 1
            name = f"{letter}1" if self.numbered else letter
            while name in self.taken or name in used:
                name, number = f"{letter}{number}", number + 1
            self.names[text] = name
        return self.names[text]
