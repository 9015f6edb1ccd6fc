"""Compiled functions of instances: nothing that is text is ever evaluated."""

import pytest
import sympy as sp

from symbackprop.numeric.functions import lambdify_instance


def test_text_is_no_expression() -> None:
    with pytest.raises(sp.SympifyError):
        lambdify_instance({"y": "x0 + 1"}, [sp.Symbol("x")])


def test_a_plain_number_is_one() -> None:
    assert lambdify_instance({"y": sp.Integer(2)}, [])() == {"y": 2.0}
