"""Pieces of a repeated network written out as ordinary graphs: some layers in general position, or all layers of few.

In a piece each quantity has one name for each place, `W_l`, `a_l_minus_1`, `z_3`. What comes after the layers of a
piece is either there, up to the loss, or it is replaced by a linear function of what it reads, with arbitrary
coefficients: see docs/proof.md, "Any depth".
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from symbackprop.errors import FileError, FormulaError
from symbackprop.model.build import graph_from_formulas, relation
from symbackprop.model.graph import Graph, Relation
from symbackprop.model.repeat.block import Repeat
from symbackprop.model.repeat.places import Count, Mention, Part, Place, Template, Total


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """`graph` is the piece written out; `places` says which quantity at which place each of its names is.

    `remainder` is the linear function that stands for what comes after; `rest` maps each of its coefficients to the
    name that it belongs to. `assumed` maps each assumption about the piece to what the file says.
    """

    graph: Graph
    places: Mapping[str, Mention]
    rest: Mapping[str, str]
    remainder: str
    assumed: Mapping[str, str]


class Absent(Exception):
    """A formula speaks of a layer that a network of this depth does not have."""


class Writer:
    """Writes formulas with one name for each quantity at each place, and keeps these names.

    `depth` is the number of layers, None where it is arbitrary.
    """

    def __init__(self, repeat: Repeat, depth: int | None = None) -> None:
        self.repeat, self.depth = repeat, depth
        self.places: dict[str, Mention] = {}

    def text(self, template: Template, here: Place) -> str:
        """The formula at the place `here`. Raises: Absent for a layer that is not there."""
        return "".join(self._part(part, here) for part in template.parts)

    def _part(self, part: Part, here: Place) -> str:
        if isinstance(part, str):
            return part
        if isinstance(part, Count):
            return self.repeat.indexing.count if self.depth is None else str(self.depth)
        if isinstance(part, Mention):
            return self.code(part.name, self.resolve(part.place, here))
        return self._sum(part)

    def _sum(self, total: Total) -> str:
        if self.depth is None:
            raise Absent("a sum over an arbitrary number of layers")
        low, high = (self.resolve(place, place).offset for place in (total.low, total.high))
        summands = [f"({self.text(total.body, Place('start', k))})" for k in range(low, high + 1)]
        return f"({' + '.join(summands) or '0'})"

    def resolve(self, place: Place, here: Place) -> Place:
        if place.anchor == "here":
            return here.moved(place.offset)
        if place.anchor == "end" and self.depth is not None:
            return Place("start", self.depth + place.offset)
        return place

    def code(self, name: str, place: Place) -> str:
        """The name of a quantity at a place."""
        if place.anchor == "start":
            first = 0 if name in self.repeat.carried or name in self.repeat.sizes else 1
            if place.offset < first or (self.depth is not None and place.offset > self.depth):
                raise Absent(f"{name}[{place.offset}]")
            code = f"{name}_{place.offset}"
        else:
            anchor = self.repeat.indexing.index if place.anchor == "here" else self.repeat.indexing.count
            step = f"_plus_{place.offset}" if place.offset > 0 else f"_minus_{-place.offset}" if place.offset else ""
            code = f"{name}_{anchor}{step}"
        mention = Mention(name, place)
        if self.places.setdefault(code, mention) != mention:
            raise FileError(f"{code!r} could mean {name} in two different layers; choose other names")
        return code

    @contextmanager
    def as_written(self) -> Iterator[None]:
        """Tells errors with the names of the file: z[l] for z_l."""
        try:
            yield
        except FormulaError as error:
            before = self._original(error.formula[: error.column])
            raise FormulaError(self._original(error.message), self._original(error.formula), len(before)) from None

    def _original(self, text: str) -> str:
        def written(match: re.Match[str]) -> str:
            mention = self.places.get(match[0])
            return match[0] if mention is None else f"{mention.name}[{self.repeat.indexing.written(mention.place)}]"

        return re.sub(r"[A-Za-z][A-Za-z0-9_]*", written, text)


def unrolled(repeat: Repeat, depth: int) -> tuple[Piece, Writer]:
    """The whole network of that depth, every layer with names of its own."""
    writer = Writer(repeat, depth)
    return _piece(writer, [Place("start", k) for k in range(1, depth + 1)], ends=True), writer


def last_layers(repeat: Repeat, number: int) -> tuple[Piece, Writer]:
    """The last layers of a network of any depth, up to the loss."""
    writer = Writer(repeat)
    return _piece(writer, [Place("end", k) for k in range(1 - number, 1)], ends=True), writer


def some_layers(repeat: Repeat, first: Place, number: int, *, shared: str = "") -> tuple[Piece, Writer]:
    """Layers of a network of any depth, from `first` on; the rest of it is a linear function of what it reads.

    With `shared`, the rest reads that shared parameter, too.
    """
    writer = Writer(repeat)
    return _piece(writer, [first.moved(k) for k in range(number)], ends=False, shared=shared), writer


def after_last_layer(repeat: Repeat) -> tuple[Piece, Writer]:
    """What comes after the last layer, as a function of what it reads."""
    writer = Writer(repeat)
    return _piece(writer, [], ends=True), writer


def _piece(writer: Writer, layers: list[Place], *, ends: bool, shared: str = "") -> Piece:
    repeat = writer.repeat
    define = {writer.code(name, at): writer.text(t, at) for at in layers for name, t in repeat.layer.items()}
    for at in layers:
        for name in repeat.own_inputs:  # a claim may speak of one that no layer of the piece uses
            writer.code(name, at)
    loss = [f"{sign}({writer.text(body, at)})" for at in layers for sign, body in repeat.loss.summands]
    rest: dict[str, str] = {}
    remainder = ""
    if ends:
        end = Place("end", 0)
        define |= {name: writer.text(t, end) for name, t in repeat.end.items() if name != repeat.loss.name}
        loss += [f"+({writer.text(repeat.loss.rest, end)})"] if repeat.loss.rest else []
        shapes: dict[str, object] = {}
    else:
        shapes = _rest_of(writer, define, layers, shared, rest)
        remainder = _free("remainder", writer, define)
        define[remainder] = " + ".join(f"sum({coefficient}*{code})" for coefficient, code in rest.items()) or "0"
        loss.append(f"+{remainder}")
    define[repeat.loss.name] = "".join(loss).removeprefix("+") or "0"
    shapes = _shapes(writer, define) | shapes
    assumed = _assumed(writer, layers, ends)
    with writer.as_written():
        graph = graph_from_formulas(
            define,
            shapes,
            functions=repeat.functions,
            assume={key: text for key, (text, _) in assumed.items()},
        )
    return Piece(
        graph=graph,
        places=dict(writer.places),
        rest=rest,
        remainder=remainder,
        assumed=dict(assumed.values()),
    )


def _rest_of(
    writer: Writer, define: Mapping[str, str], layers: list[Place], shared: str, rest: dict[str, str]
) -> dict[str, object]:
    """Fills `rest` with a coefficient for all that the rest reads; the result is their shapes."""
    repeat = writer.repeat
    with writer.as_written():
        before = graph_from_formulas(define, _shapes(writer, define), functions=repeat.functions)
    reads = dict.fromkeys(writer.code(name, layers[-1]) for name in (*repeat.carried, *repeat.read_at_end))
    shapes: dict[str, object] = {}
    for code in (*reads, *([shared] if shared else [])):
        coefficient = _free(f"rest_{code}", writer, before.inputs)
        rest[coefficient] = code
        if code in before.inputs or code in before.definitions:
            shapes[coefficient] = before.shape(code)
        else:  # an input of the last layer that nothing but the end reads
            shapes[coefficient] = _shape(writer, *_placed(writer, code))
    return shapes


def _free(name: str, writer: Writer, taken: Iterable[str]) -> str:
    """The name, or one like it that the file does not use: no claim can speak of it."""
    used = {*taken, *writer.repeat.known, *writer.places}
    while name in used:
        name += "_"
    return name


def _placed(writer: Writer, code: str) -> tuple[str, Place]:
    mention = writer.places.get(code, Mention(code, Place("end", 0)))
    return mention.name, mention.place


def _shape(writer: Writer, name: str, place: Place) -> str:
    template = writer.repeat.shapes.get(name)
    return writer.text(template, place) if template else ""


def _shapes(writer: Writer, define: Mapping[str, str]) -> dict[str, object]:
    """The shapes of all inputs of a piece, and of what it defines where the file says it."""
    sizes = writer.repeat.sizes
    shapes: dict[str, object] = {}
    for code, mention in list(writer.places.items()):
        declared = mention.name in writer.repeat.shapes or mention.name in writer.repeat.carried
        if mention.name not in sizes and (declared or code not in define):
            shapes[code] = _shape(writer, mention.name, mention.place)
    for name in writer.repeat.shapes:
        if name not in writer.repeat.indexing.names:
            shapes[name] = _shape(writer, name, Place("end", 0))
    shapes |= dict.fromkeys(writer.repeat.scalars, "")  # an assumption may speak of one that the piece does not use
    return shapes | ({writer.repeat.indexing.count: ""} if writer.repeat.counted and writer.depth is None else {})


def _assumed(writer: Writer, layers: list[Place], ends: bool) -> dict[str, tuple[str, str]]:
    """The assumptions about what the piece has, each beside what the file says; its loss is that of a few layers."""
    found = {}
    for key, template in writer.repeat.assume.items():
        anchors = {mention.place.anchor for mention in template.mentions()}
        for number, here in enumerate(layers if anchors == {"here"} else [Place("end", 0)]):
            probe = Writer(writer.repeat, writer.depth)
            try:
                text = probe.text(template, here)
            except Absent:
                continue
            if {*probe.places} <= {*writer.places} and not _unsaid_of(template, writer, ends):
                found[f"{key} {number}" if number else key] = text, template.text
    return found


def _unsaid_of(template: Template, writer: Writer, ends: bool) -> bool:
    """Whether an assumption speaks of what the piece does not have: what comes after it, or the loss of all layers."""
    words = set(re.findall(r"[A-Za-z]\w*", template.text))
    of_end = {*writer.repeat.end}
    return bool(words & (of_end if not ends else {writer.repeat.loss.name} if writer.depth is None else set()))


def relation_in(piece: Piece, writer: Writer, name: str, template: Template, here: Place) -> Relation:
    """A claim about the layers of a piece, in its names. Raises: Absent, or FormulaError naming the claim."""
    text = writer.text(template, here)
    with writer.as_written():
        found = relation(piece.graph, name, text, "[claims] ")
    return replace(found, name=name)
