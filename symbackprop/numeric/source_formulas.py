"""Formulas as NumPy expressions, in numerically stable forms where they are recognised."""

import ast
from collections.abc import Callable, Mapping
from typing import TypeGuard

from symbackprop.errors import FormulaError
from symbackprop.language.array_form import array_form
from symbackprop.language.parse import Scope, parse
from symbackprop.language.syntax import syntax_tree
from symbackprop.numeric.source_helpers import HELPERS
from symbackprop.tensor.tensor import Tensor

# Functions that NumPy has under a name of its own, entry by entry.
NUMPY = {
    "exp": "exp",
    "log": "log",
    "sqrt": "sqrt",
    "tanh": "tanh",
    "sin": "sin",
    "cos": "cos",
    "abs": "abs",
    "sign": "sign",
    "maximum": "maximum",
    "minimum": "minimum",
    "sum": "sum",
    "mean": "mean",
    "var": "var",
    "std": "std",
    "swapaxes": "swapaxes",
    "trace": "trace",
    "diag": "diag",
    "einsum": "einsum",
    "eye": "eye",
}
# Derivatives of SymPy's own functions, for prime(f, z).
DERIVATIVES = {
    "exp": "np.exp(z)",
    "log": "1.0 / z",
    "sqrt": "0.5 / np.sqrt(z)",
    "tanh": "1.0 - np.tanh(z) ** 2",
    "sin": "np.cos(z)",
    "cos": "-np.sin(z)",
    "erf": "2.0 * np.exp(-z ** 2) / np.sqrt(np.pi)",
    "abs": "np.sign(z)",
}
STABLE_CALLS = ("softmax", "log_softmax", "logsumexp")


def definition_tree(formula: str, tensor: Tensor, scope: Scope) -> ast.expr | None:
    """The formula as its author wrote it, unless it is not what the tensor says or another form is stabler."""
    derived = array_form(tensor, scope)
    try:
        written: ast.expr | None = syntax_tree(formula) if parse(formula, scope) == tensor else None
    except FormulaError:
        written = None
    if derived is None:
        return written
    if written is None or any(f"{call}(" in derived and f"{call}(" not in formula for call in STABLE_CALLS):
        return syntax_tree(derived)
    return written


class FormulaWriter:
    """Writes formulas as NumPy expressions; remembers which helpers and functions they need."""

    def __init__(self, scope: Scope, identifiers: Mapping[str, str], functions: Mapping[str, tuple[str, str]]) -> None:
        self.scope, self.identifiers, self.functions = scope, identifiers, functions
        self.helpers: set[str] = set()
        self.used: set[str] = set()
        self.trees: dict[str, ast.expr] = {}
        self.values: dict[str, str] = {}
        self.ranks: dict[str, int] = {}

    # --- what is known

    def remember(self, name: str, tree: ast.expr) -> None:
        """From here on `name` has the value of this formula."""
        self.trees[name] = tree
        if not isinstance(tree, (ast.Name, ast.Constant)):
            self.values.setdefault(ast.unparse(tree), name)

    def function_names(self, function: str) -> list[str]:
        """The arguments that stand for an arbitrary function: itself and its derivative, where they are used."""
        return [name for name in self.functions[function] if name in self.used]

    def rank(self, node: ast.expr) -> int:
        text = ast.unparse(node)
        if text not in self.ranks:
            self.ranks[text] = len(parse(text, self.scope).shape)
        return self.ranks[text]

    # --- writing

    def text(self, node: ast.expr) -> str:
        return ast.unparse(ast.fix_missing_locations(self.write(node)))

    def write(self, node: ast.expr) -> ast.expr:
        """The NumPy expression with the value of the formula."""
        known = self.values.get(ast.unparse(node))
        if known is not None:
            return _name(self.identifiers[known])
        for pattern in _PATTERNS:
            found = pattern(self, node)
            if found is not None:
                return found
        return _HANDLERS[type(node)](self, node)

    def constant(self, node: ast.Constant) -> ast.expr:
        return node

    def name(self, node: ast.Name) -> ast.expr:
        if node.id in self.identifiers:
            self.used.add(self.identifiers[node.id])
            return _name(self.identifiers[node.id])
        assert node.id == "pi", f"internal error: the name {node.id!r} is not known"
        return _expression("np.pi")

    def unary(self, node: ast.UnaryOp) -> ast.expr:
        return ast.UnaryOp(node.op, self.write(node.operand))

    def binary(self, node: ast.BinOp) -> ast.expr:
        return ast.BinOp(self.write(node.left), node.op, self.write(node.right))

    def compare(self, node: ast.Compare) -> ast.expr:
        """An indicator as a float: NumPy cannot subtract truth values."""
        return _numpy("where", self.condition(node), ast.Constant(1.0), ast.Constant(0.0))

    def condition(self, node: ast.Compare) -> ast.expr:
        return ast.Compare(self.write(node.left), node.ops, [self.write(side) for side in node.comparators])

    def attribute(self, node: ast.Attribute) -> ast.expr:
        value = self.write(node.value)
        return ast.Attribute(value, "T", ast.Load()) if self.rank(node.value) > 1 else value

    def subscript(self, node: ast.Subscript) -> ast.expr:
        return ast.Subscript(self.write(node.value), node.slice, ast.Load())

    def call(self, node: ast.Call) -> ast.expr:
        assert isinstance(node.func, ast.Name)
        function = node.func.id
        if function in self.functions:
            return self.arbitrary(self.functions[function][0], node.args)
        special = _SPECIAL.get(function)
        if special is not None:
            return special(self, node)
        arguments = [a if isinstance(a, ast.Constant) else self.write(a) for a in node.args]
        if function in NUMPY:
            return _numpy(NUMPY[function], *arguments, keywords=node.keywords)
        return self.helper(f"_{function}", *arguments, keywords=node.keywords)

    def helper(self, name: str, *arguments: ast.expr, keywords: list[ast.keyword] | None = None) -> ast.expr:
        assert name in HELPERS, f"internal error: no helper {name}"
        self.helpers.add(name)
        return ast.Call(_name(name), list(arguments), keywords or [])

    def arbitrary(self, identifier: str, arguments: list[ast.expr]) -> ast.expr:
        self.used.add(identifier)
        return ast.Call(_name(identifier), [self.write(argument) for argument in arguments], [])

    # --- calls of their own form

    def prime(self, node: ast.Call) -> ast.expr:
        assert isinstance(node.args[0], ast.Name)
        function, arguments = node.args[0].id, node.args[1:]
        if function in self.functions:
            return self.arbitrary(self.functions[function][1], arguments)
        if function in DERIVATIVES:
            return _filled(DERIVATIVES[function], self.write(arguments[0]))
        return self.helper(f"_{function}_prime", *map(self.write, arguments))

    def where(self, node: ast.Call) -> ast.expr:
        """NumPy's where for a comparison, c a + (1 - c) b for a condition that is a number."""
        condition, a, b = node.args
        if isinstance(condition, ast.Compare):
            return _numpy("where", self.condition(condition), self.write(a), self.write(b))
        c = self.write(condition)
        first, second = ast.BinOp(c, ast.Mult(), self.write(a)), ast.BinOp(ast.Constant(1.0), ast.Sub(), c)
        return ast.BinOp(first, ast.Add(), ast.BinOp(second, ast.Mult(), self.write(b)))

    def outer(self, node: ast.Call) -> ast.expr:
        a, b = node.args
        vectors = self.rank(a) == self.rank(b) == 1
        return _numpy("outer" if vectors else "multiply.outer", self.write(a), self.write(b))

    def dot(self, node: ast.Call) -> ast.expr:
        a, b = node.args
        operator = ast.MatMult() if self.rank(a) and self.rank(b) else ast.Mult()
        return ast.BinOp(self.write(a), operator, self.write(b))

    def filled(self, node: ast.Call) -> ast.expr:
        assert isinstance(node.func, ast.Name)
        return _numpy(node.func.id, ast.Tuple([self.write(size) for size in node.args], ast.Load()))

    def norm(self, node: ast.Call) -> ast.expr:
        total = _numpy("sum", _numpy("square", self.write(node.args[0])), keywords=node.keywords)
        return _numpy("sqrt", total)

    # --- stable forms

    def probability(self, node: ast.expr, function: str) -> ast.expr | None:
        """The z of function(z), be it written or the definition of a name."""
        if isinstance(node, ast.Name) and node.id in self.trees:
            node = self.trees[node.id]
        return node.args[0] if _is_call(node, function) and len(node.keywords) == 0 else None

    def log_of_probability(self, node: ast.expr) -> ast.expr | None:
        """log(sigmoid(z)) = -softplus(-z), log(1 - sigmoid(z)) = -softplus(z), log(softmax(z)) = log_softmax(z)."""
        if not _is_call(node, "log"):
            return None
        (argument,) = node.args
        z = self.probability(argument, "sigmoid")
        if z is not None:
            return ast.UnaryOp(ast.USub(), self.helper("_softplus", ast.UnaryOp(ast.USub(), self.write(z))))
        if isinstance(argument, ast.BinOp) and isinstance(argument.op, ast.Sub) and _is_number(argument.left, 1):
            z = self.probability(argument.right, "sigmoid")
            if z is not None:
                return ast.UnaryOp(ast.USub(), self.helper("_softplus", self.write(z)))
        return self.log_of_softmax(argument)

    def log_of_softmax(self, argument: ast.expr) -> ast.expr | None:
        if isinstance(argument, ast.Name) and argument.id in self.trees:
            argument = self.trees[argument.id]
        if not _is_call(argument, "softmax"):
            return None
        return self.helper("_log_softmax", self.write(argument.args[0]), keywords=argument.keywords)

    def softplus(self, node: ast.expr) -> ast.expr | None:
        """log(1 + exp(z)) = softplus(z)."""
        if not _is_call(node, "log") or not isinstance(node.args[0], ast.BinOp):
            return None
        z = _one_plus_exp(node.args[0])
        return None if z is None else self.helper("_softplus", self.write(z))

    def sigmoid(self, node: ast.expr) -> ast.expr | None:
        """1 / (1 + exp(-z)) = sigmoid(z)."""
        if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Div) or not _is_number(node.left, 1):
            return None
        z = _one_plus_exp(node.right)
        if not isinstance(z, ast.UnaryOp) or not isinstance(z.op, ast.USub):
            return None
        return self.helper("_sigmoid", self.write(z.operand))

    def scaled_rows(self, node: ast.expr) -> ast.expr | None:
        """diag(v) @ M = v[:, np.newaxis] * M."""
        if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.MatMult) or not _is_call(node.left, "diag"):
            return None
        vector = node.left.args[0]
        if self.rank(vector) != 1 or self.rank(node.right) != 2:
            return None
        column = _filled("z[:, np.newaxis]", self.write(vector))
        return ast.BinOp(column, ast.Mult(), self.write(node.right))


class _Filler(ast.NodeTransformer):
    """Puts an expression for the name z."""

    def __init__(self, value: ast.expr) -> None:
        self.value = value

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.value if node.id == "z" else node


def _filled(template: str, z: ast.expr) -> ast.expr:
    """The expression with `z` put for the name z."""
    filled: ast.expr = _Filler(z).visit(_expression(template))
    return filled


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _name(identifier: str) -> ast.expr:
    return ast.Name(identifier, ast.Load())


def _numpy(function: str, *arguments: ast.expr, keywords: list[ast.keyword] | None = None) -> ast.expr:
    return ast.Call(_expression(f"np.{function}"), list(arguments), keywords or [])


def _is_call(node: ast.expr, function: str) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == function


def _is_number(node: ast.expr, value: int) -> bool:
    return isinstance(node, ast.Constant) and node.value == value


def _one_plus_exp(node: ast.expr) -> ast.expr | None:
    """The z of 1 + exp(z), in either order."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Add):
        return None
    for one, exponential in ((node.left, node.right), (node.right, node.left)):
        if _is_number(one, 1) and _is_call(exponential, "exp"):
            return exponential.args[0]
    return None


_PATTERNS: tuple[Callable[[FormulaWriter, ast.expr], ast.expr | None], ...] = (
    FormulaWriter.log_of_probability,
    FormulaWriter.softplus,
    FormulaWriter.sigmoid,
    FormulaWriter.scaled_rows,
)
_HANDLERS: dict[type, Callable[..., ast.expr]] = {
    ast.Constant: FormulaWriter.constant,
    ast.Name: FormulaWriter.name,
    ast.UnaryOp: FormulaWriter.unary,
    ast.BinOp: FormulaWriter.binary,
    ast.Compare: FormulaWriter.compare,
    ast.Attribute: FormulaWriter.attribute,
    ast.Subscript: FormulaWriter.subscript,
    ast.Call: FormulaWriter.call,
}
_SPECIAL: dict[str, Callable[[FormulaWriter, ast.Call], ast.expr]] = {
    "prime": FormulaWriter.prime,
    "where": FormulaWriter.where,
    "outer": FormulaWriter.outer,
    "dot": FormulaWriter.dot,
    "ones": FormulaWriter.filled,
    "zeros": FormulaWriter.filled,
    "norm": FormulaWriter.norm,
}
