"""The scalar normal form of each kind of SymPy node."""

from collections.abc import Callable, Iterable
from fractions import Fraction
from itertools import product
from typing import NamedTuple

import sympy as sp
from flint import fmpq

from symbackprop.proof.limits import Undecided
from symbackprop.proof.scalar.functions import FunctionRing
from symbackprop.proof.scalar.generators import ANY, MINUS, NULL, PLUS, Generator, Kind, Poly
from symbackprop.tensor.indices import substitute
from symbackprop.tensor.nodes import Elementwise, Expr, IsZero, Positive

UNARY: dict[type, Callable[[FunctionRing, Poly], Poly]] = {
    sp.exp: FunctionRing.exp,
    sp.log: FunctionRing.log,
    sp.tanh: FunctionRing.tanh,
    sp.erf: FunctionRing.erf,
    sp.sin: FunctionRing.sin,
    sp.cos: FunctionRing.cos,
    sp.Abs: FunctionRing.absolute,
    sp.sign: FunctionRing.sign,
    Positive: FunctionRing.positive,
    IsZero: FunctionRing.is_zero,
}
# The forms of all parts of an expression together may have so many times the terms that the budget allows one.
STORE_MARGIN = 10


class Form(NamedTuple):
    """An element; the facts that follow from its expression being defined, and those on which the element relies."""

    element: Poly
    granted: int
    used: int


class Forms:
    """The normal forms of expressions in one ring, each computed once."""

    def __init__(
        self,
        ring: FunctionRing,
        positive: Iterable[Expr],
        nonzero: Iterable[Expr],
        equations: Iterable[Expr] = (),
    ) -> None:
        self.ring = ring
        self._memo: dict[Expr, Form] = {}
        self._expansions: dict[Expr, tuple[Expr, ...]] = {}
        self._assumed = 0
        self.stored = 0  # terms of all forms
        for expr in positive:
            self._assume(expr, PLUS)
        for expr in nonzero:
            self._assume(expr, MINUS | PLUS)
        numerators = [self._numerator(expr) for expr in equations]
        self._equations = tuple(f for f in numerators if not f.is_zero())

    def vanishes(self, expr: Expr) -> bool | None:
        """Whether the normal form is zero; None when that relies on facts that the expression does not grant.

        Raises: Undecided
        """
        form = self.form(expr)
        granted = form.granted | self._assumed
        if not self._equations and self.ring.surely_differs(form.element):
            return False
        if not self.ring.vanishes(form.element, granted, equations=self._equations):
            return False
        if self.ring.contradictory(granted):
            raise Undecided("the expression is defined nowhere")
        return True if form.used & ~granted == 0 else None

    def form(self, expr: Expr) -> Form:
        """The normal form; without recursion, for expressions may be deep."""
        stack = [expr]
        while stack:
            node = stack[-1]
            if node in self._memo:
                stack.pop()
                continue
            missing = [part for part in self._parts(node) if part not in self._memo]
            if missing:
                stack.extend(reversed(missing))
            else:
                self._memo[node] = self._form_of_node(node)
                stack.pop()
        return self._memo[expr]

    def _assume(self, expr: Expr, signs: int) -> None:
        """The expression has one of the signs; so have its factors, as far as that is certain."""
        form = self.form(expr)
        self._assumed |= form.granted
        coefficient, factors = self.ring.factored(form.element)
        for f, _ in factors:
            self.ring.assume(f, MINUS | PLUS)
        odd = [(f, self.ring.signs(f)) for f, e in factors if e % 2]
        unknown = [f for f, possible in odd if possible == MINUS | PLUS]
        negative = (coefficient < 0) ^ (sum(1 for _, possible in odd if possible == MINUS) % 2 == 1)
        if coefficient == 0 or (signs == PLUS and negative and not unknown):
            raise Undecided(f"the assumption about {expr} never holds")
        if signs == PLUS and len(unknown) == 1:
            self.ring.assume(unknown[0], MINUS if negative else PLUS)
        self._assume_in_regions(form.element)

    def _assume_in_regions(self, element: Poly) -> None:
        """What is not 0 has no factor that is 0, in no region: one whose zeros all lie in its region has no zeros."""
        for region, (local,) in self.ring.split_by_regions((element,)):
            for f, _ in self.ring.factored(local).factors if region != self.ring.one else ():
                if self.ring.vanishes(1 - region, 0, (f,)):
                    self.ring.assume(f, MINUS | PLUS)

    def _numerator(self, equation: Expr) -> Poly:
        """A polynomial that is 0 where the equation is; 0 for an equation that cannot be used.

        An equation does not say by itself where it is defined, for a guard may stand before what is not.

        Raises: Undecided for a number other than 0
        """
        try:
            form = self.form(equation)
        except Undecided:
            self.ring.clock.check()
            return self.ring.zero
        if form.used & ~self._assumed:
            return self.ring.zero
        numerator, _ = self.ring.cleared(form.element)
        if numerator.is_constant() and not numerator.is_zero():
            raise Undecided(f"the assumption {equation} = 0 never holds")
        return numerator

    # ------------------------------------------------------------------ nodes

    def _parts(self, node: Expr) -> tuple[Expr, ...]:
        """The expressions whose normal forms that of the node is made of."""
        if node.is_Rational or node is sp.pi or node is sp.E or isinstance(node, (sp.Symbol, sp.Indexed)):
            return ()
        if isinstance(node, sp.Sum):
            if node not in self._expansions:
                self._expansions[node] = self._expand(node)
            return self._expansions[node]
        if node.is_Pow:
            if node.base is sp.E:
                return (node.exp,)
            return (node.base,) if node.exp.is_Rational else (node.base, node.exp)
        unary = (type(node) in UNARY or isinstance(node, sp.DiracDelta)) and len(node.args) == 1
        if unary or node.is_Add or node.is_Mul or isinstance(node, Elementwise):
            return tuple(node.args)
        raise Undecided(f"{type(node).__name__} is not supported in scalar expressions")

    def _expand(self, node: Expr) -> tuple[Expr, ...]:
        """The terms of a sum over concrete ranges.

        Raises: Undecided for any other range.
        """
        ranges, count = [], 1
        for i, low, high in node.limits:
            if not (isinstance(i, sp.Idx) and low.is_Integer and high.is_Integer and low <= high):
                raise Undecided(f"a sum over the range of {i} from {low} to {high}")
            ranges.append(range(int(low), int(high) + 1))
            count *= len(ranges[-1])
            self.ring.clock.check(count)
        names = [limit[0] for limit in node.limits]
        return tuple(
            substitute(node.function, dict(zip(names, map(sp.Integer, values), strict=True)))
            for values in product(*ranges)
        )

    def _form_of_node(self, node: Expr) -> Form:
        self.ring.clock.check()
        self.ring.touched = 0
        parts = [self._memo[part] for part in self._parts(node)]
        element, granted = self._element(node, [part.element for part in parts])
        self.stored += len(element)
        self.ring.clock.check(self.stored // STORE_MARGIN)
        used = self.ring.touched
        for part in parts:
            granted |= part.granted
            used |= part.used
        return Form(element, granted, used)

    def _element(self, node: Expr, parts: list[Poly]) -> tuple[Poly, int]:
        """The element, and what follows from the node being defined when its parts are."""
        ring = self.ring
        if node.is_Rational:
            return ring.constant(fmpq(int(node.p), int(node.q))), 0
        if node is sp.E:
            return ring.exp(ring.one), 0
        if node is sp.pi:
            return ring.use(ring.new(Generator(kind=Kind.FREE, signs=PLUS))), 0
        if isinstance(node, (sp.Symbol, sp.Indexed)):
            quantity = ring.use(ring.new(Generator(kind=Kind.FREE, signs=_signs_of_quantity(node))))
            if node.is_integer and node.is_positive:
                ring.assume(quantity - 1, NULL | PLUS)
            return quantity, 0
        if node.is_Add or isinstance(node, sp.Sum):
            return sum(parts, start=ring.zero), 0
        if node.is_Mul:
            return ring.multiply(*parts), 0
        if node.is_Pow:
            return self._power(node, parts)
        if isinstance(node, sp.DiracDelta):
            return ring.zero, ring.nonzero(parts[0])
        if type(node) in UNARY:
            return UNARY[type(node)](ring, *parts), ring.above_zero(parts[0]) if isinstance(node, sp.log) else 0
        return ring.apply(f"{node.func.function}/{node.func.order}", *parts), 0

    def _power(self, node: Expr, parts: list[Poly]) -> tuple[Poly, int]:
        ring = self.ring
        if node.base is sp.E:
            return ring.exp(parts[0]), 0
        base = parts[0]
        if node.exp.is_Integer:
            n = int(node.exp)
            return ring.power(base, n), ring.nonzero(base) if n < 0 else 0
        if node.exp.is_Rational:
            r = Fraction(int(node.exp.p), int(node.exp.q))
            return ring.root(base, r), ring.not_below_zero(base, r)
        if ring.positive(base) != ring.one:
            raise Undecided("a variable exponent needs a positive base")
        return ring.exp(ring.multiply(parts[1], ring.log(base))), ring.above_zero(base)


def _signs_of_quantity(node: Expr) -> int:
    """The signs that a symbol or a tensor entry may have.

    Raises: Undecided for what is no real quantity.
    """
    if isinstance(node, sp.Indexed) and not all(i.is_Integer for i in node.indices):
        raise Undecided(f"{node} has a free index")
    if not node.is_commutative or node.is_extended_real is False:
        raise Undecided(f"{node} is no real quantity")
    signs = ANY
    if node.is_zero is False:
        signs &= ~NULL
    if node.is_nonnegative:
        signs &= ~MINUS
    if node.is_nonpositive:
        signs &= ~PLUS
    return signs
