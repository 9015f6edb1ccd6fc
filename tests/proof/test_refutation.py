"""Laws of refutation: what is false is refuted with a certificate, what is true never is, doubt is no evidence."""

import json
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
import sympy as sp
from flint import arb, ctx, fmpq

from symbackprop.model.build import graph_from_formulas, relation
from symbackprop.model.graph import Graph, Relation
from symbackprop.proof.points.balls import Evaluation
from symbackprop.proof.points.refutation import Agreement, Counterexample, refute, show_apart, witness
from symbackprop.proof.points.sampling import choose_sizes, holds, least_sizes, sample
from symbackprop.proof.verdict import Kind
from symbackprop.proof.verify import verify
from symbackprop.tensor.nodes import Partial, adjoint_name, entry, size
from symbackprop.tensor.tensor import Tensor, axes

SOFTMAX = {"z": "W @ x + b", "p": "softmax(z)", "L": "-sum(y*log(p))"}
SOFTMAX_SHAPES = {"W": "k, n", "x": "n", "b": "k", "y": "k"}
FREE_TARGET = graph_from_formulas(SOFTMAX, SOFTMAX_SHAPES)
SOFTMAX_NET = graph_from_formulas(SOFTMAX, SOFTMAX_SHAPES, assume={"targets": "sum(y) == 1"})
TWO_LAYERS = graph_from_formulas(
    {"z1": "V @ x", "h": "tanh(z1)", "z2": "W @ h", "p": "softmax(z2)", "L": "-sum(y*log(p))"},
    {"V": "m, n", "x": "n", "W": "k, m", "y": "k"},
    assume={"targets": "sum(y) == 1"},
)
RELU = graph_from_formulas({"z": "W @ x", "a": "relu(z)", "L": "sum(a)"}, {"W": "m, n", "x": "n"})
SQUARE = graph_from_formulas({"z": "A @ x", "L": "sum(z**2)/2"}, {"A": "n, n", "x": "n"})
RESIDUAL = graph_from_formulas(
    {"z": "W @ x", "u": "f(V @ g(z)) + z", "L": "sum(u**2)/2"},
    {"W": "m, n", "x": "n", "V": "m, m"},
    functions=["f", "g"],
)
GUARDED = graph_from_formulas({"s": "where(x > 0, log(x), 0)", "L": "sum(s)"}, {"x": "n"})
SYMMETRIC = graph_from_formulas({"q": "x @ A @ x"}, {"A": "n, n", "x": "n"}, assume={"symmetry": "A == A.T"})
PROBABILITIES = graph_from_formulas(
    {"L": "-sum(y*log(p))"},
    {"y": "n", "p": "n"},
    assume={"sum of y": "sum(y) == 1", "sum of p": "sum(p) == 1", "p": "p > 0", "y": "y >= 0"},
)
BATCH = graph_from_formulas(
    {"P": "softmax(Z)", "L": "-sum(Y*log(P))/N"},
    {"Z": "N, k", "Y": "N, k"},
    assume={"targets": "sum(Y, axis=1) == 1"},
)

TRUE = [
    (SOFTMAX_NET, "d(L, z) == p - y"),
    (FREE_TARGET, "d(L, z) == p*sum(y) - y"),
    (FREE_TARGET, "d(L, W) == outer(d(L, z), x)"),
    (SOFTMAX_NET, "d(L, y) == -log(p)"),
    (TWO_LAYERS, "d(L, V) == outer((W.T @ (p - y))*(1 - h**2), x)"),
    (RELU, "d(L, z) == (z > 0)"),
    (RELU, "d(L, x) == W.T @ (z > 0)"),
    (RELU, "a >= 0"),
    (RELU, "a >= z"),
    (SQUARE, "d(L, A) == outer(z, x)"),
    (SQUARE, "d(d(L, x), x) == A.T @ A"),
    (RESIDUAL, "d(L, z) == u + prime(g, z)*(V.T @ (prime(f, V @ g(z))*u))"),
    (GUARDED, "d(L, x) == where(x > 0, 1/x, 0)"),
    (SYMMETRIC, "d(q, x) == 2*A @ x"),
    (PROBABILITIES, "L >= 0"),
    (PROBABILITIES, "L >= -sum(y*log(y))"),
    (BATCH, "d(L, Z) == (P - Y)/N"),
]
FALSE = [
    (FREE_TARGET, "d(L, z) == p - y"),
    (SOFTMAX_NET, "d(L, z) == y - p"),
    (SOFTMAX_NET, "p == y"),
    (TWO_LAYERS, "d(L, V) == outer((W.T @ (p - y))*(1 - h), x)"),
    (TWO_LAYERS, "d(L, V) == outer(W.T @ (p - y), x)"),
    (TWO_LAYERS, "d(L, z1) == (W.T @ (p - y))*(1 - h**2) + 1/1000000"),
    (RELU, "d(L, z) == 1"),
    (RELU, "a > z"),
    (SQUARE, "d(L, A) == outer(x, z)"),
    (SQUARE, "d(L, x) == A @ z"),
    (SQUARE, "d(L, A) == outer(z, x)/n"),
    (RESIDUAL, "d(L, z) == prime(g, z)*(V.T @ (prime(f, V @ g(z))*u))"),
    (RESIDUAL, "d(L, z) == u + prime(f, z)*(V.T @ (prime(f, V @ g(z))*u))"),
    (RESIDUAL, "f(z) == g(z)"),
    (GUARDED, "d(L, x) == 1/x"),
    (SYMMETRIC, "d(q, x) == A @ x"),
    (PROBABILITIES, "L > 0"),
    (PROBABILITIES, "L <= 1"),
    (PROBABILITIES, "L >= sum(p)"),
    (BATCH, "d(L, Z) == P - Y"),
    (BATCH, "d(L, Z) == (P - Y)/k"),
]


def claim(graph: Graph, formula: str) -> Relation:
    return relation(graph, "claim", formula)


def fractions(nested: Any) -> Any:
    return [fractions(item) for item in nested] if isinstance(nested, list) else Fraction(nested)


def at_point(graph: Graph, point: Mapping[str, Any]) -> Evaluation:
    """The evaluation at a point as printed, for a graph without arbitrary functions."""
    values = {name: fractions(value) for name, value in point["values"].items()}
    return Evaluation(graph, point["sizes"], values, precision=300)


def difference(graph: Graph, claimed: Relation, point: Mapping[str, Any]) -> Any:
    indices = dict(zip(claimed.left.indices, point["indices"], strict=True))
    return at_point(graph, point).difference(claimed.left.expr, claimed.right.expr, indices)


@pytest.mark.parametrize(("graph", "formula"), TRUE)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_what_is_true_is_never_refuted(graph: Graph, formula: str, seed: int) -> None:
    found = refute(claim(graph, formula), graph, seed=seed, attempts=12)
    assert isinstance(found, Agreement)
    assert found.agreeing >= 8
    assert found.unknown == 0
    assert found.witness is not None


@pytest.mark.parametrize(("graph", "formula"), FALSE)
def test_what_is_false_is_refuted_with_a_point_that_shows_it(graph: Graph, formula: str) -> None:
    claimed = claim(graph, formula)
    found = refute(claimed, graph)
    assert isinstance(found, Counterexample)
    assert not found.at_kink or "> z" in formula or "L > 0" in formula
    printed = json.loads(json.dumps(found.as_dict()))
    if not graph.functions:
        gap = difference(graph, claimed, printed)
        broken = {"==": gap != 0, ">": gap <= 0, "<=": gap > 0, ">=": gap < 0}
        assert broken[claimed.comparison]
        for assumption in graph.assumptions:
            at = at_point(graph, printed)
            for position in at.positions(assumption.left.shape):
                indices = dict(zip(assumption.left.indices, position, strict=True))
                rest = at.difference(assumption.left.expr, assumption.right.expr, indices)
                assert holds(assumption.comparison, rest)


def test_the_same_question_has_the_same_answer() -> None:
    claimed = claim(TWO_LAYERS, "d(L, V) == outer(W.T @ (p - y), x)")
    assert refute(claimed, TWO_LAYERS) == refute(claimed, TWO_LAYERS)
    assert refute(claimed, TWO_LAYERS, seed=1) != refute(claimed, TWO_LAYERS)


class TestKinks:
    def test_another_convention_at_the_kink_is_found_and_marked(self) -> None:
        found = refute(claim(RELU, "d(L, z) == (z >= 0)"), RELU)
        assert isinstance(found, Counterexample) and found.at_kink
        assert (found.left, found.right) == ("0", "1")

    def test_a_counterexample_away_from_kinks_is_preferred(self) -> None:
        # Differs at z = 0 by convention, and for z > 3 for good.
        graph = graph_from_formulas({"a": "relu(z)"}, {})
        found = refute(claim(graph, "d(a, z) == (z >= 0) - (z > 3)"), graph)
        assert isinstance(found, Counterexample) and not found.at_kink
        assert Fraction(found.values["z"]) > 3

    def test_a_witness_stands_away_from_kinks_where_it_can(self) -> None:
        graph = graph_from_formulas({"a": "abs(z)"}, {})
        point = witness(claim(graph, "a >= 0"), graph)
        assert point is not None and point["values"]["z"] != "0"


class TestEvidence:
    def test_undefined_everywhere_is_no_evidence(self) -> None:
        graph = graph_from_formulas({"a": "log(-1 - x**2)"}, {})
        found = refute(claim(graph, "a == 1"), graph)
        assert found == Agreement(agreeing=0, unknown=0, undefined=72, unsampled=0, witness=None)

    def test_not_a_number_is_no_evidence(self) -> None:
        # exp⁴(10 + x²) overflows even the exponents of balls: ∞ - ∞ must not count, in either direction.
        graph = graph_from_formulas({"a": "exp(exp(exp(exp(10 + x**2))))"}, {})
        for formula in ("a == 1", "a < 1", "a - a/2 == 0", "1/a == 1"):
            found = refute(claim(graph, formula), graph, attempts=3)
            assert isinstance(found, Agreement)
            assert found.agreeing == 0 and found.unknown >= 9

    def test_a_sign_that_balls_cannot_tell_is_unknown(self) -> None:
        graph = graph_from_formulas({"a": "(sin(x)**2 + cos(x)**2 > 1)"}, {})
        found = refute(claim(graph, "a == 0"), graph, attempts=8)
        assert isinstance(found, Agreement) and found.unknown > 0

    def test_assumptions_that_contradict_each_other_refute_nothing(self) -> None:
        graph = graph_from_formulas({"a": "2*x"}, {}, assume={"low": "x > 1", "high": "x < 1"})
        found = refute(claim(graph, "a == x"), graph)
        assert found == Agreement(agreeing=0, unknown=0, undefined=0, unsampled=72, witness=None)

    def test_no_point_refutes_that_an_equation_is_no_identity(self) -> None:
        different = claim(SQUARE, "d(L, x) != A.T @ z")
        assert isinstance(refute(different, SQUARE), Agreement)
        equation = replace(claim(SQUARE, "d(L, x) != A @ z"), comparison="==")
        assert isinstance(refute(equation, SQUARE), Counterexample)

    def test_without_the_assumption_the_claim_falls(self) -> None:
        claimed = claim(SOFTMAX_NET, "d(L, z) == p - y")
        assert isinstance(refute(claimed, SOFTMAX_NET), Agreement)
        assert isinstance(refute(claimed, SOFTMAX_NET, assumptions=()), Counterexample)

    def test_printed_balls_are_disjoint_however_close(self) -> None:
        with ctx.workprec(300):
            left, right = arb.pi(), arb.pi() + arb(fmpq(1, 10**60))
        first, second = show_apart(left, right, 300)
        with ctx.workprec(400):
            assert not arb(first).overlaps(arb(second))


class TestDeltaRule:
    """∂L/∂parameter against a recursion of adjoints, as a derivation states it."""

    M, N, K = size("m"), size("n"), size("k")

    def equations(self, transposed: bool) -> dict[str, Tensor]:
        """δ2 = p - y, δ1 = Wᵀδ2 ⊙ (1 - h²), ∂L/∂V = δ1 xᵀ, for square W with or without the transpose."""
        (i,) = axes((self.M,))
        row, column = axes((self.M, self.N))
        k = sp.Idx(sp.Symbol("k0", integer=True), self.M)
        weight = entry("W", k, i) if transposed else entry("W", i, k)
        back = sp.Sum(weight * entry(adjoint_name("L", "z2"), k), (k, 0, self.M - 1))
        return {
            adjoint_name("L", "V"): Tensor(entry(adjoint_name("L", "z1"), row) * entry("x", column), (self.M, self.N)),
            adjoint_name("L", "z1"): Tensor(back * (1 - entry("h", i) ** 2), (self.M,)),
            adjoint_name("L", "z2"): Tensor(entry("p", i) - entry("y", i), (self.M,)),
        }

    def check(self, transposed: bool) -> Counterexample | Agreement:
        graph = graph_from_formulas(
            {"z1": "V @ x", "h": "tanh(z1)", "z2": "W @ h", "p": "softmax(z2)", "L": "-sum(y*log(p))"},
            {"V": "m, n", "x": "n", "W": "m, m", "y": "m"},
            assume={"targets": "sum(y) == 1"},
        )
        shape = (self.M, self.N)
        left = Tensor(Partial(entry("L"), entry("V", *axes(shape))), shape)
        right = Tensor(entry(adjoint_name("L", "V"), *axes(shape)), shape)
        stated = Relation(name="gradient", formula="", left=left, comparison="==", right=right)
        return refute(stated, graph, attempts=8, adjoints=self.equations(transposed))

    def test_the_right_recursion_agrees(self) -> None:
        found = self.check(transposed=True)
        assert isinstance(found, Agreement) and found.agreeing > 20

    def test_a_missing_transpose_is_refuted(self) -> None:
        assert isinstance(self.check(transposed=False), Counterexample)


class TestSampling:
    def solve(self, graph: Graph, sizes: dict[str, int], attempt: int) -> Any:
        return sample(graph, graph.inputs, graph.assumptions, sizes, attempt=attempt)

    @pytest.mark.parametrize("attempt", range(8))
    def test_equations_hold_exactly(self, attempt: int) -> None:
        values = self.solve(BATCH, {"N": 2, "k": 3}, attempt)
        assert [sum(values["Y"][row, j] for j in range(3)) for row in range(2)] == [1, 1]
        matrix = self.solve(SYMMETRIC, {"n": 3}, attempt)["A"]
        assert all(matrix[i, j] == matrix[j, i] for i, j in matrix)
        point = self.solve(PROBABILITIES, {"n": 4}, attempt)
        assert sum(point["p"].values()) == sum(point["y"].values()) == 1
        assert min(point["p"].values()) > 0 and min(point["y"].values()) >= 0

    def test_coupled_equations_are_solved_together(self) -> None:
        graph = graph_from_formulas(
            {"s": "sum(A)"}, {"A": "n, n"}, assume={"rows": "sum(A, axis=1) == 1", "columns": "sum(A, axis=0) == 1"}
        )
        matrix = self.solve(graph, {"n": 3}, 0)["A"]
        assert all(sum(matrix[i, j] for j in range(3)) == sum(matrix[j, i] for j in range(3)) == 1 for i in range(3))
        assert len(set(matrix.values())) > 3

    def test_bounds_and_relations_between_entries(self) -> None:
        graph = graph_from_formulas(
            {"s": "sum(x)"}, {"x": "3"}, assume={"low": "x > 0", "high": "1 > x", "order": "x[0] < x[1]"}
        )
        x = self.solve(graph, {}, 0)["x"]
        assert all(0 < value < 1 for value in x.values()) and x[0,] < x[1,]

    def test_of_a_norm_by_trying(self) -> None:
        graph = graph_from_formulas({"s": "sum(x)"}, {"x": "n"}, assume={"unit": "norm(x) == 1"})
        x = self.solve(graph, {"n": 2}, 0)["x"]
        assert sum(value**2 for value in x.values()) == 1

    def test_the_impossible_is_given_up(self) -> None:
        graph = graph_from_formulas({"s": "x"}, {}, assume={"never": "x**2 == -1"})
        assert self.solve(graph, {}, 0) is None

    def test_zeros_and_equal_entries_occur(self) -> None:
        drawn = [list(sample(SQUARE, ["x"], (), {"n": 4}, attempt=k)["x"].values()) for k in range(8)]
        assert any(0 in values for values in drawn)
        assert any(len(set(values)) < 4 for values in drawn)
        assert any(0 not in values and len(set(values)) == 4 for values in drawn)

    def test_only_what_is_needed_is_drawn(self) -> None:
        assert set(sample(TWO_LAYERS, ["h"], (), {"m": 2, "n": 3, "k": 4})) == {"V", "x"}

    def test_sizes_are_distinct_and_sometimes_one(self) -> None:
        chosen = [choose_sizes({"m": 1, "n": 1, "k": 1}, attempt, 0) for attempt in range(12)]
        assert all(sorted(sizes.values()) == [2, 3, 4] for k, sizes in enumerate(chosen) if k % 4 != 3)
        assert any(1 in sizes.values() for sizes in chosen)

    def test_sizes_leave_room_for_indices_that_are_written_out(self) -> None:
        claimed = claim(SQUARE, "z[4] == x[1]")
        assert least_sizes(SQUARE, [claimed.left.expr, claimed.right.expr], [SQUARE.shape("z")]) == {"n": 5}
        found = refute(claimed, SQUARE, attempts=1)
        assert isinstance(found, Counterexample) and found.sizes == {"n": 5}


class TestWitness:
    @pytest.mark.parametrize(("graph", "formula"), TRUE)
    def test_the_assumptions_hold_there_and_both_sides_are_defined(self, graph: Graph, formula: str) -> None:
        claimed = claim(graph, formula)
        point = witness(claimed, graph)
        assert point is not None
        json.dumps(point)
        if not graph.functions and claimed.comparison == "==":
            assert abs(arb(difference(graph, claimed, point))) < arb("1e-40")

    def test_none_for_a_vacuous_claim(self) -> None:
        graph = graph_from_formulas({"a": "log(x)"}, {}, assume={"negative": "x < 0"})
        assert witness(claim(graph, "a == a"), graph) is None


@pytest.mark.parametrize(
    ("claim", "define"),
    [
        ("(x - 1000)**2 > 0", "x"),
        ("where(x > 5000, 1, 0) == 0", "x"),
        ("abs(2*x - 12345.678) > 0", "x"),
        ("d(q, x) == 1", "(m != 31)*x"),
        ("d(q, x) == (m > 250)", "where(m > 200, x, 0)"),
    ],
)
def test_what_fails_at_a_number_of_the_formula_is_refuted(claim: str, define: str) -> None:
    graph = graph_from_formulas({"q": define}, {})
    assert verify(relation(graph, "claim", claim), graph).kind is Kind.REFUTED
