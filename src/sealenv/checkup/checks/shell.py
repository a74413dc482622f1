"""The current shell: what activation refuses, and the entries of PATH."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from sealenv.checkup.computer import Computer
from sealenv.checkup.finding import Check, Finding, Severity
from sealenv.gates.admission import look
from sealenv.gates.findings import environment_of

__all__ = ["CHECKS"]

_E, _W = Severity.ERROR, Severity.WARNING
_CONDA = ("conda", "mamba", "micromamba")


def _dirt(computer: Computer) -> Iterator[Finding]:
    for found in look(computer.environ):
        where = f"{found.name}={found.value}"
        yield Finding(_E, found.what, where, found.clear, why=found.why)


def _entries(computer: Computer) -> Iterator[tuple[int, str, Path]]:
    """Position from 1, the text, the folder; of those that lead somewhere and are not our own."""
    for number, text in enumerate(computer.path_entries(), 1):
        plain = text.strip('"') if computer.windows else text
        if plain and os.path.isabs(plain) and "\0" not in plain:
            folder = Path(plain)
            if not any(_same(folder, Path(own, part)) for own in computer.own for part in _BIN):
                yield number, text, folder


_BIN = ("bin", "Scripts", "condabin", "Library/bin", ".")


def _same(one: Path, other: Path) -> bool:
    try:
        return os.path.samefile(one, other)
    except (OSError, ValueError):
        return False


def _tilde(computer: Computer) -> Iterator[Finding]:
    for number, text in enumerate(computer.path_entries(), 1):
        if text.startswith("~"):
            how = f"write {computer.home}{text[1:] if text[1:2] in ('/', '') else '...'} instead"
            yield Finding(_W, f"entry {number} begins with ~", f"PATH: {text}", how)


def _relative(computer: Computer) -> Iterator[Finding]:
    entries = list(computer.path_entries())
    for number, text in enumerate(entries, 1):
        if computer.windows and not text:
            continue
        if not text:
            what = f"entry {number} is empty: that means the folder you are in"
            yield Finding(_W, what, "PATH", "take out the colon too many")
        elif not text.startswith(("~", "%")) and not computer.is_absolute(text.strip('"')):
            what = f"entry {number} depends on the folder you are in"
            yield Finding(_W, what, f"PATH: {text}", "write the whole path, or take it out")


def _kind_of(folder: Path) -> str | None:
    """Return the environment or tool that a folder on PATH belongs to; None: no known one."""
    real = Path(os.path.realpath(folder))  # an entry may be a link to the bin of an environment
    near = (folder, folder.parent, folder.parent.parent, real, real.parent, real.parent.parent)
    for prefix in near:
        if (prefix / "conda-meta").is_dir():
            return f"the conda environment {prefix}"
        if (prefix / "pyvenv.cfg").is_file():
            return f"the virtual environment {prefix}"
    parts = [part.lower() for part in (*folder.parts, *real.parts)]
    for name in ("pyenv", "asdf", "mise", "rtx", "pixi"):
        if any(part.lstrip(".").startswith(name) for part in parts):
            return name
    return None


def _python(computer: Computer) -> Iterator[Finding]:
    names = ("python.exe", "python3.exe") if computer.windows else ("python", "python3")
    first = True
    for number, text, folder in _entries(computer):
        found = [name for name in names if _program(folder / name)]
        if not found:
            continue
        kind = _kind_of(folder)
        if kind and environment_of(str(folder)) is None:  # else it is reported by `shell`
            answers = "answers first" if first else "is on PATH"
            what = f"the {found[0]} of {kind} {answers} (entry {number})"
            yield Finding(
                _W, what, f"PATH: {text}", "take the entry out where PATH is set (profile-path)"
            )
        first = False


def _conda(computer: Computer) -> Iterator[Finding]:
    suffixes = (".exe", ".bat") if computer.windows else ("",)
    for number, text, folder in _entries(computer):
        found = [name for name in _CONDA for end in suffixes if _program(folder / (name + end))]
        if found:
            what = f"{', '.join(dict.fromkeys(found))} is on PATH (entry {number})"
            how = "nothing, if you want it; inside of an environment its own comes first"
            yield Finding(_W, what, f"PATH: {text}", how)


def _program(path: Path) -> bool:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(status.st_mode) and (os.name == "nt" or bool(status.st_mode & 0o111))


CHECKS = (
    Check(
        "shell",
        "variables of the current shell, and folders on its PATH, of another environment",
        "activation, `run` and `shell` refuse this shell",
        (_E,),
        _dirt,
    ),
    Check(
        "path-tilde",
        "entries of PATH that begin with `~`",
        "bash takes it for your home, other shells and programs for a folder of that name: what runs "
        "depends on who looks",
        (_W,),
        _tilde,
    ),
    Check(
        "path-relative",
        "entries of PATH that depend on the folder you are in",
        "a program in any folder that you go into can come before the environment's own",
        (_W,),
        _relative,
    ),
    Check(
        "path-python",
        "a Python of another environment or of a version manager on PATH",
        "it answers where no environment is active, and behind a Python that an environment lacks",
        (_W,),
        _python,
    ),
    Check(
        "path-conda",
        "a conda, mamba or micromamba on PATH",
        "outside of an environment it works on its own base",
        (_W,),
        _conda,
    ),
)
