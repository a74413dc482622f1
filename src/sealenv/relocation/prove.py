"""Prove a move or a clone: no file holds the old path, and the programs run."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

import msgspec

from sealenv.errors import CheckFailedError, from_oserror
from sealenv.gates.admission import clean_environ
from sealenv.install.check import CheckReport, check_environment
from sealenv.layout import site_packages
from sealenv.prefix.pending import PrefixLock
from sealenv.progress import Reporter
from sealenv.relocation.files import Files
from sealenv.relocation.find import find
from sealenv.relocation.relocation import Relocation
from sealenv.seals.seal import Seal, write_seal
from sealenv.seals.snapshot import Row, take_snapshot
from sealenv.spec.model import EnvironmentSpec, current_platform

_DIST_INFO = re.compile(r"(pip|conda)-([^-]+)\.dist-info")


def prove(files: Files, clean: Mapping[str, Row]) -> None:
    """Search a rewritten environment again.

    A file that is in `clean`, with the same kind, mode, size, time and inode, is not read again.

    Raises:
        CheckFailedError: a rewritten file still holds the old path.
    """
    move = files.move
    rows = {
        path: row
        for path, row in take_snapshot(move.prefix).items()
        if not (path in clean and row.same_stat(clean[path]))
    }
    left = {item.path for item in files.left}
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
