"""Derivations as plain text for a terminal: the definitions, every step with its rule, and the gradients."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from symbackprop.derivation.steps import Derivation, Step
from symbackprop.language.array_form import array_form
from symbackprop.language.parse import parse
from symbackprop.model.build import scope_of
from symbackprop.proof.index.form import IndexForms
from symbackprop.proof.limits import Undecided
from symbackprop.tensor.indices import transform
from symbackprop.tensor.nodes import Expr, Partial, adjoint_name, adjoint_parts, entry, entry_indices, entry_name
from symbackprop.tensor.tensor import Tensor, axes
from symbackprop.write.plain import PlainText, direct_note
from symbackprop.write.sections.rules import RULE_NOTES

NOTE_COLUMN = 60


def plain_derivation(derivation: Derivation) -> str:
    """The definitions, every step with its rule, and the gradients of one route."""
    writer = PlainText(derivation.graph, derivation.loss)
    wanted = ", ".join(derivation.gradients)
    title = f"The gradients of {derivation.loss} with respect to {wanted}, by the {derivation.route}"
    lines = [title, "=" * len(title), "", "Definitions"]
    lines += _definitions(derivation, writer)
    lines += ["", f"Derivation  (δv stands for ∂{derivation.loss}/∂v)"]
    steps = step_texts(derivation.steps, writer)
    lines += [*direct_note(steps), *steps]
    if derivation.route == "delta rule":  # the other route ends each of its parts with the gradient
        lines += ["", "Gradients"]
        lines += _gradients(derivation, writer)
    return "\n".join(lines)


def plain_second(derivation: Derivation, second: Mapping[tuple[str, str], Tensor]) -> str:
    """The second derivatives by pairs of names."""
    writer = PlainText(derivation.graph, derivation.loss)
    title = f"The second derivatives of {derivation.loss}"
    equations = (second_equation(writer, derivation, pair, tensor) for pair, tensor in second.items())
    return "\n".join([title, "=" * len(title), "", *(f"  {left} = {right}" for left, right in equations)])


def second_equation(
    writer: PlainText, derivation: Derivation, pair: tuple[str, str], tensor: Tensor
) -> tuple[str, str]:
    """Both sides of ∂²L/∂v∂w = tensor."""
    own = len(derivation.graph.shape(pair[0]))
    indices = axes(tensor.shape)
    inner = Partial(entry(derivation.loss), entry(pair[0], *indices[:own]))
    return writer.equation(Partial(inner, entry(pair[1], *indices[own:])), tensor.expr)


def _definitions(derivation: Derivation, writer: PlainText) -> list[str]:
    """What leads to the loss, and what is assumed."""
    graph = derivation.graph
    needed = graph.ancestors(derivation.loss)
    lines = []
    for name, definition in graph.definitions.items():
        if name in needed:
            left, right = writer.equation(entry(name, *axes(graph.shape(name))), definition.tensor.expr)
            lines.append(f"  {left} = {right}")
    return lines + [f"  assumed: {assumption.formula}" for assumption in graph.assumptions]


def _gradients(derivation: Derivation, writer: PlainText) -> list[str]:
    """Each gradient in index notation, and as arrays where that has been confirmed."""
    lines = []
    for name, tensor in derivation.gradients.items():
        left, right = writer.equation(entry(adjoint_name(derivation.loss, name), *tensor.indices), tensor.expr)
        line = f"  {left} = {right}"
        arrays = array_text(derivation, tensor)
        lines.append(line if arrays is None else line.ljust(NOTE_COLUMN) + f"  as arrays: {arrays}")
    return lines


def array_text(derivation: Derivation, tensor: Tensor) -> str | None:
    """The array formula of a gradient, read again and proved equal; None where there is none."""
    graph, loss = derivation.graph, derivation.loss
    names = (*graph.inputs, *graph.definitions)
    aliases = {adjoint_name(loss, name): _alias(name, names) for name in derivation.adjoints}
    scope = scope_of(graph)
    shapes = {**scope.shapes, **{aliases[adjoint_name(loss, v)]: graph.shape(v) for v in derivation.adjoints}}
    scope = replace(scope, shapes=shapes, derivatives=False)
    text = array_form(tensor, scope, aliases)
    if text is None:
        return None
    renamed = transform(tensor.expr, lambda node: _aliased(node, aliases))
    forms = IndexForms()
    try:
        if not forms.is_zero(forms.normalise(parse(text, scope).expr - renamed)):
            return None
    except Undecided:
        return None
    back = {alias: f"δ{adjoint_parts(name)[1]}" for name, alias in aliases.items()}
    return re.sub(r"[A-Za-z]\w*", lambda match: back.get(match[0], match[0]), text)


def _alias(name: str, names: Sequence[str]) -> str:
    """An identifier for the adjoint of `name` that is no name of the graph."""
    alias = f"delta_{name}"
    while alias in names:
        alias += "_"
    return alias


def _aliased(node: Expr, aliases: Mapping[str, str]) -> Expr | None:
    alias = aliases.get(entry_name(node) or "")
    return entry(alias, *entry_indices(node)) if alias else None


def step_texts(steps: Iterable[Step], writer: PlainText) -> list[str]:
    """One line for each step that says something new, in groups by what is derived."""
    lines: list[str] = []
    subject, last = "", ""
    seen: set[tuple[str, str]] = set()
    for step in steps:
        left, right = writer.equation(step.left, step.right)
        if left == right or (left, right) in seen:
            continue
        seen.add((left, right))
        if step.subject != subject:
            lines += ["", f"  {step.subject}"] if lines else [f"  {step.subject}"]
            subject, last = step.subject, ""
        shown = " " * len(left) if left == last else left
        last = left
        lines.append(f"    {shown} = {right}".ljust(NOTE_COLUMN) + f"  {_note(step)}")
    return lines


def _note(step: Step) -> str:
    return f"{RULE_NOTES[step.rule]}{' ' + step.note if step.note else ''}"
