"""A counterexample evaluated a second time, before it is reported.

Nothing is shared with the evaluation that found it but the reading of formulas: derivatives are taken on a `Tape`,
numbers are Python's fractions while possible and the intervals of mpmath after that.
"""

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from itertools import product
from math import isqrt
from typing import Any

import sympy as sp
from mpmath.ctx_iv import MPIntervalContext

from symbackprop.errors import SymbackpropError
from symbackprop.model.graph import Graph, Relation, names_in
from symbackprop.proof.limits import Clock, Undecided, room_for_deep_expressions
from symbackprop.proof.points.refutation import Counterexample
from symbackprop.proof.points.tape import Position, Tape
from symbackprop.tensor.indices import free_indices
from symbackprop.tensor.nodes import Expr, adjoint_parts, extent, is_adjoint
from symbackprop.tensor.tensor import Tensor, axes

Interval = Any  # mpmath is untyped
Number = Any  # Fraction | Interval
# Beyond these, exact numbers become intervals, and exp and sin are not taken.
EXACT_BITS = 4000
LARGEST_ARGUMENT = 1 << 200
GUARD_BITS = 64
EXPONENT_DIGITS = 4


class NoValue(SymbackpropError):
    """There is no value at the point, or none that this precision tells."""


def replay(
    relation: Relation, graph: Graph, found: Counterexample, assumptions: Sequence[Relation], clock: Clock
) -> str:
    """Why the counterexample is not confirmed: the sides compare otherwise, or an assumption fails; "" if it is."""
    try:
        with room_for_deep_expressions():
            return _Replay(graph, found, clock).doubt(relation, assumptions)
    except Undecided as error:
        return error.reason
    except SymbackpropError as error:
        return str(error)


class _Replay:
    """One evaluation of the point that a counterexample reports."""

    def __init__(self, graph: Graph, found: Counterexample, clock: Clock) -> None:
        self.graph, self.found, self.clock = graph, found, clock
        self.tape = Tape(graph, found.sizes, found.functions, clock)
        self.iv = MPIntervalContext()
        self.iv.prec = found.precision + GUARD_BITS
        self.values = {name: _entries(value) for name, value in found.values.items()}
        self._known: dict[int, Number] = {}

    def doubt(self, relation: Relation, assumptions: Sequence[Relation]) -> str:
        """What speaks against the counterexample; "" if nothing does."""
        for assumption in assumptions:
            for position in self._positions(assumption.left.shape):
                if self._compare(assumption, position) is not True:
                    return f"the assumption {assumption.formula or assumption.name} does not certainly hold there"
        for tensor in self._tensors(relation):
            for need in tensor.needs:
                free = sorted(free_indices(need), key=str)
                for position in self._positions(tuple(map(extent, free))):
                    self._value(self.tape.write(need, dict(zip(free, position, strict=True))))
        sides = [self._side(side, self.found.indices) for side in (relation.left, relation.right)]
        for side, value, reported in zip(("left", "right"), sides, (self.found.left, self.found.right), strict=True):
            if not self._overlaps(value, reported):
                return f"the {side} side is {_show(value)} there, not {reported}"
        holds = self._compare(relation, self.found.indices)
        return "" if holds is False else "it does not certainly fail there"

    def _tensors(self, relation: Relation) -> list[Tensor]:
        """The sides and all definitions that they depend on."""
        names = {part for side in (relation.left, relation.right) for part in names_in(side.expr)}
        names |= {part for name in names if is_adjoint(name) for part in adjoint_parts(name)}
        reached = {above for name in names if not is_adjoint(name) for above in self.graph.ancestors(name)}
        defined = [d.tensor for name, d in self.graph.definitions.items() if name in reached]
        return [relation.left, relation.right, *defined]

    def _positions(self, shape: tuple[Expr, ...]) -> list[Position]:
        return list(product(*(range(self.tape.length(size)) for size in shape)))

    def _side(self, side: Tensor, position: Position) -> Number:
        return self._value(self.tape.write(side.expr, dict(zip(axes(side.shape), position, strict=True))))

    def _compare(self, relation: Relation, position: Position) -> bool | None:
        """Whether a relation certainly holds (True) or certainly fails (False) at a position."""
        left, right = (self._side(side, position) for side in (relation.left, relation.right))
        difference = left - right if isinstance(left, type(right)) else self._interval(left) - self._interval(right)
        positive, negative = difference > 0, difference < 0  # None where an interval does not tell
        level = difference == 0 if isinstance(difference, Fraction) else None
        if positive or negative:
            level = False
        answers: dict[str, bool | None] = {
            "==": level,
            "!=": None if level is None else not level,
            "<": negative,
            ">": positive,
            "<=": None if positive is None else not positive,
            ">=": None if negative is None else not negative,
        }
        return answers[relation.comparison]

    def _overlaps(self, value: Number, reported: str) -> bool:
        """Whether the value may be the one that was reported, a rational or a ball [middle +/- radius]."""
        if any(len(exponent) > EXPONENT_DIGITS for exponent in re.findall(r"e[+-]?(\d+)", reported)):
            return True  # too large to be written out; the relation itself is compared all the same
        middle, _, radius = reported.strip("[]").partition("+/-")
        try:
            centre = Fraction(middle.strip() or 0)
            margin = Fraction(Decimal(radius.strip() or 0))
        except (ValueError, InvalidOperation):
            return False
        difference = self._interval(value) - self._interval(centre)
        edge = self._interval(margin)
        return not (difference > edge or difference < -edge)

    # ------------------------------------------------------------------ values

    def _interval(self, value: Number) -> Interval:
        if not isinstance(value, Fraction):
            return value
        return self.iv.mpf(value.numerator) / self.iv.mpf(value.denominator)

    def _value(self, node: int) -> Number:
        """The value of an operation.

        Raises: NoValue
        """
        if node not in self._known:
            self.clock.check()
            self._known[node] = self._bounded(self._evaluate(node))
        return self._known[node]

    def _bounded(self, value: Number) -> Number:
        if isinstance(value, Fraction):
            large = value.numerator.bit_length() + value.denominator.bit_length() > EXACT_BITS
            return self._interval(value) if large else value
        if value.a == -self.iv.inf or value.b == self.iv.inf or not value == value:
            raise NoValue("an interval without bounds")
        return value

    def _evaluate(self, node: int) -> Number:
        kind, parts, guards, constant, name, position = self.tape.operations[node]
        if kind == "number":
            return constant
        if kind == "constant":
            return self.iv.pi if name == "pi" else self.iv.e
        if kind == "named":
            return self._value(parts[0]) if parts else self._given(name, position)
        if kind == "add":
            return self._fold([self._value(part) for part in parts], Fraction(0), lambda a, b: a + b)
        if kind == "multiply":
            return self._product(parts, guards)
        u = self._value(parts[0])
        if kind == "power":
            return self._power(u, constant)
        if kind in ("positive", "zero", "sign", "abs"):
            sign = self._sign(u)
            steps = {"positive": Fraction(sign > 0), "zero": Fraction(sign == 0), "sign": Fraction(sign)}
            return steps.get(kind, sign * u)
        return self._function(kind, u)

    def _given(self, name: str, position: Position) -> Fraction:
        if position not in self.values.get(name, {}):
            raise NoValue(f"{name}{list(position)} has no value")
        return self.values[name][position]

    def _fold(self, values: list[Number], start: Fraction, combine: Any) -> Number:
        result: Number = start
        for value in values:
            if isinstance(result, Fraction) != isinstance(value, Fraction):
                result, value = self._interval(result), self._interval(value)
            result = self._bounded(combine(result, value))
        return result

    def _product(self, parts: tuple[int, ...], guards: tuple[int, ...]) -> Number:
        failure: NoValue | None = None
        values = []
        for guard in guards:
            try:
                values.append(self._value(guard))
            except NoValue as error:
                failure = error
        if any(value == 0 for value in values):
            return Fraction(0)
        if failure is not None:
            raise NoValue(*failure.args)
        values += [self._value(part) for part in parts]
        if any(isinstance(value, Fraction) and value == 0 for value in values):
            return Fraction(0)
        return self._fold(values, Fraction(1), lambda a, b: a * b)

    def _sign(self, u: Number) -> int:
        if u > 0:
            return 1
        if u < 0:
            return -1
        if isinstance(u, Fraction):
            return 0
        raise NoValue("the sign of an interval that contains 0")

    def _power(self, u: Number, q: Fraction) -> Number:
        if q.denominator == 1 and q > 0:
            large = isinstance(u, Fraction) and (u.numerator * u.denominator).bit_length() * q > EXACT_BITS
            return (self._interval(u) if large else u) ** int(q)
        sign = self._sign(u)
        if sign == 0 and q > 0:
            return Fraction(0)
        if sign == 0 or (sign < 0 and q.denominator > 1):
            raise NoValue("a power outside its domain")
        if q < 0:
            inverse = self._power(u, -q)
            return 1 / inverse if isinstance(inverse, Fraction) else self.iv.one / inverse
        exact = _exact_root(u, q.denominator) if isinstance(u, Fraction) else None
        if exact is not None:
            return self._power(exact, Fraction(q.numerator))
        root = self.iv.sqrt(self._interval(u)) if q.denominator == 2 else None
        if root is not None:
            return root**q.numerator
        return self._function("exp", self._interval(q) * self._function("log", u))

    def _function(self, kind: str, u: Number) -> Number:
        if kind == "log":
            if self._sign(u) <= 0:
                raise NoValue("the logarithm of a number that is not positive")
            return Fraction(0) if u == 1 else self.iv.log(self._interval(u))
        if isinstance(u, Fraction) and u == 0:
            return Fraction(kind in ("exp", "cos"))
        u = self._interval(u)
        if not (u < LARGEST_ARGUMENT and u > -LARGEST_ARGUMENT):
            raise NoValue(f"{kind} of a number that is too large")
        if kind == "tanh":
            return self.iv.one - self.iv.mpf(2) / (self.iv.exp(2 * u) + 1)
        if kind == "erf":
            return self._error_function(u)
        return getattr(self.iv, kind)(u)

    def _error_function(self, u: Interval) -> Interval:
        """erf is increasing: from the lower end at the lower end to the upper end at the upper end."""
        low, high = self._erf_at(self.iv.mpf(u.a)), self._erf_at(self.iv.mpf(u.b))
        return self.iv.mpf([low.a, high.b])

    def _erf_at(self, x: Interval) -> Interval:
        """erf x = 2x/√π exp(-x²) Σ (2x²)ⁿ/(2n+1)!!, the rest below the last term once the terms fall by halves."""
        if x < 0:
            return -self._erf_at(-x)
        square = x * x
        if square > self.iv.prec:  # 0 < 1 - erf x < exp(-x²)
            return self.iv.one - self.iv.mpf([0, self.iv.exp(-square).b])
        term = total = self.iv.one
        n = 0
        while not (term < self.iv.mpf(2) ** -self.iv.prec and 4 * square < 2 * n + 3):
            n += 1
            term = term * (2 * square) / (2 * n + 1)
            total = total + term
        total = total + self.iv.mpf([0, term.b])
        return 2 * x / self.iv.sqrt(self.iv.pi) * self.iv.exp(-square) * total


def _entries(value: Any) -> dict[Position, Fraction]:
    """Nested lists of numbers as text, as a mapping from positions."""
    if isinstance(value, (list, tuple)):
        return {(k, *rest): number for k, item in enumerate(value) for rest, number in _entries(item).items()}
    return {(): Fraction(value)}


def _exact_root(u: Fraction, degree: int) -> Fraction | None:
    """The root of u > 0 if it is rational."""
    p, q = (_integer_root(part, degree) for part in (u.numerator, u.denominator))
    return Fraction(p, q) if p**degree == u.numerator and q**degree == u.denominator else None


def _integer_root(n: int, degree: int) -> int:
    return isqrt(n) if degree == 2 else int(sp.integer_nthroot(n, degree)[0])


def _show(value: Number) -> str:
    return str(value)
