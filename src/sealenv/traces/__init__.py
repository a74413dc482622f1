"""The trace report: what a command changed outside the folders that it may write to."""
