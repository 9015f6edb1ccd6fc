"""How a code name is printed: one LaTeX name for each quantity, size and function, and no two alike.

What the user wrote in `[latex]` is taken as it is, after a check that it is one harmless symbol; every other name
follows from its spelling (`z1`, `y_hat`, `eta`). Printer and reader both ask here, so that two names which could be
read for each other are told apart before a line is printed.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from symbackprop.errors import FileError
from symbackprop.model.graph import Graph
from symbackprop.tensor.indices import children
from symbackprop.tensor.nodes import Elementwise, Expr, adjoint_name

_LOWER = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi"
_UPPER = "Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
GREEK = frozenset([*_LOWER.split(), "omega", *_UPPER.split()])
# What a user may write: nothing here can read a file, end the formula or start another one.
_LETTERLIKE = GREEK | frozenset(["varepsilon", "vartheta", "varphi", "varrho", "varsigma", "ell"])
_ACCENTS = frozenset(["hat", "bar", "tilde", "vec", "dot", "widehat", "widetilde", "overline"])
_FONTS = frozenset(["mathrm", "mathbf", "mathit", "mathsf", "mathcal", "boldsymbol"])
_TOKEN = re.compile(r"\\[A-Za-z]+|[A-Za-z0-9^_{}()',+*-]")
_MAX_LENGTH = 80

# Operators whose name is fixed; a derivative such as `prime(tanh, z)` uses them too.
OPERATORS = {name: rf"\{name}" for name in ("exp", "log", "sin", "cos", "tanh")} | {
    name: rf"\operatorname{{{name}}}" for name in ("erf", "sign", "abs", "sqrt")
}
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


@dataclass(frozen=True, slots=True)
class _Claim:
    """Who uses a symbol: `rank` indices follow it, or arguments in parentheses when it is a function."""

    code: str
    symbol: Symbol
    rank: int = 0
    function: bool = False


def _alike(a: _Claim, b: _Claim) -> bool:
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


def _continues(a: _Claim, b: _Claim) -> bool:
    r"""x and x_{1}: the second could be an entry of the first; x_{\mathrm{in}} could not."""
    start = a.symbol.lower + "," if a.symbol.lower else ""
    rest = b.symbol.lower.removeprefix(start)
    return a.rank > 0 and b.symbol.lower.startswith(start) and rest != "" and not rest.startswith(r"\mathrm{")


def _look(nucleus: str) -> str:
    r"""Upright words look alike whichever macro sets them: \log, \operatorname{log} and \mathrm{log}."""
    word = re.fullmatch(r"\\(?:operatorname|mathrm)\{(\w+)\}", nucleus)
    return "\\" + word[1] if word else nucleus


_RESERVED = [
    *(_Claim(f"the function {name}", Symbol(text), function=True) for name, text in OPERATORS.items()),
    _Claim("the constant pi", Symbol(r"\pi")),
    _Claim("the indicator [u > 0]", Symbol(r"\mathbf{1}")),
]


class _Claims:
    """The symbols given away so far, by the look of their nucleus."""

    def __init__(self) -> None:
        self.taken: dict[str, list[_Claim]] = {}
        for claim in _RESERVED:
            self.add(claim)

    def add(self, claim: _Claim) -> None:
        self.taken.setdefault(_look(claim.symbol.nucleus).rstrip("'"), []).append(claim)

    def clash(self, claim: _Claim) -> _Claim | None:
        rivals = self.taken.get(_look(claim.symbol.nucleus).rstrip("'"), [])
        return next((rival for rival in rivals if _alike(claim, rival)), None)

    def first_free(self, code: str, choices: Iterable[Symbol], rank: int, function: bool) -> Symbol | None:
        """The first choice that nobody could mistake for another name, now given to `code`."""
        for symbol in choices:
            claim = _Claim(code, symbol, rank, function)
            if self.clash(claim) is None:
                self.add(claim)
                return symbol
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The LaTeX name of everything that can occur in an expression.

    `ranks` has every quantity in order of declaration, which is the order of terms and factors in print; an adjoint
    without a symbol of its own is in `adjoints` as (loss, name) and printed as ∂loss/∂name. `weights` are the
    quantities that print puts before deltas: W_{ki} δ_k, but δ_i a_j.
    """

    ranks: Mapping[str, int]
    quantities: Mapping[str, Symbol]
    sizes: Mapping[str, Symbol]
    functions: Mapping[str, Symbol]
    adjoints: Mapping[str, tuple[str, str]]
    weights: frozenset[str]
    letters: tuple[str, ...]

    @property
    def exponential(self) -> str:
        r"""`e` as the base of powers, or `\exp` where a quantity is called e."""
        symbols = [*self.quantities.values(), *self.sizes.values(), *self.functions.values()]
        return r"\exp" if any(symbol.nucleus.rstrip("'") == "e" for symbol in symbols) else "e"

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
        """Letters for free indices: i0, i1, ... are i, j, ...; others follow in the order of their names."""
        found: dict[Expr, str] = {}
        rest = []
        for i in sorted(set(indices), key=str):
            canonical = re.fullmatch(r"i(\d{1,2})", str(i.label))
            if canonical:
                found[i] = self.letter(int(canonical[1]))
            else:
                rest.append(i)
        for i in rest:
            found[i] = self.next_letter(set(found.values()))
        return found


def names_of_graph(
    graph: Graph,
    *,
    losses: Iterable[str] = (),
    pre_activations: AbstractSet[str] = frozenset(),
    weights: AbstractSet[str] | None = None,
    overrides: Mapping[str, str] | None = None,
) -> Names:
    """Names for a graph, its sizes and functions, and the adjoints of every quantity for each of the losses.

    Without `weights`, the inputs whose name starts with w are taken for weights.

    Raises: FileError for an override that is no symbol, names nothing known or clashes.
    """
    ranks = {name: len(shape) for name, shape in graph.inputs.items()}
    ranks |= {name: len(definition.tensor.shape) for name, definition in graph.definitions.items()}
    if weights is None:
        weights = {name for name in graph.inputs if name[0] in "wW"}
    used = {f for definition in graph.definitions.values() for f in functions_in(definition.tensor.expr)}
    return make_names(
        ranks,
        defined=frozenset(graph.definitions),
        sizes=graph.sizes(),
        functions=sorted(graph.functions | used),
        adjoints=[(loss, name) for loss in losses for name in ranks],
        pre_activations=pre_activations,
        weights=weights,
        overrides=overrides,
    )


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
    claims = _Claims()
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
    claims: _Claims,
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
        claim = _Claim(code, symbol, ranks.get(code, 0), code in functions)
        rival = claims.clash(claim)
        if rival is not None:
            raise FileError(
                f"[latex] {key} = {text!r} could be read as {rival.code} = {rival.symbol.text!r}; choose another"
            )
        claims.add(claim)
        chosen[code] = symbol
    return chosen


def _give(claims: _Claims, code: str, short: Symbol, rank: int, function: bool = False) -> Symbol:
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
    nucleus = "\\" + word if word in GREEK else word if len(word) == 1 else rf"\mathrm{{{word}}}"
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
