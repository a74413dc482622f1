"""Link by micromamba, inside the engine: one call, from archives that were verified here.

The archives lie in a package cache of its own, under the names that it looks for, so that it needs no
network and has to unpack exactly those; it hashes them again against the list. Everything that it
writes besides the prefix is in one scratch folder in the prefix, which is gone afterwards.

`install` into the pending prefix, not `create`: with `--yes` that one deletes a prefix in which there
is a conda-meta folder, and our marker with it; and it notes the prefix in ~/.conda.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sealenv.engines.completing import write_records
from sealenv.engines.executable import check_unchanged
from sealenv.engines.messages import Install, Linked, Progress
from sealenv.engines.probing import scrubbed
from sealenv.engines.releases import skips_link_scripts
from sealenv.errors import CacheDamagedError, EngineError, FilesystemError
from sealenv.host import children
from sealenv.host.deleting import delete
from sealenv.host.prefixlock import joined
from sealenv.layout import META, SCRATCH, script_dir
from sealenv.store.archives import Store
from sealenv.urls import redact

__all__ = ["install"]

_LINKING = re.compile(r"\s*Linking (\S+)")
_KEPT_LINES = 40
_SCRIPTS = ("pre-link", "post-link")


async def install(request: Install, emit: Callable[[Any], None]) -> Linked:
    """Call micromamba once, and complete its records.

    Raises:
        CacheDamagedError: an archive is damaged in the store, and was removed.
        EngineError: micromamba failed, was killed, or did less than it was told.
        FilesystemError: the disk is full, or refuses.
    """
    prefix, store = Path(request.prefix), Store(Path(request.store))
    check_unchanged(request.executable)
    _refuse_link_scripts(request, store)
    scratch = prefix / SCRATCH
    try:
        _feed(request, store, scratch)
        child = children.start(
            _command(request, scratch), env=scrubbed(scratch), cwd=scratch, keep_fds=joined()
        )
        said = await asyncio.to_thread(_follow, child, len(request.lock.packages), emit)
        if child.returncode != 0:
            raise _failed(request, child.returncode, said)
        await write_records(request.lock, prefix, store)
        (prefix / META / f"{META}.lock").unlink(missing_ok=True)
    finally:
        if scratch.exists():
            delete(scratch)
    return Linked(packages=len(request.lock.packages))


def _refuse_link_scripts(request: Install, store: Store) -> None:
    """An older micromamba runs link scripts whatever it is told, and lets them fail in silence."""
    if skips_link_scripts(request.executable.version):
        return
    folder = script_dir(request.lock.platform)
    found = []
    for package in request.lock.packages:
        manifest = store.manifest(package)
        paths = {entry.path.rpartition(".")[0] for entry in manifest.paths} if manifest else set()
        if any(f"{folder}/.{package.name}-{kind}" in paths for kind in _SCRIPTS):
            found.append(package.dist)
    if found:
        raise EngineError(
            f"micromamba {request.executable.version} would run link scripts itself and not notice "
            "when they fail",
            details=found,
            hint="use micromamba 2.9.0 or later, which leaves them to sealenv (2.9.0 "
            "itself is refused by the standalone scripts alone), or --engine rattler",
        )


def _feed(request: Install, store: Store, scratch: Path) -> None:
    """The package cache and the list."""
    if scratch.exists():
        delete(scratch)
    pkgs = scratch / "r" / "pkgs"  # short: on Windows a path has 260 characters
    pkgs.mkdir(parents=True)
    (pkgs / "urls.txt").touch()  # this makes the folder a package cache
    lines = [f"# platform: {request.lock.platform}", "@EXPLICIT"]
    for package in request.lock.packages:
        if not store.verify(package):
            raise CacheDamagedError(
                f"{package.fn} was damaged in the cache and is removed from it",
                where=str(store.path(package)),
                hint="run the same command again: it is fetched anew",
            )
        _link_or_copy(store.path(package), pkgs / package.fn)
        lines.append(f"{package.url}#sha256:{package.sha256}")
    (scratch / "explicit.txt").write_text("\n".join([*lines, ""]), encoding="utf-8", newline="\n")


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _command(request: Install, scratch: Path) -> list[str]:
    words = [
        request.executable.path, "install", "--yes", "--no-rc", "--offline", "--no-pyc",
        "--no-shortcuts", "--safety-checks", "enabled", "--platform", request.lock.platform,
        "--root-prefix", str(scratch / "r"), "--prefix", request.prefix,
        "--file", str(scratch / "explicit.txt"),
    ]  # fmt: skip
    if skips_link_scripts(request.executable.version):
        words.append("--skip-run-link-scripts")
    return words


def _follow(child: subprocess.Popen[bytes], total: int, emit: Callable[[Any], None]) -> list[str]:
    """Read to the end: `Linking NAME` is progress, and the last lines are for an error."""
    assert child.stdout is not None
    said: list[str] = []
    done = 0
    for raw in child.stdout:
        line = redact(raw.decode(errors="replace").rstrip())
        if found := _LINKING.match(line):
            done += 1
            emit(Progress(phase="link", done=min(done, total), total=total, item=found[1]))
        elif line.strip():
            said = [*said[1 - _KEPT_LINES :], line.strip()]
    child.stdout.close()
    child.wait()
    return said


def _failed(request: Install, code: int, said: list[str]) -> EngineError | FilesystemError:
    text = "\n".join(said)
    details = said[-10:]
    if "No space left" in text or "not enough space on the disk" in text:
        return FilesystemError(
            "the disk is full",
            where=request.prefix,
            details=details,
            hint="make room, then run the same command again",
        )
    if "Permission denied" in text or "Read-only file system" in text:
        return FilesystemError(
            "the file system refuses to be written",
            where=request.prefix,
            details=details,
            hint="choose a folder that you may write",
        )
    end = f"failed with exit code {code}"
    if code < 0:
        end = f"was killed (signal {-code})"
        with contextlib.suppress(ValueError):
            end = f"was killed (signal {signal.Signals(-code).name})"
    return EngineError(
        f"micromamba {request.executable.version} {end}",
        where=request.prefix,
        details=details,
        hint="run the same command again; --engine rattler makes the same environment without it",
    )
