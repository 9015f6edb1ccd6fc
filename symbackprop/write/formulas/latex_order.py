"""The order of terms and factors in print, which is that of the field and not SymPy's.

Numbers, weights, deltas, the rest as declared, sums last.
"""

import re
from collections.abc import Callable
from enum import IntEnum

import sympy as sp

from symbackprop.model.graph import names_in
from symbackprop.tensor.nodes import (
    Expr,
    IsZero,
    Local,
    Partial,
    Positive,
    entry_indices,
    entry_name,
    is_adjoint,
    is_size,
)
from symbackprop.write.formulas.extremes import AtLeast, AtMost
from symbackprop.write.formulas.latex_pieces import Letters, Level, Piece
from symbackprop.write.formulas.names import Names


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


def _complement(factor: Expr) -> Expr | None:
    """The x of a factor 1 - x or a power of it."""
    base = factor.base if factor.is_Pow and factor.exp.is_positive else factor
    return 1 - base if base.is_Add and len(base.args) == 2 and base.args[0] == 1 else None


def _position(letter: str) -> tuple[int, str]:
    """The place of an index letter in the order in which letters are given out: outer indices first, i before j."""
    return len(letter), letter


_RANKS: tuple[tuple[tuple[type, ...], Rank], ...] = (
    ((sp.Sum,), Rank.SUM),
    ((Partial, Local), Rank.ADJOINT),
    ((sp.Add,), Rank.TERMS),
    ((Positive, IsZero, AtLeast, AtMost, sp.KroneckerDelta), Rank.INDICATOR),
)


class Order:
    """Sort keys for terms and factors; `piece` prints a node without numbers, for ties are broken by the text."""

    def __init__(self, names: Names, piece: Callable[[Expr, Letters], Piece]) -> None:
        self.weights, self.piece = names.weights, piece
        self.declared = {code: position for position, code in enumerate(names.ranks)}

    def term_key(self, term: Expr, letters: Letters) -> tuple[object, ...]:
        """What is added first, then numbers, then the names in order of declaration."""
        symbolic = self.piece(term, letters)
        negative = symbolic.level == Level.NEGATIVE
        return negative, not term.is_Rational, self.positions(term), len(symbolic.text), symbolic.text

    def positions(self, expr: Expr) -> tuple[int, ...]:
        return tuple(sorted(self.declared.get(name, -1) for name in names_in(expr)))

    def factors(self, factors: list[Expr], letters: Letters) -> list[Expr]:
        """The factors in order; a pair x (1 - x) stays together, behind the error and the last declared first."""
        single = sorted(factors, key=lambda factor: self.factor_key(factor, letters))
        alone = [x for x in single if self.factor_rank(x) in (Rank.SYMBOL, Rank.FUNCTION)]
        pairs = [(x, factor) for factor in single if (x := _complement(factor)) in alone]
        pairs.sort(key=lambda pair: self.positions(pair[0]), reverse=True)
        paired = [factor for pair in pairs for factor in pair]
        rest = [factor for factor in single if factor not in paired]
        front = [factor for factor in rest if self.factor_rank(factor) <= Rank.ERROR]
        return self.as_in_matrices([*front, *paired, *rest[len(front) :]], letters)

    def as_in_matrices(self, factors: list[Expr], letters: Letters) -> list[Expr]:
        """Entries of matrices in the order of their outermost indices: X_il W_lj, as in X W, for the entry ij."""
        if any(isinstance(factor, Partial | Local) for factor in factors):
            return factors  # a chain of derivatives has an order of its own
        places = [place for place, factor in enumerate(factors) if len(entry_indices(factor)) > 1]
        entries = [factors[place] for place in places]
        if any(i not in letters for factor in entries for i in entry_indices(factor)):
            return factors
        entries.sort(key=lambda factor: sorted(_position(letters[i]) for i in entry_indices(factor)))
        for place, factor in zip(places, entries, strict=True):
            factors[place] = factor
        return factors

    def factor_key(self, factor: Expr, letters: Letters) -> tuple[object, ...]:
        text = self.piece(factor, letters).text
        rank, base = self.factor_rank(factor), factor.base if factor.is_Pow else factor
        array = rank is Rank.SYMBOL and bool(entry_indices(base))  # a scalar stands before it
        return rank, -self.numerator_position(factor), array, self.positions(factor), len(text), text

    def numerator_position(self, factor: Expr) -> int:
        """How late the f of a ∂f/∂v is declared: a chain runs from the loss back, ∂E/∂o ∂o/∂z ∂z/∂w."""
        if isinstance(factor, Partial | Local):
            return self.declared.get(entry_name(factor.args[0]) or "", 0)
        loss = re.match(r"d\((\w+), ", entry_name(factor) or "")
        return self.declared[loss[1]] if loss else 0

    def factor_rank(self, factor: Expr) -> Rank:
        base = factor.base if factor.is_Pow else factor
        name = entry_name(base)
        if name is not None:
            if name in self.weights:
                return Rank.WEIGHT
            return Rank.ADJOINT if is_adjoint(name) else Rank.SYMBOL
        if base.is_Add and len(names_in(base)) > 1:
            return Rank.ERROR
        for kinds, rank in _RANKS:
            if isinstance(base, kinds):
                return rank
        return Rank.SIZE if is_size(base) or base.is_number else Rank.FUNCTION
