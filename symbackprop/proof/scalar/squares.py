"""Signs of quadratic polynomials: Σ a_ij v_i v_j is positive for all real v when elimination finds positive pivots.

A sum of squares loses its form when it is multiplied out: (x - y)² + 1 becomes x² - 2xy + y² + 1.
"""

from typing import Any

from symbackprop.proof.scalar.generators import ANY, NULL, PLUS, sign_opposite

Terms = dict[tuple[int, ...], Any]  # exponents -> rational coefficient

MAX_VARIABLES = 40


def quadratic_signs(terms: Terms) -> int:
    """The signs of a polynomial of degree 2 over all real values of its variables; ANY if that is not seen."""
    if any(sum(exponents) > 2 for exponents in terms):
        return ANY
    places = sorted({place for exponents in terms for place, e in enumerate(exponents) if e})
    if len(places) > MAX_VARIABLES:
        return ANY
    # The constant 1 is the last variable.
    position = {place: k for k, place in enumerate(places)}
    size = len(places) + 1
    matrix: list[list[Any]] = [[0] * size for _ in range(size)]
    for exponents, c in terms.items():
        ends = [position[place] for place, e in enumerate(exponents) for _ in range(e) if e]
        i, j = [*ends, size - 1, size - 1][:2]
        matrix[i][j] += c / 2
        matrix[j][i] += c / 2
    signs = _signs_of_form(matrix)
    return signs if signs != ANY else sign_opposite(_signs_of_form([[-a for a in row] for row in matrix]))


def _signs_of_form(matrix: list[list[Any]]) -> int:
    """{+} or {0, +} for a form that is nowhere negative, by completing squares; ANY for another.

    The last pivot belongs to the constant 1: if it is positive, what remains after all squares is positive.
    """
    rows = [list(row) for row in matrix]
    for k, pivot_row in enumerate(rows):
        pivot = pivot_row[k]
        if pivot < 0 or (pivot == 0 and any(a != 0 for a in pivot_row[k + 1 :])):
            return ANY
        for i in range(k + 1, len(rows)):
            if pivot_row[i] != 0:
                factor = pivot_row[i] / pivot
                rows[i] = [a - factor * b for a, b in zip(rows[i], pivot_row, strict=True)]
    return PLUS if rows[-1][-1] > 0 else NULL | PLUS
