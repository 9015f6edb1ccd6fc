"""The summary at the top, and the section on the proof of the gradients."""

from collections import Counter

from symbackprop.proof.verdict import Kind, Verdict
from symbackprop.write.blocks import Block, Heading, Math, Paragraph, Table, Text, listed, words
from symbackprop.write.report import GradientReport
from symbackprop.write.sections.context import Context
from symbackprop.write.sections.proof_basis import basis_of

VERDICTS = {Kind.PROVED: "proved", Kind.REFUTED: "refuted", Kind.UNDECIDED: "undecided"}


def summary(ctx: Context) -> list[Block]:
    """What is proved, in one sentence or two at the top."""
    report = ctx.report
    parts: list[Text] = []
    for loss in report.losses:
        parameters = listed([ctx.math(g.name) for g in loss.gradients])
        parts.append(words("the derivative of {loss} by {wrt}", loss=ctx.math(loss.loss), wrt=parameters))
    blocks: list[Block] = []
    if parts:
        told = (
            "These notes derive {list} twice, by the chain rule and by backpropagation, and check the result by proof."
        )
        blocks.append(Paragraph(words(told, list=listed(parts))))
    counted = _counted(ctx)
    return [*blocks, Paragraph(words(counted))] if counted else blocks


def _counted(ctx: Context) -> str:
    """How many gradients and claims are proved."""
    gradients_ = [g.verdict for loss in ctx.report.losses for g in loss.gradients]
    parts = [
        of_kind(gradients_, "gradient", "gradients"),
        of_kind([claim.verdict for claim in ctx.report.claims], "claim", "claims"),
    ]
    return " ".join(part for part in parts if part)


def of_kind(verdicts: list[Verdict], one: str, many: str) -> str:
    """Both gradients are proved; of 9 claims 8 are proved and 1 is undecided."""
    numbers = {kind: sum(v.kind is kind for v in verdicts) for kind in Kind}
    if not verdicts:
        return ""
    if len(verdicts) == 1:
        return f"The {one} is {VERDICTS[verdicts[0].kind]}."
    if numbers[Kind.PROVED] == len(verdicts):
        return f"All {len(verdicts)} {many} are proved."
    told = [f"{count} {'is' if count == 1 else 'are'} {VERDICTS[kind]}" for kind, count in numbers.items() if count]
    return f"Of {len(verdicts)} {many}, {' and '.join(told)}."


def gradient_verdicts(ctx: Context) -> list[Verdict]:
    """The verdicts on the gradients and on the equality of both derivations."""
    rows = [g for loss in ctx.report.losses for g in loss.gradients]
    return [v for g in rows for v in (g.verdict, g.routes) if v is not None]


def gradients(ctx: Context) -> list[Block]:
    """The verdict on each gradient and on the equality of both derivations."""
    rows = [g for loss in ctx.report.losses for g in loss.gradients]
    if not rows:
        return []
    lines = sum(loss.lines for loss in ctx.report.losses)
    open_ = sum(len(loss.open_lines) for loss in ctx.report.losses)
    which = f"All {lines} are" if not open_ else f"Of {lines + open_} such lines {lines} are"
    lead = (
        "Each line above that holds a derivative is an identity between neighbouring quantities, in which every "
        f"derivative by a named quantity is the derivative itself, whatever it may be. {which} proved, for all sizes "
        "and all values at which both sides are defined. The table counts those equations that lead from the loss to "
        "a gradient; in the column on the right both derivations are compared with every definition inserted."
    )
    header: tuple[Text, ...] = (("gradient",), ("verdict",), ("identities",), ("both derivations agree",))
    table = Table("llrl", header, tuple(_gradient_row(ctx, g) for g in rows))
    blocks: list[Block] = [Heading(words("Proof of the gradients")), Paragraph(words(lead)), table]
    blocks += [Paragraph(_failure(ctx, g)) for g in rows if not g.verdict.proved]
    blocks += [Paragraph(_disagreement(ctx, g, g.routes)) for g in rows if g.routes is not None and not g.routes.proved]
    blocks += _open_lines(ctx)
    blocks += _outside_check(rows)
    return [*blocks, *basis_of(ctx, gradient_verdicts(ctx))]


def _failure(ctx: Context, g: GradientReport) -> Text:
    told = f"The equation for {{g}} is {VERDICTS[g.verdict.kind]}: {{reason}}."
    return words(told, g=_gradient(ctx, g), reason=g.verdict.reason or "no reason is known")


def _disagreement(ctx: Context, g: GradientReport, routes: Verdict) -> Text:
    told = f"That both derivations of {{g}} agree is {VERDICTS[routes.kind]}: {{reason}}."
    return words(told, g=_gradient(ctx, g), reason=routes.reason or str(routes))


def _open_lines(ctx: Context) -> list[Block]:
    """Why lines are not proved, each reason once."""
    counted = Counter((v.kind, v.reason or str(v)) for loss in ctx.report.losses for _, v in loss.open_lines)
    return [
        Paragraph((f"{'One line is' if n == 1 else f'{n} lines are'} {VERDICTS[kind]}: {reason}.",))
        for (kind, reason), n in counted.items()
    ]


def _outside_check(rows: list[GradientReport]) -> list[Block]:
    """How the instance compares with SymPy's own differentiation."""
    verdicts = [g.oracle for g in rows if g.oracle is not None]
    count = sum(v.obligations for v in verdicts if v.proved)
    blocks: list[Block] = []
    if count:
        entries = "the one gradient entry equals" if count == 1 else f"{count} gradient entries equal"
        text = (
            f"As a check from outside, {entries} what SymPy's own diff makes of the composed loss of the network with "
            "the given sizes; that is proved for all values of the inputs, in scalar normal form."
        )
        blocks.append(Paragraph(words(text)))
    open_ = [v for v in verdicts if not v.proved]
    if open_:
        reason = open_[0].reason or "the sides differ"
        blocks.append(Paragraph((f"The comparison with SymPy's own diff is {VERDICTS[open_[0].kind]}: {reason}.",)))
    return blocks


def _gradient(ctx: Context, g: GradientReport) -> Math:
    return Math(rf"\partial {ctx.symbol(g.loss)} / \partial {ctx.symbol(g.name)}")


def _gradient_row(ctx: Context, g: GradientReport) -> tuple[Text, ...]:
    routes = "not compared" if g.routes is None else VERDICTS[g.routes.kind]
    return (_gradient(ctx, g),), (VERDICTS[g.verdict.kind],), (Math(str(g.verdict.obligations)),), (routes,)
