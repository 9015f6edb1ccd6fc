"""The two derivations: the chain rule laid out over paths, and the δ-rule quantity by quantity."""

from symbackprop.derivation.steps import Derivation, Step
from symbackprop.tensor.indices import tree_size
from symbackprop.tensor.nodes import Local, adjoint_name, entry_name
from symbackprop.write.blocks import Block, Equation, Equations, Heading, Math, Paragraph, Text, joined, listed, words
from symbackprop.write.breaks import fits
from symbackprop.write.formulas.latex import latex
from symbackprop.write.report import LossReport
from symbackprop.write.sections.concrete import tensor_lines
from symbackprop.write.sections.context import Context
from symbackprop.write.sections.forms import matrix_form
from symbackprop.write.sections.meaning import meaning
from symbackprop.write.sections.rules import MATRIX_NOTE
from symbackprop.write.sections.step_lines import local_lines, step_lines

# A composed derivative that does not fit into so many rows of this width (in points) helps no reader.
MAX_ROWS, ROW = 2, 330.0
# The product along the paths may be longer, as long as it can be broken.
MAX_PRODUCT_ROWS = 6
# What has more nodes than these for each row is not printed to be measured: no leaf of a formula is that narrow.
MAX_NODES_IN_ROW = 200
# More deltas than these are listed by name alone.
MANY = 3
COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def route_one(ctx: Context, loss: LossReport) -> list[Block]:
    """Each gradient as a sum over paths of products of local derivatives."""
    title = words("First derivation of the gradients of {loss}: the chain rule along paths", loss=ctx.math(loss.loss))
    blocks: list[Block] = [Heading(title)]
    if loss.chain is None:
        text = (
            "This derivation inserts every definition into the loss. Here the result is too large to be written down, "
            "so that only the second derivation is given."
        )
        return [*blocks, Paragraph(words(text))]
    blocks.append(Paragraph(words(
        "The loss {loss} depends on a quantity through a chain of others. Along each chain the derivatives of the "
        "neighbours multiply; where several chains lead from the quantity to the loss, their products add up. "
        "These are the derivatives of each quantity by those that stand in its definition:", loss=ctx.math(loss.loss),
    )))  # fmt: skip
    blocks.append(Equations(tuple(local_lines(ctx, loss.chain.steps))))
    long: dict[str, list[Math]] = {"substitute": [], "compose": []}
    for name in loss.chain.gradients:
        shown, left_out = _paths(ctx, loss.chain, name)
        blocks += shown
        for rule in left_out:
            long[rule].append(ctx.math(name))
    if long["substitute"]:
        text = "With the local derivatives inserted, the right side for {v} is too long to be of use in print."
        blocks.append(Paragraph(words(text, v=listed(long["substitute"]))))
    if long["compose"]:
        blocks.append(Paragraph(words(
            "With every definition inserted the right side would depend on given quantities alone. For {v} it is "
            "too long to be of use in print; it is what the proof below compares with the second derivation.",
            v=listed(long["compose"]),
        )))  # fmt: skip
    return blocks


def _paths(ctx: Context, chain: Derivation, name: str) -> tuple[list[Block], list[str]]:
    """One gradient of route 1: over paths, with values, and composed; the rules of the lines that are too long."""
    steps = [step for step in chain.steps if step.subject == name and not isinstance(step.left, Local)]
    laid_out = [step for step in steps if step.rule != "compose"]
    left_out = [step.rule for step in steps if not _is_short(ctx, step)]
    lines = step_lines(ctx, [step for step in steps if step.rule not in left_out])
    lead = "For {v}:" if laid_out else "The paths from {v} to the loss are too many to be listed one by one."
    blocks: list[Block] = [Paragraph(words(lead, v=ctx.math(name)))]
    if lines:
        blocks.append(Equations(tuple(lines)))
    return blocks, left_out


def _is_short(ctx: Context, step: Step) -> bool:
    """Whether a line of route 1 can be printed; one with symbols alone always can."""
    rows = {"compose": MAX_ROWS, "substitute": MAX_PRODUCT_ROWS}.get(step.rule)
    if rows is None:
        return True
    if tree_size(step.right) > rows * MAX_NODES_IN_ROW:
        return False
    # What is too long is not shown, and so need not be read back.
    return fits(latex(step.right, ctx.names, free=ctx.letters(step.left, step.right)), ROW, rows)


def route_two(ctx: Context, loss: LossReport) -> list[Block]:
    """One paragraph for each quantity from the loss back to the parameters."""
    title = words("Second derivation of the gradients of {loss}: backpropagation", loss=ctx.math(loss.loss))
    blocks: list[Block] = [Heading(title), Paragraph(_opening(ctx, loss))]
    for name in loss.delta.adjoints:
        blocks += adjoint_blocks(ctx, loss.delta, name)
    return blocks


def _opening(ctx: Context, loss: LossReport) -> Text:
    lead = (
        "Now the definitions are passed once, from the last to the first. For each quantity the derivative of {loss} "
        "by it is kept under a name of its own, and the next one is built on it; nothing is computed twice."
    )
    return (*words(lead, loss=ctx.math(loss.loss)), *deltas_named(ctx, loss))


def deltas_named(ctx: Context, loss: LossReport) -> Text:
    """What the derivatives by the pre-activations are called; empty where there is none."""
    deltas = [name for name in loss.delta.adjoints if adjoint_name(loss.loss, name) in ctx.names.quantities]
    if not deltas:
        return ()
    if len(deltas) > MANY:
        shown = {
            "z": joined([ctx.math(name) for name in reversed(deltas)]),
            "d": joined([ctx.math(adjoint_name(loss.loss, name)) for name in reversed(deltas)]),
        }
        return words(" The derivatives by the pre-activations {z} are called {d}, in this order.", **shown)
    named = [
        Math(rf"{ctx.symbol(adjoint_name(loss.loss, name))} = {_fraction(ctx, loss.loss, name)}") for name in deltas
    ]
    lead = (
        " The derivatives by the pre-activations are called "
        if len(deltas) > 1
        else " The derivative by the pre-activation is called "
    )
    return (lead, *listed(list(reversed(named))), ".")


def _fraction(ctx: Context, loss: str, name: str) -> str:
    return rf"\partial {ctx.symbol(loss)} / \partial {ctx.symbol(name)}"


def adjoint_blocks(ctx: Context, delta: Derivation, name: str) -> list[Block]:
    """How ∂loss/∂name is found: why, the chain rule, the local derivatives, the result, in matrices, in numbers."""
    steps = [step for step in delta.steps if step.subject == name]
    users = users_of(steps)
    blocks: list[Block] = [Paragraph(_reason(ctx, delta, name, users))]
    lines = step_lines(ctx, steps)
    tensor = delta.adjoints[name]
    form = matrix_form(ctx, tensor) if tensor.shape else None
    if form is not None:
        lines.append(Equation(ctx.symbol(adjoint_name(delta.loss, name)), (form,), words(MATRIX_NOTE)))
    blocks.append(Equations(tuple(lines)))
    code = adjoint_name(delta.loss, name)
    results = ctx.report.values.get(code)
    if results:
        blocks.append(Paragraph(words("With the given numbers:")))
        blocks += tensor_lines(ctx, code, tensor, results)
    return blocks


def users_of(steps: list[Step]) -> list[str]:
    """The quantities through which the loss depends on the subject of the steps, in order."""
    found = [entry_name(step.left.args[0]) or "" for step in steps if isinstance(step.left, Local)]
    return list(dict.fromkeys(found))


def _reason(ctx: Context, delta: Derivation, name: str, users: list[str]) -> Text:
    """The sentence that leads to the chain rule of one quantity."""
    v, loss = ctx.math(name), ctx.math(delta.loss)
    shown = listed([ctx.math(user) for user in users])
    parameter = meaning(ctx, name) == "parameter"
    if users == [delta.loss]:
        return words(
            "The quantity {v} enters the definition of {loss} itself, so its derivative is a local one:", v=v, loss=loss
        )
    if len(users) == 1 and parameter:
        return words("The parameter {v} enters only {u}, hence", v=v, u=shown)
    if len(users) == 1:
        return words("The loss depends on {v} only through {u}, hence", v=v, u=shown)
    count = COUNTS[len(users)] if len(users) < len(COUNTS) else str(len(users))
    through = listed([ctx.math(user) for user in users if user != delta.loss])
    ways = "directly and through" if delta.loss in users else "through"
    return words(f"The loss depends on {{v}} in {count} ways, {ways} {{u}}; the contributions add up:", v=v, u=through)
