r"""The reader of matrix notation: from printed LaTeX back to arrays, so that no transpose in print is a guess.

It knows the notation from the grammar below, not from the printer. What it does not know, it refuses.

  relation    = expression ("=" | "\neq" | "<" | ">" | "\leq" | "\geq") expression
  expression  = ["-"] entrywise {("+" | "-") entrywise}
  entrywise   = product {("\odot" | "\oslash" | "\otimes") product}
  product     = factor {["\cdot"] factor}           `\sum_{i=1}^{n}` and `\log` take the rest of the product
  factor      = base ["_" "{" indices "}"] ["^" "{" ("\top" | ["\odot"] exponent) "}"]
  base        = number | name | call | "(" expression ")" | \frac | \sqrt | \lvert | \lVert | \mathbf{1}_{n} | ...

A product is one of matrices, vectors being columns; numbers scale. Arrays with more than two axes are multiplied and
transposed in the last two, for all values of those before. Powers of anything but numbers have a `\odot`.
(A)_{ij} is an entry of A where i and j have a meaning already, and otherwise the matrix whose entries are A.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

import sympy as sp

from symbackprop.tensor.nodes import Expr, extent, index, size, summation
from symbackprop.tensor.ops import ShapeError
from symbackprop.write.formulas.matrix_reader_arrays import (
    Array,
    Axis,
    entry_by_entry,
    outer,
    selected,
    times,
    transposed,
)
from symbackprop.write.formulas.matrix_reader_bases import base
from symbackprop.write.formulas.matrix_reader_words import RELATIONS, Shapes, Vocabulary
from symbackprop.write.formulas.names import Names
from symbackprop.write.formulas.reader_indices import IndexReader
from symbackprop.write.formulas.reader_tokens import CLOSING

_T = TypeVar("_T")
_MAX_DEPTH, _MAX_EXPONENT = 60, 1000
# What no factor starts with.
_ENDS = frozenset([*"-+=<>^_{}],/'.:&", *CLOSING.values(), r"\rvert", r"\rVert", r"\odot", r"\oslash", r"\otimes",
                   r"\neq", r"\leq", r"\geq", r"\\", r"\end"])  # fmt: skip
_ENTRYWISE: Mapping[str, Callable[[Array, Array], Array]] = {
    r"\odot": lambda a, b: entry_by_entry(sp.Mul, a, b),
    r"\oslash": lambda a, b: entry_by_entry(lambda u, v: u / v, a, b),
    r"\otimes": outer,
}


def read_matrix(text: str, names: Names, shapes: Shapes) -> Array:
    """The array that `text` prints; `shapes` has the shape of every quantity by its code name.

    Raises: FormulaError for anything that is not in the grammar or does not fit.
    """
    reader = MatrixReader(text, names, shapes)
    return reader.guarded(reader.expression)


def read_relation(text: str, names: Names, shapes: Shapes) -> tuple[Array, str, Array]:
    """Both sides of a printed relation, and its sign as it is in code.

    Raises: FormulaError as `read_matrix` does.
    """
    reader = MatrixReader(text, names, shapes)
    return reader.guarded(reader.relation)


class MatrixReader(IndexReader):
    """Recursive descent over the grammar, down to factors; `matrix_reader_bases.py` has what these are made of."""

    def __init__(self, text: str, names: Names, shapes: Shapes) -> None:
        super().__init__(text, {})
        self.names, self.words = names, Vocabulary(names, shapes)
        self.depth = self.axes = 0
        self.pending: set[str] = set()  # letters of entries whose range is not known yet
        self.scripts = ""  # which scripts may follow what has just been read

    def guarded(self, rule: Callable[[], _T]) -> _T:
        """What the rule reads, if it is the whole line."""
        try:
            found = rule()
        except ShapeError as error:
            self.fail(str(error))
        if self.peek():
            self.fail(f"{self.peek()!r} after the end of the formula")
        return found

    def fresh(self, length: Expr) -> Axis:
        """A new axis; there is none of length 1."""
        self.axes += 1
        return None if length == 1 else index(f"a{self.axes}", length)

    # --- sums and products

    def relation(self) -> tuple[Array, str, Array]:
        left = self.expression()
        sign = RELATIONS.get(self.take())
        if sign is None:
            self.fail("expected a relation")
        return left, sign, self.expression()

    def expression(self) -> Array:
        total = self.signed(self.accept("-"))
        while self.peek() in ("+", "-"):
            total = self.added(total, self.signed(self.take() == "-"))
        return total

    def added(self, left: Array, right: Array) -> Array:
        return entry_by_entry(sp.Add, left, right)

    def signed(self, negative: bool) -> Array:
        term = self.entrywise()
        return entry_by_entry(lambda u: -u, term) if negative else term

    def entrywise(self) -> Array:
        left, before = self.product(), ""
        while self.peek() in _ENTRYWISE:
            operator = self.take()
            if before and r"\otimes" in (before, operator):
                self.fail(r"\otimes beside another sign without parentheses")
            left, before = _ENTRYWISE[operator](left, self.product()), operator
        return left

    def product(self) -> Array:
        left = self.factor()
        while self.peek() == r"\cdot" or self.starts_factor():
            self.accept(r"\cdot")
            left = times(left, self.factor())
        return left

    def starts_factor(self) -> bool:
        return bool(self.peek()) and self.peek() not in _ENDS

    def factor(self) -> Array:
        """Every recursion comes through here."""
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            self.fail(f"nested deeper than {_MAX_DEPTH} levels")
        self.scripts = "_^"
        found = base(self)
        allowed = self.scripts
        if "_" in allowed and self.peek() == "_":
            found = self.selection(found)
        if "^" in allowed and self.accept("^"):
            found = self.raised(found)
        self.depth -= 1
        return found

    def raised(self, base: Array) -> Array:
        self.expect("{")
        if self.accept(r"\top"):
            self.expect("}")
            return transposed(base)
        by_entry = self.accept(r"\odot")
        exponent = self.exponent()
        self.expect("}")
        if not exponent.is_number or base.is_number is by_entry:
            self.fail(r"a power is one of numbers, with \odot one of arrays")
        if exponent.expr.is_Rational and abs(exponent.expr) > _MAX_EXPONENT:
            self.fail("an exponent that is too large")
        return entry_by_entry(sp.Pow, base, exponent)

    def exponent(self) -> Array:
        """An expression, or a fraction 1/2 on one line."""
        start = self.position
        sign = -1 if self.accept("-") else 1
        above = self.product()
        if self.accept("/"):
            return entry_by_entry(lambda a, b: sign * a / b, above, self.factor())
        self.position = start
        return self.expression()

    def number_in(self, rule: Callable[[], Array]) -> Expr:
        found = rule()
        if not found.is_number:
            self.fail("expected a number, not an array")
        return found.expr

    # --- indices

    def group(self) -> Array:
        """(...), or the array (...)_{ij} of the entries within, whose letters stand for nothing yet."""
        end = self.closing()
        unknown = self.unknown_letters(end + 1)
        self.pending |= set(unknown)
        (inner,) = self.arguments(1)
        if not unknown:
            return inner
        if not inner.is_number or self.pending & set(unknown):
            self.fail("expected an entry in which each of the indices occurs")
        groups = self.index_groups(opened=False)
        texts = [text for group in groups for text in group]
        if sorted(text for text in texts if text != "1") != sorted(unknown):
            self.fail("expected each index of the array once")
        axes = [None if text == "1" else self.scope.pop(text) for text in texts]
        self.scripts = "^"
        return Array(inner.expr, (*axes, *[None] * (2 - len(axes))))

    def closing(self) -> int:
        """The place of the bracket that closes the one at this place."""
        depth, place = 1, self.position
        while depth:
            place += 1
            if place >= len(self.tokens):
                self.fail("a parenthesis that is never closed")
            token = self.tokens[place][0]
            depth += (token in CLOSING) - (token in CLOSING.values())
        return place

    def unknown_letters(self, place: int) -> list[str]:
        """The letters of a subscript at some place that stand for nothing yet: all of them or none."""
        here, self.position = self.position, place
        letters = []
        if self.looking_at(("_", "{")):
            letters = [text for group in self.index_groups(opened=False) for text in group if text.isalpha()]
        self.position = here
        unknown = [letter for letter in letters if letter not in self.scope and letter not in self.pending]
        if unknown and (len(unknown) < len(letters) or len(set(unknown)) < len(unknown)):
            self.fail("an entry with indices of which some have a meaning and some have none, or one twice")
        return unknown

    def index_text(self) -> str:
        """A number, a letter, or the colon of a whole row or column."""
        return self.take() if self.peek() == ":" else super().index_text()

    def at(self, text: str, length: Expr) -> Expr:
        """The index that is meant along an axis of that length; None for all of them."""
        if text == ":":
            return None
        if text.isdigit():
            if length.is_Integer and int(text) > length:
                self.fail(f"an axis of length {length} has no entry {text}")
            return self.one_index(text)
        if text in self.pending:
            self.pending.remove(text)
            self.scope[text] = index(self.unused(text), length)
        found = self.one_index(text)
        if extent(found) != length:
            self.fail(f"the index {text} runs to {extent(found)}, not to {length}")
        return found

    def selection(self, array: Array) -> Array:
        """An entry of a whole array, such as (A x)_{i}."""
        groups = self.index_groups(opened=False)
        count = len(array.axes) if len(array.axes) > 2 else 1 if len(array.long) < 2 else 2
        if count == 1 and sum(map(len, groups)) == 2:
            count = 2
        texts = self.separated(groups, count)
        if count == 1 and array.axes[0] is None:
            texts = ["1", *texts]
        texts += ["1"] * (len(array.axes) - len(texts))
        lengths = [sp.Integer(1) if axis is None else extent(axis) for axis in array.axes]
        positions = [self.at(text, length) for text, length in zip(texts, lengths, strict=True)]
        return selected(array, positions)

    def sum(self) -> Array:
        r"""\sum_{k=1}^{n} and the rest of the product, a number."""
        self.expect(r"\sum", "_", "{")
        letter = self.letter()
        if letter in self.scope or letter in self.pending:
            self.fail(f"the index {letter} is in use already")
        self.expect("=", "1", "}", "^", "{")
        bound = index(self.unused(letter), self.length())
        self.expect("}")
        self.scope[letter] = bound
        body = self.number_in(self.product)
        del self.scope[letter]
        return Array(summation(body, bound))

    def length(self) -> Expr:
        """A size or a positive integer."""
        if self.peek().isdigit():
            number = self.number()
            if not number.is_Integer or number < 1:
                self.fail("expected a size")
            return number
        return size(self.words.size(self))

    def arguments(self, most: int) -> list[Array]:
        """Arrays in parentheses."""
        found = self.in_parentheses(self.expression, most)
        self.scripts = "_^"
        return found
