"""What a quantity is called in the table of symbols: "loss" and "parameter" only where something tells that."""

import re

from symbackprop.write.sections.context import Context

# Of a role that every scalar to differentiate, or all that it is differentiated by, has: a word that is always right.
NEUTRAL = {"loss": "scalar to differentiate", "parameter": "variable"}
PLURALS = {
    "loss": "losses",
    "intermediate quantity": "intermediate quantities",
    "scalar to differentiate": "scalars to differentiate",
}
_PARAMETER = re.compile(r"[wWbB].*|theta.*|gamma.*")
_TOLD = frozenset({"learning rate", "fixed parameter", "target", "activation", "pre-activation"})


def meaning(ctx: Context, name: str) -> str:
    """The role of the quantity, or a neutral word where that role is only a guess."""
    role = ctx.roles[name]
    known = _is_about_learning(ctx) if role == "loss" else _is_parameter(ctx, name)
    return role if known else NEUTRAL.get(role, role)


def _is_parameter(ctx: Context, name: str) -> bool:
    """Whether [train] says so, or the name does."""
    training = ctx.file.training
    return bool(_PARAMETER.fullmatch(name)) or (training is not None and name in training.parameters)


def _is_about_learning(ctx: Context) -> bool:
    """Whether there is anything that only a model has: training, a parameter, an activation, a target."""
    parameters = (_is_parameter(ctx, name) for name, role in ctx.roles.items() if role == "parameter")
    return ctx.file.training is not None or bool(_TOLD & {*ctx.roles.values()}) or any(parameters)
