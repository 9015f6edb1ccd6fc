"""Index expressions as plain text for a terminal: `δz1[i] = δa1[i]·a1[i]·(1 - a1[i])`.

Indices count from 0, as in code. δv stands for ∂L/∂v; [u > 0] is 1 where u > 0 and 0 elsewhere. ∂u/∂v|direct is the
derivative through the definition of u alone, where that is not the total one.
"""

from collections.abc import Iterable, Mapping
from enum import IntEnum

import sympy as sp

from symbackprop.errors import shorten
from symbackprop.model.graph import Graph
from symbackprop.tensor.indices import free_indices
from symbackprop.tensor.nodes import (
    Elementwise,
    Expr,
    IsZero,
    Local,
    Partial,
    Positive,
    adjoint_name,
    adjoint_parts,
    entry_indices,
    entry_name,
    extent,
    is_size,
)
from symbackprop.write.formulas.extremes import AtLeast, AtMost, with_weak_signs
from symbackprop.write.formulas.local_derivatives import is_total, only_direct

Scope = Mapping[Expr, str]  # the letter of each index
Piece = tuple["Rank", str, Expr]
MAX_LENGTH = 2_000
COMPARED: dict[Expr, str] = {Positive: ">", AtLeast: ">=", AtMost: "<="}
DIRECT = "|direct"
DIRECT_NOTE = f"{DIRECT}: through the definition of the quantity above alone, with all other names in it held fixed"
_LETTERS = "ijklpqrstuvmnabcghfowxyzIJKLABCDFGHMNOPQRSTUVWXYZ"


class Level(IntEnum):
    """How tightly a printed piece holds together."""

    TERMS = 0
    PRODUCT = 1
    POWER = 2
    ATOM = 3


class Rank(IntEnum):
    """The place of a factor in a product."""

    NUMBER = 0
    WEIGHT = 1
    ADJOINT = 2
    ERROR = 3  # a difference of quantities, as in (o - y)·o·(1 - o)
    SYMBOL = 4
    TERMS = 5
    FUNCTION = 6
    INDICATOR = 7
    SUM = 8


class PlainText:
    """Index expressions of one graph and one loss as text."""

    def __init__(self, graph: Graph, loss: str) -> None:
        self.adjoints = {adjoint_name(loss, name): name for name in (*graph.inputs, *graph.definitions)}
        self.only_direct = only_direct(graph)
        taken = {*graph.inputs, *graph.definitions, *graph.sizes()}
        # Letters that mean nothing else here; numbered ones when even those run out.
        self.letters = [c for c in _LETTERS if c not in taken] + [f"i_{k}" for k in range(1000)]

    def equation(self, left: Expr, right: Expr) -> tuple[str, str]:
        """Both sides, the free indices under one set of letters; the middle of a very long right side is left out."""
        free = sorted(free_indices(left) | free_indices(right), key=str)
        scope = self._lettered(free, {})
        try:
            return self.left(left, scope), shorten(self.text(with_weak_signs(right), scope), MAX_LENGTH)
        except RecursionError:
            return self.left(left, scope), "(nested too deeply to be printed)"

    def alone(self, expr: Expr) -> str:
        """The expression, its free indices lettered in their order."""
        scope = self._lettered(sorted(free_indices(expr), key=str), {})
        try:
            return shorten(self.text(with_weak_signs(expr), scope), MAX_LENGTH)
        except RecursionError:
            return "(nested too deeply to be printed)"

    def left(self, expr: Expr, scope: Scope) -> str:
        """A left side, where an adjoint is written out: ∂L/∂z1[i]."""
        name = self.adjoints.get(entry_name(expr) or "")
        if name is None:
            return self.text(expr, scope)
        loss = adjoint_parts(entry_name(expr) or "")[0]
        return f"∂{loss}/∂{self._entry(name, expr, scope)}"

    def text(self, expr: Expr, scope: Scope, least: Level = Level.TERMS) -> str:
        """`expr`, in parentheses unless it holds together at least at the level `least`."""
        text, level = self._piece(expr, scope)
        return text if level >= least else f"({text})"

    def _piece(self, expr: Expr, scope: Scope) -> tuple[str, Level]:
        name = entry_name(expr)
        if name is not None:
            quantity = f"δ{self.adjoints[name]}" if name in self.adjoints else name
            return self._entry(quantity, expr, scope), Level.ATOM
        if isinstance(expr, sp.Idx):
            return scope[expr], Level.ATOM
        if expr.is_Add:
            return self._terms(expr, scope), Level.TERMS
        if expr.is_Rational:
            return str(expr), Level.TERMS if expr < 0 else Level.ATOM if expr.q == 1 else Level.PRODUCT
        if expr.is_Mul:
            return self._product(expr, scope)
        if isinstance(expr, sp.Sum):
            return self._sum(expr, scope)
        if expr.is_Pow and not isinstance(expr, sp.exp):
            return self._power(expr, scope)
        return self._leaf_or_call(expr, scope), Level.ATOM

    def _entry(self, quantity: str, expr: Expr, scope: Scope) -> str:
        indices = ",".join(scope[i] if isinstance(i, sp.Idx) else str(i) for i in entry_indices(expr))
        return f"{quantity}[{indices}]" if indices else quantity

    def _terms(self, expr: Expr, scope: Scope) -> str:
        """Terms with a minus sign last, sums first among the others."""
        terms = []
        for term in expr.args:
            negative = bool(term.could_extract_minus_sign())
            text = self.text(-term if negative else term, scope, Level.PRODUCT)
            terms.append((negative, "Σ" not in text, text))
        terms.sort()
        first, *rest = terms
        return ("-" if first[0] else "") + first[2] + "".join(f" {'-' if n else '+'} {text}" for n, _, text in rest)

    def _product(self, expr: Expr, scope: Scope) -> tuple[str, Level]:
        coefficient, rest = expr.as_coeff_Mul()
        if coefficient < 0:
            return f"-{self.text(-coefficient * rest, scope, Level.PRODUCT)}", Level.TERMS
        above, below = [], []
        for factor in expr.args:
            inverse = factor.is_Pow and not isinstance(factor, sp.exp) and factor.exp.is_Rational and factor.exp < 0
            if factor.is_Rational:
                above += [sp.Integer(factor.p)] if factor.p != 1 else []
                below += [sp.Integer(factor.q)] if factor.q != 1 else []
            elif inverse:
                below.append(1 / factor)
            else:
                above.append(factor)
        numerator = self._factors(above, scope) if above else "1"
        if not below:
            return numerator, Level.PRODUCT
        if len(above) > 1 and any(isinstance(factor, sp.Sum) for factor in above):
            numerator = f"({numerator})"  # a sum would swallow the denominator
        elif len(above) == 1:
            numerator = self.text(above[0], scope, Level.POWER)
        return f"{numerator}/{self._denominator(below, scope)}", Level.PRODUCT

    def _denominator(self, factors: list[Expr], scope: Scope) -> str:
        if len(factors) == 1:
            return self.text(factors[0], scope, Level.POWER)
        return f"({self._factors(factors, scope)})"

    def _factors(self, factors: list[Expr], scope: Scope) -> str:
        """The factors in the order of the field, sums last; all sums but the last in parentheses."""
        pieces = [(self._rank(factor), self.text(factor, scope, Level.PRODUCT), factor) for factor in factors]
        ordered = _in_chain(sorted(pieces, key=lambda piece: piece[:2]))
        texts = []
        for position, (_, text, factor) in enumerate(ordered):
            last = position == len(ordered) - 1
            open_ = not last and self._piece(factor, scope)[1] == Level.PRODUCT
            texts.append(f"({text})" if open_ else text)
        return "·".join(texts)

    def _rank(self, factor: Expr) -> Rank:
        name = entry_name(factor)
        if factor.is_number or is_size(factor):
            return Rank.NUMBER
        if isinstance(factor, (Local, Partial)) or name in self.adjoints:
            return Rank.ADJOINT
        if name is not None:
            return Rank.WEIGHT if len(entry_indices(factor)) > 1 else Rank.SYMBOL
        if factor.is_Add:
            plain = all(entry_name(term) or entry_name(-term) for term in factor.args)
            return Rank.ERROR if plain else Rank.TERMS
        if isinstance(factor, (*COMPARED, IsZero, sp.KroneckerDelta)):
            return Rank.INDICATOR
        if isinstance(factor, sp.Sum):
            return Rank.SUM
        return Rank.FUNCTION if isinstance(factor, sp.Function) else Rank.SYMBOL

    def _lettered(self, indices: list[Expr], scope: Scope) -> Scope:
        """`scope` with a letter for each further index; one that can only be 0 is written 0."""
        unused = (c for c in self.letters if c not in scope.values())
        return {**scope, **{i: "0" if extent(i) == 1 else next(unused) for i in indices}}

    def _sum(self, expr: Expr, scope: Scope) -> tuple[str, Level]:
        bound = [limit[0] for limit in expr.limits]
        inner = self._lettered(bound, scope)
        letters = [inner[i] for i in bound if extent(i) != 1]
        if not letters:
            return self._piece(expr.function, inner)
        sign = f"Σ_{letters[0]}" if len(letters) == 1 else f"Σ_{{{','.join(letters)}}}"
        return f"{sign} {self.text(expr.function, inner, Level.PRODUCT)}", Level.PRODUCT

    def _power(self, expr: Expr, scope: Scope) -> tuple[str, Level]:
        base, exponent = expr.base, expr.exp
        if exponent.is_Rational and exponent < 0:
            return f"1/{self._denominator([1 / expr], scope)}", Level.PRODUCT
        if exponent == sp.Rational(1, 2):
            return f"sqrt({self.text(base, scope)})", Level.ATOM
        return f"{self.text(base, scope, Level.ATOM)}^{self.text(exponent, scope, Level.ATOM)}", Level.POWER

    def _leaf_or_call(self, expr: Expr, scope: Scope) -> str:
        if isinstance(expr, Partial) and isinstance(expr.args[0], Partial):
            f, *by = (self.text(part, scope, Level.ATOM) for part in (*expr.args[0].args, expr.args[1]))
            return f"∂²{f}/{''.join(f'∂{v}' for v in by)}"
        if isinstance(expr, (Partial, Local)):
            direct = DIRECT if isinstance(expr, Local) and not is_total(expr, self.only_direct) else ""
            return f"∂{self.text(expr.args[0], scope, Level.ATOM)}/∂{self.text(expr.args[1], scope)}{direct}"
        if expr.func in COMPARED:
            return f"[{self.text(expr.args[0], scope)} {COMPARED[expr.func]} 0]"
        if isinstance(expr, (IsZero, sp.KroneckerDelta)):
            sides = [self.text(argument, scope) for argument in expr.args]
            return f"[{' = '.join(sides if len(sides) > 1 else [*sides, '0'])}]"
        arguments = ", ".join(self.text(argument, scope) for argument in expr.args)
        if isinstance(expr, Elementwise):
            return f"{expr.func.function}{chr(39) * expr.func.order}({arguments})"
        if expr is sp.pi:
            return "π"
        if is_size(expr) or not expr.args:
            return str(expr)
        return f"{type(expr).__name__.lower()}({arguments})"


def direct_note(lines: Iterable[str]) -> list[str]:
    """What the mark of a local derivative says, if it stands in one of the lines."""
    return [f"  {DIRECT_NOTE}"] if any(DIRECT in line for line in lines) else []


def _in_chain(pieces: list[Piece]) -> list[Piece]:
    """The pieces with the factors of a chain rule in the order in which one leads on to the next: ∂L/∂a·∂a/∂z."""
    links = {piece[2].args[0]: piece for piece in pieces if isinstance(piece[2], (Local, Partial))}
    reached = {piece[2].args[1] for piece in links.values()}
    following = next((f for f in links if f not in reached), None)
    chain = []
    while following in links:
        chain.append(links.pop(following))
        following = chain[-1][2].args[1]
    if links or not chain:
        return pieces  # more than one chain, or none
    others = [piece for piece in pieces if piece not in chain]
    return [p for p in others if p[0] <= Rank.ADJOINT] + chain + [p for p in others if p[0] > Rank.ADJOINT]
