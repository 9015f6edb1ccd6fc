"""Index expressions, relations and functions as the nested lists of a certificate."""

from collections.abc import Iterable
from typing import Any

import sympy as sp

from symbackprop.catalogue.activations import ACTIVATIONS, formula_of, is_defined
from symbackprop.errors import NotSupportedError
from symbackprop.language.parse import Scope, parse
from symbackprop.model.graph import Graph, Relation
from symbackprop.proof.compact import compact_form
from symbackprop.proof.verdict import Condition
from symbackprop.tensor.indices import children, free_indices
from symbackprop.tensor.needs import nodes
from symbackprop.tensor.nodes import (
    Elementwise,
    Expr,
    IsZero,
    Partial,
    Positive,
    adjoint_parts,
    entry_indices,
    entry_name,
    extent,
    is_adjoint,
    is_size,
)
from symbackprop.tensor.tensor import axes

# SymPy's functions of one argument -> heads of trees.
HEADS: dict[type, str] = {
    sp.exp: "exp",
    sp.log: "log",
    sp.sin: "sin",
    sp.cos: "cos",
    sp.erf: "erf",
    Positive: "positive",
    IsZero: "zero",
}
Json = Any
Z = ["at", "z"]
# Functions of SymPy that the checker knows by their formulas alone.
SIGN = ["add", ["mul", "2", ["positive", Z]], ["zero", Z], "-1"]
FORMULAS: dict[type, tuple[str, Json]] = {
    sp.tanh: ("tanh", ["add", "1", ["mul", "-2", ["pow", ["add", ["exp", ["mul", "2", Z]], "1"], "-1"]]]),
    sp.Abs: ("abs", ["mul", Z, SIGN]),
    sp.sign: ("sign", SIGN),
}
WRITTEN = dict(FORMULAS.values())
NO_NAMES = Graph(inputs={}, definitions={})


def tree(expr: Expr, graph: Graph) -> Json:
    """An index expression as nested lists."""
    if expr.is_Rational:
        return str(expr)
    if expr is sp.pi:
        return ["pi"]
    if expr is sp.E:
        return ["exp", "1"]
    if is_size(expr):
        return ["size", str(expr)]
    if entry_name(expr) is not None:
        return _entry(entry_name(expr) or "", entry_indices(expr), graph)
    if isinstance(expr, sp.exp):
        return ["exp", tree(expr.args[0], graph)]
    if expr.is_Pow:
        if expr.exp.is_Rational:
            return ["pow", tree(expr.base, graph), str(expr.exp)]
        return ["exp", ["mul", tree(expr.exp, graph), ["log", tree(expr.base, graph)]]]
    if isinstance(expr, sp.KroneckerDelta):
        ranges = [extent(i) for i in expr.args[:2] if not i.is_Integer]
        return ["delta", *shape_json(ranges[:1]), *map(_index, expr.args[:2])]
    if isinstance(expr, sp.Sum):
        found = tree(expr.function, graph)
        for i, _, _ in expr.limits:
            found = ["sum", str(i.label), *shape_json([extent(i)]), found]
        return found
    parts = [tree(part, graph) for part in children(expr)]
    if isinstance(expr, Partial):
        return ["d", *parts]
    if isinstance(expr, Elementwise):
        return ["call", expr.func.function, expr.func.order, *parts]
    if expr.is_Add or expr.is_Mul:
        return ["add" if expr.is_Add else "mul", *parts]
    for kind, head in HEADS.items():
        if isinstance(expr, kind):
            return [head, *parts]
    if type(expr) in FORMULAS:
        return ["call", FORMULAS[type(expr)][0], 0, *parts]
    raise NotSupportedError(f"{expr}: a certificate cannot hold an expression of the kind {type(expr).__name__}")


def _entry(name: str, indices: tuple[Expr, ...], graph: Graph) -> Json:
    """An entry; that of a quantity named d(f, v) is a total derivative."""
    at = [_index(i) for i in indices]
    if not is_adjoint(name):
        return ["at", name, *at]
    f, v = adjoint_parts(name)
    axes_of_f = len(graph.shape(f))
    return ["d", ["at", f, *at[:axes_of_f]], ["at", v, *at[axes_of_f:]]]


def _index(i: Expr) -> Json:
    return int(i) if i.is_Integer else str(i.label)


def shape_json(shape: Iterable[Expr]) -> list[Json]:
    return [int(size) if size.is_Integer else str(size) for size in shape]


def relation_json(relation: Relation, graph: Graph) -> Json:
    """A statement for all values of its free indices."""
    shape = shape_json(relation.left.shape)
    return {
        "indices": [[str(i.label), size] for i, size in zip(axes(relation.left.shape), shape, strict=True)],
        "left": tree(relation.left.expr, graph),
        "comparison": relation.comparison,
        "right": tree(relation.right.expr, graph),
    }


def condition_json(condition: Condition, graph: Graph) -> Json:
    """A condition on an expression, for all values of its free indices."""
    free = sorted(free_indices(condition.expr), key=str)
    sizes = shape_json(map(extent, free))
    return {
        "indices": [[str(i.label), size] for i, size in zip(free, sizes, strict=True)],
        "left": tree(condition.expr, graph),
        "comparison": condition.relation.removesuffix(" 0"),
        "right": "0",
    }


def function_json(name: str) -> Json:
    """A function with its formula; an arbitrary one without."""
    if name in WRITTEN:
        return {"name": name, "arguments": ["z"], "value": WRITTEN[name]}
    if not is_defined(name):
        return {"name": name, "arguments": ["t"], "value": None}
    arguments = ["z", *ACTIVATIONS[name].parameters]
    return {"name": name, "arguments": arguments, "value": tree(formula_of(name)[1], NO_NAMES)}


def compact_json(name: str) -> Json:
    """The derivative of a function of the catalogue in its arguments and its value `a`; None where there is none."""
    form = compact_form(name) if is_defined(name) else None
    return None if form is None else tree(form[1], NO_NAMES)


def formula_json(text: str, names: Iterable[str]) -> Json:
    """A formula in scalars as a tree, tanh by exponentials."""
    return tree(parse(text, Scope(shapes=dict.fromkeys(names, ()))).expr.rewrite(sp.tanh, sp.exp), NO_NAMES)


def functions_in(exprs: Iterable[Expr]) -> list[str]:
    """The functions in expressions that are written as calls, those that a formula of another one uses before it."""
    found: dict[str, None] = {}

    def visit(expr: Expr) -> None:
        for node in nodes(expr):
            name = FORMULAS[type(node)][0] if type(node) in FORMULAS else ""
            name = node.func.function if isinstance(node, Elementwise) else name
            if not name or name in found:
                continue
            if is_defined(name) and name not in WRITTEN:
                visit(formula_of(name)[1])
                form = compact_form(name)
                for inner in nodes(form[1]) if form is not None else ():
                    if isinstance(inner, Elementwise) and inner.func.function != name:
                        visit(inner)
            found[name] = None

    for expr in exprs:
        visit(expr)
    return list(found)


def nested(value: Any) -> Json:
    return [nested(part) for part in value] if isinstance(value, (list, tuple)) else str(value)
