"""Formulas as NumPy expressions, in numerically stable forms where they are recognised."""

import ast
from collections.abc import Callable, Mapping

from symbackprop.errors import FormulaError
from symbackprop.language.array_form import array_form
from symbackprop.language.parse import Scope, parse
from symbackprop.language.syntax import syntax_tree
from symbackprop.model.graph import names_in
from symbackprop.numeric.source_helpers import HELPERS
from symbackprop.numeric.source_patterns import PATTERNS, condition
from symbackprop.numeric.source_syntax import expression, named, numpy_call, put_for_z
from symbackprop.numeric.stable_forms import with_stable_quotients
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
    stable = with_stable_quotients(tensor.expr)
    derived = array_form(Tensor(stable, tensor.shape, tensor.needs), scope)
    try:
        written: ast.expr | None = syntax_tree(formula) if parse(formula, scope) == tensor else None
    except FormulaError:
        written = None
    if derived is None:
        return written
    if written is None or stable != tensor.expr or not _names_in(written, scope) <= names_in(tensor.expr):
        return syntax_tree(derived)
    if any(f"{call}(" in derived and f"{call}(" not in formula for call in STABLE_CALLS):
        return syntax_tree(derived)
    return written


def _names_in(tree: ast.expr, scope: Scope) -> set[str]:
    """The quantities that a formula names, also those that cancel: x - x is computed without x."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in scope.shapes}


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
            return named(self.identifiers[known])
        for pattern in PATTERNS:
            found = pattern(self, node)
            if found is not None:
                return found
        return _HANDLERS[type(node)](self, node)

    def constant(self, node: ast.Constant) -> ast.expr:
        return node

    def name(self, node: ast.Name) -> ast.expr:
        if node.id in self.identifiers:
            self.used.add(self.identifiers[node.id])
            return named(self.identifiers[node.id])
        assert node.id == "pi", f"internal error: the name {node.id!r} is not known"
        return expression("np.pi")

    def unary(self, node: ast.UnaryOp) -> ast.expr:
        return ast.UnaryOp(node.op, self.write(node.operand))

    def binary(self, node: ast.BinOp) -> ast.expr:
        return ast.BinOp(self.write(node.left), node.op, self.write(node.right))

    def compare(self, node: ast.Compare) -> ast.expr:
        """An indicator as a float: NumPy cannot subtract truth values."""
        return numpy_call("where", condition(self, node) or node, ast.Constant(1.0), ast.Constant(0.0))

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
            return numpy_call(NUMPY[function], *arguments, keywords=node.keywords)
        return self.helper(f"_{function}", *arguments, keywords=node.keywords)

    def helper(self, name: str, *arguments: ast.expr, keywords: list[ast.keyword] | None = None) -> ast.expr:
        assert name in HELPERS, f"internal error: no helper {name}"
        self.helpers.add(name)
        return ast.Call(named(name), list(arguments), keywords or [])

    def arbitrary(self, identifier: str, arguments: list[ast.expr]) -> ast.expr:
        self.used.add(identifier)
        return ast.Call(named(identifier), [self.write(argument) for argument in arguments], [])

    # --- calls of their own form

    def prime(self, node: ast.Call) -> ast.expr:
        assert isinstance(node.args[0], ast.Name)
        function, arguments = node.args[0].id, node.args[1:]
        if function in self.functions:
            return self.arbitrary(self.functions[function][1], arguments)
        if function in DERIVATIVES:
            return put_for_z(DERIVATIVES[function], self.write(arguments[0]))
        return self.helper(f"_{function}_prime", *map(self.write, arguments))

    def where(self, node: ast.Call) -> ast.expr:
        """NumPy's where for a comparison, c a + (1 - c) b for a condition that is a number."""
        chosen, a, b = node.args
        truth = condition(self, chosen)
        if truth is not None:
            return numpy_call("where", truth, self.write(a), self.write(b))
        c = self.write(chosen)
        first, second = ast.BinOp(c, ast.Mult(), self.write(a)), ast.BinOp(ast.Constant(1.0), ast.Sub(), c)
        return ast.BinOp(first, ast.Add(), ast.BinOp(second, ast.Mult(), self.write(b)))

    def outer(self, node: ast.Call) -> ast.expr:
        a, b = node.args
        vectors = self.rank(a) == self.rank(b) == 1
        return numpy_call("outer" if vectors else "multiply.outer", self.write(a), self.write(b))

    def dot(self, node: ast.Call) -> ast.expr:
        a, b = node.args
        operator = ast.MatMult() if self.rank(a) and self.rank(b) else ast.Mult()
        return ast.BinOp(self.write(a), operator, self.write(b))

    def filled(self, node: ast.Call) -> ast.expr:
        assert isinstance(node.func, ast.Name)
        return numpy_call(node.func.id, ast.Tuple([self.write(size) for size in node.args], ast.Load()))

    def norm(self, node: ast.Call) -> ast.expr:
        total = numpy_call("sum", numpy_call("square", self.write(node.args[0])), keywords=node.keywords)
        return numpy_call("sqrt", total)


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
