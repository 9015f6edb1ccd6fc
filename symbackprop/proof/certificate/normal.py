"""A rewriting normaliser that logs the laws of the checker which it applies. Nothing here is trusted."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction as F  # noqa: N817
from math import gcd
from time import process_time
from typing import Any

from symbackprop.proof.checker.laws import LAWS
from symbackprop.proof.checker.polynomials import Poly, multiplied, order, poly, product, rest
from symbackprop.proof.checker.replay import Proof
from symbackprop.proof.checker.terms import ONE, Rejected, Term, add, bind, inside, is_a, mul, unbind

Place = list[int]
Scope = dict[str, Any]
Change = Callable[[Term, Place, Scope], Term]
MOST_STEPS = 6000
MOST_ROUNDS = 50


class GiveUp(Exception):
    """No proof was found this way."""


def raw(t: Term, depth: int = 0) -> Any:
    """A term as it stands in a certificate."""
    if isinstance(t, F):
        return str(t)
    if t[0] == "pow":
        return ["pow", raw(t[1], depth), str(t[2])]
    if t[0] == "sum":
        i = f"b{depth}"
        return ["sum", i, t[1], raw(unbind(t, i), depth + 1)]
    if t[0] in ("at", "delta", "size", "pi"):
        return list(t)
    return [raw(p, depth) if k in inside(t) or (t[0] == "d" and k == 2) else p for k, p in enumerate(t)]


def content(p: Poly) -> F:
    """The rational number to take out of a polynomial: its last coefficient is positive then, all are whole."""
    numerator, denominator = 0, 1
    for c in p.values():
        numerator = gcd(numerator, c.numerator)
        denominator = denominator * c.denominator // gcd(denominator, c.denominator)
    last = max(p, key=lambda mono: order(product(ONE, mono)))
    return F(numerator, denominator) * (-1 if p[last] < 0 else 1)


def leading(p: Poly) -> Any:
    """The leading monomial by a graded order on atoms and its coefficient; None where an exponent is negative."""
    best: Any = None
    for mono, c in p.items():
        var = [(a, e) for a, e in mono if not is_a(a, "size", "pi")]
        if any(e < 0 for _, e in var):
            return None
        rank = (sum(e for _, e in var), sorted(map(order, var)))
        if best is None or rank > best[0]:
            best = rank, mono, c
    return best[1:] if best and best[1] else None


def denominators(p: Poly) -> dict[Term, F]:
    """The sums in denominators with their exponents."""
    found: dict[Term, F] = {}
    for mono in p:
        for a, e in mono:
            if e < 0 and is_a(a, "add", "sum"):
                found[a] = max(-e, found.get(a, F(0)))
    return {a: found[a] for a in sorted(found, key=order)}


def divided(mono: Any, factor: Any) -> Any:
    """A monomial divided by a factor of it; None where it is none."""
    powers = dict(mono)
    if any(powers.get(a, F(0)) < e for a, e in factor):
        return None
    for a, e in factor:
        powers[a] -= e
    return frozenset((a, e) for a, e in powers.items() if e)


class Normaliser(Proof):
    """Terms in normal form, as far as the laws lead; `steps_made` are those that were applied."""

    def __init__(self, certificate: dict[str, Any], seconds: float = 10.0) -> None:
        self.deadline = process_time() + seconds
        self.steps_made: list[Any] = []
        self.found: dict[Any, tuple[Term, list[Any]]] = {}
        self.found_with: Any = None  # what was known then
        super().__init__(certificate)

    def do(self, t: Term, place: Place, scope: Scope, law: str, *given: Any) -> Term:
        """One step."""
        if len(self.steps_made) > MOST_STEPS or process_time() > self.deadline:
            raise GiveUp("too many steps, or too long")
        new = self.equation(t, law) if law in LAWS else getattr(self, "law_" + law)(t, scope, *given)
        if new != t:
            self.steps_made.append([law, list(place), *given])
        return new

    def tried(self, t: Term, place: Place, scope: Scope, *laws: str) -> Term | None:
        """The first of these laws that applies."""
        for law in laws:
            try:
                return self.do(t, place, scope, law)
            except Rejected:
                continue
        return None

    def part(self, t: Term, k: int, place: Place, scope: Scope, change: Change) -> Term:
        """The term with the part at k changed."""
        if t[0] == "sum":
            i = f"#{len(scope)}"
            return bind(i, t[1], change(unbind(t, i), [*place, 2], {**scope, i: t[1]}))
        with self.within(t):
            return (*t[:k], change(t[k], [*place, k], scope), *t[k + 1 :])

    @contextmanager
    def within(self, t: Term) -> Iterator[None]:
        """What is varied within a derivative."""
        kept, self.varied = self.varied, self.varied | ({t[2][1]} if t[0] == "d" else set())
        try:
            yield
        finally:
            self.varied = kept

    @contextmanager
    def aside(self) -> Iterator[list[Any]]:
        """Steps that are logged apart."""
        kept, self.steps_made = self.steps_made, []
        try:
            yield self.steps_made
        finally:
            self.steps_made = kept

    def norm(self, t: Term, place: Place, scope: Scope) -> Term:
        """The normal form of what stands at a place; found once for equal terms while the same is known."""
        if isinstance(t, F) or t[0] in ("at", "size", "pi", "d"):
            return t
        if self.found_with is not self.known:
            self.found, self.found_with = {}, self.known
        key = t, tuple(scope.items()), frozenset(self.varied)
        if key not in self.found:
            with self.aside() as steps:
                self.found[key] = self.normal_form(t, [], scope), steps
        new, steps = self.found[key]
        self.steps_made += [[law, [*place, *further], *given] for law, further, *given in steps]
        return new

    def normal_form(self, t: Term, place: Place, scope: Scope) -> Term:
        if t[0] == "delta":
            return self.tried(t, place, scope, "delta") or t if t[2] == t[3] or t[1] == 1 else self.of_numbers(t, place)
        for k in inside(t):
            t = self.part(t, k, place, scope, self.norm)
        change = getattr(self, "norm_" + t[0], None)
        return change(t, place, scope) if change else t

    def of_numbers(self, t: Term, place: Place) -> Term:
        return self.do(t, place, {}, "delta") if isinstance(t[2], int) and isinstance(t[3], int) else t

    # ------------------------------------------------------------------------------------------ products

    def norm_add(self, t: Term, place: Place, scope: Scope) -> Term:
        """Multiplied out, then the laws about single monomials, until nothing changes."""
        for _ in range(MOST_ROUNDS):
            t = self.do(t, place, scope, "ring")
            new = self.monomials(t, place, scope)
            if new == t:
                return t
            t = new
        raise GiveUp("no end in a product")

    norm_mul = norm_add

    def monomials(self, t: Term, place: Place, scope: Scope) -> Term:
        if not is_a(t, "add"):
            return self.monomial(t, place, scope)
        for k in range(1, len(t)):
            t = self.part(t, k, place, scope, self.monomial)
        return t

    def monomial(self, t: Term, place: Place, scope: Scope) -> Term:
        """A monomial with a delta, a square of a sine, a known zero, or a sum that meets its inverse."""
        if not is_a(t, "mul", "pow"):
            return t
        factors = t[1:] if t[0] == "mul" else (t,)
        if t[0] == "mul" and any(is_a(a, "delta") for a in factors):
            try:
                new = self.law_delta(t, scope)
            except Rejected:
                new = t
            if rest(poly(new)) != rest(poly(t)):
                return self.norm(self.do(t, place, scope, "delta"), place, scope)
        for change in (self.square_of_sine, self.without_zero, self.exchanged):
            new = change(t, place, scope)
            if new is not None:
                return new
        return t

    def square_of_sine(self, t: Term, place: Place, scope: Scope) -> Term | None:
        """sin^2 a by cos^2 a."""
        ((mono, c),) = poly(t).items()
        for a, e in mono:
            if is_a(a, "sin") and e >= 2:
                square = ("pow", a, F(2))
                left = product(c, divided(mono, [(a, F(2))]))
                t = self.do(t, place, scope, "equal", raw(mul(left, square)))
                return (*t[:2], self.do(t[2], [*place, 2], scope, "sin square"))
        return None

    def without_zero(self, t: Term, place: Place, scope: Scope) -> Term | None:
        """c lead(u) [u = 0] = -c rest(u) [u = 0]."""
        ((mono, c),) = poly(t).items()
        for a, e in mono:
            lead: Any = leading(poly(a[1])) if is_a(a, "zero") and e > 0 and not self.varied else None
            quotient = divided(mono - {(a, e)}, lead[0]) if lead else None
            if quotient is not None:
                u, left = a[1], product(c / lead[1], quotient)
                other = mul(left, add(product(lead[1], lead[0]), mul(-ONE, u)), a)
                try:
                    new = self.do(t, place, scope, "equal", raw(add(mul(left, ("mul", u, a)), rest(poly(other)))))
                    new = ("add", ("mul", new[1][1], self.do(new[1][2], [*place, 1, 2], scope, "times zero")), new[2])
                except Rejected:
                    continue
                return self.do(new, place, scope, "ring")
        return None

    def exchanged(self, t: Term, place: Place, scope: Scope) -> Term | None:
        """lead(b) b^-k = b^-(k-1) - rest(b) b^-k."""
        ((mono, c),) = poly(t).items()
        for a, e in sorted(mono, key=order):
            lead: Any = leading(poly(a)) if is_a(a, "add") and e <= -1 else None
            quotient = divided(mono - {(a, e)}, lead[0]) if lead else None
            if quotient is not None:
                left = product(c / lead[1], quotient)
                others = add(a, mul(-ONE, product(lead[1], lead[0])))
                first = left if e == -1 else mul(left, ("pow", a, e + 1))
                new = rest(poly(add(first, mul(-ONE, left, others, ("pow", a, e)))))
                return self.do(t, place, scope, "equal", raw(new))
        return None

    def common(self, p: Poly, q: F) -> Any:
        """A factor common to all terms of a sum, for a power q: a coefficient and powers of atoms."""
        c = abs(content(p)) if q.denominator > 1 else content(p)
        low = []
        for a in sorted({a for mono in p for a, _ in mono}, key=order):
            least = min(dict(mono).get(a, F(0)) for mono in p)
            if least and (q.denominator == 1 or self.sign(a) == 2):
                low.append((a, least))
        return c, low

    def factored(self, t: Term, place: Place, scope: Scope, common: Any) -> Term:
        """A sum as the product of a common factor and the rest, a number in front."""
        c, low = common
        # As powers of atoms, so that they cancel before anything is multiplied out.
        primitive = rest(multiplied(poly(t), {frozenset((a, -e) for a, e in low): 1 / c}))
        parts = [*([c] if c != 1 else []), *(a if e == 1 else ("pow", a, e) for a, e in low), primitive]
        return self.do(t, place, scope, "equal", raw(mul(*parts)))
