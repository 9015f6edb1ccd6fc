"""Networks of any depth as text: what is read, what is refused, and how they are written out."""

from dataclasses import replace
from pathlib import Path

import pytest

from symbackprop.errors import FileError, SymbackpropError
from symbackprop.model.build import graph_from_formulas
from symbackprop.model.derivation_file import read
from symbackprop.model.repeat.claims import instances
from symbackprop.model.repeat.pieces import Writer, some_layers, unrolled
from symbackprop.model.repeat.places import HERE, Indexing, Mention, Place, Total, read_template
from symbackprop.model.repeat.section import AnyDepth

INDEXING = Indexing("l", "K", frozenset({"W", "a", "z"}))
DENSE = {
    "repeat": {"index": "l", "count": "K"},
    "functions": {"f": "elementwise"},
    "shapes": {"a[l]": "n[l]", "W[l]": "n[l], n[l-1]", "b[l]": "n[l]", "y": "n[K]"},
    "define": {"z[l]": "W[l] @ a[l-1] + b[l]", "a[l]": "f(z[l])", "E": "sum((a[K] - y)**2) / 2"},
    "claims": {"weights": "d(E, W[l]) == outer(d(E, z[l]), a[l-1])"},
}
RECURRENT = {
    "repeat": {"index": "t", "count": "T", "kind": "time"},
    "shapes": {"h[t]": "n", "x[t]": "m", "y[t]": "n", "W": "n, n", "U": "n, m", "b": "n"},
    "define": {
        "z[t]": "W @ h[t-1] + U @ x[t] + b",
        "h[t]": "tanh(z[t])",
        "E": "sum(sum((h[t] - y[t])**2)/2 for t in range(1, T + 1))",
    },
    "claims": {"biases": "d(E, b) == sum(d(E, z[t]) for t in range(1, T + 1))"},
}


def changed(base: dict, **sections: dict) -> dict:
    """The file with some keys of its sections replaced; None takes a key out."""
    data = {name: dict(section) for name, section in base.items()}
    for name, section in sections.items():
        data.setdefault(name, {}).update(section)
        data[name] = {key: value for key, value in data[name].items() if value is not None}
    return data


def network(data: dict) -> AnyDepth:
    found = read(Path("any.toml"), data).any_depth
    assert found is not None
    return found


# ------------------------------------------------------------------ formulas with places


@pytest.mark.parametrize(
    ("text", "name", "place"),
    [
        ("W[l]", "W", HERE),
        ("a[l - 1]", "a", HERE.moved(-1)),
        ("z[ l+1 ]", "z", HERE.moved(1)),
        ("a[K]", "a", Place("end", 0)),
        ("a[K-1]", "a", Place("end", -1)),
        ("a[0]", "a", Place("start", 0)),
        ("W[l][0, 1]", "W", HERE),
    ],
)
def test_a_quantity_has_the_place_in_its_first_brackets(text: str, name: str, place: Place) -> None:
    assert list(read_template(text, INDEXING).mentions()) == [Mention(name, place)]


def test_a_template_put_together_again_is_the_text() -> None:
    text = "f(W[l] @ a[l-1], x[0])*0.10000000000000000000001 + sum(z[l] for l in range(1, K + 1))"
    template = read_template(text, INDEXING)
    written = "".join(
        part if isinstance(part, str) else f"{part.name}[{INDEXING.written(part.place)}]"
        for part in template.parts
        if not isinstance(part, Total)
    )
    assert written == text.split("sum(")[0]
    (total,) = template.totals()
    assert (total.low, total.high, total.body.text) == (Place("start", 1), Place("end", 0), "z[l]")


def test_indices_of_entries_are_no_places() -> None:
    assert list(read_template("x[0] + y[1, 2]", INDEXING).mentions()) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a", "a is there once in each layer: write a[l]"),
        ("l*x", "the index l stands only in brackets"),
        ("a[l*2]", "expected the number of a layer such as l, l-1, l+1, K or 0"),
        ("a[l+9]", "at most 3 layers away"),
        ("a[x]", "expected the number of a layer"),
        ("sum(a[l] for i in range(1, K + 1))", "expected a sum over layers such as sum(... for l in range(1, K + 1))"),
        ("sum(a[l] for l in x)", "expected a sum over layers"),
        ("sum(a[l] for l in range(l, K))", "expected a sum over layers"),
        ("sum(a[l] for l in range(1, K) if x)", "expected a sum over layers"),
        ("sum(sum(a[l] for l in range(1, K)) for l in range(1, K))", "a sum over layers within another one"),
    ],
)
def test_what_is_no_place_is_refused(text: str, message: str) -> None:
    with pytest.raises(SymbackpropError) as caught:
        read_template(text, INDEXING)
    assert message in str(caught.value)


# ------------------------------------------------------------------ the file


def test_what_is_carried_shared_and_read_at_the_end() -> None:
    dense, recurrent = network(DENSE).repeat, network(RECURRENT).repeat
    assert (dense.carried, dense.read_at_end, dense.shared) == (("a",), ("a",), ())
    assert (recurrent.carried, recurrent.read_at_end, recurrent.shared) == (("h",), (), ("U", "W", "b"))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (changed(DENSE, repeat={"count": None}), '[repeat] count is missing: a name such as count = "K"'),
        (changed(DENSE, repeat={"count": "l"}), "[repeat] index and count are both 'l'"),
        (changed(DENSE, repeat={"kind": "space"}), '[repeat] kind: expected "layer" or "time", found \'space\''),
        (changed(DENSE, repeat={"times": "K"}), "[repeat] 'times' is no key"),
        (changed(DENSE, repeat={"count": "a"}), "[repeat] 'a' is the index or the count"),
        (changed(DENSE, repeat={"count": "l_plus_1"}), "[repeat] 'l_plus_1' could be mistaken for a layer near 'l'"),
        (changed(DENSE, repeat={"index": "K_minus_1"}), "[repeat] 'K_minus_1' could be mistaken for a layer near 'K'"),
        (changed(DENSE, given={"y": [1]}), "[given] has no place beside [repeat]"),
        (changed(DENSE, claims={"weights": None}), "[claims] is missing"),
        (changed(DENSE, define={"E": None}), "[define] expected a layer such as"),
        (changed(DENSE, define={"E": "a[K] - y"}), "[define] E: the last definition is the loss, a scalar"),
        (changed(DENSE, define={"a[l]": "f(z[l]) + a[l-2]"}), "[define] a[l-2]: a layer reads places l and l-1 only"),
        (changed(DENSE, define={"a[l]": "f(z[l]) + b[l-1]"}), "[define] b[l-1]: only what a layer defines is carried"),
        (changed(DENSE, define={"a[l]": "f(z[l]) + E"}), "[define] E comes after the last layer"),
        (changed(DENSE, define={"E": "sum((a[K] - a[K-1])**2)"}), "[define] a[K-1]: after the last layer stands a[K]"),
        (changed(DENSE, define={"z[l]": "W[l] @ a[l] + b[l]"}), "unknown name 'a[l]'"),
        (changed(DENSE, define={"z[l]": "W[l] @ a + b[l]"}), "[define] z[l]: a is there once in each layer"),
        (changed(DENSE, define={"E": "2*sum(z[l] for l in range(1, K + 1))"}), "a sum over layers stands alone"),
        (changed(DENSE, define={"E": "sum(sum(z[l]) for l in range(2, K + 1))"}), "the loss sums over all layers"),
        (changed(DENSE, shapes={"W[l]": "n[l-1], n[l]"}), "W[l] @ a[l-1]: (n[l-1], n[l]) @ (n[l-1],): the inner sizes"),
        (changed(DENSE, shapes={"a[l]": None}), "W[l] @ a[l-1]: (n[l], n[l-1]) @ ()"),
        (changed(DENSE, shapes={"q": "m"}), "[shapes] q: nothing in the file uses this name"),
        (changed(DENSE, shapes={"a_1": "m"}), "'a_1' could be mistaken for a in one layer"),
        (changed(DENSE, shapes={"a[k]": "n"}), "'a[k]': write a name, or a name with the index as in z[l]"),
        (changed(DENSE, claims={"x": "d(E, z[l]) == q*z[l]"}), "[claims] x: unknown name 'q'"),
        (changed(DENSE, claims={"x": "d(E, z[l]) == rest_a_l*z[l]"}), "[claims] x: unknown name 'rest_a_l'"),
        (changed(DENSE, claims={"x": "d(E, z[l]) == q[l]*z[l]"}), "[claims] x: unknown name 'q'"),
        (changed(DENSE, claims={"x": "d(E, z[l]) == z_l"}), "[claims] x: unknown name 'z_l'"),
        (
            changed(DENSE, claims={"x": "d(E, z[l]) == z[l+1]"}),
            "(n[l],) and (n[l+1],): the sizes n[l] and n[l+1] differ",
        ),
        (changed(DENSE, claims={"x": "d(E, z[K]) == z[K+1]"}), "there is no layer after K"),
        (changed(DENSE, claims={"x": "z[0] == z[0]"}), "there is no z[0]"),
        (changed(DENSE, claims={"x": "z[l] <= z[l]"}), "expected one comparison `left == right` or `left != right`"),
        (changed(DENSE, claims={"x": "next(W[l]) == W[l]"}), "next(...) needs a [train] section"),
    ],
)
def test_what_makes_no_sense_is_told_in_one_line(data: dict, message: str) -> None:
    with pytest.raises(SymbackpropError) as caught:
        read(Path("any.toml"), data)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_one_name_never_stands_for_two_layers() -> None:
    repeat = replace(network(DENSE).repeat, indexing=Indexing("l", "l_plus_1", frozenset({"a"})))
    writer = Writer(repeat)
    writer.code("a", Place("end", 0))
    with pytest.raises(FileError, match="'a_l_plus_1' could mean a in two different layers"):
        writer.code("a", Place("here", 1))


# ------------------------------------------------------------------ written out


def test_a_network_of_a_given_depth_is_the_one_written_by_hand() -> None:
    piece, _ = unrolled(network(DENSE).repeat, 2)
    by_hand = graph_from_formulas(
        {
            "z_1": "W_1 @ a_0 + b_1",
            "a_1": "f(z_1)",
            "z_2": "W_2 @ a_1 + b_2",
            "a_2": "f(z_2)",
            "E": "sum((a_2 - y)**2) / 2",
        },
        {"W_1": "n_1, n_0", "b_1": "n_1", "a_0": "n_0", "W_2": "n_2, n_1", "b_2": "n_2", "y": "n_2"},
        functions=["f"],
    )
    assert piece.graph.inputs == by_hand.inputs
    assert {n: d.tensor for n, d in piece.graph.definitions.items()} == {
        n: d.tensor for n, d in by_hand.definitions.items()
    }


def test_the_sizes_of_neighbouring_layers_are_pairwise_distinct() -> None:
    piece, _ = some_layers(network(DENSE).repeat, HERE, 2)
    assert [str(piece.graph.shape(f"a_l{step}")[0]) for step in ("_minus_1", "", "_plus_1")] == [
        "n_l_minus_1",
        "n_l",
        "n_l_plus_1",
    ]


@pytest.mark.parametrize(
    ("formula", "depth", "layers"),
    [
        ("d(E, W[l]) == outer(d(E, z[l]), a[l-1])", 3, [1, 2, 3]),
        ("d(E, z[l]) == prime(f, z[l])*(W[l+1].T @ d(E, z[l+1]))", 3, [1, 2]),
        ("d(E, a[l-1]) == W[l].T @ d(E, z[l])", 3, [1, 2, 3]),
        ("d(a[l+1], a[l]) == diag(prime(f, z[l+1])) @ W[l+1]", 3, [0, 1, 2]),
        ("d(E, z[K]) == (a[K] - y)*prime(f, z[K])", 3, [3]),
    ],
)
def test_a_claim_is_about_the_layers_that_exist(formula: str, depth: int, layers: list[int]) -> None:
    found = network(changed(DENSE, claims={"it": formula}))
    claim = next(claim for claim in found.claims if claim.name == "it")
    assert [number for number, _, _ in instances(found.repeat, claim, depth)] == layers


def test_a_sum_over_layers_is_written_out() -> None:
    found = network(RECURRENT)
    ((_, relation, _),) = instances(found.repeat, found.claims[0], 3)
    assert relation.formula == "d(E, b) == ((d(E, z_1)) + (d(E, z_2)) + (d(E, z_3)))"


def test_a_file_error_names_the_place(tmp_path: Path) -> None:
    from symbackprop.model.derivation_file import load

    file = tmp_path / "deep.toml"
    file.write_text('[repeat]\nindex = "l"\n', encoding="utf-8")
    with pytest.raises(FileError, match=r"deep\.toml: \[define\] is missing"):
        load(file)
