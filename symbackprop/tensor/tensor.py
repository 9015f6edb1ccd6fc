"""A tensor: one scalar index expression for all its entries."""

from dataclasses import dataclass
from functools import lru_cache

from symbackprop.tensor.indices import substitute
from symbackprop.tensor.nodes import Expr, entry, index


@lru_cache(maxsize=1 << 12)
def axes(shape: tuple[Expr, ...]) -> tuple[Expr, ...]:
    """The canonical free indices i0, i1, ... of a tensor of that shape."""
    return tuple(index(f"i{axis}", size) for axis, size in enumerate(shape))


@dataclass(frozen=True, slots=True)
class Tensor:
    """The entries `expr` as a function of the free indices `axes(shape)`; a scalar has the empty shape.

    `needs`: what must have a value, too, for all values of its indices; the formula held it, and simplification has
    left it out of `expr`.
    """

    expr: Expr
    shape: tuple[Expr, ...] = ()
    needs: tuple[Expr, ...] = ()

    @property
    def indices(self) -> tuple[Expr, ...]:
        return axes(self.shape)

    def at(self, *indices: Expr) -> Expr:
        """The entry at the given indices (`Idx` or integers)."""
        return substitute(self.expr, dict(zip(self.indices, indices, strict=True)))


def variable(name: str, shape: tuple[Expr, ...]) -> Tensor:
    """The tensor whose entries are the symbols `name[i0, i1, ...]`."""
    return Tensor(entry(name, *axes(shape)), shape)
