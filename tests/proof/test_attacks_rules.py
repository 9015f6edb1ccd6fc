"""Attempts to have a rule fail where its law ends: below guards, at the ends of roots, at ties, at large sizes."""

from dataclasses import replace
from random import Random

import pytest
from flint import arb
from proof.attack_settings import verdict_on

import symbackprop as sb
from symbackprop.errors import SymbackpropError
from symbackprop.language.parse import Scope, parse
from symbackprop.model.build import graph_from_formulas, relation
from symbackprop.model.graph import Graph
from symbackprop.proof.index.form import IndexForms
from symbackprop.proof.limits import Undecided, room_for_deep_expressions
from symbackprop.proof.points.balls import Evaluation
from symbackprop.proof.verdict import Kind
from symbackprop.proof.verify import verify, verify_adjoints, verify_lines
from symbackprop.tensor.nodes import Partial, adjoint_name, entry
from symbackprop.tensor.tensor import axes

# ---------------------------------------------------------------------------------------------- below guards

# [t > 0] r has a value wherever t <= 0, also where r has none.
NAMED = {
    "r": "sqrt(s)", "l": "log(s)", "i": "1/s", "w": "(t > 0)*r", "wl": "where(t > 0, l, 0)", "wi": "where(t > 0, i, 0)",
}  # fmt: skip
BELOW_NAMES = {
    "tanh((t > 0)*r + (s < 0)) == tanh((t > 0)*r)", "tanh(w + (s < 0)) == tanh(w)",
    "(1 + w + (s < 0))**2 == (1 + w)**2",
    "exp(w)*(s >= 0) == exp(w)", "tanh(wl + (s > 0)) == tanh(wl + 1)", "exp(wl)*(s > 0) == exp(wl)",
    "exp(wi)*(s != 0) == exp(wi)", "abs(s)*exp(w) == s*exp(w)", "d(w, s) == (t > 0)/(2*r) + (s < 0)",
}  # fmt: skip
ROOTS = {"k": "where(s > 0, log(s), 0)", "w": "where(t > 0, sqrt(x), 0)", "L": "sum(w)"}
BELOW_ROOTS = {
    "d(k, s) == 1/s", "tanh(w + (x < 0)) == tanh(w)", "d(L, x) == (t > 0)/(2*sqrt(x)) + (x < 0)",
    "tanh(where(t > 0, sqrt(x), 0) + (x < 0)) == tanh(where(t > 0, sqrt(x), 0))",
}  # fmt: skip


@pytest.mark.parametrize("text", sorted(BELOW_NAMES))
def test_what_a_name_below_a_guard_needs_is_not_relied_upon(text: str) -> None:
    assert verdict_on(text, graph_from_formulas(NAMED)).kind is Kind.REFUTED


@pytest.mark.parametrize("size", ["n", "3", "8"])
@pytest.mark.parametrize("text", sorted(BELOW_ROOTS))
def test_what_a_guard_does_not_ask_for_is_not_relied_upon_at_any_size(text: str, size: str) -> None:
    assert verdict_on(text, graph_from_formulas(ROOTS, {"x": size})).kind is Kind.REFUTED


@pytest.mark.parametrize(
    "text",
    ["tanh(w + (s == t)) == tanh(w)", "exp(w)*(s != t) == exp(w)", "(1 + w*(s != t))**2 == (1 + w)**2 - (s == t)"],
)
def test_points_at_which_a_condition_just_fails_are_tried(text: str) -> None:
    """No point drawn by chance lies on s = t where s² < t."""
    graph = graph_from_formulas({"w": "where(s**2 >= t, log(s - t), 0)"})
    assert verdict_on(text, graph).kind is not Kind.PROVED


@pytest.mark.parametrize(
    "text", ["w*w == (t > 0)*s", "d(k, s) == where(s > 0, 1/s, 0)", "wl == where(t > 0, log(s), 0)"]
)
def test_what_holds_below_a_guard_is_proved(text: str) -> None:
    graph = graph_from_formulas(NAMED | {"k": "where(s > 0, log(s), 0)"})
    assert verdict_on(text, graph).kind is Kind.PROVED


def test_lines_and_adjoints_do_not_rely_on_what_a_guard_does_not_ask_for() -> None:
    graph = graph_from_formulas(ROOTS, {"x": "n"})
    scope = Scope(shapes={"x": graph.inputs["x"], "t": ()})
    wrong = parse("(t > 0)/(2*sqrt(x)) + (x < 0)", scope)
    left = entry(adjoint_name("L", "x"), *wrong.indices)
    assert verify_adjoints(graph, "L", {"x": wrong})["x"].kind is Kind.REFUTED
    assert [verdict.kind for verdict in verify_lines(graph, [(left, wrong.expr)])] == [Kind.REFUTED]


# ---------------------------------------------------------------------------------------------- ends of roots

# At s = 0 there is no derivative of s^1.5, which has no values on one side.
AT_ENDS = {"a": "sqrt(s)", "b": "sqrt(s)**2", "c": "s**1.5", "e": "(t > 0)*a"}
NO_DIFFERENCE = [
    "d(s**1.5, s) == 1.5*sqrt(s) + (s == 0)", "d(c*c, s) == 3*s**2 + (s == 0)", "d(a*s, s) == 1.5*a + (s == 0)",
    "d(s**(7/3), s) == 7/3*s**(4/3) + (s <= 0)", "d(tanh(c), s) + (s == 0) == 1.5*a*(1 - tanh(c)**2)",
]  # fmt: skip
ONLY_INSIDE = ["d(b, s) == (s > 0)", "d(sqrt(s)**2, s) == (s > 0)", "d(b, s)*s > 0", "d(a*a, s) == 1 + (s == 0)"]


@pytest.mark.parametrize("text", NO_DIFFERENCE)
def test_no_equation_is_proved_together_with_its_difference(text: str) -> None:
    graph = graph_from_formulas(AT_ENDS)
    claim = relation(graph, "claim", text)
    assert verify(claim, graph).kind is Kind.PROVED
    assert verify(replace(claim, comparison="!="), graph).kind is not Kind.PROVED


@pytest.mark.parametrize("text", ONLY_INSIDE)
def test_the_end_of_a_root_that_is_differentiated_is_no_counterexample(text: str) -> None:
    assert verdict_on(text, graph_from_formulas(AT_ENDS)).kind is not Kind.REFUTED


def test_a_derivative_of_a_root_that_simplification_left_out_has_its_condition() -> None:
    verdict = verdict_on("d(sqrt(s)**2, s) == 1", graph_from_formulas(AT_ENDS))
    assert verdict.proved
    assert [str(condition) for condition in verdict.conditions] == ["s > 0"]


@pytest.mark.parametrize(
    "text", ["d(norm(x)**2, x) == 2*x", "d(sqrt(s**4), s) == 2*s", "d(x @ x, x)*norm(x)**0 == 2*x"]
)
def test_a_root_of_what_is_nowhere_negative_has_no_end(text: str) -> None:
    verdict = verdict_on(text, graph_from_formulas({"q": "sum(x) + s"}, {"x": "n"}))
    assert verdict.proved
    assert not verdict.conditions


# ---------------------------------------------------------------------------------------------- what was left out


def test_the_slope_of_a_logarithm_has_a_value_where_the_logarithm_has_one() -> None:
    graph = graph_from_formulas({"z": "log(s)"})
    assert verdict_on("prime(log, s)*abs(s) == 1", graph).kind is not Kind.REFUTED
    proved = verdict_on("prime(log, s) == 1/s", graph)
    assert [str(condition) for condition in proved.conditions] == ["s > 0"]
    assert verdict_on("prime(log, s) == d(z, s)", graph).kind is Kind.PROVED


def test_the_next_value_needs_what_its_definition_needs() -> None:
    graph = sb.graph({"q": "sqrt(w)**2", "p": "w*x/x", "L": "(p - y)**2/2"})
    step = sb.Training(loss="L", parameters=["w"], learning_rate="eta")
    assert sb.verify("next(q) == abs(next(w))", graph, training=step).kind is not Kind.REFUTED
    assert sb.verify("next(q) == next(w)", graph, training=step).kind is Kind.PROVED
    proved = sb.verify("next(p) == next(w)", graph, training=step)
    assert proved.proved
    assert "x != 0" in map(str, proved.conditions)


# ---------------------------------------------------------------------------------------------- large sizes


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("sum(ones(8)) == 8", Kind.PROVED),
        ("sum(x) - x[7] == x[0] + x[1] + x[2] + x[3] + x[4] + x[5] + x[6]", Kind.PROVED),
        ("2**sum(ones(8)) == 256", Kind.PROVED),
        ("(sum(ones(8)) > 7) == 1", Kind.PROVED),
        ("(sum(ones(8)) > 8) == 1", Kind.REFUTED),
        ("mean(x) == sum(x)/7", Kind.REFUTED),
        ("x[7] == x[6]", Kind.REFUTED),
        ("d(u[7], A)[6] == 0", Kind.PROVED),
        ("d(u[7], A)[7] == 0", Kind.REFUTED),
        ("1/(sum(ones(8)) - 8) == 5", Kind.UNDECIDED),
        ("log(7 - sum(ones(8))) == q", Kind.UNDECIDED),
    ],
)
def test_a_large_size_is_a_number_where_it_has_to_be(text: str, kind: Kind) -> None:
    graph = graph_from_formulas({"u": "A @ x", "q": "sum(u)"}, {"x": "8", "A": "8, 8"})
    assert verdict_on(text, graph).kind is kind


def test_a_point_with_many_numbers_is_shown_in_time_proportional_to_them() -> None:
    verdict = verdict_on("v[3999] == v[3998]", graph_from_formulas({"q": "s"}, {"v": "4000"}))
    assert verdict.kind is Kind.REFUTED
    assert len(verdict.witness["values"]["v"]) == 4000


# ---------------------------------------------------------------------------------------------- values of normal forms

SHAPES = {"x": "n", "y": "n", "z": "m", "A": "n, n", "C": "m, n", "T": "m, n, n", "H": "2, 2", "s": "", "t": ""}
LEAVES = {
    "": ("s", "t", "2", "n", "x[0]", "H[1, 0]"), "n": ("x", "y", "A[0]", "diag(A)"), "m": ("z", "C[:, 0]"),
    "n, n": ("A", "A.T", "eye(n)", "outer(x, y)"), "m, n": ("C", "outer(z, x)"),
}  # fmt: skip
ANY_SHAPE = (
    "exp({0})", "tanh({0})", "({0})**2", "abs({0})", "relu({0})", "sign({0})", "1/(1 + ({0})**2)", "sqrt(1 + ({0})**2)",
    "log(1 + ({0})**2)", "sin({0})", "({0} > 0)", "({0} + {1})", "({0} - {1})", "({0})*({1})", "maximum({0}, {1})",
)  # fmt: skip
# Shape -> formulas with the shapes of their parts.
MADE_OF: dict[str, tuple[tuple[str, ...], ...]] = {
    "": (
        ("sum({0})", "n, n"), ("({0} @ {1})", "n", "n"), ("logsumexp({0})", "n"), ("var({0})", "m"),
        ("trace({0})", "n, n"),
    ),
    "n": (
        ("({0} @ {1})", "n, n", "n"), ("sum({0}, axis=0)", "n, n"), ("sum({0}, axis=1)", "n, n"), ("softmax({0})", "n"),
        ("({0} @ {1})", "m", "m, n"), ("einsum('ij,ij->j', {0}, {1})", "m, n", "m, n"), ("norm({0}, axis=0)", "n, n"),
    ),
    "m": (("({0} @ {1})", "m, n", "n"), ("softmax({0})", "m"), ("mean({0}, axis=1)", "m, n")),
    "n, n": (
        ("({0} @ {1})", "n, n", "n, n"), ("({0}).T", "n, n"), ("softmax({0}, axis=0)", "n, n"),
        ("({0} + {1})", "n, n", "n"),
        ("einsum('bij,b->ji', T, {0})", "m"), ("(({0}).T @ {1})", "m, n", "m, n"), ("diag({0})", "n"),
        ("(({0})[:, None] - ({1})[None, :])", "n", "n"),
    ),
    "m, n": (
        ("({0} @ {1})", "m, n", "n, n"), ("softmax({0}, axis=0)", "m, n"), ("(T @ {0})", "n"), ("sum(T, axis=2)",),
    ),
}  # fmt: skip


def formula(random: Random, shape: str, depth: int) -> str:
    """A random formula of that shape."""
    if depth == 0:
        return random.choice(LEAVES[shape])
    if random.random() < 0.5:
        return random.choice(ANY_SHAPE).format(*(formula(random, shape, depth - 1) for _ in range(2)))
    pattern, *parts = random.choice(MADE_OF[shape])
    return pattern.format(*(formula(random, part, depth - 1) for part in parts))


def points(graph: Graph) -> list[Evaluation]:
    """Points with zeros and ties, at sizes that differ."""
    random, made = Random(3), []
    for sizes in ({"n": 2, "m": 3}, {"n": 3, "m": 1}, {"n": 1, "m": 2}):

        def drawn(axes_: list[str], sizes: dict[str, int] = sizes) -> object:
            if not axes_:
                return random.choice((0, 0, 1, -1, 2, -3))
            length = sizes[axes_[0]] if axes_[0] in sizes else int(axes_[0])
            return [drawn(axes_[1:]) for _ in range(length)]

        values = {name: drawn([axis for axis in shape.split(", ") if axis]) for name, shape in SHAPES.items()}
        made.append(Evaluation(graph, sizes, values))
    return made


@pytest.mark.parametrize("shape", sorted(MADE_OF))
def test_a_normal_form_and_its_derivative_have_the_values_of_the_expression(shape: str) -> None:
    graph = graph_from_formulas({"q": "sum(x)"}, SHAPES)
    scope = Scope(shapes={name: graph.inputs[name] for name in SHAPES}, sizes=frozenset({"n", "m"}))
    random, compared = Random(f"values {shape}"), 0
    for _ in range(25):
        tensor = parse(formula(random, shape, random.choice((1, 2, 2))), scope)
        by = entry("x", *axes((*tensor.shape, *graph.inputs["x"]))[-1:])
        forms = IndexForms(sb.Budget(terms=2000, seconds=5))
        try:
            with room_for_deep_expressions():
                value = forms.to_expr(forms.normalise(tensor.expr))
                slope = forms.to_expr(forms.derivative(tensor.expr, "x", by.indices))
        except Undecided:
            continue
        for expr, form in ((tensor.expr, value), (Partial(tensor.expr, by), slope)):
            for at in points(graph):
                compared += agreeing(at, expr, form, tensor.shape + by.shape if form is slope else tensor.shape)
    assert compared > 100


def agreeing(at: Evaluation, expr: object, form: object, shape: tuple[object, ...]) -> int:
    """How many entries have values on both sides, each of which must agree; kinks are left out."""
    found = 0
    for position in at.positions(shape):
        where = dict(zip(axes(shape), position, strict=True))
        try:
            at.at_kink = False
            values = at.value(expr, where), at.value(form, where)
        except SymbackpropError:
            continue
        if isinstance(expr, Partial) and at.at_kink:
            continue
        assert values[0].overlaps(values[1]) and abs(values[0] - values[1]) < arb("1e-15"), (expr, form, where)
        found += 1
    return found
