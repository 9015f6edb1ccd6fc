"""A checker of certificates: it replays a proof, step by step, in plain Python, with nothing but the standard library.

    python -I checker.py CERTIFICATE.json ...

A certificate states `left comparison right`, with all definitions, what is assumed, conditions, and steps. It says: for
all sizes >= 1, all real inputs and all smooth arbitrary functions, where the assumptions and conditions hold and every
entry of both sides has a value, it is true of every entry. That there is such a point is shown by witness_check.py.

The proof begins with left - right, or right - left for `<`. A step [law, place, ...] changes the part of the term at a
place; an equation is proved by coming to 0, an inequality by coming to a term of known sign. Every law keeps this:
WHERE ALL ENTRIES OF THE OLD TERM HAVE A VALUE, THE NEW ONE HAS THE SAME VALUES.

Terms: "1/2", [add, a, ...], [mul, a, ...], [pow, a, "1/2"] (a >= 0 where the exponent is broken), [exp, a] (also log,
sin, cos, erf), [positive, a] and [zero, a] (1 where a > 0 or a = 0, else 0), [at, name, i, ...], [size, n], [pi],
[delta, range, i, j], [sum, i, range, a], [call, function, order of derivative, a, ...], [d, a, v]: the derivative of a
by the entry v through all definitions as written, v itself free. A function with two branches that meet at z = 0 has
the derivative of the active one there; any other kink has to be excluded by a condition.
Here a term is a Fraction or a tuple: head, parts. A sum has no name for its index: -1 is the index of the innermost sum
around, -2 that of the next; so terms that differ only in the names of such indices are equal tuples.
"""

import hashlib
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction as F  # noqa: N817
from functools import lru_cache, partial, reduce
from typing import Any

Term = Any
Poly = dict[frozenset[Any], F]  # monomial -> coefficient; a monomial is a set of (atom, exponent)
FORMAT = "symbackprop proof 1"
KEYS = "format text shapes definitions functions statement assumptions conditions steps witness digest"
TOTAL = ("exp", "sin", "cos", "erf", "positive", "zero", "add", "mul", "size", "pi")  # values wherever their parts have
LENGTHS: dict[str, int | None] = dict.fromkeys(("exp", "log", "sin", "cos", "erf", "positive", "zero", "size"), 1)
LENGTHS |= {"add": None, "mul": None, "at": None, "call": None, "pi": 0, "pow": 2, "d": 2, "delta": 3, "sum": 3}
IMPLIED_BY = {">": (">",), ">=": (">", ">=", "=="), "!=": (">", "!=")}
MOST_TERMS = 20_000
ONE, TWO = F(1), F(2)
A, B, Q, N = "?a", "?b", "?q", "?n"  # in a pattern, ?a and ?b stand for terms, ?q for a number, ?n for a whole one
MINUS_A, EXP_A, SIN_A, COS_A, LOG_A = ("mul", -ONE, A), ("exp", A), ("sin", A), ("cos", A), ("log", A)
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
DERIVATIVES: dict[str, Term] = {
    "exp": EXP_A,
    "log": ("pow", A, -ONE),
    "sin": COS_A,
    "cos": ("mul", -ONE, SIN_A),
    "erf": ("mul", TWO, ("pow", ("pi",), F(-1, 2)), ("exp", ("mul", -ONE, ("pow", A, TWO)))),
}


class Rejected(ValueError):
    """The certificate does not prove what it states; one line says why."""


def require(truth: object, what: str) -> None:
    if not truth:
        raise Rejected(what)


def record(raw: Any, keys: str) -> list[Any]:
    """The values of an object with exactly these keys."""
    require(isinstance(raw, dict) and set(raw) == set(keys.split()), f"an object with the keys {keys} was expected")
    return [raw[key] for key in keys.split()]


def is_a(t: Term, *heads: str) -> bool:
    return type(t) is tuple and t[0] in heads


def inside(t: Term) -> range:
    """Where the terms directly inside a term stand in its tuple; the v of a derivative is no part."""
    if type(t) is F or t[0] in ("at", "size", "pi", "delta"):
        return range(0)
    return range(1, 2) if t[0] in ("pow", "d") else range({"sum": 2, "call": 3}.get(t[0], 1), len(t))


def nodes(t: Term) -> Iterator[Term]:
    """The term and all terms inside."""
    yield t
    for k in inside(t):
        yield from nodes(t[k])


def mapped(t: Term, change: Callable[[Any, int], Any], depth: int = 0) -> Term:
    """The term with every index i, under so many sums inside it, changed."""
    if t[0] == "at" or t[0] == "delta":
        return (*t[:2], *[change(i, depth) for i in t[2:]])
    depth += t[0] == "sum"
    return tuple([mapped(p, change, depth) if type(p) is tuple else p for p in t])


def moved(t: Term, to: dict[str, Any]) -> Term:
    """The term at other free indices."""
    return mapped(t, lambda i, depth: to.get(i, i)) if to and type(t) is tuple else t


def bind(i: str, size: Any, body: Term) -> Term:
    """The sum of a term over one of its free indices."""
    return ("sum", size, mapped((body,), lambda j, depth: -1 - depth if j == i else j)[0])


def unbind(t: Term, i: str | int) -> Term:
    """The body of a sum at an index: a number, or a name that does not occur in it."""
    return mapped(t[2:], lambda j, depth: i if j == -1 - depth else j)[0]


def free(t: Any) -> set[str]:
    """The free indices of a term."""
    if is_a(t, "at", "delta"):
        return {i for i in t[2:] if isinstance(i, str)}
    return set().union(*map(free, t)) if type(t) is tuple else set()


def fresh(*terms: Term) -> str:
    """A name for an index that is in none of the terms; such names are in no fact and no scope."""
    return "'" + max((i for t in terms for i in free(t) if i[0] == "'"), key=len, default="")


def match(pattern: Any, t: Any, found: dict[str, Any]) -> bool:
    """Whether the term is the pattern, with terms, numbers or indices for the names with a question mark."""
    if type(pattern) is str and pattern[0] == "?":
        number = type(t) is F and (pattern == Q or t.denominator == 1)
        fine = number if pattern in (Q, N) else not isinstance(t, int) or t >= 0
        return fine and bool(found.setdefault(pattern, t) == t)
    if type(pattern) is not tuple:
        return bool(pattern == t)
    if is_a(pattern, "add", "mul") and is_a(t, pattern[0]) and len(t) > len(pattern) == 3:
        t = (*t[:2], (t[0], *t[2:]))
    same = type(t) is tuple and len(t) == len(pattern)
    return same and all(match(p, part, found) for p, part in zip(pattern, t, strict=True))


def instance(pattern: Any, found: dict[Any, Any]) -> Any:
    """A pattern, or a formula in scalars, with what was found in place of its names."""
    if type(pattern) in (str, tuple) and pattern in found:
        return found[pattern]
    return tuple(instance(p, found) for p in pattern) if type(pattern) is tuple else pattern


def add(*terms: Term) -> Term:
    return ("add", *terms) if terms else F(0)


def mul(*factors: Term) -> Term:
    return F(0) if F(0) in factors else ("mul", *factors) if factors else ONE


def show(raw: Any) -> str:
    """A term of a certificate as text."""
    if not isinstance(raw, list) or not raw:
        return str(raw)
    sign, parts = {"add": " + ", "mul": "*", "pow": "^"}.get(raw[0]), [show(part) for part in raw[1:]]
    if raw[0] == "at":
        return parts[0] + (f"[{', '.join(parts[1:])}]" if parts[1:] else "")
    if raw[0] == "call":
        return f"{raw[1]}{chr(39) * raw[2]}({', '.join(parts[2:])})"
    return f"({sign.join(parts)})" if sign else f"{raw[0]}({', '.join(parts)})"


def poly(t: Term) -> Poly:
    """The term as a polynomial in its atoms: what is no sum, product or power, or has a negative or broken exponent.

    Where t has a value, so has each atom, and the polynomial is t: only commutative, associative and distributive laws,
    a^p a^q = a^(p+q), g^2 = g for delta and indicators, [a > 0][a = 0] = 0. A factor may leave, none is invented.
    """
    if type(t) is F:
        return {frozenset(): t} if t else {}
    if t[0] == "add":
        return total(item for part in t[1:] for item in poly(part).items())
    if t[0] == "mul":
        return reduce(multiplied, map(poly, t[1:]), {frozenset(): ONE})
    if t[0] != "pow":
        return joined(ONE, [((*t[:2], *sorted(t[2:], key=str)) if t[0] == "delta" else t, ONE)])
    base, q = poly(t[1]), t[2]
    require(base or q > 0, "a power of 0")
    if len(base) == 1:
        ((mono, c),) = base.items()
        if q.denominator == 1:
            return joined(raised(c, q), [(a, e * q) for a, e in mono])
        if c == 1 and len(mono) == 1 and all(e == 1 or e.denominator > 1 for _, e in mono):  # a >= 0 if e is broken
            return joined(ONE, [(a, e * q) for a, e in mono])
    return joined(ONE, [(rest(base), q)]) if base else {}


def raised(c: F, q: F) -> F:
    """A whole power of a number."""
    require(abs(q) * max(abs(c.numerator), c.denominator).bit_length() < 10**5, "an exponent that is too large")
    return F(c) ** int(q)


def total(items: Iterable[tuple[Any, F]]) -> Poly:
    """The sum of monomials with coefficients."""
    found: Poly = {}
    for mono, c in items:
        found[mono] = found.get(mono, F(0)) + c
    return {mono: c for mono, c in found.items() if c}


def multiplied(p: Poly, q: Poly) -> Poly:
    """The product of two polynomials."""
    require(len(p) * len(q) <= MOST_TERMS, "a product of too many terms")
    return total(item for m, c in p.items() for n, e in q.items() for item in joined(c * e, [*m, *n]).items())


def joined(c: F, factors: list[tuple[Term, F]]) -> Poly:
    """c times a product of powers of atoms, those of one atom joined, natural powers of sums multiplied out."""
    powers: dict[Term, F] = {}
    for a, e in factors:
        powers[a] = powers.get(a, F(0)) + e
    if any(is_a(a, "zero") and e > 0 and powers.get(("positive", a[1]), 0) > 0 for a, e in powers.items()):
        return {}
    for a, e in powers.items():
        others = [(b, d) for b, d in powers.items() if b != a]
        if type(a) is F and e.denominator == 1:
            return joined(c * raised(a, e), others)
        if e > 0 and e.denominator == 1:
            if is_a(a, "delta", "positive", "zero"):
                powers[a] = ONE
            elif is_a(a, "add", "mul", "pow"):
                require(e < 1000, "an exponent that is too large")
                return reduce(multiplied, [poly(a)] * int(e), joined(c, others))
    return {frozenset((a, e) for a, e in powers.items() if e): c}


def product(c: F, mono: Iterable[tuple[Term, F]]) -> Term:
    """The term of one monomial."""
    factors = [a if e == 1 else ("pow", a, e) for a, e in sorted(mono, key=order)]
    factors = factors if c == 1 and factors else [F(c), *factors]
    return factors[0] if len(factors) == 1 else mul(*factors)


def rest(p: Poly) -> Term:
    """The term of a polynomial, in a fixed order."""
    terms = sorted((product(c, mono) for mono, c in p.items()), key=order)
    return terms[0] if len(terms) == 1 else add(*terms)


@lru_cache(maxsize=1 << 16)
def order(t: Any) -> Any:
    """What parts of a term are sorted by: first what does not change with the names of its indices."""
    blank = t if type(t) is F else mapped(t, lambda i, depth: "" if isinstance(i, str) else i)
    return repr(blank), repr(t)


def ring(t: Term) -> Term:
    """The term multiplied out, in order."""
    return rest(poly(t))


def minus(t: Term) -> Term:
    return ring(mul(-ONE, t))


def powers(t: Term) -> set[Any]:
    """The (base, exponent) in a term, but for those within sums and derivatives: they have a value where t has one."""
    own = {(ring(t[1]), t[2]) if is_a(t, "pow") else (t, ONE)}
    return own.union(*(powers(t[k]) for k in inside(t) if not is_a(t, "sum", "d")))


class Proof:
    """The statement of a certificate, what is known, and the laws."""

    def __init__(self, certificate: dict[str, Any]) -> None:
        self.shapes: dict[str, tuple[Any, ...]] = {}
        self.values: dict[str, Term] = {}  # definitions, in the indices i0, i1, ...
        self.functions: dict[str, Any] = {}  # names of the arguments, formula or None
        self.known: list[Any] = []  # indices with ranges, relation, a term that is so related to 0, also nearby
        self.varied: set[str] = set()  # the variables of the derivatives around the place
        _, _, shapes, definitions, functions, statement, assumed, conditions, self.steps, *_ = record(certificate, KEYS)
        for item in functions:
            self.read_function(*record(item, "name arguments value"))
        self.shapes = {self.name(name): tuple(map(self.range_of, shape)) for name, shape in shapes.items()}
        for item in definitions:
            self.read_definition(*record(item, "name shape value"))
        self.scope, self.comparison, self.gap = self.relation(statement)
        given = [self.relation(item) for item in [*assumed, *conditions]]
        varied = {n[2][1] for u in (self.gap, *(u for _, _, u in given)) for n in nodes(u) if is_a(n, "d")}
        for inner, comparison, u in given:  # equations must not constrain what derivatives vary: then they hold nearby
            constrained = comparison == "==" and any(self.depends(u, name) for name in varied)
            require(not constrained, "an equation on what derivatives vary")
            u = moved(u, {i: "?" + i for i in inner})
            self.learn({"?" + i: size for i, size in inner.items()}, comparison, u, comparison == "==")

    def learn(self, scope: dict[str, Any], comparison: str, u: Term, near: bool = False) -> None:
        """A relation of u to 0 at all values of indices ?i; strict ones of what is continuous hold nearby."""
        smooth = not any(is_a(n, "positive", "zero", "d") for n in self.deep(u))
        self.known = [*self.known, (scope, comparison, u, near or (comparison in (">", "!=") and smooth))]

    def name(self, raw: Any) -> str:
        require(isinstance(raw, str) and re.fullmatch(r"(?!pi$)[^\W\d]\w{0,99}", raw), f"{str(raw)[:50]!r} is no name")
        return str(raw)

    def range_of(self, raw: Any) -> Any:
        """The size of an axis."""
        return raw if type(raw) is int and raw >= 1 else self.name(raw)

    def read_function(self, name: str, arguments: list[str], raw: Any) -> None:
        """A function with its formula in scalars and functions before it; an arbitrary one without."""
        require(self.name(name) not in {*self.functions, *LENGTHS} and arguments, f"the function {name}")
        self.shapes = {self.name(x): () for x in arguments}
        require(len(self.shapes) == len(arguments), f"the arguments of {name}")
        value = None if raw is None else self.term(raw, {})
        plain = value is None or not any(is_a(n, "sum", "delta", "d", "size") for n in nodes(value))
        require(plain, f"the formula of {name}")
        formals = {("at", x): ("at", "?" + x) for x in arguments}  # names that are no quantities
        self.functions[name] = tuple(formals.values()), instance(value, formals)

    def read_definition(self, name: str, shape: list[Any], raw: Any) -> None:
        """A name for a term in names that come before it."""
        require(self.name(name) not in self.shapes, f"{name} is defined twice")
        sizes = tuple(map(self.range_of, shape))
        value = self.term(raw, {f"i{k}": size for k, size in enumerate(sizes)})
        require(not any(is_a(n, "d") for n in nodes(value)), f"a derivative in {name}")
        self.shapes[name], self.values[name] = sizes, value

    def relation(self, raw: Any) -> tuple[dict[str, Any], str, Term]:
        """A comparison for all values of its indices: these with their ranges, and how a difference compares with 0."""
        pairs, left, comparison, right = record(raw, "indices left comparison right")
        scope = {self.name(i): self.range_of(size) for i, size in pairs}
        require(comparison in ("==", "<", "<=", ">", ">=", "!=") and len(scope) == len(pairs), "a comparison")
        larger, smaller = (right, left) if comparison in ("<", "<=") else (left, right)
        gap = ring(add(self.term(larger, scope), mul(-ONE, self.term(smaller, scope))))
        return scope, comparison.replace("<", ">"), gap

    def term(self, raw: Any, scope: dict[str, Any]) -> Term:
        """A term as it stands in a certificate; its names are known, its indices have the range of their axes."""
        if isinstance(raw, str):
            require(re.fullmatch(r"-?[0-9]{1,300}(/[0-9]{1,300})?", raw, re.ASCII), f"{raw[:50]!r} is no number")
            return F(raw)
        require(isinstance(raw, list) and raw and isinstance(raw[0], str), f"{str(raw)[:50]} is no term")
        head, *parts = raw
        require(head in LENGTHS and LENGTHS[head] in (None, len(parts)), f"{head[:50]!r} with {len(parts)} parts")
        require(parts or head == "pi", f"an empty {head}")  # in the text a sum and a product of nothing look alike
        if head in ("at", "delta"):
            shape = self.shapes[parts[0]] if head == "at" else (self.range_of(parts[0]),) * 2
            for i, size in zip(parts[1:], shape, strict=True):
                exists = type(i) is int and i >= 0 and (isinstance(size, str) or i < size)
                require(scope[i] == size if isinstance(i, str) else exists, f"the index {i} of {parts[0]}")
            return tuple(raw)
        if head in ("size", "pi"):
            return (head, *map(self.name, parts))
        if head == "sum":
            i, size = self.name(parts[0]), self.range_of(parts[1])
            return bind(i, size, self.term(parts[2], {**scope, i: size}))
        if head == "pow":
            q = self.term(parts[1], {})
            require(type(q) is F and q and max(abs(q.numerator), q.denominator) < 10**6, "an exponent")
            return ("pow", self.term(parts[0], scope), q)
        if head == "call":
            f, n = parts[:2]
            require(type(n) is int and 0 <= n <= 9 and len(parts) - 2 == len(self.functions[f][0]), f"a call of {f}")
            return (*raw[:3], *(self.term(part, scope) for part in parts[2:]))
        made = (head, *(self.term(part, scope) for part in parts))
        require(head != "d" or is_a(made[2], "at"), "a derivative by no entry")
        return made

    def deep(self, t: Term) -> Iterator[Term]:
        """All terms inside, also those in the definitions of names and the formulas of functions."""
        for n in nodes(t):
            yield n
            value = self.functions[n[1]][1] if is_a(n, "call") else self.values.get(n[1]) if is_a(n, "at") else None
            yield from self.deep(value) if value is not None else ()

    def depends(self, t: Term, name: str) -> bool:
        return any(is_a(n, "at") and n[1] == name for n in self.deep(t))

    def prove(self, t: Term, steps: Any, sign: int | None) -> None:
        """The steps lead to 0, or to a term of at least this sign."""
        for law, place, *given in steps:
            if law == "derive":
                self.learn(*self.derived(*given))
            elif law == "cases":
                self.cases(t, sign, *given)
                return
            elif law == "absurd":
                _, comparison, u = self.derived(*given)
                wrong = {"!=": u == 0, "==": self.nonzero(u)} | dict.fromkeys((">", ">="), self.sign(minus(u)))
                require(wrong[comparison] > (comparison == ">="), "no contradiction")
                return
            else:
                t = self.at(t, place, self.scope, law, given)
        require(t == 0 if sign is None else self.sign(t) >= sign, f"the steps end with {str(t)[:200]}")

    def cases(self, t: Term, sign: int | None, raw: Any, *proofs: Any) -> None:
        """u > 0, u = 0, u < 0, each with its steps, for a u that has a value where t has one."""
        u, known = ring(self.term(raw, self.scope)), self.known
        require(self.defined(u, powers(t)) and len(proofs) == 3, "no cases")
        for comparison, fact, steps in zip((">", "==", ">"), (u, u, minus(u)), proofs, strict=True):
            self.known = [*known, ({}, comparison, fact, False)]
            self.prove(t, steps, sign)

    def derived(self, number: int, at: list[Any], steps: list[Any]) -> tuple[dict[str, Any], str, Term]:
        """Something known, at certain indices or (None) at all, its term changed by steps."""
        u = self.placed(number, at, self.scope)
        left = {i: size for (i, size), j in zip(self.known[number][0].items(), at, strict=True) if j is None}
        u = self.law_steps(u, {**self.scope, **left}, steps)
        return left, self.known[number][1], u

    def placed(self, number: int, at: list[Any], scope: dict[str, Any]) -> Term:
        """The term of something known at indices of the same ranges."""
        inner, _, u, near = self.known[number]
        require(near or not self.varied, "within a derivative")
        for i, j in zip(inner, at, strict=True):
            exists = type(j) is int and (j == 0 or (type(inner[i]) is int and 0 < j < inner[i]))
            require(j is None or exists or (isinstance(j, str) and scope[j] == inner[i]), "an index of another range")
        return moved(u, {i: j for i, j in zip(inner, at, strict=True) if j is not None})

    def at(self, t: Term, place: list[int], scope: dict[str, Any], law: str, given: list[Any]) -> Term:
        """The term with what stands at a place changed; the index of a sum around gets a name that is nowhere else."""
        if not place:
            return self.equation(t, law) if law in LAWS else getattr(self, f"law_{law}")(t, scope, *given)
        k, *further = place
        require(type(k) is int and k in inside(t), "no such place")
        varied, self.varied = self.varied, self.varied | ({t[2][1]} if t[0] == "d" else set())
        if t[0] == "sum":
            i = f"#{len(scope)}"
            new = bind(i, t[1], self.at(unbind(t, i), further, {**scope, i: t[1]}, law, given))
        else:
            new = (*t[:k], self.at(t[k], further, scope, law, given), *t[k + 1 :])
        self.varied = varied
        return new

    def law_steps(self, t: Term, scope: dict[str, Any], steps: list[Any]) -> Term:
        """Steps one after the other."""
        for law, place, *given in steps:
            t = self.at(t, place, scope, law, given)
        return t

    def holds(self, relation: str, t: Term) -> bool:
        """Whether `t relation 0` is known."""
        usable = [u for _, held, u, near in self.known if held in IMPLIED_BY[relation] and (near or not self.varied)]
        return any(match(u, ring(t), {}) for u in usable)

    def sign(self, t: Term) -> int:
        """2 if the term is certainly positive where it has a value, 1 if certainly not negative, else 0."""
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

    def partial(self, t: Term, v: Term, passed: Callable[[Term], bool] | None = None) -> Term:
        """The derivative by an entry, all other names fixed; `passed` tells whether a kink at u = 0 is passed by."""
        if type(t) is F or t[0] in ("size", "pi", "delta"):
            return F(0)
        if t[0] == "at":
            deltas = (("delta", *parts) for parts in zip(self.shapes.get(v[1], ()), t[2:], v[2:], strict=True))
            return mul(*deltas) if t[1] == v[1] else F(0)
        require(t[0] != "d", "the derivative of a derivative that is not worked out")
        if t[0] == "sum":
            i = fresh(t, v)
            inner = self.partial(unbind(t, i), v, passed)
            return bind(i, t[1], inner) if inner else inner
        u, du = t[1], {k: self.partial(t[k], v, passed) for k in inside(t)}
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
            require((passed or self.nonzero)(u), "a kink that no condition excludes")
            return F(0)
        if t[0] == "pow":
            require(t[2].denominator == 1 or self.sign(u) == 2, "a root of what may be 0")
            return mul(t[2], ("pow", u, t[2] - 1), du[1]) if t[2] != 1 else du[1]
        return mul(instance(DERIVATIVES[t[0]], {A: u}), du[1])

    def law_chain(self, t: Term, scope: Any) -> Term:
        """The chain rule: df/dv is the sum over w, k of ∂f/∂w_k dw_k/dv; for an entry f of df/dw_k ∂w_k/∂v."""
        require(t[0] == "d", "no derivative")
        (_, f, v), terms = t, []
        if is_a(f, "at") and f[1] == v[1]:
            return self.partial(f, v)
        for w, shape in self.shapes.items():
            entry: Term = ("at", w)
            for _ in shape:
                entry = (*entry, fresh(f, v, entry))
            body: Term = F(0)
            if not is_a(f, "at") and self.depends(entry, v[1]):
                body = mul(self.partial(f, entry), ("d", entry, v))
            elif is_a(f, "at") and w in self.values and self.depends(f, w):
                body = mul(("d", f, entry), self.partial(self.values_at(entry), v))
            for i, size in zip(reversed(entry[2:]), reversed(shape), strict=True):
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
            meet = n == 0 and self.branches_meet(value, formals[0])
            value = self.partial(value, formals[0], partial(self.passed, meet, given))
        return instance(value, given)

    def passed(self, meet: bool, given: dict[Term, Term], u: Term) -> bool:
        """Whether a kink of a formula at u = 0 is passed by."""
        return meet or self.nonzero(instance(u, given))

    def branches_meet(self, value: Term, z: Term) -> bool:
        """Whether a formula is continuous where it turns from one branch to another: at z = 0 alone."""
        ends = [instance(value, {("positive", z): F(n), z: F(0)}) for n in (0, 1)]
        if any(is_a(n, "positive", "zero") for n in nodes(ends[0])) or ends[0] == ends[1]:
            return False
        first, other = (ring(instance(end, {("exp", F(0)): ONE})) for end in ends)
        return bool(first == other)

    def law_fold(self, t: Term, scope: Any, raw: Any) -> Term:
        """The formula of a function by its name."""
        call = self.term(raw, scope)
        require(is_a(call, "call") and self.law_formula(call) == t, "not the formula of that function")
        require(all(self.defined(a, powers(t)) for a in call[3:]), "an argument may have no value")  # one it ignores
        return call

    def equation(self, t: Term, law: str) -> Term:
        """One of the equations of the table."""
        pattern, result, *conditions = LAWS[law]
        found: dict[str, Any] = {}
        require(match(pattern, t, found), f"{law}: another form")
        require(law != "times zero" or not self.varied, f"{law}: not known within a derivative")
        for relation, term in conditions:
            u = instance(term, found)
            sign = max(self.sign(u), self.sign(ring(u)))
            require(
                self.nonzero(u) if relation == "!=" else sign > (relation == ">"), f"{law}: not known: {relation} 0"
            )
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


def text(certificate: dict[str, Any]) -> str:
    """The statement, what is assumed for it, where it holds, and what the names (with shapes) and functions mean."""
    parts = {"": [certificate["statement"]], "given ": certificate["assumptions"], "if ": certificate["conditions"]}
    found = [f"{w}{show(r['left'])} {r['comparison']} {show(r['right'])}" for w, rs in parts.items() for r in rs]
    named = [(d["name"], "[]", d["shape"], d["value"]) for d in certificate["definitions"]]
    named += [(f["name"], "()", f["arguments"], f["value"]) for f in certificate["functions"]]
    named += [(name, "[]", shape, None) for name, shape in certificate["shapes"].items() if shape]
    for name, ends, axes, value in named:
        head = name + (f"{ends[0]}{', '.join(map(str, axes))}{ends[1]}" if axes else "")
        found.append(head if value is None else f"{head} = {show(value)}")
    return "; ".join(found)


def digest(certificate: dict[str, Any]) -> str:
    """SHA-256 of the certificate without its digest."""
    content = {name: part for name, part in certificate.items() if name != "digest"}
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def check(certificate: Any, differs: bool = False) -> str:
    """The text of the statement that a certificate proves; `differs` tells that the sides of `!=` were seen to differ.

    Raises: Rejected with the reason, whatever the certificate holds.
    """
    try:
        require(isinstance(certificate, dict) and certificate.get("format") == FORMAT, "no certificate of this format")
        require(certificate.get("digest") == digest(certificate), "a wrong digest")
        proof = Proof(certificate)
        require(certificate["text"] == text(certificate), "the text is not what the terms say")
        require(proof.comparison != "!=" or differs, "a difference is shown by its witness, not by steps")
        if proof.comparison != "!=":
            proof.prove(proof.gap, proof.steps, {"==": None, ">": 2, ">=": 1}[proof.comparison])
        return text(certificate)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        reason = str(error) if isinstance(error, Rejected) else f"malformed: {type(error).__name__} {str(error)[:100]}"
        raise Rejected(" ".join(reason.split())) from None


if __name__ == "__main__":
    status = 0
    for path in sys.argv[1:]:
        try:
            with open(path, encoding="utf-8") as file:
                said = f"accepted: {check(json.load(file))}"
        except (OSError, ValueError, RecursionError) as error:
            said, status = "REJECTED: " + " ".join(str(error).split()), 1
        print(f"{path}: {said}")
    sys.exit(status)
