"""The derivation file: what it means, and how it tells what is wrong with it."""

from fractions import Fraction
from pathlib import Path

import pytest

from symbackprop.errors import FileError
from symbackprop.model.derivation_file import load
from symbackprop.tensor.nodes import size

GOOD = """
title = "one layer"
[shapes]
W = "m, n"
x = "n"
y = "m"
[define]
z = "W @ x"
E = "sum((z - y)**2)/2"
[assume]
targets = "sum(y) == 1"
[train]
loss = "E"
parameters = ["W"]
learning_rate = 0.1
[given]
W = [[0.1, 1e-1], [3, -4]]
x = [1, 2]
[printed]
"z[0]" = ["0.3", "0.30"]
[claims]
"delta" = "d(E, z) == z - y"
[latex]
z = "z^{(1)}"
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "file.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_is_read_exactly(tmp_path: Path) -> None:
    file = load(write(tmp_path, GOOD))
    assert file.given["W"] == {(0, 0): Fraction(1, 10), (0, 1): Fraction(1, 10), (1, 0): 3, (1, 1): -4}
    assert dict(file.sizes) == {"m": 2, "n": 2}
    assert file.graph.shape("z") == (size("m"),)
    assert [request.wrt for request in file.requests] == [("W",)]
    assert file.printed[0].digits == ("0.3", "0.30")
    assert file.graph.assumptions[0].formula == "sum(y) == 1"


def test_only_define_is_needed(tmp_path: Path) -> None:
    file = load(write(tmp_path, '[define]\nE = "(y - w*x)**2/2"\n'))
    assert file.requests[0].loss == "E"
    assert set(file.requests[0].wrt) == {"y", "w", "x"}


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "file.toml"
    path.write_text(GOOD, encoding="utf-8-sig")
    assert load(path).title == "one layer"


def test_a_name_may_be_declared_for_its_size(tmp_path: Path) -> None:
    file = load(write(tmp_path, '[shapes]\nq = "k"\n[define]\nE = "w*sum(ones(k))"\n'))
    assert file.graph.shape("q") == (size("k"),)


def test_a_learning_rate_may_be_a_name(tmp_path: Path) -> None:
    file = load(write(tmp_path, GOOD.replace("learning_rate = 0.1", 'learning_rate = "eta"')))
    assert str(file.training.learning_rate) == "eta"


BAD = {
    "unknown section": (GOOD + "[foo]\na = 1\n", "[foo] is no section"),
    "no define": ('title = "x"\n', "[define] is missing"),
    "not TOML": ("[define\n", "is no TOML"),
    "shape": (GOOD.replace('x = "n"', 'x = "n+1"'), "[shapes] x"),
    "shape of zero": (GOOD.replace('x = "n"', 'x = "0"'), "[shapes] x"),
    "name": (GOOD.replace('z = "W @ x"', 'lambda = "W @ x"'), "keyword of Python, and no name: write lam"),
    "latex name": (GOOD.replace('z = "W @ x"', '"\\\\alpha" = "W @ x"'), "is no name"),
    "function name": (GOOD.replace('z = "W @ x"', 'sum = "W @ x"'), "function of the formula language"),
    "formula": (GOOD.replace('"W @ x"', '"W @ y"'), "the inner sizes n and m differ"),
    "order": (GOOD.replace('"W @ x"', '"W @ x*E"'), "[define] z"),
    "code": (GOOD.replace('"W @ x"', "\"__import__('os').system('x')\""), "only functions"),
    "assumption": (GOOD.replace("sum(y) == 1", "sum(y)"), "[assume] targets"),
    "loss": (GOOD.replace('loss = "E"', 'loss = "F"'), "the loss 'F' is not defined"),
    "vector loss": (GOOD.replace('loss = "E"', 'loss = "z"'), "a loss is a scalar"),
    "parameter": (GOOD.replace('["W"]', '["V"]'), "unknown name 'V'"),
    "defined parameter": (GOOD.replace('["W"]', '["z"]'), "defined by a formula"),
    "parameters": (GOOD.replace('["W"]', '"W"'), "list of names"),
    "train key": (GOOD.replace("learning_rate", "rate"), "'rate' is no key"),
    "steps": (GOOD.replace("learning_rate = 0.1", "steps = -1"), "steps"),
    "rate": (GOOD.replace("0.1", '"n/n**2*n"', 1), "a learning rate of which parts cancel; write 1"),
    "nan": (GOOD.replace("x = [1, 2]", "x = [nan, 2]"), "no finite number"),
    "inf": (GOOD.replace("x = [1, 2]", "x = [inf, 2]"), "no finite number"),
    "huge": (GOOD.replace("x = [1, 2]", "x = [1e400, 2]"), "digits"),
    "text for number": (GOOD.replace("x = [1, 2]", 'x = ["1", 2]'), "expected a number"),
    "boolean": (GOOD.replace("x = [1, 2]", "x = [true, 2]"), "expected a number"),
    "rank": (GOOD.replace("x = [1, 2]", "x = 1"), "0 axes are given"),
    "ragged": (GOOD.replace("[3, -4]", "[3]"), "different lengths"),
    "empty": (GOOD.replace("x = [1, 2]", "x = []"), "empty list"),
    "size": (GOOD.replace("x = [1, 2]", "x = [1, 2, 3]"), "the size n is 3 here and 2 above"),
    "unknown given": (GOOD.replace("x = [1, 2]", "q = [1, 2]"), "unknown name 'q'"),
    "printed": (GOOD.replace('["0.3", "0.30"]', "0.3"), "printed digits as text"),
    "printed text": (GOOD.replace('["0.3", "0.30"]', '"about 0.3"'), "printed digits as text"),
    "printed shape": (GOOD.replace('"z[0]"', '"z"'), "[printed] z: has the shape (m)"),
    "printed index": (GOOD.replace('"z[0]"', '"z[2]"'), "index 2 of z is out of range"),
    "claim": (GOOD.replace("== z - y", "== nosuch"), "[claims] delta"),
    "claim text": (GOOD.replace('"d(E, z) == z - y"', "3"), "expected a text"),
    "section type": ("define = 3\n", "must be a section"),
    "function kind": (GOOD + '[functions]\nf = "matrix"\n', "not supported"),
    "size and quantity": (GOOD.replace('y = "m"', 'y = "m"\nn = ""'), "[shapes] n: 'n' is a size"),
    "size and definition": (GOOD.replace('z = "W', 'n = "1"\nz = "W'), "[define] n: 'n' is a size"),
    "unused": (GOOD.replace('y = "m"', 'y = "m"\nV = "m"'), "[shapes] V: nothing in the file uses this name"),
    "another case": (
        GOOD.replace('y = "m"', 'Y = "m"'),
        "[shapes] Y: nothing in the file uses this name; did you mean y, which is not declared?",
    ),
    "undeclared": (GOOD.replace('x = "n"', 'X = "n"'), "x is not declared in [shapes]"),
    "huge integer": (GOOD.replace("x = [1, 2]", f"x = [1{'0' * 5000}, 2]"), "too many digits"),
    "twice": (GOOD.replace("x = [1, 2]", "x = [1, 2]\nx = [1, 2]"), "Cannot overwrite a value"),
    "step without training": (
        '[define]\nE = "w**2"\n[claims]\n"step" = "next(w) == w"\n',
        "[claims] step: next(w) needs a loss",
    ),
    "printed step without training": (
        '[define]\nE = "w**2"\n[printed]\n"next(w)" = "1"\n',
        "[printed] next(w): next(w) needs a loss",
    ),
    "near name": (GOOD.replace("d(E, z) ==", "d(E, zz) =="), "'zz' is not a quantity (did you mean z?)"),
    "no quotes": (
        GOOD.replace('"W @ x"', "W @ x"),
        '(at line 8, column 5); formulas stand in quotes: z = "W @ x"',
    ),
    "no quotes around text with quotes": (
        GOOD.replace('"W @ x"', 'einsum("ij,j->i", W, x)  # a product'),
        "formulas stand in quotes: z = 'einsum(\"ij,j->i\", W, x)'",
    ),
    "no quotes around a claim": (
        GOOD.replace('"d(E, z) == z - y"', "d(E, z) == z - y"),
        'formulas stand in quotes: "delta" = "d(E, z) == z - y"',
    ),
    "no quotes around a number": (GOOD.replace('"W @ x"', "2*x"), 'formulas stand in quotes: z = "2*x"'),
    "steps without numbers": (
        GOOD.replace("learning_rate = 0.1", "steps = 2"),
        "[train] steps: the value of 'y' is needed",
    ),
    "steps without a rate": (
        GOOD.replace("learning_rate = 0.1", 'steps = 2\nlearning_rate = "eta"').replace(
            "x = [1, 2]", "x = [1, 2]\ny = [1, 2]"
        ),
        "[train] steps: the value of 'eta' is needed",
    ),
    "two steps": (GOOD.replace('"d(E, z) == z - y"', '"next(W, 2) == W"'), "[claims] delta: next(W, 2)"),
}


@pytest.mark.parametrize("key", BAD)
def test_bad_input_is_told_in_one_line(tmp_path: Path, key: str) -> None:
    text, expected = BAD[key]
    path = write(tmp_path, text)
    with pytest.raises(FileError) as caught:
        load(path)
    message = str(caught.value)
    assert expected in message
    assert str(path) in message
    assert "\n" not in message


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be read"):
        load(tmp_path / "missing.toml")
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")
    with pytest.raises(FileError, match="not UTF-8"):
        load(binary)
    deep = write(tmp_path, "a = " + "[" * 5_000)
    with pytest.raises(FileError):
        load(deep)


@pytest.mark.parametrize("text", ["[define\n", 'z = "W @ x\n', "x = [1, 2\n", "x = [1, 2]]\n", "x\n", "= 3\n"])
def test_quotes_are_missing_only_where_a_formula_is(tmp_path: Path, text: str) -> None:
    with pytest.raises(FileError) as caught:
        load(write(tmp_path, text))
    assert "is no TOML" in str(caught.value) and "quotes:" not in str(caught.value)
