"""Certificates of derivations: the equations of the δ-rule, both routes, entries as scalars, and inductions."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import sympy as sp

from symbackprop.errors import NotSupportedError
from symbackprop.model.graph import Graph, Relation
from symbackprop.proof.certificate import certificate
from symbackprop.proof.certificate.trees import Json
from symbackprop.proof.induction import Induction
from symbackprop.proof.instances import with_indicators
from symbackprop.proof.points.refutation import witness
from symbackprop.proof.verdict import Verdict
from symbackprop.proof.verify import routes_relation
from symbackprop.tensor.nodes import Expr, adjoint_name, entry, scalar
from symbackprop.tensor.tensor import Tensor, axes


def certificate_of_adjoint(graph: Graph, loss: str, v: str, adjoint: Tensor, verdict: Verdict) -> dict[str, Json]:
    """A certificate for the equation ∂loss/∂v = adjoint; `verdict` is that of `verify_adjoints`.

    Raises: NotSupportedError for an equation that is not PROVED, and where no certificate is found.
    """
    name = adjoint_name(loss, v)
    left = Tensor(entry(name, *axes(adjoint.shape)), adjoint.shape)
    equation = Relation(name=name, formula=name, left=left, comparison="==", right=adjoint)
    return certificate(equation, graph, verdict)


def certificate_of_routes(
    graph: Graph, loss: str, composed: Tensor, name: str, adjoints: Mapping[str, Tensor], verdict: Verdict
) -> dict[str, Json]:
    """A certificate that both routes to the gradient by `name` agree; `verdict` is that of `verify_routes`.

    Raises: NotSupportedError for a verdict that is not PROVED, and where no certificate is found.
    """
    return certificate(routes_relation(graph, loss, composed, name, adjoints), graph, verdict)


def certificates_of_induction(induction: Induction) -> dict[str, dict[str, Json]]:
    """A certificate for each obligation of a proof by induction, by its role; that they suffice none of them says.

    For `a != b`, one for a network of small depth in which the sides differ.

    Raises: NotSupportedError for a claim that is not PROVED, and where no certificate is found.
    """
    found: dict[str, dict[str, Json]] = {}
    for obligation in induction.obligations if induction.verdict.proved else ():
        number = sum(role.startswith(obligation.role) for role in found)
        role = f"{obligation.role} {number + 1}" if number else str(obligation.role)
        found[role] = certificate(obligation.relation, obligation.piece.graph, obligation.verdict)
    if not found:
        raise NotSupportedError(f"only a proof about every depth has certificates, not {induction.verdict.kind}")
    return found


def certificates_of_entries(
    pairs: Mapping[str, tuple[Expr, Expr]], equations: Sequence[Expr], verdict: Verdict
) -> dict[str, dict[str, Json]]:
    """A certificate for each pair of equal scalars, given that each equation is 0; as for `verify_entries`.

    Raises: NotSupportedError for a verdict that is not PROVED, and where no certificate is found.
    """
    symbols = sorted({s for e in (*equations, *sum(pairs.values(), ())) for s in e.free_symbols}, key=str)
    names: dict[Expr, Expr] = {}
    for symbol in symbols:
        name = re.sub(r"[^A-Za-z0-9]+", "_", str(symbol)).strip("_")
        while scalar(name) in names.values():
            name += "_"
        names[symbol] = scalar(name)

    def relation(key: str, left: Expr, right: Expr) -> Relation:
        sides = [Tensor(with_indicators(side).xreplace(names)) for side in (left, right)]
        return Relation(name=key, formula=key, left=sides[0], comparison="==", right=sides[1])

    given = tuple(relation(f"{equation} = 0", equation, sp.Integer(0)) for equation in equations)
    graph = Graph(inputs={str(s): () for s in names.values()}, definitions={}, assumptions=given)
    found = {}
    for key, pair in pairs.items():
        claim = relation(key, *pair)
        point = witness(claim, graph)
        if point is None:
            raise NotSupportedError(f"{key}: no point was found at which both sides are defined")
        made = replace(verdict, witness=point, assumptions=tuple(a.formula for a in given))
        found[key] = certificate(claim, graph, made)
    return found
