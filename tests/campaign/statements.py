"""Statements as text, so that a campaign can change the text: where they come from, and their variants by size."""

import ast
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from symbackprop.catalogue.identities import identities
from symbackprop.model.build import graph_from_formulas, relation
from symbackprop.model.derivation_file import load
from symbackprop.model.graph import Graph, Relation
from symbackprop.proof.induction import prove_for_every_depth

HERE = Path(__file__).parent
DERIVATIONS = HERE.parent.parent / "derivations"
Texts = tuple[tuple[str, str], ...]
ALL_SIZES, CONCRETE = "all sizes", "concrete"
# The variants of a statement: its own sizes, all sizes equal (so that a transposed matrix still fits), both as numbers.
VARIANTS = {ALL_SIZES: ("symbols", "one symbol"), CONCRETE: ("numbers", "one number")}
NUMBERS = (2, 3, 2, 3, 2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """`claim` about the definitions, all as text; `id` says where it comes from."""

    id: str
    claim: str
    define: Texts
    shapes: Texts = ()
    functions: tuple[str, ...] = ()
    assume: Texts = ()

    @property
    def graph(self) -> Graph:
        """Raises: FormulaError for a wrong definition."""
        return _graph(self.define, self.shapes, self.functions, self.assume)

    @property
    def relation(self) -> Relation:
        """Raises: FormulaError for a wrong claim."""
        return relation(self.graph, "claim", self.claim)

    def sizes(self) -> tuple[str, ...]:
        """The symbolic sizes in the shapes, in order of appearance."""
        found = dict.fromkeys(part.strip() for _, shape in self.shapes for part in shape.split(","))
        return tuple(name for name in found if name and not name.isdigit())

    def __str__(self) -> str:
        given = f" for {_listed(self.define)}" if self.define else ""
        return f"{self.claim}{given}" + (f", where {_listed(self.assume)}" if self.assume else "")


def _listed(texts: Texts) -> str:
    return "; ".join(f"{name} = {text}" for name, text in texts)


@lru_cache(maxsize=256)
def _graph(define: Texts, shapes: Texts, functions: tuple[str, ...], assume: Texts) -> Graph:
    return graph_from_formulas(dict(define), dict(shapes), functions=functions, assume=dict(assume))


def resized(statement: Statement, sizes: Mapping[str, str]) -> Statement:
    """The statement with its sizes replaced, in shapes and formulas, by other names or by numbers."""

    def shape(text: str) -> str:
        return ", ".join(sizes.get(part.strip(), part.strip()) for part in text.split(",")) if text.strip() else text

    def formula(text: str) -> str:
        return ast.unparse(_Resize(sizes).visit(ast.parse(text.strip(), mode="eval")))

    return replace(
        statement,
        claim=formula(statement.claim),
        define=tuple((name, formula(text)) for name, text in statement.define),
        shapes=tuple((name, shape(text)) for name, text in statement.shapes),
        assume=tuple((name, formula(text)) for name, text in statement.assume),
    )


class _Resize(ast.NodeTransformer):
    def __init__(self, sizes: Mapping[str, str]) -> None:
        self.sizes = sizes

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.parse(self.sizes.get(node.id, node.id), mode="eval").body


def variant(statement: Statement, kind: str) -> Statement:
    """One of `VARIANTS` of a statement; a theorem for all sizes holds in each of them."""
    names = statement.sizes()
    sizes = {
        "symbols": {},
        "one symbol": dict.fromkeys(names, "n"),
        "numbers": {name: str(NUMBERS[k % len(NUMBERS)]) for k, name in enumerate(names)},
        "one number": dict.fromkeys(names, "2"),
    }[kind]
    if "n" in sizes.values() and "n" in {*dict(statement.define), *dict(statement.shapes), *statement.functions}:
        return statement
    return resized(statement, sizes) if sizes else statement


# ---------------------------------------------------------------------------------------------- where they come from


@cache
def own() -> tuple[Statement, ...]:
    """The statements of `statements.toml`: a fixed list, whatever else is added to the repository."""
    sections = tomllib.loads((HERE / "statements.toml").read_text(encoding="utf-8"))
    return _with_comparison(ast.Eq, _of_file("own", sections))


@cache
def _files() -> Mapping[Path, Mapping[str, Any]]:
    return {path: tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(DERIVATIONS.glob("*.toml"))}


@cache
def derivation_files() -> Mapping[Path, Mapping[str, Any]]:
    """The derivation files without repeated definitions, which have no graph of fixed length."""
    return {path: data for path, data in _files().items() if "repeat" not in data}


@cache
def derivations() -> tuple[Statement, ...]:
    """The equations claimed in the derivation files; `next(w)` is written as the step that the file says."""
    return _with_comparison(ast.Eq, _claimed())


@cache
def catalogue() -> tuple[Statement, ...]:
    """The equations of the catalogue of identities."""
    return _with_comparison(ast.Eq, _identities())


@cache
def inequalities() -> tuple[Statement, ...]:
    """`a <= b` and its like, of the catalogue and of the derivation files."""
    order = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
    return tuple(s for kind in order for s in _with_comparison(kind, (*_claimed(), *_identities())))


@cache
def differences() -> tuple[Statement, ...]:
    """`a != b` of the derivation files and, at a small depth, of those about any depth."""
    return _with_comparison(ast.NotEq, (*_claimed(), *_obligations()))


@cache
def any_depth() -> tuple[Statement, ...]:
    """What the inductions rest on: an equation about a piece of a network for each base, step and start."""
    return _with_comparison(ast.Eq, _obligations())


def _with_comparison(kind: type[ast.cmpop], statements: Iterable[Statement]) -> tuple[Statement, ...]:
    return tuple(s for s in statements if isinstance(_comparison(s.claim), kind))


def _comparison(claim: str) -> ast.cmpop:
    tree = ast.parse(claim.strip(), mode="eval").body
    assert isinstance(tree, ast.Compare)
    return tree.ops[0]


@cache
def _claimed() -> tuple[Statement, ...]:
    return tuple(s for path, data in derivation_files().items() for s in _of_file(path.stem, {path.stem: data}))


@cache
def _identities() -> tuple[Statement, ...]:
    return tuple(
        Statement(
            id=f"identity/{record.id}",
            claim=record.statement,
            define=tuple(record.define.items()),
            shapes=tuple(record.shapes.items()),
            functions=tuple(record.functions),
            assume=tuple(record.assume.items()),
        )
        for record in identities().values()
    )


@cache
def _obligations() -> tuple[Statement, ...]:
    """Every obligation of every induction, and the points behind `a != b`, with the pieces that they are about."""
    found = []
    for path in _files().keys() - derivation_files().keys():
        repeated = load(path).any_depth
        assert repeated is not None
        for claim in repeated.claims:
            found += [
                _about(obligation.piece.graph, obligation.relation, f"{path.stem}/{claim.name}/{obligation.role}")
                for obligation in prove_for_every_depth(repeated.repeat, claim).obligations
            ]
    return tuple(sorted(found, key=lambda statement: statement.id))


def _about(graph: Graph, relation: Relation, id_: str) -> Statement:
    """A relation about a graph, as text; nothing of it is lost on the way."""
    statement = Statement(
        id=id_,
        claim=relation.formula,
        define=tuple((name, definition.formula) for name, definition in graph.definitions.items()),
        shapes=tuple((name, ", ".join(map(str, shape))) for name, shape in graph.inputs.items()),
        functions=tuple(sorted(graph.functions)),
        assume=tuple((assumption.name, assumption.formula) for assumption in graph.assumptions),
    )
    assert (statement.relation.left, statement.relation.right) == (relation.left, relation.right)
    assert statement.graph.definitions == graph.definitions
    return statement


def _of_file(prefix: str, sections: Mapping[str, Mapping[str, Any]]) -> Iterator[Statement]:
    for section, data in sections.items():
        train = data.get("train", {})
        rate = str(train.get("learning_rate", ""))
        shapes = dict(data.get("shapes", {}))
        if rate.isidentifier() and rate not in data["define"]:
            shapes.setdefault(rate, "")
        for name, claim in data.get("claims", {}).items():
            yield Statement(
                id=f"{prefix}/{name}" if section == prefix else f"{prefix}/{section}/{name}",
                claim=_after_a_step(claim, train) if "next" in claim else claim,
                define=tuple(data["define"].items()),
                shapes=tuple(shapes.items()),
                functions=tuple(data.get("functions", {})),
                assume=tuple(data.get("assume", {}).items()),
            )


def _after_a_step(claim: str, train: Mapping[str, Any]) -> str:
    """The claim with next(w) written as w - rate*d(loss, w) for each parameter w."""

    class Step(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.expr:
            match node:
                case ast.Call(ast.Name("next"), [ast.Name(w)]):
                    assert w in train["parameters"], f"{w} is no parameter, and its next value is no single step"
                    return ast.parse(f"{w} - ({train['learning_rate']})*d({train['loss']}, {w})", mode="eval").body
            return node

    return ast.unparse(Step().visit(ast.parse(claim.strip(), mode="eval")))
