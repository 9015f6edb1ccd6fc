"""The functions of the catalogue by their formulas, differentiated by the prover's own calculus.

Who derives differentiates formulas with another one; nothing of it is taken over.
"""

from functools import cache

from symbackprop.catalogue.activations import Formula, formula_of, with_formulas
from symbackprop.proof.index.form import IndexForms
from symbackprop.tensor.nodes import Expr


def written_out(expr: Expr) -> Expr:
    """`expr` with every function that the catalogue defines, and its derivatives, replaced by a formula.

    At a kink the derivative is the declared one, that of the formula's active branch.

    Raises: Undecided for a derivative that is beyond the normal form.
    """
    return with_formulas(expr, _formula)


@cache
def _formula(name: str, order: int) -> Formula:
    """The formula of the derivative of that order in z."""
    formals, formula = formula_of(name)
    forms = IndexForms()
    for _ in range(order):
        formula = forms.to_expr(forms.derivative(formula, "z"))
    return formals, formula
