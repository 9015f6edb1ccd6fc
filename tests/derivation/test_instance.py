"""An instance is the derivation with its sizes filled in, and agrees with plain SymPy."""

from dataclasses import replace
from math import prod

import pytest
import sympy as sp

from symbackprop.derivation.chain_rule import chain_rule
from symbackprop.derivation.delta_rule import delta_rule
from symbackprop.derivation.instance import Instance, instance
from symbackprop.derivation.neurons import beside_neurons
from symbackprop.derivation.oracle import beside_oracle, oracle
from symbackprop.derivation.steps import Derivation
from symbackprop.errors import GraphError, NotSupportedError
from symbackprop.model.build import graph_from_formulas
from symbackprop.model.layers import Dense
from symbackprop.model.network import Network
from symbackprop.proof.instances import verify_entries, verify_neurons
from symbackprop.proof.verdict import Verdict
from symbackprop.tensor.instantiate import entry_symbol, instantiate
from symbackprop.tensor.nodes import entry, index, size, summation
from symbackprop.tensor.tensor import Tensor

SIZES = {"n": 2, "h": 3, "m": 2}


def network(activation: str, loss: str, output: str | None = None) -> Network:
    return Network([Dense("h", activation), Dense("m", output)], inputs="n", loss=loss)


def compared(derivation: Derivation, name: str, sizes: dict[str, int]) -> Verdict:
    """The verdict on: every entry of the gradient equals plain sympy.diff of the composed loss."""
    beside = beside_oracle(derivation, name, sizes)
    return verify_entries(beside.pairs, beside.equations)


def by_neurons(derivation: Derivation, name: str, sizes: dict[str, int]) -> Verdict:
    """The verdict on: every entry of the adjoint of `name` obeys the chain rule from neuron to neuron."""
    beside = beside_neurons(derivation, sizes)
    return verify_neurons(beside.pairs[name], beside.neurons, beside.adjoints, beside.equations[name])


def derived(net: Network, *wrt: str) -> Derivation:
    return delta_rule(net.graph, "L", wrt or net.parameters)


@pytest.fixture(scope="module")
def small() -> Instance:
    net = Network([Dense(2, "sigmoid"), Dense(1, "sigmoid")], inputs=2, loss="half_squared_error")
    return instance(derived(net))


def symbols(text: str) -> list[sp.Symbol]:
    return [sp.Symbol(name, real=True) for name in text.split("; ")]


def test_every_neuron_is_a_plain_scalar(small: Instance) -> None:
    w0, w1, x0, x1, b, z = symbols("W1[1, 0]; W1[1, 1]; x[0]; x[1]; b1[1]; z1[1]")
    assert small.neurons["z1"][1,] == w0 * x0 + w1 * x1 + b
    assert small.neurons["a1"][1,] == 1 / (1 + sp.exp(-z))


def test_every_delta_keeps_its_intermediates(small: Instance) -> None:
    a, o, y, w = symbols("a1[0]; a2[0]; y[0]; W2[0, 0]")
    assert sp.expand(small.adjoints["z2"][0,] - (o - y) * o * (1 - o)) == 0
    assert small.adjoints["a1"][0,] == w * small.delta("z2", 0)
    assert small.adjoints["z1"][0,] == small.delta("a1", 0) * a * (1 - a)
    assert small.gradients["W1"][0, 1] == small.delta("z1", 0) * small.symbol("x", 1)
    assert set(small.gradients) == {"W1", "b1", "W2", "b2"}


def test_the_composed_gradient_holds_inputs_only(small: Instance) -> None:
    inputs = {s for of_name in small.inputs.values() for s in of_name}
    for of_name in small.gradients.values():
        for value in of_name.values():
            assert small.composed(value).free_symbols <= inputs


def test_the_composed_gradient_is_the_derivative_of_the_composed_loss(small: Instance) -> None:
    loss = small.composed(small.symbol("L"))
    ours = small.composed(small.gradients["W1"][0, 1])
    assert sp.simplify(ours - sp.diff(loss, small.symbol("W1", 0, 1))) == 0


def test_a_scalar_can_be_compiled_by_sympy(small: Instance) -> None:
    value = small.composed(small.gradients["b2"][0,])
    arguments = sorted(value.free_symbols, key=str)
    function = sp.lambdify(arguments, value, "math")
    assert function(*[0.5] * len(arguments)) == pytest.approx(float(value.xreplace(dict.fromkeys(arguments, 0.5))))


@pytest.mark.parametrize(
    "net",
    [
        network("sigmoid", "half_squared_error", "tanh"),
        network("relu", "cross_entropy_from_logits"),
        network("leaky_relu", "cross_entropy", "softmax"),
        network("elu", "binary_cross_entropy", "sigmoid"),
        network("gelu", "binary_cross_entropy_from_logits"),
        network("softplus", "mean_squared_error", "silu"),
    ],
    ids=lambda net: f"{net.layers[0].activation}-{net.loss}",
)
def test_both_routes_agree_with_sympy(net: Network) -> None:
    for route in (delta_rule, chain_rule):
        derivation = route(net.graph, "L", ["W1", "b2"])
        for name in ("W1", "b2"):
            verdict = compared(derivation, name, SIZES)
            assert verdict.proved, verdict.reason


def test_a_batch_agrees_with_sympy_under_its_assumption() -> None:
    net = Network([Dense("m", "softmax")], inputs="n", loss="cross_entropy", batch=True)
    derivation = derived(net, "W1", "z1")
    sizes = {"N": 2, "n": 2, "m": 3}
    assert "assumption" in {step.rule for step in derivation.steps}
    assert compared(derivation, "W1", sizes).proved
    assert compared(derivation, "z1", sizes).obligations == 6
    beside = beside_oracle(derivation, "z1", sizes)
    assert not verify_entries(beside.pairs).proved  # without the assumption it is false


def test_a_wrong_gradient_is_not_proved() -> None:
    net = network("tanh", "squared_error")
    derivation = derived(net)
    wrong = {**derivation.adjoints, "a1": Tensor(-derivation.adjoints["a1"].expr, derivation.adjoints["a1"].shape)}
    gradients = {name: wrong[name] for name in derivation.gradients}
    spoiled = Derivation(
        graph=derivation.graph, loss="L", route="delta rule", steps=(), adjoints=wrong, gradients=gradients
    )
    assert compared(spoiled, "W2", SIZES).proved
    verdict = compared(spoiled, "W1", SIZES)
    assert not verdict.proved
    assert verdict.reason.startswith("W1[0, 0]: ")


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "elu", "softplus", "silu", "gelu", "gelu_tanh"])
def test_a_network_too_deep_to_be_composed_is_proved_neuron_by_neuron(activation: str) -> None:
    layers = [Dense(8, activation), Dense(8, activation), Dense(3, "softmax")]
    derivation = derived(Network(layers, inputs=4, loss="cross_entropy"))
    with pytest.raises(NotSupportedError):
        beside_oracle(derivation, "W1", {})
    for name, tensor in derivation.adjoints.items():
        verdict = by_neurons(derivation, name, {})
        assert verdict.proved, f"{name}: {verdict.reason}"
        assert verdict.obligations == prod(map(int, tensor.shape))


def test_neurons_of_a_batch_are_proved_under_its_assumption() -> None:
    net = Network([Dense("h", "tanh"), Dense("m", "softmax")], inputs="n", loss="cross_entropy", batch=True)
    derivation, sizes = derived(net), {"N": 2, "n": 2, "h": 3, "m": 3}
    assert all(by_neurons(derivation, name, sizes).proved for name in derivation.adjoints)
    beside = beside_neurons(derivation, sizes)
    assert not verify_neurons(beside.pairs["z2"], beside.neurons, beside.adjoints).proved  # Σ_k Y[r, k] = 1 is needed


@pytest.mark.parametrize("activation", ["sigmoid", "relu"])
@pytest.mark.parametrize("spoil", ["sign", "factor", "transposed", "neighbour"])
def test_a_wrong_adjoint_is_not_proved_neuron_by_neuron(activation: str, spoil: str) -> None:
    net = Network([Dense(3, activation), Dense(3, activation)], inputs=3, loss="half_squared_error")
    derivation = derived(net)
    right = derivation.adjoints
    wrong = {
        "sign": ("a1", -right["a1"].expr),
        "factor": ("z1", right["z1"].expr * entry("a1", index("i0", 3))),
        "transposed": ("W1", right["W1"].at(index("i1", 3), index("i0", 3))),
        "neighbour": ("b1", right["b1"].at(1)),
    }
    name, expr = wrong[spoil]
    spoiled = replace(derivation, adjoints={**right, name: Tensor(expr, right[name].shape)})
    for other in right:
        assert by_neurons(spoiled, other, {}).proved is (other != name)


def test_the_oracle_takes_a_defined_quantity_as_free() -> None:
    graph = graph_from_formulas({"z": "w*x", "L": "z**2 + x"})
    assert oracle(graph, "L", "z") == 2 * entry_symbol("z")
    assert oracle(graph, "L", "x") == 2 * entry_symbol("w") ** 2 * entry_symbol("x") + 1


def test_the_oracle_has_a_budget() -> None:
    net = Network([Dense(8, "sigmoid")] * 4, inputs=8, loss="squared_error")
    with pytest.raises(NotSupportedError, match="written out it has"):
        beside_oracle(derived(net), "W1")


def test_arbitrary_functions_become_undefined_functions_of_sympy() -> None:
    graph = graph_from_formulas({"z": "w*x", "L": "f(z)"}, functions=["f"])
    made = instance(delta_rule(graph, "L", ["w"]))
    z = entry_symbol("z")
    assert made.neurons["L"][()] == sp.Function("f")(z)
    assert made.adjoints["z"][()].doit() == sp.Function("f")(z).diff(z)
    composed = made.composed(made.gradients["w"][()])
    assert composed.free_symbols == {entry_symbol("w"), entry_symbol("x")}


def test_missing_and_unknown_sizes_are_named() -> None:
    derivation = derived(network("tanh", "squared_error"))
    with pytest.raises(GraphError, match=r"the sizes h, m are not given; write for example \{'h': 2, 'm': 3\}"):
        instance(derivation, {"n": 2})
    with pytest.raises(GraphError, match="the graph has no size 'k'; its sizes are: n, h, m"):
        instance(derivation, {**SIZES, "k": 2})
    with pytest.raises(GraphError, match="a size is an integer of at least 1"):
        instance(derivation, {**SIZES, "n": 0})


def test_an_index_beyond_its_size_is_refused() -> None:
    graph = graph_from_formulas({"L": "x[3]**2"}, {"x": "n"})
    with pytest.raises(GraphError, match=r"L uses x\[3\], which does not exist for these sizes"):
        instance(delta_rule(graph, "L", ["x"]), {"n": 2})


def test_a_large_instance_is_refused() -> None:
    net = Network([Dense("h", "tanh")], inputs="n", loss="squared_error")
    with pytest.raises(NotSupportedError, match=r"this instance has \d+ entries; at most 5000 are written out"):
        instance(derived(net), {"n": 1000, "h": 1000})


def test_nested_sums_with_one_index_do_not_capture() -> None:
    """Σ_i (x_i Σ_i x_i) = (Σ x)²."""
    i = index("i", size("n"))
    inner = summation(entry("x", i), i)
    value = instantiate(summation(entry("x", i) * inner, i), {"n": 3})
    total = sp.Add(*(entry_symbol("x", (k,)) for k in range(3)))
    assert sp.expand(value - total**2) == 0
