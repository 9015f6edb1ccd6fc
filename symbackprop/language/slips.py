"""What was probably meant by a text that is no formula: signs of print, Greek letters, keywords, f'(x)."""

import ast
import re
import unicodedata
import warnings
from keyword import iskeyword

# What editors and web pages put in the place of an ASCII character, and what print has signs for.
_LOOKALIKES = {
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "`-`"),
    **dict.fromkeys("\u00a0\u2002\u2003\u2009\u200a\u202f", "a normal space"),
    **dict.fromkeys("\u00b7\u00d7\u22c5", "`*`"),
    "\u2264": "`<=`",
    "\u2265": "`>=`",
    "\u2260": "`!=`",
    "\u2261": "`==`",
    **dict.fromkeys("\u2018\u2019\u201c\u201d", "a straight quote"),
    "\u2202": "`d(f, x)` for a derivative",
    "\u2207": "`d(f, x)` for a gradient",
    "\u2032": "`prime(f, x)` for a derivative",
    "\u2211": "`sum(x)`",
    "\u221a": "`sqrt(x)`",
    "\u22a4": "`.T` for a transpose",
    "\u2299": "`*` for a product entry by entry",
    "\u2297": "`outer(x, y)`",
}
_KEYWORD_VALUES = frozenset({"True", "False", "None"})
# Names that no formula can have, and what is usual in their place.
INSTEAD = {"lambda": "lam"}
_PRIMED = re.compile(r"([A-Za-z]\w*)['\u2019\u2032]+\s*\((?:([^()]*)\))?")


def in_ascii(character: str) -> str:
    """What to write in the place of a character that is not ASCII: of a Greek letter, its name."""
    if character in _LOOKALIKES:
        return _LOOKALIKES[character]
    plain = unicodedata.normalize("NFKC", character)
    raised = unicodedata.decomposition(character).startswith("<super>")
    if plain.isascii() and plain.isalnum():
        return f"`**{plain}` for a power" if raised else f"`{plain}`"
    letter = greek_name(plain)
    return f"`{letter}`" if letter else "`**` for a power and names such as `alpha`"


def greek_name(letter: str) -> str:
    """How a Greek letter is called in formulas, `theta` or `Theta`; "" for anything else."""
    found = re.match(r"GREEK (SMALL|CAPITAL) LETTER (?:FINAL )?([A-Z]+)", unicodedata.name(letter[:1], ""))
    if found is None:
        return ""
    name = "lambda" if found[2] == "LAMDA" else found[2].lower()  # as Unicode spells it
    return INSTEAD.get(name, name) if found[1] == "SMALL" else name.capitalize()


def primed(text: str) -> tuple[int, str] | None:
    """Where f'(x) stands in a text, and what to write for it; None where it does not."""
    found = _PRIMED.search(text)
    if found is None:
        return None
    argument = (found[2] or "").strip() or "..."
    return found.start(), f"{found[0]}: the derivative of an elementwise function is prime({found[1]}, {argument})"


def keyword_as_name(text: str) -> tuple[int, str] | None:
    """The keyword of Python that keeps a text from being a formula, where it stands, and what to do."""
    found = [m for m in re.finditer(r"[A-Za-z_]\w*", text) if iskeyword(m[0]) and m[0] not in _KEYWORD_VALUES]
    for word in dict.fromkeys(m[0] for m in found):
        if _is_formula(re.sub(rf"\b{word}\b", "x", text)) or _is_formula(_without(text, [m[0] for m in found])):
            place = next(m.start() for m in found if m[0] == word)
            instead = f"write `{INSTEAD[word]}` instead" if word in INSTEAD else "choose another name"
            return place, f"`{word}` is a keyword of Python, and no name: {instead}"
    return None


def _without(text: str, words: list[str]) -> str:
    return re.sub(rf"\b({'|'.join(words)})\b", "x", text)


def _is_formula(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text.strip(), mode="eval")
    except (SyntaxError, RecursionError, MemoryError, ValueError):
        return False
    return True
