"""The functions of the catalogue written out and differentiated, for who derives: a prover has its own calculus."""

from functools import cache

from symbackprop.catalogue.activations import ACTIVATIONS, Formula, formula_of, is_defined, with_formulas
from symbackprop.language.parse import Scope, parse
from symbackprop.tensor.differentiate import differentiate, tidy
from symbackprop.tensor.indices import transform
from symbackprop.tensor.nodes import Elementwise, Expr, elementwise, entry


@cache
def definition(name: str, order: int = 0) -> Formula:
    """The formula of the derivative of that order in z; order 0 is f itself.

    The derivative at a kink is the one that the formula's active branch gives.

    Raises: GraphError for a name that is no elementwise activation of the catalogue.
    """
    formals, expr = formula_of(name)
    for _ in range(order):
        expr = tidy(differentiate(expr, "z", ()))
    return formals, expr


def unfold(expr: Expr) -> Expr:
    """`expr` with every function that the catalogue defines replaced by its formula."""
    return with_formulas(expr, definition)


def by_lower_orders(expr: Expr) -> Expr:
    """`expr` with every second or higher derivative of a function of the catalogue as a formula in lower ones.

    From the compact form of the first derivative where there is one, as σ'' = (1 - 2σ) σ', else from the formula.
    """

    def rule(node: Expr) -> Expr | None:
        if not isinstance(node, Elementwise) or node.func.order < 2 or not is_defined(node.func.function):
            return None
        formals, formula = _by_lower_orders(node.func.function, node.func.order)
        # A formula is free of sums, so that replacing its formal symbols can capture nothing.
        return formula.xreplace(dict(zip(formals, (by_lower_orders(argument) for argument in node.args), strict=True)))

    return transform(expr, rule)


@cache
def _by_lower_orders(name: str, order: int) -> Formula:
    """Formal arguments and the derivative of order >= 2 in them."""
    record = ACTIVATIONS[name]
    formals, formula = definition(name, 1)
    if record.derivative_in_output:
        compact = parse(record.derivative_in_output, Scope(shapes={str(f): () for f in (*formals, "a")})).expr
        formula = compact.xreplace({entry("a"): elementwise(name)(*formals)})
    for _ in range(order - 1):
        formula = tidy(differentiate(formula, "z", ()))
    return formals, by_lower_orders(formula)
