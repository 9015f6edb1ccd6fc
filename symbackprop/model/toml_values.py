"""A derivation file as TOML: the text of the file, tables, texts and exact numbers, and where an error is."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from symbackprop.errors import FileError, SymbackpropError, shorten

MAX_FILE_BYTES = 1_000_000
# A line `name = formula` whose formula does not begin as a value of TOML does; and where an error says that it is.
_UNQUOTED = re.compile(r"""\s*(\w+|"[^"]*"|'[^']*')\s*=\s*(?=[^\s"'\[{#])(?P<formula>[^#]*[^\s#])""")
_LINE = re.compile(r"\(at line (\d+), column \d+\)\Z")


@contextmanager
def told_at(place: str) -> Iterator[None]:
    """Puts the place before the message of any error."""
    try:
        yield
    except SymbackpropError as error:
        raise FileError(f"{place}: {error}") from None


def read_toml(path: Path) -> dict[str, Any]:
    """What a file holds. Raises: FileError for one that cannot be read, or is no TOML."""
    try:
        with path.open("rb") as stream:  # no more than is wanted: the path may name a device without an end
            text = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise FileError(f"cannot be read: {error.strerror}") from None
    if len(text) > MAX_FILE_BYTES:
        raise FileError(f"has more than {MAX_FILE_BYTES} bytes; no more are read")
    try:
        decoded = text.decode("utf-8-sig")
        return tomllib.loads(decoded, parse_float=Decimal)
    except UnicodeDecodeError:
        raise FileError("is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise FileError(f"is no TOML: {error}{_missing_quotes(decoded, str(error))}") from None
    except ValueError:
        raise FileError("holds an integer with too many digits") from None
    except RecursionError:
        raise FileError("is nested too deeply") from None


def _missing_quotes(text: str, error: str) -> str:
    """What to add to an error of TOML at a line `name = formula`: how it is written."""
    place = _LINE.search(error)
    lines = text.splitlines()
    line = lines[int(place[1]) - 1] if place and int(place[1]) <= len(lines) else ""
    found = _UNQUOTED.match(line)
    if found is None:
        return ""
    return f"; formulas stand in quotes: {found[1]} = {shorten(_quoted(found['formula']))}"


def _quoted(formula: str) -> str:
    return f"'{formula}'" if '"' in formula else f'"{formula}"'


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
