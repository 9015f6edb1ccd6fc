"""Verdicts on statements about a graph. Nothing here trusts the routes."""
