"""How a code name is printed: one LaTeX name for each quantity, size and function, and no two alike.

What the user wrote in `[latex]` is taken as it is, after a check that it is one harmless symbol; every other name
follows from its spelling (`z1`, `y_hat`, `eta`). Printer and reader both ask here, so that two names which could be
read for each other are told apart before a line is printed.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import chain, count

from symbackprop.errors import FileError
from symbackprop.tensor.indices import children
from symbackprop.tensor.nodes import Elementwise, Expr, adjoint_name, extent
from symbackprop.write.formulas.clashes import OPERATORS, Claim, Claims
from symbackprop.write.formulas.local_derivatives import Pairs
from symbackprop.write.formulas.symbols import GREEK, Symbol, parse_symbol

# Greek letters that code calls otherwise: `lambda` is no name in Python.
_SPELLED = {"lam": r"\lambda", "eps": r"\varepsilon"}
_FUNCTIONS = {
    "sigmoid": r"\sigma",
    "relu": r"\operatorname{ReLU}",
    "leaky_relu": r"\operatorname{LeakyReLU}",
    "elu": r"\operatorname{ELU}",
    "softplus": r"\operatorname{softplus}",
    "silu": r"\operatorname{SiLU}",
    "gelu": r"\operatorname{GELU}",
    "gelu_tanh": r"\operatorname{GELUtanh}",
    "identity": r"\operatorname{id}",
}
# In the order in which they are used; e and d are left out, for they mean something else in print.
_INDEX_LETTERS = "ijklpqrstuvmnabcghfowxyzIJKLABCDFGHMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The LaTeX name of everything that can occur in an expression.

    `ranks` has every quantity in order of declaration, which is the order of terms and factors in print; an adjoint
    without a symbol of its own is in `adjoints` as (loss, name) and printed as ∂loss/∂name. `weights` are the
    quantities that print puts before deltas: W_{ki} δ_k, but δ_i a_j. `only_direct` are the pairs (u, v) for which
    ∂u/∂v through the definition of u alone is known to be the total derivative, so that both are printed alike.
    """

    ranks: Mapping[str, int]
    quantities: Mapping[str, Symbol]
    sizes: Mapping[str, Symbol]
    functions: Mapping[str, Symbol]
    adjoints: Mapping[str, tuple[str, str]]
    weights: frozenset[str]
    only_direct: frozenset[tuple[str, str]]
    letters: tuple[str, ...]

    @property
    def exponential(self) -> str:
        r"""`e` as the base of powers, or `\exp` where a quantity is called e."""
        symbols = [*self.quantities.values(), *self.sizes.values(), *self.functions.values()]
        return r"\exp" if any(symbol.nucleus.rstrip("'") == "e" for symbol in symbols) else "e"

    def unused(self, choices: Iterable[str]) -> str:
        """The first of the symbols that names nothing here, for a sentence that needs one of its own."""
        named = (*self.quantities.values(), *self.sizes.values(), *self.functions.values())
        nuclei = {symbol.nucleus.rstrip("'") for symbol in named}
        spare = (rf"\mathrm{{u{number}}}" for number in count())
        return next(symbol for symbol in chain(choices, spare) if symbol not in nuclei)

    def letter(self, number: int) -> str:
        """The index letter of that number; after the last letter come primed ones."""
        primes, position = divmod(number, len(self.letters))
        return self.letters[position] + "'" * primes

    def next_letter(self, taken: AbstractSet[str]) -> str:
        number = 0
        while self.letter(number) in taken:
            number += 1
        return self.letter(number)

    def free_letters(self, indices: Iterable[Expr]) -> dict[Expr, str]:
        """Letters for free indices: i0, i1, ... are i, j, ...; others follow in the order of their names.

        An index that has only one value is written as this value, 1.
        """
        found: dict[Expr, str] = {}
        rest = []
        for i in sorted(set(indices), key=str):
            canonical = re.fullmatch(r"i(\d{1,2})", str(i.label))
            if extent(i) == 1:
                found[i] = "1"
            elif canonical:
                found[i] = self.letter(int(canonical[1]))
            else:
                rest.append(i)
        for i in rest:
            found[i] = self.next_letter(set(found.values()))
        return found


def functions_in(expr: Expr) -> frozenset[str]:
    """The names of the elementwise functions, named or arbitrary, that occur in `expr`."""
    found: set[str] = set()
    stack = [expr]
    while stack:
        node = stack.pop()
        if isinstance(node, Elementwise):
            found.add(node.func.function)
        stack.extend(children(node))
    return frozenset(found)


def make_names(
    ranks: Mapping[str, int],
    *,
    defined: AbstractSet[str] = frozenset(),
    sizes: Iterable[str] = (),
    functions: Iterable[str] = (),
    adjoints: Iterable[tuple[str, str]] = (),
    pre_activations: AbstractSet[str] = frozenset(),
    weights: AbstractSet[str] = frozenset(),
    direct: Pairs = frozenset(),
    overrides: Mapping[str, str] | None = None,
) -> Names:
    """Names from code names: `ranks` gives each quantity its number of indices, in order of declaration.

    Overrides come first, then the short default of each name, then its full spelling.

    Raises: FileError for an override that is no symbol, names nothing known or clashes.
    """
    sizes = tuple(sizes)
    functions = tuple(dict.fromkeys([*functions, *_FUNCTIONS]))
    written = {_code(key): (key, text) for key, text in (overrides or {}).items()}
    pairs = {adjoint_name(*pair): pair for pair in [*adjoints, *_adjoints_in(written, ranks)]}
    ranks = dict(ranks) | {code: ranks[loss] + ranks[name] for code, (loss, name) in pairs.items()}
    claims = Claims()
    chosen = _claim_overrides(claims, ranks, {*ranks, *sizes, *functions}, set(functions), written)
    plain = {
        code: _default(code, layered=code in defined or rank > 0) for code, rank in ranks.items() if code not in pairs
    }
    plain |= {code: _default(code, layered=False) for code in sizes}
    # Undecorated names choose first: of x and x1 it is x1 that gives way.
    for code in sorted(plain, key=lambda code: bool(plain[code].upper or plain[code].lower)):
        if code not in chosen:
            chosen[code] = _give(claims, code, plain[code], ranks.get(code, 0))
    for code in functions:
        if code not in chosen:
            chosen[code] = _give(claims, code, _default_function(code), 0, function=True)
    for code, (_, name) in pairs.items():
        if code not in chosen and name in pre_activations:
            delta = claims.first_free(code, _deltas(chosen[name]), ranks[code], False)
            chosen |= {code: delta} if delta else {}
    nuclei = {symbol.nucleus.rstrip("'") for symbol in chosen.values()}
    return Names(
        ranks=ranks,
        quantities={code: chosen[code] for code in ranks if code in chosen},
        sizes={code: chosen[code] for code in sizes},
        functions={code: chosen[code] for code in functions} | {c: Symbol(t) for c, t in OPERATORS.items()},
        adjoints={code: pair for code, pair in pairs.items() if code not in chosen},
        weights=frozenset(weights),
        only_direct=frozenset(direct),
        letters=tuple(c for c in _INDEX_LETTERS if c not in nuclei),
    )


def _code(key: str) -> str:
    """The code name that a key of `[latex]` means: `d(E,z)` is `d(E, z)`."""
    return re.sub(r"\s*,\s*", ", ", key.strip())


def _adjoints_in(codes: Iterable[str], ranks: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """The adjoints of known quantities among the code names."""
    for code in codes:
        match = re.fullmatch(r"d\((\w+), (\w+)\)", code)
        if match and match[1] in ranks and match[2] in ranks:
            yield match[1], match[2]


def _claim_overrides(
    claims: Claims,
    ranks: Mapping[str, int],
    known: AbstractSet[str],
    functions: AbstractSet[str],
    overrides: Mapping[str, tuple[str, str]],
) -> dict[str, Symbol]:
    """The symbols that the user chose, each checked and none like another."""
    chosen: dict[str, Symbol] = {}
    for code, (key, text) in overrides.items():
        if code not in known:
            raise FileError(f"[latex] {key}: no quantity, size or function has this name")
        symbol = parse_symbol(key, text)
        if code in functions and (symbol.upper or symbol.nucleus.endswith("'")):
            raise FileError(f"[latex] {key} = {text!r}: the place above a function is kept for its derivative")
        claim = Claim(code, symbol, ranks.get(code, 0), code in functions)
        rival = claims.clash(claim)
        if rival is not None:
            raise FileError(
                f"[latex] {key} = {text!r} could be read as {rival.code} = {rival.symbol.text!r}; choose another"
            )
        claims.add(claim)
        chosen[code] = symbol
    return chosen


def _give(claims: Claims, code: str, short: Symbol, rank: int, function: bool = False) -> Symbol:
    """The short form, or the code name spelled out; typewriter letters are kept for the last resort."""
    spelled = code.replace("_", r"\_")
    upright = Symbol(rf"\operatorname{{{spelled}}}" if function else rf"\mathrm{{{spelled}}}")
    symbol = claims.first_free(code, (short, upright, Symbol(rf"\mathtt{{{spelled}}}")), rank, function)
    assert symbol is not None, f"internal error: the code name {code!r} is given twice"
    return symbol


def _default(code: str, layered: bool) -> Symbol:
    r"""z1 -> z^{(1)} when numbers count layers, x_{1} when not; y_hat -> \hat{y}; W_in -> W_{\mathrm{in}}."""
    first, *parts = [part for part in code.split("_") if part] or [code]
    split = re.fullmatch(r"([A-Za-z]+)(\d*)", first)
    word, digits = (split[1], split[2]) if split else (first, "")
    plain = word if len(word) == 1 else rf"\mathrm{{{word}}}"
    nucleus = _SPELLED.get(word, "\\" + word if word in GREEK else plain)
    lower = []
    for part in parts:
        if part in ("hat", "bar", "tilde"):
            nucleus = rf"\{part}{{{nucleus}}}"
        elif part.isdigit() and not digits:
            digits = part
        else:
            lower.append(rf"\mathrm{{{part}}}")
    if digits and not layered:
        return Symbol(nucleus, "", ",".join([digits, *lower]))
    return Symbol(nucleus, f"({digits})" if digits else "", ",".join(lower))


def _default_function(code: str) -> Symbol:
    if code in _FUNCTIONS:
        return Symbol(_FUNCTIONS[code])
    symbol = _default(code, layered=False)
    return Symbol(symbol.nucleus.replace(r"\mathrm", r"\operatorname", 1), "", symbol.lower)


def _deltas(of: Symbol) -> tuple[Symbol, ...]:
    r"""What ∂loss/∂z may be called: \delta^{(1)} for z^{(1)}, \delta_{o} for z_{o}, \delta_{z} for z."""
    upright = of.nucleus if len(of.nucleus) > 1 else rf"\mathrm{{{of.nucleus}}}"
    short = Symbol(r"\delta", of.upper, of.lower if of.upper or of.lower else of.nucleus)
    return short, Symbol(r"\delta", of.upper, of.lower or upright)
