"""The Python interface: graphs from formulas or layers, derivations by both routes, verdicts, instances."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from symbackprop.catalogue.identities import Identity, identities
from symbackprop.derivation.chain_rule import chain_rule
from symbackprop.derivation.delta_rule import delta_rule
from symbackprop.derivation.instance import Instance
from symbackprop.derivation.instance import instance as instance_of
from symbackprop.derivation.neurons import beside_neurons
from symbackprop.derivation.oracle import beside_oracle
from symbackprop.derivation.steps import Derivation
from symbackprop.errors import GraphError, NotSupportedError
from symbackprop.model.build import as_shape, check_loss, graph_from_formulas, parameters_of, relation
from symbackprop.model.derivation_file import DerivationFile, Request
from symbackprop.model.graph import Graph
from symbackprop.model.naming import with_formula
from symbackprop.model.network import Dense, Network
from symbackprop.model.training import Training, relation_after_steps
from symbackprop.numeric.source import numpy_source
from symbackprop.pipeline import work_out
from symbackprop.proof.certificate import certificate as certificate_of
from symbackprop.proof.certificate_entries import certificates_of_adjoints, certificates_of_entries
from symbackprop.proof.checker import check
from symbackprop.proof.instances import verify_entries, verify_neurons
from symbackprop.proof.limits import Budget
from symbackprop.proof.verdict import Kind, Verdict
from symbackprop.proof.verify import combine, verify_adjoints, verify_lines, verify_routes
from symbackprop.proof.verify import verify as verify_relation
from symbackprop.tensor.nodes import Expr
from symbackprop.tensor.tensor import Tensor
from symbackprop.write.document import document
from symbackprop.write.markdown import markdown
from symbackprop.write.plain_derivation import plain_derivation
from symbackprop.write.report import Report
from symbackprop.write.tex import tex

__all__ = [
    "Budget",
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
    return graph_from_formulas(define, shapes, functions=functions, assume=assume)


class PrintedDerivation(Derivation):
    """A derivation that prints as text, each step with its rule."""

    __slots__ = ()

    def __str__(self) -> str:
        return plain_derivation(self)


def _printed(derivation: Derivation) -> PrintedDerivation:
    return PrintedDerivation(**{f.name: getattr(derivation, f.name) for f in fields(derivation)})


@dataclass(frozen=True, kw_only=True, slots=True)
class Derivations:
    """All gradients of `loss`, derived by both routes.

    `chain_rule` (route 1) is None where the composed loss is beyond its budget; `chain_reason` says so.
    """

    graph: Graph
    loss: str
    delta_rule: PrintedDerivation
    chain_rule: PrintedDerivation | None
    chain_reason: str = ""

    @property
    def gradients(self) -> Mapping[str, Expr]:
        """∂loss/∂v of each v asked for, as a SymPy expression in the indices i0, i1, ... with named intermediates."""
        return {name: tensor.expr for name, tensor in self.delta_rule.gradients.items()}

    def __str__(self) -> str:
        second = str(self.chain_rule) if self.chain_rule is not None else f"No chain rule: {self.chain_reason}"
        return f"{self.delta_rule}\n\n{second}"

    def verdicts(self, *, budget: Budget = Budget()) -> dict[str, Verdict]:
        """For each gradient, the verdict on the equations of the δ-rule from the loss down to it."""
        equations = verify_adjoints(self.graph, self.loss, self.delta_rule.adjoints, budget=budget)
        return combine(self.graph, self.loss, tuple(self.delta_rule.gradients), equations)

    def route_verdicts(self, *, budget: Budget = Budget()) -> dict[str, Verdict]:
        """For each gradient, the verdict on: route 1 and route 2 give the same.

        Raises: NotSupportedError where there is no route 1.
        """
        if self.chain_rule is None:
            raise NotSupportedError(self.chain_reason)
        adjoints = self.delta_rule.adjoints
        return {
            name: verify_routes(self.graph, self.loss, tensor, name, adjoints, budget=budget)
            for name, tensor in self.chain_rule.gradients.items()
        }

    def line_verdicts(self, *, budget: Budget = Budget()) -> tuple[Verdict, ...]:
        """A verdict for each line of the δ-rule's derivation, in the order of `delta_rule.steps`."""
        lines = [(step.left, step.right) for step in self.delta_rule.steps]
        return verify_lines(self.graph, lines, budget=budget)

    def oracle_verdicts(
        self, sizes: Mapping[str, int] | None = None, *, budget: Budget = Budget()
    ) -> dict[str, Verdict]:
        """For each gradient, the verdict on: in an instance, all its entries equal plain `sympy.diff` of the loss.

        Raises: GraphError for missing sizes; NotSupportedError for an instance too large to be composed; then there
        is `neuron_verdicts`.
        """
        found = {}
        for name in self.delta_rule.gradients:
            beside = beside_oracle(self.delta_rule, name, sizes)
            found[name] = verify_entries(beside.pairs, beside.equations, budget)
        return found

    def neuron_verdicts(
        self, sizes: Mapping[str, int] | None = None, *, budget: Budget = Budget()
    ) -> dict[str, Verdict]:
        """For each gradient, the verdict on: in an instance, all adjoints down to it obey the chain rule from neuron
        to neuron, each local derivative by plain `sympy.diff`.

        Raises: GraphError for missing sizes; NotSupportedError for more entries than are written out.
        """
        beside = beside_neurons(self.delta_rule, sizes)
        verdicts = {
            name: verify_neurons(pairs, beside.neurons, beside.adjoints, beside.equations[name], budget)
            for name, pairs in beside.pairs.items()
        }
        combined = combine(self.graph, self.loss, tuple(self.delta_rule.gradients), verdicts)
        return {name: replace(v, method=verdicts[name].method) if v.proved else v for name, v in combined.items()}

    def certificates(self, *, budget: Budget = Budget()) -> dict[str, dict[str, Any]]:
        """For each equation of the δ-rule, its proof as data for JSON, which `check` accepts.

        Raises: NotSupportedError for an equation that is not PROVED, and where the checker does not follow the proof.
        """
        adjoints = self.delta_rule.adjoints
        verdicts = verify_adjoints(self.graph, self.loss, adjoints, budget=budget)
        return certificates_of_adjoints(self.graph, self.loss, adjoints, verdicts)

    def oracle_certificates(
        self, sizes: Mapping[str, int] | None = None, *, budget: Budget = Budget()
    ) -> dict[str, dict[str, Any]]:
        """For each entry of each gradient of an instance, the proof that it equals plain `sympy.diff` of the loss.

        Raises: as `oracle_verdicts`; NotSupportedError where the checker does not follow.
        """
        found: dict[str, dict[str, Any]] = {}
        for name in self.delta_rule.gradients:
            beside = beside_oracle(self.delta_rule, name, sizes)
            verdict = verify_entries(beside.pairs, beside.equations, budget)
            found |= certificates_of_entries(beside.pairs, beside.equations, verdict)
        return found

    def numpy_source(self) -> str:
        """Source of a NumPy function of the inputs that returns the loss and a dictionary of its gradients.

        Raises: NotSupportedError for what NumPy has no words for.
        """
        return numpy_source(self.graph, self.loss, self.delta_rule.adjoints)

    def to_markdown(self) -> str:
        """Definitions, both derivations, their proofs and the NumPy source as a Markdown document."""
        return markdown(document(self._report()))

    def to_latex(self) -> str:
        """Definitions, both derivations, their proofs and the NumPy source as a LaTeX document."""
        return tex(document(self._report()))

    def _report(self) -> Report:
        wrt = tuple(self.delta_rule.gradients)
        title = f"The gradients of {self.loss} with respect to {', '.join(wrt)}"
        requests = (Request(loss=self.loss, wrt=wrt),)
        return work_out(
            DerivationFile(path=Path(self.loss), title=title, source="", graph=self.graph, requests=requests)
        )

    def instantiate(self, sizes: Mapping[str, int] | None = None) -> Instance:
        """Every neuron, δ and gradient entry as a plain SymPy scalar."""
        return instance_of(self.delta_rule, sizes)


def derive(source: Graph | Network, loss: str | None = None, wrt: Iterable[str] | None = None) -> Derivations:
    """The gradients of `loss` by both routes, with respect to the names in `wrt`.

    For a network, the loss is its own, and its weights and biases are the default; for a graph, its only final
    scalar and all inputs on which that depends.

    Raises: GraphError when the loss is no scalar definition or does not depend on a name in `wrt`.
    """
    graph_ = as_graph(source)
    loss = loss if loss is not None else source.loss_name if isinstance(source, Network) else final_scalar(graph_)
    check_loss(graph_, loss)
    if wrt is None:
        wrt = source.parameters if isinstance(source, Network) else parameters_of(graph_, loss)
    wrt = (wrt,) if isinstance(wrt, str) else tuple(wrt)
    chain: PrintedDerivation | None = None
    reason = ""
    try:
        chain = _printed(chain_rule(graph_, loss, wrt))
    except NotSupportedError as error:
        reason = str(error)
    delta = _printed(delta_rule(graph_, loss, wrt))
    return Derivations(graph=graph_, loss=loss, delta_rule=delta, chain_rule=chain, chain_reason=reason)


def gradient(
    formula: str,
    shapes: Mapping[str, Any] | None = None,
    wrt: Iterable[str] | None = None,
    *,
    define: Mapping[str, str] | None = None,
    functions: Iterable[str] = (),
    assume: Mapping[str, str] | None = None,
) -> Derivations:
    """The gradients of one formula; the activations in it get names, so that the result can be written with them.

    >>> gradient("sum((X @ w - y)**2)", {"X": "N, n", "w": "n", "y": "N"}, "w").verdicts()["w"].kind
    <Kind.PROVED: 'PROVED'>

    Raises: FormulaError for a formula or shape that is wrong; GraphError when the formula is no scalar.
    """
    wrt = (wrt,) if isinstance(wrt, str) else wrt
    sizes = [str(extent) for value in (shapes or {}).values() for extent in as_shape(value)]
    taken = (*(shapes or {}), *sizes, *(wrt or ()))
    definitions, loss = with_formula(formula, define or {}, functions := tuple(functions), taken)
    return derive(graph(definitions, shapes, functions=functions, assume=assume), loss, wrt)


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
    used = {name for d in graph_.definitions for name in graph_.uses(d)}
    final = [d for d in graph_.definitions if d not in used and not graph_.shape(d)]
    if len(final) != 1:
        shown = ", ".join(final) or "none"
        raise GraphError(
            f"which loss? The scalars that nothing else uses are: {shown}; name one, as in derive(graph, 'L')"
        )
    return final[0]


def verify(
    claim: str, source: Graph | Network, *, training: Training | None = None, budget: Budget = Budget()
) -> Verdict:
    """The verdict on a claim about the graph, such as "d(L, z2) == a2 - y"; `!=` claims that it is no identity.

    `training` says what `next(q)` means.

    Raises: FormulaError when the claim is no comparison of two formulas.
    """
    graph_ = as_graph(source)
    written = relation_after_steps(relation(graph_, "claim", claim), graph_, training)
    return verify_relation(written, graph_, budget=budget)


def certificate(
    claim: str, source: Graph | Network, *, training: Training | None = None, budget: Budget = Budget()
) -> dict[str, Any]:
    """The proof of a claim as data for JSON, which `check` accepts without trusting the prover.

    Raises: NotSupportedError for a claim that is not PROVED, and where the checker does not follow the proof.
    """
    graph_ = as_graph(source)
    written = relation_after_steps(relation(graph_, "claim", claim), graph_, training)
    return certificate_of(written, graph_, verify_relation(written, graph_, budget=budget))


def instantiate(derived: Derivations | Derivation, sizes: Mapping[str, int] | None = None) -> Instance:
    """Every neuron, δ and gradient entry of a derivation as a plain SymPy scalar, for the given sizes.

    Raises: GraphError for a size that is missing or unknown; NotSupportedError beyond a budget.
    """
    return instance_of(derived.delta_rule if isinstance(derived, Derivations) else derived, sizes)
