"""The sections on proof: the gradients, the claims, and what the proofs rely on."""

import re
from collections.abc import Container, Iterable, Mapping
from decimal import Decimal, localcontext
from typing import Any

from symbackprop.model.graph import names_in
from symbackprop.proof.verdict import Condition, Kind, Verdict
from symbackprop.write.blocks import Block, Heading, Items, Math, Mono, Paragraph, Table, Text, joined, listed, words
from symbackprop.write.concrete import number
from symbackprop.write.context import Context
from symbackprop.write.forms import relation_text
from symbackprop.write.report import ClaimReport, GradientReport, LossReport

SIGNS = {"!= 0": r"\neq 0", "> 0": "> 0", ">= 0": r"\geq 0"}
VERDICTS = {Kind.PROVED: "proved", Kind.REFUTED: "refuted", Kind.UNDECIDED: "undecided"}
WHY = {
    "denominator": "it stands in a denominator",
    "logarithm": "its logarithm is taken",
    "root": "its root is taken",
    "kink": "there the derivative jumps",
}
MAX_RATIONAL = 12  # characters
_BALL = re.compile(r"\[(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?) \+/- [^\]]*\]")


def summary(ctx: Context) -> list[Block]:
    """What is proved, in one sentence or two at the top."""
    report = ctx.report
    parts: list[Text] = []
    for loss in report.losses:
        parameters = listed([ctx.math(g.name) for g in loss.gradients])
        parts.append(words("the derivative of {loss} by {wrt}", loss=ctx.math(loss.loss), wrt=parameters))
    blocks: list[Block] = []
    if parts:
        told = "These notes derive {list} twice, by the chain rule and by backpropagation, and prove the result."
        blocks.append(Paragraph(words(told, list=listed(parts))))
    counted = _counted(ctx)
    return [*blocks, Paragraph(words(counted))] if counted else blocks


def _counted(ctx: Context) -> str:
    """How many gradients and claims are proved."""
    gradients_ = [g.verdict for loss in ctx.report.losses for g in loss.gradients]
    parts = [
        _of_kind(gradients_, "gradient", "gradients"),
        _of_kind([claim.verdict for claim in ctx.report.claims], "claim", "claims"),
    ]
    return " ".join(part for part in parts if part)


def _of_kind(verdicts: list[Verdict], one: str, many: str) -> str:
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


def gradients(ctx: Context) -> list[Block]:
    """The verdict on each gradient and on the equality of both derivations."""
    rows = [g for loss in ctx.report.losses for g in loss.gradients]
    if not rows:
        return []
    lead = (
        "Each line of the second derivation is an identity between neighbouring quantities. All of them are proved "
        "for all sizes and all values at which both sides are defined; by induction from the loss down, each gradient "
        "is then the derivative of the loss. In the column on the right both derivations are compared with every "
        "definition inserted."
    )
    header: tuple[Text, ...] = (("gradient",), ("verdict",), ("identities",), ("both derivations agree",))
    table = Table("llrl", header, tuple(_gradient_row(ctx, g) for g in rows))
    blocks: list[Block] = [Heading(words("Proof of the gradients")), Paragraph(words(lead)), table]
    blocks += _outside_check(rows)
    return [*blocks, *_basis(ctx, [v for loss in ctx.report.losses for v in _verdicts(loss)])]


def _outside_check(rows: list[GradientReport]) -> list[Block]:
    """How the instance compares with SymPy's own differentiation."""
    verdicts = [g.oracle for g in rows if g.oracle is not None and g.oracle.proved]
    if not verdicts:
        return []
    count = sum(v.obligations for v in verdicts)
    entries = "the one gradient entry equals" if count == 1 else f"{count} gradient entries equal"
    text = (
        f"As a check from outside, {entries} what SymPy's own diff makes of the composed loss of the network with "
        "the given sizes; that is proved for all values of the inputs, in scalar normal form."
    )
    return [Paragraph(words(text))]


def _gradient(ctx: Context, g: GradientReport) -> Math:
    return Math(rf"\partial {ctx.symbol(g.loss)} / \partial {ctx.symbol(g.name)}")


def _gradient_row(ctx: Context, g: GradientReport) -> tuple[Text, ...]:
    routes = "not compared" if g.routes is None else VERDICTS[g.routes.kind]
    return (_gradient(ctx, g),), (VERDICTS[g.verdict.kind],), (Math(str(g.verdict.obligations)),), (routes,)


def claims(ctx: Context) -> list[Block]:
    """The claims of the file as written, each with its verdict."""
    rows = ctx.report.claims
    if not rows:
        return []
    table = Table("ppl", (("claim",), ("statement",), ("verdict",)), tuple(_claim_row(ctx, row) for row in rows))
    blocks: list[Block] = [Heading(words("Claims")), table]
    if any("next(" in row.relation.formula for row in rows):
        blocks.append(Paragraph(words("Here {next} is the value of {q} after one gradient step.",
                                      next=Math(r"\operatorname{next}(q)"), q=Math("q"))))  # fmt: skip
    for row in rows:
        if row.verdict.kind is not Kind.PROVED:
            blocks.append(Paragraph(_failure(ctx, row)))
        elif row.relation.comparison == "!=" and row.verdict.witness.get("left"):
            blocks.append(Paragraph(words("{name}: {point}", name=_quoted(row), point=_apart(ctx, row.verdict))))
    basis = _basis(ctx, [row.verdict for row in rows])
    same = bool(basis) and basis == _basis(ctx, [v for loss in ctx.report.losses for v in _verdicts(loss)])
    told = Paragraph(words("The proofs of the claims rest on the same ground as those of the gradients."))
    return [*blocks, told] if same else [*blocks, *basis]


def _verdicts(loss: LossReport) -> list[Verdict]:
    return [v for g in loss.gradients for v in (g.verdict, g.routes) if v is not None]


def _quoted(row: ClaimReport) -> str:
    return row.relation.name[:1].upper() + row.relation.name[1:]


def _claim_row(ctx: Context, row: ClaimReport) -> tuple[Text, ...]:
    return (row.relation.name,), (relation_text(ctx, row.relation),), (VERDICTS[row.verdict.kind],)


def _failure(ctx: Context, row: ClaimReport) -> Text:
    if row.verdict.kind is Kind.REFUTED and row.verdict.witness.get("left"):
        return words("{name} is refuted: {point}", name=_quoted(row), point=_apart(ctx, row.verdict))
    return words("{name} is {verdict}: {reason}.", name=_quoted(row), verdict=VERDICTS[row.verdict.kind],
                 reason=row.verdict.reason or "no reason is known")  # fmt: skip


def _apart(ctx: Context, verdict: Verdict) -> Text:
    """Where the two sides differ, and what they are there."""
    witness = verdict.witness
    at = joined(_point(ctx, witness))
    left, right = apart(str(witness.get("left", "")), str(witness.get("right", "")))
    where = _at_indices(witness)
    return words(
        f"at {{at}} the left side{where} is {{left}}, the right side {{right}}.", at=at, left=left, right=right
    )


def _at_indices(witness: Mapping[str, Any]) -> str:
    """Which entry of the two sides differs."""
    indices = [str(i + 1) for i in witness.get("indices", ())]
    return f", entry ({', '.join(indices)})," if indices else ""


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
        return Math(_nested(text))
    above, _, below = (ball[1] if ball else text).partition("/")
    with localcontext(prec=60):
        value = Decimal(above) / Decimal(below or 1)
    return Math(rf"\approx {number(f'{value:.{digits}g}')}")


def _basis(ctx: Context, verdicts: list[Verdict]) -> list[Block]:
    """What the proofs rely on: assumptions, conditions, and a point at which all of it holds."""
    proved = [v for v in verdicts if v.proved]
    blocks: list[Block] = []
    conditions = [c for v in proved for c in v.conditions]
    assumptions = list(dict.fromkeys(a for v in proved for a in v.assumptions))
    known = {a.formula: a for a in ctx.graph.assumptions}
    if assumptions:
        shown = [_formula(ctx, known, text) for text in assumptions]
        blocks.append(Paragraph(words("The proofs use the assumption {list}.", list=listed(shown))))
    if conditions:
        blocks.append(Paragraph(words("They hold wherever both sides are defined, that is, where")))
        blocks.append(Items(tuple(_conditions(ctx, conditions))))
    sides = [side.expr for text in assumptions if text in known for side in (known[text].left, known[text].right)]
    mentioned = {name for expr in (*sides, *(c.expr for c in conditions)) for name in names_in(expr)}
    involved = {name for m in mentioned if m in ctx.names.ranks for name in _ancestors(ctx, m)}
    witness = next((v.witness for v in proved if v.witness and "left" not in v.witness), {})
    point = _point(ctx, witness, involved)
    if point and involved:
        blocks.append(Paragraph(words("All of this can be met, for example at {point}.", point=joined(point))))
    return blocks


def _ancestors(ctx: Context, name: str) -> frozenset[str]:
    known = name in ctx.graph.inputs or name in ctx.graph.definitions
    return ctx.graph.ancestors(name) if known else frozenset()


def _formula(ctx: Context, known: Mapping[str, Any], text: str) -> Math | Mono:
    return relation_text(ctx, known[text]) if text in known else Mono(text)


def _conditions(ctx: Context, conditions: Iterable[Condition]) -> list[Text]:
    """Each condition once, with its reason; those of an entry hold for all its indices."""
    found: dict[Text, None] = {}
    for condition in conditions:
        letters = ctx.letters(condition.expr)
        formula = Math(f"{ctx.tex(condition.expr, letters)} {SIGNS[condition.relation]}")
        for_all = words(" for all {indices}", indices=Math(", ".join(letters.values()))) if letters else ()
        found[(formula, *for_all, f" ({WHY.get(condition.why, condition.why)})")] = None
    return list(found)


def _point(ctx: Context, witness: Mapping[str, Any], involved: Container[str] | None = None) -> list[Text]:
    """Sizes and values of a witness in a compact form, n = 2, x = (1, 1/2): all, or those that are involved."""
    names = ctx.names
    parts = [
        f"{names.sizes[name].text} = {value}" for name, value in witness.get("sizes", {}).items() if name in names.sizes
    ]
    for name, value in witness.get("values", {}).items():
        if name in names.ranks and (involved is None or name in involved):
            parts.append(f"{ctx.symbol(name)} = {_nested(value)}")
    shown: list[Text] = [(Math(part),) for part in parts]
    for name, formula in witness.get("functions", {}).items():
        shown.append(words("{f} = {formula}", f=Math(names.functions[name].text), formula=Mono(str(formula))))
    return shown


def _nested(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return rf"({', '.join(_nested(item) for item in value)})"
    text = str(value)
    above, slash, below = text.partition("/")
    if not slash:
        return text
    return rf"-\tfrac{{{above[1:]}}}{{{below}}}" if above.startswith("-") else rf"\tfrac{{{above}}}{{{below}}}"
