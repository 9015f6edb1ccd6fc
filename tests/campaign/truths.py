"""True statements that are proved or derived as long as nothing around the provers is broken.

The functions of the catalogue by formulas of our own, their slopes, losses, and derivations beside the prover and
beside `sympy.diff`: a wrong record or a wrong rule of differentiation makes one of them fail.
"""

from collections.abc import Callable, Mapping

from symbackprop.derivation.chain_rule import chain_rule
from symbackprop.derivation.delta_rule import delta_rule
from symbackprop.derivation.oracle import beside_oracle
from symbackprop.model.build import graph_from_formulas, relation
from symbackprop.model.graph import Graph
from symbackprop.model.layers import Dense
from symbackprop.model.network import Network
from symbackprop.proof.instances import verify_entries
from symbackprop.proof.verify import verify, verify_adjoints, verify_routes

from .attacks import Asked, claim, proved

FORMULAS = {
    "identity": "identity(r) == r",
    "sigmoid": "sigmoid(r) == exp(r)/(1 + exp(r))",
    "tanh": "tanh(r) == (exp(r) - exp(-r))/(exp(r) + exp(-r))",
    "relu": "relu(r) == where(r > 0, r, 0)",
    "leaky_relu": "leaky_relu(r, s) == where(r > 0, r, s*r)",
    "elu": "elu(r, s) == where(r > 0, r, s*exp(r) - s)",
    "softplus": "softplus(r) == log(exp(r) + 1)",
    "silu": "silu(r) == r*exp(r)/(1 + exp(r))",
    "gelu": "gelu(r) == r/2 + r/2*erf(r/sqrt(2))",
    "gelu_tanh": "gelu_tanh(r) == r/2 + r/2*tanh(sqrt(2/pi)*(r + 44715*r**3/1000000))",
}
SLOPES = {
    "exp": "prime(exp, r) == exp(r)",
    "log": "prime(log, r) == 1/r",
    "tanh": "prime(tanh, r) == 4/(exp(r) + exp(-r))**2",
    "sin": "prime(sin, r) == cos(r)",
    "cos": "prime(cos, r) == -sin(r)",
    "erf": "prime(erf, r) == 2/sqrt(pi)*exp(-r**2)",
    "abs": "prime(abs, r) == (r > 0) - (r < 0)",
    "sigmoid": "prime(sigmoid, r) == exp(r)/(1 + exp(r))**2",
    "relu": "prime(relu, r) == (r > 0)",
    "leaky_relu": "prime(leaky_relu, r, s) == where(r > 0, 1, s)",
    "elu": "prime(elu, r, s) == where(r > 0, 1, s*exp(r))",
    "softplus": "prime(softplus, r) == exp(r)/(1 + exp(r))",
    "silu": "prime(silu, r) == exp(r)/(1 + exp(r)) + r*exp(r)/(1 + exp(r))**2",
    "gelu": "prime(gelu, r) == (1 + erf(r/sqrt(2)))/2 + r*exp(-r**2/2)/sqrt(2*pi)",
}
LOSSES = {
    "half_squared_error": "L == sum((a1 - y)*(a1 - y))/2",
    "squared_error": "L == sum((a1 - y)*(a1 - y))",
    "mean_squared_error": "L == sum((a1 - y)*(a1 - y))/m",
    "binary_cross_entropy": "L == sum(y*log(1 - a1)) - sum(log(1 - a1)) - sum(y*log(a1))",
    "cross_entropy": "L == -y @ log(a1)",
    "binary_cross_entropy_from_logits": "L == sum(log(1 + exp(z1))) - y @ z1",
    "cross_entropy_from_logits": "L == sum(y)*log(sum(exp(z1))) - y @ z1",
}
DERIVED = ("exp", "log", "tanh", "sin", "cos", "erf", "abs")
ACTIVATED = {"sigmoid": "", "relu": "", "leaky_relu": ", s", "elu": ", s", "softplus": "", "silu": "", "gelu": ""}
SIZES = {"n": 1, "m": 2}


def loss_is(name: str) -> bool:
    """Whether a network with this loss has the loss that we mean by it."""
    activation = "softmax" if name.startswith("cross") else "sigmoid"
    layer = Dense("m") if name.endswith("logits") else Dense("m", activation)
    graph = Network([layer], inputs="n", loss=name).graph
    return verify(relation(graph, "loss", LOSSES[name]), graph).proved


def _neuron(formula: str) -> Graph:
    return graph_from_formulas({"z": "w*x", "a": formula, "L": "(a - y)**2/2"}, {})


def derivation_is_proved(formula: str) -> bool:
    """Whether every equation of the delta rule is proved, and both routes agree."""
    graph = _neuron(formula)
    adjoints = delta_rule(graph, "L", ["w"]).adjoints
    composed = chain_rule(graph, "L", ["w"]).gradients["w"]
    equations = verify_adjoints(graph, "L", adjoints).values()
    return all(v.proved for v in equations) and verify_routes(graph, "L", composed, "w", adjoints).proved


def agrees_with_sympy(formula: str) -> bool:
    """Whether the derived gradient, written out, is what `sympy.diff` makes of the loss."""
    found = beside_oracle(delta_rule(_neuron(formula), "L", ["w"]), "w")
    return verify_entries(found.pairs, found.equations).proved


def truths() -> Mapping[str, Asked]:
    """Every statement by its name, as a question that must be answered with yes."""
    asked: dict[str, Asked] = {}
    for kind, texts in (("formula", FORMULAS), ("slope", SLOPES)):
        asked |= {f"{kind} of {name}": _proved(text) for name, text in texts.items()}
    asked |= {f"loss {name}": lambda name=name: loss_is(name) for name in LOSSES}
    asked |= {f"delta rule with {name}": lambda name=name: derivation_is_proved(f"{name}(z)") for name in DERIVED}
    for name, more in ACTIVATED.items():
        asked[f"{name} beside sympy.diff"] = lambda formula=f"{name}(z{more})": agrees_with_sympy(formula)
    return asked


def _proved(text: str) -> Callable[[], bool]:
    return lambda: proved(claim(text))
