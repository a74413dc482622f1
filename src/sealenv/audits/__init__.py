"""Audit: which files of a prefix hold an absolute path, and what follows from it."""

from sealenv.audits.audit import Audit, audit

__all__ = ["Audit", "audit"]
