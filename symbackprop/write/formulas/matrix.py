r"""Formulas in matrix notation, as their author wrote them: `W x + b`, `\delta x^{\top}`, `\delta \odot f'(z)`.

Vectors are columns. A vector that is added to the rows of a matrix is written as what it is, `\mathbf{1} b^{\top}`.
Print counts from 1, code from 0. Order is kept; only a scalar moves before the tensor that it scales.
"""

import ast
from collections.abc import Callable, Mapping

from symbackprop.errors import FormulaError
from symbackprop.language.parse import Scope, parse
from symbackprop.language.syntax import syntax_tree
from symbackprop.tensor.nodes import Expr, adjoint_name
from symbackprop.write.formulas.latex_pieces import parenthesised
from symbackprop.write.formulas.matrix_entries import array_of_entries
from symbackprop.write.formulas.matrix_functions import print_call
from symbackprop.write.formulas.matrix_pieces import (
    SIGNS,
    Level,
    NoNotationError,
    Piece,
    added,
    entrywise,
    fraction,
    function_of,
    held,
    indicator,
    leading_sign,
    negated,
    power,
    scaled,
    times,
)
from symbackprop.write.formulas.matrix_subscripts import print_subscript
from symbackprop.write.formulas.names import Names
from symbackprop.write.formulas.symbols import Symbol

Shape = tuple[Expr, ...]
TRANSPOSED = r"\top"


def matrix_latex(text: str, scope: Scope, names: Names, codes: Mapping[str, str] | None = None) -> str | None:
    """A formula in matrix notation; None where the notation has no words for it.

    `codes` maps the identifiers that `names` knows under another code name, such as delta_z1 for "d(E, z1)".

    Raises: FormulaError when the text is no formula of the scope.
    """
    text = text.strip()
    try:
        return MatrixPrinter(text, scope, names, codes or {}).piece(syntax_tree(text)).text
    except NoNotationError:
        return None


def matrix_relation(text: str, scope: Scope, names: Names, codes: Mapping[str, str] | None = None) -> str | None:
    """A claim or assumption, `left == right`, in matrix notation.

    Raises: FormulaError when the text is no single comparison of the scope.
    """
    text = text.strip()
    tree = syntax_tree(text)
    if not isinstance(tree, ast.Compare) or len(tree.ops) != 1:
        raise FormulaError("expected one comparison such as `left == right`", text)
    printer = MatrixPrinter(text, scope, names, codes or {})
    try:
        left, right = printer.piece(tree.left), printer.piece(tree.comparators[0])
        if isinstance(tree.ops[0], ast.Eq):  # the other comparisons hold entry by entry
            left = printer.repeated(left, tree.left, tree.comparators[0])
            right = printer.repeated(right, tree.comparators[0], tree.left)
    except NoNotationError:
        return None
    return f"{left.text} {SIGNS[type(tree.ops[0])]} {right.text}"


class MatrixPrinter:
    """One formula; every node prints as the array that it is."""

    def __init__(self, text: str, scope: Scope, names: Names, codes: Mapping[str, str]) -> None:
        self.text, self.scope, self.names, self.codes = text, scope, names, codes
        self.shapes: dict[str, Shape] = {}

    def shape(self, node: ast.expr) -> Shape:
        """The shape of a part of the formula. Raises: FormulaError when it has none."""
        source = ast.unparse(node)
        if source not in self.shapes:
            self.shapes[source] = parse(source, self.scope).shape
        return self.shapes[source]

    def rank(self, node: ast.expr) -> int:
        return len(self.shape(node))

    def piece(self, node: ast.expr) -> Piece:
        handler = _HANDLERS.get(type(node))
        if handler is None:
            raise NoNotationError(type(node).__name__)
        return handler(self, node)

    # --- leaves

    def constant(self, node: ast.Constant) -> Piece:
        source = (ast.get_source_segment(self.text, node) if hasattr(node, "lineno") else None) or ast.unparse(node)
        mantissa, _, exponent = source.lower().partition("e")
        if not exponent:
            return Piece(mantissa)
        if mantissa == "1":
            return Piece(f"10^{{{int(exponent)}}}", Level.FACTOR, raised=True)
        return Piece(rf"{mantissa} \cdot 10^{{{int(exponent)}}}", Level.PRODUCT)

    def name(self, node: ast.Name) -> Piece:
        if node.id == "pi" and node.id not in self.scope.shapes:
            return Piece(r"\pi")
        return self.quantity(self.codes.get(node.id, node.id), ())

    def quantity(self, code: str, indices: tuple[str, ...]) -> Piece:
        """A quantity or size by its code name, with indices when an entry is meant."""
        symbol = self.names.quantities.get(code) or self.names.sizes.get(code)
        if symbol is not None:
            return Piece(symbol.at(indices), raised=bool(symbol.upper) or "'" in symbol.nucleus)
        if code not in self.names.adjoints:
            raise NoNotationError(f"the name {code}")
        loss, name = self.names.adjoints[code]
        split = self.names.ranks[loss]
        above, below = self.quantity(loss, indices[:split]), self.quantity(name, indices[split:])
        return Piece(rf"\frac{{\partial {above.text}}}{{\partial {below.text}}}", Level.FACTOR)

    def code(self, node: ast.expr) -> str | None:
        """The code name of a quantity or derivative that is written by its name alone."""
        if isinstance(node, ast.Name):
            return self.codes.get(node.id, node.id)
        if isinstance(node, ast.Call) and function_of(node) == "d" and isinstance(node.args[0], ast.Name):
            code = adjoint_name(node.args[0].id, ast.unparse(node.args[1]))
            return code if code in self.names.ranks else None
        return None

    # --- arithmetic

    def unary(self, node: ast.UnaryOp) -> Piece:
        operand = self.piece(node.operand)
        return negated(operand) if isinstance(node.op, ast.USub) else operand

    def binary(self, node: ast.BinOp) -> Piece:
        bare = leading_sign(node)
        if bare is not None:
            return negated(self.piece(bare))
        if isinstance(node.op, ast.MatMult):
            return self.matmul(node.left, node.right)
        if isinstance(node.op, ast.Pow):
            exponent = self.exponent(node.right)
            return power(self.piece(node.left), rf"\odot {exponent}" if self.rank(node.left) else exponent)
        if isinstance(node.op, (ast.Add, ast.Sub)):
            sign = "+" if isinstance(node.op, ast.Add) else "-"
            return added(self.spread(node.left, node), sign, self.spread(node.right, node))
        if isinstance(node.op, ast.Mult):
            return self.product(node)
        return self.quotient(node)

    def exponent(self, node: ast.expr) -> str:
        """An exponent on one line: 1/2 rather than a fraction."""
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            return f"{held(self.piece(node.left), Level.PRODUCT)}/{held(self.piece(node.right), Level.FACTOR)}"
        return self.piece(node).text

    def spread(self, node: ast.expr, whole: ast.expr) -> Piece:
        """The operand of an operation entry by entry, a vector repeated where the result has more axes."""
        piece, own, shape = self.piece(node), self.shape(node), self.shape(whole)
        if not own or len(shape) < 2 or own == shape:
            return piece
        if len(shape) > 2:
            raise NoNotationError("a repeated axis of an array with more than two axes")
        if len(own) == 1:
            row = self.transposed(node)
            return row if shape[0] == 1 else times(self.ones(shape[0]), row)
        if own[0] == 1 and shape[0] != 1:
            piece = times(self.ones(shape[0]), piece)
        return piece if own[1] == shape[1] else times(piece, self.ones(shape[1], TRANSPOSED))

    def repeated(self, piece: Piece, node: ast.expr, other: ast.expr) -> Piece:
        """One side of an equation; a number other than 0 is repeated where the other side is a vector or matrix."""
        shape = self.shape(other)
        if self.rank(node) or not shape or len(shape) > 2 or piece.text == "0":
            return piece
        ones = self.ones(shape[0])
        if len(shape) == 2:
            ones = times(ones, self.ones(shape[1], TRANSPOSED))
        return ones if piece.text == "1" else scaled(piece, ones)

    def ones(self, size: Expr, raised: str = "") -> Piece:
        """The vector of ones of that length."""
        text = rf"\mathbf{{1}}_{{{self.size(size)}}}"
        return Piece(f"{text}^{{{raised}}}" if raised else text, raised=bool(raised))

    def size(self, size: Expr) -> str:
        return str(size) if size.is_Integer else self.quantity(str(size), ()).text

    def product(self, node: ast.BinOp) -> Piece:
        left, right = node.left, node.right
        if not self.rank(left):
            return scaled(self.piece(left), self.piece(right))
        if not self.rank(right):
            return scaled(self.piece(right), self.piece(left))
        return entrywise(self.spread(left, node), r"\odot", self.spread(right, node))

    def quotient(self, node: ast.BinOp) -> Piece:
        """A fraction of scalars; a scalar divisor of anything larger stands before it."""
        left, right = node.left, node.right
        if self.rank(right):
            return entrywise(self.spread(left, node), r"\oslash", self.spread(right, node))
        below, whole = self.piece(right), self.piece(left)
        if not self.rank(left) and not whole.open:
            return fraction(whole, below)
        if isinstance(left, ast.BinOp) and isinstance(left.op, ast.Mult) and not self.rank(left.left):
            scalar = self.piece(left.left)
            if not scalar.open:
                return scaled(fraction(scalar, below), self.piece(left.right))
        return scaled(fraction(Piece("1"), below), whole)

    # --- matrix products

    def matmul(self, left: ast.expr, right: ast.expr) -> Piece:
        """A B; x^T y of two vectors; a vector on the left of a matrix is A^T x as a column."""
        if self.rank(left) > 1:
            return times(self.piece(left), self.factor(right))
        if self.rank(right) == 1:
            return times(self.transposed(left), self.factor(right))
        return times(self.transposed(right), self.factor(left))

    def factor(self, node: ast.expr) -> Piece:
        """The right factor of a matrix product; when it is scaled it keeps its parentheses."""
        piece = self.piece(node)
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
            return Piece(parenthesised(piece.text))
        return piece

    def transpose(self, node: ast.Attribute) -> Piece:
        rank = self.rank(node.value)
        if rank > 2:  # a transposed batch is one of transposed matrices
            return array_of_entries(self, node)
        return self.transposed(node.value) if rank == 2 else self.piece(node.value)

    def transposed(self, node: ast.expr) -> Piece:
        """The transpose of what the node prints, a vector being a column: (A x)^T is x^T A^T."""
        if isinstance(node, ast.Attribute) and self.rank(node) == 2:
            return self.piece(node.value)
        if self.rank(node) > 2:
            raise NoNotationError("the transpose of an array with more than two axes")
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            left, right = node.left, node.right
            if self.rank(left) == 1:  # x @ A is the column A^T x
                return times(self.transposed(left), self.factor(right))
            return times(self.transposed(right), self.transposed(left))
        code = self.code(node)
        symbol = self.names.quantities.get(code) if code is not None else None
        if symbol is not None:
            return Piece(_raised(symbol, TRANSPOSED), raised=True)
        return power(self.piece(node), TRANSPOSED)

    # --- the rest

    def compare(self, node: ast.Compare) -> Piece:
        return indicator(self.spread(node.left, node), node.ops[0], self.spread(node.comparators[0], node))


def _raised(symbol: Symbol, script: str) -> str:
    r"""The symbol with one more superscript: W^{(2)} becomes W^{(2)\top}."""
    return Symbol(symbol.nucleus, symbol.upper + script, symbol.lower).text


_HANDLERS: dict[type, Callable[..., Piece]] = {
    ast.Constant: MatrixPrinter.constant,
    ast.Name: MatrixPrinter.name,
    ast.UnaryOp: MatrixPrinter.unary,
    ast.BinOp: MatrixPrinter.binary,
    ast.Compare: MatrixPrinter.compare,
    ast.Attribute: MatrixPrinter.transpose,
    ast.Subscript: print_subscript,
    ast.Call: print_call,
}
