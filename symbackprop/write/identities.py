"""Identities in every format: a page each, the list of all pages, one booklet, and text for a terminal."""

import json
from collections.abc import Iterable, Sequence
from itertools import groupby

from symbackprop.tensor.nodes import Expr, Partial, entry
from symbackprop.tensor.tensor import Tensor
from symbackprop.write.json_ import as_data, verdict
from symbackprop.write.markdown import index
from symbackprop.write.plain import PlainText, direct_note
from symbackprop.write.plain_derivation import NOTE_COLUMN, step_texts
from symbackprop.write.plain_verdict import basis, verdict_line
from symbackprop.write.report import IdentityReport
from symbackprop.write.sections.identity import Page
from symbackprop.write.sections.stated import NOTE
from symbackprop.write.tex import booklet

TITLE = "Identities of learning, derived and proved"
LEAD = """Each page says what an identity means, derives the derivatives in it, and says what its proof rests on.
`symbackprop verify ID` proves one again, where the ID is the name of its page, and `symbackprop verify --all` all of
them. `symbackprop show --all --out derivations/identities` writes these pages and [identities.tex](identities.tex),
which has all of them."""


def identity_list(pages: Iterable[Page]) -> str:
    """The Markdown list of all pages, topic by topic."""
    groups = [
        (topic, [(page.identity.title, f"{page.identity.id}.md", (page.statement,)) for page in found])
        for topic, found in by_topic(pages)
    ]
    return index(TITLE, LEAD, groups)


def identity_booklet(pages: Iterable[Page]) -> str:
    """All pages as one LaTeX document."""
    return booklet(TITLE, [(topic, [page.document for page in found]) for topic, found in by_topic(pages)])


def by_topic(pages: Iterable[Page]) -> list[tuple[str, list[Page]]]:
    """The pages of each topic, under the name of the topic as a heading."""
    return [
        (topic.replace("-", " ").replace("_", " ").capitalize(), list(found))
        for topic, found in groupby(pages, key=lambda page: page.identity.topic)
    ]


def identity_json(pages: Sequence[IdentityReport]) -> str:
    """The records with their derivations and verdicts as JSON."""
    return json.dumps([_data(of) for of in pages], indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _data(of: IdentityReport) -> dict[str, object]:
    identity = of.identity
    jacobians = [
        {"of": j.name, "by": j.by, "sympy": str(j.tensor.expr), "verdict": verdict(j.verdict)} for j in of.jacobians
    ]
    return {
        "id": identity.id,
        "topic": identity.topic,
        "title": identity.title,
        "statement": identity.statement,
        "why": identity.why,
        "source": identity.source,
        "jacobians": jacobians,
        "report": as_data(of.report),
    }


def identity_text(of: IdentityReport) -> str:
    """The page of an identity as plain text."""
    identity, graph = of.identity, of.report.file.graph
    claim = of.report.claims[0].relation
    lines = [identity.title, "=" * len(identity.title), identity.why, "", f"  {claim.formula}", ""]
    shapes = [f"{name} ({', '.join(map(str, shape))})" for name, shape in graph.inputs.items() if shape]
    lines += [f"with {', '.join(shapes)}"] if shapes else []
    lines += [f"  {name} = {definition.formula}" for name, definition in graph.definitions.items()]
    lines += [f"  {name} is an arbitrary differentiable function" for name in sorted(graph.functions)]
    lines += [f"assumed: {assumption.formula}" for assumption in graph.assumptions]
    derivation = _derivation(of)
    if derivation and of.verdict.proved and claim.comparison == "==":
        derivation += ["", f"    {claim.formula}".ljust(NOTE_COLUMN) + f"  {NOTE}"]
    lines += ["", "Derivation", *direct_note(derivation), *derivation] if derivation else []
    lines += ["", verdict_line(of.verdict, graph), *(f"  {line}" for line in basis(of.verdict, graph))]
    return "\n".join([*lines, "", f"id: {identity.id}, topic: {identity.topic}", f"source: {identity.source}"])


def _derivation(of: IdentityReport) -> list[str]:
    """The steps of each gradient, then second derivatives and derivatives of arrays."""
    graph = of.report.file.graph
    lines: list[str] = []
    for loss in of.report.losses:
        lines += [f"  δv stands for ∂{loss.loss}/∂v", *step_texts(loss.delta.steps, PlainText(graph, loss.loss))]
    for second in of.report.second:
        by = [(name, graph.shape(name)) for name in (second.first, second.second)]
        lines += ["", _equation(PlainText(graph, second.loss), second.loss, (), by, second.tensor)]
    for jacobian in of.jacobians:
        by = [(jacobian.by, graph.shape(jacobian.by))]
        text = _equation(PlainText(graph, ""), jacobian.name, graph.shape(jacobian.name), by, jacobian.tensor)
        lines += ["", *step_texts(jacobian.steps, PlainText(graph, "")), text]
    return lines


def _equation(
    writer: PlainText, name: str, shape: tuple[Expr, ...], by: Iterable[tuple[str, tuple[Expr, ...]]], tensor: Tensor
) -> str:
    """∂name/∂v = tensor, or ∂²name/∂v∂w."""
    position = len(shape)
    left: Expr = entry(name, *tensor.indices[:position])
    for v, extents in by:
        left = Partial(left, entry(v, *tensor.indices[position : position + len(extents)]))
        position += len(extents)
    return f"    {' = '.join(writer.equation(left, tensor.expr))}"
