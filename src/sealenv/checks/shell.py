"""What makes shells dirty: the current shell, and the start-up files of every new one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from sealenv.checks.check import Check, Cut, Finding, unreadable
from sealenv.checks.computer import Computer, windows_entries
from sealenv.checks.patterns import Block
from sealenv.checks.profiles import Profile
from sealenv.checks.text import digest_of, line_at
from sealenv.gates.admission import look

__all__ = ["CHECKS"]

_SHOWN = 5
"""Lines of a block that are shown."""


def _dirt(computer: Computer) -> Iterator[Finding]:
    for found in look(computer.environ):
        where = f"{found.name}={found.value}"
        yield Finding("error", found.what, where, found.clear, why=found.why)


def _relative(computer: Computer) -> Iterator[Finding]:
    value = computer.setting("PATH") or computer.setting("Path")
    entries = windows_entries(value) if computer.windows else value.split(":")
    for number, text in enumerate(entries if value else (), 1):
        if not text and not computer.windows:
            what = f"entry {number} is empty, which means the current folder"
            yield Finding("warning", what, "PATH", "remove the extra colon")
        elif text and not text.startswith("%") and not os.path.isabs(text.strip('"')):
            what = f"entry {number} depends on the current folder"
            yield Finding("warning", what, f"PATH: {text}", "write the absolute path, or remove it")


def _unreadable(computer: Computer) -> Iterator[Finding]:
    yield from (unreadable(path, error) for path, error in computer.profiles.unreadable)


def _blocks(computer: Computer) -> Iterator[Finding]:
    for profile in computer.profiles.read:
        yield from (_block(profile, block) for block in profile.blocks if block.active)


def _block(profile: Profile, block: Block) -> Finding:
    where = f"{profile.path}:{line_at(profile.text, block.start)}"
    lines = profile.text[block.start : block.end].splitlines()
    shown = [line.strip() for line in lines[:_SHOWN]]
    if len(lines) > _SHOWN:
        shown.append(f"... and {len(lines) - _SHOWN} more lines")
    if not block.whole:
        what = f"a block of {block.tool} init without its last line"
        return Finding(
            "warning", what, where, "remove it by hand: its end is not marked", tuple(shown)
        )
    what = f"a block of {block.tool} init for {profile.shell} loads its functions in every shell"
    if block.tool == "conda":
        what += ", and activates base unless auto_activate_base is false"
    if block.nested:
        how = "remove it by hand: it is part of another command"
        return Finding("error", what, where, how, tuple(shown))
    cut = Cut(profile.path, block.start, block.end, "", digest_of(profile.data))
    return Finding("error", what, where, "the block is removed", tuple(shown), changes=(cut,))


def _lines(check: str, how: str) -> Callable[[Computer], Iterator[Finding]]:
    """Return a function that yields one finding for each line that the check reports."""

    def find(computer: Computer) -> Iterator[Finding]:
        for profile in computer.profiles.read:
            for number, line, found in profile.matches:
                match = found.get(check)
                if match:
                    where = f"{profile.path}:{number}"
                    yield Finding(match.severity, match.what, where, how, (line.strip(),))

    return find


CHECKS = (
    Check(
        "shell",
        "variables of the current shell, and folders on its PATH, of another environment",
        "activation, `run` and `shell` refuse this shell",
        ("error",),
        _dirt,
    ),
    Check(
        "path-relative",
        "entries of PATH that depend on the current folder, or begin with `~`",
        "a program in the current folder can come before the environment's own",
        ("warning",),
        _relative,
    ),
    Check(
        "profile-unreadable",
        "start-up files of shells that cannot be read",
        "their content may change every shell",
        ("warning",),
        _unreadable,
    ),
    Check(
        "conda-init",
        "managed blocks of `conda init`, `mamba shell init` and `micromamba shell init` in start-up "
        "files",
        "every new shell has conda's functions, and often its base environment active: another Python "
        "comes first",
        ("error", "warning"),
        _blocks,
        "the block is removed",
    ),
    Check(
        "conda-hook",
        "other lines that load the shell hook of conda or mamba",
        "every new shell has conda's functions, and often its base environment active",
        ("error", "warning"),
        _lines("conda-hook", "remove the line, or move it into a function that you call"),
    ),
    Check(
        "profile-activate",
        "lines in start-up files that activate an environment",
        "an environment is active in every new shell: activation, `run` and `shell` refuse",
        ("error", "warning"),
        _lines("profile-activate", "remove the line, and activate the environment when needed"),
    ),
    Check(
        "profile-variable",
        "variables of Python, conda, pip and similar tools that start-up files set",
        "every Python, pip and conda reads them, in every environment",
        ("error", "warning"),
        _lines(
            "profile-variable",
            "remove the setting (in fish: set -Ue NAME), or set the variable for one command only",
        ),
    ),
    Check(
        "profile-path",
        "lines in start-up files that put another Python on PATH",
        "the Python of another environment runs if no environment is active",
        ("warning",),
        _lines("profile-path", "remove the folder from the line"),
    ),
    Check(
        "version-manager",
        "pyenv, asdf, mise, pixi or virtualenvwrapper in start-up files",
        "their shims come before the programs of the system, and choose a version by the folder",
        ("warning",),
        _lines("version-manager", "remove the line, or load the tool only when you need it"),
    ),
    Check(
        "direnv",
        "direnv in start-up files",
        "changing the folder can activate an environment, or set PYTHONPATH",
        ("warning",),
        _lines(
            "direnv", "remove the line, or keep .envrc files free of environments and PYTHONPATH"
        ),
    ),
)
