"""The page of an identity: what it says, what the names mean, how it is derived, and what its proof rests on."""

from dataclasses import dataclass

import sympy as sp

from symbackprop.catalogue.identities import Identity
from symbackprop.proof.verdict import Verdict
from symbackprop.write.blocks import (
    Block,
    Code,
    Document,
    Equation,
    Equations,
    Heading,
    Math,
    Mono,
    Paragraph,
    Text,
    listed,
    words,
)
from symbackprop.write.report import IdentityReport, LossReport, Report
from symbackprop.write.sections.context import Context, activated, context, names_of
from symbackprop.write.sections.forms import relation_text
from symbackprop.write.sections.identity_derivation import derivation_blocks
from symbackprop.write.sections.notation import with_notation
from symbackprop.write.sections.proof_basis import basis_of
from symbackprop.write.sections.setup import definitions, functions, symbols
from symbackprop.write.sections.stated import entries

# A longer statement stands on a line of its own.
MAX_CODE = 70


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """The document of an identity, and its statement for lists."""

    identity: Identity
    statement: Math | Mono
    document: Document


def identity_page(of: IdentityReport) -> Page:
    """Statement, verdict, symbols, definitions, derivation, proof."""
    ctx = _context(of.report)
    statement = relation_text(ctx, of.report.claims[0].relation)
    blocks: list[Block] = [Paragraph((of.identity.why,)), *_statement(ctx, of, statement)]
    blocks += [*symbols(ctx), *_definitions(ctx)]
    blocks += [*derivation_blocks(ctx, of), *_proof(ctx, of)]
    shown = tuple(with_notation(blocks, ctx))
    document = Document(title=of.identity.title, source=of.identity.source, blocks=shown)
    return Page(identity=of.identity, statement=statement, document=document)


def _context(report: Report) -> Context:
    """The context of the report; da/dz of an activation a = f(z) is no δ, for a is no loss."""
    ctx = context(report)
    losses = [loss.loss for loss in report.losses]
    if not losses or not all(activated(ctx.graph, loss) for loss in losses):
        return ctx
    instead = {"pre-activation": "input", "loss": "activation"}
    roles = {name: instead.get(role, role) for name, role in ctx.roles.items()}
    return Context(report=report, names=names_of(report, roles), roles=roles, numbers=ctx.numbers)


def _definitions(ctx: Context) -> list[Block]:
    """The definitions, or at least the functions that the statement names."""
    if ctx.graph.definitions:
        return definitions(ctx, drawn=False)
    named = functions(ctx)
    return [Heading(words("Definitions")), *named] if named else []


def _statement(ctx: Context, of: IdentityReport, whole: Math | Mono) -> list[Block]:
    """The statement, in matrix notation and entry by entry, in code, and the verdict on it."""
    claim = of.report.claims[0].relation
    lines = [] if isinstance(whole, Mono) else [_displayed(whole)]
    single = entries(ctx, claim)
    if single is not None and (not lines or claim.left.shape or claim.left.expr.has(sp.Sum)):
        lines.append(single)
    shown: list[Block] = [Equations((line,)) for line in lines]
    verdict = _verdict(ctx, of.verdict)
    if len(claim.formula) > MAX_CODE:
        return [*shown, Paragraph(words("In code:")), Code(claim.formula), Paragraph(verdict)]
    return [*shown, Paragraph((*words("In code: {code}. ", code=Mono(claim.formula)), *verdict))]


def _displayed(whole: Math) -> Equation:
    return Equation("", (whole.latex,), signs=("",))


def _verdict(ctx: Context, verdict: Verdict) -> Text:
    """Proved for all m and n and every differentiable f, under the assumption."""
    if not verdict.proved:
        return (f"Not proved: {verdict}.",)
    sizes = [Math(ctx.names.sizes[name].text) for name in ctx.graph.sizes()]
    functions = [Math(ctx.names.functions[name].text) for name in sorted(ctx.graph.functions)]
    told = words("It is proved for all {sizes}", sizes=listed(sizes)) if sizes else ("It is proved for all values",)
    if functions:
        told = (*told, *words(" and every differentiable {f}", f=listed(functions)))
    known = {a.formula: a for a in ctx.graph.assumptions}
    assumed = [relation_text(ctx, known[text]) for text in verdict.assumptions if text in known]
    if assumed:
        noun = "assumption" if len(assumed) == 1 else "assumptions"
        told = (*told, *words(f", under the {noun} {{list}}", list=listed(assumed)))
    return (*told, ".")


def _proof(ctx: Context, of: IdentityReport) -> list[Block]:
    """How the statement is proved, and what the proof rests on."""
    verdict = of.verdict
    if not verdict.proved:
        return []
    told = "The statement is proved in {method}: both sides are brought to one form, in which they are the same."
    if "left" in verdict.witness:
        told = "The statement is proved by a certified counterexample to the equation."
    blocks: list[Block] = [Paragraph(words(told, method=verdict.method))]
    blocks += _lines_proved(of.report.losses)
    check = words("To check it again: {command}.", command=Mono(f"symbackprop verify {of.identity.id}"))
    return [Heading(words("Proof")), *blocks, *basis_of(ctx, [verdict]), Paragraph(check)]


def _lines_proved(losses: tuple[LossReport, ...]) -> list[Block]:
    """That the derivation is proved; nothing where a line is left open."""
    if not losses or any(loss.open_lines for loss in losses):
        return []
    return [Paragraph(("Every line of the derivation is proved, too.",))]
