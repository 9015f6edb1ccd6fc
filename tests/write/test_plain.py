"""Plain text: what is printed can be read in one way only."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symbackprop.derivation.chain_rule import chain_rule
from symbackprop.derivation.delta_rule import delta_rule
from symbackprop.derivation.steps import RULES
from symbackprop.language.parse import Scope, parse
from symbackprop.model.build import graph_from_formulas
from symbackprop.model.layers import Dense
from symbackprop.model.network import Network
from symbackprop.tensor.nodes import size
from symbackprop.tensor.tensor import Tensor
from symbackprop.write.plain import PlainText
from symbackprop.write.plain_derivation import plain_derivation
from symbackprop.write.sections.rules import RULE_NOTES

GRAPH = graph_from_formulas({"L": "sum(W @ x) + a*b*c"}, {"W": "m, n", "x": "n"})
SCOPE = Scope(shapes=GRAPH.inputs, sizes=frozenset({"m", "n"}))


def printed(formula: str) -> str:
    tensor = parse(formula, SCOPE)
    writer = PlainText(GRAPH, "L")
    return writer.equation(tensor.expr, tensor.expr)[1]


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        ("W @ x", "Σ_j W[i,j]·x[j]"),
        ("a*sum(x)/2", "(a·Σ_i x[i])/2"),
        ("sum(x)*sum(x**2)", "(Σ_i x[i])·Σ_i x[i]^2"),
        ("sum(x)**2", "(Σ_i x[i])^2"),
        ("sum(x) + a", "Σ_i x[i] + a"),
        ("sum(x + a)", "Σ_i (a + x[i])"),
        ("1/sum(exp(x))", "1/(Σ_i exp(x[i]))"),
        ("sum(W)", "Σ_{i,j} W[i,j]"),
        ("sum(x > 0)", "Σ_i [x[i] > 0]"),
        ("x >= a", "[x[i] - a >= 0]"),
        ("x <= a", "[x[i] - a <= 0]"),
        ("c - 2*(a <= b)", "c - 2·[a - b <= 0]"),
        ("where(a >= 0, b, c)", "b·[a >= 0] + c·(1 - [a >= 0])"),
        ("(a > 0) - (a == 0)", "[a > 0] - [a = 0]"),
        ("eye(n)*n", "n·[i = j]"),
        ("-a*(b - c)", "-(b - c)·a"),
        ("a/(b*c)", "a/(b·c)"),
        ("sqrt(a)/b**2", "sqrt(a)/b^2"),
        ("sigmoid(a) + pi", "sigmoid(a) + π"),
    ],
)
def test_examples(formula: str, text: str) -> None:
    assert printed(formula) == text


leaves = st.sampled_from(["a", "b", "c", "2", "3", "1/2", "exp(a)", "sqrt(b)", "n"])
formulas = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"(({t[0]}){t[1]}({t[2]}))"),
        st.tuples(inner, st.sampled_from(["2", "3", "-1", "-2"])).map(lambda t: f"(({t[0]})**({t[1]}))"),
        inner.map(lambda t: f"(-({t}))"),
        inner.map(lambda t: f"tanh({t})"),
    ),
    max_leaves=8,
)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(formulas)
def test_what_is_printed_reads_back(formula: str) -> None:
    try:
        tensor = parse(formula, SCOPE)
    except Exception:
        return  # division by zero, or too large a power
    text = printed(formula)
    read = parse(text.replace("·", "*").replace("^", "**"), SCOPE)
    assert (read.expr, read.shape) == (tensor.expr, tensor.shape), text


def test_letters_do_not_collide_with_names() -> None:
    graph = graph_from_formulas({"j": "i @ k", "L": "sum(j**2)"}, {"i": "m, n", "k": "n"})
    text = PlainText(graph, "L").equation(*[graph.definitions["j"].tensor.expr] * 2)[1]
    assert text == "Σ_p i[l,p]·k[p]"


def test_an_adjoint_is_written_delta() -> None:
    network = Network([Dense("h", "tanh"), Dense("m")], inputs="n", loss="squared_error")
    text = plain_derivation(delta_rule(network.graph, "L", network.parameters))
    assert "∂L/∂a1[i] = Σ_j W2[j,i]·δz2[j]" in text
    assert "∂L/∂z1[i] = δa1[i]·(1 - a1[i]^2)" in text
    assert "as arrays: outer(δz1, x)" in text


def test_paths_follow_the_chain() -> None:
    network = Network([Dense("h", "tanh"), Dense("m")], inputs="n", loss="squared_error")
    text = plain_derivation(chain_rule(network.graph, "L", ["W1"]))
    assert "∂L/∂W1[i,j] = Σ_k ∂L/∂z2[k]·∂z2[k]/∂a1[i]·∂a1[i]/∂z1[i]·∂z1[i]/∂W1[i,j]" in text


def test_every_rule_has_a_note() -> None:
    assert set(RULE_NOTES) == set(RULES)


def test_a_very_long_line_is_shortened() -> None:
    shape = (size("n"),)
    long = parse("*".join(f"exp(x + a*b*c + {k} + c)" for k in range(100)), SCOPE)
    assert long.shape == shape
    text = PlainText(GRAPH, "L").equation(long.expr, Tensor(long.expr, shape).expr)[1]
    assert len(text) <= 2000
    assert "..." in text
