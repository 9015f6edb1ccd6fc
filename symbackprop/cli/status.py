"""Exit statuses, and how every error becomes one line and one of them."""

import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from symbackprop.errors import SymbackpropError, shorten

if TYPE_CHECKING:
    from symbackprop.proof.verdict import Verdict

MAX_LINE = 1_000
ALL_PROVED, REFUTED, BAD_INPUT, UNDECIDED, INTERNAL_ERROR, INTERRUPTED = 0, 1, 2, 3, 70, 130


def guarded(work: Callable[[], int | None]) -> int:
    """The exit status of the work; what goes wrong is one line on the error output."""
    try:
        return work() or ALL_PROVED
    except SymbackpropError as error:
        click.echo(f"symbackprop: {one_line(error)}", err=True)
        return BAD_INPUT
    except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
        raise
    except KeyboardInterrupt:
        click.echo("symbackprop: interrupted", err=True)
        return INTERRUPTED
    except OSError as error:  # of files that are read or written, there is a FileError: this is the output itself
        click.echo(f"symbackprop: the output cannot be written: {error.strerror or one_line(error)}", err=True)
        return BAD_INPUT
    except UnicodeEncodeError as error:
        character, how = error.object[error.start], "set PYTHONIOENCODING=utf-8"
        click.echo(f"symbackprop: the output cannot hold {character!a} as {error.encoding}; {how}", err=True)
        return BAD_INPUT
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}, line {place.lineno}"
        what = f"{type(error).__name__}: {one_line(error)} ({where})"
        click.echo(f"symbackprop: internal error: {what}; please report it with what you asked for", err=True)
        return INTERNAL_ERROR


class OneLineError(click.ClickException):
    """A command line that makes no sense, told in one line."""

    exit_code = BAD_INPUT

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"symbackprop: {one_line(self.message)}", err=file is None, file=file)


@contextmanager
def told_in_one_line() -> Iterator[None]:
    """click's own errors: what is wrong, where, what may have been meant, and which help lists what there is."""
    try:
        yield
    except click.UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            raise
        message, ctx = _what(error, error.ctx), error.ctx or click.get_current_context(silent=True)
        see = "" if ctx is None else f"{' See' if message.endswith('?') else '; see'} `{ctx.command_path} --help`"
        raise OneLineError(message + see) from None


def _what(error: click.UsageError, ctx: click.Context | None) -> str:
    if isinstance(error, click.NoSuchOption) and ctx is not None:
        known = [name for option in ctx.command.get_params(ctx) for name in option.opts if name.startswith("-")]
        return f"no such option {error.option_name!r}{meant(error.option_name, known)}"
    message = error.format_message().strip().removesuffix(".")
    return message[:1].lower() + message[1:]


def meant(name: str, known: Iterable[str]) -> str:
    """`; did you mean --shape?`, or nothing where no name is close."""
    known = sorted(known)
    longer = [other for other in known if len(name) > 3 and other.startswith(name)]
    found = [*longer, *get_close_matches(name.lower(), known, n=1, cutoff=0.7)]
    return f"; did you mean {found[0]}?" if found else ""


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
