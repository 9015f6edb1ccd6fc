"""Laws by which a part of a formula may be written in another way: sums, products and arrays; and the list of all laws.

Every law is a function from a node to the nodes that equal it; the law stands in its docstring. It holds wherever both
sides are defined. A law about values that does not hold for declared slopes at kinks is not used inside a derivative.
"""

import ast
from collections.abc import Iterator

from .law import ADD, AT, DIV, MUL, SUB, Law, Setting, binary, formula
from .laws_functions import by_definition, cases, inline, logarithms

# ---------------------------------------------------------------------------------------------- sums and products


def commute(node: ast.expr, setting: Setting) -> Iterator[ast.expr]:
    """a + b = b + a; a b = b a."""
    match node:
        case ast.BinOp(a, ast.Add() | ast.Mult() as op, b):
            yield binary(b, op, a)
        case ast.BinOp(a, ast.Sub(), b):
            yield binary(ast.UnaryOp(ast.USub(), b), ADD, a)


def associate(node: ast.expr, setting: Setting) -> Iterator[ast.expr]:
    """(a + b) + c = a + (b + c), also for products, and for matrix products with a matrix in the middle."""
    match node:
        case ast.BinOp(ast.BinOp(a, ast.Add(), b), ast.Add() | ast.Sub() as op, c):
            yield binary(a, ADD, binary(b, op, c))
        case ast.BinOp(ast.BinOp(a, ast.Mult(), b), ast.Mult() | ast.Div() as op, c):
            yield binary(a, MUL, binary(b, op, c))
        case ast.BinOp(ast.BinOp(a, ast.MatMult(), b), ast.MatMult(), c) if setting.rank(b) == 2:
            yield binary(a, AT, binary(b, AT, c))
        case ast.BinOp(a, ast.MatMult(), ast.BinOp(b, ast.MatMult(), c)) if setting.rank(b) == 2:
            yield binary(binary(a, AT, b), AT, c)


def distribute(node: ast.expr, setting: Setting) -> Iterator[ast.expr]:
    """a (b + c) = a b + a c; (b + c)/a = b/a + c/a; A (B + C) = A B + A C."""
    match node:
        case ast.BinOp(a, ast.Mult(), ast.BinOp(b, ast.Add() | ast.Sub() as op, c)):
            yield binary(binary(a, MUL, b), op, binary(a, MUL, c))
        case ast.BinOp(ast.BinOp(b, ast.Add() | ast.Sub() as op, c), ast.Mult() | ast.Div() as by, a):
            yield binary(binary(b, by, a), op, binary(c, by, a))
        case ast.BinOp(a, ast.MatMult(), ast.BinOp(b, ast.Add() | ast.Sub() as op, c)):
            if setting.shape(b) == setting.shape(c):
                yield binary(binary(a, AT, b), op, binary(a, AT, c))
        case ast.BinOp(ast.BinOp(b, ast.Add() | ast.Sub() as op, c), ast.MatMult(), a):
            if setting.shape(b) == setting.shape(c):
                yield binary(binary(b, AT, a), op, binary(c, AT, a))


def factor(node: ast.expr, setting: Setting) -> Iterator[ast.expr]:
    """a b + a c = a (b + c); a - a b = a (1 - b)."""
    match node:
        case ast.BinOp(ast.BinOp(a, ast.Mult(), b), ast.Add() | ast.Sub() as op, ast.BinOp(c, ast.Mult(), d)):
            if ast.dump(a) == ast.dump(c):
                yield binary(a, MUL, binary(b, op, d))
            if ast.dump(b) == ast.dump(d):
                yield binary(binary(a, op, c), MUL, b)
        case ast.BinOp(a, ast.Mult(), ast.BinOp(ast.Constant(1), ast.Sub(), b)):
            yield binary(a, SUB, binary(a, MUL, b))


def expand_square(node: ast.expr, setting: Setting) -> Iterator[ast.expr]:
    """(a + b)² = a² + 2 a b + b²; x² = x x; x³ = x² x."""
    match node:
        case ast.BinOp(ast.BinOp(a, ast.Add(), b), ast.Pow(), ast.Constant(2)):
            yield formula("A**2 + 2*A*B + B**2", A=a, B=b)
        case ast.BinOp(ast.BinOp(a, ast.Sub(), b), ast.Pow(), ast.Constant(2)):
            yield formula("A**2 - 2*A*B + B**2", A=a, B=b)
        case ast.BinOp(x, ast.Pow(), ast.Constant(int(k))) if k >= 2:
            yield binary(binary(x, ast.Pow(), ast.Constant(k - 1)), MUL, x)


def add_zero(node: ast.expr, setting: Setting) -> Iterator[ast.expr]:
    """x = x + a - a."""
    shape = setting.shape(node)
    other = setting.some(shape)
    if shape is not None and other is not None:
        yield formula("X + A - A", X=node, A=other)
        yield formula("X - (A - X) + (A - X)", X=node, A=other)


def multiply_by_one(node: ast.expr, setting: Setting) -> Iterator[ast.expr]:
    """x = 2x - x = x e^a e^(-a) = (1/2) (x + x)."""
    if setting.shape(node) is not None:
        yield formula("2*X - X", X=node)
        yield formula("(X + X)/2", X=node)
        if (other := setting.some(())) is not None and not setting.graph.shape(ast.unparse(other)):
            yield formula("X*exp(A)*exp(-A)", X=node, A=other)


def negate(node: ast.expr, setting: Setting) -> Iterator[ast.expr]:
    """a - b = a + (-1) b; -a = (-1) a; a/b = a b⁻¹."""
    match node:
        case ast.BinOp(a, ast.Sub(), b):
            yield formula("A + (-1)*B", A=a, B=b)
            yield formula("-(B - A)", A=a, B=b)
        case ast.UnaryOp(ast.USub(), a):
            yield formula("(-1)*A", A=a)
        case ast.BinOp(a, ast.Div(), b):
            yield formula("A*B**(-1)", A=a, B=b)
            yield formula("A*(1/B)", A=a, B=b)


# ---------------------------------------------------------------------------------------------- arrays


def transpose_twice(node: ast.expr, setting: Setting) -> Iterator[ast.expr]:
    """A = Aᵀᵀ; (A + B)ᵀ = Aᵀ + Bᵀ."""
    if setting.rank(node) == 2:
        yield formula("A.T.T", A=node)
    match node:
        case ast.Attribute(ast.BinOp(a, ast.Add() | ast.Sub() | ast.Mult() as op, b), "T"):
            if setting.shape(a) == setting.shape(b):
                yield binary(formula("A.T", A=a), op, formula("B.T", B=b))


def transpose_product(node: ast.expr, setting: Setting) -> Iterator[ast.expr]:
    """A B = (Bᵀ Aᵀ)ᵀ; xᵀ A = Aᵀ x."""
    match node:
        case ast.BinOp(a, ast.MatMult(), b):
            ranks = setting.rank(a), setting.rank(b)
            if ranks == (2, 2):
                yield formula("(B.T @ A.T).T", A=a, B=b)
            if ranks == (1, 2):
                yield formula("B.T @ A", A=a, B=b)
            if ranks == (2, 1):
                yield formula("B @ A.T", A=a, B=b)
            if ranks == (1, 1):
                yield from (formula("B @ A", A=a, B=b), formula("sum(A*B)", A=a, B=b))
        case ast.Call(ast.Name("outer"), [a, b]) if (setting.rank(a), setting.rank(b)) == (1, 1):
            yield formula("outer(B, A).T", A=a, B=b)


PRODUCTS = {(2, 2): "ij,jk->ik", (2, 1): "ij,j->i", (1, 2): "i,ij->j", (1, 1): "i,i->"}


def to_einsum(node: ast.expr, setting: Setting) -> Iterator[ast.expr]:
    """A B = Σ_j A_ij B_jk; x yᵀ = x_i y_j; Σ x y = Σ_i x_i y_i."""
    match node:
        case ast.BinOp(a, ast.MatMult(), b) if (setting.rank(a), setting.rank(b)) in PRODUCTS:
            yield _einsum(PRODUCTS[setting.rank(a), setting.rank(b)], a, b)
        case ast.Call(ast.Name("outer"), [a, b]) if (setting.rank(a), setting.rank(b)) == (1, 1):
            yield _einsum("i,j->ij", a, b)
        case ast.Call(ast.Name("sum"), [ast.BinOp(a, ast.Mult(), b)], []) if setting.shape(a) == setting.shape(b):
            letters = "ijkl"[: setting.rank(a)]
            yield _einsum(f"{letters},{letters}->", a, b)
        case ast.Attribute(a, "T") if setting.rank(a) == 2:
            yield _einsum("ij->ji", a)
        case ast.Call(ast.Name("trace"), [a]):
            yield _einsum("ii->", a)


def rename_letters(node: ast.expr, setting: Setting) -> Iterator[ast.expr]:
    """The letters of an einsum are dummies; its operands commute."""
    match node:
        case ast.Call(ast.Name("einsum"), [ast.Constant(str(spec)), *operands]):
            letters = sorted({c for c in spec if c.isalpha()})
            others = setting.random.sample("abcdefghijklmnopqrstuvwxyz", len(letters))
            renamed = spec.translate(str.maketrans(dict(zip(letters, others, strict=True))))
            yield _einsum(renamed, *operands)
            left, _, output = renamed.replace(" ", "").partition("->")
            yield _einsum(f"{','.join(reversed(left.split(',')))}->{output}", *reversed(operands))


def _einsum(spec: str, *operands: ast.expr) -> ast.expr:
    return ast.Call(ast.Name("einsum"), [ast.Constant(spec), *operands], [])


def split_sum(node: ast.expr, setting: Setting) -> Iterator[ast.expr]:
    """Σ (a + b) = Σ a + Σ b; Σ c a = c Σ a for a number c; Σ_ij = Σ_i Σ_j."""
    match node:
        case ast.Call(ast.Name("sum" | "mean" as name), [ast.BinOp(a, ast.Add() | ast.Sub() as op, b)], keywords):
            if setting.shape(a) == setting.shape(b):
                first, second = (ast.Call(ast.Name(name), [part], keywords) for part in (a, b))
                yield binary(first, op, second)
        case ast.Call(ast.Name("sum" | "mean" as name), [ast.BinOp(a, ast.Mult(), b)], keywords):
            if setting.rank(a) == 0:
                yield binary(a, MUL, ast.Call(ast.Name(name), [b], keywords))
        case ast.Call(ast.Name("sum" | "mean" as name), [ast.BinOp(a, ast.Div(), b)], keywords):
            if setting.rank(b) == 0:
                yield binary(ast.Call(ast.Name(name), [a], keywords), DIV, b)
        case ast.Call(ast.Name("sum"), [a], []) if setting.rank(a) == 2:
            yield from (formula("sum(sum(A, axis=0))", A=a), formula("sum(sum(A, axis=1))", A=a))


def mean_by_sum(node: ast.expr, setting: Setting) -> Iterator[ast.expr]:
    """mean(x) = Σ x / n."""
    match node:
        case ast.Call(ast.Name("mean"), [a], keywords):
            shape = setting.shape(a)
            axes = [ast.literal_eval(k.value) for k in keywords if k.arg == "axis"]
            if shape and all(isinstance(axis, int) for axis in axes):
                counted = [shape[axis] for axis in axes] or list(shape)
                total: ast.expr = ast.Call(ast.Name("sum"), [a], keywords)
                for size in counted:
                    total = binary(total, DIV, ast.parse(size, mode="eval").body)
                yield total


def written_out(node: ast.expr, setting: Setting) -> Iterator[ast.expr]:
    """‖x‖ = √Σx²; tr A = Σ diag A; diag(x) = I x; a softmax as a quotient; log Σ e^z."""
    match node:
        case ast.Call(ast.Name("norm"), [a], keywords):
            square = ast.Call(ast.Name("sum"), [binary(a, ast.Pow(), ast.Constant(2))], keywords)
            yield ast.Call(ast.Name("sqrt"), [square], [])
        case ast.Call(ast.Name("trace"), [a]):
            yield formula("sum(diag(A))", A=a)
        case ast.Call(ast.Name("diag"), [a]) if len(shape := setting.shape(a) or ()) == 1:
            yield formula(f"eye({shape[0]})*A", A=a)
        case ast.Call(ast.Name("logsumexp"), [a], keywords):
            total = ast.Call(ast.Name("sum"), [formula("exp(A)", A=a)], keywords)
            yield ast.Call(ast.Name("log"), [total], [])
        case ast.Call(ast.Name("softmax"), [a], []) if setting.rank(a) >= 1:
            yield formula("exp(A)/sum(exp(A), axis=-1, keepdims=True)", A=a)
            yield formula("exp(log_softmax(A))", A=a)
        case ast.Call(ast.Name("log_softmax"), [a], []):
            yield formula("A - logsumexp(A, axis=-1, keepdims=True)", A=a)
            yield formula("log(softmax(A))", A=a)


def shift(node: ast.expr, setting: Setting) -> Iterator[ast.expr]:
    """softmax(z + c) = softmax(z); log Σ e^(z + c) = c + log Σ e^z."""
    match node:
        case ast.Call(ast.Name("softmax" | "log_softmax" as name), [a], keywords):
            for scalar in setting.quantities(()):
                yield ast.Call(ast.Name(name), [binary(a, ADD, ast.Name(scalar))], keywords)
            yield ast.Call(ast.Name(name), [binary(a, SUB, ast.Constant(3))], keywords)
        case ast.Call(ast.Name("logsumexp"), [a], []):
            yield formula("logsumexp(A + 1) - 1", A=a)


LAWS: dict[str, Law] = {
    law.__name__.replace("_", " "): law
    for law in (
        commute, associate, distribute, factor, expand_square, add_zero, multiply_by_one, negate, transpose_twice,
        transpose_product, to_einsum, rename_letters, split_sum, mean_by_sum, written_out, shift, by_definition,
        logarithms, cases, inline,
    )
}  # fmt: skip
