"""The index normal form: the form of an index expression that decides equality for all sizes at once.

    forms = IndexForms(positive=frozenset({"eps"}))
    gradient = forms.derivative(loss, "W", (i, j))
    forms.is_zero(subtract(gradient, forms.normalise(claim)))

A form is the value of its expression wherever that is defined, for all sizes >= 1, under the conditions noted on the
way. If it is 0, so is the expression; if it is not, nothing is known.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from symbackprop.proof.index.cases import proof_by_stages
from symbackprop.proof.index.engine import NONNEGATIVE, NONZERO, POSITIVE
from symbackprop.proof.index.poly import FREE, Index, Poly, subtract
from symbackprop.proof.index.read import Reader, range_text, unguarded
from symbackprop.proof.index.rules import Conditioned, Rule, rule, with_exchanges
from symbackprop.proof.index.signs import nonnegative
from symbackprop.proof.index.write import expression
from symbackprop.proof.limits import Budget, Clock, Undecided, room_for_deep_expressions
from symbackprop.tensor.nodes import Expr, Local, Partial
from symbackprop.tensor.tensor import Tensor

__all__ = ["NONNEGATIVE", "NONZERO", "POSITIVE", "IndexForms", "subtract"]


class IndexForms:
    """One context of normal forms: budget, assumptions, conditions, caches.

    `positive` names the quantities all of whose entries are > 0. `rules` are side conditions: pairs of tensors of the
    same shape that are equal for all values of their indices; `is_zero` uses them, nothing else does, and one that is
    beyond the form is left out. `signs` are inequalities for all values of their indices; those that hold on an open
    set are known from the beginning, the others after differentiation only. Each question has the whole budget, but
    none goes on after the clock `within` ends.

    Raises: Undecided from every method, when the budget is exceeded or an expression is beyond the form.
    """

    def __init__(
        self,
        budget: Budget = Budget(),
        positive: frozenset[str] = frozenset(),
        rules: Iterable[tuple[Tensor, Tensor]] = (),
        within: Clock | None = None,
        signs: Iterable[tuple[Tensor, str, Tensor]] = (),
    ) -> None:
        self._budget, self._within = budget, within
        self._reader = Reader(budget, positive)
        self._closed: list[tuple[str, Poly]] = []
        for left, comparison, right in signs:
            self._learn(left, comparison, right)
        found = [found for left, right in rules if (found := self._rule(left, right)) is not None]
        self._rules = self._with_exchanges(found)

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
            engine = self._conditioned()
            form = engine.clear(engine.rebuild(form))
            proof = proof_by_stages(engine, form) if form else engine
            if proof is not None:
                self._reader.noted.update(proof.noted)
            return proof is not None

    def is_nonnegative(self, form: Poly, strict: bool = False) -> bool:
        """Whether the form is proved to be >= 0 (> 0 when `strict`) wherever it is defined and all conditions hold."""
        with self._guarded():
            engine = self._conditioned()
            proved = nonnegative(engine, engine.rebuild(form), strict)
            if proved:
                self._reader.noted.update(engine.noted)
            return proved

    def _conditioned(self) -> Conditioned:
        engine = Conditioned(self._reader, self._rules)
        for kind, p in self._closed:
            engine.learn(kind, p)
        return engine

    @property
    def conditions(self) -> list[tuple[str, Expr]]:
        """What every form so far relies on, as ("positive" | "nonnegative" | "nonzero", expression).

        A condition holds for all values of its indices.
        """
        return [(kind, expression(p)) for kind, p in self._reader.conditions()]

    def to_expr(self, form: Poly) -> Expr:
        """The form as an index expression."""
        return expression(form)

    def learn(self, kind: str, expr: Expr) -> None:
        """Takes for granted that an expression is positive, nonnegative or nonzero for all values of its indices."""
        for form in self._granted(expr):
            self._reader.learn(kind, form)

    def _granted(self, expr: Expr) -> tuple[Poly, ...]:
        """The form of an expression whose sign is taken for granted, and what positive factors leave of it.

        It is read apart: where the expression is defined is no condition of a proof, and no fact for one either, as
        [c > 0] √s says nothing about s where c <= 0. A form that relies on such a fact, below a guard, is left out.
        """
        reader = self._apart()
        with room_for_deep_expressions():
            form = reader.read(expr, {})
            _, _, rest = reader.split(form, positive_only=True)
        if not reader.noted:
            self._reader.facts = reader.facts  # what the structure of the expression tells about its parts
        return (form, rest) if not reader.noted or unguarded(expr) else ()

    def _apart(self) -> Reader:
        """A reader that knows what this one does, and keeps to itself what it notes."""
        reader = Reader(self._budget, self._reader.positive_names)
        reader.facts = {key: set(kinds) for key, kinds in self._reader.facts.items()}
        reader.clock = Clock(self._budget, self._within)
        return reader

    def _learn(self, left: Tensor, comparison: str, right: Tensor) -> None:
        """Takes note of an assumed inequality.

        A sign that holds on an open set may be used before differentiation: it holds around each of its points. What
        is told by indicators, or may be an equality, is used after that only.
        """
        if comparison in ("<", "<="):
            left, right = right, left
        kind = {"<": POSITIVE, ">": POSITIVE, "!=": NONZERO}.get(comparison, NONNEGATIVE)
        try:
            _check_assumable(left, right)
            forms = self._granted(left.expr - right.expr)
        except Undecided:
            return
        for p in forms:
            if kind == NONNEGATIVE or "#positive" in forms[0].key or "#zero" in forms[0].key:
                self._closed.append((kind, p))
            else:
                self._reader.learn(kind, p)

    def _rule(self, left: Tensor, right: Tensor) -> Rule | None:
        try:
            _check_assumable(left, right)
            if not (unguarded(left.expr) and unguarded(right.expr)):
                self._check_needs_nothing(left.expr - right.expr)
            wild = tuple(Index(FREE, str(i.label), range_text(i)) for i in left.indices)
            return rule(self._reader, self.normalise(left.expr), self.normalise(right.expr), wild)
        except Undecided:
            return None

    def _with_exchanges(self, rules: list[Rule]) -> list[Rule]:
        try:
            with self._guarded():
                return with_exchanges(self._reader, rules)
        except Undecided:
            return rules

    def _check_needs_nothing(self, expr: Expr) -> None:
        """Raises: Undecided for [t > 0] √s, which tells nothing of s where t <= 0: the rule would need s >= 0 there."""
        reader = self._apart()
        reader.read(expr, {})
        if reader.noted:
            raise Undecided("an assumption with a condition below a guard")

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """A new clock and room for deep expressions."""
        self._reader.clock = Clock(self._budget, self._within)
        with room_for_deep_expressions():
            yield


def _check_assumable(*sides: Tensor) -> None:
    """Raises: Undecided for what holds a derivative: a form takes the names in one for independent of each other."""
    if any(side.expr.has(Partial, Local) for side in sides):
        raise Undecided("a derivative in an assumption")
