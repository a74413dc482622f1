"""What differs between environments, compiled for each shell: `etc/sealenv/env.*`.

Activation parses no JSON and starts no process, so the variables of the packages and of
`conda env config vars`, and the path the environment was made at, are written here in the shell's
own language. `sealenv refresh` re-makes them; the scripts notice when they are stale.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from sealenv.activation.quoting import QUOTE, quote_sh
from sealenv.errors import SpecError

__all__ = ["FOLDER", "compile_include", "shown_name"]

FOLDER = "etc/sealenv"

_HEADER = (
    "Compiled by sealenv from etc/conda/env_vars.d and conda-meta/state. Do not edit:",
    "`sealenv refresh` re-makes it, and `sealenv move` after a change of place.",
)


def shown_name(name: str) -> str:
    """The name as a prompt may show it.

    bash and zsh expand a prompt: a folder called `$(command)` must not run one. What a prompt gives
    a meaning to, and control characters, become `_`.
    """
    return "".join("_" if c in "$`\\!%\"'{}" or not c.isprintable() else c for c in name)


def compile_include(
    shell: str, prefix: str, values: Mapping[str, str], prefix_dir: Path
) -> tuple[str, list[str]]:
    """Return the include of one shell, and what that shell cannot express.

    Args:
        shell: sh, fish, csh, xsh or nu.
        prefix: the real path of the prefix, as text.
        values: the variables, from `read_variables`.
        prefix_dir: where to look for the scripts that nushell has to know beforehand.
    """
    quote = QUOTE[shell]
    problems: list[str] = []
    usable: dict[str, str] = {}
    for name, value in values.items():
        try:
            usable[name] = quote(value)
        except SpecError as error:
            problems.append(f"{name} is not set in {shell}: {error.what}")
    body = _WRITERS[shell](prefix, usable, prefix_dir)
    header = [f"# {line}" for line in _HEADER]
    return "\n".join([*header, *body]) + "\n", problems


def _sh(prefix: str, usable: Mapping[str, str], _folder: Path) -> list[str]:
    name = prefix.rsplit("/", 1)[-1]
    return [
        f"_sealenv_prefix={quote_sh(prefix)}",
        f"_sealenv_name={quote_sh(name)}",
        f"_sealenv_shown={quote_sh(f'({shown_name(name)}) ')}",
        f"_sealenv_quoted={quote_sh(_word(prefix))}",
        "_sealenv_variables() {",
        "    \\:",
        *(f"    _sealenv_put {key} {value}" for key, value in usable.items()),
        "}",
    ]


def _word(text: str) -> str:
    """The text as a user would type it in a POSIX shell."""
    plain = all(c.isalnum() or c in "/._-+" for c in text)
    return text if plain else quote_sh(text)


_WRITERS: dict[str, Callable[[str, Mapping[str, str], Path], list[str]]] = {
    "sh": _sh,
}
