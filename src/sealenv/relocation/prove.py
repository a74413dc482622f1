"""Prove a move or a clone: no file holds the old path, and the programs run."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

import msgspec

from sealenv.errors import CheckFailedError, from_oserror
from sealenv.gates.admission import clean_environ
from sealenv.install.check import CheckReport, check_environment
from sealenv.layout import is_link, script_dir, site_packages
from sealenv.prefix.pending import PrefixLock
from sealenv.progress import Reporter
from sealenv.relocation.files import Left
from sealenv.relocation.find import find
from sealenv.relocation.owners import SHIPPED, Owners
from sealenv.relocation.relocation import Relocation
from sealenv.seals.seal import Seal, write_seal
from sealenv.seals.snapshot import FILE, Row, native, take_snapshot
from sealenv.spec.model import EnvironmentSpec, current_platform
from sealenv.system.hashing import sha256_of

__all__ = ["prove", "prove_running"]

_SHEBANG = re.compile(rb"#! ?([^\n]*python[\w.]*)\r?\n")
_DIST_INFO = re.compile(r"(pip|conda)-([^-]+)\.dist-info")


def prove(
    move: Relocation, searched: Mapping[str, Row], known_left: Iterable[Left] = ()
) -> list[Left]:
    """Search again; return the files that hold the old path and may.

    Args:
        move: the environment at its new place.
        searched: files without the old path. One with the same kind, mode, size, time and inode is not
            read again.
        known_left: the files that the rewriting has left.

    Raises:
        CheckFailedError: another file holds it.
    """
    rows = take_snapshot(move.prefix)
    new = {
        path: row
        for path, row in rows.items()
        if not (path in searched and row.same_stat(searched[path]))
    }
    known = {item.path for item in known_left}
    found = [path for path in find(move.prefix, new, move.change.old) if path not in known]
    if not found:
        return []
    owners = Owners(move.prefix, rows, move.records)
    wrong = [
        path
        for path in found
        if rows[path].kind != FILE
        or not owners.is_shipped(path, sha256_of(native(move.prefix, path)))
    ]
    if wrong:
        what = "1 file still holds" if len(wrong) == 1 else f"{len(wrong)} files still hold"
        raise CheckFailedError(
            f"{what} the old path {move.old}",
            where=str(move.prefix),
            details=wrong[:20],
            hint="look at them: they cannot be rewritten, or a program is writing them",
        )
    return [Left(path, SHIPPED) for path in found]


def prove_running(
    move: Relocation,
    seal: Seal,
    rewritten: Iterable[str],
    reporter: Reporter,
    held: PrefixLock | None = None,
) -> CheckReport | None:
    """Run python, pip, conda and mamba, check the entry points, and note that in the seal.

    Args:
        move: the environment at its new place.
        seal: its new seal.
        rewritten: the files that were rewritten.
        reporter: shows the progress.
        held: the lock on a pending environment.

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
        problems = _missing_interpreters(move, seal, rewritten)
    except CheckFailedError as error:
        problems = list(error.details)
    if problems:
        raise CheckFailedError(
            "the environment does not work at its new place",
            where=str(move.prefix),
            details=problems,
            hint="it is kept there for inspection; check whether it worked before the move",
        )
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


def _missing_interpreters(move: Relocation, seal: Seal, rewritten: Iterable[str]) -> list[str]:
    """Return the rewritten entry points whose interpreter cannot be run."""
    folder = f"{script_dir(seal.platform)}/"
    problems = []
    for path in rewritten:
        if not path.startswith(folder) or is_link(move.prefix / path):
            continue
        with open(move.prefix / path, "rb") as file:
            found = _SHEBANG.match(file.readline(1024))
        if found and os.path.isabs(found[1]) and not os.access(found[1], os.X_OK):
            problems.append(f"{path}: its interpreter is missing: {os.fsdecode(found[1])}")
    return problems
