"""The commands, one file each: the Python API, which the command line parses for and prints."""
