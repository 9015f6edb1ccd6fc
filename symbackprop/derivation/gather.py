"""A gradient in fewer adjoints: those that are themselves written with others of the same line are inserted.

The δ-rule gives ∂L/∂x of a normalisation in ∂L/∂μ, ∂L/∂σ and ∂L/∂x̂. The first two are sums over the third; with them
inserted, the line says what the field's compact form says. The δ-rule itself keeps all three, for that is the cheaper
way to compute.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from symbackprop.derivation.steps import Derivation, Step
from symbackprop.model.graph import names_in
from symbackprop.tensor.differentiate import tidy
from symbackprop.tensor.indices import transform
from symbackprop.tensor.nodes import Expr, Partial, adjoint_name, entry, entry_indices, entry_name, extent
from symbackprop.tensor.tensor import Tensor


def gradient_in(side: Tensor) -> tuple[str, str] | None:
    """(L, v) where one side of a statement is ∂L/∂v, no less and no more."""
    if not isinstance(side.expr, Partial):
        return None
    loss, v = side.expr.args
    whole = tuple(i for i in side.indices if extent(i) != 1) == tuple(i for i in entry_indices(v) if not i.is_Integer)
    above, below = entry_name(loss), entry_name(v)
    return (above, below) if whole and above and below and not entry_indices(loss) else None


def with_gathered(derivation: Derivation, name: str) -> Derivation:
    """The derivation with that line behind those on ∂loss/∂name; its adjoints stay as they are."""
    step = gathered(derivation, name)
    if step is None:
        return derivation
    steps = derivation.steps
    place = max(number for number, other in enumerate(steps) if other.subject == name) + 1
    return replace(derivation, steps=(*steps[:place], step, *steps[place:]))


def gathered(derivation: Derivation, name: str) -> Step | None:
    """∂loss/∂name with every adjoint inserted that others in it make up; None where there is none."""
    adjoints = {adjoint_name(derivation.loss, v): tensor for v, tensor in derivation.adjoints.items()}
    tensor = derivation.adjoints[name]
    value = tensor.expr
    while (inner := _made_of_others(value, adjoints)) is not None:
        value = tidy(transform(value, partial(_inserted, inner, adjoints[inner])))
    if value == tensor.expr:
        return None
    left = entry(adjoint_name(derivation.loss, name), *tensor.indices)
    return Step(id=f"{name}.gathered", subject=name, left=left, right=value, rule="upstream")


def _made_of_others(value: Expr, adjoints: Mapping[str, Tensor]) -> str | None:
    """An adjoint in the value that is written with nothing but other adjoints in it, and at least one."""
    here = names_in(value) & set(adjoints)
    for name in sorted(here):
        within = names_in(adjoints[name].expr) & set(adjoints)
        if within and within <= here - {name}:
            return name
    return None


def _inserted(name: str, tensor: Tensor, node: Expr) -> Expr | None:
    return tensor.at(*entry_indices(node)) if entry_name(node) == name else None
