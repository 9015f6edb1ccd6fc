"""What is expected to stay undecided: the entries of `undecided.toml`."""

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from .judge import Outcome
from .statements import Statement


@cache
def expected(section: str) -> Mapping[str, str]:
    """Statement -> reason."""
    text = Path(__file__).with_name("undecided.toml").read_text(encoding="utf-8")
    found: Mapping[str, str] = tomllib.loads(text)[section]
    return found


def key(statement: Statement) -> str:
    """What an entry is found by: where the statement comes from, and what it says."""
    return f"{statement.id}: {statement.claim}"


def surprises(section: str, outcomes: Iterable[Outcome]) -> list[str]:
    """Which of these are not expected, and what is expected and not among them; whatever the oracle says of them."""
    return sorted({key(outcome.statement) for outcome in outcomes} ^ set(expected(section)))
