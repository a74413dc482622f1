"""Seal an environment as it is now, after intended changes, or adopt one of another tool.

In this order: verify, describe the environment, show the difference, write. A change of packages makes
the environment unchecked: it was not run since.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from sealenv._version import __version__
from sealenv.activation.scripts import activation_files, write_scripts
from sealenv.commands.verify import examine
from sealenv.errors import PrefixError, RecordError
from sealenv.fields import AbsolutePath, Sha256
from sealenv.layout import FILES, META
from sealenv.locks import Lock
from sealenv.prefix.condafiles import made_by, read_bootstrap, read_requested
from sealenv.prefix.exclusive import exclusive
from sealenv.prefix.installed import installed
from sealenv.progress import QUIET, Reporter
from sealenv.request import StrPath, prefix_of
from sealenv.seals.compare import Comparison
from sealenv.seals.contents import complete
from sealenv.seals.findings import Finding, refuse_moved
from sealenv.seals.seal import (
    SCHEMA,
    EngineNote,
    Fingerprints,
    LockNote,
    Seal,
    timestamp,
    write_seal,
    write_table,
)
from sealenv.seals.snapshot import hash_rows, look_again
from sealenv.seals.wheels import is_of, requested_of
from sealenv.system.volumes import real_folder


class BeforeAndNow(msgspec.Struct, frozen=True):
    """Fingerprints, of the seal before and of the new one."""

    before: Fingerprints | None
    now: Fingerprints | None


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """What `seal` keeps.

    Attributes:
        prefix: the environment.
        dry_run: whether nothing was written.
        adopted: whether another tool made it.
        engine: what made it.
        findings: of verify, which are accepted.
        lock_digest: of the installed packages.
        fingerprints: before and now; the second is None while nothing was written.
    """

    prefix: AbsolutePath
    dry_run: bool
    adopted: bool
    engine: EngineNote
    findings: tuple[Finding, ...]
    lock_digest: Sha256
    fingerprints: BeforeAndNow

    @property
    def empty(self) -> bool:
        """Return whether nothing has changed since sealing."""
        return self.fingerprints.before is not None and not self.findings


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
        comparison, report = examine(prefix, reporter=reporter)
        _refuse(comparison, report.findings)
        before = comparison.seal
        new = _describe(comparison, report.findings)
        change = Sealed(
            prefix=prefix,
            dry_run=dry_run,
            adopted=before is None,
            engine=new.engine,
            findings=report.findings,
            lock_digest=new.lock.digest,
            fingerprints=BeforeAndNow(before.fingerprints if before else None, None),
        )
        if dry_run or change.empty:
            return change
        rows = comparison.rows  # what is written from now on is not sealed
        hash_rows(prefix, rows, [row for row in rows.values() if not row.digest])
        if confirm:
            confirm(change)
        reporter.phase("seal", "taking fingerprints and sealing")
        new.activation = write_scripts(prefix, platform=new.platform).paths
        look_again(prefix, rows, new.activation)
        table = complete(prefix, new, rows=rows, reporter=reporter)
        write_table(prefix, table)
        write_seal(prefix, new)
    prints = BeforeAndNow(change.fingerprints.before, new.fingerprints)
    return msgspec.structs.replace(change, fingerprints=prints)


def _refuse(comparison: Comparison, findings: Sequence[Finding]) -> None:
    """Refuse a moved environment, unknown packages, and files of others where scripts belong."""
    prefix = comparison.prefix
    for finding in findings:
        if finding.kind == "record" and finding.path != FILES:
            raise RecordError(
                f"the installed packages are unknown: {finding.detail}",
                where=str(prefix / finding.path),
                hint="create the environment again: sealenv create --replace",
            )
    refuse_moved(prefix, findings)
    if comparison.seal is None:
        scripts = activation_files(prefix, platform=comparison.platform)
        if there := [path for path in scripts if path in comparison.rows]:
            raise PrefixError(
                "files exist where the activation scripts belong",
                where=str(prefix),
                details=there,
                hint="move them away",
            )


def _describe(comparison: Comparison, findings: Sequence[Finding]) -> Seal:
    """Return the seal of the environment as it is, without what `complete` fills in."""
    prefix, platform, old = comparison.prefix, comparison.platform, comparison.seal
    found = comparison.distributions
    wheels = tuple(w for w in comparison.wheels if any(is_of(w, each) for each in found))
    lock = installed(prefix, platform)
    lock = msgspec.structs.replace(lock, platform=platform, wheels=wheels)
    requested = list(read_requested(prefix).values())
    if old is None:
        old = _adopted(comparison, lock, requested)
    spec, checked, check = old.spec, old.checked, old.check
    if any(finding.change and finding.package for finding in findings):
        requirements = requested_of(spec.get("requirements", ()), comparison.wheels, wheels)
        packages = requested or spec.get("packages", [])
        spec = spec | {"packages": packages, "requirements": list(requirements)}
        checked, check = False, {}  # it was not run since
    python = lock.find("python")
    names = {package.name for package in lock.packages}
    return msgspec.structs.replace(
        old,
        sealenv=__version__,
        created=timestamp(),
        prefix=str(prefix),
        spec=spec,
        lock=LockNote(
            lock.digest(),
            [f"{p.url}#{p.sha256}" for p in lock.packages],
            old.lock.virtual_packages,
            [f"{w.url}#{w.sha256}" for w in wheels],
        ),
        python=python.version if python else None,
        checked=checked,
        check=check,
        link_scripts=[name for name in old.link_scripts if name in names],
        skipped_link_scripts=[name for name in old.skipped_link_scripts if name in names],
        patched=[
            note
            for note in old.patched
            if (row := comparison.rows.get(note.path)) and row.digest.hex() == note.after
        ],
    )


def _adopted(comparison: Comparison, lock: Lock, requested: list[str]) -> Seal:
    """Return what is known of an environment that another tool made."""
    prefix, platform = comparison.prefix, comparison.platform
    channels = list(dict.fromkeys(p.channel for p in lock.packages if p.channel))
    if (prefix / META / "pixi").exists():
        engine = EngineNote("pixi", "")
    elif (script := read_bootstrap(prefix)) is not None:
        engine = EngineNote("micromamba", *script)
    else:
        name, version = made_by(prefix)
        engine = EngineNote(name or "unknown", version)
    return Seal(
        schema=SCHEMA,
        sealenv=__version__,
        created="",
        prefix=str(prefix),
        platform=platform,
        spec={
            "packages": requested,
            "channels": channels,
            "platform": platform,
            "exclude_newer": None,
            "variables": {},
        },
        lock=LockNote("", []),
        engine=engine,
        python=None,
        checked=False,
        check={},
        pyc=None,
        link_scripts=[],
        skipped_link_scripts=[],
    )
