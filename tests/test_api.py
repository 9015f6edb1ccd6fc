"""The Python interface: from import to a printed derivation in three lines."""

import subprocess
import sys
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
import sympy as sp

import symbackprop
import symbackprop as sb
from symbackprop.derivation.steps import Derivation  # binds the subpackage `derive`: the public name must survive
from symbackprop.model.tracing import OFFERED
from symbackprop.numeric.source import compile_numpy

NET = sb.Network([sb.Dense(2, "sigmoid"), sb.Dense(1, "sigmoid")], inputs=2, loss="half_squared_error")


def run(code: str) -> str:
    """The output of a program in a fresh interpreter."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", check=True)
    return done.stdout


def test_importing_costs_next_to_nothing() -> None:
    assert (
        run("import sys, symbackprop; print(any(m in sys.modules for m in ('sympy', 'numpy', 'flint')))") == "False\n"
    )


def test_every_public_name_is_there() -> None:
    for name in symbackprop.__all__:
        assert getattr(symbackprop, name) is not None
    for name, function in OFFERED.items():
        assert getattr(symbackprop, name) is function
    assert set(dir(symbackprop)) >= {*symbackprop.__all__, *OFFERED}
    with pytest.raises(AttributeError, match="no attribute 'derivve'"):
        symbackprop.derivve  # noqa: B018


def test_derive_is_a_function() -> None:
    code = "from symbackprop.derivation.delta_rule import delta_rule; import symbackprop; print(symbackprop.derive)"
    assert run(code).startswith("<function derive")


def test_three_lines_print_a_derivation() -> None:
    code = (
        "import symbackprop as sb\n"
        "net = sb.Network([sb.Dense(2, 'sigmoid'), sb.Dense(1, 'sigmoid')], inputs=2, loss='half_squared_error')\n"
        "print(sb.derive(net))"
    )
    printed = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", code], capture_output=True, text=True, encoding="utf-8", check=True
    ).stdout.splitlines()
    for line in (
        "  z1[i] = Σ_j W1[i,j]·x[j] + b1[i]",
        "    ∂L/∂z2[0] = δa2[0]·∂a2[0]/∂z2[0]                          chain rule",
        "              = (a2[0] - y[0])·a2[0]·(1 - a2[0])              gradient from above inserted",
        "    ∂L/∂z1[i] = δa1[i]·a1[i]·(1 - a1[i])                      local derivatives inserted",
        "  ∂L/∂W1[i,j] = δz1[i]·x[j]                                   as arrays: outer(δz1, x)",
    ):
        assert line in printed


def test_a_derivation_for_each_route() -> None:
    derived = sb.derive(NET)
    assert isinstance(derived.delta_rule, Derivation)
    assert isinstance(derived.chain_rule, Derivation)
    assert (derived.delta_rule.route, derived.chain_rule.route) == ("delta rule", "chain rule")
    assert str(derived) == f"{derived.delta_rule}\n\n{derived.chain_rule}"
    assert {name: str(expr) for name, expr in derived.gradients.items()}["W1"] == "d(L, z1)[i0]*x[i1]"
    with pytest.raises(FrozenInstanceError):
        derived.loss = "E"  # type: ignore[misc]


def test_both_routes_are_proved_and_agree_with_sympy() -> None:
    derived = sb.derive(NET)
    assert all(verdict.proved for verdict in derived.verdicts().values())
    assert all(verdict.proved for verdict in derived.route_verdicts().values())
    assert all(verdict.proved for verdict in derived.oracle_verdicts().values())


def test_a_graph_from_formulas_has_the_same_power() -> None:
    graph = sb.graph({"z": "W @ x", "a": "tanh(z)", "L": "sum((a - y)**2)/2"}, {"W": "m, n", "x": "n", "y": "m"})
    derived = sb.derive(graph, "L", ["W"])
    assert derived.delta_rule == sb.derive(graph, wrt="W").delta_rule
    assert list(sb.derive(graph).gradients) == ["W", "x", "y"]
    assert sb.verify("d(L, z) == (a - y)*(1 - a**2)", graph).kind is sb.Kind.PROVED
    assert sb.verify("d(L, z) == (a - y)*(1 + a**2)", graph).kind is sb.Kind.REFUTED
    assert sb.verify("d(L, W) != outer(x, a - y)", sb.graph({"L": "sum(W @ x)"}, {"W": "k, k", "x": "k", "a": "k",
                     "y": "k"})).kind is sb.Kind.PROVED  # fmt: skip


def test_claims_about_a_network() -> None:
    net = sb.Network([sb.Dense("h", "relu"), sb.Dense("m", "softmax")], inputs="n", loss="cross_entropy", batch=True)
    verdict = sb.verify("d(L, z2) == (a2 - Y)/N", net)
    assert verdict.proved
    assert verdict.assumptions == ("sum(Y, axis=1) == 1",)
    assert sb.verify("d(L, W1) == d(L, z1).T @ X", net).proved


def test_claims_about_a_gradient_step() -> None:
    graph = sb.graph({"L": "(w*x - y)**2/2"})
    training = sb.Training(loss="L", parameters=("w",), learning_rate=sp.Symbol("eta", real=True))
    rate = sb.graph({"L": "(w*x - y)**2/2 + 0*eta"})
    assert sb.verify("next(w) == w - eta*(w*x - y)*x", rate, training=training).proved
    with pytest.raises(sb.NotSupportedError, match="needs a loss, parameters and a learning rate"):
        sb.verify("next(w) == w", graph)


def test_an_instance_has_every_entry() -> None:
    derived = sb.derive(NET)
    made = sb.instantiate(derived)
    assert made.gradients == derived.instantiate().gradients == sb.instantiate(derived.delta_rule).gradients
    assert made.gradients["W2"][0, 1] == made.delta("z2", 0) * made.symbol("a1", 1)
    assert list(made.neurons) == ["z1", "a1", "z2", "a2", "L"]


def test_custom_functions_go_all_the_way() -> None:
    def swish(z):
        return z * sb.sigmoid(z)

    def huber_like(p, y):
        return sb.sum(sb.log(sb.exp(p - y) + sb.exp(y - p)))

    net = sb.Network([sb.Dense("h", swish), sb.Dense("m")], inputs="n", loss=huber_like)
    derived = sb.derive(net)
    assert all(verdict.proved for verdict in derived.verdicts().values())
    assert sb.verify("d(L, z2) == tanh(z2 - y)", net).proved


def test_a_deep_residual_network_has_no_route_1_but_the_delta_rule() -> None:
    layers = {f"a{k}": f"a{k - 1} + tanh(W{k} @ a{k - 1})" for k in range(1, 21)}
    shapes = {f"W{k}": "n, n" for k in range(1, 21)} | {"a0": "n", "y": "n"}
    derived = sb.derive(sb.graph({**layers, "L": "sum((a20 - y)**2)/2"}, shapes), "L", ["W1"])
    assert derived.chain_rule is None
    assert "No chain rule: route 1 composes the whole loss" in str(derived)
    with pytest.raises(sb.NotSupportedError, match="route 1 composes the whole loss"):
        derived.route_verdicts()


def test_which_loss_is_asked_where_it_is_not_clear() -> None:
    with pytest.raises(sb.GraphError, match="nothing else uses are: E, L; name one"):
        sb.derive(sb.graph({"E": "x**2", "L": "x**3"}))
    with pytest.raises(sb.GraphError, match="expected a Graph or a Network, found str"):
        sb.derive("L = x**2")  # type: ignore[arg-type]


def test_every_line_of_a_derivation_is_proved() -> None:
    layer = sb.graph(
        {"z": "W @ x", "p": "softmax(z)", "L": "-sum(y*log(p))"},
        {"W": "m, n", "x": "n", "y": "m"},
        assume={"targets": "sum(y) == 1"},
    )
    derived = sb.derive(layer, "L", ["W"])
    verdicts = derived.line_verdicts()
    assert len(verdicts) == len(derived.delta_rule.steps)
    assert all(verdict.proved for verdict in verdicts)


def test_a_verdict_is_one_line() -> None:
    square = sb.graph({"L": "x**2"})
    assert str(sb.verify("d(L, x) == 2*x", square)).startswith("PROVED by ")
    assert str(sb.verify("d(L, x) == x", square)) == "REFUTED at x = -5: left -10, right -5"
    assert str(sb.verify("d(L, x) != 2*x", square)).endswith("the two sides are equal")
    assert str(sb.verify("exp(x) >= 1 + x", square)).startswith("UNDECIDED: ")
    layer = sb.graph({"L": "sum(x)*sum(y)"}, {"x": "n", "y": "n"}, assume={"one": "sum(y) == 1"})
    assert str(sb.verify("L == sum(x)", layer)).endswith(", under sum(y) == 1")


def test_the_numpy_source_is_a_function_of_the_inputs() -> None:
    source = sb.derive(sb.graph({"L": "sum(x**2)"}, {"x": "n"})).numpy_source()
    assert "def loss_and_gradients(x)" in source


@pytest.mark.parametrize("wrt", [["b", "w", "x"], ["x", "w"], ["w", "x", "b"]])
def test_gradients_come_in_the_order_of_wrt(wrt: list[str]) -> None:
    derived = sb.derive(sb.graph({"z": "w @ x + b", "L": "tanh(z)**2"}, {"x": "n", "w": "n"}), "L", wrt)
    function = compile_numpy(derived.numpy_source())
    _, gradients = function(x=[1.0, 2.0], w=[0.5, 0.25], b=1.0)
    assert list(gradients) == list(derived.gradients) == wrt


def test_certificates_of_some_names() -> None:
    derived = sb.derive(NET)
    some = derived.certificates("W2", "z1")
    assert list(some) == ["d(L, W2)", "d(L, z1)"] and all(sb.check(made) for made in some.values())
    assert derived.certificates("W2")["d(L, W2)"] == some["d(L, W2)"]
    assert list(derived.route_certificates("b2")) == ["b2"]
    for method in (derived.certificates, derived.route_certificates):
        with pytest.raises(sb.GraphError, match=r"unknown name 'w1' \(did you mean W1\?\); known are: "):
            method("w1")


def test_a_missing_certificate_does_not_lose_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    derived, asked = sb.derive(NET), list[str]()

    def certificate(graph: object, loss: str, v: str, *_: object) -> dict[str, str]:
        asked.append(v)
        if v == "z1":
            raise sb.NotSupportedError("d(L, z1): no certificate was found")
        return {"of": v}

    monkeypatch.setattr("symbackprop.derivations.certificate_of_adjoint", certificate)
    with pytest.raises(sb.NotSupportedError) as caught:
        derived.certificates()
    others = [v for v in derived.delta_rule.adjoints if v != "z1"]
    assert str(caught.value) == f"d(L, z1): no certificate was found; found were those of: {', '.join(others)}"
    count = len(asked)
    found = derived.certificates(*others)
    assert [made["of"] for made in found.values()] == others and len(asked) == count
    found["d(L, W2)"]["of"] = "altered"
    assert derived.certificates("W2") == {"d(L, W2)": {"of": "W2"}}


def test_the_gradient_of_one_formula_is_proved_and_names_its_activations() -> None:
    shapes = {"X": "N, n", "w": "n", "y": "N"}
    derived = sb.gradient("-sum(y*log(sigmoid(X @ w)) + (1 - y)*log(1 - sigmoid(X @ w)))", shapes, "w")
    assert list(derived.gradients) == ["w"] and derived.verdicts()["w"].proved
    assert {"z", "a"} <= set(derived.graph.definitions)
    assert sb.verify(f"d({derived.loss}, z) == a - y", derived.graph).proved
    named = sb.gradient("q", {"x": "n"}, define={"q": "x @ x"}, wrt=["x"])
    assert named.loss == "q"


def test_a_formula_that_is_no_scalar_has_no_gradient() -> None:
    with pytest.raises(sb.GraphError, match="a loss is a scalar"):
        sb.gradient("2*x", {"x": "n"})


def test_identities_are_records_that_verify() -> None:
    record = sb.identities()["softmax-cross-entropy"]
    assert isinstance(record, sb.Identity)
    graph = sb.graph(record.define, record.shapes, functions=record.functions, assume=record.assume)
    assert sb.verify(record.statement, graph).proved


def test_an_unknown_identity_is_a_key_error_that_says_what_may_be_meant() -> None:
    known = sb.identities()
    for kind in (KeyError, sb.SymbackpropError):
        with pytest.raises(kind, match=r"^'softmax-jacobain' is no identity \(did you mean softmax-jacobian\?\); list"):
            known["softmax-jacobain"]
    assert known.get("softmax-jacobain") is None and "softmax-jacobain" not in known
    assert known["softmax-jacobian"] is dict(known)["softmax-jacobian"]
    assert [record.id for record in known.values()] == list(known)


STATEMENTS = [
    ("sin(x)**2 + cos(x)**2 == 1", {}, sb.Kind.PROVED),
    ("x @ x >= 0", {"shapes": {"x": "n"}}, sb.Kind.PROVED),
    ("x @ A @ x == 0", {"shapes": {"x": "n", "A": "n, n"}}, sb.Kind.REFUTED),
    ("d(L, x) == 2*A @ x", {"shapes": {"x": "n", "A": "n, n"}, "define": {"L": "x @ A @ x"}}, sb.Kind.REFUTED),
    (
        "d(L, x) == 2*A @ x",
        {"shapes": {"x": "n", "A": "n, n"}, "define": {"L": "x @ A @ x"}, "assume": {"symmetric": "A == A.T"}},
        sb.Kind.PROVED,
    ),
    ("d(L, x) == prime(f, x)", {"shapes": {"x": "n"}, "define": {"L": "sum(f(x))"}, "functions": "f"}, sb.Kind.PROVED),
    ("s*t <= 1", {"assume": {"small": "s*t <= 1"}}, sb.Kind.PROVED),
]


@pytest.mark.parametrize(("claim", "given", "kind"), STATEMENTS)
def test_a_statement_needs_no_graph(claim: str, given: dict[str, Any], kind: sb.Kind) -> None:
    """It has the verdict that it has about the graph of the same definitions, its scalars declared."""
    verdict = sb.verify(claim, **given)
    assert verdict.kind is kind
    scalars = {name: "" for name in "xst" if name in claim and name not in given.get("shapes", {})}
    made = {"define": {}, **given, "shapes": {**scalars, **given.get("shapes", {})}}
    assert sb.verify(claim, sb.graph(made.pop("define"), **made)) == verdict
    if verdict.proved:
        sb.check(sb.certificate(claim, **given))


@pytest.mark.parametrize(
    ("claim", "given", "message"),
    [
        ("d(L, x) == 2*x", {}, "L is not defined; write define="),
        ("d(L, xx) == 2*x", {"shapes": {"x": "n"}, "define": {"L": "sum(x**2)"}}, r"did you mean x\?"),
        ("d(L, x) == 2*x", {"define": {"L": "sum(x**2"}}, r"\[define\] L: not a formula"),
        ("x == y", {"shapes": {"x": "n", "y": "m"}}, "x == y"),
        ("x", {}, "expected one comparison"),
        (3, {}, "expected a formula as text"),
    ],
)
def test_a_wrong_statement_without_a_graph_is_one_line(claim: Any, given: dict[str, Any], message: str) -> None:
    with pytest.raises(sb.FormulaError, match=message):
        sb.verify(claim, **given)


def test_a_graph_says_all_that_its_names_are() -> None:
    with pytest.raises(sb.GraphError, match="shapes: for a claim without a graph"):
        sb.verify("L == x", sb.graph({"L": "x"}), shapes={"x": "n"})


def test_second_derivatives_are_asked_for() -> None:
    shapes = {"X": "N, n", "w": "n", "y": "N"}
    plain = sb.gradient("sum((X @ w - y)**2)", shapes, ["w", "y"])
    assert not plain.second and not plain.second_verdicts() and "∂²" not in str(plain)
    derived = sb.gradient("sum((X @ w - y)**2)", shapes, ["w", "y"], hessian=True)
    assert list(derived.second) == [("w", "w"), ("w", "y"), ("y", "y")]
    assert all(verdict.proved for verdict in derived.second_verdicts().values())
    for pair, formula in {("w", "w"): "2*X.T @ X", ("w", "y"): "-2*X.T", ("y", "y"): "2*eye(N)"}.items():
        assert sb.verify(f"d(d(L, {pair[0]}), {pair[1]}) == {formula}", derived.graph).proved
    assert str(derived).endswith("∂²L/∂y[i]∂y[j] = 2·[i = j]")
    assert derived.to_markdown() != plain.to_markdown()
    assert sb.derive(derived.graph, derived.loss, ["w", "y"], hessian=True).second == derived.second


def test_the_numpy_function_returns_the_second_derivatives() -> None:
    source = sb.gradient("sum((X @ w)**2)", {"X": "N, n", "w": "n"}, "w", hessian=True).numpy_source()
    _, _, second = compile_numpy(source)(X=[[1.0, 2.0], [3.0, 4.0], [0.0, 1.0]], w=[1.0, -1.0])
    assert second["w", "w"].tolist() == [[20.0, 28.0], [28.0, 42.0]]


def test_derivations_are_documents() -> None:
    derived = sb.gradient("sum((X @ w - y)**2)", {"X": "N, n", "w": "n", "y": "N"}, "w")
    markdown, latex = derived.to_markdown(), derived.to_latex()
    assert markdown.startswith("# The gradient of $L$ by $w$\n") and "The gradient is proved." in markdown
    assert latex.startswith("\\documentclass") and latex.rstrip().endswith(r"\end{document}")


def test_documents_are_proved_once(monkeypatch: pytest.MonkeyPatch) -> None:
    derived = sb.derive(NET)
    written = derived.to_markdown()
    monkeypatch.setattr("symbackprop.derivations.work_out", lambda *_, **__: pytest.fail("proved again"))
    assert derived.to_markdown() == written and derived.to_latex()


def test_what_is_printed_by_mistake_is_short() -> None:
    deep = sb.Network([sb.Dense(2, "tanh")] * 30, inputs=2, loss="squared_error")
    derived = sb.derive(NET)
    for shown in (repr(derived), repr(derived.delta_rule), repr(NET.graph), repr(deep.graph)):
        assert len(shown) < 200 and "\n" not in shown
    assert "z1 = W1 @ x + b1\n" in str(NET.graph) and "W1 (2, 2)" in str(NET.graph)
    assert "L" in repr(derived) and "W1, b1, W2, b2" in repr(derived)


def test_a_deep_network_is_derived_without_its_composed_loss() -> None:
    """The chain rule is worked out when it is asked for: its cost grows faster than that of the δ-rule."""
    derived = sb.derive(sb.Network([sb.Dense("h", "tanh")] * 60, inputs="n", loss="half_squared_error"))
    assert "_route_1" not in vars(derived)
    assert len(derived.gradients) == 120
