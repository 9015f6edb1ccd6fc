"""`verify --certificates DIR`: one JSON file for each claim that is proved."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

from symbackprop.cli.files import write_all
from symbackprop.cli.verdicts import Outcome, label
from symbackprop.errors import NotSupportedError

MOST_CHARACTERS = 80


def write_certificates(outcomes: Iterable[Outcome], directory: Path) -> list[str]:
    """Writes what can be certified; returns what to tell: how many there are, and which proved claim has none and why.

    Raises: FileError where nothing can be written.
    """
    from symbackprop.proof.certificate import certificate

    made: dict[Path, str] = {}
    missing = []
    for outcome in outcomes:
        claim = outcome.claim
        if not outcome.verdict.proved:
            continue
        try:
            if claim.relation is None:
                raise NotSupportedError("a proof by induction on the depth")
            content = certificate(claim.relation, claim.graph, outcome.verdict)
        except NotSupportedError as error:
            missing.append(f"{label(claim, True)}: no certificate: {error}")
            continue
        made[_free_path(directory, label(claim, True), made)] = json.dumps(content, indent=1) + "\n"
    write_all(made)
    return [*missing, f"{len(made)} certificate{'' if len(made) == 1 else 's'} in {directory}"]


def _free_path(directory: Path, name: str, taken: Iterable[Path]) -> Path:
    """A file name made of the letters and digits of a claim's name."""
    stem = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:MOST_CHARACTERS] or "claim"
    number, path = 1, directory / f"{stem}.json"
    while path in taken:
        number += 1
        path = directory / f"{stem}-{number}.json"
    return path
