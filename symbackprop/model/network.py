"""A network of dense layers, written out as the graph of its formulas.

Layer l has the weight W{l} (from j to i: W[i, j]), the bias b{l}, the pre-activation z{l} and the activation a{l}:
    z1 = W1 @ x + b1,  a1 = sigmoid(z1),  ...         one sample x with target y
    z1 = X @ W1.T + b1,  ...                          a batch of N samples as the rows of X, with targets Y
and the loss is L. What has another shape (residual connections, shared weights) is written as formulas.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from symbackprop.catalogue.losses import LOSSES, Loss
from symbackprop.errors import GraphError
from symbackprop.model.arguments import check_size, texts_by_name, unknown_id
from symbackprop.model.build import as_shape, graph_from_formulas
from symbackprop.model.custom import Custom, check_keeps_shape, check_numbers, custom, trace
from symbackprop.model.graph import Graph
from symbackprop.model.layers import Dense, Size, activated
from symbackprop.model.renaming import renamed, renamed_for_rows

LOSS = "L"
BATCH = "N"
# A custom function is tried out on arrays no longer than this along any axis.
MAX_TRIED = 6
EXAMPLE = "Network([Dense(2, 'sigmoid')], inputs=2, ...)"


@dataclass(frozen=True)
class Network:
    """Dense layers on `inputs` numbers, and a loss: an id of the catalogue, or a Python function of output and target.

    A loss "from logits" is taken of the last pre-activation. `batch` is the number of samples (True for `N`), False
    for a single one. `assume` maps a name to a condition that proofs may use.

    >>> Network([Dense("m", "sigmoid")], inputs="n", loss="half_squared_error").formulas["z1"]
    'W1 @ x + b1'

    Raises: FormulaError or GraphError when the parts do not fit together; NotSupportedError for an activation that
    changes the shape or cannot be traced. What is no scalar is no loss.
    """

    layers: Sequence[Dense]
    inputs: Size = field(kw_only=True)
    loss: str | Callable[..., Any] = field(kw_only=True)
    batch: bool | Size = field(default=False, kw_only=True)
    assume: Mapping[str, str] = field(default_factory=dict, kw_only=True)

    def __post_init__(self) -> None:
        check_size(self.inputs, "Network: inputs")
        if not isinstance(self.batch, bool):
            check_size(self.batch, "Network: batch")
        texts_by_name(self.assume, "assume", '{"targets": "sum(y) == 1"}')
        sizes = [self.inputs, *(layer.size for _, layer in self._numbered), *([self._batch_size] if self.batch else [])]
        taken = {self._input, self._target, LOSS}
        taken |= {f"{letter}{number}" for number, _ in self._numbered for letter in "Wbza"}
        for size in sizes:
            if size in taken:
                raise GraphError(
                    f"the size {size!r} is also the name of a quantity of the network: choose another name"
                )
        self._prediction  # noqa: B018 - which looks whether loss and last layer fit together
        for number, layer in self._numbered:
            if callable(layer.activation):
                shape = as_shape([self._batch_size, layer.size] if self.batch else [layer.size])
                check_keeps_shape(layer.activation, f"z{number}", shape)
        if callable(self.loss):
            self.graph  # noqa: B018 - which reads the function, and looks whether it gives a scalar

    @cached_property
    def graph(self) -> Graph:
        """The graph of definitions z1, a1, ..., L."""
        graph = graph_from_formulas(self.formulas, self.shapes, assume=self.assumptions)
        for function, arguments, name in self._custom_uses:
            shapes = [_tried(graph.shape(argument), graph) for argument in arguments]
            check_numbers(function, graph.definitions[name].formula, arguments, shapes)
        if graph.shape(LOSS):
            raise GraphError(f"the loss has the shape {graph.shape(LOSS)}; a loss is a scalar, so sum or average it")
        return graph

    @property
    def loss_name(self) -> str:
        return LOSS

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """The weights and biases, layer by layer."""
        return tuple(name for number, layer in self._numbered for name in _parameters(number, layer))

    @cached_property
    def shapes(self) -> dict[str, tuple[Size, ...]]:
        """The shapes of parameters, input and target."""
        rows = (self._batch_size,) if self.batch else ()
        shapes: dict[str, tuple[Size, ...]] = {self._input: (*rows, self.inputs)}
        before = self.inputs
        for number, layer in self._numbered:
            shapes[f"W{number}"] = (layer.size, before)
            if layer.bias:
                shapes[f"b{number}"] = (layer.size,)
            before = layer.size
        shapes[self._target] = (*rows, before)
        return shapes

    @cached_property
    def formulas(self) -> dict[str, str]:
        """The definitions, in order."""
        formulas: dict[str, str] = {}
        before = self._input
        for number, layer in self._numbered:
            weighted = f"{before} @ W{number}.T" if self.batch else f"W{number} @ {before}"
            formulas[f"z{number}"] = f"{weighted} + b{number}" if layer.bias else weighted
            before = f"z{number}"
            if layer.activation is not None:
                formulas[f"a{number}"] = activated(layer, before)
                before = f"a{number}"
        formulas[LOSS] = self._loss_formula
        return formulas

    @cached_property
    def assumptions(self) -> dict[str, str]:
        """What proofs may use: the condition that the loss record states, and what the user assumes."""
        condition = self._target_condition
        if not condition:
            return dict(self.assume)
        names = self._renaming(self._prediction)
        written = renamed_for_rows(condition, names) if self.batch else renamed(condition, names)
        return {"targets": written, **self.assume}

    @cached_property
    def customs(self) -> tuple[Custom, ...]:
        """The custom activations and losses, as traced and as their authors wrote them."""
        found: dict[int, Custom] = {}
        for function, arguments, _ in self._custom_uses:
            if id(function) not in found:
                found[id(function)] = custom(function, _own_arguments(function, len(arguments)))
        return tuple(found.values())

    def __str__(self) -> str:
        """The definitions, and the custom functions as traced and as written."""
        lines = [f"{name} = {formula}" for name, formula in self.formulas.items()]
        for function in self.customs:
            lines.append(f"{function.name}({', '.join(function.arguments)}) = {function.formula}")
            if function.latex is not None:
                lines.append(f"  as written: {function.latex}")
        return "\n".join(lines)

    # --- parts

    @property
    def _numbered(self) -> list[tuple[int, Dense]]:
        if isinstance(self.layers, Dense) or not isinstance(self.layers, Sequence):
            raise GraphError(f"expected a list of layers, found {self.layers!r}; write {EXAMPLE}")
        if not self.layers:
            raise GraphError(f"a network needs at least one layer: {EXAMPLE}")
        for layer in self.layers:
            if not isinstance(layer, Dense):
                raise GraphError(f"expected layers such as Dense(2, 'sigmoid'), found {layer!r}")
        return list(enumerate(self.layers, start=1))

    @property
    def _input(self) -> str:
        return "X" if self.batch else "x"

    @property
    def _target(self) -> str:
        return "Y" if self.batch else "y"

    @property
    def _batch_size(self) -> Size:
        if self.batch is not True:
            return self.batch
        if BATCH in [str(size) for size in (self.inputs, *(layer.size for layer in self.layers))]:
            raise GraphError(f"{BATCH!r} is the number of samples and a layer's size; name one: batch='B'")
        return BATCH

    @property
    def _loss_record(self) -> Loss | None:
        """Raises: GraphError for a loss that the catalogue does not have."""
        if callable(self.loss):
            return None
        if not isinstance(self.loss, str) or self.loss not in LOSSES:
            raise GraphError(f"{unknown_id('loss', self.loss, LOSSES)}, or a Python function of output and target")
        return LOSSES[self.loss]

    @property
    def _target_condition(self) -> str:
        """What the loss record assumes of the target of one sample; empty for nothing."""
        record = self._loss_record
        if record is None:
            return ""
        # Cross entropy after softmax is the loss from logits in two steps, for the same targets.
        fused = LOSSES.get(f"{record.id}_from_logits", record)
        return record.assumption or (fused.assumption if fused.fused == self.layers[-1].activation else "")

    @property
    def _prediction(self) -> str:
        """What the loss compares with the target.

        Raises: GraphError when the loss contains an activation and the last layer has another one.
        """
        number, last = self._numbered[-1]
        record = self._loss_record
        if record is not None and record.fused:
            if last.activation not in (None, "identity", record.fused):
                raise GraphError(
                    f"the loss {record.id!r} contains {record.fused}; the last layer's activation must be "
                    f"{record.fused!r} or None, not {last.activation!r}"
                )
            return f"z{number}"
        return f"z{number}" if last.activation is None else f"a{number}"

    @property
    def _loss_formula(self) -> str:
        record = self._loss_record
        if record is None:
            assert callable(self.loss)
            return trace(self.loss, [self._prediction, self._target])
        formula = record.batch if self.batch else record.formula
        return renamed(formula, self._renaming(self._prediction))

    def _renaming(self, prediction: str) -> dict[str, str]:
        """The names in a loss record and what they are here."""
        return {"p": prediction, "y": self._target, "N": str(self._batch_size) if self.batch else ""}

    @property
    def _custom_uses(self) -> list[tuple[Callable[..., Any], list[str], str]]:
        """(function, names of its arguments, name of what it defines)."""
        uses: list[tuple[Callable[..., Any], list[str], str]] = [
            (layer.activation, [f"z{number}"], f"a{number}")
            for number, layer in self._numbered
            if callable(layer.activation)
        ]
        if callable(self.loss):
            uses.append((self.loss, [self._prediction, self._target], LOSS))
        return uses


def _parameters(number: int, layer: Dense) -> tuple[str, ...]:
    return (f"W{number}", f"b{number}") if layer.bias else (f"W{number}",)


def _own_arguments(function: Callable[..., Any], count: int) -> list[str]:
    """The function's own names for its first arguments; z, or p and y, where Python does not know them."""
    code = getattr(function, "__code__", None)
    names = list(code.co_varnames[: code.co_argcount]) if code is not None else []
    return names if len(names) == count else ["z"] if count == 1 else ["p", "y"]


def _tried(shape: tuple[Any, ...], graph: Graph) -> tuple[int, ...]:
    """A small shape of the same kind: symbolic sizes become numbers, large numbers small ones."""
    small = {name: 2 + k % (MAX_TRIED - 1) for k, name in enumerate(graph.sizes())}
    return tuple(min(int(axis), MAX_TRIED) if axis.is_Integer else small[str(axis)] for axis in shape)
