"""True statements from true ones: the text of a claim rewritten by laws of algebra, in ways that people write."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from .law import Setting, formula
from .laws import LAWS
from .mutate import is_statement, with_node
from .oracle_points import tree
from .statements import Statement


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A statement with the names of the laws that were applied, one after the other."""

    laws: tuple[str, ...]
    statement: Statement


BOTH_SIDES = ("B == A", "A + C == B + C", "A - B == 0", "2*A == B + A", "-A == -B", "3*A/2 == 3*B/2", "A == (A + B)/2")
ON_BOTH_SIDES = "both sides"
LONGEST = 600  # characters of a claim


def places(node: ast.AST, by: frozenset[str] = frozenset()) -> Iterator[tuple[ast.expr, frozenset[str]]]:
    """The parts of a claim that stand for a value, and the names by which a derivative is taken of them."""
    if not isinstance(node, ast.expr) or isinstance(node, ast.Constant):
        return
    yield node, by
    match node:
        case ast.Call(ast.Name("d"), [f, ast.Name(v)]):
            children, by = [f], by | {v}
        case ast.Call(ast.Name("prime" | "einsum"), [_, *arguments]):
            children = list(arguments)
        case ast.Call(ast.Name("eye" | "ones" | "zeros" | "swapaxes")):
            children = []
        case ast.Subscript(value, _) | ast.BinOp(value, ast.Pow(), _):
            children = [value]
        case ast.Call(_, arguments):
            children = list(arguments)
        case _:
            children = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
    for child in children:
        yield from places(child, by)


def rewritten_once(statement: Statement, random: Random) -> tuple[str, Statement] | None:
    """One law applied at one place, each law that applies somewhere as likely as the others; None where none does."""
    claim = tree(statement.claim)
    numbers = {id(node): number for number, node in enumerate(ast.walk(claim))}
    inner = [(node, by) for node, by in places(claim) if node is not claim]
    for name in random.sample([*LAWS, ON_BOTH_SIDES], len(LAWS) + 1):
        for node, by in random.sample(inner, len(inner)):
            setting = Setting(statement.graph, random, by)
            if name == ON_BOTH_SIDES:
                changed = _both_sides(claim, setting)
            else:
                others = list(LAWS[name](node, setting))
                changed = [with_node(claim, numbers[id(node)], other) for other in random.sample(others, len(others))]
            for other in changed:
                candidate = replace(statement, claim=ast.unparse(other))
                if len(candidate.claim) < LONGEST and is_statement(candidate):
                    return name, candidate
    return None


def _both_sides(claim: ast.expr, setting: Setting) -> list[ast.expr]:
    """a = b as a + c = b + c and the like."""
    assert isinstance(claim, ast.Compare)
    other = setting.some(setting.shape(claim.left)) or ast.Constant(1)
    return [formula(setting.random.choice(BOTH_SIDES), A=claim.left, B=claim.comparators[0], C=other)]


def rewrites(statement: Statement, count: int, seed: str) -> list[Rewrite]:
    """So many rewritten statements, each by one to three laws; the same for the same seed."""
    random = Random(f"{seed} {statement.id} {statement.shapes}")
    found: dict[str, Rewrite] = {}
    for _ in range(count):
        current, laws = statement, []
        for _ in range(random.randint(1, 3)):
            step = rewritten_once(current, random)
            if step is not None:
                laws.append(step[0])
                current = step[1]
        if laws and current.claim != statement.claim:
            found.setdefault(current.claim, Rewrite(tuple(laws), current))
    return list(found.values())
