"""Measurements: `python -m benchmarks.NAME`; results stand in docs/."""
