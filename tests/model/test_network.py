"""Layers become the formulas that a reader would write, with the shapes that fit."""

from collections.abc import Callable

import numpy as np
import pytest

from symbackprop.catalogue.activations import ACTIVATIONS
from symbackprop.catalogue.losses import LOSSES
from symbackprop.errors import FormulaError, GraphError, NotSupportedError, SymbackpropError
from symbackprop.model.layers import Dense
from symbackprop.model.network import Network
from symbackprop.model.tracing import OFFERED
from symbackprop.tensor.nodes import size

exp, total, mean = OFFERED["exp"], OFFERED["sum"], OFFERED["mean"]


def swish(z):
    return z / (1 + exp(-z))


def quartic(p, y):
    return total((p - y) ** 4)


def test_one_sample() -> None:
    network = Network([Dense(2, "sigmoid"), Dense(1, "tanh", bias=False)], inputs=3, loss="half_squared_error")
    assert network.formulas == {
        "z1": "W1 @ x + b1",
        "a1": "sigmoid(z1)",
        "z2": "W2 @ a1",
        "a2": "tanh(z2)",
        "L": "sum((a2 - y) ** 2) / 2",
    }
    assert network.shapes == {"x": (3,), "W1": (2, 3), "b1": (2,), "W2": (1, 2), "y": (1,)}
    assert network.parameters == ("W1", "b1", "W2")
    assert network.graph.shape("a2") == (1,)


def test_a_batch_has_a_sample_in_each_row() -> None:
    network = Network([Dense("h", "relu"), Dense("m", "softmax")], inputs="n", loss="cross_entropy", batch=True)
    assert network.formulas == {
        "z1": "X @ W1.T + b1",
        "a1": "relu(z1)",
        "z2": "a1 @ W2.T + b2",
        "a2": "softmax(z2)",
        "L": "-sum(Y * log(a2)) / N",
    }
    assert network.graph.shape("z2") == (size("N"), size("m"))
    assert network.graph.inputs["b1"] == (size("h"),)


def test_the_number_of_samples_may_be_a_number() -> None:
    network = Network([Dense("m")], inputs="n", loss="squared_error", batch=4)
    assert network.formulas["L"] == "sum((z1 - Y) ** 2) / 4"
    assert network.graph.inputs["X"] == (4, size("n"))


@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize("activation", [*ACTIVATIONS, None, swish])
def test_every_activation_makes_a_graph(activation: str, batch: bool) -> None:
    network = Network([Dense("h", activation), Dense("m", activation)], inputs="n", loss="squared_error", batch=batch)
    assert network.graph.shape("L") == ()
    assert ("a1" in network.graph.definitions) == (activation is not None)


@pytest.mark.parametrize("batch", [False, True, "B", 3])
@pytest.mark.parametrize("loss", [*LOSSES, quartic])
def test_every_loss_makes_a_graph(loss: str, batch: bool | str | int) -> None:
    graph = Network([Dense("m")], inputs="n", loss=loss, batch=batch).graph
    assert graph.shape("L") == ()
    assert graph.uses("L") == (("Y", "z1") if batch else ("y", "z1"))


def test_a_loss_from_logits_takes_the_last_pre_activation() -> None:
    network = Network([Dense("m", "softmax")], inputs="n", loss="cross_entropy_from_logits")
    assert network.graph.uses("L") == ("y", "z1")


def test_a_loss_from_logits_after_another_activation_is_refused() -> None:
    with pytest.raises(GraphError, match=r"contains softmax; the last layer's activation must be 'softmax' or None"):
        Network([Dense("m", "relu")], inputs="n", loss="cross_entropy_from_logits").graph  # noqa: B018


def test_targets_of_cross_entropy_after_softmax_sum_to_one() -> None:
    one = Network([Dense("m", "softmax")], inputs="n", loss="cross_entropy")
    assert [a.formula for a in one.graph.assumptions] == ["sum(y) == 1"]
    rows = Network([Dense("m")], inputs="n", loss="cross_entropy_from_logits", batch=True)
    assert [a.formula for a in rows.graph.assumptions] == ["sum(Y, axis=1) == 1"]
    none = Network([Dense("m", "sigmoid")], inputs="n", loss="cross_entropy")
    assert none.graph.assumptions == ()
    own = Network([Dense("m")], inputs="n", loss="squared_error", assume={"positive": "x > 0"})
    assert [a.formula for a in own.graph.assumptions] == ["x > 0"]


def test_parameters_of_an_activation_are_exact() -> None:
    layers = [Dense("h", "leaky_relu", parameters={"slope": 0.1}), Dense("m", "elu", parameters={"alpha": "c / 2"})]
    network = Network(layers, inputs="n", loss="squared_error")
    assert network.formulas["a1"] == "leaky_relu(z1, 0.1)"
    assert network.formulas["a2"] == "elu(z2, c / 2)"
    assert network.graph.inputs["c"] == ()


def test_custom_functions_are_shown_as_written() -> None:
    network = Network([Dense("h", swish), Dense("m", swish)], inputs="n", loss=quartic)
    assert network.formulas["a2"] == "z2 / (1 + exp(-z2))"
    assert network.formulas["L"] == "sum((a2 - y) ** 4)"
    assert [(c.name, c.arguments, c.formula) for c in network.customs] == [
        ("swish", ("z",), "z / (1 + exp(-z))"),
        ("quartic", ("p", "y"), "sum((p - y) ** 4)"),
    ]


def test_a_printed_network_shows_what_it_computes() -> None:
    printed = str(Network([Dense("m", swish)], inputs="n", loss="squared_error")).splitlines()
    assert printed[:4] == [
        "z1 = W1 @ x + b1",
        "a1 = z1 / (1 + exp(-z1))",
        "L = sum((a1 - y) ** 2)",
        "swish(z) = z / (1 + exp(-z))",
    ]


def test_a_function_of_numpy_or_of_the_language_is_an_activation() -> None:
    layers = [Dense("h", np.tanh), Dense("m", OFFERED["sigmoid"])]
    formulas = Network(layers, inputs="n", loss="squared_error").formulas
    assert (formulas["a1"], formulas["a2"]) == ("tanh(z1)", "sigmoid(z2)")


def test_a_custom_loss_is_a_scalar() -> None:
    """And one that is none is refused at once."""
    with pytest.raises(GraphError, match=r"the loss has the shape \(m,\); a loss is a scalar"):
        Network([Dense("m")], inputs="n", loss=lambda p, y: (p - y) ** 2)


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (lambda: Network([], inputs="n", loss="squared_error"), "at least one layer"),
        (
            lambda: Network([Dense("m", "softplux")], inputs="n", loss="squared_error"),
            "unknown activation 'softplux' .did you mean softplus..; known",
        ),
        (
            lambda: Network([Dense("m")], inputs="n", loss="hinge"),
            "unknown loss 'hinge'; known are: half_squared_error",
        ),
        (lambda: Network([Dense("N")], inputs="n", loss="squared_error", batch=True), "batch='B'"),
        (
            lambda: Network([Dense("m", "tanh", parameters={"slope": 1})], inputs="n", loss="squared_error"),
            "'tanh' has no parameter 'slope'; it has: none",
        ),
        (
            lambda: Network([Dense("m", "elu", parameters={"alpha": float("nan")})], inputs="n", loss="squared_error"),
            "the parameter alpha is nan",
        ),
    ],
)
def test_mistakes_are_told_in_one_line(network: Callable[[], Network], message: str) -> None:
    with pytest.raises(GraphError, match=message) as caught:
        network()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("wrong", [0, -1, "2x", "", "sum"])
def test_a_size_is_a_name_or_a_positive_integer(wrong: int | str) -> None:
    with pytest.raises(FormulaError):
        Network([Dense(wrong)], inputs="n", loss="squared_error").graph  # noqa: B018


def test_a_text_parameter_is_one_formula_and_nothing_else() -> None:
    layers = [Dense("m", "elu", parameters={"alpha": "__import__('os').system('true')"})]
    with pytest.raises(SymbackpropError):
        Network(layers, inputs="n", loss="squared_error").graph  # noqa: B018


def test_a_custom_activation_with_a_decision_is_refused() -> None:
    with pytest.raises(NotSupportedError, match="custom function <lambda>: a decision that depends on a value"):
        Network([Dense("m", lambda z: z if z > 0 else 0 * z)], inputs="n", loss="squared_error").graph  # noqa: B018


@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize(
    "activation",
    [
        lambda z: total(z),
        lambda z: OFFERED["outer"](z, z),
        lambda z: mean(z, axis=-1, keepdims=True),
        lambda z: 3,
        lambda z: z[0],
    ],
)
def test_an_activation_that_changes_the_shape_is_refused_at_once(activation: object, batch: bool) -> None:
    with pytest.raises(
        NotSupportedError, match=r"custom function <lambda>: z2 has the shape .*; an activation keeps the shape"
    ):
        Network([Dense("m"), Dense("h", activation)], inputs="n", loss="squared_error", batch=batch)


@pytest.mark.parametrize("batch", [False, True])
def test_an_activation_may_use_the_whole_row(batch: bool) -> None:
    centred = Network(
        [Dense("h", lambda z: z - mean(z, axis=-1, keepdims=True))], inputs="n", loss="squared_error", batch=batch
    )
    assert centred.graph.shape("a1") == centred.graph.shape("z1")


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("mse", "mean_squared_error"),
        ("bce", "binary_cross_entropy"),
        ("crossentropy", "cross_entropy"),
        ("MSE", "mean_squared_error"),
    ],
)
def test_the_nearest_loss_comes_before_the_list(wrong: str, meant: str) -> None:
    with pytest.raises(
        GraphError, match=rf"unknown loss '{wrong}' \(did you mean {meant}\?\); known are: half_squared_error, "
    ):
        Network([Dense("m")], inputs="n", loss=wrong)


def test_the_nearest_activation_comes_before_the_list() -> None:
    with pytest.raises(
        GraphError, match=r"unknown activation 'sigmoyd' \(did you mean sigmoid\?\); known are: identity, "
    ):
        Dense("m", "sigmoyd")
