"""The figures in the documents are those of the tests."""

from pathlib import Path

import pytest
from campaign.figures import DOCUMENTED, LEAST_REFUTED

TEXT = (Path(__file__).parents[2] / "docs" / "proof.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("row", DOCUMENTED)
def test_the_documents_say_what_is_asked(row: str) -> None:
    assert f"| {row} | {DOCUMENTED[row]} |" in TEXT


def test_the_documents_say_how_many_are_refuted() -> None:
    assert f"{LEAST_REFUTED * 100:.1f} % refuted" in TEXT
