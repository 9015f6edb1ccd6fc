"""Values of a derivation file as TOML has them: tables, texts and exact numbers, and where an error is."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from typing import Any

from symbackprop.errors import FileError, SymbackpropError


@contextmanager
def told_at(place: str) -> Iterator[None]:
    """Puts the place before the message of any error."""
    try:
        yield
    except SymbackpropError as error:
        raise FileError(f"{place}: {error}") from None


def read_table(data: Mapping[str, Any], section: str) -> dict[str, Any]:
    """A section; empty where it is not there. Raises: FileError for what is no section."""
    table = data.get(section, {})
    if not isinstance(table, dict):
        raise FileError(f"{section} must be a section: [{section}]")
    return table


def read_text(data: Mapping[str, Any], key: str) -> str:
    """A text; empty where it is not there. Raises: FileError for anything else."""
    value = data.get(key, "")
    if not isinstance(value, str):
        raise FileError(f"{key}: expected a text in quotes, found {value!r}")
    return value


def read_texts(data: Mapping[str, Any], section: str) -> dict[str, str]:
    """A section in which every value is a text. Raises: FileError naming the section and key."""
    table = read_table(data, section)
    for key, value in table.items():
        if not isinstance(value, str):
            raise FileError(f"[{section}] {key}: expected a text in quotes, found {value!r}")
    return table


def read_number(value: Any, key: str) -> Fraction:
    """The exact value of a number. Raises: FileError for anything else, and for too many digits."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise FileError(f"{key}: expected a number, found {value!r}")
    if isinstance(value, Decimal) and not value.is_finite():
        raise FileError(f"{key}: {value} is no finite number")
    if len(str(value)) > 300 or (isinstance(value, Decimal) and abs(value.adjusted()) > 300):
        raise FileError(f"{key}: the number has more than 300 digits")
    return Fraction(value)
