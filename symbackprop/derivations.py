"""What a derivation gives in Python: gradients by both routes, their verdicts, certificates, source, documents."""

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, fields, replace
from functools import cache, cached_property
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

from symbackprop.derivation.chain_rule import chain_rule
from symbackprop.derivation.instance import Instance
from symbackprop.derivation.instance import instance as instance_of
from symbackprop.derivation.neurons import beside_neurons
from symbackprop.derivation.oracle import beside_oracle
from symbackprop.derivation.steps import Derivation
from symbackprop.derivation.total import second_derivative
from symbackprop.errors import NotSupportedError, shorten
from symbackprop.model.arguments import chosen
from symbackprop.model.derivation_file import DerivationFile, Request
from symbackprop.model.graph import Graph
from symbackprop.numeric.source import numpy_source
from symbackprop.pipeline import verify_formula, work_out
from symbackprop.proof.certificate.entries import (
    certificate_of_adjoint,
    certificate_of_routes,
    certificates_of_entries,
)
from symbackprop.proof.instances import verify_entries, verify_neurons
from symbackprop.proof.limits import Budget
from symbackprop.proof.verdict import Verdict
from symbackprop.proof.verify import combine, verify_adjoints, verify_lines, verify_routes
from symbackprop.tensor.nodes import Expr, adjoint_name
from symbackprop.tensor.tensor import Tensor
from symbackprop.write.blocks import Document
from symbackprop.write.document import document
from symbackprop.write.markdown import markdown
from symbackprop.write.plain_derivation import plain_derivation, plain_second
from symbackprop.write.report import Report
from symbackprop.write.tex import tex


class PrintedDerivation(Derivation):
    """A derivation that prints as text, each step with its rule."""

    __slots__ = ()

    def __str__(self) -> str:
        return plain_derivation(self)

    def __repr__(self) -> str:
        wrt = shorten(", ".join(self.gradients), 60)
        return f"<{len(self.steps)} lines that derive d({self.loss}, ...) for {wrt}; print them>"


def printed(derivation: Derivation) -> PrintedDerivation:
    """The derivation, printable."""
    return PrintedDerivation(**{f.name: getattr(derivation, f.name) for f in fields(derivation)})


@dataclass(frozen=True, kw_only=True, repr=False)
class Derivations:
    """All gradients of `loss`: by the δ-rule, and by the chain rule, whose cost grows faster, when it is asked for.

    `title` heads the documents; without one it is made of the names. With `hessian`, there are also the second
    derivatives by every two of the names.
    """

    graph: Graph
    loss: str
    delta_rule: PrintedDerivation
    title: str = ""
    hessian: bool = False

    @cached_property
    def _route_1(self) -> tuple[PrintedDerivation | None, str]:
        """The derivation, or None and the reason."""
        try:
            return printed(chain_rule(self.graph, self.loss, tuple(self.delta_rule.gradients))), ""
        except NotSupportedError as error:
            return None, str(error)

    @property
    def chain_rule(self) -> PrintedDerivation | None:
        """Route 1; None where the composed loss is beyond its budget, and `chain_reason` says so."""
        return self._route_1[0]

    @property
    def chain_reason(self) -> str:
        """Why there is no route 1, or nothing."""
        return self._route_1[1]

    @property
    def gradients(self) -> Mapping[str, Expr]:
        """∂loss/∂v of each v asked for, as a SymPy expression in the indices i0, i1, ... with named intermediates."""
        return {name: tensor.expr for name, tensor in self.delta_rule.gradients.items()}

    @property
    def second(self) -> Mapping[tuple[str, str], Expr]:
        """∂²loss/∂v∂w of each pair of names, in the indices of v and after them those of w; empty without `hessian`."""
        return {pair: tensor.expr for pair, tensor in self._second.items()}

    @cached_property
    def _second(self) -> Mapping[tuple[str, str], Tensor]:
        pairs = combinations_with_replacement(self.delta_rule.gradients, 2) if self.hessian else ()
        return {pair: second_derivative(self.graph, self.loss, *pair) for pair in pairs}

    def __repr__(self) -> str:
        wrt = shorten(", ".join(self.delta_rule.gradients), 60)
        return f"<the gradients of {self.loss} with respect to {wrt}; print them>"

    def __str__(self) -> str:
        chain = str(self.chain_rule) if self.chain_rule is not None else f"No chain rule: {self.chain_reason}"
        second = [plain_second(self.delta_rule, self._second)] if self.hessian else []
        return "\n\n".join([str(self.delta_rule), chain, *second])

    def verdicts(self, *, budget: Budget = Budget()) -> dict[str, Verdict]:
        """For each gradient, the verdict on the equations of the δ-rule from the loss down to it."""
        equations = verify_adjoints(self.graph, self.loss, self.delta_rule.adjoints, budget=budget)
        return combine(self.graph, self.loss, tuple(self.delta_rule.gradients), equations)

    def second_verdicts(self, *, budget: Budget = Budget()) -> dict[tuple[str, str], Verdict]:
        """For each second derivative, the verdict on: it is d(d(loss, v), w). The budget is that of each of them."""
        return {
            (v, w): verify_formula(self.graph, f"d(d({self.loss}, {v}), {w})", tensor, budget=budget)
            for (v, w), tensor in self._second.items()
        }

    def route_verdicts(self, *, budget: Budget = Budget()) -> dict[str, Verdict]:
        """For each gradient, the verdict on: route 1 and route 2 give the same. The budget is that of each gradient.

        Raises: NotSupportedError where there is no route 1.
        """
        adjoints = self.delta_rule.adjoints
        return {
            name: verify_routes(self.graph, self.loss, tensor, name, adjoints, budget=budget)
            for name, tensor in self._chain().gradients.items()
        }

    def _chain(self) -> PrintedDerivation:
        """Raises: NotSupportedError where there is no route 1."""
        if self.chain_rule is None:
            raise NotSupportedError(self.chain_reason)
        return self.chain_rule

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

    def certificates(self, *names: str, budget: Budget = Budget()) -> dict[str, dict[str, Any]]:
        """For each equation of the δ-rule, its proof as data for JSON, which `check` accepts.

        With `names`, only for the equations of the gradients by these, such as "W1" or "z1". What has been found is
        kept, so that it costs nothing to ask for it again.

        Raises: NotSupportedError for an equation that is not PROVED, and where no certificate is found; all others
        have been looked for by then, and the error says which were found.
        """
        adjoints = self.delta_rule.adjoints

        @cache
        def verdicts() -> Mapping[str, Verdict]:
            return verify_adjoints(self.graph, self.loss, adjoints, budget=budget)

        def made(v: str) -> dict[str, Any]:
            return certificate_of_adjoint(self.graph, self.loss, v, adjoints[v], verdicts()[v])

        found = self._certified("certificates", names, adjoints, made)
        return {adjoint_name(self.loss, v): certificate for v, certificate in found.items()}

    def route_certificates(self, *names: str, budget: Budget = Budget()) -> dict[str, dict[str, Any]]:
        """For each gradient, or for those by `names`, the proof that route 1 and route 2 give the same.

        The budget is that of each gradient.

        Raises: NotSupportedError where there is no route 1; otherwise as `certificates`.
        """
        chain, adjoints = self._chain(), self.delta_rule.adjoints

        def made(v: str) -> dict[str, Any]:
            composed = chain.gradients[v]
            verdict = verify_routes(self.graph, self.loss, composed, v, adjoints, budget=budget)
            return certificate_of_routes(self.graph, self.loss, composed, v, adjoints, verdict)

        return self._certified("route_certificates", names, chain.gradients, made)

    def _certified(
        self, what: str, names: tuple[str, ...], known: Iterable[str], make: Callable[[str], dict[str, Any]]
    ) -> dict[str, dict[str, Any]]:
        """The certificate of each name, of all that are known where none is named.

        Raises: GraphError for an unknown name; NotSupportedError where one is missing, after all have been tried.
        """
        wanted, missing = chosen(names, known, what), dict[str, str]()
        for name in wanted:
            if (what, name) not in self._found:
                try:
                    self._found[what, name] = make(name)
                except NotSupportedError as error:
                    missing[name] = str(error)
        if missing:
            found = ", ".join(name for name in wanted if name not in missing) or "none"
            raise NotSupportedError(f"{'; '.join(missing.values())}; found were those of: {found}")
        return {name: deepcopy(self._found[what, name]) for name in wanted}

    @cached_property
    def _found(self) -> dict[tuple[str, str], dict[str, Any]]:
        """The certificates that have been found."""
        return {}

    def oracle_certificates(
        self, sizes: Mapping[str, int] | None = None, *, budget: Budget = Budget()
    ) -> dict[str, dict[str, Any]]:
        """For each entry of each gradient of an instance, the proof that it equals plain `sympy.diff` of the loss.

        Raises: as `oracle_verdicts`; NotSupportedError where no certificate is found.
        """
        found: dict[str, dict[str, Any]] = {}
        for name in self.delta_rule.gradients:
            beside = beside_oracle(self.delta_rule, name, sizes)
            verdict = verify_entries(beside.pairs, beside.equations, budget)
            found |= certificates_of_entries(beside.pairs, beside.equations, verdict)
        return found

    def numpy_source(self) -> str:
        """Source of a NumPy function of the inputs that returns the loss and a dictionary of its gradients, in the
        order of `wrt`, and with `hessian` one of the second derivatives by pairs.

        Raises: NotSupportedError for what NumPy has no words for.
        """
        rule = self.delta_rule
        return numpy_source(self.graph, self.loss, rule.adjoints, second=self._second, wrt=rule.gradients)

    def to_markdown(self, *, budget: Budget = Budget()) -> str:
        """Definitions, both derivations, their proofs and the NumPy source as a Markdown document.

        Every line and the equality of both routes are proved for it, each within the budget.
        """
        return markdown(self._document(budget))

    def to_latex(self, *, budget: Budget = Budget()) -> str:
        """As `to_markdown`, in LaTeX."""
        return tex(self._document(budget))

    def _document(self, budget: Budget) -> Document:
        """What both documents are, proved and written once."""
        if budget not in self._documents:
            self._documents[budget] = document(self._report(budget))
        return self._documents[budget]

    @cached_property
    def _documents(self) -> dict[Budget, Document]:
        return {}

    def _report(self, budget: Budget) -> Report:
        requests = (Request(loss=self.loss, wrt=tuple(self.delta_rule.gradients)),)
        return work_out(
            DerivationFile(path=Path(self.loss), title=self.title, source="", graph=self.graph, requests=requests),
            budget=budget,
            hessian=self.hessian,
        )

    def instantiate(self, sizes: Mapping[str, int] | None = None) -> Instance:
        """Every neuron, δ and gradient entry as a plain SymPy scalar."""
        return instance_of(self.delta_rule, sizes)
