"""The terminal: one console for tables, one progress bar on the error output."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

WIDTH = 120


def console() -> "Console":
    """The console of the results; where no terminal says how wide it is, 120 columns."""
    from rich.console import Console

    found = Console()
    return found if found.is_terminal else Console(width=WIDTH)


def table(*headings: str) -> "Table":
    """An empty table without lines; the first column keeps its width, the others fold where they have to."""
    from rich.table import Table

    shown = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for position, heading in enumerate(headings):
        shown.add_column(heading, overflow="fold", no_wrap=position == 0)
    return shown


def plain_line(screen: "Console", text: str) -> None:
    """One line as it is, neither marked up nor wrapped."""
    screen.print(text, markup=False, highlight=False, soft_wrap=True)


class Bar:
    """What a running job tells: what it is doing now, and that one part is done."""

    def __init__(self, tell: Callable[[str], None], advance: Callable[[], None]) -> None:
        self.tell, self.advance = tell, advance


@contextmanager
def progress(total: int) -> Iterator[Bar]:
    """A bar on the error output that vanishes in the end; none where that is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    errors = Console(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as shown:
        task = shown.add_task("", total=total)
        yield Bar(
            lambda what: shown.update(task, description=what[:60].ljust(60)),
            lambda: shown.advance(task),
        )
