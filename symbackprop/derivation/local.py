"""Local derivatives: ∂u/∂v through the definition of u alone, with indices that must be equal set equal.

∂h_k/∂z_i of h = σ(z) vanishes unless k = i; then the sum over k in a chain rule has one term, and the derivative is
written ∂h_i/∂z_i = σ'(z_i). A factor δ_ki in every term of the derivative is what shows this.
"""

from dataclasses import dataclass

import sympy as sp

from symbackprop.catalogue.activations import ACTIVATIONS
from symbackprop.derivation.naming import Vocabulary
from symbackprop.derivation.simplify import merged, with_short_conditions, without_zero_sums
from symbackprop.language.parse import Scope, parse
from symbackprop.model.graph import Definition
from symbackprop.tensor.differentiate import differentiate, tidy
from symbackprop.tensor.indices import free_indices, substitute, transform
from symbackprop.tensor.nodes import Elementwise, Expr, Local, delta, elementwise, entry, index


@dataclass(frozen=True, slots=True)
class LocalDerivative:
    """∂u[k...]/∂v[i...] = `plain` = `in_output` (written with u = f(z) itself) = `value` (with other names, too).

    `indices` are those of u after the forced equalities; `summed` are the ones that stay free to sum over.
    """

    name: str
    indices: tuple[Expr, ...]
    summed: tuple[Expr, ...]
    by: Expr
    plain: Expr
    in_output: Expr
    value: Expr

    @property
    def symbol(self) -> Expr:
        """The factor ∂u/∂v of a chain rule."""
        return Local(entry(self.name, *self.indices), self.by)

    @property
    def lines(self) -> list[tuple[str, Expr]]:
        """The forms that differ from the one before, each with the rule that gives it."""
        lines = [("local", self.plain)]
        for rule, form in (("output", self.in_output), ("named", self.value)):
            if form != lines[-1][1]:
                lines.append((rule, form))
        return lines


def local_derivative(
    definition: Definition, by: str, at: tuple[Expr, ...], prefix: str, words: Vocabulary | None = None
) -> LocalDerivative:
    """The local derivative of a definition by the entry `by[at]`; new indices are called `prefix`0, `prefix`1, ...

    In its `value`, the values of the definitions in `words` are written as their names.
    """
    shape = definition.tensor.shape
    own = tuple(index(f"{prefix}{axis}", size) for axis, size in enumerate(shape))
    derivative = without_zero_sums(merged(tidy(differentiate(definition.tensor.at(*own), by, at))))
    # Tidied once more: which factors share a sign shows only when the sums are in their final form.
    derivative = tidy(with_short_conditions(derivative))
    forced = _forced_equalities(derivative, own, at)
    if forced:
        derivative = tidy(substitute(derivative, forced))
    indices = tuple(forced.get(i, i) for i in own)
    in_output = with_output(derivative, definition, indices)
    value = in_output if words is None else words.without_deviations(words.named(in_output))
    return LocalDerivative(
        name=definition.name,
        indices=indices,
        summed=tuple(i for i in own if i not in forced),
        by=entry(by, *at),
        plain=derivative,
        in_output=in_output,
        value=value if value == in_output else _common_factor(value),
    )


def _forced_equalities(derivative: Expr, own: tuple[Expr, ...], at: tuple[Expr, ...]) -> dict[Expr, Expr]:
    """k -> i for each own index k that a factor δ_ki in every term forces to equal an index i of v."""
    terms = sp.Add.make_args(derivative)
    forced: dict[Expr, Expr] = {}
    for k in own:
        for i in at:
            same_range = isinstance(i, sp.Idx) and i.upper == k.upper
            if same_range and all(delta(k, i) in sp.Mul.make_args(term) for term in terms):
                forced[k] = i
                break
    return forced


def with_output(derivative: Expr, definition: Definition, indices: tuple[Expr, ...]) -> Expr:
    """The derivative with the function's own value put in: σ'(z) = a (1 - a), tanh'(z) = 1 - a²."""
    value, symbol = definition.tensor.at(*indices), entry(definition.name, *indices)
    if isinstance(value, Elementwise):
        compact = _compact(value, symbol)
        prime = elementwise(value.func.function, value.func.order + 1)(*value.args)
        return transform(derivative, lambda node: compact if node == prime else None)
    replaced = transform(derivative, lambda node: symbol if node == value else None)
    return _softmax_in_output(replaced, definition, indices)


def _compact(value: Expr, symbol: Expr) -> Expr:
    """f'(z) by the catalogue's compact form in a = f(z); f'(z) itself where it has none."""
    record = ACTIVATIONS.get(value.func.function)
    if record is None or value.func.order or not record.derivative_in_output:
        return elementwise(value.func.function, value.func.order + 1)(*value.args)
    formals = ("a", "z", *record.parameters)
    formula = parse(record.derivative_in_output, Scope(shapes=dict.fromkeys(formals, ()))).expr
    return formula.xreplace({entry(name): u for name, u in zip(formals, (symbol, *value.args), strict=True)})


def _softmax_in_output(derivative: Expr, definition: Definition, indices: tuple[Expr, ...]) -> Expr:
    """exp(z_j) / Σ_k exp(z_k) = p_j wherever it occurs in the derivative of p = softmax(z)."""
    numerator, total = _softmax_parts(definition.tensor.at(*indices))
    if total is None:
        return derivative

    def value_at(exponential: Expr) -> Expr | None:
        for position, own in enumerate(indices):
            for other in free_indices(exponential):
                if other.upper == own.upper and substitute(numerator, {own: other}) == exponential:
                    return entry(definition.name, *indices[:position], other, *indices[position + 1 :])
        return None

    terms = []
    for term in sp.Add.make_args(derivative):
        factors = list(sp.Mul.make_args(term))
        power = next((f for f in factors if f.is_Pow and f.base == total and f.exp.is_Integer), None)
        exponentials = [f for f in factors if isinstance(f, sp.exp)]
        values = [value_at(f) for f in exponentials]
        if power is None or -power.exp != len(values) or None in values:
            return derivative
        rest = [f for f in factors if f is not power and f not in exponentials]
        terms.append(sp.Mul(*rest, *values))
    return _common_factor(sp.Add(*terms))


def _softmax_parts(value: Expr) -> tuple[Expr, Expr | None]:
    """exp(z_i) and Σ_k exp(z_k) of a value exp(z_i)/Σ_k exp(z_k); None in the second place for any other value."""
    exponentials = [f for f in sp.Mul.make_args(value) if isinstance(f, sp.exp)]
    inverses = [f.base for f in sp.Mul.make_args(value) if f.is_Pow and f.exp == -1 and isinstance(f.base, sp.Sum)]
    if len(exponentials) == len(inverses) == 1 and value == exponentials[0] / inverses[0]:
        return exponentials[0], inverses[0]
    return value, None


def _common_factor(expr: Expr) -> Expr:
    """a b + a c = a (b + c) for the factors that all terms share."""
    terms = [sp.Mul.make_args(term) for term in sp.Add.make_args(expr)]
    shared = [factor for factor in terms[0] if all(factor in other for other in terms[1:])]
    if len(terms) == 1 or not shared:
        return expr
    rest = [sp.Mul(*(f for f in factors if f not in shared)) for factors in terms]
    return sp.Mul(*shared, sp.Add(*rest), evaluate=False)
