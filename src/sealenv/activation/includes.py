"""The variables that an activation sets, compiled for each shell: `etc/sealenv/env.*`.

Activation parses no JSON and starts no process, so the variables of the packages and of
`conda env config vars`, and then those of every activation (`settings`), are written here in the
shell's own language. `sealenv repair` writes them again.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from sealenv.errors import SpecError
from sealenv.quoting import QUOTE, path_text, quote_nu

__all__ = ["FOLDER", "Setting", "compile_include", "nu_scripts", "settings", "shown_name"]

FOLDER = "etc/sealenv"

HEADER = (
    "# Compiled by sealenv from etc/conda/env_vars.d and conda-meta/state. Do not edit:\n"
    "# `sealenv repair` writes it again.\n"
)


def shown_name(name: str) -> str:
    """The name as a prompt may show it.

    bash and zsh expand a prompt: a folder called `$(command)` must not run one. What a prompt gives
    a meaning to, and control characters, become `_`.
    """
    return "".join("_" if c in "$`\\!%\"'{}" or not c.isprintable() else c for c in name)


def compile_include(
    shell: str, prefix: str, values: Mapping[str, str], folder: Path
) -> tuple[str, list[str]]:
    """Return the include of one shell, and what that shell cannot express, a sentence each.

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
    return HEADER + "\n".join(lines) + "\n", problems


class Setting(NamedTuple):
    """A variable that every activation sets."""

    name: str
    value: str
    needs: str = ""
    """The file without which it is not set."""


def settings(prefix: str) -> list[Setting]:
    """Return what every activation sets after the variables of the packages, in CEP 32's order.

    The value of PATH is the folder that comes before the others.
    """
    name = prefix.rsplit("/", 1)[-1]
    condarc = f"{prefix}/.condarc"
    conda, mamba = f"{prefix}/bin/conda", f"{prefix}/bin/mamba"
    return [
        Setting("PATH", f"{prefix}/bin"),
        Setting("CONDA_PREFIX", prefix),
        Setting("CONDA_SHLVL", "1"),
        Setting("CONDA_DEFAULT_ENV", name),
        Setting("CONDA_PROMPT_MODIFIER", f"({name}) "),
        Setting("MAMBA_ROOT_PREFIX", prefix),
        Setting("PYTHONNOUSERSITE", "1"),
        Setting("SEALENV_PREFIX", prefix),
        Setting("PIP_CONFIG_FILE", "/dev/null"),
        Setting("CONDARC", condarc, needs=condarc),
        Setting("MAMBARC", condarc, needs=condarc),
        Setting("CONDA_EXE", conda, needs=conda),
        Setting("CONDA_PYTHON_EXE", f"{prefix}/bin/python", needs=conda),
        Setting("MAMBA_EXE", mamba, needs=mamba),
    ]


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
    for row in settings(prefix):
        line = put.format(row.name, quote(row.value) + (rest if row.name == "PATH" else ""))
        lines.append(where.format(quote(row.needs), line) if row.needs else line)
    return lines


def _rows(shell: str, prefix: str, usable: Mapping[str, str]) -> Iterable[tuple[str, str, str]]:
    quote = QUOTE[shell]
    yield from ((quote(name), value, quote("")) for name, value in usable.items())
    yield from ((quote(r.name), quote(r.value), quote(r.needs)) for r in settings(prefix))


def _xsh(prefix: str, usable: Mapping[str, str]) -> list[str]:
    rows = (f"    ({', '.join(row)})," for row in _rows("xsh", prefix, usable))
    return ["settings = [", *rows, "]"]


def _nu(prefix: str, usable: Mapping[str, str], folder: Path) -> list[str]:
    rows = (f"    [{' '.join(row)}]" for row in _rows("nu", prefix, usable))
    leavers = ", ".join(quote_nu(name) for name in _scripts(folder, "deactivate"))
    return ["export const settings = [", *rows, "]", f"export const leavers = [{leavers}]"]


def nu_scripts(folder: Path) -> str:
    """The activate.d scripts for nushell, which sources only what it knows when it parses."""
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
    return HEADER + "\n".join(lines) + "\n"


def _scripts(folder: Path, kind: str) -> list[str]:
    try:
        names = os.listdir(folder / "etc" / "conda" / f"{kind}.d")
    except OSError:
        return []
    return sorted(path_text(n) for n in names if n.endswith(".nu") and not n.startswith("."))
