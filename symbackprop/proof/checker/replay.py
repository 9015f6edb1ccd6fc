"""The replay of a proof: each step changes the part of the term at a place."""

from typing import Any

from .laws import LAWS, Laws
from .polynomials import minus, powers, ring
from .statement import FORMAT, digest, text
from .terms import ONE, Rejected, Term, add, bind, inside, require, unbind


class Proof(Laws):
    """The steps of a certificate, one after the other."""

    def prove(self, t: Term, steps: Any, sign: int | None) -> None:
        """The steps lead to 0, or to a term of at least this sign."""
        for law, place, *given in steps:
            if law == "derive":
                self.learn(*self.derived(*given))
            elif law == "cases":
                self.cases(t, sign, *given)
                return
            elif law == "absurd":
                _, comparison, u = self.derived(*given)
                wrong = {"!=": u == 0, "==": self.nonzero(u)} | dict.fromkeys((">", ">="), self.sign(minus(u)))
                require(wrong[comparison] > (comparison == ">="), "no contradiction")
                return
            elif law == "grow":  # e^t - 1 has the sign of t
                require(sign is not None, "an equation does not grow")
                t = ring(add(("exp", t), -ONE))
            else:
                t = self.at(t, place, self.scope, law, given)
        require(t == 0 if sign is None else self.sign(t) >= sign, "the steps end with another term")

    def cases(self, t: Term, sign: int | None, raw: Any, *proofs: Any) -> None:
        """u > 0, u = 0, u < 0, each with its steps, for a u that has a value where t has one."""
        u, known = ring(self.term(raw, self.scope)), self.known
        require(self.defined(u, powers(t)) and len(proofs) == 3, "no cases")
        for comparison, fact, steps in zip((">", "==", ">"), (u, u, minus(u)), proofs, strict=True):
            self.known = [*known, ({}, comparison, fact, False)]
            self.prove(t, steps, sign)

    def derived(self, number: int, at: list[Any], steps: list[Any]) -> tuple[dict[str, Any], str, Term]:
        """Something known, at certain indices or (None) at all, its term changed by steps."""
        u = self.placed(number, at, self.scope)
        left = {i: size for (i, size), j in zip(self.known[number][0].items(), at, strict=True) if j is None}
        u = self.law_steps(u, {**self.scope, **left}, steps)
        return left, self.known[number][1], u

    def at(self, t: Term, place: list[int], scope: dict[str, Any], law: str, given: list[Any]) -> Term:
        """The term with what stands at a place changed; the index of a sum around gets a name that is nowhere else."""
        if not place:
            return self.equation(t, law) if law in LAWS else getattr(self, f"law_{law}")(t, scope, *given)
        k, *further = place
        require(type(k) is int and k in inside(t), "no such place")
        varied, self.varied = self.varied, self.varied | ({t[2][1]} if t[0] == "d" else set())
        if t[0] == "sum":
            i = f"#{len(scope)}"
            new = bind(i, t[1], self.at(unbind(t, i), further, {**scope, i: t[1]}, law, given))
        else:
            new = (*t[:k], self.at(t[k], further, scope, law, given), *t[k + 1 :])
        self.varied = varied
        return new

    def law_steps(self, t: Term, scope: dict[str, Any], steps: list[Any]) -> Term:
        """Steps one after the other."""
        for law, place, *given in steps:
            t = self.at(t, place, scope, law, given)
        return t


def check_proof(certificate: Any, differs: bool = False) -> str:
    """The text of the statement that a certificate proves; `differs`: the sides of `!=` were seen to differ.

    Raises: Rejected with the reason, whatever the certificate holds.
    """
    try:
        require(isinstance(certificate, dict) and certificate.get("format") == FORMAT, "no certificate of this format")
        require(certificate.get("digest") == digest(certificate), "a wrong digest")
        proof = Proof(certificate)
        require(certificate["text"] == text(certificate), "the text is not what the terms say")
        require(proof.comparison != "!=" or differs, "a difference is shown by its witness, not by steps")
        if proof.comparison != "!=":
            proof.prove(proof.gap, proof.steps, {"==": None, ">": 2, ">=": 1}[proof.comparison])
        return text(certificate)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        reason = str(error) if isinstance(error, Rejected) else f"malformed: {type(error).__name__} {str(error)[:100]}"
        raise Rejected(" ".join(reason.encode("ascii", "backslashreplace").decode().split())) from None
