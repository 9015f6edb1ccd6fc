"""What is certain of a term: its sign, and that it has a value; its derivatives, and what its names stand for."""

from fractions import Fraction as F  # noqa: N817
from typing import Any

from .polynomials import minus, powers, ring
from .statement import Statement
from .terms import ONE, TWO, Term, add, bind, fresh, inside, instance, is_a, match, moved, mul, nodes, require, unbind

A = "?a"
EXP_A, SIN_A, COS_A = ("exp", A), ("sin", A), ("cos", A)
IMPLIED_BY = {">": (">",), ">=": (">", ">=", "=="), "!=": (">", "!=")}
MOST_ASKED = 300_000
TOTAL = ("exp", "sin", "cos", "erf", "positive", "zero", "add", "mul", "size", "pi")  # values wherever their parts have
DERIVATIVES: dict[str, Term] = {
    "exp": EXP_A,
    "log": ("pow", A, -ONE),
    "sin": COS_A,
    "cos": ("mul", -ONE, SIN_A),
    "erf": ("mul", TWO, ("pow", ("pi",), F(-1, 2)), ("exp", ("mul", -ONE, ("pow", A, TWO)))),
}


class Calculus(Statement):
    """Signs, values, derivatives and definitions."""

    def placed(self, number: int, at: list[Any], scope: dict[str, Any]) -> Term:
        """The term of something known at indices of the same ranges."""
        inner, _, u, near = self.known[number]
        require(near or not self.varied, "within a derivative")
        for i, j in zip(inner, at, strict=True):
            exists = type(j) is int and (j == 0 or (type(inner[i]) is int and 0 < j < inner[i]))
            require(j is None or exists or (isinstance(j, str) and scope[j] == inner[i]), "an index of another range")
        return moved(u, {i: j for i, j in zip(inner, at, strict=True) if j is not None})

    def holds(self, relation: str, t: Term) -> bool:
        """Whether `t relation 0` is known."""
        usable = [u for _, held, u, near in self.known if held in IMPLIED_BY[relation] and (near or not self.varied)]
        return any(match(u, ring(t), {}) for u in usable)

    def sign(self, t: Term) -> int:
        """2 if the term is certainly positive where it has a value, 1 if certainly not negative, else 0."""
        self.asked += 1
        require(self.asked < MOST_ASKED, "too many questions about signs")
        if type(t) is F:
            return 2 if t > 0 else int(t == 0)
        if t[0] in ("exp", "size", "pi") or self.holds(">", t):
            return 2
        found = int(t[0] in ("positive", "zero", "delta") or self.holds(">=", t))
        if t[0] in ("add", "mul"):
            signs = [max(self.sign(a), int(t[0] == "mul" and ("positive", a) in t)) for a in t[1:]]
            found = max(found, 0 if 0 in signs else max(signs) if t[0] == "add" else min(signs))
        if t[0] in ("sum", "log"):
            found = max(found, self.sign(unbind(t, fresh(t)) if t[0] == "sum" else ring(add(t[1], -ONE))))
        if t[0] == "pow":
            even, base = t[2].numerator % 2 == 0 or t[2].denominator > 1, self.sign(t[1])
            found = 2 if base == 2 or (even and self.nonzero(t[1])) else int(even or (base and t[2] > 0) or found)
        if (t[0] == "call" and self.functions[t[1]][1]) or (t[0] == "at" and t[1] in self.values.keys() - self.varied):
            found = max(found, self.sign(self.law_formula(t) if t[0] == "call" else self.law_define(t)))
        return found

    def nonzero(self, t: Term) -> bool:
        """Whether the term is certainly not 0 where it has a value."""
        parts = is_a(t, "mul", "pow") and all(self.nonzero(t[k]) for k in inside(t))
        return parts or 2 in (self.sign(t), self.sign(minus(t))) or self.holds("!=", t) or self.holds("!=", minus(t))

    def defined(self, t: Term, have: set[Any]) -> bool:
        """Whether the term has a value wherever the powers in `have` have one."""
        for a, e in powers(t):
            same = [n for b, n in have if b == a]
            fine = same or type(a) is F or a[0] in TOTAL or (a[0] == "log" and self.sign(a[1]) == 2)
            if a[0] in ("at", "delta") if not fine else False:
                fine = a[1] not in self.values and all(isinstance(i, str) for i in a[2:])
            if a[0] in ("sum", "call") if not fine else False:
                arbitrary = a[0] == "call" and self.functions[a[1]][1] is None
                fine = arbitrary or self.defined(self.law_formula(a) if a[0] == "call" else unbind(a, fresh(a)), set())
            divides = e > 0 or any(n < 0 for n in same) or self.nonzero(a)
            root = e.denominator == 1 or any(n.denominator > 1 for n in same) or self.sign(a)
            if not (fine and divides and root):
                return False
        return True

    def partial(self, t: Term, v: Term, through: bool = False, kinks: bool = False) -> Term:
        """The derivative by an entry, all other names fixed, or `through` them: then those that depend on v have their
        own derivatives in it. `kinks` tells that no kink is met, or passed by.
        """
        if type(t) is F or t[0] in ("size", "pi", "delta"):
            return F(0)
        if t[0] == "at" and t[1] == v[1]:
            return mul(*(("delta", *pair) for pair in zip(self.shapes.get(v[1], ()), t[2:], v[2:], strict=True)))
        if t[0] == "at":
            return ("d", t, v) if through and self.depends(t, v[1]) else F(0)
        require(t[0] != "d", "the derivative of a derivative that is not worked out")
        if t[0] == "sum":
            i = fresh(t, v)
            inner = self.partial(unbind(t, i), v, through, kinks)
            return bind(i, t[1], inner) if inner else inner
        u, du = t[1], {k: self.partial(t[k], v, through, kinks) for k in inside(t)}
        if not any(du.values()):
            return F(0)
        if t[0] == "add":
            return add(*(part for part in du.values() if part))
        if t[0] == "mul":
            return add(*(mul(*t[1:k], du[k], *t[k + 1 :]) for k in du if du[k]))
        if t[0] == "call":
            require(not any(du[k] for k in du if k > 3), "a derivative by a parameter")
            return mul(("call", t[1], t[2] + 1, *t[3:]), du[3])
        if t[0] in ("positive", "zero"):
            require(kinks or self.nonzero(u), "a kink that no condition excludes")
            return F(0)
        if t[0] == "pow":
            require(t[2].denominator == 1 or self.sign(u) == 2, "a root of what may be 0")
            return mul(t[2], ("pow", u, t[2] - 1), du[1]) if t[2] != 1 else du[1]
        return mul(instance(DERIVATIVES[t[0]], {A: u}), du[1])

    def law_chain(self, t: Term, scope: Any) -> Term:
        """The chain rule: the derivative of a term through its names; that of an entry f as the sum over all names w,
        and their entries, of df/dw_k times the derivative of the definition of w_k by v, all other names fixed.
        """
        require(t[0] == "d", "no derivative")
        (_, f, v), terms = t, []
        if not is_a(f, "at") or f[1] == v[1]:
            return self.partial(f, v, through=True)
        for w in self.values:
            entry: Term = ("at", w)
            for _ in self.shapes[w]:
                entry = (*entry, fresh(f, v, entry))
            local = self.partial(self.values_at(entry), v) if self.depends(f, w) else F(0)
            body = mul(("d", f, entry), local) if local else local
            for i, size in zip(reversed(entry[2:]), reversed(self.shapes[w]), strict=True):
                body = bind(i, size, body) if body else body
            terms += [body] if body else []
        return add(*terms)

    def values_at(self, t: Term) -> Term:
        """What defines an entry."""
        return moved(self.values[t[1]], {f"i{k}": i for k, i in enumerate(t[2:])})

    def law_define(self, t: Term, scope: Any = None) -> Term:
        """A name by its definition; not within a derivative by it, where it is free."""
        require(t[0] == "at" and t[1] not in self.varied, "a definition put in where its name is free")
        return self.values_at(t)

    def law_formula(self, t: Term, scope: Any = None) -> Term:
        """A function by its formula, differentiated as often as the call says: what such a call means."""
        formals, value = self.functions[t[1]]
        require(t[0] == "call" and value is not None, "no function with a formula")
        given = dict(zip(formals, t[3:], strict=True))
        for n in range(t[2]):
            kinks = (u[1] for u in nodes(value) if is_a(u, "positive", "zero") and formals[0] in nodes(u))
            passed = n == 0 and self.branches_meet(value, formals[0])
            require(passed or all(self.nonzero(instance(u, given)) for u in kinks), "a kink that no condition excludes")
            value = self.partial(value, formals[0], kinks=True)
        return instance(value, given)

    def branches_meet(self, value: Term, z: Term) -> bool:
        """Whether a formula is continuous where it turns from one branch to another: at z = 0 alone."""
        ends = [instance(value, {("positive", z): F(n), z: F(0)}) for n in (0, 1)]
        if any(is_a(n, "positive", "zero") for n in nodes(ends[0])) or ends[0] == ends[1]:
            return False
        return len({ring(instance(end, {("exp", F(0)): ONE})) for end in ends}) == 1

    def law_fold(self, t: Term, scope: Any, raw: Any) -> Term:
        """The formula of a function by its name."""
        call = self.term(raw, scope)
        require(is_a(call, "call") and self.law_formula(call) == t, "not the formula of that function")
        require(all(self.defined(a, powers(t)) for a in call[3:]), "an argument may have no value")  # one it ignores
        return call
