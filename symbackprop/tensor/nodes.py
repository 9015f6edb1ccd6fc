"""The SymPy nodes of which every index expression is built, and the one place where they are made.

An index expression is a SymPy scalar expression over
  rational numbers and pi,
  sizes            `size("n")`                 a positive integer symbol; may appear as a value, as in `sum(x)/n`
  scalars          `scalar("y")`               a real symbol
  tensor entries   `entry("W", i, j)`          `Indexed`; indices are `Idx` or non-negative integers
  `Add Mul Pow`    powers with a rational exponent, or a positive base
  `exp log tanh sin cos erf Abs sign`          SymPy's own classes; `sqrt(u)` is `Pow(u, 1/2)`
  `Elementwise`                                named or arbitrary functions, `sigmoid(z)`, and their derivatives
  `Positive(u)`, `IsZero(u)`                   indicators [u > 0] and [u = 0], 1 or 0
  `KroneckerDelta(i, j)`
  `summation(body, i)`                         `Sum` over the whole range of the `Idx` i
  `Partial(f, v)`                              total derivative of f by the entry v
  `Local(f, v)`                                the factor ∂f/∂v of a chain rule, in derivations only

SymPy's own `diff`, `subs`, `xreplace`, `doit` and `simplify` get indexed sums wrong (they capture bound indices):
none of them may touch an index expression. Use `tensor.indices` and `tensor.differentiate`.
"""

from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Any

import sympy as sp

Expr = Any  # SymPy is untyped; this alias says what is meant


@lru_cache(maxsize=1 << 16)
def size(name: str) -> Expr:
    """A symbolic size: an integer n >= 1."""
    return sp.Symbol(name, integer=True, positive=True)


@lru_cache(maxsize=1 << 16)
def scalar(name: str) -> Expr:
    """A real quantity without indices."""
    return sp.Symbol(name, real=True)


@lru_cache(maxsize=1 << 16)
def index(name: str, extent: Expr) -> Expr:
    """An index i that runs over 0 .. extent-1; its range is part of its identity."""
    return sp.Idx(sp.Symbol(name, integer=True), extent)


@lru_cache(maxsize=1 << 16)
def extent(i: Expr) -> Expr:
    """The size of the range of an `Idx`."""
    return i.upper - i.lower + 1


@cache
def _base(name: str) -> Expr:
    return sp.IndexedBase(sp.Symbol(name, real=True))


@lru_cache(maxsize=1 << 16)
def entry(name: str, *indices: Expr) -> Expr:
    """`name[indices]`, or the scalar symbol `name` when there are no indices."""
    return _base(name)[indices] if indices else scalar(name)


def applied(function: Any, *args: Expr) -> Expr:
    """`function(*args)`, for one of SymPy's functions of which a node with other arguments was one before.

    SymPy asks whether an argument of tanh is 0 before it makes the node, and for that looks at every symbol below each
    of its sums. Where the sign is in its place and a sum is in it, nothing comes of that.
    """
    if function is sp.tanh and _has_sum_on_top(args[0]) and not args[0].could_extract_minus_sign():
        return function(*args, evaluate=False)
    return function(*args)


def _has_sum_on_top(expr: Expr) -> bool:
    return any(isinstance(f, sp.Sum) for term in sp.Add.make_args(expr) for f in sp.Mul.make_args(term))


def is_size(expr: Expr) -> bool:
    """Whether `expr` is a symbolic size."""
    return isinstance(expr, sp.Symbol) and expr.is_integer is True and expr.is_positive is True


def entry_name(expr: Expr) -> str | None:
    """The name of the quantity of which `expr` is an entry or which it is; None for any other node."""
    if isinstance(expr, sp.Indexed):
        return str(expr.base.label.name)
    if isinstance(expr, sp.Symbol) and not expr.is_integer:
        return str(expr.name)
    return None


def entry_indices(expr: Expr) -> tuple[Expr, ...]:
    """The indices of an entry; none for a scalar."""
    return tuple(expr.indices) if isinstance(expr, sp.Indexed) else ()


@lru_cache(maxsize=1 << 16)
def summation(body: Expr, *indices: Expr) -> Expr:
    """Σ body over the whole range of each index; the indices become bound."""
    for i in indices:
        if isinstance(body, sp.Sum) and any(limit[0] == i for limit in body.limits):
            body = extent(i) * body  # i is bound already: SymPy would merge both sums into one with i twice
        else:
            body = sum_over(body, (full_range(i),))
    return body


@lru_cache(maxsize=1 << 16)
def full_range(i: Expr) -> Expr:
    """The limits (i, 0, n - 1) of a sum over the whole range of an `Idx`."""
    return sp.Tuple(i, sp.Integer(0), extent(i) - 1)


def sum_over(body: Expr, limits: Iterable[Iterable[Expr]]) -> Expr:
    """What `Sum(body, *limits)` makes, each limit being an `Idx` with the first and the last of its values.

    SymPy looks at every node of the body to find a Piecewise. No node of ours is one, and sums in sums would cost time
    with the square of their depth.
    """
    body, limits = sp.sympify(body), tuple(sp.Tuple(*limit) for limit in limits)
    if body is sp.nan:
        return body
    if isinstance(body, sp.Sum):
        limits, body = (*body.limits, *limits), body.function
    made = sp.Basic.__new__(sp.Sum, body, *limits)
    made.is_commutative = body.is_commutative
    return made


@lru_cache(maxsize=1 << 16)
def delta(i: Expr, j: Expr) -> Expr:
    """Kronecker's δ of two indices of the same range; an index of a range of size 1 is always 0."""
    i, j = _only_value(i), _only_value(j)
    if isinstance(i, sp.Idx) and isinstance(j, sp.Idx) and i != j:
        # What SymPy's own evaluation comes to, a hundred times slower, by way of assumptions about i - j.
        return sp.KroneckerDelta(*sorted((i, j), key=sp.default_sort_key), evaluate=False)
    return sp.KroneckerDelta(i, j)


def _only_value(i: Expr) -> Expr:
    return sp.Integer(0) if isinstance(i, sp.Idx) and extent(i) == 1 else i


class Positive(sp.Function):
    """[u > 0]: 1 where u > 0, otherwise 0."""

    nargs = 1
    is_real = True

    @classmethod
    def eval(cls, u: Expr) -> Expr | None:
        return sp.Integer(bool(u > 0)) if u.is_Rational else None


class IsZero(sp.Function):
    """[u = 0]: 1 where u = 0, otherwise 0."""

    nargs = 1
    is_real = True

    @classmethod
    def eval(cls, u: Expr) -> Expr | None:
        return sp.Integer(bool(u == 0)) if u.is_Rational else None


class Elementwise(sp.Function):
    """A real function of one scalar, applied to each entry (parameters such as a slope may follow).

    `function` is its name in the formula language and `order` how many times it has been differentiated in its
    first argument. What the function computes stands in the catalogue; an arbitrary function stands nowhere.
    """

    is_real = True
    function: str
    order: int


def elementwise(name: str, order: int = 0) -> Any:
    """The class of `name(z)` or of its derivative of the given order; the same class for the same arguments."""
    return _elementwise(name, order)


@cache
def _elementwise(name: str, order: int) -> Any:
    return type(name + "_prime" * order, (Elementwise,), {"function": name, "order": order, "__module__": __name__})


def adjoint_name(loss: str, name: str) -> str:
    """The name of the quantity ∂loss/∂name: no user can choose it, for it is no identifier."""
    return f"d({loss}, {name})"


def is_adjoint(name: str) -> bool:
    """Whether `adjoint_name` made the name."""
    return name.startswith("d(")


def adjoint_parts(name: str) -> tuple[str, str]:
    """The loss and the name of which `adjoint_name` made `name`."""
    loss, of = name[2:-1].split(", ")
    return loss, of


class Partial(sp.Function):
    """∂f/∂v, the total derivative of the expression f by the entry v (a scalar symbol or an `Indexed`).

    Total: through every definition that uses v, with v itself free, so that `Partial(E, z[i])` is the δ of z.
    """

    nargs = 2
    is_real = True


class Local(sp.Function):
    """∂f/∂v through the definition of f alone, all other names held fixed: one factor of a chain rule."""

    nargs = 2
    is_real = True
