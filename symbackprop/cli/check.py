"""`symbackprop check`: certificates checked again, by a program that knows nothing of how they were found."""

import json
from pathlib import Path

import click

from symbackprop.cli.files import files_of
from symbackprop.cli.status import ALL_PROVED, REFUTED, one_line
from symbackprop.errors import FileError

MOST_BYTES = 20_000_000


@click.command(short_help="Check certificates of proofs.")
@click.argument("files", nargs=-1, metavar="[CERTIFICATE.json | DIRECTORY]...")
@click.option("--json", "as_json", is_flag=True, help="The results as JSON on the standard output.")
def check(files: tuple[str, ...], as_json: bool) -> int:
    """Check certificates (or all in a directory), which `symbackprop verify --certificates DIR` writes.

    The checkers of the steps and of the point are plain Python, the folder symbackprop/proof/checker and the file
    witness_check.py beside it, which also run by themselves.

    Exit status: 0 all are accepted, 1 one is rejected, 2 bad input.
    """
    if not files:
        raise FileError("nothing to check: name a certificate, or a directory of them")
    found = []
    for path, certificate in [(path, _read(path)) for path in files_of(files, ".json")]:
        statement, reason = _result(certificate)
        found.append({"file": str(path), "accepted": not reason, "statement": statement, "reason": reason})
        if not as_json:
            click.echo(f"{path}: REJECTED: {reason}" if reason else f"{path}: accepted: {statement}")
    if as_json:
        click.echo(json.dumps(found, indent=1, ensure_ascii=False))
    return ALL_PROVED if all(one["accepted"] for one in found) else REFUTED


def _result(certificate: object) -> tuple[str, str]:
    """The statement of a certificate that is accepted, or why it is not."""
    from symbackprop.proof.check import CertificateError, check

    try:
        return check(certificate), ""
    except CertificateError as error:
        return "", one_line(error) or "no reason is known"


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
