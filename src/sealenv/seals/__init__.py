"""The seal and what is checked against it."""
