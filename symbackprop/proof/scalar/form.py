"""An exact zero test for scalar expressions without sums over symbolic ranges and without free indices.

What True means: the expression is 0 at every real point at which it and every expression in it are defined and the
assumptions hold. A quotient is defined where its denominator is not 0, log u where u > 0, a power with a broken
exponent where its base is not negative (a negative exponent: not 0 either), b^v with a variable exponent where b > 0;
symbols are real, sizes are at least 1. So x/x - 1 is zero, and so is [x > 0] log(x) - log(x): log(x) is part of the
expression even where its factor is 0. Who reads [x > 0] log(x) as 0 for x <= 0 must list x > 0 as a condition.

What False means: the normal form is not zero. For rational functions of symbols and of exponentials with independent
exponents that is a refutation; with roots, indicators, opaque functions or assumed equations it need not be one.
"""

from collections.abc import Sequence

import sympy as sp

from symbackprop.proof.limits import Budget, Clock, Undecided
from symbackprop.proof.scalar.arithmetic import Grow, Shape
from symbackprop.proof.scalar.functions import FunctionRing
from symbackprop.proof.scalar.nodes import Forms
from symbackprop.tensor.nodes import Expr


def is_zero(
    expr: Expr,
    *,
    positive: frozenset[Expr] = frozenset(),
    nonzero: frozenset[Expr] = frozenset(),
    equations: Sequence[Expr] = (),
    budget: Budget = Budget(),
) -> bool:
    """True: proved to be 0 wherever everything in it is defined. False: not proved, which is no refutation.

    The expressions in `positive` and `nonzero` are assumed to be so, and those in `equations` to be 0. An equation is
    used only where it is defined at all points that are considered.

    Raises: Undecided for a node that the normal form does not know, or when the budget is spent.
    """
    return ScalarProver(positive=positive, nonzero=nonzero, equations=equations, budget=budget).is_zero(expr)


class ScalarProver:
    """`is_zero` for many expressions with common parts; each question has the whole budget."""

    def __init__(
        self,
        *,
        positive: frozenset[Expr] = frozenset(),
        nonzero: frozenset[Expr] = frozenset(),
        equations: Sequence[Expr] = (),
        budget: Budget = Budget(),
        splits_angles: bool = False,
    ) -> None:
        self._splits_angles = splits_angles
        self._positive = sorted(positive, key=sp.default_sort_key)
        self._nonzero = sorted(nonzero, key=sp.default_sort_key)
        self._equations = tuple(equations)
        self._budget = budget
        self._shape = Shape()
        self._forms: Forms | None = None

    def is_zero(self, expr: Expr) -> bool:
        """See `is_zero` of this module; sine and cosine of sums are taken apart only where that is needed.

        Raises: Undecided
        """
        clock = Clock(self._budget)
        if self._is_zero(expr, clock):
            return True
        if self._splits_angles or not expr.has(sp.sin, sp.cos):
            return False
        second = ScalarProver(
            positive=frozenset(self._positive),
            nonzero=frozenset(self._nonzero),
            equations=self._equations,
            budget=self._budget,
            splits_angles=True,
        )
        return second._is_zero(expr, clock)

    def _is_zero(self, expr: Expr, clock: Clock) -> bool:
        if self._forms is not None and self._forms.stored > self._budget.terms:
            self._forms = None
        try:
            answer = self._ask(expr, clock)
            if answer is None:
                # Parts shared with an earlier question need more than this one grants: begin anew.
                self._forms = None
                answer = self._ask(expr, clock)
        except RecursionError:
            self._forms = None
            raise Undecided("the expression is nested too deeply") from None
        except Undecided:
            self._forms = None
            raise
        if answer is None:
            raise Undecided("the domain of a part is not implied by the expression")
        return answer

    def _ask(self, expr: Expr, clock: Clock) -> bool | None:
        while True:
            try:
                if self._forms is None:
                    self._forms = Forms(
                        FunctionRing(self._shape, clock, self._splits_angles),
                        self._positive,
                        self._nonzero,
                        self._equations,
                    )
                self._forms.ring.clock = clock
                return self._forms.vanishes(expr)
            except Grow as grow:
                self._shape, self._forms = grow.shape, None
