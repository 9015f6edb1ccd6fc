"""What proofs rely on, in a reader's words: assumptions, conditions, and a point at which all of them hold."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import replace
from typing import Any

import sympy as sp

from symbackprop.model.graph import names_in
from symbackprop.proof.implied import needed
from symbackprop.proof.verdict import Condition, Verdict
from symbackprop.tensor.needs import left_out
from symbackprop.write.blocks import Block, Items, Math, Mono, Paragraph, Text, joined, listed, words
from symbackprop.write.sections.context import Context
from symbackprop.write.sections.forms import relation_text

SIGNS = {"!= 0": r"\neq 0", "> 0": "> 0", ">= 0": r"\geq 0"}
WHY = {
    "denominator": "it stands in a denominator",
    "logarithm": "its logarithm is taken",
    "root": "its root is taken",
    "kink": "there the derivative jumps",
    "index": "so that this entry exists",
}
# A point with more numbers than these is not printed.
MAX_NUMBERS = 24


def basis_of(ctx: Context, verdicts: list[Verdict]) -> list[Block]:
    """What the proofs rely on: assumptions, conditions, and a point at which all of it holds."""
    proved = [v for v in verdicts if v.proved]
    blocks: list[Block] = []
    conditions = [c for v in proved for c in v.conditions]
    assumptions = list(dict.fromkeys(a for v in proved for a in v.assumptions))
    known = {a.formula: a for a in ctx.graph.assumptions}
    if assumptions:
        shown = [_formula(ctx, known, text) for text in assumptions]
        noun = "assumption" if len(shown) == 1 else "assumptions"
        blocks.append(Paragraph(words(f"The proofs use the {noun} {{list}}.", list=listed(shown))))
    if conditions:
        blocks.append(Paragraph(words("They hold wherever both sides are defined, that is, where")))
        blocks.append(Items(tuple(conditions_of(ctx, conditions))))
    sides = [side.expr for text in assumptions if text in known for side in (known[text].left, known[text].right)]
    mentioned = {name for expr in (*sides, *(c.expr for c in conditions)) for name in names_in(expr)}
    involved = {name for m in mentioned if m in ctx.names.ranks for name in _ancestors(ctx, m)}
    witness = next((v.witness for v in proved if v.witness and "left" not in v.witness), {})
    point = point_of(ctx, witness, involved)
    if point and involved:
        blocks.append(Paragraph(words("All of this can be met, for example at {point}.", point=joined(point))))
    return blocks


def _ancestors(ctx: Context, name: str) -> frozenset[str]:
    known = name in ctx.graph.inputs or name in ctx.graph.definitions
    return ctx.graph.ancestors(name) if known else frozenset()


def _formula(ctx: Context, known: Mapping[str, Any], text: str) -> Math | Mono:
    return relation_text(ctx, known[text]) if text in known else Mono(text)


def conditions_of(ctx: Context, conditions: Iterable[Condition]) -> list[Text]:
    """Each condition once, with its reason; those of an entry hold for all its indices."""
    found: dict[Text, None] = {}
    for condition in map(_shorter, needed(conditions, ctx.graph)):
        letters = ctx.letters(condition.expr)
        formula = Math(f"{ctx.tex(condition.expr, letters)} {SIGNS[condition.relation]}")
        several = [letter for letter in letters.values() if not letter.isdigit()]
        for_all = words(" for all {indices}", indices=Math(", ".join(several))) if several else ()
        found[(formula, *for_all, *filter(None, [reason_of(condition)]))] = None
    return list(found)


def reason_of(condition: Condition) -> str:
    """` (its root is taken)`; "" for what the proof alone asks for."""
    return f" ({WHY.get(condition.why, condition.why)})" if condition.why else ""


def _shorter(condition: Condition) -> Condition:
    """The condition multiplied out, where that is shorter and needs no less."""
    expr = condition.expr if condition.expr.has(sp.Sum) else sp.expand_mul(condition.expr)
    shorter = expr.count_ops() < condition.expr.count_ops() and not left_out([condition.expr], expr)
    return replace(condition, expr=expr) if shorter else condition


def point_of(ctx: Context, witness: Mapping[str, Any], involved: Container[str] | None = None) -> list[Text]:
    """Sizes and values of a witness in a compact form, n = 2, x = (1, 1/2): all, or those that are involved."""
    names = ctx.names
    parts = [
        f"{names.sizes[name].text} = {value}" for name, value in witness.get("sizes", {}).items() if name in names.sizes
    ]
    values = {
        name: value
        for name, value in witness.get("values", {}).items()
        if name in names.ranks and (involved is None or name in involved)
    }
    few = sum(map(_count, values.values())) <= MAX_NUMBERS
    parts += [f"{ctx.symbol(name)} = {nested_numbers(value)}" for name, value in values.items() if few]
    shown: list[Text] = [(Math(part),) for part in parts]
    for name, formula in witness.get("functions", {}).items():
        shown.append(words("{f} = {formula}", f=Math(names.functions[name].text), formula=Mono(str(formula))))
    if not few:
        shown.append(("and " * bool(shown) + "the values that stand in the JSON file",))
    return shown


def _count(value: Any) -> int:
    return sum(map(_count, value)) if isinstance(value, (list, tuple)) else 1


def nested_numbers(value: Any) -> str:
    """Nested lists of rationals as LaTeX: (1, -1/2)."""
    if isinstance(value, (list, tuple)):
        return rf"({', '.join(nested_numbers(item) for item in value)})"
    text = str(value)
    above, slash, below = text.partition("/")
    if not slash:
        return text
    return rf"-\tfrac{{{above[1:]}}}{{{below}}}" if above.startswith("-") else rf"\tfrac{{{above}}}{{{below}}}"
