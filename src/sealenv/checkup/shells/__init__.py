"""What the start-up files of shells do, read without running them."""
