"""What solves and links."""
