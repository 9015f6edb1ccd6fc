"""What `verify` is asked about: files with claims, identities of the catalogue, statements."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from symbackprop.cli.files import derivation_files, kind_of, loaded
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

# Ids that are suggested in the place of an unknown one; and words so short that they stand in many others.
MOST_SIMILAR, SHORT_WORD = 4, 4
COMPARISONS = ("==", "!=", "<=", ">=", "<", ">")
OTHER_SIGNS = "\u2264\u2265\u2260\u2261"  # which make a statement, too: one whose error says what to write


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """One statement; `origin` is the file or identity from which it comes, or empty.

    `graph` is what its names mean; `relation` is None for a statement about networks of every depth, which is proved
    by `induction`. `scalars` are the names in it, in its definitions and in what is assumed that are scalars because
    nothing declares them; `broadcast` the shapes of its sides, where both have axes and are not alike.
    """

    name: str
    origin: str
    statement: str
    graph: "Graph"
    relation: "Relation | None"
    verdict: Callable[["Budget"], "Verdict"]
    scalars: tuple[str, ...] = ()
    broadcast: tuple[tuple[str, ...], ...] = ()
    induction: "Callable[[Budget], Induction] | None" = None

    @property
    def of_catalogue(self) -> bool:
        """Whether it is an identity of the catalogue, whose id says which."""
        return self.origin == self.name


def claims_of(texts: Iterable[str], given: Formulas) -> list[Claim]:
    """The claims behind the arguments; all are read before the first one is proved.

    Raises: FileError for a text that is no path, no identity and no statement.
    """
    from symbackprop.catalogue.identities import identities

    texts = list(dict.fromkeys(text.strip() for text in texts))
    of_catalogue = identities()
    statements = [text for text in texts if is_statement(text) and text not in of_catalogue and not exists(text)]
    stated = _of_statements(statements, given)
    found: list[Claim] = []
    for text in texts:
        if not text:
            raise FileError("an empty text: expected a file, an identity or a statement")
        if text in stated:
            found.append(stated[text])
        elif exists(text):
            found += _of_path(text)
        elif text in of_catalogue:
            found += of_identity(of_catalogue[text])
        else:
            raise FileError(_unknown(text, of_catalogue))
    if given and found and not stated:
        raise FileError("--define, --shape, --assume and --function belong to a statement, and none is given")
    return found


def exists(text: str) -> bool:
    """Whether the text is the path of something; a text that can be no path is not."""
    try:
        return bool(text) and kind_of(Path(text)) != ""
    except (FileError, ValueError):
        return False


def is_statement(text: str) -> bool:
    return any(sign in text for sign in (*COMPARISONS, *OTHER_SIGNS))


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
    files = derivation_files([text])
    found = [claim for path in files for claim in _of_file(loaded(path), str(path))]
    if not found:
        what = "the file has no [claims]" if files == [Path(text)] else "no file in it has [claims]"
        raise FileError(f"{text}: {what}, so there is nothing to verify; `symbackprop derive` proves gradients")
    return found


def _of_file(file: "DerivationFile", origin: str) -> list[Claim]:
    if file.any_depth is not None:
        return _for_every_depth(file, file.any_depth, origin)
    return [_claim(file, claim, origin, file.undeclared) for claim in file.claims]


def _claim(file: "DerivationFile", claim: "Relation", origin: str, scalars: tuple[str, ...]) -> Claim:
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
        broadcast=tuple(tuple(map(str, shape)) for shape in written.broadcast),
    )


def _for_every_depth(file: "DerivationFile", network: "AnyDepth", origin: str) -> list[Claim]:
    from symbackprop.model.repeat.claims import shapes_as_written
    from symbackprop.proof.induction import as_written, prove_for_every_depth

    def claim(of: "DepthClaim") -> Claim:
        @cache
        def induction(budget: "Budget") -> "Induction":
            return prove_for_every_depth(network.repeat, of, budget=budget)

        return Claim(
            name=of.name,
            origin=origin,
            statement=of.formula,
            graph=file.graph,
            relation=None,
            verdict=lambda budget: as_written(network.repeat, induction(budget).verdict),
            induction=induction,
            broadcast=shapes_as_written(network.repeat, of),
        )

    return [claim(of) for of in network.claims]


def _of_statements(texts: list[str], given: Formulas) -> dict[str, Claim]:
    """Statement -> its claim; the options are for all of them together, and each is used by one at least."""
    if not texts:
        return {}
    file = given.as_file(texts)
    return {claim.name: _claim(file, claim, "", given.scalars_of(claim.name)) for claim in file.claims}


def _unknown(text: str, ids: Iterable[str]) -> str:
    """What a text that is nothing at all could have been."""
    if text.endswith(".toml") or "/" in text:
        return f"{text}: no such file or directory"
    from symbackprop.language.syntax import lone_equals

    nothing = f"{shorten(text)!r} is no file, no identity and no statement"
    if lone_equals(text) is not None:
        return f"{nothing}: write `==` in the place of `=` for a claim"
    return f'{nothing} such as "a == b"{_meant(text, ids)}'


def _meant(text: str, ids: Iterable[str]) -> str:
    found = _similar("-".join(text.lower().replace("_", " ").split()), list(ids))
    if not found:
        return "; `symbackprop list identities` lists the identities"
    shown = ", ".join(found[:MOST_SIMILAR])
    more = f" (`symbackprop list identities` lists {len(found) - MOST_SIMILAR} more)"
    return f"; did you mean {shown}?{more if len(found) > MOST_SIMILAR else ''}"


def _similar(word: str, ids: list[str]) -> list[str]:
    """The id that differs in a few letters, those that begin with the word, those that hold it; short ones first.

    A word of a few letters is looked for as a whole word only.
    """
    near = get_close_matches(word, ids, n=1, cutoff=0.85)
    found = sorted((id_ for id_ in ids if _holds(id_, word)), key=lambda id_: (not id_.startswith(word), len(id_), id_))
    return list(dict.fromkeys([*near, *found])) or get_close_matches(word, ids, n=1, cutoff=0.7)


def _holds(id_: str, word: str) -> bool:
    return word in (id_.split("-") if len(word) < SHORT_WORD else id_)
