"""From index notation back to array notation: δ[i] a[j] is `outer(delta, a)`, Σ_k W[k,i] d[k] is `W.T @ d`.

The law: what `array_form` writes, `language.parse` reads as an equal tensor. The shortest usual form is preferred;
einsum stands where no product of matrices does.
"""

from collections.abc import Mapping

from symbackprop.errors import FormulaError
from symbackprop.language.array_builder import Builder
from symbackprop.language.array_nodes import NoFormulaError
from symbackprop.language.parse import Scope, parse
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
    try:
        text = Builder(scope, names or {}).formula(tensor)
        return text if parse(text, scope).shape == tensor.shape else None
    except (NoFormulaError, FormulaError, RecursionError):
        return None
