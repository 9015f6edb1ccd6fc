"""The repeated layer: what every layer computes from the one before, and the loss after the last.

Read from the sections of a derivation file with `[repeat]`; nothing is executed.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from symbackprop.errors import FileError, FormulaError, NotSupportedError
from symbackprop.language.functions import RESERVED
from symbackprop.language.syntax import check_name
from symbackprop.model.build import names_written
from symbackprop.model.repeat.places import (
    HERE,
    Count,
    Indexing,
    Place,
    Template,
    Total,
    layered_names,
    read_template,
    terms,
)

Kind = Literal["layer", "time"]
REPEAT_KEYS = frozenset(["index", "count", "kind"])
SECTIONS = frozenset(["title", "source", "repeat", "functions", "shapes", "define", "assume", "claims", "latex"])
_KEY = re.compile(r"([A-Za-z][A-Za-z0-9_]*)\s*\[\s*([A-Za-z][A-Za-z0-9_]*)\s*\]\Z")


@dataclass(frozen=True, kw_only=True, slots=True)
class Loss:
    """`name`: the sum of `summands` (sign, formula) over all layers, and of `rest`, a formula after the last one."""

    name: str
    summands: tuple[tuple[str, Template], ...]
    rest: Template | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Repeat:
    """`layer` defines the quantities of one layer, `end` those after the last layer, of which the last is the loss.

    `carried` are the quantities that the next layer reads, `read_at_end` those of the last layer that `end` reads,
    `shared` the inputs without a place that layers read. `shapes` is of quantities with and without a place; `placed`
    are the names with a place in all of it, sizes too; `counted` says whether the number of layers is a value anywhere;
    `used` has every name in the text of a formula.
    """

    indexing: Indexing
    kind: Kind
    shapes: Mapping[str, Template | None]
    layer: Mapping[str, Template]
    end: Mapping[str, Template]
    loss: Loss
    functions: tuple[str, ...]
    assume: Mapping[str, Template]
    carried: tuple[str, ...]
    read_at_end: tuple[str, ...]
    shared: tuple[str, ...]
    latex: Mapping[str, str]
    placed: frozenset[str]
    counted: bool
    used: frozenset[str]

    @property
    def sizes(self) -> frozenset[str]:
        """The sizes that have a place."""
        return frozenset(mention.name for shape in self.shapes.values() if shape for mention in shape.mentions())

    @property
    def known(self) -> frozenset[str]:
        """Every name that a claim may use, functions of the language included."""
        templates = [*self.layer.values(), *self.end.values(), *(t for t in self.shapes.values() if t)]
        named = {*self.shapes, *self.layer, *self.end, *self.functions, *self.shared, *_plain_names(templates)}
        named |= {self.indexing.index, self.indexing.count, *self.placed}
        return frozenset(named | RESERVED | {"pi", "range"})

    @property
    def scalars(self) -> tuple[str, ...]:
        """The inputs without a place of which nothing says a shape."""
        templates = [*self.layer.values(), *self.end.values(), *(body for _, body in self.loss.summands)]
        sizes = _plain_names([template for template in self.shapes.values() if template])
        others = {*self.shapes, *self.end, *self.functions, *RESERVED, "pi"}
        return tuple(sorted(_plain_names(templates) - sizes - others))

    @property
    def own_inputs(self) -> tuple[str, ...]:
        """The inputs and parameters that each layer has for itself."""
        return tuple(sorted(self.placed - self.sizes - {*self.layer}))


@contextmanager
def about(key: str) -> Iterator[None]:
    """Puts the key before the message of a formula error."""
    try:
        yield
    except FormulaError as error:
        raise FormulaError(f"{key}: {error.message}", error.formula, error.column) from None


def read_repeat(data: Mapping[str, Mapping[str, str]], table: Mapping[str, Any]) -> Repeat:
    """The repeated layer that the sections `data` (all texts) describe; `table` is the section [repeat].

    Raises: SymbackpropError naming the section and key.
    """
    index, count, kind = _repeat_keys(table)
    shapes, define, assume = (data[section] for section in ("shapes", "define", "assume"))
    keys = {key: _name_of(key, index) for key in (*shapes, *define)}
    network = [text for text in (*shapes.values(), *define.values(), *assume.values()) if text.strip()]
    formulas = [*network, *data["claims"].values()]
    placed = frozenset(name for name, found in keys.values() if found) | layered_names(network, index, count)
    names = placed | layered_names(formulas, index, count)
    indexing = Indexing(index, count, names)
    for name in (index, count):
        if name in {found for found, _ in keys.values()} | names | {*data["functions"]}:
            raise FileError(f"[repeat] {name!r} is the index or the count; give the other thing another name")
    layer, end = _definitions(define, keys, indexing)
    read_shapes = _shapes(shapes, keys, indexing)
    loss = _loss(end, indexing)
    reading = [*layer.values(), *(body for _, body in loss.summands)]
    given_shapes = [template for template in read_shapes.values() if template]
    sizes = frozenset(mention.name for template in given_shapes for mention in template.mentions())
    carried = _carried(layer, reading, sizes, indexing)
    closing = [t for name, t in end.items() if name != loss.name] + ([loss.rest] if loss.rest else [])
    shared = _plain_names(reading) - {*data["functions"], *RESERVED, *_plain_names(given_shapes)}
    shared -= {"pi"} - {*read_shapes}
    _check_shared(shared, end, loss)
    repeat = Repeat(
        indexing=indexing,
        kind=kind,
        shapes=read_shapes,
        layer=layer,
        end=end,
        loss=loss,
        functions=tuple(data["functions"]),
        assume={key: _assumption(f"[assume] {key}", text, indexing) for key, text in assume.items()},
        carried=carried,
        read_at_end=_read_at_end(closing, sizes, indexing),
        shared=tuple(sorted(shared)),
        latex=data["latex"],
        placed=placed,
        counted=any(_counts(read_template(text, indexing)) for text in formulas),
        used=frozenset().union(*map(names_written, (*define.values(), *assume.values(), *data["claims"].values()))),
    )
    _check_names(repeat)
    return repeat


def _repeat_keys(table: Mapping[str, Any]) -> tuple[str, str, Kind]:
    for key in table:
        if key not in REPEAT_KEYS:
            raise FileError(f"[repeat] {key!r} is no key; keys are: {', '.join(sorted(REPEAT_KEYS))}")
    found = []
    for key, example in (("index", "l"), ("count", "K")):
        value = table.get(key)
        if not isinstance(value, str):
            raise FileError(f'[repeat] {key} is missing: a name such as {key} = "{example}"')
        with about(f"[repeat] {key}"):
            check_name(value)
        found.append(value)
    if found[0] == found[1]:
        raise FileError(f"[repeat] index and count are both {found[0]!r}")
    for one, other in (found, found[::-1]):  # l_plus_1 would be the layer after l
        if one.startswith(other + "_"):
            raise FileError(f"[repeat] {one!r} could be mistaken for a layer near {other!r}; choose another name")
    kind = table.get("kind", "layer")
    if kind not in ("layer", "time"):
        raise FileError(f'[repeat] kind: expected "layer" or "time", found {kind!r}')
    return found[0], found[1], kind


def _name_of(key: str, index: str) -> tuple[str, bool]:
    """The name in a key `z` or `z[l]`, and whether it has a place."""
    match = _KEY.match(key.strip())
    if match and match[2] == index:
        return match[1], True
    if "[" in key:
        raise FileError(f"{key!r}: write a name, or a name with the index as in z[{index}]")
    return key, False


def _read(key: str, text: str, indexing: Indexing) -> Template:
    with about(key):
        return read_template(text, indexing)


def _assumption(key: str, text: str, indexing: Indexing) -> Template:
    """About layers near l, one l at a time, or about fixed layers: both at once fit no piece of the network."""
    template = _read(key, text, indexing)
    anchors = {mention.place.anchor for mention in template.mentions()}
    if "here" in anchors and len(anchors) > 1:
        i = indexing.index
        raise FileError(f"{key} = {text!r}: an assumption speaks of layers near {i} or of fixed layers, not of both")
    return template


def _shapes(
    shapes: Mapping[str, str], keys: Mapping[str, tuple[str, bool]], indexing: Indexing
) -> dict[str, Template | None]:
    found: dict[str, Template | None] = {}
    for key, text in shapes.items():
        name, placed = keys[key]
        if name in found:
            raise FileError(f"[shapes] {key}: the shape of {name} stands there twice")
        if not placed and name in indexing.names:
            raise FileError(f"[shapes] {key}: {name} is there once in each layer: write {name}[{indexing.index}]")
        template = _read(f"[shapes] {key}", text, indexing) if text.strip() else None
        anchors = {mention.place.anchor for mention in template.mentions()} if template else set()
        if not anchors <= ({"here"} if placed else {"start", "end"}):
            raise FileError(f"[shapes] {key} = {text!r}: {'only sizes near this layer' if placed else 'no layer here'}")
        found[name] = template
    return found


def _definitions(
    define: Mapping[str, str], keys: Mapping[str, tuple[str, bool]], indexing: Indexing
) -> tuple[dict[str, Template], dict[str, Template]]:
    """The definitions of a layer and those after the last one, which come last."""
    layer: dict[str, Template] = {}
    end: dict[str, Template] = {}
    for key, text in define.items():
        name, placed = keys[key]
        target = layer if placed else end
        if name in target or (placed and end):
            raise FileError(f"[define] {key}: the definitions of a layer come first, each once")
        if not placed and name in indexing.names:
            raise FileError(f"[define] {key}: {name} is there once in each layer: write {name}[{indexing.index}]")
        target[name] = _read(f"[define] {key}", text, indexing)
    if not layer or not end:
        i = indexing.index
        raise FileError(f'[define] expected a layer such as "z[{i}]" = "W[{i}] @ a[{i}-1]", and a loss after it')
    for name, template in layer.items():
        if any(template.totals()):
            raise FileError(f"[define] {name}[{indexing.index}]: a sum over layers comes after the last one")
    return layer, end


def _loss(end: Mapping[str, Template], indexing: Indexing) -> Loss:
    """The last definition, as sums over all layers and the rest."""
    name = list(end)[-1]
    for other, template in end.items():
        if other != name and any(template.totals()):
            raise NotSupportedError(f"[define] {other}: only the loss, the last definition, may sum over layers")
    text = end[name].text
    summands: list[tuple[str, Template]] = []
    rest = ""
    for sign, node in terms(text):
        source = ast.get_source_segment(text, node) or ""
        part = read_template(source, indexing)
        if not any(part.totals()):
            rest += f"{sign}({source})"
            continue
        total = part.parts[0]
        if len(part.parts) > 1 or not isinstance(total, Total):
            message = f"[define] {name}: a sum over layers stands alone: put the factor into the sum, in {source!r}"
            raise NotSupportedError(message)
        if (total.low, total.high) != (Place("start", 1), Place("end", 0)):
            message = f"[define] {name}: the loss sums over all layers: range(1, {indexing.count} + 1), in {source!r}"
            raise NotSupportedError(message)
        summands.append((sign, total.body))
    loss_rest = _read(f"[define] {name}", rest.removeprefix("+"), indexing) if rest else None
    return Loss(name=name, summands=tuple(summands), rest=loss_rest)


def _carried(
    layer: Mapping[str, Template], reading: list[Template], sizes: frozenset[str], indexing: Indexing
) -> tuple[str, ...]:
    """The quantities that a layer reads from the one before."""
    found: dict[str, None] = {}
    here = indexing.index
    for template in reading:
        for mention in template.mentions():
            shown = f"{mention.name}[{indexing.written(mention.place)}]"
            if mention.place not in (HERE, HERE.moved(-1)):
                raise NotSupportedError(f"[define] {shown}: a layer reads places {here} and {here}-1 only")
            if mention.place == HERE.moved(-1) and mention.name not in sizes:
                if mention.name not in layer:
                    message = f"[define] {shown}: only what a layer defines is carried to the next one"
                    raise NotSupportedError(message)
                found[mention.name] = None
    return tuple(name for name in layer if name in found)


def _read_at_end(closing: list[Template], sizes: frozenset[str], indexing: Indexing) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for template in closing:
        for mention in template.mentions():
            if mention.place != Place("end", 0):
                shown = f"{mention.name}[{indexing.written(mention.place)}]"
                raise NotSupportedError(
                    f"[define] {shown}: after the last layer stands {mention.name}[{indexing.count}]"
                )
            found[mention.name] = None
    return tuple(name for name in found if name not in sizes)


def _plain_names(templates: list[Template]) -> set[str]:
    """The names without a place in the formulas, functions and quantities alike."""
    found: set[str] = set()
    for template in templates:
        joined = "".join(part if isinstance(part, str) else " place_ " for part in template.parts)
        found |= names_written(joined) - {"place_"}
    return found


def _check_shared(shared: set[str], end: Mapping[str, Template], loss: Loss) -> None:
    for name in sorted(shared & {*end}):
        raise FileError(f"[define] {name} comes after the last layer: no layer, and no summand of {loss.name}, uses it")


def _check_names(repeat: Repeat) -> None:
    """A name such as z_3 or z_l would be mistaken for z in one layer."""
    names, index, count = repeat.indexing.names, repeat.indexing.index, repeat.indexing.count
    for name in sorted(repeat.known - RESERVED):
        for layered in sorted(names):
            tail = name.removeprefix(layered + "_")
            if tail != name and re.match(rf"({index}|{count}|\d+)(_|\Z)", tail):
                raise FileError(f"{name!r} could be mistaken for {layered} in one layer; choose another name")


def _counts(template: Template) -> bool:
    return any(isinstance(part, Count) for part in template.parts) or any(
        map(_counts, (t.body for t in template.totals()))
    )
