"""Tests on Windows: with Wine on Linux, natively on Windows itself."""
