"""The command line. Only this module knows click and rich; heavy imports wait until a command runs."""

import os
import sys
import tempfile
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from symbackprop import __version__
from symbackprop.errors import FileError, SymbackpropError

if TYPE_CHECKING:
    from symbackprop.model.derivation_file import DerivationFile
    from symbackprop.write.report import Report

FORMATS = ("tex", "md", "json")
# Exit statuses, apart from 0 when every gradient and claim is proved.
REFUTED, BAD_INPUT, UNDECIDED, INTERNAL_ERROR = 1, 2, 3, 70


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="symbackprop")
def main() -> None:
    """Derive backpropagation symbolically, prove it, and write it down."""


@main.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path())
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory for the documents. Default: beside each file.",
)
@click.option(
    "--format", "formats", default=",".join(FORMATS), show_default=True, help="Formats to write, separated by commas."
)
@click.option("--seconds", default=20.0, show_default=True, type=click.FloatRange(min=0.1), help="Time for one proof.")
def derive(paths: tuple[str, ...], out: Path | None, formats: str, seconds: float) -> None:
    """Derive, prove and write derivation files (or all in a directory).

    Exit status: 0 everything is proved, 1 something is refuted, 2 bad input, 3 something is undecided,
    70 an error in symbackprop itself.
    """
    try:
        status = _derive(paths, out, formats, seconds)
    except SymbackpropError as error:
        click.echo(f"symbackprop: {_line(error)}", err=True)
        status = BAD_INPUT
    except BrokenPipeError:
        raise
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}, line {place.lineno}"
        what = f"{type(error).__name__}: {_line(error)} ({where})"
        click.echo(f"symbackprop: internal error: {what}; please report it with the derivation file", err=True)
        status = INTERNAL_ERROR
    sys.exit(status)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())


def _derive(paths: Iterable[str], out: Path | None, formats: str, seconds: float) -> int:
    """Does the work, shows its result and returns the exit status."""
    chosen = _formats(formats)
    files = _files(paths)
    targets = _targets(files, out)
    reports = _work(files, seconds)
    texts = {path: _texts(path, report, chosen) for path, report in reports.items()}
    written = {path: _write(targets[path], made) for path, made in texts.items()}
    _show(reports, written)
    return _status(reports.values())


def _formats(text: str) -> tuple[str, ...]:
    chosen = tuple(part.strip() for part in text.split(",") if part.strip())
    unknown = [part for part in chosen if part not in FORMATS]
    if unknown or not chosen:
        raise FileError(f"--format {text!r}: expected some of {', '.join(FORMATS)}")
    return chosen


def _files(paths: Iterable[str]) -> list[Path]:
    """The .toml files that are named, or that lie in a named directory, sorted there."""
    files: list[Path] = []
    for text in paths:
        if not text:
            raise FileError("an empty path: name a derivation file or a directory")
        path = Path(text)
        if _kind(path) == "directory":
            found = sorted(path.rglob("*.toml"))
            if not found:
                raise FileError(f"{path}: the directory holds no .toml file")
            files += found
        elif _kind(path) == "file":
            files.append(path)
        else:
            raise FileError(f"{path}: no such file or directory")
    return list(dict.fromkeys(files))


def _kind(path: Path) -> str:
    """What the path names: "directory", "file" or nothing."""
    try:
        return "directory" if path.is_dir() else "file" if path.exists() else ""
    except OSError as error:
        raise FileError(f"{path}: {error.strerror}") from None


def _targets(files: list[Path], out: Path | None) -> dict[Path, Path]:
    """Where the documents of each file go, without a suffix; two files never write to the same place."""
    targets = {path: (out or path.parent) / path.stem for path in files}
    taken: dict[Path, Path] = {}
    for path, target in targets.items():
        if target in taken:
            raise FileError(f"{path} and {taken[target]} would write the same documents; use different names")
        taken[target] = path
    return targets


def _work(files: list[Path], seconds: float) -> dict[Path, "Report"]:
    """All reports; every file is read before the first proof, so that bad input is told at once."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from symbackprop.model.derivation_file import load
    from symbackprop.pipeline import work_out
    from symbackprop.proof.limits import Budget

    loaded = {path: load(path) for path in files}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    reports = {}
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=len(loaded))
        for path, file in loaded.items():
            name = path.name

            def tell(what: str, name: str = name) -> None:
                bar.update(task, description=f"{name}: {what}"[:60].ljust(60))

            try:
                reports[path] = work_out(file, tell, Budget(seconds=seconds))
            except SymbackpropError as error:
                raise FileError(f"{path}: {error}") from None
            bar.advance(task)
    return reports


def _texts(path: Path, report: "Report", formats: tuple[str, ...]) -> dict[str, str]:
    """The documents of one report by format; all are made before the first is written."""
    from symbackprop.write.document import document
    from symbackprop.write.json_ import to_json
    from symbackprop.write.markdown import markdown
    from symbackprop.write.tex import tex

    try:
        content = document(report)
        made = {"tex": lambda: tex(content), "md": lambda: markdown(content), "json": lambda: to_json(report)}
        return {suffix: made[suffix]() for suffix in formats}
    except SymbackpropError as error:
        raise FileError(f"{path}: {error}") from None


def _write(target: Path, texts: dict[str, str]) -> list[Path]:
    """Writes the documents of one file; each appears whole or not at all."""
    made = {target.with_name(f"{target.name}.{suffix}"): text for suffix, text in texts.items()}
    for path, text in made.items():
        _replace(path, text)
    return list(made)


def _replace(path: Path, text: str) -> None:
    """Writes through a temporary file in the same directory."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except OSError as error:
        raise FileError(f"{path}: cannot be written: {error.strerror}") from None


def _show(reports: dict[Path, "Report"], written: dict[Path, list[Path]]) -> None:
    """The closing table, and below it what was not proved, what is misprinted, and what was not asked for."""
    from rich.console import Console
    from rich.table import Table

    from symbackprop.proof.verdict import Kind

    table = Table(title="Derivations")
    table.add_column("file")
    for heading in ("gradients", "proved", "refuted", "undecided", "numbers agree", "disagree", "documents"):
        table.add_column(heading, justify="right")
    total = [0] * 7
    for path, report in reports.items():
        agree = sum(number.agrees for number in report.printed)
        row = [
            sum(len(loss.gradients) for loss in report.losses),
            *(report.count(kind) for kind in (Kind.PROVED, Kind.REFUTED, Kind.UNDECIDED)),
            agree,
            sum(not number.agrees and not number.reason for number in report.printed),
            len(written[path]),
        ]
        total = [a + b for a, b in zip(total, row, strict=True)]
        table.add_row(path.name, *map(str, row))
    if len(reports) > 1:
        table.add_section()
        table.add_row("all", *map(str, total))
    console = Console()
    if not console.is_terminal:
        console = Console(width=120)
    console.print(table)
    for path, report in reports.items():
        for line in [*_findings(report), *_misprints(report), *_nothing_asked(report.file)]:
            console.print(f"{path.name}: {line}", markup=False, highlight=False, soft_wrap=True)


def _findings(report: "Report") -> list[str]:
    """One line for every gradient or claim that is not proved."""
    lines = []
    for loss in report.losses:
        lines += [f"the line {text}: {verdict}" for text, verdict in loss.open_lines]
        for gradient in loss.gradients:
            for what, verdict in (("", gradient.verdict), (" by both routes", gradient.routes)):
                if verdict is not None and not verdict.proved:
                    lines.append(f"d({gradient.loss}, {gradient.name}){what}: {verdict}")
    return lines + [
        f"{claim.relation.name}: {claim.relation.formula}: {claim.verdict}"
        for claim in report.claims
        if not claim.verdict.proved
    ]


def _misprints(report: "Report") -> list[str]:
    """One line for every printed number that does not agree, or has no value."""
    return [
        f"{number.formula}: printed {number.digits}, "
        + (
            f"correct rounding {number.rounded} (value {number.value})"
            if number.rounded
            else f"not checked: {number.reason}"
        )
        for number in report.printed
        if not number.agrees
    ]


def _nothing_asked(file: "DerivationFile") -> list[str]:
    """What to do where no gradient is asked for and the last definition is no loss."""
    graph, last = file.graph, list(file.graph.definitions)[-1]
    if file.requests or not graph.shape(last):
        return []
    shape = ", ".join(map(str, graph.shape(last)))
    return [f"no gradient is asked for: {last} has the shape ({shape}); add sum(...) or a [derive] section"]


def _status(reports: Iterable["Report"]) -> int:
    from symbackprop.proof.verdict import Kind

    kinds = {verdict.kind for report in reports for verdict in report.verdicts()}
    if Kind.REFUTED in kinds:
        return REFUTED
    return UNDECIDED if Kind.UNDECIDED in kinds else 0
