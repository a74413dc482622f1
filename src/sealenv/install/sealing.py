"""The last steps of create: look at what was made, describe it, and commit."""

from __future__ import annotations

import os

from sealenv._version import __version__
from sealenv.errors import EngineError, PrefixLockedError
from sealenv.install.check import CheckReport
from sealenv.install.job import Job
from sealenv.install.pyc import INVALIDATION
from sealenv.locks import Lock
from sealenv.portability.patch import Patched, left_absolute
from sealenv.prefix.prefixlock import PrefixLock
from sealenv.seals.contents import Contents, digests_of_linking, read_contents, time_of_linking
from sealenv.seals.filetable import write_table
from sealenv.seals.seal import SCHEMA, EngineNote, LockNote, PatchNote, Seal, timestamp, write_seal

__all__ = ["commit", "describe", "observe"]


def observe(job: Job, ran: list[str], patched: list[Patched]) -> Contents:
    """Fingerprints and file table: what linking is sure of is not hashed again."""
    job.reporter.phase("seal", "taking fingerprints and sealing")
    # Windows keeps no time of change that a program could not set: what ran may have changed anything.
    trusted = os.name != "nt" or not ran
    return read_contents(
        job.prefix,
        job.spec.platform,
        {p.path: p.after for p in patched},
        known=digests_of_linking if trusted else lambda records: {},
        since=time_of_linking(job.prefix),
        on_file=lambda done, total: job.reporter.advance(done, total, "files"),
    )


def describe(
    job: Job,
    lock: Lock,
    checked: CheckReport | None,
    ran: list[str],
    skipped: list[str],
    patched: list[Patched],
    compiled: bool,
    activation: list[str],
    observed: Contents,
) -> Seal:
    """The seal: how all this was done."""
    python = lock.find("python")
    return Seal(
        schema=SCHEMA,
        sealenv=__version__,
        created=timestamp(),
        prefix=str(job.prefix),
        platform=job.spec.platform,
        spec=job.spec.to_json(),
        lock=LockNote(
            lock.digest(),
            [f"{p.url}#{p.sha256}" for p in lock.packages],
            list(lock.virtual_packages),
            [f"{w.url}#{w.sha256}" for w in lock.wheels],
        ),
        engine=EngineNote(job.engine.name, job.engine.version),
        python=checked.python if checked else python.version if python else None,
        checked=checked is not None,
        check=checked.to_json() if checked else {},
        pyc=INVALIDATION if compiled else None,
        link_scripts=ran,
        skipped_link_scripts=skipped,
        patched=[PatchNote(p.path, p.before, p.after, p.what) for p in patched],
        absolute=left_absolute(job.prefix, job.spec.platform),
        activation=activation,
        pip=observed.pip,
        fingerprints=observed.fingerprints,
        files=observed.table_sha256,
    )


def commit(job: Job, seal: Seal, observed: Contents, held: PrefixLock) -> None:
    """Seal and unmark, if everything is still ours.

    Raises:
        EngineError: the engine died meanwhile, and with it its hold on the lock.
        PrefixLockedError: the marker is not the one that we wrote.
    """
    if not job.engine.alive():
        raise EngineError("the engine ended unexpectedly", hint="run the same command again")
    if not held.holds():
        raise PrefixLockedError(
            "the environment was taken away while it was made", where=str(held.prefix)
        )
    write_table(held.prefix, observed.table)
    write_seal(held.prefix, seal)
    held.commit()
