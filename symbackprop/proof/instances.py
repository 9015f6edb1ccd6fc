"""Equality of plain SymPy scalars, entry by entry: the gradient of an instance against an outside oracle."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sympy as sp

from symbackprop.proof.conditions import fails_below_guard
from symbackprop.proof.limits import Budget, Clock, Undecided
from symbackprop.proof.scalar.form import ScalarProver
from symbackprop.proof.verdict import Kind, Verdict
from symbackprop.tensor.nodes import Expr, IsZero, Positive

METHOD = "scalar normal form"
# The neurons of so many quantities are put in: those of an activation and of what it is applied to, and a few more.
LEVELS = 4


def verify_entries(
    pairs: Mapping[str, tuple[Expr, Expr]], equations: Sequence[Expr] = (), budget: Budget = Budget()
) -> Verdict:
    """The verdict on: both expressions of every pair are equal wherever they are defined and each equation is 0.

    A linear equation, such as y0 + y1 - 1, is solved for one of its symbols, which is put into both sides; of others
    multiples are added. Derivatives have been taken before, so that this is a statement about points. Never REFUTED: a
    difference that is not shown to be 0 is UNDECIDED.
    """
    solved = solve_linear(equations)
    prover, clock = ScalarProver(equations=unsolved(equations, solved), budget=budget), Clock(budget)
    for name, (left, right) in pairs.items():
        try:
            clock.check()
            if not _vanishes(left - right, solved, prover):
                return _undecided(name, "the difference is not zero in normal form")
        except Undecided as error:
            return _undecided(name, error.reason)
    return Verdict(kind=Kind.PROVED, method=METHOD, obligations=len(pairs))


def verify_neurons(
    pairs: Mapping[str, tuple[Expr, Expr]],
    neurons: Sequence[Mapping[Expr, Expr]],
    adjoints: Mapping[Expr, Expr],
    equations: Sequence[Expr] = (),
    budget: Budget = Budget(),
) -> Verdict:
    """The same where symbols stand for neurons and adjoints, each of which is put in only where that is needed.

    Equal for all values of the symbols is more than equal for the values that they have. An adjoint that stands on one
    side only is put in first, then the neurons of the last quantity that occurs, and so on.
    """
    solved = solve_linear(equations)
    prover, clock = ScalarProver(equations=unsolved(equations, solved), budget=budget), Clock(budget)
    for name, (left, right) in pairs.items():
        while one_sided := (left.free_symbols ^ right.free_symbols) & set(adjoints):
            meaning = {symbol: adjoints[symbol] for symbol in one_sided}
            left, right = left.xreplace(meaning), right.xreplace(meaning)
        try:
            if not any(_vanishes(e, solved, prover) for e in _with_neurons(left - right, neurons, clock)):
                return _undecided(name, "the difference is not zero in normal form")
        except Undecided as error:
            return _undecided(name, error.reason)
    return Verdict(kind=Kind.PROVED, method=f"{METHOD}, cut at every neuron", obligations=len(pairs))


def _with_neurons(expr: Expr, neurons: Sequence[Mapping[Expr, Expr]], clock: Clock) -> Iterator[Expr]:
    """The expression as it is, then with the neurons of its last quantity written out, then also of the one before.

    Raises: Undecided when time is up.
    """
    yield expr
    levels = 0
    for quantity in neurons:
        clock.check()
        if levels < LEVELS and not expr.free_symbols.isdisjoint(quantity):
            expr = expr.xreplace(dict(quantity))
            levels += 1
            yield expr


def _vanishes(difference: Expr, solved: Sequence[tuple[Expr, Expr]], prover: ScalarProver) -> bool:
    """Whether an expression is 0 wherever the solved equations hold."""
    return prover.is_zero(put_in(with_indicators(difference), solved))


def _undecided(name: str, reason: str) -> Verdict:
    return Verdict(kind=Kind.UNDECIDED, method=METHOD, reason=f"{name}: {reason}")


def solve_linear(equations: Sequence[Expr]) -> list[tuple[Expr, Expr]]:
    """symbol = value for each equation, to be put in one after the other; what is not linear is left out.

    So is y = [t > 0]/s, which holds for s = 0 too, where t <= 0: put in, it would ask for s != 0.
    """
    found: list[tuple[Expr, Expr]] = []
    for equation in equations:
        for symbol, value in found:
            equation = equation.xreplace({symbol: value})
        if fails_below_guard(equation):
            continue
        for symbol in sorted(equation.free_symbols, key=str, reverse=True):
            slope = sp.diff(equation, symbol)
            if slope.is_Rational and slope != 0:
                found.append((symbol, symbol - equation / slope))
                break
    return found


def unsolved(equations: Sequence[Expr], solved: Sequence[tuple[Expr, Expr]]) -> list[Expr]:
    """What the equations say of the symbols that they were not solved for."""
    rest = [put_in(equation, solved) for equation in equations] if len(solved) < len(equations) else []
    return [equation for equation in rest if equation != 0]


def put_in(expr: Expr, solved: Sequence[tuple[Expr, Expr]]) -> Expr:
    """The expression with each symbol that was solved for replaced by its value."""
    for symbol, value in solved:
        expr = expr.xreplace({symbol: value})
    return expr


def with_indicators(expr: Expr) -> Expr:
    """`expr` with each `Piecewise` as a sum of its branches times indicators: the first condition that holds counts."""
    if isinstance(expr, sp.Piecewise):
        total, open_ = sp.Integer(0), sp.Integer(1)
        for value, condition in expr.args:
            holds = _indicator(condition)
            total += open_ * holds * with_indicators(value)
            open_ *= 1 - holds
        return total
    if not expr.args or not expr.has(sp.Piecewise):
        return expr
    return expr.func(*map(with_indicators, expr.args))


def _indicator(condition: Expr) -> Expr:
    """A condition as 1 or 0.

    Raises: Undecided for one that is not made of comparisons.
    """
    if condition in (sp.true, sp.false):
        return sp.Integer(int(bool(condition)))
    if isinstance(condition, (sp.And, sp.Or, sp.Not, sp.ITE)):
        return _connected(condition, *map(_indicator, condition.args))
    if not isinstance(condition, sp.core.relational.Relational):
        raise Undecided(f"the condition {condition}")
    gap = with_indicators(condition.lhs - condition.rhs)
    kinds: dict[Any, Expr] = {
        sp.Gt: Positive(gap),
        sp.Lt: Positive(-gap),
        sp.Ge: Positive(gap) + IsZero(gap),
        sp.Le: Positive(-gap) + IsZero(gap),
        sp.Eq: IsZero(gap),
        sp.Ne: 1 - IsZero(gap),
    }
    return kinds[condition.func]


def _connected(condition: Expr, *parts: Expr) -> Expr:
    """A condition that connects others, as 1 or 0, from the values of its parts."""
    if isinstance(condition, sp.And):
        return sp.Mul(*parts)
    if isinstance(condition, sp.Or):
        return 1 - sp.Mul(*(1 - part for part in parts))
    if isinstance(condition, sp.Not):
        return 1 - parts[0]
    chosen, one, other = parts
    return chosen * one + (1 - chosen) * other
