"""Data only: activations and losses, one record each."""
