"""A statement that stands alone: the graph of its shapes and definitions, where what nothing declares is a scalar."""

from collections.abc import Collection, Iterable, Mapping, Set
from typing import Any

from symbackprop.errors import FormulaError
from symbackprop.language.syntax import did_you_mean
from symbackprop.model.arguments import by_name, names_of, text_of, texts_by_name
from symbackprop.model.build import as_shape, check_declared, derivatives_written, free_names, graph_from_formulas
from symbackprop.model.graph import Graph

# How a definition and a shape are written in Python, to be filled in with a name.
IN_PYTHON = 'define={{"{0}": ...}}', 'shapes={{"{0}": ""}}'


def graph_of_statement(
    statement: str,
    shapes: Mapping[str, Any] | None = None,
    define: Mapping[str, str] | None = None,
    functions: Iterable[str] = (),
    assume: Mapping[str, str] | None = None,
) -> Graph:
    """The graph that a statement is about; names in it and in what is assumed that nothing declares are scalars.

    >>> graph_of_statement("x @ x >= s*t", {"x": "n"}).sizes()
    ('n',)

    Raises: FormulaError for a formula or shape that is wrong, and for a derivative that is 0 by a slip of the pen.
    """
    texts = [text_of(statement, "claim"), *texts_by_name(assume or {}, "assume", '{"targets": "sum(y) == 1"}').values()]
    shapes = by_name(shapes or {}, "shapes", '{"x": "n"}')
    define = texts_by_name(define or {}, "define", '{"L": "sum(x**2)"}')
    functions = names_of(functions, "functions")
    declared = {*define, *shapes, *functions, *(str(axis) for value in shapes.values() for axis in as_shape(value))}
    used = set(graph_from_formulas(define, shapes, functions=functions).inputs) - set(shapes)
    for text in texts:
        check_derivatives(text, define, shapes, functions, declared, used, IN_PYTHON)
    scalars = dict.fromkeys((name for text in texts for name in free_names(text, declared)), "")
    made = graph_from_formulas(define, {**shapes, **scalars}, functions=functions, assume=assume)
    check_declared(made, {**shapes, **scalars})
    return made


def check_derivatives(
    formula: str,
    define: Collection[str],
    shapes: Collection[str],
    functions: Iterable[str],
    declared: Set[str],
    used: Set[str],
    words: tuple[str, str],
) -> None:
    """Raises: FormulaError for a derivative d(f, v) that is 0 only because nothing defines f, or nothing uses v.

    Such a name is a forgotten definition or a misspelt one. `used` are the names in definitions that are not
    `declared`; `words` say how to write a definition and a shape.
    """
    for f, v, column in derivatives_written(formula):
        names = free_names(f, set(functions))
        unknown = {name for text in (f, v) for name in free_names(text, set(declared))} - used
        if not names or v in names:
            continue
        if unknown.issuperset(names):
            name, guess = names[0], did_you_mean(names[0], define)
            first, second = (word.format(name) for word in words)
            what = f"{name} is not defined{guess}; write {first}, or {second} for an input"
        elif v in unknown:
            guess = did_you_mean(v, {*shapes, *define, *used})
            what = f"no definition uses {v}{guess}; write {words[1].format(v)} for an input of its own"
        else:
            continue
        raise FormulaError(f"d({f}, {v}): {what}", formula, column)
