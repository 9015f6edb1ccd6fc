"""Verdicts for people and for programs: the table of `verify`, the lines below it, and the JSON."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from symbackprop.cli.claims import Claim
from symbackprop.cli.screen import console, plain_line, table
from symbackprop.errors import shorten

if TYPE_CHECKING:
    from symbackprop.proof.verdict import Verdict

COLOURS = {"PROVED": "green", "REFUTED": "red", "UNDECIDED": "yellow"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """A claim, what is known about it, and how long that took."""

    claim: Claim
    verdict: "Verdict"
    seconds: float


def show(outcomes: Sequence[Outcome], verbose: bool) -> None:
    """One row for each claim, then what is not proved and why, then how many there are of each kind."""
    from rich.text import Text

    several = len({outcome.claim.origin for outcome in outcomes}) > 1
    rows = table("verdict", "seconds", "claim", "holds under")
    for outcome in outcomes:
        kind = str(outcome.verdict.kind)
        rows.add_row(
            Text(kind, style=COLOURS[kind]),
            Text(f"{outcome.seconds:.2f}", justify="right"),
            Text(stated(outcome.claim, several)),
            Text(", ".join(_under(outcome))),
        )
    screen = console()
    screen.print(rows)
    for outcome in outcomes:
        for line in _below(outcome, several, verbose):
            plain_line(screen, line)
    if note := _undeclared(outcomes):
        plain_line(screen, note)
    if len(outcomes) > 1:
        plain_line(screen, counts(outcomes))


def _under(outcome: Outcome) -> list[str]:
    """What was assumed for a proof, and the conditions under which it holds."""
    from symbackprop.write.plain_verdict import conditions

    verdict = outcome.verdict
    needed = conditions(verdict, outcome.claim.graph, reasons=False) if verdict.proved else []
    return [*verdict.assumptions, *needed]


def label(claim: Claim, several: bool) -> str:
    """The name of a claim, after its file where there is more than one."""
    return f"{claim.origin}: {claim.name}" if several and claim.origin and not claim.of_catalogue else claim.name


def stated(claim: Claim, several: bool) -> str:
    """The label; where all claims are those of one file, the claim itself behind its name."""
    name = label(claim, several)
    alone = several or claim.of_catalogue or claim.name == claim.statement
    return name if alone else f"{name}: {claim.statement}"


def counts(outcomes: Sequence[Outcome]) -> str:
    """`112 claims: 110 proved, 2 undecided`."""
    found = Counter(str(outcome.verdict.kind) for outcome in outcomes)
    parts = [f"{found[kind]} {kind.lower()}" for kind in COLOURS if found[kind]]
    return f"{len(outcomes)} claims: {', '.join(parts)}"


def _below(outcome: Outcome, several: bool, verbose: bool) -> list[str]:
    """What a reader wants to know beyond the row."""
    from symbackprop.write.plain_verdict import basis, numbers_below

    claim, verdict = outcome.claim, outcome.verdict
    name = shorten(label(claim, several))
    said = f"{name}: {claim.statement}" if claim.name != claim.statement else name
    lines = [] if verdict.proved else [f"{said}: {verdict}", *(f"  {line}" for line in numbers_below(verdict))]
    if verbose and verdict.proved:
        lines = [f"{said}: {verdict}", *(f"  {line}" for line in basis(verdict, claim.graph))]
    return lines + [f"{name}: {note}" for note in broadcast_note(claim.broadcast)]


def broadcast_note(shapes: Sequence[tuple[str, ...]]) -> list[str]:
    """What a reader is told of a claim whose sides are compared by repeating one of them."""
    from symbackprop.tensor.ops import show_shape

    return [f"the sides have the shapes {' and '.join(map(show_shape, shapes))}: they are broadcast"] if shapes else []


def _undeclared(outcomes: Sequence[Outcome]) -> str:
    """Which names in all statements of the command line are scalars because nothing declares them; "" for none."""
    names = dict.fromkeys(name for of in outcomes if not of.claim.origin for name in of.claim.scalars)
    if not names:
        return ""
    what, them = ("a scalar", "it") if len(names) == 1 else ("scalars", "them")
    return f"{', '.join(names)}: taken for {what}, because no --shape declares {them}"


def as_data(outcome: Outcome) -> dict[str, Any]:
    """The verdict for a program; all but the seconds is the same in every run."""
    from symbackprop.write.json_ import plain
    from symbackprop.write.plain_verdict import conditions

    claim, verdict = outcome.claim, outcome.verdict
    return {
        "name": claim.name,
        "origin": claim.origin,
        "statement": claim.statement,
        "verdict": str(verdict.kind),
        "method": verdict.method,
        "assumptions": list(verdict.assumptions),
        "conditions": conditions(verdict, claim.graph),
        "witness": plain(verdict.witness),
        "reason": verdict.reason,
        "scalars": list(claim.scalars),
        "broadcast": list(map(list, claim.broadcast)),
        "seconds": round(outcome.seconds, 3),
    }
