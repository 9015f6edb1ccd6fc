"""The functions of the catalogue by their formulas, differentiated by the prover's own calculus.

Who derives differentiates formulas with another one; nothing of it is taken over.
"""

from functools import cache

from symbackprop.catalogue import activations
from symbackprop.catalogue.activations import is_defined
from symbackprop.proof.index.form import IndexForms
from symbackprop.tensor.indices import transform
from symbackprop.tensor.nodes import Elementwise, Expr


def written_out(expr: Expr) -> Expr:
    """`expr` with every function that the catalogue defines, and its derivatives, replaced by a formula.

    At a kink the derivative is the declared one, that of the formula's active branch.

    Raises: Undecided for a derivative that is beyond the normal form.
    """

    def rule(node: Expr) -> Expr | None:
        if not isinstance(node, Elementwise) or not is_defined(node.func.function):
            return None
        formals, formula = _formula(node.func.function, node.func.order)
        # A formula is free of sums, so that replacing its formal symbols can capture nothing.
        return formula.xreplace(dict(zip(formals, (written_out(argument) for argument in node.args), strict=True)))

    return transform(expr, rule)


@cache
def _formula(name: str, order: int) -> tuple[tuple[Expr, ...], Expr]:
    """Formal arguments (z, parameters...) and the formula of the derivative of that order in z."""
    formals, formula = activations.formula_of(name)
    forms = IndexForms()
    for _ in range(order):
        formula = forms.to_expr(forms.derivative(formula, "z"))
    return formals, formula
