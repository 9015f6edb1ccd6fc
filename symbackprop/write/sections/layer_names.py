r"""Printed names in a network of any depth: the layer stands above, W^{(l+1)}, a time below, h_{t+1}.

A quantity has one symbol in all layers, its own or the one that the file gives it, and the place is added to it.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from symbackprop.errors import FileError
from symbackprop.model.derivation_file import DerivationFile, Request
from symbackprop.model.repeat.block import Repeat
from symbackprop.model.repeat.pieces import Piece, last_layers
from symbackprop.model.repeat.places import HERE, Mention, Place
from symbackprop.tensor.nodes import adjoint_name
from symbackprop.write.formulas.names import make_names
from symbackprop.write.formulas.symbols import Symbol
from symbackprop.write.report import Report
from symbackprop.write.sections.context import Context, context

_ADJOINT = re.compile(r"d\((\w+), (\w+)\)\Z")
# What the coefficients of the rest, and the rest itself, are called, in this order of choice.
_REST, _COLLECTED, _REMAINDER = ("c", "g", "r", "q", "u"), ("G", "H", "Q", "C"), ("R", "S", "P", "F")


class LayerNames:
    """The symbols of the quantities of one network, without their places."""

    def __init__(self, repeat: Repeat) -> None:
        self.repeat = repeat
        piece, _ = last_layers(repeat, 1)
        graph = piece.graph
        of_code = {code: mention.name for code, mention in piece.places.items()}
        codes = [*graph.inputs, *graph.definitions]
        ranks = {of_code.get(code, code): len(graph.shape(code)) for code in codes}
        self.sizes = repeat.sizes
        sizes = dict.fromkeys(of_code.get(code, code) for code in (*graph.sizes(), *sorted(self.sizes)))
        overrides = {_bare(key, repeat): text for key, text in repeat.latex.items()}
        names = make_names(
            ranks,
            defined=frozenset({*repeat.layer, *repeat.end}),
            sizes=sizes,
            functions=repeat.functions,
            overrides=overrides,
        )
        self.symbols: Mapping[str, Symbol] = {**names.quantities, **names.sizes}
        self.functions = {key: text for key, text in overrides.items() if key in repeat.functions}
        self.adjoints = {key for key in names.quantities if _ADJOINT.match(key)}
        used = [*self.symbols.values(), *(names.functions[name] for name in repeat.functions)]
        nuclei = {symbol.nucleus.rstrip("'") for symbol in used}
        self.rest = next((letter for letter in _REST if letter not in nuclei), r"\gamma")
        self.collected = next((letter for letter in _COLLECTED if letter not in nuclei), r"\Gamma")
        self.remainder = next((letter for letter in _REMAINDER if letter not in nuclei), r"\Phi")

    def at(self, name: str, place: Place) -> str:
        """The symbol of a quantity at a place."""
        symbol = self.symbols[name]
        return placed(symbol, self.written(place), above=self.repeat.kind == "layer" and name not in self.sizes)

    def written(self, place: Place) -> str:
        """l+1, K, 0."""
        return self.repeat.indexing.written(place)

    def of_piece(self, piece: Piece) -> dict[str, str]:
        """The printed name of everything in a piece, by its name there."""
        graph = piece.graph
        codes = [*graph.inputs, *graph.definitions, *graph.sizes()]
        places = {code: mention for code, mention in piece.places.items() if code in codes}
        found = {code: self.at(mention.name, mention.place) for code, mention in places.items()}
        found |= {code: self.symbols[code].text for code in codes if code in self.symbols and code not in places}
        if piece.remainder:
            found[piece.remainder] = self._in_piece(Symbol(self.remainder), piece)
        for number, (coefficient, code) in enumerate(piece.rest.items(), start=1):
            found[coefficient] = self._coefficient(number, piece, code)
        for adjoint in sorted(self.adjoints):
            _, name = _ADJOINT.fullmatch(adjoint).groups()  # type: ignore[union-attr]
            for code in [c for c, mention in places.items() if mention.name == name] or [name]:
                if code in codes:
                    place = places.get(code, Mention(name, HERE)).place
                    plain = self.symbols[adjoint].text
                    found[adjoint_name(self.repeat.loss.name, code)] = (
                        self.at(adjoint, place) if code in places else plain
                    )
        return found | self.functions

    def _coefficient(self, number: int, piece: Piece, code: str) -> str:
        """c^{(l+1)} for the derivative of the rest by what it reads, G^{(l)} for that by a shared parameter."""
        shared = code not in piece.places
        several = sum(other in piece.places for other in piece.rest.values()) > 1
        symbol = Symbol(self.collected) if shared else Symbol(self.rest, "", str(number) if several else "")
        return self._in_piece(symbol, piece)

    def _in_piece(self, symbol: Symbol, piece: Piece) -> str:
        """What comes after the last layer of a piece bears the number of that layer."""
        place = max((m.place for m in piece.places.values() if m.name in self.repeat.layer), key=lambda p: p.offset)
        return placed(symbol, self.written(place), above=self.repeat.kind == "layer")

    def context(self, report: Report, piece: Piece, wrt: tuple[str, ...] = ()) -> Context:
        """What the sections need to print lines about a piece."""
        loss = self.repeat.loss.name
        requests = (Request(loss=loss, wrt=wrt),) if loss in piece.graph.definitions else ()
        file = DerivationFile(
            path=report.file.path,
            title=report.file.title,
            source=report.file.source,
            graph=piece.graph,
            requests=requests,
            latex=self.of_piece(piece),
        )
        found = context(Report(file=file))
        indexing = self.repeat.indexing
        letters = tuple(c for c in found.names.letters if c not in (indexing.index, indexing.count))
        return replace(found, names=replace(found.names, letters=letters))


def placed(symbol: Symbol, place: str, *, above: bool) -> str:
    r"""The symbol with its place: W_{1}^{(l)} or h_{t}; what stands above already, as in W^{(1)}, moves below."""
    numbered = re.fullmatch(r"\((\d+)\)", symbol.upper)
    if numbered:
        symbol = Symbol(symbol.nucleus, "", ",".join(filter(None, [numbered[1], symbol.lower])))
    if above and not symbol.upper and not symbol.nucleus.endswith("'"):
        return Symbol(symbol.nucleus, f"({place})", symbol.lower).text
    return Symbol(symbol.nucleus, symbol.upper, ",".join(filter(None, [symbol.lower, place]))).text


def _bare(key: str, repeat: Repeat) -> str:
    """The key of [latex] without places: z for z[l], d(E, z) for d(E, z[l])."""
    index = re.escape(repeat.indexing.index)
    bare = re.sub(rf"\s*\[\s*{index}\s*\]", "", key.strip())
    if "[" in bare:
        raise FileError(f"[latex] {key}: write the name, or the name with the index as in z[{repeat.indexing.index}]")
    return re.sub(r"\s*,\s*", ", ", bare)
