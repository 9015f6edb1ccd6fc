"""The identities: one record each, in the TOML files of this folder, one file for each topic.

A record is data: formulas in the language of the derivation files, and where they come from. It is read when asked for;
what it says is proved by the tests and by `symbackprop verify --all`.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from importlib.resources import files

from symbackprop.errors import FileError, GraphError, shorten
from symbackprop.language.syntax import did_you_mean


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """`statement` about the names in `define`, for all sizes; the other sections are those of a derivation file.

    `id` is permanent: it is cited. `title` names the identity as people do, `why` says in one line who needs it, and
    `source` is a paper or book with the number of the equation.
    """

    id: str
    topic: str
    title: str
    statement: str
    why: str
    source: str
    shapes: Mapping[str, str] = field(default_factory=dict)
    define: Mapping[str, str] = field(default_factory=dict)
    functions: Mapping[str, str] = field(default_factory=dict)
    assume: Mapping[str, str] = field(default_factory=dict)
    latex: Mapping[str, str] = field(default_factory=dict)


class UnknownIdentity(GraphError, KeyError):
    """An id that no record has; the closest one is named."""

    def __str__(self) -> str:
        return str(self.args[0])


class Identities(Mapping[str, Identity]):
    """Records by id, in their order."""

    __slots__ = ("_records",)

    def __init__(self, records: Mapping[str, Identity]) -> None:
        self._records = records

    def __getitem__(self, id_: str) -> Identity:
        """Raises: UnknownIdentity, a KeyError, with the id that may have been meant."""
        if id_ in self:
            return self._records[id_]
        guess = did_you_mean(id_, self._records) if isinstance(id_, str) else ""
        raise UnknownIdentity(f"{shorten(repr(id_))} is no identity{guess}; list(sb.identities()) has all ids")

    def __contains__(self, id_: object) -> bool:
        return id_ in self._records

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)

    def __repr__(self) -> str:
        return f"<{len(self)} identities by id>"


@cache
def identities() -> Identities:
    """All identities by id, topic after topic.

    Raises: FileError for a record with an unknown or missing key, or an id that another record has.
    """
    records: dict[str, Identity] = {}
    for resource in sorted(files(__package__).iterdir(), key=lambda item: item.name):
        topic, _, suffix = resource.name.rpartition(".")
        if suffix != "toml":
            continue
        for id_, table in tomllib.loads(resource.read_text(encoding="utf-8")).items():
            if id_ in records:
                raise FileError(f"{resource.name}: {id_} is also in {records[id_].topic}.toml; an id is unique")
            records[id_] = _record(id_, topic, table)
    return Identities(records)


def _record(id_: str, topic: str, table: dict[str, object]) -> Identity:
    known = {f.name for f in fields(Identity)} - {"id", "topic"}
    for key in table:
        if key not in known:
            raise FileError(f"{topic}.toml: [{id_}] {key} is no key; keys are: {', '.join(sorted(known))}")
    for key in ("title", "statement", "why", "source"):
        if not isinstance(table.get(key), str) or not table[key]:
            raise FileError(f"{topic}.toml: [{id_}] {key} is missing")
    return Identity(id=id_, topic=topic, **table)  # type: ignore[arg-type]
