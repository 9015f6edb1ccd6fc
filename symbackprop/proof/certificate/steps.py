"""Steps as a tree: those within one part after each other are one step about this part."""

from typing import Any


def grouped(steps: list[Any]) -> list[Any]:
    """Steps within one part after each other as one step about this part."""
    made: list[Any] = []
    n = 0
    while n < len(steps):
        law, place, *given = steps[n]
        if law in ("derive", "absurd", "cases"):
            first = 1 if law == "cases" else 2
            given = [*given[:first], *map(grouped, given[first:])]
        end = n + 1
        while place and end < len(steps) and steps[end][1][:1] == place[:1]:
            end += 1
        if end == n + 1:
            made.append([law, place, *given])
        else:
            inner = grouped([[law, place[1:], *given] for law, place, *given in steps[n:end]])
            made.append(["steps", place[:1], inner])
            if len(inner) == 1:
                made[-1] = [inner[0][0], [*place[:1], *inner[0][1]], *inner[0][2:]]
        n = end
    return made
