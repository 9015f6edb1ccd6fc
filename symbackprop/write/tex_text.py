"""Plain text as LaTeX: every character that TeX would take for a command is printed as itself."""

import re

_ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}",
}  # fmt: skip
# In typewriter type the quotes stay straight and no two characters join to a ligature.
_MONO = _ESCAPES | {
    "'": r"\textquotesingle{}", "`": r"\textasciigrave{}", '"': r"\textquotedbl{}", "-": "-{}", ",": ",{}",
    "<": r"\textless{}", ">": r"\textgreater{}",
}  # fmt: skip
_GREEK_NAMES = re.findall(
    r"\w+",
    """alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi o pi rho varsigma sigma tau upsilon
    varphi chi psi omega""",
)
_SYMBOLS = {
    "×": r"\times", "−": "-", "·": r"\cdot", "∂": r"\partial", "∇": r"\nabla", "Σ": r"\Sigma", "∑": r"\sum",
    "→": r"\to", "←": r"\leftarrow", "⇒": r"\Rightarrow", "≤": r"\leq", "≥": r"\geq", "≠": r"\neq", "≈": r"\approx",
    "⊙": r"\odot", "∞": r"\infty", "√": r"\surd", "ℝ": r"\mathbf{R}", "∈": r"\in", "ϵ": r"\epsilon", "′": "'",
    "Δ": r"\Delta", "Γ": r"\Gamma", "Θ": r"\Theta", "Λ": r"\Lambda", "Π": r"\Pi", "Φ": r"\Phi", "Ψ": r"\Psi",
    "Ω": r"\Omega", "±": r"\pm", "ħ": r"\hbar", "²": "^{2}", "³": "^{3}", "¹": "^{1}", "ᵀ": r"^{\mathsf{T}}",
}  # fmt: skip
_GREEK = {chr(0x3B1 + k): "o" if name == "o" else "\\" + name for k, name in enumerate(_GREEK_NAMES)}
# What the T1 font encoding has by itself, typographic marks included.
_LATIN = re.compile("(?![ĦħĸĿŀŉŦŧſ])[\u00a0-\u017f\u2013\u2014\u2018\u2019\u201c\u201d\u201e\u2026]")


def escaped(text: str) -> str:
    """Text in the running font; quotes are set as quotes."""
    text = re.sub(r'"([^"]*)"', "\u201c\\1\u201d", text)
    return "".join(_ESCAPES.get(character, character) for character in _one_line(text))


def mono(text: str) -> str:
    """Text in typewriter type; long words may break after punctuation."""
    shown = "".join(_MONO.get(character, character) for character in _one_line(text))
    return rf"\texttt{{{shown}}}"


def code_line(text: str) -> str:
    """One line of source text, its indentation kept; what is too long for the line goes on in the next."""
    text = _one_line(text.expandtabs(4)).rstrip()
    indent = len(text) - len(text.lstrip(" "))
    shown = "".join(_MONO.get(character, character) for character in text.lstrip(" "))
    return rf"\codeline{{{indent}}}{{{shown.replace('  ', ' ~')}}}"


def _one_line(text: str) -> str:
    """Control characters have no place in print."""
    return "".join(character if character.isprintable() else " " for character in text)


def declarations(text: str) -> list[str]:
    """How the characters beyond ASCII that occur in `text` are printed; one that no font has is shown by its number."""
    found: list[str] = []
    for character in sorted(set(text)):
        if character.isascii() or (_LATIN.match(character) and character not in _SYMBOLS):
            continue
        known = _SYMBOLS.get(character, _GREEK.get(character))
        shown = rf"\ensuremath{{{known}}}" if known else rf"\textsf{{[U+{ord(character):04X}]}}"
        found.append(rf"\DeclareUnicodeCharacter{{{ord(character):04X}}}{{{shown}}}")
    return found
