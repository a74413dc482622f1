"""The machine: files, locks, processes, and what differs on Windows."""
