"""Everything that is known about one derivation file once the work is done: the input of every writer."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from symbackprop.derivation.steps import Derivation
from symbackprop.model.derivation_file import DerivationFile
from symbackprop.model.graph import Relation
from symbackprop.proof.verdict import Kind, Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class GradientReport:
    """One gradient ∂loss/∂name: the verdict on the δ-rule's equations, and on the equality of both routes.

    `routes` is None where the composed loss is too large for route 1. `oracle` is the verdict on: in the instance
    that the given numbers fix, every entry equals plain `sympy.diff` of the composed loss; None where it was not
    made. Its UNDECIDED says nothing of the gradient and is not counted.
    """

    loss: str
    name: str
    verdict: Verdict
    routes: Verdict | None = None
    oracle: Verdict | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LossReport:
    """Both derivations for one loss; `chain` is None where route 1 is beyond its budget, with the reason.

    `lines` counts the lines of both derivations that are proved one by one; `open_lines` are the others, each as
    text with its verdict.
    """

    loss: str
    chain: Derivation | None
    delta: Derivation
    adjoint_verdicts: Mapping[str, Verdict]
    gradients: tuple[GradientReport, ...]
    chain_reason: str = ""
    lines: int = 0
    open_lines: tuple[tuple[str, Verdict], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ClaimReport:
    """A claim of the file and the verdict on it."""

    relation: Relation
    verdict: Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class PrintedReport:
    """A printed number: its certified value, that value rounded to as many places, and whether both agree.

    Where there is no value, `reason` says why, and the printed number is neither right nor wrong; otherwise it is
    empty.
    """

    formula: str
    digits: str
    value: str
    rounded: str
    agrees: bool
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckReport:
    """The gradient check of one parameter entry: derived gradient, central difference, relative error (as text)."""

    name: str
    derived: str
    central: str
    error: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingReport:
    """Losses along gradient descent (step, loss as text), and the outputs after the last step by name.

    `diverged` is the number of steps after which the loss or a parameter was no finite number, where that happened.
    """

    losses: tuple[tuple[int, str], ...]
    outputs: Mapping[str, Mapping[tuple[int, ...], str]]
    diverged: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """The whole result. `values` maps a quantity or adjoint (`d(E, z)`), or `next(q, 1)`, to its entries' decimals.

    A decimal is a certified correct rounding to six significant digits; exact short values are given exactly.
    `checks_left_out` counts the parameter entries that the gradient check leaves out; `too_many_entries` says that
    the file has so many that there are neither values nor checks.
    """

    file: DerivationFile
    losses: tuple[LossReport, ...] = ()
    claims: tuple[ClaimReport, ...] = ()
    printed: tuple[PrintedReport, ...] = ()
    values: Mapping[str, Mapping[tuple[int, ...], str]] = field(default_factory=dict)
    checks: tuple[CheckReport, ...] = ()
    checks_left_out: int = 0
    too_many_entries: bool = False
    training: TrainingReport | None = None
    numpy_source: Mapping[str, str] = field(default_factory=dict)  # loss -> generated source

    def verdicts(self) -> list[Verdict]:
        """Every verdict on a gradient or a claim, and on each line of a derivation that is not proved."""
        lines = [verdict for loss in self.losses for _, verdict in loss.open_lines]
        gradients = [v for loss in self.losses for g in loss.gradients for v in (g.verdict, g.routes) if v is not None]
        return gradients + lines + [claim.verdict for claim in self.claims]

    def count(self, kind: Kind) -> int:
        """How many verdicts are of that kind."""
        return sum(verdict.kind is kind for verdict in self.verdicts())
