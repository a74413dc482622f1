"""Verified archives and the caches beside them."""
