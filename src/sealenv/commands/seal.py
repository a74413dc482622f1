"""Seal an environment as it is now, after intended changes, or adopt one of another tool.

In this order: verify, describe the environment, show the difference, write. A change of packages makes
the environment unchecked: it was not run since.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from sealenv._version import __version__
from sealenv.activation.scripts import activation_files, write_scripts
from sealenv.commands.verify import examine
from sealenv.errors import PrefixError, RecordError
from sealenv.fields import AbsolutePath, Sha256
from sealenv.layout import META, SEAL
from sealenv.locks import Lock
from sealenv.prefix.condafiles import made_by, read_bootstrap, read_requested
from sealenv.prefix.exclusive import exclusive
from sealenv.prefix.installed import installed
from sealenv.progress import QUIET, Reporter
from sealenv.request import StrPath, prefix_of
from sealenv.seals.changes import locked_packages
from sealenv.seals.compare import Comparison
from sealenv.seals.contents import complete
from sealenv.seals.filetable import write_table
from sealenv.seals.findings import Finding, refuse_moved
from sealenv.seals.seal import (
    SCHEMA,
    EngineNote,
    Fingerprints,
    LockNote,
    Seal,
    timestamp,
    write_seal,
)
from sealenv.seals.snapshot import hash_rows, look_again
from sealenv.seals.wheels import is_of, requested_of
from sealenv.system.volumes import real_folder


class BeforeAndNow(msgspec.Struct, frozen=True):
    """Fingerprints, of the seal before and of the new one."""

    before: Fingerprints | None
    now: Fingerprints | None


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """What `seal` keeps, and what differs from the seal before.

    Attributes:
        prefix: the environment.
        dry_run: whether nothing was written.
        adopted: whether another tool made it.
        engine: what made it.
        added: name -> name-version-build.
        removed: the same of removed packages.
        changed: name -> before and after.
        files: the other findings of verify.
        lock_digest: of the installed packages.
        fingerprints: before and now; the second is None while nothing was written.
    """

    prefix: AbsolutePath
    dry_run: bool
    adopted: bool
    engine: EngineNote
    added: dict[str, str]
    removed: dict[str, str]
    changed: Annotated[dict[str, tuple[str, str]], Meta(description="name -> before and after")]
    files: tuple[Finding, ...]
    lock_digest: Sha256
    fingerprints: BeforeAndNow

    @property
    def empty(self) -> bool:
        """Return whether nothing has changed since sealing."""
        known = self.fingerprints.before is not None
        return known and not (self.added or self.removed or self.changed or self.files)


def seal(
    env: StrPath,
    *,
    dry_run: bool = False,
    confirm: Callable[[Sealed], None] | None = None,
    reporter: Reporter = QUIET,
) -> Sealed:
    """Seal an environment as it is now, or adopt one of another tool, without asking.

    Args:
        env: a name or a path.
        dry_run: only show what would be kept.
        confirm: called with the difference before anything is written; may raise to stop.
        reporter: shows the progress.

    Returns:
        what differs from the seal before.

    Raises:
        PrefixError: it is pending, moved, in use, or has a file where a script belongs.
        RecordError: a record cannot be read.
        DigestError: a record does not name its archive, so the package could not be installed again.
        FilesystemError: it cannot be read or written.
    """
    prefix = real_folder(prefix_of(env))  # the seal names the folder, not a link to it
    with exclusive(prefix):
        change, new, comparison = _compare(prefix, reporter)
        if dry_run:
            return msgspec.structs.replace(change, dry_run=True)
        if change.empty:
            return change
        rows = comparison.rows  # what is written from now on is not sealed
        hash_rows(prefix, rows, [row for row in rows.values() if not row.digest])
        if confirm:
            confirm(change)
        new.activation = write_scripts(prefix, platform=new.platform).paths
        look_again(prefix, rows, new.activation)
        table = complete(prefix, new, rows=rows, reporter=reporter)
        write_table(prefix, table)
        write_seal(prefix, new)
    prints = BeforeAndNow(change.fingerprints.before, new.fingerprints)
    return msgspec.structs.replace(change, fingerprints=prints)


def _compare(prefix: Path, reporter: Reporter) -> tuple[Sealed, Seal, Comparison]:
    """Verify; return the difference, the new seal, and the comparison."""
    comparison, report = examine(prefix, reporter=reporter)
    _refuse_unknown(prefix, report.findings)
    before = comparison.seal
    if before is None:
        _refuse_scripts_of_others(comparison)
    lock = _lock_of(comparison)
    old = locked_packages(before.lock.packages) if before else {}
    now = {package.name: package for package in lock.packages}
    added = {name: p.dist for name, p in now.items() if name not in old}
    removed = {name: dist for name, (dist, _) in old.items() if name not in now}
    changed = {
        name: (dist, now[name].dist)
        for name, (dist, sha256) in old.items()
        if name in now and (now[name].dist, now[name].sha256) != (dist, sha256)
    }
    listed = {*added, *removed, *changed}
    modified = any(finding.change and finding.package for finding in report.findings)
    seal = _describe(comparison, lock, changed=modified)
    change = Sealed(
        prefix=prefix,
        dry_run=False,
        adopted=before is None,
        engine=seal.engine,
        added=added,
        removed=removed,
        changed=changed,
        files=tuple(f for f in report.findings if not (f.change and f.package in listed)),
        lock_digest=seal.lock.digest,
        fingerprints=BeforeAndNow(before.fingerprints if before else None, seal.fingerprints),
    )
    return change, seal, comparison


def _refuse_unknown(prefix: Path, findings: Sequence[Finding]) -> None:
    """Refuse an environment that was moved, or whose packages or seal are unknown."""
    for finding in findings:
        if finding.kind == "record" and finding.path.endswith(".json"):
            raise RecordError(
                "a package record cannot be read, so the installed packages are unknown",
                where=str(prefix / finding.path),
                hint="reinstall that package, or create the environment again",
            )
        if finding.kind == "record" and finding.path == SEAL:
            raise RecordError(
                finding.detail,
                where=str(prefix / SEAL),
                hint="create the environment again: sealenv create",
            )
    refuse_moved(prefix, findings)


def _refuse_scripts_of_others(comparison: Comparison) -> None:
    """Refuse to overwrite files of others with activation scripts."""
    there = [
        path
        for path in activation_files(comparison.prefix, platform=comparison.platform)
        if path in comparison.rows
    ]
    if there:
        raise PrefixError(
            "files exist where the activation scripts belong",
            where=str(comparison.prefix),
            details=there,
            hint="move them away",
        )


def _lock_of(comparison: Comparison) -> Lock:
    """Return the packages by their records, and the locked wheels that are still installed."""
    lock = installed(comparison.prefix, comparison.platform)
    found = comparison.distributions
    wheels = [w for w in comparison.wheels if any(is_of(w, each) for each in found)]
    return msgspec.structs.replace(lock, platform=comparison.platform, wheels=tuple(wheels))


def _describe(comparison: Comparison, lock: Lock, *, changed: bool) -> Seal:
    old = comparison.seal
    python = lock.find("python")
    names = {package.name for package in lock.packages}
    channels = list(dict.fromkeys(p.channel for p in lock.packages if p.channel))
    spec = dict(old.spec) if old else {
        "channels": channels, "platform": comparison.platform, "exclude_newer": None, "variables": {},
    }  # fmt: skip
    spec = {"packages": list(read_requested(comparison.prefix).values()), **spec}
    if changed:
        spec["packages"] = list(read_requested(comparison.prefix).values()) or spec["packages"]
        asked = requested_of(spec.get("requirements", ()), comparison.wheels, lock.wheels)
        spec["requirements"] = list(asked)
    keep_check = old is not None and not changed
    return Seal(
        schema=SCHEMA,
        sealenv=__version__,
        created=timestamp(),
        prefix=str(comparison.prefix),
        platform=comparison.platform,
        spec=spec,
        lock=LockNote(
            lock.digest(),
            [f"{p.url}#{p.sha256}" for p in lock.packages],
            old.lock.virtual_packages if old else [],
            [f"{w.url}#{w.sha256}" for w in lock.wheels],
        ),
        engine=old.engine if old else _maker(comparison.prefix),
        python=python.version if python else None,
        checked=old.checked if old is not None and keep_check else False,
        check=old.check if old is not None and keep_check else {},
        pyc=old.pyc if old else None,
        link_scripts=[n for n in (old.link_scripts if old else []) if n in names],
        skipped_link_scripts=[n for n in (old.skipped_link_scripts if old else []) if n in names],
        patched=[
            note
            for note in (old.patched if old else [])
            if (row := comparison.rows.get(note.path)) and row.digest.hex() == note.after
        ],
        absolute=old.absolute if old else [],
        former=old.former if old else [],
    )


def _maker(prefix: Path) -> EngineNote:
    """Return the tool that made a foreign environment, if its files name it."""
    if (prefix / META / "pixi").exists():
        return EngineNote("pixi", "")
    if (script := read_bootstrap(prefix)) is not None:
        return EngineNote("micromamba", *script)
    name, version = made_by(prefix)
    return EngineNote(name or "unknown", version)
