"""A computation graph: inputs with their shapes, named definitions in order, and what may be assumed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from symbackprop.errors import GraphError, shorten
from symbackprop.tensor.indices import children, transform
from symbackprop.tensor.nodes import Expr, Local, Partial, entry_indices, entry_name, is_size
from symbackprop.tensor.tensor import Tensor

Comparison = Literal["==", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True, kw_only=True, slots=True)
class Definition:
    """`name = tensor`; `formula` is the text from which it was read."""

    name: str
    tensor: Tensor
    formula: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Relation:
    """A claim or an assumption: `left comparison right`, for all values of the free indices they share.

    Both sides have the same shape (broadcast already). As a claim, `!=` says that the equation is no identity.
    `broadcast` are the shapes of the sides as they are written, where both have axes and are not alike; else nothing.
    """

    name: str
    formula: str
    left: Tensor
    comparison: Comparison
    right: Tensor
    broadcast: tuple[tuple[Expr, ...], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Graph:
    """Inputs (name -> shape) and definitions (topological order = order of the mapping).

    A definition refers to inputs and to earlier definitions as `entry(name, ...)`. `functions` names the arbitrary
    elementwise functions. `assumptions` are relations that a proof may use.
    """

    inputs: Mapping[str, tuple[Expr, ...]]
    definitions: Mapping[str, Definition]
    functions: frozenset[str] = frozenset()
    assumptions: tuple[Relation, ...] = field(default=())
    _known: dict[tuple[str, str], Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __repr__(self) -> str:
        defined, given = (shorten(", ".join(names), 60) for names in (self.definitions, self.inputs))
        return f"<a graph of {defined} from {given}; print it>"

    def __str__(self) -> str:
        """The definitions as written, and the shapes."""
        shapes = {name: ", ".join(map(str, self.shape(name))) for name in (*self.inputs, *self.definitions)}
        lines = [f"{name} = {definition.formula}" for name, definition in self.definitions.items()]
        shown = ", ".join(f"{name} ({shape})" if shape else f"{name} scalar" for name, shape in shapes.items())
        return "\n".join([*lines, f"shapes: {shown}", *(f"assumed: {a.formula}" for a in self.assumptions)])

    def shape(self, name: str) -> tuple[Expr, ...]:
        """Raises: GraphError for a name that the graph does not know."""
        if name in self.definitions:
            return self.definitions[name].tensor.shape
        if name in self.inputs:
            return self.inputs[name]
        known = ", ".join([*self.inputs, *self.definitions])
        raise GraphError(f"unknown name {name!r}; known are: {known}")

    def sizes(self) -> tuple[str, ...]:
        """The symbolic sizes in the shapes, in order of appearance."""
        shapes = [*self.inputs.values(), *(d.tensor.shape for d in self.definitions.values())]
        return tuple(dict.fromkeys(str(extent) for shape in shapes for extent in shape if is_size(extent)))

    def uses(self, name: str) -> tuple[str, ...]:
        """The names that the definition of `name` refers to directly, sorted; none for an input."""
        if name not in self.definitions:
            return ()
        key = "uses", name
        if key not in self._known:
            self._known[key] = tuple(sorted(names_in(self.definitions[name].tensor.expr)))
        found: tuple[str, ...] = self._known[key]
        return found

    def ancestors(self, name: str) -> frozenset[str]:
        """`name` and every name that it depends on."""
        key = "ancestors", name
        if key not in self._known:
            seen: set[str] = set()
            stack = [name]
            while stack:
                current = stack.pop()
                if current not in seen:
                    seen.add(current)
                    stack.extend(self.uses(current))
            self._known[key] = frozenset(seen)
        found: frozenset[str] = self._known[key]
        return found

    def between(self, name: str, loss: str) -> tuple[str, ...]:
        """The definitions through which `loss` depends on `name`, in order, without `name` itself."""
        reached = {name}
        for candidate in self.definitions:
            if candidate != name and reached.intersection(self.uses(candidate)):
                reached.add(candidate)
        needed = self.ancestors(loss)
        return tuple(d for d in self.definitions if d in reached and d in needed and d != name)

    def expand(self, expr: Expr, names: Iterable[str]) -> Expr:
        """`expr` with the entries of the named definitions replaced by what defines them, until none is left."""
        inlined = set(names) & set(self.definitions)

        def inline(node: Expr) -> Expr | None:
            name = entry_name(node)
            if name not in inlined:
                return None
            return self.expand(self.definitions[name].tensor.at(*entry_indices(node)), inlined)

        return transform(expr, inline)


def names_in_tensor(tensor: Tensor) -> frozenset[str]:
    """The names of the quantities in its expression and in what it needs."""
    return frozenset().union(*map(names_in, (tensor.expr, *tensor.needs)))


@lru_cache(maxsize=1 << 16)
def names_in(expr: Expr, below_derivatives: bool = True) -> frozenset[str]:
    """The names of the quantities that occur in `expr`, with or without those that stand only in a derivative."""
    found: set[str] = set()
    stack = [expr]
    while stack:
        node = stack.pop()
        name = entry_name(node)
        if name is not None:
            found.add(name)
        if below_derivatives or not isinstance(node, (Partial, Local)):
            stack.extend(children(node))
    return frozenset(found)
