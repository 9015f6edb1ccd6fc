"""Nested sums in normal form: in front of their products, in one order, parts that share no index apart."""

from fractions import Fraction as F  # noqa: N817
from itertools import permutations
from typing import Any

from symbackprop.proof.certificate.functions import Functions
from symbackprop.proof.certificate.normal import Place, Scope, raw
from symbackprop.proof.checker.polynomials import order, poly, product, rest
from symbackprop.proof.checker.terms import ONE, Term, bind, free, is_a, unbind

MOST_SUMS = 6  # nested ones whose orders are compared


def unnested(t: Term, scope: Scope) -> tuple[list[tuple[str, Any]], Term]:
    """The indices of nested sums with their ranges, and the innermost body; named as on the way there."""
    bound: list[tuple[str, Any]] = []
    while is_a(t, "sum"):
        i = f"#{len(scope) + len(bound)}"
        bound.append((i, t[1]))
        t = unbind(t, i)
    return bound, t


def nested(bound: Any, body: Term) -> Term:
    for i, size in reversed(bound):
        body = bind(i, size, body)
    return body


def meets(i: str, size: Any, body: Term) -> bool:
    """Whether the sum over one index of the factors with it is one that a factor of the body is divided by."""
    p = poly(body)
    factors = next(iter(p)) if len(p) == 1 else frozenset()
    inner = bind(i, size, product(ONE, [(a, e) for a, e in factors if i in free(a)]))
    return any(a == inner and e < 0 for a, e in factors)


class Sums(Functions):
    """The laws of sums."""

    def norm_sum(self, t: Term, place: Place, scope: Scope) -> Term:
        t = self.do(t, place, scope, "sum")
        t = self.do(t, place, scope, "ring")
        if is_a(t, "add"):
            for k in range(1, len(t)):
                t = self.part(t, k, place, scope, self.sums)
        else:
            t = self.sums(t, place, scope)
        return self.norm_add(t, place, scope)

    def sums(self, t: Term, place: Place, scope: Scope) -> Term:
        """The sums among the factors of a monomial in canonical order, sums within them in front."""
        if is_a(t, "sum"):
            return self.prenex(t, place, scope)
        for k in range(1, len(t)) if is_a(t, "mul") else ():
            if is_a(t[k], "sum"):
                t = self.part(t, k, place, scope, self.prenex)
            if is_a(t[k], "pow") and is_a(t[k][1], "sum"):
                t = self.part(t, k, place, scope, lambda p, at, s: self.part(p, 1, at, s, self.prenex))
        return t

    def prenex(self, t: Term, place: Place, scope: Scope, outermost: bool = True) -> Term:
        """Sums within the body, which is one monomial, are pulled out to the front."""
        _, _, body = t
        if is_a(body, "sum"):
            t = self.part(t, 2, place, scope, lambda b, at, s: self.prenex(b, at, s, False))
            return self.ordered(t, place, scope) if outermost else t
        factors = body[1:] if is_a(body, "mul") else (body,)
        for n, a in enumerate(factors):
            s = a[1] if is_a(a, "pow") and a[2].denominator == 1 and a[2] > 1 else a
            if is_a(s, "sum"):
                again: list[bool] = []

                def pulled(b: Term, at: Place, inner: Scope, n: int = n, again: list[bool] = again) -> Term:
                    b = self.pulled(b, n, at, inner)
                    body = b[2]
                    deltas = any(is_a(part, "delta") for part in (body[1:] if is_a(body, "mul") else (body,)))
                    if deltas or is_a(body, "add") or isinstance(body, F):
                        again.append(True)
                        return self.norm_sum(b, at, inner)
                    return self.prenex(b, at, inner, False)

                t = self.part(t, 2, place, scope, pulled)
                if again:
                    return self.norm_sum(t, place, scope)
                return self.ordered(t, place, scope) if outermost else t
        return self.ordered(t, place, scope) if outermost else t

    def pulled(self, b: Term, n: int, place: Place, scope: Scope) -> Term:
        """A monomial with its n-th factor, a sum or a power of one, as one sum, the body in normal form."""
        factors = list(b[1:]) if is_a(b, "mul") else [b]
        a = factors.pop(n)
        if is_a(a, "pow"):
            factors.append(a[1] if a[2] == 2 else ("pow", a[1], a[2] - 1))
            a = a[1]
        wanted = ("mul", a, *factors)
        if wanted != b:
            b = self.do(b, place, scope, "equal", raw(wanted))
        b = self.do(b, place, scope, "pull", 1)
        return self.part(b, 2, place, scope, self.norm_add)

    def ordered(self, t: Term, place: Place, scope: Scope) -> Term:
        """Nested sums over one monomial in canonical order; parts that share no index become sums of their own."""
        bound, body = unnested(t, scope)
        last = next((n for n, (i, size) in enumerate(bound) if len(bound) > 1 and meets(i, size, body)), None)
        if last is not None:
            wanted = [*(n for n in range(len(bound)) if n != last), last]
            return self.refold(self.arranged(t, wanted, place, scope), place, scope, len(bound))
        own = {i for i, _ in bound}
        groups: list[set[str]] = []
        for a in body[1:] if is_a(body, "mul") else (body,):
            shared = free(a) & own
            merged = shared.union(*(g for g in groups if g & shared))
            groups = [g for g in groups if not g & shared] + ([merged] if shared else [])
        if len(bound) > 1 and (len(groups) > 1 or not groups or own - groups[0]):
            first = groups[0] if groups else set()
            wanted = sorted(range(len(bound)), key=lambda n: bound[n][0] in first)
            return self.refold(self.arranged(t, wanted, place, scope), place, scope, len(bound))
        if 2 <= len(bound) <= MOST_SUMS:

            def rank(wanted: Any) -> Any:
                made = nested([bound[n] for n in wanted], body)
                renamed = unnested(made, {})[1]
                return [str(bound[n][1]) for n in wanted], order(rest(poly(renamed)))

            t = self.arranged(t, list(min(permutations(range(len(bound))), key=rank)), place, scope)
        return self.innermost(t, len(bound), place, scope)

    def innermost(self, t: Term, depth: int, place: Place, scope: Scope) -> Term:
        """The innermost body in its order."""
        if depth == 0:
            return self.do(t, place, scope, "ring")
        return self.part(t, 2, place, scope, lambda b, at, s: self.innermost(b, depth - 1, at, s))

    def arranged(self, t: Term, wanted: list[int], place: Place, scope: Scope) -> Term:
        """The nested sums in this order, by exchanging neighbours."""
        now = list(range(len(wanted)))
        for position, number in enumerate(wanted):
            while (at := now.index(number)) > position:
                t = self.swapped(t, at - 1, place, scope)
                now[at - 1], now[at] = now[at], now[at - 1]
        return t

    def swapped(self, t: Term, depth: int, place: Place, scope: Scope) -> Term:
        """The sum at a depth exchanged with the one within it."""
        if depth == 0:
            return self.do(t, place, scope, "swap")
        return self.part(t, 2, place, scope, lambda b, at, s: self.swapped(b, depth - 1, at, s))

    def refold(self, t: Term, place: Place, scope: Scope, depth: int) -> Term:
        """Each sum by the law of sums, from the inside out."""
        if depth > 1:
            t = self.part(t, 2, place, scope, lambda b, at, s: self.refold(b, at, s, depth - 1))
        return self.norm_sum(t, place, scope)
