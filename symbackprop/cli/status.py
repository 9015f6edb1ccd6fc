"""Exit statuses, and how every error becomes one line and one of them."""

import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from symbackprop.errors import SymbackpropError, shorten

if TYPE_CHECKING:
    from symbackprop.proof.verdict import Verdict

MAX_LINE = 1_000
ALL_PROVED, REFUTED, BAD_INPUT, UNDECIDED, INTERNAL_ERROR = 0, 1, 2, 3, 70


def guarded(work: Callable[[], int | None]) -> int:
    """The exit status of the work; what goes wrong is one line on the error output."""
    try:
        return work() or ALL_PROVED
    except SymbackpropError as error:
        click.echo(f"symbackprop: {one_line(error)}", err=True)
        return BAD_INPUT
    except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
        raise
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}, line {place.lineno}"
        what = f"{type(error).__name__}: {one_line(error)} ({where})"
        click.echo(f"symbackprop: internal error: {what}; please report it with what you asked for", err=True)
        return INTERNAL_ERROR


def one_line(text: object) -> str:
    """The text without line breaks, its middle left out where it is very long."""
    return shorten(" ".join(str(text).split()), MAX_LINE)


def status_of(verdicts: Iterable["Verdict"]) -> int:
    """0 all proved, 1 something refuted, 3 something undecided and nothing refuted."""
    from symbackprop.proof.verdict import Kind

    kinds = {verdict.kind for verdict in verdicts}
    if Kind.REFUTED in kinds:
        return REFUTED
    return UNDECIDED if Kind.UNDECIDED in kinds else ALL_PROVED
