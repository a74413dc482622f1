"""The activation scripts of a Windows prefix: cmd.exe and PowerShell.

All of them are ASCII with CRLF: batch files are read in the active code page, and Windows
PowerShell 5.1 reads a file without a byte order mark in the machine's. So nothing here may depend on
a path that is not ASCII: the scripts find their prefix by their own place.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from sealenv.activation.templating import fill, gate_lines, on_path
from sealenv.activation.variables import settings, usable_on_windows
from sealenv.activation.windows import script_names
from sealenv.errors import SpecError
from sealenv.quoting import quote_cmd, quote_ps1, to_bytes

_FOLDER = "etc/sealenv"
_TEMPLATES = Path(__file__).parent / "templates"
_LINE = 7000


def compile_windows(
    prefix: Path, made_at: str, values: Mapping[str, str]
) -> tuple[dict[str, bytes], list[str]]:
    r"""Return the scripts and includes (relative path -> content), and the problems.

    Args:
        prefix: the prefix, to list its own activation scripts.
        made_at: its path; the scripts refuse at another one, unless this is none of Windows.
        values: the variables, from `read_variables`.
    """
    chosen, problems = usable_on_windows(values)
    names = list(dict.fromkeys((*chosen, *(row[0] for row in settings("", "", windows=True)))))
    saved = ["PATH", "PROMPT", *names]
    keep = [_copied(name, f"_SEALENV_OLD_{name}") for name in saved]
    restore = [_copied(f"_SEALENV_OLD_{name}", name) for name in saved]
    restore += [f'@set "_SEALENV_OLD_{name}="' for name in saved]
    activate = fill(_template("activate.bat", "cmd"), "MOVED", _moved_bat(windows_path_of(made_at)))
    deactivate = fill(_template("deactivate.bat", "cmd"), "RESTORE", restore)
    texts = {
        "activate.bat": fill(activate, "KEEP", keep),
        "deactivate.bat": deactivate.replace("__SEALENV_NAMES__", " ".join(names)),
        "activate.ps1": _template("activate.ps1", "ps1"),
        f"{_FOLDER}/env.ps1": _env_ps1(windows_path_of(made_at), chosen),
    }
    texts[f"{_FOLDER}/env.bat"], refused = _env_bat(chosen)
    texts[f"{_FOLDER}/scripts.bat"] = _scripts_bat(prefix, "activate.d")
    texts[f"{_FOLDER}/leave.bat"] = _scripts_bat(prefix, "deactivate.d")
    files = {name: text.replace("\n", "\r\n").encode("ascii") for name, text in texts.items()}
    files[f"{_FOLDER}/prefix.txt"] = to_bytes(windows_path_of(made_at) + "\n")
    return files, problems + refused


def _copied(source: str, target: str) -> str:
    """Write the line that copies a variable, in either mode of cmd.exe."""
    direct = f'(@set "{target}=!{source}!")'
    by_for = f'@for /f "eol=| delims=" %%A in ("!{source}!") do @endlocal & @set "{target}=%%A"'
    test = f'@if defined {source} if "!!"==""'
    return f"{test} {direct} else @setlocal EnableDelayedExpansion & {by_for}"


def windows_path_of(path: str) -> str:
    """Return a path of Windows; empty for one of another system."""
    return path if re.match(r"[A-Za-z]:\\|\\\\", path) else ""


def _template(name: str, shell: str) -> str:
    text = (_TEMPLATES / name).read_text(encoding="ascii")
    return fill(text, "GATE", gate_lines(shell)).replace("__SEALENV_ON_PATH__", on_path(shell))


def _moved_bat(made_at: str) -> list[str]:
    """Refuse at another place, and at one that cmd.exe would expand.

    A batch file cannot hold a path that is not ASCII, so there it does not notice a move.
    """
    if set(made_at) & set('^%!"'):
        said = "the path of this environment has a percent sign, a caret or an exclamation mark"
        return [f'@set "_sealenv_why={said}"& set "_sealenv_next=sealenv run, or sealenv move"']
    if not made_at or not made_at.isascii() or not made_at.isprintable():
        return ["@rem The path at which it was made is not known here."]
    said = (
        f"this environment was made at {made_at}"
        " and was moved or copied by hand, or is called by another path: !_sealenv_here!"
    )
    following = "in that folder: sealenv move --here .   Or use the path that it was made at."
    test = f'@if /i not "!_sealenv_here!"=="{made_at}"'
    return [f'{test} set "_sealenv_why={said}"& set "_sealenv_next={following}"']


_NOTE = (
    "Compiled by sealenv from the environment's own files. Do not edit:",
    "`sealenv repair` re-makes it.",
)


def _env_bat(values: Mapping[str, str]) -> tuple[str, list[str]]:
    lines, problems = [f"@rem {line}" for line in _NOTE], []
    for name, value in values.items():
        try:
            lines.append(f'@set "{name}={quote_cmd(value)}"')
        except SpecError as error:
            problems.append(f"{name} is not set in cmd.exe: {error.what}")
    return "\n".join(lines) + "\n", problems


def _scripts_bat(prefix: Path, kind: str) -> str:
    """Write what runs the scripts of the packages: in code-point order, backwards to deactivate.

    FOR lists a folder in an order of the file system's own, so the order is compiled. Scripts that
    were installed later run after them.
    """
    names = [n for n in script_names(os.fspath(prefix), kind) if _plain(n)]
    if kind == "deactivate.d":
        names.reverse()
    place = f"%~dp0..\\conda\\{kind}\\"
    lines = [f"@rem {line}" for line in _NOTE]
    lines += [f'@if exist "{place}{n}" {_called(place + n)}' for n in names]
    known = "".join(f'if /i not "%%~nxI"=="{n}" ' for n in names)
    if len(known) < _LINE:
        # With /r, because a pattern in quotes is none to every cmd.exe; of that folder alone.
        loop = f'@if exist "{place}" for /r "{place[:-1]}" %%I in (*.bat) do '
        test = f'@if exist "{place}%%~nxI" if /i "%%~xI"==".bat" {known}'
        lines.append(f"{loop}{test}{_called('%%~fI')}")
    return "\n".join(lines) + "\n"


def _called(script: str) -> str:
    """Call the script, and name it if its last command fails. VER clears an earlier error."""
    return f'ver >nul& call "{script}" || >&2 echo sealenv: "{script}" failed'


def _plain(name: str) -> bool:
    return name.isascii() and name.isprintable() and not set(name) & set('"%!^*?<>|/\\:')


def _env_ps1(made_at: str, values: Mapping[str, str]) -> str:
    lines = [f"# {line}" for line in _NOTE]
    lines += ["@{", f"    prefix = {quote_ps1(made_at)}", "    settings = @("]
    lines += [
        f"        , @({quote_ps1(name)}, {quote_ps1(value)}, '')" for name, value in values.items()
    ]
    # In quotes that PowerShell expands: activate.ps1 knows its place.
    lines += [
        f'        , @("{name}", "{value}", "{needs}")'
        for name, value, needs in settings("$here", "$name", windows=True)
    ]
    return "\n".join([*lines, "    )", "}"]) + "\n"
