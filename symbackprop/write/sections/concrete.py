"""Formulas with numbers: an entry of a tensor with its sums written out, in symbols, in numbers and as a result."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import product

import sympy as sp

from symbackprop.tensor.indices import children, free_indices, open_sum, rebuild, substitute
from symbackprop.tensor.nodes import Expr, entry, entry_name, extent, is_size
from symbackprop.tensor.tensor import Tensor
from symbackprop.write.blocks import Block, Equation, Equations, Paragraph, Text, words
from symbackprop.write.formulas.latex import latex_numbers
from symbackprop.write.formulas.read_back import prints_numbers
from symbackprop.write.layout import width
from symbackprop.write.sections.context import Context, compact, is_exact

Position = tuple[int, ...]
# A line for each entry up to so many; of a larger tensor the results stand in a matrix.
MAX_LINES = 12
MAX_COLUMN = 8
MATRIX, COLUMN_GAP = 330.0, 10.0  # points
MAX_RESULTS = 256
ROW = 390.0  # points
_DOUBLE = re.compile(r"(?<=\()\((-[\d.]+)\)(?=\)|\\right\)|, )")
_COMPARED = re.compile(r"\[\((-[\d.]+)\) ")
_ALONE = re.compile(r"\((-[\d.]+)\)")
# Terms of a sum that are still written out.
MAX_TERMS = 12


class TooLongError(Exception):
    """A formula whose sums would fill more than a line or two."""


def written_out(expr: Expr, sizes: Mapping[str, int]) -> Expr:
    """`expr`, whose free indices are numbers, with every sum written term by term.

    Raises: TooLongError beyond MAX_TERMS terms in one sum.
    """
    if isinstance(expr, sp.Sum):
        body, bound = open_sum(expr, ())
        ranges = [range(_count(extent(i), sizes)) for i in bound]
        positions = list(product(*ranges))
        if len(positions) > MAX_TERMS:
            raise TooLongError
        at = [dict(zip(bound, map(sp.Integer, position), strict=True)) for position in positions]
        return sp.Add(*(written_out(substitute(body, mapping), sizes) for mapping in at))
    parts = children(expr)
    return rebuild(expr, [written_out(part, sizes) for part in parts]) if parts else expr


def _count(size: Expr, sizes: Mapping[str, int]) -> int:
    if size.is_Integer:
        return int(size)
    if str(size) not in sizes:
        raise TooLongError
    return sizes[str(size)]


def positions(ctx: Context, shape: tuple[Expr, ...]) -> list[Position] | None:
    """Every position of a tensor of that shape; None when a size is not known."""
    extents = ctx.extents(shape)
    return None if extents is None else list(product(*map(range, extents)))


def entry_line(
    ctx: Context, left: str, expr: Expr, result: str, reason: Text = (), numbers: Mapping[Expr, str] | None = None
) -> Equation:
    """`left = symbols = numbers = result`; a part that repeats its neighbour is left out.

    A sign is an equality only where every number that it joins is exact.
    """
    values = ctx.numbers if numbers is None else numbers
    rights: list[str] = []
    signs: list[str] = []
    inserted = _inserted(ctx, expr, values)
    if inserted is not None:
        symbols, digits, exact = inserted
        rights, signs = [symbols, digits], ["=", "=" if exact else r"\approx"]
    shown = number(result)
    if not rights or rights[-1] != shown:
        rights.append(shown)
        signs.append(
            "=" if is_exact(result) and (not inserted or inserted[2] or _vanishes(result, rights)) else r"\approx"
        )
    return Equation(left, tuple(rights), reason, tuple(signs))


def _vanishes(result: str, rights: list[str]) -> bool:
    """Whether a product is exactly 0 because a factor is."""
    factors = rights[-2].split(r" \cdot ")
    return result == "0" and "0" in factors


def _inserted(ctx: Context, expr: Expr, values: Mapping[Expr, str]) -> tuple[str, str, bool] | None:
    """The expression in symbols and in numbers, and whether the numbers are exact.

    None when a number is missing, or when the line is not read back as the expression with the numbers put in.
    """
    try:
        concrete = written_out(expr, ctx.file.sizes)
    except TooLongError:
        return None
    used = list(leaves(concrete))
    if not used or any(leaf not in values for leaf in used):
        return None
    symbols = ctx.tex(concrete, {})
    digits = bare(latex_numbers(concrete, ctx.names, values, free={}))
    if not prints_numbers(digits, concrete, values, ctx.names):
        return None
    return symbols, digits, all(is_exact(values[leaf]) for leaf in used)


def bare(text: str) -> str:
    """A line with numbers without the parentheses that no sign needs: σ((-0.5)), [(-1) > 0], (-2) alone."""
    text = _DOUBLE.sub(r"\1", text)
    text = _COMPARED.sub(r"[\1 ", text)
    alone = _ALONE.fullmatch(text)
    return alone[1] if alone else text


def leaves(expr: Expr) -> Iterator[Expr]:
    """The entries, scalars and sizes in an expression."""
    if entry_name(expr) is not None or is_size(expr):
        yield expr
        return
    for child in children(expr):
        yield from leaves(child)


def number(text: str) -> str:
    r"""A decimal as LaTeX: `1.5e-7` and 0.00000015 are 1.5 \cdot 10^{-7}."""
    mantissa, _, exponent = compact(text).lower().partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa


def tensor_lines(
    ctx: Context,
    code: str,
    tensor: Tensor,
    results: Mapping[Position, str],
    *,
    numbers: Mapping[Expr, str] | None = None,
) -> list[Equations | Paragraph]:
    """Each entry of a tensor with its numbers; of a large one the first entries, then all results as a matrix."""
    places = sorted(results)
    few = places if len(places) <= MAX_LINES else places[:2]
    lines = []
    for position in few:
        left = ctx.tex(entry(code, *position), {})
        lines.append(entry_line(ctx, left, _at(tensor, position), results[position], numbers=numbers))
    # Long formulas would drown the numbers: where nothing can be inserted, a matrix says the same in less space.
    bare = all(len(line.rights) == 1 for line in lines) and len(places) > 1
    blocks: list[Equations | Paragraph] = [] if bare else [Equations(tuple(lines))]
    if bare or len(few) < len(places):
        blocks += result_blocks(ctx, code, results)
    return blocks


def _at(tensor: Tensor, position: Position) -> Expr:
    expr = tensor.at(*map(sp.Integer, position))
    assert not free_indices(expr), f"internal error: {expr} has a free index"
    return expr


def rows_of_matrices(ctx: Context, found: Mapping[str, Mapping[Position, str]]) -> list[Equation]:
    """Vectors and matrices of numbers side by side, as many to a row as there is room for."""
    rows: list[list[Equation]] = []
    room = 0.0
    for code, texts in found.items():
        for line in matrix_lines(ctx.symbol(code), texts):
            taken = width(line.left) + width(line.rights[0]) + 40.0
            if not rows or taken > room or line.reason or not line.left:
                rows.append([])
                room = ROW
            rows[-1].append(line)
            room -= taken
    return [_in_a_row(row) for row in rows]


def _in_a_row(row: list[Equation]) -> Equation:
    first, *others = row
    right = first.rights[0] + "".join(rf", \qquad {e.left} {e.sign(0)} {e.rights[0]}" for e in others)
    return Equation(first.left, (right,), first.reason, first.signs)


def result_blocks(
    ctx: Context, code: str, results: Mapping[Position, str], sign: str = ""
) -> list[Equations | Paragraph]:
    """All entries of a tensor as a vector or matrix."""
    if len(results) > MAX_RESULTS:
        text = words("{q} has {count} entries; they stand in the JSON file.", q=ctx.math(code), count=str(len(results)))
        return [Paragraph(text)]
    return [Equations(tuple(matrix_lines(ctx.symbol(code), results, sign)))]


def matrix_lines(symbol: str, results: Mapping[Position, str], sign: str = "") -> Iterator[Equation]:
    """A tensor of results as a vector or matrix: one for each leading index and each eight columns."""
    rank = len(next(iter(results)))
    groups: dict[Position, dict[Position, str]] = {}
    for position, text in results.items():
        groups.setdefault(position[: max(rank - 2, 0)], {})[position[max(rank - 2, 0) :]] = text
    for lead, part in sorted(groups.items()):
        left = symbol if not lead else rf"\left({symbol}\right)_{{{','.join(str(k + 1) for k in lead)}}}"
        relation = sign or ("=" if all(map(is_exact, part.values())) else r"\approx")
        if rank == 0:
            yield Equation(left, (number(part[()]),), signs=(relation,))
        elif rank == 1:
            yield from _vector(left, relation, [number(part[position]) for position in sorted(part)])
        else:
            yield from _matrix(left, relation, part)


def _vector(left: str, sign: str, texts: list[str]) -> Iterator[Equation]:
    """A column; a long one as a list with a transposition sign, over several lines where need be."""
    if len(texts) <= MAX_COLUMN:
        yield Equation(left, (_grid([[text] for text in texts]),), signs=(sign,))
        return
    per_line = _columns(texts)
    # Braces: TeX would take the sign at the beginning of a line for a difference.
    texts = [f"{{{text}}}" if text.startswith("-") else text for text in texts]
    rows = [r",\; ".join(texts[start : start + per_line]) for start in range(0, len(texts), per_line)]
    for k, row in enumerate(rows):
        last = k == len(rows) - 1
        right = ("(" if k == 0 else "") + row + (r")^{\top}" if last else ",")
        yield Equation(left if k == 0 else "", (right,), signs=(sign if k == 0 else r"\quad",))


def _columns(texts: Iterable[str]) -> int:
    """How many numbers of such lengths stand side by side."""
    return max(1, int(MATRIX / (max(map(width, texts)) + COLUMN_GAP)))


def _matrix(left: str, sign: str, part: Mapping[Position, str]) -> Iterator[Equation]:
    """The matrix, or as many columns of it at a time as there is room for."""
    height, total = (max(position[axis] for position in part) + 1 for axis in (0, 1))
    step = _columns(map(number, part.values()))
    for start in range(0, total, step):
        columns = range(start, min(start + step, total))
        grid = _grid([[number(part[row, column]) for column in columns] for row in range(height)])
        reason = words(f"columns {columns[0] + 1} to {columns[-1] + 1}") if total > step else ()
        yield Equation(left if not start else "", (grid,), reason, (sign,))


def _grid(rows: list[list[str]]) -> str:
    lines = r" \\ ".join(" & ".join(row) for row in rows)
    return rf"\begin{{pmatrix}} {lines} \end{{pmatrix}}"


def merged(blocks: Iterable[Block]) -> list[Block]:
    """Neighbouring groups of equations as one group."""
    result: list[Block] = []
    for block in blocks:
        if isinstance(block, Equations) and result and isinstance(result[-1], Equations):
            result[-1] = Equations(result[-1].lines + block.lines)
        else:
            result.append(block)
    return result
