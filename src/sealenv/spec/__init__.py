"""The requested packages, and the files that list them."""
