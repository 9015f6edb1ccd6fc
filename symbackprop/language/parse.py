"""Formula text in, tensors out.

The text is parsed by Python's `ast` and walked over a whitelist; nothing is ever executed. Whatever is not listed
here is refused with the place and what was expected.
"""

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

import sympy as sp

from symbackprop.errors import FormulaError
from symbackprop.language.calls import SPECIAL, check_axes, keywords, subscripts
from symbackprop.language.entries import entries
from symbackprop.language.functions import COMPARISONS, FUNCTIONS, WORDS, Arguments
from symbackprop.language.refusal import refusal
from symbackprop.language.syntax import MAX_DIGITS, MAX_EXPONENT, NUMBER, did_you_mean, syntax_tree
from symbackprop.tensor import ops
from symbackprop.tensor.needs import exists, left_out, positions_of
from symbackprop.tensor.nodes import Expr, elementwise, size
from symbackprop.tensor.ops import ShapeError
from symbackprop.tensor.tensor import Tensor, variable


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """What the names in a formula mean: quantities with their shapes, sizes, arbitrary elementwise functions.

    `undeclared` are those quantities that are scalars only because nothing declares them, `defined` those that have a
    definition, and may have no value.
    """

    shapes: Mapping[str, tuple[Expr, ...]]
    sizes: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()
    derivatives: bool = field(default=False)  # whether d(...) and next(...) may be written
    undeclared: frozenset[str] = frozenset()
    defined: frozenset[str] = frozenset()


def parse(text: str, scope: Scope) -> Tensor:
    """The tensor that a formula means.

    Raises: FormulaError (with the formula and the place) for everything that is not in the language.
    """
    return Walker(text.strip(), scope).tensor(syntax_tree(text))


def parse_relation(text: str, scope: Scope) -> tuple[Tensor, str, Tensor]:
    """Both sides of `left comparison right`, broadcast to one shape.

    Raises: FormulaError when the text is no single comparison or its sides do not fit.
    """
    return parse_sides(text, scope)[:3]


def parse_sides(text: str, scope: Scope) -> tuple[Tensor, str, Tensor, tuple[ops.Shape, ops.Shape]]:
    """As `parse_relation`, and the shapes that the sides have as they are written."""
    tree = syntax_tree(text)
    if not isinstance(tree, ast.Compare) or len(tree.ops) != 1 or type(tree.ops[0]) not in _COMPARE:
        raise FormulaError("expected one comparison such as `left == right`", text)
    walker = Walker(text.strip(), scope)
    left, right = walker.tensor(tree.left), walker.tensor(tree.comparators[0])
    with walker.at(tree):
        shape = ops.broadcast_shapes(left.shape, right.shape)
        sides = [replace(ops.broadcast(side, shape), needs=side.needs) for side in (left, right)]
    return sides[0], _COMPARE[type(tree.ops[0])], sides[1], (left.shape, right.shape)


_COMPARE: dict[type, str] = {
    ast.Gt: ">", ast.Lt: "<", ast.GtE: ">=", ast.LtE: "<=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip


class _Place:
    """Turns a shape error inside a `with` block into a formula error at a node of the formula."""

    def __init__(self, text: str, node: ast.expr, hint: str) -> None:
        self.text, self.node, self.hint = text, node, hint

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ShapeError):
            source = ast.get_source_segment(self.text, self.node) or ""
            raise FormulaError(f"{source}: {error}{self.hint}", self.text, self.node.col_offset) from None


class Walker:
    """One walk over one formula."""

    def __init__(self, text: str, scope: Scope) -> None:
        self.text, self.scope = text, scope
        self.operands: list[Tensor] = []  # what has been read of the node that is being walked
        self.needs: dict[Expr, None] = {}
        self.positions: dict[tuple[Expr, int], None] = {}  # beyond the first one of an axis of symbolic size

    def tensor(self, node: ast.expr) -> Tensor:
        """The tensor of a whole formula, with what it needs beyond its simplified expression."""
        self.needs, self.positions = {}, {}
        found = self.walk(node)
        kept = positions_of([found.expr, *self.needs], self.scope.shapes) if self.positions else {}
        lost = [exists(extent, k) for extent, k in self.positions if k > kept.get(extent, 0)]
        return replace(found, needs=(*self.needs, *lost))

    def at(self, node: ast.expr) -> _Place:
        return _Place(self.text, node, self.undeclared(node))

    def undeclared(self, node: ast.expr) -> str:
        """What to add to an error of shapes: which operand of `node` is a scalar only because nothing declares it."""
        names = [child.id for child in ast.iter_child_nodes(node) if isinstance(child, ast.Name)]
        name = next((name for name in names if name in self.scope.undeclared), None)
        return f"; {name} is not declared in [shapes], so it is a scalar" if name else ""

    def error(self, message: str, node: ast.AST) -> FormulaError:
        return FormulaError(message, self.text, getattr(node, "col_offset", 0))

    def walk(self, node: ast.expr) -> Tensor:
        handler = _HANDLERS.get(type(node))
        if handler is None:
            what = type(node).__name__
            raise self.error(f"{what} is not part of the formula language; see docs/formula-language.md", node)
        above, self.operands = self.operands, []
        try:
            result = handler(self, node)
            reason = refusal(result.expr)
        except OverflowError:  # from SymPy, which compares constants by evaluating them
            reason = "a number here is too large to be compared with others"
        if reason is not None:
            raise self.error(reason, node)
        operands = [_beside(operand, result) for operand in self.operands]
        self.needs.update(dict.fromkeys(left_out(operands, result.expr, self.scope.defined)))
        self.operands = [*above, result]
        return result

    # --- leaves

    def constant(self, node: ast.Constant) -> Tensor:
        source = ast.get_source_segment(self.text, node) or ""
        if type(node.value) not in (int, float) or not NUMBER.match(source):
            raise self.error(f"{source or node.value!r}: only integers and decimals are numbers here", node)
        exponent = int(re.split("[eE]", source)[1]) if re.search("[eE]", source) else 0
        if len(source) + abs(exponent) > MAX_DIGITS:
            raise self.error(f"the number {source[:20]}... has more than {MAX_DIGITS} digits", node)
        value = Fraction(source)
        return Tensor(sp.Rational(value.numerator, value.denominator))

    def name(self, node: ast.Name) -> Tensor:
        if node.id in self.scope.shapes:
            return variable(node.id, self.scope.shapes[node.id])
        if node.id in self.scope.sizes:
            return Tensor(size(node.id))
        if node.id == "pi":
            return Tensor(sp.pi)
        if node.id in WORDS:
            raise self.error(f"{node.id} is {WORDS[node.id].meaning}; a quantity needs another name", node)
        if node.id in FUNCTIONS or node.id in self.scope.functions:
            raise self.error(f"{node.id} is a function: write {node.id}(...)", node)
        guess = did_you_mean(node.id, [*self.scope.shapes, *self.scope.sizes])
        known = ", ".join([*self.scope.shapes, *sorted(self.scope.sizes)]) or "none"
        raise self.error(f"unknown name {node.id!r}{guess}; known here are: {known}", node)

    # --- operators

    def unary(self, node: ast.UnaryOp) -> Tensor:
        operand = self.walk(node.operand)
        if isinstance(node.op, ast.USub):
            return Tensor(-operand.expr, operand.shape)
        if isinstance(node.op, ast.UAdd):
            return operand
        raise self.error(f"{type(node.op).__name__} is not part of the formula language", node)

    def binary(self, node: ast.BinOp) -> Tensor:
        if isinstance(node.op, ast.BitXor):
            raise self.error("^ is not part of the formula language: write ** for a power", node)
        left, right = self.walk(node.left), self.walk(node.right)
        with self.at(node):
            if isinstance(node.op, ast.MatMult):
                return ops.matmul(left, right)
            if isinstance(node.op, ast.Pow):
                return self.power(node, left, right)
            if type(node.op) not in _BINARY:
                raise self.error(f"{type(node.op).__name__} is not part of the formula language", node)
            if isinstance(node.op, ast.Div):
                self.operands.append(Tensor(1 / right.expr, right.shape))  # which may cancel at once
            return ops.elementwise_op(_BINARY[type(node.op)], left, right)

    def power(self, node: ast.BinOp, base: Tensor, exponent: Tensor) -> Tensor:
        value = exponent.expr
        if value.is_Rational:
            if abs(value.p) > MAX_EXPONENT or value.q > MAX_EXPONENT:
                raise self.error(f"the exponent {value} is out of range: at most {MAX_EXPONENT}", node.right)
            if base.expr.is_Rational and len(str(base.expr)) * abs(value.p) > MAX_DIGITS:
                raise self.error(f"the power has more than {MAX_DIGITS} digits", node)
        elif not (base.expr.is_Rational and base.expr.is_positive):
            raise self.error("a variable exponent needs a positive number as base: write exp(y*log(x))", node)
        return ops.elementwise_op(sp.Pow, base, exponent)

    def compare(self, node: ast.Compare) -> Tensor:
        if len(node.ops) != 1 or type(node.ops[0]) not in _COMPARE:
            raise self.error("expected one comparison such as `x > 0`", node)
        left, right = self.walk(node.left), self.walk(node.comparators[0])
        with self.at(node):
            return ops.elementwise_op(COMPARISONS[_COMPARE[type(node.ops[0])]], left, right)

    def attribute(self, node: ast.Attribute) -> Tensor:
        if node.attr != "T":
            raise self.error(f".{node.attr} is not part of the formula language; the only attribute is .T", node)
        return ops.transpose(self.walk(node.value))

    # --- calls

    def call(self, node: ast.Call) -> Tensor:
        if not isinstance(node.func, ast.Name):
            product = "" if isinstance(node.func, ast.Attribute) else "; write * for a product"
            raise self.error(f"only functions of the formula language can be called, by their name{product}", node)
        name = node.func.id
        if name in self.scope.shapes:
            raise self.error(f"{name} is a quantity, not a function; write * for a product", node)
        if name in SPECIAL:
            return SPECIAL[name](self, node)
        if any(isinstance(argument, ast.Starred) for argument in node.args):
            raise self.error("a starred argument is not part of the formula language", node)
        if name in self.scope.functions:
            return self.arbitrary(name, 0, node)
        row = FUNCTIONS.get(name)
        if row is None:
            functions = {*FUNCTIONS, *SPECIAL, *self.scope.functions}
            guess = did_you_mean(name, functions)
            known = f"declare an arbitrary {name} in [functions]; known are: {', '.join(sorted(functions))}"
            rest = "`symbackprop list functions` lists all" if guess else known
            raise self.error(f"unknown function {name!r}{guess}; {rest}", node)
        positional, spec = list(node.args), ""
        if "spec" in row.keywords:
            positional, spec = subscripts(self, node)
        if not row.least <= len(positional) <= row.most:
            expected = str(row.least) if row.least == row.most else f"{row.least} to {row.most}"
            raise self.error(f"{name} takes {expected} argument(s), not {len(positional)}", node)
        if row.takes_axes:
            check_axes(self, node)
        axis, keepdims = keywords(self, node, row.keywords)
        tensors = tuple(self.walk(argument) for argument in positional)
        if row.takes_sizes:
            self.check_sizes(node, tensors)
        with self.at(node):
            return row.apply(Arguments(tensors, axis, keepdims, spec))

    def check_sizes(self, node: ast.Call, tensors: tuple[Tensor, ...]) -> None:
        for argument, tensor in zip(node.args, tensors, strict=True):
            if not (tensor.expr.is_Integer and tensor.expr > 0) and str(tensor.expr) not in self.scope.sizes:
                raise self.error("expected a size: a name from [shapes] or a positive integer", argument)

    def arbitrary(self, name: str, order: int, node: ast.Call) -> Tensor:
        if len(node.args) != 1 or node.keywords:
            raise self.error(f"{name} is an elementwise function of one argument", node)
        return ops.elementwise_op(elementwise(name, order), self.walk(node.args[0]))


def _beside(operand: Tensor, result: Tensor) -> Expr:
    """The entry of an operand that an operation entry by entry has at the indices of its result."""
    try:
        return operand.expr if operand.shape == result.shape else ops.broadcast(operand, result.shape).expr
    except ShapeError:
        return operand.expr


_BINARY: dict[type, Callable[[Expr, Expr], Expr]] = {
    ast.Add: sp.Add,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: sp.Mul,
    ast.Div: lambda a, b: a / b,
}
_HANDLERS: dict[type, Callable[..., Tensor]] = {
    ast.Constant: Walker.constant,
    ast.Name: Walker.name,
    ast.UnaryOp: Walker.unary,
    ast.BinOp: Walker.binary,
    ast.Compare: Walker.compare,
    ast.Attribute: Walker.attribute,
    ast.Subscript: entries,
    ast.Call: Walker.call,
}
