"""The losses: one record each, a formula in the prediction and the target."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Loss:
    """A loss of one sample or of a batch of rows.

    `formula` is written in `p` (the prediction, or the logits `z` of a fused loss) and the target `y`; `batch` is
    the form for rows, a mean over the N samples. `fused` names the activation that a loss "from logits" contains.
    `gradient` is the compact ∂L/∂p (or ∂L/∂z) of one sample, a claim that is proved under `assumption`.
    """

    id: str
    name: str
    formula: str
    batch: str
    gradient: str
    fused: str = ""
    assumption: str = ""
    source: str = ""


LOSSES: dict[str, Loss] = {
    record.id: record
    for record in (
        Loss(
            id="half_squared_error",
            name="half squared error",
            formula="sum((p - y)**2)/2",
            batch="sum((p - y)**2)/(2*N)",
            gradient="p - y",
            source="Rumelhart, Hinton, Williams (1986), equation 3",
        ),
        Loss(
            id="squared_error",
            name="squared error",
            formula="sum((p - y)**2)",
            batch="sum((p - y)**2)/N",
            gradient="2*(p - y)",
        ),
        Loss(
            id="mean_squared_error",
            name="mean squared error",
            formula="mean((p - y)**2)",
            batch="mean((p - y)**2)",
            gradient="2*(p - y)/m",
        ),
        Loss(
            id="binary_cross_entropy",
            name="binary cross entropy",
            formula="-sum(y*log(p) + (1 - y)*log(1 - p))",
            batch="-sum(y*log(p) + (1 - y)*log(1 - p))/N",
            gradient="(p - y)/(p*(1 - p))",
            source="Bishop (2006), equation 4.90",
        ),
        Loss(
            id="cross_entropy",
            name="cross entropy",
            formula="-sum(y*log(p))",
            batch="-sum(y*log(p))/N",
            gradient="-y/p",
            source="Bishop (2006), equation 4.108",
        ),
        Loss(
            id="binary_cross_entropy_from_logits",
            name="binary cross entropy from logits",
            formula="sum(softplus(p) - y*p)",
            batch="sum(softplus(p) - y*p)/N",
            gradient="sigmoid(p) - y",
            fused="sigmoid",
            source="Bishop (2006), equations 4.90 and 4.59",
        ),
        Loss(
            id="cross_entropy_from_logits",
            name="cross entropy from logits",
            formula="-sum(y*log_softmax(p))",
            batch="-sum(y*log_softmax(p))/N",
            gradient="softmax(p) - y",
            fused="softmax",
            assumption="sum(y) == 1",
            source="Bishop (2006), equations 4.108 and 4.109",
        ),
    )
}
