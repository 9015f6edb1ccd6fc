"""A certificate is accepted when the checker accepts its proof and the other checker its witness."""

from typing import Any

from symbackprop.proof import witness_check
from symbackprop.proof.checker.replay import check_proof
from symbackprop.proof.checker.terms import Rejected


def check(certificate: Any) -> str:
    """The text of the statement that a certificate proves: by steps and a witness, for `!=` by the witness alone.

    Raises: Rejected with the reason, whatever the certificate holds.
    """
    try:
        differs = witness_check.check(certificate) == witness_check.DIFFERENT
    except witness_check.Rejected as error:
        raise Rejected(str(error)) from None
    return check_proof(certificate, differs)
