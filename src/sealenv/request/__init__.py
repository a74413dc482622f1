"""What the arguments of a command mean: a spec, a lock, an environment, and where to write."""
