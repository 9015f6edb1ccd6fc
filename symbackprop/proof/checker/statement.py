"""What a certificate states: its names, what is assumed and its conditions, read strictly; and all of it as text."""

import hashlib
import json
import re
from collections.abc import Iterator
from fractions import Fraction as F  # noqa: N817
from typing import Any

from .polynomials import ring
from .terms import ONE, Term, add, bind, instance, is_a, moved, mul, nodes, require

FORMAT = "symbackprop proof 1"
KEYS = "format text shapes definitions functions statement assumptions conditions steps witness digest"
LENGTHS: dict[str, int | None] = dict.fromkeys(("exp", "log", "sin", "cos", "erf", "positive", "zero", "size"), 1)
LENGTHS |= {"add": None, "mul": None, "at": None, "call": None, "pi": 0, "pow": 2, "d": 2, "delta": 3, "sum": 3}


class Statement:
    """The statement of a certificate, and what is known where it is claimed; raises some error for any other thing."""

    def __init__(self, certificate: dict[str, Any]) -> None:
        self.shapes: dict[str, tuple[Any, ...]] = {}
        self.values: dict[str, Term] = {}  # definitions, in the indices i0, i1, ...
        self.functions: dict[str, Any] = {}  # names of the arguments, formula or None
        self.known: list[Any] = []  # indices with ranges, relation, a term that is so related to 0, also nearby
        self.varied: set[str] = set()  # the variables of the derivatives around the place
        self.asked = 0  # how often for a sign
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
        gap = add(self.term(larger, scope), mul(-ONE, self.term(smaller, scope)))
        return scope, comparison.replace("<", ">"), ring(gap)

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
        """All terms inside, and those in the definitions of names and the formulas of functions, each of these once."""
        found = [t]
        for value in found:  # which grows
            for n in nodes(value):
                yield n
                new = self.functions[n[1]][1] if is_a(n, "call") else self.values.get(n[1]) if is_a(n, "at") else None
                found += [new] if new is not None and new not in found else []

    def depends(self, t: Term, name: str) -> bool:
        return any(is_a(n, "at") and n[1] == name for n in self.deep(t))


def record(raw: Any, keys: str) -> list[Any]:
    """The values of an object with exactly these keys."""
    require(isinstance(raw, dict) and set(raw) == set(keys.split()), f"an object with the keys {keys} was expected")
    return [raw[key] for key in keys.split()]


def show(raw: Any) -> str:
    """A term of a certificate as text."""
    if not isinstance(raw, list) or not raw:
        return str(raw)
    sign, parts = {"add": " + ", "mul": "*", "pow": "^"}.get(raw[0]), [show(part) for part in raw[1:]]
    if raw[0] == "at":
        return parts[0] + (f"[{', '.join(parts[1:])}]" if parts[1:] else "")
    if raw[0] == "call":
        return f"{raw[1]}{chr(39) * raw[2]}({', '.join(parts[2:])})"
    if raw[0] == "pow":  # -2^2 and x^1/2 would be read as something else
        parts = [f"({part})" if re.match(r"-|[0-9]+/", part) else part for part in parts]
    return f"({sign.join(parts)})" if sign else f"{raw[0]}({', '.join(parts)})"


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
