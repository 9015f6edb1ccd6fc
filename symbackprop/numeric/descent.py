"""Gradient descent with the derived gradients, run by the generated NumPy function."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from symbackprop.model.derivation_file import DerivationFile
from symbackprop.model.file_numbers import Values
from symbackprop.model.training import Training
from symbackprop.numeric.source import compile_numpy, numpy_source
from symbackprop.numeric.values import Numbers, too_many_entries
from symbackprop.tensor.tensor import Tensor, variable

# Few enough that rounding errors of thousands of float steps, which may differ between machines, do not show.
SHOWN_DIGITS = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """The loss at reported steps, and the outputs after the last step, as text.

    `diverged` is the number of steps after which the loss or a parameter is no finite number; the run ends there.
    """

    losses: tuple[tuple[int, str], ...]
    outputs: Mapping[str, Mapping[tuple[int, ...], str]]
    diverged: int | None = None


def train(file: DerivationFile, adjoints: Mapping[str, Tensor]) -> Run | None:
    """Runs w <- w - η ∂L/∂w as [train] says; None when no steps are asked for.

    `adjoints` are the derived equations of the training loss. The file has all numbers that are needed.
    """
    training = file.training
    if training is None or not training.steps:
        return None
    arrays = {name: _array(name, file) for name in file.graph.inputs if name in file.graph.ancestors(training.loss)}
    step = compile_numpy(numpy_source(file.graph, training.loss, adjoints))
    rate = _rate(file, training)
    losses: list[tuple[int, str]] = []
    for number in range(training.steps + 1):
        # What overflows is found by looking at the result, and needs no warning besides.
        with np.errstate(all="ignore"):
            loss, gradients = step(**arrays)
        if not all(np.isfinite(value).all() for value in (loss, *(arrays[name] for name in training.parameters))):
            return Run(losses=tuple(losses), outputs={}, diverged=number)
        if number == training.steps or (training.report_every and number % training.report_every == 0):
            losses.append((number, f"{float(loss):.{SHOWN_DIGITS}g}"))
        if number < training.steps:
            with np.errstate(all="ignore"):
                arrays |= {name: arrays[name] - rate * gradients[name] for name in training.parameters}
    trained = {name: _entries(arrays[name]) for name in training.parameters}
    return Run(losses=tuple(losses), outputs={} if too_many_entries(file) else _outputs(file, training, trained))


def _array(name: str, file: DerivationFile) -> Any:
    entries = file.given[name]
    array = np.zeros([1 + max(position[axis] for position in entries) for axis in range(len(file.graph.shape(name)))])
    for position, number in entries.items():
        array[position] = float(number)
    return array


def _rate(file: DerivationFile, training: Training) -> float:
    return float(Fraction(Numbers(file).text(training.learning_rate, significant=17)))


def _entries(array: Any) -> Values:
    """The exact values of the floats."""
    return {tuple(map(int, position)): Fraction(float(value)) for position, value in np.ndenumerate(array)}


def _outputs(
    file: DerivationFile, training: Training, trained: Mapping[str, Values]
) -> dict[str, dict[tuple[int, ...], str]]:
    """What the loss compares with its targets, and every other loss, at the trained parameters, where defined."""
    numbers = Numbers(file, changed=trained)
    graph = file.graph
    direct = [name for name in graph.uses(training.loss) if name in graph.definitions]
    scalars = [name for name in graph.definitions if not graph.shape(name)]
    names = dict.fromkeys((*direct, *scalars))
    found = {name: numbers.entries(variable(name, graph.shape(name)), SHOWN_DIGITS) for name in names}
    return {name: texts for name, texts in found.items() if texts is not None}
