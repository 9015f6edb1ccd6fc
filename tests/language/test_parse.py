"""The formula language: what it means, what it refuses, and how it says so."""

import pytest
import sympy as sp

from symbackprop.errors import FormulaError
from symbackprop.language.functions import FUNCTIONS
from symbackprop.language.parse import Scope, parse, parse_relation, parse_sides
from symbackprop.language.slips import greek_name
from symbackprop.language.syntax import check_name
from symbackprop.tensor.indices import alpha_normal
from symbackprop.tensor.nodes import size

n, m, h, N = map(size, ("n", "m", "h", "N"))
SCOPE = Scope(
    shapes={
        "W": (h, n),
        "A": (n, n),
        "X": (N, n),
        "B": (N, m, n),
        "C": (N, m, h, n),
        "D": (N, m, n, h),
        "x": (n,),
        "y": (m,),
        "z": (h,),
        "s": (),
        "beta": (),
        "E": (),
        "S": (),
        "M3": (sp.Integer(3), sp.Integer(2)),
    },
    sizes=frozenset({"n", "m", "h", "N"}),
    functions=frozenset({"f"}),
    derivatives=True,
)


def read(text: str) -> object:
    return parse(text, SCOPE)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("W @ x", "einsum('ij,j->i', W, x)"),
        ("x @ x", "sum(x**2)"),
        ("X @ W.T", "einsum('bj,ij->bi', X, W)"),
        ("B @ x", "einsum('bij,j->bi', B, x)"),
        ("outer(x, y)", "einsum('i,j->ij', x, y)"),
        ("dot(W, x)", "W @ x"),
        ("trace(A)", "einsum('ii->', A)"),
        ("diag(diag(x))", "x"),
        ("(W.T).T", "W"),
        ("norm(x)**2", "sum(x*x)"),
        ("var(x)", "mean((x - mean(x))**2)"),
        ("var(X, axis=0)", "mean((X - mean(X, axis=0))**2, axis=0)"),
        ("var(X, axis=1, keepdims=True)", "mean((X - mean(X, axis=1, keepdims=True))**2, axis=1, keepdims=True)"),
        ("std(X, axis=0)", "sqrt(var(X, axis=0))"),
        ("var(B, axis=(0, 2))", "var(swapaxes(B, 0, 1), axis=(1, 2))"),
        ("swapaxes(B, -1, -2)", "einsum('bij->bji', B)"),
        ("swapaxes(X, 0, 1)", "X.T"),
        ("swapaxes(swapaxes(B, 0, 2), 2, 0)", "B"),
        ("swapaxes(B, 1, 1)", "B"),
        ("B @ swapaxes(B, -1, -2)", "einsum('bij,bkj->bik', B, B)"),
        ("C @ D", "einsum('abij,abjk->abik', C, D)"),
        ("C @ D[0]", "einsum('abij,bjk->abik', C, D[0])"),
        ("C @ B[0].T", "einsum('abij,kj->abik', C, B[0])"),
        ("C @ x", "einsum('abij,j->abi', C, x)"),
        ("x[:, None]*y[None, :]", "outer(x, y)"),
        ("x[:, None]*y", "outer(x, y)"),
        ("x[None] + X", "x + X"),
        ("x[:, None][:, 0]", "x"),
        ("B[:, None, 0]", "B[:, 0][:, None, :]"),
        ("B[None, 0, :, None]", "B[0][None, :, None, :]"),
        ("B[0, None, 1, None]", "B[0, 1][None, None]"),
        ("mean(X)", "sum(X)/(N*n)"),
        ("mean(X, axis=0)", "sum(X, axis=0)/N"),
        ("sum(X, axis=-1)", "sum(X, axis=1)"),
        ("sum(X, axis=(0, 1))", "sum(X)"),
        ("eye(n) @ x", "einsum('ij,j->i', eye(n), x)"),
        ("x*ones(n)", "x"),
        ("x + zeros(n)", "x"),
        ("softmax(x)", "exp(x)/sum(exp(x))"),
        ("log_softmax(x)", "x - log(sum(exp(x)))"),
        ("logsumexp(x)", "log(sum(exp(x)))"),
        ("softmax(X, axis=0)", "exp(X)/sum(exp(X), axis=0)"),
        ("softmax(X)", "exp(X)/sum(exp(X), axis=1, keepdims=True)"),
        ("maximum(x, 0)", "where(x > 0, x, 0)"),
        ("0.1", "1/10"),
        ("1e-5", "1/100000"),
        ("-x", "0 - x"),
        ("+x", "x"),
        ("x[:]", "x"),
        ("X[:, 0]", "X.T[0]"),
        ("M3[-1, 0]", "M3[2, 0]"),
        ("leaky_relu(x)", "leaky_relu(x, 0.01)"),
        ("elu(x)", "elu(x, 1)"),
        ("prime(tanh, x)", "1 - tanh(x)**2"),
    ],
)
def test_equal_formulas(left: str, right: str) -> None:
    a, b = parse(left, SCOPE), parse(right, SCOPE)
    assert a.shape == b.shape
    assert alpha_normal(a.expr) == alpha_normal(b.expr)


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("W @ x", (h,)),
        ("X @ W.T + z", (N, h)),
        ("sum(X, axis=0, keepdims=True)", (sp.Integer(1), n)),
        ("d(sum(z**2), W)", (h, n)),
        ("d(z, W)", (h, h, n)),
        ("next(W)", (h, n)),
        ("B.T", (n, m, N)),
    ],
)
def test_shapes(text: str, shape: tuple[object, ...]) -> None:
    assert parse(text, SCOPE).shape == shape


def test_names_that_are_words_elsewhere_are_ordinary_symbols() -> None:
    assert parse("beta*E + S", SCOPE).expr == sp.Symbol("beta", real=True) * sp.Symbol("E", real=True) + sp.Symbol(
        "S", real=True
    )


HOSTILE = {
    "__import__('os').system('echo owned')": "only functions",
    "().__class__.__bases__": "attribute",
    "x.__class__": "attribute",
    "x.T.T.__init__": "attribute",
    "(lambda: 0)()": "only functions",
    "lambda: 0": "Lambda",
    "[k for k in x]": "ListComp",
    "{x}": "Set",
    "x if s else y": "IfExp",
    "f'{x}'": "JoinedStr",
    "'a'": "numbers",
    "x and y": "BoolOp",
    "x is s": "comparison",
    "not x": "Not",
    "~x": "Invert",
    "x // s": "FloorDiv",
    "x % s": "Mod",
    "x << 1": "LShift",
    "(x := s)": "NamedExpr",
    "s < x < 1": "one comparison",
    "9**9**9**9": "exponent",
    "x**65": "exponent",
    "(10**60)**60": "digits",
    "1e400": "digits",
    "1" * 400: "digits",
    "1j": "numbers",
    "0x10": "numbers",
    "1_000": "numbers",
    "True": "numbers",
    "...": "numbers",
    "x**n": "variable exponent",
    "x[0.5]": "index",
    "x[s]": "index",
    "x[0:1]": "full slice",
    "x[-1]": "negative index",
    "M3[3, 0]": "out of range",
    "W[0, 0, 0]": "3 indices",
    "W @ y": "inner sizes n and m differ",
    "x + y": "sizes m and n differ",
    "x @ s": "not scalars",
    "sum(x, axis=1)": "axis 1",
    "sum(x, axis=s)": "axis",
    "sum(x, foo=1)": "foo is not a keyword",
    "sum(x, keepdims=1)": "keepdims",
    "sum(*x)": "starred",
    "sum()": "1 argument",
    "swapaxes(x, 0, 1)": "axis 1 of the shape (n,) is out of range",
    "swapaxes(X, 0)": "3 argument(s), not 2",
    "swapaxes(X, 0, s)": "axis is an integer",
    "swapaxes(X, 0, 1 - 0)": "axis is an integer",
    "swapaxes(X, 0, (1,))": "the number of an axis",
    "s[None]": "a scalar takes no index",
    "x[None, 0, 0]": "2 indices for the shape (n,)",
    "softmax(s)": "scalar",
    "trace(W)": "square",
    "diag(W)": "square",
    "einsum('ij->k', W)": "output",
    "einsum('ij', W)": "form",
    "einsum('i,j->ij', x)": "2 index groups",
    "einsum(x)": "einsum starts",
    "eye(s)": "size",
    "eye(0)": "size",
    "unknown": "unknown name",
    "w": "unknown name 'w' (did you mean W?)",
    "ReLU(x)": "did you mean relu?",
    "max(x, 0)": "did you mean maximum?",
    "ln(x)": "did you mean log?",
    "d(x, Z)": "did you mean z?",
    "x^2": "write ** for a power",
    "x \u2212 1": "write `-`",
    "x\u00a0+ 1": "a normal space",
    "nosuch(x)": "unknown function",
    "x(3)": "quantity, not a function",
    "exp": "is a function",
    "1/0": "division by zero",
    "log(0)": "division by zero",
    "sqrt(-1)": "not real",
    "log(-1)": "not real",
    "d(x)": "expected d(f, v)",
    "d(x, 3)": "expected d(f, v)",
    "d(x, nosuch)": "nosuch",
    "next(x + 1)": "expected next(q)",
    "next(x, 0)": "number of steps",
    "prime(x, x)": "prime needs",
    "prime(sum, x)": "prime needs",
    "x = 3": "not a formula",
    "": "a formula is missing",
    "x;x": "not a formula",
    "x\x00": "not a formula",
    "σ(x)": "ASCII",
    "(" * 10_000 + "x" + ")" * 10_000: "characters",
    "(" * 3_000 + "x" + ")" * 3_000: "not a formula",
    "+".join(["x"] * 2_000): "nested",
    "-" * 3_000 + "x": "nested",
}


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:30].encode("unicode_escape").decode())
def test_hostile_formulas_are_refused_in_one_line(text: str) -> None:
    with pytest.raises(FormulaError) as caught:
        parse(text, SCOPE)
    message = str(caught.value)
    assert HOSTILE[text] in message
    assert "\n" not in message
    assert len(message) < 700


@pytest.mark.parametrize(
    "name", ["lambda", "class", "None", "", "1a", "a b", "_x", r"\alpha", "é", "x" * 65, "exp", "d"]
)
def test_hostile_names_are_refused(name: str) -> None:
    with pytest.raises(FormulaError):
        check_name(name)


@pytest.mark.parametrize("name", ["E", "S", "N", "beta", "I", "pi_1", "zoo", "oo", "Q", "gamma", "zeta", "T"])
def test_names_of_sympy_are_allowed(name: str) -> None:
    check_name(name)


def test_an_error_points_at_its_place() -> None:
    with pytest.raises(FormulaError, match=r"column 5\)"):
        parse("x + nosuch", SCOPE)


def test_derivatives_only_where_they_are_allowed() -> None:
    scope = Scope(shapes={"x": (n,)}, sizes=frozenset({"n"}))
    for text in ("d(sum(x), x)", "next(x)"):
        with pytest.raises(FormulaError, match="not in a definition"):
            parse(text, scope)


def test_relations() -> None:
    left, comparison, right = parse_relation("d(sum(x**2), x) == 2*x", SCOPE)
    assert (left.shape, comparison, right.shape) == ((n,), "==", (n,))
    left, _, right = parse_relation("x == 0", SCOPE)
    assert right.shape == (n,)
    for text in ("x", "x == x == x", "x + y", "x == y"):
        with pytest.raises(FormulaError):
            parse_relation(text, SCOPE)
    for text in ("x = x", "sum(X, axis=1) = 0", "W @ x = z"):
        with pytest.raises(FormulaError, match="write `==` to compare"):
            parse_relation(text, SCOPE)
    with pytest.raises(FormulaError, match="invalid syntax"):
        parse_relation("x === x", SCOPE)


def test_an_undeclared_scalar_is_named_where_shapes_do_not_fit() -> None:
    scope = Scope(shapes={"W": (h, n), "q": ()}, undeclared=frozenset({"q"}))
    for text in ("W @ q", "softmax(q)", "q[0]"):
        with pytest.raises(FormulaError, match=r"q is not declared in \[shapes\], so it is a scalar"):
            parse(text, scope)


def test_every_function_of_the_language_can_be_called() -> None:
    calls = {
        "maximum": "(x, 0)",
        "minimum": "(x, 0)",
        "where": "(x > 0, x, 0)",
        "outer": "(x, x)",
        "dot": "(x, x)",
        "einsum": "('i->', x)",
        "trace": "(A)",
        "eye": "(n)",
        "ones": "(n, m)",
        "zeros": "(n)",
        "swapaxes": "(A, 0, 1)",
    }
    for name in FUNCTIONS:
        tensor = parse(name + calls.get(name, "(x)"), SCOPE)
        assert all(part in (n, m) for part in tensor.shape)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lambda > 0", "`lambda` is a keyword of Python, and no name: write `lam` instead"),
        ("sum(x)*lambda", "write `lam` instead"),
        ("x if lambda else y", "write `lam` instead"),
        ("class*x + 1", "`class` is a keyword of Python, and no name: choose another name"),
        ("lambda*class", "`lambda` is a keyword of Python"),
        ("2*in", "`in` is a keyword of Python"),
        ("relu'(x)", "relu'(x): the derivative of an elementwise function is prime(relu, x)"),
        ("y*f'(x)*f'(y)", "prime(f, x)"),
        ("f'(sum(x))", "prime(f, ...)"),
        ("relu\u2019(x)", "prime(relu, x)"),
        ("relu\u2032(x)", "prime(relu, x)"),
        ("W' @ z", "write `A.T` for a transpose"),
        ("\u03bb*x", "write `lam`"),
        ("\u03b8*x", "write `theta`"),
        ("\u0398*x", "write `Theta`"),
        ("\u03b5*x", "write `epsilon`"),
        ("\u03f5*x", "write `epsilon`"),
        ("\u03c2*x", "write `sigma`"),
        ("\U0001d706*x", "write `lam`"),
        ("\u2202L", "write `d(f, x)`"),
        ("x\u00b2", "write `**2` for a power"),
        ("W\u2081", "write `1`"),
        ("\u00e9*x", "names such as `alpha`"),
    ],
)
def test_slips_of_the_pen_are_told_with_what_to_write(text: str, said: str) -> None:
    with pytest.raises(FormulaError) as caught:
        read(text)
    assert said in str(caught.value) and "\n" not in str(caught.value)


GREEK = {chr(code) for code in (*range(0x391, 0x3AA), *range(0x3B1, 0x3CA)) if code not in (0x3A2, 0x3C2)}


@pytest.mark.parametrize("letter", sorted(GREEK))
def test_every_greek_letter_has_a_name_that_formulas_can_have(letter: str) -> None:
    name = greek_name(letter)
    check_name(name)
    assert name[0].isupper() == letter.isupper()
    assert [other for other in sorted(GREEK) if greek_name(other) == name] == [letter]


@pytest.mark.parametrize("text", ["x + y*", "sum(x", "2x", "True + ) x", "x lambda y"])
def test_what_is_no_formula_for_another_reason_blames_no_keyword(text: str) -> None:
    with pytest.raises(FormulaError) as caught:
        read(text)
    assert "keyword" not in str(caught.value)


def test_names_that_no_quantity_can_have_are_answered_by_one_that_it_can() -> None:
    for name, instead in (("lambda", "write lam"), ("\u03bb", "write lam"), ("\u03b8_1", "write theta")):
        with pytest.raises(FormulaError, match=instead):
            check_name(name)


def test_of_functions_the_nearest_is_told_or_else_all() -> None:
    with pytest.raises(FormulaError) as near:
        read("sofmax(x)")
    assert "(did you mean softmax?)" in str(near.value) and "`symbackprop list functions`" in str(near.value)
    assert "swapaxes" not in str(near.value)
    with pytest.raises(FormulaError) as far:
        read("zzz(x)")
    assert all(name in str(far.value) for name in FUNCTIONS)


def test_near_names_are_suggested() -> None:
    for text, meant in (("d(E, xx)", "x"), ("next(yy)", "y"), ("betta*x", "beta"), ("w @ x", "W")):
        with pytest.raises(FormulaError, match=rf"\(did you mean {meant}\?\)"):
            read(text)


@pytest.mark.parametrize(("text", "shapes"), [("x == s", ((n,), ())), ("x == X", ((n,), (N, n))), ("s == 1", ((), ()))])
def test_the_sides_of_a_relation_keep_their_shapes_beside(text: str, shapes: tuple[object, ...]) -> None:
    left, _, right, written = parse_sides(text, SCOPE)
    assert written == shapes and left.shape == right.shape == max(shapes, key=len)
