"""The array form of random formulas, and of their gradients, has the value of the index form."""

import itertools
import math
import random
from collections.abc import Callable, Mapping

import pytest
import sympy as sp

from symbackprop.catalogue.activations import is_defined
from symbackprop.catalogue.derivatives import definition
from symbackprop.errors import FormulaError
from symbackprop.language.array_form import array_form
from symbackprop.language.parse import Scope, parse
from symbackprop.model.graph import names_in
from symbackprop.tensor.differentiate import differentiate, tidy
from symbackprop.tensor.nodes import (
    Elementwise,
    Expr,
    IsZero,
    Positive,
    entry,
    entry_indices,
    entry_name,
    extent,
    index,
    is_size,
    size,
    summation,
)
from symbackprop.tensor.tensor import Tensor, axes

n, m, h = map(size, "nmh")
SIZES = {"n": 2, "m": 3, "h": 4}
SHAPES: dict[str, tuple[Expr, ...]] = {
    "x": (n,), "u": (n,), "v": (m,), "w": (h,), "A": (m, n), "B": (n, m), "C": (m, h), "S": (n, n), "D": (m, n),
    "k": (), "c": (), "col": (m, sp.Integer(1)), "row": (sp.Integer(1), n), "T": (h, m, n), "R": (h, n, m),
}  # fmt: skip
SCOPE = Scope(shapes=SHAPES, sizes=frozenset("nmh"), functions=frozenset({"f"}))

# formula in a form that nobody writes -> the form that everybody writes


# --- random formulas


def test_random_formulas_keep_their_value() -> None:
    values = some_values(random.Random(1))
    compared = 0
    for seed in range(700):
        rng = random.Random(seed)
        formula = random_formula(rng, rng.choice([2, 3, 4]))
        try:
            tensor = parse(formula, SCOPE)
        except FormulaError:
            continue
        if len(tensor.shape) > 4 or len(str(tensor.expr)) > 800:
            continue
        written = array_form(tensor, SCOPE)
        assert written is not None, formula
        back = parse(written, SCOPE)
        assert back.shape == tensor.shape, (formula, written)
        try:
            wanted = entries(tensor, values)
        except ArithmeticError:
            continue
        compared += 1
        assert entries(back, values) == pytest.approx(wanted, rel=1e-7, abs=1e-7), (formula, written)
    assert compared > 150


def test_gradients_of_random_formulas_keep_their_value() -> None:
    """Σ_k G[k] ∂q[k]/∂v for random q: the shapes of terms that only derivatives have."""
    compared = 0
    for seed in range(1000, 1600):
        rng = random.Random(seed)
        formula = random_formula(rng, rng.choice([1, 2, 3]))
        try:
            q = parse(formula, SCOPE)
        except FormulaError:
            continue
        if len(q.shape) > 4 or len(str(q.expr)) > 300:
            continue
        scope = Scope(shapes={**SHAPES, "G": q.shape}, sizes=SCOPE.sizes, functions=SCOPE.functions)
        values = some_values(random.Random(seed), scope.shapes)
        for v in sorted(names_in(q.expr)):
            tensor = upstream_times_derivative(q, v)
            written = array_form(tensor, scope)
            if written is None:
                assert "prime_prime" in str(tensor.expr), (formula, v)
                continue
            try:
                wanted = entries(tensor, values)
            except ArithmeticError:
                continue
            compared += 1
            back = entries(parse(written, scope), values)
            assert back == pytest.approx(wanted, rel=1e-7, abs=1e-7), (formula, v, written)
    assert compared > 200


def upstream_times_derivative(q: Tensor, v: str) -> Tensor:
    at = tuple(index(f"c{axis}", extent_) for axis, extent_ in enumerate(q.shape))
    local = differentiate(q.at(*at), v, axes(SHAPES[v]))
    return Tensor(tidy(summation(entry("G", *at) * local, *at)), SHAPES[v])


def random_formula(rng: random.Random, depth: int) -> str:
    if depth == 0 or rng.random() < 0.12:
        return rng.choice([*SHAPES, "2", "n", "0.5"])
    a, b = (random_formula(rng, depth - 1) for _ in range(2))
    axis = rng.choice([0, 1, -1])
    templates = [
        f"({a} + {b})", f"({a} - {b})", f"({a} * {b})", f"({a} * {b})", f"({a} @ {b})", f"({a} @ {b})", f"({a}).T",
        f"sum({a}, axis={axis}, keepdims={rng.choice([True, False])})", f"sum({a})", f"mean({a}, axis={axis})",
        f"outer({a}, {b})", f"softmax({a}, axis={axis})", f"diag({a})", f"norm({a}, axis={axis})",
        f"({a}) / (2 + ({b})**2)", f"maximum({a}, {b})", f"where({a} > {b}, {a}, {b})", f"log_softmax({a})",
        f"logsumexp({a}, axis={axis})", f"prime({rng.choice(['f', 'sigmoid'])}, {a})",
        f"{rng.choice(['exp', 'tanh', 'f', 'sigmoid', 'leaky_relu'])}({a})",
    ]  # fmt: skip
    return rng.choice(templates)


# --- values


Values = Mapping[tuple[str | int, ...], float]


def concrete(shape: tuple[Expr, ...]) -> list[int]:
    return [SIZES[str(s)] if is_size(s) else int(s) for s in shape]


def some_values(rng: random.Random, shapes: Mapping[str, tuple[Expr, ...]] = SHAPES) -> Values:
    return {
        (name, *position): rng.uniform(0.3, 1.7) * rng.choice([1, 1, 1, -1])
        for name, shape in shapes.items()
        for position in itertools.product(*map(range, concrete(shape)))
    }


def entries(tensor: Tensor, values: Values) -> list[float]:
    positions = itertools.product(*map(range, concrete(tensor.shape)))
    return [evaluate(tensor.expr, dict(zip(tensor.indices, p, strict=True)), values) for p in positions]


NUMBERS: dict[type, Callable[..., float]] = {
    sp.exp: math.exp,
    sp.log: math.log,
    sp.tanh: math.tanh,
    sp.Abs: abs,
    Positive: lambda u: float(u > 0),
    IsZero: lambda u: float(u == 0),
    sp.KroneckerDelta: lambda i, j: float(i == j),
}


def evaluate(expr: Expr, at: Mapping[Expr, int], values: Values) -> float:
    """The value of an index expression by its definition. Raises: ArithmeticError where it has none."""
    if not expr.args:
        constant = {sp.pi: math.pi, sp.E: math.e}
        if expr.is_Rational or expr in constant:
            return float(constant.get(expr, expr))
        if expr.is_Atom and not expr.is_Symbol:
            raise ArithmeticError("no finite number")
    if isinstance(expr, sp.Idx):
        return at[expr]
    if is_size(expr):
        return SIZES[str(expr)]
    name = entry_name(expr)
    if name is not None:
        return values[(name, *(at[i] if isinstance(i, sp.Idx) else int(i) for i in entry_indices(expr)))]
    if isinstance(expr, sp.Sum):
        *others, (i, _, _) = expr.limits
        body = sp.Sum(expr.function, *others) if others else expr.function
        return sum(evaluate(body, {**at, i: value}, values) for value in range(*concrete((extent(i),))))
    parts = [evaluate(part, at, values) for part in expr.args]
    if expr.is_Add:
        return sum(parts)
    if expr.is_Mul:
        return math.prod(parts)
    if expr.is_Pow:
        power = parts[0] ** parts[1]
        if isinstance(power, complex):
            raise ArithmeticError("a root of a negative number")
        return power
    if isinstance(expr, Elementwise):
        return value_of(expr.func.function, expr.func.order, parts)
    try:
        return NUMBERS[type(expr)](*parts)
    except ValueError:
        raise ArithmeticError("a logarithm of a negative number") from None


def value_of(function: str, order: int, arguments: list[float]) -> float:
    if is_defined(function):
        formals, formula = definition(function, order)
        return evaluate(formula, {}, {(str(z),): value for z, value in zip(formals, arguments, strict=True)})
    return [0.3 * arguments[0] ** 2 + 0.7 * arguments[0], 0.6 * arguments[0] + 0.7][order]
