"""`symbackprop check`: certificates checked again, by a program that knows nothing of how they were found."""

import json
from pathlib import Path

import click

from symbackprop.cli.files import files_of
from symbackprop.cli.status import ALL_PROVED, REFUTED, one_line
from symbackprop.errors import FileError

MOST_BYTES = 20_000_000


@click.command(short_help="Check certificates of proofs.")
@click.argument("files", nargs=-1, required=True, metavar="[CERTIFICATE.json | DIRECTORY]...")
def check(files: tuple[str, ...]) -> int:
    """Check certificates (or all in a directory), which `symbackprop verify --certificates DIR` writes.

    The checkers of the steps and of the point are plain Python, the folder symbackprop/proof/checker and the file
    witness_check.py beside it, which also run by themselves.

    Exit status: 0 all are accepted, 1 one is rejected, 2 bad input.
    """
    from symbackprop.proof.check import CertificateError
    from symbackprop.proof.check import check as accepted

    status = ALL_PROVED
    for name, certificate in [(path, _read(path)) for path in files_of(files, ".json")]:
        try:
            click.echo(f"{name}: accepted: {accepted(certificate)}")
        except CertificateError as error:
            click.echo(f"{name}: REJECTED: {one_line(error)}")
            status = REFUTED
    return status


def _read(path: Path) -> object:
    """What a JSON file holds.

    Raises: FileError for a file that cannot be read.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise FileError(f"{path}: more than {MOST_BYTES} bytes")
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise FileError(f"{path}: no JSON: it is not UTF-8 text") from None
    except (ValueError, RecursionError) as error:
        raise FileError(f"{path}: no JSON: {error}") from None
