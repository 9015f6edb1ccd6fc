"""LaTeX: text is inert, long lines are broken without losing anything, and what is written can be typeset."""

import re
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symbackprop.derivation.chain_rule import chain_rule
from symbackprop.derivation.delta_rule import delta_rule
from symbackprop.model.build import graph_from_formulas
from symbackprop.model.derivation_file import DerivationFile, Request, load
from symbackprop.pipeline import second_report
from symbackprop.proof.verdict import Kind, Verdict
from symbackprop.write.blocks import Code, Document, Equation, Equations, Math, Mono, Paragraph, Table, words
from symbackprop.write.breaks import broken, fits
from symbackprop.write.document import document
from symbackprop.write.layout import tokens, width
from symbackprop.write.report import ClaimReport, GradientReport, LossReport, Report
from symbackprop.write.tex import shared, tex
from symbackprop.write.tex_equations import equation_rows
from symbackprop.write.tex_text import code_line, declarations, escaped, mono

DERIVATIONS = Path(__file__).parents[2] / "derivations"
# Every command that text may turn into, and nothing else.
INERT = re.compile(
    r"(?:[^\\{}$&#%_^~]|\\(?:textbackslash|textasciicircum|textasciitilde|textless|textgreater|textbar|textquotesingle"
    r"|textasciigrave|textquotedbl)\{\}|\\[{}$&#%_]|\{\})*"
)


@lru_cache
def source(name: str) -> str:
    """The LaTeX of a derivation file, verdicts by hand."""
    file = load(DERIVATIONS / f"{name}.toml")
    proved = Verdict(kind=Kind.PROVED, obligations=1)
    losses = [
        LossReport(
            loss=request.loss,
            chain=chain_rule(file.graph, request.loss, request.wrt),
            delta=delta_rule(file.graph, request.loss, request.wrt),
            adjoint_verdicts={},
            gradients=tuple(GradientReport(loss=request.loss, name=v, verdict=proved) for v in request.wrt),
        )
        for request in file.requests
    ]
    claims = tuple(ClaimReport(relation=claim, verdict=proved) for claim in file.claims)
    return tex(document(Report(file=file, losses=tuple(losses), claims=claims)))


# Text


@given(st.text())
def test_no_text_is_a_command(text: str) -> None:
    assert INERT.fullmatch(escaped(text))
    assert INERT.fullmatch(mono(text).removeprefix(r"\texttt{")[:-1])
    assert INERT.fullmatch(
        re.sub(r"\\codeline\{\d+\}\{(.*)\}", r"\1", code_line(text), flags=re.DOTALL).replace("~", "")
    )


@given(st.text(alphabet=st.characters(min_codepoint=128)))
def test_every_character_beyond_ascii_is_declared_or_part_of_the_fonts(text: str) -> None:
    shown = escaped(text)
    declared = {int(m, 16) for m in re.findall(r"DeclareUnicodeCharacter\{(\w+)\}", "".join(declarations(shown)))}
    for character in shown:
        assert character.isascii() or ord(character) in declared or ord(character) in range(0xA0, 0x2027)


def test_text_from_a_file_cannot_leave_its_place() -> None:
    wicked = r"\input{/etc/passwd} \end{document} $x$ % & # ^ ~ _ { }"
    shown = tex(Document(title=wicked, source=wicked, blocks=(Code(wicked), Paragraph((Mono(wicked), wicked)))))
    assert r"\input" not in shown
    assert shown.count(r"\end{document}") == 1


def test_code_keeps_its_indentation_and_its_quotes() -> None:
    assert code_line("    a = 'b'") == r"\codeline{4}{a = \textquotesingle{}b\textquotesingle{}}"


# Layout


FORMULAS = st.recursive(
    st.sampled_from(["x", "W_{12}", r"\delta^{(1)}_{i}", r"\frac{\partial E}{\partial w_{ij}}", "0.5", r"\sigma(z)"]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=6).map(" + ".join),
        st.lists(inner, min_size=2, max_size=6).map(r"\,".join),
        inner.map(lambda text: rf"\left({text}\right)"),
        inner.map(lambda text: rf"\sum_{{k=1}}^{{n}} {text}"),
        inner.map(lambda text: f"e^{{{text}}}"),
    ),
    max_leaves=30,
)


def one_size(formula: str) -> str:
    """The formula with brackets of one size only, within which lines may end."""
    return re.sub(r"\\(?:left|right|bigg?[lr])(?=[()])", "", formula)


@given(FORMULAS, st.floats(40, 400))
def test_a_break_loses_nothing_and_cuts_no_group(formula: str, room: float) -> None:
    pieces = broken(formula, room, room - 20)
    assert one_size("".join(pieces)) == one_size(formula)
    for piece in pieces:
        words_ = tokens(piece)
        assert words_.count("{") == words_.count("}")
        assert sum(w.startswith(r"\left") for w in words_) == sum(w.startswith(r"\right") for w in words_)


@pytest.mark.parametrize(
    ("formula", "pieces"),
    [
        (r"(a - b)(c - d)^{2}(e - f)", ["(a - b)", "(c - d)^{2}", "(e - f)"]),
        (r"\left(a\right)\sigma\left(b\right)\sigma'\left(c\right)",
         [r"\left(a\right)", r"\sigma\left(b\right)", r"\sigma'\left(c\right)"]),
        (r"\sum_{i=1}^{n} \sum_{j=1}^{n} (a - b)", [r"\sum_{i=1}^{n} \sum_{j=1}^{n} (a - b)"]),
        (r"\mathbf{1}[z > 0]x", [r"\mathbf{1}[z > 0]", "x"]),
    ],
)  # fmt: skip
def test_a_line_may_end_behind_a_bracket_but_not_behind_a_sum_sign(formula: str, pieces: list[str]) -> None:
    room = max(map(width, pieces))
    assert broken(formula, room, room) == pieces


@pytest.mark.parametrize(
    ("formula", "pieces"),
    [
        (r"\frac{1}{n}\left(\frac{a}{n} + \frac{b}{n} - c\right)^{2}x",
         [r"\frac{1}{n}\biggl(\frac{a}{n} ", r"+ \frac{b}{n} ", r"- c\biggr)^{2}", "x"]),
        (r"\sum_{i=1}^{n} (-a - b)", [r"\sum_{i=1}^{n} \bigl(-a ", r"- b\bigr)"]),
        (r"\left(2(a + b)\right)_{ij}", [r"\biggl(2\bigl(a ", r"+ b\bigr)\biggr)_{ij}"]),
        (r"\left(a\right)\left(\frac{(b + c)}{2}\right)", [r"\left(a\right)", r"\left(\frac{(b + c)}{2}\right)"]),
    ],
)  # fmt: skip
def test_a_line_ends_within_brackets_where_all_else_fails(formula: str, pieces: list[str]) -> None:
    assert broken(formula, 1.0, 1.0) == pieces


@given(FORMULAS, st.floats(40, 400))
def test_brackets_within_which_lines_end_come_in_pairs(formula: str, room: float) -> None:
    open_ = []
    for token in tokens("".join(broken(formula, room, room - 20))):
        if token in (r"\bigl(", r"\biggl("):
            open_.append(token)
        elif token in (r"\bigr)", r"\biggr)"):
            assert open_.pop() == token.replace("r)", "l(")
    assert not open_


@pytest.mark.parametrize(
    "formula", [r"(a + b)(c + d)(e + f)", r"aaa\,bbb\,ccc\,ddd", r"\frac{aaaaaaa}{n}\sum_{i=1}^{n} a_{i}\,b_{i}"]
)
def test_a_product_goes_on_with_a_dot(formula: str) -> None:
    _, *others = equation_rows(Equation("x", (formula,)), 60.0)
    signs = [row.removeprefix(r" &\quad {}") for row in others]
    assert signs and all(sign.startswith((r"\cdot ", "+ ")) for sign in signs)
    assert any(sign.startswith(r"\cdot ") for sign in signs)


@given(FORMULAS)
def test_a_formula_that_fits_is_not_broken(formula: str) -> None:
    assert broken(formula, width(formula) + 1, 10) == [formula]
    assert fits(formula, width(formula) + 1, 1)


@given(FORMULAS, FORMULAS)
def test_a_longer_formula_is_wider(one: str, two: str) -> None:
    assert width(f"{one} + {two}") > max(width(one), width(two))


def test_a_chain_of_equations_keeps_every_part_and_sign() -> None:
    line = Equation("z", ("a" * 40, "b" * 40, "c"), (), ("=", r"\approx", r"\approx"))
    rows = equation_rows(line, 300.0)
    assert [row.strip() for row in rows] == ["z &= " + "a" * 40, r"&\approx " + "b" * 40 + r" \approx c"]


@given(st.lists(st.floats(1, 500), min_size=1, max_size=6), st.floats(50, 400))
def test_shared_widths_fit_and_widen_nothing(natural: list[float], room: float) -> None:
    widths = shared(natural, room)
    assert sum(widths) <= room + 1e-6 or sum(natural) <= room
    assert all(a <= b + 1e-9 for a, b in zip(widths, natural, strict=True))


def test_a_formula_above_has_no_empty_paragraph_before_it() -> None:
    shown = tex(Document(title="t", source="", blocks=(Paragraph(("hence",)), Equations((Equation("a", ("b",)),)))))
    assert "hence\n\\begin{align*}\na &= b\n\\end{align*}" in shown


def test_reasons_stand_at_the_margin_and_formulas_in_them_in_dollars() -> None:
    line = Equation("a", ("b",), words("with {c}", c=Math("c_{1}")))
    assert r"\reason{with $c_{1}$}" in tex(Document(title="t", source="", blocks=(Equations((line,)),)))


# The whole


@pytest.mark.parametrize("name", ["000-two-two-one-sigmoid", "004-relu-softmax", "000-hidden-delta-batch", "002-xor"])
def test_groups_and_environments_are_closed(name: str) -> None:
    text = source(name)
    assert len(re.findall(r"(?<!\\)\{", text)) == len(re.findall(r"(?<!\\)\}", text))
    assert re.findall(r"\\begin\{([^}]*)\}", text).sort() == re.findall(r"\\end\{([^}]*)\}", text).sort()
    assert set(re.findall(r"\\usepackage(?:\[[^]]*\])?\{([^}]*)\}", text)) == {
        "fontenc", "inputenc", "textcomp", "lmodern", "geometry", "amsmath", "array,longtable", "tikz"
    }  # fmt: skip


def test_there_is_no_date_and_no_place_in_the_document() -> None:
    assert not re.search(r"\\today|\\date|/work|/tmp|\d{4}-\d\d-\d\dT", source("000-two-two-one-sigmoid"))


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("name", ["000-two-two-one-sigmoid", "004-relu-softmax", "000-hidden-delta-batch"])
def test_it_can_be_typeset_and_no_line_leaves_the_page(name: str, tmp_path: Path) -> None:
    (tmp_path / "a.tex").write_text(source(name), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "a.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, timeout=60)
    log = (tmp_path / "a.log").read_text(errors="replace")
    assert done.returncode == 0, log[-2000:]
    too_wide = [float(points) for points in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log)]
    assert max(too_wide, default=0.0) <= 10.0


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_wicked_text_and_wide_tables_can_be_typeset(tmp_path: Path) -> None:
    wicked = "\\ { } $ & # % _ ^ ~ < > | ' \" ` -- δ × 中 é ∂ \x07 ``x''"
    cells = tuple(((Mono("W @ x + " * 12),), (wicked * 4,), (Math(r"a \odot b"),)) for _ in range(20))
    table = Table("lpl", (("one",), ("two",), ("three",)), cells)
    blocks = (table, Code(f"x = 1  # {wicked}\n" * 3), Paragraph((wicked, Mono(wicked))))
    (tmp_path / "a.tex").write_text(tex(Document(title=wicked, source=wicked, blocks=blocks)), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "a.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, (tmp_path / "a.log").read_text(errors="replace")[-2000:]


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize(
    ("formula", "shapes"),
    [
        ("sum(c*g*(x - mean(x))/sqrt(mean((x - mean(x))**2) + eps))", {"x": "n", "c": "n", "g": "n"}),
        ("sum((x @ x.T @ x)**2)", {"x": "N, n"}),
    ],
)
def test_second_derivatives_stay_on_the_page(formula: str, shapes: dict[str, str], tmp_path: Path) -> None:
    graph = graph_from_formulas({"L": formula}, shapes)
    file = DerivationFile(path=Path("L"), title="", source="", graph=graph, requests=(Request(loss="L", wrt=("x",)),))
    report = Report(file=file, second=(second_report(graph, "L", "x", "x"),))
    (tmp_path / "a.tex").write_text(tex(document(report)), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "a.tex"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, timeout=60)
    assert "Overfull" not in (tmp_path / "a.log").read_text(errors="replace")
