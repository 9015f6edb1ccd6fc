"""A program broken on purpose, and the statements by which that is noticed."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from symbackprop.proof import attempt
from symbackprop.proof.points import refutation

from .judge import NO_POINTS

FORGETFUL = tuple(
    f"symbackprop.{name}"
    for name in ("proof", "derivation", "catalogue.activations", "catalogue.derivatives", "tensor.differentiate")
)
Breaks = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True, slots=True)
class Kernel:
    """A mistake; names of `attacks.questions` of which it answers at least one with yes, where it makes something false
    provable; and names of `truths.truths` all of which it answers with no.
    """

    breaks: Breaks
    fooled: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()


@contextmanager
def broken(kernel: Kernel) -> Iterator[None]:
    """The program with the mistake, and without anything that it had worked out before or has worked out meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        # Points must not help: neither to refute before a proof, nor to doubt one.
        patch.setattr(attempt, "refute", lambda *_, **__: NO_POINTS)
        patch.setattr(refutation, "_compare", lambda *_: True)
        kernel.breaks(patch)
        forget()
        try:
            yield
        finally:
            forget()


def forget() -> None:
    """Empties every cache of the provers, of the functions of the catalogue and of the other calculus."""
    for name, module in list(sys.modules.items()):
        if name.startswith(FORGETFUL):
            for value in list(vars(module).values()):
                if callable(getattr(value, "cache_clear", None)):
                    value.cache_clear()


def replaced_everywhere(patch: pytest.MonkeyPatch, original: Any, other: Any) -> None:
    """Puts a function in the place of another one wherever a module has it."""
    for name, module in list(sys.modules.items()):
        if name.startswith("symbackprop."):
            for key, value in list(vars(module).items()):
                if value is original:
                    patch.setattr(module, key, other)
