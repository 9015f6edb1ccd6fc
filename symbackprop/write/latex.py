r"""Index expressions as LaTeX: `\sum_{k=1}^{n} W_{ik}\,x_{k}`.

Print counts from 1, code from 0: a sum runs from 1 to n, and W[0, 1] is W_{12}. The order of terms and factors is
that of the field, not SymPy's: numbers, weights, deltas, the rest as declared, sums last; a product that was built
with `evaluate=False` keeps its own. What is printed depends on the expression only up to the names of its bound
indices. `reader.py` reads every line back, and shares nothing with this file but the names.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum

import sympy as sp

from symbackprop.model.graph import names_in
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
from symbackprop.write.names import Names

# The letter of every index in scope; each letter stands for itself too, so that it stays taken inside a sum whose
# index hides the one that it was given to.
Letters = dict[Expr, str]
_DECIMAL = re.compile(r"(-?)(\d+(?:\.\d+)?)(?:[eE]([+-]?\d+))?\Z")


class Level(IntEnum):
    """How tightly a printed piece holds together."""

    TERMS = 0
    NEGATIVE = 1
    PRODUCT = 2
    FACTOR = 3  # needs parentheses only as the base of a power
    ATOM = 4


class Rank(IntEnum):
    """The place of a factor in a product."""

    NUMBER = 0
    SIZE = 1
    WEIGHT = 2
    ADJOINT = 3
    ERROR = 4  # a difference of quantities, as in (o - y) o (1 - o)
    SYMBOL = 5
    TERMS = 6
    FUNCTION = 7
    INDICATOR = 8
    SUM = 9


@dataclass(frozen=True, slots=True)
class Piece:
    """Printed text; `open` when it ends inside a Σ, which would swallow any factor put behind it."""

    text: str
    level: Level = Level.ATOM
    open: bool = False


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
    return _Printer(names, values).text(expr, letters | {letter: letter for letter in letters.values()})


def parenthesised(text: str) -> str:
    """`text` in parentheses, which grow where it is tall."""
    tall = re.search(r"\\frac|\\sum|\\sqrt|\\left", text)
    return rf"\left({text}\right)" if tall else f"({text})"


def _held(piece: Piece, level: Level) -> str:
    """The text, in parentheses unless it holds together at least at `level`."""
    return piece.text if piece.level >= level else parenthesised(piece.text)


class _Printer:
    """One method for each kind of node; `letters` has the letter of every index in scope."""

    def __init__(self, names: Names, values: Mapping[Expr, str]) -> None:
        self.names, self.values = names, values
        # The order of a line with numbers is that of the same line without them.
        self.symbolic = _Printer(names, {}) if values else self
        self.order = {code: position for position, code in enumerate(names.ranks)}
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
            return _number(self.values[expr])
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
            return _symbol_piece(self.names.sizes[code].text)
        return self.entry(expr, letters)

    def entry(self, expr: Expr, letters: Letters) -> Piece:
        code = entry_name(expr) or ""
        indices = tuple(self.index(i, letters) for i in entry_indices(expr))
        assert code in self.names.ranks, f"internal error: {code!r} has no LaTeX name"
        assert self.names.ranks[code] == len(indices), f"internal error: {expr} has {len(indices)} indices"
        if code in self.names.quantities:
            return _symbol_piece(self.names.quantities[code].at(indices))
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
        terms = _flat(expr)
        if sp.Add(*expr.args).args == expr.args:
            terms.sort(key=lambda term: self.term_key(term, letters))
        text = ""
        for term in terms:
            piece = self.piece(term, letters)
            if piece.level == Level.NEGATIVE:
                text += " - " + piece.text[1:] if text else piece.text
            else:
                text += (" + " if text else "") + piece.text
        return Piece(text, Level.TERMS)

    def term_key(self, term: Expr, letters: Letters) -> tuple[object, ...]:
        """What is added first, then numbers, then the names in order of declaration."""
        symbolic = self.symbolic.piece(term, letters)
        negative = symbolic.level == Level.NEGATIVE
        return negative, not term.is_Rational, self.positions(term), len(symbolic.text), symbolic.text

    def positions(self, expr: Expr) -> tuple[int, ...]:
        return tuple(sorted(self.order.get(name, -1) for name in names_in(expr)))

    # Products and powers

    def mul(self, expr: Expr, letters: Letters) -> Piece:
        factors = _flat(expr)
        if sp.Mul(*expr.args).args == expr.args:
            number = sp.Mul(*(f for f in factors if f.is_Rational))
            rest = [f for f in factors if not f.is_Rational]
            rest.sort(key=lambda factor: self.factor_key(factor, letters))
            piece = self.quotient(abs(number.p), number.q, rest, letters)
        else:
            number, *rest = factors
            if not (number.is_Rational and number < 0):
                return self.product(factors, letters)
            piece = self.product([-number] * (number != -1) + rest, letters)
        return Piece("-" + _held(piece, Level.PRODUCT), Level.NEGATIVE, piece.open) if number < 0 else piece

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
        if not number and len(up) == 1 and (not counts or self.is_small(up[0], letters)):
            return up, []
        if counts:
            return number or [sp.Integer(1)], up
        sums = [f for f in up if isinstance(f, sp.Sum)]
        inside = number + [f for f in up if not isinstance(f, sp.Sum)]
        return inside or [sp.Integer(1)], sums

    def is_small(self, factor: Expr, letters: Letters) -> bool:
        """Whether the factor looks better on a short fraction bar than behind it."""
        if factor.is_Add:
            return not factor.has(sp.Sum) and all(entry_name(t) or entry_name(-t) or t.is_Rational for t in factor.args)
        return entry_name(factor) is not None or is_size(factor)

    def factor_key(self, factor: Expr, letters: Letters) -> tuple[object, ...]:
        text = self.symbolic.text(factor, letters)
        return self.factor_rank(factor), -self.numerator_position(factor), self.positions(factor), len(text), text

    def numerator_position(self, factor: Expr) -> int:
        """How late the f of a ∂f/∂v is declared: a chain runs from the loss back, ∂E/∂o ∂o/∂z ∂z/∂w."""
        if isinstance(factor, Partial | Local):
            return self.order.get(entry_name(factor.args[0]) or "", 0)
        loss = re.match(r"d\((\w+), ", entry_name(factor) or "")
        return self.order[loss[1]] if loss else 0

    def factor_rank(self, factor: Expr) -> Rank:
        base = factor.base if factor.is_Pow else factor
        name = entry_name(base)
        if name is not None:
            if name in self.names.weights:
                return Rank.WEIGHT
            return Rank.ADJOINT if name.startswith("d(") else Rank.SYMBOL
        if base.is_Add and len(names_in(base)) > 1:
            return Rank.ERROR
        for kinds, rank in _RANKS:
            if isinstance(base, kinds):
                return rank
        return Rank.SIZE if is_size(base) or base.is_number else Rank.FUNCTION

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
            right = parenthesised(piece.text) if swallows else _held(piece, Level.PRODUCT)
            text += right if not text else (r" \cdot " if self.values else _between(text, right)) + right
        return Piece(text, Level.PRODUCT, pieces[-1].open and pieces[-1].level >= Level.PRODUCT)

    def power(self, expr: Expr, letters: Letters) -> Piece:
        base, exponent = expr.base, expr.exp
        if exponent.is_Rational and exponent < 0:
            return self.quotient(1, 1, [expr], letters)
        if exponent == sp.Rational(1, 2):
            return Piece(rf"\sqrt{{{self.text(base, letters)}}}", Level.FACTOR)
        piece = self.piece(base, letters)
        # Large parentheses keep the exponent of z^{(1)} squared apart from its layer.
        named = base not in self.values and entry_name(base) is not None and piece.level < Level.ATOM
        held = rf"\left({piece.text}\right)" if named else _held(piece, Level.ATOM)
        if exponent.is_Rational:
            return Piece(f"{held}^{{{exponent}}}", Level.FACTOR)
        return Piece(f"{held}^{{{self.text(exponent, letters)}}}", Level.FACTOR)

    def sum(self, expr: Expr, letters: Letters) -> Piece:
        signs = ""
        for i, low, high in reversed(expr.limits):
            # A range of its own for each Σ: SymPy keeps the limits of nested sums in one list, innermost first.
            assert low == 0 and high == i.upper, f"internal error: a sum over part of a range: {expr}"
            letter = self.names.next_letter(set(letters.values()))
            signs += rf"\sum_{{{letter}=1}}^{{{self.text(extent(i), letters)}}} "
            letters = letters | {i: letter, letter: letter}
        return Piece(signs + _held(self.piece(expr.function, letters), Level.PRODUCT), Level.PRODUCT, open=True)

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


def _number(text: str) -> Piece:
    """A decimal; negative ones in parentheses, so that they can stand anywhere."""
    match = _DECIMAL.match(text)
    assert match, f"internal error: {text!r} is no decimal number"
    sign, digits, exponent = match.groups()
    if exponent is not None:
        digits = rf"{digits} \cdot 10^{{{int(exponent)}}}"
    return Piece(
        parenthesised(sign + digits) if sign else digits, Level.PRODUCT if exponent and not sign else Level.ATOM
    )


def _symbol_piece(text: str) -> Piece:
    """A name; one with something above it needs parentheses before it can be raised to a power."""
    return Piece(text, Level.FACTOR if "^" in text or "'" in text else Level.ATOM)


def _flat(expr: Expr) -> list[Expr]:
    """The terms of a sum or the factors of a product, those of sums in sums and products in products included."""
    return [part for arg in expr.args for part in (_flat(arg) if arg.func is expr.func else [arg])]


def _is_divisor(factor: Expr) -> bool:
    return bool(factor.is_Pow and factor.exp.is_Rational and factor.exp < 0)


def _between(left: str, right: str) -> str:
    r"""What keeps two factors apart: nothing, a thin space, or \cdot where digits would run together."""
    if right[0].isdigit() or (left[-1].isdigit() and right.startswith(r"\frac")):
        return r" \cdot "
    # TeX itself puts a thin space beside large parentheses and operators.
    if re.match(r"\(|\\(left|sum|log|exp|sin|cos|tanh|operatorname)(?![A-Za-z])", right) or left.endswith(r"\right)"):
        return ""
    return "" if left[-1].isdigit() else r"\,"


_RANKS: tuple[tuple[tuple[type, ...], Rank], ...] = (
    ((sp.Sum,), Rank.SUM),
    ((Partial, Local), Rank.ADJOINT),
    ((sp.Add,), Rank.TERMS),
    ((Positive, IsZero, sp.KroneckerDelta), Rank.INDICATOR),
)

Row = Callable[[_Printer, Expr, Letters], Piece]


def _function(name: str) -> Row:
    return lambda printer, expr, letters: printer.apply(name, expr.args, letters)


ROWS: Mapping[type, Row] = {
    sp.Rational: _Printer.rational,
    type(sp.pi): _Printer.pi,
    sp.Symbol: _Printer.symbol,
    sp.Indexed: _Printer.entry,
    sp.Add: _Printer.add,
    sp.Mul: _Printer.mul,
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
    Partial: _Printer.derivative,
    Local: _Printer.derivative,
}
