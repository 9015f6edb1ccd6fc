"""The indices in a printed line: letters with the index that each stands for in its scope, and counts from 1."""

import re
from collections.abc import Mapping

import sympy as sp

from symbackprop.tensor.nodes import Expr, extent
from symbackprop.write.formulas.reader_tokens import Cursor


class IndexReader(Cursor):
    """`scope` has the index that each letter stands for here; `free` has the letters of the free ones."""

    def __init__(self, text: str, free: Mapping[Expr, str]) -> None:
        super().__init__(text)
        lettered = {i: letter for i, letter in free.items() if extent(i) != 1}
        self.scope = {letter: i for i, letter in lettered.items()}
        if len(self.scope) < len(lettered):
            self.fail("two free indices share a letter")
        self.taken = {str(i.label) for i in free}

    def unused(self, letter: str) -> str:
        """A name for a bound index that no free index has."""
        while letter in self.taken:
            letter += "'"
        return letter

    def indices(self, rank: int, opened: bool) -> list[Expr]:
        """The indices of an entry, after an opened subscript or from its beginning."""
        return [self.one_index(text) for text in self.separated(self.index_groups(opened), rank)]

    def index_groups(self, opened: bool) -> list[list[str]]:
        """The indices of a subscript as they stand there, between its commas."""
        if not opened:
            self.expect("_", "{")
        groups: list[list[str]] = [[]]
        while not self.accept("}"):
            if self.accept(","):
                groups.append([])
            else:
                groups[-1].append(self.index_text())
        return groups

    def index_text(self) -> str:
        """A number or a letter."""
        return self.take() if self.peek().isdigit() else self.letter()

    def separated(self, groups: list[list[str]], rank: int) -> list[str]:
        """The indices one by one: without commas each is one character."""
        if len(groups) == 1 and rank > 1:
            groups = [[part] for token in groups[0] for part in (token if token.isdigit() else [token])]
        if len(groups) != rank or any(len(group) != 1 for group in groups):
            self.fail(f"expected {rank} indices")
        return [group[0] for group in groups]

    def letter(self) -> str:
        letter = self.take()
        if not re.fullmatch("[A-Za-z]", letter):
            self.fail(f"expected an index letter, found {letter or 'the end'!r}")
        while self.accept("'"):
            letter += "'"
        return letter

    def one_index(self, text: str) -> Expr:
        if text.isdigit():
            if int(text) == 0:
                self.fail("indices in print start at 1")
            return sp.Integer(int(text) - 1)
        if text not in self.scope:
            self.fail(f"the index {text} has no range here")
        return self.scope[text]
