"""f'(z) in terms of f(z): σ' = σ (1 - σ), tanh' = 1 - tanh², each used only after it has been proved.

With derivatives written this way the functions themselves may stay opaque, which decides most statements about
compositions that would be beyond the normal form with every function written out.
"""

from functools import cache

from symbackprop.catalogue.activations import ACTIVATIONS, is_defined
from symbackprop.language.parse import Scope, parse
from symbackprop.proof.formulas import written_out
from symbackprop.proof.index.form import IndexForms
from symbackprop.proof.limits import Undecided
from symbackprop.tensor.indices import transform
from symbackprop.tensor.nodes import Elementwise, Expr, elementwise, entry


def compact(expr: Expr) -> Expr:
    """`expr` with each first derivative f'(u) of the catalogue written with f(u), where that form is proved."""

    def rule(node: Expr) -> Expr | None:
        if not isinstance(node, Elementwise) or node.func.order != 1 or not is_defined(node.func.function):
            return None
        form = compact_form(node.func.function)
        if form is None:
            return None
        formals, formula = form
        arguments = tuple(compact(argument) for argument in node.args)
        value = elementwise(node.func.function)(*arguments)
        # The form is free of sums, so that replacing its formal symbols can capture nothing.
        return formula.xreplace(dict(zip(formals, (value, *arguments), strict=True)))

    return transform(expr, rule)


@cache
def compact_form(name: str) -> tuple[tuple[Expr, ...], Expr] | None:
    """Formals (a, z, parameters...) and the proved formula of f'(z) in a = f(z); None where there is none."""
    record = ACTIVATIONS[name]
    if not record.derivative_in_output:
        return None
    names = ("a", "z", *record.parameters)
    formals = tuple(entry(formal) for formal in names)
    formula = parse(record.derivative_in_output, Scope(shapes=dict.fromkeys(names, ()))).expr
    value, derivative = (elementwise(name, order)(*formals[1:]) for order in (0, 1))
    forms = IndexForms()
    try:
        difference = written_out(formula.xreplace({formals[0]: value}) - derivative)
        proved = forms.is_zero(forms.normalise(difference)) and not forms.conditions  # it is used without any
        return (formals, formula) if proved else None
    except Undecided:
        return None
