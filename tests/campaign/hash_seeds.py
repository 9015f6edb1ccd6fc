"""Verdicts with all that belongs to them, printed: the same under every PYTHONHASHSEED."""

from symbackprop.proof.verify import verify

from .mutate import sampled
from .statements import Statement, own

EVERY = 14


def statements() -> list[Statement]:
    """Some theorems and, for each, one mutant."""
    chosen = own()[::EVERY]
    return [
        statement for true in chosen for statement in (true, *(m.statement for m in sampled(true, 1, "hash seeds")))
    ]


def shown() -> str:
    """One line for each: kind, method, assumptions, conditions, witness and reason."""
    lines = []
    for statement in statements():
        v = verify(statement.relation, statement.graph)
        conditions = [(str(condition), condition.why) for condition in v.conditions]
        lines.append(f"{statement.claim}: {v.kind} {v.method} {v.assumptions} {conditions} {v.witness} {v.reason}")
    return "\n".join(lines)


if __name__ == "__main__":
    print(shown())
