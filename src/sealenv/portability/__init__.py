"""Absolute paths in a prefix: which files carry one, and what is done about it."""
