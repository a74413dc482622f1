"""The spec of an environment, and the files it is read from."""
