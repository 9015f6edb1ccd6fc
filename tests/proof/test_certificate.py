"""Certificates: what is proved has one, and both checkers of it run alone."""

import ast
import copy
import json
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import symbackprop as sb
from symbackprop.catalogue.identities import identities
from symbackprop.errors import NotSupportedError
from symbackprop.model.build import graph_from_formulas, relation
from symbackprop.model.derivation_file import load
from symbackprop.model.graph import Graph
from symbackprop.model.identity import as_file
from symbackprop.proof import checker, witness_check
from symbackprop.proof.certificate import certificate
from symbackprop.proof.certificate.entries import certificates_of_induction
from symbackprop.proof.certificate.normal import raw
from symbackprop.proof.certificate.trees import relation_json
from symbackprop.proof.check import check
from symbackprop.proof.checker.replay import Proof, check_proof
from symbackprop.proof.checker.statement import digest, text
from symbackprop.proof.checker.terms import Rejected
from symbackprop.proof.induction import Induction, prove_for_every_depth
from symbackprop.proof.verdict import Kind, Verdict
from symbackprop.proof.verify import verify

Json = Any
ROOT = Path(__file__).parents[2]
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
KINK: Given = {"define": {"a": "relu(z)", "b": "maximum(z, 0)", "c": "abs(z)", "t": "tanh(z)"}}
LARGE: Given = {"define": {"L": "sum((W @ x)**2)/784"}, "shapes": {"W": "10, 784", "x": "784"}}
TEN: Given = {
    "define": {"p": "softmax(z)", "L": "-sum(y*log(p))", "r": "norm(z)"},
    "shapes": {"z": "10", "y": "10"},
    "assume": {"targets": "sum(y) == 1"},
}
ROOTS: Given = {"define": {"r": "norm(x)", "q": "log(t)", "m": "x/r"}, "shapes": {"x": "n", "t": ""}}
SYMMETRIC: Given = {"define": {"q": "x @ A @ x"}, "shapes": {"A": "n, n", "x": "n"}, "assume": {"sym": "A == A.T"}}
SIGNS: Given = {
    "define": {"p": "softmax(z)", "r": "softmax(Z, axis=1)", "s": "logsumexp(z)"},
    "shapes": {"x": "n", "y": "n", "z": "n", "Z": "N, n", "a": "", "b": "", "c": ""},
}
LAYERS = {f"{v}{k}": f"w{k}*a{k - 1}" if v == "z" else f"sigmoid(z{k})" for k in range(1, 9) for v in "za"}
DEEP: Given = {"define": LAYERS}
SEVEN = "*".join(f"w{k}*prime(sigmoid, z{k})" for k in (1, 2, 3, 5, 6, 7, 8))
# Values of cubic functions of cubic functions of sums have many digits, and exp(E) is beyond all numbers.
NESTED: Given = {
    "define": {"z": "W @ x + b", "a": "f(z)", "v": "V @ a", "o": "g(v)", "E": "sum(r(y - o))"},
    "shapes": {"W": "m, n", "x": "n", "b": "m", "V": "k, m", "y": "k"},
    "functions": ["f", "g", "r"],
}
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
    (KINK, "a >= z"),
    (KINK, "c >= 0"),
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
    (SIGNS, "mean(x)**2 <= mean(x**2)"),
    (SIGNS, "sum(p*x)**2 <= sum(p*x**2)"),
    (SIGNS, "sum(x*y)**2 <= sum(x**2)*sum(y**2)"),
    (SIGNS, "x @ d(d(s, z), z) @ x >= 0"),
    (SIGNS, "2*sum(p*x*y) <= sum(p*x**2) + sum(p*y**2)"),
    (SIGNS, "p <= 1"),
    (SIGNS, "r <= 1"),
    (SIGNS, "x**2 <= sum(x**2)"),
    (SIGNS, "p*(1 - p) <= 1/4"),
    (SIGNS, "a*b + a*c + b*c <= a**2 + b**2 + c**2"),
    (SIGNS, "a/(1 + a**2) <= 1/2"),
    (SIGNS, "2*exp(a) <= 1 + exp(2*a)"),
    (KINK, "d(d(t, z), z) == -2*t*(1 - t**2)"),
    (DEEP, "d(a8, a0) == " + "*".join(f"w{k}*a{k}*(1 - a{k})" for k in range(1, 9))),
    (DEEP, f"d(a8, a0) == exp(z5)*exp(-z5)*w4*(a4 - a4*a4)*{SEVEN}"),
    (DEEP, f"d(a8, a0) == exp(z5 - 1)*exp(1 - z5)*w4*(sigmoid(z4) - sigmoid(z4)**2)*{SEVEN}"),
    (NESTED, "d(E, b) == d(E, z)*exp(E)*exp(-sum(r(y - o)))"),
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


def accepted(content: Json) -> bool:
    try:
        check(content)
    except Rejected as error:
        assert "\n" not in str(error)
        return False
    return True


@pytest.mark.parametrize(("given", "claim"), PROVED, ids=[claim[:60] for _, claim in PROVED])
def test_what_is_proved_has_a_certificate(given: Given, claim: str) -> None:
    made = json.loads(json.dumps(certified(given, claim)))
    assert check(made) == made["text"]


WAYS = {"attention-key-shift", "graph-laplacian", "logistic-regression-hessian", "woodbury-unit-matrix"}


@pytest.mark.parametrize("id_", sorted({*sorted(identities())[::9], *WAYS}))
def test_identities_have_certificates(id_: str) -> None:
    file = as_file(identities()[id_])
    for claim in file.claims:
        assert accepted(certificate(claim, file.graph, verify(claim, file.graph)))


def test_no_steps_are_found_to_what_is_false() -> None:
    """Each is near something true, so that the same parts are split off from it."""
    graph = graph_of(SIGNS)
    for claim in (
        "2*mean(x)**2 <= mean(x**2)",
        "mean(x)**2 < mean(x**2)",
        "3*sum(x*y)**2 <= 2*sum(x**2)*sum(y**2)",
        "3*sum(p*x*y) <= sum(p*x**2) + sum(p*y**2)",
        "sum(z*x)**2 <= sum(z*x**2)*sum(z)",
        "2*p <= 1",
        "x <= sum(x)",
        "p*(1 - p) <= 1/5",
        "a*b + a*c + 2*b*c <= a**2 + b**2 + c**2",
        "a/(1 + a**2) <= 1/3",
    ):
        forged = Verdict(kind=Kind.PROVED, witness={"sizes": {"n": 1, "N": 1}, "values": {}})
        with pytest.raises(NotSupportedError, match="no certificate was found"):
            certificate(relation(graph, "claim", claim), graph, forged)


def test_only_what_is_proved_has_one() -> None:
    graph = graph_of(LAYER)
    for claim in ("d(L, z) == a - y", "exp(sum(y)) >= 1 + sum(y)"):
        statement = relation(graph, "claim", claim)
        verdict = verify(statement, graph)
        if not verdict.proved:
            with pytest.raises(NotSupportedError, match="PROVED"):
                certificate(statement, graph, verdict)
        forged = Verdict(kind=Kind.PROVED, witness={"sizes": {"h": 1, "n": 1}, "values": {}})
        with pytest.raises(NotSupportedError, match="no certificate was found"):
            certificate(statement, graph, forged)


def test_derivations_have_certificates() -> None:
    layers = [sb.Dense("h", "sigmoid"), sb.Dense("m", "softmax")]
    derived = sb.derive(sb.Network(layers, inputs="n", loss="cross_entropy"))
    equations, routes = derived.certificates(), derived.route_certificates()
    assert set(equations) == {f"d(L, {name})" for name in derived.delta_rule.adjoints}
    assert set(routes) == set(derived.delta_rule.gradients)
    for made in (*equations.values(), *routes.values()):
        assert accepted(made)


def test_entries_of_instances_have_certificates() -> None:
    layers = [sb.Dense("h", "tanh"), sb.Dense("m", "identity")]
    derived = sb.derive(sb.Network(layers, inputs="n", loss="half_squared_error"))
    entries = derived.oracle_certificates({"n": 2, "h": 1, "m": 2})
    assert len(entries) == 2 + 1 + 2 + 2
    assert all(map(accepted, entries.values()))


def test_obligations_of_inductions_have_certificates() -> None:
    found: dict[str, set[str]] = {}
    for path in ("depth-dense", "bptt-rnn"):
        file = load(ROOT / "derivations" / f"{path}.toml")
        assert file.any_depth is not None
        for claim in file.any_depth.claims:
            made = certificates_of_induction(prove_for_every_depth(file.any_depth.repeat, claim))
            assert all(map(accepted, made.values()))
            found[claim.name] = set(made)
            assert (claim.comparison == "!=") == (found[claim.name] == {"instance"})
    assert all(roles in found.values() for roles in ({"base"}, {"step"}, {"base", "step"}, {"instance"}))


def test_an_open_claim_about_every_depth_has_no_certificate() -> None:
    with pytest.raises(NotSupportedError, match="only a proof"):
        certificates_of_induction(Induction(verdict=Verdict(kind=Kind.UNDECIDED, method="")))


def flat(steps: list[Json], place: tuple[int, ...] = ()) -> list[tuple[str, list[int], list[Json]]]:
    """Steps about the whole, one after the other."""
    found = []
    for law, at, *given in steps:
        if law == "steps":
            found += flat(given[0], (*place, *at))
        else:
            found.append((law, [*place, *at], given))
    return found


@pytest.mark.parametrize(
    ("given", "claim"), [PROVED[k] for k in (0, 2, 3, 10, 18, 22)], ids=lambda value: str(value)[:40]
)
def test_every_step_keeps_the_value_at_the_witness(given: Given, claim: str) -> None:
    """left - right is 0 at the point of an equation, and so is what each step makes of it."""
    content = certified(given, claim)
    proof, point = Proof(content), witness_check.Point(content)
    t, seen = proof.gap, 0
    for law, place, parameters in flat(content["steps"]):
        if law == "derive":
            proof.learn(*proof.derived(*parameters))
            continue
        t = proof.at(t, place, proof.scope, law, parameters)
        for scope in witness_check.entries(point, content["statement"]):
            low, high = witness_check.sides(point, raw(t), scope)
            assert low <= 0 <= high and high - low < Decimal("1e-20"), (law, t)
            seen += 1
    assert t == 0 and seen > 5


# ---------------------------------------------------------------------------------------- by itself


CHECKER, WITNESS_CHECK = (Path(str(module.__file__)) for module in (checker, witness_check))
FILES = [*sorted(CHECKER.parent.glob("*.py")), WITNESS_CHECK]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_checkers_import_the_standard_library_only(path: Path) -> None:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    imported = {alias.name.split(".")[0] for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    imported |= {
        str(node.module).split(".")[0] for node in nodes if isinstance(node, ast.ImportFrom) and not node.level
    }
    within = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.level}
    assert imported <= {*sys.stdlib_module_names, "checker"}
    assert within <= {file.stem for file in FILES if file != WITNESS_CHECK}
    assert not any(isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("eval", "exec") for node in nodes)


def test_what_is_believed_stays_short() -> None:
    lines = {file.stem: len(file.read_text(encoding="utf-8").splitlines()) for file in CHECKER.parent.glob("*.py")}
    assert sum(lines[name] for name in ("calculus", "laws", "replay")) < 400
    assert sum(lines.values()) < 800 and max(lines.values()) < 180


def test_checkers_run_alone(tmp_path: Path) -> None:
    good = certified(SOFTMAX, "d(L, z) == p - y")
    bad = copy.deepcopy(good)
    bad["statement"]["right"] = bad["statement"]["right"][::-1]
    for name, content in (("good", good), ("bad", bad), ("differs", certified(LAYER, "d(L, z) != a - y"))):
        (tmp_path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    shutil.copytree(CHECKER.parent, tmp_path / "checker")
    shutil.copy(WITNESS_CHECK, tmp_path)

    def run(which: str, *names: str) -> tuple[int, str, str]:
        command = [sys.executable, "-I", str(tmp_path / which), *(str(tmp_path / f"{name}.json") for name in names)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
        return done.returncode, done.stdout, done.stderr

    status, output, error = run("checker", "good")
    assert status == 0 and not error and "accepted: d(L, z[i0]) == " in output and "given sum(" in output
    status, output, error = run("checker", "bad", "good")
    assert status == 1 and not error and "REJECTED: a wrong digest" in output and output.count(": accepted: ") == 1
    status, output, error = run("checker", "differs")
    assert status == 1 and not error and "REJECTED: a difference is shown by its witness" in output
    assert run("witness_check.py", "good", "differs")[1].count(": both sides have a value\n") == 1
    assert run("witness_check.py", "differs")[1].endswith(": the sides differ\n")


def test_steps_of_one_statement_prove_no_other() -> None:
    for claim, false in (
        ("d(L, W) == outer((a - y)*a*(1 - a), x)", "d(L, W) == outer((a - y)*a, x)"),
        ("d(L, x) == W.T @ d(L, z)", "d(L, x) == 2*W.T @ d(L, z)"),
    ):
        good = certified(LAYER, claim)
        other = good | {"statement": relation_json(relation(graph_of(LAYER), "claim", false), graph_of(LAYER))}
        other["text"] = text(other)
        assert not accepted(other | {"digest": digest(other)})


def test_certificates_hold_no_time_and_no_order() -> None:
    assert certified(LAYER, "d(L, x) == W.T @ d(L, z)") == certified(LAYER, "d(L, x) == W.T @ d(L, z)")


def test_accepted_is_what_the_checkers_run_on_json_accept() -> None:
    made = json.loads(json.dumps(certified(NORM, "d(y, x) == (eye(n) - outer(y, y)/n)/s")))
    assert check_proof(made) == made["text"]
    assert witness_check.check(made) == witness_check.DEFINED
