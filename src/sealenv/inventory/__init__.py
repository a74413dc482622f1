"""Inventory: what an environment holds, package by package, and why each of them is there."""
