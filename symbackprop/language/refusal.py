"""Expressions that no formula may mean: without a real value anywhere, or too large to work with."""

from functools import lru_cache

import sympy as sp

from symbackprop.language.syntax import MAX_DIGITS, MAX_EXPONENT
from symbackprop.tensor.nodes import Expr

MAX_NODES = 30_000
# (x**64)**64 is read as x**4096: an exponent may grow by nesting, but not without end.
MAX_JOINED_EXPONENT = MAX_EXPONENT**2


@lru_cache(maxsize=1 << 16)
def refusal(expr: Expr) -> str | None:
    """Why an expression is refused; None for one that is not."""
    if _size(expr) > MAX_NODES:
        return f"written out, this has more than {MAX_NODES} parts: name parts of it in [define]"
    if expr.has(sp.zoo, sp.nan, sp.oo, -sp.oo):
        return "division by zero, or the logarithm of zero"
    if expr.has(sp.re, sp.im, sp.conjugate, sp.arg):
        return "abs or sign of something that need not be real: name its argument in [define]"
    powers = expr.atoms(sp.Pow)
    if any(p.base.is_Number and p.base.is_negative and p.exp.is_integer and not p.exp.is_Integer for p in powers):
        return (
            "(-1)**n, which is also cos(pi*n), for a size n is not supported: "
            "write a scalar c in its place and assume c**2 == 1"
        )
    if expr.has(sp.I) or any(p.base.is_Number and p.base.is_negative and not p.exp.is_Integer for p in powers):
        return "a root or logarithm of a negative number is not real"
    if any(p.exp.is_Rational and max(abs(p.exp.p), p.exp.q) > MAX_JOINED_EXPONENT for p in powers):
        return f"the exponents of nested powers multiply to more than {MAX_JOINED_EXPONENT}"
    if any(max(abs(number.p), number.q) >= 10**MAX_DIGITS for number in expr.atoms(sp.Rational)):
        return f"a number here has more than {MAX_DIGITS} digits"
    return None


@lru_cache(maxsize=1 << 16)
def _size(expr: Expr) -> int:
    """The nodes of an expression as a tree, each shared one as often as it occurs."""
    return 1 + sum(map(_size, expr.args))
