"""Claims about a network of any depth: what they say, for which layers, with what verdict, and on what ground."""

import re
from collections.abc import Iterable

from symbackprop.model.graph import names_in
from symbackprop.model.repeat.claims import DepthClaim, in_general
from symbackprop.model.repeat.pieces import Piece, some_layers, unrolled
from symbackprop.model.repeat.places import END, HERE, Place, read_template
from symbackprop.proof.induction import Induction
from symbackprop.proof.verdict import Condition
from symbackprop.tensor.nodes import adjoint_name
from symbackprop.write.blocks import Block, Items, Math, Mono, Paragraph, Table, Text, listed, words
from symbackprop.write.sections.claims import difference
from symbackprop.write.sections.depth import DepthContext
from symbackprop.write.sections.forms import formula_latex, relation_text
from symbackprop.write.sections.proof import VERDICTS
from symbackprop.write.sections.proof_basis import conditions_of


def claims(of: DepthContext, *about: str) -> list[Block]:
    """The claims about some part of the network, each with its verdict."""
    rows = [row for row in of.report.any_depth.claims if row[0].about in about]
    if not rows:
        return []
    header: tuple[Text, ...] = (("claim",), ("statement",), ("verdict",))
    table = Table("ppl", header, tuple(_row(of, *row) for row in rows))
    remarks = [Paragraph(_remark(of, *row)) for row in rows if not row[1].verdict.proved or _has_point(row[1])]
    return [table, *remarks]


def _row(of: DepthContext, claim: DepthClaim, induction: Induction) -> tuple[Text, ...]:
    named = words("{name}, for {range}", name=claim.name, range=_range(of, claim))
    return named, (_statement(of, claim),), (VERDICTS[induction.verdict.kind],)


def _has_point(induction: Induction) -> bool:
    return "left" in induction.verdict.witness


def _statement(of: DepthContext, claim: DepthClaim) -> Math | Mono:
    """The claim in matrix notation, or as it is written in the file."""
    if claim.obstacle:
        return Mono(claim.formula)
    shown = _about_shared(of, claim) if claim.about == "shared" else _about_layers(of, claim)
    return Mono(claim.formula) if shown is None else Math(shown)


def _about_layers(of: DepthContext, claim: DepthClaim) -> str | None:
    relation, piece, writer = in_general(of.repeat, claim)
    shown = relation_text(of.part(piece, writer).ctx, relation)
    return shown.latex if isinstance(shown, Math) else None


def _about_shared(of: DepthContext, claim: DepthClaim) -> str | None:
    """∂E/∂W = Σ_t δ_t h_{t-1}ᵀ + what W contributes after the last layer."""
    part = of.part(*some_layers(of.repeat, HERE, 1, shared=claim.shared))
    left = part.ctx.symbol(adjoint_name(of.repeat.loss.name, claim.shared))
    found = ""
    for sign, body in claim.summands:
        shown = formula_latex(part.ctx, part.writer.text(body, HERE))
        if shown is None:
            return None
        found += f" {sign} {of.over_all(shown, body.text)}"
    if claim.rest:
        rest = formula_latex(of.last.ctx, of.last.writer.text(read_template(claim.rest, of.repeat.indexing), END))
        if rest is None:
            return None
        found += f" - {rest[1:]}" if rest.startswith("-") else f" + {rest}"
    sign = "=" if claim.comparison == "==" else r"\neq"
    return f"{left} {sign} {found.removeprefix(' + ').removeprefix(' ')}"


def _range(of: DepthContext, claim: DepthClaim) -> Math:
    """The layers, or the numbers of layers, for which a claim says something."""
    index, count = of.index.latex, of.count.latex
    if claim.about != "layer":
        return Math(rf"{count} \geq {claim.least_depth}")
    low, high = claim.at_start[0] if claim.at_start else 1 - claim.low, -claim.high
    return Math(rf"{low} \leq {index} \leq {count}{f'{high:+d}' if high else ''}")


def _remark(of: DepthContext, claim: DepthClaim, induction: Induction) -> Text:
    """Why a claim is not proved, or in which network the two sides of an equation differ."""
    verdict = induction.verdict
    lead = f'The claim "{claim.name}" is {VERDICTS[verdict.kind]}: '
    if "left" not in verdict.witness:
        return (lead, verdict.reason or "no reason is known", ".")
    at = verdict.witness["depth"]
    part = of.part(*unrolled(of.repeat, int(at[of.count.latex])))
    shown = listed([Math(f"{name} = {value}") for name, value in at.items()])
    return (*words(f"{lead}with {{at}}, ", at=shown), *difference(part.ctx, verdict))


def ground(of: DepthContext) -> list[Block]:
    """The assumptions and conditions of all proofs; what is needed of one layer is needed of every layer."""
    verdicts = [induction.verdict for _, induction in of.report.any_depth.claims if induction.verdict.proved]
    assumptions = list(dict.fromkeys(a for v in verdicts for a in v.assumptions))
    blocks: list[Block] = []
    if assumptions:
        shown = listed([Mono(text) for text in assumptions])
        blocks.append(Paragraph(words("The proofs use the assumption {list}.", list=shown)))
    conditions = _conditions(of, (c for v in verdicts for c in v.conditions))
    if conditions:
        text = f"They hold wherever both sides are defined, that is, where in every {of.noun} that has it"
        blocks += [Paragraph(words(text)), Items(tuple(conditions))]
    return blocks


def _conditions(of: DepthContext, conditions: Iterable[Condition]) -> list[Text]:
    """Each condition once, of layer l where it is one of layers."""
    parts = [of.layer, of.last, of.part(*some_layers(of.repeat, HERE, 2))]
    parts += [of.part(*some_layers(of.repeat, Place("start", 1), 1))]
    found: dict[str, tuple[int, Text]] = {}
    for condition in conditions:
        known = [k for k, part in enumerate(parts) if names_in(condition.expr) <= {*part.ctx.names.ranks}]
        if known:
            part = parts[known[0]]
            (text,) = conditions_of(part.ctx, [condition])
        else:
            text = (Mono(str(condition)),)
        key = _without_places(str(condition), part.piece if known else of.last.piece)
        rank = known[0] if known else len(parts)
        if key not in found or rank < found[key][0]:
            found[key] = rank, text
    return [text for _, text in found.values()]


def _without_places(text: str, piece: Piece) -> str:
    return re.sub(r"[A-Za-z]\w*", lambda m: piece.places[m[0]].name if m[0] in piece.places else m[0], text)
