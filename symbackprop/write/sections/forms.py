"""Matrix notation: of formulas as their author wrote them, and of derived index expressions.

A derived expression is turned into a formula, and the formula is read again; then the formula is turned into LaTeX,
and the LaTeX is read back. Only when the index normal form proves each of them to be the same is the line printed: no
transpose in a document is a guess.
"""

from symbackprop.errors import SymbackpropError
from symbackprop.language.array_form import array_form
from symbackprop.language.parse import Scope, parse, parse_relation
from symbackprop.model.build import scope_of
from symbackprop.model.graph import Graph, Relation, names_in
from symbackprop.proof.index.form import IndexForms, subtract
from symbackprop.proof.limits import Undecided
from symbackprop.tensor.indices import transform
from symbackprop.tensor.nodes import Expr, adjoint_parts, entry, entry_indices, entry_name, is_adjoint
from symbackprop.tensor.tensor import Tensor
from symbackprop.write.blocks import Math, Mono
from symbackprop.write.formulas.matrix import matrix_latex, matrix_relation
from symbackprop.write.formulas.read_back import prints, prints_relation
from symbackprop.write.sections.context import Context


def formula_latex(ctx: Context, formula: str) -> str | None:
    """A formula of the file in matrix notation; None where the notation has no words for it, or not the right ones."""
    scope = scope_of(ctx.graph)
    shown = matrix_latex(formula, scope, ctx.names)
    if shown is None or not prints(shown, parse(formula, scope), ctx.names, scope.shapes):
        return None
    return shown


def relation_text(ctx: Context, relation: Relation) -> Math | Mono:
    """A claim or assumption in matrix notation, or as it is written in the file."""
    scope = scope_of(ctx.graph)
    shown = matrix_relation(relation.formula, scope, ctx.names)
    if shown is None or not prints_relation(shown, parse_relation(relation.formula, scope), ctx.names, scope.shapes):
        return Mono(relation.formula)
    return Math(shown)


def matrix_form(ctx: Context, tensor: Tensor) -> str | None:
    """The confirmed matrix notation of a derived expression; None when there is none or it is not confirmed."""
    codes = identifiers(ctx.graph, tensor.expr)
    formula = confirmed_formula(ctx.graph, tensor, codes)
    if formula is None:
        return None
    shown = matrix_latex(formula, adjoint_scope(ctx.graph, codes), ctx.names, codes)
    return shown if shown is not None and prints(shown, tensor, ctx.names, scope_of(ctx.graph).shapes) else None


def identifiers(graph: Graph, expr: Expr) -> dict[str, str]:
    """An identifier for each adjoint d(L, v) in an expression -> that code name."""
    taken = {*graph.inputs, *graph.definitions, *graph.functions, *graph.sizes()}
    codes: dict[str, str] = {}
    for code in sorted(name for name in names_in(expr) if is_adjoint(name)):
        identifier = f"delta_{adjoint_parts(code)[1]}"
        while identifier in taken or identifier in codes:
            identifier += "_"
        codes[identifier] = code
    return codes


def adjoint_scope(graph: Graph, codes: dict[str, str]) -> Scope:
    """The scope of the graph with an identifier for each adjoint; ∂L/∂v has the shape of v, for L is a scalar."""
    shapes = {identifier: graph.shape(adjoint_parts(code)[1]) for identifier, code in codes.items()}
    scope = scope_of(graph)
    return Scope(shapes={**scope.shapes, **shapes}, sizes=scope.sizes, functions=scope.functions)


def confirmed_formula(graph: Graph, tensor: Tensor, codes: dict[str, str]) -> str | None:
    """A formula in NumPy syntax that is proved to mean `tensor` when it is read again."""
    scope = adjoint_scope(graph, codes)
    try:
        formula = array_form(tensor, scope, {code: identifier for identifier, code in codes.items()})
        if formula is None:
            return None
        back = parse(formula, scope)
        if back.shape != tensor.shape:
            return None
        forms = IndexForms()
        difference = subtract(forms.normalise(_named(back.expr, codes)), forms.normalise(tensor.expr))
        return formula if forms.is_zero(difference) else None
    except (SymbackpropError, Undecided):
        return None


def _named(expr: Expr, codes: dict[str, str]) -> Expr:
    """`expr` with the identifiers replaced by the code names that they stand for."""

    def rule(node: Expr) -> Expr | None:
        code = codes.get(entry_name(node) or "")
        return entry(code, *entry_indices(node)) if code is not None else None

    return transform(expr, rule)
