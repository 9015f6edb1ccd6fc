"""Provers broken on purpose: one mistake each, of the kind that a change of the code could make.

`KERNELS` names the mistake, how it is put in, and the false statements of `attacks` that it makes provable: so the
lists are good enough to notice it. With those of `broken_surroundings`, where the prover itself is right.
"""

from fractions import Fraction
from typing import Any

import pytest
import sympy as sp

from symbackprop.proof import attempt
from symbackprop.proof.index import read, sums
from symbackprop.proof.index.cases import holds_in_case
from symbackprop.proof.index.derivative import Derivatives
from symbackprop.proof.index.form import IndexForms
from symbackprop.proof.index.functions import Functions
from symbackprop.proof.index.poly import ONE, ZERO, Delta, Mono, Poly, Sum, scale, single, term
from symbackprop.proof.index.powers import Powers
from symbackprop.proof.index.rules import Conditioned
from symbackprop.proof.index.sums import Sums, fresh
from symbackprop.proof.scalar import nodes
from symbackprop.proof.scalar.functions import FunctionRing
from symbackprop.proof.scalar.indicators import IndicatorRing
from symbackprop.proof.scalar.powers import PowerRing
from symbackprop.proof.unfold import Unfolding

from .broken_surroundings import SURROUNDINGS
from .kernel import Kernel


def range_check_dropped(patch: pytest.MonkeyPatch) -> None:
    """Σ_k δ_kj f(k) = f(j) whatever the ranges of k and j."""

    def delta(self: Sums, i: Any, j: Any) -> Poly:
        first, second = sorted((i, j))
        return ONE if i == j else self.reduce({Delta(first, second): Fraction(1)})

    patch.setattr(Sums, "delta", delta)


def condition_before_derivative(patch: pytest.MonkeyPatch) -> None:
    """Side conditions are put in before a derivative is taken, by whatever variable."""
    derivative = IndexForms.derivative

    def conditioned(self: Any, form: Any, name: str, indices: Any = ()) -> Poly:
        read_form = form if isinstance(form, Poly) else self.normalise(form)
        return derivative(self, Conditioned(self._reader, self._rules).rebuild(read_form), name, indices)

    patch.setattr(IndexForms, "derivative", conditioned)
    patch.setattr(attempt, "_speaks_of", lambda *_: False)


def capture_in_renaming(patch: pytest.MonkeyPatch) -> None:
    """The dummies of an opened sum may be those of the sum around it."""

    def opened(self: Sums, atom: Sum, taken: Any) -> Any:
        dummies = fresh([d.extent for d in atom.dummies], ())
        return self.rename(term(atom.body), dict(zip(atom.dummies, dummies, strict=True))), dummies

    patch.setattr(Sums, "open", opened)


def any_sum_cancels(patch: pytest.MonkeyPatch) -> None:
    """S S'⁻¹ = 1 for any two sums over the same range."""

    def find(self: Sums, target: Sum, inner: Any, dummies: Any) -> Any:
        for chosen, part in self.parts_like(target, inner, dummies):
            rest = {a: e for a, e in inner.items() if a not in part}
            return rest, tuple(d for d in dummies if d not in chosen), Fraction(1)
        return None

    patch.setattr(Sums, "_find", find)


def unused_dummy_dropped(patch: pytest.MonkeyPatch) -> None:
    """Σ_k c = c."""
    patch.setattr(sums, "extent_value", lambda extent: ONE)


def sizes_are_one_size(patch: pytest.MonkeyPatch) -> None:
    """Every unused dummy gives the same size."""
    patch.setattr(sums, "extent_value", lambda extent: sums.single(sums.Size("m")))


def indices_sorted(patch: pytest.MonkeyPatch) -> None:
    """A[i, j] and A[j, i] are one atom."""
    patch.setattr(read, "entry_indices", lambda expr: tuple(sorted(getattr(expr, "indices", ()), key=str)))


def root_of_square_without_sign(patch: pytest.MonkeyPatch) -> None:
    """√(p²) = p."""
    patch.setattr(Powers, "_root_of_square", lambda self, p, q: self.power(p, q))


def logarithm_without_sign(patch: pytest.MonkeyPatch) -> None:
    """log p² = 2 log p without a look at the sign of p."""
    plain = Functions._logarithm_of_rest

    def rest(self: Functions, p: Poly) -> Poly:
        if len(p) == 1 and p.terms[0][1] == 1:
            logs = (scale(single(attack_log(atom)), e) for atom, e in p.terms[0][0].factors)
            return sums.add(*logs)
        return plain(self, p)

    def attack_log(atom: Any) -> Any:
        return sums.Call("#log", 0, (single(atom),))

    patch.setattr(Functions, "_logarithm_of_rest", rest)


def kink_forgotten(patch: pytest.MonkeyPatch) -> None:
    """[u = 0] = 0: as if no quantity were ever 0."""
    patch.setattr(Functions, "zero_indicator", lambda self, u: ZERO)


def case_of_zero_left_out(patch: pytest.MonkeyPatch) -> None:
    """Cases u > 0 and u < 0 only."""

    def two_cases(engine: Conditioned, p: Poly, signs: dict[Poly, int]) -> bool:
        return True if signs and 0 in signs.values() else holds_in_case(engine, p, signs)

    patch.setattr("symbackprop.proof.index.cases.holds_in_case", two_cases)


def positive_by_default(patch: pytest.MonkeyPatch) -> None:
    """A factor of which nothing is known counts as positive."""
    patch.setattr(Powers, "positive_atom", lambda self, atom: True)


def wrong_sign_of_a_derivative(patch: pytest.MonkeyPatch) -> None:
    """cos' = sin."""
    plain = Derivatives._outer_derivative

    def outer(self: Derivatives, atom: Any) -> Poly:
        return self.sine(atom.arguments[0]) if atom.function == "#cos" else plain(self, atom)

    patch.setattr(Derivatives, "_outer_derivative", outer)


def exponent_lost(patch: pytest.MonkeyPatch) -> None:
    """∂ ∏ a^e = Σ a^(e-1) (∂a) ∏ the others: without the factor e."""

    def product_rule(self: Derivatives, mono: Mono, name: str, indices: Any) -> Poly:
        parts = []
        for atom, exponent in mono.factors:
            factors = dict(mono.factors)
            factors[atom] = exponent - 1
            inner = self._derivative_of_atom(atom, name, indices)
            parts.append(self.multiply(self.reduce({a: e for a, e in factors.items() if e}), inner))
        return sums.add(*parts)

    patch.setattr(Derivatives, "_product_rule", product_rule)


def inner_derivative_lost(patch: pytest.MonkeyPatch) -> None:
    """∂f(u) = f'(u)."""
    patch.setattr(Derivatives, "_chain_rule", lambda self, atom, name, indices: self._outer_derivative(atom))


def derivative_of_every_entry(patch: pytest.MonkeyPatch) -> None:
    """∂x[i]/∂x[j] = 1 for all i and j."""
    patch.setattr(
        Derivatives, "_derivative_of_entry", lambda self, atom, name, indices: ONE if atom.name == name else ZERO
    )


def one_path_of_several(patch: pytest.MonkeyPatch) -> None:
    """The chain rule along one way only."""
    plain = Unfolding._equation

    def equation(self: Unfolding, name: str) -> Any:
        return sorted(sp.Add.make_args(plain(self, name)), key=str)[0]

    patch.setattr(Unfolding, "_equation", equation)


def exponents_multiplied(patch: pytest.MonkeyPatch) -> None:
    """exp(u) exp(v) = exp(u v)."""
    plain = Functions.exponential

    def exponential(self: Functions, p: Poly) -> Poly:
        product = ONE
        for mono, coefficient in p.terms:
            product = self.multiply(product, term(mono, coefficient))
        return plain(self, product)

    patch.setattr(Functions, "exponential", exponential)


def function_without_argument(patch: pytest.MonkeyPatch) -> None:
    """f(u) is the same value for every u."""
    plain = Functions.call

    def call(self: Functions, function: str, order: int, arguments: tuple[Poly, ...]) -> Poly:
        return plain(self, function, order, arguments if function.startswith("#") else (ONE,))

    patch.setattr(Functions, "call", call)


def sine_is_even(patch: pytest.MonkeyPatch) -> None:
    """sin(-u) = sin(u)."""
    plain = Functions.sine
    patch.setattr(Functions, "sine", lambda self, p: plain(self, scale(p, -1)) if _faces_down(p) else plain(self, p))


def _faces_down(p: Poly) -> bool:
    return sum(c for _, c in p.terms) < 0


def condition_on_any_sum(patch: pytest.MonkeyPatch) -> None:
    """A side condition about one quantity is used for every other."""

    def match(self: Conditioned, condition: Any, atom: Any) -> Poly | None:
        ((pattern, _),) = condition.left.factors
        return condition.right if type(pattern) is type(atom) else None

    patch.setattr(Conditioned, "_match", match)


# ---------------------------------------------------------------------------------------------- the scalar prover


def scalar_root_without_sign(patch: pytest.MonkeyPatch) -> None:
    """√(u²) = u in the scalar prover."""
    patch.setattr(IndicatorRing, "absolute", lambda self, u: u)
    patch.setitem(nodes.UNARY, sp.Abs, IndicatorRing.absolute)


def scalar_values_merged(patch: pytest.MonkeyPatch) -> None:
    """Two values of a function are one, whatever their arguments."""
    patch.setattr(FunctionRing, "_equal", lambda self, value, arguments: True)


def scalar_inverses_merged(patch: pytest.MonkeyPatch) -> None:
    """One inverse for every denominator."""
    plain = PowerRing._inverse_of_factor

    def inverse(self: PowerRing, f: Any) -> Any:
        known = getattr(self, "_only_inverse", None)
        if known is None:
            known = plain(self, f)
            self._only_inverse = known  # type: ignore[attr-defined]
        return known

    patch.setattr(PowerRing, "_inverse_of_factor", inverse)
    patch.setattr(IndicatorRing, "surely_differs", lambda self, element: False)


def scalar_logarithm_of_a_sum(patch: pytest.MonkeyPatch) -> None:
    """log(u + v) = log u + log v."""
    plain = FunctionRing.log

    def log(self: FunctionRing, u: Any) -> Any:
        if len(u) > 1:
            parts = [self.context.from_dict({m: c}) for m, c in zip(u.monoms(), u.coeffs(), strict=True)]
            return sum((plain(self, part) for part in parts), start=self.zero)
        return plain(self, u)

    patch.setitem(nodes.UNARY, sp.log, log)
    patch.setattr(IndicatorRing, "surely_differs", lambda self, element: False)


KERNELS: dict[str, Kernel] = {
    kernel.breaks.__name__.replace("_", " "): kernel
    for kernel in (
        Kernel(range_check_dropped, ("form: delta across ranges",)),
        Kernel(condition_before_derivative, ("condition differentiated", "condition differentiated below")),
        Kernel(capture_in_renaming, ("quadratic form sees the diagonal only", "product of three in another order")),
        Kernel(any_sum_cancels, ("rows with the normalisers of others",)),
        Kernel(unused_dummy_dropped, ("sum of ones is one",)),
        Kernel(sizes_are_one_size, ("one size is another", "size minus itself by another")),
        Kernel(indices_sorted, ("transposed matrix", "transposed form")),
        Kernel(root_of_square_without_sign, ("root of a completed square",)),
        Kernel(logarithm_without_sign, ("form: logarithm of a square",)),
        Kernel(kink_forgotten, ("greater or equal", "slope at the kink", "square of the sign")),
        Kernel(case_of_zero_left_out, ("greater or equal", "slope at the kink", "square of the sign")),
        Kernel(positive_by_default, ("absolute value", "root of a square", "a positive sum")),
        Kernel(wrong_sign_of_a_derivative, ("slope of cosine",)),
        Kernel(exponent_lost, ("slope of a power", "slope of a product")),
        Kernel(inner_derivative_lost, ("slope of a composition",)),
        Kernel(derivative_of_every_entry, ("slope of a sum",)),
        Kernel(one_path_of_several, ("one path of two", "the other path of two")),
        Kernel(exponents_multiplied, ("exponential of a sum",)),
        Kernel(function_without_argument, ("value of the function at another place",)),
        Kernel(sine_is_even, ("form: sine of the opposite",)),
        Kernel(condition_on_any_sum, ("condition on another sum", "condition on squares")),
        Kernel(scalar_root_without_sign, ("scalar: root of a square", "scalar: absolute value")),
        Kernel(scalar_values_merged, ("scalar: two values of a function", "scalar: error function")),
        Kernel(scalar_inverses_merged, ("scalar: inverse of another",)),
        Kernel(scalar_logarithm_of_a_sum, ("scalar: logarithm of a sum",)),
    )
} | SURROUNDINGS
