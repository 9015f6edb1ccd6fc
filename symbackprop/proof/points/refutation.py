"""Refutation: a rational point at which the two sides of a relation lie in balls that contradict it.

Agreement at points, however many, is never a proof. What is not certified is no evidence: a ball that is not a number,
too wide, or at a point where a side is undefined, counts neither for nor against.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from random import Random
from typing import Any

from flint import arb, ctx, fmpq

from symbackprop.model.graph import Comparison, Graph, Relation
from symbackprop.proof.limits import Budget, Clock, Undecided
from symbackprop.proof.points.balls import Evaluation, Position
from symbackprop.proof.points.duals import Base, Undefined, Unknown
from symbackprop.proof.points.families import FunctionChoice, choose_functions
from symbackprop.proof.points.involved import involved
from symbackprop.proof.points.sampling import Values, choose_sizes, holds, sample
from symbackprop.proof.points.structure import free_of, indices_of
from symbackprop.tensor.nodes import Expr, extent
from symbackprop.tensor.tensor import Tensor

PRECISIONS = (128, 256, 1024)
ENTRIES = 5  # of a tensor equation, at one point
# Two sides agree when their difference is known to be smaller than this.
NARROW = arb("1e-20")
# So many points that seem to be counterexamples, and are none for the second evaluator, end the search.
MOST_DOUBTS = 4
# So many evaluations that agree are wanted beside a proof, and so many more are tried for them.
TRIALS, MORE_TRIALS = 3, 6
LARGE = 10**12  # values of a witness above it are avoided
NEGATED: dict[Comparison, Comparison] = {"==": "!=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Counterexample:
    """A point at which a relation certainly fails.

    `values` are exact rationals as text, nested as the tensors are; `left` and `right` are disjoint balls (or exact
    rationals) around the two sides at `indices`. `at_kink`: an indicator or |u| is evaluated at u = 0 there, so that
    it may be the convention for a derivative that differs.
    """

    sizes: Mapping[str, int]
    values: Mapping[str, Any]
    indices: Position
    left: str
    right: str
    precision: int
    functions: Mapping[str, str]
    at_kink: bool

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self) | {"indices": list(self.indices)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Agreement:
    """No counterexample was found: at `agreeing` evaluations the sides agree to 20 places (or the inequality holds).

    `unknown` evaluations were not decided at any precision, `undefined` ones lie outside a domain. `unsampled`
    attempts found no point at which the assumptions hold; at `too_large` of them there was too much to evaluate.
    `witness` is a point at which they hold and both sides are defined. `stopped` tells why the search ended early, if
    it did, and `doubt` why points that seemed to be counterexamples were not taken for such.
    """

    agreeing: int
    unknown: int
    undefined: int
    unsampled: int
    witness: Mapping[str, Any] | None
    too_large: int = 0
    stopped: str = ""
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class _Point:
    """A point at which the assumptions hold, with the evaluations there, one for each precision."""

    graph: Graph
    adjoints: Mapping[str, Tensor]
    sizes: Mapping[str, int]
    values: Values
    functions: Mapping[str, FunctionChoice]
    clock: Clock
    evaluations: dict[int, Evaluation]

    def at(self, precision: int) -> Evaluation:
        if precision not in self.evaluations:
            families = {name: chosen.family for name, chosen in self.functions.items()}
            self.evaluations[precision] = Evaluation(
                self.graph,
                self.sizes,
                self.values,
                functions=families,
                adjoints=self.adjoints,
                precision=precision,
                clock=self.clock,
            )
        return self.evaluations[precision]

    def as_dict(self, position: Position) -> dict[str, Any]:
        return {
            "sizes": dict(self.sizes),
            "values": {name: _nested(entries) for name, entries in self.values.items()},
            "indices": list(position),
            "functions": {name: chosen.formula for name, chosen in self.functions.items()},
        }


def refute(
    relation: Relation,
    graph: Graph,
    *,
    attempts: int = 24,
    seed: int = 0,
    assumptions: Sequence[Relation] | None = None,
    adjoints: Mapping[str, Tensor] | None = None,
    clock: Clock | None = None,
    doubt: Callable[[Counterexample], str] = lambda found: "",
    sizes: Mapping[str, int] | None = None,
) -> Counterexample | Agreement:
    """A certified counterexample to `relation` under the assumptions (those of the graph if none are given).

    One of which `doubt` says something is passed over; one away from kinks is preferred. A claim `a != b`, that an
    equation is no identity, is refuted by no point: it is proved by a counterexample of the equation. `sizes` are
    those of all points, as far as they are large enough; without them they vary.
    """
    search = _Search(relation, graph, graph.assumptions if assumptions is None else assumptions, adjoints, clock)
    search.sizes = sizes
    fallback: Counterexample | None = None
    try:
        for point, position in search.evaluations(attempts, seed):
            found = None if point is None else search.decide(point, position)
            if found is None or (fallback is not None and found.at_kink):
                continue
            if said := doubt(found):
                search.doubts.append(said)
                if len(search.doubts) == MOST_DOUBTS:
                    break
            elif not found.at_kink:
                return found
            else:
                fallback = found
    except Undecided as error:
        search.stopped = error.reason
    return fallback or search.agreement()


def witness(
    relation: Relation,
    graph: Graph,
    *,
    attempts: int = 24,
    seed: int = 0,
    assumptions: Sequence[Relation] | None = None,
    adjoints: Mapping[str, Tensor] | None = None,
    clock: Clock | None = None,
) -> dict[str, Any] | None:
    """An exact point at which the assumptions hold and both sides are defined; away from kinks if one is found.

    What is shown by a proof is tried at a few such points all the same.

    Raises: Undecided when the relation fails at one of them.
    """
    search = _Search(relation, graph, graph.assumptions if assumptions is None else assumptions, adjoints, clock)
    found: Counterexample | None = None
    further = 0
    try:
        for point, position in search.evaluations(attempts, seed):
            found = search.decide(point, position) if point is not None else None
            if found is not None and not found.at_kink:
                break
            if search.witness is not None and not search.witness_faults[0]:
                further += 1
                if (search.agreeing >= TRIALS and not any(search.witness_faults)) or further > MORE_TRIALS:
                    break
    except Undecided as error:
        search.stopped = error.reason
    if found is not None and not found.at_kink:
        raise Undecided(
            f"the normal form shows it, but it fails at {found.values}: an error in symbackprop; please report it"
        )
    return search.witness


class _Search:
    """One search: what is evaluated, and what has been found so far."""

    def __init__(
        self,
        relation: Relation,
        graph: Graph,
        assumptions: Sequence[Relation],
        adjoints: Mapping[str, Tensor] | None,
        clock: Clock | None,
    ) -> None:
        self.relation, self.graph, self.assumptions, self.adjoints = relation, graph, assumptions, adjoints or {}
        self.clock = clock or Clock(Budget())
        self.sizes: Mapping[str, int] | None = None
        self.stopped = ""
        self.doubts: list[str] = []
        self.agreeing = self.unknown = self.undefined = self.unsampled = self.too_large = 0
        self.witness: dict[str, Any] | None = None
        self.witness_faults = (False, False)  # at a kink, with values that are too large for others to check
        sides = [side for r in (relation, *assumptions) for side in (r.left, r.right)]
        self.involved = involved(sides, graph, self.adjoints)

    def evaluations(self, attempts: int, seed: int) -> Iterator[tuple[_Point | None, Position]]:
        """Points with positions of the free indices, or None where the assumptions were not met."""
        # A scalar relation gives one evaluation at a point, a tensor several: the one gets more points instead.
        attempts = attempts if self.relation.left.shape else 3 * attempts
        beside = attempts // 2 if self.involved.turns else 0
        for attempt in range(attempts + beside):
            point = self.point(attempt, seed, self.involved.turns if attempt >= attempts else ())
            if point is None:
                self.unsampled += 1
                yield None, ()
                continue
            positions = list(point.at(PRECISIONS[0]).positions(self.relation.left.shape))
            if len(positions) > ENTRIES:
                positions = sorted(Random(attempt).sample(positions, ENTRIES))
            yield from ((point, position) for position in positions)

    def point(self, attempt: int, seed: int, turns: Sequence[Fraction] = ()) -> _Point | None:
        least, given = self.involved.least, self.sizes
        if given is None:
            sizes = choose_sizes(least, attempt, seed)
        else:
            sizes = {name: max(number, given[name]) for name, number in least.items()}
        if self.involved.too_large(sizes):
            self.too_large += 1
            return None
        functions = choose_functions(self.graph.functions, attempt)
        families = {name: chosen.family for name, chosen in functions.items()}
        names = self.involved.names
        values = sample(
            self.graph,
            names,
            self.assumptions,
            sizes,
            seed=seed,
            attempt=attempt,
            functions=families,
            clock=self.clock,
            turns=turns,
        )
        return None if values is None else _Point(self.graph, self.adjoints, sizes, values, functions, self.clock, {})

    def decide(self, point: _Point, position: Position) -> Counterexample | None:
        """A counterexample if this is one; otherwise it is counted as what it is."""
        failure: Undefined | Unknown | None = None
        for precision in PRECISIONS:
            at = point.at(precision)
            try:
                for need in self.involved.needs:
                    _require(at, need)
                left, right = (_side(at, side, position) for side in (self.relation.left, self.relation.right))
            except (Undefined, Unknown) as error:
                failure = error
                if isinstance(error, Undefined):
                    break
                continue
            self._note_witness(point, position, at.at_kink, any(abs(arb(side)) > LARGE for side in (left, right)))
            failure = None
            outcome = _compare(self.relation.comparison, left, right, precision)
            if outcome is False:
                return self._counterexample(point, position, left, right, at)
            if outcome:
                self.agreeing += 1
                return None
        if isinstance(failure, Undefined):
            self.undefined += 1
        else:
            self.unknown += 1
        return None

    def _note_witness(self, point: _Point, position: Position, at_kink: bool, large: bool) -> None:
        faults = (at_kink, large)
        if self.witness is None or faults < self.witness_faults:
            self.witness, self.witness_faults = point.as_dict(position), faults

    def _counterexample(
        self, point: _Point, position: Position, left: Base, right: Base, at: Evaluation
    ) -> Counterexample:
        shown = point.as_dict(position)
        first, second = show_apart(left, right, at.precision)
        return Counterexample(
            sizes=shown["sizes"],
            values=shown["values"],
            indices=position,
            left=first,
            right=second,
            precision=at.precision,
            functions=shown["functions"],
            at_kink=at.at_kink,
        )

    def agreement(self) -> Agreement:
        return Agreement(
            agreeing=self.agreeing,
            unknown=self.unknown,
            undefined=self.undefined,
            unsampled=self.unsampled,
            too_large=self.too_large,
            witness=self.witness,
            stopped=self.stopped,
            doubt=self.doubts[0] if self.doubts else "",
        )


def _side(at: Evaluation, side: Tensor, position: Position) -> Base:
    return at.number(side.expr, dict(zip(indices_of(side.shape), position, strict=True)))


def _require(at: Evaluation, need: Expr) -> None:
    """Raises: Undefined unless `need` has a value for all values of its indices."""
    free = free_of(need)
    for position in at.positions(map(extent, free)):
        at.number(need, dict(zip(free, position, strict=True)))


def _compare(comparison: Comparison, left: Base, right: Base, precision: int) -> bool | None:
    """Whether the relation fails (False), or cannot fail by more than 1e-20 (True); None when that is open."""
    with ctx.workprec(precision):
        difference = left - right
        try:
            return comparison not in NEGATED or not holds(NEGATED[comparison], difference)
        except Unknown:
            return True if abs(difference) < NARROW else None


def show_apart(left: Base, right: Base, precision: int) -> tuple[str, str]:
    """Two numbers as text; balls with so many digits that the printed ones do not overlap if these do not."""
    with ctx.workprec(precision + 64):
        digits = 20
        while True:
            shown = tuple(str(x) if isinstance(x, fmpq) else arb(x).str(digits) for x in (left, right))
            apart = not _read(shown[0]).overlaps(_read(shown[1]))
            if apart or digits > precision:
                return shown[0], shown[1]
            digits *= 2


def _read(text: str) -> Any:
    numerator, slash, denominator = text.partition("/")
    exact = slash and not text.startswith("[")
    return arb(fmpq(int(numerator), int(denominator))) if exact else arb(text)


def _nested(entries: Mapping[Position, Any]) -> Any:
    """Entries as nested lists of text, in time proportional to their number."""
    if () in entries:
        return str(entries[()])
    parts: dict[int, dict[Position, Any]] = {}
    for (first, *rest), value in entries.items():
        parts.setdefault(first, {})[tuple(rest)] = value
    return [_nested(parts[k]) for k in sorted(parts)]
