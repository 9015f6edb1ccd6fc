"""Every law of the checker is true at random points, where the old term has a value, and refused without its condition.

The terms are worked out by an evaluator in floating point that shares nothing with the package.
"""

import math
import random
from fractions import Fraction
from typing import Any

import pytest

from symbackprop.proof.certificate.normal import raw
from symbackprop.proof.checker.laws import LAWS, MINUS_A
from symbackprop.proof.checker.polynomials import ring
from symbackprop.proof.checker.replay import Proof
from symbackprop.proof.checker.statement import KEYS
from symbackprop.proof.checker.terms import Rejected, Term, bind, inside, instance, is_a, unbind

F = Fraction
SIZES = {"n": 3, "m": 2}
X, Y = ("at", "x"), ("at", "y")
KINKED = {"name": "f", "arguments": ["z"], "value": ["mul", ["at", "z"], ["positive", ["at", "z"]]]}
SMOOTH = {"name": "g", "arguments": ["z"], "value": ["pow", ["add", "1", ["exp", ["at", "z"]]], "-1"]}
ANY = {"name": "h", "arguments": ["t"], "value": None}


def proof(
    conditions: Any = (), assumptions: Any = (), left: Any = "0", right: Any = "0", comparison: str = "=="
) -> Proof:
    """Quantities x, y: numbers; u: n, v: n, W: m x n; q = x y, s_i = exp(u_i) q, L = sum_i s_i^2."""

    def compared(item: Any) -> Any:
        indices, a, how, b = item
        return {"indices": indices, "left": a, "comparison": how, "right": b}

    content = dict.fromkeys(KEYS.split())
    return Proof(
        content
        | {
            "shapes": {"x": [], "y": [], "u": ["n"], "v": ["n"], "W": ["m", "n"]},
            "definitions": [
                {"name": "q", "shape": [], "value": ["mul", ["at", "x"], ["at", "y"]]},
                {"name": "s", "shape": ["n"], "value": ["mul", ["exp", ["at", "u", "i0"]], ["at", "q"]]},
                {"name": "L", "shape": [], "value": ["sum", "k", "n", ["pow", ["at", "s", "k"], "2"]]},
            ],
            "functions": [KINKED, SMOOTH, ANY],
            "statement": compared(([], left, comparison, right)),
            "assumptions": list(map(compared, assumptions)),
            "conditions": list(map(compared, conditions)),
            "steps": [],
        }
    )


class NoValueError(Exception):
    """The term has no value at this point."""


def value(t: Term, point: dict[str, Any], bound: tuple[int, ...] = ()) -> float:
    """The value of a term in floating point; a free index is looked up in the point."""
    if isinstance(t, Fraction):
        return float(t)
    head = t[0]

    def index(i: Any) -> int:
        return point[i] if isinstance(i, str) else bound[i] if i < 0 else i

    if head == "at":
        part = point[t[1]]
        for i in t[2:]:
            part = part[index(i)]
        return float(part)
    if head == "delta":
        return float(index(t[2]) == index(t[3]))
    if head == "size":
        return SIZES[t[1]]
    if head == "pi":
        return math.pi
    if head == "sum":
        extent = t[1] if isinstance(t[1], int) else SIZES[t[1]]
        return sum(value(t[2], point, (*bound, n)) for n in range(extent))
    if head == "call":
        f = {"f": lambda z: z * (z > 0), "g": lambda z: 1 / (1 + math.exp(z)), "h": math.sin}[t[1]]
        slope = {"f": lambda z: float(z > 0), "g": lambda z: -math.exp(z) / (1 + math.exp(z)) ** 2, "h": math.cos}[t[1]]
        return (f if t[2] == 0 else slope)(value(t[3], point, bound))
    parts = [value(p, point, bound) for p in t[1:] if isinstance(p, (tuple, Fraction))]
    a = parts[0] if parts else 0.0
    if head == "pow":
        if (a == 0 and t[2] <= 0 and t[2]) or (a < 0 and t[2].denominator > 1):
            raise NoValueError
        return a ** float(t[2]) if t[2].denominator > 1 else a ** int(t[2])
    if head == "log" and a <= 0:
        raise NoValueError
    made = {"add": sum, "mul": math.prod}
    if head in made:
        return float(made[head](parts))
    one = {"exp": math.exp, "log": math.log, "sin": math.sin, "cos": math.cos, "erf": math.erf}
    return float(a > 0) if head == "positive" else float(a == 0) if head == "zero" else one[head](a)


def points(number: int = 30, seed: int = 0) -> list[dict[str, Any]]:
    """Points with zeros and negative numbers among them; q, s and L are what they are defined as."""
    source = random.Random(seed)

    def draw() -> float:
        return source.choice([0.0, -1.0, 1.0, 0.5, -0.5, source.uniform(-2, 2), source.uniform(0, 2)])

    found = []
    for _ in range(number):
        point = {"x": draw(), "y": draw(), "u": [draw() for _ in range(3)], "v": [draw() for _ in range(3)]}
        point |= {"W": [[draw() for _ in range(3)] for _ in range(2)], "i": 0, "j": source.randrange(3), "k": 2}
        found.append(completed(point))
    return found


def completed(point: dict[str, Any]) -> dict[str, Any]:
    q = point["x"] * point["y"]
    s = [math.exp(u) * q for u in point["u"]]
    return point | {"q": q, "s": s, "L": sum(part**2 for part in s)}


def known(t: Term, point: dict[str, Any]) -> float | None:
    try:
        return value(t, point)
    except (NoValueError, OverflowError):
        return None


def agree(old: Term, new: Term, number: int = 30) -> int:
    """At how many points the old term has a value; there the new one has the same."""
    seen = 0
    for point in points(number):
        expected = known(old, point)
        if expected is not None:
            assert math.isclose(value(new, point), expected, rel_tol=1e-7, abs_tol=1e-7), (old, new, point)
            seen += 1
    return seen


TERMS: list[Term] = [
    X,
    ("add", X, F(1)),
    ("mul", X, Y),
    ("pow", X, F(2)),
    ("positive", X),
    ("sin", Y),
    ("sum", "n", ("mul", ("at", "u", -1), X)),
    ("add", X, Y, F(-1, 2)),
    ("pow", X, F(-1)),
    ("call", "f", 0, Y),
]
POSITIVE: list[Term] = [
    ("exp", Y),
    ("add", F(1), ("pow", X, F(2))),
    ("sum", "n", ("exp", ("at", "u", -1))),
    F(3, 2),
    ("mul", F(2), ("exp", X)),
    ("call", "g", 0, X),
]
NUMBERS = [F(2), F(-1), F(1, 2), F(-3, 2), F(3)]
A_IN = {">": POSITIVE, ">=": POSITIVE, "!=": [*POSITIVE, F(-2)]}


@pytest.mark.parametrize("law", LAWS)
def test_equations_of_the_table_are_true(law: str) -> None:
    pattern, _, *conditions = LAWS[law]
    terms = A_IN[conditions[0][0]] if conditions else TERMS + POSITIVE
    if conditions and conditions[0][1] == MINUS_A:
        terms = [ring(("mul", F(-1), a)) for a in POSITIVE]
    seen = 0
    for a in terms:
        for b in (("exp", X), ("pow", X, F(2)), *([X] if len(conditions) < 2 else [])):
            for q in NUMBERS:
                old = instance(pattern, {"?a": a, "?b": b, "?q": q, "?n": F(q.numerator)})
                seen += agree(old, proof().equation(old, law), 6)
    assert seen > 20


@pytest.mark.parametrize("law", [law for law, (_, _, *conditions) in LAWS.items() if conditions or law == "times zero"])
def test_equations_of_the_table_need_their_condition(law: str) -> None:
    pattern, _, *conditions = LAWS[law]
    a: Term = ("pow", X, F(2)) if conditions and conditions[0] in ((">", "?a"), ("!=", "?a")) else X
    old = instance(pattern, {"?a": a, "?b": Y, "?q": F(1, 2)})
    within_derivative = proof()
    within_derivative.varied = {"y"}
    with pytest.raises(Rejected, match="not known"):
        within_derivative.equation(old, law)


def test_a_power_that_is_not_whole_needs_signs() -> None:
    with pytest.raises(Rejected, match="another form"):
        proof().equation(("pow", ("mul", X, Y), F(1, 2)), "power times")


@pytest.mark.parametrize(("relation", "fine"), [(">", True), (">=", False), ("!=", False)])
def test_conditions_are_what_is_known(relation: str, fine: bool) -> None:
    given = proof([([], ["at", "x"], relation, "0")])
    assert (given.sign(X) == 2) is fine and given.nonzero(X) is (relation != ">=")


def random_term(source: random.Random, depth: int) -> Term:
    """A term in x, y, u, v, W and the free indices i, j of range n."""
    if depth == 0:
        return source.choice(
            [
                X,
                Y,
                F(source.randint(-2, 2)),
                ("at", "u", "i"),
                ("at", "u", "j"),
                ("at", "v", "j"),
                ("delta", "n", "i", "j"),
            ]
        )
    kind = source.choice(["add", "mul", "mul", "pow", "sum", "exp", "positive", "zero", "delta"])
    inner = [random_term(source, depth - 1) for _ in range(2)]
    if kind == "pow":
        return ("pow", inner[0], source.choice([F(2), F(3), F(-1), F(1, 2), F(-2)]))
    if kind == "sum":
        return bind("j", "n", ("mul", *inner))
    if kind == "delta":
        return ("mul", ("delta", "n", "i", "j"), *inner)
    return (kind, *inner) if kind in ("add", "mul") else (kind, inner[0])


def randoms(seed: int, number: int = 150) -> list[Term]:
    source = random.Random(seed)
    return [random_term(source, source.choice([1, 2, 3])) for _ in range(number)]


def test_the_ring_keeps_values() -> None:
    done = 0
    for t in randoms(1):
        try:
            done += agree(t, ring(t), 8) > 0
        except Rejected:
            continue
    assert done > 100


@pytest.mark.parametrize("law", ["sum", "swap", "delta", "write"])
def test_laws_of_sums_keep_values(law: str) -> None:
    done = 0
    for seed, t in enumerate(randoms(2, 400)):
        other = randoms(seed + 1000, 1)[0]
        old = {
            "sum": bind("j", "n", t),
            "swap": bind("i", "n", bind("j", "n", t)),
            "delta": ("mul", other, ("delta", "n", "i", "j"), t),
            "write": ("sum", 3, bind("i", "n", t)[2]),
        }[law]
        try:
            new = getattr(proof(), f"law_{law}")(old, {})
        except Rejected:
            continue
        if law == "delta":  # a has a value at every j
            assert all_values(old, new)
        else:
            agree(old, new, 5)
        done += 1
    assert done > 200


def all_values(old: Term, new: Term) -> bool:
    """Whether the new term has the values of the old one, at points where that has one for all i and j."""
    for point in points(4):
        every = [point | {"i": i, "j": j} for i in range(3) for j in range(3)]
        expected = [known(old, at) for at in every]
        assert None in expected or [value(new, at) for at in every] == pytest.approx(expected)
    return True


def test_a_sum_is_pulled_out() -> None:
    s = bind("j", "n", ("mul", ("at", "u", "j"), X))
    assert sum(agree(("mul", t, s), proof().law_pull(("mul", t, s), {}, 2), 4) for t in randoms(3, 60)) > 50


def test_a_delta_with_a_fact_stays() -> None:
    given = proof()
    given.known = [({}, ">", ("at", "u", "j"), False)]
    with pytest.raises(Rejected, match="fact"):
        given.law_delta(("mul", ("delta", "n", "i", "j"), ("at", "u", "j")), {})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (("add", ("pow", X, F(2)), X), ("mul", X, ("add", X, F(1)))),
        (("mul", X, ("pow", ("add", X, F(1)), F(-1))), ("add", F(1), ("mul", F(-1), ("pow", ("add", X, F(1)), F(-1))))),
        (("pow", X, F(3, 2)), ("mul", X, ("pow", X, F(1, 2)))),
        (F(4), ("mul", F(2), F(2))),
    ],
)
def test_equal_terms(old: Term, new: Term) -> None:
    assert agree(old, proof().law_equal(old, {}, raw(new))) > 5


# ---------------------------------------------------------------------------------------- calculus


def unfolded(p: Proof, t: Term, depth: int = 0) -> Term:
    """All derivatives by the chain rule, until none is left."""
    if is_a(t, "sum"):
        i = f"#{depth}"
        return bind(i, t[1], unfolded(p, unbind(t, i), depth + 1))
    places = inside(t)
    t = tuple(unfolded(p, part, depth) if k in places else part for k, part in enumerate(t)) if places else t
    return unfolded(p, ring(p.law_chain(t, {})), depth) if is_a(t, "d") else t


@pytest.mark.parametrize(
    ("f", "name", "at"),
    [
        (("at", "L"), "x", ()),
        (("at", "L"), "u", ("j",)),
        (("at", "s", "i"), "u", ("j",)),
        (("mul", ("at", "q"), ("exp", X)), "x", ()),
        (("call", "h", 0, ("at", "q")), "y", ()),
        (("call", "g", 0, ("mul", X, Y)), "x", ()),
        (("sum", "n", ("log", ("add", F(9), ("at", "s", -1)))), "u", ("j",)),
        (("mul", ("sin", X), ("erf", X), ("cos", Y)), "x", ()),
        (("pow", ("add", F(9), ("pow", X, F(2))), F(-1, 2)), "x", ()),
        (("at", "x"), "u", ("j",)),
    ],
)
def test_the_chain_rule_is_the_derivative(f: Term, name: str, at: tuple[str, ...]) -> None:
    p = proof()
    new = unfolded(p, ("d", f, ("at", name, *at)))
    for point in points(8):
        try:
            slope = (nudged(f, point, name, at, 1e-5) - nudged(f, point, name, at, -1e-5)) / 2e-5
        except NoValueError:
            continue
        assert value(new, point) == pytest.approx(slope, rel=1e-3, abs=1e-3)


def nudged(f: Term, point: dict[str, Any], name: str, at: tuple[str, ...], step: float) -> float:
    changed = dict(point)
    if at:
        changed[name] = list(point[name])
        changed[name][point[at[0]]] += step
    else:
        changed[name] += step
    return value(f, completed(changed))


def test_functions_and_their_formulas() -> None:
    p = proof()
    for t in (("call", "g", 0, X), ("call", "g", 1, X), ("call", "f", 0, Y), ("call", "f", 1, Y)):
        assert agree(t, p.law_formula(t)) > 5
    written = p.law_formula(("call", "g", 0, X))
    assert p.law_fold(written, {}, ["call", "g", 0, ["at", "x"]]) == ("call", "g", 0, X)
    for t, call in ((written, ["call", "g", 0, ["at", "y"]]), (X, ["call", "g", 0, ["at", "x"]])):
        with pytest.raises(Rejected, match="not the formula"):
            p.law_fold(t, {}, call)
    with pytest.raises(Rejected, match="no function"):
        p.law_formula(("call", "h", 0, X))


def test_signs_that_are_seen_are_true() -> None:
    p = proof([([], ["at", "x"], ">=", "0"), ([["i", "n"]], ["at", "v", "i"], ">", "0")])
    seen = 0
    for t in [*randoms(4, 600), *TERMS, *POSITIVE]:
        try:
            sign, nonzero = p.sign(t), p.nonzero(t)
        except Rejected:
            continue
        for point in points(12) if sign or nonzero else ():
            if point["x"] < 0 or min(point["v"]) <= 0:
                continue
            found = known(t, point)
            if found is None:
                continue
            assert found > (0 if sign == 2 else -1e-9) or not sign
            assert found != 0 or not nonzero
            seen += 1
    assert seen > 100
