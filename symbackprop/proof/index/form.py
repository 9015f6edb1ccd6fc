"""The index normal form: the form of an index expression that decides equality for all sizes at once.

    forms = IndexForms(positive=frozenset({"eps"}))
    gradient = forms.derivative(loss, "W", (i, j))
    forms.is_zero(subtract(gradient, forms.normalise(claim)))

A form is the value of its expression wherever that is defined, for all sizes >= 1, under the conditions noted on the
way. If it is 0, so is the expression; if it is not, nothing is known.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from symbackprop.proof.index.cases import proof_by_stages
from symbackprop.proof.index.engine import NONNEGATIVE, NONZERO, POSITIVE
from symbackprop.proof.index.poly import FREE, Index, Poly, subtract
from symbackprop.proof.index.read import Reader, range_text
from symbackprop.proof.index.rules import Conditioned, Rule, rule
from symbackprop.proof.index.write import expression
from symbackprop.proof.limits import Budget, Clock, Undecided
from symbackprop.tensor.nodes import Expr
from symbackprop.tensor.tensor import Tensor

__all__ = ["NONNEGATIVE", "NONZERO", "POSITIVE", "IndexForms", "subtract"]

# Python's own limit of 1000 frames is reached by formulas that people write; the C stack bears many times this.
DEEPEST = 6000


class IndexForms:
    """One context of normal forms: budget, assumptions, conditions, caches.

    `positive` names the quantities all of whose entries are > 0. `rules` are side conditions: pairs of tensors of the
    same shape that are equal for all values of their indices; `is_zero` uses them, nothing else does, and one that is
    beyond the form is left out.

    Raises: Undecided from every method, when the budget is exceeded or an expression is beyond the form.
    """

    def __init__(
        self,
        budget: Budget = Budget(),
        positive: frozenset[str] = frozenset(),
        rules: Iterable[tuple[Tensor, Tensor]] = (),
    ) -> None:
        self._budget = budget
        self._reader = Reader(budget, positive)
        self._rules = [found for left, right in rules if (found := self._rule(left, right)) is not None]

    def normalise(self, expr: Expr) -> Poly:
        """The normal form of an index expression."""
        with self._guarded():
            return self._reader.read(expr, {})

    def derivative(self, form: Poly | Expr, name: str, indices: Iterable[Expr] = ()) -> Poly:
        """∂form/∂name[indices], every other name independent; indices are free `Idx` or integers."""
        with self._guarded():
            p = form if isinstance(form, Poly) else self._reader.read(form, {})
            return self._reader.differentiate(p, name, tuple(self._reader.index(i, {}) for i in indices))

    def is_zero(self, form: Poly) -> bool:
        """Whether the form is proved to be 0 wherever it is defined and the conditions and side conditions hold."""
        with self._guarded():
            if not form or not self._reader.clear(form):
                return True
            engine = Conditioned(self._reader, self._rules)
            form = engine.clear(engine.rebuild(form))
            proof = proof_by_stages(engine, form) if form else engine
            if proof is not None:
                self._reader.noted.update(proof.noted)
            return proof is not None

    @property
    def conditions(self) -> list[tuple[str, Expr]]:
        """What every form so far relies on, as ("positive" | "nonnegative" | "nonzero", expression).

        A condition holds for all values of its indices.
        """
        return [(kind, expression(p)) for kind, p in self._reader.conditions()]

    def to_expr(self, form: Poly) -> Expr:
        """The form as an index expression."""
        return expression(form)

    def _rule(self, left: Tensor, right: Tensor) -> Rule | None:
        try:
            wild = tuple(Index(FREE, str(i.label), range_text(i)) for i in left.indices)
            return rule(self._reader, self.normalise(left.expr), self.normalise(right.expr), wild)
        except Undecided:
            return None

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """A new clock and room for deep expressions."""
        self._reader.clock = Clock(self._budget)
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(max(limit, DEEPEST))
        try:
            yield
        except RecursionError:
            raise Undecided("an expression nested too deeply") from None
        finally:
            sys.setrecursionlimit(limit)
