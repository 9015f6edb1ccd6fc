"""Formulas that NumPy should compute in another way than they are written: without overflow, or without a detour.

Each pattern gives the NumPy expression of a node, or None where it does not fit.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import reduce
from typing import TYPE_CHECKING

from symbackprop.numeric.source_syntax import is_call, is_number, numpy_call, put_for_z

if TYPE_CHECKING:
    from symbackprop.numeric.source_formulas import FormulaWriter

Pattern = Callable[["FormulaWriter", ast.expr], "ast.expr | None"]
# Functions without a value everywhere, or whose value may be too large for a float.
_PARTIAL = ("sqrt", "log", "norm", "std", "exp")
_OPPOSITE: dict[type, type[ast.cmpop]] = {
    ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
}  # fmt: skip


def _meaning(writer: FormulaWriter, node: ast.expr) -> ast.expr:
    """What a name stands for."""
    return writer.trees.get(node.id, node) if isinstance(node, ast.Name) else node


def _minus(node: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.USub(), node)


# ---------------------------------------------------------------------------------------- logarithms


def log_of_probability(writer: FormulaWriter, node: ast.expr) -> ast.expr | None:
    """log(sigmoid(z)) = -softplus(-z), log(1 - sigmoid(z)) = -softplus(z), log(softmax(z)) = log_softmax(z)."""
    if not is_call(node, "log"):
        return None
    argument = _meaning(writer, node.args[0])
    if is_call(argument, "softmax"):
        return writer.helper("_log_softmax", writer.write(argument.args[0]), keywords=argument.keywords)
    if is_call(argument, "sigmoid"):
        return _minus(writer.helper("_softplus", _minus(writer.write(argument.args[0]))))
    if isinstance(argument, ast.BinOp) and isinstance(argument.op, ast.Sub) and is_number(argument.left, 1):
        probability = _meaning(writer, argument.right)
        if is_call(probability, "sigmoid"):
            return _minus(writer.helper("_softplus", writer.write(probability.args[0])))
    return None


def log_of_sum(writer: FormulaWriter, node: ast.expr) -> ast.expr | None:
    """log(exp(u) + exp(v)) = logaddexp(u, v), and log(1 + exp(z)) = softplus(z)."""
    return _log_of_exponentials(writer, _meaning(writer, node.args[0])) if is_call(node, "log") else None


def quotient_of_exponentials(writer: FormulaWriter, node: ast.expr) -> ast.expr | None:
    """exp(u)/(exp(u) + exp(v) + exp(w)) = exp(u - logaddexp(u, v, w)), also among other factors."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Mult | ast.Div):
        return None
    sign, above, below = _factors(node)
    divisor, below_it = _first(below, lambda f: _log_of_exponentials(writer, _meaning(writer, f)))
    factor, above_it = _first(above, lambda f: _log_of_exponential(writer, f))
    if divisor is None or factor is None:
        return None
    quotient = numpy_call("exp", ast.BinOp(above_it, ast.Sub(), below_it))
    whole = reduce(_times, [*(writer.write(f) for f in above if f is not factor), quotient])
    others = [writer.write(f) for f in below if f is not divisor]
    whole = ast.BinOp(whole, ast.Div(), reduce(_times, others)) if others else whole
    return _minus(whole) if sign < 0 else whole


def _first(nodes: list[ast.expr], logarithm: Callable[[ast.expr], ast.expr | None]) -> tuple[ast.expr | None, ast.expr]:
    """The first node that has a logarithm, and this."""
    for node in nodes:
        found = logarithm(node)
        if found is not None:
            return node, found
    return None, ast.Constant(0.0)


def _times(a: ast.expr, b: ast.expr) -> ast.expr:
    return ast.BinOp(a, ast.Mult(), b)


def _log_of_exponential(writer: FormulaWriter, node: ast.expr) -> ast.expr | None:
    """u of exp(u), or the logarithm of a sum of such."""
    return writer.write(node.args[0]) if is_call(node, "exp") else _log_of_exponentials(writer, node)


def _log_of_exponentials(writer: FormulaWriter, total: ast.expr) -> ast.expr | None:
    """log(Σ c exp(u)) for at least two terms with numbers c > 0, also as a whole divided by or times such a number."""
    if isinstance(total, ast.BinOp) and isinstance(total.op, ast.Div) and _is_positive(total.right):
        inner = _log_of_exponentials(writer, total.left)
        return None if inner is None else ast.BinOp(inner, ast.Sub(), numpy_call("log", total.right))
    terms = list(_terms(total))
    if len(terms) < 2 or all(map(_is_positive, terms)):
        return None
    logarithms = [_log_of_term(writer, term) for term in terms]
    found = [logarithm for logarithm in logarithms if logarithm is not None]
    if len(found) < len(terms):
        return None
    zero = [logarithm for logarithm in found if is_number(logarithm, 0)]
    if len(found) == 2 and len(zero) == 1:
        (other,) = (logarithm for logarithm in found if logarithm is not zero[0])
        return writer.helper("_softplus", other)
    return reduce(lambda a, b: numpy_call("logaddexp", a, b), found)


def _terms(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield from _terms(node.left)
        yield from _terms(node.right)
    else:
        yield node


def _log_of_term(writer: FormulaWriter, term: ast.expr) -> ast.expr | None:
    """log c, u, u ± log c or log Σ exp(u); None for a term of another form."""
    if _is_positive(term):
        return ast.Constant(0.0) if is_number(term, 1) else numpy_call("log", term)
    if is_call(term, "exp"):
        return writer.write(term.args[0])
    if is_call(term, "sum") and is_call(term.args[0], "exp") and writer.rank(term.args[0]):
        return writer.helper("_logsumexp", writer.write(term.args[0].args[0]), keywords=term.keywords)
    if not isinstance(term, ast.BinOp):
        return None
    if isinstance(term.op, ast.Mult) and _is_positive(term.left) and is_call(term.right, "exp"):
        return ast.BinOp(writer.write(term.right.args[0]), ast.Add(), numpy_call("log", term.left))
    if isinstance(term.op, ast.Div) and _is_positive(term.right) and is_call(term.left, "exp"):
        return ast.BinOp(writer.write(term.left.args[0]), ast.Sub(), numpy_call("log", term.right))
    return None


def _is_positive(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float) and node.value > 0


# ---------------------------------------------------------------------------------------- where a condition holds


def masked_product(writer: FormulaWriter, node: ast.expr) -> ast.expr | None:
    """[c] u = where(c, u, 0) where u may have no value: a product is 0 where the condition does not hold."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Mult | ast.Div):
        return None
    sign, above, below = _factors(node)
    conditions = [truth for factor in above if (truth := condition(writer, factor)) is not None]
    kept = [factor for factor in above if condition(writer, factor) is None]
    if not conditions or not (
        any(_partial(writer, f) for f in kept) or any(_may_vanish(writer, divisor) for divisor in below)
    ):
        return None
    rest = reduce(_times, kept or [ast.Constant(1)])
    if below:
        rest = ast.BinOp(rest, ast.Div(), reduce(_times, below))
    both = reduce(lambda a, b: ast.BinOp(a, ast.BitAnd(), b), conditions)
    masked = numpy_call("where", both, writer.write(rest), ast.Constant(0.0))
    return _minus(masked) if sign < 0 else masked


def condition(writer: FormulaWriter, node: ast.expr) -> ast.expr | None:
    """A comparison, 1 minus one, or a product of them, as a truth value; None for any other formula."""
    if isinstance(node, ast.Compare):
        return ast.Compare(writer.write(node.left), node.ops, [writer.write(side) for side in node.comparators])
    if not isinstance(node, ast.BinOp):
        return None
    if isinstance(node.op, ast.Sub) and is_number(node.left, 1) and isinstance(node.right, ast.Compare):
        opposite = _OPPOSITE[type(node.right.ops[0])]()
        return condition(writer, ast.Compare(node.right.left, [opposite], node.right.comparators))
    sides = (node.left, node.right) if isinstance(node.op, ast.Mult) else ()
    found = [truth for side in sides if (truth := condition(writer, side)) is not None]
    return ast.BinOp(found[0], ast.BitAnd(), found[1]) if len(found) == 2 else None


def _factors(node: ast.expr) -> tuple[int, list[ast.expr], list[ast.expr]]:
    """A sign, the factors and the divisors of a product."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        sign, above, below = _factors(node.operand)
        return -sign, above, below
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        (s, a, b), (t, c, d) = _factors(node.left), _factors(node.right)
        return s * t, [*a, *c], [*b, *d]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        (sign, above, below), divisors = _factors(node.left), _products(node.right)
        return sign, above, [*below, *divisors]
    match node:
        case ast.BinOp(ast.Compare() as compared, ast.Sub(), one) if is_number(one, 1):  # [c] - 1 = -(1 - [c])
            return -1, [ast.BinOp(one, ast.Sub(), compared)], []
    return 1, [node], []


def _products(node: ast.expr) -> list[ast.expr]:
    """The factors of a divisor."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return [*_products(node.left), *_products(node.right)]
    return [node]


def _partial(writer: FormulaWriter, node: ast.expr) -> bool:
    """Whether a formula may be without a value, or with an infinite one in floats."""
    for part in ast.walk(node):
        if any(is_call(part, function) for function in _PARTIAL if isinstance(part, ast.expr)):
            return True
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Div) and _may_vanish(writer, part.right):
            return True
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Pow) and not isinstance(part.right, ast.Constant):
            return True
        if isinstance(part, ast.Name) and part.id in writer.trees and _partial(writer, writer.trees[part.id]):
            return True
    return False


def _may_vanish(writer: FormulaWriter, divisor: ast.expr) -> bool:
    """Whether a divisor is something else than a positive number, a size, or a product of such."""
    if isinstance(divisor, ast.BinOp) and isinstance(divisor.op, ast.Mult):
        return _may_vanish(writer, divisor.left) or _may_vanish(writer, divisor.right)
    is_size = isinstance(divisor, ast.Name) and divisor.id in writer.scope.sizes
    return not is_size and not _is_positive(divisor)


# ---------------------------------------------------------------------------------------- detours


def scaled_rows(writer: FormulaWriter, node: ast.expr) -> ast.expr | None:
    """diag(v) @ M = v[:, np.newaxis] * M."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.MatMult) or not is_call(node.left, "diag"):
        return None
    vector = node.left.args[0]
    if writer.rank(vector) != 1 or writer.rank(node.right) != 2:
        return None
    column = put_for_z("z[:, np.newaxis]", writer.write(vector))
    return ast.BinOp(column, ast.Mult(), writer.write(node.right))


PATTERNS: tuple[Pattern, ...] = (
    log_of_probability,
    log_of_sum,
    quotient_of_exponentials,
    masked_product,
    scaled_rows,
)
