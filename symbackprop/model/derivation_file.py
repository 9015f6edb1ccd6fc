"""The derivation file: TOML in, a graph with its claims, numbers and names out.

Every error is one line that names the file, the section and key, quotes the formula and says what to do.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sympy as sp

from symbackprop.errors import FileError
from symbackprop.language.syntax import NAME, closest, did_you_mean
from symbackprop.model.build import (
    check_loss,
    check_parameters,
    final_scalars,
    graph_from_formulas,
    names_written,
    parameters_of,
    relation,
)
from symbackprop.model.file_numbers import PrintedNumber, Values, check_steps, read_given, read_printed
from symbackprop.model.graph import Graph, Relation
from symbackprop.model.repeat.section import AnyDepth, read_any_depth
from symbackprop.model.toml_values import read_number, read_table, read_text, read_texts, read_toml, told_at
from symbackprop.model.training import (
    Training,
    check_are_inputs,
    rate_from_text,
    relation_after_steps,
)
from symbackprop.tensor.nodes import Expr

SECTIONS = frozenset(
    [
        "title",
        "source",
        "repeat",
        "shapes",
        "define",
        "functions",
        "assume",
        "derive",
        "train",
        "given",
        "printed",
        "claims",
        "latex",
    ]
)
TRAIN_KEYS = frozenset(["loss", "parameters", "learning_rate", "steps", "report_every"])
MAX_STEPS = 100_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """Gradients to derive: of `loss` by each name in `wrt`."""

    loss: str
    wrt: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class DerivationFile:
    """All that a derivation file says; `given` maps a name to its exact entries, `sizes` what they fix.

    `undeclared` are the inputs that are scalars because [shapes] does not list them.
    Of a file about a network of any depth, `graph` is the last layer and `any_depth` all the rest.
    """

    path: Path
    title: str
    source: str
    graph: Graph
    undeclared: tuple[str, ...] = ()
    requests: tuple[Request, ...] = ()
    training: Training | None = None
    given: Mapping[str, Values] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    printed: tuple[PrintedNumber, ...] = ()
    claims: tuple[Relation, ...] = ()
    latex: Mapping[str, str] = field(default_factory=dict)
    any_depth: AnyDepth | None = None


def load(path: Path) -> DerivationFile:
    """Reads and checks a derivation file.

    Raises: FileError with one line that says where and what to do.
    """
    with told_at(str(path)):
        return read(path, read_toml(path))


def read(path: Path, data: dict[str, Any]) -> DerivationFile:
    """The derivation file with these sections; `path` only names it.

    Raises: SymbackpropError with one line that names the section and key.
    """
    for key in data:
        if key not in SECTIONS:
            guess = did_you_mean(key, SECTIONS)
            raise FileError(f"[{key}] is no section{guess}; sections are: {', '.join(sorted(SECTIONS))}")
    define = read_texts(data, "define")
    if not define and not read_table(data, "claims"):
        raise FileError('[define] is missing: a file needs at least one definition such as z = "W @ x"')
    functions = read_texts(data, "functions")
    for name, kind in functions.items():
        if kind != "elementwise":
            raise FileError(f'[functions] {name}: {kind!r} is not supported; write {name} = "elementwise"')
    shapes = read_texts(data, "shapes")
    if "repeat" in data:
        return _of_any_depth(path, data)
    train = read_table(data, "train")
    rate = train.get("learning_rate")
    if isinstance(rate, str) and NAME.match(rate) and rate not in {*shapes, *define}:
        shapes = {**shapes, rate: ""}
    graph = graph_from_formulas(define, shapes, functions=functions, assume=read_texts(data, "assume"))
    training = _training(train, graph) if train else None
    given, sizes = read_given(read_table(data, "given"), graph)
    if training and training.steps:
        check_steps(training, given, graph)
    file = DerivationFile(
        path=path,
        title=read_text(data, "title") or path.stem,
        source=read_text(data, "source"),
        graph=graph,
        undeclared=tuple(name for name in graph.inputs if name not in shapes),
        requests=_requests(read_table(data, "derive"), training, graph),
        training=training,
        given=given,
        sizes=sizes,
        printed=read_printed(read_table(data, "printed"), graph, sizes, training),
        claims=_claims(read_texts(data, "claims"), graph, training),
        latex=read_texts(data, "latex"),
    )
    _check_used(data, shapes, graph)
    return file


def _of_any_depth(path: Path, data: dict[str, Any]) -> DerivationFile:
    """A file with [repeat]: everything in it is about networks of any depth."""
    sections = ("functions", "shapes", "define", "assume", "claims", "latex")
    of_texts = {section: read_texts(data, section) for section in sections}
    found = read_any_depth(data, of_texts, read_table(data, "repeat"))
    title = read_text(data, "title") or path.stem
    return DerivationFile(path=path, title=title, source=read_text(data, "source"), graph=found.graph, any_depth=found)


def _check_used(data: Mapping[str, Any], shapes: Mapping[str, str], graph: Graph) -> None:
    """A shape for a name that stands nowhere is a slip of the pen: what was meant is then taken for a scalar.

    A name may stand there for the sake of its size alone. What [train] and [derive] name, a formula uses.
    """
    formulas = [
        *read_texts(data, "define").values(),
        *read_texts(data, "assume").values(),
        *read_texts(data, "claims").values(),
    ]
    rate = read_table(data, "train").get("learning_rate")
    formulas += [*read_table(data, "printed"), *([rate] if isinstance(rate, str) else [])]
    used: set[str] = set().union(*map(names_written, formulas), graph.definitions)
    known_sizes = {str(extent) for name in used & {*graph.inputs} for extent in graph.inputs[name]}
    undeclared = [name for name in graph.inputs if name not in shapes]
    for name in shapes:
        if name not in used and not (used - known_sizes) & {str(extent) for extent in graph.shape(name)}:
            meant = closest(name, undeclared)
            guess = f"; did you mean {meant}, which is not declared?" if meant else ""
            raise FileError(f"[shapes] {name}: nothing in the file uses this name{guess}")


def _claims(texts: Mapping[str, str], graph: Graph, training: Training | None) -> tuple[Relation, ...]:
    claims = tuple(relation(graph, name, text, "[claims] ") for name, text in texts.items())
    for claim in claims:
        with told_at(f"[claims] {claim.name}"):
            relation_after_steps(claim, graph, training)
    return claims


def _training(table: dict[str, Any], graph: Graph) -> Training:
    with told_at("[train]"):
        for key in table:
            if key not in TRAIN_KEYS:
                guess = did_you_mean(key, TRAIN_KEYS)
                raise FileError(f"{key!r} is no key{guess}; keys are: {', '.join(sorted(TRAIN_KEYS))}")
        loss = table.get("loss")
        if not isinstance(loss, str):
            raise FileError("loss is missing: name the quantity to minimise")
        check_loss(graph, loss)
        parameters = table.get("parameters")
        if not isinstance(parameters, list) or not all(isinstance(p, str) for p in parameters) or not parameters:
            raise FileError(f'parameters: expected a list of names such as ["W", "b"], found {parameters!r}')
        check_are_inputs(tuple(parameters), graph)
        return Training(
            loss=loss,
            parameters=check_parameters(graph, loss, dict.fromkeys(parameters)),
            learning_rate=_learning_rate(table.get("learning_rate", 1), graph),
            steps=_count(table, "steps"),
            report_every=_count(table, "report_every"),
        )


def _learning_rate(value: Any, graph: Graph) -> Expr:
    if isinstance(value, str):
        return rate_from_text(value, graph)
    number = read_number(value, "learning_rate")
    return sp.Rational(number.numerator, number.denominator)


def _count(table: dict[str, Any], key: str) -> int:
    value = table.get(key, 0)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_STEPS:
        raise FileError(f"{key}: expected an integer from 0 to {MAX_STEPS}, found {value!r}")
    return value


def _requests(table: dict[str, Any], training: Training | None, graph: Graph) -> tuple[Request, ...]:
    """The gradients asked for in [derive] (loss -> names) and [train]; without either, of the only final scalar."""
    requests = []
    if training:
        requests.append(Request(loss=training.loss, wrt=training.parameters))
    for loss, names in table.items():
        with told_at(f"[derive] {loss}"):
            check_loss(graph, loss)
            if not isinstance(names, list) or not all(isinstance(name, str) for name in names) or not names:
                raise FileError(f"expected a list of names, found {names!r}")
            requests.append(Request(loss=loss, wrt=check_parameters(graph, loss, dict.fromkeys(names))))
    if not requests:
        final = final_scalars(graph)
        if len(final) == 1 and parameters_of(graph, final[0]):
            requests.append(Request(loss=final[0], wrt=parameters_of(graph, final[0])))
    return tuple(requests)
