"""Finds softmax and log_softmax in index expressions, also where the terms of a derivative have torn them apart."""

import ast
from collections.abc import Callable, Sequence

import sympy as sp

from symbackprop.language import array_patterns as patterns
from symbackprop.language.array_layout import squeezed
from symbackprop.language.array_nodes import Variants, call, number
from symbackprop.tensor.indices import free_indices
from symbackprop.tensor.nodes import Expr, entry


class SoftmaxFinder:
    """Replaces what it finds by entries of arrays named by their own text, `softmax(z)[i]`; `found` has their nodes."""

    def __init__(self, build: Callable[[Expr], Variants]) -> None:
        self.build = build
        self.found: dict[str, ast.expr] = {}

    def fold_terms(self, expr: Expr) -> Expr:
        """z_i - log Σ_k exp(z_k) as one entry of log_softmax(z)."""
        for term in expr.args:
            sign, logarithm = term.as_coeff_Mul()
            if not isinstance(logarithm, sp.log) or abs(sign) != 1:
                continue
            total = patterns.normaliser(logarithm.args[0])
            if total is None:
                continue
            indices, rest = total.peel(-sign * (expr - term), 1)
            if indices:
                return -sign * (self.placeholder("log_softmax", total, indices[0]) + rest)
        return expr

    def fold_factors(self, factors: Sequence[Expr]) -> list[Expr]:
        """exp(z_i) / Σ_k exp(z_k) as one entry of softmax(z), also where the sum stands outside of another sum."""
        for divisor in factors:
            inverse = divisor.is_Pow and divisor.exp.is_Integer and divisor.exp < 0
            total = patterns.normaliser(divisor.base) if inverse else None
            if total is None:
                continue
            others, left = [f for f in factors if f is not divisor], int(-divisor.exp)
            rest: list[Expr] = []
            for factor in others:
                folded, left = self.absorb(factor, total, left)
                rest.extend(sp.Mul.make_args(folded))
            if left < -divisor.exp:
                return self.fold_factors([*rest, *([total.expr**-left] if left else [])])
        return list(factors)

    def absorb(self, expr: Expr, total: patterns.Normaliser, most: int) -> tuple[Expr, int]:
        """expr / total**n as an expression with softmax entries, n as large as can be, and how many are left."""
        if most == 0:
            return expr, 0
        if isinstance(expr, sp.exp):
            indices, rest = total.peel(expr.args[0], most)
            entries = [self.placeholder("softmax", total, i) for i in indices]
            return sp.Mul(sp.exp(rest), *entries), most - len(indices)
        if expr.is_Mul:
            parts = []
            for factor in expr.args:
                part, most = self.absorb(factor, total, most)
                parts.append(part)
            return sp.Mul(*parts), most
        if expr.is_Add:
            done = [self.absorb(term, total, most) for term in expr.args]
            counts = {left for _, left in done}
            return (sp.Add(*(term for term, _ in done)), counts.pop()) if len(counts) == 1 else (expr, most)
        if isinstance(expr, sp.Sum) and not free_indices(total.expr) & {limit[0] for limit in expr.limits}:
            body, left = self.absorb(expr.function, total, most)
            return (sp.Sum(body, *expr.limits), left) if left < most else (expr, most)
        return expr, most

    def placeholder(self, function: str, total: patterns.Normaliser, i: Expr) -> Expr:
        """The entry of function(u) at i: a name of our own that stands for the array."""
        array = squeezed(self.build(total.exponent)[0])
        axis = array.labels.index(total.k)
        keywords = {} if axis == len(array.labels) - 1 else {"axis": number(axis)}
        node = call(function, array.node, **keywords)
        self.found[ast.unparse(node)] = node
        return entry(ast.unparse(node), *(i if label == total.k else label for label in array.labels))
