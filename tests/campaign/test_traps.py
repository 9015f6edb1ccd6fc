"""What SymPy does with indexed sums and kinks, and that nothing of it reaches the prover."""

import pytest
import sympy as sp

from symbackprop.derivation.delta_rule import delta_rule
from symbackprop.model.build import graph_from_formulas, relation
from symbackprop.model.graph import Graph
from symbackprop.proof.index.form import IndexForms, subtract
from symbackprop.proof.verdict import Kind
from symbackprop.proof.verify import verify, verify_adjoints
from symbackprop.tensor.differentiate import differentiate
from symbackprop.tensor.indices import substitute
from symbackprop.tensor.nodes import entry, index, scalar, size, summation

n = size("n")
i, j, k = (index(name, n) for name in "ijk")


def verdict(text: str, define: dict[str, str], shapes: dict[str, str] | None = None) -> Kind:
    graph: Graph = graph_from_formulas(define, shapes or {})
    return verify(relation(graph, "claim", text), graph).kind


def test_the_derivative_of_a_sum_keeps_its_dummy() -> None:
    """∂(Σ_i w_i x_i)/∂x_i with the dummy's own name: w_i, and neither Σ_i w_i nor n w_i."""
    total = summation(entry("w", i) * entry("x", i), i)
    slope = differentiate(total, "x", (i,))
    forms = IndexForms()
    assert forms.is_zero(subtract(forms.derivative(total, "x", (i,)), forms.normalise(entry("w", i))))
    assert forms.is_zero(forms.normalise(slope - entry("w", i)))
    assert sp.diff(total, entry("x", i)) != entry("w", i)  # what SymPy makes of it


def test_substitution_does_not_capture() -> None:
    """(Σ_k x_k y_j) at j = k is y_k Σ_l x_l."""
    expr = summation(entry("x", k) * entry("y", j), k)
    moved = substitute(expr, {j: k})
    forms = IndexForms()
    assert forms.is_zero(forms.normalise(moved - entry("y", k) * summation(entry("x", i), i)))
    assert not forms.is_zero(forms.normalise(moved - summation(entry("x", k) * entry("y", k), k)))


def test_nested_sums_over_one_name_stay_apart() -> None:
    """Σ_k x_k Σ_k y_k = (Σ x)(Σ y), and not n Σ x y."""
    inner = summation(entry("y", k), k)
    outer = summation(entry("x", k) * inner, k)
    forms = IndexForms()
    assert forms.is_zero(forms.normalise(outer - summation(entry("x", i), i) * inner))


def test_softmax_with_cross_entropy_is_no_exception() -> None:
    """`simplify` of this expression ends in StopIteration."""
    define = {"p": "softmax(z)", "L": "-sum(y*log(p))"}
    assert verdict("d(L, z) == sum(y)*p - y", define, {"z": "n", "y": "n"}) is Kind.PROVED


@pytest.mark.parametrize(
    ("claim", "kind"), [("d(f, W) == outer(v, x)", "PROVED"), ("d(f, W) == outer(x, v)", "REFUTED")]
)
def test_gradients_by_matrices_have_their_shape(claim: str, kind: str) -> None:
    """For a square matrix a transposed gradient has the same shape; only its numbers differ."""
    assert verdict(claim, {"f": "v @ W @ x"}, {"W": "n, n", "x": "n", "v": "n"}) == kind


def test_depth_costs_time_in_proportion() -> None:
    """Composed, this network has 2^30 nodes; every adjoint is proved all the same."""
    define = {f"a{layer}": f"a{layer - 1}*tanh(a{layer - 1} + w{layer})" for layer in range(1, 31)}
    graph = graph_from_formulas({**define, "L": "a30**2"})
    verdicts = verify_adjoints(graph, "L", delta_rule(graph, "L").adjoints)
    assert {verdict.kind for verdict in verdicts.values()} == {Kind.PROVED}


def test_an_equation_of_equal_sides_stays_an_equation() -> None:
    """`Eq(e, e)` is True in SymPy."""
    graph = graph_from_formulas({"q": "s + t"})
    claim = relation(graph, "claim", "q == q")
    assert (claim.left.expr, claim.comparison) == (claim.right.expr, "==")
    assert verify(claim, graph).kind is Kind.PROVED


def test_symbols_of_one_name_are_one_symbol() -> None:
    """`Symbol("w")` and `Symbol("w", real=True)` are two."""
    assert scalar("w") == entry("w") == relation(graph_from_formulas({"q": "w"}), "claim", "w == q").left.expr


@pytest.mark.parametrize(
    ("claim", "kind"),
    [
        ("prime(relu, z) == (z > 0)", "PROVED"),
        ("prime(relu, z) == (z > 0) + (z == 0)/2", "REFUTED"),
        ("d(a, z) == (z > 0)", "PROVED"),
        ("d(a, z) == (z > 0) + (z == 0)/2", "REFUTED"),
    ],
)
def test_the_value_at_the_kink_is_declared(claim: str, kind: str) -> None:
    """SymPy gives `Max(0, z)` the derivative 1/2 at 0."""
    assert verdict(claim, {"a": "relu(z)"}) == kind


@pytest.mark.parametrize(
    ("claim", "kind"),
    [("exp(s)*exp(t) == exp(s + t)", "PROVED"), ("t*s*2 == 2*s*t", "PROVED"), ("exp(s)*exp(t) == exp(s*t)", "REFUTED")],
)
def test_what_sympy_merges_and_reorders_keeps_its_value(claim: str, kind: str) -> None:
    assert verdict(claim, {"q": "s + t"}) == kind


def test_the_prover_calls_none_of_what_is_unreliable(monkeypatch: pytest.MonkeyPatch) -> None:
    """`diff`, `subs`, `doit`, `simplify`, `equals`: a proof works where each of them fails."""

    def fails(*_: object, **__: object) -> None:
        raise AssertionError("called on an index expression")

    for name in ("diff", "subs", "doit", "simplify", "equals"):
        for kind in (sp.Expr, sp.Basic, sp.Sum):
            if name in vars(kind):
                monkeypatch.setattr(kind, name, fails)
    define = {"p": "softmax(z)", "L": "-sum(y*log(p))"}
    assert verdict("d(L, z) == sum(y)*p - y", define, {"z": "n", "y": "n"}) is Kind.PROVED
