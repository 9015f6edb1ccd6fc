"""The statement of an identity entry by entry, and as the last line of a derivation."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from symbackprop.derivation.gather import gradient_in
from symbackprop.model.graph import Relation
from symbackprop.proof.index.form import IndexForms, subtract
from symbackprop.proof.limits import Undecided
from symbackprop.tensor.differentiate import tidy
from symbackprop.tensor.indices import alpha_normal, transform
from symbackprop.tensor.nodes import Expr, Partial, adjoint_name, entry, entry_indices, entry_name
from symbackprop.write.blocks import Block, Equation, Equations, Paragraph, words
from symbackprop.write.breaks import fits
from symbackprop.write.report import IdentityReport, SecondReport
from symbackprop.write.sections.context import Context
from symbackprop.write.sections.forms import formula_latex
from symbackprop.write.sections.rules import MATRIX_NOTE
from symbackprop.write.sections.second import second_lines

# What does not fit entry by entry into so many rows of this width (in points) is given in matrix notation alone.
ROWS, ROW = 3, 330.0
SIGNS = {"==": "=", "!=": r"\neq", "<=": r"\leq", ">=": r"\geq", "<": "<", ">": ">"}
NOTE = "as stated, and proved below"


def entries(ctx: Context, claim: Relation) -> Equation | None:
    """Both sides entry by entry; None where that is too long."""
    letters = ctx.letters(claim.left.expr, claim.right.expr)
    left, right = (ctx.tex(_plain(ctx, side.expr), letters) for side in (claim.left, claim.right))
    if not fits(left, ROW / 2, 1) or not fits(right, ROW, ROWS):
        return None
    reason = words("entry by entry") if claim.left.shape else ()
    return Equation(left, (right,), reason, signs=(SIGNS[claim.comparison],))


def to_statement(ctx: Context, of: IdentityReport, blocks: Sequence[Block]) -> list[Block]:
    """The derivation, brought to the statement: as the last lines on the derivative that stands on its left side.

    Where no derivative is one side of the statement, a sentence says what is left to do. A statement that is not
    proved is no part of a derivation.
    """
    claim = of.report.claims[0].relation
    if not of.verdict.proved or claim.comparison != "==" or not blocks:
        return list(blocks)
    single, matrix = entries(ctx, claim), _matrix_line(ctx, claim)
    for row in of.report.second:
        if single is not None and _is_second(ctx, row, claim.left.expr):
            lines = second_lines(ctx, row)
            single = replace(single, left=lines[0].left)
            matrix = replace(matrix, left=lines[-1].left) if matrix is not None and len(lines) > 1 else None
    place = _place(blocks, single.left) if single is not None and isinstance(claim.left.expr, Partial) else None
    if single is None or place is None:
        left = "What has been derived is put into the statement; that its sides are then the same is proved below."
        return [*blocks, Paragraph(words(left))]
    group = blocks[place]
    assert isinstance(group, Equations)
    lines = _without_matrices(group.lines, single.left)
    matrix = matrix or next((line for line in reversed(group.lines) if line not in lines), None)
    new = single.rights[0] not in {right for line in lines for right in line.rights} and not _derived(ctx, of, claim)
    if new:
        carried = [line.left for line in lines if line.left][-1:]
        lines.append(replace(single, left="" if carried == [single.left] else single.left, reason=words(NOTE)))
    if matrix is not None:
        lines.append(matrix)
    return [*blocks[:place], Equations(tuple(lines)), *blocks[place + 1 :]]


def _without_matrices(group: Sequence[Equation], left: str) -> list[Equation]:
    """The lines without those that say in matrix notation what others say of that left side."""
    kept: list[Equation] = []
    about = ""
    for line in group:
        in_matrices = line.reason == words(MATRIX_NOTE)
        about = about if in_matrices else line.left or about
        if not in_matrices or about != left:
            kept.append(line)
    return kept


def _is_second(ctx: Context, row: SecondReport, side: Expr) -> bool:
    """Whether one side of a statement is ∂²L/∂first∂second, the axes in this order."""
    own, indices = len(ctx.graph.shape(row.first)), row.tensor.indices
    inner = Partial(entry(row.loss), entry(row.first, *indices[:own]))
    return bool(side == Partial(inner, entry(row.second, *indices[own:])))


def _place(blocks: Sequence[Block], left: str) -> int | None:
    """The last group of equations about the left side."""
    found = [
        number
        for number, block in enumerate(blocks)
        if isinstance(block, Equations) and any(line.left == left for line in block.lines)
    ]
    return found[-1] if found else None


def _matrix_line(ctx: Context, claim: Relation) -> Equation | None:
    """The statement in matrix notation, where it has one that says more than the entries do."""
    sides = claim.formula.split("==")
    if not claim.left.shape or len(sides) != 2:
        return None
    left, right = (formula_latex(ctx, side.strip()) for side in sides)
    return None if left is None or right is None else Equation(left, (right,), words(MATRIX_NOTE))


def _derived(ctx: Context, of: IdentityReport, claim: Relation) -> bool:
    """Whether the right side of the statement is a result of the derivation, up to the names of bound indices."""
    wanted = alpha_normal(_plain(ctx, claim.right.expr))
    return any(alpha_normal(_plain(ctx, expr)) == wanted for expr in _results(of))


def _results(of: IdentityReport) -> Iterator[Expr]:
    """What the derivations come to."""
    stated = gradient_in(of.report.claims[0].relation.left)
    for loss in of.report.losses:
        for step in loss.delta.steps:
            if stated is not None and entry_name(step.left) == adjoint_name(*stated):
                yield step.right
    yield from (second.tensor.expr for second in of.report.second)
    yield from (jacobian.tensor.expr for jacobian in of.jacobians)


def _plain(ctx: Context, expr: Expr) -> Expr:
    return _named(ctx, _tidied(expr))


def _named(ctx: Context, expr: Expr) -> Expr:
    """The same with the names of the derivation for derivatives of a loss: δ for that by a pre-activation."""

    def rule(node: Expr) -> Expr | None:
        if not isinstance(node, Partial):
            return None
        loss, v = (entry_name(part) or "" for part in node.args)
        code = adjoint_name(loss, v)
        known = code in ctx.names.quantities or code in ctx.names.adjoints
        return entry(code, *entry_indices(node.args[1])) if known else None

    return transform(expr, rule)


def _tidied(expr: Expr) -> Expr:
    """The same without sums over Kronecker deltas, where the index normal form proves it to be the same."""
    shorter = tidy(expr)
    forms = IndexForms()
    try:
        return shorter if forms.is_zero(subtract(forms.normalise(shorter), forms.normalise(expr))) else expr
    except Undecided:
        return expr
