"""The text of a formula as a syntax tree: what is a name, what is a number, and how long and deep a formula may be.

Python's `ast` reads the text; nothing is executed, and nothing has a meaning yet.
"""

import ast
import re
import warnings
from keyword import iskeyword

from symbackprop.errors import FormulaError
from symbackprop.language.functions import RESERVED

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}\Z")
NUMBER = re.compile(r"(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?\Z")
MAX_LENGTH, MAX_DEPTH, MAX_DIGITS, MAX_EXPONENT = 10_000, 120, 300, 64


def check_name(name: str) -> None:
    """Raises: FormulaError unless `name` can be the name of a quantity, size or function."""
    if not NAME.match(name):
        raise FormulaError(f"{name!r} is no name: letters, digits and _ after a letter, at most 64 characters")
    if name in RESERVED:
        raise FormulaError(f"{name!r} is a function of the formula language; choose another name")
    if iskeyword(name):
        raise FormulaError(f"{name!r} is a word of Python's grammar; choose another name")


def syntax_tree(text: str) -> ast.expr:
    """The syntax tree of a formula, bounded in length and depth.

    Raises: FormulaError when the text is no expression.
    """
    if len(text) > MAX_LENGTH:
        raise FormulaError(f"formula of {len(text)} characters; at most {MAX_LENGTH} are read", text)
    if not text.isascii():
        column = next(k for k, character in enumerate(text) if not character.isascii())
        raise FormulaError(
            f"{text[column]!r} is not ASCII: write `**` for a power and names such as `alpha`", text, column
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise FormulaError(f"not a formula: {error.msg}", text, max((error.offset or 1) - 1, 0)) from None
    except (RecursionError, MemoryError, ValueError):
        raise FormulaError("not a formula: too deeply nested, or it holds a null character", text) from None
    if _depth_exceeds(tree, MAX_DEPTH):
        raise FormulaError(f"nested more than {MAX_DEPTH} deep: name parts of it in [define]", text)
    return tree


def _depth_exceeds(tree: ast.AST, limit: int) -> bool:
    level: list[ast.AST] = [tree]
    for _ in range(limit):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return False
    return True
