"""Formulas in print: LaTeX names, index notation, matrix notation, and the reader that checks what was printed."""
