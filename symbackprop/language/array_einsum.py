"""Products that are transposed, repeated and multiplied again, in one call of einsum.

`einsum('ikjl->ijkl', 2 * outer(eye(m), outer(a, a)))` is `2 * einsum('ik,j,l->ijkl', eye(m), a, a)`. Like every formula
that `array_form` finds, the result is read again where it is used.
"""

import ast
from collections.abc import Iterator

from symbackprop.errors import FormulaError
from symbackprop.language.array_layout import cost
from symbackprop.language.array_nodes import LETTERS, Array, binary, call, is_call, negative
from symbackprop.language.parse import Scope, parse
from symbackprop.tensor.nodes import Expr

MAX_OPERANDS = 8
Shape = tuple[Expr, ...]


def in_one_einsum(text: str, scope: Scope) -> str:
    """The formula with each term in which `einsum` stands as one call of it, where that is shorter."""
    if "einsum(" not in text:
        return text
    try:
        return ast.unparse(_terms(ast.parse(text, mode="eval").body, scope, parse(text, scope).shape))
    except FormulaError:
        return text


def _terms(node: ast.expr, scope: Scope, shape: Shape) -> ast.expr:
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        return ast.BinOp(_terms(node.left, scope, shape), node.op, _terms(node.right, scope, shape))
    if "einsum(" not in ast.unparse(node) or parse(ast.unparse(node), scope).shape != shape:
        return node
    found = _Product(scope, len(shape)).of(node)
    return found if found is not None and _cost(found) < _cost(node) else node


def _cost(node: ast.expr) -> int:
    return cost(Array(node, ()))


class _Product:
    """The factors of one term, each with the letters of its axes."""

    def __init__(self, scope: Scope, rank: int) -> None:
        self.scope = scope
        self.result = LETTERS[:rank]
        self.operands: list[tuple[ast.expr, str]] = []
        self.above: list[ast.expr] = []
        self.below: list[ast.expr] = []
        self.minus = False
        self.unused: Iterator[str] = iter(LETTERS[rank:])

    def of(self, node: ast.expr) -> ast.expr | None:
        """The term as numbers times one einsum; None where it has too many factors or letters."""
        try:
            self.split(node, self.result, alone=True)
        except StopIteration:
            return None
        operands = self._without_ones()
        if not 0 < len(operands) <= MAX_OPERANDS:
            return None
        spec = f"{','.join(letters for _, letters in operands)}->{self.result}"
        found = call("einsum", ast.Constant(spec), *(operand for operand, _ in operands))
        for factor in reversed(self.above):
            found = binary(factor, ast.Mult, found)
        for divisor in self.below:
            found = binary(found, ast.Div, divisor)
        return negative(found) if self.minus else found

    def _without_ones(self) -> list[tuple[ast.expr, str]]:
        """The operands in the order of the axes, without `ones(...)` that repeat along axes which others have."""
        order = sorted(self.operands, key=lambda pair: min(map((self.result + LETTERS).index, pair[1]), default=0))
        kept = [(node, letters) for node, letters in order if not is_call(node, "ones")]
        there = {letter for _, letters in kept for letter in letters}
        return kept if there.issuperset(self.result) else order

    def shape(self, node: ast.expr) -> Shape:
        return parse(ast.unparse(node), self.scope).shape

    def split(self, node: ast.expr, letters: str, *, alone: bool = False) -> None:
        """Adds the factors of an array whose axes have these letters; `alone` says that it is the only one so far."""
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            self.minus = not self.minus
            self.split(node.operand, letters, alone=alone)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            self._times(node, letters, alone)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and not self.shape(node.right):
            self.below.append(node.right)
            self.split(node.left, letters, alone=alone)
        elif isinstance(node, ast.Attribute) and node.attr == "T":
            self.split(node.value, letters[::-1], alone=alone)
        elif isinstance(node, ast.Call) and is_call(node, "outer"):
            rank = len(self.shape(node.args[0]))
            self.split(node.args[0], letters[:rank])
            self.split(node.args[1], letters[rank:])
        elif isinstance(node, ast.Call) and is_call(node, "einsum"):
            self._einsum(node, letters, alone)
        else:
            self.operands.append((node, letters))

    def _times(self, node: ast.BinOp, letters: str, alone: bool) -> None:
        """Entry by entry: a scalar times an array, or two arrays of which no axis of size 1 is repeated."""
        left, right = self.shape(node.left), self.shape(node.right)
        if not left or not right:
            scalar, array = (node.left, node.right) if not left else (node.right, node.left)
            self.above.append(scalar)
            self.split(array, letters, alone=alone)
        elif all(shape == max(left, right, key=len)[-len(shape) :] for shape in (left, right)):
            self.split(node.left, letters[-len(left) :])
            self.split(node.right, letters[-len(right) :])
        else:
            self.operands.append((node, letters))

    def _einsum(self, node: ast.Call, letters: str, alone: bool) -> None:
        """Its operands; a sum within a product stays, for it is cheaper alone."""
        spec = node.args[0]
        assert isinstance(spec, ast.Constant) and isinstance(spec.value, str)
        groups, result = spec.value.replace(" ", "").split("->")
        summed = sorted(set(groups) - {",", *result})
        if summed and not alone:
            self.operands.append((node, letters))
            return
        names = dict(zip(result, letters, strict=True)) | {letter: next(self.unused) for letter in summed}
        only = alone and "," not in groups
        for group, operand in zip(groups.split(","), node.args[1:], strict=True):
            self.split(operand, "".join(names[letter] for letter in group), alone=only and not summed)
