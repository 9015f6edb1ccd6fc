"""From index notation back to array notation: δ[i] a[j] is `outer(delta, a)`, Σ_k W[k,i] d[k] is `W.T @ d`.

The law: what `array_form` writes, `language.parse` reads as an equal tensor. The shortest usual form is preferred;
einsum stands where no product of matrices does.
"""

import ast
from collections.abc import Mapping

import sympy as sp

from symbackprop.errors import FormulaError
from symbackprop.language.array_builder import Builder
from symbackprop.language.array_einsum import in_one_einsum
from symbackprop.language.array_layout import cost
from symbackprop.language.array_nodes import Array, NoFormulaError
from symbackprop.language.array_patterns import without_single_indices
from symbackprop.language.array_units import with_any_size
from symbackprop.language.parse import Scope, parse
from symbackprop.tensor.differentiate import tidy
from symbackprop.tensor.indices import alpha_normal
from symbackprop.tensor.nodes import Expr, extent
from symbackprop.tensor.tensor import Tensor


def array_form(tensor: Tensor, scope: Scope, names: Mapping[str, str] | None = None) -> str | None:
    """A formula whose tensor in `scope` equals `tensor`; None when there is none.

    `names` maps a code name that is no identifier, such as "d(E, z1)", to the identifier under which `scope` knows it.

    >>> from symbackprop.tensor.nodes import size
    >>> n, m = size("n"), size("m")
    >>> scope = Scope(shapes={"W": (m, n), "x": (n,), "d": (m,)}, sizes=frozenset({"m", "n"}))
    >>> array_form(parse("einsum('ij,i->j', W, d)", scope), scope)
    'W.T @ d'
    """
    names = names or {}
    text = _written(tensor, scope, names)
    general = with_any_size(tensor, scope, names)
    if text is not None and general is not None:
        other = _written(*general, names)
        text = other if other is not None and _cost(other) < _cost(text) and _equal(other, text, scope) else text
    if text is None or text == (single := in_one_einsum(text, scope)):
        return text
    return single if _equal(single, text, scope) else text


def _written(tensor: Tensor, scope: Scope, names: Mapping[str, str]) -> str | None:
    try:
        # A part that stands in two places has the brackets that one of them needs in both, until it is read again.
        text = ast.unparse(ast.parse(Builder(scope, names).formula(tensor), mode="eval"))
        return text if parse(text, scope).shape == tensor.shape else None
    except (NoFormulaError, FormulaError, RecursionError):
        return None


def _cost(text: str) -> int:
    return cost(Array(ast.parse(text, mode="eval").body, ()))


def _equal(a: str, b: str, scope: Scope) -> bool:
    """Whether two formulas mean the same tensor, as far as it shows at once."""
    try:
        left, right = parse(a, scope), parse(b, scope)
    except FormulaError:
        return False
    return left.shape == right.shape and bool(_entry(left) == _entry(right))


def _entry(tensor: Tensor) -> Expr:
    """An entry in a form that is the same for equal tensors of one kind; the index of an axis of size 1 is 0."""
    at = (sp.Integer(0) if extent(i) == 1 else i for i in tensor.indices)
    return alpha_normal(tidy(without_single_indices(tensor.at(*at))))
