"""What a quantity is called in the table of symbols: "loss" and "parameter" only where something tells that."""

import re

from symbackprop.write.sections.context import Context

# Of a role that every scalar to differentiate, or all that it is differentiated by, has: a word that is always right.
NEUTRAL = {"loss": "scalar to differentiate", "parameter": "input"}
PLURALS = {
    "loss": "losses",
    "intermediate quantity": "intermediate quantities",
    "scalar to differentiate": "scalars to differentiate",
}
_PARAMETER = re.compile(r"[wWbB].*|theta.*|gamma.*")
# What the words say, in the order in which they are explained; an input is explained beside a parameter alone.
_EXPLAINED = {
    "parameter": "A parameter is what training adjusts.",
    "fixed parameter": "A fixed parameter is one that no derivative is taken by here.",
    "target": "A target is what a prediction is compared with.",
    "input": "An input is anything else that is given.",
}
_TOLD = frozenset({"learning rate", "fixed parameter", "target", "activation", "pre-activation"})


def meaning(ctx: Context, name: str) -> str:
    """The role of the quantity, or a neutral word where that role is only a guess."""
    role = ctx.roles[name]
    known = _is_about_learning(ctx) if role == "loss" else _is_parameter(ctx, name)
    return role if known else NEUTRAL.get(role, role)


def explained(ctx: Context) -> str:
    """What the words for given quantities mean here; empty where all of them are inputs."""
    used = {meaning(ctx, name) for name in ctx.graph.inputs}
    if not used & {"parameter", "fixed parameter"}:
        return ""
    return " ".join(text for word, text in _EXPLAINED.items() if word in used)


def _is_parameter(ctx: Context, name: str) -> bool:
    """Whether [train] says so, or the name does."""
    training = ctx.file.training
    return bool(_PARAMETER.fullmatch(name)) or (training is not None and name in training.parameters)


def _is_about_learning(ctx: Context) -> bool:
    """Whether there is anything that only a model has: training, a parameter, an activation, a target."""
    parameters = (_is_parameter(ctx, name) for name, role in ctx.roles.items() if role == "parameter")
    return ctx.file.training is not None or bool(_TOLD & {*ctx.roles.values()}) or any(parameters)
