"""Statements as text, so that a campaign can change the text: where they come from, and their variants by size."""

import ast
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from symbackprop.catalogue.identities import identities
from symbackprop.model.build import graph_from_formulas, relation
from symbackprop.model.graph import Graph, Relation

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
    return tuple(_of_file("own", tomllib.loads((HERE / "statements.toml").read_text(encoding="utf-8"))))


@cache
def derivation_files() -> Mapping[Path, Mapping[str, Any]]:
    """The derivation files without repeated definitions, which have no graph of fixed length."""
    files = {path: tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(DERIVATIONS.glob("*.toml"))}
    return {path: data for path, data in files.items() if all(name.isidentifier() for name in data["define"])}


@cache
def derivations() -> tuple[Statement, ...]:
    """The equations claimed in the derivation files, but those about gradient steps."""
    return tuple(s for path, data in derivation_files().items() for s in _of_file(path.stem, {path.stem: data}))


@cache
def catalogue() -> tuple[Statement, ...]:
    """The equations of the catalogue of identities."""
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
        if _is_equation(record.statement)
    )


def _of_file(prefix: str, sections: Mapping[str, Mapping[str, Any]]) -> Iterator[Statement]:
    for section, data in sections.items():
        for name, claim in data.get("claims", {}).items():
            if _is_equation(claim):
                yield Statement(
                    id=f"{prefix}/{name}" if section == prefix else f"{prefix}/{section}/{name}",
                    claim=claim,
                    define=tuple(data["define"].items()),
                    shapes=tuple(data.get("shapes", {}).items()),
                    functions=tuple(data.get("functions", {})),
                    assume=tuple(data.get("assume", {}).items()),
                )


def _is_equation(claim: str) -> bool:
    tree = ast.parse(claim.strip(), mode="eval").body
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    return isinstance(tree, ast.Compare) and isinstance(tree.ops[0], ast.Eq) and "next" not in called
