"""A network of any depth: the base at the last layer, the step to the one before, the conclusion."""

from symbackprop.model.repeat.pieces import some_layers
from symbackprop.model.repeat.places import HERE, Place
from symbackprop.model.repeat.section import AnyDepth
from symbackprop.tensor.nodes import adjoint_name
from symbackprop.write.blocks import Block, Equation, Equations, Heading, Math, Paragraph, listed, words
from symbackprop.write.report import PieceReport, Report
from symbackprop.write.sections.context import Context
from symbackprop.write.sections.depth import DepthContext, definitions, summary, symbols
from symbackprop.write.sections.depth_claims import claims, ground
from symbackprop.write.sections.forms import matrix_form
from symbackprop.write.sections.rules import MATRIX_NOTE
from symbackprop.write.sections.step_lines import step_lines


def any_depth(report: Report, network: AnyDepth) -> list[Block]:
    """The whole document on a network of any depth."""
    of = DepthContext(report, network)
    blocks = [*summary(of), *symbols(of), *definitions(of)]
    return [*blocks, *_base(of), *_step(of), *_shared(of), *_conclusion(of)]


def _base(of: DepthContext) -> list[Block]:
    text = (
        f"The last {of.noun} {{K}} stands with the loss. What the {of.noun}s before it have made of the start, "
        "{a}, is arbitrary here; so the number of them does not matter."
    )
    before = [Math(of.names.at(name, Place("end", -1))) for name in of.repeat.carried]
    blocks: list[Block] = [Heading(words(f"Base: the last {of.noun}"))]
    blocks.append(Paragraph(words(text, K=of.count, a=listed(before))))
    blocks += _backwards(of, "base")
    return [*blocks, *claims(of, "end")]


def _step(of: DepthContext) -> list[Block]:
    heading = words(f"Step: from {of.noun} {{next}} to {of.noun} {{l}}", next=_next(of), l=of.index)
    piece, writer = some_layers(of.repeat, HERE, 2)
    part = of.part(piece, writer)
    reads = listed([part.ctx.math(code) for code in piece.rest.values()])
    coefficients = listed([part.ctx.math(code) for code in piece.rest])
    text = (
        f"Two neighbouring {of.noun}s {{l}} and {{next}} stand with all that they depend on. What comes after "
        f"{of.noun} {{next}}, {{R}}, reads of them {{a}} alone. At any one point a first derivative sees of "
        "{R} only its own derivative by {a}, whatever that is. So {R} is replaced by a linear function with "
        "arbitrary coefficients {c}:"
    )
    remainder = part.ctx.math(piece.remainder)
    lead = words(text, l=of.index, next=_next(of), a=reads, c=coefficients, R=remainder)
    shown = [_scalar(part.ctx, name) for name in (piece.remainder, of.repeat.loss.name)]
    told = (
        f"Nothing else is known of {{c}}: for {{last}} it comes from what follows the last {of.noun}, "
        f"otherwise from the {of.noun}s that follow."
    )
    if of.repeat.loss.summands:
        told += f" The summands of {{E}} that belong to {of.noun}s before {{l}} do not change, and are left out."
    blocks: list[Block] = [Heading(heading), Paragraph(lead), Equations(tuple(shown))]
    last = Math(f"{of.index.latex}+1 = {of.count.latex}")
    loss = part.ctx.math(of.repeat.loss.name)
    blocks.append(Paragraph(words(told, c=coefficients, last=last, l=of.index, E=loss)))
    return [*blocks, *_backwards(of, "step"), *claims(of, "layer", "start")]


def _scalar(ctx: Context, name: str) -> Equation:
    return Equation(ctx.symbol(name), (ctx.tex(ctx.graph.definitions[name].tensor.expr, {}),))


def _next(of: DepthContext) -> Math:
    return Math(f"{of.index.latex}+1")


def _shared(of: DepthContext) -> list[Block]:
    """The gradients by parameters that all layers share."""
    if not any(claim.about == "shared" for claim in of.claims):
        return []
    text = (
        f"A parameter of all {of.noun}s collects a contribution from each of them. Let {{G}} be what the "
        f"{of.noun}s after {of.noun} {{l}} contribute, all that they read of {of.noun} {{l}} held fixed. "
        f"Base: after the last {of.noun} only what the loss itself reads of the parameter is left. Step: "
        f"{of.noun} {{l}} adds its own contribution to {{G}}. Here the rest is a linear function of the "
        "parameter, too:"
    )
    symbol = Math(of.names.collected)
    heading = words(f"Parameters of all {of.noun}s")
    blocks: list[Block] = [Heading(heading), Paragraph(words(text, G=symbol, l=of.index))]
    for piece in of.report.any_depth.pieces:
        if piece.shared:
            ctx = of.names.context(of.report, piece.piece)
            shown = [_scalar(ctx, name) for name in (piece.piece.remainder, of.repeat.loss.name)]
            blocks += [Equations(tuple(shown)), *_lines(of, piece)]
    return [*blocks, *claims(of, "shared")]


def _backwards(of: DepthContext, role: str) -> list[Block]:
    """Backpropagation through the piece of the base, or of the step."""
    pieces = [p for p in of.report.any_depth.pieces if p.role == role and not p.shared]
    return [block for piece in pieces for block in _lines(of, piece)]


def _lines(of: DepthContext, report: PieceReport) -> list[Block]:
    """The steps of backpropagation, quantity by quantity, each with its matrix form."""
    ctx = of.names.context(of.report, report.piece, tuple(report.derivation.gradients))
    adjoints = report.derivation.adjoints
    blocks: list[Block] = []
    ones = [ctx.math(name) for name, tensor in adjoints.items() if tensor.expr == 1]
    if ones:
        loss = ctx.math(report.derivation.loss)
        blocks.append(Paragraph(words("The derivative of {E} by {v} is 1.", E=loss, v=listed(ones))))
    for name, tensor in adjoints.items():
        if tensor.expr == 1 or (report.shared and name != report.shared):
            continue
        lines = step_lines(ctx, [step for step in report.derivation.steps if step.subject == name])
        form = matrix_form(ctx, tensor) if tensor.shape else None
        if form is not None:
            lines.append(Equation(ctx.symbol(adjoint_name(report.derivation.loss, name)), (form,), words(MATRIX_NOTE)))
        blocks += [Paragraph(words("For {v}:", v=ctx.math(name))), Equations(tuple(lines))]
    if report.open_lines:
        blocks.append(Paragraph((f"{len(report.open_lines)} of these lines are not proved.",)))
    return blocks


def _conclusion(of: DepthContext) -> list[Block]:
    """By induction, from the last layer to the first."""
    rows = of.report.any_depth.claims
    proved = {claim.about for claim, induction in rows if induction.verdict.proved and claim.comparison == "=="}
    blocks: list[Block] = [Heading(words("Conclusion"))]
    parts: list[str] = []
    if "end" in proved:
        parts.append(f"The base holds for the last {of.noun} of every network.")
    if "layer" in proved:
        parts.append(
            f"The step holds for every {of.noun} before, for no more was used of the rest than that it has a "
            f"derivative, and no more of the {of.noun}s before than that they compute something."
        )
    if {"end", "layer"} <= proved:
        parts.append(
            f"So, by induction over {{l}} from {{K}} down to 1, the proved equations give every derivative that they "
            f"are about in a network with any number {{K}} of {of.noun}s."
        )
    if "shared" in proved:
        parts.append(
            f"Each {of.noun} adds its contribution to what those after it have contributed; so, again by "
            "induction, the gradient by a parameter of all of them is the sum over all."
        )
    parts.append(
        f"Each claim has also been tried in the smallest network that it says something about, written out "
        f"{of.noun} by {of.noun}: a proved one is proved there once more."
    )
    blocks.append(Paragraph(words(" ".join(parts), l=of.index, K=of.count)))
    return [*blocks, *ground(of)]
