"""Prove a move or a clone: no file holds the old path, the new seal fits, and the programs run."""

from __future__ import annotations

import os
import re
from collections.abc import Container, Mapping

import msgspec

from sealenv.errors import CheckFailedError, from_oserror
from sealenv.gates.admission import clean_environ
from sealenv.install.check import CheckReport, check_environment
from sealenv.layout import site_packages
from sealenv.prefix.pending import PrefixLock
from sealenv.progress import Reporter
from sealenv.relocation.find import find
from sealenv.relocation.journal import Rewritten
from sealenv.relocation.plan import Relocation
from sealenv.seals.contents import adopt_copies, describe
from sealenv.seals.seal import Seal, write_seal
from sealenv.seals.snapshot import FILE, Row, native, row_of, take_snapshot
from sealenv.spec.model import EnvironmentSpec, current_platform

_DIST_INFO = re.compile(r"(pip|conda)-([^-]+)\.dist-info")


def next_table(
    move: Relocation,
    changes: Mapping[str, Rewritten],
    deleted: Container[str],
    now: Mapping[str, Row],
    *,
    copied: bool,
) -> dict[str, Row] | None:
    """Return the rows of the new file table; None if the environment has no table.

    A digest is replaced only if it is that of the file before: a file that was altered stays altered.
    Compiled Python that was deleted has no row: Python may write it again.

    `now` is the snapshot from before the rewriting. Copied files have other inodes and times.

    Raises:
        OSError: a file cannot be read.
    """
    if move.table is None:
        return None
    sealed = {
        path: row
        for path, row in move.table.items()
        if not path.endswith(".pyc") or (path in now and path not in deleted)
    }
    for path, change in changes.items():
        then = sealed.get(path)
        if then is None or then.digest != change.before.sha256:
            continue
        then = sealed[path] = then.copy()
        status = row_of(path, os.lstat(native(move.prefix, path)))
        # A rewritten file keeps its time. If another program has written to it since, it has another
        # one, and is not sealed.
        is_file = status.kind == FILE and path in now
        then.digest, then.size, then.inode = change.after.sha256, change.after.size, status.inode
        then.mtime_ns = now[path].mtime_ns if is_file else status.mtime_ns
    if copied:
        others = {path: row.copy() for path, row in sealed.items() if path not in changes}
        adopt_copies(move.prefix, others, now)
        sealed |= others
    return sealed


def next_seal(
    move: Relocation,
    changes: Mapping[str, Rewritten],
    rows: Mapping[str, Row] | None,
    *,
    partly: bool,
) -> tuple[Seal, bytes | None]:
    """Return the new seal, and the encoded file table that it names.

    If `partly`, some files keep the old path, and the seal names it. If the environment runs on this
    machine, it is unchecked until it has run at its new place.
    """
    after = {done.before.sha256.hex(): done.after.sha256.hex() for done in changes.values()}
    patched = [
        msgspec.structs.replace(note, after=after.get(note.after, note.after))
        if note.path in changes
        else note
        for note in move.seal.patched
    ]
    pip = [
        msgspec.structs.replace(note, sha256=after.get(note.sha256, note.sha256))
        if note.record in changes
        else note
        for note in move.seal.pip
    ]
    former = [*move.seal.former, *(move.olds if partly else ())]
    seal = msgspec.structs.replace(
        move.seal,
        prefix=move.new,
        checked=move.seal.checked and move.seal.platform != current_platform(),
        patched=patched,
        pip=pip,
        former=[place for place in dict.fromkeys(former) if place != move.new],
    )
    return seal, None if rows is None else describe(seal, rows)


def prove(move: Relocation, clean: Mapping[str, Row], left: Container[str]) -> None:
    """Search a rewritten environment again.

    A file that is in `clean`, with the same kind, mode, size, time and inode, is not read again.
    Those in `left` keep the old path.

    Raises:
        CheckFailedError: a rewritten file still holds the old path.
    """
    rows = {
        path: row
        for path, row in take_snapshot(move.prefix).items()
        if not (path in clean and row.same_stat(clean[path]))
    }
    wrong = [path for path in find(move.prefix, rows, move.change.old) if path not in left]
    if wrong:
        what = "1 file still holds" if len(wrong) == 1 else f"{len(wrong)} files still hold"
        raise CheckFailedError(
            f"{what} the old path {move.old}",
            where=str(move.prefix),
            details=wrong[:20],
            hint="look at them: they cannot be rewritten, or a program is writing them",
        )


def prove_running(
    move: Relocation, seal: Seal, reporter: Reporter, held: PrefixLock | None = None
) -> CheckReport | None:
    """Run python, pip, conda and mamba, and note that in the seal.

    Returns:
        what was run; None if the environment is for another platform.

    Raises:
        CheckFailedError: with everything that is wrong.
        FilesystemError: the seal cannot be written.
    """
    if seal.platform != current_platform():
        reporter.note(f"{seal.platform} does not run here: the environment is unchecked")
        return None
    reporter.phase("check", "activating the environment and running its programs")
    versions = _versions(move, seal)
    asked = [p for p in ("conda", "mamba") if p in versions]
    spec = EnvironmentSpec(tuple(asked), (), seal.platform)
    try:
        report = check_environment(
            move.prefix, spec, versions, clean_environ(os.environ),
            token=held.token if held else "", keep_fd=held.fd if held else None,
            came_from=move.old,
        )  # fmt: skip
    except CheckFailedError as error:
        raise CheckFailedError(
            "the environment does not work at its new place",
            where=str(move.prefix),
            details=error.details,
            hint="it is kept there for inspection; check whether it worked before the move",
        ) from error
    try:
        write_seal(move.prefix, msgspec.structs.replace(seal, checked=True, check=report.to_json()))
    except OSError as error:
        raise from_oserror(error) from error
    return report


def _versions(move: Relocation, seal: Seal) -> dict[str, str]:
    """Return the versions in the records, or the installed ones if pip has replaced them since."""
    versions = {record.name: record.version for record in move.records}
    try:
        folder = move.prefix / site_packages(seal.platform, versions["python"])
        names = sorted(os.listdir(folder))
    except (KeyError, OSError, ValueError):
        return versions
    found = filter(None, map(_DIST_INFO.fullmatch, names))
    versions |= {item[1]: item[2] for item in found if item[1] in versions}
    if "pip" not in names:
        versions.pop("pip", None)
    return versions
