"""A traced function is the formula that it computes, or it is refused."""

import math
import sys

import numpy as np
import pytest

from symbackprop.errors import NotSupportedError
from symbackprop.language.functions import FUNCTIONS
from symbackprop.language.parse import Scope, parse
from symbackprop.model.custom import check_numbers, custom, trace
from symbackprop.model.samples import Sampled
from symbackprop.model.tracing import OFFERED, Traced
from symbackprop.tensor.nodes import size

exp, log, tanh, where = OFFERED["exp"], OFFERED["log"], OFFERED["tanh"], OFFERED["where"]
total, mean = OFFERED["sum"], OFFERED["mean"]


def mish(z):
    """z tanh(log(1 + e^z))."""
    s = log(1 + exp(z))
    return z * tanh(s)


def negative_entropy(p, y):
    return total(y * np.log(p)) / 2


def soft(z):
    e = exp(z)
    return e / np.sum(e)


FORMULAS = [
    (lambda z: 1 - 2 * z + 3 / z - z / 4, "1 - 2 * z + 3 / z - z / 4"),
    (lambda z: (-z) ** 2 + (-2) ** 2 - -z, "(-z) ** 2 + 4 - -z"),
    (lambda z: 2**z, "2 ** z"),
    (lambda z: abs(z) + (+z), "abs(z) + z"),
    (lambda z: where(z > 0, z, 0.1 * z), "where(z > 0, z, 0.1 * z)"),
    (lambda z: np.where(z >= 0, z, np.expm1(z)), "where(z >= 0, z, exp(z) - 1)"),
    (lambda z: np.maximum(z, 0) + np.square(z) + np.log1p(exp(z)), "maximum(z, 0) + z ** 2 + log(1 + exp(z))"),
    (lambda z: np.float64(2.5) * z, "2.5 * z"),
    (lambda z: np.int64(3) * z, "3 * z"),
    (lambda z: z * math.pi, "z * pi"),
    (lambda z: (z - mean(z)) / np.sqrt(np.mean(z**2)), "(z - mean(z)) / sqrt(mean(z ** 2))"),
    (lambda z: z.T @ z + z.dot(z) + np.dot(z, z), "z.T @ z + dot(z, z) + dot(z, z)"),
    (lambda z: z[0] * z + z[-1], "z[0] * z + z[-1]"),
    (lambda z: OFFERED["softmax"](z, axis=-1), "softmax(z, axis=-1)"),
    (lambda z: OFFERED["einsum"]("i,j->i", z, z), "einsum('i,j->i', z, z)"),
    (lambda z: 7, "7"),
]


@pytest.mark.parametrize(("function", "formula"), FORMULAS)
def test_a_trace_is_the_formula(function, formula) -> None:
    assert trace(function, ["z"]) == formula
    check_numbers(function, formula, ["z"], [(3,)]) if formula != "7" else None


def test_a_loss_has_two_arguments() -> None:
    assert trace(negative_entropy, ["a2", "y"]) == "sum(y * log(a2)) / 2"
    rows = trace(lambda p, y: mean(((p - y) ** 2).sum(axis=1)), ["P", "Y"])
    assert rows == "mean(sum((P - Y) ** 2, axis=1))"


def test_the_traced_formula_is_read_as_the_function_means_it() -> None:
    scope = Scope(shapes={"z": (size("n"),)})
    assert parse(trace(soft, ["z"]), scope) == parse("softmax(z)", scope)


def decides(z):
    return z if z > 0 else 0 * z


def swallows(z):
    try:
        return z if z > 0 else 0 * z
    except Exception:
        return z


def counts(z, calls=[]):  # noqa: B006
    calls.append(1)
    return len(calls) * z


def squares_often(z):
    for _ in range(30):
        z = z * z + z
    return z


REFUSED = [
    (decides, "a decision that depends on a value cannot be traced: write where"),
    (swallows, "a decision that depends on a value cannot be traced"),
    (lambda z: max(z, 0), "write where\\(condition, a, b\\), maximum or minimum"),
    (lambda z: z and 1, "a decision"),
    (lambda z: math.exp(z), "use symbackprop.exp or numpy.exp"),
    (lambda z: [x for x in z], "a loop over the entries cannot be traced"),  # noqa: C416
    (lambda z: range(z), "a traced value has no number"),
    (lambda z: len(z) * z, "a traced value has no number"),
    (lambda z: z[1:], "an index is an integer, a full slice or None"),
    (lambda z: z * np.array([1.0, 2.0]), "is no real number and no traced value"),
    (lambda z: z * True, "True in a traced function is no real number"),
    (lambda z: z * float("inf"), "inf in a traced function is no real number"),
    (lambda z: z * 1j, "1j in a traced function is no real number"),
    (lambda z: np.sinh(z), "numpy.sinh is not part of the formula language; known are: exp, log"),
    (lambda z: np.add.reduce(z), "numpy.add can be traced only as a plain call"),
    (lambda z: z.sum(axis="rows"), r"sum\(..., axis='rows'\) is not part of the formula language"),
    (lambda z: z.shape[0] * z, "AttributeError: 'Traced' object has no attribute 'shape'"),
    (lambda z: z // 2, "TypeError: unsupported operand"),
    (lambda z: {z: 1}, "TypeError: unhashable type"),
    (lambda z: (z, z), "it returns tuple, not a formula"),
    (lambda z: None, "it returns NoneType, not a formula"),
    (lambda: 1, "TypeError"),
    (squares_often, "more than 3000 nodes"),
]


@pytest.mark.parametrize(("function", "message"), REFUSED)
def test_what_a_formula_cannot_hold_is_refused(function, message) -> None:
    with pytest.raises(NotSupportedError, match=message) as caught:
        trace(function, ["z"])
    assert str(caught.value).startswith(f"custom function {function.__name__}: ")
    assert "\n" not in str(caught.value)


def test_a_function_with_a_state_is_refused() -> None:
    with pytest.raises(NotSupportedError, match="two calls on the same arguments give two formulas"):
        custom(counts, ["z"])


def test_a_function_that_knows_that_it_is_traced_is_refused() -> None:
    def cheats(z):
        return 2 * z if isinstance(z, Traced) else 3 * z

    with pytest.raises(NotSupportedError, match=r"gives .* where its formula 2 \* z gives"):
        check_numbers(cheats, trace(cheats, ["z"]), ["z"], [(2,)])


def test_a_function_that_is_nowhere_real_is_refused() -> None:
    function = lambda z: np.sqrt(-1 - z**2)  # noqa: E731
    with pytest.raises(NotSupportedError, match="no point was found"):
        check_numbers(function, trace(function, ["z"]), ["z"], [()])


def test_every_function_of_the_language_can_be_called() -> None:
    assert set(OFFERED) == {name for name, row in FUNCTIONS.items() if not row.takes_sizes}


VECTOR, MATRIX = (3,), (2, 3)
CALLS = {
    "where": lambda f, z: f(z > 0, z, 2),
    "maximum": lambda f, z: f(z, 1),
    "minimum": lambda f, z: f(z, 1),
    "outer": lambda f, z: f(z, z),
    "dot": lambda f, z: f(z, z.T),
    "einsum": lambda f, z: f("...->...".replace("...", "i"), z),
    "log": lambda f, z: f(z**2 + 1),
    "sqrt": lambda f, z: f(z**2 + 1),
    "trace": lambda f, z: f(z.T @ z),
    "swapaxes": lambda f, z: f(z, 0, -1),
}
# Functions of a matrix, or of a vector alone.
ONLY = {"trace": [MATRIX], "einsum": [VECTOR], "outer": [VECTOR], "diag": [VECTOR]}


@pytest.mark.parametrize("name", OFFERED)
def test_numbers_and_formula_agree_for_every_function(name: str) -> None:
    call = CALLS.get(name, lambda f, z: f(z))

    def function(z):
        return call(OFFERED[name], z)

    for shape in ONLY.get(name, [VECTOR, MATRIX]):
        check_numbers(function, trace(function, ["z"]), ["z"], [shape])


@pytest.mark.parametrize("name", ["sum", "mean", "var", "std", "logsumexp", "norm"])
@pytest.mark.parametrize("axis", [0, 1, -1, (0, 1)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_numbers_and_formula_agree_along_axes(name: str, axis: int, keepdims: bool) -> None:
    def function(z):
        return OFFERED[name](z, axis=axis, keepdims=keepdims)

    check_numbers(function, trace(function, ["z"]), ["z"], [MATRIX])


def test_functions_take_plain_numbers_too() -> None:
    assert exp(0) == 1.0
    assert OFFERED["sigmoid"](0.0) == 0.5
    assert where(0.0, 1, 2) == 2
    assert mish(0.5) == pytest.approx(0.5 * math.tanh(math.log1p(math.exp(0.5))))
    with pytest.raises(NotSupportedError, match="str is neither a number nor a traced value"):
        exp("z")


def test_samples_broadcast_like_numpy() -> None:
    row, column = Sampled((1, 3), [1, 2, 3]), Sampled((2, 1), [10, 20])
    assert (row + column).shape == (2, 3)
    assert (row + column).entries == (11, 12, 13, 21, 22, 23)


latexify = pytest.mark.skipif(sys.version_info >= (3, 14), reason="latexify-py supports no newer Python")


@latexify
def test_a_definition_is_shown_as_its_author_wrote_it() -> None:
    shown = custom(mish, ["z"]).latex
    assert shown is not None
    assert r"\mathrm{mish}(z) = z \cdot \tanh s" in shown
    assert r"s = \log" in shown
    assert r"\sum e" in str(custom(soft, ["z"]).latex)


def dropped_axis(p, y):
    return total(total(p * y, axis=0))


def underscored(w_11):
    return 2 * w_11


def mixed_number(z):
    return 2 * (1 / 2) * z


def swallowed_factor(z, y):
    return log(z) * y


BETA = 2


def global_constant(z):
    return BETA * z


def shadowed(z):
    z = 2 * z
    return z + 1


def other_meaning(z):
    log = exp
    return log(z)


DOUBTFUL = [
    (dropped_axis, ["p", "y"]),
    (underscored, ["w_11"]),
    (mixed_number, ["z"]),
    (swallowed_factor, ["z", "y"]),
    (global_constant, ["z"]),
    (shadowed, ["z"]),
    (other_meaning, ["z"]),
    (lambda z: z + 1, ["z"]),
    (eval("lambda z: z + 1"), ["z"]),
]


@latexify
@pytest.mark.parametrize(("function", "arguments"), DOUBTFUL)
def test_what_latexify_might_print_wrongly_is_not_shown(function, arguments) -> None:
    assert custom(function, arguments).latex is None


@latexify
def test_a_name_that_means_another_function_is_not_shown(monkeypatch) -> None:
    """`log` in the source is printed as log; here it computes exp."""
    monkeypatch.setitem(globals(), "log", exp)
    assert trace(swallowed_factor, ["z", "y"]) == "exp(z) * y"
    assert custom(mish, ["z"]).latex is None
