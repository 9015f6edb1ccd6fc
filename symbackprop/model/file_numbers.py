"""The numbers of a derivation file: what is given, exactly, and the digits that the source prints."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import sympy as sp

from symbackprop.errors import FileError, FormulaError, shorten
from symbackprop.language.parse import parse
from symbackprop.model.build import scope_of
from symbackprop.model.graph import Graph, names_in
from symbackprop.model.toml_values import read_number, told_at
from symbackprop.model.training import Training, need_training, next_parts
from symbackprop.tensor.nodes import Expr, entry_indices, entry_name, is_size

DIGITS = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d{1,3})?\Z")
MAX_ENTRIES = 100_000

Values = Mapping[tuple[int, ...], Fraction]


@dataclass(frozen=True, kw_only=True, slots=True)
class PrintedNumber:
    """A scalar formula and the digits that the source prints for it, in order of appearance."""

    formula: str
    expr: Expr
    digits: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class PrintedCheck:
    """A printed number, its certified value to ten digits, and its correct rounding to as many places as printed.

    Without a value nothing is said of the printed number: `reason` tells why, `value` and `rounded` are empty.
    """

    formula: str
    digits: str
    value: str
    rounded: str
    agrees: bool
    reason: str = ""


def read_given(table: dict[str, Any], graph: Graph) -> tuple[dict[str, Values], dict[str, int]]:
    """The exact entries of each given quantity, and the sizes that their shapes fix."""
    given: dict[str, Values] = {}
    sizes: dict[str, int] = {}
    for name, value in table.items():
        with told_at(f"[given] {name}"):
            extents, entries = _array(value)
            shape = graph.shape(name)
            if len(extents) != len(shape):
                raise FileError(f"{len(extents)} axes are given, but the shape of {name} is {_show(shape)}")
            for size, extent in zip(shape, extents, strict=True):
                _bind(size, extent, sizes, name)
            given[name] = entries
    return given, sizes


def check_steps(training: Training, given: Mapping[str, Values], graph: Graph) -> None:
    """Raises: FileError where a number is missing that the steps of gradient descent need."""
    used = graph.ancestors(training.loss) | names_in(training.learning_rate)
    for name in (name for name in graph.inputs if name in used):
        if name not in given:
            raise FileError(f"[train] steps: the value of {name!r} is needed; add it to [given]")


def _show(shape: tuple[Expr, ...]) -> str:
    return f"({', '.join(map(str, shape))})"


def _bind(size: Expr, extent: int, sizes: dict[str, int], name: str) -> None:
    if is_size(size):
        if sizes.setdefault(str(size), extent) != extent:
            raise FileError(f"the size {size} is {extent} here and {sizes[str(size)]} above")
    elif size != extent:
        raise FileError(f"an axis of {name} has {extent} entries; its shape says {size}")


def _array(value: Any, inner: bool = False) -> tuple[tuple[int, ...], dict[tuple[int, ...], Fraction]]:
    """Extents and entries of a nested list; a number is an array without axes."""
    if not isinstance(value, list):
        return (), {(): read_number(value, "an entry" if inner else "the value")}
    if not value:
        raise FileError("an empty list: a size is at least 1")
    parts = [_array(item, inner=True) for item in value]
    if len({extents for extents, _ in parts}) > 1:
        raise FileError("the rows have different lengths")
    entries = {(k, *rest): number for k, (_, part) in enumerate(parts) for rest, number in part.items()}
    if len(entries) > MAX_ENTRIES:
        raise FileError(f"more than {MAX_ENTRIES} numbers")
    return (len(parts), *parts[0][0]), entries


def read_printed(
    table: dict[str, Any], graph: Graph, sizes: Mapping[str, int], training: Training | None
) -> tuple[PrintedNumber, ...]:
    numbers = []
    for formula, value in table.items():
        with told_at(f"[printed] {shorten(formula)}"):
            digits = value if isinstance(value, list) else [value]
            if not digits or not all(isinstance(text, str) and DIGITS.match(text) for text in digits):
                raise FileError(f'expected the printed digits as text such as "0.6225", found {_as_toml(value)}')
            tensor = parse(formula, scope_of(graph))
            if tensor.shape:
                raise FormulaError(f"has the shape {_show(tensor.shape)}; a printed number is a scalar", formula)
            for quantity in sorted(found[0] for found in map(next_parts, names_in(tensor.expr)) if found):
                need_training(training, quantity)
            _check_positions(tensor.expr, formula, graph, sizes)
            numbers.append(PrintedNumber(formula=formula, expr=tensor.expr, digits=tuple(digits)))
    return tuple(numbers)


def _as_toml(value: Any) -> str:
    """A number as it is written, anything else as Python shows it."""
    return str(value) if isinstance(value, Decimal) else repr(value)


def _check_positions(expr: Expr, formula: str, graph: Graph, sizes: Mapping[str, int]) -> None:
    """Integer indices were read against symbolic sizes; now the sizes are known."""
    for node in sorted(expr.atoms(sp.Indexed), key=str):
        name = entry_name(node) or ""
        if name not in graph.inputs and name not in graph.definitions:
            continue
        for position, size in zip(entry_indices(node), graph.shape(name), strict=True):
            bound = sizes.get(str(size))
            if position.is_Integer and bound is not None and position >= bound:
                raise FormulaError(f"index {position} of {name} is out of range: {size} is {bound}", formula)
