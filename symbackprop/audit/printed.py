"""Numbers that a source prints, compared with certified values: are the printed digits the correct rounding?"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from symbackprop.errors import SymbackpropError
from symbackprop.model.derivation_file import DerivationFile
from symbackprop.model.file_numbers import PrintedCheck, PrintedNumber
from symbackprop.numeric.values import Numbers
from symbackprop.proof.points.duals import Undefined
from symbackprop.tensor.tensor import Tensor

VALUE_DIGITS = 10


def check_printed(file: DerivationFile, equations: Mapping[str, Tensor]) -> Iterator[PrintedCheck]:
    """One check per printed number, in the order of the file; what cannot be evaluated says why.

    Derivatives are taken by dual numbers, which know nothing of the derivation. Where these need a value that the
    source does not give (∂L/∂W needs no W, but the forward pass does), the derived `equations` are evaluated.
    """
    routes = (Numbers(file), Numbers(file, equations))
    for printed in file.printed:
        for digits in printed.digits:
            yield _check(routes, printed, digits)


def _check(routes: Sequence[Numbers], printed: PrintedNumber, digits: str) -> PrintedCheck:
    places = decimal_places(digits)
    reason = ""
    for numbers in routes:
        try:
            value = numbers.text(printed.expr, significant=VALUE_DIGITS)
            rounded = numbers.rounded(printed.expr, places)
            break
        except SymbackpropError as error:
            reason = reason or _reason(error)
    else:
        return PrintedCheck(formula=printed.formula, digits=digits, value="", rounded="", agrees=False, reason=reason)
    gap = abs(Fraction(digits) - Fraction(rounded.text))
    # Exactly between two roundings both are correct.
    agrees = gap == 0 or (rounded.tie and gap == Fraction(1, 10) ** places)
    return PrintedCheck(formula=printed.formula, digits=digits, value=value, rounded=rounded.text, agrees=agrees)


def _reason(error: SymbackpropError) -> str:
    """Why there is no value, in a few words."""
    return f"outside the domain: {error}" if isinstance(error, Undefined) else str(error)


def decimal_places(digits: str) -> int:
    """How many decimal places a printed number has; negative for `1.2e3`, which has its last digit at the hundreds."""
    mantissa, _, exponent = digits.lower().partition("e")
    return len(mantissa.partition(".")[2]) - int(exponent or 0)
