"""A report as JSON: every step, verdict and value, formulas as LaTeX and as plain SymPy text."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from symbackprop.derivation.steps import Derivation, Step
from symbackprop.proof.verdict import Verdict
from symbackprop.tensor.nodes import Expr
from symbackprop.tensor.tensor import Tensor
from symbackprop.write.json_depth import any_depth, last_layer_context
from symbackprop.write.report import ClaimReport, GradientReport, LossReport, Report, SecondReport
from symbackprop.write.sections.context import Context, context
from symbackprop.write.sections.meaning import meaning

FORMAT = "symbackprop report 1"


def to_json(report: Report) -> str:
    """The report as JSON text; keys are sorted, so that equal reports give equal texts."""
    return json.dumps(as_data(report), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def as_data(report: Report) -> dict[str, Any]:
    """The report as plain dictionaries, lists, texts and numbers."""
    file = report.file
    deep = file.any_depth
    ctx = context(report) if deep is None else last_layer_context(report, deep)
    training = report.training
    data: dict[str, Any] = {
        "format": FORMAT,
        "title": file.title,
        "source": file.source,
        "sizes": dict(file.sizes),
        "inputs": {name: _quantity(ctx, name) for name in file.graph.inputs},
        "definitions": {name: _definition(ctx, name) for name in file.graph.definitions},
        "order": [*file.graph.inputs, *file.graph.definitions],
        "assumptions": [assumption.formula for assumption in file.graph.assumptions],
        "losses": [_loss(ctx, loss) for loss in report.losses],
        "claims": [_claim(claim) for claim in report.claims],
        "printed": [
            {"formula": p.formula, "digits": p.digits, "value": p.value, "rounded": p.rounded, "agrees": p.agrees}
            | ({"reason": p.reason} if p.reason else {})
            for p in report.printed
        ],
        "values": {name: nested(texts) for name, texts in report.values.items()},
        "checks": [
            {"name": c.name, "derived": c.derived, "central": c.central, "error": c.error} for c in report.checks
        ],
        "training": None
        if training is None
        else {
            "losses": [{"step": step, "loss": loss} for step, loss in training.losses],
            "outputs": {name: nested(texts) for name, texts in training.outputs.items()},
        }
        | ({} if training.diverged is None else {"diverged": training.diverged}),
        "numpy_source": dict(report.numpy_source),
    }
    if report.second:
        data["second_derivatives"] = [_second(ctx, second) for second in report.second]
    if deep is not None:
        data["any_depth"] = any_depth(report, deep, _derivation, verdict)
    return data


def _quantity(ctx: Context, name: str) -> dict[str, Any]:
    return {
        "latex": ctx.symbol(name),
        "shape": [str(extent) for extent in ctx.graph.shape(name)],
        "meaning": meaning(ctx, name),
    }


def _definition(ctx: Context, name: str) -> dict[str, Any]:
    definition = ctx.graph.definitions[name]
    return {
        **_quantity(ctx, name),
        "formula": definition.formula,
        "entry": _formula(ctx, definition.tensor.expr, ctx.entry(name)),
    }


def _formula(ctx: Context, expr: Expr, *scope: Expr) -> dict[str, str]:
    return {"latex": ctx.tex(expr, ctx.letters(expr, *scope)), "sympy": str(expr)}


def _loss(ctx: Context, loss: LossReport) -> dict[str, Any]:
    return {
        "loss": loss.loss,
        "chain_rule": None if loss.chain is None else _derivation(ctx, loss.chain),
        "chain_rule_reason": loss.chain_reason,
        "delta_rule": _derivation(ctx, loss.delta),
        "adjoints": {name: verdict(v) for name, v in loss.adjoint_verdicts.items()},
        "gradients": [_gradient(g) for g in loss.gradients],
    }


def _derivation(ctx: Context, derivation: Derivation) -> dict[str, Any]:
    return {
        "route": derivation.route,
        "steps": [_step(ctx, step) for step in derivation.steps],
        "gradients": {name: _tensor(ctx, tensor) for name, tensor in derivation.gradients.items()},
    }


def _step(ctx: Context, step: Step) -> dict[str, Any]:
    return {
        "id": step.id,
        "subject": step.subject,
        "rule": step.rule,
        "note": step.note,
        "uses": list(step.uses),
        "left": _formula(ctx, step.left, step.right),
        "right": _formula(ctx, step.right, step.left),
    }


def _tensor(ctx: Context, tensor: Tensor) -> dict[str, Any]:
    shown = ctx.tex(tensor.expr, ctx.names.free_letters(tensor.indices))
    return {"latex": shown, "sympy": str(tensor.expr), "shape": [str(extent) for extent in tensor.shape]}


def _gradient(gradient: GradientReport) -> dict[str, Any]:
    return {
        "name": gradient.name,
        "verdict": verdict(gradient.verdict),
        "routes": None if gradient.routes is None else verdict(gradient.routes),
        "oracle": None if gradient.oracle is None else verdict(gradient.oracle),
    }


def _second(ctx: Context, second: SecondReport) -> dict[str, Any]:
    return {
        "loss": second.loss,
        "by": [second.first, second.second],
        "value": _tensor(ctx, second.tensor),
        "verdict": verdict(second.verdict),
    }


def _claim(claim: ClaimReport) -> dict[str, Any]:
    return {"name": claim.relation.name, "formula": claim.relation.formula, "verdict": verdict(claim.verdict)}


def verdict(found: Verdict) -> dict[str, Any]:
    """A verdict with everything that supports it."""
    return {
        "kind": str(found.kind),
        "method": found.method,
        "obligations": found.obligations,
        "assumptions": list(found.assumptions),
        "conditions": [
            {"sympy": str(condition.expr), "relation": condition.relation, "why": condition.why}
            for condition in found.conditions
        ],
        "witness": plain(found.witness),
        "reason": found.reason,
    }


def plain(value: Any) -> Any:
    """`value` with mappings as dictionaries and everything that JSON has no type for as text."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (str, bool, int)) or value is None:
        return value
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    return str(value)


def nested(texts: Mapping[tuple[int, ...], str]) -> Any:
    """Entries by position as nested lists; a scalar as its text."""
    if () in texts:
        return texts[()]
    rows: dict[int, dict[tuple[int, ...], str]] = {}
    for position, text in sorted(texts.items()):
        rows.setdefault(position[0], {})[position[1:]] = text
    return [nested(rows[k]) for k in sorted(rows)]
