"""Rigorous evaluation of index expressions on a graph: exact rationals while possible, balls after that.

Derivatives are taken by dual numbers on the definitions as they stand: `Partial(f, v)` seeds the entry v with ε and
lets every definition that uses v respond, v itself free. Nothing here is shared with the symbolic derivative or with
the provers, so that the two can contradict each other. What each node means stands in `node_values`.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import product
from typing import Any, NamedTuple

import sympy as sp
from flint import arb, ctx, fmpq

from symbackprop.errors import GraphError, SymbackpropError
from symbackprop.model.graph import Graph
from symbackprop.proof.limits import Clock
from symbackprop.proof.points.duals import (
    ONE,
    ZERO,
    Base,
    Dual,
    Number,
    Undefined,
    add,
    settle,
    tangent_part,
    with_base,
)
from symbackprop.proof.points.node_values import Environment, evaluate
from symbackprop.proof.points.structure import indices_of, names_of
from symbackprop.tensor.nodes import Expr, entry
from symbackprop.tensor.tensor import Tensor

Position = tuple[int, ...]
# f⁽ᵏ⁾(u) from k and u, for a base number u.
Family = Callable[[int, Base], Base]
ADJOINT = re.compile(r"d\((.+), (.+)\)\Z")


class Seed(NamedTuple):
    """The entry that carries ε of a level; `direct` when only the expression itself responds, no definition."""

    level: int
    name: str
    position: Position
    direct: bool


Seeds = tuple[Seed, ...]


def entries(value: Any) -> dict[Position, fmpq]:
    """A number, nested sequences of numbers or a mapping from positions, as a mapping from positions to rationals."""
    if isinstance(value, Mapping):
        return {tuple(position): rational(number) for position, number in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return {(k, *rest): number for k, item in enumerate(value) for rest, number in entries(item).items()}
    return {(): rational(value)}


def rational(number: Any) -> fmpq:
    """An exact number (integer, `Fraction`, SymPy or FLINT rational) as `fmpq`; a ball as it is.

    Raises: GraphError for anything else, floats included.
    """
    if isinstance(number, (fmpq, arb)):
        return number
    if isinstance(number, sp.Rational):
        return fmpq(int(number.p), int(number.q))
    if isinstance(number, (int, Fraction)):
        return fmpq(number.numerator, number.denominator)
    raise GraphError(f"{number!r} is not an exact number; give integers or fractions")


def adjoint_parts(name: str) -> tuple[str, str] | None:
    """(loss, name) of an adjoint's name `d(loss, name)`, otherwise None."""
    match = ADJOINT.match(name)
    return (match[1], match[2]) if match else None


def used_by(graph: Graph, adjoints: Mapping[str, Tensor], name: str) -> tuple[str, ...]:
    """The names that give the named quantity its value; none for an input."""
    if name in graph.definitions:
        return names_of(graph.definitions[name].tensor.expr)
    if name in adjoints:
        return names_of(adjoints[name].expr)
    return () if name in graph.inputs else adjoint_parts(name) or ()


def in_order(names: Iterable[str], uses: Callable[[str], Iterable[str]]) -> tuple[str, ...]:
    """The names and all that they depend on, each after what it uses; without recursion, for graphs are deep."""
    done: dict[str, None] = {}
    opened: set[str] = set()
    stack = [(name, False) for name in names]
    while stack:
        name, complete = stack.pop()
        if complete:
            done[name] = None
        elif name not in opened:
            opened.add(name)
            stack.append((name, True))
            stack.extend((used, False) for used in uses(name) if used not in opened)
    return tuple(done)


class Evaluation:
    """The values of index expressions at one point: sizes and exact values of the inputs, at one precision.

    `values` may pin a defined quantity: it then has that value, and responds to a seed as its definition says.
    `functions` gives the arbitrary functions with all their derivatives. `adjoints` defines names such as
    `d(E, z1)` in terms of later ones; without it, and without a value, such a name is the total derivative.
    `at_kink` tells whether an indicator, |u| or sign(u) has met u = 0.

    Raises: Undecided from every method when the time of the clock is over.
    """

    def __init__(
        self,
        graph: Graph,
        sizes: Mapping[str, int],
        values: Mapping[str, Any],
        *,
        functions: Mapping[str, Family] | None = None,
        adjoints: Mapping[str, Tensor] | None = None,
        precision: int = 128,
        clock: Clock | None = None,
    ) -> None:
        self.graph, self.precision, self.clock = graph, precision, clock
        self.functions = dict(functions or {})
        self.at_kink = False
        self.memo: dict[Any, Number] = {}  # of sums and derivatives
        self._entries: dict[Any, Any] = {}  # numbers, or the error that there was instead of one
        self._sizes = {name: fmpq(value) for name, value in sizes.items()}
        self._values = {name: entries(value) for name, value in values.items()}
        self._adjoints = dict(adjoints or {})
        self._prepared: set[Any] = set()
        self._upstream: dict[str, frozenset[str]] = {}

    def value(self, expr: Expr, indices: Mapping[Expr, int] | None = None) -> Any:
        """A ball (`arb`) around the value of `expr` with its free indices at the given numbers.

        Raises: Undefined where it has no value, Unknown where this precision does not tell, GraphError for a name
        without a value.
        """
        with ctx.workprec(self.precision):
            return arb(self.number(expr, indices))

    def number(self, expr: Expr, indices: Mapping[Expr, int] | None = None) -> Base:
        """As `value`, but an exact rational (`fmpq`) where only rational operations were needed."""
        with ctx.workprec(self.precision):
            self._prepare(expr, ())
            return evaluate(self, expr, dict(indices or {}), ())

    def difference(self, left: Expr, right: Expr, indices: Mapping[Expr, int] | None = None) -> Base:
        """left - right; exact where both are."""
        with ctx.workprec(self.precision):
            return settle(self.number(left, indices) - self.number(right, indices))

    def check_time(self) -> None:
        """Raises: Undecided when the time is over."""
        if self.clock is not None:
            self.clock.check()

    def size(self, symbol: Expr) -> fmpq:
        """The number of a symbolic size."""
        if symbol.name not in self._sizes:
            raise GraphError(f"no value for the size {symbol.name!r}")
        return self._sizes[symbol.name]

    def extent(self, size: Expr) -> int:
        """A size, a number or an expression in sizes, as an integer."""
        return int(size) if size.is_Integer else int(evaluate(self, size, {}, ()).p)

    def positions(self, shape: Iterable[Expr]) -> Iterable[Position]:
        """All positions of a tensor of that shape."""
        return product(*(range(self.extent(axis)) for axis in shape))

    def derivative(
        self, f: Expr, env: Environment, seeds: Seeds, name: str, position: Position, *, direct: bool = False
    ) -> Number:
        """The tangent of f at a new highest level, seeded at the entry `name[position]`."""
        level = 1 + max((seed.level for seed in seeds), default=0)
        inner = (*seeds, Seed(level, name, position, direct))
        self._prepare(f, inner)
        return tangent_part(evaluate(self, f, env, inner), level)

    def entry(self, name: str, position: Position, seeds: Seeds) -> Number:
        """The entry of a quantity and its response to the seeds, computed once."""
        key = name, position, self._relevant(name, seeds) if seeds else ()
        found = self._entries.get(key)
        if found is None:
            self.check_time()
            self._entries[key] = GraphError(f"{name!r} is defined by way of itself")
            try:
                found = self._seeded(*key)
            except SymbackpropError as error:
                found = error
            self._entries[key] = found
        if isinstance(found, SymbackpropError):
            raise type(found)(*found.args)
        return found

    def _seeded(self, name: str, position: Position, seeds: Seeds) -> Number:
        """The entry with + ε for each seed that it is; its own definition does not respond to a seed of its name."""
        through = tuple(s for s in seeds if not s.direct and s.name != name)
        number = self._unseeded(name, position, through)
        for seed in seeds:
            if seed.name == name and seed.position == position:
                number = add(number, Dual(seed.level, ZERO, ONE))
        return number

    def _unseeded(self, name: str, position: Position, seeds: Seeds) -> Number:
        pinned = self._values.get(name)
        if pinned is not None and not seeds:
            return self._given(name, position)
        tensor = self._tensor(name)
        if tensor is None:
            number = self._total(name, position, seeds)
        else:
            if any(k >= self.extent(axis) for k, axis in zip(position, tensor.shape, strict=True)):
                raise Undefined(f"{name}{list(position)} does not exist at these sizes")
            number = evaluate(self, tensor.expr, dict(zip(indices_of(tensor.shape), position, strict=True)), seeds)
        return number if pinned is None else with_base(number, self._given(name, position))

    def _given(self, name: str, position: Position) -> fmpq:
        if position not in self._values[name]:
            raise Undefined(f"{name}{list(position)} does not exist at these sizes")
        return self._values[name][position]

    def _tensor(self, name: str) -> Tensor | None:
        """What defines the named quantity, if something does."""
        defined = self.graph.definitions.get(name)
        return defined.tensor if defined else self._adjoints.get(name)

    def _total(self, name: str, position: Position, seeds: Seeds) -> Number:
        """The entry of d(f, z) as what the name says: the total derivative, indices of f before those of z."""
        parts = adjoint_parts(name)
        if parts is None or name in self.graph.inputs:
            raise GraphError(f"no value for {name!r}")
        f, by = parts
        rank = len(self.graph.shape(f))
        return self.derivative(entry(f, *map(sp.Integer, position[:rank])), {}, seeds, by, position[rank:])

    def _uses(self, name: str) -> tuple[str, ...]:
        return used_by(self.graph, self._adjoints, name)

    def _relevant(self, name: str, seeds: Seeds) -> Seeds:
        """The seeds to which entries of `name` can respond."""
        upstream = self._upstream.get(name) or self._find_upstream(name)
        return tuple(s for s in seeds if s.name == name or (not s.direct and s.name in upstream))

    def _find_upstream(self, name: str) -> frozenset[str]:
        """The name and all that it depends on."""
        for current in in_order([name], lambda n: () if n in self._upstream else self._uses(n)):
            used = (self._upstream.get(n, frozenset()) for n in self._uses(current))
            self._upstream[current] = frozenset([current]).union(*used)
        return self._upstream[name]

    def _prepare(self, expr: Expr, seeds: Seeds) -> None:
        """Evaluate what `expr` depends on from the inputs upwards, so that a deep graph needs no deep recursion."""

        def needed(name: str) -> tuple[str, ...]:
            relevant = self._relevant(name, seeds)
            known = (name, relevant) in self._prepared or (name in self._values and not relevant)
            return () if known else self._uses(name)

        for name in in_order(names_of(expr, False), needed):
            key, tensor = (name, self._relevant(name, seeds)), self._tensor(name)
            if tensor is None or key in self._prepared:
                continue
            self._prepared.add(key)
            for position in self.positions(tensor.shape):
                try:
                    self.entry(name, position, seeds)
                except SymbackpropError:
                    continue  # it is reported when, and only if, the value of `expr` needs it
