"""The last of a move or a clone: what is there runs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

from sealenv.errors import CheckFailedError
from sealenv.gates.whitelist import clean_environ
from sealenv.install.check import CheckReport, check_environment
from sealenv.layout import is_link, script_dir, site_packages
from sealenv.relocation.place import Relocation
from sealenv.seals.seal import Seal
from sealenv.spec.model import EnvironmentSpec
from sealenv.system.process import clean_home, run_quietly

__all__ = ["prove_running"]

_SECONDS = 60.0
_SMALL = 1 << 20
_SHEBANG = re.compile(rb"#! ?([^\n]*python[\w.]*)\r?\n")


def prove_running(
    move: Relocation,
    seal: Seal,
    changes: Iterable[str],
    environ: Mapping[str, str],
    *,
    token: str = "",
    keep_fd: int | None = None,
) -> CheckReport:
    """python, pip, conda and mamba answer, and so does the interpreter of every mended entry point.

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


_DIST_INFO = re.compile(r"(pip|conda)-([^-]+)\.dist-info")


def _versions(move: Relocation, seal: Seal) -> dict[str, str]:
    """The records' versions; of what pip has replaced or removed since, what is there now."""
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
                    [program, "-I", "-B", "-c", ""],  # -I: it listens to no variable
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
