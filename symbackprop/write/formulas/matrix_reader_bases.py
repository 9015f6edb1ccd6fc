r"""What the factors of matrix notation are made of: numbers, names, calls, fractions, roots, derivatives, cases.

One row for each token with which a base may begin; everything else is a name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import sympy as sp

from symbackprop.language.calls import next_name
from symbackprop.tensor.nodes import Expr, Partial, entry, is_adjoint, size
from symbackprop.write.formulas.matrix_reader_arrays import (
    Array,
    arranged,
    entry_by_entry,
    eye,
    filled,
    norm,
    of_shape,
    transposed,
)
from symbackprop.write.formulas.matrix_reader_words import INDICATORS, PAIRS, WHOLE, Kind, Word, function_of_entries
from symbackprop.write.formulas.reader_tokens import CLOSING

if TYPE_CHECKING:
    from symbackprop.write.formulas.matrix_reader import MatrixReader

_BOLD = ("\\mathbf", "{")
_WORD = {"if": (r"\text", "{", "i", "f", "}"), "otherwise": (r"\text", "{", *"otherwise", "}")}
_CASES = ("{", *"cases", "}")


def base(reader: MatrixReader) -> Array:
    """The base of a factor; `reader.scripts` then says which scripts may follow it."""
    token = reader.peek()
    if token in CLOSING:
        return reader.group()
    if token.isdigit():
        return _with("^", reader, lambda r: Array(r.number()))
    if token == "e" and reader.names.exponential == "e":
        return _with("", reader, _exponential)
    if token == "I" and not reader.words.starts_with("I"):
        return _with("^", reader, _eye)
    if token in _ROWS:
        scripts, rule = _ROWS[token]
        return _with(scripts, reader, rule)
    if reader.looking_at((*_BOLD, "1", "}", "[")):
        return _with("", reader, _indicator)
    if reader.looking_at(_BOLD) and reader.peek(2) in ("0", "1"):
        return _with("^", reader, _filled)
    return _named(reader, reader.words.take(reader))


def _with(scripts: str, reader: MatrixReader, rule: Callable[[MatrixReader], Array]) -> Array:
    found = rule(reader)
    reader.scripts = scripts
    return found


def _braced(reader: MatrixReader) -> Array:
    reader.expect("{")
    found = reader.expression()
    reader.expect("}")
    return found


def _number(reader: MatrixReader) -> Expr:
    return reader.number_in(lambda: _braced(reader))


def _exponential(reader: MatrixReader) -> Array:
    """e^{...} of a number; of a matrix it would be another function."""
    reader.expect("e", "^")
    return Array(sp.exp(_number(reader)))


def _fraction(reader: MatrixReader) -> Array:
    if reader.peek(2) == r"\partial":
        return _derivative(reader)
    reader.expect(r"\frac")
    above, below = _number(reader), _number(reader)
    return Array(above / below)


def _derivative(reader: MatrixReader) -> Array:
    r"""\frac{\partial f}{\partial v}: the axes of f, then those of v."""
    reader.expect(r"\frac", "{", r"\partial")
    f = reader.group() if reader.peek() in CLOSING else _quantity(reader)
    reader.expect("}", "{", r"\partial")
    v = _quantity(reader)
    reader.expect("}")
    if f.is_number:
        return Array(Partial(f.expr, v.expr), v.axes)
    return arranged(Partial(f.expr, v.expr), [*f.long, *v.long])


def _quantity(reader: MatrixReader) -> Array:
    """A quantity or an entry of one."""
    word = reader.words.take(reader)
    if word.kind not in (Kind.WHOLE, Kind.OPENED):
        reader.fail("derivatives are of quantities by quantities")
    return _named(reader, word)


def _root(reader: MatrixReader) -> Array:
    reader.expect(r"\sqrt")
    return entry_by_entry(sp.sqrt, _braced(reader))


def _absolute(reader: MatrixReader) -> Array:
    reader.expect(r"\lvert")
    inner = reader.expression()
    reader.expect(r"\rvert")
    return entry_by_entry(sp.Abs, inner)


def _norm(reader: MatrixReader) -> Array:
    r"""\lVert x \rVert of a vector, \lVert A \rVert_{F} of a matrix."""
    reader.expect(r"\lVert")
    inner = reader.expression()
    reader.expect(r"\rVert")
    if reader.looking_at(("_", "{", "F", "}")):
        reader.expect("_", "{", "F", "}")
    elif len(inner.long) != 1:
        reader.fail("the length of what is no vector")
    return norm(inner, reader.fresh)


def _pi(reader: MatrixReader) -> Array:
    reader.expect(r"\pi")
    return Array(sp.pi)


def _eye(reader: MatrixReader) -> Array:
    reader.expect("I", "_", "{")
    length = reader.length()
    reader.expect("}")
    return eye(length, reader.fresh)


def _filled(reader: MatrixReader) -> Array:
    r"""\mathbf{1}_{n} and \mathbf{0}_{m \times n}."""
    reader.expect(*_BOLD)
    value = int(reader.take())
    reader.expect("}", "_", "{")
    shape = [reader.length()]
    while value == 0 and reader.accept(r"\times"):
        shape.append(reader.length())
    reader.expect("}")
    return filled(value, shape, reader.fresh)


def _indicator(reader: MatrixReader) -> Array:
    reader.expect(*_BOLD, "1", "}", "[")
    found = _condition(reader)
    reader.expect("]")
    return found


def _condition(reader: MatrixReader) -> Array:
    """1 where the relation holds, otherwise 0."""
    left = reader.expression()
    function = INDICATORS.get(reader.take())
    if function is None:
        reader.fail("expected a relation")
    return entry_by_entry(function, left, reader.expression())


def _cases(reader: MatrixReader) -> Array:
    reader.expect(r"\begin", *_CASES)
    first = reader.expression()
    reader.expect("&", *_WORD["if"])
    condition = _condition(reader)
    reader.expect(r"\\")
    second = reader.expression()
    reader.expect("&", *_WORD["otherwise"], r"\end", *_CASES)
    return entry_by_entry(lambda c, u, v: c * u + (1 - c) * v, condition, first, second)


_ROWS: Mapping[str, tuple[str, Callable[[MatrixReader], Array]]] = {
    r"\sum": ("", lambda reader: reader.sum()),
    r"\frac": ("", _fraction),
    r"\sqrt": ("", _root),
    r"\lvert": ("_^", _absolute),
    r"\lVert": ("^", _norm),
    r"\pi": ("^", _pi),
    r"\begin": ("", _cases),
}


# --- names


def _named(reader: MatrixReader, word: Word) -> Array:
    """A quantity, a size, or a function with its arguments."""
    if word.kind is Kind.FUNCTION:
        return _call(reader, word.code)
    if word.kind is Kind.PAIR:
        return entry_by_entry(PAIRS[word.code], *_exactly(reader, 2))
    if word.kind is Kind.ARRAY:
        (argument,) = _exactly(reader, 1)
        reader.scripts = "" if word.code.startswith(r"\log") else "_^"
        return WHOLE[word.code](argument, reader.fresh)
    if word.kind is Kind.NEXT:
        return _next(reader)
    if word.kind is Kind.SIZE:
        reader.scripts = word.scripts.replace("_", "")
        return Array(size(word.code))
    return _of_quantity(reader, word)


def _of_quantity(reader: MatrixReader, word: Word) -> Array:
    """A whole quantity, its transpose, or an entry, row or column of it."""
    shape = reader.words.shape(word.code)
    texts = [":"] * len(shape)
    opened = word.kind is Kind.OPENED
    indexed = opened or ("_" in word.scripts and reader.peek() == "_")
    if indexed and not shape:
        reader.fail(f"{word.code} has no indices")
    if indexed:
        texts = reader.separated(reader.index_groups(opened), len(shape))
    reader.scripts = word.scripts.replace("_", "")
    positions = [reader.at(text, length) for text, length in zip(texts, shape, strict=True)]
    axes = [reader.fresh(length) if at is None else None for at, length in zip(positions, shape, strict=True)]
    indices = [_index(at, axis) for at, axis in zip(positions, axes, strict=True)]
    expr = reader.words.entry(word.code, indices)
    if indexed:
        return arranged(expr, [axis for axis in axes if axis is not None])
    whole = Array(expr, (*axes, *[None] * (2 - len(axes))))
    return transposed(whole) if word.kind is Kind.RAISED else whole


def _index(at: Expr, axis: Expr) -> Expr:
    """The index at a position, that of an axis, or the only one of an axis of length 1."""
    return at if at is not None else sp.Integer(0) if axis is None else axis


def _exactly(reader: MatrixReader, count: int) -> list[Array]:
    found = reader.arguments(count)
    if len(found) != count:
        reader.fail(f"expected {count} arguments")
    return found


def _call(reader: MatrixReader, code: str) -> Array:
    r"""f(x), f'(x), or \log of the rest of the product."""
    order = 0
    while reader.accept("'"):
        order += 1
    function = function_of_entries(code, order)
    if function is None:
        reader.fail(f"derivative {order} of {code}")
    if code == "log" and order == 0 and reader.peek() not in CLOSING:
        found = entry_by_entry(function, reader.product())
        reader.scripts = ""
        return found
    return entry_by_entry(function, *reader.arguments(2))


def _next(reader: MatrixReader) -> Array:
    """The quantity after one gradient step, or after as many as stand above."""
    steps = 1
    if reader.accept("^"):
        reader.expect("{")
        steps = int(reader.number())
        reader.expect("}")
    reader.expect("(")
    word = reader.words.take(reader)
    if word.kind is not Kind.WHOLE or is_adjoint(word.code):
        reader.fail("expected the name of a quantity")
    reader.expect(")")
    reader.scripts = "_" if steps > 1 else "_^"
    axes = of_shape(reader.words.shape(word.code), reader.fresh)
    shape = reader.words.shape(word.code)
    indices = [_index(None, axis) for axis in axes[: len(shape)]]
    return Array(entry(next_name(word.code, steps), *indices), axes)
