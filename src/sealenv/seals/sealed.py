"""What was sealed: the seal and its file table as far as they can be read, and what is wrong there."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from sealenv.errors import RecordError
from sealenv.layout import FILES, MARKER, PLAN, SCRATCH, SEAL, is_link
from sealenv.seals.filetable import FileTable, read_table
from sealenv.seals.findings import Finding
from sealenv.seals.seal import Seal, read_seal, why_moved

__all__ = ["Sealed", "read_sealed"]


@dataclass
class Sealed:
    """What a prefix was when it was sealed.

    Attributes:
        seal: None where there is none, or it cannot be read.
        table: None where there is none, or it is not the one that the seal names.
        findings: about the two, and about where the prefix is.
    """

    seal: Seal | None = None
    table: FileTable | None = None
    findings: list[Finding] = field(default_factory=list)

    @property
    def pending(self) -> bool:
        """Nobody said yet what belongs there."""
        return any(f.kind == "pending" for f in self.findings)

    @property
    def lost(self) -> bool:
        """Seal or table are damaged: nobody says any more what belongs there."""
        return any(f.kind == "record" and f.path in (SEAL, FILES) for f in self.findings)


def read_sealed(prefix: Path, table: FileTable | None = None, *, trusting: bool = False) -> Sealed:
    """Read both; whether it is pending, moved, or has a seal or a table that cannot be read.

    Args:
        prefix: the prefix.
        table: what lay there as its table a moment ago.
        trusting: see `read_table`.
    """
    if os.path.lexists(prefix / MARKER):
        return Sealed(findings=[Finding("pending", MARKER, None, "it was never finished")])
    then = _read(prefix, table, trusting) if os.path.lexists(prefix / SEAL) else Sealed()
    if os.path.lexists(prefix / PLAN):
        then.findings.append(
            Finding("untracked", PLAN, None, "it belongs to a pending environment")
        )
    if os.path.lexists(prefix / SCRATCH):
        detail = "the next repair deletes it"
        then.findings.append(Finding("leftover", f"{SCRATCH}/", None, detail))
    return then


def _read(prefix: Path, table: FileTable | None, trusting: bool) -> Sealed:
    if is_link(prefix / SEAL):
        return Sealed(findings=[Finding("record", SEAL, None, "it is a link")])
    try:
        seal = read_seal(prefix)
    except RecordError as error:
        return Sealed(findings=[Finding("record", SEAL, None, error.what)])
    then = Sealed(seal)
    moved = why_moved(seal, prefix)
    if moved:
        then.findings.append(Finding("moved", SEAL, None, moved))
    if is_link(prefix / FILES):
        then.findings.append(Finding("record", FILES, None, "it is a link"))
        return then
    try:
        then.table = read_table(prefix, seal.files, table, trusting=trusting)
    except RecordError as error:
        then.findings.append(Finding("record", FILES, None, error.what))
    return then
