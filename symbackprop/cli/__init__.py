"""The command line. Only this package knows click and rich; heavy imports wait until a command runs.

A command is a function in a module of its own; it may return its exit status. `COMMANDS` lists them.
"""

from importlib import import_module
from pathlib import Path
from typing import Any

import click

from symbackprop import __version__
from symbackprop.cli.claims import is_statement
from symbackprop.cli.status import guarded, meant, told_in_one_line
from symbackprop.errors import shorten

# Command -> its module in this package and the function there, in the order of the help.
COMMANDS = {
    "derive": "derive",
    "verify": "verify",
    "check": "check",
    "gradient": "gradient",
    "show": "show",
    "list": "listing",
}


class Commands(click.Group):
    """The commands of the table, each imported when it is asked for; errors become exit statuses here."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        home = COMMANDS[cmd_name]
        command = getattr(import_module(f"{__name__}.{home}"), home)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            if name.endswith(".toml") or Path(name).exists():
                ctx.fail(f"{name!r} is no command; did you mean `{ctx.command_path} derive {name}`?")
            if is_statement(name):
                ctx.fail(
                    f"{shorten(name)!r} is no command; did you mean `{ctx.command_path} verify` with this statement?"
                )
            ctx.fail(f"no such command {shorten(name)!r}{meant(name, COMMANDS)}")
        return super().resolve_command(ctx, args)

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        with told_in_one_line():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> None:
        with told_in_one_line():
            ctx.exit(guarded(lambda: super(Commands, self).invoke(ctx)))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="symbackprop")
def main() -> None:
    """Derive backpropagation symbolically, prove it, and write it down."""
