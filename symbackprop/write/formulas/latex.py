r"""Index expressions as LaTeX: `\sum_{k=1}^{n} W_{ik}\,x_{k}`.

Print counts from 1, code from 0: a sum runs from 1 to n, and W[0, 1] is W_{12}. Terms and factors stand in the order
of `latex_order.py`, but a product that was built with `evaluate=False` keeps its own. What is printed depends on the
expression only up to the names of its bound indices. `reader.py` reads every line back, and shares nothing with the
printer but the names.
"""

from collections.abc import Callable, Mapping

import sympy as sp

from symbackprop.tensor.indices import free_indices
from symbackprop.tensor.nodes import (
    Elementwise,
    Expr,
    IsZero,
    Local,
    Partial,
    Positive,
    entry_indices,
    entry_name,
    extent,
    is_size,
)
from symbackprop.write.formulas.extremes import AtLeast, AtMost, Maximum, Minimum, with_signs
from symbackprop.write.formulas.latex_order import Order
from symbackprop.write.formulas.latex_pieces import Letters, Level, Piece, decimal, held, parenthesised, symbol_piece
from symbackprop.write.formulas.latex_products import Products, flat
from symbackprop.write.formulas.local_derivatives import MARK, is_total
from symbackprop.write.formulas.names import Names


def latex(expr: Expr, names: Names, *, free: Mapping[Expr, str] | None = None) -> str:
    """`expr` as LaTeX; `free` gives each free index its letter (by default i0, i1, ... are i, j, ...)."""
    return _print(expr, names, free, {})


def latex_numbers(
    expr: Expr, names: Names, values: Mapping[Expr, str], *, free: Mapping[Expr, str] | None = None
) -> str:
    """The same line with every node that `values` knows replaced by its decimal string."""
    return _print(expr, names, free, values)


def _print(expr: Expr, names: Names, free: Mapping[Expr, str] | None, values: Mapping[Expr, str]) -> str:
    letters = dict(free) if free is not None else names.free_letters(free_indices(expr))
    return _Printer(names, values).text(with_signs(expr), letters | {letter: letter for letter in letters.values()})


class _Printer:
    """One method for each kind of node; `letters` has the letter of every index in scope."""

    def __init__(self, names: Names, values: Mapping[Expr, str]) -> None:
        self.names, self.values = names, values
        # The order of a line with numbers is that of the same line without them.
        self.symbolic = _Printer(names, {}) if values else self
        self.order = Order(names, self.symbolic.piece)
        self.products = Products(self.piece, self.order, dots=bool(values))
        self.known: dict[tuple[Expr, frozenset[tuple[Expr, str]]], Piece] = {}

    def piece(self, expr: Expr, letters: Letters) -> Piece:
        """Each node is printed once for each scope: sorting looks at the printed terms, on every level anew."""
        key = expr, frozenset(letters.items())
        if key not in self.known:
            self.known[key] = self.new_piece(expr, letters)
        return self.known[key]

    def new_piece(self, expr: Expr, letters: Letters) -> Piece:
        """Raises: AssertionError for a node that no index expression has."""
        if expr in self.values:
            return decimal(self.values[expr])
        for kind in type(expr).__mro__:
            if kind in ROWS:
                return ROWS[kind](self, expr, letters)
        raise AssertionError(f"internal error: no LaTeX for {type(expr).__name__}: {expr}")

    def text(self, expr: Expr, letters: Letters) -> str:
        return self.piece(expr, letters).text

    # Leaves

    def rational(self, expr: Expr, letters: Letters) -> Piece:
        sign = "-" if expr.p < 0 else ""
        if expr.q == 1:
            return Piece(str(expr), Level.NEGATIVE if sign else Level.ATOM)
        return Piece(rf"{sign}\frac{{{abs(expr.p)}}}{{{expr.q}}}", Level.NEGATIVE if sign else Level.FACTOR)

    def pi(self, expr: Expr, letters: Letters) -> Piece:
        return Piece(r"\pi")

    def symbol(self, expr: Expr, letters: Letters) -> Piece:
        if is_size(expr):
            code = str(expr.name)
            assert code in self.names.sizes, f"internal error: the size {code!r} has no LaTeX name"
            return symbol_piece(self.names.sizes[code].text)
        return self.entry(expr, letters)

    def entry(self, expr: Expr, letters: Letters) -> Piece:
        code = entry_name(expr) or ""
        indices = tuple(self.index(i, letters) for i in entry_indices(expr))
        assert code in self.names.ranks, f"internal error: {code!r} has no LaTeX name"
        assert self.names.ranks[code] == len(indices), f"internal error: {expr} has {len(indices)} indices"
        if code in self.names.quantities:
            return symbol_piece(self.names.quantities[code].at(indices))
        loss, name = self.names.adjoints[code]
        split = self.names.ranks[loss]
        above, below = self.names.quantities[loss].at(indices[:split]), self.names.quantities[name].at(indices[split:])
        return Piece(rf"\frac{{\partial {above}}}{{\partial {below}}}", Level.FACTOR)

    def index(self, expr: Expr, letters: Letters) -> str:
        if isinstance(expr, sp.Integer):
            return str(int(expr) + 1)
        assert expr in letters, f"internal error: the index {expr} is not in scope"
        return letters[expr]

    # Sums of terms

    def add(self, expr: Expr, letters: Letters) -> Piece:
        terms = flat(expr)
        if sp.Add(*expr.args).args == expr.args:
            terms.sort(key=lambda term: self.order.term_key(term, letters))
        text = ""
        for term in terms:
            piece = self.piece(term, letters)
            if piece.level == Level.NEGATIVE:
                text += " - " + piece.text[1:] if text else piece.text
            else:
                text += (" + " if text else "") + piece.text
        return Piece(text, Level.TERMS)

    # Powers and sums over indices

    def power(self, expr: Expr, letters: Letters) -> Piece:
        base, exponent = expr.base, expr.exp
        if exponent.is_Rational and exponent < 0:
            return self.products.quotient(1, 1, [expr], letters)
        if exponent == sp.Rational(1, 2):
            return Piece(rf"\sqrt{{{self.text(base, letters)}}}", Level.FACTOR)
        piece = self.piece(base, letters)
        # Large parentheses keep the exponent of z^{(1)} squared apart from its layer.
        named = base not in self.values and entry_name(base) is not None and piece.level < Level.ATOM
        raised = rf"\left({piece.text}\right)" if named else held(piece, Level.ATOM)
        if exponent.is_Rational:
            return Piece(f"{raised}^{{{exponent}}}", Level.FACTOR)
        return Piece(f"{raised}^{{{self.text(exponent, letters)}}}", Level.FACTOR)

    def sum(self, expr: Expr, letters: Letters) -> Piece:
        signs = ""
        # Rows before columns: the sum over all entries of an array lists its axes in their order.
        for i, low, high in expr.limits:
            assert low == 0 and high == i.upper, f"internal error: a sum over part of a range: {expr}"
            if extent(i) == 1:
                letters = letters | {i: "1"}
                continue
            letter = self.names.next_letter(set(letters.values()))
            signs += rf"\sum_{{{letter}=1}}^{{{self.text(extent(i), letters)}}} "
            letters = letters | {i: letter, letter: letter}
        body = self.piece(expr.function, letters)
        return Piece(signs + held(body, Level.PRODUCT), Level.PRODUCT, open=True) if signs else body

    # Functions

    def apply(self, name: str, args: tuple[Expr, ...], letters: Letters) -> Piece:
        return Piece(name + parenthesised(", ".join(self.text(arg, letters) for arg in args)))

    def exponential(self, expr: Expr, letters: Letters) -> Piece:
        base, exponent = self.names.exponential, expr.args[0] if expr.args else sp.Integer(1)
        if base == "e":
            return Piece(f"e^{{{self.text(exponent, letters)}}}", Level.FACTOR)
        return self.apply(base, (exponent,), letters)

    def elementwise(self, expr: Expr, letters: Letters) -> Piece:
        name, order = expr.func.function, expr.func.order
        assert name in self.names.functions, f"internal error: the function {name!r} has no LaTeX name"
        primes = "'" * order if order < 4 else f"^{{({order})}}"
        return self.apply(self.names.functions[name].text + primes, expr.args, letters)

    def absolute(self, expr: Expr, letters: Letters) -> Piece:
        return Piece(rf"\lvert {self.text(expr.args[0], letters)}\rvert")

    def indicator(self, condition: str) -> Piece:
        return Piece(rf"\mathbf{{1}}[{condition}]", Level.FACTOR)

    def compare(self, expr: Expr, sign: str, letters: Letters) -> Piece:
        """[a > b] for an indicator of a - b, when the difference is a - b again; otherwise [u > 0]."""
        (u,) = expr.args
        up = [term for term in sp.Add.make_args(u) if not term.could_extract_minus_sign()]
        down = [-term for term in sp.Add.make_args(u) if term.could_extract_minus_sign()]
        left, right = sp.Add(*up), sp.Add(*down)
        if not up or sp.Add(left, *(-term for term in sp.Add.make_args(right))) != u:
            left, right = u, sp.Integer(0)
        return self.indicator(f"{self.text(left, letters)} {sign} {self.text(right, letters)}")

    def kronecker(self, expr: Expr, letters: Letters) -> Piece:
        """[i = j], a letter first: δ_{ij} would look like the δ of backpropagation."""
        i, j = sorted((self.index(arg, letters) for arg in expr.args), key=lambda text: (text.isdigit(), text))
        return self.indicator(f"{i} = {j}")

    def derivative(self, expr: Expr, letters: Letters) -> Piece:
        """∂f/∂v; a compound f stands behind ∂/∂v in parentheses."""
        f, v = expr.args
        below = self.symbolic.text(v, letters)
        if entry_name(f) in self.names.quantities:
            return Piece(rf"\frac{{\partial {self.symbolic.text(f, letters)}}}{{\partial {below}}}", Level.FACTOR)
        inner = parenthesised(self.symbolic.text(f, letters))
        # Open: of ∂/∂v (f)(g) nobody could tell whether g is differentiated.
        return Piece(rf"\frac{{\partial}}{{\partial {below}}}{inner}", Level.FACTOR, open=True)

    def local(self, expr: Expr, letters: Letters) -> Piece:
        """∂u/∂v through the definition of u alone, with a bar unless it is the total derivative, too."""
        whole = self.derivative(expr, letters)
        return whole if is_total(expr, self.names.only_direct) else Piece(rf"\left.{whole.text}{MARK}", Level.FACTOR)


Row = Callable[[_Printer, Expr, Letters], Piece]


def _function(name: str) -> Row:
    return lambda printer, expr, letters: printer.apply(name, expr.args, letters)


ROWS: Mapping[type, Row] = {
    sp.Rational: _Printer.rational,
    type(sp.pi): _Printer.pi,
    sp.Symbol: _Printer.symbol,
    sp.Indexed: _Printer.entry,
    sp.Add: _Printer.add,
    sp.Mul: lambda printer, expr, letters: printer.products.mul(expr, letters),
    sp.Pow: _Printer.power,
    sp.Sum: _Printer.sum,
    sp.exp: _Printer.exponential,
    type(sp.E): _Printer.exponential,
    sp.log: _function(r"\log"),
    sp.tanh: _function(r"\tanh"),
    sp.sin: _function(r"\sin"),
    sp.cos: _function(r"\cos"),
    sp.erf: _function(r"\operatorname{erf}"),
    sp.sign: _function(r"\operatorname{sign}"),
    sp.Abs: _Printer.absolute,
    Elementwise: _Printer.elementwise,
    Positive: lambda printer, expr, letters: printer.compare(expr, ">", letters),
    IsZero: lambda printer, expr, letters: printer.compare(expr, "=", letters),
    sp.KroneckerDelta: _Printer.kronecker,
    AtLeast: lambda printer, expr, letters: printer.compare(expr, r"\geq", letters),
    AtMost: lambda printer, expr, letters: printer.compare(expr, r"\leq", letters),
    Maximum: _function(r"\max"),
    Minimum: _function(r"\min"),
    Partial: _Printer.derivative,
    Local: _Printer.local,
}
