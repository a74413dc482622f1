"""A prefix: its records, its history, its lock, and its removal (CEP 32)."""
