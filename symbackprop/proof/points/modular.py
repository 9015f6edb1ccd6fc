"""Evidence for what is not decided: both sides as rational functions modulo a prime, at random points.

The instance is written out on a `Tape`. Inputs, values of functions, roots and indicators become independent variables,
one for each argument; an exponential becomes a product of powers of independent units, so that exp(u + v) is
exp(u) exp(v). What holds for all values of the variables holds for those that they stand for. If the two sides, as
rational functions modulo the prime, differ, a random point shows it but for a chance of degree/P (Schwartz 1980, Zippel
1979). Nothing follows from a difference: the variables may be related.
"""

from fractions import Fraction
from itertools import islice, product
from math import log2
from random import Random

from symbackprop.errors import SymbackpropError
from symbackprop.model.graph import Graph, Relation
from symbackprop.proof.limits import Clock, Undecided, room_for_deep_expressions
from symbackprop.proof.points.involved import involved
from symbackprop.proof.points.sampling import choose_sizes
from symbackprop.proof.points.tape import Operation, Tape
from symbackprop.tensor.tensor import axes

P = (1 << 127) - 1
POINTS = 4
MOST_ENTRIES = 8
# exp(u) is this power of its unit, so that exp(u/2), exp(u/3) and the like are whole powers too.
UNIT_POWER = 60

Values = tuple[int, ...]


class _Beyond(SymbackpropError):
    """What has no meaning modulo the prime: a denominator that vanishes, or a root of an exponential of high order."""


def probably_equal(relation: Relation, graph: Graph, clock: Clock) -> str:
    """What random evaluations say for an equation, with the bound of their error; "" where they say nothing."""
    if relation.comparison != "==" or graph.functions:
        return ""
    sizes = choose_sizes(involved((relation.left, relation.right), graph, {}).least, 0, 0)
    tape = Tape(graph, sizes, {}, clock)
    field = _Field(tape)
    degree, pairs = 1, 0
    try:
        with room_for_deep_expressions():
            places = product(*(range(tape.length(size)) for size in relation.left.shape))
            for place in islice(places, MOST_ENTRIES):
                left, right = (
                    tape.write(side.expr, dict(zip(axes(side.shape), place, strict=True)))
                    for side in (relation.left, relation.right)
                )
                if field.values(left) != field.values(right):
                    return ""
                above, below = field.degree(tape.add([left, tape.multiply([tape.constant(-1), right])]))
                degree, pairs = max(degree, above + below), pairs + 1
    except (SymbackpropError, Undecided, RecursionError):
        return ""
    # One chance for each entry, and one for each pair of arguments that were taken for equal.
    bits = int(POINTS * (127 - log2(2 * max(degree, field.highest))) - log2(pairs + field.compared**2 + 1))
    if bits < 64:
        return ""
    where = f" at {', '.join(f'{name} = {number}' for name, number in sizes.items())}" if sizes else ""
    return (
        f"probably equal{where}: {POINTS} random evaluations modulo 2^127 - 1 agree, "
        f"error at most 2^-{bits} (degree at most {max(degree, field.highest)})"
    )


class _Field:
    """Values of operations at random points modulo P, and bounds of their degrees."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.highest, self.compared = 1, 0
        self._random = Random(0)
        self._known: dict[int, Values] = {}
        self._degrees: dict[int, tuple[int, int]] = {}
        self._variables: dict[tuple[object, ...], Values] = {}

    def _variable(self, *key: object) -> Values:
        """The independent variable of that name, at all points."""
        if key not in self._variables:
            self.compared += 1
            self._variables[key] = tuple(self._random.randrange(1, P) for _ in range(POINTS))
        return self._variables[key]

    def values(self, node: int) -> Values:
        if node not in self._known:
            self.tape.clock.check()
            self._known[node] = self._evaluate(node)
        return self._known[node]

    def _evaluate(self, node: int) -> Values:
        operation = self.tape.operations[node]
        kind, parts = operation.kind, [self.values(part) for part in operation.parts]
        if kind == "number":
            return (_residue(operation.constant),) * POINTS
        if kind == "constant":
            return self._variable(operation.name)
        if kind == "named":
            return parts[0] if parts else self._variable(operation.name, operation.position)
        if kind == "add":
            return tuple(sum(column) % P for column in zip((0,) * POINTS, *parts, strict=True))
        if kind == "multiply":
            return _product([*parts, *(self.values(guard) for guard in operation.guards)])
        if kind == "power":
            return self._power(operation, parts[0])
        if kind == "exp":
            return self._exponential(operation.parts[0])
        if kind == "tanh":
            grown = self._exponential(self.tape.multiply([self.tape.constant(2), operation.parts[0]]))
            return tuple((e - 1) * _inverse(e + 1) % P for e in grown)
        self._note_degree(operation)
        return self._variable(kind, parts[0])

    def _note_degree(self, operation: Operation) -> None:
        """Arguments are compared by their values, and that may err as well."""
        self.highest = max(self.highest, sum(self.degree(operation.parts[0])))

    def _power(self, operation: Operation, base: Values) -> Values:
        exponent = operation.constant
        if exponent.denominator > 1:
            self._note_degree(operation)
            base = self._variable("root", exponent.denominator, base)
        return tuple(pow(x if exponent > 0 else _inverse(x), abs(exponent.numerator), P) for x in base)

    def _exponential(self, argument: int) -> Values:
        """exp(Σ c u) = Π unit(u)^(60 c)."""
        factors = []
        for node, coefficient in self._linear(argument).items():
            power = coefficient * UNIT_POWER
            if power.denominator > 1:
                raise _Beyond("an exponential of a fraction")
            unit = self._variable("unit", self.values(node))
            factors.append(tuple(pow(x if power > 0 else _inverse(x), abs(int(power)), P) for x in unit))
        return _product(factors)

    def _linear(self, node: int) -> dict[int, Fraction]:
        """A sum of multiples of nodes."""
        operation = self.tape.operations[node]
        if operation.kind == "named" and operation.parts:
            return self._linear(operation.parts[0])
        if operation.kind == "number":
            return {self.tape.constant(1): operation.constant} if operation.constant else {}
        if operation.kind == "add":
            total: dict[int, Fraction] = {}
            for part in operation.parts:
                for inner, coefficient in self._linear(part).items():
                    total[inner] = total.get(inner, Fraction(0)) + coefficient
            return {inner: coefficient for inner, coefficient in total.items() if coefficient}
        if operation.kind == "multiply" and not operation.guards:
            numbers = [p for p in operation.parts if self.tape.operations[p].kind == "number"]
            others = [p for p in operation.parts if p not in numbers]
            if numbers:
                factor = Fraction(1)
                for number in numbers:
                    factor *= self.tape.operations[number].constant
                return {inner: factor * c for inner, c in self._linear(self.tape.multiply(others)).items()}
        return {node: Fraction(1)}

    # ------------------------------------------------------------------ degrees

    def degree(self, node: int) -> tuple[int, int]:
        """Bounds of the degrees of numerator and denominator."""
        if node not in self._degrees:
            self._degrees[node] = self._degree(self.tape.operations[node])
        return self._degrees[node]

    def _degree(self, operation: Operation) -> tuple[int, int]:
        kind, parts = operation.kind, [self.degree(part) for part in (*operation.parts, *operation.guards)]
        if kind == "number":
            return 0, 0
        if kind == "named" and parts:
            return parts[0]
        if kind == "add":
            whole = sum(below for _, below in parts)
            return max((above + whole - below for above, below in parts), default=0), whole
        if kind == "multiply":
            return sum(above for above, _ in parts), sum(below for _, below in parts)
        if kind == "power":
            above, below = parts[0] if operation.constant.denominator == 1 else (1, 0)
            times = abs(operation.constant.numerator)
            return (above * times, below * times) if operation.constant > 0 else (below * times, above * times)
        if kind in ("exp", "tanh"):
            argument = self._linear(operation.parts[0]).values()
            grown = int(sum(abs(c) for c in argument) * UNIT_POWER) * (2 if kind == "tanh" else 1)
            return grown, grown
        return 1, 0


def _residue(value: Fraction) -> int:
    return value.numerator * _inverse(value.denominator) % P


def _inverse(value: int) -> int:
    if value % P == 0:
        raise _Beyond("a denominator that vanishes")
    return pow(value, -1, P)


def _product(factors: list[Values]) -> Values:
    result = (1,) * POINTS
    for factor in factors:
        result = tuple(a * b % P for a, b in zip(result, factor, strict=True))
    return result
