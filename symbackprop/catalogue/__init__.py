"""What is known by name, one record each: activations, losses, identities, sources."""
