"""The scalar prover under the entries of assumed matrix equations, such as A B = 1, and what they do not imply."""

from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

import pytest
import sympy as sp
from proof.scalar_identities import difference, x, y
from proof.test_scalar_mutants import mutants

from symbackprop.proof.instances import verify_entries, verify_neurons
from symbackprop.proof.limits import Budget, Undecided
from symbackprop.proof.scalar.form import ScalarProver, is_zero
from symbackprop.proof.verdict import Kind
from symbackprop.tensor.nodes import Expr, scalar

Values = dict[Expr, Expr]


class Theorem(NamedTuple):
    """left = right, entry by entry, where every equation is 0; `where(random, D)` is a point at which D = 1 makes
    the equations hold, and defect = diag(4, 1, ..., 1) all but the first one."""

    left: Any
    right: Any
    equations: list[Expr]
    where: Callable[[Random, Any], Values]


def letters(name: str, rows: int, columns: int) -> Any:
    return sp.Matrix(rows, columns, lambda i, j: scalar(f"{name}{i}{j}"))


def numbers(random: Random, rows: int, columns: int) -> Any:
    return sp.Matrix(rows, columns, lambda i, j: sp.Rational(random.randint(-3, 3), random.randint(1, 3)))


def regular(random: Random, size: int, make: Callable[[Any], Any] = lambda matrix: matrix) -> Any:
    """A matrix for which make(matrix) has an inverse."""
    while make(found := numbers(random, size, size)).det() == 0:
        pass
    return found


def point(**matrices: Any) -> Values:
    return {
        scalar(f"{name}{i}{j}"): matrix[i, j]
        for name, matrix in matrices.items()
        for i in range(matrix.rows)
        for j in range(matrix.cols)
    }


def sherman_morrison(size: int) -> Theorem:
    a, b, u, v = letters("A", size, size), letters("B", size, size), letters("u", size, 1), letters("v", size, 1)
    s = (v.T * b * u)[0, 0]

    def where(random: Random, defect: Any) -> Values:
        chosen = regular(random, size)
        return point(A=chosen, B=chosen.inv() * defect, u=numbers(random, size, 1), v=numbers(random, size, 1))

    left = (a + u * v.T) * (b - b * u * v.T * b / (1 + s))
    return Theorem(left, sp.eye(size), list(a * b - sp.eye(size)), where)


def orthogonal_layer(size: int) -> Theorem:
    w, g = letters("W", size, size), letters("g", size, 1)

    def where(random: Random, defect: Any) -> Values:
        skew = numbers(random, size, size)
        skew -= skew.T
        rotation = (sp.eye(size) - skew) * (sp.eye(size) + skew).inv()
        return point(W=defect.applyfunc(sp.sqrt) * rotation, g=numbers(random, size, 1))

    back = w.T * g
    return Theorem(back.T * back, g.T * g, list(w * w.T - sp.eye(size)), where)


def woodbury(rows: int, columns: int) -> Theorem:
    u, v, k = letters("U", rows, columns), letters("V", columns, rows), letters("K", columns, columns)
    one, small = sp.eye(rows), sp.eye(columns)

    def where(random: Random, defect: Any) -> Values:
        while (small + (right := numbers(random, columns, rows)) * (left := numbers(random, rows, columns))).det() == 0:
            pass
        return point(U=left, V=right, K=(small + right * left).inv() * defect)

    return Theorem((one + u * v) * (one - u * k * v), one, list(v * u * k - small + k), where)


def newton_step(size: int) -> Theorem:
    a, b, c, w = letters("A", size, size), letters("B", size, size), letters("b", size, 1), letters("w", size, 1)

    def where(random: Random, defect: Any) -> Values:
        chosen = regular(random, size, lambda matrix: matrix + matrix.T)
        return point(
            A=chosen, B=defect * (chosen + chosen.T).inv(), b=numbers(random, size, 1), w=numbers(random, size, 1)
        )

    return Theorem(w - b * ((a + a.T) * w - c), b * c, list(b * (a + a.T) - sp.eye(size)), where)


def other_side(size: int) -> Theorem:
    a, b = letters("A", size, size), letters("B", size, size)

    def where(random: Random, defect: Any) -> Values:
        chosen = regular(random, size)
        return point(A=chosen, B=chosen.inv() * defect)

    return Theorem(b * a, sp.eye(size), list(a * b - sp.eye(size)), where)


def other_side_of_orthogonal(size: int) -> Theorem:
    w = letters("W", size, size)
    return Theorem(w.T * w, sp.eye(size), list(w * w.T - sp.eye(size)), orthogonal_layer(size).where)


THEOREMS = {
    **{f"{make.__name__} {size}": make(size) for make in (sherman_morrison, orthogonal_layer) for size in (1, 2, 3)},
    **{f"{make.__name__} {size}": make(size) for make in (newton_step, other_side) for size in (1, 2, 3)},
    **{f"woodbury {rows} {columns}": woodbury(rows, columns) for rows, columns in ((1, 2), (2, 3), (3, 1), (2, 2))},
    **{f"other_side_of_orthogonal {size}": other_side_of_orthogonal(size) for size in (1, 2, 3)},
}


def pairs(theorem: Theorem) -> list[tuple[Expr, Expr]]:
    return list(zip(theorem.left, theorem.right, strict=True))


def differs(expr: Expr, values: Values) -> bool:
    """Whether the expression has a value at the point, and not 0."""
    found = expr.xreplace(values).doit()
    return bool(found.is_Rational and found != 0)


def size_of(theorem: Theorem) -> int:
    return int(sp.sqrt(len(theorem.equations)))


def proved(expr: Expr, equations: list[Expr]) -> bool:
    try:
        return is_zero(expr, equations=equations, budget=Budget(seconds=10))
    except Undecided:
        return False


@pytest.mark.parametrize("name", THEOREMS)
def test_every_entry_is_proved(name: str) -> None:
    theorem = THEOREMS[name]
    prover = ScalarProver(equations=theorem.equations)
    for left, right in pairs(theorem):
        assert prover.is_zero(difference(left, right))


@pytest.mark.parametrize("name", THEOREMS)
def test_the_points_satisfy_the_equations(name: str) -> None:
    theorem = THEOREMS[name]
    one, defect = sp.eye(size_of(theorem)), sp.diag(4, *[1] * (size_of(theorem) - 1))
    assert not any(differs(e, theorem.where(Random(1), one)) for e in theorem.equations)
    assert [differs(e, theorem.where(Random(1), defect)) for e in theorem.equations].count(True) == 1


@pytest.mark.parametrize("name", THEOREMS)
def test_without_one_of_the_equations_nothing_false_is_proved(name: str) -> None:
    theorem = THEOREMS[name]
    points = [theorem.where(Random(k), sp.diag(4, *[1] * (size_of(theorem) - 1))) for k in range(3)]
    wrong = [
        difference(left, right)
        for left, right in pairs(theorem)
        if any(differs(left - right, values) for values in points)
    ]
    assert wrong
    for expr in wrong[:2]:
        assert not proved(expr, theorem.equations[1:])
        assert not proved(expr, [])


def wrong_inverses() -> list[Any]:
    """Sherman and Morrison's formula with a sign, a factor or a term that is wrong."""
    a, b, u, v = letters("A", 2, 2), letters("B", 2, 2), letters("u", 2, 1), letters("v", 2, 1)
    s = (v.T * b * u)[0, 0]
    changed, update = a + u * v.T, b * u * v.T * b
    return [
        changed * (b + update / (1 + s)),
        (a - u * v.T) * (b - update / (1 + s)),
        changed * (b - update / (1 - s)),
        changed * (b - update / s),
        changed * (b - b * v * u.T * b / (1 + s)),
        (a + v * u.T) * (b - update / (1 + s)),
        changed * (b - b * u * v.T * b.T / (1 + s)),
        changed * (b - b.T * u * v.T * b / (1 + s)),
        (a.T + u * v.T) * (b - update / (1 + s)),
        changed * (b.T - update / (1 + s)),
        changed * (b - u * v.T * b / (1 + s)),
        changed * b,
    ]


def test_a_wrong_sign_or_transposed_factor_is_not_proved() -> None:
    theorem = THEOREMS["sherman_morrison 2"]
    values = theorem.where(Random(3), sp.eye(2))
    prover = ScalarProver(equations=theorem.equations)
    for left in wrong_inverses():
        wrong = [e for e in left - theorem.right if differs(e, values)]
        assert wrong
        assert not any(prover.is_zero(e) for e in wrong[:2])


def test_an_assumption_with_a_wrong_sign_or_transposed_factor_proves_nothing_false() -> None:
    size = 2
    one = sp.eye(size)
    a, b = letters("A", size, size), letters("B", size, size)
    chosen = regular(Random(4), size)
    for equations, values in (
        (a * b + one, point(A=chosen, B=-chosen.inv())),
        (a.T * b - one, point(A=chosen, B=chosen.T.inv())),
        (a * b.T - one, point(A=chosen, B=chosen.inv().T)),
        (a * b - 2 * one, point(A=chosen, B=2 * chosen.inv())),
        (a * b - b * a, point(A=chosen, B=chosen * chosen)),
    ):
        assert not any(differs(e, values) for e in equations)
        for name in ("sherman_morrison 2", "other_side 2"):
            theorem = THEOREMS[name]
            at = theorem.where(Random(5), one) | values
            wrong = [difference(left, right) for left, right in pairs(theorem) if differs(left - right, at)]
            assert wrong
            assert not any(proved(e, list(equations)) for e in wrong)


@pytest.mark.parametrize("name", ["sherman_morrison 2", "orthogonal_layer 2", "woodbury 1 2", "newton_step 2"])
def test_no_mutant_of_a_theorem_is_proved(name: str) -> None:
    """Small errors at every node of an entry; those that are wrong at a point where the equations hold."""
    theorem = THEOREMS[name]
    points = [theorem.where(Random(k), sp.eye(size_of(theorem))) for k in range(3)]
    left, right = pairs(theorem)[0]
    changed = dict.fromkeys(difference(m, right) for m in mutants(left))
    wrong = [d for d in changed if any(differs(d, values) for values in points)]
    assert len(wrong) >= 20
    prover = ScalarProver(equations=theorem.equations)
    for d in wrong[::3]:
        assert not prover.is_zero(d), d


def test_the_other_product_of_matrices_that_are_not_square_is_not_proved() -> None:
    for rows, columns in ((1, 2), (2, 3), (1, 3)):
        a, b = letters("A", rows, columns), letters("B", columns, rows)
        equations = list(a * b - sp.eye(rows))
        for entry in b * a - sp.eye(columns):
            assert not proved(entry, equations)
        # The traces of A B and B A are one.
        assert proved(difference((b * a).trace(), sp.Integer(rows)), equations)


def test_no_more_is_spent_than_the_budget() -> None:
    theorem = THEOREMS["sherman_morrison 3"]
    expr = difference(theorem.left[0, 1], theorem.right[0, 1])
    with pytest.raises(Undecided, match="seconds"):
        is_zero(expr, equations=theorem.equations, budget=Budget(seconds=0.0))
    # The multiples that are needed have more coefficients than this, the expression has less.
    other = THEOREMS["other_side 3"]
    assert not is_zero(difference(*pairs(other)[0]), equations=other.equations, budget=Budget(terms=100))


def test_entries_of_an_instance_are_compared_under_equations_of_every_degree() -> None:
    theorem = THEOREMS["sherman_morrison 2"]
    named = {f"entry {k}": pair for k, pair in enumerate(pairs(theorem))}
    linear = [x + 2 * y - 1, x - scalar("A00")]
    assert verify_entries(named, theorem.equations + linear).kind is Kind.PROVED
    assert verify_entries(named, linear).kind is Kind.UNDECIDED
    assert verify_entries(named, theorem.equations[:-1] + linear).kind is Kind.UNDECIDED
    # A00 is put in, in the equations as well.
    put_in = {name: (left.xreplace({scalar("A00"): 1 - 2 * y}), right) for name, (left, right) in named.items()}
    assert verify_entries(put_in, theorem.equations + linear).kind is Kind.PROVED
    assert verify_neurons(named, [], {}, theorem.equations).kind is Kind.PROVED
    assert verify_neurons(named, [], {}, theorem.equations[1:]).kind is Kind.UNDECIDED
