"""`symbackprop verify`: a verdict for each claim of files, of the catalogue, or of the command line."""

import json
from collections.abc import Sequence
from time import perf_counter
from typing import TYPE_CHECKING

import click

from symbackprop.cli import options
from symbackprop.cli.certificates import write_certificates
from symbackprop.cli.claims import Claim, claims_of
from symbackprop.cli.files import directory_for
from symbackprop.cli.formulas import Formulas
from symbackprop.cli.screen import progress
from symbackprop.cli.status import status_of
from symbackprop.cli.verdicts import Outcome, as_data, show
from symbackprop.errors import FileError, SymbackpropError

if TYPE_CHECKING:
    from symbackprop.proof.limits import Budget


@click.command(cls=options.FormulaCommand, short_help="Prove or refute claims.")
@click.argument("what", nargs=-1, metavar='[ID | FILE.toml | DIRECTORY | "STATEMENT"]...')
@click.option("--all", "everything", is_flag=True, help="Every identity of the catalogue.")
@options.formulas
@options.seconds
@options.terms
@click.option("-v", "--verbose", is_flag=True, help="Also show what each proof needs, and a point that has it.")
@click.option("--json", "as_json", is_flag=True, help="The verdicts as JSON on the standard output.")
@click.option("--certificates", metavar="DIR", help="Also write a certificate of each proof, for `symbackprop check`.")
def verify(
    what: tuple[str, ...],
    everything: bool,
    define: tuple[str, ...],
    shape: tuple[str, ...],
    assume: tuple[str, ...],
    function: tuple[str, ...],
    seconds: float,
    terms: int,
    verbose: bool,
    as_json: bool,
    certificates: str | None,
) -> int:
    """Prove or refute claims: identities by their id, files with [claims], statements.

    \b
    symbackprop verify softmax-cross-entropy
    symbackprop verify "d(L, w) == 2*X.T @ (X @ w - y)" --define "L = sum((X @ w - y)**2)" \\
        --shape "X: N, n" --shape "w: n" --shape "y: N"

    Exit status: 0 everything is proved, 1 something is refuted, 2 bad input, 3 something is undecided and nothing
    is refuted, 70 an error in symbackprop itself.
    """
    from symbackprop.proof.limits import Budget

    folder = None if certificates is None else directory_for("--certificates", certificates)
    claims = claims_of([*what, *(_all_ids() if everything else ())], Formulas.of(define, shape, assume, function))
    if not claims:
        raise FileError("nothing to verify: name an identity, a file or a statement, or write --all")
    budget = Budget(terms=terms, seconds=seconds)
    outcomes = _work(claims, budget)
    if as_json:
        click.echo(json.dumps([as_data(outcome) for outcome in outcomes], indent=1, ensure_ascii=False))
    else:
        show(outcomes, verbose)
    for line in write_certificates(outcomes, folder, budget) if folder else ():
        click.echo(line, err=True)
    return status_of(outcome.verdict for outcome in outcomes)


def _all_ids() -> tuple[str, ...]:
    from symbackprop.catalogue.identities import identities

    return tuple(identities())


def _work(claims: Sequence[Claim], budget: "Budget") -> list[Outcome]:
    outcomes = []
    with progress(len(claims)) as bar:
        for claim in claims:
            bar.tell(claim.name)
            start = perf_counter()
            try:
                verdict = claim.verdict(budget)
            except SymbackpropError as error:
                raise FileError(f"{claim.origin or claim.name}: {error}") from None
            outcomes.append(Outcome(claim=claim, verdict=verdict, seconds=perf_counter() - start))
            bar.advance()
    return outcomes
