"""Steps of a derivation as lines: left, right, and the rule in a reader's words."""

from collections.abc import Iterable, Mapping

from symbackprop.derivation.steps import Step
from symbackprop.tensor.nodes import Expr, Local, entry_indices, entry_name, extent
from symbackprop.write.blocks import Equation, Math, Mono, Text, words
from symbackprop.write.sections.context import Context
from symbackprop.write.sections.forms import relation_text
from symbackprop.write.sections.rules import RULE_NOTES


def step_lines(ctx: Context, steps: Iterable[Step]) -> list[Equation]:
    """One line for each step that says something new; a left side is not repeated from one line to the next."""
    lines: list[Equation] = []
    seen: set[tuple[str, str]] = set()
    last = ""
    for step in steps:
        letters = ctx.letters(step.left, step.right)
        left, right = ctx.tex(step.left, letters), ctx.tex(step.right, letters)
        if left == right or (left, right) in seen:
            continue
        seen.add((left, right))
        lines.append(Equation("" if left == last else left, (right,), note(ctx, step)))
        last = left
    return lines


def note(ctx: Context, step: Step) -> Text:
    """The rule of a step, with the assumption where it uses one."""
    if step.rule != "assumption" or not step.note:
        return (RULE_NOTES[step.rule],)
    known = {a.formula: a for a in ctx.graph.assumptions}
    used = [relation_text(ctx, known[formula]) for formula in step.note.split("; ") if formula in known]
    parts: list[str | Math | Mono] = [RULE_NOTES[step.rule], " "]
    for number, part in enumerate(used):
        parts += [part] if number == 0 else [", ", part]
    return tuple(parts)


def local_letters(ctx: Context, local: Expr) -> Mapping[Expr, str]:
    """Letters for the indices of ∂f/∂v in the order in which they stand there, so that equal ones look equal."""
    f, v = local.args
    indices = [i for i in (*entry_indices(f), *entry_indices(v)) if not i.is_Integer]
    several = [i for i in dict.fromkeys(indices) if extent(i) != 1]
    letters = {i: ctx.names.letter(number) for number, i in enumerate(several)}
    return {i: letters.get(i, "1") for i in indices}


def local_lines(ctx: Context, steps: Iterable[Step]) -> list[Equation]:
    """The local derivatives that occur in the steps, each once."""
    lines: dict[tuple[str, str], Equation] = {}
    last = ""
    for step in steps:
        if not isinstance(step.left, Local):
            continue
        letters = local_letters(ctx, step.left)
        left, right = ctx.tex(step.left, letters), ctx.tex(step.right, letters)
        origin = words("from the definition of {u}", u=ctx.math(entry_name(step.left.args[0]) or ""))
        reason = origin if step.rule == "local" else note(ctx, step)
        if (left, right) not in lines:
            lines[left, right] = Equation("" if left == last else left, (right,), reason)
            last = left
    return list(lines.values())
