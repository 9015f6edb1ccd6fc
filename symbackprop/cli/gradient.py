"""`symbackprop gradient`: the gradient of one formula, with its proof, as LaTeX and as NumPy source."""

from typing import TYPE_CHECKING

import click

from symbackprop.cli import options
from symbackprop.cli.formulas import Formulas
from symbackprop.cli.screen import progress
from symbackprop.cli.status import one_line, status_of
from symbackprop.errors import FileError, GraphError, SymbackpropError, shorten
from symbackprop.proof.limits import Budget

if TYPE_CHECKING:
    from symbackprop.model.derivation_file import DerivationFile
    from symbackprop.write.report import Report

FORMATS = ("plain", "md", "tex", "json", "numpy")


@click.command(cls=options.FormulaCommand, short_help="The gradient of a formula, with its proof.")
@click.argument("formula")
@click.option("--wrt", multiple=True, metavar="NAME", help="A quantity to differentiate by; else all inputs.")
@options.formulas
@click.option("--hessian", is_flag=True, help="Second derivatives, too.")
@click.option("--format", "format_", default="plain", show_default=True, help=f"One of {', '.join(FORMATS)}.")
@options.seconds
@options.terms
def gradient(
    formula: str,
    wrt: tuple[str, ...],
    define: tuple[str, ...],
    shape: tuple[str, ...],
    assume: tuple[str, ...],
    function: tuple[str, ...],
    hessian: bool,
    format_: str,
    seconds: float,
    terms: int,
) -> int:
    """Differentiate a scalar FORMULA, and prove the result for all sizes.

    \b
    symbackprop gradient "sum((X @ w - y)**2)" --shape "X: N, n" --shape "w: n" --shape "y: N" --wrt w

    FORMULA may also be the name of a --define. Exit status: 0 everything is proved, 1 something is refuted, 2 bad
    input, 3 something is undecided and nothing is refuted, 70 an error in symbackprop itself. What is not proved is
    told in the plain output, with other formats on the error output.
    """
    if format_ not in FORMATS:
        raise FileError(f"--format {format_!r}: expected one of {', '.join(FORMATS)}")
    given = Formulas.of(define, shape, assume, function)
    _check_formula(formula, wrt, given)
    file = _file(formula, wrt, given)
    report = _work(file, Budget(terms=terms, seconds=seconds), hessian, format_ != "numpy")
    click.echo(_text(report, format_).rstrip("\n"))
    if format_ != "plain":
        for what, verdict in report.on_gradients():
            if not verdict.proved:
                click.echo(f"{what}: {one_line(verdict)}", err=True)
    return status_of(report.verdicts())


def _check_formula(formula: str, wrt: tuple[str, ...], given: Formulas) -> None:
    """Raises: FileError for what can be read, or nearly, but is certainly not meant."""
    from symbackprop.language.syntax import lone_equals

    text, several = formula.strip(), next((name for name in wrt if "," in name), None)
    if (equals := lone_equals(text)) is not None:
        raise FileError(f"{shorten(formula)!r}: write the formula alone: {shorten(text[equals + 1 :].strip())!r}")
    if text.isidentifier() and text in given.scalars(text):
        raise FileError(f'{text} is not defined; write --define "{text} = ...", or a formula in its place')
    if several is not None:
        options = " ".join(f"--wrt {name.strip()}" for name in several.split(","))
        raise FileError(f"--wrt {several!r}: one name for each option: {options}")


def _file(formula: str, wrt: tuple[str, ...], given: Formulas) -> "DerivationFile":
    """The formula as the last definition, with the gradients that are asked for."""
    from dataclasses import replace

    from symbackprop.model.build import check_parameters, parameters_of
    from symbackprop.model.derivation_file import Request
    from symbackprop.model.naming import with_activations_named, with_formula

    define, loss = with_formula(formula, given.define, given.functions, {*given.names(), *wrt})
    try:
        written = given.as_file(define=define)  # first as it stands, so that an error is about that
        file = given.as_file(define=with_activations_named(written.graph, wrt))
    except SymbackpropError as error:
        raise FileError(str(error).removeprefix(f"--define {loss}: ")) from None
    graph = file.graph
    if graph.shape(loss):
        shape = ", ".join(map(str, graph.shape(loss)))
        raise FileError(f"{shorten(formula)!r} has the shape ({shape}); only a scalar has a gradient: write sum(...)")
    try:
        names = check_parameters(graph, loss, dict.fromkeys(wrt)) if wrt else parameters_of(graph, loss)
    except GraphError as error:
        raise FileError(f"--wrt: {error}") from None
    if not names:
        raise FileError(f"{shorten(formula)!r} depends on nothing that it could be differentiated by")
    return replace(file, title=f"The gradient of {formula}", requests=(Request(loss=loss, wrt=names),))


def _work(file: "DerivationFile", budget: Budget, hessian: bool, compare: bool) -> "Report":
    from symbackprop.pipeline import work_out

    with progress(1) as bar:
        return work_out(file, bar.tell, budget, hessian=hessian, compare=compare)


def _text(report: "Report", format_: str) -> str:
    from symbackprop.write.document import document
    from symbackprop.write.json_ import to_json
    from symbackprop.write.markdown import markdown
    from symbackprop.write.plain_gradient import plain_gradient
    from symbackprop.write.tex import tex

    if format_ == "md":
        return markdown(document(report))
    if format_ == "tex":
        return tex(document(report))
    if format_ == "json":
        return to_json(report)
    if format_ == "numpy":
        if report.no_source:
            raise FileError(f"--format 'numpy': {'; '.join(report.no_source.values())}")
        return "\n\n".join(report.numpy_source.values())
    return plain_gradient(report)
