"""The derivative of a normal form by one entry, every other name independent of it."""

from fractions import Fraction

from symbackprop.proof.index.engine import NONZERO, POSITIVE
from symbackprop.proof.index.poly import (
    COS,
    ERF,
    LOG,
    ONE,
    SIN,
    ZERO,
    Atom,
    Base,
    Call,
    Constant,
    Entry,
    Exp,
    Index,
    Indicator,
    Mono,
    Poly,
    Sum,
    add,
    scale,
    single,
    term,
)
from symbackprop.proof.index.powers import atom_value
from symbackprop.proof.index.sums import Sums
from symbackprop.proof.limits import Undecided

Indices = tuple[Index, ...]


class Derivatives(Sums):
    """Differentiation by linearity, the product rule and the chain rule."""

    def differentiate(self, p: Poly, name: str, indices: Indices) -> Poly:
        """∂p/∂name[indices]."""
        parts = [scale(self._product_rule(mono, name, indices), c) for mono, c in p.terms]
        return add(*parts)

    def _product_rule(self, mono: Mono, name: str, indices: Indices) -> Poly:
        """∂ ∏ a^e = Σ e a^(e-1) (∂a) ∏ the others."""
        parts = []
        for atom, exponent in mono.factors:
            inner = self._derivative_of_atom(atom, name, indices)
            if not inner:
                continue
            if exponent.denominator != 1 and not self.positive_atom(atom):
                self.note(POSITIVE, atom_value(atom))
            factors = dict(mono.factors)
            factors[atom] -= 1
            if not factors[atom]:
                del factors[atom]
            parts.append(scale(self.multiply(self.reduce(factors), inner), exponent))
        return add(*parts)

    def _derivative_of_atom(self, atom: Atom, name: str, indices: Indices) -> Poly:
        if isinstance(atom, Entry):
            return self._derivative_of_entry(atom, name, indices)
        if isinstance(atom, Call):
            return self._chain_rule(atom, name, indices)
        if isinstance(atom, Exp):
            inner = self.differentiate(term(atom.exponent), name, indices)
            return self.multiply(self.reduce({atom: Fraction(1)}), inner)
        if isinstance(atom, Base):
            return self.differentiate(atom.poly, name, indices)
        if isinstance(atom, Sum):
            body, dummies = self.open(atom, indices)
            return self.summation(self.differentiate(body, name, indices), dummies)
        return ZERO

    def _derivative_of_entry(self, atom: Entry, name: str, indices: Indices) -> Poly:
        """∂x[p,q]/∂x[i,j] = δ_pi δ_qj."""
        if atom.name != name:
            return ZERO
        if len(atom.indices) != len(indices):
            raise Undecided(f"{name!r} occurs with {len(atom.indices)} and with {len(indices)} indices")
        result = ONE
        for i, j in zip(atom.indices, indices, strict=True):
            result = self.multiply(result, self.delta(i, j))
        return result

    def _chain_rule(self, atom: Call, name: str, indices: Indices) -> Poly:
        """∂f(u, parameters) = f'(u, parameters) ∂u; an indicator is constant where its argument is not 0."""
        inner, *others = [self.differentiate(argument, name, indices) for argument in atom.arguments]
        if any(others):
            raise Undecided(f"the derivative of {atom.function!r} in a parameter")
        if not inner:
            return ZERO
        if isinstance(atom, Indicator):
            self.note(NONZERO, atom.arguments[0])
            return ZERO
        return self.multiply(self._outer_derivative(atom), inner)

    def _outer_derivative(self, atom: Call) -> Poly:
        (u, *_) = atom.arguments
        if atom.function == LOG:
            return self.power(u, Fraction(-1))
        if atom.function == SIN:
            return self.cosine(u)
        if atom.function == COS:
            return scale(self.sine(u), -1)
        if atom.function == ERF:
            gauss = self.exponential(scale(self.multiply(u, u), -1))
            return scale(self.multiply(self.power(single(Constant("pi")), Fraction(-1, 2)), gauss), 2)
        return self.call(atom.function, atom.order + 1, atom.arguments)
