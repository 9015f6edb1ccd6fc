r"""The words of matrix notation: names of quantities, sizes and functions, signs, and what each of them means."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

import sympy as sp

from symbackprop.errors import FormulaError
from symbackprop.language.functions import maximum, minimum
from symbackprop.tensor.nodes import Expr, IsZero, Partial, Positive, elementwise, entry
from symbackprop.write.formulas.matrix_reader_arrays import (
    Array,
    Fresh,
    diagonal,
    log_softmax,
    softmax,
    trace,
)
from symbackprop.write.formulas.names import Names
from symbackprop.write.formulas.reader_tokens import Cursor, token_texts
from symbackprop.write.formulas.symbols import Symbol

Shapes = Mapping[str, tuple[Expr, ...]]
_ADJOINT = re.compile(r"d\((\w+), (\w+)\)")

RELATIONS = {"=": "==", r"\neq": "!=", "<": "<", ">": ">", r"\leq": "<=", r"\geq": ">="}
INDICATORS: Mapping[str, Callable[[Expr, Expr], Expr]] = {
    "=": lambda u, v: IsZero(u - v),
    r"\neq": lambda u, v: 1 - IsZero(u - v),
    ">": lambda u, v: Positive(u - v),
    "<": lambda u, v: Positive(v - u),
    r"\geq": lambda u, v: Positive(u - v) + IsZero(u - v),
    r"\leq": lambda u, v: Positive(v - u) + IsZero(u - v),
}
# Functions of numbers that are no `Elementwise`, and their derivatives.
SMOOTH: Mapping[str, tuple[Callable[[Expr], Expr], Callable[[Expr], Expr]]] = {
    "exp": (sp.exp, sp.exp),
    "log": (sp.log, lambda u: 1 / u),
    "sin": (sp.sin, sp.cos),
    "cos": (sp.cos, lambda u: -sp.sin(u)),
    "tanh": (sp.tanh, lambda u: 1 - sp.tanh(u) ** 2),
    "erf": (sp.erf, lambda u: 2 * sp.exp(-(u**2)) / sp.sqrt(sp.pi)),
    "sqrt": (sp.sqrt, lambda u: 1 / (2 * sp.sqrt(u))),
    "abs": (sp.Abs, sp.sign),
    "sign": (sp.sign, lambda u: sp.Integer(0)),
}
PAIRS: Mapping[str, Callable[[Expr, Expr], Expr]] = {r"\max": maximum, r"\min": minimum}
WHOLE: Mapping[str, Callable[[Array, Fresh], Array]] = {
    r"\operatorname{softmax}": softmax,
    r"\log\operatorname{softmax}": log_softmax,
    r"\operatorname{diag}": diagonal,
    r"\operatorname{tr}": trace,
}
NEXT = r"\operatorname{next}"


def function_of_entries(code: str, order: int) -> Callable[..., Expr] | None:
    """A function or its derivative; None for a derivative that no formula has."""
    if code not in SMOOTH:
        return elementwise(code, order) if order < 4 else None
    return SMOOTH[code][order] if order < 2 else None


class Kind(Enum):
    """What a name stands for."""

    SIZE = auto()
    WHOLE = auto()  # a quantity, or a derivative that has a name
    RAISED = auto()  # its transpose, the sign standing behind what stands above the symbol
    OPENED = auto()  # with a subscript that goes on with indices
    FUNCTION = auto()
    PAIR = auto()
    ARRAY = auto()
    NEXT = auto()


@dataclass(frozen=True, slots=True)
class Word:
    """A name as it is printed: what it stands for, and which scripts its symbol leaves room for."""

    kind: Kind
    code: str
    scripts: str = "_^"


class Vocabulary:
    """Every name that may be printed, by its tokens."""

    def __init__(self, names: Names, shapes: Shapes) -> None:
        self.shapes = shapes
        self.words: dict[tuple[str, ...], Word] = {}
        for code, symbol in names.sizes.items():
            self.add(symbol, Word(Kind.SIZE, code, _room(symbol)))
        for code, symbol in names.quantities.items():
            if self.knows(code):
                self.add_quantity(code, symbol)
        for code, symbol in names.functions.items():
            self.add(symbol, Word(Kind.FUNCTION, code))
        fixed = {Kind.PAIR: PAIRS, Kind.ARRAY: WHOLE, Kind.NEXT: [NEXT]}
        for kind, texts in fixed.items():
            for text in texts:
                self.words.setdefault(token_texts(text), Word(kind, text))

    def add(self, symbol: Symbol, word: Word) -> None:
        tokens = token_texts(symbol.text)
        if tokens in self.words:
            raise FormulaError(f"{word.code} and {self.words[tokens].code} share the name {symbol.text}")
        self.words[tokens] = word

    def add_quantity(self, code: str, symbol: Symbol) -> None:
        self.add(symbol, Word(Kind.WHOLE, code, _room(symbol)))
        if not self.shape(code):
            return
        raised = Symbol(symbol.nucleus, symbol.upper + r"\top", symbol.lower)
        self.add(raised, Word(Kind.RAISED, code, ""))
        if symbol.lower:
            # The subscript of \delta_{o} stays open for the indices of \delta_{o,i}.
            self.words[(*token_texts(symbol.text)[:-1], ",")] = Word(Kind.OPENED, code, _room(symbol))

    def knows(self, code: str) -> bool:
        match = _ADJOINT.fullmatch(code)
        return all(name in self.shapes for name in (match.groups() if match else [code]))

    def shape(self, code: str) -> tuple[Expr, ...]:
        """The shape of a quantity; that of f and then that of v for ∂f/∂v."""
        match = _ADJOINT.fullmatch(code)
        return self.shapes[match[1]] + self.shapes[match[2]] if match else self.shapes[code]

    def entry(self, code: str, indices: list[Expr]) -> Expr:
        """An entry of a quantity, or of ∂f/∂v."""
        match = _ADJOINT.fullmatch(code)
        if match is None:
            return entry(code, *indices)
        split = len(self.shapes[match[1]])
        return Partial(entry(match[1], *indices[:split]), entry(match[2], *indices[split:]))

    def take(self, cursor: Cursor) -> Word:
        """The longest name that stands here."""
        found = [tokens for tokens in self.words if cursor.looking_at(tokens)]
        if not found:
            cursor.fail(f"{cursor.peek() or 'the end'!r} where a number, a name or a formula was expected")
        tokens = max(found, key=len)
        cursor.position += len(tokens)
        return self.words[tokens]

    def size(self, cursor: Cursor) -> str:
        word = self.take(cursor)
        if word.kind is not Kind.SIZE:
            cursor.fail(f"{word.code} is no size")
        return word.code

    def starts_with(self, token: str) -> bool:
        """Whether a quantity, size or function has a name that starts so."""
        return any(tokens[0] == token for tokens in self.words)


def _room(symbol: Symbol) -> str:
    """The scripts that TeX still takes behind a symbol: one above and one below."""
    raised = symbol.upper or symbol.nucleus.endswith("'")
    return ("" if symbol.lower else "_") + ("" if raised else "^")
