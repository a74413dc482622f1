"""The activation scripts of a prefix, and the variables that they set, compiled for each shell.

Activation parses no JSON and starts no process, so the variables of the packages and of
`conda env config vars`, and then those of every activation (`settings`), are written to
`etc/sealenv/env.*` in the shell's own language. `sealenv repair` writes them again.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from sealenv.activation.templating import fill, gate_lines, on_path
from sealenv.activation.variables import read_variables, settings
from sealenv.errors import FilesystemError, SpecError
from sealenv.layout import SHELLS, is_link, is_windows
from sealenv.quoting import QUOTE, path_text, quote_csh, quote_nu, to_bytes
from sealenv.system.files import write_atomic
from sealenv.system.volumes import real_folder

_FOLDER = "etc/sealenv"
_HEADER = (
    "# Compiled by sealenv from etc/conda/env_vars.d and conda-meta/state. Do not edit:\n"
    "# `sealenv repair` writes it again.\n"
)


def shown_name(name: str) -> str:
    """Return the name as a prompt may show it.

    bash and zsh expand a prompt: a folder called `$(command)` must not run a command. Characters
    with a meaning in a prompt, and control characters, become `_`.
    """
    return "".join("_" if c in "$`\\!%\"'{}" or not c.isprintable() else c for c in name)


def compile_include(
    shell: str, prefix: str, values: Mapping[str, str], folder: Path
) -> tuple[str, list[str]]:
    """Return the include of one shell, and a sentence for each variable that the shell cannot express.

    Args:
        shell: sh, fish, csh, xsh or nu.
        prefix: the real path of the prefix.
        values: the variables, from `read_variables`.
        folder: the prefix, for those shells that have to know its scripts beforehand.
    """
    quote = QUOTE[shell]
    problems: list[str] = []
    usable: dict[str, str] = {}
    for name, value in values.items():
        try:
            usable[name] = quote(value)
        except SpecError as error:
            problems.append(f"{name} is not set in {shell}: {error.what}")
    if shell == "xsh":
        lines = _xsh(prefix, usable)
    elif shell == "nu":
        lines = _nu(prefix, usable, folder)
    else:
        lines = _commands(shell, prefix, usable)
    return _HEADER + "\n".join(lines) + "\n", problems


_COMMANDS = {
    "sh": ("_sealenv_put {} {}", "if [ -f {} ]; then {}; fi", '"${PATH:+:$PATH}"'),
    "fish": ("_sealenv_put {} {}", "if test -f {}; {}; end", " $PATH"),
    "csh": ("setenv {} {}", "if (-f {}) {}", ":$PATH:q"),
}
"""How a shell sets a variable, how it does so if a file exists, and what follows in PATH."""


def _commands(shell: str, prefix: str, usable: Mapping[str, str]) -> list[str]:
    quote = QUOTE[shell]
    put, where, rest = _COMMANDS[shell]
    lines = [put.format(name, value) for name, value in usable.items()]
    for name, value, needs in _own(prefix):
        line = put.format(name, quote(value) + (rest if name == "PATH" else ""))
        lines.append(where.format(quote(needs), line) if needs else line)
    return lines


def _own(prefix: str) -> list[tuple[str, str, str]]:
    return settings(prefix, prefix.rsplit("/", 1)[-1])


def _rows(shell: str, prefix: str, usable: Mapping[str, str]) -> Iterable[tuple[str, ...]]:
    quote = QUOTE[shell]
    yield from ((quote(name), value, quote("")) for name, value in usable.items())
    yield from (tuple(map(quote, row)) for row in _own(prefix))


def _xsh(prefix: str, usable: Mapping[str, str]) -> list[str]:
    rows = (f"    ({', '.join(row)})," for row in _rows("xsh", prefix, usable))
    return ["settings = [", *rows, "]"]


def _nu(prefix: str, usable: Mapping[str, str], folder: Path) -> list[str]:
    rows = (f"    [{' '.join(row)}]" for row in _rows("nu", prefix, usable))
    leavers = ", ".join(quote_nu(name) for name in _scripts(folder, "deactivate"))
    return ["export const settings = [", *rows, "]", f"export const leavers = [{leavers}]"]


def nu_scripts(folder: Path) -> str:
    """Return the activate.d scripts for nushell, which must know them when it parses."""
    lines = []
    for number, name in enumerate(_scripts(folder, "activate")):
        path = quote_nu(f"../conda/activate.d/{name}")
        lines.append(f"const path{number} = path self {path}")
        lines.append(
            f"const script{number} = "
            f"if ($path{number} | path exists) {{ $path{number} }} else {{ null }}"
        )
        failed = f'print --stderr $"sealenv: ($path{number}) failed: ($error.msg)"'
        lines.append(f"try {{ source $script{number} }} catch {{|error| {failed} }}")
    return _HEADER + "\n".join(lines) + "\n"


def _scripts(folder: Path, kind: str) -> list[str]:
    try:
        names = os.listdir(folder / "etc" / "conda" / f"{kind}.d")
    except OSError:
        return []
    return sorted(path_text(n) for n in names if n.endswith(".nu") and not n.startswith("."))


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
        places["NAMES"] = " ".join((*names, *(row[0] for row in _own(prefix))))
    # One pass, so that no marker in a path is taken for ours.
    return re.sub("__SEALENV_(PREFIX|SHOWN|GLOB|NAMES)__", lambda found: places[found[1]], text)


def _compile(
    prefix: Path, platform: str, place: str | None = None
) -> tuple[dict[str, bytes], list[str]]:
    values, problems = read_variables(prefix)
    if is_windows(platform):
        from sealenv.activation.scripts_windows import compile_windows

        files, refused = compile_windows(prefix, place or str(real_folder(prefix)), values)
        return files, problems + refused
    real = path_text(place or os.path.realpath(prefix))
    files = {}
    for shell in SHELLS:
        files[f"activate.{shell}"] = to_bytes(render(f"activate.{shell}", shell, real))
        include, refused = compile_include(shell, real, values, prefix)
        files[f"{_FOLDER}/env.{shell}"] = to_bytes(include)
        problems.extend(refused)
    for name in ("activate.csh", "deactivate.csh"):
        path = name if name == "activate.csh" else f"{_FOLDER}/{name}"
        files[path] = to_bytes(render(name, "csh", real, values))
    files[f"{_FOLDER}/scripts.nu"] = to_bytes(nu_scripts(prefix))
    return files, problems


def activation_files(prefix: Path, *, platform: str, place: str | None = None) -> dict[str, bytes]:
    """Return the scripts and includes of a prefix: relative path -> content.

    Writes nothing. A win-* prefix gets `activate.bat` and `activate.ps1` only.

    Args:
        prefix: the prefix.
        platform: its subdir.
        place: the path for which they are written, if it is another one.

    Raises:
        SpecError: the path of the prefix cannot be written in one of the languages.
    """
    return _compile(prefix, platform, place)[0]


def inline_script(prefix: str | os.PathLike[str]) -> str:
    """Return the activation of a prefix as one text for a POSIX shell to eval (see `launch`)."""
    real = path_text(os.path.realpath(prefix))
    include, _ = compile_include("sh", real, read_variables(Path(prefix))[0], Path(prefix))
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
    inside = any(name.startswith(_FOLDER) for name in names)
    try:
        for folder in (prefix / "etc", prefix / _FOLDER) if inside else ():
            if is_link(folder):
                raise FilesystemError(
                    "A folder for the activation scripts is a link; nothing is written through it",
                    where=str(folder),
                    hint="remove the link",
                )
            folder.mkdir(exist_ok=True)
        # The includes last: their time is what staleness is measured by.
        for name in sorted(names, key=lambda name: name.startswith(_FOLDER)):
            write_atomic(prefix / name, files[name], mode=0o644)
    except OSError as error:
        raise FilesystemError(
            f"The activation scripts cannot be written: {error.strerror}",
            where=str(error.filename or prefix),
        ) from error
    return Written(sorted(files), problems)
