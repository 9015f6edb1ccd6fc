"""The page of an identity: what it says, what the names mean, how it is derived, and what its proof rests on."""

from dataclasses import dataclass, replace

import sympy as sp

from symbackprop.catalogue.identities import Identity
from symbackprop.model.graph import Relation
from symbackprop.proof.index.form import IndexForms, subtract
from symbackprop.proof.limits import Undecided
from symbackprop.proof.verdict import Verdict
from symbackprop.tensor.differentiate import tidy
from symbackprop.tensor.indices import transform
from symbackprop.tensor.nodes import Expr, Partial, adjoint_name, entry, entry_indices, entry_name
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
from symbackprop.write.report import IdentityReport, JacobianReport, LossReport, Report
from symbackprop.write.sections.context import Context, activated, context, names_of
from symbackprop.write.sections.forms import matrix_form, relation_text
from symbackprop.write.sections.layout import fits
from symbackprop.write.sections.proof_basis import basis_of
from symbackprop.write.sections.routes import adjoint_blocks, deltas_named
from symbackprop.write.sections.rules import MATRIX_NOTE
from symbackprop.write.sections.second import second_lines
from symbackprop.write.sections.setup import definitions, functions, symbols
from symbackprop.write.sections.step_lines import local_lines, step_lines

# What does not fit entry by entry into so many rows of this width (in points) is given in matrix notation alone.
ROWS, ROW = 3, 330.0
# A longer statement stands on a line of its own.
MAX_CODE = 70
SIGNS = {"==": "=", "!=": r"\neq", "<=": r"\leq", ">=": r"\geq", "<": "<", ">": ">"}


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
    blocks += [*_derivation(ctx, of), *_proof(ctx, of)]
    document = Document(title=of.identity.title, source=of.identity.source, blocks=tuple(blocks))
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
    entries = _entries(ctx, claim)
    if entries is not None and (not lines or claim.left.shape or claim.left.expr.has(sp.Sum)):
        lines.append(entries)
    shown: list[Block] = [Equations((line,)) for line in lines]
    verdict = _verdict(ctx, of.verdict)
    if len(claim.formula) > MAX_CODE:
        return [*shown, Paragraph(words("In code:")), Code(claim.formula), Paragraph(verdict)]
    return [*shown, Paragraph((*words("In code: {code}. ", code=Mono(claim.formula)), *verdict))]


def _displayed(whole: Math) -> Equation:
    return Equation("", (whole.latex,), signs=("",))


def _entries(ctx: Context, claim: Relation) -> Equation | None:
    """Both sides entry by entry; None where that is too long."""
    letters = ctx.letters(claim.left.expr, claim.right.expr)
    left, right = (ctx.tex(_named(ctx, _tidied(side.expr)), letters) for side in (claim.left, claim.right))
    if not fits(left, ROW / 2, 1) or not fits(right, ROW, ROWS):
        return None
    reason = words("entry by entry") if claim.left.shape else ()
    return Equation(left, (right,), reason, signs=(SIGNS[claim.comparison],))


def _named(ctx: Context, expr: Expr) -> Expr:
    """The same with the names of the derivation for derivatives of a loss: δ for that by a pre-activation."""

    def rule(node: Expr) -> Expr | None:
        if not isinstance(node, Partial):
            return None
        loss, v = (entry_name(part) or "" for part in node.args)
        code = adjoint_name(loss, v)
        known = code in ctx.names.quantities or code in ctx.names.adjoints
        return entry(code, *entry_indices(node.args[1])) if known else None

    return transform(expr, rule)


def _tidied(expr: Expr) -> Expr:
    """The same without sums over Kronecker deltas, where the index normal form proves it to be the same."""
    shorter = tidy(expr)
    forms = IndexForms()
    try:
        return shorter if forms.is_zero(subtract(forms.normalise(shorter), forms.normalise(expr))) else expr
    except Undecided:
        return expr


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
        told = (*told, *words(", under the assumption {list}", list=listed(assumed)))
    return (*told, ".")


def _derivation(ctx: Context, of: IdentityReport) -> list[Block]:
    """Each derivative in the statement: gradients backwards, arrays and second derivatives forwards."""
    blocks: list[Block] = []
    for loss in of.report.losses:
        blocks += _gradients(ctx, loss)
    if of.report.second:
        lead = "The gradient is differentiated once more, through every quantity on which it depends:"
        lines = tuple(line for row in of.report.second for line in second_lines(ctx, row))
        blocks += [Paragraph(words(lead)), Equations(lines)]
    for jacobian in of.jacobians:
        blocks += _jacobian(ctx, jacobian)
    return [Heading(words("Derivation")), *blocks] if blocks else []


def _gradients(ctx: Context, loss: LossReport) -> list[Block]:
    """The δ-rule from the loss back to what stands in the statement."""
    several = len(loss.delta.adjoints) > 1
    lead = "The definitions are passed once, from the last to the first; each derivative builds on those before."
    opening = words(lead) if several else ()
    text = (*opening, *deltas_named(ctx, loss))
    blocks: list[Block] = [Paragraph(_begun(text))] if text else []
    for name in loss.delta.adjoints:
        blocks += _printable(adjoint_blocks(ctx, loss.delta, name))
    return blocks


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
        steps = [line for line in step_lines(ctx, of.steps) if line.rights != lines[0].rights]
        return [Paragraph(words("By the definition of {f},", f=ctx.math(of.name))), Equations((*steps, *lines))]
    lead = "These are the derivatives of each quantity by those that stand in its definition:"
    product = "They are multiplied along each path from {v} to {f}, and the products added up:"
    return [
        Paragraph(words(lead)),
        Equations(tuple(locals_)),
        Paragraph(words(product, v=ctx.math(of.by), f=ctx.math(of.name))),
        Equations(tuple(lines)),
    ]


def _fraction(above: str, below: str) -> str:
    return rf"\frac{{\partial {above}}}{{\partial {below}}}"


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
