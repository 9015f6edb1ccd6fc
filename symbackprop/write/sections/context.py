"""What every section of a document needs: the report, the names, what each quantity is, and its numbers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

from symbackprop.model.derivation_file import DerivationFile
from symbackprop.model.graph import Graph
from symbackprop.tensor.indices import free_indices
from symbackprop.tensor.nodes import Elementwise, Expr, entry, entry_indices, entry_name, is_size, size
from symbackprop.tensor.tensor import axes
from symbackprop.write.blocks import Math
from symbackprop.write.formulas.latex import latex
from symbackprop.write.formulas.local_derivatives import only_direct
from symbackprop.write.formulas.names import Names, functions_in, make_names
from symbackprop.write.formulas.read_back import prints_expression
from symbackprop.write.report import Report

_ADJOINT = re.compile(r"d\(\s*(\w+)\s*,\s*(\w+)\s*\)")
_TARGET = re.compile(r"[yYtT](\d+|_\w+)?|targets?")
_SMALL = re.compile(r"(-?)0\.(0{4,})([1-9]\d*)")
# What stands for a line that is not read back as the expression that it prints.
UNREAD = r"\text{(left out, for it is not read back as what it is to say; the JSON file has it as SymPy text)}"
# How many significant digits a rounded value has; one with another number of them is exact.
ROUNDED_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Context:
    """`roles` says of each name what it is to a reader; `numbers` has the decimal text of every entry that has one."""

    report: Report
    names: Names
    roles: Mapping[str, str]
    numbers: Mapping[Expr, str]
    _printed: dict[Any, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def file(self) -> DerivationFile:
        return self.report.file

    @property
    def graph(self) -> Graph:
        return self.report.file.graph

    @property
    def has_numbers(self) -> bool:
        return bool(self.report.values)

    def letters(self, *exprs: Expr) -> dict[Expr, str]:
        """One letter for each free index of the expressions; i0, i1, ... are i, j, ..."""
        return self.names.free_letters(frozenset().union(*map(free_indices, exprs)))

    def tex(self, expr: Expr, letters: Mapping[Expr, str] | None = None) -> str:
        """The expression in index notation, read back before it is given away."""
        letters = self.letters(expr) if letters is None else letters
        key = expr, frozenset(letters.items())
        if key not in self._printed:
            text = latex(expr, self.names, free=letters)
            self._printed[key] = text if prints_expression(text, expr, self.names, letters) else UNREAD
        return self._printed[key]

    def symbol(self, code: str) -> str:
        """The LaTeX name of a whole quantity or adjoint, without indices."""
        if code in self.names.quantities:
            return self.names.quantities[code].text
        loss, name = self.names.adjoints[code]
        return rf"\frac{{\partial {self.symbol(loss)}}}{{\partial {self.symbol(name)}}}"

    def math(self, code: str) -> Math:
        """The name of a quantity within a sentence."""
        return Math(self.symbol(code))

    def shape(self, shape: tuple[Expr, ...]) -> str:
        r"""m \times n, or "scalar"."""
        return r" \times ".join(self.tex(extent) for extent in shape)

    def extents(self, shape: tuple[Expr, ...]) -> tuple[int, ...] | None:
        """The shape in numbers; None when a size is not given."""
        found = []
        for extent in shape:
            if extent.is_Integer:
                found.append(int(extent))
            elif str(extent) in self.file.sizes:
                found.append(self.file.sizes[str(extent)])
            else:
                return None
        return tuple(found)

    def entry(self, code: str) -> Expr:
        """The general entry of a quantity of the graph, with the indices i0, i1, ..."""
        return entry(code, *axes(self.graph.shape(code)))


def context(report: Report) -> Context:
    """Names, roles and numbers for a report."""
    roles = roles_of(report)
    return Context(report=report, names=names_of(report, roles), roles=roles, numbers=numbers_of(report))


def is_exact(text: str) -> bool:
    """Whether a decimal of the report is exact: rounded ones have six significant digits, trailing zeros included."""
    digits = re.sub(r"[eE].*", "", text).replace("-", "").replace(".", "").lstrip("0")
    return len(digits) != ROUNDED_DIGITS


def compact(text: str) -> str:
    """A decimal with many zeros after the point in scientific notation: 0.0000012 as 1.2e-6."""
    match = _SMALL.fullmatch(text)
    if match is None:
        return text
    sign, zeros, digits = match.groups()
    rest = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{rest}e-{len(zeros) + 1}"


def numbers_of(report: Report) -> dict[Expr, str]:
    """Entry -> decimal text, for sizes too."""
    numbers = {
        entry(name, *position): compact(text)
        for name, texts in report.values.items()
        for position, text in texts.items()
    }
    return numbers | {size(name): str(value) for name, value in report.file.sizes.items()}


def names_of(report: Report, roles: Mapping[str, str]) -> Names:
    """LaTeX names for the graph and for the adjoints of every loss in the file."""
    file = report.file
    graph = file.graph
    ranks = {name: len(graph.shape(name)) for name in (*graph.inputs, *graph.definitions)}
    overridden = [match.groups() for key in file.latex if (match := _ADJOINT.fullmatch(key.strip()))]
    pairs = [(request.loss, name) for request in file.requests for name in ranks]
    pairs += [(f, v) for f, v in overridden if f in ranks and v in ranks]
    used = {f for d in graph.definitions.values() for f in functions_in(d.tensor.expr)}
    used |= {f for claim in file.claims for side in (claim.left, claim.right) for f in functions_in(side.expr)}
    parameters = {name for request in file.requests for name in request.wrt}
    return make_names(
        ranks,
        defined=frozenset(graph.definitions),
        sizes=graph.sizes(),
        functions=sorted(graph.functions | used),
        adjoints=list(dict.fromkeys(pairs)),
        pre_activations={name for name, role in roles.items() if role == "pre-activation"},
        weights={name for name in graph.inputs if ranks[name] > 1 and (name in parameters or name[0] in "wW")},
        direct=only_direct(graph),
        overrides=file.latex,
    )


def roles_of(report: Report) -> dict[str, str]:
    """What each quantity is, in a word that a reader knows."""
    file = report.file
    graph = file.graph
    losses = [request.loss for request in file.requests]
    wrt = {name for request in file.requests for name in request.wrt}
    rate = {entry_name(s) for s in file.training.learning_rate.free_symbols} if file.training else set()
    roles = {}
    for name in graph.inputs:
        users = [d for d in graph.definitions if name in graph.uses(d)]
        if name in rate and not users:
            roles[name] = "learning rate"
        elif name in wrt:
            roles[name] = "parameter"
        elif name[0] in "wWbB" and any(_is_linear(graph, d, name) for d in users):
            roles[name] = "fixed parameter"
        elif users and all(user in losses or _only_feeds(graph, user, losses) for user in users):
            roles[name] = "target" if _TARGET.fullmatch(name) else "input"
        else:
            roles[name] = "input"
    arguments = {
        name for d in graph.definitions if d not in losses or _is_named(graph, d) for name in activated(graph, d)
    }
    for name in graph.definitions:
        if name in losses:
            roles[name] = "loss"
        elif activated(graph, name):
            roles[name] = "activation"
        elif name in arguments:
            roles[name] = "pre-activation"
        else:
            roles[name] = "intermediate quantity"
    # Where the graph starts from a pre-activation that a derivative is taken by.
    for name in arguments & set(graph.inputs) & wrt:
        roles[name] = "pre-activation"
    return roles


def _is_linear(graph: Graph, definition: str, name: str) -> bool:
    """Whether a definition is a sum of terms in which `name` is a factor at most: W x + b."""
    expr = graph.definitions[definition].tensor.expr
    parts = [term.function if isinstance(term, sp.Sum) else term for term in sp.Add.make_args(expr)]
    return any(name == entry_name(factor) for part in parts for factor in sp.Mul.make_args(part))


def _is_named(graph: Graph, definition: str) -> bool:
    """Whether a definition applies a named function rather than an arbitrary one, which may be part of the loss."""
    return not functions_in(graph.definitions[definition].tensor.expr) & graph.functions


def _only_feeds(graph: Graph, name: str, losses: list[str]) -> bool:
    """Whether `name` serves no other purpose than the losses, one definition on."""
    users = [d for d in graph.definitions if name in graph.uses(d)]
    return not graph.shape(name) or (bool(users) and all(user in losses for user in users))


def activated(graph: Graph, name: str) -> tuple[str, ...]:
    """The z of a definition a = f(z) or a = softmax(z); nothing for other definitions."""
    definition = graph.definitions[name]
    value = definition.tensor.expr
    own = definition.tensor.indices
    if isinstance(value, (Elementwise, sp.tanh)):
        return _entry_at(value.args[0], own)
    exponentials = [f for f in sp.Mul.make_args(value) if isinstance(f, sp.exp)]
    totals = [f for f in sp.Mul.make_args(value) if f.is_Pow and f.exp == -1 and isinstance(f.base, sp.Sum)]
    if len(exponentials) == len(totals) == 1 and value == exponentials[0] * totals[0]:
        return _entry_at(exponentials[0].args[0], own)
    return ()


def _entry_at(expr: Expr, indices: tuple[Expr, ...]) -> tuple[str, ...]:
    code = entry_name(expr)
    return (code,) if code is not None and entry_indices(expr) == indices and not is_size(expr) else ()
