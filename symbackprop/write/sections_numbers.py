"""The sections with numbers: given values, forward pass, gradients, one step of descent, checks, training."""

import re
from collections.abc import Iterable, Mapping

from symbackprop.tensor.nodes import Expr, adjoint_name, entry
from symbackprop.tensor.tensor import axes
from symbackprop.write.blocks import Block, Equation, Equations, Heading, Math, Mono, Paragraph, Table, Text, joined, words
from symbackprop.write.concrete import MAX_LINES, MAX_RESULTS, matrix_lines, number, result_blocks, rows_of_matrices, tensor_lines
from symbackprop.write.context import Context, is_exact
from symbackprop.write.forms import formula_latex
from symbackprop.write.latex import parenthesised
from symbackprop.write.report import CheckReport

_BRACED = r"((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)"
_DERIVATIVE = re.compile(rf"\\frac\{{\\partial {_BRACED}\}}\{{\\partial {_BRACED}\}}")
MAX_PLACES = 9
_CHECK = re.compile(r"d\((\w+), (\w+)(?:\[([\d, ]+)\])?\)")


def forward_pass(ctx: Context) -> list[Block]:
    """The given numbers, then each definition with its numbers."""
    blocks: list[Block] = [Heading(words("Forward pass with numbers")), Paragraph(words("The given numbers are"))]
    blocks += given(ctx)
    blocks.append(Paragraph(words(
        "Inserting them into the definitions, one after the other, gives the following. Decimals are rounded to six "
        "significant digits, but each is computed from the exact numbers and not from rounded ones."
    )))  # fmt: skip
    missing = []
    for name, definition in ctx.graph.definitions.items():
        results = ctx.report.values.get(name)
        if name in ctx.file.given:
            continue
        if results is None:
            missing.append(name)
        else:
            blocks += tensor_lines(ctx, name, definition.tensor, results)
    blocks = merged(blocks)
    if missing:
        shown = joined([ctx.math(name) for name in missing], ", ", " and ")
        blocks.append(Paragraph(words("The given numbers do not determine {q}.", q=shown)))
    return blocks


def given(ctx: Context) -> list[Block]:
    """The given numbers: tensors as matrices, scalars in a row."""
    known = {name: ctx.report.values[name] for name in ctx.file.given if name in ctx.report.values}
    scalars = [(Math(f"{ctx.symbol(name)} = {number(texts[()])}"),) for name, texts in known.items() if () in texts]
    tensors = {name: texts for name, texts in known.items() if () not in texts}
    blocks: list[Block] = [Equations(tuple(rows_of_matrices(ctx, tensors)))] if tensors else []
    if scalars:
        lead = "and " if tensors else ""
        blocks.append(Paragraph((lead, *joined(scalars, ", ", " and "), ".")))
    pinned = [name for name in ctx.file.given if name in ctx.graph.definitions]
    if pinned:
        shown = joined([ctx.math(name) for name in pinned], ", ", " and ")
        verb = "is" if len(pinned) == 1 else "are"
        blocks.append(Paragraph(words(f"Of these {{q}} {verb} taken as given, although there is a definition.", q=shown)))
    return blocks


def gradients(ctx: Context) -> list[Block]:
    """All gradients as vectors and matrices."""
    codes = [adjoint_name(loss.loss, g.name) for loss in ctx.report.losses for g in loss.gradients]
    known = {code: ctx.report.values[code] for code in codes if code in ctx.report.values}
    if not known:
        return []
    small = {code: texts for code, texts in known.items() if len(texts) <= MAX_RESULTS}
    blocks: list[Block] = [Heading(words("The gradients in numbers"))]
    if small:
        blocks.append(Equations(tuple(rows_of_matrices(ctx, small))))
    return [*blocks, *(block for code in known if code not in small for block in result_blocks(ctx, code, known[code]))]


def merged(blocks: Iterable[Block]) -> list[Block]:
    """Neighbouring groups of equations as one group."""
    result: list[Block] = []
    for block in blocks:
        if isinstance(block, Equations) and result and isinstance(result[-1], Equations):
            result[-1] = Equations(result[-1].lines + block.lines)
        else:
            result.append(block)
    return result


def update(ctx: Context) -> list[Block]:
    """w <- w - η ∂L/∂w for each parameter, in general and in numbers, and the forward pass after it."""
    training = ctx.file.training
    if training is None:
        return []
    lines, numbered = [], []
    for name in training.parameters:
        letters = ctx.letters(ctx.entry(name))
        left = ctx.tex(ctx.entry(name), letters)
        lines.append(Equation(left, (f"{left} - {_step(ctx, name, letters)}",), signs=(r"\leftarrow",)))
        numbered += _new_values(ctx, name)
    text = "Gradient descent moves every parameter against its derivative, with the learning rate {rate}:"
    blocks: list[Block] = [Heading(words("One step of gradient descent"))]
    blocks.append(Paragraph(words(text, rate=Math(rate_latex(ctx)))))
    blocks.append(Equations(tuple(lines)))
    if numbered:
        blocks += [Paragraph(words("With the given numbers, the old value standing first on the right:")), *merged(numbered)]
        blocks += _forward_again(ctx)
    return blocks


def rate_latex(ctx: Context) -> str:
    """The learning rate as the file writes it: a decimal stays one."""
    assert ctx.file.training is not None
    rate = ctx.file.training.learning_rate
    return plain_decimal(rate) or ctx.tex(rate, {})


def plain_decimal(value: Expr) -> str | None:
    """A rational as a short exact decimal; None where it has none."""
    if not value.is_Rational:
        return None
    for places in range(MAX_PLACES):
        scaled = abs(value) * 10**places
        if scaled.is_Integer:
            digits = str(scaled).rjust(places + 1, "0")
            sign = "-" if value < 0 else ""
            return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"
    return None


def _step(ctx: Context, name: str, letters: Mapping[Expr, str]) -> str:
    """η ∂L/∂w."""
    training = ctx.file.training
    assert training is not None
    gradient = entry(adjoint_name(training.loss, name), *axes(ctx.graph.shape(name)))
    rate = training.learning_rate
    if plain_decimal(rate) is not None:
        return rf"{rate_latex(ctx)} \cdot {ctx.tex(gradient, letters)}"
    return rf"{parenthesised(rate_latex(ctx)) if rate.is_Add else rate_latex(ctx)}\,{ctx.tex(gradient, letters)}"


def _new_values(ctx: Context, name: str) -> list[Block]:
    """The entries of a parameter after the step, with the numbers inserted."""
    training = ctx.file.training
    assert training is not None
    after = ctx.report.values.get(f"next({name}, 1)")
    rate = ctx.numbers.get(training.learning_rate, plain_decimal(training.learning_rate))
    if not after:
        return []
    slopes = ctx.report.values.get(adjoint_name(training.loss, name))
    if slopes is None or rate is None or len(after) > MAX_LINES:
        return list(result_blocks(ctx, name, after, r"\leftarrow"))
    old = ctx.report.values[name]
    lines = []
    for position, text in sorted(after.items()):
        slope = number(slopes[position])
        shown = f"({slope})" if slope.startswith("-") else slope
        inserted = rf"{number(old[position])} - {number(rate)} \cdot {shown}"
        sign = "=" if is_exact(text) and is_exact(slopes[position]) else r"\approx"
        lines.append(Equation(ctx.tex(entry(name, *position), {}), (inserted, number(text)), (), (r"\leftarrow", sign)))
    return [Equations(tuple(lines))]


def _forward_again(ctx: Context) -> list[Block]:
    """The forward pass with the parameters after one step."""
    after = _numbers_after(ctx)
    blocks: list[Block] = []
    for name, definition in ctx.graph.definitions.items():
        results = ctx.report.values.get(f"next({name}, 1)")
        if results and name not in ctx.file.given:
            blocks += tensor_lines(ctx, name, definition.tensor, results, numbers=after)
    if not blocks:
        return []
    return [Paragraph(words("With the new parameters the forward pass gives:")), *merged(blocks), *_comparison(ctx)]


def _numbers_after(ctx: Context) -> Mapping[Expr, str]:
    """The numbers with every quantity that a step changes replaced by its new value."""
    numbers = dict(ctx.numbers)
    for name in (*ctx.graph.inputs, *ctx.graph.definitions):
        for position, text in ctx.report.values.get(f"next({name}, 1)", {}).items():
            numbers[entry(name, *position)] = text
    return numbers


def _comparison(ctx: Context) -> list[Block]:
    """How the loss has moved."""
    training = ctx.file.training
    assert training is not None
    before = ctx.report.values.get(training.loss, {}).get(())
    after = ctx.report.values.get(f"next({training.loss}, 1)", {}).get(())
    if before is None or after is None:
        return []
    verb = "fallen" if float(after) < float(before) else "risen" if float(after) > float(before) else "stayed"
    signs = [Math(number(text)) for text in (before, after)]
    return [Paragraph(words(f"In this step the loss has {verb} from {{before}} to {{after}}.", before=signs[0], after=signs[1]))]


def check(ctx: Context) -> list[Block]:
    """Derived gradients beside central differences."""
    if not ctx.report.checks:
        return []
    loss = ctx.symbol(ctx.report.losses[0].loss) if len(ctx.report.losses) == 1 else "L"
    text = words(
        "As a check that uses the loss alone, each derivative is compared with the central difference {quotient}, where "
        "{theta} is the entry of a parameter and all others stay as they are. The relative error is the difference of "
        "both numbers divided by the sum of their sizes.",
        quotient=Math(rf"({loss}(\theta + \varepsilon) - {loss}(\theta - \varepsilon)) / 2\varepsilon"),
        theta=Math(r"\theta"),
    )
    rows = tuple(_check_row(ctx, row) for row in ctx.report.checks)
    header: tuple[Text, ...] = (("derivative",), ("derived",), ("central difference",), ("relative error",))
    return [Heading(words("Gradient check")), Paragraph(text), Table("lrrr", header, rows)]


def _check_row(ctx: Context, row: CheckReport) -> tuple[Text, ...]:
    decimals = [(Math(number(text)),) for text in (row.derived, row.central, row.error)]
    return ((check_name(ctx, row.name),), *decimals)


def slashed(latex: str) -> str:
    """A derivative that stands alone as ∂E/∂w, which needs less height."""
    match = _DERIVATIVE.fullmatch(latex)
    return rf"\partial {match[1]} / \partial {match[2]}" if match else latex


def check_name(ctx: Context, name: str) -> Math | Mono:
    """`d(E, W[0, 1])` as ∂E/∂W_12."""
    match = _CHECK.fullmatch(name)
    if match is None or adjoint_name(match[1], match[2]) not in ctx.names.ranks:
        return Mono(name)
    position = [int(part) for part in match[3].split(",")] if match[3] else []
    below = ctx.tex(entry(match[2], *position), {})
    return Math(rf"\partial {ctx.symbol(match[1])} / \partial {below}")


def training(ctx: Context) -> list[Block]:
    """The losses along gradient descent, and the outputs after it."""
    run = ctx.report.training
    plan = ctx.file.training
    if run is None or plan is None:
        return []
    text = words("Repeating the step gives the losses below.")
    rows = tuple(((Math(str(step)),), (Math(number(loss)),)) for step, loss in run.losses)
    blocks: list[Block] = [Heading(words("Training")), Paragraph(text), Table("rr", (("steps",), ctx_loss(ctx, plan.loss)), rows)]
    outputs: list[Block] = []
    for name, results in run.outputs.items():
        outputs.append(Equations(tuple(matrix_lines(ctx.symbol(name), results, r"\approx"))))
    if outputs:
        blocks += [Paragraph(words("After the last step:")), *merged(outputs)]
    return blocks


def ctx_loss(ctx: Context, loss: str) -> Text:
    return words("loss {loss}", loss=ctx.math(loss))


def printed(ctx: Context) -> list[Block]:
    """The numbers that the source prints, each beside the correct rounding."""
    rows = ctx.report.printed
    if not rows:
        return []
    wrong = sum(not row.agrees for row in rows)
    count = "All printed numbers are" if not wrong else f"Of {len(rows)} printed numbers {len(rows) - wrong} are"
    text = (f"{count} the correct rounding of the exact value to as many places as the source prints."
            + ("" if not wrong else " The others are marked." ))  # fmt: skip
    header: tuple[Text, ...] = (("quantity",), ("printed",), ("value",), ("correct rounding",), ("",))
    body = []
    for row in rows:
        shown = formula_latex(ctx, row.formula)
        name: Math | Mono = Math(slashed(shown)) if shown is not None else Mono(row.formula)
        if not row.rounded:
            body.append(((name,), (row.digits,), (row.value,), ("",), ("no value",)))
            continue
        verdict = "agrees" if row.agrees else "misprint"
        body.append(((name,), (Math(row.digits),), (Math(number(row.value)),), (Math(row.rounded),), (verdict,)))
    return [Heading(words("Numbers printed in the source")), Paragraph(words(text)), Table("lrrrl", header, tuple(body))]
