"""Signs of terms that their structure shows only after they are written in another way."""

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction as F  # noqa: N817
from functools import partial, reduce
from itertools import product as choices
from typing import Any

from symbackprop.proof.certificate.assumptions import Assumptions
from symbackprop.proof.certificate.normal import Place, denominators, divided, raw
from symbackprop.proof.checker.polynomials import Poly, joined, minus, multiplied, order, poly, product, rest, ring
from symbackprop.proof.checker.terms import ONE, TWO, Rejected, Term, add, bind, free, is_a, moved, mul, unbind

MOST_PARTS = 3
FIRST, SECOND = "#i", "#j"  # indices of sums that are proposed; no other has such a name


class Signs(Assumptions):
    """Inequalities; `goal` is the sign that is wanted, 0 for an equation."""

    goal = 0

    def signed(self, t: Term) -> bool:
        """Whether the sign is seen from the structure: as it is, over one denominator, or as a completed square."""
        for changes in ((), (self.over_one,), (self.turned,), (self.over_one, self.turned)):
            if self.shown(partial(self._after, t, changes)):
                return True
        return self.completed(t) or self.grown(t)

    def _after(self, t: Term, changes: Iterable[Callable[[Term], Term]]) -> bool:
        return self.sign(reduce(lambda u, change: change(u), changes, t)) >= self.goal

    def shown(self, way: Callable[[], bool]) -> bool:
        """Whether a way leads to the sign; if not, its steps are taken back."""
        made = len(self.steps_made)
        try:
            if way():
                return True
        except Rejected:
            pass
        del self.steps_made[made:]
        return False

    def grown(self, t: Term) -> bool:
        """Whether the sign of e^t - 1 is seen, for a t with a logarithm as a term."""
        if not any(is_a(a, "log") and e == 1 and len(mono) == 1 for mono in poly(t) for a, e in mono):
            return False

        def way() -> bool:
            self.steps_made.append(["grow", []])
            return self.signed(self.norm(ring(add(("exp", t), -ONE)), [], self.scope))

        return self.shown(way)

    def over_one(self, t: Term) -> Term:
        """All over one denominator, the numerator in normal form, multiplied out."""
        return self.do(self.fraction(t), [], self.scope, "ring")

    def fraction(self, t: Term) -> Term:
        """The product of a numerator in normal form and of powers of denominators."""
        p, exponents = poly(t), denominators(poly(t))
        if not exponents:
            return t
        for a, e in exponents.items():  # as atoms, so that the powers cancel before anything is multiplied out
            p = multiplied(p, {frozenset({(a, e)}): ONE})
        numerator = rest(p)
        if numerator == 0:
            return self.do(t, [], self.scope, "equal", "0")
        new = ("mul", numerator, *(("pow", a, -e) for a, e in exponents.items()))
        t = self.do(t, [], self.scope, "equal", raw(new))
        return self.part(t, 1, [], self.scope, self.norm)

    def turned(self, t: Term) -> Term:
        """A minus sign of each term moved to a factor that is not positive."""
        terms = list(t[1:]) if is_a(t, "add") else [t]
        for n, part in enumerate(terms):
            factors = list(part[1:]) if is_a(part, "mul") else []
            if factors and isinstance(factors[0], F) and factors[0] < 0:
                k = next((k for k, a in enumerate(factors) if k and self.sign(minus(a))), 0)
                if k:
                    terms[n] = ("mul", -factors[0], *factors[1:k], ("mul", F(-1), factors[k]), *factors[k + 1 :])
        return self.do(t, [], self.scope, "equal", raw(("add", *terms)))

    # ------------------------------------------------------------------------------------------ completed

    def completed(self, t: Term) -> bool:
        """Whether the sign is seen after parts that are not negative are split off, from the term or its numerator."""

        def over_one() -> bool:
            whole = self.fraction(t)
            return whole != t and is_a(whole, "mul") and self.parted(whole, [1], MOST_PARTS)

        return self.shown(lambda: self.parted(t, [], MOST_PARTS)) or self.shown(over_one)

    def parted(self, whole: Term, place: Place, most: int) -> bool:
        """Whether the sign is seen after at most so many parts are split off from what stands at a place."""
        t = reduce(lambda t, k: t[k], place, whole)
        negative = len(monomials(poly(t), -1))

        def without(part: Term) -> bool:
            new = self.split_off(t, part, place)
            fewer = len(monomials(poly(new[2]), -1)) < negative
            new = self.replaced(whole, place, new)
            return self.sign(new) >= self.goal or (fewer and most > 1 and self.parted(new, [*place, 2], most - 1))

        parts = (*squares(t), *lagrange(t), *cauchy(t), *parts_of_sums(t), *squares_in_sums(t))
        return any(self.shown(partial(without, part)) for part in parts)

    def split_off(self, t: Term, part: Term, place: Place) -> Term:
        """t = part + (t - part), the difference in normal form."""
        t = self.do(t, place, self.scope, "equal", raw(("add", part, ("add", t, ("mul", -ONE, part)))))
        return self.part(t, 2, place, self.scope, self.norm)


def squares(t: Term) -> Iterator[Term]:
    """u a (x + b/2a)^2 of u (a x^2 + b x + c), for a number a > 0 and a power x of an atom that is not in b and c."""
    p = poly(t)
    lowest = {a: min(dict(mono).get(a, F(0)) for mono in p) for mono in p for a, _ in mono}
    p = multiplied(p, {frozenset((a, -e) for a, e in lowest.items() if e): ONE})
    u = product(ONE, [(a, e) for a, e in lowest.items() if e])
    for mono in monomials(p, 1):
        ((k, double), *others) = mono or [(ONE, ONE)]
        powers = {dict(m).get(k, F(0)) for m in p}
        if not others and powers <= {double, double / 2, F(0)} and double / 2 in powers:
            x = frozenset({(k, double / 2)})
            b = add(*(product(p[m], divided(m, x)) for m in monomials(p, 0) if dict(m).get(k) == double / 2))
            yield mul(u, p[mono], ("pow", add(product(ONE, x), mul(1 / (2 * p[mono]), b)), TWO))


def lagrange(t: Term) -> Iterator[Term]:
    """sum_ij w_i w_j (a_i b_j - a_j b_i)^2/2 of (sum w a^2)(sum w b^2) - (sum w a b)^2, for monomials a, b and w."""
    p = poly(t)
    for (mono, s), (_, whole) in choices(sums_in(p, -1, 2), sums_in(p, 1, 1)):
        mixed, square = (list(poly(unbind(u, FIRST))) for u in (s, whole))
        if whole[1] != s[1] or len(mixed) != 1 or len(square) != 1:
            continue
        ratio = dict(joined(ONE, [*square[0], *((a, -e) for a, e in mixed[0])]).popitem()[0])
        a, b = ([(k, e * sign) for k, e in ratio.items() if e * sign > 0] for sign in (1, -1))
        w = divided(square[0], [(k, 2 * e) for k, e in a])
        if ratio and w is not None:
            here = [product(ONE, factors) for factors in (a, b, w)]
            there = [moved(u, {FIRST: SECOND}) for u in here]
            root = add(mul(here[0], there[1]), mul(-ONE, there[0], here[1]))
            both = bind(SECOND, s[1], mul(here[2], there[2], ("pow", root, TWO)))
            yield mul(product(-p[mono] / 2, mono - {(s, TWO)}), bind(FIRST, s[1], both))


def cauchy(t: Term) -> Iterator[Term]:
    """sum_ij (a_i b_j - a_j b_i)^2/2 of (sum a^2)(sum b^2) - (sum a b)^2, where the squares have roots."""
    p = poly(t)
    for mono, first in sums_in(p, 1, 1):
        for second, e in sorted(mono - {(first, ONE)}, key=order):
            if not is_a(second, "sum") or e != 1 or second[1] != first[1] or order(second) < order(first):
                continue
            a, b = (square_root(unbind(u, FIRST)) for u in (first, second))
            if a is not None and b is not None:
                other_a, other_b = (moved(u, {FIRST: SECOND}) for u in (a, b))
                both = bind(SECOND, first[1], ("pow", add(mul(a, other_b), mul(-ONE, other_a, b)), TWO))
                others = product(p[mono] / 2, mono - {(first, ONE), (second, ONE)})
                yield mul(others, bind(FIRST, first[1], both))


def square_root(t: Term) -> Term | None:
    """The root of a product of exponentials and even powers."""
    ((mono, c), *others) = poly(t).items()
    if others or c != 1 or not all(is_a(a, "exp") or e % 2 == 0 for a, e in mono):
        return None
    return product(ONE, [(a, e / 2) for a, e in mono])


def parts_of_sums(t: Term) -> Iterator[Term]:
    """sum_k a_k (1 - delta_ki)^2 of sum_k a_k - a_i, and multiples of it."""
    p = poly(t)
    for part in monomials(p, -1):
        for mono, s in sums_in(p, 1, 1):
            for i in sorted(free(product(ONE, part)) | free(product(ONE, mono))):
                others = product(ONE, mono - {(s, ONE)})
                if poly(mul(others, unbind(s, i))) == {part: ONE}:
                    other = ("pow", add(ONE, mul(-ONE, ("delta", s[1], FIRST, i))), TWO)
                    yield mul(-p[part], others, bind(FIRST, s[1], mul(unbind(s, FIRST), other)))


def squares_in_sums(t: Term) -> Iterator[Term]:
    """The sum of what `squares` finds in the sum of bodies, of sums over one range with equal factors."""
    p = poly(t)
    groups: dict[Any, list[Term]] = {}
    for mono, s in sums_in(p, 0, 1):
        groups.setdefault((s[1], mono - {(s, ONE)}), []).append(mul(p[mono], unbind(s, FIRST)))
    for (size, others), bodies in groups.items():
        for square in squares(add(*bodies)) if len(bodies) > 1 else ():
            yield mul(product(ONE, others), bind(FIRST, size, square))


def monomials(p: Poly, sign: int) -> list[Any]:
    """Those with a coefficient of this sign, or (0) of any, in order."""
    return sorted((mono for mono, c in p.items() if c * sign >= 0), key=lambda mono: order(product(ONE, mono)))


def sums_in(p: Poly, sign: int, exponent: int) -> list[tuple[Any, Term]]:
    """The sums with this exponent in monomials with a coefficient of this sign."""
    found = [(mono, s) for mono in monomials(p, sign) for s, e in mono if is_a(s, "sum") and e == exponent]
    return sorted(found, key=lambda item: order(item[1]))
