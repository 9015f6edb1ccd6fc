"""Where an array of a formula has which index on which axis, and how to bring arrays to the same axes.

The same value can be had in several layouts (`sum(D, axis=1)` and, for a column, `keepdims=True`): these are variants.
"""

import ast
import re
from collections.abc import Callable, Iterable, Sequence

import sympy as sp

from symbackprop.language.array_nodes import (
    LETTERS,
    MAX_VARIANTS,
    Array,
    Label,
    Labels,
    NoFormulaError,
    Variants,
    binary,
    call,
    has_mark,
    is_call,
    label_set,
    matmul,
    name,
    number,
    rational,
    size_node,
    subscript,
)
from symbackprop.tensor.nodes import Expr, extent

FEE = 15


def transposed(array: Array) -> Array:
    """The array with its axes reversed; of a matrix product, the reversed product of the transposed factors."""
    labels = tuple(reversed(array.labels))
    if len(labels) < 2:
        return array
    return Array(_transposed(array.node, len(labels)), labels)


def _transposed(node: ast.expr, rank: int) -> ast.expr:
    if isinstance(node, ast.Attribute):
        return node.value
    if isinstance(node, ast.BinOp) and has_mark(node, "matrices"):
        return matmul(_transposed(node.right, 2), _transposed(node.left, 2), matrices=True)
    if isinstance(node, ast.UnaryOp):
        return ast.UnaryOp(node.op, _transposed(node.operand, rank))
    if rank == 2 and is_call(node, "outer"):
        assert isinstance(node, ast.Call)
        return call("outer", node.args[1], node.args[0])
    if rank == 2 and is_call(node, "diag", "eye"):
        return node
    return ast.Attribute(node, "T", ast.Load())


def matrices_transposed(array: Array) -> Array:
    """The array of many matrices with each of them transposed: its last two axes exchanged."""
    node, labels = array.node, (*array.labels[:-2], array.labels[-1], array.labels[-2])
    if len(labels) == 2:
        return transposed(array)
    if is_call(node, "swapaxes") and ast.unparse(node).endswith(", -1, -2)"):
        return Array(node.args[0], labels)  # type: ignore[attr-defined]
    return Array(call("swapaxes", node, number(-1), number(-2)), labels)


def squeezed(array: Array) -> Array:
    """The array without its axes of size 1."""
    if None not in array.labels:
        return array
    positions = [0 if label is None else None for label in array.labels]
    return Array(subscript(array.node, positions), tuple(label for label in array.labels if label is not None))


def fits(labels: Labels, target: Labels) -> bool:
    """Whether NumPy broadcasts axes with these labels to the target, each index to its own axis."""
    if len(labels) > len(target):
        return False
    last = target[len(target) - len(labels) :]
    return all(label is None or label == wanted for label, wanted in zip(labels, last, strict=True))


def aligned(variants: Variants, target: Labels) -> Array:
    """The shortest form of one of the variants that broadcasts to `target`."""
    reshaped = [form for v in variants for form in (v, squeezed(v), transposed(v), transposed(squeezed(v)))]
    fitting = [form for form in reshaped if fits(form.labels, target)]
    return shortest(fitting) if fitting else spread(shortest(map(squeezed, variants)), target)


def cost(array: Array) -> int:
    """What a form costs its reader: its length, and a fee for matrices that serve only to repeat or to select."""
    return len(array.text) + FEE * len(re.findall(r"\b(?:diag|eye|ones|einsum)\(", array.text))


def shortest(arrays: Iterable[Array]) -> Array:
    """The cheapest array; the first of equal ones."""
    return min(arrays, key=cost)


def spread(array: Array, target: Labels) -> Array:
    """The array (without axes of size 1) repeated and reordered to the axes of `target` from its first label on."""
    own = label_set(array.labels)
    first = next((k for k, label in enumerate(target) if label in own), len(target))
    return filled(array, target[first:])


def filled(array: Array, target: Labels) -> Array:
    """The array repeated and reordered to exactly the axes of `target`; None means an axis of size 1."""
    if array.labels == target:
        return array
    if not array.labels:
        return Array(_scaled_ones(array.node, target), target)
    count = len(array.labels)
    if target[:count] == array.labels:
        return Array(call("outer", array.node, ones(target[count:])), target)
    if target[len(target) - count :] == array.labels:
        return Array(call("outer", ones(target[: len(target) - count]), array.node), target)
    if tuple(reversed(array.labels)) == target:
        return transposed(array)
    if target == (*array.labels[:-2], *array.labels[:-3:-1]):
        return matrices_transposed(array)
    letters = LETTERS[: len(target)]
    missing = [axis for axis, label in enumerate(target) if label is None or label not in array.labels]
    groups = ["".join(letters[target.index(label)] for label in array.labels)]
    operands = [array.node]
    if missing:
        groups.append("".join(letters[axis] for axis in missing))
        operands.append(ones([target[axis] for axis in missing]))
    return Array(call("einsum", ast.Constant(f"{','.join(groups)}->{letters}"), *operands), target)


def ones(labels: Sequence[Label]) -> ast.expr:
    """Raises: NoFormulaError for more than the four axes that `ones` takes."""
    if len(labels) > 4:
        raise NoFormulaError(f"{len(labels)} repeated axes")
    return call("ones", *(number(1) if label is None else size_node(extent(label)) for label in labels))


def _scaled_ones(node: ast.expr, target: Labels) -> ast.expr:
    if isinstance(node, ast.Constant) and node.value in (0, 1):
        full = ones(target)
        return full if node.value == 1 else call("zeros", *full.args)  # type: ignore[attr-defined]
    return binary(node, ast.Mult, ones(target))


def einsum(arrays: Sequence[Array], target: Labels) -> ast.expr:
    """The call of `einsum` that multiplies the arrays and sums over what `target` lacks."""
    if len(arrays) > 8:
        raise NoFormulaError("a contraction of more than eight arrays")
    letters = dict(zip(target, LETTERS, strict=False))
    for array in arrays:
        for label in array.labels:
            if label not in letters:
                letters[label] = LETTERS[len(letters)]
    groups = ",".join("".join(letters[label] for label in array.labels) for array in arrays)
    spec = f"{groups}->{''.join(letters[label] for label in target)}"
    return call("einsum", ast.Constant(spec), *(array.node for array in arrays))


# --- entry by entry


def broadcast_labels(arrays: Sequence[Array]) -> Labels:
    """The labels of the axes that NumPy's broadcasting of these arrays gives."""
    rank = max((len(array.labels) for array in arrays), default=0)
    result: list[Label] = [None] * rank
    for array in arrays:
        for axis, label in enumerate(array.labels, start=rank - len(array.labels)):
            result[axis] = result[axis] if label is None else label
    return tuple(result)


def entrywise(children: Sequence[Variants], make: Callable[[list[Array]], ast.expr]) -> Variants:
    """make(a, b, ...) entry by entry, in every layout that one of the children suggests."""
    found = []
    for target in _targets(children):
        parts = [aligned(variants, target) for variants in children]
        found.append(Array(make(parts), broadcast_labels(parts)))
    return best_by_layout(found)[:MAX_VARIANTS]


def best_by_layout(arrays: Iterable[Array]) -> Variants:
    """The shortest array of each layout, shortest first."""
    best: dict[Labels, Array] = {}
    for array in arrays:
        known = best.get(array.labels)
        best[array.labels] = array if known is None else shortest([known, array])
    return tuple(sorted(best.values(), key=cost))


def _targets(children: Sequence[Variants]) -> list[Labels]:
    """The layouts to try: those of children that have all indices; otherwise the indices in order of appearance."""
    everything = frozenset().union(*(label_set(variants[0].labels) for variants in children))
    found = [v.labels for variants in children for v in variants if label_set(v.labels) == everything]
    appearance = tuple(dict.fromkeys(label for variants in children for label in squeezed(variants[0]).labels))
    if not found:
        found = [appearance, tuple(reversed(appearance))]
    return list(dict.fromkeys(found))


def reduction(function: str, variants: Variants, over: frozenset[Expr]) -> Variants:
    """function(a, axis=...) over the given indices, and the same with keepdims=True."""
    array = shortest(map(squeezed, variants))
    if function == "sum" and is_call(array.node, "diag") and len(array.labels) == 1:
        return (Array(call("trace", *array.node.args), ()),)  # type: ignore[attr-defined]
    positions = [axis for axis, label in enumerate(array.labels) if label in over]
    rest = tuple(label for label in array.labels if label not in over)
    if not rest:
        return (Array(call(function, array.node), ()),)
    values = [number(position) for position in positions]
    axis = values[0] if len(values) == 1 else ast.Tuple(values, ast.Load())
    kept = tuple(None if label in over else label for label in array.labels)
    return (
        Array(call(function, array.node, axis=axis), rest),
        Array(call(function, array.node, axis=axis, keepdims=ast.Constant(True)), kept),
    )


def indexed(node: ast.expr, indices: Sequence[Expr], shape: Sequence[Expr | None]) -> Variants:
    """The array `node` at integers and indices; an index that stands twice takes the diagonal."""
    positions: list[int | None] = []
    labels: list[Label] = []
    for i, size in zip(indices, shape, strict=True):
        whole = isinstance(i, sp.Idx) or size == 1
        positions.append(None if whole else int(i))
        if whole:
            labels.append(i if isinstance(i, sp.Idx) else None)
    array = Array(subscript(node, positions), tuple(labels))
    if len(label_set(labels)) == sum(label is not None for label in labels):
        return (array,)
    array, labels = squeezed(array), [label for label in labels if label is not None]
    distinct = tuple(dict.fromkeys(labels))
    if len(labels) == 2:
        return (Array(call("diag", array.node), distinct),)
    return (Array(einsum([array], distinct), distinct),)


def raised(variants: Variants, exponent: Expr) -> Variants:
    """Every variant to a rational power."""
    if exponent == 1:
        return variants
    return tuple(Array(binary(v.node, ast.Pow, rational(exponent)), v.labels) for v in variants)


def is_sum_of(variants: Variants, texts: Iterable[str]) -> bool:
    """Whether all variants are calls of `sum` whose argument is one of the texts."""
    calls = [v.node for v in variants if isinstance(v.node, ast.Call) and is_call(v.node, "sum")]
    return len(calls) == len(variants) and all(ast.unparse(node.args[0]) in texts for node in calls)


def as_means(variants: Variants) -> Variants:
    """The same calls, of `mean` in place of `sum`."""
    calls = [(v.node, v.labels) for v in variants if isinstance(v.node, ast.Call)]
    return tuple(Array(ast.Call(name("mean"), node.args, node.keywords), labels) for node, labels in calls)
