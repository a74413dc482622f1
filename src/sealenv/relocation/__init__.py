"""An environment that lies at another place than it was made at: its files learn where they are.

Moving and cloning are made of these steps; docs/how-to/move.md says what that means for who uses it.
"""
