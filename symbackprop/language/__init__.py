"""Formulas in NumPy syntax in, tensors out; and back from index notation to such formulas."""
