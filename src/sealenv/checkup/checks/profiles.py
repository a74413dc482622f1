"""Start-up files of shells: managed blocks, which a fix removes, and lines, which are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sealenv.checkup.blocks import Block
from sealenv.checkup.changes import Cut
from sealenv.checkup.computer import Computer, digest_of
from sealenv.checkup.condarc import activates_base
from sealenv.checkup.finding import Check, Seen, Severity
from sealenv.checkup.profiles import Profile, profiles, unreadable
from sealenv.checkup.text import line_at, lines_of
from sealenv.masking import masked

__all__ = ["CHECKS"]

_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE
_SHOWN = 5
"""Lines of a block that are shown."""


def _unreadable(computer: Computer) -> Iterator[Seen]:
    for path, error in unreadable(computer):
        what = f"it cannot be read: {error.strerror or error}"
        yield Seen(_W, what, str(path), "look at it yourself: nothing in it was checked")


def _blocks(computer: Computer) -> Iterator[Seen]:
    base = activates_base(computer)
    for profile in profiles(computer):
        for block in profile.blocks:
            if block.active:
                yield _block(profile, block, base)


def _block(profile: Profile, block: Block, base: bool | None) -> Seen:
    text = profile.text[block.start : block.end]
    where = f"{profile.path}:{line_at(profile.text, block.start)}"
    shown = [_shown(text[start:end]) for start, end in lines_of(text)]
    if len(shown) > _SHOWN:
        shown[_SHOWN:] = [f"... and {len(shown) - _SHOWN} more lines"]
    if not block.whole:
        what = f"a block of {block.tool} init without its last line"
        return Seen(_W, what, where, "remove it by hand: its end is not marked", tuple(shown))
    does = "loads its functions in every shell"
    if block.tool == "conda" and base is None:
        does = "activates base in every shell, unless a .condarc that cannot be read disables that"
    elif block.tool == "conda" and base:
        does = "activates base in every shell"
    what = f"a block of {block.tool} init for {profile.shell} {does}"
    if block.nested:
        how = "remove it by hand: it is part of another command"
        return Seen(_E, what, where, how, tuple(shown))
    cut = Cut(profile.path, block.start, block.end, "", digest_of(profile.data))
    return Seen(_E, what, where, "the block is removed", tuple(shown), changes=(cut,))


def _shown(line: str) -> str:
    return masked(line.strip())[:200]


def _lines(check: str, how: str) -> Callable[[Computer], Iterator[Seen]]:
    """Return what looks for the lines that one check reports; one finding for each line."""

    def look(computer: Computer) -> Iterator[Seen]:
        for profile in profiles(computer):
            for number, line, found in profile.matches:
                match = found.get(check)
                if match:
                    where = f"{profile.path}:{number}"
                    yield Seen(match.severity, match.what, where, how, (_shown(line),))

    return look


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
)
