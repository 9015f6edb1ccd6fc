"""True equations by which a prover may rewrite: the chain rule for one total derivative, one definition for a name.

D(f, v) = ∂f/∂v, the total derivative, is an opaque quantity named `d(f, v)` until it is unfolded by
    D(f_I, v_J) = Σ_w Σ_K D(f_I, w_K) ∂w_K/∂v_J     over the definitions w that use v and on which f depends,
    D(f_I, f_K) = δ_IK.
Each equation holds at every point, so it does not matter which of them are applied, and in what order: a statement
about a layer is decided with its neighbours opaque, whatever the depth of the network.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache

import sympy as sp

from symbackprop.model.graph import Graph, names_in
from symbackprop.proof.cut import is_step
from symbackprop.proof.index.form import IndexForms
from symbackprop.proof.limits import Clock, Undecided
from symbackprop.tensor.indices import all_index_names, children, substitute, transform, tree_size
from symbackprop.tensor.nodes import (
    Expr,
    Local,
    Partial,
    adjoint_name,
    delta,
    entry,
    entry_indices,
    entry_name,
    index,
    summation,
)
from symbackprop.tensor.tensor import axes

# What a formula of the language may hold, but definitions put into each other may not: higher powers, longer numbers.
HIGHEST_POWER = 4096
LONGEST_NUMBER = 20_000


class Unfolding:
    """Rewriting by the equations of one graph; local derivatives are taken by the prover's own calculus.

    Raises: Undecided from every method that makes an expression beyond the budget of the clock.
    """

    def __init__(self, graph: Graph, forms: IndexForms, clock: Clock) -> None:
        self.graph, self.forms, self.clock = graph, forms, clock
        self.order = {name: position for position, name in enumerate(graph.definitions)}
        self.totals: dict[str, tuple[str, str]] = {}  # opaque name -> (f, v)
        self.equations: dict[str, Expr] = {}

    def name_partials(self, expr: Expr) -> Expr:
        """`expr` with each `Partial(f, v)` written with opaque total derivatives, each `Local(u, v)` taken."""

        def rule(node: Expr) -> Expr | None:
            if isinstance(node, Local):
                return self._local(*node.args)
            if not isinstance(node, Partial):
                return None
            f, v = node.args
            if f.has(Partial):
                f = self.eliminate(self.name_partials(f))
            return self.total(f, entry_name(v) or "", entry_indices(v))

        return transform(expr, rule)

    def _local(self, u: Expr, v: Expr) -> Expr:
        """∂u/∂v through the definition of u alone, under the conditions of the same forms as the rest of the proof."""
        definition = self.graph.definitions.get(entry_name(u) or "")
        if definition is not None and definition.name != entry_name(v):
            u = definition.tensor.at(*entry_indices(u))
        return self._through_steps(u, entry_name(v) or "", entry_indices(v))

    def _through_steps(self, f: Expr, v: str, at: tuple[Expr, ...]) -> Expr:
        """∂f/∂v, every name fixed but those of steps inside the formula, which are no names of the user."""
        terms = [self.forms.to_expr(self.forms.derivative(f, v, at))]
        taken = all_index_names(f) | {str(i.label) for i in at if isinstance(i, sp.Idx)}
        for step in sorted(filter(is_step, names_in(f))):
            over = _fresh_axes(self.graph.shape(step), taken)
            outer = self.forms.to_expr(self.forms.derivative(f, step, over))
            inner = self._through_steps(self.graph.definitions[step].tensor.at(*over), v, at)
            terms.append(summation(outer * inner, *over))
        return sp.Add(*terms)

    def total(self, f: Expr, v: str, at: tuple[Expr, ...]) -> Expr:
        """∂f/∂v[at] through every name in f that depends on v, and through v itself."""
        if entry_name(f) is not None:
            return self._total_of_name(entry_name(f) or "", entry_indices(f), v, at)
        terms = []
        taken = all_index_names(f) | {str(i.label) for i in at if isinstance(i, sp.Idx)}
        for u in sorted(names_in(f)):
            if u != v and v not in self.graph.ancestors(u):
                continue
            over = _fresh_axes(self.graph.shape(u), taken) if u != v else at
            partial = self.forms.to_expr(self.forms.derivative(f, u, over))
            factor = self._total_of_name(u, over, v, at)
            terms.append(summation(partial * factor, *over) if u != v else partial)
        return sp.Add(*terms)

    def _total_of_name(self, f: str, f_at: tuple[Expr, ...], v: str, v_at: tuple[Expr, ...]) -> Expr:
        """D(f, v): δ for f = v, 0 where f does not depend on v, otherwise the opaque quantity."""
        if f == v:
            return sp.Mul(*(delta(i, j) for i, j in zip(f_at, v_at, strict=True)))
        if v not in self.graph.ancestors(f):
            return sp.Integer(0)
        name = adjoint_name(f, v)
        self.totals[name] = (f, v)
        return entry(name, *f_at, *v_at)

    def know_adjoints(self, loss: str, names: list[str]) -> None:
        """Declares the names `d(loss, v)` that occur in a derivation as total derivatives."""
        self.totals |= {adjoint_name(loss, v): (loss, v) for v in names}

    def unfold_once(self, *sides: Expr) -> list[Expr] | None:
        """The sides with the total derivative by the earliest quantity unfolded; None when there is none left."""
        present = frozenset[str]().union(*map(names_in, sides)) & set(self.totals)
        if not present:
            return None
        name = min(present, key=lambda key: (self.order.get(self.totals[key][1], -1), key))
        equation = self._equation(name)
        for side in sides:
            self.check_composition(side, {name: equation})
        return [self._replace(side, name, equation) for side in sides]

    def _equation(self, name: str) -> Expr:
        """The right side of the chain rule for the opaque quantity `name`, at its canonical indices."""
        if name not in self.equations:
            f, v = self.totals[name]
            f_shape, v_shape = self.graph.shape(f), self.graph.shape(v)
            free = axes((*f_shape, *v_shape))
            f_at, v_at = free[: len(f_shape)], free[len(f_shape) :]
            terms = []
            for w in self.graph.between(v, f):
                if v in self.graph.uses(w):
                    over = _fresh_axes(self.graph.shape(w), frozenset())
                    w_at_over = self.graph.definitions[w].tensor.at(*over)
                    partial = self.forms.to_expr(self.forms.derivative(w_at_over, v, v_at))
                    terms.append(summation(self._total_of_name(f, f_at, w, over) * partial, *over))
            self.equations[name] = sp.Add(*terms)
        return self.equations[name]

    def _replace(self, expr: Expr, name: str, value: Expr) -> Expr:
        def rule(node: Expr) -> Expr | None:
            if entry_name(node) != name:
                return None
            at = entry_indices(node)
            f, v = self.totals[name]
            return substitute(value, dict(zip(axes((*self.graph.shape(f), *self.graph.shape(v))), at, strict=True)))

        return transform(expr, rule)

    def eliminate(self, expr: Expr) -> Expr:
        """`expr` with every total derivative unfolded."""
        while (unfolded := self.unfold_once(expr)) is not None:
            (expr,) = unfolded
        return expr

    def inline_once(self, expr: Expr) -> Expr | None:
        """`expr` with the latest of the definitions in it replaced by what defines it; None when there is none."""
        present = names_in(expr) & set(self.graph.definitions)
        if not present:
            return None
        name = max(present, key=lambda key: self.order[key])
        return self.expand(expr, [name])

    def expand(self, expr: Expr, names: Iterable[str]) -> Expr:
        """`expr` with the named definitions put in, until none of them is left."""
        inlined = set(names) & set(self.graph.definitions)
        self.check_composition(expr, {name: self.graph.definitions[name].tensor.expr for name in sorted(inlined)})
        return self.graph.expand(expr, inlined)

    def check_composition(self, expr: Expr, values: Mapping[str, Expr]) -> None:
        """Raises: Undecided when `expr` with the values put in for the names would be too large to be written out."""
        sizes: dict[str, int] = {}
        for name in sorted(values, key=lambda key: self.order.get(key, -1)):
            sizes[name] = _composed_size(values[name], sizes)
            self.clock.check(sizes[name])
        self.clock.check(_composed_size(expr, sizes))
        for part in (expr, *values.values()):
            _check_numbers(part)


def _composed_size(expr: Expr, sizes: Mapping[str, int]) -> int:
    """How many nodes `expr` has, written out, when a name counts as many as `sizes` says."""
    found: dict[Expr, int] = {}

    def count(node: Expr) -> int:
        if node not in found:
            inside = sizes.get(entry_name(node) or "")
            found[node] = 1 + sum(map(count, children(node))) if inside is None else inside
        return found[node]

    return count(expr) if sizes else tree_size(expr)


@lru_cache(maxsize=1 << 16)
def _check_numbers(expr: Expr) -> None:
    """Raises: Undecided for a power or a number that is larger than any formula may hold."""
    if expr.is_Rational and max(int(expr.p).bit_length(), int(expr.q).bit_length()) > LONGEST_NUMBER:
        raise Undecided(f"a number with more than {LONGEST_NUMBER} bits")
    if expr.is_Pow and expr.exp.is_Rational and abs(expr.exp) > HIGHEST_POWER:
        raise Undecided(f"a power beyond {HIGHEST_POWER}")
    for part in children(expr):
        _check_numbers(part)


def _fresh_axes(shape: tuple[Expr, ...], taken: frozenset[str] | set[str]) -> tuple[Expr, ...]:
    """Indices for a shape whose names occur nowhere in `taken` and are not canonical."""
    prefix = "w"
    while any(name.startswith(prefix) for name in taken):
        prefix += "w"
    return tuple(index(f"{prefix}{axis}", size) for axis, size in enumerate(shape))
