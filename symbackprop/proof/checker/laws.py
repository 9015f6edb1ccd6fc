"""The laws by which a term is changed: a table of equations, polynomials, and sums."""

from fractions import Fraction as F  # noqa: N817
from functools import reduce
from typing import Any

from .calculus import COS_A, EXP_A, SIN_A, A, Calculus
from .polynomials import multiplied, order, poly, powers, product, ring
from .terms import ONE, TWO, N, Q, Term, add, bind, free, fresh, instance, is_a, match, moved, mul, require, unbind

B = "?b"
MINUS_A, LOG_A = ("mul", -ONE, A), ("log", A)
LAWS: dict[str, tuple[Any, ...]] = {  # equations, read from left to right, and what has to be known of terms for them
    "exp sum": (("exp", ("add", A, B)), ("mul", EXP_A, ("exp", B))),
    "exp times": (("exp", ("mul", Q, A)), ("pow", EXP_A, Q)),
    "exp log": (("exp", LOG_A), A),
    "log exp": (("log", EXP_A), A),
    "log one": (("log", ONE), F(0)),
    "log times": (("log", ("mul", A, B)), ("add", LOG_A, ("log", B)), (">", A)),
    "log power": (("log", ("pow", A, Q)), ("mul", Q, LOG_A), (">", A)),
    "power times": (("pow", ("mul", A, B), N), ("mul", ("pow", A, N), ("pow", B, N))),
    "root times": (("pow", ("mul", A, B), Q), ("mul", ("pow", A, Q), ("pow", B, Q)), (">", A)),  # so that b >= 0
    "root of both": (("pow", ("mul", A, B), Q), ("mul", ("pow", A, Q), ("pow", B, Q)), (">=", A), (">=", B)),
    "sin square": (("pow", SIN_A, TWO), ("add", ONE, ("mul", -ONE, ("pow", COS_A, TWO)))),
    "sin odd": (SIN_A, ("mul", -ONE, ("sin", MINUS_A))),
    "cos even": (COS_A, ("cos", MINUS_A)),
    "erf odd": (("erf", A), ("mul", -ONE, ("erf", MINUS_A))),
    "positive times": (("positive", ("mul", A, B)), ("positive", B), (">", A)),
    "zero times": (("zero", ("mul", A, B)), ("zero", B), ("!=", A)),
    "negative": (("positive", MINUS_A), ("add", ONE, ("mul", -ONE, ("positive", A)), ("mul", -ONE, ("zero", A)))),
    "is positive": (("positive", A), ONE, (">", A)),
    "not positive": (("positive", A), F(0), (">=", MINUS_A)),
    "not zero": (("zero", A), F(0), ("!=", A)),
    "zero": (("zero", F(0)), ONE),
    "times zero": (("mul", A, ("zero", A)), F(0)),  # not within a derivative
}


class Laws(Calculus):
    """A term by one law; `scope` holds the indices around it."""

    def equation(self, t: Term, law: str) -> Term:
        """One of the equations of the table."""
        pattern, result, *conditions = LAWS[law]
        found: dict[str, Any] = {}
        require(match(pattern, t, found), f"{law}: another form")
        require(law != "times zero" or not self.varied, f"{law}: not known within a derivative")
        for relation, term in conditions:
            u = instance(term, found)
            sign = max(self.sign(u), self.sign(ring(u)))
            sure = self.nonzero(u) if relation == "!=" else sign > (relation == ">")
            require(sure, f"{law}: not known: {relation} 0")
        return instance(result, found)

    def law_ring(self, t: Term, scope: Any) -> Term:
        """The polynomial that a term is, multiplied out, its terms in order (see `poly`)."""
        return ring(t)

    def law_equal(self, t: Term, scope: Any, raw: Any) -> Term:
        """Another term of the same atoms: the difference times all denominators is 0 as a polynomial."""
        new = self.term(raw, scope)
        require(self.defined(new, powers(t)), "the new term may have no value")
        made, lowest = poly(add(t, mul(-ONE, new))), dict[Term, F]()
        for a, e in (factor for mono in made for factor in mono):
            lowest[a] = min(e, lowest.get(a, F(0)))
        made = reduce(multiplied, ({frozenset({(a, -e)}): ONE} for a, e in lowest.items() if e), made)
        require(not made, "not the same polynomial")
        return new

    def law_less(self, t: Term, scope: Any, raw: Any, number: int, at: list[Any]) -> Term:
        """t - c u for a known equation u = 0."""
        u, c = self.placed(number, at, scope), self.term(raw, scope)
        require(self.known[number][1] == "==" and None not in at, "no such equation")
        require(self.defined(c, powers(t) | powers(u)), "the factor may have no value")
        return ring(add(t, mul(-ONE, c, u)))

    def law_sum(self, t: Term, scope: Any) -> Term:
        """A sum of monomials: what is free of the index leaves it; sum_i delta_ij a_i = a_j; sum_i 1 = n."""
        require(t[0] == "sum", "no sum")
        i, size, terms = fresh(t), t[1], []
        for mono, c in sorted(poly(unbind(t, i)).items(), key=lambda item: order(product(ONE, item[0]))):
            found = (a for a, e in sorted(mono, key=order) if is_a(a, "delta") and e == 1 and a[2] != a[3])
            deltas = [a for a in found if i in a[2:]][:1]
            others = [(a, e) for a, e in mono if a not in deltas]
            if deltas:
                (j,) = set(deltas[0][2:]) - {i}
                terms.append(moved(product(c, others), {i: j}))
                continue
            inner, outer = ([(a, e) for a, e in others if (i in free(a)) is within] for within in (True, False))
            extent = F(size) if isinstance(size, int) else ("size", size)
            terms.append(mul(product(c, outer), bind(i, size, product(ONE, inner)) if inner else extent))
        return add(*terms)

    def law_pull(self, t: Term, scope: Any, k: int) -> Term:
        """a sum_i b = sum_i a b."""
        require(t[0] == "mul" and type(k) is int and k > 0 and is_a(t[k], "sum"), "no sum")
        i = fresh(t)
        return bind(i, t[k][1], mul(unbind(t[k], i), *t[1:k], *t[k + 1 :]))

    def law_swap(self, t: Term, scope: Any) -> Term:
        """sum_i sum_j = sum_j sum_i."""
        require(t[0] == "sum" and is_a(t[2], "sum"), "no sum in a sum")
        i, j = fresh(t), "'" + fresh(t)
        return bind(j, t[2][1], bind(i, t[1], unbind(unbind(t, i), j)))

    def law_write(self, t: Term, scope: Any) -> Term:
        """A sum over a range of known size, written out."""
        require(t[0] == "sum" and type(t[1]) is int and t[1] <= 100, "no short sum")
        return add(*(unbind(t, n) for n in range(t[1])))

    def law_delta(self, t: Term, scope: Any) -> Term:
        """delta_ij a_j = delta_ij a_i, for a has a value at all j; delta_ii = 1, as over a range of 1; delta_01 = 0."""
        if t[0] == "delta":
            _, size, i, j = t
            require(i == j or size == 1 or (isinstance(i, int) and isinstance(j, int)), "two different indices")
            return F(i == j or size == 1)
        k = min(k for k, a in enumerate(t) if k and t[0] == "mul" and is_a(a, "delta"))
        kept, gone = sorted(t[k][2:], key=lambda i: (isinstance(i, str), str(i)))
        spoken = type(gone) is int or any(gone in free(u) for _, _, u, _ in self.known)
        require(not spoken, "an index of which a fact speaks")
        return mul(*(a if n == k else moved(a, {gone: kept}) for n, a in enumerate(t[1:], 1)))
