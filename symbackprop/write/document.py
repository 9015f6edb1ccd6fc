"""A report as a document: the sections in reading order."""

from symbackprop.write.blocks import Block, Code, Document, Heading, Paragraph, words
from symbackprop.write.report import Report
from symbackprop.write.sections import descent, numbers, proof
from symbackprop.write.sections.claims import claims
from symbackprop.write.sections.context import Context, context
from symbackprop.write.sections.induction import any_depth
from symbackprop.write.sections.routes import route_one, route_two
from symbackprop.write.sections.second import second_derivatives
from symbackprop.write.sections.setup import definitions, symbols


def document(report: Report) -> Document:
    """Symbols, definitions, forward pass, both derivations, proofs, numbers, and the generated source."""
    if report.file.any_depth is not None:
        blocks = tuple(any_depth(report, report.file.any_depth))
        return Document(title=report.file.title, source=report.file.source, blocks=blocks)
    return _of_one_network(report)


def _of_one_network(report: Report) -> Document:
    ctx = context(report)
    blocks: list[Block] = [*proof.summary(ctx), *symbols(ctx), *definitions(ctx)]
    if ctx.has_numbers:
        blocks += numbers.forward_pass(ctx)
    for loss in report.losses:
        blocks += [*route_one(ctx, loss), *route_two(ctx, loss)]
    blocks += [*proof.gradients(ctx), *second_derivatives(ctx), *claims(ctx)]
    blocks += [*numbers.gradients(ctx), *descent.update(ctx), *numbers.check(ctx)]
    blocks += [*descent.training(ctx), *numbers.printed(ctx), *source(ctx)]
    return Document(title=report.file.title, source=report.file.source, blocks=tuple(blocks))


def source(ctx: Context) -> list[Block]:
    """The generated NumPy functions, as they are."""
    blocks: list[Block] = []
    for loss, text in ctx.report.numpy_source.items():
        blocks += [Paragraph(words("For {loss}:", loss=ctx.math(loss)))] if len(ctx.report.numpy_source) > 1 else []
        blocks.append(Code(text))
    return [Heading(words("Appendix: the gradients as NumPy functions")), *blocks] if blocks else []
