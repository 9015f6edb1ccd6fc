"""What a formula needs to have a value is not forgotten when SymPy simplifies it."""

import pytest

import symbackprop as sb
from symbackprop.model.build import graph_from_formulas, relation
from symbackprop.proof.verdict import Kind, Verdict
from symbackprop.proof.verify import verify


def claim(text: str, define: str = "x", assume: str = "", shapes: dict[str, str] | None = None) -> Verdict:
    graph = graph_from_formulas({"q": define}, shapes or {}, assume={"given": assume} if assume else {})
    return verify(relation(graph, "claim", text), graph)


@pytest.mark.parametrize(
    ("formula", "condition"),
    [("x**2/x", "x != 0"), ("exp(log(x))", "x > 0"), ("sqrt(x)**2", "x >= 0"), ("x/x*x", "x != 0")],
)
def test_the_condition_of_what_was_simplified_is_listed(formula: str, condition: str) -> None:
    verdict = claim("q == x", formula)
    assert verdict.kind is Kind.PROVED
    assert condition in [str(c) for c in verdict.conditions]


@pytest.mark.parametrize(
    ("formula", "assume"), [("x**2/x", "x == 0"), ("exp(log(x))", "x == -1"), ("sqrt(x)**2", "x == -2")]
)
def test_a_theorem_without_a_point_is_not_proved(formula: str, assume: str) -> None:
    assert claim("q == x", formula, assume).kind is not Kind.PROVED


def test_an_index_needs_a_size_beyond_it() -> None:
    verdict = claim("q == x[1]", "x[1]", shapes={"x": "n"})
    assert verdict.kind is Kind.PROVED
    assert "n - 1 > 0" in [str(c) for c in verdict.conditions]
    assert verdict.witness["sizes"]["n"] > 1


@pytest.mark.parametrize(
    ("text", "define", "shapes"),
    [
        ("A == A.T", "sum(A)", {"A": "n, n"}),
        ("trace(A @ B) == sum(A*B)", "sum(A)", {"A": "n, n", "B": "n, n"}),
        ("softmax(x) == ones(n)", "sum(x)", {"x": "n"}),
        ("d(q, x) == 2*sum(x)", "sum(x**2)", {"x": "n"}),
        ("d(d(q, x), x) == A", "x @ A @ x", {"x": "n", "A": "n, n"}),
        ("(x**2)**0.5 == x", "x", {}),
        ("log(x**2) == 2*log(x)", "log(x)", {"y": ""}),
        ("where(x == 0, 1, 1/x)*x == 1", "x", {}),
        ("where(x > 0, log(x), x) == log(x)*(x > 0)", "x", {}),
        ("x*(x == 0) == (x == 0)", "x", {}),
        ("maximum(x, y) == x", "x + y", {}),
        ("d(relu(x), x) == (x >= 0)", "x", {}),
        ("sum(x)*sum(y) == sum(x*y)", "sum(x) + sum(y)", {"x": "n", "y": "n"}),
        ("sum(x)/n == sum(x)", "sum(x)", {"x": "n"}),
    ],
)
def test_what_is_false_somewhere_is_proved_at_most_where_it_is_true(
    text: str, define: str, shapes: dict[str, str]
) -> None:
    """Not proved; or proved under a listed condition that excludes the points where it is false."""
    verdict = claim(text, define, shapes={k: v for k, v in shapes.items() if v})
    if verdict.kind is Kind.PROVED:
        assert text.startswith(("log(x**2)", "where(x"))
        assert verdict.conditions


@pytest.mark.parametrize("name", ["relu(z)", "leaky_relu(z, s)", "elu(z, s)"])
@pytest.mark.parametrize(("text", "conditions"), [("d(q, z)**2 >= 0", []), ("d(d(q, z), z)**2 >= 0", ["z != 0"])])
def test_a_kink_has_a_slope_and_no_second_derivative(name: str, text: str, conditions: list[str]) -> None:
    verdict = claim(text, name)
    assert verdict.kind is Kind.PROVED
    assert [str(c) for c in verdict.conditions] == conditions


def test_the_slope_of_a_slope_has_a_condition_in_a_network_too() -> None:
    graph = graph_from_formulas({"a": "relu(W @ x)", "L": "sum(a)**2"}, {"W": "m, n", "x": "n"})
    verdict = verify(relation(graph, "claim", "d(d(L, x), x) == 2*outer(W.T @ (W @ x > 0), W.T @ (W @ x > 0))"), graph)
    assert verdict.kind is Kind.PROVED
    assert any(str(c).endswith("!= 0") for c in verdict.conditions)


def test_a_claim_about_the_kink_alone_is_not_refuted_there() -> None:
    assert claim("d(d(q, z), z) == where(z == 0, 7, 0)", "relu(z)").kind is not Kind.REFUTED
    assert claim("d(q, z) == where(z == 0, 7, z > 0)", "relu(z)").kind is Kind.REFUTED  # its slope has a value there


LITERAL = {"x": "n", "A": "n, m"}


@pytest.mark.parametrize(
    "text",
    [
        "x[1]*0 + (n > 1) == 1",
        "x[2] - x[2] + (n > 2) == 1",
        "(x - x)[1] + (n > 1) == 1",
        "eye(n)[1, 1] + (n > 1) == 2",
        "ones(n)[3] == (n > 3)",
        "A[:, 2]*0 == (m > 2) - 1",
        "q*0 + (n > 3) == 1",
        "q - q + (n > 3) == 1",
    ],
)
def test_a_size_at_which_an_entry_does_not_exist_refutes_nothing(text: str) -> None:
    assert claim(text, "x[3]*0 + sum(A)", shapes=LITERAL).kind is not Kind.REFUTED


@pytest.mark.parametrize(
    "text", ["x[0]*0 + (n > 1) == 1", "(n > 1) == 1", "x[1]*0 + (n > 2) == 1", "x[1]*0 == (m > 1)"]
)
def test_a_size_at_which_all_entries_exist_refutes(text: str) -> None:
    assert claim(text, "sum(A)", shapes=LITERAL).kind is Kind.REFUTED


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("x[1]*0 == 0", "n - 1 > 0"),
        ("zeros(n)[2] == 0", "n - 2 > 0"),
        ("A[0, 2] - A[0, 2] == 0", "m - 2 > 0"),
        ("d(sum(x), x)[1] == (n > 1)", "n - 1 > 0"),
        ("q == sum(A)", "n - 3 > 0"),
        ("0*q == 0", "n - 3 > 0"),
    ],
)
def test_an_entry_that_vanishes_leaves_its_condition(text: str, condition: str) -> None:
    verdict = claim(text, "x[3]*0 + sum(A)", shapes=LITERAL)
    assert verdict.kind is Kind.PROVED
    assert condition in [str(c) for c in verdict.conditions if c.why == "index"]
    assert verdict.witness["sizes"][condition[0]] > int(condition.split()[2])


def test_an_axis_of_known_size_has_all_its_entries() -> None:
    verdict = claim("x[1]*0 == 0", shapes={"x": "3"})
    assert verdict.kind is Kind.PROVED and not verdict.conditions


def test_a_defined_quantity_that_cancels_needs_its_value() -> None:
    assert [str(c) for c in claim("q - q == 0", "log(x)").conditions] == ["x > 0"]
    assert claim("q*0 + (x > 0) == 1", "log(x)").kind is not Kind.REFUTED
    assert claim("q*0 + (x > 1) == 1", "log(x)").kind is Kind.REFUTED


MASKS = [
    ("where(m > 0, x, 0)", "d(q, x) == (m > 0)", "d(q, x) == (m >= 0)"),
    ("abs(m)*x", "d(q, x) == abs(m)", "d(q, x) == abs(m) + (m == 0)"),
    ("where(m == y, x, 0)", "d(q, x) == (m == y)", "d(q, x) == 0"),
]


@pytest.mark.parametrize(("formula", "true", "false"), MASKS)
def test_a_mask_is_no_kink_for_what_it_masks(formula: str, true: str, false: str) -> None:
    """Only m jumps, and nothing is differentiated by it."""
    verdict = claim(true, formula)
    assert verdict.kind is Kind.PROVED and not verdict.conditions
    assert claim(false, formula).kind is Kind.REFUTED


@pytest.mark.parametrize("mask", ["m", "m*x", "k"])
def test_a_mask_that_depends_on_what_is_varied_has_a_kink(mask: str) -> None:
    graph = graph_from_formulas({"k": "x + m", "q": f"where({mask} > 0, x, 0)"}, {})
    verdict = verify(relation(graph, "claim", f"d(q, x) == ({mask} > 0)"), graph)
    assert verdict.kind is Kind.PROVED
    assert bool(verdict.conditions) is (mask != "m")


def test_a_root_that_is_not_varied_may_be_zero() -> None:
    assert [str(c) for c in claim("d(q, x) == sqrt(m)", "sqrt(m)*x").conditions] == ["m >= 0"]
    assert [str(c) for c in claim("d(q, m) == x/(2*sqrt(m))", "sqrt(m)*x").conditions] == ["m > 0"]


CANCELLED = {"q": "log(s)", "Q": "q*ones(2)", "l": "log(h)", "v": "x/x", "V": "log(X)", "r": "sqrt(t)", "w": "abs(s)"}
LEFT = {
    "a": "0*q", "b": "q - q + 1", "c": "t + sqrt(s)/s*(t - t)", "e": "0*v", "g": "sum(0*v)*t + t",
    "k": "h[0]/(h[0]*h[1])", "p": "a + 1",
}  # fmt: skip
SHAPES = {"h": "2", "x": "n", "X": "n, n", "s": "", "t": ""}


@pytest.mark.parametrize(
    "equation",
    [
        # Equal wherever both sides have a value, and different where what has cancelled has none.
        "a == (s <= 0)",
        "b - 1 == (s <= 0)",
        "p - 1 == (s <= 0)",
        "d(c, t) == 1 + (s <= 0)",
        "e == (x == 0)",
        "d(g, t) == 1 - (x[0] == 0)",
        "k == (h[0] != 0)/h[1]",
        "h[0]/(h[0]*h[1]) == (h[0] != 0)/h[1]",
        "x/(x*x[0]) == (x != 0)/x[0]",
        "X/(X*X.T) == (X != 0)/X.T",
        "einsum('ij,ij,ji->ij', 1/X, X, 1/X) == (X != 0)/X.T",
        "log(h[1]) + log(h[0]) - log(h[0]) == log(h[1]) + (h[0] <= 0)",
        "sqrt(h[1]) + sqrt(h[0]) - sqrt(h[0]) == sqrt(h[1]) + (h[0] < 0)",
        "log(X.T) + log(X) - log(X) == log(X.T) + (X <= 0)",
        "1/X + 1/X.T - 1/X == 1/X.T + (X == 0)",
        "d(t/h[1] + t/h[0] - t/h[0], t) == 1/h[1] + (h[0] == 0)",
        "0*q + where(t > 0, q, 0) == where(t > 0, q, 0) + (s <= 0)",
        "l[1] + l[0] - l[0] == l[1] + (h[0] <= 0)",
        "0*v[0] + v[1] == v[1] + (x[0] == 0)",
        "sum(Q - Q) == (s <= 0)",
        "trace(V - V.T) == (X[0, 0] <= 0)",
        "q**0 == 1 + (s <= 0)",
        "0*d(r, t) == (t == 0)",
        "maximum(q, q) - q == (s <= 0)",
        # A derivative at a kink has no value either.
        "0*d(abs(s), s) == (s == 0)",
        "d(abs(s), s) - d(abs(s), s) == (s == 0)",
        "0*d(w, s) == (s == 0)",
        "d(w, s)**0 == 1 + (s == 0)",
        "0*d(d(relu(s), s), s) == (s == 0)",
        "0*d(s**1.5, s) == (s == 0)",
        "0*d(maximum(x, h[0]), x) == (x[0] == h[0])",
    ],
)
def test_what_cancels_still_needs_its_value(equation: str) -> None:
    graph = graph_from_formulas(CANCELLED | LEFT, SHAPES)
    left, right = equation.split(" == ", 1)
    assert verify(relation(graph, "equation", equation), graph).kind is not Kind.REFUTED
    assert verify(relation(graph, "difference", f"{left} != {right}"), graph).kind is not Kind.PROVED


@pytest.mark.parametrize("text", ["x/x[0] - x/x[0] == 0", "1/x + 1/x == 2/x", "(1/x) @ (1/x) == sum(x**(-2))"])
def test_what_is_left_out_is_listed_once(text: str) -> None:
    graph = graph_from_formulas({"q": "sum(x)"}, {"x": "n"})
    verdict = verify(relation(graph, "claim", text), graph)
    assert verdict.kind is Kind.PROVED
    assert len(verdict.conditions) == 1


@pytest.mark.parametrize(
    "text",
    [
        "d(where(t > 0, abs(s), s), s) != where(t > 0, sign(s), 1 + (s == 0))",
        "(t > 0)*d(abs(s), s) + (s == 0) != (t > 0)*sign(s)",
        "d(abs(s)*t, s)*(t > 0) + (t < 0)*(s == 0) != t*sign(s)*(t > 0)",
        "d(m, x) != where(y > 0, sign(x), 1) + (x == 0)*(y <= 0)",
        "(t > 0)*d(m, x) + (x == 0) != (t > 0)*where(y > 0, sign(x), 1)",
    ],
)
def test_a_kink_below_a_guard_that_is_0_says_nothing_against_a_difference(text: str) -> None:
    graph = graph_from_formulas({"m": "sum(where(y > 0, abs(x), x))"}, {"x": "n", "y": "n", "s": "", "t": ""})
    assert verify(relation(graph, "claim", text), graph).kind is not Kind.REFUTED


ENDS = {
    "w": "sqrt(s)",
    "k": "0*w",
    "a": "w - w + s",
    "b": "k + s",
    "q": "s**1.5*0",
    "r": "s**1.5",
    "p": "r*0",
    "m": "t*r",
}


@pytest.mark.parametrize(
    ("equation", "assume"),
    [
        ("d(a, s) == 1 + (s == 0)", ()),
        ("d(b, s) == 1 + (s == 0)", ()),
        ("d(0*w, s) == (s == 0)", ()),
        ("d(q, s) == (s == 0)", ()),
        ("d(p, s) == (s == 0)", ()),
        ("0*d(m, s) == (s == 0)", ()),
        ("d(sum(sqrt(x) - sqrt(x) + x), x) == 1 + (x == 0)", ()),
        # At a kink a derivative has no value, and an assumption about it does not hold.
        ("t == 1 + (s == 0)", ("t == d(abs(s), s)**2",)),
        ("t == (s == 0)", ("t == 0*d(abs(s), s)",)),
        ("t == 1", ("t == d(abs(s), s)**2", "s == 0")),
        ("t == 2 + (s == 0)", ("t == 2 + 0*d(d(relu(s), s), s)",)),
        ("t == 2 + (s == 0)", ("t == 2 + 0*d(r, s)",)),
        ("t == 2 + (s == 0)", ("d(abs(s), s) <= 1", "t == 2")),
    ],
)
def test_ends_of_roots_and_kinks_are_no_counterexamples(equation: str, assume: tuple[str, ...]) -> None:
    graph = graph_from_formulas(ENDS, SHAPES, assume={f"a{n}": text for n, text in enumerate(assume)})
    assert verify(relation(graph, "equation", equation), graph).kind is not Kind.REFUTED
    difference = equation.replace(" == ", " != ", 1)
    assert verify(relation(graph, "difference", difference), graph).kind is not Kind.PROVED


@pytest.mark.parametrize(
    ("loss", "equation"), [("r*s", "0*next(w) == (w == 0)"), ("w**2 + 0*q", "0*next(w) == (s <= 0)")]
)
def test_a_step_that_cancels_needs_the_derivative_of_its_loss(loss: str, equation: str) -> None:
    graph = sb.graph({"r": "abs(w)", "q": "log(s)", "L": loss})
    step = sb.Training(loss="L", parameters=["w"], learning_rate=1)
    assert sb.verify(equation, graph, training=step).kind is not Kind.REFUTED
    assert sb.verify(equation.replace(" == ", " != ", 1), graph, training=step).kind is not Kind.PROVED
