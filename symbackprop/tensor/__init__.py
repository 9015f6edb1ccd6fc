"""Index notation over SymPy: nodes, indices, tensors, their operations and derivative."""
