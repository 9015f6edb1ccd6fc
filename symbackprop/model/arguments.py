"""What the Python interface is given: texts, texts by name, names; one clear line for anything else."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from symbackprop.errors import FormulaError, GraphError, shorten
from symbackprop.language.syntax import NAME, check_name, did_you_mean


def text_of(value: Any, what: str) -> str:
    """Raises: FormulaError for a formula that is no text."""
    if not isinstance(value, str):
        raise FormulaError(f'{what}: expected a formula as text, such as "sum(x**2)", found {_shown(value)}')
    return value


def by_name(value: Any, what: str, example: str) -> dict[str, Any]:
    """Raises: FormulaError for what is no mapping from names."""
    if not isinstance(value, Mapping):
        raise FormulaError(f"{what}: expected a dictionary such as {example}, found {_shown(value)}")
    for name in value:
        if not isinstance(name, str):
            raise FormulaError(f"{what}: expected names such as those in {example}, found {_shown(name)}")
    return dict(value)


def texts_by_name(value: Any, what: str, example: str) -> dict[str, str]:
    """Raises: FormulaError for what is no mapping from names to formulas."""
    return {name: text_of(text, f"{what} {name}") for name, text in by_name(value, what, example).items()}


def names_of(value: Any, what: str) -> tuple[str, ...]:
    """The names in a list of names; a text is one name.

    Raises: GraphError for anything else.
    """
    names = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, Iterable) else (value,)
    for name in names:
        if not isinstance(name, str):
            raise GraphError(f'{what}: expected names such as ["W", "b"], found {_shown(name)}')
    return names


def chosen(names: Any, known: Iterable[str], what: str) -> tuple[str, ...]:
    """The names, or all that are known where there are none.

    Raises: GraphError for a name that is not known.
    """
    known = tuple(known)
    for name in names_of(names, what):
        if name not in known:
            raise GraphError(f"{what}: {unknown_id('name', name, known)}")
    return tuple(dict.fromkeys(names)) or known


def unknown_id(what: str, name: Any, known: Iterable[str]) -> str:
    """What to say of an id that the catalogue does not have: the nearest one first, then all."""
    guess = did_you_mean(name, known := tuple(known)) if isinstance(name, str) else ""
    return f"unknown {what} {name!r}{guess}; known are: {', '.join(known)}"


def check_size(value: Any, what: str) -> None:
    """Raises: FormulaError unless the value is one size: a name, or an integer from 1 to 999999."""
    if isinstance(value, str) and NAME.match(value):
        try:
            return check_name(value)
        except FormulaError as error:
            raise FormulaError(f"{what}: {error}") from None
    number = isinstance(value, str) or (hasattr(value, "__index__") and not isinstance(value, bool))
    if not number or not re.fullmatch("[1-9][0-9]{0,5}", str(value)):
        expected = 'a size, which is a name such as "n" or an integer from 1 to 999999'
        raise FormulaError(f"{what}: expected {expected}, found {_shown(value)}")
    return None


def _shown(value: Any) -> str:
    return f"{shorten(' '.join(repr(value).split()))} ({type(value).__name__})"
