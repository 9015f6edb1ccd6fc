"""What the provers stand on broken on purpose: the calculus of the derivations, and the records of the catalogue.

A wrong record is a wrong definition: the prover proves what follows from it. So each mistake has to show in statements
whose other side does not use it.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import sympy as sp

from symbackprop.catalogue import activations, derivatives, losses
from symbackprop.proof import formulas
from symbackprop.tensor import differentiate
from symbackprop.tensor.indices import transform
from symbackprop.tensor.nodes import Elementwise, Expr

from .kernel import Breaks, Kernel, replaced_everywhere

# Names of SymPy's functions, as `tensor.differentiate` has a rule for each.
RULES: dict[str, type] = {
    "exp": sp.exp, "log": sp.log, "tanh": sp.tanh, "sin": sp.sin, "cos": sp.cos, "erf": sp.erf, "abs": sp.Abs,
}  # fmt: skip
WRONG_RULES: dict[str, Callable[[Expr], Expr]] = {
    "exp": lambda u: u * sp.exp(u - 1),
    "log": lambda u: sp.log(u) / u,
    "tanh": lambda u: 1 - sp.tanh(u),
    "sin": lambda u: -sp.cos(u),
    "cos": sp.sin,
    "erf": lambda u: sp.exp(-(u**2)),
    "abs": lambda u: sp.Integer(1),
}
WRONG_FORMULAS = {
    "sigmoid": "1/(1 + exp(-2*z))",
    "identity": "2*z",
    "relu": "maximum(z, 1)",
    "leaky_relu": "where(z > 0, z, -slope*z)",
    "elu": "where(z > 0, z, alpha*exp(z))",
    "softplus": "log(1 + exp(-z))",
    "silu": "z/(1 + exp(z))",
    "gelu": "z*(1 + erf(z))/2",
    "gelu_tanh": "z*(1 + tanh(sqrt(2/pi)*(z + 0.044715*z**2)))/2",
}
WRONG_LOSSES = {name: ("2*({})" if "half" in name else "({})/2") for name in losses.LOSSES}


def wrong_rule(patch: pytest.MonkeyPatch, function: str) -> None:
    """`tensor.differentiate` has a wrong rule for a function."""
    patch.setitem(differentiate.OUTER, RULES[function], WRONG_RULES[function])


def factor_lost_in_a_product(patch: pytest.MonkeyPatch) -> None:
    """`tensor.differentiate`: (f g)' = f' g."""
    plain = differentiate._product_rule

    def product_rule(factors: Any, name: str, indices: Any) -> Expr:
        terms = sp.Add.make_args(plain(factors, name, indices))
        return sorted(terms, key=sp.default_sort_key)[0]

    patch.setattr(differentiate, "_product_rule", product_rule)


def wrong_formula(patch: pytest.MonkeyPatch, name: str) -> None:
    """The catalogue defines an activation by another formula."""
    record = replace(activations.ACTIVATIONS[name], formula=WRONG_FORMULAS[name])
    patch.setitem(activations.ACTIVATIONS, name, record)


def wrong_loss(patch: pytest.MonkeyPatch, name: str) -> None:
    """The catalogue defines a loss by another formula."""
    record = losses.LOSSES[name]
    patch.setitem(losses.LOSSES, name, replace(record, formula=WRONG_LOSSES[name].format(record.formula)))


def wrong_slope(patch: pytest.MonkeyPatch) -> None:
    """The derivative of a function by its definition is twice what it should be, for who derives and who proves."""
    for module, name in ((derivatives, "definition"), (formulas, "_formula")):
        plain = getattr(module, name)

        def doubled(function: str, order: int = 0, plain: Any = plain) -> Any:
            formals, formula = plain(function, order)
            return formals, 2 * formula if order == 1 else formula

        replaced_everywhere(patch, plain, doubled)


def parameter_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A function is written out with its first argument put in, and not with its parameters."""

    def unfolded(expr: Expr) -> Expr:
        def rule(node: Expr) -> Expr | None:
            if not isinstance(node, Elementwise) or not activations.is_defined(node.func.function):
                return None
            formals, formula = derivatives.definition(node.func.function, node.func.order)
            return formula.xreplace({formals[0]: unfolded(node.args[0])})

        return transform(expr, rule)

    for original in (derivatives.unfold, formulas.written_out):
        replaced_everywhere(patch, original, unfolded)


def _named(breaks: Callable[..., None], name: str) -> Breaks:
    return partial(breaks, **{"function" if breaks is wrong_rule else "name": name})


SURROUNDINGS: dict[str, Kernel] = {
    **{
        f"wrong rule for {name}": Kernel(
            _named(wrong_rule, name), (f"wrong slope of {name}",), (f"slope of {name}", f"delta rule with {name}")
        )
        for name in RULES
    },
    "factor lost in a product": Kernel(
        factor_lost_in_a_product, missed=("delta rule with tanh", "delta rule with sin")
    ),
    **{
        f"wrong formula of {name}": Kernel(
            _named(wrong_formula, name), (f"wrong formula of {name}",), (f"formula of {name}",)
        )
        for name in WRONG_FORMULAS
    },
    **{f"wrong loss {name}": Kernel(_named(wrong_loss, name), missed=(f"loss {name}",)) for name in WRONG_LOSSES},
    "wrong slope of an activation": Kernel(
        wrong_slope,
        ("twice the slope of sigmoid", "twice the slope of gelu"),
        ("gelu beside sympy.diff", "slope of gelu"),
    ),
    "parameter forgotten": Kernel(
        parameter_forgotten, ("parameter of the formula",), ("formula of elu", "leaky_relu beside sympy.diff")
    ),
}
