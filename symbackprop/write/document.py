"""A report as a document: the sections in reading order."""

from symbackprop.write.blocks import Block, Code, Document, Heading, Paragraph, Text, listed, words
from symbackprop.write.report import Report
from symbackprop.write.sections import descent, numbers, proof
from symbackprop.write.sections.claims import claims
from symbackprop.write.sections.context import Context, context
from symbackprop.write.sections.induction import any_depth
from symbackprop.write.sections.notation import with_notation
from symbackprop.write.sections.routes import route_one, route_two
from symbackprop.write.sections.second import second_derivatives
from symbackprop.write.sections.setup import definitions, symbols

# In a title without a name of its own, more quantities than these are counted.
MANY = 4


def document(report: Report) -> Document:
    """Symbols, definitions, forward pass, both derivations, proofs, numbers, and the generated source."""
    deep = report.file.any_depth
    blocks = _of_one_network(report) if deep is None else with_notation(any_depth(report, deep))
    return Document(title=report.file.title or _title(report), source=report.file.source, blocks=tuple(blocks))


def _title(report: Report) -> Text:
    """What the derivatives are of and by, the latter by name where they are few."""
    ctx = context(report)
    wrt = [g.name for loss in report.losses for g in loss.gradients]
    by = listed([ctx.math(name) for name in wrt]) if len(wrt) <= MANY else (f"{len(wrt)} quantities",)
    of = listed([ctx.math(loss.loss) for loss in report.losses])
    return words(f"The {'gradient' if len(wrt) == 1 else 'gradients'} of {{of}} by {{by}}", of=of, by=by)


def _of_one_network(report: Report) -> list[Block]:
    ctx = context(report)
    blocks: list[Block] = [*proof.summary(ctx), *symbols(ctx), *definitions(ctx)]
    if ctx.has_numbers:
        blocks += numbers.forward_pass(ctx)
    for loss in report.losses:
        blocks += [*route_one(ctx, loss), *route_two(ctx, loss)]
    blocks += [*proof.gradients(ctx), *second_derivatives(ctx), *claims(ctx)]
    blocks += [*numbers.gradients(ctx), *descent.update(ctx), *numbers.check(ctx)]
    blocks += [*descent.training(ctx), *numbers.printed(ctx), *source(ctx)]
    return with_notation(blocks, ctx)


def source(ctx: Context) -> list[Block]:
    """The generated NumPy functions, as they are."""
    blocks: list[Block] = []
    for loss, text in ctx.report.numpy_source.items():
        blocks += [Paragraph(words("For {loss}:", loss=ctx.math(loss)))] if len(ctx.report.numpy_source) > 1 else []
        blocks.append(Code(text))
    for loss, reason in ctx.report.no_source.items():
        blocks.append(Paragraph(words("There is none for {loss}: {why}.", loss=ctx.math(loss), why=reason)))
    return [Heading(words("Appendix: the gradients as NumPy functions")), *blocks] if blocks else []
