"""Claims about a repeated network, and what they say about its pieces and about whole networks of few layers."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from symbackprop.model.build import relation
from symbackprop.model.graph import Relation
from symbackprop.model.repeat.block import Repeat
from symbackprop.model.repeat.pieces import (
    Absent,
    Piece,
    Writer,
    after_last_layer,
    last_layers,
    relation_in,
    some_layers,
    unrolled,
)
from symbackprop.model.repeat.places import END, HERE, Mention, Place, Template, read_template

# So many more layers than a claim needs are tried for a counterexample.
MORE_LAYERS = 2

About = Literal["end", "start", "layer", "shared"]


@dataclass(frozen=True, kw_only=True, slots=True)
class DepthClaim:
    """A claim for every number of layers K and, where it is about layers l in general, for every l that exists.

    `low` and `high` are the first and last layer that stand there in full, counted from l, from K or from 0. A claim
    about a `shared` parameter is `d(E, shared) == sum of summands over all layers + rest`. `obstacle` says why no
    induction is tried, and is empty where one is. `first` is the smallest l, or the smallest K for a claim about the
    last layers, for which all that it mentions exists; where the layer `low` would then be the start, which no layer
    computes, the claim is about the start, too.
    """

    name: str
    formula: str
    comparison: Literal["==", "!="]
    whole: Template
    about: About
    low: int = 0
    high: int = 0
    first: int | None = None
    by: tuple[Mention, ...] = ()
    shared: str = ""
    summands: tuple[tuple[str, Template], ...] = ()
    rest: str = ""
    obstacle: str = ""

    @property
    def layers(self) -> int:
        """How many layers the piece has in which the claim is proved."""
        return 1 if self.about == "shared" else self.high - self.low + 1

    @property
    def least_depth(self) -> int:
        """The smallest number of layers for which the claim says something."""
        if self.at_start:
            return max(1, self.at_start[0] + (self.high if self.about == "layer" else 0))
        return self._least_in_full

    @property
    def at_start(self) -> range:
        """The l, or K, for which the claim says something although its layer `low` is not there in full."""
        past = 1 - self.low
        return range(past if self.first is None else min(self.first, past), past)

    @property
    def depths(self) -> range:
        """The numbers of layers that are tried for a counterexample."""
        return range(self.least_depth, self._least_in_full + MORE_LAYERS + 1)

    @property
    def _least_in_full(self) -> int:
        return max(1, self.high if self.about == "start" else self.layers)


def in_general(repeat: Repeat, claim: DepthClaim) -> tuple[Relation, Piece, Writer]:
    """The claim about layers in general position, or the last or first ones, in its piece of the network."""
    if claim.about == "end":
        piece, writer = last_layers(repeat, claim.layers)
        here = END
    elif claim.about == "start":
        piece, writer = some_layers(repeat, Place("start", 1), claim.layers)
        here = Place("start", 1)
    else:
        piece, writer = some_layers(repeat, HERE.moved(claim.low), claim.layers)
        here = HERE
    return relation_in(piece, writer, claim.name, claim.whole, here), piece, writer


def at_start(repeat: Repeat, claim: DepthClaim) -> Iterator[tuple[Relation, Piece]]:
    """The claim where the first layer that it speaks of is the start: in the first layers, or in a whole network."""
    for number in claim.at_start:
        if claim.about == "end":
            piece, writer = unrolled(repeat, number)
        else:
            piece, writer = some_layers(repeat, Place("start", 1), max(1, number + claim.high))
        yield relation_in(piece, writer, claim.name, claim.whole, Place("start", number)), piece


def shared_step(repeat: Repeat, claim: DepthClaim) -> tuple[Relation, Piece, Writer]:
    """One layer more: the gradient by the shared parameter is the summand of the layer and that of the rest."""
    piece, writer = some_layers(repeat, HERE, 1, shared=claim.shared)
    collected = next(c for c, code in piece.rest.items() if code == claim.shared)
    summands = "".join(f"{sign}({writer.text(body, HERE)})" for sign, body in claim.summands).removeprefix("+")
    text = f"d({repeat.loss.name}, {claim.shared}) {claim.comparison} {summands} + {collected}"
    return _relation_of(piece, writer, claim.name, text), piece, writer


def shared_base(repeat: Repeat, claim: DepthClaim) -> tuple[Relation, Piece, Writer]:
    """No layer left: the gradient of what comes after the last one."""
    piece, writer = after_last_layer(repeat)
    rest = writer.text(read_template(claim.rest, repeat.indexing), END) if claim.rest else "0"
    text = f"d({repeat.loss.name}, {claim.shared}) {claim.comparison} {rest}"
    return _relation_of(piece, writer, claim.name, text), piece, writer


def _relation_of(piece: Piece, writer: Writer, name: str, text: str) -> Relation:
    with writer.as_written():
        return relation(piece.graph, name, text, "[claims] ")


def instances(repeat: Repeat, claim: DepthClaim, depth: int) -> Iterator[tuple[int, Relation, Piece]]:
    """What the claim says about the network of that depth: for each layer that it may be about."""
    piece, writer = unrolled(repeat, depth)
    first = claim.at_start[0] if claim.at_start else 1 - claim.low
    numbers = range(first, depth - claim.high + 1) if claim.about == "layer" else [depth]
    for number in numbers:
        try:
            yield number, relation_in(piece, writer, claim.name, claim.whole, Place("start", number)), piece
        except Absent:
            continue


def small_instances(repeat: Repeat, claim: DepthClaim) -> Iterator[tuple[int, int, Relation, Piece]]:
    """Depth, layer, and what the claim says there, for the smallest networks that it says something about."""
    for depth in claim.depths:
        for number, said, piece in instances(repeat, claim, depth):
            yield depth, number, said, piece


def shapes_as_written(repeat: Repeat, claim: DepthClaim) -> tuple[tuple[str, ...], ...]:
    """The shapes of both sides in the smallest network, where both have axes and are not alike; else nothing."""
    found = next(small_instances(repeat, claim), None)
    if found is None:
        return ()
    *_, said, piece = found

    def size(code: str) -> str:
        return f"{piece.places[code].name}[{piece.places[code].place.offset}]" if code in piece.places else code

    return tuple(tuple(size(str(extent)) for extent in shape) for shape in said.broadcast)
