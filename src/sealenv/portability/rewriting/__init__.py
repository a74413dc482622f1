"""What becomes of a file whose environment goes to another place: pure, bytes in and bytes out."""
