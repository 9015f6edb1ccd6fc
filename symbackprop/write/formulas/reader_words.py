"""The words of index notation: the functions with names of their own, and what names begin with."""

from collections.abc import Callable, Mapping

import sympy as sp

from symbackprop.tensor.nodes import Expr, IsZero, Positive
from symbackprop.write.formulas.names import Names
from symbackprop.write.formulas.reader_tokens import token_texts

CALLS: Mapping[str, Callable[[Expr], Expr]] = {
    r"\log": sp.log,
    r"\exp": sp.exp,
    r"\sin": sp.sin,
    r"\cos": sp.cos,
    r"\tanh": sp.tanh,
    r"\operatorname{erf}": sp.erf,
    r"\operatorname{sign}": sp.sign,
}

# The indicator of u > 0, ..., where u is the difference of both sides.
COMPARISONS: Mapping[str, Callable[[Expr], Expr]] = {
    ">": Positive,
    "=": IsZero,
    r"\geq": lambda u: Positive(u) + IsZero(u),
    r"\leq": lambda u: Positive(-u) + IsZero(u),
}
# What no factor begins with.
ENDS = frozenset([*"-+=>^_{})[],/'", r"\right)", r"\right|", r"\rvert", r"\leq", r"\geq"])


def tables(names: Names) -> tuple[dict[tuple[str, ...], str], dict[tuple[str, ...], str]]:
    """The words with which an entry or size begins -> its code name; the words of a function -> its text."""
    entries: dict[tuple[str, ...], str] = {}
    for code, symbol in [*names.quantities.items(), *names.sizes.items()]:
        words = token_texts(symbol.text)
        opened = names.ranks.get(code, 0) > 0 and symbol.lower
        # The subscript of \delta_{o} stays open for the indices of \delta_{o,i}.
        words = (*words[:-1], ",") if opened else words
        assert words not in entries, f"internal error: {code} and {entries[words]} share the LaTeX name {symbol.text}"
        entries[words] = code
    return entries, {token_texts(symbol.text): symbol.text for symbol in names.functions.values()}
