"""The first sections: what the symbols are, the definitions in two notations, the functions that occur, the picture."""

from dataclasses import replace

import sympy as sp

from symbackprop.catalogue.activations import ACTIVATIONS
from symbackprop.catalogue.derivatives import definition
from symbackprop.language.parse import Scope, parse
from symbackprop.tensor.nodes import Expr, elementwise, entry
from symbackprop.write.blocks import (
    Block,
    Equation,
    Equations,
    Heading,
    Math,
    Mono,
    Paragraph,
    Table,
    Text,
    joined,
    listed,
    words,
)
from symbackprop.write.drawing import figure
from symbackprop.write.formulas.latex import latex
from symbackprop.write.formulas.names import functions_in, make_names
from symbackprop.write.formulas.read_back import prints_expression
from symbackprop.write.sections.context import UNREAD, Context
from symbackprop.write.sections.forms import formula_latex, relation_text
from symbackprop.write.sections.meaning import PLURALS, explained, meaning

# From so many symbols on, those of one kind and shape share a row of the table.
MANY = 16


def symbols(ctx: Context) -> list[Block]:
    """The table of symbols with meaning and shape; many symbols of one kind share a row."""
    groups: dict[tuple[str, Text], list[str]] = {}
    names = (*ctx.graph.inputs, *ctx.graph.definitions)
    for name in names:
        alone = () if len(names) > MANY else (name,)
        groups.setdefault((meaning(ctx, name), (*shape_text(ctx, name), *alone)), []).append(name)
    table = Table(
        "ppll", (("symbol",), ("in code",), ("meaning",), ("shape",)), tuple(_row(ctx, g) for g in groups.values())
    )
    blocks: list[Block] = [Heading(words("Symbols")), table]
    told = explained(ctx)
    blocks.append(Paragraph((*([told, " "] if told else []), *_about_indices(ctx))))
    if ctx.graph.assumptions:
        shown = listed([relation_text(ctx, a) for a in ctx.graph.assumptions])
        blocks.append(Paragraph(words("Throughout it is assumed that {list}.", list=shown)))
    return blocks


def _row(ctx: Context, names: list[str]) -> tuple[Text, ...]:
    what = meaning(ctx, names[0])
    return (
        joined([ctx.math(name) for name in names]),
        joined([Mono(name) for name in names]),
        (what if len(names) == 1 else PLURALS.get(what, what + "s"),),
        shape_text(ctx, names[0]),
    )


def shape_text(ctx: Context, name: str) -> Text:
    """m × n, a vector with n entries, or a scalar."""
    shape = ctx.graph.shape(name)
    if len(shape) == 1:
        return words("vector, {n}", n=Math(ctx.tex(shape[0])))
    return (Math(ctx.shape(shape)),) if shape else ("scalar",)


def _about_indices(ctx: Context) -> Text:
    """How sizes and indices are to be read."""
    sizes = ctx.graph.sizes()
    if not sizes:
        return words("All quantities are real numbers.")
    named = listed([Math(ctx.names.sizes[name].text) for name in sizes])
    stands = "The size {sizes} stands" if len(sizes) == 1 else "The sizes {sizes} stand"
    kind = "any positive integer" if len(sizes) == 1 else "any positive integers"
    text = words(f"{stands} for {kind}; indices count from 1.", sizes=named)
    if not ctx.file.sizes:
        return (*text, " Everything below holds for all sizes.")
    given = joined(
        [Math(f"{ctx.names.sizes[name].text} = {ctx.file.sizes[name]}") for name in sizes if name in ctx.file.sizes]
    )
    return (*text, " The derivation holds for all sizes; in the numerical example ", *given, ".")


def definitions(ctx: Context, *, drawn: bool = True) -> list[Block]:
    """Every definition as written and entry by entry, the functions, and the picture where one is wanted."""
    lines = tuple(_definition(ctx, name) for name in ctx.graph.definitions)
    arrays = any(line.beside for line in lines)
    lead = "Each quantity is computed from those above it. " if len(lines) > 1 else ""
    if arrays:
        lead += "Each definition is given in matrix notation, and the same for a single entry."
    blocks: list[Block] = [Heading(words("Definitions"))]
    if lead:
        blocks.append(Paragraph(words(lead.strip())))
    blocks.append(Equations(lines))
    blocks += functions(ctx)
    picture = figure(ctx) if drawn else None
    return [*blocks, picture] if picture is not None else blocks


def _definition(ctx: Context, name: str) -> Equation:
    tensor = ctx.graph.definitions[name].tensor
    whole = formula_latex(ctx, ctx.graph.definitions[name].formula)
    letters = ctx.letters(ctx.entry(name))
    single = ctx.tex(ctx.entry(name), letters), ctx.tex(tensor.expr, letters)
    note = words(meaning(ctx, name)) if ctx.roles[name] != "intermediate quantity" else ()
    one = not tensor.shape and (not tensor.expr.has(sp.Sum) or r"\sum" in whole) if whole is not None else True
    if whole is None or one or (ctx.symbol(name), whole) == single:
        return Equation(single[0], (single[1],), note)
    return Equation(ctx.symbol(name), (whole,), note, beside=single)


def functions(ctx: Context) -> list[Block]:
    """What the named functions compute, their derivatives, and the values used at kinks."""
    sides = [side for claim in ctx.file.claims for side in (claim.left, claim.right)]
    used = {f for t in (*(d.tensor for d in ctx.graph.definitions.values()), *sides) for f in functions_in(t.expr)}
    named = sorted(used & set(ACTIVATIONS))
    blocks: list[Block] = []
    if named:
        lines = tuple(line for name in named for line in _function_lines(ctx, name))
        plural = "functions are" if len(named) > 1 else "function is"
        blocks += [Paragraph(words(f"The named {plural} applied entry by entry:")), Equations(lines)]
        blocks += [_kink(ctx, name) for name in named if ACTIVATIONS[name].kinks]
    arbitrary = sorted(ctx.graph.functions)
    if arbitrary:
        shown = listed([_symbol(ctx, name) for name in arbitrary])
        are = (
            "are arbitrary differentiable functions"
            if len(arbitrary) > 1
            else "is an arbitrary differentiable function"
        )
        blocks.append(
            Paragraph(words(f"Here {{f}} {are}, applied entry by entry; a prime denotes the derivative.", f=shown))
        )
    return blocks


def _kink(ctx: Context, name: str) -> Paragraph:
    """Where the derivative jumps, and which value it is given there."""
    place, _, value = ACTIVATIONS[name].kinks.partition(", ")
    return Paragraph(words(f"The derivative of {{f}} jumps at {{z}}, {value}.", f=_symbol(ctx, name), z=Math(place)))


def _symbol(ctx: Context, function: str) -> Math:
    return Math(ctx.names.functions[function].text)


def _function_lines(ctx: Context, name: str) -> list[Equation]:
    """f(z) and f'(z), the derivative written with the value a = f(z) where that is shorter."""
    record = ACTIVATIONS[name]
    formals, formula = definition(name)
    known = ("z", "a", *record.parameters)
    names = replace(make_names(dict.fromkeys(known, 0)), functions=ctx.names.functions)

    def tex(expr: Expr) -> str:
        text = latex(expr, names, free={})
        return text if prints_expression(text, expr, names, {}) else UNREAD

    value, slope = (tex(elementwise(name, order)(*formals)) for order in (0, 1))
    lines = [Equation(value, (tex(formula),), words(record.name))]
    if record.derivative_in_output:
        compact = parse(record.derivative_in_output, Scope(shapes=dict.fromkeys(known, ()))).expr
        uses_value = entry("a") in compact.free_symbols
        note = words("with {a}", a=Math(f"{tex(entry('a'))} = {value}")) if uses_value else ()
        lines.append(Equation(slope, (tex(compact),), note))
    else:
        lines.append(Equation(slope, (tex(definition(name, 1)[1]),)))
    return lines
