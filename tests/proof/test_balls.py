"""Laws of the rigorous evaluation: values, total derivatives by dual numbers, conventions, domains, rounding."""

from fractions import Fraction
from typing import ClassVar

import pytest
import sympy as sp
from flint import arb, ctx, fmpq
from hypothesis import given
from hypothesis import strategies as st

from symbackprop.errors import GraphError, NotSupportedError
from symbackprop.model.build import graph_from_formulas, relation
from symbackprop.model.graph import Graph
from symbackprop.proof.points.balls import Evaluation, adjoint_parts
from symbackprop.proof.points.duals import Undefined, Unknown
from symbackprop.proof.points.families import choose_functions
from symbackprop.tensor.nodes import Expr, IsZero, Local, Partial, Positive, adjoint_name, entry, index, scalar, size
from symbackprop.tensor.tensor import Tensor, axes

SCALAR = graph_from_formulas({"unused": "x + y"})
F = Fraction


def side(graph: Graph, formula: str) -> Tensor:
    """The tensor of a formula in which d(...) may occur."""
    return relation(graph, "test", f"({formula}) == 0").left


def at(point: Evaluation, formula: str, *position: int) -> object:
    """The number of a formula at a position, exact where it is rational."""
    tensor = side(point.graph, formula)
    return point.number(tensor.expr, dict(zip(tensor.indices, position, strict=True)))


def x_at(expr: Expr, value: object, precision: int = 128) -> object:
    return Evaluation(SCALAR, {}, {"x": value, "y": 2}, precision=precision).number(expr)


X = scalar("x")


class TestValues:
    def test_rational_operations_stay_exact(self) -> None:
        graph = graph_from_formulas({"z": "W @ x", "s": "sum(z**2)/n"}, {"W": "m, n", "x": "n"})
        point = Evaluation(graph, {"m": 2, "n": 3}, {"W": [[1, 2, 3], [F(1, 2), 0, -1]], "x": [1, F(1, 3), 2]})
        assert at(point, "z", 0) == fmpq(23, 3)
        assert at(point, "s") == (fmpq(23, 3) ** 2 + fmpq(-3, 2) ** 2) / 3

    def test_a_difference_of_equal_thirds_is_exactly_zero(self) -> None:
        assert Evaluation(SCALAR, {}, {"x": F(1, 3), "y": F(1, 3)}).number(IsZero(X - scalar("y"))) == 1

    def test_balls_contain_the_value_and_are_narrow(self) -> None:
        value = Evaluation(SCALAR, {}, {"x": F(1, 2), "y": 0}).value(sp.exp(X) + sp.tanh(X) + sp.erf(X) + sp.sin(X))
        reference = sp.exp(F(1, 2)) + sp.tanh(F(1, 2)) + sp.erf(F(1, 2)) + sp.sin(F(1, 2))
        assert value.overlaps(arb(str(reference.evalf(50))))
        assert value.rad() < arb("1e-30")

    def test_the_innermost_of_two_sums_over_the_same_index_binds(self) -> None:
        n = size("n")
        i = index("i", n)
        twice = sp.Sum(sp.Sum(entry("x", i), (i, 0, n - 1)), (i, 0, n - 1))
        graph = graph_from_formulas({"s": "sum(x)"}, {"x": "n"})
        assert Evaluation(graph, {"n": 3}, {"x": [1, 2, 4]}).number(twice) == 21

    def test_values_as_mappings_and_as_nested_lists_are_the_same(self) -> None:
        graph = graph_from_formulas({"t": "trace(A)"}, {"A": "2, 2"})
        nested = Evaluation(graph, {}, {"A": [[1, 2], [3, 4]]})
        mapping = Evaluation(graph, {}, {"A": {(0, 0): 1, (0, 1): 2, (1, 0): 3, (1, 1): 4}})
        assert at(nested, "t") == at(mapping, "t") == 5

    def test_the_precision_of_flint_is_left_as_it_was(self) -> None:
        before = ctx.prec
        with pytest.raises(Undefined):
            x_at(sp.log(X), -1, precision=333)
        x_at(sp.exp(X), 1, precision=333)
        assert ctx.prec == before

    def test_more_precision_gives_a_narrower_ball(self) -> None:
        coarse, fine = (x_at(sp.exp(X), 1, precision) for precision in (53, 200))
        assert fine.rad() < coarse.rad() and fine.overlaps(coarse)

    def test_a_float_is_refused(self) -> None:
        with pytest.raises(GraphError, match=r"0.5 is not an exact number"):
            Evaluation(SCALAR, {}, {"x": 0.5, "y": 1})

    def test_a_name_without_a_value_is_named(self) -> None:
        with pytest.raises(GraphError, match="no value for 'x'"):
            Evaluation(SCALAR, {}, {}).number(X)

    def test_an_unknown_node_is_not_guessed(self) -> None:
        with pytest.raises(NotSupportedError, match="no rule for the value of gamma"):
            x_at(sp.gamma(X), 1)

    def test_a_position_that_does_not_exist_is_undefined(self) -> None:
        graph = graph_from_formulas({"z": "2*x"}, {"x": "n"})
        for name in ("x", "z"):
            with pytest.raises(Undefined, match="does not exist"):
                Evaluation(graph, {"n": 2}, {"x": [1, 2]}).number(entry(name, sp.Integer(2)))

    def test_a_deep_graph_needs_no_deep_recursion(self) -> None:
        define = {f"a{k}": f"a{k - 1}*w - a{k - 1}/2" if k else "w" for k in range(800)}
        point = Evaluation(graph_from_formulas(define), {}, {"w": F(3, 2)})
        assert at(point, "a799") == fmpq(3, 2)
        assert at(point, "d(a799, a0)") == 1


class TestDomains:
    @pytest.mark.parametrize(
        ("expr", "value"),
        [(sp.log(X), 0), (sp.log(X), -1), (1 / X, 0), (sp.sqrt(X), -1), (X ** sp.Rational(-1, 2), 0), (sp.I * X, 1)],
    )
    def test_outside_the_domain_is_undefined(self, expr: Expr, value: int) -> None:
        with pytest.raises(Undefined):
            x_at(expr, value)

    @pytest.mark.parametrize("function", [sp.log, sp.sqrt, lambda u: 1 / u, Positive, IsZero, sp.Abs, sp.sign])
    def test_what_a_ball_does_not_tell_is_unknown(self, function: object) -> None:
        zero = sp.sin(X) ** 2 + sp.cos(X) ** 2 - 1
        with pytest.raises(Unknown):
            x_at(function(zero), 1)

    def test_overflow_is_unknown(self) -> None:
        with pytest.raises(Unknown):
            x_at(sp.exp(sp.exp(sp.exp(sp.exp(X)))), 10)

    def test_roots_of_squares_are_rational(self) -> None:
        assert x_at(sp.sqrt(X), F(4, 9)) == fmpq(2, 3)
        assert x_at(X ** sp.Rational(-3, 2), 4) == fmpq(1, 8)
        assert x_at(sp.sqrt(X), 0) == 0

    def test_a_certain_zero_indicator_hides_what_is_undefined(self) -> None:
        point = Evaluation(graph_from_formulas({"s": "where(x > 0, log(x), x**2)"}), {}, {"x": -3})
        assert at(point, "s") == 9
        assert at(point, "d(s, x)") == -6
        assert at(point, "d(d(s, x), x)") == 2

    def test_one_certain_zero_among_uncertain_indicators_suffices(self) -> None:
        assert x_at(Positive(X) * Positive(sp.log(X)) * sp.log(X), -1) == 0
        with pytest.raises(Undefined):
            x_at(Positive(-X) * Positive(sp.log(X)) * sp.log(X), -1)

    def test_an_undefined_factor_times_a_zero_that_is_no_indicator_is_undefined(self) -> None:
        with pytest.raises(Undefined):
            x_at(X * sp.log(X), 0)


class TestDerivatives:
    @pytest.mark.parametrize(
        ("function", "derivative"),
        [
            (sp.exp(X), sp.exp(X)),
            (sp.log(X), 1 / X),
            (sp.tanh(X), 1 - sp.tanh(X) ** 2),
            (sp.sin(X), sp.cos(X)),
            (sp.cos(X), -sp.sin(X)),
            (sp.erf(X), 2 * sp.exp(-(X**2)) / sp.sqrt(sp.pi)),
            (sp.Abs(X), sp.sign(X)),
            (sp.sqrt(X), 1 / (2 * sp.sqrt(X))),
            (X**-3, -3 * X**-4),
            (2**X, 2**X * sp.log(2)),
            (X ** sp.exp(X), X ** sp.exp(X) * (sp.exp(X) * sp.log(X) + sp.exp(X) / X)),
        ],
    )
    def test_elementary(self, function: Expr, derivative: Expr) -> None:
        difference = x_at(Partial(function, X) - derivative, F(3, 7))
        assert difference == 0 or (difference.overlaps(arb(0)) and difference.rad() < arb("1e-30"))

    @given(
        st.lists(st.fractions(-3, 3, max_denominator=4), min_size=1, max_size=6),
        st.fractions(-3, 3, max_denominator=5),
        st.integers(0, 4),
    )
    def test_all_orders_on_polynomials_are_exact(self, coefficients: list[F], point: F, order: int) -> None:
        polynomial = sum(sp.Rational(c.numerator, c.denominator) * X**k for k, c in enumerate(coefficients))
        derivative = sp.sympify(polynomial)
        for _ in range(order):
            derivative = Partial(derivative, X)
        expected = F(0)
        for k, c in enumerate(coefficients):
            falling = 1
            for j in range(order):
                falling *= k - j
            expected += c * falling * (point ** (k - order) if falling else 0)
        assert x_at(derivative, point) == fmpq(expected.numerator, expected.denominator)

    def test_no_perturbation_is_taken_for_another(self) -> None:
        # d/dx (x · d/dy (x + y)) = 1, and 2 for those who confuse the two.
        y = scalar("y")
        assert x_at(Partial(X * Partial(X + y, y), X), 5) == 1
        assert x_at(Partial(X * Partial(X * y, y), X), 5) == 10
        assert x_at(Partial(Partial(X**3 * y**2, X), y), 5) == 300

    def test_second_derivatives_commute_on_a_network(self) -> None:
        graph = graph_from_formulas({"z": "W @ x", "L": "logsumexp(tanh(z))"}, {"W": "m, n", "x": "n"})
        point = Evaluation(graph, {"m": 2, "n": 2}, {"W": [[1, F(1, 2)], [-1, F(1, 3)]], "x": [F(1, 2), -1]})
        one, other = at(point, "d(d(L, W), x)", 0, 1, 1), at(point, "d(d(L, x), W)", 1, 0, 1)
        assert one.overlaps(other) and one.rad() < arb("1e-30") and not one.overlaps(arb(0))

    def test_a_structural_zero_is_told_from_a_derivative_that_vanishes(self) -> None:
        # √y does not depend on x: its derivative is 0 even at y = 0; √(xy) at x = 0 has none.
        y = scalar("y")
        point = Evaluation(SCALAR, {}, {"x": 0, "y": 0})
        assert point.number(Partial(sp.sqrt(y) + X, X)) == 1
        with pytest.raises(Undefined):
            point.number(Partial(sp.sqrt(X * y), X))


class TestTotalDerivatives:
    # y = z + f(z): z acts along two paths, as in a residual connection.
    RESIDUAL = graph_from_formulas({"z": "3*x", "h": "z**2", "y": "z + h", "L": "y**2"})
    POINT = Evaluation(RESIDUAL, {}, {"x": 2})

    def test_through_all_uses(self) -> None:
        assert at(self.POINT, "d(L, x)") == 2 * 42 * (1 + 12) * 3

    def test_the_graph_is_cut_at_a_defined_name(self) -> None:
        assert at(self.POINT, "d(L, z)") == 2 * 42 * (1 + 12)
        assert at(self.POINT, "d(L, h)") == 2 * 42
        assert at(self.POINT, "d(z, h)") == 0

    def test_by_itself_is_one(self) -> None:
        assert at(self.POINT, "d(z, z)") == 1

    def test_of_a_compound_expression(self) -> None:
        assert at(self.POINT, "d(z*h + x, x)") == 3 * 3 * 36 + 1
        assert at(self.POINT, "d(z*h + x, z)") == 3 * 36

    def test_a_second_derivative_goes_on_through_the_cut(self) -> None:
        # ∂L/∂z = 2(z + z²)(1 + 2z) as a function of z, and z = 3x.
        second = 2 * (1 + 12) * (1 + 12) + 2 * 42 * 2
        assert at(self.POINT, "d(d(L, z), z)") == second
        assert at(self.POINT, "d(d(L, z), x)") == at(self.POINT, "d(d(L, x), z)") == 3 * second

    def test_the_direct_part_alone(self) -> None:
        assert self.POINT.number(Local(entry("y"), entry("z"))) == 1
        assert self.POINT.number(Local(entry("L"), entry("z"))) == 0

    def test_entries_of_the_same_name_do_not_respond_to_each_other(self) -> None:
        graph = graph_from_formulas({"z": "W @ x", "L": "sum(z**2)"}, {"W": "m, n", "x": "n"})
        point = Evaluation(graph, {"m": 2, "n": 2}, {"W": [[1, 2], [3, 4]], "x": [1, 1]})
        assert [at(point, "d(L, z)", k) for k in range(2)] == [6, 14]
        assert at(point, "d(z, z)", 0, 1) == 0

    def test_a_pinned_quantity_keeps_its_number_and_responds_as_defined(self) -> None:
        point = Evaluation(self.RESIDUAL, {}, {"x": 2, "h": 10})
        assert at(point, "y") == 16
        assert at(point, "d(L, z)") == 2 * 16 * (1 + 12)
        assert at(Evaluation(self.RESIDUAL, {}, {"z": 6}), "d(L, z)") == at(self.POINT, "d(L, z)")

    def test_softmax_with_cross_entropy(self) -> None:
        graph = graph_from_formulas({"p": "softmax(z)", "L": "-sum(y*log(p))"}, {"z": "n", "y": "n"})
        point = Evaluation(graph, {"n": 3}, {"z": [F(1, 2), -1, 2], "y": [F(1, 5), F(1, 2), F(3, 10)]})
        for k in range(3):
            difference = at(point, "d(L, z) - (p - y)", k)
            assert difference.overlaps(arb(0)) and difference.rad() < arb("1e-30")


class TestAdjoints:
    GRAPH = graph_from_formulas({"z": "W @ x", "a": "z**2", "E": "sum(a)"}, {"W": "m, n", "x": "n"})
    VALUES: ClassVar = {"W": [[1, 2], [3, 4]], "x": [1, -1]}
    SIZES: ClassVar = {"m": 2, "n": 2}

    def test_without_an_equation_it_is_the_total_derivative(self) -> None:
        point = Evaluation(self.GRAPH, self.SIZES, self.VALUES)
        assert point.number(entry(adjoint_name("E", "z"), sp.Integer(1))) == -2

    def test_of_a_tensor_its_indices_come_first(self) -> None:
        point = Evaluation(self.GRAPH, self.SIZES, self.VALUES)
        assert point.number(entry(adjoint_name("z", "W"), *map(sp.Integer, (1, 1, 0)))) == 1
        assert point.number(entry(adjoint_name("z", "W"), *map(sp.Integer, (1, 0, 1)))) == 0

    def test_a_given_value_comes_first(self) -> None:
        point = Evaluation(self.GRAPH, self.SIZES, {**self.VALUES, adjoint_name("E", "z"): [7, 8]})
        assert point.number(entry(adjoint_name("E", "z"), sp.Integer(1))) == 8

    def test_equations_are_followed(self) -> None:
        m, n = size("m"), size("n")
        (i,) = axes((m,))
        wrong = {
            adjoint_name("E", "a"): Tensor(sp.Integer(1) + 0 * i, (m,)),
            adjoint_name("E", "z"): Tensor(5 * entry(adjoint_name("E", "a"), i) * entry("z", i), (m,)),
            adjoint_name("E", "W"): Tensor(
                entry(adjoint_name("E", "z"), axes((m, n))[0]) * entry("x", axes((m, n))[1]), (m, n)
            ),
        }
        point = Evaluation(self.GRAPH, self.SIZES, self.VALUES, adjoints=wrong)
        assert point.number(entry(adjoint_name("E", "W"), sp.Integer(1), sp.Integer(0))) == 5 * -1

    def test_an_equation_in_terms_of_itself_is_refused(self) -> None:
        (i,) = axes((size("m"),))
        name = adjoint_name("E", "z")
        point = Evaluation(self.GRAPH, self.SIZES, self.VALUES, adjoints={name: Tensor(entry(name, i), (size("m"),))})
        with pytest.raises(GraphError, match="by way of itself"):
            point.number(entry(name, sp.Integer(0)))

    def test_names_are_taken_apart(self) -> None:
        assert adjoint_parts(adjoint_name("E", "z1")) == ("E", "z1")
        assert adjoint_parts("E") is None


class TestFunctions:
    @pytest.mark.parametrize("name", ["sigmoid", "relu", "softplus", "silu", "gelu", "gelu_tanh", "elu", "leaky_relu"])
    @pytest.mark.parametrize("z", [F(-2, 3), F(5, 4)])
    def test_named_derivatives_agree_with_those_of_the_catalogue(self, name: str, z: F) -> None:
        graph = graph_from_formulas({"a": f"{name}(z)", "b": f"prime({name}, z)"})
        point = Evaluation(graph, {}, {"z": z})
        difference = at(point, "d(a, z) - b")
        assert difference == 0 or (difference.overlaps(arb(0)) and difference.rad() < arb("1e-30"))
        second = at(point, "d(d(a, z), z) - d(b, z)")
        assert second == 0 or (second.overlaps(arb(0)) and second.rad() < arb("1e-30"))

    def test_by_a_parameter(self) -> None:
        graph = graph_from_formulas({"a": "leaky_relu(z, s)", "b": "elu(z, s)"})
        point = Evaluation(graph, {}, {"z": -2, "s": F(1, 3)})
        assert at(point, "d(a, s)") == -2
        assert at(point, "d(d(a, z), s)") == 1
        assert at(point, "d(b, s) - (exp(z) - 1)").overlaps(arb(0))

    def test_at_the_kink_the_formula_decides(self) -> None:
        graph = graph_from_formulas({"r": "relu(z)", "l": "leaky_relu(z, 1/5)", "s": "abs(z)", "t": "sign(z)"})
        point = Evaluation(graph, {}, {"z": 0})
        assert not point.at_kink
        assert [at(point, f"d({name}, z)") for name in ("r", "l", "s", "t")] == [0, fmpq(1, 5), 0, 0]
        assert point.at_kink

    def test_arbitrary_functions_differ_and_have_all_derivatives(self) -> None:
        graph = graph_from_formulas({"a": "f(z)", "b": "g(z)"}, functions=["f", "g"])
        for attempt in range(2):
            families = {name: c.family for name, c in choose_functions(graph.functions, attempt).items()}
            point = Evaluation(graph, {}, {"z": F(1, 2)}, functions=families)
            separation = point.value(side(graph, "a - b").expr)
            assert separation > 0 or separation < 0
            error = point.value(side(graph, "d(d(a, z), z) - d(prime(f, z), z)").expr)
            assert error.overlaps(arb(0)) and error.rad() < arb("1e-25")

    @pytest.mark.parametrize("attempt", [0, 1])
    def test_the_formula_of_a_family_is_what_it_computes(self, attempt: int) -> None:
        for choice in choose_functions(["f", "g"], attempt).values():
            graph = graph_from_formulas({"a": choice.formula})
            for order in range(4):
                expr = entry("a")
                for _ in range(order):
                    expr = Partial(expr, entry("t"))
                written = Evaluation(graph, {}, {"t": F(2, 5)}).value(expr)
                assert written.overlaps(arb(choice.family(order, fmpq(2, 5))))
                assert written.rad() < arb("1e-10")
