"""Give an environment another path: the parts of move and clone, in the order of `settle`."""
