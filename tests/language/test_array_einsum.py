"""Products of arrays in one call of einsum: the same tensor, and no longer."""

import pytest

from symbackprop.language.array_einsum import in_one_einsum
from symbackprop.language.array_form import array_form
from symbackprop.language.parse import Scope, parse
from symbackprop.proof.index.form import IndexForms, subtract
from symbackprop.tensor.nodes import Expr, size

n, m, h = map(size, "nmh")
SHAPES: dict[str, tuple[Expr, ...]] = {
    "x": (n,), "u": (n,), "v": (m,), "w": (h,), "A": (m, n), "C": (m, h), "S": (n, n), "c": (), "T": (h, m, n),
}  # fmt: skip
SCOPE = Scope(shapes=SHAPES, sizes=frozenset("nmh"))
NESTED = [
    "einsum('ikjl->ijkl', 2 * outer(eye(m), outer(x, u)))",
    "einsum('ikjl->ijkl', outer(eye(m), outer(x, u)) * c / 3)",
    "einsum('lijk->ijkl', -2 * einsum('lji,k->ijkl', outer(S, x), ones(n)) * outer(u, outer(x, outer(x, u))))",
    "einsum('jik->ijk', (outer(C, x) + outer(v, outer(w, x))).T * einsum('ki,j->jik', outer(v, w), ones(n)))",
    "einsum('ji,k->ikj', A.T @ C, x) + einsum('kij->kij', outer(w, outer(x, x)))",
    "einsum('kij->ikj', einsum('bi,bj,bk->kij', A, C, A))",
    "outer(einsum('bi,bj->ji', A, C), x)",
    "einsum('kij->ijk', T * outer(w, outer(v, ones(n))))",
    "einsum('kij->ijk', T * x)",
    "einsum('ikj->ijk', einsum('bi,bj->ij', A, A).T * outer(x, outer(u, x)))",
    "einsum('jik->ijk', outer(ones(m), outer(x, ones(h))))",
    "einsum('ijk->kji', outer(A, w) - outer(A, w))",
    "swapaxes(einsum('kij->ijk', outer(w, outer(v, x))), -1, -2)",
    "A.T @ C",
]


def _is_equal(text: str, other: str) -> bool:
    forms = IndexForms()
    left, right = parse(text, SCOPE), parse(other, SCOPE)
    return left.shape == right.shape and forms.is_zero(
        subtract(forms.normalise(left.expr), forms.normalise(right.expr))
    )


@pytest.mark.parametrize("text", NESTED)
def test_one_einsum_means_the_same(text: str) -> None:
    assert _is_equal(in_one_einsum(text, SCOPE), text)


@pytest.mark.parametrize("text", NESTED[:3])
def test_products_stand_in_one_call(text: str) -> None:
    found = in_one_einsum(text, SCOPE)
    assert found.count("einsum(") == 1 and "outer(" not in found and "ones(" not in found
    assert len(found) < len(text)


def test_a_sum_within_a_product_stays_alone() -> None:
    text = "einsum('ikj->ijk', outer(einsum('bi,bj->ij', A, C), x))"
    assert "'bi,bj->ij', A, C" in in_one_einsum(text, SCOPE)


def test_what_is_no_formula_is_left_alone() -> None:
    assert in_one_einsum("einsum('ij->ji', q)", SCOPE) == "einsum('ij->ji', q)"


def test_array_forms_of_outer_products_in_any_order() -> None:
    tensor = parse("einsum('ik,j,l->ijkl', eye(m), x, u)", SCOPE)
    assert array_form(tensor, SCOPE) == "einsum('ik,j,l->ijkl', eye(m), x, u)"
