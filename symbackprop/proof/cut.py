"""Cut points inside formulas: the argument of every function gets a name, and equal arguments the same.

A network in one formula, σ(W₂ σ(W₁ x)), becomes a chain of named steps, and so is proved layer by layer like one whose
author named the steps.
"""

from dataclasses import replace
from functools import lru_cache

import sympy as sp

from symbackprop.model.graph import Definition, Graph, Relation
from symbackprop.proof.domain import canonical_form, canonical_names
from symbackprop.tensor.indices import children, rebuild, substitute
from symbackprop.tensor.nodes import (
    Elementwise,
    Expr,
    Local,
    Partial,
    elementwise,
    entry,
    entry_indices,
    entry_name,
    extent,
)
from symbackprop.tensor.tensor import Tensor, axes

FUNCTIONS = (Elementwise, sp.exp, sp.log, sp.tanh, sp.sin, sp.cos, sp.erf)
MOST_AXES = 4
# No name of a user begins like that.
STEP = "#"


class Cut:
    """A graph and relations about it, written with a name for the argument of every function that holds a sum.

    When `composed`, every other name is replaced by what defines it, in terms of these steps, so that equal steps of
    different definitions become one; only the names `kept` by which something is differentiated stay, for a derivative
    by a name leaves that name free.
    """

    def __init__(self, graph: Graph, composed: bool = False, kept: frozenset[str] = frozenset()) -> None:
        self.original, self.composed, self.kept = graph, composed, kept
        self.hidden: dict[str, Tensor] = {}
        self._names: dict[Expr, str] = {}
        self._tensors: dict[str, Tensor] = {}
        definitions: dict[str, Definition] = {}
        placed = 0
        for name, definition in graph.definitions.items():
            tensor = replace(definition.tensor, expr=self.expr(definition.tensor.expr))
            self._tensors[name] = tensor
            for number, (inner, value) in enumerate(self.hidden.items()):
                if number >= placed:
                    definitions[inner] = Definition(name=inner, tensor=value, formula="")
            placed = len(self.hidden)
            definitions[name] = replace(definition, tensor=tensor)
        self._definitions = definitions
        self._graph: Graph | None = None

    def relation(self, relation: Relation) -> Relation:
        """The relation in terms of the named steps."""
        sides = (replace(side, expr=self.expr(side.expr)) for side in (relation.left, relation.right))
        left, right = sides
        return replace(relation, left=left, right=right)

    def graph(self) -> Graph:
        """The graph with all steps that were named so far."""
        missing = [name for name in self.hidden if name not in self._definitions]
        for name in missing:
            self._definitions[name] = Definition(name=name, tensor=self.hidden[name], formula="")
        if self._graph is None or missing:
            self._graph = replace(self.original, definitions=dict(self._definitions))
        return self._graph

    def restore(self, expr: Expr) -> Expr:
        """The expression without the names that were given here."""
        return self.graph().expand(expr, self.hidden)

    def expr(self, expr: Expr) -> Expr:
        """`expr` with every name put in that may be, and the arguments of functions named."""
        name = entry_name(expr)
        if name is not None:
            tensor = self._tensors.get(name)
            stays = tensor is None or not self.composed or name in self.kept
            return expr if tensor is None or stays else tensor.at(*entry_indices(expr))
        if isinstance(expr, Partial | Local):
            f, v = expr.args
            return expr if isinstance(expr, Local) else expr.func(self.expr(f), v)
        parts = children(expr)
        if not parts:
            return expr
        changed = [self.expr(part) for part in parts]
        if isinstance(expr, FUNCTIONS):
            changed = [self._named(part) if part.has(sp.Sum) else part for part in changed]
        if isinstance(expr, sp.tanh):
            return elementwise("tanh")(*changed)  # opaque like σ, with 1 - a² for its derivative
        return rebuild(expr, changed)

    def _named(self, argument: Expr) -> Expr:
        """The entry that stands for an argument."""
        key, indices = canonical_form(argument)
        if len(indices) > MOST_AXES or argument.has(Partial, Local):
            return argument
        if key not in self._names:
            name = f"{STEP}{len(self.hidden)}"
            shape = tuple(map(extent, indices))
            formals = canonical_names(indices)
            self._names[key] = name
            self.hidden[name] = Tensor(substitute(key, dict(zip(formals, axes(shape), strict=True))), shape)
        return entry(self._names[key], *indices)


def is_step(name: str) -> bool:
    """Whether a name was given here."""
    return name.startswith(STEP)


@lru_cache(maxsize=1 << 16)
def nested_steps(expr: Expr) -> int:
    """How many functions of sums are nested in each other; a logarithm of a sum of exponentials counts as one."""
    inside = max(map(nested_steps, children(expr)), default=0)
    step = isinstance(expr, FUNCTIONS) and not isinstance(expr, sp.log) and any(part.has(sp.Sum) for part in expr.args)
    return inside + step
