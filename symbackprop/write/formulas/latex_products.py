"""The layout of products and fractions: what stands on the fraction bar, under it and behind it."""

import re
from collections.abc import Callable

import sympy as sp

from symbackprop.tensor.nodes import Expr, entry_name, is_size
from symbackprop.write.formulas.latex_order import Order
from symbackprop.write.formulas.latex_pieces import Letters, Level, Piece, held, parenthesised
from symbackprop.write.formulas.local_derivatives import MARK

_CLOSED = (r"\right)", MARK)
_SPACED = re.compile(r"\(|\\(left|sum|log|exp|sin|cos|tanh|max|min|operatorname)(?![A-Za-z])")


class Products:
    r"""Products laid out from their factors, which `piece` prints; `dots` puts a \cdot between all of them."""

    def __init__(self, piece: Callable[[Expr, Letters], Piece], order: Order, dots: bool) -> None:
        self.piece, self.order, self.dots = piece, order, dots

    def mul(self, expr: Expr, letters: Letters) -> Piece:
        factors = flat(expr)
        if sp.Mul(*expr.args).args == expr.args:
            number = sp.Mul(*(f for f in factors if f.is_Rational))
            rest = self.order.factors([f for f in factors if not f.is_Rational], letters)
            piece = self.quotient(abs(number.p), number.q, rest, letters)
        else:
            number, *rest = factors
            if not (number.is_Rational and number < 0):
                return self.product(factors, letters)
            piece = self.product([-number] * (number != -1) + rest, letters)
        return Piece("-" + held(piece, Level.PRODUCT), Level.NEGATIVE, piece.open) if number < 0 else piece

    def quotient(self, above: int, below: int, rest: list[Expr], letters: Letters) -> Piece:
        """above/below times factors: one fraction where it stays small, 1/(2n) in front where it does not."""
        down = [sp.Pow(f.base, -f.exp, evaluate=f.exp == -1) for f in rest if _is_divisor(f)]
        up = [f for f in rest if not _is_divisor(f)]
        if not down and below == 1:
            return self.product([sp.Integer(above)] * (above != 1) + up, letters)
        divisor = self.product([sp.Integer(below)] * (below != 1) + down, letters).text
        counts = all(is_size(f.base if f.is_Pow else f) for f in down)
        inside, behind = self.numerator(above, up, counts, letters)
        fraction = rf"\frac{{{self.product(inside, letters).text}}}{{{divisor}}}"
        return self.join([Piece(fraction, Level.FACTOR), *(self.piece(f, letters) for f in behind)])

    def numerator(self, above: int, up: list[Expr], counts: bool, letters: Letters) -> tuple[list[Expr], list[Expr]]:
        """Which factors stand on the fraction bar and which behind it; sums stand behind unless they are alone."""
        number = [sp.Integer(above)] * (above != 1 or not up)
        alone = not number and len(up) == 1 and not self.is_tall(up[0], letters)
        if alone and (not counts or self.is_small(up[0], letters)):
            return up, []
        if counts:
            return number or [sp.Integer(1)], up
        behind = [f for f in up if isinstance(f, sp.Sum) or self.is_tall(f, letters)]
        inside = number + [f for f in up if f not in behind]
        return inside or [sp.Integer(1)], behind

    def is_tall(self, factor: Expr, letters: Letters) -> bool:
        """Whether it is too tall for a fraction bar: a derivative, which is a fraction itself, or terms with a Σ."""
        return (factor.is_Add and factor.has(sp.Sum)) or r"\frac{\partial" in self.piece(factor, letters).text

    def is_small(self, factor: Expr, letters: Letters) -> bool:
        """Whether the factor looks better on a short fraction bar than behind it."""
        if factor.is_Add:
            return not factor.has(sp.Sum) and all(entry_name(t) or entry_name(-t) or t.is_Rational for t in factor.args)
        return entry_name(factor) is not None or is_size(factor)

    def product(self, factors: list[Expr], letters: Letters) -> Piece:
        """The factors in the given order."""
        if len(factors) == 1:
            return self.piece(factors[0], letters)
        return self.join([self.piece(factor, letters) for factor in factors])

    def join(self, pieces: list[Piece]) -> Piece:
        """Pieces side by side, each in parentheses where it would not hold."""
        if len(pieces) == 1:
            return pieces[0]
        text, last = "", len(pieces) - 1
        for position, piece in enumerate(pieces):
            swallows = piece.open and position < last
            right = parenthesised(piece.text) if swallows else held(piece, Level.PRODUCT)
            text += right if not text else (r" \cdot " if self.dots else _between(text, right)) + right
        return Piece(text, Level.PRODUCT, pieces[-1].open and pieces[-1].level >= Level.PRODUCT)


def flat(expr: Expr) -> list[Expr]:
    """The terms of a sum or the factors of a product, those of sums in sums and products in products included."""
    return [part for arg in expr.args for part in (flat(arg) if arg.func is expr.func else [arg])]


def _is_divisor(factor: Expr) -> bool:
    return bool(factor.is_Pow and factor.exp.is_Rational and factor.exp < 0)


def _between(left: str, right: str) -> str:
    r"""What keeps two factors apart: nothing, a thin space, or \cdot where digits would run together."""
    if right[0].isdigit() or (left[-1].isdigit() and right.startswith(r"\frac")):
        return r" \cdot "
    # TeX itself puts a thin space beside large delimiters and operators.
    if _SPACED.match(right) or left.endswith(_CLOSED):
        return ""
    return "" if left[-1].isdigit() else r"\,"
