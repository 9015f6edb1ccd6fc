"""Normal forms of powers, exponentials, logarithms and indicators."""

from fractions import Fraction as F  # noqa: N817

from symbackprop.proof.certificate.calls import Calls
from symbackprop.proof.certificate.normal import GiveUp, Place, Scope, content, raw
from symbackprop.proof.checker.polynomials import minus, poly
from symbackprop.proof.checker.terms import ONE, Rejected, Term, is_a, mul

MOST_PRIME = 1000


def rational_root(c: F, n: int) -> tuple[F, F]:
    """(r, s) with c = r^n s for a c > 0: s is whole and, as far as small primes tell, without n-th powers."""
    left, root = c.numerator * c.denominator ** (n - 1), F(1, c.denominator)
    for k in range(2, MOST_PRIME):
        while left % k**n == 0:
            left, root = left // k**n, root * k
    return root, F(left)


class Functions(Calls):
    """The laws of functions."""

    # ------------------------------------------------------------------------------------------ powers

    def norm_pow(self, t: Term, place: Place, scope: Scope) -> Term:
        _, base, q = t
        if q.denominator == 1 and not (len(poly(base)) > 1 and q < 0):
            return self.norm_add(t, place, scope)
        if isinstance(base, F):
            return self.power_of_number(t, place, scope)
        p = poly(base)
        if len(p) > 1:
            c, low = self.common(p, q)
            if c == 1 and not low:
                return self.norm_add(t, place, scope)
            return self.split(
                self.part(t, 1, place, scope, lambda b, at, s: self.factored(b, at, s, (c, low))), place, scope
            )
        ((mono, c),) = p.items()
        if c == 1 and len(mono) == 1:
            ((a, e),) = mono
            if e == 1 or e.denominator > 1:
                return self.do(t, place, scope, "ring")
            return self.nested(t, a, e, place, scope)
        return self.split(t, place, scope)

    def split(self, t: Term, place: Place, scope: Scope) -> Term:
        """A power of a product as the product of powers, positive factors first."""
        factors = list(t[1][1:]) if is_a(t[1], "mul") else [t[1]]
        if t[2].denominator > 1:
            positive = [a for a in factors if self.sign(a) == 2]
            others = [a for a in factors if a not in positive]
            if not positive:
                return t
            wanted = [*positive, *([others[0] if len(others) == 1 else ("mul", *others)] if others else [])]
        else:
            wanted = factors
        if len(wanted) == 1:
            return self.norm_add(t, place, scope) if t[2].denominator == 1 else t
        t = ("pow", self.do(t[1], [*place, 1], scope, "equal", raw(("mul", *wanted))), t[2])
        at = list(place)
        parts = []
        whole = t
        for _ in range(len(wanted) - 1):
            whole = self.times(whole, at, scope)
            parts.append(whole[1])
            at, whole = [*at, 2], whole[2]
        parts.append(whole)
        made: Term = parts[-1]
        for n in range(len(parts) - 2, -1, -1):
            made = ("mul", parts[n], made)
        return self.norm_mul(self.normal_parts(made, place, scope, len(parts)), place, scope)

    def times(self, t: Term, place: Place, scope: Scope) -> Term:
        """A power of a product of two as the product of powers."""
        new = self.tried(
            t, place, scope, *(["power times"] if t[2].denominator == 1 else ["root times", "root of both"])
        )
        if new is None:
            raise Rejected("factors of unknown sign")
        return new

    def normal_parts(self, t: Term, place: Place, scope: Scope, count: int) -> Term:
        """The powers in a product of two, of which the second is one again."""
        if count == 1:
            return (
                self.norm(t, place, scope)
                if not (is_a(t, "pow") and t[2].denominator > 1 and self.sign(t[1]) < 2)
                else self.norm_rest(t, place, scope)
            )
        first = self.norm(t[1], [*place, 1], scope)
        return ("mul", first, self.normal_parts(t[2], [*place, 2], scope, count - 1))

    def norm_rest(self, t: Term, place: Place, scope: Scope) -> Term:
        """The power of the factors of unknown sign."""
        return self.do(t, place, scope, "ring") if len(poly(t[1])) == 1 and not is_a(t[1], "mul", "pow") else t

    def nested(self, t: Term, a: Term, e: F, place: Place, scope: Scope) -> Term:
        """(a^e)^q = a^(e q) for a >= 0, by a^e = a^(1/2) a^(e - 1/2)."""
        if not self.sign(a):
            return t
        halves = ("mul", ("pow", a, F(1, 2)), ("pow", a, e - F(1, 2)))
        t = ("pow", self.do(t[1], [*place, 1], scope, "equal", raw(halves)), t[2])
        return self.do(self.times(t, place, scope), place, scope, "ring")

    def power_of_number(self, t: Term, place: Place, scope: Scope) -> Term:
        """c^(m/n) as r^m s^(m/n) for c = r^n s; of a whole s without n-th powers only a root is left, 0 < m/n < 1."""
        _, c, q = t
        n, whole = q.denominator, q.numerator // q.denominator
        if n == 1 or c <= 0:
            return self.do(t, place, scope, "ring")
        root, left = rational_root(c, n)
        if root == 1 and whole:
            t = self.do(t, place, scope, "equal", raw(("mul", left**whole, ("pow", left, q - whole))))
        if root == 1:
            return self.do(t, place, scope, "ring")
        t = ("pow", self.do(c, [*place, 1], scope, "equal", raw(("mul", *[root] * n, left))), q)
        at, parts = list(place), []
        for _ in range(n):
            t = self.times(t, at, scope)
            parts.append(t[1])
            at, t = [*at, 2], t[2]
        t = self.power_of_number(t, at, scope)
        for part in reversed(parts):
            t = ("mul", part, t)
        return self.do(t, place, scope, "ring")

    # ------------------------------------------------------------------------------------------ exp, log

    def norm_exp(self, t: Term, place: Place, scope: Scope) -> Term:
        """The exponential of a sum as a product, of c a as a power, of a logarithm as what it is of."""
        if is_a(t[1], "add"):
            t = self.do(t, place, scope, "exp sum")
            first = self.norm_exp(t[1], [*place, 1], scope)
            return self.norm_mul(("mul", first, self.norm_exp(t[2], [*place, 2], scope)), place, scope)
        if t[1] == 0 or (isinstance(t[1], F) and t[1] != 1):
            return self.of_number(t, place, scope)
        new = self.tried(t, place, scope, "exp times", "exp log")
        if new is None:
            return t
        if is_a(new, "pow"):
            new = ("pow", self.norm_exp(new[1], [*place, 1], scope), new[2])
        return self.norm(new, place, scope) if is_a(new, "pow") else new

    def of_number(self, t: Term, place: Place, scope: Scope) -> Term:
        """exp c = (exp 1)^c."""
        one = ("exp", self.do(t[1], [*place, 1], scope, "equal", raw(("mul", t[1], ONE))))
        new = self.do(one, place, scope, "exp times")
        return self.do(new, place, scope, "ring") if t[1] == 0 else new

    def norm_log(self, t: Term, place: Place, scope: Scope) -> Term:
        """The logarithm of a product as a sum, positive factors first."""
        p = poly(t[1])
        if not p:
            raise GiveUp("the logarithm of 0")
        if is_a(t[1], "exp") or t[1] == 1:
            return self.do(t, place, scope, "log exp" if t[1] != 1 else "log one")
        if len(p) > 1:
            c, low = self.common(p, F(1, 2))
            if c == 1 and not low:
                return t
            t = self.part(t, 1, place, scope, lambda b, at, s: self.factored(b, at, s, (c, low)))
        if is_a(t[1], "pow"):
            _, a, q = t[1]
            if q % 2 == 0 and self.sign(minus(a)) == 2:
                t = ("log", self.do(t[1], [*place, 1], scope, "equal", raw(("pow", mul(-ONE, a), q))))
            new = self.tried(t, place, scope, "log power")
            return t if new is None else self.norm(new, place, scope)
        factors = list(t[1][1:]) if is_a(t[1], "mul") else [t[1]]
        positive = [a for a in factors if self.sign(a) == 2]
        others = [a for a in factors if a not in positive]
        wanted = [*positive, *([others[0] if len(others) == 1 else ("mul", *others)] if others else [])]
        if len(wanted) < 2:
            return t
        t = ("log", self.do(t[1], [*place, 1], scope, "equal", raw(("mul", *wanted))))
        return self.logs(t, place, scope)

    def logs(self, t: Term, place: Place, scope: Scope) -> Term:
        """The logarithm of a product whose first factor is positive."""
        if not is_a(t[1], "mul") or self.sign(t[1][1]) < 2:
            return self.norm_log(t, place, scope) if not is_a(t[1], "mul", "add") else t
        t = self.do(t, place, scope, "log times")
        first = self.norm_log(t[1], [*place, 1], scope)
        return self.norm_add(("add", first, self.logs(t[2], [*place, 2], scope)), place, scope)

    # ------------------------------------------------------------------------------------------ indicators, parity

    def norm_erf(self, t: Term, place: Place, scope: Scope) -> Term:
        """An odd or even function of a term with a fixed sign."""
        p = poly(t[1])
        if not p or content(p) > 0:
            return t
        t = self.do(t, place, scope, {"erf": "erf odd", "sin": "sin odd", "cos": "cos even"}[t[0]])
        at = [1] if t[0] == "cos" else [2, 1]
        inner = t if t[0] == "cos" else t[2]
        inner = (inner[0], self.do(inner[1], [*place, *at], scope, "ring"))
        return inner if t[0] == "cos" else self.norm_add((*t[:2], inner), place, scope)

    norm_sin = norm_cos = norm_erf

    def norm_positive(self, t: Term, place: Place, scope: Scope) -> Term:
        """An indicator by what is known, or of a term with a fixed sign and without positive factors."""
        if t == ("zero", F(0)):
            return self.do(t, place, scope, "zero")
        new = self.tried(t, place, scope, *(("is positive", "not positive") if t[0] == "positive" else ("not zero",)))
        if new is not None:
            return new
        p = poly(t[1])
        if len(p) > 1:
            c, low = self.common(p, F(1, 2))
            c = content(p)
            if c == 1 and not low:
                return t
            t = self.part(t, 1, place, scope, lambda b, at, s: self.factored(b, at, s, (c, low)))
        factors = list(t[1][1:]) if is_a(t[1], "mul") else [t[1]]
        positive = [a for a in factors if self.sign(a) == 2]
        negative = -ONE if any(isinstance(a, F) and a < 0 for a in factors) else ONE
        others = [a for a in factors if a not in positive and not isinstance(a, F)]
        numbers = [abs(a) for a in factors if isinstance(a, F) and abs(a) != 1]
        left = others[0] if len(others) == 1 else ("mul", *others) if others else ONE
        powers = [a for a in positive if not isinstance(a, F)] + numbers
        if not powers and negative == 1:
            return self.odd_power(t, place, scope)
        signed = ("mul", -ONE, left) if negative < 0 else left
        wanted: Term = ("mul", powers[0], ("mul", *powers[1:], signed)) if len(powers) > 1 else ("mul", *powers, signed)
        wanted = wanted if powers else signed
        t = (t[0], self.do(t[1], [*place, 1], scope, "equal", raw(wanted)))
        for _ in powers:
            t = self.do(t, place, scope, "positive times" if t[0] == "positive" else "zero times")
        if negative < 0 and t[0] == "zero":
            t = self.do(t, place, scope, "zero times")
        elif negative < 0:
            t = self.do(t, place, scope, "negative")
            t = self.part(t, 2, place, scope, lambda m, at, s: self.part(m, 2, at, s, self.norm))
            t = self.part(t, 3, place, scope, lambda m, at, s: self.part(m, 2, at, s, self.norm))
            return self.norm_add(t, place, scope)
        return self.norm_positive(t, place, scope)

    def odd_power(self, t: Term, place: Place, scope: Scope) -> Term:
        """[1/a > 0] is [a > 0], as a = a^2/a."""
        a = t[1]
        if not (is_a(a, "pow") and a[2].denominator == 1 and a[2] < 0 and a[2] % 2):
            return t
        try:
            new = (t[0], self.do(a, [*place, 1], scope, "equal", raw(("mul", ("pow", a[1], a[2] - 1), a[1]))))
            return self.do(new, place, scope, "positive times" if t[0] == "positive" else "zero times")
        except Rejected:
            return t

    norm_zero = norm_positive
