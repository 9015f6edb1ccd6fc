"""What `verify` is asked about: files with claims, identities of the catalogue, statements."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from symbackprop.cli.files import derivation_files, kind_of
from symbackprop.cli.formulas import Formulas
from symbackprop.errors import FileError, shorten

if TYPE_CHECKING:
    from symbackprop.catalogue.identities import Identity
    from symbackprop.model.derivation_file import DerivationFile
    from symbackprop.model.graph import Graph, Relation
    from symbackprop.model.repeat.claims import DepthClaim
    from symbackprop.model.repeat.section import AnyDepth
    from symbackprop.proof.induction import Induction
    from symbackprop.proof.limits import Budget
    from symbackprop.proof.verdict import Verdict

COMPARISONS = ("==", "!=", "<=", ">=", "<", ">")


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """One statement; `origin` is the file or identity from which it comes, or empty.

    `graph` is what its names mean; `relation` is None for a statement about networks of every depth, which is proved
    by `induction`. `scalars` are the names in it that are scalars because nothing declares them.
    """

    name: str
    origin: str
    statement: str
    graph: "Graph"
    relation: "Relation | None"
    verdict: Callable[["Budget"], "Verdict"]
    scalars: tuple[str, ...] = ()
    induction: "Callable[[Budget], Induction] | None" = None


def claims_of(texts: Iterable[str], given: Formulas) -> list[Claim]:
    """The claims behind the arguments; all are read before the first one is proved.

    Raises: FileError for a text that is no path, no identity and no statement.
    """
    from symbackprop.catalogue.identities import identities

    found: list[Claim] = []
    statements = 0
    for text in dict.fromkeys(text.strip() for text in texts):
        if exists(text):
            found += _of_path(text)
        elif text in identities():
            found += of_identity(identities()[text])
        elif is_statement(text):
            statements += 1
            found += _of_statement(text, given)
        else:
            raise FileError(_unknown(text, identities()))
    if given and not statements:
        raise FileError("--define, --shape, --assume and --function belong to a statement, and none is given")
    return found


def exists(text: str) -> bool:
    """Whether the text is the path of something; a text that can be no path is not."""
    try:
        return bool(text) and kind_of(Path(text)) != ""
    except (FileError, ValueError):
        return False


def is_statement(text: str) -> bool:
    return any(sign in text for sign in COMPARISONS)


def identity_of(text: str) -> "Identity":
    """The identity with this id.

    Raises: FileError with the closest id.
    """
    from symbackprop.catalogue.identities import identities

    if text not in identities():
        raise FileError(f"{shorten(text)!r} is no identity{_meant(text, identities())}")
    return identities()[text]


def of_identity(identity: "Identity") -> list[Claim]:
    from symbackprop.model.identity import as_file

    return _of_file(as_file(identity), identity.id)


def _of_path(text: str) -> list[Claim]:
    from symbackprop.model.derivation_file import load

    files = derivation_files([text])
    found = [claim for path in files for claim in _of_file(load(path), str(path))]
    if not found:
        what = "the file has no [claims]" if files == [Path(text)] else "no file in it has [claims]"
        raise FileError(f"{text}: {what}, so there is nothing to verify; `symbackprop derive` proves gradients")
    return found


def _of_file(file: "DerivationFile", origin: str) -> list[Claim]:
    if file.any_depth is not None:
        return _for_every_depth(file, file.any_depth, origin)
    return [_claim(file, claim, origin) for claim in file.claims]


def _claim(file: "DerivationFile", claim: "Relation", origin: str, scalars: tuple[str, ...] = ()) -> Claim:
    from symbackprop.model.training import relation_after_steps
    from symbackprop.proof.verify import verify

    written = relation_after_steps(claim, file.graph, file.training)
    return Claim(
        name=claim.name,
        origin=origin,
        statement=claim.formula,
        graph=file.graph,
        relation=written,
        verdict=lambda budget: verify(written, file.graph, budget=budget),
        scalars=scalars,
    )


def _for_every_depth(file: "DerivationFile", network: "AnyDepth", origin: str) -> list[Claim]:
    from symbackprop.proof.induction import as_written, prove_for_every_depth

    def claim(of: "DepthClaim") -> Claim:
        return Claim(
            name=of.name,
            origin=origin,
            statement=of.formula,
            graph=file.graph,
            relation=None,
            verdict=lambda budget: as_written(
                network.repeat, prove_for_every_depth(network.repeat, of, budget=budget).verdict
            ),
            induction=lambda budget: prove_for_every_depth(network.repeat, of, budget=budget),
        )

    return [claim(of) for of in network.claims]


def _of_statement(text: str, given: Formulas) -> list[Claim]:
    file = given.as_file([text])
    return [_claim(file, claim, "", given.scalars(text)) for claim in file.claims]


def _unknown(text: str, ids: Iterable[str]) -> str:
    """What a text that is nothing at all could have been."""
    if text.endswith(".toml") or "/" in text:
        return f"{text}: no such file or directory"
    return f'{shorten(text)!r} is no file, no identity and no statement such as "a == b"{_meant(text, ids)}'


def _meant(text: str, ids: Iterable[str]) -> str:
    from symbackprop.language.syntax import closest

    other = closest(text, ids)
    return f"; did you mean {other}?" if other else "; `symbackprop list identities` lists the identities"
