"""An instance written out as scalar operations, with derivatives by going backwards through them.

This is the second calculus for statements at points, beside the dual numbers of `duals`: plain Python, equal operations
shared. A named quantity keeps a node of its own around what defines it, at which a derivative by that name stops.
Conventions are those of `node_values`: indicators have the derivative 0, |u| has sign(u), and a product with an
indicator that is 0 is 0 whatever the other factors are.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache
from itertools import product
from typing import NamedTuple

import sympy as sp

from symbackprop.catalogue.activations import formula_of
from symbackprop.errors import NotSupportedError
from symbackprop.language.parse import Scope, parse
from symbackprop.model.graph import Graph
from symbackprop.proof.limits import Clock
from symbackprop.tensor.indices import children, free_indices
from symbackprop.tensor.nodes import (
    Elementwise,
    Expr,
    IsZero,
    Local,
    Partial,
    Positive,
    adjoint_parts,
    entry,
    entry_indices,
    entry_name,
    extent,
    is_adjoint,
    is_size,
)
from symbackprop.tensor.tensor import axes

Position = tuple[int, ...]
FUNCTIONS = {sp.exp: "exp", sp.log: "log", sp.tanh: "tanh", sp.sin: "sin", sp.cos: "cos", sp.erf: "erf"}
STEPS = {sp.Abs: "abs", sp.sign: "sign", Positive: "positive", IsZero: "zero"}


class Operation(NamedTuple):
    """One node: `constant` is a number or an exponent, `guards` are factors that may settle a product."""

    kind: str
    parts: tuple[int, ...] = ()
    guards: tuple[int, ...] = ()
    constant: Fraction = Fraction(0)
    name: str = ""
    position: Position = ()


class Tape:
    """The operations of one instance: sizes, and formulas in t for arbitrary functions."""

    def __init__(self, graph: Graph, sizes: Mapping[str, int], functions: Mapping[str, str], clock: Clock) -> None:
        self.graph, self.sizes, self.clock = graph, sizes, clock
        scope = Scope(shapes={"t": ()})
        self.functions = {name: parse(formula, scope).expr for name, formula in functions.items()}
        self.operations: list[Operation] = []
        self._numbers: dict[Operation, int] = {}
        self._written: dict[tuple[Expr, tuple[tuple[Expr, int], ...]], int] = {}
        self._sweeps: dict[tuple[int, str, bool], dict[int, int]] = {}

    # ------------------------------------------------------------------ operations

    def node(self, operation: Operation) -> int:
        """The number of the operation; equal ones have the same."""
        if operation not in self._numbers:
            self.clock.check(len(self.operations))
            self._numbers[operation] = len(self.operations)
            self.operations.append(operation)
        return self._numbers[operation]

    def constant(self, value: Fraction | int) -> int:
        return self.node(Operation("number", constant=Fraction(value)))

    def _is(self, node: int, value: int) -> bool:
        operation = self.operations[node]
        return operation.kind == "number" and operation.constant == value

    def add(self, parts: list[int]) -> int:
        filled = [part for part in parts if not self._is(part, 0)]
        return filled[0] if len(filled) == 1 else self.node(Operation("add", tuple(filled)))

    def multiply(self, parts: list[int], guards: tuple[int, ...] = ()) -> int:
        if any(self._is(factor, 0) for factor in (*parts, *guards)):
            return self.constant(0)
        filled = [part for part in parts if not self._is(part, 1)]
        if len(filled) == 1 and not guards:
            return filled[0]
        return self.node(Operation("multiply", tuple(filled), guards))

    def power(self, base: int, exponent: Fraction) -> int:
        return self.node(Operation("power", (base,), constant=exponent)) if exponent else self.constant(1)

    def apply(self, function: str, argument: int) -> int:
        return self.node(Operation(function, (argument,)))

    # ------------------------------------------------------------------ writing out

    def write(self, expr: Expr, where: Mapping[Expr, int]) -> int:
        """The node of an index expression; `where` holds the values of its indices and nodes for formal arguments."""
        relevant = {i: number for i, number in where.items() if i in _occurring(expr)}
        key = expr, tuple(relevant.items())
        if key not in self._written:
            self.clock.check()
            self._written[key] = self._write(expr, relevant)
        return self._written[key]

    def _write(self, expr: Expr, where: Mapping[Expr, int]) -> int:
        if expr.is_Rational:
            return self.constant(Fraction(int(expr.p), int(expr.q)))
        if expr in (sp.pi, sp.E):
            return self.node(Operation("constant", name=str(expr)))
        if is_size(expr):
            return self.constant(self.sizes[str(expr)])
        if entry_name(expr) is not None:
            if expr in where:
                return where[expr]
            return self.named(entry_name(expr) or "", _place(entry_indices(expr), where))
        if expr.is_Add:
            return self.add([self.write(part, where) for part in expr.args])
        if expr.is_Mul:
            guards = tuple(self.write(part, where) for part in expr.args if _is_guard(part))
            return self.multiply([self.write(part, where) for part in expr.args if not _is_guard(part)], guards)
        if expr.is_Pow:
            return self._write_power(expr, where)
        if isinstance(expr, sp.Sum):
            return self._write_sum(expr, where)
        if isinstance(expr, sp.KroneckerDelta):
            first, second = _place(expr.args[:2], where)
            return self.constant(first == second)
        if isinstance(expr, Elementwise):
            return self._write_elementwise(expr, where)
        if isinstance(expr, Partial | Local):
            return self._write_derivative(expr, where)
        kind = FUNCTIONS.get(expr.func) or STEPS.get(expr.func)
        if kind is None:
            raise NotSupportedError(f"no rule for the value of {type(expr).__name__}")
        return self.apply(kind, self.write(expr.args[0], where))

    def _write_power(self, expr: Expr, where: Mapping[Expr, int]) -> int:
        if expr.exp.is_Rational:
            return self.power(self.write(expr.base, where), Fraction(int(expr.exp.p), int(expr.exp.q)))
        exponent = self.write(expr.exp, where)
        known = self.operations[exponent]
        if known.kind == "number" and expr.exp.is_integer:  # a size
            return self.power(self.write(expr.base, where), known.constant)
        logarithm = self.apply("log", self.write(expr.base, where))
        return self.apply("exp", self.multiply([exponent, logarithm]))

    def _write_sum(self, expr: Expr, where: Mapping[Expr, int]) -> int:
        bound = [limit[0] for limit in expr.limits]
        places = product(*(range(self.length(extent(i))) for i in bound))
        return self.add([self.write(expr.function, {**where, **dict(zip(bound, p, strict=True))}) for p in places])

    def length(self, size: Expr) -> int:
        """A size as a number."""
        return int(size) if size.is_Integer else self.sizes[str(size)]

    def _write_elementwise(self, expr: Expr, where: Mapping[Expr, int]) -> int:
        """f⁽ᵏ⁾(u): the formula of f at a node of its own for u, differentiated k times by that node."""
        name, (argument, *parameters) = expr.func.function, (self.write(part, where) for part in expr.args)
        slot = self.node(Operation("named", (argument,), name="#"))
        if name in self.functions:
            node = self.write(self.functions[name], {entry("t"): slot})
        else:
            formals, formula = formula_of(name)
            node = self.write(formula, dict(zip(formals, (slot, *parameters), strict=True)))
        for _ in range(expr.func.order):
            node = self._sweep(node, lambda number: number == slot, False).get(slot, self.constant(0))
        return node

    def named(self, name: str, position: Position) -> int:
        """An entry of a quantity: around what defines it, an input around nothing."""
        if name in self.graph.definitions:
            tensor = self.graph.definitions[name].tensor
            body: tuple[int, ...] = (self.write(tensor.expr, dict(zip(axes(tensor.shape), position, strict=True))),)
        elif name not in self.graph.inputs and is_adjoint(name):
            f, v = adjoint_parts(name)
            rank = len(self.graph.shape(f))
            return self.derivative(self.named(f, position[:rank]), v, position[rank:], False)
        else:
            body = ()
        return self.node(Operation("named", body, name=name, position=position))

    # ------------------------------------------------------------------ derivatives

    def _write_derivative(self, expr: Expr, where: Mapping[Expr, int]) -> int:
        f, v = expr.args
        name, place = entry_name(v) or "", _place(entry_indices(v), where)
        if isinstance(expr, Partial):
            return self.derivative(self.write(f, where), name, place, False)
        defined = self.graph.definitions.get(entry_name(f) or "")
        if defined is not None and defined.name != name:
            inner = dict(zip(axes(defined.tensor.shape), _place(entry_indices(f), where), strict=True))
            return self.derivative(self.write(defined.tensor.expr, inner), name, place, True)
        return self.derivative(self.write(f, where), name, place, True)

    def derivative(self, f: int, name: str, position: Position, direct: bool) -> int:
        """∂f/∂name[position], through all definitions or, when `direct`, through none."""
        key = f, name, direct
        if key not in self._sweeps:
            self._sweeps[key] = self._sweep(f, lambda number: self.operations[number].name == name, direct)
        target = next(
            (n for n in self._sweeps[key] if self.operations[n].position == position and self._is_named(n, name)), None
        )
        return self.constant(0) if target is None else self._sweeps[key][target]

    def _is_named(self, number: int, name: str) -> bool:
        operation = self.operations[number]
        return operation.kind == "named" and operation.name == name

    def _sweep(self, f: int, is_target: Callable[[int], bool], direct: bool) -> dict[int, int]:
        """∂f/∂t for each target t, by reverse accumulation; targets are not entered, nor definitions when `direct`."""
        order = self._order(f, is_target, direct)
        moved: set[int] = set()
        for number in order:
            if is_target(number) or any(part in moved for part in self._entered(number, is_target, direct)):
                moved.add(number)
        shares: dict[int, list[int]] = {f: [self.constant(1)]}
        found: dict[int, int] = {}
        for number in reversed(order):
            if number not in moved or number not in shares:
                continue
            adjoint = self.add(shares[number])
            if is_target(number):
                found[number] = adjoint
                continue
            for place, part in enumerate(self._entered(number, is_target, direct)):
                if part in moved:
                    shares.setdefault(part, []).append(self._guarded(adjoint, self._slope(number, place)))
        return found

    def _guarded(self, *factors: int) -> int:
        """Their product, with the guards of each before all: d([t > 0] √u) is 0 where t < 0, though √u has no slope."""
        parts: list[int] = []
        guards: list[int] = []
        for factor in factors:
            operation = self.operations[factor]
            parts += operation.parts if operation.guards else [factor]
            guards += operation.guards
        return self.multiply(parts, tuple(guards))

    def _entered(self, number: int, is_target: Callable[[int], bool], direct: bool) -> tuple[int, ...]:
        """What the derivative goes on to from an operation."""
        operation = self.operations[number]
        closed = is_target(number) or (direct and operation.kind == "named" and operation.name != "#")
        return () if closed or operation.kind in ("sign", "positive", "zero") else operation.parts

    def _order(self, f: int, is_target: Callable[[int], bool], direct: bool) -> list[int]:
        """The operations on which f depends, each after its parts."""
        done: dict[int, None] = {}
        stack = [(f, False)]
        while stack:
            number, complete = stack.pop()
            if complete:
                done[number] = None
            elif number not in done:
                stack.append((number, True))
                stack.extend((part, False) for part in self._entered(number, is_target, direct))
        return list(done)

    def _slope(self, number: int, place: int) -> int:
        """The derivative of an operation by one of its parts."""
        operation = self.operations[number]
        if operation.kind in ("add", "named"):
            return self.constant(1)
        if operation.kind == "multiply":
            return self.multiply([p for k, p in enumerate(operation.parts) if k != place], operation.guards)
        (u,) = operation.parts
        if operation.kind == "power":
            return self.multiply([self.constant(operation.constant), self.power(u, operation.constant - 1)])
        if operation.kind == "exp":
            return number
        if operation.kind == "log":
            return self.power(u, Fraction(-1))
        if operation.kind == "tanh":
            return self.add([self.constant(1), self.multiply([self.constant(-1), self.power(number, Fraction(2))])])
        if operation.kind == "sin":
            return self.apply("cos", u)
        if operation.kind == "cos":
            return self.multiply([self.constant(-1), self.apply("sin", u)])
        if operation.kind == "abs":
            return self.apply("sign", u)
        bell = self.apply("exp", self.multiply([self.constant(-1), self.power(u, Fraction(2))]))
        pi = self.node(Operation("constant", name="pi"))
        return self.multiply([self.constant(2), self.power(pi, Fraction(-1, 2)), bell])


@lru_cache(maxsize=1 << 16)
def _occurring(expr: Expr) -> frozenset[Expr]:
    """The free indices and the scalars in an expression."""
    if isinstance(expr, sp.Symbol):
        return frozenset([expr])
    if isinstance(expr, sp.Indexed | sp.Idx | sp.KroneckerDelta):
        return free_indices(expr)
    inside = frozenset[Expr]().union(*map(_occurring, children(expr)))
    return inside.difference(limit[0] for limit in expr.limits) if isinstance(expr, sp.Sum) else inside


def _place(indices: tuple[Expr, ...], where: Mapping[Expr, int]) -> Position:
    return tuple(where[i] if i in where else int(i) for i in indices)


def _is_guard(expr: Expr) -> bool:
    """Whether a factor is made of indicators alone."""
    if isinstance(expr, Positive | IsZero | sp.KroneckerDelta):
        return True
    if expr.is_Pow:
        return bool(expr.exp.is_Integer and expr.exp > 0) and _is_guard(expr.base)
    parts = [part for part in expr.args if not part.is_Rational] if expr.is_Add or expr.is_Mul else []
    return bool(parts) and all(map(_is_guard, parts))
