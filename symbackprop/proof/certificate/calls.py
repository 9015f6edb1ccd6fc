"""Calls of functions: by their formulas, and their derivatives by their values."""

from typing import Any

from symbackprop.proof.certificate.normal import Normaliser, Place, Scope, raw
from symbackprop.proof.checker.polynomials import ring
from symbackprop.proof.checker.terms import Rejected, Term, inside, instance, is_a, nodes

ALWAYS_WRITTEN_OUT = ("abs", "sign")


def calls_in(t: Term, place: Place) -> list[tuple[Place, Term]]:
    """The calls in a formula with their places, outer ones first."""
    found = [(place, t)] if is_a(t, "call") else []
    return found + [item for k in inside(t) for item in calls_in(t[k], [*place, k])]


def spread(t: Term) -> Term:
    """Whole powers of calls as products, for a power of what stands for a call may be no plain power of a term."""
    if is_a(t, "pow") and is_a(t[1], "call") and t[2].denominator == 1 and t[2] > 0:
        return ("mul", *[t[1]] * int(t[2]))
    for k in inside(t):
        t = (*t[:k], spread(t[k]), *t[k + 1 :])
    return t


class Calls(Normaliser):
    """Calls of functions; `compact` holds for some the derivative in terms of the arguments and the value `a`."""

    def __init__(self, certificate: dict[str, Any], compact: dict[str, Any], functions: str, seconds: float) -> None:
        self.functions_as, self.compact_raw = functions, compact
        super().__init__(certificate, seconds)
        self.compact: dict[str, Any] = {}
        arguments = {record["name"]: record["arguments"] for record in certificate["functions"]}
        for name, tree in compact.items():
            shapes, self.shapes = self.shapes, dict.fromkeys([*arguments[name], "a"], ())
            formals = {("at", x): ("at", "?" + x) for x in arguments[name]}
            self.compact[name] = instance(self.term(tree, {}), formals)
            self.shapes = shapes
        stated = set(nodes(self.gap))
        self.stated = stated | {self.values_at(n) for n in stated if is_a(n, "at") and n[1] in self.values}

    def norm_call(self, t: Term, place: Place, scope: Scope) -> Term:
        """A function by its formula, or its derivative by its value, as the way says.

        Where derivatives stay closed, one by its value all the same if the statement speaks of this value.
        """
        if self.functions[t[1]][1] is None:
            return t
        if t[1] in ALWAYS_WRITTEN_OUT or self.functions_as == "formulas":
            return self.norm(self.do(t, place, scope, "formula"), place, scope)
        if t[2] == 0 or (self.functions_as == "closed" and ("call", t[1], 0, *t[3:]) not in self.stated):
            return t
        if t[1] in self.compact:
            new = self.by_value(t, place, scope)
            if new is not None:
                return self.norm(new, place, scope)
        return self.norm(self.do(t, place, scope, "formula"), place, scope)

    def by_value(self, t: Term, place: Place, scope: Scope) -> Term | None:
        """f'(z) or a higher derivative by f(z): its formula, the one of the value in it, and that folded."""
        formals = self.functions[t[1]][0]
        given = dict(zip(formals, t[3:], strict=True))
        made = len(self.steps_made)
        try:
            template = self.template(t[1], t[2])
            folded = calls_in(template, [])
            written = template
            for where, call in folded:
                written = self.replaced(written, where, self.law_formula(call))
            new = self.do(t, place, scope, "formula")
            new = self.do(new, place, scope, "equal", raw(instance(written, given)))
            for where, call in folded:
                self.steps_made.append(["fold", [*place, *where], raw(instance(call, given))])
            return instance(template, given)
        except Rejected:
            del self.steps_made[made:]
            return None

    def template(self, name: str, order: int) -> Term:
        """A derivative of a function by its value, each further one by that of the one before."""
        formals = self.functions[name][0]
        value, first = ("call", name, 0, *formals), ("call", name, 1, *formals)
        template = once = instance(self.compact[name], {("at", "a"): value})
        for _ in range(order - 1):
            template = ring(instance(self.partial(template, formals[0]), {first: once}))
        return spread(template)

    def replaced(self, t: Term, place: Place, new: Term) -> Term:
        if not place:
            return new
        k, *further = place
        return (*t[:k], self.replaced(t[k], further, new), *t[k + 1 :])
