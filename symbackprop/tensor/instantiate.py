"""One entry of an index expression as a plain SymPy scalar: sums written out, sizes as integers, entries as symbols.

What comes out holds no node of ours but named functions, so that SymPy's own `diff`, `lambdify` and `evalf` can be
applied to it.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import product

import sympy as sp

from symbackprop.errors import GraphError, NotSupportedError
from symbackprop.tensor.indices import children, free_indices
from symbackprop.tensor.nodes import (
    Elementwise,
    Expr,
    IsZero,
    Local,
    Partial,
    Positive,
    entry_indices,
    entry_name,
    extent,
    is_size,
    scalar,
)

Position = tuple[int, ...]
MAX_NODES = 30_000


def entry_symbol(name: str, position: Position = ()) -> Expr:
    """The symbol that stands for one entry: `W[0, 1]`, or `y` for a scalar."""
    return scalar(f"{name}[{', '.join(map(str, position))}]" if position else name)


def concrete_shape(shape: tuple[Expr, ...], sizes: Mapping[str, int]) -> Position:
    """The shape with its sizes filled in.

    Raises: GraphError for a size that `sizes` does not give.
    """
    return tuple(int(axis) if axis.is_Integer else _given(axis, sizes) for axis in shape)


def positions(shape: tuple[Expr, ...], sizes: Mapping[str, int]) -> Iterator[Position]:
    """All positions in a tensor of that shape, the last axis fastest."""
    return product(*map(range, concrete_shape(shape, sizes)))


def _given(size: Expr, sizes: Mapping[str, int]) -> int:
    number = sizes.get(str(size))
    if number is None:
        raise GraphError(f"the size {size} is not given; write for example {{{str(size)!r}: 2}}")
    if not isinstance(number, int) or number < 1:
        raise GraphError(f"the size {size} is {number!r}; a size is an integer of at least 1")
    return number


def instantiate(
    expr: Expr, sizes: Mapping[str, int], at: Mapping[Expr, int] | None = None, *, budget: int = MAX_NODES
) -> Expr:
    """`expr` at one position: `at` gives its free indices, `sizes` the sizes that occur.

    Indicators become `Piecewise`. Functions of the catalogue stay named unless they were unfolded before.

    Raises: GraphError for a size or index that is not given; NotSupportedError beyond `budget` visited nodes and
    for derivatives that have not been taken.
    """
    return Instantiation(sizes, budget).value(expr, at or {})


class Instantiation:
    """Expressions at positions, for one choice of sizes; each node is written out once for each position."""

    def __init__(self, sizes: Mapping[str, int], budget: int = MAX_NODES) -> None:
        self.sizes, self.budget = sizes, budget
        self.known: dict[tuple[Expr, frozenset[tuple[Expr, int]]], Expr] = {}

    def value(self, expr: Expr, at: Mapping[Expr, int]) -> Expr:
        """`expr` with its free indices at the positions `at`."""
        key = expr, frozenset((i, at[i]) for i in free_indices(expr) if i in at)
        if key not in self.known:
            self.budget -= 1
            if self.budget < 0:
                raise NotSupportedError(
                    "an instance of this size is too large to be written out; choose smaller sizes or keep the indices"
                )
            self.known[key] = self._new_value(expr, at)
        return self.known[key]

    def _new_value(self, expr: Expr, at: Mapping[Expr, int]) -> Expr:
        if is_size(expr):
            return sp.Integer(_given(expr, self.sizes))
        if isinstance(expr, sp.Idx):
            return sp.Integer(self._position(expr, at))
        name = entry_name(expr)
        if name is not None:
            return entry_symbol(name, tuple(self._position(i, at) for i in entry_indices(expr)))
        if isinstance(expr, sp.Sum):
            return self._sum(expr, at)
        if isinstance(expr, (Partial, Local)):
            raise NotSupportedError("a derivative that is not taken has no instance; derive it first")
        values = [self.value(child, at) for child in children(expr)]
        return _PLAIN.get(type(expr), expr.func)(*values) if values else expr

    def _position(self, i: Expr, at: Mapping[Expr, int]) -> int:
        if isinstance(i, sp.Idx):
            if i not in at:
                raise GraphError(f"the index {i} has no position")
            return at[i]
        return int(i)

    def _sum(self, expr: Expr, at: Mapping[Expr, int]) -> Expr:
        """Σ_i f(i) = f(0) + f(1) + ... over the whole range of each bound index."""
        bound = [limit[0] for limit in expr.limits]
        ranges = positions(tuple(map(extent, bound)), self.sizes)
        return sp.Add(*(self.value(expr.function, {**at, **dict(zip(bound, where, strict=True))}) for where in ranges))


def _indicator(condition: Callable[[Expr], Expr]) -> Callable[[Expr], Expr]:
    return lambda u: sp.Piecewise((1, condition(u)), (0, True))


_PLAIN: dict[type, Callable[..., Expr]] = {
    Positive: _indicator(lambda u: sp.Gt(u, 0)),
    IsZero: _indicator(lambda u: sp.Eq(u, 0)),
    # SymPy would differentiate its own sign to a Dirac delta.
    sp.sign: lambda u: sp.Piecewise((1, sp.Gt(u, 0)), (-1, sp.Lt(u, 0)), (0, True)),
}


def plain_functions(expr: Expr) -> Expr:
    """`expr` with each arbitrary function as SymPy's undefined function of that name, its derivatives as `Subs`."""
    if isinstance(expr, Elementwise):
        return _undefined(expr.func, [plain_functions(argument) for argument in expr.args])
    if not expr.args or not expr.has(Elementwise):
        return expr
    return expr.func(*map(plain_functions, expr.args))


def _undefined(kind: type[Elementwise], arguments: list[Expr]) -> Expr:
    """f(u), or f'(t) at t = u."""
    function = sp.Function(kind.function)
    if not kind.order:
        return function(*arguments)
    (u,) = arguments
    t = sp.Symbol("_t", real=True)  # no user can choose this name
    return sp.Subs(sp.Derivative(function(t), (t, kind.order)), t, u)
