"""Instances compiled by `lambdify` agree with the generated NumPy function and with difference quotients."""

from typing import Any

import numpy as np
import pytest

import symbackprop as sb

STEP = 1e-6
NETWORKS = {
    "classifier": [sb.Dense("h", "tanh"), sb.Dense("m", "softmax")],
    "kinks": [sb.Dense("h", "relu"), sb.Dense("h", "leaky_relu"), sb.Dense("m", "elu")],
}
SIZES = {"n": 3, "h": 2, "m": 2, "N": 2}


def derived(name: str) -> Any:
    loss = "cross_entropy" if name == "classifier" else "half_squared_error"
    return sb.derive(sb.Network(NETWORKS[name], inputs="n", loss=loss, batch=True))


def inputs(network: Any) -> dict[str, Any]:
    rng = np.random.default_rng(5)
    shapes = {name: [SIZES[str(axis)] for axis in shape] for name, shape in network.graph.inputs.items()}
    values = {name: rng.uniform(-1, 1, shape) for name, shape in shapes.items()}
    return values | {"Y": np.eye(2)[: SIZES["N"]]}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_compiled_instance_is_the_generated_function(name: str) -> None:
    network = derived(name)
    values = inputs(network)
    namespace: dict[str, Any] = {}
    exec(network.numpy_source(), namespace)
    expected_loss, expected = namespace["loss_and_gradients"](**values)
    loss, gradients = sb.lambdify(sb.instantiate(network, SIZES))(**values)
    assert loss == pytest.approx(float(expected_loss), rel=1e-12)
    assert set(gradients) == set(expected)
    for parameter, gradient in gradients.items():
        assert gradient.shape == values[parameter].shape
        np.testing.assert_allclose(gradient, expected[parameter], rtol=1e-10, atol=1e-12)


def test_gradients_are_slopes_of_the_loss() -> None:
    network = derived("classifier")
    compute, values = sb.lambdify(sb.instantiate(network, SIZES)), inputs(network)
    _, gradients = compute(**values)
    for at in np.ndindex(values["W1"].shape):
        moved = {sign: values | {"W1": values["W1"].copy()} for sign in (1, -1)}
        for sign, point in moved.items():
            point["W1"][at] += sign * STEP
        slope = (compute(**moved[1])[0] - compute(**moved[-1])[0]) / (2 * STEP)
        assert slope == pytest.approx(gradients["W1"][at], abs=1e-8)


def test_wrong_inputs_are_told() -> None:
    network = derived("classifier")
    compute, values = sb.lambdify(sb.instantiate(network, SIZES)), inputs(network)
    with pytest.raises(sb.GraphError, match="W1 has 1 entries, expected 6"):
        compute(**values | {"W1": 3})
    with pytest.raises(sb.GraphError, match="the input b1 is missing"):
        compute(**{name: value for name, value in values.items() if name != "b1"})
    with pytest.raises(sb.GraphError, match="the input V is unknown"):
        compute(**values, V=1)
    with pytest.raises(sb.GraphError, match="instantiate"):
        sb.lambdify(network)
