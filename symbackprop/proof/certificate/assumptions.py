"""What is assumed, or holds in a case, used as rules: the leading monomial of the normal form by the rest."""

from collections.abc import Iterator
from fractions import Fraction as F  # noqa: N817
from itertools import combinations
from itertools import product as choices
from typing import Any

from symbackprop.proof.certificate.normal import GiveUp, Place, Scope, divided, leading, raw
from symbackprop.proof.certificate.sums import Sums, unnested
from symbackprop.proof.checker.polynomials import Poly, order, poly, product, rest
from symbackprop.proof.checker.terms import ONE, Rejected, Term, bind, inside, is_a, moved, unbind

MOST_INDICES = 3  # of an assumed equation, for each of which all indices in scope are tried
ROUNDS = 30


def rule(u: Poly) -> Any:
    """The monomial that an assumed equation u = 0 replaces, with its coefficient: one with a sum where there is one."""
    found = [item for item in u.items() if item[0]]
    return max(
        found,
        key=lambda item: (
            any(is_a(a, "sum") for a, _ in item[0]),
            sum(e for _, e in item[0]),
            order(product(ONE, item[0])),
        ),
        default=None,
    )


def sums_of(lead: Any) -> int:
    """How many sums are nested in a monomial with its coefficient, at least 1."""
    return max((len(unnested(a, {})[0]) for a, _ in (lead[0] if lead else ())), default=0) or 1


def bodies(t: Term, place: Place) -> Iterator[Place]:
    """The places within sums in which there is no further sum."""
    within = [k for k in inside(t) if is_a(t, "add", "mul") and is_a(t[k], "mul", "sum")] + [2] * is_a(t, "sum")
    for k in within:
        yield from bodies(t[k], [*place, k])
    if not within:
        yield place


class Assumptions(Sums):
    """The rules; `given` is how many relations were assumed or are conditions."""

    given = 0

    def normal(self, t: Term, place: Place, scope: Scope) -> Term:
        """The normal form."""
        return self.norm(t, place, scope)

    def assumed(self, t: Term) -> Term:
        """Assumed equations used as rules, the leading monomial of the normal form by the rest."""
        for number, (inner, comparison, u, _) in enumerate(self.known[: self.given]):
            if comparison == "==" and len(inner) <= MOST_INDICES:
                with self.aside():
                    u = self.normal(u, [], {**self.scope, **inner})
                new = self.assumed_in(t, [], self.scope, number, u)
                if new != t:
                    return self.norm(new, [], self.scope)
        return t

    def assumed_in(self, t: Term, place: Place, scope: Scope, number: int, u: Term) -> Term:
        """One use of an assumption, the innermost place first."""
        if isinstance(t, F) or t[0] == "d":
            return t
        if is_a(t, "sum"):
            bound, _ = unnested(t, scope)
            inmost = sums_of(rule(poly(u)))
            for last in reversed(list(combinations(range(len(bound)), inmost))) if len(bound) > inmost else ():
                made = len(self.steps_made)
                wanted = [*(n for n in range(len(bound)) if n not in last), *last]
                new = self.arranged(t, wanted, place, scope)
                changed = self.at_end(new, place, scope, number, u, (len(bound), inmost))
                if changed is not None:
                    return changed
                del self.steps_made[made:]
        for k in inside(t):
            new = self.part(t, k, place, scope, lambda p, at, s: self.assumed_in(p, at, s, number, u))
            if new != t:
                return new
        return self.reduced_here(t, place, scope, number, u)

    def at_end(self, t: Term, place: Place, scope: Scope, number: int, u: Term, sums: tuple[int, int]) -> Term | None:
        """An assumption used on the innermost sums, after what does not belong there has left them."""
        depth, inmost = sums
        if depth > inmost:
            failed: list[bool] = []

            def deeper(b: Term, at: Place, s: Scope) -> Term:
                inner = self.at_end(b, at, s, number, u, (depth - 1, inmost))
                failed.append(inner is None)
                return b if inner is None else inner

            t = self.part(t, 2, place, scope, deeper)
            return None if failed[0] else t
        t = self.refold(t, place, scope, inmost) if inmost > 1 else self.do(t, place, scope, "sum")
        t = self.do(t, place, scope, "ring")
        new = self.reduced_here(t, place, scope, number, u)
        return None if new == t else new

    def reduced_here(self, t: Term, place: Place, scope: Scope, number: int, u: Term) -> Term:
        """A multiple of left - right of an assumption, at some indices, taken off."""
        inner = self.known[number][0]
        here = poly(t)
        for at in choices(*([j for j, size in sorted(scope.items()) if size == inner[i]] + [0] for i in inner)):
            lead = rule(poly(moved(u, dict(zip(inner, at, strict=True)))))
            for mono, c in here.items() if lead else ():
                left = divided(mono, lead[0])
                if left is not None:
                    try:
                        return self.do(t, place, scope, "less", raw(product(c / lead[1], left)), number, list(at))
                    except Rejected:
                        continue
        return t

    def lessened(self, t: Term) -> Term:
        """One use of an assumed equation, in any direction, that leaves fewer terms."""
        for number, (inner, comparison, u, _) in enumerate(self.known[: self.given]):
            if comparison == "==" and len(inner) <= MOST_INDICES:
                for place in bodies(t, []):
                    made = len(self.steps_made)
                    for used in self.used_at(t, [], self.scope, place, (number, inner, poly(u))):
                        new = self.norm(used, [], self.scope)
                        if len(poly(new)) < len(poly(t)):
                            return new
                        del self.steps_made[made:]
        return t

    def used_at(self, t: Term, place: Place, scope: Scope, further: Place, known: Any) -> Iterator[Term]:
        """The term after each use of an assumption at a place within."""
        if further:
            k = further[0]
            i = f"#{len(scope)}"
            inner, within = (unbind(t, i), {**scope, i: t[1]}) if t[0] == "sum" else (t[k], scope)
            for new in self.used_at(inner, [*place, k], within, further[1:], known):
                yield bind(i, t[1], new) if t[0] == "sum" else (*t[:k], new, *t[k + 1 :])
            return
        number, ranges, u = known
        for at in choices(*([j for j, size in sorted(scope.items()) if size == ranges[i]] for i in ranges)):
            here = poly(moved(rest(u), dict(zip(ranges, at, strict=True))))
            leads = sorted((mono for mono in here if mono), key=lambda mono: order(product(ONE, mono)))
            for (mono, c), lead in choices(poly(t).items(), leads):
                left = divided(mono, lead)
                factor = None if left is None else product(c / here[lead], left)
                try:
                    if factor is not None:
                        yield self.do(t, place, scope, "less", raw(factor), number, list(at))
                except Rejected:
                    continue

    def without(self, t: Term, u: Term) -> Term:
        """The term modulo u = 0, the last thing known."""
        for _ in range(ROUNDS):
            new = self.reduced(t, [], self.scope, u)
            if new == t:
                return t
            t = self.norm(new, [], self.scope)
        raise GiveUp("no end")

    def reduced(self, t: Term, place: Place, scope: Scope, u: Term) -> Term:
        """A multiple of what is 0, with a leading monomial found anywhere in the term, taken off."""
        lead = leading(poly(u))
        if isinstance(t, F) or lead is None:
            return t
        for mono, c in poly(t).items():
            left = divided(mono, lead[0])
            if left is not None:
                try:
                    return self.do(t, place, scope, "less", raw(product(c / lead[1], left)), len(self.known) - 1, [])
                except Rejected:
                    continue
        for k in inside(t) if t[0] != "d" else ():
            new = self.part(t, k, place, scope, lambda p, at, s: self.reduced(p, at, s, u))
            if new != t:
                return new
        return t
