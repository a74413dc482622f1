"""Resolve wheels from Python package indexes with pip."""
