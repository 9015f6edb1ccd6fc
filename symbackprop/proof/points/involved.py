"""What has to be evaluated to compare the sides of a relation: names, sizes, what must exist, and how much it is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import prod

import sympy as sp

from symbackprop.model.graph import Graph
from symbackprop.proof.points.balls import in_order, used_by
from symbackprop.proof.points.sampling import least_sizes
from symbackprop.proof.points.structure import names_of
from symbackprop.tensor.indices import atoms
from symbackprop.tensor.nodes import Expr, extent
from symbackprop.tensor.tensor import Tensor

# Entries of one quantity, or terms of one sum: with more of them a single point takes too long.
MOST_ENTRIES = 200_000
# Numbers whose numerator or denominator is smaller are drawn anyway.
FAR, MOST_TURNS = 4, 8


@dataclass(frozen=True, slots=True)
class Involved:
    """`names` in order of evaluation, `needs` that must have values, the `least` sizes, and the `ranges` to go over.

    `turns` are numbers at which a term c + a x of the formulas changes its sign, and numbers beside them.
    """

    names: tuple[str, ...]
    needs: tuple[Expr, ...]
    least: Mapping[str, int]
    ranges: frozenset[tuple[Expr, ...]]
    turns: tuple[Fraction, ...]

    def too_large(self, sizes: Mapping[str, int]) -> bool:
        """Whether for these sizes there is too much to evaluate."""
        return any(
            prod(int(axis) if axis.is_Integer else sizes[str(axis)] for axis in axes) > MOST_ENTRIES
            for axes in self.ranges
        )


def involved(sides: Iterable[Tensor], graph: Graph, adjoints: Mapping[str, Tensor]) -> Involved:
    """What the tensors depend on, by way of definitions, adjoints and what those need."""
    roots = dict.fromkeys(name for side in sides for name in names_in_tensor(side))
    while True:
        names = in_order(roots, lambda name: used_by(graph, adjoints, name))
        tensors = [*sides, *(adjoints[name] for name in names if name in adjoints)]
        tensors += [graph.definitions[name].tensor for name in names if name in graph.definitions]
        more = [name for tensor in tensors for name in names_in_tensor(tensor) if name not in names]
        if not more:
            break
        roots |= dict.fromkeys(more)
    needs = tuple(dict.fromkeys(need for tensor in tensors for need in tensor.needs))
    shapes = [t.shape for t in tensors] + [graph.inputs[name] for name in names if name in graph.inputs]
    exprs = [*(t.expr for t in tensors), *needs]
    sums = (node for expr in exprs for node in atoms(expr, sp.Sum))
    ranges = frozenset([*shapes, *(tuple(extent(limit[0]) for limit in node.limits) for node in sums)])
    return Involved(names, needs, least_sizes(graph, exprs, shapes), ranges, _turns(exprs))


def _turns(exprs: Iterable[Expr]) -> tuple[Fraction, ...]:
    """-c/a for the sums c + a x + ... in expressions, and the numbers 1 above and below, but for common ones."""
    found: set[Fraction] = set()
    for node in (node for expr in exprs for node in atoms(expr, sp.Add)):
        constant, rest = node.as_coeff_Add()
        for term in sp.Add.make_args(rest) if constant.is_Rational else ():
            ratio = -constant / term.as_coeff_Mul()[0]
            found.add(Fraction(int(ratio.p), int(ratio.q)))
    rare = sorted(number for number in found if abs(number) >= FAR or number.denominator >= FAR)
    return tuple(number + step for number in rare[:MOST_TURNS] for step in (0, 1, -1))


def names_in_tensor(tensor: Tensor) -> list[str]:
    """The names of the quantities in the expression and in what it needs."""
    return [name for expr in (tensor.expr, *tensor.needs) for name in names_of(expr)]
