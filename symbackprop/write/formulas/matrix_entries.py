r"""One entry of an array: `y_{i} \log(p_{i})`, for what matrix notation cannot say without indices."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from symbackprop.write.formulas.latex_pieces import parenthesised
from symbackprop.write.formulas.matrix_pieces import (
    Level,
    NoNotationError,
    Piece,
    added,
    applied,
    fraction,
    function_of,
    held,
    indicator,
    leading_sign,
    negated,
    power,
    scaled,
    times,
)
from symbackprop.write.formulas.matrix_rewriting import adds_axes, is_new_axis, items_of, written_out

if TYPE_CHECKING:
    from symbackprop.write.formulas.matrix import MatrixPrinter

Letters = tuple[str, ...]
Taken = frozenset[str]


def entry(printer: MatrixPrinter, node: ast.expr, at: Letters, taken: Taken) -> Piece:
    """The entry of the array at the given indices; `taken` are the letters in use."""
    code = printer.code(node)
    if code is not None and at:
        return printer.quantity(code, at)
    if isinstance(node, ast.UnaryOp):
        inner = entry(printer, node.operand, at, taken)
        return negated(inner) if isinstance(node.op, ast.USub) else inner
    if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.MatMult):
        return _arithmetic(printer, node, at, taken)
    if isinstance(node, ast.Compare):
        left, right = (_part(printer, side, node, at, taken) for side in (node.left, node.comparators[0]))
        return indicator(left, node.ops[0], right)
    if isinstance(node, ast.Attribute):
        return entry(printer, node.value, at[::-1], taken)
    if isinstance(node, ast.Call):
        return _call(printer, node, at, taken)
    if isinstance(node, ast.Subscript) and adds_axes(node):
        return _without_new_axes(printer, node, at, taken)
    return _of_whole(printer, node, at)


def _of_whole(printer: MatrixPrinter, node: ast.expr, at: Letters) -> Piece:
    """An entry of what can only be written as a whole: (A x)_i."""
    piece = printer.piece(node)
    if not at:
        return piece
    text = held(piece, Level.ATOM)
    # TeX refuses a second subscript: I_{n} is (I_{n})_{ij}.
    whole = parenthesised(text) if text == piece.text and "_" in text else text
    return Piece(f"{whole}_{{{_listed(at)}}}")


def _without_new_axes(printer: MatrixPrinter, node: ast.Subscript, at: Letters, taken: Taken) -> Piece:
    items = items_of(node)
    kept = [i for i, item in zip(at, items, strict=False) if not is_new_axis(item)]
    return entry(printer, node.value, (*kept, *at[len(items) :]), taken)


def _listed(at: Letters) -> str:
    return ("," if any(len(i) > 1 for i in at) else "").join(at)


def _part(printer: MatrixPrinter, node: ast.expr, whole: ast.expr, at: Letters, taken: Taken) -> Piece:
    """The entry of an operand that is broadcast to the whole."""
    own, shape = printer.shape(node), printer.shape(whole)
    offset = len(shape) - len(own)
    indices = tuple("1" if size == 1 else at[offset + axis] for axis, size in enumerate(own))
    return entry(printer, node, indices, taken)


def _arithmetic(printer: MatrixPrinter, node: ast.BinOp, at: Letters, taken: Taken) -> Piece:
    bare = leading_sign(node)
    if bare is not None:
        return negated(entry(printer, bare, at, taken))
    if isinstance(node.op, ast.Pow):
        return power(_part(printer, node.left, node, at, taken), printer.exponent(node.right))
    left, right = (_part(printer, side, node, at, taken) for side in (node.left, node.right))
    if isinstance(node.op, (ast.Add, ast.Sub)):
        return added(left, "+" if isinstance(node.op, ast.Add) else "-", right)
    if isinstance(node.op, ast.Mult):
        return times(left, right)
    return times(fraction(Piece("1"), right), left) if left.open else fraction(left, right)


def _call(printer: MatrixPrinter, node: ast.Call, at: Letters, taken: Taken) -> Piece:
    row = _ROWS.get(function_of(node))
    if row is not None:
        return row(printer, node, at, taken)
    if function_of(node) in _WHOLE:
        return _of_whole(printer, node, at)
    parts = [_part(printer, argument, node, at, taken) for argument in arguments(printer, node)]
    return format_function(printer, node, parts, of_numbers=True)


# --- sums


def _summed(printer: MatrixPrinter, node: ast.Call, at: Letters, taken: Taken) -> tuple[str, Letters, Taken]:
    r"""The signs \sum_{k=1}^{n}, the indices of the argument and the letters then in use."""
    shape = printer.shape(node.args[0])
    over = _axes(node, len(shape))
    remaining = list(at)
    signs, indices, used = "", [], taken | set(at)
    for axis, size in enumerate(shape):
        if axis not in over:
            indices.append(remaining.pop(0))
            continue
        if keeps_axes(node):
            remaining.pop(0)
        letter = "1"
        if size != 1:
            letter = printer.names.next_letter(used)
            used |= {letter}
            signs += rf"\sum_{{{letter}=1}}^{{{printer.size(size)}}} "
        indices.append(letter)
    return signs, tuple(indices), used


def _signed(signs: str, body: Piece) -> Piece:
    return Piece(signs + held(body, Level.PRODUCT), Level.PRODUCT, open=True) if signs else body


def _sum(printer: MatrixPrinter, node: ast.Call, at: Letters, taken: Taken) -> Piece:
    signs, indices, used = _summed(printer, node, at, taken)
    return _signed(signs, entry(printer, node.args[0], indices, used))


def _mean(printer: MatrixPrinter, node: ast.Call, at: Letters, taken: Taken) -> Piece:
    return scaled(mean_divisor(printer, node), _sum(printer, node, at, taken))


def _log_sum_exp(printer: MatrixPrinter, node: ast.Call, at: Letters, taken: Taken) -> Piece:
    """log Σ exp(z)."""
    signs, indices, used = _summed(printer, node, at, taken)
    total = _signed(signs, exponential(printer, entry(printer, node.args[0], indices, used)))
    return Piece(rf"\log {total.text}", Level.PRODUCT, open=True)


def _norm(printer: MatrixPrinter, node: ast.Call, at: Letters, taken: Taken) -> Piece:
    """√Σx²; a vector and a matrix as a whole have a sign of their own."""
    if not at and printer.rank(node.args[0]) <= 2:
        return printer.piece(node)
    signs, indices, used = _summed(printer, node, at, taken)
    return Piece(rf"\sqrt{{{signs}{power(entry(printer, node.args[0], indices, used), '2').text}}}", Level.FACTOR)


def _outer(printer: MatrixPrinter, node: ast.Call, at: Letters, taken: Taken) -> Piece:
    a, b = node.args
    split = printer.rank(a)
    return times(entry(printer, a, at[:split], taken), entry(printer, b, at[split:], taken))


def _einsum(printer: MatrixPrinter, node: ast.Call, at: Letters, taken: Taken) -> Piece:
    """Σ over the letters that the output lacks of the product of the entries."""
    assert isinstance(node.args[0], ast.Constant)
    left, _, output = str(node.args[0].value).replace(" ", "").partition("->")
    groups, used = left.split(","), taken | set(at)
    letters, signs = dict(zip(output, at, strict=True)), ""
    for group, argument in zip(groups, node.args[1:], strict=True):
        for letter, size in zip(group, printer.shape(argument), strict=True):
            if letter not in letters:
                letters[letter] = printer.names.next_letter(used)
                used |= {letters[letter]}
                signs += rf"\sum_{{{letters[letter]}=1}}^{{{printer.size(size)}}} "
    parts = [
        entry(printer, argument, tuple(letters[c] for c in group), used)
        for group, argument in zip(groups, node.args[1:], strict=True)
    ]
    body = parts[0]
    for part in parts[1:]:
        body = times(body, part)
    return _signed(signs, body)


def _written_out(printer: MatrixPrinter, node: ast.Call, at: Letters, taken: Taken) -> Piece:
    return entry(printer, written_out(node, printer.rank(node.args[0])), at, taken)


def array_of_entries(printer: MatrixPrinter, node: ast.expr) -> Piece:
    r"""The array with these entries: \left(\sum_{k} A_{ik} B_{jk}\right)_{ij}."""
    at: list[str] = []
    for size in printer.shape(node):
        at.append("1" if size == 1 else printer.names.next_letter(frozenset(at)))
    inner = entry(printer, node, tuple(at), frozenset(at))
    return Piece(rf"\left({inner.text}\right)_{{{_listed(tuple(at))}}}") if at else inner


def mean_divisor(printer: MatrixPrinter, node: ast.Call) -> Piece:
    """1/n, n being the number of entries over which a mean is taken."""
    shape = printer.shape(node.args[0])
    sizes = [printer.size(shape[axis]) for axis in _axes(node, len(shape))]
    return fraction(Piece("1"), Piece(r"\,".join(sizes) if sizes else "1"))


def axis_of(node: ast.Call) -> int | tuple[int, ...] | None:
    """The value of the keyword `axis`."""
    for keyword in node.keywords:
        if keyword.arg == "axis":
            value: int | tuple[int, ...] | None = ast.literal_eval(keyword.value)
            return value
    return None


def keeps_axes(node: ast.Call) -> bool:
    return any(k.arg == "keepdims" and isinstance(k.value, ast.Constant) and k.value.value for k in node.keywords)


def _axes(node: ast.Call, rank: int) -> tuple[int, ...]:
    axis = axis_of(node)
    if axis is None:
        return tuple(range(rank))
    return tuple(a % rank for a in (axis if isinstance(axis, tuple) else (axis,)))


# --- functions of entries


def arguments(printer: MatrixPrinter, node: ast.Call) -> list[ast.expr]:
    """The arguments that are arrays: all but the f of prime(f, z)."""
    return list(node.args[1:] if function_of(node) == "prime" else node.args)


def exponential(printer: MatrixPrinter, exponent: Piece) -> Piece:
    if printer.names.exponential == "e":
        return Piece(f"e^{{{exponent.text}}}", Level.FACTOR, raised=True)
    return applied(printer.names.exponential, exponent)


def format_function(printer: MatrixPrinter, node: ast.Call, parts: Sequence[Piece], of_numbers: bool) -> Piece:
    """f(a, b, ...) of numbers or of whole arrays, which are printed already."""
    function, primes = function_of(node), ""
    if function == "exp" and of_numbers:
        return exponential(printer, parts[0])
    if function in _FORMATS:
        return _FORMATS[function](parts)
    if function == "prime":
        assert isinstance(node.args[0], ast.Name)
        function, primes = node.args[0].id, "'"
    symbol = printer.names.functions.get(function)
    if symbol is None:
        raise NoNotationError(f"the function {function}")
    return applied(symbol.text + primes, *parts)


def _where(parts: Sequence[Piece]) -> Piece:
    r"""Cases; the condition is an indicator \mathbf{1}[z > 0] or a number that is 1 or 0."""
    condition, start = parts[0].text, r"\mathbf{1}["
    bare = condition[len(start) : -1] if condition.startswith(start) and condition.endswith("]") else f"{condition} = 1"
    rows = rf"{parts[1].text} & \text{{if }} {bare} \\ {parts[2].text} & \text{{otherwise}}"
    return Piece(rf"\begin{{cases}} {rows} \end{{cases}}", Level.FACTOR, open=True)


_FORMATS: dict[str, Callable[[Sequence[Piece]], Piece]] = {
    "sqrt": lambda parts: Piece(rf"\sqrt{{{parts[0].text}}}", Level.FACTOR),
    "abs": lambda parts: Piece(rf"\lvert {parts[0].text} \rvert"),
    "maximum": lambda parts: applied(r"\max", *parts),
    "minimum": lambda parts: applied(r"\min", *parts),
    "where": _where,
}
_WHOLE = frozenset({"softmax", "log_softmax", "diag", "trace", "eye", "ones", "zeros", "dot", "d", "next"})
_ROWS: dict[str, Callable[[MatrixPrinter, ast.Call, Letters, Taken], Piece]] = {
    "sum": _sum,
    "mean": _mean,
    "logsumexp": _log_sum_exp,
    "norm": _norm,
    "outer": _outer,
    "einsum": _einsum,
    **dict.fromkeys(("var", "std", "swapaxes"), _written_out),
}
