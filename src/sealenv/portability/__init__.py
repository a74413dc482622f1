"""Known files that are made relative."""
