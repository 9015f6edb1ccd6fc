"""Certified values of everything in a derivation file that has numbers."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from flint import fmpq

from symbackprop.errors import GraphError
from symbackprop.model.derivation_file import DerivationFile
from symbackprop.model.training import write_out_steps
from symbackprop.proof.balls import Evaluation
from symbackprop.proof.duals import Undefined, Unknown
from symbackprop.proof.rounding import Rounded, decimal
from symbackprop.tensor.indices import transform
from symbackprop.tensor.nodes import Expr, Partial, adjoint_name, entry, entry_indices, entry_name
from symbackprop.tensor.tensor import Tensor, variable

SHOWN_DIGITS, EXACT_DIGITS = 6, 8
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
        self._at: dict[int, Evaluation] = {}

    def at(self, precision: int) -> Evaluation:
        """The evaluation with that many bits."""
        if precision not in self._at:
            self._at[precision] = Evaluation(
                self.file.graph, self.file.sizes, self.given, adjoints=self.adjoints, precision=precision
            )
        return self._at[precision]

    def number(self, expr: Expr, indices: Mapping[Expr, int] | None = None) -> Callable[[int], Any]:
        """The value of `expr` as a function of the precision; `next(q)` is written out first."""
        written = transform(write_out_steps(expr, self.file.graph, self.file.training), self._as_derived)
        return lambda precision: self.at(precision).number(written, indices)

    def _as_derived(self, node: Expr) -> Expr | None:
        """∂L/∂v as the derivation has it, where it has it."""
        if not isinstance(node, Partial):
            return None
        name = adjoint_name(entry_name(node.args[0]) or "", entry_name(node.args[1]) or "")
        return entry(name, *entry_indices(node.args[1])) if name in self.adjoints else None

    def text(self, expr: Expr, indices: Mapping[Expr, int] | None = None, significant: int = SHOWN_DIGITS) -> str:
        """The correct rounding to so many significant digits; a short exact decimal is given exactly.

        Raises: GraphError when a value is missing; Undefined outside the domain.
        """
        number = self.number(expr, indices)
        exact = number(64)
        if isinstance(exact, fmpq):
            short = short_decimal(Fraction(int(exact.p), int(exact.q)))
            if short is not None:
                return short
        return decimal(number, significant=significant).text

    def rounded(self, expr: Expr, decimals: int) -> Rounded:
        """The correct rounding to so many decimal places."""
        return decimal(self.number(expr), decimals=decimals)

    def entries(self, tensor: Tensor) -> dict[Position, str] | None:
        """The texts of all entries of a tensor; None when a value is missing or undefined."""
        try:
            return {
                position: self.text(tensor.expr, dict(zip(tensor.indices, position, strict=True)))
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
