r"""The reader: from printed LaTeX back to an index expression, so that a wrong line cannot be printed unnoticed.

It reads exactly the language that `latex.py` prints and nothing else. It knows that language from the grammar below,
not from the printer's tables: an error in precedence, order or parentheses on one side shows as a difference.

  expression  = ["-"] product {("+" | "-") product}
  product     = factor {["\cdot"] factor}          a factor `\sum_{k=1}^{n}` takes the rest of the product
  factor      = base ["^" "{" expression "}"]      an exponent may also be `3/2`
  base        = number | name | call | "(" expression ")" | \frac | \sqrt | e^{...} | \lvert | \max | \min
              | \mathbf{1}[...]
              | ∂f/∂v | "\left." ∂f/∂v "\right|_{\mathrm{direct}}"

∂f/∂v is the total derivative; with the bar it is the local one. ∂E/∂h may be a quantity of its own, which notation
cannot tell from the derivative that it is; `sameness.py` merges them too.
"""

from collections.abc import Callable, Mapping

import sympy as sp

from symbackprop.language.functions import maximum, minimum
from symbackprop.tensor.nodes import (
    Expr,
    Local,
    Partial,
    adjoint_name,
    delta,
    elementwise,
    entry,
    entry_indices,
    entry_name,
    extent,
    index,
    scalar,
    size,
)
from symbackprop.write.formulas.names import Names
from symbackprop.write.formulas.reader_indices import IndexReader
from symbackprop.write.formulas.reader_tokens import CLOSING
from symbackprop.write.formulas.reader_words import CALLS, COMPARISONS, tables

_MAX_DEPTH, _MAX_EXPONENT = 100, 1000
_PRIMES = 3


def read(text: str, names: Names, free: Mapping[Expr, str]) -> Expr:
    """The expression that `text` prints; `free` has the letters of its free indices.

    Raises: FormulaError for anything that `latex` does not print.
    """
    return _Reader(text, names, free).line()


def _is_entry(expr: Expr) -> bool:
    """An entry or scalar; ∂E/∂h is a quantity too."""
    return entry_name(expr) is not None or isinstance(expr, Partial)


class _Reader(IndexReader):
    """Recursive descent over the grammar."""

    def __init__(self, text: str, names: Names, free: Mapping[Expr, str]) -> None:
        super().__init__(text, free)
        self.names, self.depth = names, 0
        self.entries, self.calls = tables(names)

    # Sums and products

    def line(self) -> Expr:
        expr = self.expression()
        if self.peek():
            self.fail(f"{self.peek()!r} after the end of the formula")
        return expr

    def expression(self) -> Expr:
        return sp.Add(*(sp.Mul(*factors) for factors in self.terms()))

    def terms(self) -> list[list[Expr]]:
        """The terms, each as the list of its factors: SymPy multiplies 2(a + b) out when it meets them in pairs."""
        sign = self.accept("-")
        terms = [[sp.Integer(-1)] * sign + self.product()]
        while self.peek() in ("+", "-"):
            sign = self.take() == "-"
            terms.append([sp.Integer(-1)] * sign + self.product())
        return terms

    def product(self) -> list[Expr]:
        factors = self.factor()
        while self.peek() == r"\cdot" or self.starts_factor():
            self.accept(r"\cdot")
            factors += self.factor()
        return factors

    def starts_factor(self) -> bool:
        token = self.peek()
        return bool(token) and token not in set("-+=>^_{}[],/'") | {
            *CLOSING.values(),
            r"\right|",
            r"\rvert",
            r"\leq",
            r"\geq",
        }

    def factor(self) -> list[Expr]:
        """A factor, as the list of its own factors when it is a fraction. Every recursion comes through here."""
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            self.fail(f"nested deeper than {_MAX_DEPTH} levels")
        found = self.sum_or_fraction_or_power()
        self.depth -= 1
        return found

    def sum_or_fraction_or_power(self) -> list[Expr]:
        if self.peek() == r"\sum":
            return [self.sum()]
        if self.peek() == r"\frac" and self.peek(2) != r"\partial":
            return self.fraction()
        base = self.base()
        if not self.accept("^"):
            return [base]
        exponent = self.exponent()
        if base.is_Rational and exponent.is_Rational and abs(exponent) > _MAX_EXPONENT:
            self.fail("a power of a number that is too large to work out")
        return [sp.Pow(base, exponent)]

    def sum(self) -> Expr:
        r"""\sum_{k=1}^{n}, one or several in a row, and the rest of the product; within it, k stands for an index.

        The first of several is listed first in the limits: the ranges are fixed, so that any order will do.
        """
        bounds: dict[str, Expr] = {}
        while self.accept(r"\sum"):
            self.expect("_", "{")
            letter = self.letter()
            if letter in self.scope:
                self.fail(f"the index {letter} is in use already")
            if len(self.scope) > _MAX_DEPTH:
                self.fail(f"more than {_MAX_DEPTH} indices")
            self.expect("=", "1", "}", "^", "{")
            bounds[letter] = self.scope[letter] = index(self.unused(letter), self.expression())
            self.expect("}")
        body = sp.Mul(*self.product())
        for letter in bounds:
            del self.scope[letter]
        return sp.Sum(body, *((bound, 0, extent(bound) - 1) for bound in bounds.values()))

    def fraction(self) -> list[Expr]:
        self.expect(r"\frac")
        above = self.braced_factors()
        return above + [sp.Pow(f, -1) for f in self.braced_factors()]

    def braced_factors(self) -> list[Expr]:
        self.expect("{")
        terms = self.terms()
        self.expect("}")
        return terms[0] if len(terms) == 1 else [sp.Add(*(sp.Mul(*factors) for factors in terms))]

    def braced(self) -> Expr:
        self.expect("{")
        expr = self.expression()
        self.expect("}")
        return expr

    def exponent(self) -> Expr:
        if self.peek(1).isdigit() and self.peek(2) == "/":
            self.expect("{")
            above = self.number()
            self.expect("/")
            below = self.number()
            self.expect("}")
            return above / below
        return self.braced()

    # Bases

    def base(self) -> Expr:
        token = self.peek()
        if token.isdigit():
            return self.number()
        if token in CLOSING:
            return self.group()
        if token in _BASES:
            self.take()
            return _BASES[token](self)
        if self.looking_at(("\\mathbf", "{", "1", "}")):
            return self.indicator()
        if token == "e" and self.names.exponential == "e":
            self.take()
            self.expect("^")
            return sp.exp(self.braced())
        return self.named()

    def group(self) -> Expr:
        (inner,) = self.arguments(1)
        return inner

    def arguments(self, most: int) -> list[Expr]:
        return self.in_parentheses(self.expression, most)

    def root(self) -> Expr:
        return sp.sqrt(self.braced())

    def absolute(self) -> Expr:
        inner = self.expression()
        self.expect(r"\rvert")
        return sp.Abs(inner)

    def pair(self, meaning: Callable[[Expr, Expr], Expr]) -> Expr:
        found = self.arguments(2)
        if len(found) != 2:
            self.fail("expected two arguments")
        return meaning(*found)

    def pi(self) -> Expr:
        return sp.pi

    def indicator(self) -> Expr:
        """[u > v], [u = v] or, of indices, [i = j]."""
        self.position += 4
        self.expect("[")
        if self.peek() in self.scope:
            i = self.one_index(self.letter())
            self.expect("=")
            j = self.one_index(self.take() if self.peek().isdigit() else self.letter())
            self.expect("]")
            return delta(i, j)
        left = self.expression()
        kind = COMPARISONS.get(self.take())
        if kind is None:
            self.fail("expected a comparison")
        right = sp.Add(*(sp.Mul(-1, *factors) for factors in self.terms()))
        self.expect("]")
        return kind(left + right)

    def derivative(self) -> Expr:
        """The total derivative, which may be a quantity of its own."""
        f, v = self.derived()
        code = adjoint_name(entry_name(f) or "", entry_name(v) or "")
        if code in self.names.adjoints:
            return entry(code, *entry_indices(f), *entry_indices(v))
        return Partial(f, v)

    def local(self) -> Expr:
        r"""\left.\frac{\partial f}{\partial v}\right|_{\mathrm{direct}}."""
        self.expect(r"\frac")
        f, v = self.derived()
        self.expect(r"\right|", "_", "{", r"\mathrm", "{", *"direct", "}", "}")
        return Local(f, v)

    def derived(self) -> tuple[Expr, Expr]:
        r"""What is differentiated and by what: \frac{\partial f}{\partial v}, or \frac{\partial}{\partial v}(f)."""
        self.expect("{", r"\partial")
        f = None if self.peek() == "}" else self.named()
        self.expect("}", "{", r"\partial")
        v, *more = self.factor()
        self.expect("}")
        if more or not _is_entry(v) or not (f is None or _is_entry(f)):
            self.fail("derivatives are of entries by entries")
        return (self.group() if f is None else f), v

    # Names

    def named(self) -> Expr:
        """A function with its arguments, a size, a scalar or an entry: the longest name that stands here."""
        calls = [words for words in self.calls if self.looking_at(words)]
        entries = [words for words in self.entries if self.looking_at(words)]
        if not calls and not entries:
            self.fail(f"{self.peek() or 'the end'!r} where a number, a name or a formula was expected")
        words = max([*calls, *entries], key=len)
        self.position += len(words)
        if words in self.calls:
            return self.call(self.calls[words])
        code = self.entries[words]
        if code in self.names.sizes:
            return size(code)
        rank = self.names.ranks[code]
        if rank == 0:
            return scalar(code)
        return entry(code, *self.indices(rank, bool(self.names.quantities[code].lower)))

    def call(self, name: str) -> Expr:
        order = 0
        while self.accept("'"):
            order += 1
        if order == 0 and self.looking_at(("^", "{", "(")):
            self.position += 3
            order = int(self.number())
            if not _PRIMES < order < 20:
                self.fail("the first derivatives carry primes, high ones are not printed")
            self.expect(")", "}")
        if order == 0 and name in CALLS:
            (argument,) = self.arguments(1)
            return CALLS[name](argument)
        code = next(code for code, symbol in self.names.functions.items() if symbol.text == name)
        return elementwise(code, order)(*self.arguments(8))


_BASES: Mapping[str, Callable[[_Reader], Expr]] = {
    r"\sqrt": _Reader.root,
    r"\lvert": _Reader.absolute,
    r"\frac": _Reader.derivative,
    r"\left.": _Reader.local,
    r"\pi": _Reader.pi,
    r"\max": lambda reader: reader.pair(maximum),
    r"\min": lambda reader: reader.pair(minimum),
}
