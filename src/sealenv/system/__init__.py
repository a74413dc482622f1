"""The machine that sealenv runs on: locks, clean child environments."""
