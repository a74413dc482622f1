"""What differs between environments, compiled for each shell: `etc/sealenv/env.*`.

Activation parses no JSON and starts no process, so the variables of the packages and of
`conda env config vars`, and the path the environment was made at, are written here in the shell's
own language. `sealenv refresh` writes them again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from sealenv.errors import SpecError
from sealenv.quoting import (
    QUOTE,
    path_text,
    quote_csh,
    quote_fish,
    quote_nu,
    quote_sh,
    quote_xonsh,
)

__all__ = ["FOLDER", "compile_include", "csh_names", "nu_scripts", "shown_name"]

FOLDER = "etc/sealenv"

HEADER = (
    "# Compiled by sealenv from etc/conda/env_vars.d and conda-meta/state. Do not edit:\n"
    "# `sealenv refresh` writes it again.\n"
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
    lines = _WRITERS[shell](prefix, usable, folder)
    return HEADER + "\n".join(lines) + "\n", problems


def _name(prefix: str) -> str:
    return prefix.rsplit("/", 1)[-1]


def _shown(prefix: str) -> str:
    return f"({shown_name(_name(prefix))}) "


def _sh(prefix: str, usable: Mapping[str, str], _folder: Path) -> list[str]:
    return [
        f"_sealenv_prefix={quote_sh(prefix)}",
        f"_sealenv_name={quote_sh(_name(prefix))}",
        f"_sealenv_shown={quote_sh(_shown(prefix))}",
        "_sealenv_variables() {",
        "    \\:",
        *(f"    _sealenv_put {name} {value}" for name, value in usable.items()),
        "}",
    ]


def _fish(prefix: str, usable: Mapping[str, str], _folder: Path) -> list[str]:
    return [
        f"set -g _sealenv_prefix {quote_fish(prefix)}",
        f"set -g _sealenv_name {quote_fish(_name(prefix))}",
        f"set -g _sealenv_shown {quote_fish(_shown(prefix))}",
        "function _sealenv_variables",
        *(f"    _sealenv_put {name} {value}" for name, value in usable.items()),
        "end",
    ]


_RC_FILES = ("CONDARC", "MAMBARC")
"""Where conda and mamba read their settings: the environment's own file, where it has one."""
_PROGRAMS = (
    ("CONDA_EXE", "conda", "conda"),
    ("CONDA_PYTHON_EXE", "conda", "python"),
    ("MAMBA_EXE", "mamba", "mamba"),
)
"""What the hooks of conda and mamba start: variable, what has to be there, the program."""


def _ours(prefix: str) -> dict[str, str]:
    """Return the variables that every activation sets (CEP 32), without PATH."""
    return {
        "CONDA_PREFIX": prefix,
        "CONDA_SHLVL": "1",
        "CONDA_DEFAULT_ENV": _name(prefix),
        "CONDA_PROMPT_MODIFIER": f"({_name(prefix)}) ",
        "MAMBA_ROOT_PREFIX": prefix,
        "PYTHONNOUSERSITE": "1",
        "PIP_CONFIG_FILE": "/dev/null",
        "SEALENV_PREFIX": prefix,
    }


def _csh(prefix: str, usable: Mapping[str, str], _folder: Path) -> list[str]:
    own_bin = quote_csh(f"{prefix}/bin")
    ours = {name: quote_csh(value) for name, value in _ours(prefix).items()}
    lines = [f"setenv {name} {value}" for name, value in usable.items()]
    lines.append(f"setenv PATH {own_bin}:$PATH:q")
    lines += [f"setenv {name} {value}" for name, value in ours.items()]
    condarc = quote_csh(f"{prefix}/.condarc")
    lines += [f"if (-f {condarc}) setenv {name} {condarc}" for name in _RC_FILES]
    for name, needed, program in _PROGRAMS:
        own = f"{prefix}/bin/"
        lines.append(f"if (-f {quote_csh(own + needed)}) setenv {name} {quote_csh(own + program)}")
    return [*lines, f"set _sealenv_shown = {quote_csh(_shown(prefix))}"]


def csh_names(names: Iterable[str]) -> str:
    """Return every variable that an activation sets in csh, as words of it."""
    programs = (row[0] for row in _PROGRAMS)
    return " ".join((*names, "PATH", *_ours(""), *_RC_FILES, *programs))


def _xsh(prefix: str, usable: Mapping[str, str], _folder: Path) -> list[str]:
    return [
        f"prefix = {quote_xonsh(prefix)}",
        f"name = {quote_xonsh(_name(prefix))}",
        f"shown = {quote_xonsh(_shown(prefix))}",
        "variables = {",
        *(f"    {quote_xonsh(name)}: {value}," for name, value in usable.items()),
        "}",
    ]


def _nu(prefix: str, usable: Mapping[str, str], folder: Path) -> list[str]:
    leavers = ", ".join(quote_nu(name) for name in _scripts(folder, "deactivate"))
    return [
        f"export const prefix = {quote_nu(prefix)}",
        f"export const name = {quote_nu(_name(prefix))}",
        f"export const shown = {quote_nu(_shown(prefix))}",
        "export const variables = {",
        *(f"    {quote_nu(name)}: {value}" for name, value in usable.items()),
        "}",
        f"export const leavers = [{leavers}]",
    ]


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
        lines.append(f"source $script{number}")
    return HEADER + "\n".join(lines) + "\n"


def _scripts(folder: Path, kind: str) -> list[str]:
    try:
        names = os.listdir(folder / "etc" / "conda" / f"{kind}.d")
    except OSError:
        return []
    return sorted(path_text(n) for n in names if n.endswith(".nu") and not n.startswith("."))


_WRITERS: dict[str, Callable[[str, Mapping[str, str], Path], list[str]]] = {
    "sh": _sh,
    "fish": _fish,
    "csh": _csh,
    "xsh": _xsh,
    "nu": _nu,
}
