"""The lock and its formats."""

from sealenv.lock.model import Lock, LockedPackage, LockedWheel, LockFile

__all__ = ["Lock", "LockFile", "LockedPackage", "LockedWheel"]
