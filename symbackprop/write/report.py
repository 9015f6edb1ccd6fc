"""Everything that is known about one derivation file once the work is done: the input of every writer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from symbackprop.catalogue.identities import Identity
from symbackprop.derivation.steps import Derivation, Step
from symbackprop.model.derivation_file import DerivationFile
from symbackprop.model.file_numbers import PrintedCheck
from symbackprop.model.graph import Relation
from symbackprop.model.repeat.claims import DepthClaim
from symbackprop.model.repeat.pieces import Piece
from symbackprop.proof.induction import Induction
from symbackprop.proof.verdict import Kind, Verdict
from symbackprop.tensor.tensor import Tensor


@dataclass(frozen=True, kw_only=True, slots=True)
class GradientReport:
    """One gradient ∂loss/∂name: the verdict on the δ-rule's equations, and on the equality of both routes.

    `routes` is None where the composed loss is too large for route 1, or is not asked for. `oracle` is the verdict
    on: in the instance that the given numbers fix, every entry equals plain `sympy.diff` of the composed loss; None
    where it was not made. Its UNDECIDED says nothing of the gradient and is not counted.
    """

    loss: str
    name: str
    verdict: Verdict
    routes: Verdict | None = None
    oracle: Verdict | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LossReport:
    """Both derivations for one loss; `chain` is None, with the reason, where route 1 is beyond its budget or left out.

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
class JacobianReport:
    """d(name)/d(by) of an array, of the shape of `name` followed by that of `by`; `steps` are its local derivatives."""

    name: str
    by: str
    steps: tuple[Step, ...]
    tensor: Tensor
    verdict: Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class SecondReport:
    """∂²loss/∂first∂second, of the shape of `first` followed by that of `second`, and the verdict on it."""

    loss: str
    first: str
    second: str
    tensor: Tensor
    verdict: Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class ClaimReport:
    """A claim of the file and the verdict on it."""

    relation: Relation
    verdict: Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class PieceReport:
    """Backpropagation through some layers of a network of any depth: the last one, two in general, or one and the rest.

    `shared` is the parameter of all layers whose gradient is collected there. `lines` and `open_lines` are as in
    `LossReport`.
    """

    role: Literal["base", "step"]
    shared: str
    piece: Piece
    derivation: Derivation
    lines: int
    open_lines: tuple[tuple[str, Verdict], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class DepthReport:
    """What is known about a network of any depth: its pieces, and each claim with its induction."""

    pieces: tuple[PieceReport, ...] = ()
    claims: tuple[tuple[DepthClaim, Induction], ...] = ()

    def verdicts(self) -> list[Verdict]:
        """The verdict on each claim, and on each line that is not proved."""
        lines = [verdict for piece in self.pieces for _, verdict in piece.open_lines]
        return lines + [induction.verdict for _, induction in self.claims]


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
    second: tuple[SecondReport, ...] = ()
    claims: tuple[ClaimReport, ...] = ()
    printed: tuple[PrintedCheck, ...] = ()
    values: Mapping[str, Mapping[tuple[int, ...], str]] = field(default_factory=dict)
    checks: tuple[CheckReport, ...] = ()
    checks_left_out: int = 0
    too_many_entries: bool = False
    training: TrainingReport | None = None
    numpy_source: Mapping[str, str] = field(default_factory=dict)  # loss -> generated source
    no_source: Mapping[str, str] = field(default_factory=dict)  # loss -> why there is none
    any_depth: DepthReport = DepthReport()

    def verdicts(self) -> list[Verdict]:
        """Every verdict on a gradient or a claim, and on each line of a derivation that is not proved."""
        return [verdict for _, verdict in self.on_gradients()] + self._on_claims()

    def on_gradients(self) -> list[tuple[str, Verdict]]:
        """The verdicts on each gradient, its two derivations and its second derivatives, and on each line that is not
        proved, after what they are about.
        """
        found: list[tuple[str, Verdict]] = []
        for loss in self.losses:
            for g in loss.gradients:
                found.append((f"d({g.loss}, {g.name})", g.verdict))
                found += [(f"d({g.loss}, {g.name}) by both routes", g.routes)] if g.routes is not None else []
            found += [(f"the line {text}", verdict) for text, verdict in loss.open_lines]
        return found + [(f"d(d({s.loss}, {s.first}), {s.second})", s.verdict) for s in self.second]

    def _on_claims(self) -> list[Verdict]:
        return [claim.verdict for claim in self.claims] + self.any_depth.verdicts()

    def count(self, kind: Kind) -> int:
        """How many verdicts are of that kind."""
        return sum(verdict.kind is kind for verdict in self.verdicts())


@dataclass(frozen=True, kw_only=True, slots=True)
class IdentityReport:
    """An identity of the catalogue: the report of its derivation file, and the arrays' derivatives in its statement."""

    identity: Identity
    report: Report
    jacobians: tuple[JacobianReport, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The verdict on the statement."""
        return self.report.claims[0].verdict
