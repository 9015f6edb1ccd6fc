"""Mutants of true statements: one small mistake in a true gradient or claim, and the prover does not prove it.

The mutants come from a fixed seed. Only those count at which ball arithmetic, which shares nothing with the prover,
finds a point where they are false; the prover is then asked without any help from points.
"""

import ast
from collections.abc import Iterator
from functools import cache
from random import Random

import pytest
import sympy as sp

from symbackprop.derivation.delta_rule import delta_rule
from symbackprop.errors import SymbackpropError
from symbackprop.model.build import graph_from_formulas, relation
from symbackprop.model.graph import Graph, Relation
from symbackprop.proof import attempt
from symbackprop.proof.limits import Budget
from symbackprop.proof.points.refutation import Agreement, Counterexample, refute
from symbackprop.tensor.indices import transform
from symbackprop.tensor.nodes import (
    Elementwise,
    Expr,
    IsZero,
    Positive,
    adjoint_name,
    elementwise,
    entry,
    entry_indices,
    entry_name,
    extent,
)
from symbackprop.tensor.tensor import Tensor, axes

SEED = 20
LEAST = 300  # mutants that are certainly false
EACH = 14  # of one gradient
OF_CLAIM = 8  # of one claim
SQUARE = {"x": "n", "y": "n", "A": "n, n", "B": "n, n"}
VECTORS = ("tanh", "sigmoid", "relu", "f", "softplus", "leaky_relu", "gelu_tanh", "abs", "softmax")


# ---------------------------------------------------------------------------------------------- mutants of gradients


def random_graph(rng: Random) -> Graph:
    """Two to four definitions and a loss, all sizes equal: then a mistake seldom shows in the shapes."""
    vectors, matrices, define = ["x", "y"], ["A", "B"], {}
    for number in range(rng.randint(2, 4)):
        name, v, w, m = f"h{number}", rng.choice(vectors[-2:]), rng.choice(vectors), rng.choice(matrices)
        formula = rng.choice(
            [
                f"{m} @ {v} + {w}", f"{m}.T @ {v}", f"{rng.choice(VECTORS)}({v})", f"{v}*{w}", f"{v}/(1 + {w}**2)",
                f"maximum({v}, {w})", f"{v} - mean({w})", f"outer({v}, {w})*{m}", f"tanh({m} @ {rng.choice(matrices)})",
            ]
        )  # fmt: skip
        define[name] = formula
        (matrices if formula.startswith(("outer", "tanh(" + m + " @")) else vectors).append(name)
    v, w, m = vectors[-1], rng.choice(vectors), matrices[-1]
    losses = [
        f"sum(({v} - {w})**2)/2",
        f"{v} @ {m} @ {w}",
        f"sum({v})*sum({w})",
        f"logsumexp({m} @ {v})",
        f"norm({v} + {w})",
    ]
    define["L"] = rng.choice(losses)
    return graph_from_formulas(define, SQUARE, functions=["f"])


def mutants_of_gradient(tensor: Tensor, graph: Graph) -> Iterator[Expr]:
    """The right side of ∂L/∂v = expr with one mistake."""
    expr = tensor.expr
    yield from (-expr, 2 * expr, expr + 1)
    for term in sp.Add.make_args(expr):
        yield from (expr - term, expr - 2 * term)
    for node in sorted(expr.atoms(sp.Indexed), key=str):
        yield from (_replaced(expr, node, other) for other in _other_entries(node, tensor, graph))
    for node in sorted(expr.atoms(Elementwise), key=str):
        yield _replaced(expr, node, elementwise(node.func.function, 1 - min(node.func.order, 1))(*node.args))
    for node in sorted(expr.atoms(Positive), key=str):
        yield _replaced(expr, node, Positive(node.args[0]) + IsZero(node.args[0]))
        yield _replaced(expr, node, Positive(-node.args[0]))
    for node in sorted(expr.atoms(sp.KroneckerDelta), key=str):
        yield _replaced(expr, node, sp.Integer(1))
    for node in sorted(expr.atoms(sp.Sum), key=str):
        yield _replaced(expr, node, node * extent(node.limits[0][0]))
        yield _replaced(expr, node, node**2)
    if len(tensor.shape) == 2:
        yield tensor.at(*reversed(tensor.indices))


def _replaced(expr: Expr, old: Expr, new: Expr) -> Expr:
    return transform(expr, lambda node: new if node == old else None)


def _other_entries(node: Expr, tensor: Tensor, graph: Graph) -> Iterator[Expr]:
    """The transposed entry, a neighbour, or the same entry of another quantity of that shape."""
    name, own = entry_name(node) or "", entry_indices(node)
    if len(own) == 2:
        yield entry(name, *reversed(own))
    for place in range(len(own)):
        for other in (*tensor.indices, sp.Integer(0)):
            yield entry(name, *own[:place], other, *own[place + 1 :])
    for other in (*graph.inputs, *graph.definitions):
        if len(graph.shape(other)) == len(own):
            yield entry(other, *own)


def gradient_mutants(rng: Random, graphs: int) -> Iterator[tuple[Relation, Graph]]:
    for _ in range(graphs):
        graph = random_graph(rng)
        adjoints = delta_rule(graph, "L").adjoints
        for name in rng.sample(sorted(adjoints), min(2, len(adjoints))):
            tensor = adjoints[name]
            spoiled = list(dict.fromkeys(m for m in mutants_of_gradient(tensor, graph) if m != tensor.expr))
            left = Tensor(entry(adjoint_name("L", name), *axes(tensor.shape)), tensor.shape)
            for expr in rng.sample(spoiled, min(EACH, len(spoiled))):
                right = Tensor(expr, tensor.shape)
                yield Relation(name=name, formula=str(expr), left=left, comparison="==", right=right), graph


# ---------------------------------------------------------------------------------------------- mutants of claims

CLAIMS = [
    "d(L, z) == p - y", "d(p, z) == diag(p) - outer(p, p)", "d(L, W) == outer(p - y, h)", "d(L, h) == W.T @ (p - y)",
    "d(L, V) == outer(prime(f, V @ x)*(W.T @ (p - y)), x)", "x @ V @ h == h @ V.T @ x", "sum(p) == 1",
    "trace(V @ W) == trace(W @ V)", "(V @ W).T == W.T @ V.T", "einsum('ij,jk->ik', V, W) == V @ W",
    "d(x @ V @ x, x) == (V + V.T) @ x", "d(trace(V @ W), V) == W.T", "d(norm(x), x) == x/norm(x)",
    "sum(outer(x, h)*V) == x @ V @ h", "log(p) == z - log(sum(exp(z)))", "softmax(V, axis=0) == softmax(V.T, axis=1).T",
    "relu(x) == maximum(x, 0)", "abs(x) == relu(x) + relu(-x)", "maximum(x, y) == y + relu(x - y)",
    "d(sum(maximum(x, y)), x) == (x > y)", "prime(sigmoid, x) == sigmoid(x)*(1 - sigmoid(x))", "x**2/x == x",
    "tanh(x) == 2*sigmoid(2*x) - 1", "d(sum(x*f(x)), x) == f(x) + x*prime(f, x)", "mean(V, axis=1) == V @ ones(n)/n",
    "d(d(sum(x**3), x), x) == diag(6*x)", "sqrt(x**2) == abs(x)", "log(exp(x)*2) == x + log(2)", "eye(n) @ x == x",
    "(x > y) + (x <= y) == 1", "sum(diag(V)) == trace(V)", "exp(x - y)*exp(y) == exp(x)", "diag(outer(x, y)) == x*y",
]  # fmt: skip
MODEL = {"h": "f(V @ x)", "z": "W @ h", "p": "softmax(z)", "L": "-sum(y*log(p))"}
SWAPS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult}
COMPARED = {ast.Gt: ast.GtE, ast.LtE: ast.Lt}
NAMES = {"x": "y", "y": "x", "V": "W", "W": "V", "h": "x", "p": "y", "z": "h"}
FUNCTIONS = {
    "relu": "abs", "abs": "relu", "sigmoid": "tanh", "tanh": "sigmoid", "exp": "sigmoid", "log": "sqrt", "f": "tanh",
    "maximum": "minimum", "trace": "sum", "diag": "f", "norm": "sum", "sum": "mean", "softmax": "log_softmax",
}  # fmt: skip


class _OneMistake(ast.NodeTransformer):
    """Changes the node number `chosen` of those that can be changed, in one of the ways that people do."""

    def __init__(self, chosen: int, rng: Random) -> None:
        self.left, self.rng = chosen, rng

    def visit(self, node: ast.AST) -> ast.AST:
        ways = [] if isinstance(node, ast.expr_context) else list(_mistakes(node))
        if ways:
            self.left -= 1
            if self.left == -1:
                return self.rng.choice(ways)
        return self.generic_visit(node)


def _mistakes(node: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.BinOp(left, op, right):
            if type(op) in SWAPS:
                yield ast.BinOp(left, SWAPS[type(op)](), right)
            if not isinstance(op, ast.Add | ast.Mult):
                yield ast.BinOp(right, op, left)
        case ast.UnaryOp(operand=operand) | ast.Attribute(value=operand):
            yield operand
        case ast.Compare(left, [op], [right]) if type(op) in COMPARED:
            yield ast.Compare(left, [COMPARED[type(op)]()], [right])
        case ast.Name(name) if name in NAMES:
            yield ast.Name(NAMES[name], ast.Load())
            yield ast.Attribute(node, "T", ast.Load())
        case ast.Constant(int(value)):
            yield ast.Constant(value + 1)
        case ast.Constant("ij,jk->ik"):
            yield from map(ast.Constant, ("ij,kj->ik", "ji,jk->ik", "ij,jk->ki"))
        case ast.Call(ast.Name(name), arguments, keywords) if name in FUNCTIONS:
            yield ast.Call(ast.Name(FUNCTIONS[name], ast.Load()), arguments, keywords)
        case ast.Call(ast.Name("d"), [f, ast.Name(v)], _) if v in NAMES:
            yield ast.Call(ast.Name("d", ast.Load()), [f, ast.Name(NAMES[v], ast.Load())], [])


def mutants_of_claim(text: str, rng: Random) -> list[str]:
    """The claim with one mistake, in different places."""
    found: dict[str, None] = {}
    for chosen in range(40):
        tree = _OneMistake(chosen, rng).visit(ast.parse(text, mode="eval"))
        found[ast.unparse(ast.fix_missing_locations(tree))] = None
    return [mutant for mutant in found if mutant != ast.unparse(ast.parse(text, mode="eval"))]


def claim_mutants(rng: Random) -> Iterator[tuple[Relation, Graph]]:
    shapes = {"x": "n", "y": "n", "V": "n, n", "W": "n, n"}
    graph = graph_from_formulas(MODEL, shapes, functions=["f"], assume={"targets": "sum(y) == 1"})
    for text in CLAIMS:
        spoiled = mutants_of_claim(text, rng)
        for mutant in rng.sample(spoiled, min(OF_CLAIM, len(spoiled))):
            try:
                yield relation(graph, "mutant", mutant), graph
            except SymbackpropError:
                continue  # the mistake shows in the shapes


# ---------------------------------------------------------------------------------------------- the law


@cache
def false_mutants(kind: str) -> tuple[tuple[Relation, Graph], ...]:
    """The mutants that are false at a point away from the kinks."""
    rng = Random(SEED)
    made = claim_mutants(rng) if kind == "claims" else gradient_mutants(rng, graphs=9)
    return tuple((mutant, graph) for mutant, graph in made if _is_false(mutant, graph))


def _is_false(mutant: Relation, graph: Graph) -> bool:
    found = refute(mutant, graph, attempts=4)
    return isinstance(found, Counterexample) and not found.at_kink


@pytest.fixture
def without_points(monkeypatch: pytest.MonkeyPatch) -> None:
    """The prover does not look at points before it goes on to its expensive tests."""
    agreement = Agreement(agreeing=0, unknown=0, undefined=0, unsampled=0, witness=None)
    monkeypatch.setattr(attempt, "refute", lambda *_, **__: agreement)


@pytest.mark.parametrize("kind", ["gradients", "claims"])
@pytest.mark.usefixtures("without_points")
def test_no_mutant_is_proved(kind: str) -> None:
    for mutant, graph in false_mutants(kind):
        proof = attempt.prove(mutant, graph, Budget(terms=3000, seconds=0.3), attempt.vanishes)
        formulas = {name: definition.formula for name, definition in graph.definitions.items()}
        assert not proof.proved, f"{mutant.left.expr} == {mutant.right.expr} on {formulas}: {proof.conditions}"


def test_there_are_enough_mutants() -> None:
    assert len(false_mutants("gradients")) + len(false_mutants("claims")) >= LEAST
    assert min(len(false_mutants("gradients")), len(false_mutants("claims"))) >= LEAST // 4


@pytest.mark.parametrize("text", CLAIMS)
def test_the_claims_themselves_are_proved(text: str) -> None:
    """Otherwise their mutants would show nothing."""
    _, graph = next(claim_mutants(Random(SEED)))
    assert attempt.prove(relation(graph, "claim", text), graph, Budget(), attempt.vanishes).proved
