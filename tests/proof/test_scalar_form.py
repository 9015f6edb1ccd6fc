"""The scalar zero test: identities are proved, and nothing that is false at some point ever is."""

import pytest
import sympy as sp
from proof.scalar_identities import (
    IDENTITIES,
    difference,
    f,
    f_prime,
    maximum,
    minimum,
    n,
    proved,
    relu,
    sigmoid,
    x,
    y,
)

from symbackprop.proof.scalar.form import ScalarProver, is_zero
from symbackprop.tensor.nodes import (
    IsZero,
    Positive,
    entry,
)


@pytest.mark.parametrize("name", IDENTITIES)
def test_an_identity_is_proved(name: str) -> None:
    left, right = IDENTITIES[name]
    assert is_zero(difference(left, right))


ON_LINES = sum(IsZero(x + k * y) for k in range(1, 8))

# Near misses, each false at some point where everything in it is defined.
FALSE = {
    "root of a square": (sp.sqrt(x**2 + 2 * x * y + y**2), x + y),
    "split root": (sp.sqrt(x * y) * sp.sqrt(x / y), x),
    "root of an even power": (sp.sqrt(x**2 * y), x * sp.sqrt(y)),
    "rationalised denominator, indicator at its zero": (
        IsZero(x - sp.sqrt(y)) / (x + sp.sqrt(y)),
        IsZero(x - sp.sqrt(y)) * (x - sp.sqrt(y)) * (x**2 + y),
    ),
    "step at zero": (Positive(x), Positive(x) + IsZero(x)),
    "sign at zero": (sp.sign(x), 2 * Positive(x) - 1),
    "relu'(0)": (Positive(x), 1 - Positive(-x)),
    "indicator of a product": (Positive(x * y), Positive(x) * Positive(y)),
    "indicator of a quotient": (Positive(x / (x**2 + y)), Positive(x)),
    "indicator with a denominator of unknown sign": (Positive(1 / (x - 1)), Positive(1 / x)),
    "zero of a product": (IsZero(x * y), IsZero(x)),
    "order of kinks": (Positive(x - 1) * Positive(x), Positive(x)),
    "clip": (minimum(maximum(x, sp.Integer(0)), sp.Integer(1)), maximum(x, sp.Integer(0))),
    "logarithm of a square": (sp.log(x**2), sp.log(4 * x**2) - sp.log(2)),
    "absolute value in a logarithm": (sp.exp(sp.log(x**2) / 2), x),
    "half exponents": (sp.exp(x / 2), sp.exp(x) / 2),
    "exp of a kink": (sp.exp(relu(x)), sp.exp(x) * Positive(x)),
    "saturation": (sigmoid(x) + sp.Rational(1, 10**60), sigmoid(x)),
    "saturated": (sigmoid(sp.Integer(300)), sp.Integer(1)),
    "erf by tanh": (sp.erf(x), sp.tanh(sp.Rational(1128, 1000) * x)),
    "erf is not even": (sp.erf((y**2 - x**2) / (x + y)), sp.erf(x - y)),
    "cosine is not odd": (sp.cos((y**2 - x**2) / (x + y)), -sp.cos(x - y)),
    "exponents that differ on lines only": (sp.exp(x + ON_LINES), sp.exp(x)),
    "arguments that differ on lines only": (f(x + ON_LINES), f(x)),
    "a square may be zero": (Positive((x - y) ** 2), sp.Integer(1)),
    "an indefinite form": (Positive(x**2 - 3 * x * y + y**2 + 1), sp.Integer(1)),
    "a size may be one": (Positive(n - 1), sp.Integer(1)),
    "other function": (f(x), f_prime(x)),
    "swapped arguments": (f(x, y), f(y, x)),
    "transposed entries": (entry("W", 0, 1), entry("W", 1, 0)),
    "reals are not positive": (sp.Abs(x), x),
    "a power of a sum": ((x + y) ** 3, x**3 + y**3),
    "zero only where x is": (IsZero(x) * sp.exp(y), IsZero(x)),
}


@pytest.mark.parametrize("name", FALSE)
def test_a_near_miss_is_not_proved(name: str) -> None:
    left, right = FALSE[name]
    assert not proved(difference(left, right))


@pytest.mark.parametrize("group", ["rational", "exponential", "logarithm", "root", "kink", "opaque"])
def test_a_shared_prover_answers_as_a_fresh_one(group: str) -> None:
    prover = ScalarProver()
    names = [name for name in IDENTITIES if name.startswith(group)]
    for name in names + names[::-1]:
        left, right = IDENTITIES[name]
        assert prover.is_zero(difference(left, right))
        assert not prover.is_zero(difference(left, right + sp.Rational(1, 7)))
