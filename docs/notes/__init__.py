"""What was seen, and the programs that see it."""
