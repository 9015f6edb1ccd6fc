"""Gradients for a terminal: each in index notation, as arrays and as LaTeX, with its verdict; then the NumPy source."""

import sympy as sp

from symbackprop.proof.verdict import Verdict
from symbackprop.tensor.nodes import adjoint_name, entry
from symbackprop.tensor.tensor import Tensor
from symbackprop.write.blocks import Equation
from symbackprop.write.plain import PlainText
from symbackprop.write.plain_derivation import array_text, second_equation
from symbackprop.write.plain_verdict import basis, verdict_line
from symbackprop.write.report import GradientReport, LossReport, Report, SecondReport
from symbackprop.write.sections.context import Context, context
from symbackprop.write.sections.forms import matrix_form
from symbackprop.write.sections.second import second_lines


def plain_gradient(report: Report) -> str:
    """What the report knows of the gradients of its losses."""
    ctx = context(report)
    lines: list[str] = []
    for loss in report.losses:
        lines += [*_definitions(ctx, loss), "", *_equations(ctx, loss)]
        for second in (s for s in report.second if s.loss == loss.loss):
            lines += ["", *_second(ctx, loss, second)]
        if loss.loss in report.numpy_source:
            lines += ["", "As a NumPy function:", "", report.numpy_source[loss.loss].rstrip()]
        if loss.loss in report.no_source:
            lines += ["", f"No NumPy function: {report.no_source[loss.loss]}"]
    return "\n".join(lines)


def _definitions(ctx: Context, loss: LossReport) -> list[str]:
    """The definitions as written, the shapes of all quantities, and what is assumed."""
    graph = ctx.graph
    needed = graph.ancestors(loss.loss)
    names = [name for name in (*graph.inputs, *graph.definitions) if name in needed]
    lines = [f"{name} = {d.formula}" for name, d in graph.definitions.items() if name in needed]
    lines.append("shapes: " + ", ".join(f"{name} {_shape(ctx, name)}" for name in names))
    return lines + [f"assumed: {assumption.formula}" for assumption in graph.assumptions]


def _shape(ctx: Context, name: str) -> str:
    shape = ctx.graph.shape(name)
    return f"({', '.join(map(str, shape))})" if shape else "scalar"


def _equations(ctx: Context, loss: LossReport) -> list[str]:
    """The equations of the δ-rule from the loss down, last those by the inputs that were asked for, in that order.

    The verdict stands below each that was asked for, and what else is not proved.
    """
    writer = PlainText(ctx.graph, loss.loss)
    verdicts = {gradient.name: gradient for gradient in loss.gradients}
    blocks = []
    asked = [name for name in verdicts if name in ctx.graph.inputs]
    for name in (*(name for name in loss.delta.adjoints if name not in asked), *asked):
        tensor = loss.delta.adjoints[name]
        code = adjoint_name(loss.loss, name)
        left, right = writer.equation(entry(code, *tensor.indices), tensor.expr)
        arrays = array_text(loss.delta, tensor) if _holds_arrays(tensor) else None
        lines = [f"{left} = {right}", *([f"  as arrays: {arrays}"] if arrays else [])]
        letters = ctx.letters(entry(code, *tensor.indices))
        lines += _latex(Equation(ctx.tex(entry(code, *tensor.indices), letters), (ctx.tex(tensor.expr, letters),)))
        form = matrix_form(ctx, tensor) if tensor.shape else None
        lines += _latex(Equation(ctx.symbol(code), (form,))) if form is not None else []
        lines += _verdicts(ctx, verdicts[name]) if name in verdicts else []
        blocks.append("\n".join(lines))
    deltas = any(name not in verdicts for name in loss.delta.adjoints)
    if loss.open_lines:
        blocks.append("\n".join(f"the line {text}: {verdict}" for text, verdict in loss.open_lines))
    return ["\n\n".join([*([f"δv stands for ∂{loss.loss}/∂v"] if deltas else []), *blocks])]


def _holds_arrays(tensor: Tensor) -> bool:
    """Whether its form as an array is another one than that in index notation: sum(δz) and Σ_i δz[i]."""
    return bool(tensor.shape) or tensor.expr.has(sp.Sum)


def _verdicts(ctx: Context, of: GradientReport) -> list[str]:
    """The verdict on a gradient, and the one on the equality of both derivations where that is not proved."""
    differ = of.routes is not None and not of.routes.proved
    return [*_verdict(ctx, of.verdict), *([f"  both derivations agree: {of.routes}"] if differ else [])]


def _second(ctx: Context, loss: LossReport, second: SecondReport) -> list[str]:
    writer = PlainText(ctx.graph, loss.loss)
    left, right = second_equation(writer, loss.delta, (second.first, second.second), second.tensor)
    arrays = array_text(loss.delta, second.tensor) if _holds_arrays(second.tensor) else None
    lines = [f"{left} = {right}", *([f"  as arrays: {arrays}"] if arrays else [])]
    for line in second_lines(ctx, second):
        lines += _latex(line)
    return lines + _verdict(ctx, second.verdict)


def _verdict(ctx: Context, verdict: Verdict) -> list[str]:
    return [f"  {line}" for line in (verdict_line(verdict, ctx.graph), *basis(verdict, ctx.graph))]


def _latex(line: Equation) -> list[str]:
    return [f"  LaTeX: {line.left} = {line.rights[0]}"]
