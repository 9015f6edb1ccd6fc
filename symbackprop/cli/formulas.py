"""Formulas of the command line as a derivation file: `--define "p = softmax(z)" --shape "z: n"`."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symbackprop.errors import FileError, FormulaError, SymbackpropError, shorten

if TYPE_CHECKING:
    from symbackprop.model.derivation_file import DerivationFile

# Section of a derivation file -> the option that stands for it.
OPTIONS = {"define": "--define", "shapes": "--shape", "assume": "--assume", "functions": "--function"}
# How a definition and a shape are written as options, to be filled in with a name.
IN_OPTIONS = '--define "{0} = ..."', '--shape "{0}:"'
_SECTION = re.compile(rf"\[({'|'.join(OPTIONS)})\] ")


@dataclass(frozen=True, kw_only=True, slots=True)
class Formulas:
    """The sections that the options give; an assumption is its own name."""

    define: Mapping[str, str]
    shapes: Mapping[str, str]
    assume: Mapping[str, str]
    functions: Mapping[str, str]

    @classmethod
    def of(
        cls, define: Iterable[str], shape: Iterable[str], assume: Iterable[str], function: Iterable[str]
    ) -> "Formulas":
        """Raises: FileError for an option that is not of its form, or gives a name twice."""
        assume, function = tuple(assume), tuple(function)
        for option, texts, example in (("--assume", assume, "sum(y) == 1"), ("--function", function, "f")):
            for text in texts:
                if not text.strip():
                    raise FileError(f"{option} {text!r}: the text is empty; expected a form such as {example!r}")
        return cls(
            define=_pairs("--define", define, "=", "p = softmax(z)"),
            shapes=_pairs("--shape", shape, ":", "z: n"),
            assume={text.strip(): text.strip() for text in assume},
            functions=dict.fromkeys(function, "elementwise"),
        )

    def __bool__(self) -> bool:
        return bool(self.define or self.shapes or self.assume or self.functions)

    def names(self) -> set[str]:
        """Every name that the options use for something, sizes included."""
        sizes = " ".join(self.shapes.values()).replace(",", " ").split()
        return {*self.define, *self.shapes, *self.functions, *sizes}

    def scalars(self, *formulas: str) -> tuple[str, ...]:
        """The names in the formulas that nothing declares: as in a definition, they are scalars."""
        from symbackprop.model.build import free_names

        known = {*self.define, *self.shapes, *self.functions, *self._sizes()}
        return tuple(dict.fromkeys(name for text in formulas for name in free_names(text, known)))

    def scalars_of(self, claim: str) -> tuple[str, ...]:
        """Those in a claim, in the assumptions, and in the definitions that these use."""
        from symbackprop.model.build import names_written

        formulas = dict.fromkeys([claim, *self.assume])
        waiting = list(formulas)
        while waiting:
            used = [self.define[name] for name in sorted(names_written(waiting.pop())) if name in self.define]
            waiting += [formula for formula in used if formula not in formulas]
            formulas |= dict.fromkeys(used)
        return self.scalars(*formulas)

    def _check_derivatives(self, option: str, formula: str) -> None:
        try:
            self.check_derivatives(formula)
        except FormulaError as error:
            raise FileError(f"{option}: {error}" if option else str(error)) from None

    def check_derivatives(self, formula: str) -> None:
        """Raises: FormulaError for a derivative that is 0 only because a definition is forgotten or misspelt."""
        from symbackprop.model.statement import check_derivatives

        declared = {*self.define, *self.shapes, *self.functions, *self._sizes()}
        check_derivatives(formula, self.define, self.shapes, self.functions, declared, self._used(), IN_OPTIONS)

    def _used(self) -> set[str]:
        """The names in the definitions that nothing declares.

        Raises: FileError for a definition that is no formula.
        """
        found: set[str] = set()
        for name, formula in self.define.items():
            try:
                found.update(self.scalars(formula))
            except FormulaError as error:
                raise FileError(f"--define {name}: {error}") from None
        return found

    def _sizes(self) -> set[str]:
        """Raises: FileError for a shape that is none."""
        from symbackprop.model.build import as_shape

        found: set[str] = set()
        for name, text in self.shapes.items():
            try:
                found.update(map(str, as_shape(text)))
            except SymbackpropError as error:
                raise FileError(f"--shape {name}: {error}") from None
        return found

    def as_file(self, claims: Iterable[str] = (), define: Mapping[str, str] | None = None) -> "DerivationFile":
        """The derivation file with these sections and the claims; `define` replaces the definitions.

        Raises: FileError whose text names the option that is wrong.
        """
        from symbackprop.model.derivation_file import read

        claims, scalars = tuple(claims), dict[str, str]()
        try:
            for option, text in [*(("--assume", text) for text in self.assume), *(("", text) for text in claims)]:
                self._check_derivatives(option, text)
            scalars = dict.fromkeys(self.scalars(*self.assume, *claims), "")
            data: dict[str, Any] = {
                "shapes": {**self.shapes, **scalars},
                "define": dict(self.define if define is None else define),
                "functions": dict(self.functions),
                "assume": dict(self.assume),
                "claims": {claim: claim for claim in claims},
            }
            return read(Path("formula"), data)
        except SymbackpropError as error:
            message = self._in_options(str(error), claims)
            raise FileError(message + _if_scalar(message, scalars)) from None

    def _in_options(self, message: str, claims: Iterable[str]) -> str:
        """The message with options where a derivation file has sections; a formula is not named by itself."""
        for section, option, texts in (("claims", "", claims), ("assume", "--assume: ", self.assume)):
            for text in texts:
                message = message.replace(f"[{section}] {text}: ", option, 1)
        message = _SECTION.sub(lambda match: f"{OPTIONS[match[1]]} ", message, count=1)
        for of_file, here in (("in [shapes]", "by --shape"), ("in [functions]", "by --function")):
            message = message.replace(of_file, here)
        return message.replace("in the file ", "")


def _if_scalar(message: str, names: Iterable[str]) -> str:
    """What to add to an error about scalars where nothing declares some names."""
    about_scalars = ("scalar" in message or "()" in message) and "by --shape" not in message
    there = shorten(", ".join(names))
    return f"; without a --shape, scalars are: {there}" if there and about_scalars else ""


def _pairs(option: str, texts: Iterable[str], sign: str, example: str) -> dict[str, str]:
    """Name -> what stands behind the first sign."""
    found: dict[str, str] = {}
    for text in texts:
        name, there, value = text.partition(sign)
        name = name.strip()
        if not there or not name or (sign == "=" and not value.strip()):
            raise FileError(f"{option} {shorten(text)!r}: expected a form such as {example!r}")
        if name in found:
            raise FileError(f"{option} {shorten(text)!r}: {name} is already given by {found[name]!r}")
        found[name] = value.strip()
    return found
