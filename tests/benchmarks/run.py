"""Benchmarks, as ratios within one run: `python tests/benchmarks/run.py`.

No test asserts these figures: they depend on the machine. The reference figures of the symbolic tensor library
tensorgrad were measured on a 2-core machine: 1.2 to 6.9 s for all gradients of a 5-layer network.
"""

import json
import multiprocessing
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import sympy as sp

import symbackprop
from symbackprop.model.build import graph_from_formulas, relation
from symbackprop.model.graph import Graph
from symbackprop.proof.scalar.form import ScalarProver
from symbackprop.proof.verify import combine, verify, verify_adjoints

DERIVATIONS = Path(__file__).parents[2] / "derivations"
TENSORGRAD_SECONDS = 1.2
SIMPLIFY_SECONDS = 60


def seconds(job: Callable[[], object], repeat: int = 1) -> float:
    """The shortest of some runs."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        job()
        times.append(time.perf_counter() - start)
    return min(times)


def deep_network(depth: int, activation: str, width: Callable[[int], str]) -> tuple[Graph, list[str]]:
    """A network of `depth` dense layers with half squared error, and its parameters."""
    define: dict[str, str] = {}
    shapes = {"x": width(0), "y": width(depth)}
    below = "x"
    for layer in range(1, depth + 1):
        shapes |= {f"W{layer}": f"{width(layer)}, {width(layer - 1)}", f"b{layer}": width(layer)}
        define[f"z{layer}"] = f"W{layer} @ {below} + b{layer}"
        define[f"a{layer}"] = f"{activation}(z{layer})"
        below = f"a{layer}"
    define["L"] = f"sum(({below} - y)**2)/2"
    return graph_from_formulas(define, shapes), [f"{p}{layer}" for layer in range(1, depth + 1) for p in "Wb"]


def derive_and_prove(graph: Graph, parameters: list[str]) -> None:
    """All gradients by the delta rule, each proved."""
    from symbackprop.derivation.delta_rule import delta_rule

    derivation = delta_rule(graph, "L", parameters)
    verdicts = combine(graph, "L", parameters, verify_adjoints(graph, "L", derivation.adjoints))
    assert all(verdict.proved for verdict in verdicts.values())


def symbolic(depth: int) -> Callable[[], None]:
    graph, parameters = deep_network(depth, "tanh", lambda layer: f"n{layer}")
    return lambda: derive_and_prove(graph, parameters)


def by_both_routes(depth: int) -> Callable[[], object]:
    """All gradients by the chain rule, and the proof that they are those of the delta rule."""
    from symbackprop.derivation.delta_rule import delta_rule
    from symbackprop.derivations import Derivations, printed

    graph, parameters = deep_network(depth, "tanh", lambda layer: f"n{layer}")

    def job() -> None:
        found = Derivations(graph=graph, loss="L", delta_rule=printed(delta_rule(graph, "L", parameters)))
        assert all(verdict.proved for verdict in found.route_verdicts().values())

    return job


def by_route_1(depth: int) -> Callable[[], object]:
    """All gradients by the chain rule, laid out as products along paths and composed."""
    from symbackprop.derivation.chain_rule import chain_rule

    graph, parameters = deep_network(depth, "tanh", lambda layer: f"m{layer}")
    return lambda: chain_rule(graph, "L", parameters)


def documents(depth: int) -> Callable[[], object]:
    """The document on all gradients, every line of it proved and read back."""
    from symbackprop.derivation.delta_rule import delta_rule
    from symbackprop.derivations import Derivations, printed

    graph, parameters = deep_network(depth, "tanh", lambda layer: f"k{layer}")
    found = Derivations(graph=graph, loss="L", delta_rule=printed(delta_rule(graph, "L", parameters)))
    return found.to_latex


def classifier(sizes: tuple[str, str, str]) -> Callable[[], None]:
    """A softmax classifier with one hidden layer and a batch of rows."""
    n, h, m = sizes
    graph = graph_from_formulas(
        {
            "Z1": "X @ W1.T + b1",
            "A1": "relu(Z1)",
            "Z2": "A1 @ W2.T + b2",
            "P": "softmax(Z2)",
            "L": "-sum(Y*log(P))/N",
        },
        {"X": f"N, {n}", "W1": f"{h}, {n}", "b1": h, "W2": f"{m}, {h}", "b2": m, "Y": f"N, {m}"},
        assume={"targets": "sum(Y, axis=1) == 1"},
    )
    return lambda: derive_and_prove(graph, ["W1", "b1", "W2", "b2"])


def sympy_gradient(depth: int) -> Callable[[], object]:
    """One gradient of a 2-wide sigmoid network by SymPy's own diff of the composed loss."""
    layer = sp.symbols("x0 x1")
    first: sp.Symbol | None = None
    for level in range(depth):
        weights = sp.symbols(f"w{level}_(0:4)")
        first = first or weights[0]
        layer = tuple(
            1 / (1 + sp.exp(-(weights[2 * row] * layer[0] + weights[2 * row + 1] * layer[1]))) for row in range(2)
        )
    loss = ((layer[0] - sp.Symbol("y0")) ** 2 + (layer[1] - sp.Symbol("y1")) ** 2) / 2
    return lambda: sp.diff(loss, first)


def composed(depth: int) -> Callable[[], None]:
    """∂L/∂W1 of a network in one formula beside that of the same network with named layers, for all sizes."""
    graph, _ = deep_network(depth, "tanh", lambda layer: f"n{layer}")
    formula = "x"
    for layer in range(1, depth + 1):
        formula = f"tanh(W{layer} @ {formula} + b{layer})"
    define = {name: definition.formula for name, definition in graph.definitions.items()}
    shapes = {"x": "n0", "y": f"n{depth}"}
    for layer in range(1, depth + 1):
        shapes |= {f"W{layer}": f"n{layer}, n{layer - 1}", f"b{layer}": f"n{layer}"}
    whole = graph_from_formulas({**define, "C": f"sum(({formula} - y)**2)/2"}, shapes)
    claim = relation(whole, "claim", "d(C, W1) == d(L, W1)")

    def prove() -> None:
        assert verify(claim, whole).proved

    return prove


def scalar_differences(sizes: tuple[int, ...]) -> list[sp.Expr]:
    """All gradients of a composed sigmoid network by sympy.diff, minus those by the delta rule."""
    layers = [[sp.Symbol(f"x{j}", real=True) for j in range(sizes[0])]]
    weights, biases = [], []
    for layer, width in enumerate(sizes[1:]):
        below = layers[-1]
        weights.append([[sp.Symbol(f"w{layer}_{i}_{j}", real=True) for j in range(len(below))] for i in range(width)])
        biases.append([sp.Symbol(f"b{layer}_{i}", real=True) for i in range(width)])
        products = (sp.Add(*(w * a for w, a in zip(row, below, strict=True))) for row in weights[-1])
        sums = [product + bias for product, bias in zip(products, biases[-1], strict=True)]
        layers.append([1 / (1 + sp.exp(-z)) for z in sums])
    targets = [sp.Symbol(f"t{i}", real=True) for i in range(sizes[-1])]
    loss = sp.Add(*((a - t) ** 2 for a, t in zip(layers[-1], targets, strict=True))) / 2
    delta = [(a - t) * a * (1 - a) for a, t in zip(layers[-1], targets, strict=True)]
    differences = []
    for layer in reversed(range(len(weights))):
        for i, row in enumerate(weights[layer]):
            below = [*layers[layer], sp.Integer(1)]
            differences += [
                sp.Add(sp.diff(loss, w), sp.Mul(-1, delta[i], a, evaluate=False), evaluate=False)
                for w, a in zip([*row, biases[layer][i]], below, strict=True)
            ]
        delta = [
            a * (1 - a) * sp.Add(*(row[j] * d for row, d in zip(weights[layer], delta, strict=True)))
            for j, a in enumerate(layers[layer])
        ]
    return differences


def scalar_proofs(differences: list[sp.Expr]) -> None:
    """Each difference is zero in scalar normal form."""
    prover = ScalarProver()
    assert all(map(prover.is_zero, differences))


def simplified(difference: sp.Expr) -> None:
    """One of them by `sympy.simplify`, given up after a minute."""
    process = multiprocessing.Process(target=sp.simplify, args=(difference,))
    process.start()
    process.join(SIMPLIFY_SECONDS)
    process.kill()
    process.join()


def command(*arguments: str) -> Callable[[], subprocess.CompletedProcess[bytes]]:
    return lambda: subprocess.run([sys.executable, *arguments], check=True, capture_output=True)


def main() -> None:
    symbolic(1)()  # caches that every later call shares
    print("| what | seconds | compared with | seconds | ratio | aim |")
    print("| --- | ---: | --- | ---: | ---: | --- |")

    def row(what: str, first: float, other: str, second: float, aim: str) -> None:
        ratio = first / second
        print(f"| {what} | {first:.2f} | {other} | {second:.2f} | {ratio:.2f} | {aim} |", flush=True)

    shallow = seconds(symbolic(16))
    row(
        "all gradients of 64 tanh layers, all sizes symbolic, derived and proved",
        seconds(symbolic(64)),
        "16 layers",
        shallow,
        "at most 5",
    )
    for what, job in (
        ("route 1 (paths and composed loss) of", by_route_1),
        ("the same, proved equal to route 2,", by_both_routes),
        ("the document on all gradients of", documents),
    ):
        ten = seconds(job(10))
        row(f"{what} 20 tanh layers", seconds(job(20)), "10 layers", ten, "at most 6")
    five = seconds(symbolic(5), 3)
    row("all gradients of 5 tanh layers", five, "tensorgrad, reference", TENSORGRAD_SECONDS, "at most 0.1")
    general = seconds(classifier(("n", "h", "m")), 2)
    row("softmax classifier 784-128-10", seconds(classifier(("784", "128", "10")), 2), "all sizes", general, "about 1")
    for depth in (4, 6):
        graph, parameters = deep_network(depth, "sigmoid", lambda _: "2")
        ours = seconds(lambda graph=graph, parameters=parameters: derive_and_prove(graph, parameters))
        theirs = seconds(sympy_gradient(depth))
        row(f"all gradients, {depth} sigmoid layers of 2", ours, "one by `sympy.diff`", theirs, "falls with depth")
    wide, parameters = deep_network(40, "sigmoid", lambda _: "32")
    row(
        "all gradients, 40 sigmoid layers of 32",
        seconds(lambda: derive_and_prove(wide, parameters)),
        "limit",
        10.0,
        "at most 1",
    )
    row("6 tanh layers in one formula, all sizes symbolic", seconds(composed(6)), "limit", 2.0, "at most 1")
    differences = scalar_differences((4, 8, 8, 3))
    ours = seconds(lambda: scalar_proofs(differences))
    theirs = seconds(lambda: simplified(differences[-1]))
    row(
        f"scalar proofs of all {len(differences)} gradients, composed 4-8-8-3 sigmoid network",
        ours,
        "limit",
        5.0,
        "at most 1",
    )
    row("the same", ours, "`sympy.simplify` of one, given up", theirs, "below 1")
    start = time.perf_counter()
    claims = json.loads(command("-m", "symbackprop", "verify", "--all", "--json")().stdout)
    catalogue = time.perf_counter() - start
    row(f"`symbackprop verify --all`, {len(claims)} identities, with import", catalogue, "limit", 60.0, "at most 1")
    row("the median identity", statistics.median(claim["seconds"] for claim in claims), "limit", 0.1, "at most 1")
    imported = seconds(command("-c", "import sympy"), 2)
    row(
        "`symbackprop --help`",
        seconds(command("-m", "symbackprop", "--help"), 2),
        "`import sympy`",
        imported,
        "below 1",
    )
    row("`import symbackprop`", seconds(command("-c", "import symbackprop"), 2), "`import sympy`", imported, "below 1")
    files = sorted(DERIVATIONS.rglob("*.toml"))
    with tempfile.TemporaryDirectory() as out:
        whole = seconds(command("-m", "symbackprop", "derive", str(DERIVATIONS), "--out", out))
    row(f"`symbackprop derive derivations`, {len(files)} files", whole, "limit", 60.0, "at most 1")
    print(f"\nsymbackprop {symbackprop.__version__}, SymPy {sp.__version__}, Python {sys.version.split()[0]}")


if __name__ == "__main__":
    main()
