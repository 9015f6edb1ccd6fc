"""A checker of certificates: it replays a proof, step by step, in plain Python, with nothing but the standard library.

    python -I checker CERTIFICATE.json ...

where `checker` is this folder, which can be copied anywhere. A certificate states `left comparison right`, with all
definitions, what is assumed, conditions, and steps. It says: for all sizes >= 1, all real inputs and all smooth
arbitrary functions, where the assumptions and conditions hold and every entry of both sides has a value, it is true of
every entry. That there is such a point is shown by witness_check.py.

The proof begins with left - right, or right - left for `<`. A step [law, place, ...] changes the part of the term at a
place; an equation is proved by coming to 0, an inequality by coming to a term of known sign. Every law keeps this:
WHERE ALL ENTRIES OF THE OLD TERM HAVE A VALUE, THE NEW ONE HAS THE SAME VALUES.

From the bottom up: terms, polynomials (the one algorithm), statement, calculus, laws, replay.

Terms: "1/2", [add, a, ...], [mul, a, ...], [pow, a, "1/2"] (a >= 0 where the exponent is broken), [exp, a] (also log,
sin, cos, erf), [positive, a] and [zero, a] (1 where a > 0 or a = 0, else 0), [at, name, i, ...], [size, n], [pi],
[delta, range, i, j], [sum, i, range, a], [call, function, order of derivative, a, ...], [d, a, v]: the derivative of a
by the entry v through all definitions as written, v itself free. A function with two branches that meet at z = 0 has
that of the active one there; where another indicator turns in a, or under it, there is none, even if the jump cancels.
"""
