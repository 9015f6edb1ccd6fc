"""`symbackprop list`: what the catalogue and the formula language hold."""

import json
from collections.abc import Callable, Sequence
from typing import NamedTuple

import click

from symbackprop.cli.screen import console, table
from symbackprop.cli.status import meant
from symbackprop.errors import FileError, shorten


class Listing(NamedTuple):
    """The headings of a table and its rows; the first cell of a row is what it is called.

    Rows in a row that have the same in the column `group` stand together below it.
    """

    headings: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    group: int | None = None


@click.command("list", short_help="List identities, activations, losses, functions.")
@click.argument("what", metavar="identities|activations|losses|functions")
@click.argument("words", nargs=-1, metavar="[WORD]...")
@click.option("--topic", help="Only the identities of one topic.")
@click.option("--json", "as_json", is_flag=True, help="The list as JSON on the standard output.")
def listing(what: str, words: tuple[str, ...], topic: str | None, as_json: bool) -> None:
    """List identities, activations, losses, or the functions of formulas.

    \b
    symbackprop list identities softmax jacobian

    With words, only the rows that hold all of them, in whatever column. Where the output is no terminal, each row is
    one line.
    """
    if what not in LISTINGS:
        raise FileError(f"list {what!r}: expected one of {', '.join(LISTINGS)}{meant(what, LISTINGS)}")
    if topic is not None and what != "identities":
        raise FileError(f"--topic {topic!r}: only identities have topics")
    found = _holding(words, LISTINGS[what]() if topic is None else _of_topic(topic), what)
    if as_json:
        rows = [dict(zip(found.headings, row, strict=True)) for row in found.rows]
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False))
    else:
        _show(found)


def _holding(words: Sequence[str], found: Listing, what: str) -> Listing:
    """The rows in which every word stands, in small letters or capital ones.

    Raises: FileError where there is none.
    """
    rows = [row for row in found.rows if all(word.lower() in " ".join(row).lower() for word in words)]
    if not rows:
        raise FileError(f"list {what}: none of them holds {shorten(' '.join(words))!r}")
    return found._replace(rows=rows)


def _show(found: Listing) -> None:
    """The table; where the output is no terminal, a line for each row, which no column is left out of."""
    from rich.text import Text

    if not console().is_terminal:
        click.echo("\n".join(_lines(found)))
        return

    columns = [k for k in range(len(found.headings)) if k != found.group]
    shown = table(*(found.headings[k] for k in columns))
    last = ""
    for row in found.rows:
        if found.group is not None and row[found.group] != last:
            last = row[found.group]
            if shown.row_count:
                shown.add_row()
            shown.add_row(Text(last, style="bold"))
        shown.add_row(*(Text(row[k]) for k in columns))
    console().print(shown)


def _lines(found: Listing) -> list[str]:
    """The headings and the rows, each one line, with columns as wide as they have to be."""
    rows = [found.headings, *found.rows]
    widths = [max(len(row[k]) for row in rows) for k in range(len(found.headings))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _identities() -> Listing:
    from symbackprop.catalogue.identities import identities

    rows = [(i.id, i.topic, i.title, i.statement) for i in identities().values()]
    return Listing(("id", "topic", "title", "statement"), rows, group=1)


def _of_topic(topic: str) -> Listing:
    """Raises: FileError for a topic that no identity has."""
    found = _identities()
    topics = list(dict.fromkeys(row[1] for row in found.rows))
    if topic not in topics:
        raise FileError(f"--topic {topic!r}: topics are: {', '.join(topics)}{meant(topic, topics)}")
    return found._replace(rows=[row for row in found.rows if row[1] == topic])


def _activations() -> Listing:
    from symbackprop.catalogue.activations import ACTIVATIONS

    rows = [(a.id, a.name, a.formula, a.derivative_in_output, a.kinks) for a in ACTIVATIONS.values()]
    return Listing(("id", "name", "formula", "derivative", "kink"), rows)


def _losses() -> Listing:
    from symbackprop.catalogue.losses import LOSSES

    rows = [(x.id, x.name, x.formula, x.gradient, x.assumption) for x in LOSSES.values()]
    return Listing(("id", "name", "formula", "gradient", "assumption"), rows)


def _functions() -> Listing:
    """Every function with its arguments, with the formula of those that the catalogue defines; d, next and prime."""
    from symbackprop.catalogue.activations import ACTIVATIONS
    from symbackprop.language.functions import FUNCTIONS, NAMED, WORDS

    rows = []
    for name, row in FUNCTIONS.items():
        formula = ACTIVATIONS[name].formula if name in NAMED else ""
        rows.append((name, _count(row.least, row.most), ", ".join(sorted(row.keywords - {"spec"})), formula))
    rows += [(name, _count(word.least, word.most), "", word.meaning) for name, word in WORDS.items()]
    return Listing(("function", "arguments", "keywords", "meaning"), rows)


def _count(least: int, most: int) -> str:
    return str(least) if least == most else f"{least} to {most}"


LISTINGS: dict[str, Callable[[], Listing]] = {
    "identities": _identities,
    "activations": _activations,
    "losses": _losses,
    "functions": _functions,
}
