"""Laws of functions: definitions, slopes, logarithms and exponentials, cases; and names by what defines them."""

import ast
from collections.abc import Iterator

from .law import Setting, formula
from .oracle_points import tree

TEMPLATES: dict[str, tuple[str, ...]] = {
    "sigmoid": ("1/(1 + exp(-Z))", "1 - sigmoid(-Z)", "(1 + tanh(Z/2))/2", "exp(Z)/(1 + exp(Z))"),
    "tanh": ("2*sigmoid(2*Z) - 1", "(exp(Z) - exp(-Z))/(exp(Z) + exp(-Z))", "-tanh(-Z)", "1 - 2/(exp(2*Z) + 1)"),
    "softplus": ("log(1 + exp(Z))", "Z + softplus(-Z)", "-log(sigmoid(-Z))"),
    "silu": ("Z*sigmoid(Z)", "Z/(1 + exp(-Z))"),
    "gelu": ("Z*(1 + erf(Z/sqrt(2)))/2",),
    "relu": ("maximum(Z, 0)", "Z*(Z > 0)", "(Z + abs(Z))/2", "where(Z > 0, Z, 0)"),
    "exp": ("exp(Z/2)**2", "1/exp(-Z)", "exp(Z - 1)*exp(1)"),
    "sqrt": ("Z**0.5", "Z/sqrt(Z)"),
    "log": ("-log(1/Z)", "log(2*Z) - log(2)", "2*log(sqrt(Z))"),
    "cos": ("cos(-Z)",),
    "sin": ("-sin(-Z)",),
}
# These have another value of the slope at a kink, or none, and are used for values only.
VALUES: dict[str, tuple[str, ...]] = {
    "abs": ("relu(Z) + relu(-Z)", "maximum(Z, -Z)", "sqrt(Z**2)", "Z*sign(Z)"),
    "leaky_relu": ("where(Z > 0, Z, Z/100)",),
}
SLOPES: dict[str, tuple[str, ...]] = {
    "sigmoid": ("sigmoid(Z)*(1 - sigmoid(Z))", "exp(-Z)/(1 + exp(-Z))**2", "sigmoid(Z)*sigmoid(-Z)"),
    "tanh": ("1 - tanh(Z)**2", "4*sigmoid(2*Z)*(1 - sigmoid(2*Z))"),
    "relu": ("(Z > 0)", "1 - (Z <= 0)", "where(Z > 0, 1, 0)"),
    "softplus": ("sigmoid(Z)",),
    "silu": ("sigmoid(Z) + Z*sigmoid(Z)*(1 - sigmoid(Z))",),
}


def by_definition(node: ast.expr, setting: Setting) -> Iterator[ast.expr]:
    """σ(z) = 1/(1 + e^(-z)), tanh z = 2 σ(2z) - 1, and the like."""
    match node:
        case ast.Call(ast.Name(name), [z], []):
            yield from (formula(text, Z=z) for text in TEMPLATES.get(name, ()))
            if not setting.by:
                yield from (formula(text, Z=z) for text in VALUES.get(name, ()))
        case ast.Call(ast.Name("prime"), [ast.Name(name), z]):
            yield from (formula(text, Z=z) for text in SLOPES.get(name, ()))


def logarithms(node: ast.expr, setting: Setting) -> Iterator[ast.expr]:
    """log(a b) = log a + log b; log(a/b) = log a - log b; log aᵏ = k log a."""
    match node:
        case ast.Call(ast.Name("log"), [ast.BinOp(a, ast.Mult(), b)]):
            yield formula("log(A) + log(B)", A=a, B=b)
        case ast.Call(ast.Name("log"), [ast.BinOp(a, ast.Div(), b)]):
            yield formula("log(A) - log(B)", A=a, B=b)
        case ast.Call(ast.Name("log"), [ast.BinOp(a, ast.Pow(), k)]):
            yield formula("K*log(A)", A=a, K=k)
        case ast.BinOp(ast.Call(ast.Name("log"), [a]), ast.Add(), ast.Call(ast.Name("log"), [b])):
            yield formula("log(A*B)", A=a, B=b)
        case ast.Call(ast.Name("exp"), [ast.BinOp(a, ast.Add(), b)]):
            yield formula("exp(A)*exp(B)", A=a, B=b)
        case ast.Call(ast.Name("exp"), [ast.BinOp(a, ast.Sub(), b)]):
            yield formula("exp(A)/exp(B)", A=a, B=b)
        case ast.BinOp(ast.Call(ast.Name("exp"), [a]), ast.Mult(), ast.Call(ast.Name("exp"), [b])):
            yield formula("exp(A + B)", A=a, B=b)


def cases(node: ast.expr, setting: Setting) -> Iterator[ast.expr]:
    """[a > b] = 1 - [a <= b]; max(a, b) = b + relu(a - b); where(c, a, b) = c a + (1 - c) b."""
    if setting.by:
        return
    match node:
        case ast.Compare(a, [ast.Gt()], [b]):
            yield from (formula(text, A=a, B=b) for text in ("1 - (A <= B)", "(B < A)", "(A - B > 0)", "(2*A > 2*B)"))
        case ast.Compare(a, [ast.LtE()], [b]):
            yield from (formula(text, A=a, B=b) for text in ("1 - (A > B)", "(A < B) + (A == B)"))
        case ast.Call(ast.Name("maximum"), [a, b]):
            yield from (formula(t, A=a, B=b) for t in ("maximum(B, A)", "B + relu(A - B)", "(A + B + abs(A - B))/2"))
        case ast.Call(ast.Name("minimum"), [a, b]):
            yield from (formula(t, A=a, B=b) for t in ("-maximum(-A, -B)", "A - relu(A - B)"))
        case ast.Call(ast.Name("where"), [c, a, b]):
            yield formula("C*A + (1 - C)*B", A=a, B=b, C=c)


def inline(node: ast.expr, setting: Setting) -> Iterator[ast.expr]:
    """A name equals what defines it, but where a derivative is taken by that name."""
    match node:
        case ast.Name(name) if name in setting.graph.definitions and name not in setting.by:
            yield tree(setting.graph.definitions[name].formula)
