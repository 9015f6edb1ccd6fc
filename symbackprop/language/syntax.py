"""The text of a formula as a syntax tree: what is a name, what is a number, and how long and deep a formula may be.

Python's `ast` reads the text; nothing is executed, and nothing has a meaning yet.
"""

import ast
import re
import warnings
from collections.abc import Iterable
from difflib import get_close_matches
from keyword import iskeyword

from symbackprop.errors import FormulaError
from symbackprop.language.functions import RESERVED, WORDS
from symbackprop.language.slips import INSTEAD, greek_name, in_ascii, keyword_as_name, primed

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}\Z")
NUMBER = re.compile(r"(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?\Z")
MAX_LENGTH, MAX_DEPTH, MAX_DIGITS, MAX_EXPONENT = 10_000, 120, 300, 64
_OTHER_NAMES = {"ln": "log"}


def check_name(name: str) -> None:
    """Raises: FormulaError unless `name` can be the name of a quantity, size or function."""
    if not NAME.match(name):
        letter = next((spelled for character in name if (spelled := greek_name(character))), "")
        hint = f"; write {letter}" if letter else ""
        raise FormulaError(f"{name!r} is no name: letters, digits and _ after a letter, at most 64 characters{hint}")
    if name in WORDS:
        raise FormulaError(f"{name!r} is taken: it is {WORDS[name].meaning}; choose another name")
    if name in RESERVED:
        raise FormulaError(f"{name!r} is a function of the formula language; choose another name")
    if iskeyword(name):
        instead = f"write {INSTEAD[name]}" if name in INSTEAD else "choose another name"
        raise FormulaError(f"{name!r} is a keyword of Python, and no name: {instead}")


def closest(name: str, known: Iterable[str], cutoff: float = 0.7) -> str:
    """The known name that was probably meant, or "".

    The same in another case, the one with these initials (mse), the same start, or few other letters.
    """
    names = sorted(known)
    same = [other for other in names if other.lower() == name.lower() or other == _OTHER_NAMES.get(name)]
    same += [other for other in names if "_" in other and _initials(other) == name.lower()]
    longer = [other for other in names if len(name) > 2 and other.startswith(name.lower())]
    return next(iter([*same, *longer, *get_close_matches(name.lower(), names, n=1, cutoff=cutoff)]), "")


def _initials(name: str) -> str:
    return "".join(part[:1] for part in name.lower().split("_"))


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """` (did you mean relu?)` to follow the mention of an unknown name; "" where nothing is close."""
    other = closest(name, known, 0.6 if len(name) < 4 else 0.7)  # of xx and x, two thirds of the letters are the same
    return f" (did you mean {other}?)" if other else ""


def syntax_tree(text: str) -> ast.expr:
    """The syntax tree of a formula, bounded in length and depth.

    Raises: FormulaError when the text is no expression.
    """
    if len(text) > MAX_LENGTH:
        raise FormulaError(f"formula of {len(text)} characters; at most {MAX_LENGTH} are read", text)
    if not text.strip():
        raise FormulaError(f"a formula is missing: the text is {'blank' if text else 'empty'}")
    if derivative := primed(text):
        raise FormulaError(derivative[1], text, derivative[0])
    if not text.isascii():
        column = next(k for k, character in enumerate(text) if not character.isascii())
        raise FormulaError(f"{text[column]!r} is not ASCII: write {in_ascii(text[column])}", text, column)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        equals = lone_equals(text)
        if equals is not None:
            raise FormulaError("not a formula: `=` has no place here; write `==` to compare", text, equals) from None
        if word := keyword_as_name(text):
            raise FormulaError(f"not a formula: {word[1]}", text, word[0]) from None
        hint = "; write `*` for a product, as in `2*x`" if error.msg == "invalid decimal literal" else ""
        hint = "; write `A.T` for a transpose" if error.msg.startswith("unterminated") else hint
        raise FormulaError(f"not a formula: {error.msg}{hint}", text, max((error.offset or 1) - 1, 0)) from None
    except (RecursionError, MemoryError, ValueError):
        raise FormulaError("not a formula: too deeply nested, or it holds a null character", text) from None
    if _depth_exceeds(tree, MAX_DEPTH):
        raise FormulaError(f"nested more than {MAX_DEPTH} deep: name parts of it in [define]", text)
    return tree


def lone_equals(text: str) -> int | None:
    """Where a single `=` stands outside all brackets; None if nowhere."""
    depth = 0
    for column, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        around = text[max(column - 1, 0) : column] + text[column + 1 : column + 2]
        if character == "=" and depth == 0 and not set(around) & set("=<>!:+-*/@%&|^"):
            return column
    return None


def _depth_exceeds(tree: ast.AST, limit: int) -> bool:
    level: list[ast.AST] = [tree]
    for _ in range(limit):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return False
    return True
