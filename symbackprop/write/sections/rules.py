"""The rules of a derivation in a reader's words: what stands beside a line."""

from collections.abc import Mapping

# Rule of a step -> its note beside the equation. The keys are those of `derive.steps.RULES`.
RULE_NOTES: Mapping[str, str] = {
    "definition": "definition",
    "start": "the loss changes with itself at rate one",
    "chain": "chain rule",
    "local": "local derivative",
    "output": "the same by the value of the function",
    "named": "the same with the names defined above",
    "substitute": "local derivatives inserted",
    "upstream": "gradient from above inserted",
    "simplify": "terms collected",
    "assumption": "by the assumption",
    "paths": "product along each path, summed over all paths",
    "compose": "every definition inserted, then differentiated",
}

MATRIX_NOTE = "in matrix notation"
