"""The gradient check in print: a step whose letter means nothing else, its size, and brackets around the divisor."""

from pathlib import Path

import pytest

from symbackprop.model.derivation_file import load
from symbackprop.numeric.gradient_check import EPSILON
from symbackprop.pipeline import work_out
from symbackprop.write.blocks import Document, Heading, Math, Paragraph
from symbackprop.write.document import document

FILE = """
[define]
z = "w*x + {eps}"
L = "(z - {theta})**2"
{more}
[derive]
L = ["w"]
{asked}
[given]
w = 1
x = 2
{eps} = 0.1
{theta} = 3
"""


def checked(tmp_path: Path, eps: str, theta: str, more: str = "", asked: str = "") -> list[str]:
    """The formulas in the sentence on the gradient check."""
    path = tmp_path / "a.toml"
    path.write_text(FILE.format(eps=eps, theta=theta, more=more, asked=asked))
    shown: Document = document(work_out(load(path)))
    place = next(k for k, block in enumerate(shown.blocks) if block == Heading(("Gradient check",)))
    told = shown.blocks[place + 1]
    assert isinstance(told, Paragraph)
    return [piece.latex for piece in told.text if isinstance(piece, Math)]


@pytest.mark.parametrize(
    ("eps", "theta", "step", "moved"),
    [
        ("b", "y", r"\varepsilon", r"\theta"),
        ("eps", "y", "h", r"\theta"),
        ("eps", "h", "s", r"\theta"),
        ("h", "theta", r"\varepsilon", r"\vartheta"),
    ],
)
def test_the_step_has_a_letter_of_its_own(tmp_path: Path, eps: str, theta: str, step: str, moved: str) -> None:
    quotient, size, entry = checked(tmp_path, eps, theta)
    assert quotient == f"(L({moved} + {step}) - L({moved} - {step})) / (2{step})"
    sign, _, value = size.partition(" = ")
    assert (sign, entry) == (step, moved)
    assert float(value) == float(EPSILON)


def test_with_several_losses_the_others_are_named(tmp_path: Path) -> None:
    assert checked(tmp_path, "b", "y", more='E = "z**2"', asked='E = ["w"]')[-1] == "E"
