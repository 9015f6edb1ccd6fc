"""Graphs of named definitions, and what makes them: formulas, networks of layers, derivation files."""
