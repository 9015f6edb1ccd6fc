"""The sections of a derivation file about a network of any depth, read and checked as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from symbackprop.errors import FileError, NotSupportedError
from symbackprop.model.graph import Graph
from symbackprop.model.repeat.block import SECTIONS, Repeat, read_repeat
from symbackprop.model.repeat.claim_reader import read_claim
from symbackprop.model.repeat.claims import DepthClaim
from symbackprop.model.repeat.pieces import Absent, last_layers, some_layers, unrolled
from symbackprop.model.repeat.places import HERE


@dataclass(frozen=True, kw_only=True, slots=True)
class AnyDepth:
    """A network with any number of layers and what is claimed of it; `graph` is its last layer with the loss."""

    repeat: Repeat
    claims: tuple[DepthClaim, ...]
    graph: Graph


def read_any_depth(
    sections: Mapping[str, object], texts: Mapping[str, Mapping[str, str]], table: Mapping[str, Any]
) -> AnyDepth:
    """The network and its claims; `texts` has the sections of texts, `table` is the section [repeat].

    Raises: SymbackpropError naming the section and key.
    """
    for section in sections:
        if section not in SECTIONS:
            known = ", ".join(sorted(SECTIONS))
            raise NotSupportedError(f"[{section}] has no place beside [repeat]; sections there are: {known}")
    repeat = read_repeat(texts, table)
    try:
        some_layers(repeat, HERE, 1)  # so that errors in a layer are told of layer l
        graph = last_layers(repeat, 1)[0].graph
        unrolled(repeat, 2)
    except Absent as error:
        raise FileError(f"there is no {error} in every network") from None
    if graph.shape(repeat.loss.name):
        raise FileError(f"[define] {repeat.loss.name}: the last definition is the loss, a scalar")
    claims = tuple(read_claim(repeat, name, text) for name, text in texts["claims"].items())
    if not claims:
        raise FileError("[claims] is missing: a network of any depth is there for what is claimed of it")
    for name in repeat.shapes:
        if name not in repeat.used:
            raise FileError(f"[shapes] {name}: nothing in the file uses this name")
    return AnyDepth(repeat=repeat, claims=claims, graph=graph)
