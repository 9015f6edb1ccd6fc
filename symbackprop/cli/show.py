"""`symbackprop show`: the page of an identity, in the terminal or as a file."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from symbackprop.cli import options
from symbackprop.cli.claims import identity_of
from symbackprop.cli.files import directory_for, formats, write_all
from symbackprop.cli.screen import console, plain_line, progress
from symbackprop.cli.status import status_of
from symbackprop.errors import FileError, SymbackpropError

if TYPE_CHECKING:
    from symbackprop.catalogue.identities import Identity
    from symbackprop.write.report import IdentityReport
    from symbackprop.write.sections.identity import Page

FORMATS = ("plain", "md", "tex", "json")
LIST, BOOKLET, DATA = "README.md", "identities.tex", "identities.json"


@click.command(short_help="Show the page of an identity.")
@click.argument("ids", nargs=-1, metavar="ID...")
@click.option("--all", "everything", is_flag=True, help="Every identity of the catalogue.")
@click.option("--format", "chosen", help=f"One of {', '.join(FORMATS)}; with --out several. Default: plain, or md,tex.")
@click.option("--out", metavar="DIR", help="Write pages to this directory instead of showing.")
@options.seconds
@options.terms
def show(
    ids: tuple[str, ...], everything: bool, chosen: str | None, out: str | None, seconds: float, terms: int
) -> int:
    """Show what identities say, how they are derived, and what their proofs rest on.

    With --out, the pages are written as ID.md, with a README.md that lists them, all of them as identities.tex, or
    as identities.json. Exit status: as of verify.
    """
    from symbackprop.catalogue.identities import identities

    wanted = list(identities().values()) if everything else [identity_of(text) for text in dict.fromkeys(ids)]
    if not wanted:
        raise FileError("nothing to show: name an identity, or write --all; `symbackprop list identities` lists them")
    kinds = formats(chosen or ("plain" if out is None else "md,tex"), FORMATS)
    if out is None and len(kinds) > 1:
        raise FileError(f"--format {chosen!r}: one format at a time is shown; more are written with --out")
    if out is not None and "plain" in kinds:
        raise FileError(f"--format {chosen!r}: plain is for the terminal; files are written as md, tex or json")
    folder = None if out is None else directory_for("--out", out)
    found = _work(wanted, seconds, terms)
    if folder is None:
        click.echo(_text(found, kinds[0]).rstrip("\n"))
    else:
        _tell(write_all(_files(found, kinds, folder)), folder)
    return status_of(of.verdict for of in found)


def _work(wanted: Sequence["Identity"], seconds: float, terms: int) -> list["IdentityReport"]:
    from symbackprop.pages import work_out_identity
    from symbackprop.proof.limits import Budget

    budget = Budget(terms=terms, seconds=seconds)
    found = []
    with progress(len(wanted)) as bar:
        for identity in wanted:
            bar.tell(identity.id)
            try:
                found.append(work_out_identity(identity, budget))
            except SymbackpropError as error:
                raise FileError(f"identity {identity.id}: {error}") from None
            bar.advance()
    return found


def _text(found: Sequence["IdentityReport"], kind: str) -> str:
    """The pages one below the other."""
    from symbackprop.write.identities import identity_booklet, identity_json, identity_text
    from symbackprop.write.markdown import markdown
    from symbackprop.write.tex import tex

    if kind == "plain":
        return "\n\n\n".join(map(identity_text, found))
    if kind == "json":
        return identity_json(found)
    pages = _pages(found)
    if kind == "md":
        return "\n".join(markdown(page.document) for page in pages)
    return tex(pages[0].document) if len(pages) == 1 else identity_booklet(pages)


def _files(found: Sequence["IdentityReport"], kinds: Sequence[str], out: Path) -> dict[Path, str]:
    """Path -> text; all are made before the first is written."""
    from symbackprop.write.identities import identity_booklet, identity_json, identity_list
    from symbackprop.write.markdown import markdown

    pages = _pages(found) if {"md", "tex"} & set(kinds) else []
    made: dict[Path, str] = {}
    if "md" in kinds:
        made |= {out / f"{page.identity.id}.md": markdown(page.document) for page in pages}
        made[out / LIST] = identity_list(pages)
    if "tex" in kinds:
        made[out / BOOKLET] = identity_booklet(pages)
    if "json" in kinds:
        made[out / DATA] = identity_json(found)
    return made


def _pages(found: Sequence["IdentityReport"]) -> list["Page"]:
    from symbackprop.write.sections.identity import identity_page

    pages = []
    with progress(len(found)) as bar:
        for of in found:
            bar.tell(f"page of {of.identity.id}")
            try:
                pages.append(identity_page(of))
            except SymbackpropError as error:
                raise FileError(f"identity {of.identity.id}: {error}") from None
            bar.advance()
    return pages


def _tell(written: Sequence[Path], out: Path) -> None:
    plain_line(console(), f"{len(written)} files written to {out}")
