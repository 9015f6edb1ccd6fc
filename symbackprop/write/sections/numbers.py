"""The sections with numbers: given values, forward pass, gradients, one step of descent, checks, training."""

import re
from decimal import Decimal

from symbackprop.model.file_numbers import PrintedCheck
from symbackprop.numeric.gradient_check import EPSILON
from symbackprop.tensor.nodes import adjoint_name, entry
from symbackprop.write.blocks import (
    Block,
    Equations,
    Heading,
    Math,
    Mono,
    Paragraph,
    Table,
    Text,
    joined,
    listed,
    words,
)
from symbackprop.write.report import CheckReport
from symbackprop.write.sections.concrete import (
    MAX_RESULTS,
    merged,
    number,
    result_blocks,
    rows_of_matrices,
    tensor_lines,
)
from symbackprop.write.sections.context import Context
from symbackprop.write.sections.forms import formula_latex

# What the entry of a gradient check and its step are called, the first that is no name of the file.
MOVED = (r"\theta", r"\vartheta", "u", "v", "q")
STEPS = (r"\varepsilon", "h", "s", "t", r"\tau")
_BRACED = r"((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)"
_DERIVATIVE = re.compile(rf"\\frac\{{\\partial {_BRACED}\}}\{{\\partial {_BRACED}\}}")
_CHECK = re.compile(r"d\((\w+), (\w+)(?:\[([\d, ]+)\])?\)")


def forward_pass(ctx: Context) -> list[Block]:
    """The given numbers, then each definition with its numbers."""
    blocks: list[Block] = [Heading(words("Forward pass with numbers")), Paragraph(words("The given numbers are"))]
    blocks += given(ctx)
    blocks.append(Paragraph(words(
        "Inserting them into the definitions, one after the other, gives the following. Decimals are rounded to six "
        "significant digits, but each is computed from the exact numbers and not from rounded ones."
    )))  # fmt: skip
    missing = []
    for name, definition in ctx.graph.definitions.items():
        results = ctx.report.values.get(name)
        if name in ctx.file.given:
            continue
        if results is None:
            missing.append(name)
        else:
            blocks += tensor_lines(ctx, name, definition.tensor, results)
    blocks = merged(blocks)
    if missing:
        shown = joined([ctx.math(name) for name in missing], ", ", " and ")
        blocks.append(Paragraph(words("The given numbers do not determine {q}.", q=shown)))
    return blocks


def given(ctx: Context) -> list[Block]:
    """The given numbers: tensors as matrices, scalars in a row."""
    known = {name: ctx.report.values[name] for name in ctx.file.given if name in ctx.report.values}
    scalars = [(Math(f"{ctx.symbol(name)} = {number(texts[()])}"),) for name, texts in known.items() if () in texts]
    tensors = {name: texts for name, texts in known.items() if () not in texts and len(texts) <= MAX_RESULTS}
    blocks: list[Block] = [Equations(tuple(rows_of_matrices(ctx, tensors)))] if tensors else []
    for name, texts in known.items():
        blocks += result_blocks(ctx, name, texts) if len(texts) > MAX_RESULTS else []
    if scalars:
        lead = "and " if tensors else ""
        blocks.append(Paragraph((lead, *joined(scalars, ", ", " and "), ".")))
    pinned = [name for name in ctx.file.given if name in ctx.graph.definitions]
    if pinned:
        shown = joined([ctx.math(name) for name in pinned], ", ", " and ")
        verb = "is" if len(pinned) == 1 else "are"
        blocks.append(
            Paragraph(words(f"Of these {{q}} {verb} taken as given, although there is a definition.", q=shown))
        )
    return blocks


def gradients(ctx: Context) -> list[Block]:
    """All gradients as vectors and matrices; of a file with very many numbers, that they are left out."""
    if ctx.report.too_many_entries:
        told = "The quantities have so many entries together that their values and the gradient check are left out."
        return [Heading(words("The gradients in numbers")), Paragraph(words(told))]
    codes = [adjoint_name(loss.loss, g.name) for loss in ctx.report.losses for g in loss.gradients]
    known = {code: ctx.report.values[code] for code in codes if code in ctx.report.values}
    if not known:
        return []
    small = {code: texts for code, texts in known.items() if len(texts) <= MAX_RESULTS}
    blocks: list[Block] = [Heading(words("The gradients in numbers"))]
    if small:
        blocks.append(Equations(tuple(rows_of_matrices(ctx, small))))
    return [*blocks, *(block for code in known if code not in small for block in result_blocks(ctx, code, known[code]))]


def check(ctx: Context) -> list[Block]:
    """Derived gradients beside central differences."""
    if not ctx.report.checks:
        return []
    losses = [ctx.symbol(loss.loss) for loss in ctx.report.losses]
    moved, step = ctx.names.unused(MOVED), ctx.names.unused(STEPS)
    others = words("; for other losses it is the same with {l}", l=listed(map(Math, losses[1:])))
    text = words(
        "As a check that uses the loss alone, each derivative is compared with the central difference {quotient}, the "
        "step being {step}; here {moved} is the entry by which the derivative is taken, and all others stay as they "
        "are{others}. The relative error is the difference of both numbers divided by the sum of their sizes.",
        quotient=Math(f"({losses[0]}({moved} + {step}) - {losses[0]}({moved} - {step})) / (2{step})"),
        step=Math(f"{step} = {Decimal(EPSILON.numerator) / EPSILON.denominator:f}"),
        moved=Math(moved),
        others=others if len(losses) > 1 else (),
    )
    rows = tuple(_check_row(ctx, row) for row in ctx.report.checks)
    header: tuple[Text, ...] = (("derivative",), ("derived",), ("central difference",), ("relative error",))
    blocks: list[Block] = [Heading(words("Gradient check")), Paragraph(text), Table("lrrr", header, rows)]
    if ctx.report.checks_left_out:
        told = "The table has the first entries of each quantity; {count} more {verb} not checked."
        count = ctx.report.checks_left_out
        blocks.append(Paragraph(words(told, count=str(count), verb="is" if count == 1 else "are")))
    return blocks


def _check_row(ctx: Context, row: CheckReport) -> tuple[Text, ...]:
    decimals = [(Math(number(text)),) for text in (row.derived, row.central, row.error)]
    return ((check_name(ctx, row.name),), *decimals)


def slashed(latex: str) -> str:
    """A derivative that stands alone as ∂E/∂w, which needs less height."""
    match = _DERIVATIVE.fullmatch(latex)
    return rf"\partial {match[1]} / \partial {match[2]}" if match else latex


def check_name(ctx: Context, name: str) -> Math | Mono:
    """`d(E, W[0, 1])` as ∂E/∂W_12."""
    match = _CHECK.fullmatch(name)
    if match is None or adjoint_name(match[1], match[2]) not in ctx.names.ranks:
        return Mono(name)
    position = [int(part) for part in match[3].split(",")] if match[3] else []
    below = ctx.tex(entry(match[2], *position), {})
    return Math(rf"\partial {ctx.symbol(match[1])} / \partial {below}")


def printed(ctx: Context) -> list[Block]:
    """The numbers that the source prints, each beside the correct rounding."""
    rows = ctx.report.printed
    if not rows:
        return []
    right, valued = sum(row.agrees for row in rows), sum(not row.reason for row in rows)
    count = (
        "All printed numbers are"
        if right == len(rows)
        else f"Of {len(rows)} printed numbers, {right} {'is' if right == 1 else 'are'}"
    )
    text = f"{count} the correct rounding of the exact value to as many places as the source prints."
    if right < valued:
        text += " The others are marked in the last column."
    if valued < len(rows):
        text += f" For {len(rows) - valued} there is no value to compare with; the last column says why."
    header: tuple[Text, ...] = (("quantity",), ("printed",), ("value",), ("correct rounding",), ("",))
    table = Table("lrrrl", header, tuple(_printed_row(ctx, row) for row in rows))
    return [Heading(words("Numbers printed in the source")), Paragraph(words(text)), table]


def _printed_row(ctx: Context, row: PrintedCheck) -> tuple[Text, ...]:
    shown = formula_latex(ctx, row.formula)
    name: Text = (Math(slashed(shown)),) if shown is not None else (Mono(row.formula),)
    if row.reason:
        return name, (Math(row.digits),), ("no value",), (), (row.reason,)
    verdict = "agrees" if row.agrees else "misprint"
    return name, (Math(row.digits),), (Math(number(row.value)),), (Math(row.rounded),), (verdict,)
