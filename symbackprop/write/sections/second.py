"""The second derivatives, entry by entry and in matrix notation, with their verdicts."""

from symbackprop.tensor.nodes import entry
from symbackprop.write.blocks import Block, Equation, Equations, Heading, Math, Paragraph, Text, listed, words
from symbackprop.write.report import SecondReport
from symbackprop.write.sections.context import Context
from symbackprop.write.sections.forms import matrix_form
from symbackprop.write.sections.proof import VERDICTS
from symbackprop.write.sections.proof_basis import basis_of
from symbackprop.write.sections.rules import MATRIX_NOTE


def second_derivatives(ctx: Context) -> list[Block]:
    """One line or two for each pair of names, and the verdicts."""
    rows = ctx.report.second
    if not rows:
        return []
    lead = "The gradients above are differentiated once more, through every quantity on which they depend."
    lines = [line for row in rows for line in second_lines(ctx, row)]
    blocks: list[Block] = [Heading(words("Second derivatives")), Paragraph(words(lead)), Equations(tuple(lines))]
    if any(row.first != row.second for row in rows):
        blocks.append(Paragraph(words("Derivatives by the same two quantities in the other order are the same.")))
    blocks += [Paragraph(_told(ctx, row)) for row in rows if not row.verdict.proved]
    proved = [Math(_symbol(ctx, row)) for row in rows if row.verdict.proved]
    if proved:
        told = "The equation for {list} is proved." if len(proved) == 1 else "The equations for {list} are proved."
        blocks.append(Paragraph(words(told, list=listed(proved))))
    return [*blocks, *basis_of(ctx, [row.verdict for row in rows])]


def second_lines(ctx: Context, row: SecondReport) -> list[Equation]:
    """The general entry, and the whole in matrix notation where there is one."""
    letters = ctx.names.free_letters(row.tensor.indices)
    own = len(ctx.graph.shape(row.first))
    first = ctx.tex(entry(row.first, *row.tensor.indices[:own]), letters)
    second = ctx.tex(entry(row.second, *row.tensor.indices[own:]), letters)
    lines = [Equation(_fraction(ctx.symbol(row.loss), first, second), (ctx.tex(row.tensor.expr, letters),))]
    form = matrix_form(ctx, row.tensor) if row.tensor.shape else None
    if form is not None:
        lines.append(Equation(_symbol(ctx, row), (form,), words(MATRIX_NOTE)))
    return lines


def _symbol(ctx: Context, row: SecondReport) -> str:
    """The whole tensor of second derivatives, without indices."""
    return _fraction(ctx.symbol(row.loss), ctx.symbol(row.first), ctx.symbol(row.second))


def _fraction(loss: str, first: str, second: str) -> str:
    """∂²L/∂w² is ambiguous for arrays, so both names are always written."""
    return rf"\frac{{\partial^{{2}} {loss}}}{{\partial {first} \, \partial {second}}}"


def _told(ctx: Context, row: SecondReport) -> Text:
    told = f"The equation for {{g}} is {VERDICTS[row.verdict.kind]}: {{reason}}."
    return words(told, g=Math(_symbol(ctx, row)), reason=row.verdict.reason or str(row.verdict))
