"""The main job: one derivation file in, everything that is known about it out.

Derive both ways, prove, evaluate. Nothing is written here; the writers get the report.
"""

from collections.abc import Iterable, Sequence
from itertools import combinations_with_replacement
from typing import Literal

from symbackprop.audit.printed import check_printed
from symbackprop.derivation.chain_rule import chain_rule
from symbackprop.derivation.delta_rule import delta_rule
from symbackprop.derivation.oracle import beside_oracle
from symbackprop.derivation.steps import Derivation, Step
from symbackprop.derivation.total import second_derivative
from symbackprop.errors import NotSupportedError
from symbackprop.language.parse import parse
from symbackprop.model.build import scope_of
from symbackprop.model.derivation_file import DerivationFile, Request
from symbackprop.model.graph import Graph, Relation
from symbackprop.model.repeat.pieces import Piece, Writer, last_layers, some_layers
from symbackprop.model.repeat.places import END, HERE, Place
from symbackprop.model.repeat.section import AnyDepth
from symbackprop.model.training import relation_after_steps
from symbackprop.numeric.descent import train
from symbackprop.numeric.gradient_check import gradient_check, places
from symbackprop.numeric.source import numpy_source
from symbackprop.numeric.values import all_values, too_many_entries
from symbackprop.proof.induction import prove_for_every_depth
from symbackprop.proof.instances import verify_entries
from symbackprop.proof.limits import Budget
from symbackprop.proof.verdict import Verdict
from symbackprop.proof.verify import Progress, combine, verify, verify_adjoints, verify_lines, verify_routes
from symbackprop.tensor.nodes import adjoint_name
from symbackprop.tensor.tensor import Tensor
from symbackprop.write.report import (
    CheckReport,
    ClaimReport,
    DepthReport,
    GradientReport,
    LossReport,
    PieceReport,
    Report,
    SecondReport,
    TrainingReport,
)


def work_out(
    file: DerivationFile,
    progress: Progress = lambda _: None,
    budget: Budget = Budget(),
    *,
    hessian: bool = False,
    compare: bool = True,
) -> Report:
    """Derives, proves and evaluates everything in the file; `progress` is told what comes next.

    With `hessian`, also the second derivatives of each loss by every two of the names that it is differentiated by.
    Without `compare`, only what proves the gradients: the equations of the δ-rule, and no other derivation beside it.

    Raises: SymbackpropError for what the file asks and cannot be done.
    """
    if file.any_depth is not None:
        return Report(file=file, any_depth=_any_depth(file.any_depth, progress, budget))
    losses = []
    second: list[SecondReport] = []
    for request in file.requests:
        losses.append(_loss(file, request, progress, budget, compare))
        for pair in combinations_with_replacement(request.wrt, 2) if hessian else ():
            progress(f"∂²{request.loss}/∂{pair[0]}∂{pair[1]}")
            second.append(second_report(file.graph, request.loss, *pair, budget=budget))
    claims = []
    for claim in file.claims:
        progress(f"claim: {claim.name}")
        written = relation_after_steps(claim, file.graph, file.training)
        claims.append(ClaimReport(relation=claim, verdict=verify(written, file.graph, budget=budget)))
    sources, no_source = _sources(file, losses, second)
    progress("numbers")
    equations = _equations(losses)
    large = bool(file.given) and too_many_entries(file)
    return Report(
        file=file,
        losses=tuple(losses),
        second=tuple(second),
        claims=tuple(claims),
        printed=tuple(check_printed(file, equations)),
        values={} if large else all_values(file, equations),
        checks=() if large else _checks(file, losses),
        checks_left_out=0 if large else sum(places(file, request)[1] for request in file.requests),
        too_many_entries=large,
        training=_training(file, losses),
        numpy_source=sources,
        no_source=no_source,
    )


def second_report(graph: Graph, loss: str, first: str, second: str, *, budget: Budget = Budget()) -> SecondReport:
    """∂²loss/∂first∂second with its verdict."""
    tensor = second_derivative(graph, loss, first, second)
    verdict = verify_formula(graph, f"d(d({loss}, {first}), {second})", tensor, budget=budget)
    return SecondReport(loss=loss, first=first, second=second, tensor=tensor, verdict=verdict)


def verify_formula(graph: Graph, formula: str, tensor: Tensor, *, budget: Budget = Budget()) -> Verdict:
    """The verdict on: the formula means the derived tensor."""
    left = parse(formula, scope_of(graph))
    claim = Relation(name=formula, formula=formula, left=left, comparison="==", right=tensor)
    return verify(claim, graph, budget=budget)


def _loss(file: DerivationFile, request: Request, progress: Progress, budget: Budget, compare: bool) -> LossReport:
    """Both routes for one loss and the verdicts on its gradients."""
    graph = file.graph
    progress(f"derivation of ∂{request.loss}")
    delta = delta_rule(graph, request.loss, request.wrt)
    chain: Derivation | None = None
    reason = "" if compare else "it is not asked for"
    try:
        chain = chain_rule(graph, request.loss, request.wrt) if compare else None
    except NotSupportedError as error:
        reason = str(error)
    adjoint_verdicts = verify_adjoints(graph, request.loss, delta.adjoints, budget=budget, progress=progress)
    verdicts = combine(graph, request.loss, request.wrt, adjoint_verdicts)
    gradients = []
    for name, verdict in verdicts.items():
        routes: Verdict | None = None
        if chain is not None:
            progress(f"∂{request.loss}/∂{name} by both routes")
            routes = verify_routes(graph, request.loss, chain.gradients[name], name, delta.adjoints, budget=budget)
        oracle = _oracle(file, delta, name, budget)
        gradients.append(GradientReport(loss=request.loss, name=name, verdict=verdict, routes=routes, oracle=oracle))
    shown = (chain, delta) if compare else ()
    lines = [step for route in shown if route is not None for step in route.steps if step.rule != "compose"]
    proved_lines, open_lines = verify_steps(graph, lines, budget, progress)
    return LossReport(
        loss=request.loss,
        chain=chain,
        delta=delta,
        adjoint_verdicts=adjoint_verdicts,
        gradients=tuple(gradients),
        chain_reason=reason,
        lines=proved_lines,
        open_lines=open_lines,
    )


def verify_steps(
    graph: Graph, steps: Sequence[Step], budget: Budget, progress: Progress = lambda _: None
) -> tuple[int, tuple[tuple[str, Verdict], ...]]:
    """How many lines of a derivation are proved, and the others with their verdicts."""
    checked = verify_lines(graph, [(step.left, step.right) for step in steps], budget=budget, progress=progress)
    pairs = zip(steps, checked, strict=True)
    return (
        sum(verdict.proved for verdict in checked),
        tuple((f"{step.left} = {step.right}", verdict) for step, verdict in pairs if not verdict.proved),
    )


def _any_depth(of: AnyDepth, progress: Progress, budget: Budget) -> DepthReport:
    """Backpropagation through each piece of a network of any depth, and the claims by induction."""
    repeat = of.repeat
    by = {mention.name for claim in of.claims for mention in claim.by}
    last, writer = last_layers(repeat, 1)
    progress("base")
    pieces = [_backwards("base", "", last, _codes(writer, by, END), of, budget)]
    two, writer = some_layers(repeat, HERE, 2)
    progress("step")
    pieces.append(_backwards("step", "", two, _codes(writer, by, HERE), of, budget))
    for name in dict.fromkeys(claim.shared for claim in of.claims if claim.shared):
        one, _ = some_layers(repeat, HERE, 1, shared=name)
        pieces.append(_backwards("step", name, one, [name], of, budget))
    claims = []
    for claim in of.claims:
        progress(f"claim: {claim.name}")
        claims.append((claim, prove_for_every_depth(repeat, claim, budget=budget)))
    return DepthReport(pieces=tuple(piece for piece in pieces if piece), claims=tuple(claims))


def _codes(writer: Writer, names: Iterable[str], at: Place) -> list[str]:
    return [writer.code(name, at) for name in sorted(names)]


def _backwards(
    role: Literal["base", "step"], shared: str, piece: Piece, wrt: Iterable[str], of: AnyDepth, budget: Budget
) -> PieceReport | None:
    """The δ-rule in a piece, each line proved; None where the loss depends on nothing that was asked for."""
    graph, loss = piece.graph, of.repeat.loss.name
    reached = [name for name in wrt if name in graph.ancestors(loss)]
    if not reached:
        return None
    delta = delta_rule(graph, loss, reached)
    proved_lines, open_lines = verify_steps(graph, delta.steps, budget)
    return PieceReport(
        role=role,
        shared=shared,
        piece=piece,
        derivation=delta,
        lines=proved_lines,
        open_lines=open_lines,
    )


def _oracle(file: DerivationFile, delta: Derivation, name: str, budget: Budget) -> Verdict | None:
    """The verdict on the instance that the given numbers fix, beside plain `sympy.diff`; None without one."""
    if not set(file.graph.sizes()) <= set(file.sizes) or file.graph.functions or too_many_entries(file):
        return None
    try:
        beside = beside_oracle(delta, name, file.sizes)
    except NotSupportedError:
        return None
    return verify_entries(beside.pairs, beside.equations, budget)


def _equations(losses: list[LossReport]) -> dict[str, Tensor]:
    """`d(L, v)` -> its derived equation, over all losses."""
    return {adjoint_name(loss.loss, v): t for loss in losses for v, t in loss.delta.adjoints.items()}


def _checks(file: DerivationFile, losses: list[LossReport]) -> tuple[CheckReport, ...]:
    if not file.given:
        return ()
    rows = []
    for loss, request in zip(losses, file.requests, strict=True):
        for check in gradient_check(file, request, loss.delta.adjoints):
            shown = ", ".join(map(str, check.position))
            name = f"{check.name}[{shown}]" if check.position else check.name
            rows.append(
                CheckReport(
                    name=f"d({loss.loss}, {name})", derived=check.derived, central=check.central, error=check.error
                )
            )
    return tuple(rows)


def _training(file: DerivationFile, losses: list[LossReport]) -> TrainingReport | None:
    """The run of gradient descent that [train] asks for, with the generated NumPy function."""
    if file.training is None:
        return None
    loss = next(loss for loss in losses if loss.loss == file.training.loss)
    run = train(file, loss.delta.adjoints)
    return None if run is None else TrainingReport(losses=run.losses, outputs=run.outputs, diverged=run.diverged)


def _sources(
    file: DerivationFile, losses: Iterable[LossReport], second: Iterable[SecondReport]
) -> tuple[dict[str, str], dict[str, str]]:
    """The NumPy function of each loss, or why there is none."""
    sources: dict[str, str] = {}
    missing: dict[str, str] = {}
    for loss in losses:
        pairs = {(s.first, s.second): s.tensor for s in second if s.loss == loss.loss}
        try:
            sources[loss.loss] = numpy_source(
                file.graph, loss.loss, loss.delta.adjoints, second=pairs, wrt=loss.delta.gradients
            )
        except NotSupportedError as error:
            missing[loss.loss] = str(error)
    return sources, missing
