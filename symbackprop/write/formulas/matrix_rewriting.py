"""Formulas in terms of others, for print: what has no sign of its own is said with what has one."""

import ast

from symbackprop.write.formulas.matrix_pieces import function_of


def written_out(node: ast.Call, rank: int) -> ast.expr:
    """var(x) as mean((x - mean(x))**2), std(x) as its root, swapaxes as einsum; equal in shape, too.

    `rank` is the number of axes of the argument.
    """
    function, argument = function_of(node), node.args[0]
    if function == "swapaxes":
        return _as_einsum(node, rank)
    if function == "std":
        inner = ast.Call(ast.Name("var", ast.Load()), node.args, node.keywords)
        return ast.Call(ast.Name("sqrt", ast.Load()), [inner], [])
    kept = [keyword for keyword in node.keywords if keyword.arg == "axis"]
    mean = ast.Name("mean", ast.Load())
    average = ast.Call(mean, [argument], [*kept, ast.keyword("keepdims", ast.Constant(True))])
    squares = ast.BinOp(ast.BinOp(argument, ast.Sub(), average), ast.Pow(), ast.Constant(2))
    return ast.Call(mean, [squares], node.keywords)


def _as_einsum(node: ast.Call, rank: int) -> ast.expr:
    argument, *numbers = node.args
    first, second = (ast.literal_eval(number) % rank for number in numbers)
    letters = list("ijklmnop"[:rank])
    before = "".join(letters)
    letters[first], letters[second] = letters[second], letters[first]
    spec = ast.Constant(f"{before}->{''.join(letters)}")
    return ast.Call(ast.Name("einsum", ast.Load()), [spec, argument], [])


def items_of(node: ast.Subscript) -> list[ast.expr]:
    """The parts of a subscript, one for each axis."""
    return node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]


def adds_axes(node: ast.Subscript) -> bool:
    """Whether the subscript does nothing but add axes of length 1, as `x[:, None]` does."""
    return all(isinstance(item, ast.Slice) or is_new_axis(item) for item in items_of(node))


def is_new_axis(item: ast.expr) -> bool:
    """Whether an item of a subscript is None."""
    return isinstance(item, ast.Constant) and item.value is None
