"""Every record of the catalogue is proved, for all sizes; and no neighbour of a true record is."""

import pytest

from symbackprop.catalogue.activations import ACTIVATIONS, Activation
from symbackprop.catalogue.derivatives import definition
from symbackprop.catalogue.losses import LOSSES, Loss
from symbackprop.language.functions import FUNCTIONS, NAMED
from symbackprop.model.build import graph_from_formulas, relation
from symbackprop.proof.compact import compact_form
from symbackprop.proof.verdict import Kind, Verdict
from symbackprop.proof.verify import verify

COMPACT = [record for record in ACTIVATIONS.values() if record.derivative_in_output]


def verdict_on_derivative(record: Activation, form: str) -> Verdict:
    """The verdict on: the derivative of a = f(z) is `form` in a and z."""
    arguments = ", ".join(("z", *record.parameters))
    graph = graph_from_formulas({"a": f"{record.id}({arguments})"}, {"z": "n"} | dict.fromkeys(record.parameters, ""))
    derivative = f"prime({record.id}, {arguments})" if record.elementwise else "d(a, z)"
    return verify(relation(graph, record.id, f"{derivative} == ({form})"), graph)


@pytest.mark.parametrize("record", COMPACT, ids=lambda record: record.id)
def test_the_compact_derivative_is_proved(record: Activation) -> None:
    verdict = verdict_on_derivative(record, record.derivative_in_output)
    assert verdict.proved, verdict.reason
    assert verdict.witness


@pytest.mark.parametrize("record", COMPACT, ids=lambda record: record.id)
@pytest.mark.parametrize("mutation", ["2*({})", "-({})", "({}) + 1/1000", "({})**2 + 1"])
def test_a_wrong_compact_derivative_is_refuted(record: Activation, mutation: str) -> None:
    verdict = verdict_on_derivative(record, mutation.format(record.derivative_in_output))
    assert verdict.kind is Kind.REFUTED


@pytest.mark.parametrize("name", sorted(NAMED))
def test_the_definition_is_what_d_differentiates(name: str) -> None:
    """d(f(z), z) is diag(f'(z)), whether or not there is a compact form."""
    graph = graph_from_formulas({"a": f"{name}(z)"}, {"z": "n"})
    assert verify(relation(graph, name, f"d(a, z) == diag(prime({name}, z))"), graph).proved


def test_the_language_and_the_catalogue_know_the_same_functions() -> None:
    assert {r.id for r in ACTIVATIONS.values() if r.elementwise} - {"tanh"} == NAMED
    assert set(ACTIVATIONS) <= set(FUNCTIONS)
    assert all(key == record.id for key, record in (*ACTIVATIONS.items(), *LOSSES.items()))


@pytest.mark.parametrize(
    ("name", "at_kink", "left_of_it"),
    [("relu", "0", "0"), ("leaky_relu", "1/100", "1/100"), ("elu", "1", "1")],
)
def test_the_declared_value_at_the_kink(name: str, at_kink: str, left_of_it: str) -> None:
    graph = graph_from_formulas({"a": f"{name}(z)"}, {"z": ""})
    assert ACTIVATIONS[name].kinks
    assert verify(relation(graph, "kink", f"prime({name}, 0*z) == {at_kink}"), graph).proved
    wrong = "(z >= 0)" if name == "relu" else f"where(z >= 0, 1, {left_of_it})"
    verdict = verify(relation(graph, "convention", f"prime({name}, z) == {wrong}"), graph)
    assert verdict.kind is not Kind.PROVED


def test_derivatives_of_any_order_exist() -> None:
    for name in sorted(NAMED):
        formals, third = definition(name, 3)
        assert third.free_symbols <= set(formals)


def test_compact_forms_are_used_only_where_they_are_proved() -> None:
    assert compact_form("sigmoid") is not None
    assert compact_form("gelu") is None


def loss_graph(record: Loss, form: str) -> Verdict:
    assume = {"targets": record.assumption} if record.assumption else {}
    graph = graph_from_formulas({"L": record.formula}, {"p": "m", "y": "m"}, assume=assume)
    return verify(relation(graph, record.id, f"d(L, p) == {form}"), graph)


@pytest.mark.parametrize("record", LOSSES.values(), ids=lambda record: record.id)
def test_the_gradient_of_a_loss_is_proved(record: Loss) -> None:
    verdict = loss_graph(record, record.gradient)
    assert verdict.proved, verdict.reason
    assert verdict.assumptions == ((record.assumption,) if record.assumption else ())


@pytest.mark.parametrize("record", LOSSES.values(), ids=lambda record: record.id)
@pytest.mark.parametrize("mutation", ["2*({})", "-({})", "({}) + y", "({})/m + p"])
def test_a_wrong_gradient_of_a_loss_is_refuted(record: Loss, mutation: str) -> None:
    assert loss_graph(record, mutation.format(record.gradient)).kind is Kind.REFUTED


@pytest.mark.parametrize("record", [r for r in LOSSES.values() if r.fused], ids=lambda record: record.id)
def test_a_fused_loss_is_the_loss_of_its_activation(record: Loss) -> None:
    plain = LOSSES[record.id.removesuffix("_from_logits")]
    graph = graph_from_formulas(
        {"q": f"{record.fused}(p)", "fused": record.formula, "L": plain.formula.replace("p)", "q)")},
        {"p": "m", "y": "m"},
    )
    assert verify(relation(graph, "fused", "fused == L"), graph).proved


@pytest.mark.parametrize("record", LOSSES.values(), ids=lambda record: record.id)
def test_the_batch_form_is_the_mean_over_the_samples(record: Loss) -> None:
    """∂/∂P of the batch form has the gradient of one sample in each row, divided by N."""
    row = record.gradient.replace("softmax(p)", "softmax(P)").replace("sigmoid(p)", "sigmoid(P)")
    row = "".join({"p": "P", "y": "Y"}.get(c, c) if _is_name(row, k) else c for k, c in enumerate(row))
    assume = {"targets": "sum(Y, axis=1) == 1"} if record.assumption else {}
    batch = "".join(
        {"p": "P", "y": "Y"}.get(c, c) if _is_name(record.batch, k) else c for k, c in enumerate(record.batch)
    )
    graph = graph_from_formulas({"L": batch}, {"P": "N, m", "Y": "N, m"}, assume=assume)
    verdict = verify(relation(graph, record.id, f"d(L, P) == ({row})/N"), graph)
    assert verdict.proved, (batch, row, verdict.reason)


def _is_name(text: str, position: int) -> bool:
    """Whether the letter stands alone, not inside a word."""
    before = text[position - 1] if position else " "
    after = text[position + 1] if position + 1 < len(text) else " "
    return not (before.isalnum() or before == "_" or after.isalnum() or after == "_")
