"""What the bar of a local derivative says, among the symbols of every document in which one occurs."""

from collections.abc import Iterable, Iterator, Sequence

from symbackprop.write.blocks import Block, Equations, Heading, Math, Paragraph, words
from symbackprop.write.formulas.local_derivatives import MARK

SIGN = MARK.removeprefix(r"\right")
EXPLANATION = Paragraph(
    words(
        "The sign {bar} behind a derivative says that only the definition of the quantity above is differentiated, "
        "with all other names in it held fixed. Without it, a derivative counts every way in which the one depends "
        "on the other.",
        bar=Math(SIGN),
    )
)


def with_local_notation(blocks: Sequence[Block]) -> list[Block]:
    """The blocks, with a paragraph at the end of the section on symbols if a derivative has a bar."""
    if not any(MARK in text for text in _formulas(blocks)):
        return list(blocks)
    headings = [place for place, block in enumerate(blocks) if isinstance(block, Heading)]
    start = next(place for place in headings if blocks[place] == Heading(words("Symbols")))
    end = next((place for place in headings if place > start), len(blocks))
    return [*blocks[:end], EXPLANATION, *blocks[end:]]


def _formulas(blocks: Iterable[Block]) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, Equations):
            for line in block.lines:
                yield from (line.left, *line.rights)
