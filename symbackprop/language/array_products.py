"""Products of arrays, summed over some of their indices, in the shortest usual form: `*`, `@`, `outer`, `sum`."""

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import sympy as sp

from symbackprop.language.array_layout import (
    best_by_layout,
    einsum,
    entrywise,
    matrices_transposed,
    reduction,
    shortest,
    squeezed,
    transposed,
)
from symbackprop.language.array_nodes import (
    Array,
    Labels,
    Variants,
    binary,
    call,
    has_mark,
    is_call,
    is_matmul,
    label_set,
    matmul,
    negative,
    number,
)
from symbackprop.tensor.nodes import Expr

ONE = sp.Integer(1)


@dataclass(frozen=True, slots=True)
class Factor:
    """One factor of a product; `inverse` says that it is divided by."""

    variants: Variants
    inverse: bool = False

    @property
    def labels(self) -> frozenset[Expr]:
        return label_set(self.variants[0].labels)


# --- without sums


def quotient(numerators: Sequence[Array], denominators: Sequence[Array], coefficient: Expr = ONE) -> ast.expr:
    """coefficient * numerators / denominators, as it is usually written."""
    above = [array.node for array in sorted(numerators, key=_place)]
    below = [array.node for array in sorted(denominators, key=_place)]
    if abs(coefficient.p) != 1 or not above:
        above.insert(0, number(abs(int(coefficient.p))))
    if coefficient.q != 1:
        below.insert(0, number(int(coefficient.q)))
    node = _chain(above)
    if below:
        node = binary(node, ast.Div, _chain(below))
    return negative(node) if coefficient < 0 else node


def _chain(nodes: Sequence[ast.expr]) -> ast.expr:
    node = nodes[0]
    for following in nodes[1:]:
        node = binary(node, ast.Mult, following)
    return node


def _place(array: Array) -> tuple[bool, int, str]:
    """Where a factor stands: scalars, matrix products (no parentheses there), adjoints, ..., f'(z), indicators."""
    node = array.node
    if is_matmul(node):
        kind = 0
    elif has_mark(node, "leads"):
        kind = 1
    elif isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)):
        kind = 2
    elif is_call(node, "prime"):
        kind = 5
    elif isinstance(node, ast.Compare):
        kind = 6
    else:
        kind = 3 if isinstance(node, ast.Call) else 4
    return bool(array.labels), kind, array.text


def multiplied(factors: Sequence[Factor], coefficient: Expr = ONE) -> Variants:
    """The product entry by entry; factors without a common index become outer products."""
    groups = _groups(f for f in factors if f.labels)
    if len(groups) <= 1:
        return _chained(factors, coefficient)
    scalars = [f for f in factors if not f.labels]
    found: list[Array] = []
    if any(f.labels == _union(factors) for f in factors):
        found += _chained(factors, coefficient)
        found += _rows_scaled(groups, scalars, coefficient)
    if (joined := _outer_products([_grouped(group) for group in groups])) is not None:
        found += _chained([*scalars, *joined], coefficient)
    return best_by_layout(found) if found else _by_einsum(factors, (), coefficient)


def _groups(factors: Iterable[Factor]) -> list[list[Factor]]:
    """The factors by their sets of indices, in order of appearance."""
    groups: dict[frozenset[Expr], list[Factor]] = {}
    for factor in factors:
        groups.setdefault(factor.labels, []).append(factor)
    return list(groups.values())


def _grouped(factors: Sequence[Factor]) -> Factor:
    """The product of factors over the same indices as one factor."""
    return factors[0] if len(factors) == 1 else Factor(_chained(factors))


def _chained(factors: Sequence[Factor], coefficient: Expr = ONE) -> Variants:
    """The product in one chain of `*` and `/`, by broadcasting."""
    if len(factors) == 1 and coefficient == 1 and not factors[0].inverse:
        return factors[0].variants

    def make(parts: list[Array]) -> ast.expr:
        above = [part for part, f in zip(parts, factors, strict=True) if not f.inverse]
        below = [part for part, f in zip(parts, factors, strict=True) if f.inverse]
        return quotient(above, below, coefficient)

    return entrywise([f.variants for f in factors], make)


def _plain(factor: Factor) -> Array:
    """The factor as one array without axes of size 1."""
    return shortest(map(squeezed, _chained([factor]) if factor.inverse else factor.variants))


def _outer_products(factors: Sequence[Factor]) -> list[Factor] | None:
    """The factors with pairs that share no index replaced by their outer products; None when there is no such pair."""
    remaining = list(factors)
    while (pair := _disjoint_pair(remaining)) is not None:
        remaining = [f for f in remaining if f not in pair]
        left, right = map(_plain, pair)
        remaining.append(Factor((_outer(left, right), _outer(right, left))))
    return remaining if len(remaining) < len(factors) else None


def _disjoint_pair(factors: Sequence[Factor]) -> tuple[Factor, Factor] | None:
    return next((pair for pair in combinations(factors, 2) if not pair[0].labels & pair[1].labels), None)


def _outer(left: Array, right: Array) -> Array:
    """a[i...] b[j...]."""
    return Array(call("outer", left.node, right.node), left.labels + right.labels)


def _rows_scaled(groups: Sequence[Sequence[Factor]], scalars: Sequence[Factor], coefficient: Expr) -> Iterator[Array]:
    """diag(v) @ M for a vector that scales the rows of a matrix."""
    for group in groups:
        rest = [f for other in groups if other is not group for f in other]
        if len(group[0].labels) != 1 or len(_union(rest)) != 2 or not group[0].labels < _union(rest):
            continue
        vector = _plain(Factor(_chained(group)))
        diagonal = call("diag", vector.node)
        for matrix in _both_ways(multiplied(rest)):
            if matrix.labels[:1] == vector.labels:
                product = Array(matmul(diagonal, matrix.node, matrices=True), matrix.labels)
                yield from _chained([*scalars, Factor((product,))], coefficient)


def _both_ways(variants: Variants) -> Iterator[Array]:
    for v in variants:
        plain = squeezed(v)
        yield plain
        if len(plain.labels) > 1:
            yield transposed(plain)
        if len(plain.labels) > 2:
            yield matrices_transposed(plain)


# --- with sums


def contracted(factors: Sequence[Factor], bound: Sequence[Expr], coefficient: Expr = ONE) -> Variants:
    """coefficient Σ_bound Π factors; every bound index occurs in some factor."""
    items, left = list(factors), list(bound)
    while left:
        k = min(left, key=lambda i: _effort(items, i))
        touching = [f for f in items if k in f.labels]
        others = [f for f in items if k not in f.labels]
        outside = _union(others)
        only_here = frozenset(i for i in left if i in _union(touching) and i not in outside)
        done, result = _contract(touching, k, only_here)
        if result is None:
            return _by_einsum(items, left, coefficient)
        items = [*others, Factor(result)]
        left = [i for i in left if i not in done]
    return multiplied(items, coefficient)


def _effort(factors: Sequence[Factor], i: Expr) -> tuple[int, int]:
    """What it takes to sum over i now: the number of indices of the factors with i, and of those factors."""
    touching = [f for f in factors if i in f.labels]
    return len(_union(touching)), len(touching)


def _union(factors: Iterable[Factor]) -> frozenset[Expr]:
    return frozenset().union(*(f.labels for f in factors))


def _contract(
    factors: Sequence[Factor], k: Expr, only_here: frozenset[Expr]
) -> tuple[frozenset[Expr], Variants | None]:
    """Σ_k Π factors, and the indices summed over; None when neither `@` nor `sum` says it."""
    groups = _groups(factors)
    single = frozenset([k])
    if len(groups) == 1:
        if groups[0][0].labels == single and _is_dot(groups[0]):
            return single, (_dot(*sorted(map(_plain, groups[0]), key=_place)),)
        return only_here, reduction("sum", _chained(groups[0]), only_here)
    found = list(_matrix_products(groups, k))
    if any(f.labels == _union(factors) for f in factors) and (not found or only_here == single):
        found += reduction("sum", multiplied(factors), only_here)
        return only_here, best_by_layout(found)
    return single, best_by_layout(found) if found else None


def _dot(left: Array, right: Array) -> Array:
    """a @ b of two vectors; (A.T @ x) @ b is written x @ A @ b."""
    forms = [Array(binary(left.node, ast.MatMult, right.node), ())]
    if is_matmul(left.node):
        assert isinstance(left.node, ast.BinOp)
        matrix = transposed(Array(left.node.left, (None, None))).node
        outside = left.node.right, right.node
        for first, m, last in ((*outside[:1], matrix, outside[1]), (outside[1], left.node.left, outside[0])):
            forms.append(Array(binary(binary(first, ast.MatMult, m), ast.MatMult, last), ()))
    return shortest(forms)


def _is_dot(factors: Sequence[Factor]) -> bool:
    """Whether Σ a b is written a @ b: two plain vectors, none of them a function value such as log(p)."""
    plain = (ast.Name, ast.Attribute, ast.Subscript)

    def is_plain(f: Factor) -> bool:
        node = f.variants[0].node
        return not f.inverse and (isinstance(node, plain) or is_matmul(node) or is_call(node, "softmax", "diag", "sum"))

    return len(factors) == 2 and all(map(is_plain, factors))


def _matrix_products(groups: Sequence[Sequence[Factor]], k: Expr) -> Iterator[Array]:
    """Every way to write Σ_k of the groups as one product L @ R of two arrays that share no index but k."""
    numbers = range(len(groups))
    for count in range(1, len(groups)):
        for chosen in combinations(numbers, count):
            left = [f for n in chosen for f in groups[n]]
            right = [f for n in numbers if n not in chosen for f in groups[n]]
            if _fit_for_matmul(left, right):
                yield from _matmuls(multiplied(left), multiplied(right), k)


def _fit_for_matmul(left: Sequence[Factor], right: Sequence[Factor]) -> bool:
    """Whether both sides are arrays without more ado, the left one a matrix: W.T @ d rather than d @ W."""
    return len(_union(left)) >= 2 and all(any(f.labels == _union(side) for f in side) for side in (left, right))


def _matmuls(left: Variants, right: Variants, k: Expr) -> Iterator[Array]:
    for a in _both_ways(left):
        for b in _both_ways(right):
            if a.labels[-1] != k or b.labels[-2:][0] != k:
                continue
            batch = _batch(a.labels[:-2], b.labels[:-2])
            free = (*a.labels[-2:-1], *(b.labels[-1:] if len(b.labels) > 1 else ()))
            if batch is not None and len({*batch, *free}) == len(batch) + len(free):
                matrices = len(a.labels) == len(b.labels) == 2
                yield Array(matmul(a.node, b.node, matrices), (*batch, *free))


def _batch(a: Labels, b: Labels) -> Labels | None:
    """The leading axes of a matrix product of many matrices; None when they do not broadcast to each other."""
    short, long = sorted((a, b), key=len)
    if short and short != long[len(long) - len(short) :]:
        return None
    return long


def _by_einsum(factors: Sequence[Factor], bound: Sequence[Expr], coefficient: Expr) -> Variants:
    """The rest of a contraction in one call of einsum."""
    scalars = [f for f in factors if not f.labels]
    arrays = [_plain(f) for f in factors if f.labels]
    free = tuple(dict.fromkeys(label for array in arrays for label in array.labels if label not in bound))
    orders = [free] if len(free) != 2 else [free, free[::-1]]
    forms = tuple(Array(einsum(arrays, order), order) for order in orders)
    return _chained([*scalars, Factor(forms)], coefficient)
