"""The check from outside: the scalar loss of one instance, composed and left to SymPy's own `diff`.

It shares no rule of calculus with the two routes. The comparison is numerical, to 20 digits at exact points at which
the assumptions hold: evidence, never a proof.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

from symbackprop.derive.instance import check_sizes, compose, entries, instance
from symbackprop.derive.steps import Derivation
from symbackprop.errors import NotSupportedError
from symbackprop.model.graph import Graph, Relation
from symbackprop.tensor.instantiate import Instantiation, Position, entry_symbol
from symbackprop.tensor.nodes import Expr
from symbackprop.tensor.tensor import Tensor

POINTS, ATTEMPTS, DIGITS = 3, 12, 20
# A derivative that SymPy takes of an expression beyond this many nodes is not worth the wait.
MAX_ORACLE_NODES = 4_000


def oracle(graph: Graph, loss: str, name: str, position: Position = (), sizes: Mapping[str, int] | None = None) -> Expr:
    """∂loss/∂name[position] by plain `sympy.diff` of the composed scalar loss; `name` itself stays a symbol.

    Raises: GraphError for missing sizes; NotSupportedError beyond a budget.
    """
    return sp.diff(composed_loss(graph, loss, name, sizes or {}), entry_symbol(name, position))


def composed_loss(graph: Graph, loss: str, name: str, sizes: Mapping[str, int]) -> Expr:
    """The loss with everything but `name` written out.

    Raises: GraphError for missing sizes; NotSupportedError beyond a budget.
    """
    check_sizes(graph, sizes)
    write = Instantiation(sizes)
    table = {
        entry_symbol(d, at): value
        for d in graph.definitions
        if d in graph.ancestors(loss) and d != name
        for at, value in entries(graph.definitions[d].tensor, write).items()
    }
    return compose(entry_symbol(loss), table, MAX_ORACLE_NODES)


@dataclass(frozen=True, kw_only=True, slots=True)
class OracleCheck:
    """Whether the gradient of `name` agrees with plain `sympy.diff`; `agrees` is None where that is not known."""

    name: str
    agrees: bool | None
    entries: int = 0
    points: int = 0
    reason: str = ""

    def __str__(self) -> str:
        if self.agrees is None:
            return f"not compared with sympy.diff: {self.reason}"
        if not self.agrees:
            return f"differs from sympy.diff: {self.reason}"
        entries = "1 entry agrees" if self.entries == 1 else f"{self.entries} entries agree"
        return f"{entries} with sympy.diff to {DIGITS} digits at {self.points} points"


def check_with_oracle(derivation: Derivation, name: str, sizes: Mapping[str, int] | None = None) -> OracleCheck:
    """The gradient of `name` in an instance, compared entry by entry with plain `sympy.diff`.

    Raises: GraphError for missing sizes.
    """
    graph, sizes = derivation.graph, dict(sizes or {})
    try:
        loss = composed_loss(graph, derivation.loss, name, sizes)
        if loss.has(AppliedUndef):
            raise NotSupportedError("an arbitrary function has no values")
        made = instance(derivation, sizes)
        pairs = {
            at: (made.composed(value, keep=[name]), sp.diff(loss, entry_symbol(name, at)))
            for at, value in made.gradients[name].items()
        }
    except NotSupportedError as error:
        return OracleCheck(name=name, agrees=None, reason=str(error))
    return _compare(name, pairs, graph, sizes)


def _compare(
    name: str, pairs: Mapping[Position, tuple[Expr, Expr]], graph: Graph, sizes: Mapping[str, int]
) -> OracleCheck:
    """The pairs at points where all of them are finite real numbers."""
    symbols = sorted({s for pair in pairs.values() for side in pair for s in side.free_symbols}, key=str)
    used = 0
    for point in _points(symbols, graph, sizes):
        value = _Values(point)
        numbers = {at: (value.of(ours), value.of(theirs)) for at, (ours, theirs) in pairs.items()}
        if any(not number.is_finite for pair in numbers.values() for number in pair):
            continue
        used += 1
        for at, (ours, theirs) in numbers.items():
            if abs(ours - theirs) > (1 + abs(theirs)) * sp.Float(10) ** -DIGITS:
                reason = f"{entry_symbol(name, at)}: {ours.n(8)} against {theirs.n(8)}"
                return OracleCheck(name=name, agrees=False, reason=reason)
        if used == POINTS:
            break
    if not used:
        return OracleCheck(name=name, agrees=None, reason="no point was found at which both have values")
    return OracleCheck(name=name, agrees=True, entries=len(pairs), points=used)


class _Values:
    """Values at one point, with twice the digits that are compared; each subexpression is evaluated once."""

    def __init__(self, point: Mapping[Expr, Expr]) -> None:
        self.known = {symbol: value.evalf(2 * DIGITS) for symbol, value in point.items()}

    def of(self, expr: Expr) -> Expr:
        """The value; nan unless it is a real number."""
        value = self._value(expr)
        return value if value.is_Number else sp.nan

    def _value(self, expr: Expr) -> Expr:
        if expr not in self.known:
            # Exponents stay exact, for SymPy takes real roots of real numbers only then.
            parts = [part if part.is_Rational else self._value(part) for part in expr.args]
            value = expr.func(*parts) if parts else expr
            self.known[expr] = value.evalf(2 * DIGITS) if value.is_number and not value.is_Rational else value
        return self.known[expr]


def _points(symbols: list[Expr], graph: Graph, sizes: Mapping[str, int]) -> Iterator[dict[Expr, Expr]]:
    """Exact points at which the assumptions hold; every second one lies between 0 and 1, for logarithms."""
    assumed = [(a, difference) for a in graph.assumptions for difference in _differences(a, graph, sizes)]
    unknown = sorted({*symbols, *(s for _, d in assumed for s in d.free_symbols)}, key=str)
    for attempt in range(ATTEMPTS):
        point = {symbol: _value(k, attempt) for k, symbol in enumerate(unknown)}
        equations = [difference for a, difference in assumed if a.comparison == "=="]
        solved = _solved(equations, point)
        if solved is not None and all(_holds(a, d.xreplace(solved)) for a, d in assumed):
            yield solved


def _value(k: int, attempt: int) -> Expr:
    """Rationals without a pattern that a wrong formula could share."""
    numerator = (7 * k + 5 * attempt) % 11 + 1
    if attempt % 2:
        return sp.Rational(numerator, 13)
    return sp.Rational(numerator * (-1) ** (k * k + k // 3 + attempt), 5)


def _differences(assumption: Relation, graph: Graph, sizes: Mapping[str, int]) -> list[Expr]:
    """left - right of an assumption at all positions, in terms of inputs."""
    expr = graph.expand(assumption.left.expr - assumption.right.expr, graph.definitions)
    return list(entries(Tensor(expr, assumption.left.shape), Instantiation(sizes)).values())


def _solved(equations: list[Expr], point: dict[Expr, Expr]) -> dict[Expr, Expr] | None:
    """The point with one symbol of each linear equation changed so that it holds; None for other equations."""
    changed = dict(point)
    free = set(point)
    for equation in equations:
        own = sorted(equation.free_symbols & free, key=str)
        linear = [s for s in own if sp.diff(equation, s).is_Rational and sp.diff(equation, s) != 0]
        if not linear:
            return None
        chosen = linear[-1]
        rest = equation.xreplace({s: v for s, v in changed.items() if s != chosen})
        changed[chosen] = -rest.xreplace({chosen: sp.Integer(0)}) / sp.diff(equation, chosen)
        free -= equation.free_symbols
    return changed


def _holds(assumption: Relation, difference: Expr) -> bool:
    compare: Any = {"==": sp.Eq, "!=": sp.Ne, "<": sp.Lt, "<=": sp.Le, ">": sp.Gt, ">=": sp.Ge}[assumption.comparison]
    return bool(compare(difference, 0) == sp.true)
