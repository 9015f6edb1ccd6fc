"""JSON: everything that the report knows, in stable order."""

import json
from pathlib import Path
from typing import Any

import pytest

from symbackprop.derivation.delta_rule import delta_rule
from symbackprop.language.parse import Scope, parse
from symbackprop.model.build import graph_from_formulas
from symbackprop.model.derivation_file import DerivationFile, Request, load
from symbackprop.model.file_numbers import PrintedCheck
from symbackprop.proof.verdict import Condition, Kind, Verdict
from symbackprop.tensor.nodes import entry
from symbackprop.write.json_ import nested, plain, to_json
from symbackprop.write.report import (
    CheckReport,
    ClaimReport,
    GradientReport,
    LossReport,
    Report,
    TrainingReport,
)

PATH = Path(__file__).parents[2] / "derivations" / "000-two-two-one-sigmoid.toml"


def report() -> Report:
    file = load(PATH)
    (request,) = file.requests
    verdict = Verdict(
        kind=Kind.PROVED,
        method="index normal form",
        obligations=2,
        conditions=(Condition(entry("y"), "!= 0", "denominator"),),
        witness={"sizes": {"n": 2}, "values": {"x": ["1", "1/2"]}, "indices": (0, 1)},
    )
    gradients = tuple(GradientReport(loss="E", name=v, verdict=verdict, routes=verdict) for v in request.wrt)
    delta = delta_rule(file.graph, "E", request.wrt)
    return Report(
        file=file,
        losses=(LossReport(loss="E", chain=None, delta=delta, adjoint_verdicts={"W": verdict}, gradients=gradients),),
        claims=(ClaimReport(relation=file.claims[0], verdict=verdict),),
        printed=(PrintedCheck(formula="o", digits="0.7101", value="0.70997", rounded="0.7100", agrees=False),),
        values={"W": {(1, 0): "0.3", (0, 0): "0.5", (0, 1): "0.4", (1, 1): "0.6"}, "y": {(): "1"}},
        checks=(CheckReport(name="d(E, v[0])", derived="1", central="1", error="0"),),
        training=TrainingReport(losses=((0, "0.5"), (10, "0.25")), outputs={"o": {(): "0.9"}}),
        numpy_source={"E": "import numpy as np\n"},
    )


def data() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(to_json(report()))
    return found


def test_keys_are_sorted_and_equal_reports_give_equal_texts() -> None:
    text = to_json(report())
    assert text == to_json(report())
    assert text == json.dumps(json.loads(text), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def test_every_step_has_latex_and_sympy_text() -> None:
    steps = data()["losses"][0]["delta_rule"]["steps"]
    assert len(steps) == len(report().losses[0].delta.steps)
    for step in steps:
        assert step["rule"]
        for side in (step["left"], step["right"]):
            assert side["latex"]
            assert side["sympy"]


def test_values_are_nested_as_the_tensors_are() -> None:
    assert data()["values"] == {"W": [["0.5", "0.4"], ["0.3", "0.6"]], "y": "1"}
    assert nested({(0,): "1", (1,): "2"}) == ["1", "2"]


def test_a_verdict_comes_with_all_that_supports_it() -> None:
    verdict = data()["losses"][0]["gradients"][0]["verdict"]
    assert verdict["kind"] == "PROVED"
    assert verdict["conditions"] == [{"relation": "!= 0", "sympy": "y", "why": "denominator"}]
    assert verdict["witness"]["indices"] == [0, 1]


def test_a_definition_has_its_formula_and_its_entry() -> None:
    definition = data()["definitions"]["z1"]
    assert definition["formula"] == "W @ x"
    assert definition["shape"] == ["m"]
    assert definition["entry"]["latex"] == r"\sum_{j=1}^{n} w_{ij}\,x_{j}"


def test_what_has_no_json_type_becomes_text() -> None:
    value = parse("1/3", Scope(shapes={})).expr
    assert plain({"a": (value, 1, True, None)}) == {"a": ["1/3", 1, True, None]}


def test_the_rest_of_the_report_is_there() -> None:
    found = data()
    assert found["printed"][0]["agrees"] is False
    assert found["checks"][0]["name"] == "d(E, v[0])"
    assert found["training"]["losses"] == [{"loss": "0.5", "step": 0}, {"loss": "0.25", "step": 10}]
    assert found["numpy_source"] == {"E": "import numpy as np\n"}
    assert found["order"][-1] == "E"


@pytest.mark.parametrize(
    ("formula", "wrt", "meanings"),
    [
        ("sum(x)", "x", {"x": "input", "L": "scalar to differentiate"}),
        ("sum((X @ w - y)**2)", "w", {"w": "parameter", "L": "loss", "y": "target"}),
        ("sum((X @ w - y)**2)", "X", {"X": "input", "L": "loss", "y": "target"}),
    ],
)
def test_a_loss_and_a_parameter_are_called_so_where_something_tells(
    formula: str, wrt: str, meanings: dict[str, str]
) -> None:
    graph = graph_from_formulas({"L": formula}, {"X": "N, n", "x": "n", "w": "n", "y": "N"})
    file = DerivationFile(path=Path("L"), title="", source="", graph=graph, requests=(Request(loss="L", wrt=(wrt,)),))
    written = json.loads(to_json(Report(file=file)))
    quantities = {**written["inputs"], **written["definitions"]}
    assert {name: quantities[name]["meaning"] for name in meanings} == meanings
