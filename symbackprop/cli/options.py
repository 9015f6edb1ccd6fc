"""Options that several commands share."""

import re
from collections.abc import Callable
from math import nan
from typing import Any

import click

from symbackprop.proof.limits import Budget

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
DEFAULT = Budget()
LEAST_SECONDS = 0.1

_NEGATIVE = re.compile(r"-(?!-)(?=.*[^A-Za-z-])")


class FormulaCommand(click.Command):
    """A command whose arguments may be formulas: `-sum(x)` is none of its options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, [f" {arg}" if _NEGATIVE.match(arg) else arg for arg in args])


def _number(kind: type[int] | type[float], least: float, what: str) -> Callable[..., float]:
    """Reads a number from `least` on; `what` says of what, and everything else is told in the same way."""

    def read(ctx: click.Context, param: click.Parameter, text: str) -> float:
        try:
            number: float = kind(text)
        except ValueError:
            number = nan
        if not number >= least:  # what is not a number is not even that
            raise click.BadParameter(f"expected {what}, at least {least:g}, found {text.strip()!r}", ctx, param)
        return number

    return read


seconds = click.option(
    "--seconds",
    default=f"{DEFAULT.seconds:g}",
    show_default=True,
    metavar="NUMBER",
    callback=_number(float, LEAST_SECONDS, "a number of seconds"),
    help="Time for one proof; what takes longer is undecided.",
)
terms = click.option(
    "--terms",
    default=str(DEFAULT.terms),
    show_default=True,
    metavar="NUMBER",
    callback=_number(int, 1, "a whole number"),
    help="Largest number of terms of an expression in a proof.",
)


def formulas(command: Callable[..., Any]) -> Callable[..., Any]:
    """--define, --shape, --assume and --function: what the names in a formula of the command line mean."""
    options: list[Decorator] = [
        click.option("--define", multiple=True, metavar='"NAME = FORMULA"', help="A definition, in order."),
        click.option("--shape", multiple=True, metavar='"NAME: SIZES"', help="The shape of an input; else a scalar."),
        click.option("--assume", multiple=True, metavar='"CONDITION"', help="A condition that proofs may use."),
        click.option("--function", multiple=True, metavar="NAME", help="An arbitrary elementwise function."),
    ]
    for option in reversed(options):
        command = option(command)
    return command
