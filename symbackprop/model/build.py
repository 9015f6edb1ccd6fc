"""A graph from formulas: shapes and definitions as text in, a checked `Graph` out."""

import ast
import re
from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

import sympy as sp

from symbackprop.errors import FormulaError, GraphError, shorten
from symbackprop.language.functions import RESERVED
from symbackprop.language.parse import Scope, parse, parse_sides
from symbackprop.language.syntax import NAME, check_name, closest, did_you_mean, syntax_tree
from symbackprop.model.arguments import by_name, names_of, text_of, texts_by_name
from symbackprop.model.graph import Comparison, Definition, Graph, Relation, names_in, names_in_tensor
from symbackprop.tensor.nodes import Expr, entry, size
from symbackprop.tensor.tensor import Tensor, axes

Shape = tuple[Expr, ...]
MAX_AXES = 4


def parse_shape(text: str) -> Shape:
    """The sizes in a text such as `"h, n"`, `"3"` or `""`; a name is a symbolic size.

    Raises: FormulaError for anything else.
    """
    parts = [part.strip() for part in text.strip().strip("()").split(",")]
    parts = [part for part in parts if part]
    if len(parts) > MAX_AXES:
        raise FormulaError(f"the shape {text!r} has {len(parts)} axes; at most {MAX_AXES} are supported")
    return tuple(_parse_size(part, text) for part in parts)


def _parse_size(part: str, text: str) -> Expr:
    if re.fullmatch(r"[0-9]{1,6}", part) and int(part) > 0:
        return sp.Integer(int(part))
    if re.fullmatch(r"[+-]?[0-9.]+", part):
        raise FormulaError(f"the shape {text!r}: {part} is no size; a size is a name or an integer from 1 to 999999")
    try:
        check_name(part)
    except FormulaError as error:
        what = "sizes are names or positive integers, with commas between them"
        raise FormulaError(f"the shape {text!r}: {error}; {what}") from None
    return size(part)


def as_shape(value: str | int | Iterable[str | int | Expr]) -> Shape:
    """A shape from what users write: `"h, n"`, `3`, `("h", 2)` or SymPy sizes.

    Raises: FormulaError for anything else.
    """
    if isinstance(value, (int, float)):
        return parse_shape(str(value))
    if isinstance(value, str):
        return parse_shape(value)
    if not isinstance(value, Iterable):
        raise FormulaError(f'expected a shape such as "m, n", ("m", 2) or 3, found {value!r}')
    return tuple(
        item if isinstance(item, sp.Basic) else _parse_size(str(item), str(value))
        for item in cast(Iterable[Any], value)
    )


@contextmanager
def _about(key: str) -> Any:
    """Puts the key before the message of a formula error."""
    try:
        yield
    except FormulaError as error:
        raise FormulaError(f"{key}: {error.message}", error.formula, error.column) from None


def graph_from_formulas(
    define: Mapping[str, str],
    shapes: Mapping[str, Any] | None = None,
    *,
    functions: Iterable[str] = (),
    assume: Mapping[str, str] | None = None,
) -> Graph:
    """The graph with the given definitions, in order; a name without a shape and without a definition is a scalar.

    `define` maps a name to a formula in earlier names and inputs, `shapes` an input to its shape, `assume` a name
    to a condition that proofs may use; `functions` are arbitrary elementwise functions.

    >>> graph_from_formulas({"z": "W @ x", "L": "sum(z**2)/2"}, {"W": "m, n", "x": "n"}).shape("z")
    (m,)

    Raises: FormulaError naming the key for a formula or shape that is wrong.
    """
    define = texts_by_name(define, "define", '{"L": "sum(x**2)"}')
    assume = texts_by_name(assume or {}, "assume", '{"targets": "sum(y) == 1"}')
    inputs: dict[str, Shape] = {}
    for name, value in by_name(shapes or {}, "shapes", '{"x": "n"}').items():
        with _about(f"[shapes] {name}"):
            check_name(name)
            inputs[name] = as_shape(value)
    functions = frozenset(names_of(functions, "functions"))
    sizes = frozenset(str(s) for shape in inputs.values() for s in shape if s.is_Symbol)
    _check_distinct(inputs, define, functions, sizes)
    declared = {name: inputs.pop(name) for name in define if name in inputs}
    definitions: dict[str, Definition] = {}
    undeclared: set[str] = set()
    for name, formula in define.items():
        with _about(f"[define] {name}"):
            check_name(name)
            _check_order(name, formula, define, definitions)
            for scalar_name in free_names(formula, {*inputs, *define, *functions, *sizes}):
                inputs[scalar_name] = ()
                undeclared.add(scalar_name)
            known = inputs | {d: definitions[d].tensor.shape for d in definitions}
            scope = Scope(
                shapes=known,
                sizes=sizes,
                functions=functions,
                undeclared=frozenset(undeclared),
                defined=frozenset(definitions),
            )
            tensor = parse(formula, scope)
            if declared.get(name, tensor.shape) != tensor.shape:
                raise FormulaError(f"has the shape {tensor.shape}, but [shapes] says {declared[name]}", formula)
        definitions[name] = Definition(name=name, tensor=tensor, formula=formula)
    graph = Graph(inputs=inputs, definitions=definitions, functions=functions)
    assumptions = tuple(_assumption(graph, key, text) for key, text in assume.items())
    return Graph(inputs=graph.inputs, definitions=definitions, functions=functions, assumptions=assumptions)


def _check_order(name: str, formula: str, define: Iterable[str], above: Iterable[str]) -> None:
    """Raises: FormulaError for a definition that uses itself, or one below it."""
    later = names_written(formula).intersection(define) - {*above}
    if name in later:
        raise FormulaError(f"unknown name {name!r}: it is what is defined here", formula)
    if later:
        raise FormulaError(f"unknown name {min(later)!r}: it is defined below, and names hold from there on", formula)


def _assumption(graph: Graph, key: str, text: str) -> Relation:
    """Raises: FormulaError naming the key, also for what is said about a quantity after a gradient step."""
    found = relation(graph, key, text, "[assume] ")
    if any(name.startswith("next(") for name in mentioned(found)):
        raise FormulaError(f"[assume] {key}: next(...) may stand in [claims] and [printed], not in an assumption", text)
    return found


def _check_distinct(
    inputs: Mapping[str, Shape], define: Mapping[str, str], functions: frozenset[str], sizes: frozenset[str]
) -> None:
    for name in functions:
        with _about(f"[functions] {name}"):
            check_name(name)
    for kind, names in (("a size", sizes), ("a function", functions)):
        for name in sorted(names):
            if name in inputs or name in define or (kind == "a function" and name in sizes):
                section = "[shapes]" if name in inputs else "[define]" if name in define else "[functions]"
                raise FormulaError(
                    f"{section} {name}: {name!r} is {kind} and also another thing; give one of them another name"
                )


def free_names(formula: str, known: set[str]) -> list[str]:
    """The names in a formula that nothing declares: scalar inputs, in order of appearance."""
    tree = syntax_tree(formula)
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    primed = {
        id(node.args[0])
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "prime" and node.args
    }
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called | primed]
    found.sort(key=lambda node: (node.lineno, node.col_offset))
    names = dict.fromkeys(node.id for node in found)
    return [name for name in names if name not in known | RESERVED and name != "pi" and NAME.match(name)]


def names_written(formula: str) -> frozenset[str]:
    """Every name in the text of a formula, functions included."""
    return frozenset(node.id for node in ast.walk(syntax_tree(formula)) if isinstance(node, ast.Name))


def derivatives_written(formula: str) -> list[tuple[str, str, int]]:
    """f, v and the column of every d(f, v) in the text of a formula, inner ones first."""
    calls = (node for node in ast.walk(syntax_tree(formula)) if isinstance(node, ast.Call) and len(node.args) == 2)
    found = [
        (ast.unparse(call.args[0]), call.args[1].id, call.col_offset)
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == "d" and isinstance(call.args[1], ast.Name)
    ]
    return found[::-1]


def check_declared(graph: Graph, shapes: Iterable[str]) -> None:
    """A shape for a name that no formula uses is a slip of the pen where a like one is used without a shape.

    Others may wait for a claim. Raises: FormulaError.
    """
    formulas = [*(d.formula for d in graph.definitions.values()), *(a.formula for a in graph.assumptions)]
    used: frozenset[str] = frozenset().union(*map(names_written, formulas), graph.definitions)
    undeclared = [name for name in graph.inputs if name not in shapes]
    for name in shapes:
        meant = "" if name in used else closest(name, undeclared)
        if meant:
            raise FormulaError(
                f"[shapes] {name}: no formula uses this name; did you mean {meant}, which is not declared?"
            )


def scope_of(graph: Graph) -> Scope:
    """The scope in which claims about the graph are read: every name, d(...) and next(...) included."""
    shapes = dict(graph.inputs) | {d.name: d.tensor.shape for d in graph.definitions.values()}
    return Scope(
        shapes=shapes,
        sizes=frozenset(graph.sizes()),
        functions=graph.functions,
        derivatives=True,
        defined=frozenset(graph.definitions),
    )


def relation(graph: Graph, name: str, formula: str, section: str = "") -> Relation:
    """The claim or assumption that `formula` states about the graph.

    Raises: FormulaError naming the key.
    """
    text_of(formula, f"{section}{name}")
    with _about(f"{section}{name}"):
        left, comparison, right, shapes = parse_sides(formula, scope_of(graph))
    left = replace(left, needs=(*left.needs, *_cancelled(graph, formula, left, right)))
    return Relation(
        name=name,
        formula=formula,
        left=left,
        comparison=cast(Comparison, comparison),
        right=right,
        broadcast=shapes if all(shapes) and shapes[0] != shapes[1] else (),
    )


def _cancelled(graph: Graph, formula: str, *sides: Tensor) -> list[Expr]:
    """The defined quantities that a claim names and that cancel while it is read: they need to have values, too."""
    there = frozenset().union(*map(names_in_tensor, sides))
    steps = " ".join(name for name in there if name.startswith("next("))
    lost = names_written(formula).intersection(graph.definitions) - there
    return [entry(name, *axes(graph.shape(name))) for name in sorted(lost) if f"next({name}, " not in steps]


def final_scalars(graph: Graph) -> list[str]:
    """The scalar definitions that no other one uses; where there is one only, it is the loss, if none is named."""
    used = {name for d in graph.definitions for name in graph.uses(d)}
    return [d for d in graph.definitions if d not in used and not graph.shape(d)]


def check_loss(graph: Graph, loss: str) -> None:
    """Raises: GraphError unless `loss` is a scalar definition of the graph."""
    if loss not in graph.definitions:
        raise GraphError(f"the loss {loss!r} is not defined; defined are: {', '.join(graph.definitions)}")
    if graph.shape(loss):
        raise GraphError(f"the loss {loss!r} has the shape {graph.shape(loss)}; a loss is a scalar")


def check_parameters(graph: Graph, loss: str, wrt: Iterable[str]) -> tuple[str, ...]:
    """Raises: GraphError for a name that the graph does not know or that the loss does not depend on."""
    reached = graph.ancestors(loss)
    known = [name for name in (*graph.inputs, *graph.definitions) if name != loss]
    for name in wrt:
        if name not in known and name != loss:
            guess = did_you_mean(name, known)
            raise GraphError(f"unknown name {name!r}{guess}; known are: {shorten(', '.join(known)) or 'none'}")
        if name not in reached or name == loss:
            inputs = ", ".join(parameters_of(graph, loss)) or "no inputs"
            raise GraphError(f"{loss!r} does not depend on {name!r}; it depends on {shorten(inputs)}")
    return tuple(wrt)


def parameters_of(graph: Graph, loss: str) -> tuple[str, ...]:
    """The inputs that the loss depends on."""
    reached = graph.ancestors(loss)
    return tuple(name for name in graph.inputs if name in reached)


def mentioned(relation_: Relation) -> frozenset[str]:
    """The names of the quantities in both sides of a relation."""
    return names_in(relation_.left.expr) | names_in(relation_.right.expr)
