"""What a derivation is: a flat list of steps, each one equation with the rule that justifies it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from symbackprop.model.graph import Graph
from symbackprop.tensor.nodes import Expr
from symbackprop.tensor.tensor import Tensor

# Rule -> the sentence that a reader sees beside the line. Every writer must have a row for each.
RULES: dict[str, str] = {
    "definition": "definition",
    "start": "the loss depends on itself with slope one",
    "chain": "chain rule through everything that uses it",
    "local": "local derivative",
    "output": "local derivative, written with the output of the function",
    "named": "local derivative, written with the names of the definitions",
    "substitute": "insert the local derivatives",
    "upstream": "insert the upstream gradient",
    "simplify": "collect terms",
    "assumption": "use the assumption",
    "paths": "sum over all paths to the loss of products of local derivatives",
    "compose": "insert every definition, then differentiate",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """`left = right` by `rule`; `subject` is the quantity whose derivative it serves.

    `uses` names the steps it builds on; `note` adds what the rule leaves open, such as which assumption.
    """

    id: str
    subject: str
    left: Expr
    right: Expr
    rule: str
    uses: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Derivation:
    """All gradients of `loss` by one route.

    `adjoints` maps a name v to ∂loss/∂v, written with the forward names and with the adjoints of later names
    (`entry(adjoint_name(loss, u), ...)`); route 1 has none but its gradients, which hold inputs only.
    `gradients` are the adjoints of what was asked for.
    """

    graph: Graph
    loss: str
    route: Literal["chain rule", "delta rule"]
    steps: tuple[Step, ...]
    adjoints: Mapping[str, Tensor]
    gradients: Mapping[str, Tensor]
