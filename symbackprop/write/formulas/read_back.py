"""Whether a printed line means what it is to say: it is read by its grammar, and the difference proved to be zero."""

from collections.abc import Mapping
from fractions import Fraction

import sympy as sp

from symbackprop.errors import SymbackpropError
from symbackprop.proof.index.form import IndexForms, subtract
from symbackprop.proof.limits import Undecided
from symbackprop.tensor.indices import children, rebuild, substitute, transform
from symbackprop.tensor.nodes import Expr, Local, Partial, adjoint_name, entry, entry_indices, entry_name, extent
from symbackprop.tensor.tensor import Tensor
from symbackprop.write.formulas.local_derivatives import total_where_equal
from symbackprop.write.formulas.matrix_reader import read_matrix, read_relation
from symbackprop.write.formulas.matrix_reader_arrays import Array, fit
from symbackprop.write.formulas.matrix_reader_words import Shapes
from symbackprop.write.formulas.names import Names
from symbackprop.write.formulas.reader import read
from symbackprop.write.formulas.sameness import same


def prints_expression(text: str, expr: Expr, names: Names, letters: Mapping[Expr, str]) -> bool:
    """Whether a line in index notation is read back as the expression; `letters` has those of its free indices.

    A local derivative has to be read back as one, but for those that are total ones, too, and are printed so.
    """
    try:
        return same(read(text, names, letters), total_where_equal(expr, names.only_direct))
    except (SymbackpropError, RecursionError):
        return False


def prints_numbers(text: str, expr: Expr, values: Mapping[Expr, str], names: Names) -> bool:
    """Whether a line with numbers is read back as the expression with these decimals put in, which are exact here."""
    return prints_expression(text, put_in(expr, values), names, {})


def put_in(expr: Expr, values: Mapping[Expr, str]) -> Expr:
    """`expr` with decimals in the place of entries and sizes."""
    return transform(expr, lambda node: sp.Rational(Fraction(values[node])) if node in values else None)


def prints(text: str, tensor: Tensor, names: Names, shapes: Shapes) -> bool:
    """Whether a line in matrix notation is read back as the tensor."""
    try:
        return is_tensor(read_matrix(text, names, shapes), tensor)
    except (SymbackpropError, RecursionError):
        return False


def prints_relation(text: str, sides: tuple[Tensor, str, Tensor], names: Names, shapes: Shapes) -> bool:
    """Whether a relation in matrix notation is read back as these two sides with this comparison between them.

    A number may stand for a side all of whose entries it is.
    """
    try:
        left, sign, right = read_relation(text, names, shapes)
    except (SymbackpropError, RecursionError):
        return False
    pairs = (left, sides[0]), (right, sides[2])
    return sign == sides[1] and all(is_tensor(side, tensor, repeated=True) for side, tensor in pairs)


def is_tensor(array: Array, tensor: Tensor, repeated: bool = False) -> bool:
    """Whether an array is the tensor, or, if `repeated`, a number that is each of its entries."""
    expected = substitute(tensor.expr, {i: sp.Integer(0) for i in tensor.indices if extent(i) == 1})
    if repeated and array.is_number:
        return equal(array.expr, expected)
    axes = tuple(None if extent(i) == 1 else i for i in tensor.indices)
    own = array.axes
    if len(axes) > 2:  # what is no matrix has no rows and columns, only an order of axes
        axes, own = (tuple(axis for axis in some if axis is not None) for some in (axes, own))
    else:
        axes = (*axes, *[None] * (2 - len(axes)))
    if not fit(own, axes):
        return False
    moved = {old: new for old, new in zip(own, axes, strict=True) if old is not None}
    return equal(substitute(array.expr, moved), expected)


def equal(a: Expr, b: Expr) -> bool:
    """Whether two expressions are the same, or their difference is zero in index normal form.

    The normal form would take derivatives with all other names held fixed; so it gets none. Derivatives of quantities
    are quantities of their own there, and with any other the expressions have to be the same.
    """
    a, b = _with_adjoints(a), _with_adjoints(b)
    if same(a, b):
        return True
    if a.has(Partial, Local) or b.has(Partial, Local):
        return False
    try:
        forms = IndexForms()
        return forms.is_zero(subtract(forms.normalise(a), forms.normalise(b)))
    except Undecided:
        return False


def _with_adjoints(expr: Expr) -> Expr:
    """Total derivatives of entries by entries as quantities of their own; inner ones first."""
    parts = children(expr)
    expr = rebuild(expr, map(_with_adjoints, parts)) if parts else expr
    if not isinstance(expr, Partial):
        return expr
    f, v = expr.args
    above, below = entry_name(f), entry_name(v)
    if above is None or below is None:
        return expr
    return entry(adjoint_name(above, below), *entry_indices(f), *entry_indices(v))
