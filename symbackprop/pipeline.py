"""The main job: one derivation file in, everything that is known about it out.

Derive both ways, prove, evaluate. Nothing is written here; the writers get the report.
"""

from collections.abc import Callable

from symbackprop.audit.printed import check_printed
from symbackprop.derivation.chain_rule import chain_rule
from symbackprop.derivation.delta_rule import delta_rule
from symbackprop.derivation.oracle import beside_oracle
from symbackprop.derivation.steps import Derivation
from symbackprop.errors import NotSupportedError
from symbackprop.model.derivation_file import DerivationFile, Request
from symbackprop.model.training import relation_after_steps
from symbackprop.numeric.descent import train
from symbackprop.numeric.gradient_check import gradient_check, places
from symbackprop.numeric.source import numpy_source
from symbackprop.numeric.values import all_values, too_many_entries
from symbackprop.proof.instances import verify_entries
from symbackprop.proof.limits import Budget
from symbackprop.proof.verdict import Verdict
from symbackprop.proof.verify import combine, verify, verify_adjoints, verify_lines, verify_routes
from symbackprop.tensor.nodes import adjoint_name
from symbackprop.tensor.tensor import Tensor
from symbackprop.write.report import (
    CheckReport,
    ClaimReport,
    GradientReport,
    LossReport,
    PrintedReport,
    Report,
    TrainingReport,
)

Progress = Callable[[str], None]


def work_out(file: DerivationFile, progress: Progress = lambda _: None, budget: Budget = Budget()) -> Report:
    """Derives, proves and evaluates everything in the file; `progress` is told what comes next.

    Raises: SymbackpropError for what the file asks and cannot be done.
    """
    losses = []
    for request in file.requests:
        progress(f"gradients of {request.loss}")
        losses.append(_loss(file, request, budget))
    claims = []
    for claim in file.claims:
        progress(f"claim: {claim.name}")
        written = relation_after_steps(claim, file.graph, file.training)
        claims.append(ClaimReport(relation=claim, verdict=verify(written, file.graph, budget=budget)))
    progress("numbers")
    equations = _equations(losses)
    large = bool(file.given) and too_many_entries(file)
    return Report(
        file=file,
        losses=tuple(losses),
        claims=tuple(claims),
        printed=tuple(
            PrintedReport(
                formula=c.formula,
                digits=c.digits,
                value=c.value,
                rounded=c.rounded,
                agrees=c.agrees,
                reason=c.reason,
            )
            for c in check_printed(file, equations)
        ),
        values={} if large else all_values(file, equations),
        checks=() if large else _checks(file, losses),
        checks_left_out=0 if large else sum(places(file, request)[1] for request in file.requests),
        too_many_entries=large,
        training=_training(file, losses),
        numpy_source={loss.loss: _source(file, loss) for loss in losses},
    )


def _loss(file: DerivationFile, request: Request, budget: Budget) -> LossReport:
    """Both routes for one loss and the verdicts on its gradients."""
    graph = file.graph
    delta = delta_rule(graph, request.loss, request.wrt)
    chain: Derivation | None = None
    reason = ""
    try:
        chain = chain_rule(graph, request.loss, request.wrt)
    except NotSupportedError as error:
        reason = str(error)
    adjoint_verdicts = verify_adjoints(graph, request.loss, delta.adjoints, budget=budget)
    verdicts = combine(graph, request.loss, request.wrt, adjoint_verdicts)
    gradients = []
    for name, verdict in verdicts.items():
        routes: Verdict | None = None
        if chain is not None:
            routes = verify_routes(graph, request.loss, chain.gradients[name], name, delta.adjoints, budget=budget)
        oracle = _oracle(file, delta, name, budget)
        gradients.append(GradientReport(loss=request.loss, name=name, verdict=verdict, routes=routes, oracle=oracle))
    lines = [step for route in (chain, delta) if route is not None for step in route.steps if step.rule != "compose"]
    checked = verify_lines(graph, [(step.left, step.right) for step in lines], budget=budget)
    pairs = list(zip(lines, checked, strict=True))
    return LossReport(
        loss=request.loss,
        chain=chain,
        delta=delta,
        adjoint_verdicts=adjoint_verdicts,
        gradients=tuple(gradients),
        chain_reason=reason,
        lines=sum(verdict.proved for verdict in checked),
        open_lines=tuple((f"{step.left} = {step.right}", v) for step, v in pairs if not v.proved),
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


def _source(file: DerivationFile, loss: LossReport) -> str:
    return numpy_source(file.graph, loss.loss, loss.delta.adjoints)
