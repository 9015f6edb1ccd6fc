"""Certified values, generated NumPy code, gradient check, gradient descent."""
