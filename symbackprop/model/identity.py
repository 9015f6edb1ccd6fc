"""An identity of the catalogue as a derivation file: the same sections, its statement as the one claim."""

from dataclasses import replace
from pathlib import Path

from symbackprop.catalogue.identities import Identity
from symbackprop.errors import FileError, SymbackpropError
from symbackprop.model.derivation_file import DerivationFile, Request, read
from symbackprop.model.graph import Graph, Relation
from symbackprop.tensor.indices import children
from symbackprop.tensor.nodes import Partial, entry_name


def as_file(identity: Identity) -> DerivationFile:
    """The identity in the form in which files are derived, proved and written.

    The gradients asked for are those in its statement, so that its page shows how they are derived.
    Raises: FileError that names the identity, for a formula that is wrong.
    """
    data = {
        "title": identity.title,
        "source": identity.source,
        "shapes": dict(identity.shapes),
        "define": dict(identity.define),
        "functions": dict(identity.functions),
        "assume": dict(identity.assume),
        "claims": {identity.id: identity.statement},
        "latex": dict(identity.latex),
    }
    try:
        file = read(Path(identity.id), data)
    except SymbackpropError as error:
        raise FileError(f"identity {identity.id}: {error}") from None
    return replace(file, requests=_requests(file.graph, file.claims[0]))


def _requests(graph: Graph, claim: Relation) -> tuple[Request, ...]:
    """The derivatives `d(f, v)` of scalars in the claim, loss by loss."""
    wanted: dict[str, dict[str, None]] = {}
    stack = [claim.right.expr, claim.left.expr]
    while stack:
        node = stack.pop()
        stack.extend(reversed(children(node)))
        if isinstance(node, Partial):
            loss, v = (entry_name(part) or "" for part in node.args)
            if loss in graph.definitions and not graph.shape(loss):
                wanted.setdefault(loss, {})[v] = None
    return tuple(Request(loss=loss, wrt=tuple(names)) for loss, names in wanted.items())
