"""What can go wrong, told to the user in one line.

Two kinds that users treat differently are different classes: input that is never valid (`FormulaError`,
`FileError`, `GraphError`) and input that is valid but beyond what is built (`NotSupportedError`).
"""


class SymbackpropError(Exception):
    """Base class of every error that symbackprop raises on purpose; its text is one clear line."""


class FormulaError(SymbackpropError):
    """A formula that is never valid; quotes the formula, points at the place and says what was expected."""

    def __init__(self, message: str, formula: str = "", column: int = 0) -> None:
        self.message, self.formula, self.column = message, formula, column
        where = f" (in {shorten(formula)!r}, column {column + 1})" if formula else ""
        super().__init__(message + where)


class FileError(SymbackpropError):
    """A derivation file that cannot be used; names the file and the key."""


class GraphError(SymbackpropError):
    """A graph, network or request about one that makes no sense (unknown name, loss that is no scalar, ...)."""


class NotSupportedError(SymbackpropError):
    """Valid input that this version cannot handle; says what is missing and what to do instead."""


def shorten(text: str, limit: int = 120) -> str:
    """`text` with its middle left out when it is longer than `limit` characters."""
    if len(text) <= limit:
        return text
    half = (limit - 3) // 2
    return f"{text[:half]}...{text[-half:]}"
