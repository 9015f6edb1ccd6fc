"""How the derivatives in an identity are found: gradients backwards, arrays and second derivatives forwards."""

import re
from dataclasses import replace

from symbackprop.tensor.indices import substitute
from symbackprop.tensor.nodes import entry, entry_indices, entry_name
from symbackprop.write.blocks import Block, Equation, Equations, Heading, Paragraph, Text, words
from symbackprop.write.breaks import fits
from symbackprop.write.formulas.sameness import same
from symbackprop.write.report import IdentityReport, JacobianReport, LossReport
from symbackprop.write.sections.context import Context
from symbackprop.write.sections.forms import matrix_form
from symbackprop.write.sections.routes import adjoint_blocks, deltas_named
from symbackprop.write.sections.rules import MATRIX_NOTE
from symbackprop.write.sections.second import second_lines
from symbackprop.write.sections.stated import to_statement
from symbackprop.write.sections.step_lines import local_letters, local_lines, note

# A line may take so many rows of this width (in points); it is longer than any in the catalogue.
ROWS, ROW = 12, 330.0
# An expression in parentheses with letters for its indices.
_ENTRY = re.compile(r"\)_\{?[a-z]")


def derivation_blocks(ctx: Context, of: IdentityReport) -> list[Block]:
    """Each derivative in the statement, and the statement itself as the last line."""
    blocks: list[Block] = []
    for loss in of.report.losses:
        blocks += _gradients(ctx, loss)
    if of.report.second:
        lead = "The gradient is differentiated once more, through every quantity on which it depends:"
        lines = tuple(line for row in of.report.second for line in second_lines(ctx, row))
        blocks += [Paragraph(words(lead)), Equations(lines)]
    for jacobian in of.jacobians:
        blocks += _jacobian(ctx, jacobian)
    shown = _printable(to_statement(ctx, of, blocks))
    return [Heading(words("Derivation")), *shown] if shown else []


def _gradients(ctx: Context, loss: LossReport) -> list[Block]:
    """The δ-rule from the loss back to what stands in the statement."""
    several = len(loss.delta.adjoints) > 1
    lead = "The definitions are passed once, from the last to the first; each derivative builds on those before."
    opening = words(lead) if several else ()
    text = (*opening, *deltas_named(ctx, loss))
    blocks: list[Block] = [Paragraph(_begun(text))] if text else []
    for name in loss.delta.adjoints:
        blocks += map(_without_entries_in_matrices, adjoint_blocks(ctx, loss.delta, name))
    return blocks


def _without_entries_in_matrices(block: Block) -> Block:
    """The block without lines in matrix notation that say no more than the entries: (Σ_l A_il B_lj C_ij)_ij."""
    if not isinstance(block, Equations):
        return block
    kept = [line for line in block.lines if line.reason != words(MATRIX_NOTE) or not _ENTRY.search(line.rights[0])]
    return Equations(tuple(kept or block.lines))


def _printable(blocks: list[Block]) -> list[Block]:
    """The blocks without the lines that are too long to be of use in print, and a remark where there were any."""
    kept: list[Block] = []
    long = 0
    for block in blocks:
        if isinstance(block, Equations):
            lines = tuple(line for line in block.lines if all(fits(right, ROW, ROWS) for right in line.rights))
            long += len(block.lines) - len(lines)
            if lines:
                kept.append(Equations(_with_left(lines, block.lines)))
        else:
            kept.append(block)
    if long:
        text = "One line that is too long" if long == 1 else f"{long} lines that are too long"
        kept.append(Paragraph((f"{text} to be of use in print {'is' if long == 1 else 'are'} left out.",)))
    return kept


def _with_left(lines: tuple[Equation, ...], all_: tuple[Equation, ...]) -> tuple[Equation, ...]:
    """The lines with their left sides where the line that had it is left out."""
    found: list[Equation] = []
    left = shown = ""
    kept = set(map(id, lines))
    for line in all_:
        left = line.left or left
        if id(line) in kept:
            found.append(line if line.left or left == shown else replace(line, left=left))
            shown = left
    return tuple(found)


def _begun(text: Text) -> Text:
    """The text without the space that would separate it from a sentence before it."""
    first = text[0]
    return (first.lstrip(), *text[1:]) if isinstance(first, str) else text


def _jacobian(ctx: Context, of: JacobianReport) -> list[Block]:
    """The local derivatives, and their product summed over all paths."""
    letters = ctx.names.free_letters(of.tensor.indices)
    own = len(ctx.graph.shape(of.name))
    above = ctx.tex(entry(of.name, *of.tensor.indices[:own]), letters)
    below = ctx.tex(entry(of.by, *of.tensor.indices[own:]), letters)
    lines = [Equation(_fraction(above, below), (ctx.tex(of.tensor.expr, letters),))]
    form = matrix_form(ctx, of.tensor)
    if form is not None:
        lines.append(Equation(_fraction(ctx.symbol(of.name), ctx.symbol(of.by)), (form,), words(MATRIX_NOTE)))
    locals_ = local_lines(ctx, of.steps)
    if len({entry_name(step.left.args[0]) for step in of.steps}) == 1:
        steps = _lettered(ctx, of)
        if steps[-1].rights == lines[0].rights or _is_whole(of):
            whole = steps.pop()
            lines[0] = replace(whole, left=lines[0].left)
        if steps and steps[0].left == lines[0].left:
            lines[0] = replace(lines[0], left="")
        opening = words("By the definition of {f},", f=ctx.math(of.name))
        return [Paragraph(opening), Equations((*steps, *lines))]
    lead = "These are the derivatives of each quantity by those that stand in its definition:"
    product = "They are multiplied along each path from {v} to {f}, and the products added up:"
    return [
        Paragraph(words(lead)),
        Equations(tuple(locals_)),
        Paragraph(words(product, v=ctx.math(of.by), f=ctx.math(of.name))),
        Equations(tuple(lines)),
    ]


def _is_whole(of: JacobianReport) -> bool:
    """Whether the last local derivative is the derivative itself, up to the form of its products."""
    step = of.steps[-1]
    own = [*entry_indices(step.left.args[0]), *entry_indices(step.left.args[1])]
    if len(set(own)) < len(own) or len(own) != len(of.tensor.indices):
        return False
    return same(substitute(step.right, dict(zip(own, of.tensor.indices, strict=True))), of.tensor.expr)


def _lettered(ctx: Context, of: JacobianReport) -> list[Equation]:
    """The local derivatives of one definition, their indices named in the order in which they stand on the left."""
    lines: list[Equation] = []
    for step in of.steps:
        letters = local_letters(ctx, step.left)
        left = ctx.tex(step.left, letters)
        shown = "" if any(line.left == left for line in lines) else left
        lines.append(Equation(shown, (ctx.tex(step.right, letters),), note(ctx, step)))
    return lines


def _fraction(above: str, below: str) -> str:
    return rf"\frac{{\partial {above}}}{{\partial {below}}}"
