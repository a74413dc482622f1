"""Give an environment another path: plan, copy, apply, prove; and find the paths in its files."""
