"""A network of any depth in print: its pieces with their contexts, its symbols and definitions."""

from dataclasses import dataclass

from symbackprop.language.parse import parse
from symbackprop.model.build import scope_of
from symbackprop.model.repeat.pieces import Piece, Writer, last_layers, some_layers
from symbackprop.model.repeat.places import END, HERE, Place, Template, terms
from symbackprop.model.repeat.section import AnyDepth
from symbackprop.tensor.nodes import entry
from symbackprop.tensor.tensor import axes
from symbackprop.write.blocks import Block, Equation, Equations, Heading, Math, Mono, Paragraph, Table, Text, words
from symbackprop.write.report import Report
from symbackprop.write.sections.context import Context
from symbackprop.write.sections.forms import formula_latex
from symbackprop.write.sections.layer_names import LayerNames
from symbackprop.write.sections.proof import of_kind
from symbackprop.write.sections.setup import functions, shape_text


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the network, what writes formulas in it, and the context to print them."""

    piece: Piece
    writer: Writer
    ctx: Context


class DepthContext:
    """What every section needs: `layer` is one layer in general position, `last` the last one with the loss."""

    def __init__(self, report: Report, of: AnyDepth) -> None:
        self.report, self.repeat, self.claims = report, of.repeat, of.claims
        self.names = LayerNames(of.repeat)
        by = {mention.name for claim in of.claims for mention in claim.by}
        self.asked = by | {claim.shared for claim in of.claims if claim.shared}
        self.layer = self.part(*some_layers(self.repeat, HERE, 1))
        self.last = self.part(*last_layers(self.repeat, 1))
        self.noun = "layer" if self.repeat.kind == "layer" else "step"
        self.index, self.count = Math(self.repeat.indexing.index), Math(self.repeat.indexing.count)

    def part(self, piece: Piece, writer: Writer) -> Part:
        """The piece with its context; the inputs that claims differentiate by are its parameters."""
        reached = piece.graph.ancestors(self.repeat.loss.name)
        wrt = tuple(code for code in piece.graph.inputs if self._name(piece, code) in self.asked and code in reached)
        return Part(piece, writer, self.names.context(self.report, piece, wrt))

    def _name(self, piece: Piece, code: str) -> str:
        return piece.places[code].name if code in piece.places else code

    def over_all(self, shown: str, formula: str) -> str:
        """The sum over all layers of a formula that is shown like this."""
        index, count = self.repeat.indexing.index, self.repeat.indexing.count
        body = rf"\left({shown}\right)" if len(terms(formula)) > 1 or shown.startswith("-") else shown
        return rf"\sum_{{{index}=1}}^{{{count}}} {body}"


def summary(of: DepthContext) -> list[Block]:
    """What is claimed and proved, in one line at the top."""
    told = f"These notes are about a network with any number {{K}} of {of.noun}s. "
    counted = of_kind([i.verdict for _, i in of.report.any_depth.claims], "claim", "claims")
    return [Paragraph((*words(told, K=of.count), counted))]


def symbols(of: DepthContext) -> list[Block]:
    """The table of symbols: the start, what every layer has, and what there is but once."""
    first = of.part(*some_layers(of.repeat, Place("start", 1), 1))
    starts = [_row(of, first, first.writer.code(name, Place("start", 0)), "start") for name in of.repeat.carried]
    made = {*of.layer.piece.rest, of.layer.piece.remainder, of.repeat.loss.name}
    here = [c for c in _codes(of.layer) if c in of.layer.piece.places and of.layer.piece.places[c].place == HERE]
    in_layers = {of.layer.piece.places[code].name for code in here} | {*of.repeat.carried}
    once = [c for c in _codes(of.last) if c not in made and _name_of(of.last, c) not in in_layers]
    rows = [*starts, *(_row(of, of.layer, code) for code in here), *(_row(of, of.last, code) for code in once)]
    rows.append(_row(of, of.last, of.repeat.loss.name))
    table = Table("ppll", (("symbol",), ("in code",), ("meaning",), ("shape",)), tuple(rows))
    text = (
        f"The {of.noun}s are counted from 1 to {{K}}, indices from 1. The number of {of.noun}s and all sizes stand "
        "for any positive integers."
    )
    return [Heading(words("Symbols")), table, Paragraph(words(text, K=of.count))]


def _codes(part: Part) -> list[str]:
    return [*part.ctx.graph.inputs, *part.ctx.graph.definitions]


def _name_of(part: Part, code: str) -> str:
    return part.piece.places[code].name if code in part.piece.places else code


def _row(of: DepthContext, part: Part, code: str, role: str = "") -> tuple[Text, ...]:
    mention = part.piece.places.get(code)
    written = code if mention is None else f"{mention.name}[{of.repeat.indexing.written(mention.place)}]"
    if code in of.repeat.shared and part.ctx.graph.shape(code):
        role = "parameter"  # whether a claim differentiates by it or not
    if code == of.repeat.indexing.count:
        role = f"number of {of.noun}s"
    return (part.ctx.math(code),), (Mono(written),), (role or part.ctx.roles[code],), shape_text(part.ctx, code)


def definitions(of: DepthContext) -> list[Block]:
    """One layer and what comes after the last one."""
    lines = [_definition(of.layer, of.layer.writer.code(name, HERE)) for name in of.repeat.layer]
    text = f"For {{l}} from 1 to {{K}}, {of.noun} {{l}} computes"
    blocks: list[Block] = [Heading(words("Definitions")), Paragraph(words(text, l=of.index, K=of.count))]
    blocks += [Equations(tuple(lines)), Paragraph(words(f"After the last {of.noun} follows"))]
    end = [_definition(of.last, name) for name in of.repeat.end if name != of.repeat.loss.name]
    loss = Equation(of.last.ctx.symbol(of.repeat.loss.name), (_loss(of),), words("loss"))
    return [*blocks, Equations((*end, loss)), *functions(of.last.ctx)]


def _definition(part: Part, code: str) -> Equation:
    ctx, definition = part.ctx, part.ctx.graph.definitions[code]
    whole = formula_latex(ctx, definition.formula)
    free = entry(code, *axes(definition.tensor.shape))
    letters = ctx.letters(free)
    single = ctx.tex(free, letters), ctx.tex(definition.tensor.expr, letters)
    note = words(ctx.roles[code]) if ctx.roles[code] != "intermediate quantity" else ()
    if whole is None or not definition.tensor.shape:
        return Equation(single[0], (single[1],), note)
    return Equation(ctx.symbol(code), (whole,), note, beside=single)


def _loss(of: DepthContext) -> str:
    """The loss: sums over all layers, and what comes after the last one."""
    shown = [
        f" {sign} {of.over_all(_scalar(of.layer, body, HERE), body.text)}" for sign, body in of.repeat.loss.summands
    ]
    if of.repeat.loss.rest:
        rest = _scalar(of.last, of.repeat.loss.rest, END)
        shown.append(f" - {rest[1:]}" if rest.startswith("-") else f" + {rest}")
    return "".join(shown).removeprefix(" + ").removeprefix(" ")


def _scalar(part: Part, template: Template, here: Place) -> str:
    """A scalar formula in index notation."""
    return part.ctx.tex(parse(part.writer.text(template, here), scope_of(part.ctx.graph)).expr, {})
