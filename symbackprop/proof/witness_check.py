"""The point of a certificate: at it all that is assumed holds, and both sides have a value; those of `!=` differ.

    python -I witness_check.py CERTIFICATE.json ...

Values are intervals with decimal ends, rounded outward. Derivatives are worked out beside the values: x + e for the
entry x, with e^2 = 0, and what stands before e is the derivative. This file shares nothing with the checker of the
proof. An assumed equation is seen to hold as far as the intervals tell, or exactly where the statement is a difference;
of many entries of the sides the first ones are looked at.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from itertools import islice, product
from math import factorial, prod
from typing import Any

D = Decimal
Interval = tuple[Decimal, Decimal]
Value = dict[frozenset[int], Interval]  # what stands before products of e's
NONE: frozenset[int] = frozenset()
DOWN, UP = (Context(prec=70, rounding=mode, Emin=-99999, Emax=99999) for mode in (ROUND_FLOOR, ROUND_CEILING))
PI = D("3.1415926535897932384626433832795028841971693993751"), D("3.1415926535897932384626433832795028841971693993752")
ZERO, ONE, TWO, MINUS = ((D(n), D(n)) for n in (0, 1, 2, -1))
DEFINED, DIFFERENT = "both sides have a value", "the sides differ"
MOST_ENTRIES, MOST_VALUES, NARROW = 4, 200_000, D("1e-20")
MOST_STEPS, MOST_DERIVATIVES, LONGEST = 1_000_000, 8, 1000
COST = {"sin": 500, "cos": 500, "erf": 500}  # of a series, in steps


class Rejected(ValueError):
    """The point does not show what it is to show; one line says why."""


def require(truth: object, what: str) -> None:
    if not truth:
        raise Rejected(what)


def number(q: Fraction) -> Interval:
    """An interval around a rational number."""
    ends = D(q.numerator), D(q.denominator)
    return DOWN.divide(*ends), UP.divide(*ends)


def rational(text: Any) -> Fraction:
    """A number as it stands in a certificate."""
    require(isinstance(text, str) and re.fullmatch(r"-?[0-9]{1,300}(/[0-9]{1,300})?", text, re.ASCII), "a number")
    return Fraction(text)


def plus(x: Interval, y: Interval) -> Interval:
    return DOWN.add(x[0], y[0]), UP.add(x[1], y[1])


def times(x: Interval, y: Interval) -> Interval:
    pairs = [(a, b) for a in x for b in y]
    return min(DOWN.multiply(*ends) for ends in pairs), max(UP.multiply(*ends) for ends in pairs)


def growing(name: str, x: Interval) -> Interval:
    """exp or ln, which the module decimal rounds to the nearest number, of both ends."""
    require(name == "ln" or max(map(abs, x)) < 5000, "a value that is too large")
    require(name == "exp" or x[0] > 0, "the logarithm of what is not positive")
    if x == (ZERO if name == "exp" else ONE):
        return ONE if name == "exp" else ZERO
    return DOWN.next_minus(getattr(DOWN, name)(x[0])), UP.next_plus(getattr(UP, name)(x[1]))


def series(x: Interval, first: int, ratio: Callable[[int], int], weight: Callable[[int], int]) -> Interval:
    """The sum of a_n/weight(n), a_n = -a_(n-1) x^2/ratio(n), a_0 = x^first, for a function with slopes of at most 2."""
    require(max(map(abs, x)) < 15, "a value that is too large")
    term, found = x[0] if first else D(1), D(0)
    for n in range(1, 400):
        found = UP.add(found, UP.divide(term, D(weight(n - 1))))
        term = UP.divide(UP.multiply(UP.multiply(term.copy_negate(), x[0]), x[0]), D(ratio(n)))
    slack = UP.add(UP.multiply(D(2), UP.subtract(x[1], x[0])), D("1e-30"))
    return DOWN.subtract(found, slack), UP.add(found, slack)


def sin(x: Interval) -> Interval:
    return series(x, 1, lambda n: 2 * n * (2 * n + 1), lambda n: 1)


def cos(x: Interval) -> Interval:
    return series(x, 0, lambda n: 2 * n * (2 * n - 1), lambda n: 1)


def erf(x: Interval) -> Interval:
    """2/sqrt(pi) times the sum of (-1)^n x^(2n+1)/(n! (2n+1)); 1 - 10^-14 < |erf x| < 1 for |x| > 5.5."""
    if min(map(abs, x)) > D("5.5") and x[0] * x[1] > 0:
        return times((D(1) - D("1e-14"), D(1)), ONE if x[0] > 0 else MINUS)
    if max(map(abs, x)) > D("5.6"):  # where the terms of the sum are too large
        return MINUS[0], ONE[1]
    return times(series(x, 1, lambda n: n, lambda n: 2 * n + 1), times(TWO, power(PI, Fraction(-1, 2))))


def power(x: Interval, q: Fraction) -> Interval:
    """x^q: whole powers by multiplication, square roots and others by decimal."""
    if q < 0:
        require(x[0] > 0 or x[1] < 0, "a denominator that may be 0")
        return power((DOWN.divide(D(1), x[1]), UP.divide(D(1), x[0])), -q)
    if q.denominator == 1:
        require(q < 1000, "an exponent that is too large")
        found = ONE
        for _ in range(int(q)):
            found = times(found, x)
        return (max(found[0], D(0)), found[1]) if q % 2 == 0 else found
    require(x[0] >= 0, "a root of what may be negative")
    if q.denominator == 2:
        return power(roots(x), q * 2)
    low, high = (growing("exp", times(growing("ln", (end, end)), number(q))) if end else ZERO for end in x)
    return low[0], high[1]


def roots(x: Interval) -> Interval:
    """Square roots, exact where they are short numbers."""
    low, high = DOWN.sqrt(x[0]), UP.sqrt(x[1])
    exact = [DOWN.multiply(root, root) == UP.multiply(root, root) == end for root, end in ((low, x[0]), (high, x[1]))]
    return low if exact[0] else max(D(0), DOWN.next_minus(low)), high if exact[1] else UP.next_plus(high)


def slopes(head: str, x: Interval, q: Fraction) -> Iterator[Interval]:
    """The values of a function and of its derivatives, one after the other."""
    if head == "exp":
        value = growing("exp", x)
        while True:
            yield value
    if head in ("sin", "cos"):
        ring = [sin(x), cos(x), times(MINUS, sin(x)), times(MINUS, cos(x))]
        for n in range(100):
            yield ring[(n + (head == "cos")) % 4]
    if head in ("log", "erf"):
        yield growing("ln", x) if head == "log" else erf(x)
    if head == "erf":  # 2/sqrt(pi) exp(-x^2) times Hermite polynomials of changing sign
        outer = times(times(TWO, power(PI, Fraction(-1, 2))), growing("exp", times(MINUS, power(x, Fraction(2)))))
        before, hermite = ZERO, ONE
        for n in range(100):
            yield times(outer, times(hermite, MINUS if n % 2 else ONE))
            before, hermite = hermite, plus(times(TWO, times(x, hermite)), times(number(Fraction(-2 * n)), before))
    factor, q = Fraction(1), Fraction(-1) if head == "log" else q
    while True:  # factor x^q
        yield times(number(factor), power(x, q)) if factor and q else number(factor)
        factor, q = factor * q, q - 1


class Point:
    """A point at which terms have values; `moved` are the entries to which an e is added."""

    def __init__(self, certificate: dict[str, Any]) -> None:
        witness = certificate["witness"]
        self.sizes, self.inputs = witness["sizes"], witness["values"]
        require(all(type(n) is int and n >= 1 for n in self.sizes.values()), "a size")
        self.definitions = {d["name"]: d["value"] for d in certificate["definitions"]}
        self.shapes = certificate["shapes"] | {d["name"]: d["shape"] for d in certificate["definitions"]}
        self.functions = {f["name"]: f for f in certificate["functions"]}
        for f in witness["functions"]:
            require(
                self.functions[f["name"]]["value"] is None and f["value"] is not None, f"{f['name']!r} has a formula"
            )
            self.functions[f["name"]] = self.functions[f["name"]] | {"value": f["value"]}
        self.known: dict[Any, Value] = {}
        self.count = self.steps = 0

    def range_of(self, size: Any) -> range:
        found = range(self.sizes[size] if isinstance(size, str) else size)
        require(len(found) <= LONGEST, "too much to work out")
        return found

    def entry(self, name: str, at: tuple[int, ...], moved: tuple[Any, ...]) -> Value:
        """The value of an entry."""
        key = name, at, moved
        if key not in self.known:
            require(len(self.known) < MOST_VALUES, "too much to work out")
            if name in self.definitions:
                value = self.of(self.definitions[name], {f"i{k}": i for k, i in enumerate(at)}, moved)
            else:
                entry = self.inputs[name]
                for i in at:
                    entry = entry[i]
                value = {NONE: number(rational(entry))}
            mine = {frozenset({e}): ONE for place, e in moved if place == (name, at)}
            self.known[key] = value | mine
        return self.known[key]

    def of(self, t: Any, scope: dict[str, Any], moved: tuple[Any, ...]) -> Value:
        """The value of a term; `scope` holds the indices, or the arguments of a function."""
        self.steps += 1
        require(self.steps < MOST_STEPS and len(moved) <= MOST_DERIVATIVES, "too much to work out")
        if isinstance(t, str):
            return {NONE: number(rational(t))} if rational(t) else {}
        head, *parts = t
        if head == "at" and parts[0] in scope and len(parts) == 1 and isinstance(scope[parts[0]], dict):
            return dict(scope[parts[0]])  # an argument of a function
        if head in ("at", "delta"):
            at = self.place(self.shapes[parts[0]] if head == "at" else parts[:1] * 2, parts[1:], scope)
            return self.entry(parts[0], at, moved) if head == "at" else {NONE: ONE} if at[0] == at[1] else {}
        if head in ("size", "pi"):
            return {NONE: number(Fraction(len(self.range_of(parts[0]))))} if parts else {NONE: PI}
        if head in ("add", "sum"):
            scopes = [scope] if head == "add" else [{**scope, parts[0]: n} for n in self.range_of(parts[1])]
            terms = parts if head == "add" else parts[2:]
            return total(item for s in scopes for part in terms for item in self.of(part, s, moved).items())
        if head == "mul":
            made: Value = {NONE: ONE}
            for part in parts:  # also those after a 0, for they need a value
                made = multiplied(made, self.of(part, scope, moved))
            return made
        if head == "d":
            e = self.new()
            varied = parts[1][1], self.place(self.shapes[parts[1][1]], parts[1][2:], scope)
            return before(self.of(parts[0], scope, (*moved, (varied, e))), e)
        if head == "call":
            return self.call(self.functions[parts[0]], parts[1], [self.of(a, scope, moved) for a in parts[2:]])
        return self.function(head, self.of(parts[0], scope, moved), rational(parts[1] if head == "pow" else "0"))

    def place(self, shape: list[Any], indices: list[Any], scope: dict[str, Any]) -> tuple[int, ...]:
        """Indices, each of them in its range."""
        at = tuple(scope[i] if isinstance(i, str) else i for i in indices)
        require(len(at) == len(shape) and all(type(i) is int for i in at), "an entry")
        require(all(i in self.range_of(n) for i, n in zip(at, shape, strict=True)), "an entry")
        return at

    def new(self) -> int:
        self.count += 1
        return self.count

    def call(self, f: dict[str, Any], order: int, arguments: list[Value]) -> Value:
        """A function by its formula; where two branches meet at z = 0, the active one is differentiated once."""
        added = [self.new() for _ in range(order)]
        first = arguments[0] | {frozenset({e}): ONE for e in added}
        z, formula = f["arguments"][0], f["value"]
        if first.get(NONE, ZERO) == ZERO and len(set(first).union(*arguments) - {NONE}) == 1:
            formula, other = (branch(formula, ["positive", ["at", z]], n) for n in "01")
            require(formula == other or at_zero(formula, z) == at_zero(other, z), "a function that jumps")
        value = self.of(formula, dict(zip(f["arguments"], [first, *arguments[1:]], strict=True)), ())
        for e in added:
            value = before(value, e)
        return value

    def function(self, head: str, u: Value, q: Fraction) -> Value:
        """f(x + n) = f(x) + f'(x) n + f''(x) n^2/2 + ... for what n is made of e's."""
        x = u.get(NONE, ZERO)
        n = {es: part for es, part in u.items() if es}
        if head in ("positive", "zero"):
            require(x[0] > 0 or x[1] < 0 or x == ZERO, "a sign that is not certain")
            require(not n or x != ZERO, "a kink")
            return {NONE: ONE} if (x[0] > 0 if head == "positive" else x == ZERO) else {}
        require(not n or q.denominator == 1 or x[0] > 0, "the end of a root")
        self.steps += COST.get(head, 0)
        made, step = [], Value({NONE: ONE})
        for k, slope in enumerate(slopes(head, x, q)):
            factor = times(slope, number(Fraction(1, factorial(k))))
            made += [(es, times(factor, part)) for es, part in step.items()]
            step = multiplied(step, n)
            if not step:
                return total(made)
        raise Rejected("a derivative of too high an order")


def at_zero(t: Any, z: str) -> Any:
    """A formula at z = 0, whatever its other arguments: numbers are worked out, and what is 0 times something is 0."""
    if not isinstance(t, list) or t == ["at", z]:
        return "0" if isinstance(t, list) else t
    head, *parts = t[0], *(at_zero(part, z) for part in t[1:])
    if head == "mul" and "0" in parts:
        return "0"
    if head == "exp" and parts == ["0"]:
        return "1"
    if head in ("add", "mul") and all(isinstance(part, str) for part in parts):
        numbers = [rational(part) for part in parts]
        return str(sum(numbers) if head == "add" else prod(numbers))
    return [head, *([part for part in parts if part != "0"] if head == "add" else parts)]


def branch(t: Any, indicator: Any, n: str) -> Any:
    """A formula with 0 or 1 for an indicator."""
    if t == indicator:
        return n
    return [branch(part, indicator, n) for part in t] if isinstance(t, list) else t


def total(items: Any) -> Value:
    found: Value = {}
    for es, part in items:
        found[es] = plus(found.get(es, ZERO), part)
    return found


def multiplied(x: Value, y: Value) -> Value:
    return total((a | b, times(p, q)) for a, p in x.items() for b, q in y.items() if not a & b)


def before(x: Value, e: int) -> Value:
    """What stands before e."""
    return {es - {e}: part for es, part in x.items() if e in es}


def holds(comparison: str, x: Interval, y: Interval) -> bool:
    """Whether the values in two intervals certainly compare so; an equation as far as the intervals tell."""
    less, greater = x[1] < y[0], x[0] > y[1]
    narrow = max(UP.subtract(x[1], x[0]), UP.subtract(y[1], y[0])) < NARROW
    found = {"==": not less and not greater and narrow, "!=": less or greater, "<": less, ">": greater}
    return found[comparison] if comparison in found else x[1] <= y[0] if comparison == "<=" else x[0] >= y[1]


def certainly_equal(x: Interval, y: Interval) -> bool:
    return x == y and x[0] == x[1]


def check(certificate: Any) -> str:
    """What the witness shows.

    Raises: Rejected with the reason, whatever the certificate holds.
    """
    try:
        point = Point(certificate)
        statement = certificate["statement"]
        for relation in [*certificate["assumptions"], *certificate["conditions"]]:
            for scope in entries(point, relation):
                left, right = (sides(point, relation[side], scope) for side in ("left", "right"))
                require(holds(relation["comparison"], left, right), "an assumption or condition does not hold")
                near = relation["comparison"] != "==" or statement["comparison"] != "!="
                require(near or certainly_equal(left, right), "an equation of which it is not certain that it holds")
        if statement["comparison"] != "!=":
            for scope in islice(entries(point, statement), MOST_ENTRIES):
                sides(point, statement["left"], scope), sides(point, statement["right"], scope)
            return DEFINED
        scope = dict(zip([i for i, _ in statement["indices"]], certificate["witness"]["indices"], strict=True))
        require(all(scope[i] in point.range_of(size) for i, size in statement["indices"]), "an entry")
        left, right = (sides(point, statement[side], scope) for side in ("left", "right"))
        require(holds("!=", left, right), "the sides do not differ")
        return DIFFERENT
    except Rejected:
        raise
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise Rejected(" ".join(f"malformed: {type(error).__name__} {str(error)[:100]}".split())) from None


def entries(point: Point, relation: Any) -> Iterator[dict[str, int]]:
    """All values of the indices."""
    ranges = [[(i, n) for n in point.range_of(size)] for i, size in relation["indices"]]
    return map(dict, product(*ranges))


def sides(point: Point, t: Any, scope: dict[str, int]) -> Interval:
    return point.of(t, scope, ()).get(NONE, ZERO)


if __name__ == "__main__":
    status = 0 if sys.argv[1:] else 2
    if status:
        print("usage: python -I witness_check.py CERTIFICATE.json ...", file=sys.stderr)
    for path in sys.argv[1:]:
        try:
            with open(path, encoding="utf-8") as file:
                said = f"accepted: {check(json.load(file))}"
        except (OSError, ValueError, RecursionError) as error:
            said, status = "REJECTED: " + " ".join(str(error).split()), 1
        print(f"{path}: {said}")
    sys.exit(status)
