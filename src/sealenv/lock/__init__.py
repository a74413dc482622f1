"""The lock and its formats."""

from sealenv.lock.model import Lock, LockedPackage

__all__ = ["Lock", "LockedPackage"]
