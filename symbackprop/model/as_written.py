"""A Python function as its author wrote it, in LaTeX by latexify-py: shown only where that is certainly faithful.

latexify drops keywords, prints `w_11` badly, writes 2·(1/2) as a mixed number and lets log a · b read as log(a b).
So the source must stay within a small subset, and must mean the traced formula exactly.
"""

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from tokenize import TokenError
from typing import Any

from symbackprop.errors import SymbackpropError
from symbackprop.language.parse import Scope, parse
from symbackprop.model.tracing import BINARY
from symbackprop.tensor.nodes import size

MAX_SOURCE = 4_000
# What latexify has a sign of its own for, each taking one argument.
_FUNCTIONS = frozenset({"exp", "log", "sqrt", "tanh", "sin", "cos", "abs", "sum"})
_OUR_NAMES = frozenset({"sb", "symbackprop"})  # how the documentation imports this package
_MODULES = frozenset({"np", "numpy", "math"}) | _OUR_NAMES
_NAME = re.compile(r"[A-Za-z]+[0-9]*\Z")
_NUMBER = re.compile(r"\d+(\.\d+)?\Z")
_OPERATORS = tuple(operator for sign, operator in BINARY.items() if sign != "@")


class _UnfaithfulError(Exception):
    """The source holds something that latexify might not print as it is meant."""


def as_written(function: Callable[..., Any], arguments: Sequence[str], formula: str) -> str | None:
    """LaTeX of the function's definition; None where there is no source, no latexify-py, or doubt.

    `formula` is what was traced on `arguments`, the function's own parameter names.
    """
    try:
        meaning = _meaning(_definition(function), arguments)
        scope = Scope(shapes={name: (size("n"),) for name in arguments})
        if parse(ast.unparse(meaning), scope) != parse(formula, scope):
            return None
    except (_UnfaithfulError, SymbackpropError, OSError, TypeError, SyntaxError, TokenError):
        return None
    return _latexify(function)


def _latexify(function: Callable[..., Any]) -> str | None:
    if sys.version_info >= (3, 14):
        return None  # latexify-py supports no newer Python
    try:
        import latexify  # optional, and slow to import
    except ImportError:
        return None
    try:
        return str(latexify.get_latex(function, use_math_symbols=True, prefixes=set(_OUR_NAMES)))
    except latexify.exceptions.LatexifyError:
        return None


def _definition(function: Callable[..., Any]) -> ast.FunctionDef:
    """The syntax of a function that was written with `def`, without decorators, defaults or * and / in its head."""
    source = inspect.getsource(function)
    if len(source) > MAX_SOURCE:
        raise _UnfaithfulError
    body = ast.parse(textwrap.dedent(source)).body
    node = body[0] if len(body) == 1 else None
    if not isinstance(node, ast.FunctionDef) or node.decorator_list:
        raise _UnfaithfulError
    head = node.args
    if head.vararg or head.kwarg or head.kwonlyargs or head.posonlyargs or head.defaults:
        raise _UnfaithfulError
    return node


def _meaning(definition: ast.FunctionDef, arguments: Sequence[str]) -> ast.expr:
    """What the function returns as one formula of its arguments: each assignment put in where its name is used."""
    if [argument.arg for argument in definition.args.args] != list(arguments):
        raise _UnfaithfulError
    known: dict[str, ast.expr] = {_plain_name(name): ast.Name(name, ast.Load()) for name in arguments}
    body = definition.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]  # the docstring
    for statement in body[:-1]:
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            raise _UnfaithfulError
        target = statement.targets[0]
        if not isinstance(target, ast.Name) or target.id in known:
            raise _UnfaithfulError
        known[_plain_name(target.id)] = _Reading(known).visit(statement.value)
    if not body or not isinstance(body[-1], ast.Return) or body[-1].value is None:
        raise _UnfaithfulError
    result: ast.expr = _Reading(known).visit(body[-1].value)
    return result


def _plain_name(name: str) -> str:
    if not _NAME.match(name):
        raise _UnfaithfulError
    return name


class _Reading(ast.NodeVisitor):
    """The expression with known names put in; anything that is not listed here is in doubt."""

    def __init__(self, known: dict[str, ast.expr]) -> None:
        self.known = known

    def generic_visit(self, node: ast.AST) -> Any:
        raise _UnfaithfulError

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id not in self.known:
            raise _UnfaithfulError
        return self.known[node.id]

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if isinstance(node.value, bool) or not _NUMBER.match(repr(node.value)):
            raise _UnfaithfulError
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        if not isinstance(node.op, ast.USub):
            raise _UnfaithfulError
        return ast.UnaryOp(node.op, self.visit(node.operand))

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        if not isinstance(node.op, _OPERATORS) or (isinstance(node.op, ast.Mult) and not _readable(node)):
            raise _UnfaithfulError
        return ast.BinOp(self.visit(node.left), node.op, self.visit(node.right))

    def visit_Call(self, node: ast.Call) -> ast.expr:
        name = _called(node.func)
        if name not in _FUNCTIONS or len(node.args) != 1 or node.keywords:
            raise _UnfaithfulError
        return ast.Call(ast.Name(name, ast.Load()), [self.visit(node.args[0])], [])


def _called(function: ast.expr) -> str:
    """The bare name of `exp` or `np.exp`, which latexify prints alike; empty for any other."""
    if isinstance(function, ast.Name):
        return function.id
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        return function.attr if function.value.id in _MODULES else ""
    return ""


def _readable(product: ast.BinOp) -> bool:
    """Whether the printed product can be read in one way only."""
    last = list(_factors(product.left))[-1]
    first = next(_factors(product.right))
    if isinstance(last, ast.Constant) and isinstance(first, ast.BinOp) and isinstance(first.op, ast.Div):
        return False  # 2 1/2
    if isinstance(last, ast.Call):
        bare = isinstance(last.args[0], (ast.Name, ast.Constant, ast.Call)) if last.args else True
        return not bare and _called(last.func) != "sum"  # log a · b, Σ (a) · b
    return True


def _factors(node: ast.expr) -> Iterator[ast.expr]:
    """The factors of a product as they stand side by side, without the sign in front."""
    if isinstance(node, ast.UnaryOp):
        yield from _factors(node.operand)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        yield from _factors(node.left)
        yield from _factors(node.right)
    else:
        yield node
