"""The claims of a file with their verdicts; where two sides differ, a point and what they are there."""

import re
from decimal import Decimal, localcontext

from symbackprop.proof.verdict import Verdict
from symbackprop.write.blocks import Block, Heading, Math, Paragraph, Table, Text, joined, words
from symbackprop.write.report import ClaimReport
from symbackprop.write.sections.concrete import number
from symbackprop.write.sections.context import Context
from symbackprop.write.sections.forms import relation_text
from symbackprop.write.sections.proof import VERDICTS, gradient_verdicts
from symbackprop.write.sections.proof_basis import basis_of, nested_numbers, point_of

MAX_RATIONAL = 12  # characters
# A ball without a middle lies around 0.
_BALL = re.compile(r"\[(?:(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?) )?\+/- [^\]]*\]")


def claims(ctx: Context) -> list[Block]:
    """The claims of the file as written, each with its verdict."""
    rows = ctx.report.claims
    if not rows:
        return []
    table = Table("ppl", (("claim",), ("statement",), ("verdict",)), tuple(_row(ctx, row) for row in rows))
    blocks: list[Block] = [Heading(words("Claims")), table]
    blocks += [Paragraph(_remark(ctx, row)) for row in rows if _needs_remark(row)]
    basis = basis_of(ctx, [row.verdict for row in rows])
    if basis and basis == basis_of(ctx, gradient_verdicts(ctx)):
        return [
            *blocks,
            Paragraph(words("The proofs of the claims rest on the same ground as those of the gradients.")),
        ]
    return [*blocks, *basis]


def _row(ctx: Context, row: ClaimReport) -> tuple[Text, ...]:
    return (row.relation.name,), (relation_text(ctx, row.relation),), (VERDICTS[row.verdict.kind],)


def _needs_remark(row: ClaimReport) -> bool:
    return not row.verdict.proved or "left" in row.verdict.witness


def _remark(ctx: Context, row: ClaimReport) -> Text:
    """Why a claim is not proved, or where the two sides of a refuted equation differ."""
    verdict = row.verdict
    lead = f'The claim "{row.relation.name}" is {VERDICTS[verdict.kind]}: '
    if "left" in verdict.witness:
        return (lead, *difference(ctx, verdict))
    return (lead, verdict.reason or "no reason is known", ".")


def difference(ctx: Context, verdict: Verdict) -> Text:
    """Where the two sides differ, and what they are there."""
    witness = verdict.witness
    left, right = apart(str(witness["left"]), str(witness.get("right", "")))
    point = point_of(ctx, witness)
    at = words("at {point}, ", point=joined(point)) if point else ()
    indices = ", ".join(str(i + 1) for i in witness.get("indices", ()))
    sides = f"entry ({indices}) of the left side is {{left}}, that of the right side {{right}}."
    text = sides if indices else "the left side is {left}, the right side {right}."
    return (*at, *words(text, left=left, right=right))


def apart(left: str, right: str) -> tuple[Math, Math]:
    """Two sides that differ: a short rational as it is, any other number by as many digits as tell both apart."""
    for digits in (6, 12, 24):
        shown = _side(left, digits), _side(right, digits)
        if shown[0] != shown[1]:
            return shown
    return Math(rf"\text{{{left}}}"), Math(rf"\text{{{right}}}")


def _side(text: str, digits: int) -> Math:
    ball = _BALL.match(text)
    if ball is None and len(text) <= MAX_RATIONAL:
        return Math(nested_numbers(text))
    above, _, below = (ball[1] or "0" if ball else text).partition("/")
    with localcontext(prec=60):
        value = Decimal(above) / Decimal(below or 1)
    return Math(rf"\approx {number(f'{value:.{digits}g}')}")
