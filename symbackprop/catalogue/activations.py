"""The activations: one record each. Derivatives are derived from the formula, never typed in."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from symbackprop.errors import GraphError
from symbackprop.language.parse import Scope, parse
from symbackprop.tensor.indices import transform
from symbackprop.tensor.nodes import Elementwise, Expr, entry

Formula = tuple[tuple[Expr, ...], Expr]  # formal arguments (z, parameters...), and an expression in them


@dataclass(frozen=True, kw_only=True, slots=True)
class Activation:
    """An activation a = f(z).

    `formula` defines it in `z` (and its parameters); `derivative_in_output` is the compact form of f'(z) in `a` and
    `z`, a claim that is proved, empty where none is shorter; `kinks` tells where f' jumps and the value used there.
    """

    id: str
    name: str
    formula: str
    derivative_in_output: str = ""
    parameters: tuple[str, ...] = ()
    kinks: str = ""
    elementwise: bool = True
    source: str = ""


ACTIVATIONS: dict[str, Activation] = {
    record.id: record
    for record in (
        Activation(id="identity", name="identity", formula="z", derivative_in_output="1"),
        Activation(
            id="sigmoid",
            name="logistic sigmoid",
            formula="1/(1 + exp(-z))",
            derivative_in_output="a*(1 - a)",
            source="Rumelhart, Hinton, Williams (1986), equation 2",
        ),
        Activation(
            id="tanh",
            name="hyperbolic tangent",
            formula="tanh(z)",
            derivative_in_output="1 - a**2",
            source="LeCun, Bottou, Orr, Mueller (1998), section 4.4",
        ),
        Activation(
            id="relu",
            name="rectified linear unit",
            formula="maximum(z, 0)",
            derivative_in_output="z > 0",
            kinks="z = 0, where 0 is used",
            source="Glorot, Bordes, Bengio (2011), section 3",
        ),
        Activation(
            id="leaky_relu",
            name="leaky rectified linear unit",
            formula="where(z > 0, z, slope*z)",
            derivative_in_output="where(z > 0, 1, slope)",
            parameters=("slope",),
            kinks="z = 0, where the slope is used",
            source="Maas, Hannun, Ng (2013), section 2",
        ),
        Activation(
            id="elu",
            name="exponential linear unit",
            formula="where(z > 0, z, alpha*(exp(z) - 1))",
            derivative_in_output="where(z > 0, 1, a + alpha)",
            parameters=("alpha",),
            kinks="z = 0, where alpha is used",
            source="Clevert, Unterthiner, Hochreiter (2016), equation 15",
        ),
        Activation(
            id="softplus",
            name="softplus",
            formula="log(1 + exp(z))",
            derivative_in_output="1 - exp(-a)",
            source="Dugas et al. (2001), equation 4",
        ),
        Activation(
            id="silu",
            name="sigmoid linear unit (swish)",
            formula="z/(1 + exp(-z))",
            derivative_in_output="a + sigmoid(z)*(1 - a)",
            source="Elfwing, Uchibe, Doya (2018), equation 5",
        ),
        Activation(
            id="gelu",
            name="Gaussian error linear unit",
            formula="z*(1 + erf(z/sqrt(2)))/2",
            source="Hendrycks, Gimpel (2016), section 2",
        ),
        Activation(
            id="gelu_tanh",
            name="Gaussian error linear unit, tanh form",
            formula="z*(1 + tanh(sqrt(2/pi)*(z + 0.044715*z**3)))/2",
            source="Hendrycks, Gimpel (2016), section 2",
        ),
        Activation(
            id="softmax",
            name="softmax",
            formula="softmax(z)",
            derivative_in_output="diag(a) - outer(a, a)",
            elementwise=False,
            source="Bridle (1990)",
        ),
        Activation(
            id="log_softmax",
            name="logarithm of softmax",
            formula="log_softmax(z)",
            derivative_in_output="eye(n) - outer(ones(n), exp(a))",
            elementwise=False,
        ),
    )
}


def is_defined(name: str) -> bool:
    """Whether the catalogue defines the elementwise function `name` (an arbitrary function it does not)."""
    return name in ACTIVATIONS and ACTIVATIONS[name].elementwise


@cache
def formula_of(name: str) -> Formula:
    """The formula of an activation.

    Raises: GraphError for a name that is no elementwise activation of the catalogue.
    """
    if not is_defined(name):
        raise GraphError(f"{name!r} is no elementwise function of the catalogue")
    record = ACTIVATIONS[name]
    formals = tuple(entry(formal) for formal in ("z", *record.parameters))
    return formals, parse(record.formula, Scope(shapes={str(f): () for f in formals})).expr


def with_formulas(expr: Expr, formula: Callable[[str, int], Formula]) -> Expr:
    """`expr` with every function that the catalogue defines, and its derivatives, as `formula(name, order)` has it."""

    def rule(node: Expr) -> Expr | None:
        if not isinstance(node, Elementwise) or not is_defined(node.func.function):
            return None
        formals, value = formula(node.func.function, node.func.order)
        arguments = (with_formulas(argument, formula) for argument in node.args)
        # A formula is free of sums, so that replacing its formal symbols can capture nothing.
        return value.xreplace(dict(zip(formals, arguments, strict=True)))

    return transform(expr, rule)
