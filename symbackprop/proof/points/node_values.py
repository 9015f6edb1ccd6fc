"""The value of each kind of node of an index expression: one function and one row per kind.

Conventions at kinks: the derivative of an indicator is 0, that of |u| at 0 is 0, that of a named function is what its
formula gives. A product with an indicator that is certainly 0 is 0 even where another factor does not exist, for
`where(x > 0, log(x), 0)` is written [x > 0] log(x).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

import sympy as sp
from flint import arb, fmpq

from symbackprop.catalogue.activations import formula_of
from symbackprop.errors import GraphError, NotSupportedError
from symbackprop.proof.points.duals import (
    ELEMENTARY,
    ONE,
    ZERO,
    Dual,
    Number,
    Undefined,
    Unknown,
    add,
    chain,
    elementary,
    general_power,
    multiply,
    power,
    sign,
    tangent_part,
)
from symbackprop.proof.points.structure import bound_of, constant, free_of, guards_of, name_and_indices
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
)

if TYPE_CHECKING:
    from symbackprop.proof.points.balls import Evaluation, Position, Seeds

# Numbers of the free indices (`Idx`), and of the formal arguments (symbols) of a catalogue formula.
Environment = Mapping[Expr, "int | Number"]
Handler = Callable[["Evaluation", Expr, Environment, "Seeds"], Number]
NOT_REAL = (sp.I, sp.zoo, sp.nan, sp.oo, -sp.oo)


def evaluate(at: Evaluation, expr: Expr, env: Environment, seeds: Seeds) -> Number:
    """The value of `expr` and its response to the seeds.

    Raises: Undefined, Unknown, GraphError for a name without a value, NotSupportedError for an unknown node.
    """
    return _handler(expr.__class__)(at, expr, env, seeds)


def index_value(i: Expr, env: Environment) -> int:
    """The number of an `Idx` or integer index."""
    if i in env:
        return int(env[i])
    if not i.is_Integer:
        raise GraphError(f"the index {i} has no value")
    return int(i)


def _remembered(at: Evaluation, expr: Expr, env: Environment, seeds: Seeds, compute: Callable[[], Number]) -> Number:
    """The value of `compute`, once for the same expression at the same indices and seeds."""
    key = expr, tuple(index_value(i, env) for i in free_of(expr)), seeds
    if key not in at.memo:
        at.memo[key] = compute()
    return at.memo[key]


# --- leaves


def _rational(at: Evaluation, expr: Expr, env: Environment, seeds: Seeds) -> Number:
    return constant(expr)


def _pi(at: Evaluation, expr: Expr, env: Environment, seeds: Seeds) -> Number:
    return arb.pi()


def _euler(at: Evaluation, expr: Expr, env: Environment, seeds: Seeds) -> Number:
    return arb.const_e()


def _not_real(at: Evaluation, expr: Expr, env: Environment, seeds: Seeds) -> Number:
    raise Undefined(f"{expr} is not a real number")


def _symbol(at: Evaluation, expr: Expr, env: Environment, seeds: Seeds) -> Number:
    if expr in env:  # a formal argument of a catalogue formula
        return env[expr]
    return at.size(expr) if is_size(expr) else at.entry(str(expr.name), (), seeds)


def _indexed(at: Evaluation, expr: Expr, env: Environment, seeds: Seeds) -> Number:
    name, indices = name_and_indices(expr)
    return at.entry(name, tuple(index_value(i, env) for i in indices), seeds)


def _delta(at: Evaluation, expr: Expr, env: Environment, seeds: Seeds) -> Number:
    i, j = expr.args
    return ONE if index_value(i, env) == index_value(j, env) else ZERO


# --- sums, products, powers


def _add(at: Evaluation, expr: Expr, env: Environment, seeds: Seeds) -> Number:
    total = ZERO
    for term in expr.args:
        total = add(total, evaluate(at, term, env, seeds))
    return total


def _sum(at: Evaluation, expr: Expr, env: Environment, seeds: Seeds) -> Number:
    """Σ over all positions of the bound indices, the innermost (the first) bound last."""

    def compute() -> Number:
        bound = bound_of(expr)
        total = ZERO
        for position in product(*(range(at.extent(extent(i))) for i in bound)):
            at.check_time()
            inner = {**env, **dict(zip(bound, position, strict=True))}
            total = add(total, evaluate(at, expr.function, inner, seeds))
        return total

    return _remembered(at, expr, env, seeds, compute)


def _multiply(at: Evaluation, expr: Expr, env: Environment, seeds: Seeds) -> Number:
    guards, others = guards_of(expr)
    result = _guard(at, guards, env)
    if result == 0:
        return ZERO
    for factor in others:
        result = multiply(result, evaluate(at, factor, env, seeds))
    return result


def _guard(at: Evaluation, guards: tuple[Expr, ...], env: Environment) -> fmpq:
    """The product of the indicators; one that is certainly 0 settles it, whatever the others are."""
    result, failure = ONE, None
    for guard in guards:
        try:
            result = result * evaluate(at, guard, env, ())
        except (Undefined, Unknown) as error:
            failure = error
    if failure is not None and result != 0:
        raise failure
    return result


def _power(at: Evaluation, expr: Expr, env: Environment, seeds: Seeds) -> Number:
    base, exponent = evaluate(at, expr.base, env, seeds), evaluate(at, expr.exp, env, seeds)
    if isinstance(exponent, fmpq) and (expr.exp.is_Rational or expr.exp.is_integer):
        return power(base, exponent)
    return general_power(base, exponent)


# --- functions


def _sign_of(at: Evaluation, expr: Expr, env: Environment, seeds: Seeds) -> tuple[int, Number]:
    """The sign of the argument of an indicator, |u| or sign(u), and the argument; notes a kink."""
    argument = evaluate(at, expr.args[0], env, seeds)
    direction = sign(argument)
    at.at_kink = at.at_kink or direction == 0
    return direction, argument


def _positive(at: Evaluation, expr: Expr, env: Environment, seeds: Seeds) -> Number:
    return ONE if _sign_of(at, expr, env, ())[0] > 0 else ZERO


def _is_zero(at: Evaluation, expr: Expr, env: Environment, seeds: Seeds) -> Number:
    return ONE if _sign_of(at, expr, env, ())[0] == 0 else ZERO


def _sign(at: Evaluation, expr: Expr, env: Environment, seeds: Seeds) -> Number:
    return fmpq(_sign_of(at, expr, env, ())[0])


def _abs(at: Evaluation, expr: Expr, env: Environment, seeds: Seeds) -> Number:
    direction, argument = _sign_of(at, expr, env, seeds)
    return multiply(fmpq(direction), argument)


def _elementary(at: Evaluation, expr: Expr, env: Environment, seeds: Seeds) -> Number:
    return elementary(expr.func, evaluate(at, expr.args[0], env, seeds))


def _elementwise(at: Evaluation, expr: Expr, env: Environment, seeds: Seeds) -> Number:
    name, order = expr.func.function, expr.func.order
    arguments = [evaluate(at, part, env, seeds) for part in expr.args]
    family = at.functions.get(name)
    return _named(at, name, order, arguments) if family is None else chain(family, order, *arguments)


def _named(at: Evaluation, name: str, order: int, arguments: list[Number]) -> Number:
    """A function of the catalogue, differentiated by duals of its formula: no symbolic derivative is trusted."""
    first = 1 + max(argument.level if isinstance(argument, Dual) else 0 for argument in arguments)
    levels = range(first, first + order)
    for level in levels:
        arguments[0] = add(arguments[0], Dual(level, ZERO, ONE))
    formals, formula = formula_of(name)
    number = evaluate(at, formula, dict(zip(formals, arguments, strict=True)), ())
    for level in reversed(levels):
        number = tangent_part(number, level)
    return number


# --- derivatives


def _partial(at: Evaluation, expr: Expr, env: Environment, seeds: Seeds) -> Number:
    f, v = expr.args
    name, position = _variable(v, env)
    return _remembered(at, expr, env, seeds, lambda: at.derivative(f, env, seeds, name, position))


def _local(at: Evaluation, expr: Expr, env: Environment, seeds: Seeds) -> Number:
    """∂f/∂v through the definition of f alone."""
    f, v = expr.args
    name, position = _variable(v, env)
    defined = at.graph.definitions.get(entry_name(f) or "")
    if defined is not None and defined.name != name:
        numbers = (index_value(i, env) for i in entry_indices(f))
        f, env = defined.tensor.expr, dict(zip(defined.tensor.indices, numbers, strict=True))
    return at.derivative(f, env, seeds, name, position, direct=True)


def _variable(v: Expr, env: Environment) -> tuple[str, Position]:
    name = entry_name(v)
    if name is None:
        raise GraphError(f"a derivative by {v}, which is no entry of a quantity")
    return name, tuple(index_value(i, env) for i in entry_indices(v))


_HANDLERS: dict[type, Handler] = {
    sp.Rational: _rational,
    type(sp.pi): _pi,
    type(sp.E): _euler,
    **{type(special): _not_real for special in NOT_REAL},
    sp.Symbol: _symbol,
    sp.Indexed: _indexed,
    sp.KroneckerDelta: _delta,
    sp.Add: _add,
    sp.Sum: _sum,
    sp.Mul: _multiply,
    sp.Pow: _power,
    Positive: _positive,
    IsZero: _is_zero,
    sp.sign: _sign,
    sp.Abs: _abs,
    **dict.fromkeys(ELEMENTARY, _elementary),
    Elementwise: _elementwise,
    Partial: _partial,
    Local: _local,
}


@cache
def _handler(kind: type) -> Handler:
    for base in kind.__mro__:
        if base in _HANDLERS:
            return _HANDLERS[base]
    raise NotSupportedError(f"no rule for the value of {kind.__name__}")
