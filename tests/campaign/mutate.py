"""False statements from true ones: one mistake, of a kind that people make, somewhere in the text of a claim.

A mistake is made on the syntax tree of the claim; whether the result is still a formula, and whether it is false, is
decided elsewhere. Every kind is a function from a node to the nodes that may stand in its place.
"""

import ast
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from random import Random

from symbackprop.errors import SymbackpropError
from symbackprop.model.graph import Graph

from .oracle_points import tree
from .statements import Statement


@dataclass(frozen=True, slots=True)
class Mutant:
    """A statement with one mistake of the named kind."""

    kind: str
    statement: Statement


@dataclass(frozen=True, slots=True)
class Setting:
    """What a mistake may look at: the graph, for shapes of quantities, and its sizes."""

    graph: Graph
    sizes: tuple[str, ...]

    def alike(self, name: str) -> list[str]:
        """The other quantities of the same shape."""
        known = {**self.graph.inputs, **{d: self.graph.shape(d) for d in self.graph.definitions}}
        if name not in known:
            return []
        return [other for other, shape in known.items() if other != name and shape == known[name]]


Mistake = Callable[[ast.AST, Setting], Iterator[ast.expr]]

WRONG = {
    "sigmoid": "tanh", "tanh": "sigmoid", "relu": "abs", "abs": "relu", "exp": "softplus", "log": "sqrt", "sqrt": "abs",
    "maximum": "minimum", "minimum": "maximum", "softmax": "log_softmax", "log_softmax": "softmax", "sin": "cos",
    "cos": "sin", "silu": "gelu", "gelu": "silu", "softplus": "relu", "leaky_relu": "maximum", "norm": "sum",
    "logsumexp": "sum", "sign": "abs", "erf": "tanh",
}  # fmt: skip
KINK = {ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Lt: ast.LtE, ast.LtE: ast.Lt}


def _call(name: str, *arguments: ast.expr) -> ast.expr:
    return ast.Call(ast.Name(name), list(arguments), [])


def dropped_factor(node: ast.AST, setting: Setting) -> Iterator[ast.expr]:
    """a b -> a; a/b -> a."""
    match node:
        case ast.BinOp(left, ast.Mult() | ast.MatMult(), right):
            yield from (left, right)
        case ast.BinOp(left, ast.Div(), _):
            yield left
        case ast.Call(ast.Name("outer"), [left, right]):
            yield from (left, right)


def dropped_term(node: ast.AST, setting: Setting) -> Iterator[ast.expr]:
    """a + b -> a."""
    match node:
        case ast.BinOp(left, ast.Add() | ast.Sub(), right):
            yield from (left, right)


def flipped_sign(node: ast.AST, setting: Setting) -> Iterator[ast.expr]:
    """a + b -> a - b; -a -> a; a b -> -(a b)."""
    match node:
        case ast.BinOp(left, ast.Add(), right):
            yield ast.BinOp(left, ast.Sub(), right)
        case ast.BinOp(left, ast.Sub(), right):
            yield from (ast.BinOp(left, ast.Add(), right), ast.BinOp(right, ast.Sub(), left))
        case ast.UnaryOp(ast.USub(), operand):
            yield operand
        case ast.BinOp(_, ast.Mult() | ast.MatMult() | ast.Div(), _) | ast.Call(ast.Name("outer" | "exp" | "log")):
            yield ast.UnaryOp(ast.USub(), node)


def swapped_index(node: ast.AST, setting: Setting) -> Iterator[ast.expr]:
    """A[i, j] -> A[j, i]; outer(x, y) -> outer(y, x); A @ B -> B @ A; other letters in einsum."""
    match node:
        case ast.Subscript(value, ast.Tuple([first, second])):
            yield ast.Subscript(value, ast.Tuple([second, first]))
        case ast.Call(ast.Name("outer" | "dot" as name), [left, right]):
            yield _call(name, right, left)
        case ast.BinOp(left, ast.MatMult(), right):
            yield ast.BinOp(right, ast.MatMult(), left)
        case ast.Call(ast.Name("einsum"), [ast.Constant(str(spec)), *operands]):
            yield from (_call("einsum", ast.Constant(other), *operands) for other in _other_letters(spec))


def _other_letters(spec: str) -> Iterator[str]:
    """One operand or the result with two letters exchanged."""
    left, _, output = spec.replace(" ", "").partition("->")
    groups = [*left.split(","), output]
    for place, group in enumerate(groups):
        for k in range(len(group) - 1):
            swapped = group[:k] + group[k + 1] + group[k] + group[k + 2 :]
            changed = [*groups[:place], swapped, *groups[place + 1 :]]
            yield f"{','.join(changed[:-1])}->{changed[-1]}"


def neighbour(node: ast.AST, setting: Setting) -> Iterator[ast.expr]:
    """Another quantity of the same shape; another entry; the derivative by another layer."""
    match node:
        case ast.Name(name):
            yield from map(ast.Name, setting.alike(name))
        case ast.Subscript(value, ast.Constant(int(k))):
            yield from (ast.Subscript(value, ast.Constant(other)) for other in (k + 1, k - 1) if other >= 0)
        case ast.Call(ast.Name("prime"), [ast.Name(name), argument]) if name in setting.graph.functions:
            yield from (_call("prime", ast.Name(f), argument) for f in sorted(setting.graph.functions - {name}))
        case ast.Call(ast.Name(name), [argument]) if name in setting.graph.functions:
            yield from (_call(f, argument) for f in sorted(setting.graph.functions - {name}))


def transposed(node: ast.AST, setting: Setting) -> Iterator[ast.expr]:
    """A -> A.T; A.T -> A."""
    match node:
        case ast.Attribute(value, "T"):
            yield value
        case ast.Name(name) if name in {*setting.graph.inputs, *setting.graph.definitions}:
            if len(setting.graph.shape(name)) >= 2:
                yield ast.Attribute(node, "T")
        case ast.Call(ast.Name("d" | "outer" | "softmax" | "diag")) | ast.BinOp(_, ast.MatMult(), _):
            yield ast.Attribute(node, "T")


def wrong_range(node: ast.AST, setting: Setting) -> Iterator[ast.expr]:
    """A sum that begins at the second entry, one entry for all, another size."""
    match node:
        case ast.Call(ast.Name("sum"), [argument], []):
            first = ast.Subscript(argument, ast.Constant(0))
            yield from (first, ast.BinOp(node, ast.Sub(), _call("sum", first)), ast.BinOp(node, ast.Sub(), first))
        case ast.Call(ast.Name("mean" | "softmax" | "logsumexp"), [argument], []):
            yield ast.BinOp(node, ast.Sub(), ast.Subscript(argument, ast.Constant(0)))
        case ast.Name(name) if name in setting.sizes:
            yield from (ast.Name(other) for other in setting.sizes if other != name)
            yield from (ast.BinOp(node, ast.Sub(), ast.Constant(1)), ast.BinOp(node, ast.Add(), ast.Constant(1)))
        case ast.BinOp(left, ast.MatMult(), right):
            yield ast.BinOp(left, ast.Mult(), right)


def wrong_mean(node: ast.AST, setting: Setting) -> Iterator[ast.expr]:
    """mean -> sum; sum -> mean; /N dropped or put in."""
    match node:
        case ast.Call(ast.Name("mean"), arguments, keywords):
            yield ast.Call(ast.Name("sum"), arguments, keywords)
        case ast.Call(ast.Name("sum"), arguments, keywords):
            yield ast.Call(ast.Name("mean"), arguments, keywords)
        case ast.BinOp(left, ast.Div(), ast.Name(name)) if name in setting.sizes:
            yield from (left, ast.BinOp(left, ast.Mult(), ast.Name(name)))
        case ast.BinOp(_, ast.MatMult(), _) | ast.Call(ast.Name("outer")) if setting.sizes:
            yield ast.BinOp(node, ast.Div(), ast.Name(setting.sizes[0]))


def wrong_exponent(node: ast.AST, setting: Setting) -> Iterator[ast.expr]:
    """x^k -> x^(k+1), x^(k-1)."""
    match node:
        case ast.BinOp(base, ast.Pow(), ast.Constant(int(k))):
            yield from (ast.BinOp(base, ast.Pow(), ast.Constant(other)) for other in (k + 1, k - 1))
        case ast.Call(ast.Name("sqrt"), [argument]):
            yield argument
        case ast.Call(ast.Name("norm"), _, _):
            yield ast.BinOp(node, ast.Pow(), ast.Constant(2))


def wrong_number(node: ast.AST, setting: Setting) -> Iterator[ast.expr]:
    """2 -> 3; a factor 2 too many."""
    match node:
        case ast.Constant(int(k)) if not isinstance(k, bool):
            yield from (ast.Constant(k + 1), ast.Constant(k - 1) if k else ast.Constant(2))
        case ast.BinOp(_, ast.Mult() | ast.MatMult(), _) | ast.Call(ast.Name("d" | "outer" | "prime")):
            yield ast.BinOp(ast.Constant(2), ast.Mult(), node)


def wrong_kink(node: ast.AST, setting: Setting) -> Iterator[ast.expr]:
    """[u > 0] -> [u >= 0]; the slope at a kink is taken from the other branch."""
    match node:
        case ast.Compare(left, [op], [right]) if type(op) in KINK:
            yield from (ast.Compare(left, [other()], [right]) for other in (KINK[type(op)], _reversed(op)))
        case ast.Call(ast.Name("prime"), [ast.Name("relu"), z]):
            yield ast.Compare(z, [ast.GtE()], [ast.Constant(0)])
        case ast.Call(ast.Name("relu"), [z]):
            yield _call("leaky_relu", z)
        case ast.Call(ast.Name("abs" | "sign"), [z]):
            yield ast.BinOp(node, ast.Add(), ast.Compare(z, [ast.Eq()], [ast.Constant(0)]))


def _reversed(op: ast.cmpop) -> type[ast.cmpop]:
    return {ast.Gt: ast.Lt, ast.GtE: ast.LtE, ast.Lt: ast.Gt, ast.LtE: ast.GtE}[type(op)]


def wrong_axis(node: ast.AST, setting: Setting) -> Iterator[ast.expr]:
    """axis=1 -> axis=0; no axis at all; an axis where there was none."""
    match node:
        case ast.Call(function, arguments, keywords) if any(k.arg == "axis" for k in keywords):
            for k, keyword in enumerate(keywords):
                if keyword.arg == "axis" and isinstance(keyword.value, ast.Constant):
                    other = ast.keyword("axis", ast.Constant(1 - keyword.value.value))
                    yield ast.Call(function, arguments, [*keywords[:k], other, *keywords[k + 1 :]])
                    yield ast.Call(function, arguments, [*keywords[:k], *keywords[k + 1 :]])
        case ast.Call(ast.Name("sum" | "mean" | "softmax" | "logsumexp" | "log_softmax") as function, arguments, []):
            yield from (ast.Call(function, arguments, [ast.keyword("axis", ast.Constant(k))]) for k in (0, 1))


def wrong_function(node: ast.AST, setting: Setting) -> Iterator[ast.expr]:
    """sigmoid -> tanh; f'(z) -> f(z); f(z) -> z."""
    match node:
        case ast.Call(ast.Name("prime"), [ast.Name(name), argument, *rest]):
            yield from (_call(name, argument, *rest), ast.Constant(1))
            if name in WRONG:
                yield _call("prime", ast.Name(WRONG[name]), argument)
        case ast.Call(ast.Name(name), [argument], keywords) if name in WRONG or name in setting.graph.functions:
            yield argument
            if name in WRONG:
                yield ast.Call(ast.Name(WRONG[name]), [argument], keywords)
        case ast.Call(ast.Name(name), arguments, keywords) if name in WRONG:
            yield ast.Call(ast.Name(WRONG[name]), arguments, keywords)


KINDS: dict[str, Mistake] = {
    "dropped factor": dropped_factor,
    "dropped term": dropped_term,
    "flipped sign": flipped_sign,
    "swapped index": swapped_index,
    "neighbour": neighbour,
    "transposed operand": transposed,
    "wrong range": wrong_range,
    "wrong batch mean": wrong_mean,
    "off-by-one exponent": wrong_exponent,
    "wrong number": wrong_number,
    "wrong convention at a kink": wrong_kink,
    "wrong axis": wrong_axis,
    "wrong function": wrong_function,
}
NO_CONDITION = "side condition removed"


@dataclass(frozen=True, slots=True)
class Change:
    """A mistake that may be made: the node of that number, in the order of `ast.walk`, becomes another."""

    kind: str
    number: int = 0
    other: ast.expr | None = None
    condition: int = -1

    def of(self, statement: Statement) -> Statement:
        """The statement with the mistake in it."""
        if self.other is None:
            kept = (*statement.assume[: self.condition], *statement.assume[self.condition + 1 :])
            return replace(statement, assume=kept)
        return replace(statement, claim=ast.unparse(with_node(tree(statement.claim), self.number, self.other)))


def changes(statement: Statement) -> Iterator[Change]:
    """Every mistake of every kind at every place, in the order of the text."""
    setting = Setting(statement.graph, tuple(statement.sizes()))
    for kind, mistake in KINDS.items():
        for number, node in enumerate(ast.walk(tree(statement.claim))):
            yield from (Change(kind, number, other) for other in mistake(node, setting))
    yield from (Change(NO_CONDITION, condition=k) for k in range(len(statement.assume)))


def with_node(original: ast.expr, number: int, other: ast.expr) -> ast.expr:
    """The tree with the node of that number, in the order of `ast.walk`, replaced."""
    tree_ = deepcopy(original)
    for position, node in enumerate(ast.walk(tree_)):
        if position == number:
            return _Replace(node, deepcopy(other)).visit(tree_)
    raise AssertionError("there is no such node")


class _Replace(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else self.generic_visit(node)


def is_statement(statement: Statement) -> bool:
    """Whether the claim is a formula with fitting shapes."""
    try:
        return statement.relation.comparison == "=="
    except SymbackpropError:
        return False


def sampled(statement: Statement, count: int, seed: str) -> list[Mutant]:
    """So many mutants that are formulas, each kind as often as the others while it lasts; the same for the same seed.

    Only those that do not follow from the shapes: a wrong shape is an error, not a false statement.
    """
    random = Random(f"{seed} {statement.id} {statement.shapes}")
    by_kind: dict[str, list[Change]] = {}
    for change in changes(statement):
        by_kind.setdefault(change.kind, []).append(change)
    for group in by_kind.values():
        random.shuffle(group)
    kinds = sorted(by_kind)
    random.shuffle(kinds)
    found: dict[Statement, Mutant] = {}
    while len(found) < count and any(by_kind.values()):
        for kind in kinds:
            while by_kind[kind]:
                made = by_kind[kind].pop().of(statement)
                if made not in found and _differs(made, statement) and is_statement(made):
                    found[made] = Mutant(kind, made)
                    break
    return list(found.values())[:count]


def _differs(made: Statement, statement: Statement) -> bool:
    """Whether the text is another one, but for spaces and parentheses."""
    return made.assume != statement.assume or ast.dump(tree(made.claim)) != ast.dump(tree(statement.claim))
