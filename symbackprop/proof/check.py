"""A certificate is accepted when the checker accepts its proof and the other checker its witness."""

from typing import Any

from symbackprop.proof import checker, witness_check


def check(certificate: Any) -> str:
    """The text of the statement that a certificate proves: by steps and a witness, for `!=` by the witness alone.

    Raises: checker.Rejected with the reason, whatever the certificate holds.
    """
    try:
        differs = witness_check.check(certificate) == witness_check.DIFFERENT
    except witness_check.Rejected as error:
        raise checker.Rejected(str(error)) from None
    return checker.check(certificate, differs)
