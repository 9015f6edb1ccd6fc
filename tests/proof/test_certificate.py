"""Certificates: what the checker accepts is true, and what was altered is rejected.

A forger can write the digest anew. So every leaf of certificates is altered and signed again; what is still accepted
has to be another true statement, which ball arithmetic is asked about.
"""

import ast
import copy
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import sympy as sp

import symbackprop as sb
from symbackprop.catalogue.identities import identities
from symbackprop.errors import NotSupportedError
from symbackprop.model.build import graph_from_formulas, relation
from symbackprop.model.graph import Definition, Graph, Relation
from symbackprop.model.identity import as_file
from symbackprop.proof import checker
from symbackprop.proof.certificate import certificate
from symbackprop.proof.certificate_hints import hints_for
from symbackprop.proof.certificate_trees import HEADS
from symbackprop.proof.points.refutation import Counterexample, refute
from symbackprop.proof.verdict import Kind, Verdict
from symbackprop.proof.verify import verify
from symbackprop.tensor.differentiate import differentiate
from symbackprop.tensor.nodes import Expr, Local, Partial, delta, elementwise, entry, index, size, summation
from symbackprop.tensor.tensor import Tensor, axes

Json = Any
Given = dict[str, Any]
SOFTMAX: Given = {
    "define": {"p": "softmax(z)", "L": "-sum(y*log(p))"},
    "shapes": {"z": "n", "y": "n"},
    "assume": {"targets": "sum(y) == 1"},
}
LAYER: Given = {
    "define": {"z": "W @ x + b", "a": "sigmoid(z)", "L": "sum((a - y)**2)/2"},
    "shapes": {"W": "h, n", "x": "n", "b": "h", "y": "h"},
}
ANY: Given = {"define": {"a": "f(W @ x)", "L": "sum(a**2)"}, "shapes": {"W": "h, n", "x": "n"}, "functions": ["f"]}
NORM: Given = {"define": {"s": "sqrt(mean(x**2) + eps)", "y": "x/s"}, "shapes": {"x": "n"}, "assume": {"e": "eps > 0"}}
KINK: Given = {"define": {"a": "relu(z)", "b": "maximum(z, 0)", "c": "abs(z)"}}
LARGE: Given = {"define": {"L": "sum((W @ x)**2)/784"}, "shapes": {"W": "10, 784", "x": "784"}}
TEN: Given = {
    "define": {"p": "softmax(z)", "L": "-sum(y*log(p))", "r": "norm(z)"},
    "shapes": {"z": "10", "y": "10"},
    "assume": {"targets": "sum(y) == 1"},
}
ROOTS: Given = {"define": {"r": "norm(x)", "q": "log(t)", "m": "x/r"}, "shapes": {"x": "n", "t": ""}}
SYMMETRIC: Given = {"define": {"q": "x @ A @ x"}, "shapes": {"A": "n, n", "x": "n"}, "assume": {"sym": "A == A.T"}}
SMALL: Given = {"define": {"t": "sum(x)"}, "shapes": {"x": "2"}}

PROVED = [
    (SOFTMAX, "d(L, z) == p - y"),
    (SOFTMAX, "d(p, z) == diag(p) - outer(p, p)"),
    (SOFTMAX, "d(d(L, z), z) == diag(p) - outer(p, p)"),
    (LAYER, "d(L, W) == outer((a - y)*a*(1 - a), x)"),
    (LAYER, "d(L, x) == W.T @ d(L, z)"),
    (LAYER, "d(L, z) != a - y"),
    (LAYER, "prime(sigmoid, z) <= 1/4"),
    (LAYER, "a < 1"),
    (ANY, "d(L, W) == outer(2*a*prime(f, W @ x), x)"),
    (ANY, "d(L, W) != outer(2*a, x)"),
    (NORM, "d(y, x) == (eye(n) - outer(y, y)/n)/s"),
    (KINK, "d(a, z) == (z > 0)"),
    (KINK, "d(b, z) == (z >= 0)"),
    (KINK, "d(c, z) == sign(z)"),
    (KINK, "relu(z) - relu(-z) == z"),
    (LARGE, "d(L, W) == outer(W @ x, x)/392"),
    (TEN, "d(L, z) == p - y"),
    (TEN, "d(r, z) == z/r"),
    (ROOTS, "d(r, x) == x/r"),
    (ROOTS, "d(q, t) == 1/t"),
    (ROOTS, "tanh(t) == 2*sigmoid(2*t) - 1"),
    (ROOTS, "log(t**2*exp(t)) == 2*log(t) + t"),
    (SYMMETRIC, "d(q, x) == 2*A @ x"),
    (SMALL, "t == x[0] + x[1]"),
]


def graph_of(given: Given) -> Graph:
    return graph_from_formulas(
        given["define"], given.get("shapes"), functions=given.get("functions", ()), assume=given.get("assume")
    )


def certified(given: Given, claim: str) -> dict[str, Json]:
    graph = graph_of(given)
    statement = relation(graph, "claim", claim)
    verdict = verify(statement, graph)
    assert verdict.proved, verdict
    return certificate(statement, graph, verdict)


def signed(content: dict[str, Json]) -> dict[str, Json]:
    """As a forger leaves it."""
    return content | {"digest": checker.digest(content)}


def accepted(content: Json) -> bool:
    try:
        checker.check(content)
    except checker.Rejected as error:
        assert "\n" not in str(error)
        return False
    return True


@pytest.mark.parametrize(("given", "claim"), PROVED, ids=[claim for _, claim in PROVED])
def test_what_is_proved_has_a_certificate(given: Given, claim: str) -> None:
    made = json.loads(json.dumps(certified(given, claim)))
    assert checker.check(made).startswith(made["text"])
    assert all(condition["comparison"].endswith(" 0") for condition in made["conditions"])


@pytest.mark.parametrize("id_", sorted(identities())[::9])
def test_identities_have_certificates(id_: str) -> None:
    file = as_file(identities()[id_])
    for claim in file.claims:
        assert accepted(certificate(claim, file.graph, verify(claim, file.graph)))


def test_only_what_is_proved_has_one() -> None:
    graph = graph_of(LAYER)
    for claim in ("d(L, z) == a - y", "exp(sum(y)) >= 1 + sum(y)"):
        statement = relation(graph, "claim", claim)
        verdict = verify(statement, graph)
        if not verdict.proved:
            with pytest.raises(NotSupportedError, match="PROVED"):
                certificate(statement, graph, verdict)
        forged = Verdict(kind=Kind.PROVED, witness={"sizes": {"h": 1, "n": 1}, "values": {}})
        with pytest.raises(NotSupportedError, match="the checker does not follow"):
            certificate(statement, graph, forged)


def test_derivations_have_certificates() -> None:
    layers = [sb.Dense("h", "sigmoid"), sb.Dense("m", "softmax")]
    derived = sb.derive(sb.Network(layers, inputs="n", loss="cross_entropy"))
    equations = derived.certificates()
    assert set(equations) == {f"d(L, {name})" for name in derived.delta_rule.adjoints}
    entries = derived.oracle_certificates({"n": 2, "h": 1, "m": 2})
    assert len(entries) == 2 + 1 + 2 + 2
    for made in (*equations.values(), *entries.values()):
        assert accepted(made)


# ---------------------------------------------------------------------------------------- by itself


def test_checker_imports_the_standard_library_only() -> None:
    nodes = list(ast.walk(ast.parse(Path(checker.__file__).read_text(encoding="utf-8"))))
    imported = {alias.name.split(".")[0] for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module).split(".")[0] for node in nodes if isinstance(node, ast.ImportFrom)}
    assert imported <= set(sys.stdlib_module_names)
    assert not any(isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("eval", "exec") for node in nodes)


def test_checker_runs_alone(tmp_path: Path) -> None:
    alone = tmp_path / "checker.py"
    alone.write_bytes(Path(checker.__file__).read_bytes())
    good = certified(SOFTMAX, "d(L, z) == p - y")
    bad = copy.deepcopy(good)
    bad["statement"]["right"] = bad["statement"]["right"][::-1]
    for name, text in (("good", json.dumps(good)), ("bad", json.dumps(bad)), ("no", "{")):
        (tmp_path / f"{name}.json").write_text(text, encoding="utf-8")

    def run(*names: str) -> tuple[int, str]:
        command = [sys.executable, "-I", str(alone), *(str(tmp_path / f"{name}.json") for name in names)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
        assert not done.stderr
        return done.returncode, done.stdout

    status, output = run("good")
    assert status == 0 and "accepted: d(L, z[i0]) == " in output and "given sum(" in output
    status, output = run("good", "bad")
    assert status == 1 and "REJECTED: a wrong digest" in output and output.count("accepted") == 1
    assert run("bad", "no")[0] == 2


# ---------------------------------------------------------------------------------------- alterations


def leaves(content: Json, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Json]]:
    """Every leaf with the way to it."""
    if isinstance(content, (dict, list)) and content:
        for key, part in content.items() if isinstance(content, dict) else enumerate(content):
            yield from leaves(part, (*path, key))
    else:
        yield path, content


def alterations(content: Json) -> Iterator[tuple[tuple[Any, ...], dict[str, Json]]]:
    """The certificate with one thing changed: numbers, names, keys, order, what is there at all."""
    names = sorted({leaf for _, leaf in leaves(content) if isinstance(leaf, str) and leaf.isidentifier()})
    for path, leaf in leaves(content):
        if path[0] in ("digest", "format"):
            continue
        others: list[Any] = [None, [], "1", 7]
        if isinstance(leaf, bool) or leaf is None:
            others = [not leaf, "1"]
        elif isinstance(leaf, int):
            others += [leaf + 1, leaf - 1]
        elif isinstance(leaf, str) and leaf.lstrip("-").replace("/", "").isdigit():
            others += [str(Fraction(leaf) + 1), str(-Fraction(leaf)), str(Fraction(leaf) / 2)]
        elif isinstance(leaf, str) and leaf.isidentifier():
            position = names.index(leaf)
            others += [names[position - 1], names[(position + 1) % len(names)], leaf + "_"]
        elif isinstance(leaf, str):
            others += ["==", "!=", "<=", ">", "> 0", ">= 0", "!= 0"]
        for other in others:
            if other != leaf or type(other) is not type(leaf):
                yield path, replaced(content, path, other)
        parent = content
        for key in path[:-1]:
            parent = parent[key]
        if isinstance(parent, list):
            yield path, replaced(content, path[:-1], [*parent[: path[-1]], *parent[path[-1] + 1 :]])
            if path[-1]:
                swapped = [*parent[: path[-1] - 1], parent[path[-1]], parent[path[-1] - 1], *parent[path[-1] + 1 :]]
                yield path, replaced(content, path[:-1], swapped)


def replaced(content: Json, path: tuple[Any, ...], value: Json) -> dict[str, Json]:
    changed = copy.deepcopy(content)
    part = changed
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    return dict(changed)


ALTERED = [PROVED[k] for k in (0, 3, 5, 6, 8, 9, 10, 12, 15, 18, 20)]


@pytest.mark.parametrize(("given", "claim"), ALTERED, ids=[claim for _, claim in ALTERED])
def test_alterations_are_rejected(given: Given, claim: str) -> None:
    original = certified(given, claim)
    seen = kept = 0
    for path, changed in alterations(original):
        if json.dumps(changed) == json.dumps(original):
            continue
        seen += 1
        assert not accepted(changed)  # the digest is still the old one
        # The text of a statement is that of its trees, so that a forger has to write it anew as well.
        if path[0] == "statement":
            changed["text"] = rewritten_text(changed)
        if accepted(signed(changed)):
            kept += 1
            same = {key: value for key, value in changed.items() if key not in ("hints", "witness")}
            if same != {key: value for key, value in original.items() if key not in ("hints", "witness", "digest")} | {
                "digest": changed["digest"]
            }:
                assert is_not_refuted(changed), (path, changed["text"])
    assert seen > 100
    assert kept < seen / 5


@pytest.mark.parametrize(("given", "claim"), ALTERED[:2] + ALTERED[6:7], ids=lambda value: str(value)[:40])
def test_no_hints_prove_what_is_false(given: Given, claim: str) -> None:
    """The proof alone, with every condition it wants and without a look at the point."""
    original = certified(given, claim)
    false = 0
    for _, changed in list(alterations({"statement": original["statement"]}))[::2]:
        content = original | changed
        content["text"] = rewritten_text(content)
        try:
            checker.Theory(content)
            graph, statement, assumptions = read_back(content)
        except Exception:  # not well formed
            continue
        if statement.comparison != "==" or not isinstance(
            refute(statement, graph, assumptions=assumptions, attempts=4), Counterexample
        ):
            continue
        false += 1
        for hints in islice(hints_for(statement, graph, list(graph.definitions.values()), True), 12):
            theory = checker.Theory(content | {"hints": hints})
            with pytest.raises(checker.Rejected):
                theory.check_proof()
    assert false > 2


def rewritten_text(content: Json) -> str:
    """The text that belongs to the statement; the old one where there is none."""
    statement = content["statement"]
    try:
        left, right = (checker.show(statement[side]) for side in ("left", "right"))
    except (TypeError, ValueError, IndexError, KeyError):
        return str(content["text"])
    return f"{left} {statement['comparison']} {right}"


def is_not_refuted(content: Json) -> bool:
    """Whether ball arithmetic finds no counterexample to what an accepted certificate states."""
    graph, statement, assumptions = read_back(content)
    if statement.comparison == "!=":
        return True  # the checker has evaluated both sides itself
    return not isinstance(refute(statement, graph, assumptions=assumptions, attempts=8), Counterexample)


# ---------------------------------------------------------------------------------------- back to SymPy


def read_back(content: Json) -> tuple[Graph, Relation, tuple[Relation, ...]]:
    """Graph, statement and all that is assumed, from the trees of a certificate."""
    functions = {f["name"]: f for f in content["functions"]}
    general = content["hints"]["general"]

    def shape(sizes: list[Any]) -> tuple[Expr, ...]:
        named = [general.get(str(n), n) if isinstance(n, int) else n for n in sizes]
        return tuple(size(n) if isinstance(n, str) else sp.Integer(n) for n in named)

    def expr(tree: Json, scope: Mapping[str, Expr]) -> Expr:
        def at(i: Any) -> Expr:
            return scope[i] if isinstance(i, str) else sp.Integer(i)

        if isinstance(tree, str):
            return sp.Rational(tree)
        head, *rest = tree
        if head == "at":
            return entry(rest[0], *map(at, rest[1:]))
        if head == "delta":
            return delta(*map(at, rest))
        if head == "size":
            return size(rest[0])
        if head == "sum":
            bound = index(f"{rest[0]}_{len(scope)}", shape([rest[1]])[0])
            return summation(expr(rest[2], {**scope, rest[0]: bound}), bound)
        if head == "call":
            return call(functions[rest[0]], rest[1], [expr(part, scope) for part in rest[2:]])
        if head == "pow":
            return sp.Pow(expr(rest[0], scope), sp.Rational(rest[1]))
        parts = [expr(part, scope) for part in rest]
        kinds = {"add": sp.Add, "mul": sp.Mul, "d": Partial, "local": Local, "pi": lambda: sp.pi}
        return (kinds | {name: kind for kind, name in HEADS.items()})[head](*parts)

    def call(record: Json, order: int, arguments: list[Expr]) -> Expr:
        if record["value"] is None:
            return elementwise(record["name"], order)(*arguments)
        formals = [entry(name) for name in record["arguments"]]
        formula = expr(record["value"], {})
        for _ in range(order):
            formula = differentiate(formula, record["arguments"][0], ())
        return formula.xreplace(dict(zip(formals, arguments, strict=True)))

    def statement(record: Json) -> Relation:
        sizes = shape([extent for _, extent in record["indices"]])
        scope = {name: i for (name, _), i in zip(record["indices"], axes(sizes), strict=True)}
        sides = [Tensor(expr(record[side], scope), sizes) for side in ("left", "right")]
        comparison = record["comparison"].removesuffix(" 0")
        return Relation(name="", formula="", left=sides[0], comparison=comparison, right=sides[1])

    definitions = {}
    for d in content["definitions"]:
        sizes = shape(d["shape"])
        value = Tensor(expr(d["value"], {str(i.label): i for i in axes(sizes)}), sizes)
        definitions[d["name"]] = Definition(name=d["name"], tensor=value, formula="")
    arbitrary = frozenset(name for name, f in functions.items() if f["value"] is None)
    inputs = {name: shape(sizes) for name, sizes in content["shapes"].items()}
    graph = Graph(inputs=inputs, definitions=definitions, functions=arbitrary)
    given = tuple(map(statement, (*content["assumptions"], *content["conditions"])))
    return graph, statement(content["statement"]), given
