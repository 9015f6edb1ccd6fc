"""`symbackprop derive`: derivation files in, documents out."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from symbackprop.cli import options
from symbackprop.cli.files import check_writable, derivation_files, directory_for, formats, loaded, write_all
from symbackprop.cli.screen import console, plain_line, progress
from symbackprop.cli.status import status_of
from symbackprop.cli.verdicts import broadcast_note
from symbackprop.errors import FileError, SymbackpropError

if TYPE_CHECKING:
    from symbackprop.model.derivation_file import DerivationFile
    from symbackprop.proof.verdict import Verdict
    from symbackprop.write.report import Report

FORMATS = ("tex", "md", "json")


@click.command(short_help="Derive, prove and write derivation files.")
@click.argument("paths", nargs=-1, metavar="[FILE.toml | DIRECTORY]...")
@click.option("--out", metavar="DIR", help="Directory for the documents. Default: beside each file.")
@click.option(
    "--format",
    "chosen",
    default=",".join(FORMATS),
    show_default=True,
    help="Formats to write, separated by commas.",
)
@options.seconds
@options.terms
def derive(paths: tuple[str, ...], out: str | None, chosen: str, seconds: float, terms: int) -> int:
    """Derive, prove and write derivation files (or all in a directory).

    Exit status: 0 everything is proved, 1 something is refuted, 2 bad input, 3 something is undecided,
    70 an error in symbackprop itself.
    """
    suffixes = formats(chosen, FORMATS)
    if not paths:
        raise FileError("nothing to derive: name a derivation file, or a directory of them")
    files = derivation_files(paths)
    folder = None if out is None else directory_for("--out", out)
    targets = _targets(files, folder)
    for beside in dict.fromkeys(path.parent for path in files) if folder is None else ():
        check_writable(beside, str(beside))
    reports = _work(files, seconds, terms)
    texts = {path: _texts(path, report, suffixes) for path, report in reports.items()}
    written = {path: _paths(targets[path], made) for path, made in texts.items()}
    write_all({written[path][suffix]: text for path, made in texts.items() for suffix, text in made.items()})
    _show(reports, written)
    return status_of(verdict for report in reports.values() for verdict in report.verdicts())


def _targets(files: list[Path], out: Path | None) -> dict[Path, Path]:
    """Where the documents of each file go, without a suffix; two files never write to the same place."""
    targets = {path: (out or path.parent) / path.stem for path in files}
    taken: dict[Path, Path] = {}
    for path, target in targets.items():
        if target in taken:
            raise FileError(f"{path} and {taken[target]} would write the same documents; use different names")
        taken[target] = path
    return targets


def _work(files: list[Path], seconds: float, terms: int) -> dict[Path, "Report"]:
    """All reports; every file is read before the first proof, so that bad input is told at once."""
    from symbackprop.pipeline import work_out
    from symbackprop.proof.limits import Budget

    read = {path: loaded(path) for path in files}
    reports = {}
    with progress(len(read)) as bar:
        for path, file in read.items():
            name = path.name

            def tell(what: str, name: str = name) -> None:
                bar.tell(f"{name}: {what}")

            try:
                reports[path] = work_out(file, tell, Budget(terms=terms, seconds=seconds))
            except SymbackpropError as error:
                raise FileError(f"{path}: {error}") from None
            bar.advance()
    return reports


def _texts(path: Path, report: "Report", suffixes: tuple[str, ...]) -> dict[str, str]:
    """The documents of one report by format; all are made before the first is written."""
    from symbackprop.write.document import document
    from symbackprop.write.json_ import to_json
    from symbackprop.write.markdown import markdown
    from symbackprop.write.tex import tex

    try:
        content = document(report)
        made = {"tex": lambda: tex(content), "md": lambda: markdown(content), "json": lambda: to_json(report)}
        return {suffix: made[suffix]() for suffix in suffixes}
    except SymbackpropError as error:
        raise FileError(f"{path}: {error}") from None


def _paths(target: Path, suffixes: Iterable[str]) -> dict[str, Path]:
    """Where the document of each format goes."""
    return {suffix: target.with_name(f"{target.name}.{suffix}") for suffix in suffixes}


def _show(reports: dict[Path, "Report"], written: dict[Path, dict[str, Path]]) -> None:
    """The closing table, and below it what was not proved, what is misprinted, and what was not asked for."""
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
    screen = console()
    screen.print(table)
    for path, report in reports.items():
        for line in [*_findings(report), *_misprints(report), *_nothing_asked(report.file)]:
            plain_line(screen, f"{path.name}: {line}")


def _findings(report: "Report") -> list[str]:
    """One line for every gradient or claim that is not proved, and for every claim whose sides are broadcast."""
    from symbackprop.model.repeat.claims import shapes_as_written
    from symbackprop.proof.induction import as_written

    lines = [f"{what}: {verdict}" for what, verdict in report.on_gradients() if not verdict.proved]
    for piece in report.any_depth.pieces:
        lines += [f"the line {text}: {verdict}" for text, verdict in piece.open_lines]
    network = report.file.any_depth
    for deep, induction in report.any_depth.claims:
        if network is not None:
            verdict, shapes = as_written(network.repeat, induction.verdict), shapes_as_written(network.repeat, deep)
            lines += _of_claim(f"{deep.name}: {deep.formula}", verdict, shapes)
    for claim in report.claims:
        shapes = tuple(tuple(map(str, shape)) for shape in claim.relation.broadcast)
        lines += _of_claim(f"{claim.relation.name}: {claim.relation.formula}", claim.verdict, shapes)
    return lines


def _of_claim(told: str, verdict: "Verdict", broadcast: tuple[tuple[str, ...], ...]) -> list[str]:
    return [f"{told}: {text}" for text in (*([] if verdict.proved else [verdict]), *broadcast_note(broadcast))]


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
