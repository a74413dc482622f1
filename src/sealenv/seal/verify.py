"""Verify, at the level of package records: missing and altered files, and clobbers.

A file's promise is `sha256_in_prefix`, else `sha256` (CEP 32). Where several packages ship one path,
the last one linked wins and the others' promises cannot hold: that is a clobber, not damage.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from sealenv.condameta.records import PrefixRecord, RecordPath, scan_records
from sealenv.errors import RecordError
from sealenv.layout import MARKER, META, SEAL
from sealenv.portability.patch import patch_bytes
from sealenv.seal.seal import PatchNote, is_at, read_seal

__all__ = ["Finding", "Report", "verify"]

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it was made."""

    kind: str
    """missing, altered, wrong-type, unreadable, record, pending, moved, gone, unpatched or clobbered."""
    path: str
    package: str | None
    detail: str = ""

    def to_json(self) -> dict[str, str | None]:
        """For `--json`."""
        return {
            "kind": self.kind, "path": self.path, "package": self.package, "detail": self.detail,
        }  # fmt: skip


@dataclass(frozen=True)
class Report:
    """What verify saw."""

    packages: int
    files: int
    findings: tuple[Finding, ...]

    @property
    def damaged(self) -> bool:
        """Whether anything but clobbers was found."""
        return any(f.kind != "clobbered" for f in self.findings)


def verify(prefix: Path) -> Report:
    """Compare every file that a record names with what the record promises. Writes nothing."""
    records, broken = scan_records(prefix)
    findings, patched = _check_state(prefix, records)
    for line in broken:
        findings.append(Finding("record", f"conda-meta/{line.split(':')[0]}", None, line))
    owners: dict[str, list[tuple[PrefixRecord, RecordPath]]] = {}
    for record in records:
        for path in record.paths_data.paths:
            owners.setdefault(path.path, []).append((record, path))
    for relative, promises in sorted(owners.items()):
        note = patched.get(relative)
        if note is not None:
            verdict = _judge_patched(prefix, note)
            if verdict is not None:
                kind, detail = verdict
                owner = ", ".join(record.name for record, _ in promises)
                findings += [Finding(kind, relative, owner, detail)] if kind else []
                continue
        findings += _check(prefix, relative, promises)
    return Report(len(records), len(owners), tuple(findings))


def _check_state(
    prefix: Path, records: list[PrefixRecord]
) -> tuple[list[Finding], dict[str, PatchNote]]:
    """Pending, moved, or without a package that the seal names; and what the seal says was patched."""
    if (prefix / MARKER).exists():
        return [Finding("pending", MARKER, None, "it was never finished")], {}
    if not (prefix / SEAL).exists():
        return [], {}
    try:
        seal = read_seal(prefix)
    except RecordError as error:
        return [Finding("record", SEAL, None, error.what)], {}
    findings = []
    if not is_at(seal, prefix):
        findings.append(
            Finding("moved", SEAL, None, f"it was made at {seal.prefix} and holds that path")
        )
    recorded = {record.name for record in records}
    for line in seal.lock.packages:
        dist = line.partition("#")[0].rsplit("/", 1)[-1]
        dist = dist.removesuffix(".conda").removesuffix(".tar.bz2")
        name = dist.rsplit("-", 2)[0]
        if name not in recorded and not (prefix / META / f"{dist}.json").exists():
            detail = "the seal names it, and there is no record of it"
            findings.append(Finding("gone", f"{META}/{dist}.json", name, detail))
    return findings, {note.path: note for note in seal.patched}


def _judge_patched(prefix: Path, note: PatchNote) -> tuple[str, str] | None:
    """Kind (empty: as patched) and detail; None where only the records can tell."""
    path = prefix / note.path
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return None
        content = path.read_bytes()
    except OSError:
        return None
    digest = hashlib.sha256(content).hexdigest()
    if digest == note.after:
        return "", ""
    if digest == note.before or patch_bytes(note.path, content, prefix) != content:
        return "unpatched", (
            "it holds an absolute path again: mamba writes its .bat files anew, and so does an update"
        )
    return "altered", f"sha256 {digest[:12]}..., patched {note.after[:12]}..."


def _check(
    prefix: Path, relative: str, promises: list[tuple[PrefixRecord, RecordPath]]
) -> list[Finding]:
    names = ", ".join(record.name for record, _ in promises)
    # Records are UTF-8 whatever the locale.
    target = os.path.join(os.fsencode(prefix), relative.encode("utf-8", "surrogateescape"))
    try:
        status = os.lstat(target)
    except FileNotFoundError:
        return [Finding("missing", relative, names)]
    except OSError as error:
        return [Finding("unreadable", relative, names, str(error.strerror))]
    verdicts = [_judge(target, status, path) for _, path in promises]
    if len(promises) > 1 and "" in verdicts:
        others = [r.name for (r, _), v in zip(promises, verdicts, strict=True) if v]
        if not others:
            return []
        winner = next(r.name for (r, _), v in zip(promises, verdicts, strict=True) if not v)
        return [
            Finding("clobbered", relative, ", ".join(others), f"{winner} ships it too, and won")
        ]
    if all(verdicts):
        kind, _, detail = verdicts[-1].partition(":")
        return [Finding(kind, relative, names, detail.strip())]
    return []


def _judge(target: bytes, status: os.stat_result, promise: RecordPath) -> str:
    """Empty when the promise holds, else `kind: detail`."""
    linked = stat.S_ISLNK(status.st_mode)
    if promise.path_type == "softlink":
        return "" if linked else "wrong-type: it was a link and is none"
    if promise.path_type == "directory":
        return "" if stat.S_ISDIR(status.st_mode) else "wrong-type: it was a folder and is none"
    if linked or not stat.S_ISREG(status.st_mode):
        return "wrong-type: it was a file and is none"
    expected = promise.sha256_in_prefix or promise.sha256
    if not expected:
        return ""
    if (
        promise.size_in_bytes is not None
        and promise.prefix_placeholder is None
        and status.st_size != promise.size_in_bytes
    ):
        return f"altered: {status.st_size} bytes instead of {promise.size_in_bytes}"
    try:
        actual = _sha256(target)
    except OSError as error:
        return f"unreadable: {error.strerror}"
    return (
        ""
        if actual == expected
        else f"altered: sha256 {actual[:12]}..., promised {expected[:12]}..."
    )


def _sha256(path: bytes) -> str:
    digest = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
