"""Gradient descent: one step in formulas and numbers, the forward pass after it, the losses along a training run."""

from collections.abc import Mapping
from fractions import Fraction

import sympy as sp

from symbackprop.tensor.nodes import Expr, adjoint_name, entry
from symbackprop.tensor.tensor import axes
from symbackprop.write.blocks import (
    Block,
    Equation,
    Equations,
    Heading,
    Math,
    Paragraph,
    Table,
    words,
)
from symbackprop.write.formulas.latex_pieces import decimal, parenthesised
from symbackprop.write.formulas.read_back import prints_expression
from symbackprop.write.sections.concrete import (
    MAX_LINES,
    matrix_lines,
    merged,
    number,
    result_blocks,
    tensor_lines,
)
from symbackprop.write.sections.context import UNREAD, Context, compact, is_exact

MAX_PLACES = 9


def update(ctx: Context) -> list[Block]:
    """w <- w - η ∂L/∂w for each parameter, in general and in numbers, and the forward pass after it."""
    training = ctx.file.training
    if training is None:
        return []
    lines, numbered = [], []
    for name in training.parameters:
        letters = ctx.letters(ctx.entry(name))
        left = ctx.tex(ctx.entry(name), letters)
        lines.append(Equation(left, (_moved(ctx, name, letters),), signs=(r"\leftarrow",)))
        numbered += _new_values(ctx, name)
    text = "Gradient descent moves every parameter against its derivative, with the learning rate {rate}:"
    blocks: list[Block] = [Heading(words("One step of gradient descent"))]
    blocks.append(Paragraph(words(text, rate=Math(rate_latex(ctx)))))
    blocks.append(Equations(tuple(lines)))
    if numbered:
        blocks += [
            Paragraph(words("With the given numbers, the old value standing first on the right:")),
            *merged(numbered),
        ]
        blocks += _forward_again(ctx)
    return blocks


def rate_latex(ctx: Context) -> str:
    """The learning rate as the file writes it: a decimal stays one."""
    assert ctx.file.training is not None
    rate = ctx.file.training.learning_rate
    return plain_decimal(rate) or ctx.tex(rate, {})


def plain_decimal(value: Expr) -> str | None:
    """A rational as a short exact decimal; None where it has none."""
    if not value.is_Rational:
        return None
    for places in range(MAX_PLACES):
        scaled = abs(value) * 10**places
        if scaled.is_Integer:
            digits = str(scaled).rjust(places + 1, "0")
            sign = "-" if value < 0 else ""
            return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"
    return None


def _moved(ctx: Context, name: str, letters: Mapping[Expr, str]) -> str:
    """w - η ∂L/∂w."""
    training = ctx.file.training
    assert training is not None
    gradient = entry(adjoint_name(training.loss, name), *axes(ctx.graph.shape(name)))
    rate = training.learning_rate
    shown = rate_latex(ctx)
    shown = parenthesised(shown) if rate.is_Add or shown.startswith("-") else shown
    product = r" \cdot " if plain_decimal(rate) is not None else r"\,"
    text = f"{ctx.tex(ctx.entry(name), letters)} - {shown}{product}{ctx.tex(gradient, letters)}"
    return text if prints_expression(text, ctx.entry(name) - rate * gradient, ctx.names, letters) else UNREAD


def _new_values(ctx: Context, name: str) -> list[Block]:
    """The entries of a parameter after the step, with the numbers inserted."""
    training = ctx.file.training
    assert training is not None
    after = ctx.report.values.get(f"next({name}, 1)")
    rate = ctx.numbers.get(training.learning_rate, plain_decimal(training.learning_rate))
    if not after:
        return []
    slopes = ctx.report.values.get(adjoint_name(training.loss, name))
    if slopes is None or rate is None or len(after) > MAX_LINES:
        return list(result_blocks(ctx, name, after, r"\leftarrow"))
    old = ctx.report.values[name]
    lines = []
    for position, text in sorted(after.items()):
        factors = [decimal(compact(digits)).text for digits in (rate, slopes[position])]
        inserted = f"{number(old[position])} - " + r" \cdot ".join(factors)
        exact = sp.Rational(Fraction(old[position]) - Fraction(rate) * Fraction(slopes[position]))
        if not prints_expression(inserted, exact, ctx.names, {}):
            return list(result_blocks(ctx, name, after, r"\leftarrow"))
        sign = "=" if is_exact(text) and is_exact(slopes[position]) else r"\approx"
        lines.append(Equation(ctx.tex(entry(name, *position), {}), (inserted, number(text)), (), (r"\leftarrow", sign)))
    return [Equations(tuple(lines))]


def _forward_again(ctx: Context) -> list[Block]:
    """The forward pass with the parameters after one step."""
    after = _numbers_after(ctx)
    blocks: list[Block] = []
    for name, definition in ctx.graph.definitions.items():
        results = ctx.report.values.get(f"next({name}, 1)")
        if results and name not in ctx.file.given:
            blocks += tensor_lines(ctx, name, definition.tensor, results, numbers=after)
    if not blocks:
        return []
    return [Paragraph(words("With the new parameters the forward pass gives:")), *merged(blocks), *_comparison(ctx)]


def _numbers_after(ctx: Context) -> Mapping[Expr, str]:
    """The numbers with every quantity that a step changes replaced by its new value."""
    numbers = dict(ctx.numbers)
    for name in (*ctx.graph.inputs, *ctx.graph.definitions):
        for position, text in ctx.report.values.get(f"next({name}, 1)", {}).items():
            numbers[entry(name, *position)] = text
    return numbers


def _comparison(ctx: Context) -> list[Block]:
    """How the loss has moved."""
    training = ctx.file.training
    assert training is not None
    before = ctx.report.values.get(training.loss, {}).get(())
    after = ctx.report.values.get(f"next({training.loss}, 1)", {}).get(())
    if before is None or after is None:
        return []
    verb = "fallen" if float(after) < float(before) else "risen" if float(after) > float(before) else "stayed"
    signs = [Math(number(text)) for text in (before, after)]
    return [
        Paragraph(
            words(f"In this step the loss has {verb} from {{before}} to {{after}}.", before=signs[0], after=signs[1])
        )
    ]


def training(ctx: Context) -> list[Block]:
    """The losses along gradient descent, and the outputs after it."""
    run = ctx.report.training
    plan = ctx.file.training
    if run is None or plan is None:
        return []
    rows = tuple(((Math(str(step)),), (Math(number(loss)),)) for step, loss in run.losses)
    blocks: list[Block] = [Heading(words("Training"))]
    if rows:
        header = (("steps",), words("loss {loss}", loss=ctx.math(plan.loss)))
        blocks += [Paragraph(words("Repeating the step gives the losses below.")), Table("rr", header, rows)]
    if run.diverged is not None:
        told = "The run diverged at step {step}: the loss or a parameter is no finite number there, and the run ends."
        blocks.append(Paragraph(words(told, step=str(run.diverged))))
    outputs: list[Block] = []
    for name, results in run.outputs.items():
        outputs.append(Equations(tuple(matrix_lines(ctx.symbol(name), results, r"\approx"))))
    if outputs:
        blocks += [Paragraph(words("After the last step:")), *merged(outputs)]
    return blocks
