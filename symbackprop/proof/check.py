"""A certificate is accepted when the checker accepts its proof and the other checker its witness."""

from typing import Any

from symbackprop.errors import SymbackpropError, shorten
from symbackprop.proof import witness_check
from symbackprop.proof.checker.replay import check_proof
from symbackprop.proof.checker.statement import FORMAT, KEYS
from symbackprop.proof.checker.terms import Rejected

KINDS = {list: "a list", str: "a text", int: "a number", float: "a number", bool: "true or false", type(None): "null"}


class CertificateError(Rejected, SymbackpropError):
    """A certificate that is not accepted; says why."""


def check(certificate: Any) -> str:
    """The text of the statement that a certificate proves: by steps and a witness, for `!=` by the witness alone.

    Raises: CertificateError with the reason, whatever the certificate holds.
    """
    try:
        if other := _other_than_a_certificate(certificate):
            raise CertificateError(other)
        differs = witness_check.check(certificate) == witness_check.DIFFERENT
        return check_proof(certificate, differs)
    except (witness_check.Rejected, Rejected, RecursionError) as error:
        raise CertificateError(str(error)) from None


def _other_than_a_certificate(content: object) -> str:
    """What the content of a file is instead of a certificate, which the checkers need not tell; "" if it may be one."""
    if not isinstance(content, dict):
        return f"no certificate: it holds no JSON object, but {KINDS.get(type(content), 'something else')}"
    if content.get("format") != FORMAT:
        found = f'"format" is {shorten(repr(content["format"]))}' if "format" in content else 'it has no "format"'
        return f'no certificate of this version, whose "format" is "{FORMAT}": {found}'
    missing = [key for key in KEYS.split() if key not in content]
    return f'no whole certificate: it has no "{missing[0]}"' if missing else ""
