"""The oracle: it takes every theorem for true, and sees what is false."""

import pytest
from campaign.judge import ENOUGH
from campaign.oracle import examine, gap_at
from campaign.oracle_functions import BRANCHED, FUNCTIONS
from campaign.statements import Statement, derivations, own

from symbackprop.language.functions import FUNCTIONS as ROWS


@pytest.mark.parametrize("statement", [*own(), *derivations()], ids=lambda statement: statement.id)
def test_theorems_agree_at_every_point(statement: Statement) -> None:
    finding = examine(statement)
    assert not finding.differs
    assert finding.agreeing >= ENOUGH


def test_it_knows_every_function_of_the_language() -> None:
    assert set(ROWS) <= {*FUNCTIONS, *BRANCHED, "where", "einsum"}


def test_numbers_of_a_witness_are_read() -> None:
    statement = Statement(id="", claim="f(x) == x", define=(("q", "sum(x)"),), shapes=(("x", "n"),), functions=("f",))
    witness = {"sizes": {"n": 2}, "values": {"x": ["1/2", "-3"]}, "functions": {"f": "u**2"}}
    assert gap_at(statement, witness) == pytest.approx(1)


def test_a_kink_is_no_point_to_compare_derivatives_at() -> None:
    at_zero = {"sizes": {}, "values": {"x": "0"}, "functions": {}}
    assert gap_at(Statement(id="", claim="d(abs(x), x) == 1", define=(("q", "x"),)), at_zero) is None
    assert gap_at(Statement(id="", claim="d(relu(x), x) == 1", define=(("q", "x"),)), at_zero) == pytest.approx(1)


def test_numbers_too_large_for_their_rounding_errors_tell_nothing() -> None:
    x = {"sizes": {}, "values": {"x": "1000000000000"}, "functions": {}}
    left = "x*exp(1/10)*exp(-1/10 + x - x)"  # 1/10 + x loses digits, which exp makes relative ones
    assert gap_at(Statement(id="", claim=f"{left} == x", define=(("q", "x"),)), x) is None
    assert gap_at(Statement(id="", claim=f"{left} == 2*x", define=(("q", "x"),)), x) == pytest.approx(1 / 3, abs=0.01)
