"""What the page of an identity shows: the derivatives in its statement, each derived and proved, and its verdict."""

import re
from collections.abc import Iterator
from dataclasses import replace

from symbackprop.catalogue.identities import Identity
from symbackprop.derivation.delta_rule import delta_rule
from symbackprop.derivation.gather import gradient_in, with_gathered
from symbackprop.derivation.total import jacobian, local_steps
from symbackprop.errors import NotSupportedError
from symbackprop.model.derivation_file import DerivationFile, Request
from symbackprop.model.graph import Graph, Relation, names_in
from symbackprop.model.identity import as_file
from symbackprop.pipeline import second_report, verify_formula, verify_steps
from symbackprop.proof.limits import Budget
from symbackprop.proof.verify import verify
from symbackprop.tensor.indices import children
from symbackprop.tensor.nodes import Expr, Partial, entry_name
from symbackprop.write.report import ClaimReport, IdentityReport, JacobianReport, LossReport, Report, SecondReport

_NAMES = re.compile(r"\w+")


def work_out_identity(identity: Identity, budget: Budget = Budget()) -> IdentityReport:
    """Derives every derivative in the statement and proves the statement.

    Raises: FileError for a record that is wrong.
    """
    file = _relevant(as_file(identity))
    graph, (claim,) = file.graph, file.claims
    report = Report(
        file=file,
        losses=tuple(_backwards(graph, request, claim, budget) for request in file.requests),
        second=_second(graph, claim, budget),
        claims=(ClaimReport(relation=claim, verdict=verify(claim, graph, budget=budget)),),
    )
    return IdentityReport(identity=identity, report=report, jacobians=_jacobians(graph, claim, budget))


def _relevant(file: DerivationFile) -> DerivationFile:
    """The file without what the statement and the assumptions do not depend on."""
    graph = file.graph
    sides = [side.expr for r in (*file.claims, *graph.assumptions) for side in (r.left, r.right)]
    named = {name for side in sides for name in names_in(side)} & {*graph.inputs, *graph.definitions}
    needed = set().union(*(graph.ancestors(name) for name in named))
    kept = replace(
        graph,
        inputs={name: shape for name, shape in graph.inputs.items() if name in needed},
        definitions={name: definition for name, definition in graph.definitions.items() if name in needed},
    )
    known = {*kept.inputs, *kept.definitions, *kept.functions, *kept.sizes(), "d"}
    return replace(
        file, graph=kept, latex={key: text for key, text in file.latex.items() if known.issuperset(_NAMES.findall(key))}
    )


def _backwards(graph: Graph, request: Request, claim: Relation, budget: Budget) -> LossReport:
    """The δ-rule with a verdict on each of its lines; one derivation is enough for a page.

    A gradient that the statement gives is brought to fewer adjoints, where that can be done.
    """
    delta = delta_rule(graph, request.loss, request.wrt)
    stated = gradient_in(claim.left)
    if stated is not None and stated[0] == request.loss and stated[1] in delta.adjoints:
        delta = with_gathered(delta, stated[1])
    proved_lines, open_lines = verify_steps(graph, delta.steps, budget)
    return LossReport(
        loss=request.loss,
        chain=None,
        delta=delta,
        adjoint_verdicts={},
        gradients=(),
        lines=proved_lines,
        open_lines=open_lines,
    )


def _second(graph: Graph, claim: Relation, budget: Budget) -> tuple[SecondReport, ...]:
    """The d(d(f, v), w) of scalars f in the claim."""
    found: dict[tuple[str, str, str], SecondReport] = {}
    for node in _derivatives(claim):
        if isinstance(node.args[0], Partial):
            loss, first, second = (entry_name(part) or "" for part in (*node.args[0].args, node.args[1]))
            key = loss, first, second
            if key not in found and loss in graph.definitions and not graph.shape(loss):
                try:
                    found[key] = second_report(graph, *key, budget=budget)
                except NotSupportedError:
                    continue
    return tuple(found.values())


def _jacobians(graph: Graph, claim: Relation, budget: Budget) -> tuple[JacobianReport, ...]:
    """The d(f, v) of arrays f in the claim."""
    found: dict[tuple[str, str], JacobianReport] = {}
    for node in _derivatives(claim):
        name, by = (entry_name(part) or "" for part in node.args)
        array = name in graph.definitions and bool(graph.shape(name))
        if array and (name, by) not in found and by in graph.ancestors(name) and by != name:
            try:
                tensor = jacobian(graph, name, by)
                steps = local_steps(graph, name, by)
            except NotSupportedError:
                continue
            verdict = verify_formula(graph, f"d({name}, {by})", tensor, budget=budget)
            found[name, by] = JacobianReport(name=name, by=by, steps=steps, tensor=tensor, verdict=verdict)
    return tuple(found.values())


def _derivatives(claim: Relation) -> Iterator[Expr]:
    """Every derivative in the claim, from left to right."""
    stack = [claim.right.expr, claim.left.expr]
    while stack:
        node = stack.pop()
        stack.extend(reversed(children(node)))
        if isinstance(node, Partial):
            yield node
