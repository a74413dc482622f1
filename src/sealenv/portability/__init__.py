"""Paths of an environment in bytes: found, judged, rewritten; files that are made to need none."""
