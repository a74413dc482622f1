"""The activation scripts of a prefix: what they hold, writing them, noticing that they are old."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

from sealenv.activation.filling import fill
from sealenv.activation.gatelines import gate_lines, on_path
from sealenv.activation.includes import (
    FOLDER,
    compile_include,
    nu_scripts,
    settings,
    shown_name,
)
from sealenv.activation.variables import read_variables
from sealenv.activation.winscripts import compile_windows
from sealenv.errors import FilesystemError
from sealenv.layout import SHELLS, is_link, is_windows
from sealenv.quoting import QUOTE, path_text, quote_csh, to_bytes
from sealenv.system.files import read_regular, write_atomic
from sealenv.system.volumes import real_folder

__all__ = [
    "Written",
    "activation_files",
    "inline_script",
    "render",
    "stale",
    "write_scripts",
]

_TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, shell: str, prefix: str, names: Iterable[str] = ()) -> str:
    """Fill in a template.

    Args:
        template: the name of the file in `templates`.
        shell: sh, fish, csh, xsh or nu.
        prefix: the real path of the prefix.
        names: the variables of this environment, which a csh has to know.
    """
    text = (_TEMPLATES / template).read_text(encoding="utf-8")
    text = fill(text, "GATE", gate_lines(shell))
    text = text.replace("__SEALENV_ON_PATH__", on_path(shell))
    shown = f"({shown_name(prefix.rsplit('/', 1)[-1])}) "
    places = {"PREFIX": QUOTE[shell](prefix), "SHOWN": QUOTE[shell](shown)}
    if shell == "csh":
        places["GLOB"] = quote_csh(prefix, pattern=True)
        places["NAMES"] = " ".join((*names, *(row.name for row in settings(prefix))))
    # One pass, so that no marker in a path is taken for ours.
    return re.sub("__SEALENV_(PREFIX|SHOWN|GLOB|NAMES)__", lambda found: places[found[1]], text)


def _compile(
    prefix: Path, platform: str, place: str | None = None
) -> tuple[dict[str, bytes], list[str]]:
    values, problems = read_variables(prefix)
    problems = list(problems)
    if is_windows(platform):
        files, refused = compile_windows(prefix, place or str(real_folder(prefix)), values)
        return files, problems + refused
    real = path_text(place or os.path.realpath(prefix))
    files = {}
    for shell in SHELLS:
        files[f"activate.{shell}"] = to_bytes(render(f"activate.{shell}", shell, real))
        include, refused = compile_include(shell, real, values, prefix)
        files[f"{FOLDER}/env.{shell}"] = to_bytes(include)
        problems.extend(refused)
    for name in ("activate.csh", "deactivate.csh"):
        path = name if name == "activate.csh" else f"{FOLDER}/{name}"
        files[path] = to_bytes(render(name, "csh", real, values))
    files[f"{FOLDER}/scripts.nu"] = to_bytes(nu_scripts(prefix))
    return files, problems


def activation_files(prefix: Path, *, platform: str, place: str | None = None) -> dict[str, bytes]:
    """Return the scripts and includes of a prefix: path relative to it -> content.

    Reads the prefix (its variables, its real path) and writes nothing. A win-* prefix gets
    `activate.bat` and `activate.ps1`, wherever it is made; the others are of no use there.

    Args:
        prefix: where it lies.
        platform: its subdir.
        place: the path that they are for, if it is another: where it was, or will be.

    Raises:
        SpecError: the path of the prefix cannot be written in one of the languages.
    """
    return _compile(prefix, platform, place)[0]


def inline_script(prefix: str | os.PathLike[str]) -> str:
    """Return the activation of a prefix as one text for a POSIX shell to eval (see `launch`)."""
    real = path_text(os.path.realpath(prefix))
    include, _ = compile_include("sh", real, read_variables(Path(prefix)).values, Path(prefix))
    head, _, rest = render("activate.sh", "sh", real).partition(_FIND)
    _, _, rest = rest.partition(_REFUSE)
    start, _, end = rest.partition(_SOURCE)
    place = QUOTE["sh"](real)
    found = f"_sealenv_made={place} _sealenv_here={place} _sealenv_refusal="
    text = f"{head}{found}\n#{start}{include}{end}"
    # An argument is encoded once more, in the locale's way.
    return os.fsdecode(to_bytes(text))


_FIND = "# --- Find the environment"
_REFUSE = "# --- Refuse an environment"
"""Between them activate.sh looks for its own place, which a text in memory has not."""
_SOURCE = '. "$_sealenv_prefix/etc/sealenv/env.sh"\n'


class Written(NamedTuple):
    """What `write_scripts` wrote, relative to the prefix, and what it could not take over."""

    paths: list[str]
    problems: list[str]


def write_scripts(prefix: Path, *, platform: str, only: Collection[str] | None = None) -> Written:
    """Write the scripts and includes.

    Each file is replaced atomically with mode 0644 less the umask; a link in its place is replaced,
    never followed, and a folder of ours that is a link is refused.

    Args:
        prefix: where.
        platform: its subdir.
        only: the relative paths to write; all of them without it.
    """
    files, problems = _compile(prefix, platform)
    names = [name for name in files if only is None or name in only]
    inside = any(name.startswith(FOLDER) for name in names)
    try:
        for folder in (prefix / "etc", prefix / FOLDER) if inside else ():
            if is_link(folder):
                raise FilesystemError(
                    "A folder for the activation scripts is a link; nothing is written through it",
                    where=str(folder),
                    hint="remove the link",
                )
            folder.mkdir(exist_ok=True)
        # The includes last: their time is what staleness is measured by.
        for name in sorted(names, key=lambda name: name.startswith(FOLDER)):
            write_atomic(prefix / name, files[name], mode=0o644)
    except OSError as error:
        raise FilesystemError(
            f"The activation scripts cannot be written: {error.strerror}",
            where=str(error.filename or prefix),
        ) from error
    return Written(sorted(files), problems)


def stale(prefix: Path, *, platform: str = "linux-64") -> list[str]:
    """Return the relative paths of the scripts that `write_scripts` would change now."""
    old = []
    for name, content in activation_files(prefix, platform=platform).items():
        try:
            same = read_regular(prefix / name) == content
        except OSError:
            same = False
        if not same:
            old.append(name)
    return old
