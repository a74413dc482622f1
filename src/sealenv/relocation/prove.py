"""The proof after a move or a clone: no file holds the old path, and its programs run."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterable, Mapping

from sealenv.errors import CheckFailedError
from sealenv.gates.whitelist import clean_environ
from sealenv.install.check import CheckReport, check_environment
from sealenv.layout import USER_FOLDER, is_link, script_dir, site_packages, walk
from sealenv.portability.rewrite import holds
from sealenv.relocation.find import find
from sealenv.relocation.outcome import Left
from sealenv.relocation.owners import SHIPPED, Owners
from sealenv.relocation.relocation import Relocation
from sealenv.seals.seal import Seal
from sealenv.seals.snapshot import Row, take_snapshot
from sealenv.spec.model import EnvironmentSpec
from sealenv.system.hashing import sha256_of
from sealenv.system.processes import clean_home, run_quietly

__all__ = ["prove", "prove_running"]

_SMALL = 1 << 20
_SECONDS = 60.0
_SHEBANG = re.compile(rb"#! ?([^\n]*python[\w.]*)\r?\n")
_DIST_INFO = re.compile(r"(pip|conda)-([^-]+)\.dist-info")


def prove(
    move: Relocation, searched: Mapping[str, Row], known_left: Iterable[Left] = ()
) -> list[Left]:
    """Search what was not searched or was written since; return what holds the old path and may.

    Args:
        move: the environment at its new place.
        searched: files in which it was not found. One that has the same kind, mode, size, time and inode
            is not read again.
        known_left: what the rewriting has left.

    Raises:
        CheckFailedError: something else holds it.
    """
    rows = take_snapshot(move.prefix)
    new = {
        path: row
        for path, row in rows.items()
        if not (path in searched and row.same_stat(searched[path]))
    }
    known = {item.path for item in known_left}
    owners = functools.cache(lambda: Owners(move.prefix, rows, move.records))  # seldom needed
    left, wrong = [], []
    for path in find(move.prefix, new, move.change):
        name = move.prefix / path
        if path in known:
            continue
        if not is_link(name) and owners().is_shipped(path, sha256_of(os.fspath(name))):
            left.append(Left(path, SHIPPED))
        else:
            wrong.append(path)
    if wrong:
        what = "1 file still holds" if len(wrong) == 1 else f"{len(wrong)} files still hold"
        raise CheckFailedError(
            f"{what} the old path {move.old}",
            where=str(move.prefix),
            details=wrong[:20],
            hint="look at them: they cannot be rewritten, or a program is writing them",
        )
    return left + _in_user_folder(move)


def _in_user_folder(move: Relocation) -> list[Left]:
    folder = move.prefix / USER_FOLDER
    if is_link(folder) or not folder.is_dir():
        return []
    found = []
    change = move.change
    for entry in walk(folder):
        small = not (entry.is_dir or entry.is_link) and entry.status.st_size <= _SMALL
        if not small or not os.path.isfile(entry.path):
            continue
        try:
            with open(entry.path, "rb") as file:
                held = holds(entry.relative, file, change)
        except OSError:
            continue
        if held:
            found.append(
                Left(f"{USER_FOLDER}/{entry.relative}", "it is yours: nothing was changed")
            )
    return found


def prove_running(
    move: Relocation,
    seal: Seal,
    changes: Iterable[str],
    environ: Mapping[str, str],
    *,
    token: str = "",
    keep_fd: int | None = None,
) -> CheckReport:
    """Run python, pip, conda and mamba, and the interpreter of every rewritten entry point.

    Raises:
        CheckFailedError: with everything that is wrong.
    """
    versions = _versions(move, seal)
    asked = [p for p in ("conda", "mamba") if p in versions]
    spec = EnvironmentSpec(tuple(asked), (), seal.platform)
    clean = clean_environ(environ)
    try:
        report = check_environment(
            move.prefix, spec, versions, clean, token=token, keep_fd=keep_fd, came_from=move.old
        )  # fmt: skip
    except CheckFailedError as error:
        raise _failed(move, error.details) from error
    problems = _interpreters(move, seal, changes, clean)
    if problems:
        raise _failed(move, problems)
    return report


def _versions(move: Relocation, seal: Seal) -> dict[str, str]:
    """The records' versions; of what pip has replaced or removed since, the installed ones."""
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


def _interpreters(
    move: Relocation, seal: Seal, changes: Iterable[str], environ: Mapping[str, str]
) -> list[str]:
    folder = f"{script_dir(seal.platform)}/"
    wanted: dict[str, str] = {}
    for path in changes:
        if not path.startswith(folder) or is_link(move.prefix / path):
            continue
        with open(move.prefix / path, "rb") as file:
            found = _SHEBANG.match(file.readline(1024))
        if found:
            wanted.setdefault(os.fsdecode(found[1]), path)
    problems = []
    with clean_home() as home:
        for program, path in wanted.items():
            try:
                done = run_quietly(
                    [program, "-I", "-B", "-c", ""],  # -I: it ignores the variables of Python
                    env={**environ, "HOME": str(home)},
                    cwd=move.prefix,
                    timeout=_SECONDS,
                )
                if done.returncode:
                    problems.append(f"{path}: its interpreter failed: {done.stderr.strip()[-200:]}")
            except (OSError, ValueError) as error:
                problems.append(f"{path}: its interpreter does not start: {error}")
    return problems


def _failed(move: Relocation, problems: Iterable[str]) -> CheckFailedError:
    return CheckFailedError(
        "the environment does not work at its new place",
        where=str(move.prefix),
        details=list(problems),
        hint="it stays there for you to look at; did it work before?",
    )
