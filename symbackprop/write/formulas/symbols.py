r"""A printed name as one symbol, `\hat{z}^{(1)}_{o}`, and the check that what a user wrote is one.

Nothing that passes can read a file, end the formula or start another one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from symbackprop.errors import FileError

_LOWER = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi"
_UPPER = "Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
GREEK = frozenset([*_LOWER.split(), "omega", *_UPPER.split()])
# What a user may write, and nothing else.
_LETTERLIKE = GREEK | frozenset(["varepsilon", "vartheta", "varphi", "varrho", "varsigma", "ell"])
_ACCENTS = frozenset(["hat", "bar", "tilde", "vec", "dot", "widehat", "widetilde", "overline"])
_FONTS = frozenset(["mathrm", "mathbf", "mathit", "mathsf", "mathcal", "boldsymbol"])
_TOKEN = re.compile(r"\\[A-Za-z]+|[A-Za-z0-9^_{}()',+*-]")
_MAX_LENGTH = 80


@dataclass(frozen=True, slots=True)
class Symbol:
    r"""A printed name, taken apart: `\hat{z}`, then what stands above and below it."""

    nucleus: str
    upper: str = ""
    lower: str = ""

    @property
    def head(self) -> str:
        return self.nucleus + (f"^{{{self.upper}}}" if self.upper else "")

    @property
    def text(self) -> str:
        return self.head + (f"_{{{self.lower}}}" if self.lower else "")

    def at(self, indices: Sequence[str]) -> str:
        """The name with its indices, which follow what stands below it already."""
        if not indices:
            return self.text
        listed = ("," if any(len(i) > 1 for i in indices) else "").join(indices)
        return f"{self.head}_{{{self.lower + ',' if self.lower else ''}{listed}}}"


def parse_symbol(key: str, text: str) -> Symbol:
    """The symbol that a user wrote.

    Raises: FileError unless `text` is one letter, Greek letter or word in a font, perhaps with an accent, primes and
    something above and below it.
    """
    return _SymbolParser(key, text).symbol()


class _SymbolParser:
    """A nucleus, primes, at most one superscript and one subscript; no nesting of scripts, and nothing after."""

    def __init__(self, key: str, text: str) -> None:
        self.key, self.source = key, text
        if len(text) > _MAX_LENGTH:
            self.fail(f"longer than {_MAX_LENGTH} characters")
        self.tokens = _TOKEN.findall(text)
        if "".join(self.tokens) != text.replace(" ", ""):
            stray = _TOKEN.sub("", text).replace(" ", "")[:1]
            self.fail(f"{stray!r} is not allowed in a name")
        self.tokens.append("")
        self.position = 0

    def fail(self, reason: str) -> None:
        raise FileError(f"[latex] {self.key} = {self.source!r}: {reason}")

    def take(self, expected: str = "") -> str:
        token = self.tokens[self.position]
        if expected and token != expected:
            self.fail(f"expected {expected!r}, found {token or 'the end'!r}")
        self.position += bool(token)
        return str(token)

    def symbol(self) -> Symbol:
        nucleus = self.nucleus()
        while self.tokens[self.position] == "'":
            nucleus += self.take()
        scripts = {"^": "", "_": ""}
        while (mark := self.tokens[self.position]) in scripts:
            self.take()
            if scripts[mark]:
                self.fail(f"two groups after {mark!r}")
            scripts[mark] = self.script()
        if self.tokens[self.position]:
            self.fail(r"a name is one symbol: wrap a word as \mathrm{word} and a script as ^{...} or _{...}")
        if scripts["^"] and nucleus.endswith("'"):
            self.fail("primes and a superscript together; choose one of them")
        return Symbol(nucleus, scripts["^"], scripts["_"])

    def nucleus(self) -> str:
        token = self.take()
        if re.fullmatch("[A-Za-z]", token):
            return token
        if token == "{":
            inner = self.nucleus()
            self.take("}")
            return inner
        if token[1:] in _ACCENTS:
            return f"{token}{{{self.nucleus()}}}"
        return self.macro(token)

    def macro(self, token: str) -> str:
        """A Greek letter, or a word in a font."""
        if token[1:] in _FONTS:
            self.take("{")
            word = self.word()
            self.take("}")
            return f"{token}{{{word}}}"
        if token[:1] != "\\" or token[1:] not in _LETTERLIKE:
            self.fail(f"{token or 'the end'!r} where a letter, a Greek letter or a font was expected")
        return token

    def word(self) -> str:
        """The letters and digits of a word in a font, or one Greek letter."""
        if self.tokens[self.position][1:] in _LETTERLIKE:
            return self.take()
        word = ""
        while re.fullmatch("[A-Za-z0-9]", self.tokens[self.position]):
            word += self.take()
        if not word:
            self.fail("a font without a word")
        return word

    def script(self) -> str:
        """One character or macro, or a braced group of them; parentheses in it must balance."""
        if self.tokens[self.position] != "{":
            return self.script_item()
        self.take("{")
        items: list[str] = []
        while self.tokens[self.position] not in ("}", ""):
            space = " " if items and re.search(r"\\[A-Za-z]+$", items[-1]) else ""
            item = self.script_item()
            items.append(space + item if item[0].isalpha() else item)
        self.take("}")
        if not items or _depths(items) is None:
            self.fail("an empty script or unbalanced parentheses")
        return "".join(items)

    def script_item(self) -> str:
        token = self.take()
        return token if re.fullmatch(r"[A-Za-z0-9(),'+*-]", token) else self.macro(token)


def _depths(items: Sequence[str]) -> list[int] | None:
    """How deep in parentheses each item stands; None when they do not balance."""
    depths = [0]
    for item in items:
        depths.append(depths[-1] + (item == "(") - (item == ")"))
    return depths if min(depths) == 0 and depths[-1] == 0 else None
