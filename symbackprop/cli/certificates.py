"""`verify --certificates DIR`: one JSON file for each claim that is proved."""

import json
import re
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symbackprop.cli.files import write_all
from symbackprop.cli.verdicts import Outcome, label
from symbackprop.errors import NotSupportedError

if TYPE_CHECKING:
    from symbackprop.proof.limits import Budget

MOST_CHARACTERS = 80
# What a certificate holds beside its statement; and digits of the mark in the name of its file.
NOT_STATED, MARK = ("steps", "witness", "digest"), 8


def write_certificates(outcomes: Iterable[Outcome], directory: Path, budget: "Budget") -> list[str]:
    """Writes what can be certified; returns what to tell: how many there are, and which proved claim has none and why.

    A proof by induction, within `budget`, has a certificate for each of its obligations.

    Raises: FileError where nothing can be written.
    """
    made: dict[Path, str] = {}
    missing = []
    for outcome in outcomes:
        name = label(outcome.claim, True)
        if not outcome.verdict.proved:
            continue
        try:
            contents = _certificates(outcome, budget)
        except NotSupportedError as error:
            missing.append(f"{name}: no certificate: {error}")
            continue
        for role, content in contents.items():
            told = f"{name} {role}".strip()
            path = _free_path(directory, told, "" if outcome.claim.of_catalogue else _mark(content), made)
            made[path] = json.dumps(content) + "\n"
    write_all(made)
    if not made:
        return [*missing, f"0 certificates: nothing is written to {directory}"]
    return [*missing, f"{len(made)} certificate{'' if len(made) == 1 else 's'} in {directory}"]


def _certificates(outcome: Outcome, budget: "Budget") -> dict[str, dict[str, Any]]:
    """The certificate of a claim, or those of the obligations of an induction by their roles.

    Raises: NotSupportedError where one is missing.
    """
    from symbackprop.proof.certificate import certificate
    from symbackprop.proof.certificate.entries import certificates_of_induction

    claim = outcome.claim
    if claim.relation is not None:
        return {"": certificate(claim.relation, claim.graph, outcome.verdict)}
    if claim.induction is None:
        raise NotSupportedError("a claim about networks of every depth")
    return certificates_of_induction(claim.induction(budget))


def _mark(content: dict[str, Any]) -> str:
    """A short hash of what a certificate states, its definitions, shapes and conditions included."""
    stated = {key: value for key, value in content.items() if key not in NOT_STATED}
    return sha256(json.dumps(stated, sort_keys=True).encode()).hexdigest()[:MARK]


def _free_path(directory: Path, name: str, mark: str, taken: Iterable[Path]) -> Path:
    """A file name made of the letters and digits of a claim's name, and of the mark."""
    stem = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:MOST_CHARACTERS].strip("-") or "claim"
    stem = f"{stem}-{mark}" if mark else stem
    number, path = 1, directory / f"{stem}.json"
    while path in taken:
        number += 1
        path = directory / f"{stem}-{number}.json"
    return path
