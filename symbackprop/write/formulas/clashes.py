"""Which printed names could be read for each other, so that no two of them are given away in one document."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from symbackprop.write.formulas.symbols import Symbol

# Operators whose name is fixed; a derivative such as `prime(tanh, z)` uses them too.
OPERATORS = {name: rf"\{name}" for name in ("exp", "log", "sin", "cos", "tanh")} | {
    name: rf"\operatorname{{{name}}}" for name in ("erf", "sign", "abs", "sqrt")
}


@dataclass(frozen=True, slots=True)
class Claim:
    """Who uses a symbol: `rank` indices follow it, or arguments in parentheses when it is a function."""

    code: str
    symbol: Symbol
    rank: int = 0
    function: bool = False


def _alike(a: Claim, b: Claim) -> bool:
    """Whether a reader could take an expression with one name for an expression with the other."""
    one, two = a.symbol, b.symbol
    if _look(one.nucleus).rstrip("'") != _look(two.nucleus).rstrip("'"):
        return False
    if a.function or b.function:  # f'(z) is its derivative, f^{(4)}(z) its fourth
        return one.lower == two.lower or _continues(a, b) or _continues(b, a)
    if one.nucleus != two.nucleus:
        return False
    if one.upper != two.upper:
        return _is_power(one, two) or _is_power(two, one)
    return one.lower == two.lower or _continues(a, b) or _continues(b, a)


def _is_power(a: Symbol, b: Symbol) -> bool:
    """z and z^{h}: the second could be a power of the first; z^{(1)} could not, for no exponent is printed so."""
    return not a.upper and not re.fullmatch(r"\([^()]*\)", b.upper)


def _continues(a: Claim, b: Claim) -> bool:
    r"""x and x_{1}: the second could be an entry of the first; x_{\mathrm{in}} could not."""
    start = a.symbol.lower + "," if a.symbol.lower else ""
    rest = b.symbol.lower.removeprefix(start)
    return a.rank > 0 and b.symbol.lower.startswith(start) and rest != "" and not rest.startswith(r"\mathrm{")


def _look(nucleus: str) -> str:
    r"""Upright words look alike whichever macro sets them: \log, \operatorname{log} and \mathrm{log}."""
    word = re.fullmatch(r"\\(?:operatorname|mathrm)\{(\w+)\}", nucleus)
    return "\\" + word[1] if word else nucleus


_RESERVED = [
    *(Claim(f"the function {name}", Symbol(text), function=True) for name, text in OPERATORS.items()),
    Claim("the constant pi", Symbol(r"\pi")),
    Claim("the indicator [u > 0]", Symbol(r"\mathbf{1}")),
]


class Claims:
    """The symbols given away so far, by the look of their nucleus."""

    def __init__(self) -> None:
        self.taken: dict[str, list[Claim]] = {}
        for claim in _RESERVED:
            self.add(claim)

    def add(self, claim: Claim) -> None:
        self.taken.setdefault(_look(claim.symbol.nucleus).rstrip("'"), []).append(claim)

    def clash(self, claim: Claim) -> Claim | None:
        rivals = self.taken.get(_look(claim.symbol.nucleus).rstrip("'"), [])
        return next((rival for rival in rivals if _alike(claim, rival)), None)

    def first_free(self, code: str, choices: Iterable[Symbol], rank: int, function: bool) -> Symbol | None:
        """The first choice that nobody could mistake for another name, now given to `code`."""
        for symbol in choices:
            claim = Claim(code, symbol, rank, function)
            if self.clash(claim) is None:
                self.add(claim)
                return symbol
        return None
