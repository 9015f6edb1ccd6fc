"""A network of any depth as JSON: its layer, the pieces of the induction and the claims with their obligations."""

from collections.abc import Callable
from typing import Any

from symbackprop.derivation.steps import Derivation
from symbackprop.model.repeat.claims import DepthClaim
from symbackprop.model.repeat.pieces import last_layers
from symbackprop.model.repeat.section import AnyDepth
from symbackprop.proof.induction import Induction
from symbackprop.proof.verdict import Verdict
from symbackprop.write.report import PieceReport, Report
from symbackprop.write.sections.context import Context
from symbackprop.write.sections.layer_names import LayerNames

Steps = Callable[[Context, Derivation], dict[str, Any]]
Shown = Callable[[Verdict], dict[str, Any]]


def last_layer_context(report: Report, of: AnyDepth) -> Context:
    """The names of the last layer, which is the graph of such a file."""
    return LayerNames(of.repeat).context(report, last_layers(of.repeat, 1)[0])


def any_depth(report: Report, of: AnyDepth, steps: Steps, verdict: Shown) -> dict[str, Any]:
    """All of it; `steps` and `verdict` turn a derivation and a verdict into data."""
    repeat, names = of.repeat, LayerNames(of.repeat)
    index = repeat.indexing.index
    return {
        "index": index,
        "count": repeat.indexing.count,
        "kind": repeat.kind,
        "carried": list(repeat.carried),
        "layer": {f"{name}[{index}]": template.text for name, template in repeat.layer.items()},
        "after_the_last_layer": {name: template.text for name, template in repeat.end.items()},
        "pieces": [_piece(report, names, piece, steps) for piece in report.any_depth.pieces],
        "claims": [_claim(claim, induction, verdict) for claim, induction in report.any_depth.claims],
    }


def _piece(report: Report, names: LayerNames, piece: PieceReport, steps: Steps) -> dict[str, Any]:
    ctx = names.context(report, piece.piece, tuple(piece.derivation.gradients))
    return {
        "role": piece.role,
        "shared": piece.shared or None,
        "definitions": {name: d.formula for name, d in piece.piece.graph.definitions.items()},
        "coefficients_of_the_rest": dict(piece.piece.rest),
        "delta_rule": steps(ctx, piece.derivation),
        "lines_proved": piece.lines,
        "lines_open": [text for text, _ in piece.open_lines],
    }


def _claim(claim: DepthClaim, induction: Induction, verdict: Shown) -> dict[str, Any]:
    return {
        "name": claim.name,
        "formula": claim.formula,
        "about": claim.about,
        "verdict": verdict(induction.verdict),
        "obligations": [
            {"role": o.role, "formula": o.relation.formula, "verdict": verdict(o.verdict)}
            for o in induction.obligations
        ],
    }
