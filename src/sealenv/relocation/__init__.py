"""An environment that lies at another place than it was made at: its files learn where they are.

Moving and cloning are made of these steps; docs/explanation/portability.md says in which order, and why
that order is safe at every instant.
"""
