"""The lock and its formats."""

from sealenv.locks.model import Lock, LockedPackage, LockedWheel, LockFile

__all__ = ["Lock", "LockFile", "LockedPackage", "LockedWheel"]
