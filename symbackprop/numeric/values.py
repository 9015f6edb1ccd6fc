"""Certified values of everything in a derivation file that has numbers."""

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cache
from typing import Any

from flint import fmpq

from symbackprop.errors import GraphError, NotSupportedError
from symbackprop.model.derivation_file import DerivationFile
from symbackprop.model.graph import names_in
from symbackprop.model.training import need_training, next_parts
from symbackprop.proof.points.balls import Evaluation
from symbackprop.proof.points.duals import Undefined, Unknown
from symbackprop.proof.points.rounding import PRECISIONS, Rounded, decimal
from symbackprop.tensor.indices import transform
from symbackprop.tensor.nodes import Expr, Partial, adjoint_name, entry, entry_indices, entry_name
from symbackprop.tensor.tensor import Tensor, variable

SHOWN_DIGITS, EXACT_DIGITS = 6, 8
# Certified steps of gradient descent: the balls, and with them the time, grow with each.
MAX_STEPS = 1_000
# Entries of all quantities together, up to which each gets its value.
MAX_ENTRIES = 2_000
Position = tuple[int, ...]


class Numbers:
    """The numbers of one derivation file: values at the given point, to any precision.

    `adjoints` are the equations of a derivation: with them `d(L, v)` is computed as derived, without them it is the
    total derivative by dual numbers, which knows nothing of the derivation.
    """

    def __init__(
        self,
        file: DerivationFile,
        adjoints: Mapping[str, Tensor] | None = None,
        changed: Mapping[str, Mapping[Position, Fraction]] | None = None,
    ) -> None:
        self.file, self.adjoints = file, dict(adjoints or {})
        self.given = {**file.given, **(changed or {})}
        self._at: dict[tuple[int, int], Evaluation] = {}
        self._with_later: dict[tuple[int, tuple[str, ...]], Evaluation] = {}

    def at(self, precision: int, steps: int = 0) -> Evaluation:
        """The evaluation with that many bits, after so many steps of gradient descent."""
        for step in range(steps + 1):
            if (precision, step) not in self._at:
                values = self.given if step == 0 else self._stepped(self._at[precision, step - 1])
                self._at[precision, step] = self._evaluation(values, precision)
        return self._at[precision, steps]

    def _evaluation(self, values: Mapping[str, Any], precision: int) -> Evaluation:
        return Evaluation(self.file.graph, self.file.sizes, values, adjoints=self.adjoints, precision=precision)

    def _stepped(self, before: Evaluation) -> dict[str, Any]:
        """The values one step later: w - η ∂L/∂w for each parameter; what depends on one is no longer given."""
        training, graph = self.file.training, self.file.graph
        if training is None:
            raise NotSupportedError("next(...) needs a [train] section")
        moved = {name for name in graph.definitions if graph.ancestors(name).intersection(training.parameters)}
        values: dict[str, Any] = {name: given for name, given in self.given.items() if name not in moved}
        for name in training.parameters:
            gradient = self._as_derived(Partial(entry(training.loss), entry(name))) is not None
            values[name] = {}
            for at in before.positions(graph.shape(name)):
                by = entry(name, *at)
                slope = entry(adjoint_name(training.loss, name), *at) if gradient else Partial(entry(training.loss), by)
                values[name][at] = before.number(by - training.learning_rate * slope)
        return values

    def number(self, expr: Expr, indices: Mapping[Expr, int] | None = None) -> Callable[[int], Any]:
        """The value of `expr` as a function of the precision.

        Raises: NotSupportedError for `next(q, k)` without a training, or after very many steps.
        """
        written = transform(expr, self._as_derived)
        later = {name: found for name in sorted(names_in(written)) if (found := next_parts(name))}
        for quantity, steps in later.values():
            need_training(self.file.training, quantity)
            if steps > MAX_STEPS:
                raise NotSupportedError(f"next({quantity}, {steps}): at most {MAX_STEPS} certified steps; use [train]")

        def value(precision: int) -> Any:
            evaluation = self._after_steps(precision, later) if later else self.at(precision)
            return evaluation.number(written, indices)

        return value

    def _after_steps(self, precision: int, later: Mapping[str, tuple[str, int]]) -> Evaluation:
        """The evaluation in which each `next(q, k)` has its value as well."""
        key = precision, tuple(later)
        if key not in self._with_later:
            values: dict[str, Any] = {**self.given}
            for name, (quantity, steps) in later.items():
                at = self.at(precision, steps)
                shape = self.file.graph.shape(quantity)
                values[name] = {where: at.number(entry(quantity, *where)) for where in at.positions(shape)}
            self._with_later[key] = self._evaluation(values, precision)
        return self._with_later[key]

    def _as_derived(self, node: Expr) -> Expr | None:
        """∂L/∂v as the derivation has it, where it has it."""
        if not isinstance(node, Partial):
            return None
        name = adjoint_name(entry_name(node.args[0]) or "", entry_name(node.args[1]) or "")
        return entry(name, *entry_indices(node.args[1])) if name in self.adjoints else None

    def text(self, expr: Expr, indices: Mapping[Expr, int] | None = None, significant: int = SHOWN_DIGITS) -> str:
        """The correct rounding to so many significant digits; a short exact decimal is given exactly.

        What agrees with 0 to forty places and may be 0 is shown as `0`; see `rounding.decimal`.

        Raises: GraphError when a value is missing; Undefined outside the domain; Unknown when no precision tells.
        """
        number = cache(self.number(expr, indices))
        try:
            exact = number(PRECISIONS[0])
        except Unknown:
            exact = None
        if isinstance(exact, fmpq):
            short = short_decimal(Fraction(int(exact.p), int(exact.q)))
            if short is not None:
                return short
        return decimal(number, significant=significant).text

    def rounded(self, expr: Expr, decimals: int) -> Rounded:
        """The correct rounding to so many decimal places; zeros only for what agrees with 0 to forty places."""
        return decimal(self.number(expr), decimals=decimals)

    def entries(self, tensor: Tensor, significant: int = SHOWN_DIGITS) -> dict[Position, str] | None:
        """The texts of all entries of a tensor; None when one is missing or undefined: a matrix has no gaps."""
        try:
            return {
                position: self.text(tensor.expr, dict(zip(tensor.indices, position, strict=True)), significant)
                for position in self.at(64).positions(tensor.shape)
            }
        except (GraphError, Undefined, Unknown):
            return None


def short_decimal(value: Fraction) -> str | None:
    """The exact decimal of a rational that has one of at most EXACT_DIGITS digits; None for any other."""
    places = 0
    while value.denominator != 1 and 10**places % value.denominator and places < EXACT_DIGITS:
        places += 1
    scaled = value * 10**places
    if scaled.denominator != 1 or len(str(abs(int(scaled)))) > EXACT_DIGITS:
        return None
    digits = str(abs(int(scaled))).rjust(places + 1, "0")
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"


def too_many_entries(file: DerivationFile) -> bool:
    """Whether the quantities of the file have more than MAX_ENTRIES entries together; unknown sizes do not count."""
    evaluation = Numbers(file).at(PRECISIONS[0])
    total = 0
    for name in (*file.graph.inputs, *file.graph.definitions):
        try:
            total += math.prod(evaluation.extent(axis) for axis in file.graph.shape(name))
        except GraphError:
            continue
    return total > MAX_ENTRIES


def all_values(file: DerivationFile, equations: Mapping[str, Tensor]) -> dict[str, dict[Position, str]]:
    """Entry texts by name: inputs, definitions, `d(L, v)` as derived (`equations` by that name), `next(q, 1)`."""
    if not file.given:
        return {}
    graph = file.graph
    numbers = Numbers(file, equations)
    wanted = {name: variable(name, graph.shape(name)) for name in (*graph.inputs, *graph.definitions)}
    wanted |= {name: Tensor(entry(name, *t.indices), t.shape) for name, t in equations.items()}
    if file.training is not None:
        for name in (*file.training.parameters, *graph.definitions):
            wanted[f"next({name}, 1)"] = variable(f"next({name}, 1)", graph.shape(name))
    found = {name: numbers.entries(tensor) for name, tensor in wanted.items()}
    return {name: texts for name, texts in found.items() if texts is not None}
