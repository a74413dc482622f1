"""Wheels from Python package indexes: pip resolves, we lock."""
