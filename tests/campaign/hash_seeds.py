"""Verdicts with all that belongs to them, printed: the same under every PYTHONHASHSEED."""

from collections.abc import Iterator

from symbackprop.catalogue.identities import identities
from symbackprop.model.derivation_file import load
from symbackprop.proof.induction import prove_for_every_depth
from symbackprop.proof.verdict import Verdict
from symbackprop.proof.verify import verify

from .mutate import sampled
from .statements import DERIVATIONS, Statement, catalogue, derivations, own

EVERY = 14
TOPIC, FILE, REPEATED = "softmax", "003-two-layer", "depth-residual"


def statements() -> list[Statement]:
    """Some theorems and, for each, one mutant; the equations of a topic of the catalogue and of a derivation file."""
    chosen = own()[::EVERY]
    return [
        *chosen,
        *(mutant.statement for true in chosen for mutant in sampled(true, 1, "hash seeds")),
        *(s for s in catalogue() if identities()[s.id.removeprefix("identity/")].topic == TOPIC),
        *(s for s in derivations() if s.id.startswith(f"{FILE}/")),
    ]


def shown() -> str:
    """One line for each statement, and for each claim about any depth of another file."""
    lines = [_line(s.claim, verify(s.relation, s.graph)) for s in statements()]
    return "\n".join([*lines, *_inductions()])


def _inductions() -> Iterator[str]:
    repeated = load(DERIVATIONS / f"{REPEATED}.toml").any_depth
    assert repeated is not None
    for claim in repeated.claims:
        induction = prove_for_every_depth(repeated.repeat, claim)
        yield _line(claim.formula, induction.verdict)
        for obligation in induction.obligations:
            yield _line(f"{obligation.role} {obligation.relation.formula}", obligation.verdict)


def _line(claim: str, v: Verdict) -> str:
    """Kind, method, assumptions, conditions, witness and reason."""
    conditions = [(str(condition), condition.why) for condition in v.conditions]
    return f"{claim}: {v.kind} {v.method} {v.assumptions} {conditions} {v.witness} {v.reason}"


if __name__ == "__main__":
    print(shown())
