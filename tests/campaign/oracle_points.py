"""Points at which a statement is tried: sizes and values drawn from its text, moved until the assumptions hold."""

import ast
import math
from functools import lru_cache
from random import Random
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd import jacobian

from .oracle_evaluation import Evaluation, NoValue, World
from .oracle_functions import ARBITRARY, BRANCHED, COMPARE, FUNCTIONS
from .statements import Statement

NEWTON_STEPS = 12


@lru_cache(maxsize=4096)
def tree(text: str) -> ast.expr:
    """The syntax tree of a formula."""
    return ast.parse(text.strip(), mode="eval").body


@lru_cache(maxsize=512)
def definitions(define: tuple[tuple[str, str], ...]) -> tuple[dict[str, ast.expr], dict[str, frozenset[str]]]:
    """The definitions as trees, and for each all names that it depends on."""
    trees = {name: tree(text) for name, text in define}
    depends: dict[str, frozenset[str]] = {}
    for name, formula in trees.items():
        direct = {node.id for node in ast.walk(formula) if isinstance(node, ast.Name)}
        depends[name] = frozenset(direct).union(*(depends.get(other, frozenset()) for other in direct))
    return trees, depends


def world_at(statement: Statement, number: int) -> World:
    """Point `number` of a statement: always the same one.

    Raises: NoValue where the assumptions are not met.
    """
    random = Random(f"{statement.define} {statement.shapes} {statement.assume} {number}")
    trees, depends = definitions(statement.define)
    sizes = {name: random.choice((2, 3, 3, 4) if number % 5 else (1, 2, 3)) for name in statement.sizes()}
    shapes = {
        name: tuple(int(sizes.get(part.strip(), part)) for part in shape.split(",") if part.strip())
        for name, shape in statement.shapes
    }
    positive = number % 2 == 0
    functions = {name: ARBITRARY[(k + number) % len(ARBITRARY)] for k, name in enumerate(sorted(statement.functions))}
    texts = (statement.claim, *dict(statement.define).values(), *dict(statement.assume).values())
    names = {node.id for text in texts for node in ast.walk(tree(text)) if isinstance(node, ast.Name)}
    known = {*trees, *sizes, *functions, *FUNCTIONS, *BRANCHED, "d", "prime", "where", "einsum", "pi"}
    inputs = {
        name: _array(random, shapes.get(name, ()), positive, special=number % 3 == 2)
        for name in sorted((names - known) | (set(shapes) - set(trees)))
    }
    world = World(sizes=sizes, inputs=inputs, define=trees, functions=functions, depends=depends)
    _meet(world, statement)
    return world


def _array(random: Random, shape: tuple[int, ...], positive: bool, special: bool) -> Any:
    """Multiples of 1/8, exact in binary; at special points some are 0, 1 or equal."""
    count = math.prod(shape)
    draws = [random.choice((0, 0, 8, -8, 4)) if special and random.random() < 0.4 else 0 for _ in range(count)]
    numbers = [
        (draw if special and random.random() < 0.6 else random.choice((-1, 1)) * random.randint(1, 17)) / 8
        for draw in draws
    ]
    array = np.array(numbers).reshape(shape)
    return np.abs(array) if positive else array


def _meet(world: World, statement: Statement) -> None:
    """Changes the inputs until the assumptions hold: bounds by reflection, equations by Newton's method.

    Raises: NoValue when they do not.
    """
    equations = []
    for _, text in statement.assume:
        assumed = tree(text)
        if not isinstance(assumed, ast.Compare):
            raise NoValue("an assumption that is no comparison")
        if isinstance(assumed.ops[0], ast.Eq):
            equations.append(ast.BinOp(assumed.left, ast.Sub(), assumed.comparators[0]))
        elif isinstance(assumed.ops[0], ast.Gt | ast.GtE) and isinstance(assumed.left, ast.Name):
            name = assumed.left.id
            if name in world.inputs:
                world.inputs[name] = np.abs(world.inputs[name]) + 0.125
    _solve(world, equations)
    for _, text in statement.assume:
        assumed = tree(text)
        left, right = (Evaluation(world, {}).value(side) for side in (assumed.left, assumed.comparators[0]))
        close = isinstance(assumed.ops[0], ast.Eq) and np.allclose(left, right, rtol=1e-10, atol=1e-10)
        if not close and not np.all(COMPARE[type(assumed.ops[0])](left, right)):
            raise NoValue("the assumptions are not met")


def _solve(world: World, equations: list[ast.expr]) -> None:
    if not equations:
        return
    names = sorted(world.inputs)
    shapes = [np.shape(world.inputs[name]) for name in names]
    ends = np.cumsum([math.prod(shape) for shape in shapes])[:-1]

    def inputs(flat: Any) -> dict[str, Any]:
        parts = anp.split(flat, ends) if len(ends) else [flat]
        return {name: anp.reshape(part, shape) for name, part, shape in zip(names, parts, shapes, strict=True)}

    def residual(flat: Any) -> Any:
        at = Evaluation(world, inputs(flat))
        return anp.concatenate([anp.ravel(at.value(equation)) for equation in equations])

    flat = np.concatenate([np.ravel(world.inputs[name]) for name in names]).astype(float)
    for _ in range(NEWTON_STEPS):
        gap = residual(flat)
        if not np.all(np.isfinite(gap)) or np.max(np.abs(gap), initial=0) < 1e-13:
            break
        flat = flat - np.linalg.pinv(jacobian(residual)(flat)) @ gap
    world.inputs.update({name: np.array(value) for name, value in inputs(flat).items()})
