"""Names look as the field writes them, no two look alike, and nothing but a symbol gets into a document."""

import itertools
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symbackprop.errors import FileError
from symbackprop.model.build import graph_from_formulas
from symbackprop.tensor.nodes import index, is_adjoint, size
from symbackprop.write.formulas.names import Names, make_names
from symbackprop.write.formulas.symbols import parse_symbol

from .graph_names import names_of_graph


@pytest.mark.parametrize(
    ("code", "rank", "expected"),
    [
        ("x", 1, "x"),
        ("eta", 0, r"\eta"),
        ("lambda_", 0, r"\lambda"),
        ("Gamma", 2, r"\Gamma"),
        ("z1", 1, "z^{(1)}"),
        ("W12", 2, "W^{(12)}"),
        ("y_hat", 0, r"\hat{y}"),
        ("x_bar", 1, r"\bar{x}"),
        ("sigma_tilde", 1, r"\tilde{\sigma}"),
        ("x1", 0, "x_{1}"),
        ("W_in", 2, r"W_{\mathrm{in}}"),
        ("W_in2", 2, r"W_{\mathrm{in2}}"),
        ("y1_hat", 1, r"\hat{y}^{(1)}"),
        ("net", 0, r"\mathrm{net}"),
        ("h_2", 1, "h^{(2)}"),
        ("x_in_max", 0, r"x_{\mathrm{in},\mathrm{max}}"),
        ("x2h", 2, r"\mathrm{x2h}"),
        ("pi", 0, r"\mathrm{pi}"),
    ],
)
def test_the_default_follows_from_the_spelling(code: str, rank: int, expected: str) -> None:
    assert make_names({code: rank}).quantities[code].text == expected


def test_numbers_of_defined_scalars_count_layers() -> None:
    names = make_names({"x1": 0, "z1": 0}, defined={"z1"}, sizes=["n1"], functions=["f1", "act", "phi"])
    assert names.quantities["z1"].text == "z^{(1)}"
    assert names.sizes["n1"].text == "n_{1}"
    assert [names.functions[f].text for f in ("f1", "act", "phi")] == ["f_{1}", r"\operatorname{act}", r"\phi"]


def test_deltas_are_named_after_their_pre_activation() -> None:
    ranks = {"z1": 1, "z2": 1, "a2": 1, "z_o": 0, "h": 1, "E": 0, "net": 0}
    names = make_names(
        ranks,
        defined=set(ranks),
        adjoints=[("E", name) for name in ranks],
        pre_activations={"z1", "z2", "a2", "z_o", "net"},
        overrides={"d(E,z2)": r"\Delta^{2}"},
    )
    found = {code: symbol.text for code, symbol in names.quantities.items() if is_adjoint(code)}
    assert found == {
        "d(E, z1)": r"\delta^{(1)}",
        "d(E, z2)": r"\Delta^{2}",
        "d(E, a2)": r"\delta^{(2)}",
        "d(E, z_o)": r"\delta_{\mathrm{o}}",
        "d(E, net)": r"\delta_{\mathrm{net}}",
    }
    assert names.adjoints == {"d(E, h)": ("E", "h"), "d(E, E)": ("E", "E")}


def test_two_deltas_of_one_layer_are_told_apart() -> None:
    names = make_names({"z1": 1, "u1": 1, "E": 0}, adjoints=[("E", "z1"), ("E", "u1")], pre_activations={"z1", "u1"})
    assert names.quantities["d(E, z1)"].text == r"\delta^{(1)}"
    assert names.quantities["d(E, u1)"].text == r"\delta^{(1)}_{\mathrm{u}}"


def test_a_graph_gives_names_to_all_that_it_has() -> None:
    graph = graph_from_formulas(
        {"z1": "w1 @ x", "h": "f(z1)", "o": "softplus(v @ h)", "E": "(y - o)**2/2"},
        {"w1": "m, n", "x": "n", "v": "m"},
        functions=["f"],
    )
    names = names_of_graph(graph, losses=["E"], pre_activations={"z1"}, overrides={"o": r"\hat y", "softplus": "s"})
    assert names.weights == {"w1"}
    assert set(names.sizes) == {"m", "n"}
    assert names.functions["softplus"].text == "s"
    assert names.quantities["o"].text == r"\hat{y}"
    assert names.quantities["d(E, z1)"].text == r"\delta^{(1)}"
    assert list(names.ranks)[:4] == ["w1", "x", "v", "y"]


# Clashes


def texts(names: Names) -> list[str]:
    groups = names.quantities, names.sizes, names.functions
    return [symbol.text for group in groups for symbol in group.values()]


def test_a_default_gives_way_where_it_could_be_read_as_another_name() -> None:
    assert make_names({"x1": 0, "x": 1}).quantities["x1"].text == r"\mathrm{x1}"  # x_{1} is an entry of x
    assert make_names({"x1": 0, "x": 0}).quantities["x1"].text == "x_{1}"
    assert make_names({"lambda_": 0, "lambda__": 0}).quantities["lambda__"].text == r"\mathrm{lambda\_\_}"
    assert make_names({"pi": 0, "log": 0}).quantities["log"].text == r"\mathtt{log}"
    assert make_names({"h1": 1, "h_1": 1}).quantities["h_1"].text == r"\mathrm{h\_1}"


def test_functions_give_way_to_quantities() -> None:
    assert make_names({"sigma": 0}).functions["sigmoid"].text == r"\operatorname{sigmoid}"
    assert make_names({"e": 0}).exponential == r"\exp"
    assert make_names({"y": 0}).exponential == "e"


@pytest.mark.parametrize(
    ("overrides", "pair"),
    [
        ({"a": "x", "b": "x"}, ("a", "b")),
        ({"a": "x", "b": " {x} "}, ("a", "b")),
        ({"a": "z^{1}_h", "b": "z_{h}^1"}, ("a", "b")),
        ({"v": "x", "a": "x_{1}"}, ("v", "a")),
        ({"a": "x_1", "v": "x"}, ("v", "a")),
        ({"v": r"\delta_o", "a": r"\delta_{o,1}"}, ("v", "a")),
        ({"a": "z", "b": "z^{2}"}, ("a", "b")),
        ({"a": "z", "b": "z^h"}, ("a", "b")),
        ({"a": "g'", "f": "g"}, ("a", "f")),
        ({"a": r"\pi"}, ("a", "the constant pi")),
        ({"a": r"\mathrm{log}"}, ("a", "the function log")),
        ({"a": r"\mathbf{1}"}, ("a", "the indicator")),
    ],
)
def test_a_clash_of_overrides_names_both(overrides: dict[str, str], pair: tuple[str, str]) -> None:
    with pytest.raises(FileError) as caught:
        make_names({"a": 0, "b": 0, "v": 1}, functions=["f"], overrides=overrides)
    assert all(f"{name} " in str(caught.value) for name in pair)


def test_names_that_only_share_a_letter_are_no_clash() -> None:
    overrides = {"a": "z^{(1)}", "b": "z", "v": r"z^{(2)}_{\mathrm{in}}", "c": r"\hat{z}", "d": r"\mathbf{z}"}
    names = make_names({"a": 0, "b": 0, "v": 1, "c": 0, "d": 0}, overrides=overrides)
    assert [names.quantities[code].text for code in "abcd"] == ["z^{(1)}", "z", r"\hat{z}", r"\mathbf{z}"]


words = st.text(string.ascii_lowercase[:3] + "x12_", min_size=1, max_size=4).filter(lambda w: w[0].isalpha())
greek = st.sampled_from(["sigma", "delta", "delta1", "sigma_hat", "alpha_", "pi", "e", "log", "mu_1", "relu_x"])


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.one_of(words, greek), st.integers(0, 2), min_size=1, max_size=12), st.data())
def test_no_two_names_share_a_symbol(ranks: dict[str, int], data: st.DataObject) -> None:
    codes = sorted(ranks)
    sizes = data.draw(st.lists(st.sampled_from(["n", "m1", "hidden"]), unique=True))
    functions = data.draw(st.lists(st.sampled_from(["f", "g1", "phi"]), unique=True))
    names = make_names(
        {code: rank for code, rank in ranks.items() if code not in (*sizes, *functions)} | {"loss": 0},
        defined=data.draw(st.sets(st.sampled_from(codes))),
        sizes=sizes,
        functions=functions,
        adjoints=[("loss", "loss")],
        pre_activations={"loss"},
    )
    found = texts(names)
    assert len(set(found)) == len(found)
    assert not set(names.letters) & set(found)


# What a user may write


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("z^{(1)}", "z^{(1)}"),
        (r"\hat y", r"\hat{y}"),
        (r"\hat{\mathbf{y}}_{t}", r"\hat{\mathbf{y}}_{t}"),
        ("w_h^1", "w^{1}_{h}"),
        (r"\mathit{net}_{h,1}", r"\mathit{net}_{h,1}"),
        ("W'", "W'"),
        (r"\delta^{(l+1)}", r"\delta^{(l+1)}"),
        (r"\boldsymbol{\theta}", r"\boldsymbol{\theta}"),
        (r"x_{\alpha i}", r"x_{\alpha i}"),
        ("E_{+}", "E_{+}"),
        (r"\ell", r"\ell"),
    ],
)
def test_a_symbol_is_taken_as_written(text: str, canonical: str) -> None:
    assert parse_symbol("a", text).text == canonical
    assert parse_symbol("a", canonical).text == canonical


@pytest.mark.parametrize(
    "text",
    [
        "", " ", r"\input{/etc/passwd}", r"\write18{ls}", "$", "x$", "%", "x % y", "x\\\\y", r"\def\x{}", r"\csname x",
        "x&y", "x#1", "~", "x~y", "ab", "a b", "2", "2x", "x^", "x_", "x^{", "x}", "{x", "x^{}", "x^{(1}", "x^{)(}",
        "x_1_2", "x^1^2", "x_12", "x_1 2", r"\mathrm{}", r"\mathrm{\input}", r"\hat", r"\hat{}", r"\mathrm", "x\ny",
        "x\ty", "x'^2", r"\frac{x}{y}", r"\begin{x}", r"\unknown", "é", "x\u200by", "x^{a^{b}}", "x" * 81, "١",
        r"\hat{" * 20, r"\mathtt{x}", r"\odot", r"x_{\operatorname{a}}", r"x\,y", "^2", "_1", "'", "()", "x()",
        r"\catcode`\%=12", "x^^41", "x_{1", r"\al pha", "+", "x+y",
    ],
)  # fmt: skip
def test_hostile_or_ambiguous_latex_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(FileError) as caught:
        make_names({"a": 0}, overrides={"a": text})
    message = str(caught.value)
    assert message.startswith("[latex] a = ") and "\n" not in message and len(message) < 300


@settings(max_examples=500, deadline=None)
@given(st.text(st.sampled_from("xyz1(){}^_'\\, $%&#~+-") | st.characters(max_codepoint=0x2FF), max_size=20))
def test_whatever_passes_is_harmless(text: str) -> None:
    try:
        symbol = parse_symbol("a", text)
    except FileError:
        return
    assert parse_symbol("a", symbol.text) == symbol
    assert not set(symbol.text) & set('$%&#~\n\r\t\0`"')
    assert symbol.text.count("{") == symbol.text.count("}")


@pytest.mark.parametrize("text", ["g'", "g^2", "g^{(1)}"])
def test_the_place_above_a_function_is_kept(text: str) -> None:
    with pytest.raises(FileError, match="kept for its derivative"):
        make_names({}, functions=["f"], overrides={"f": text})


@pytest.mark.parametrize("key", ["nothing", "d(E, nothing)", "d(E)", "", "i0"])
def test_an_override_for_nothing_is_an_error(key: str) -> None:
    with pytest.raises(FileError, match="no quantity, size or function"):
        make_names({"E": 0}, overrides={key: "x"})


def test_an_adjoint_may_be_named_before_anyone_asks_for_it() -> None:
    names = make_names({"E": 0, "W": 2}, overrides={"d(E,W)": "G"})
    assert names.quantities["d(E, W)"].text == "G"
    assert names.ranks["d(E, W)"] == 2


# Index letters


def test_letters_avoid_names_and_never_run_out() -> None:
    names = make_names({"i": 0, "k": 1, "x": 1}, sizes=["l"])
    assert names.letters[:3] == ("j", "p", "q")
    letters = list(itertools.islice(map(names.letter, itertools.count()), 200))
    assert len(set(letters)) == 200


def test_free_indices_keep_their_place() -> None:
    names, n = make_names({"x": 1}), size("n")
    first, second, tenth, other = (index(name, n) for name in ("i0", "i1", "i10", "t"))
    assert names.free_letters([second]) == {second: "j"}
    assert names.free_letters([tenth, second, first]) == {first: "i", second: "j", tenth: names.letter(10)}
    assert names.free_letters([other, first]) == {first: "i", other: "j"}
