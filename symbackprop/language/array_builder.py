"""One walk over an index expression that builds the array formula for it, from the leaves up."""

import ast
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import sympy as sp

from symbackprop.language import array_patterns as patterns
from symbackprop.language.array_layout import (
    aligned,
    as_means,
    best_by_layout,
    cost,
    entrywise,
    filled,
    indexed,
    is_sum_of,
    raised,
    reduction,
    squeezed,
)
from symbackprop.language.array_nodes import (
    Array,
    NoFormulaError,
    Variants,
    binary,
    call,
    is_matmul,
    leading,
    name,
    negative,
    number,
    rational,
    size_node,
    subscript,
)
from symbackprop.language.array_piecewise import GREATER_OR_EQUAL, LESS_OR_EQUAL, PIECEWISE, with_piecewise_names
from symbackprop.language.array_products import Factor, contracted, multiplied
from symbackprop.language.array_softmax import SoftmaxFinder
from symbackprop.language.functions import FUNCTIONS, NAMED, Arguments
from symbackprop.language.parse import Scope
from symbackprop.language.syntax import NAME
from symbackprop.tensor.differentiate import tidy
from symbackprop.tensor.indices import alpha_normal, free_indices, substitute
from symbackprop.tensor.nodes import (
    Elementwise,
    Expr,
    IsZero,
    Positive,
    entry_indices,
    entry_name,
    extent,
    is_size,
    summation,
)
from symbackprop.tensor.tensor import Tensor

ONE = sp.Integer(1)
MIRRORED: dict[type, type[ast.cmpop]] = {ast.Gt: ast.Lt, ast.GtE: ast.LtE, ast.LtE: ast.GtE}
WEAK: dict[str, type[ast.cmpop]] = {GREATER_OR_EQUAL: ast.GtE, LESS_OR_EQUAL: ast.LtE}
# How much longer a product may be than the sum that it equals: the field writes a * (1 - a).
FACTORED = 2
# SymPy's functions of one argument under their names in the formula language.
SAME: dict[type, str] = {
    sp.exp: "exp",
    sp.log: "log",
    sp.tanh: "tanh",
    sp.sin: "sin",
    sp.cos: "cos",
    sp.erf: "erf",
    sp.Abs: "abs",
    sp.sign: "sign",
}


class Builder:
    """One translation; remembers the arrays of subexpressions and the softmaxes that it has found."""

    def __init__(self, scope: Scope, names: Mapping[str, str]) -> None:
        self.scope, self.names = scope, names
        self.known: dict[Expr, Variants] = {}
        self.softmax = SoftmaxFinder(self.build)

    def formula(self, tensor: Tensor) -> str:
        singles = {i: sp.Integer(0) for i in tensor.indices if extent(i) == 1}
        target = tuple(None if i in singles else i for i in tensor.indices)
        expr = patterns.without_single_indices(substitute(tensor.expr, singles))
        variants = self.build(alpha_normal(with_piecewise_names(tidy(expr))))
        exact = [v for v in variants if v.labels == target]
        if exact:
            return exact[0].text
        array = aligned(variants, target)
        return (array if array.labels == target else filled(squeezed(array), target)).text

    def build(self, expr: Expr) -> Variants:
        if expr not in self.known:
            self.known[expr] = self._build(expr)
        return self.known[expr]

    def _build(self, expr: Expr) -> Variants:
        if expr.is_Rational:
            return (Array(rational(expr), ()),)
        if expr is sp.pi or expr is sp.E:
            return (Array(name("pi") if expr is sp.pi else call("exp", number(1)), ()),)
        if is_size(expr):
            return (Array(size_node(expr), ()),)
        if entry_name(expr) is not None:
            return self.entry(expr)
        for kind, handler in _HANDLERS:
            if isinstance(expr, kind):
                return handler(self, expr)
        raise NoFormulaError(type(expr).__name__)

    # --- leaves

    def entry(self, expr: Expr) -> Variants:
        code, indices = str(entry_name(expr)), entry_indices(expr)
        if code in self.softmax.found:
            return indexed(self.softmax.found[code], indices, [None] * len(indices))
        identifier = self.names.get(code, code)
        shape = self.scope.shapes.get(identifier)
        if shape is None or not NAME.match(identifier) or len(shape) != len(indices):
            raise NoFormulaError(f"the name {code}")
        node = leading(identifier) if code in self.names else name(identifier)
        return indexed(node, indices, shape)

    def delta(self, expr: Expr) -> Variants:
        """δ_ij is the identity matrix, δ_i0 its first row."""
        labels = [i for i in expr.args if isinstance(i, sp.Idx)]
        sizes = {extent(i) for i in labels}
        if len(sizes) != 1:
            raise NoFormulaError("a Kronecker delta of two ranges")
        identity = call("eye", size_node(sizes.pop()))
        if len(labels) == 2:
            return (Array(identity, tuple(labels)),)
        (position,) = (i for i in expr.args if not isinstance(i, sp.Idx))
        if not position.is_Integer:
            raise NoFormulaError(f"the index {position}")
        return (Array(subscript(identity, [int(position)]), tuple(labels)),)

    # --- entry by entry

    def function(self, expr: Expr) -> Variants:
        if isinstance(expr, sp.log) and (total := self.log_of_sum(expr.args[0])) is not None:
            return total
        return self.apply(SAME[type(expr)], expr.args)

    def apply(self, function: str, arguments: Sequence[Expr], *first: ast.expr) -> Variants:
        return entrywise(
            [self.build(argument) for argument in arguments],
            lambda parts: call(function, *first, *(part.node for part in parts)),
        )

    def elementwise(self, expr: Expr) -> Variants:
        function, order = expr.func.function, expr.func.order
        if function in WEAK:
            return self.comparison(WEAK[function](), expr.args[0])
        if function in PIECEWISE:
            return self.apply(function, expr.args)
        if order > 1 or function not in NAMED | self.scope.functions:
            raise NoFormulaError(f"{function} differentiated {order} times")
        arguments = list(expr.args)
        if function in FUNCTIONS and tuple(arguments[1:]) == _defaults(function):
            arguments = arguments[:1]
        return self.apply("prime", arguments, name(function)) if order else self.apply(function, arguments)

    def compare(self, expr: Expr) -> Variants:
        """[a - b > 0] is a > b."""
        return self.comparison(ast.Gt() if isinstance(expr, Positive) else ast.Eq(), expr.args[0])

    def comparison(self, operator: ast.cmpop, difference: Expr) -> Variants:
        above = sp.Add(*(t for t in sp.Add.make_args(difference) if t.as_coeff_Mul()[0] > 0))
        sides = [above, above - difference]
        if above == 0:
            sides.reverse()
            operator = MIRRORED.get(type(operator), ast.Eq)()
        return entrywise(
            [self.build(side) for side in sides],
            lambda parts: ast.Compare(parts[0].node, [operator], [parts[1].node]),
        )

    def power(self, expr: Expr) -> Variants:
        base, exponent = expr.base, expr.exp
        if not exponent.is_Rational:
            return entrywise([self.build(base), self.build(exponent)], lambda p: binary(p[0].node, ast.Pow, p[1].node))
        if exponent < 0:
            return multiplied([Factor(self.build(base**-exponent), inverse=True)])
        squares = patterns.square_root_of_squares(base) if exponent.q == 2 else None
        if squares is not None:
            inner, bound = squares
            return raised(reduction("norm", self.build(inner), frozenset(bound)), sp.Integer(exponent.p))
        if exponent == sp.Rational(1, 2):
            return self.apply("sqrt", [base])
        return raised(self.build(base), exponent)

    # --- sums of terms

    def addition(self, expr: Expr) -> Variants:
        folded = self.softmax.fold_terms(expr)
        if folded != expr:
            return self.build(folded)
        written = self.terms(expr.args)
        number, shared, rest = patterns.factored(expr)
        if number == 1 and not shared:
            return written
        product = self.product_of(number, [*shared, rest])
        if shared and cost(product[0]) <= cost(written[0]) + FACTORED:
            written = tuple(v for v in written if v.labels not in [p.labels for p in product])
        return best_by_layout([*product, *written])

    def terms(self, terms: Sequence[Expr]) -> Variants:
        """a + b - c, positive terms first and those with more axes before those that are broadcast to them."""
        split = [(bool(term.as_coeff_Mul()[0] < 0), term) for term in terms]
        built = [(minus, self.build(-term if minus else term)) for minus, term in split]
        built.sort(key=lambda pair: (pair[0], *_place(pair[1][0])))

        def make(parts: list[Array]) -> ast.expr:
            node = negative(parts[0].node) if built[0][0] else parts[0].node
            for (minus, _), part in zip(built[1:], parts[1:], strict=True):
                node = binary(node, ast.Sub if minus else ast.Add, part.node)
            return node

        return entrywise([variants for _, variants in built], make)

    # --- products

    def product(self, expr: Expr) -> Variants:
        coefficient, rest = expr.as_coeff_Mul()
        return self.product_of(coefficient, sp.Mul.make_args(rest))

    def product_of(self, coefficient: Expr, factors: Sequence[Expr], bound: Sequence[Expr] = ()) -> Variants:
        """coefficient Σ_bound Π factors."""
        factors = self.softmax.fold_factors(factors)
        diagonal = None if bound else self.diagonal(factors)
        if diagonal is not None:
            return multiplied([Factor(diagonal)], coefficient)
        coefficient, built = self.factors(coefficient, factors)
        return contracted(built, bound, coefficient) if bound else multiplied(built, coefficient)

    def factors(self, coefficient: Expr, factors: Sequence[Expr]) -> tuple[Expr, list[Factor]]:
        """The factors as arrays; a sum divided by its number of terms is a mean."""
        remaining = list(factors)
        built: list[Factor] = []
        for factor in factors:
            average = self.mean(factor, coefficient, remaining)
            if average is not None:
                coefficient, remaining, variants = average
                built.append(Factor(variants))
        for factor in remaining:
            inverse = factor.is_Pow and factor.exp.is_Rational and factor.exp < 0
            built.append(Factor(self.build(1 / factor if inverse else factor), bool(inverse)))
        return coefficient, built

    def mean(self, factor: Expr, coefficient: Expr, factors: list[Expr]) -> tuple[Expr, list[Expr], Variants] | None:
        """(Σ_k x) / n as mean(x), with the coefficient and the factors that are left."""
        if not isinstance(factor, sp.Sum):
            return None
        body, bound = patterns.flat_sum(factor)
        left = [f for f in factors if f is not factor]
        for i in bound:
            count = extent(i)
            if count.is_Integer and coefficient.q % int(count) == 0:
                coefficient *= count
            elif 1 / count in left:
                left.remove(1 / count)
            else:
                return None
        variants = self.build(factor)
        whole = {squeezed(v).text for v in self.build(body)}
        return (coefficient, left, as_means(variants)) if is_sum_of(variants, whole) else None

    def diagonal(self, factors: Sequence[Expr]) -> Variants | None:
        """δ_ij v_i as diag(v)."""
        deltas = [f for f in factors if isinstance(f, sp.KroneckerDelta) and all(isinstance(i, sp.Idx) for i in f.args)]
        if len(deltas) != 1 or len(factors) == 1:
            return None
        i, j = deltas[0].args
        vector = sp.Mul(*(substitute(f, {j: i}) for f in factors if f is not deltas[0]))
        if free_indices(vector) != {i}:
            return None
        form = aligned(self.build(vector), (i,))
        return (Array(call("diag", form.node), (i, j)),)

    def summed(self, expr: Expr) -> Variants:
        body, bound = patterns.flat_sum(expr)
        used = [i for i in bound if i in free_indices(body)]
        if len(used) < len(bound):
            count = sp.Mul(*(extent(i) for i in bound if i not in used))
            return self.build(count * summation(body, *reversed(used)))
        coefficient, rest = patterns.content(body)
        written = self.product_of(coefficient, sp.Mul.make_args(rest), bound)
        number, shared, rest = patterns.factored(body) if body.is_Add else (ONE, [], body)
        if shared:
            with suppress(NoFormulaError):
                return best_by_layout([*self.product_of(number, [*shared, rest], bound), *written])
        return written

    def log_of_sum(self, expr: Expr) -> Variants | None:
        """log Σ exp(z) as logsumexp(z)."""
        body, bound = patterns.flat_sum(expr)
        if not bound or not isinstance(body, sp.exp) or not set(bound) <= free_indices(body):
            return None
        return reduction("logsumexp", self.build(body.args[0]), frozenset(bound))


_HANDLERS: tuple[tuple[type | tuple[type, ...], Callable[[Builder, Expr], Variants]], ...] = (
    (sp.Add, Builder.addition),
    (sp.Mul, Builder.product),
    (sp.exp, Builder.function),
    (sp.Pow, Builder.power),
    (sp.Sum, Builder.summed),
    (sp.KroneckerDelta, Builder.delta),
    (tuple(SAME), Builder.function),
    (Elementwise, Builder.elementwise),
    ((Positive, IsZero), Builder.compare),
)


def _place(term: Array) -> tuple[int, bool, int, str]:
    """Where a term stands in a sum: `W @ x + b + 1`."""
    return -len(term.labels), not is_matmul(term.node), len(term.text), term.text


def _defaults(function: str) -> tuple[Expr, ...]:
    """The parameters that a named function takes when none are written."""
    return tuple(FUNCTIONS[function].apply(Arguments((Tensor(ONE),))).expr.args[1:])
