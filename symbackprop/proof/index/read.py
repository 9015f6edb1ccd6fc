"""From SymPy index expressions to normal forms, node by node as `tensor.nodes` lists them."""

from collections.abc import Callable, Mapping
from fractions import Fraction

import sympy as sp

from symbackprop.proof.index.derivative import Derivatives
from symbackprop.proof.index.engine import NONNEGATIVE, POSITIVE
from symbackprop.proof.index.poly import (
    COS,
    ERF,
    FREE,
    ONE,
    SIN,
    UNIT,
    Constant,
    Entry,
    Exp,
    Index,
    Mono,
    Poly,
    add,
    constant,
    integer_index,
    single,
    term,
)
from symbackprop.proof.index.sums import extent_value, fresh
from symbackprop.proof.limits import Budget, Undecided
from symbackprop.tensor.indices import free_indices
from symbackprop.tensor.nodes import (
    Elementwise,
    Expr,
    IsZero,
    Partial,
    Positive,
    entry_indices,
    entry_name,
    extent,
    is_size,
)

# What has a value only where all its arguments have one, a product with an indicator or δ left aside.
STRICT = (
    sp.Add, sp.Mul, sp.Pow, sp.exp, sp.log, sp.tanh, sp.sin, sp.cos, sp.erf, sp.Abs, sp.sign, Elementwise,
)  # fmt: skip
Scope = Mapping[Expr, Index]  # what a bound SymPy index stands for


class Reader(Derivatives):
    """Reads index expressions."""

    def __init__(self, budget: Budget, positive: frozenset[str]) -> None:
        super().__init__(budget, positive)
        self._read: dict[tuple[Expr, tuple[tuple[str, Index], ...]], Poly] = {}

    def read(self, expr: Expr, scope: Scope) -> Poly:
        """The normal form of an expression whose bound indices stand for those in `scope`."""
        scope = {i: new for i, new in scope.items() if i in free_indices(expr)}
        key = expr, tuple((str(i), new) for i, new in scope.items())
        known = self._read.get(key)
        if known is None:
            known = self._read[key] = self._read_node(expr, scope)
            self.clock.check(len(known))
        return known

    def _read_node(self, expr: Expr, scope: Scope) -> Poly:
        if expr.is_Rational:
            return constant(Fraction(int(expr.p), int(expr.q)))
        if expr is sp.pi:
            return single(Constant("pi"))
        if expr is sp.E:
            return term(Mono({Exp(UNIT): Fraction(1)}))
        if isinstance(expr, sp.Idx):
            raise Undecided(f"the index {expr} as a value")
        if is_size(expr):
            return extent_value(str(expr))
        name = entry_name(expr)
        if name is not None:
            indices = tuple(self.index(i, scope) for i in entry_indices(expr))
            return self.reduce({Entry(name, indices): Fraction(1)})
        for kind, rule in RULES:
            if isinstance(expr, kind):
                return rule(self, expr, scope)
        raise Undecided(f"an expression of the kind {type(expr).__name__}")

    def index(self, i: Expr, scope: Scope) -> Index:
        """The index that a SymPy index or integer stands for; in a range of one element there is only 0."""
        if i in scope:
            return scope[i]
        if isinstance(i, int) or i.is_Integer:
            if i < 0:
                raise Undecided(f"the negative index {i}")
            return integer_index(int(i))
        if not isinstance(i, sp.Idx):
            raise Undecided(f"the index {i}, which is no plain index")
        length = range_text(i)
        return integer_index(0) if length == "#1" else Index(FREE, str(i.label), length)

    def read_power(self, expr: Expr, scope: Scope) -> Poly:
        """b^q for rational q; b^x = exp(x log b)."""
        base = self.read(expr.base, scope)
        self._learn_sign(expr.base, base)
        if expr.exp.is_Rational:
            return self.power(base, Fraction(int(expr.exp.p), int(expr.exp.q)))
        return self.exponential(self.multiply(self.read(expr.exp, scope), self.logarithm(base)))

    def read_logarithm(self, expr: Expr, scope: Scope) -> Poly:
        """log u, with what the form of u tells about its sign."""
        argument = self.read(expr.args[0], scope)
        self._learn_sign(expr.args[0], argument)
        return self.logarithm(argument)

    def read_indicator(self, expr: Expr, scope: Scope) -> Poly:
        """[u > 0] or [u = 0]."""
        argument = self.read(expr.args[0], scope)
        self._learn_sign(expr.args[0], argument)
        return self.is_positive(argument) if isinstance(expr, Positive) else self.is_zero(argument)

    def read_sum(self, expr: Expr, scope: Scope) -> Poly:
        """Σ over whole ranges."""
        inner = dict(scope)
        dummies: list[Index] = []
        for i, low, high in expr.limits:
            if not isinstance(i, sp.Idx) or low != 0 or high != i.upper or i.lower != 0:
                raise Undecided(f"a sum over part of a range: {i} from {low} to {high}")
            if range_text(i) == "#1":
                inner[i] = integer_index(0)
                continue
            (dummy,) = fresh([range_text(i)], [*inner.values(), *dummies])
            inner[i] = dummy
            dummies.append(dummy)
        return self.summation(self.read(expr.function, inner), tuple(dummies))

    def read_partial(self, expr: Expr, scope: Scope) -> Poly:
        """∂f/∂v."""
        f, v = expr.args
        name = entry_name(v)
        if name is None:
            raise Undecided(f"a derivative by {v}")
        indices = tuple(self.index(i, scope) for i in entry_indices(v))
        return self.differentiate(self.read(f, scope), name, indices)

    def read_product(self, expr: Expr, scope: Scope) -> Poly:
        """A product of any number of factors."""
        result = ONE
        for factor in expr.args:
            result = self.multiply(result, self.read(factor, scope))
        return result

    def read_delta(self, expr: Expr, scope: Scope) -> Poly:
        """Kronecker's δ of two indices."""
        first, second = (self.index(i, scope) for i in expr.args[:2])
        return self.delta(first, second)

    def _learn_sign(self, expr: Expr, value: Poly) -> None:
        """A sum of squares is expanded by the normal form, which then no longer shows that it is >= 0."""
        sign = self.source_sign(expr)
        if sign is not None and len(value) > 1:
            self.learn_source(sign, value)

    def source_sign(self, expr: Expr) -> str | None:
        """What the form of an expression tells about its sign, wherever it is defined."""
        if expr.is_Rational:
            return POSITIVE if expr > 0 else NONNEGATIVE if expr == 0 else None
        if is_size(expr) or isinstance(expr, sp.exp) or expr in (sp.pi, sp.E):
            return POSITIVE
        if entry_name(expr) is not None:
            return POSITIVE if entry_name(expr) in self.positive_names else None
        if isinstance(expr, sp.Abs | Positive | IsZero | sp.KroneckerDelta):
            return NONNEGATIVE
        if isinstance(expr, sp.Sum):  # ranges are never empty
            return self.source_sign(expr.function)
        if isinstance(expr, sp.Add | sp.Mul):
            return self._combined_sign(expr)
        return self._sign_of_power(expr) if isinstance(expr, sp.Pow) else None

    def _combined_sign(self, expr: Expr) -> str | None:
        signs = [self.source_sign(part) for part in expr.args]
        if None in signs:
            return None
        enough = any if isinstance(expr, sp.Add) else all
        return POSITIVE if enough(sign == POSITIVE for sign in signs) else NONNEGATIVE

    def _sign_of_power(self, expr: Expr) -> str | None:
        base = self.source_sign(expr.base)
        if base == POSITIVE:
            return POSITIVE
        if not expr.exp.is_Rational or (base is None and expr.exp.is_Integer and expr.exp % 2):
            return None
        return POSITIVE if expr.exp < 0 else NONNEGATIVE


def unguarded(expr: Expr) -> bool:
    """Whether an expression has a value only where all its parts have one: no indicator or δ can mask a part."""
    if expr.is_Rational or expr in (sp.pi, sp.E) or is_size(expr) or entry_name(expr) is not None:
        return True
    if isinstance(expr, sp.Sum):
        return unguarded(expr.function)
    return isinstance(expr, STRICT) and all(map(unguarded, expr.args))


def range_text(i: Expr) -> str:
    """The range of a SymPy index as the normal form writes it."""
    length = extent(i)
    if length.is_Integer and length > 0:
        return f"#{length}"
    if is_size(length):
        return str(length)
    raise Undecided(f"an index that runs over {length} values")


def _function(name: str) -> Callable[[Reader, Expr, Scope], Poly]:
    return lambda reader, expr, scope: reader.call(name, 0, (reader.read(expr.args[0], scope),))


def _elementwise(reader: Reader, expr: Expr, scope: Scope) -> Poly:
    arguments = tuple(reader.read(argument, scope) for argument in expr.args)
    return reader.call(expr.func.function, expr.func.order, arguments)


RULES: tuple[tuple[type, Callable[[Reader, Expr, Scope], Poly]], ...] = (
    (sp.Add, lambda reader, expr, scope: add(*(reader.read(part, scope) for part in expr.args))),
    (sp.Mul, Reader.read_product),
    (sp.exp, lambda reader, expr, scope: reader.exponential(reader.read(expr.args[0], scope))),
    (sp.Pow, Reader.read_power),
    (sp.log, Reader.read_logarithm),
    (sp.Sum, Reader.read_sum),
    (sp.KroneckerDelta, Reader.read_delta),
    (Positive, Reader.read_indicator),
    (IsZero, Reader.read_indicator),
    (Partial, Reader.read_partial),
    (Elementwise, _elementwise),
    (sp.tanh, lambda reader, expr, scope: reader.tangent(reader.read(expr.args[0], scope))),
    (sp.sin, _function(SIN)),
    (sp.cos, _function(COS)),
    (sp.erf, _function(ERF)),
    (sp.Abs, lambda reader, expr, scope: reader.absolute(reader.read(expr.args[0], scope))),
    (sp.sign, lambda reader, expr, scope: reader.sign(reader.read(expr.args[0], scope))),
)
