"""The tokens of a printed line, and a cursor that takes them one by one."""

import re
from collections.abc import Callable
from typing import NoReturn, TypeVar

import sympy as sp

from symbackprop.errors import FormulaError
from symbackprop.tensor.nodes import Expr

_TOKEN = re.compile(
    r"\s+|\\,|\\left[(.]|\\right[)|]|\\bigg?l\(|\\bigg?r\)|\\[A-Za-z]+|\\_|[0-9]+|[A-Za-z]|[-+*=<>^_{}()\[\]/,'.:&]|\\\\"
)
_MAX_LENGTH, _MAX_DIGITS = 200_000, 4000
_T = TypeVar("_T")
# What closes an opening parenthesis.
CLOSING = {"(": ")", r"\left(": r"\right)", r"\bigl(": r"\bigr)", r"\biggl(": r"\biggr)"}


def lex(text: str) -> list[tuple[str, int]]:
    """Tokens and their columns, white space left out, a last empty token for the end."""
    tokens, position = [], 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise FormulaError(f"{text[position]!r} is not printed in formulas", text, position)
        token = match.group()
        if token != r"\," and not token.isspace():
            tokens.append((token, position))
        position = match.end()
    return [*tokens, ("", len(text))]


def token_texts(text: str) -> tuple[str, ...]:
    """The tokens without their columns."""
    return tuple(token for token, _ in lex(text)[:-1])


class Cursor:
    """A place in a line: what stands here, and the complaint when it is something else."""

    def __init__(self, text: str) -> None:
        if len(text) > _MAX_LENGTH:
            raise FormulaError(f"a line of {len(text)} characters; at most {_MAX_LENGTH} are read")
        self.text = text
        self.tokens, self.position = lex(text), 0

    def fail(self, message: str) -> NoReturn:
        raise FormulaError(message, self.text, self.tokens[self.position][1] if self.text else 0)

    def peek(self, ahead: int = 0) -> str:
        return self.tokens[min(self.position + ahead, len(self.tokens) - 1)][0]

    def take(self) -> str:
        token = self.peek()
        self.position += bool(token)
        return token

    def accept(self, token: str) -> bool:
        found = self.peek() == token
        self.position += found
        return found

    def expect(self, *tokens: str) -> None:
        for token in tokens:
            if not self.accept(token):
                self.fail(f"expected {token!r}, found {self.peek() or 'the end'!r}")

    def looking_at(self, words: tuple[str, ...]) -> bool:
        return all(self.peek(ahead) == word for ahead, word in enumerate(words))

    def in_parentheses(self, rule: Callable[[], _T], most: int) -> list[_T]:
        """What the rule reads, once or several times with commas between."""
        closing = CLOSING.get(self.peek())
        if closing is None:
            self.fail(f"expected an opening parenthesis, found {self.peek() or 'the end'!r}")
        self.take()
        found = [rule()]
        while len(found) < most and self.accept(","):
            found.append(rule())
        self.expect(closing)
        return found

    def number(self) -> Expr:
        """An integer or a decimal, which is exact."""
        if not self.peek().isdigit():
            self.fail(f"expected a number, found {self.peek()[:20] or 'the end'!r}")
        if self.tokens[self.position - 1][0].isdigit() and self.position:
            self.fail("two numbers side by side")
        digits = self.take()
        places = ""
        if self.peek() == "." and self.peek(1).isdigit():
            self.take()
            places = self.take()
        if len(digits + places) > _MAX_DIGITS:
            self.fail(f"a number of more than {_MAX_DIGITS} digits")
        return sp.Rational(int(digits + places), 10 ** len(places))
