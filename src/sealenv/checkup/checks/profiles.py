"""What starts with every shell or session: managed blocks, which a fix removes, and lines, shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from sealenv.checkup.checks.conda import activates_base, cannot_read
from sealenv.checkup.computer import Computer
from sealenv.checkup.finding import Check, Cut, Finding, Severity
from sealenv.checkup.patterns import Block, environment_folders, variable_matters
from sealenv.checkup.profiles import Profile, profiles, unreadable
from sealenv.checkup.text import decode, digest_of, line_at, lines_of
from sealenv.gates.rules import PROGRAMS
from sealenv.masking import masked

__all__ = ["CHECKS"]

_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE
_SHOWN = 5
"""Lines of a block that are shown."""


def _unreadable(computer: Computer) -> Iterator[Finding]:
    for path, error in unreadable(computer):
        what = f"it cannot be read: {error.strerror or error}"
        yield Finding(_W, what, str(path), "look at it yourself: nothing in it was checked")


def _blocks(computer: Computer) -> Iterator[Finding]:
    base = activates_base(computer)
    for profile in profiles(computer):
        for block in profile.blocks:
            if block.active:
                yield _block(profile, block, base)


def _block(profile: Profile, block: Block, base: bool | None) -> Finding:
    text = profile.text[block.start : block.end]
    where = f"{profile.path}:{line_at(profile.text, block.start)}"
    shown = [_shown(text[start:end]) for start, end in lines_of(text)]
    if len(shown) > _SHOWN:
        shown[_SHOWN:] = [f"... and {len(shown) - _SHOWN} more lines"]
    if not block.whole:
        what = f"a block of {block.tool} init without its last line"
        return Finding(_W, what, where, "remove it by hand: its end is not marked", tuple(shown))
    does = "loads its functions in every shell"
    if block.tool == "conda" and base is None:
        does = "activates base in every shell, unless a .condarc that cannot be read disables that"
    elif block.tool == "conda" and base:
        does = "activates base in every shell"
    what = f"a block of {block.tool} init for {profile.shell} {does}"
    if block.nested:
        how = "remove it by hand: it is part of another command"
        return Finding(_E, what, where, how, tuple(shown))
    cut = Cut(profile.path, block.start, block.end, "", digest_of(profile.data))
    return Finding(_E, what, where, "the block is removed", tuple(shown), changes=(cut,))


def _shown(line: str) -> str:
    return masked(line.strip())[:200]


def _lines(check: str, how: str) -> Callable[[Computer], Iterator[Finding]]:
    """Return what looks for the lines that one check reports; one finding for each line."""

    def look(computer: Computer) -> Iterator[Finding]:
        for profile in profiles(computer):
            for number, line, found in profile.matches:
                match = found.get(check)
                if match:
                    where = f"{profile.path}:{number}"
                    yield Finding(match.severity, match.what, where, how, (_shown(line),))

    return look


_LINE = re.compile(r"SETUVAR (?P<flags>(?:--\w+ )*)(?P<name>\w+):(?P<value>.*)")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))")
_LISTS = frozenset({"PATH", "fish_user_paths"})


def _variables(computer: Computer) -> Iterator[Finding]:
    path = computer.config / "fish/fish_variables"
    text = decode(computer.bytes_of(path) or b"")
    for number, (start, end) in enumerate(lines_of(text), 1):
        found = _LINE.fullmatch(text[start:end].rstrip("\r\n"))
        if not found or not ("--export" in found["flags"] or found["name"] == "fish_user_paths"):
            continue
        name, value = found["name"], _ESCAPE.sub(_plain, found["value"])
        severity = variable_matters(name, value)
        folders = environment_folders(value) if name in _LISTS else ()
        if not severity and not folders:
            continue
        what, how = f"fish sets {name} to {value}", f"in fish: set -Ue {name}"
        if folders:
            what, how = (
                f"fish puts {folders[0]} on PATH",
                f"in fish: set -U {name} to the other folders",
            )
        evidence = (masked(f"{name}: {value}")[:200],)
        yield Finding(severity or _W, what, f"{path}:{number}", how, evidence)


def _plain(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    if code is None:
        return found[3]
    return ":" if code == "1e" else chr(int(code, 16))  # 1e separates the parts of a list


def _functions(computer: Computer) -> Iterator[Finding]:
    for name in PROGRAMS:
        path = computer.config / "fish/functions" / f"{name}.fish"
        if computer.bytes_of(path) is not None:
            what = f"fish has a function {name}, which runs instead of the program of that name"
            yield Finding(_W, what, str(path), "delete or rename the file, and open a new fish")


_ASSIGNED = re.compile(
    r"[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_]\w*)(?:[ \t]+(?:DEFAULT|OVERRIDE))?=(?P<value>.*)"
)
_HOW = "remove it from the line; the change counts from the next login on"


def _environment_files(computer: Computer) -> Iterator[Finding]:
    paths = [computer.at("/etc/environment"), computer.home / ".pam_environment"]
    for folder in (computer.at("/etc/environment.d"), computer.config / "environment.d"):
        try:
            paths += [p for p in sorted(folder.iterdir()) if p.suffix == ".conf"]
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            yield cannot_read(folder, error)
    for path in paths:
        try:
            text = decode(computer.bytes_of(path) or b"")
        except OSError as error:
            yield cannot_read(path, error)
            continue
        yield from _settings(path, text)


def _settings(path: Path, text: str) -> Iterator[Finding]:
    for number, line in enumerate(text.split("\n"), 1):
        found = _ASSIGNED.match(line)
        if not found:
            continue
        name, value = found["name"], found["value"].strip().strip("\"'")
        severity = variable_matters(name, value)
        what = f"{name} is set to {value} for the whole session"
        folders = environment_folders(value) if name == "PATH" else ()
        if folders:
            severity, what = _W, f"puts {folders[0]} on PATH for the whole session"
        if severity:
            evidence = (masked(line.strip())[:200],)
            yield Finding(severity, what, f"{path}:{number}", _HOW, evidence)


CHECKS = (
    Check(
        "profile-unreadable",
        "start-up files of shells that cannot be read",
        "what is in them may change every shell",
        (_W,),
        _unreadable,
    ),
    Check(
        "conda-init",
        "managed blocks of `conda init`, `mamba shell init` and the like in start-up files",
        "every new shell has conda's functions, and often its base environment active: another Python "
        "comes first",
        (_E, _W),
        _blocks,
        "the block is removed",
    ),
    Check(
        "conda-hook",
        "lines outside of such a block that load the shell hook of conda or mamba",
        "every new shell has conda's functions, and often its base environment active",
        (_E, _W),
        _lines("conda-hook", "remove the line, or move it into a function that you call"),
    ),
    Check(
        "profile-activate",
        "lines in start-up files that activate an environment",
        "an environment is active in every new shell: activation, `run` and `shell` refuse",
        (_E, _W),
        _lines(
            "profile-activate", "remove the line, and activate the environment when you need it"
        ),
    ),
    Check(
        "profile-function",
        "functions and aliases in start-up files that are named like a program of an environment",
        "they run instead of the environment's own program",
        (_W,),
        _lines("profile-function", "remove it, or give it another name"),
    ),
    Check(
        "profile-variable",
        "variables of Python, conda, pip and similar tools that start-up files set",
        "every Python, pip and conda reads them, in every environment",
        (_E, _W),
        _lines("profile-variable", "remove the setting, or set the variable for one command only"),
    ),
    Check(
        "profile-path",
        "lines in start-up files that put another Python on PATH",
        "the Python of another environment runs where no environment is active",
        (_W,),
        _lines("profile-path", "remove the folder from the line"),
    ),
    Check(
        "version-manager",
        "pyenv, asdf, mise, pixi or virtualenvwrapper in start-up files",
        "their shims come before the programs of the system, and choose a version by the folder",
        (_W,),
        _lines("version-manager", "remove the line, or load the tool only when you need it"),
    ),
    Check(
        "node-manager",
        "nvm or fnm in start-up files",
        "they change PATH for node: it comes before an environment's node if they run later",
        (_N,),
        _lines("node-manager", "nothing, unless an environment has its own node"),
    ),
    Check(
        "direnv",
        "direnv in start-up files",
        "changing the folder can activate an environment, or set PYTHONPATH",
        (_W,),
        _lines(
            "direnv", "remove the line, or keep .envrc files free of environments and PYTHONPATH"
        ),
    ),
    Check(
        "fish-variables",
        "universal variables of fish that redirect Python or conda",
        "every fish has them, and no start-up file shows them",
        (_E, _W),
        _variables,
        platforms=("posix",),
    ),
    Check(
        "fish-functions",
        "function files of fish named like conda, mamba, pip or python",
        "the function runs instead of the environment's own program",
        (_W,),
        _functions,
        platforms=("posix",),
    ),
    Check(
        "environment-file",
        "variables of Python, conda and pip, and another Python on PATH, that the login sets",
        "every program of the session has it, in every shell",
        (_E, _W),
        _environment_files,
        platforms=("posix",),
    ),
)
