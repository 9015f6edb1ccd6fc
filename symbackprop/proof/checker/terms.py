"""Terms of certificates: numbers, and tuples of a head and parts; see the package for what the heads mean.

A sum has no name for its index: -1 is the index of the innermost sum around, -2 that of the next; so terms that differ
only in the names of such indices are equal tuples.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction as F  # noqa: N817
from typing import Any

Term = Any
ONE, TWO = F(1), F(2)
Q, N = "?q", "?n"  # in a pattern, ?q stands for a number, ?n for a whole one, all other names with ? for terms


class Rejected(ValueError):
    """The certificate does not prove what it states; one line says why."""


def require(truth: object, what: str) -> None:
    if not truth:
        raise Rejected(what)


def is_a(t: Term, *heads: str) -> bool:
    return type(t) is tuple and t[0] in heads


def inside(t: Term) -> range:
    """Where the terms directly inside a term stand in its tuple; the v of a derivative is no part."""
    if type(t) is F or t[0] in ("at", "size", "pi", "delta"):
        return range(0)
    return range(1, 2) if t[0] in ("pow", "d") else range({"sum": 2, "call": 3}.get(t[0], 1), len(t))


def nodes(t: Term) -> Iterator[Term]:
    """The term and all terms inside."""
    yield t
    for k in inside(t):
        yield from nodes(t[k])


def mapped(t: Term, change: Callable[[Any, int], Any], depth: int = 0) -> Term:
    """The term with every index i, under so many sums inside it, changed."""
    if t[0] == "at" or t[0] == "delta":
        return (*t[:2], *[change(i, depth) for i in t[2:]])
    depth += t[0] == "sum"
    return tuple([mapped(p, change, depth) if type(p) is tuple else p for p in t])


def moved(t: Term, to: dict[str, Any]) -> Term:
    """The term at other free indices."""
    return mapped(t, lambda i, depth: to.get(i, i)) if to and type(t) is tuple else t


def bind(i: str, size: Any, body: Term) -> Term:
    """The sum of a term over one of its free indices."""
    return ("sum", size, mapped((body,), lambda j, depth: -1 - depth if j == i else j)[0])


def unbind(t: Term, i: str | int) -> Term:
    """The body of a sum at an index: a number, or a name that does not occur in it."""
    return mapped(t[2:], lambda j, depth: i if j == -1 - depth else j)[0]


def free(t: Any) -> set[str]:
    """The free indices of a term."""
    if is_a(t, "at", "delta"):
        return {i for i in t[2:] if isinstance(i, str)}
    return set().union(*map(free, t)) if type(t) is tuple else set()


def fresh(*terms: Term) -> str:
    """A name for an index that is in none of the terms; such names are in no fact and no scope."""
    return "'" + max((i for t in terms for i in free(t) if i[0] == "'"), key=len, default="")


def match(pattern: Any, t: Any, found: dict[str, Any]) -> bool:
    """Whether the term is the pattern, with terms, numbers or indices for the names with a question mark."""
    if type(pattern) is str and pattern[0] == "?":
        number = type(t) is F and (pattern == Q or t.denominator == 1)
        fine = number if pattern in (Q, N) else not isinstance(t, int) or t >= 0
        return fine and bool(found.setdefault(pattern, t) == t)
    if type(pattern) is not tuple:
        return bool(pattern == t)
    if is_a(pattern, "add", "mul") and is_a(t, pattern[0]) and len(t) > len(pattern) == 3:
        t = (*t[:2], (t[0], *t[2:]))
    same = type(t) is tuple and len(t) == len(pattern)
    return same and all(match(p, part, found) for p, part in zip(pattern, t, strict=True))


def instance(pattern: Any, found: dict[Any, Any]) -> Any:
    """A pattern, or a formula in scalars, with what was found in place of its names."""
    if type(pattern) in (str, tuple) and pattern in found:
        return found[pattern]
    return tuple(instance(p, found) for p in pattern) if type(pattern) is tuple else pattern


def add(*terms: Term) -> Term:
    return ("add", *terms) if terms else F(0)


def mul(*factors: Term) -> Term:
    return F(0) if F(0) in factors else ("mul", *factors) if factors else ONE
