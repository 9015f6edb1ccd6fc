"""The Python interface: graphs from formulas or layers, derivations by both routes, verdicts, instances."""

from collections.abc import Iterable, Mapping
from typing import Any

from symbackprop.catalogue.identities import Identity, identities
from symbackprop.derivation.delta_rule import delta_rule
from symbackprop.derivation.instance import Instance
from symbackprop.derivation.instance import instance as instance_of
from symbackprop.derivation.steps import Derivation
from symbackprop.derivations import Derivations, printed
from symbackprop.errors import GraphError
from symbackprop.model.arguments import by_name, names_of, text_of
from symbackprop.model.build import (
    as_shape,
    check_declared,
    check_loss,
    final_scalars,
    graph_from_formulas,
    parameters_of,
    relation,
)
from symbackprop.model.graph import Graph, Relation
from symbackprop.model.layers import Dense
from symbackprop.model.naming import with_activations_named, with_formula
from symbackprop.model.network import Network
from symbackprop.model.statement import graph_of_statement
from symbackprop.model.training import Training, relation_after_steps, training_on
from symbackprop.numeric.entries import Compiled, lambdify_gradients
from symbackprop.proof.certificate import certificate as certificate_of
from symbackprop.proof.check import CertificateError, check
from symbackprop.proof.limits import Budget
from symbackprop.proof.verdict import Kind, Verdict
from symbackprop.proof.verify import verify as verify_relation
from symbackprop.tensor.tensor import Tensor

__all__ = [
    "Budget",
    "CertificateError",
    "Dense",
    "Derivation",
    "Derivations",
    "Graph",
    "Identity",
    "Instance",
    "Kind",
    "Network",
    "Tensor",
    "Training",
    "Verdict",
    "certificate",
    "check",
    "derive",
    "gradient",
    "graph",
    "identities",
    "instantiate",
    "lambdify",
    "verify",
]


def graph(
    define: Mapping[str, str],
    shapes: Mapping[str, Any] | None = None,
    *,
    functions: Iterable[str] = (),
    assume: Mapping[str, str] | None = None,
) -> Graph:
    """The graph with the given definitions, in order; a name without a shape and without a definition is a scalar.

    `define` maps a name to a formula in earlier names and inputs, `shapes` an input to its shape, `assume` a name
    to a condition that proofs may use; `functions` are arbitrary elementwise functions.

    >>> graph({"z": "W @ x", "L": "sum(z**2)/2"}, {"W": "m, n", "x": "n"}).sizes()
    ('m', 'n')

    Raises: FormulaError naming the key for a formula or shape that is wrong.
    """
    made = graph_from_formulas(define, shapes, functions=functions, assume=assume)
    check_declared(made, shapes or {})
    return made


def derive(
    source: Graph | Network, loss: str | None = None, wrt: Iterable[str] | None = None, *, hessian: bool = False
) -> Derivations:
    """The gradients of `loss` by both routes, with respect to the names in `wrt`.

    With `hessian`, also the second derivatives by every two of them. For a network, the loss is its own, and its
    weights and biases are the default; for a graph, its only final scalar and all inputs on which that depends.

    Raises: GraphError when the loss is no scalar definition or does not depend on a name in `wrt`.
    """
    graph_ = as_graph(source)
    loss = loss if loss is not None else source.loss_name if isinstance(source, Network) else final_scalar(graph_)
    check_loss(graph_, loss)
    if wrt is None:
        wrt = source.parameters if isinstance(source, Network) else parameters_of(graph_, loss)
        if not wrt:
            raise GraphError(f"{loss!r} depends on nothing that it could be differentiated by")
    wrt = names_of(wrt, "wrt")
    if not wrt:
        raise GraphError("wrt is empty: expected the names of what to differentiate by")
    rule = printed(delta_rule(graph_, loss, wrt))
    return Derivations(graph=graph_, loss=loss, delta_rule=rule, title=_title(source), hessian=hessian)


def _title(source: Graph | Network) -> str:
    """What heads the documents on a network; those on a graph have a title made of the names."""
    if not isinstance(source, Network):
        return ""
    return f"Backpropagation through a network with {len(source.layers)} layer{'s' * (len(source.layers) > 1)}"


def gradient(
    formula: str,
    shapes: Mapping[str, Any] | None = None,
    wrt: Iterable[str] | None = None,
    *,
    define: Mapping[str, str] | None = None,
    functions: Iterable[str] = (),
    assume: Mapping[str, str] | None = None,
    hessian: bool = False,
) -> Derivations:
    """The gradients of one formula; activations get names, so that the result can be written with them.

    In a definition such as `p = sigmoid(X @ w)` it is the argument that gets one. With `hessian`, also the second
    derivatives by every two of the names in `wrt`.

    >>> gradient("sum((X @ w - y)**2)", {"X": "N, n", "w": "n", "y": "N"}, "w").verdicts()["w"].kind
    <Kind.PROVED: 'PROVED'>

    Raises: FormulaError for a formula or shape that is wrong; GraphError when the formula is no scalar.
    """
    formula = text_of(formula, "formula")
    shapes = by_name(shapes or {}, "shapes", '{"x": "n"}')
    wrt = None if wrt is None else names_of(wrt, "wrt")
    sizes = [str(extent) for value in shapes.values() for extent in as_shape(value)]
    functions = names_of(functions, "functions")
    definitions, loss = with_formula(formula, define or {}, functions, (*shapes, *sizes, *(wrt or ())))
    written = graph(definitions, shapes, functions=functions, assume=assume)
    named = with_activations_named(written, wrt or ())
    return derive(graph(named, shapes, functions=functions, assume=assume), loss, wrt, hessian=hessian)


def as_graph(source: Graph | Network) -> Graph:
    """Raises: GraphError for what is neither a graph nor a network."""
    if isinstance(source, Network):
        return source.graph
    if not isinstance(source, Graph):
        raise GraphError(f"expected a Graph or a Network, found {type(source).__name__}")
    return source


def final_scalar(graph_: Graph) -> str:
    """The only scalar definition that no other one uses.

    Raises: GraphError when there is none or more than one.
    """
    final = final_scalars(graph_)
    if len(final) != 1:
        shown = ", ".join(final) or "none"
        raise GraphError(
            f"which loss? The scalars that nothing else uses are: {shown}; name one, as in derive(graph, 'L')"
        )
    return final[0]


def verify(
    claim: str,
    source: Graph | Network | None = None,
    *,
    shapes: Mapping[str, Any] | None = None,
    define: Mapping[str, str] | None = None,
    functions: Iterable[str] = (),
    assume: Mapping[str, str] | None = None,
    training: Training | None = None,
    budget: Budget = Budget(),
) -> Verdict:
    """The verdict on a claim about the graph, such as "d(L, z2) == a2 - y"; `!=` claims that it is no identity.

    A claim without a graph is about its own names, as on the command line: `shapes`, `define`, `functions` and `assume`
    say what they are, as in `graph`, and what nothing declares is a scalar. `training` says what `next(q)` means.

    >>> verify("sin(x)**2 + cos(x)**2 == 1").kind
    <Kind.PROVED: 'PROVED'>

    Raises: FormulaError when the claim is no comparison of two formulas.
    """
    source = _source(claim, source, shapes, define, functions, assume)
    written, graph_ = _claim(claim, source, training, budget)
    return verify_relation(written, graph_, budget=budget)


def certificate(
    claim: str,
    source: Graph | Network | None = None,
    *,
    shapes: Mapping[str, Any] | None = None,
    define: Mapping[str, str] | None = None,
    functions: Iterable[str] = (),
    assume: Mapping[str, str] | None = None,
    training: Training | None = None,
    budget: Budget = Budget(),
) -> dict[str, Any]:
    """The proof of a claim as data for JSON, which `check` accepts without trusting the prover.

    The arguments are those of `verify`.

    Raises: NotSupportedError for a claim that is not PROVED, and where no certificate is found.
    """
    source = _source(claim, source, shapes, define, functions, assume)
    written, graph_ = _claim(claim, source, training, budget)
    return certificate_of(written, graph_, verify_relation(written, graph_, budget=budget))


def _source(
    claim: str,
    source: Graph | Network | None,
    shapes: Mapping[str, Any] | None,
    define: Mapping[str, str] | None,
    functions: Iterable[str],
    assume: Mapping[str, str] | None,
) -> Graph | Network:
    """What a claim is about. Raises: GraphError for a graph and formulas beside it."""
    if source is None:
        return graph_of_statement(claim, shapes, define, functions, assume)
    given = {"shapes": shapes, "define": define, "functions": functions, "assume": assume}
    if beside := ", ".join(name for name, value in given.items() if value):
        raise GraphError(f"{beside}: for a claim without a graph; the graph that is given says what its names are")
    return source


def _claim(claim: str, source: Graph | Network, training: Training | None, budget: Budget) -> tuple[Relation, Graph]:
    """The claim with every step of training written out, and the graph that it is about."""
    if not isinstance(budget, Budget):
        raise GraphError(f"budget: expected Budget(seconds=...), found {budget!r}")
    training, graph_ = training_on(training, as_graph(source))
    return relation_after_steps(relation(graph_, "claim", claim), graph_, training), graph_


def instantiate(derived: Derivations | Derivation, sizes: Mapping[str, int] | None = None) -> Instance:
    """Every neuron, δ and gradient entry of a derivation as a plain SymPy scalar, for the given sizes.

    Raises: GraphError for a size that is missing or unknown; NotSupportedError beyond a budget.
    """
    if not isinstance(derived, Derivations | Derivation):
        raise GraphError(f"expected what derive(...) gives, found {type(derived).__name__}")
    return instance_of(derived.delta_rule if isinstance(derived, Derivations) else derived, sizes)


def lambdify(neurons: Instance) -> Compiled:
    """An instance as a NumPy function: f(W=..., x=...) returns the loss and a dictionary of its gradients.

    Every neuron, δ and gradient entry is compiled as it stands by SymPy's `lambdify`.

    Raises: GraphError for anything but an instance; NotSupportedError for an arbitrary function.
    """
    if not isinstance(neurons, Instance):
        raise GraphError(f"expected what instantiate(...) gives, found {type(neurons).__name__}")
    return lambdify_gradients(neurons)
