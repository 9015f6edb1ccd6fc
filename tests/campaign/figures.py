"""How much is asked in every run of the tests; docs/proof.md says the same."""

from .attacks import questions
from .broken import KERNELS
from .statements import ALL_SIZES, CONCRETE

SEED = "7"
# Mutants to make of each group, and how many of them are false at least: what is true after a mistake is no mutant.
MUTANTS_MADE = {CONCRETE: 2400, ALL_SIZES: 1860}
LEAST_FALSE = {CONCRETE: 2000, ALL_SIZES: 1500}
LEAST_REFUTED = 0.995
ALONE_MADE, LEAST_FALSE_ALONE = 400, 300
SCALAR_MADE, LEAST_FALSE_SCALAR = 400, 300
REWRITES_MADE = {CONCRETE: 300, ALL_SIZES: 800}
LEAST_REWRITES = 1000
HASH_SEEDS = tuple(str(seed) for seed in (0, 1, 2, 3, 5, 8, 13, 21, 1234567, 4294967295))

# Rows of the table in docs/proof.md.
DOCUMENTED = {
    "mutants of concrete statements that are false": LEAST_FALSE[CONCRETE],
    "mutants of statements for all sizes that are false": LEAST_FALSE[ALL_SIZES],
    "false mutants before the prover without the help of points": LEAST_FALSE_ALONE,
    "false concrete mutants before the scalar prover": LEAST_FALSE_SCALAR,
    "statements rewritten by one to three laws of algebra": LEAST_REWRITES,
    "false statements made to fool a prover": len(questions()),
    "provers broken on purpose": len(KERNELS),
    "values of `PYTHONHASHSEED`": len(HASH_SEEDS),
}
