"""How much is asked in every run of the tests; docs/proof.md says the same."""

from collections.abc import Callable, Mapping

from .attacks import questions
from .broken import KERNELS
from .broken_surroundings import SURROUNDINGS
from .statements import (
    ALL_SIZES,
    CONCRETE,
    Statement,
    any_depth,
    catalogue,
    derivations,
    inequalities,
    own,
)

SEED = "7"
# Mutants to make of each group, and how many of them are false at least: what is true after a mistake is no mutant.
MUTANTS_MADE = {CONCRETE: 2400, ALL_SIZES: 1860}
LEAST_FALSE = {CONCRETE: 2000, ALL_SIZES: 1500}
LEAST_REFUTED = 0.995
ALONE_MADE, LEAST_FALSE_ALONE = 400, 300
SCALAR_MADE, LEAST_FALSE_SCALAR = 400, 300
# Mutants of the catalogue, of the derivation files and of the obligations of inductions.
THEOREM_MUTANTS_MADE, LEAST_FALSE_OF_THEOREMS = {CONCRETE: 300, ALL_SIZES: 300}, 450
REWRITES_MADE = {CONCRETE: 300, ALL_SIZES: 800}
LEAST_REWRITES = 1000
HASH_SEEDS = tuple(str(seed) for seed in (0, 1, 2, 3, 5, 8, 13, 21, 1234567, 4294967295))

# What is instantiated at sizes 1, 2 and 3, by where it comes from.
THEOREMS: Mapping[str, Callable[[], tuple[Statement, ...]]] = {
    "own": own,
    "derivations": derivations,
    "catalogue": catalogue,
    "any depth": any_depth,
    "inequalities": inequalities,
}

# Rows of the table in docs/proof.md.
DOCUMENTED = {
    "mutants of concrete statements that are false": LEAST_FALSE[CONCRETE],
    "mutants of statements for all sizes that are false": LEAST_FALSE[ALL_SIZES],
    "false mutants before the prover without the help of points": LEAST_FALSE_ALONE,
    "false concrete mutants before the scalar prover": LEAST_FALSE_SCALAR,
    "false mutants of the catalogue and the derivation files": LEAST_FALSE_OF_THEOREMS,
    "statements rewritten by one to three laws of algebra": LEAST_REWRITES,
    "false statements made to fool a prover": len(questions()),
    "provers broken on purpose": len(KERNELS) - len(SURROUNDINGS),
    "rules of differentiation, functions and losses broken on purpose": len(SURROUNDINGS),
    "values of `PYTHONHASHSEED`": len(HASH_SEEDS),
}
