"""From hints to the steps of a proof: derivatives and definitions first, the normal form, then what is assumed."""

from fractions import Fraction as F  # noqa: N817
from itertools import product as choices
from typing import Any

from symbackprop.errors import shorten
from symbackprop.proof.certificate.assumptions import ROUNDS
from symbackprop.proof.certificate.normal import GiveUp, Place, Scope, raw
from symbackprop.proof.certificate.signs import Signs
from symbackprop.proof.certificate.steps import grouped
from symbackprop.proof.checker.polynomials import minus, order, poly, rest
from symbackprop.proof.checker.statement import show
from symbackprop.proof.checker.terms import ONE, Rejected, Term, free, inside, is_a, nodes

MOST_CASES = 6


class Elaborator(Signs):
    """Tries one way: which derivatives to unfold, which definitions to insert, functions opaque or written out."""

    def __init__(self, certificate: dict[str, Any], compact: Any, hints: dict[str, Any], seconds: float = 10.0) -> None:
        self.unfold = {tuple(pair) for pair in hints["unfold"]}
        self.insert, self.write_out = set(hints["insert"]), hints.get("write_out", False)
        self.forced = 0
        self.statement, self.as_written = certificate["statement"], hints.get("as_written", False)
        super().__init__(certificate, compact, hints["functions"], seconds)
        self.given = len(self.known)  # assumptions and conditions, before what is derived from them

    def proof(self) -> list[Any]:
        """The steps that prove the statement.

        Raises: GiveUp or Rejected when this way leads to none.
        """
        self.derive()
        if self.as_written:
            t = self.factors(self.opened(self.sides(), [], self.scope), [], self.scope)
            t = self.do(t, [], self.scope, "ring")
        else:
            t = self.normal(self.gap, [], self.scope)
        self.goal = {"==": 0, ">=": 1, ">": 2}[self.comparison]
        self.finished(t, MOST_CASES)
        return grouped(self.steps_made)

    def sides(self) -> Term:
        """left - right as written, with products that are not multiplied out, so that each name stands there once."""
        left, right = (self.term(self.statement[side], self.scope) for side in ("left", "right"))
        return self.do(self.gap, [], self.scope, "equal", raw(("add", left, ("mul", -ONE, right))))

    def factors(self, t: Term, place: Place, scope: Scope) -> Term:
        """The normal forms of factors and terms, which are not multiplied out."""
        if not is_a(t, "add", "mul"):
            return self.norm(t, place, scope)
        for k in inside(t):
            t = self.part(t, k, place, scope, self.factors)
        return t

    def derive(self) -> None:
        """Conditions in normal form."""
        for number in range(self.given):
            inner, comparison, u, _ = self.known[number]
            everywhere = [None] * len(inner)
            if comparison == "==":
                continue
            with self.aside() as steps:
                try:
                    new = self.normal(u, [], {**self.scope, **inner})
                except Rejected:
                    continue
            if new != u and not isinstance(new, F):
                self.steps_made.append(["derive", [], number, everywhere, steps])
                self.learn(inner, comparison, new)

    def normal(self, t: Term, place: Place, scope: Scope) -> Term:
        return self.norm(self.opened(t, place, scope), place, scope)

    def opened(self, t: Term, place: Place, scope: Scope) -> Term:
        """All derivatives that are to be unfolded are, and definitions inserted."""
        if isinstance(t, F):
            return t
        if t[0] == "d":
            return self.differentiated(t, place, scope)
        if t[0] == "at":
            put_in = t[1] in self.insert and t[1] in self.values and t[1] not in self.varied
            return self.opened(self.do(t, place, scope, "define"), place, scope) if put_in else t
        if t[0] == "sum" and self.write_out and isinstance(t[1], int):
            return self.opened(self.do(t, place, scope, "write"), place, scope)
        for k in inside(t):
            t = self.part(t, k, place, scope, self.opened)
        return t

    def differentiated(self, t: Term, place: Place, scope: Scope) -> Term:
        """A total derivative: that of a term, or of a name where it is to be unfolded."""
        _, f, v = t
        if not is_a(f, "at") and any(is_a(n, "d") for n in nodes(f)):
            self.forced += 1
            t = self.part(t, 1, place, scope, self.opened)
            self.forced -= 1
        elif is_a(f, "at") and not (
            f[1] == v[1] or self.forced or not self.depends(f, v[1]) or {(f[1], v[1]), ("*", "*")} & self.unfold
        ):
            return t
        return self.opened(self.do(t, place, scope, "chain"), place, scope)

    # ------------------------------------------------------------------------------------------ the end

    def finished(self, t: Term, cases: int) -> None:
        """0, by assumptions, a common denominator, and cases; or a term of known sign."""
        for _ in range(ROUNDS):
            if t == 0 if self.goal == 0 else self.signed(t):
                return None
            new = self.assumed(t)
            new = self.over_one(t) if new == t and self.goal == 0 else new
            new = self.lessened(t) if new == t and self.goal == 0 else new
            if new == t:
                return self.by_cases(t, cases)
            t = new
        raise GiveUp("no end")

    def by_cases(self, t: Term, cases: int) -> None:
        """u > 0, u = 0, u < 0 for the simplest argument of an indicator."""
        found = {
            n[1]
            for n in nodes(t)
            if is_a(n, "positive", "zero")
            and free(n) <= set(self.scope)
            and not any(i < 0 for m in nodes(n) if is_a(m, "at", "delta") for i in m[2:] if isinstance(i, int))
            and not any(is_a(m, "positive", "zero") for m in nodes(n[1]))
        }
        kept, known = self.steps_made, self.known
        for u in sorted(found, key=lambda u: (len(list(nodes(u))), order(u))) if cases else ():
            u, proofs = rest(poly(u)), []
            try:
                for comparison, fact in ((">", u), ("==", u), (">", minus(u))):
                    with self.aside() as steps:
                        self.known = [*known, ({}, comparison, fact, False)]
                        self.case(t, fact, comparison, cases)
                    proofs.append(list(steps))
            finally:
                self.known = known
            kept.append(["cases", [], raw(u), *proofs])
            return
        raise GiveUp(f"of what is left the sign is not seen: {shorten(show(raw(t)))}")

    def case(self, t: Term, fact: Term, comparison: str, cases: int) -> None:
        """The steps in one case."""
        if self.impossible():
            return
        case = self.norm(t, [], self.scope)
        if comparison == "==":
            case = self.without(case, fact)
        if case == t:
            raise GiveUp("a case that changes nothing")
        self.finished(case, cases - 1)

    def impossible(self) -> bool:
        """Whether what is known contradicts itself, with the step that says so."""
        number = len(self.known) - 1
        _, comparison, u, _ = self.known[number]
        if self.contradicts(comparison, u):
            self.steps_made.append(["absurd", [], number, [], []])
            return True
        for n, (inner, held, _, _) in enumerate(self.known[:number]):
            if held not in (">", "!=") or len(inner) > 2:
                continue
            for at in choices(*([j for j, size in sorted(self.scope.items()) if size == inner[i]] for i in inner)):
                with self.aside() as steps:
                    try:
                        v = self.norm(self.placed(n, list(at), self.scope), [], self.scope)
                        v = self.without(v, u) if comparison == "==" else v
                    except Rejected:
                        continue
                if self.contradicts(held, v):
                    self.steps_made.append(["absurd", [], n, list(at), steps])
                    return True
        return False

    def contradicts(self, comparison: str, u: Term) -> bool:
        """Whether a term cannot be so related to 0."""
        if comparison == ">":
            return self.sign(minus(u)) >= 1
        return self.nonzero(u) if comparison == "==" else u == 0
