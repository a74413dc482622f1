"""A clean subshell in an environment: the user's shell without its start-up files.

Start-up files are left out on purpose: they may hold the hooks of other tools, which would switch
environments behind the prompt. Each shell is told at its start to source the activation script, and
to leave if that refuses.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from sealenv.activation.quoting import QUOTE
from sealenv.errors import UsageError
from sealenv.run import prepare

__all__ = ["SHELLS", "enter_shell", "shell_command"]

_CSH = frozenset({"csh", "tcsh"})
_RC = Path(__file__).parent / "activation" / "rc"


def _bash(prefix: str, program: str) -> list[str]:
    return [program, "--noprofile", "--init-file", str(_RC / "bashrc"), "-i"]


def _zsh(prefix: str, program: str) -> list[str]:
    return [program, "--no-globalrcs", "-i"]


def _fish(prefix: str, program: str) -> list[str]:
    script = QUOTE["fish"](f"{prefix}/activate.fish")
    return [program, "--no-config", "-C", f"source {script}; or exit 125", "-i"]


def _xonsh(prefix: str, program: str) -> list[str]:
    return [program, "-i", "--rc", str(_RC / "xonshrc.xsh")]


# A refusal ends what follows -e, and nushell would go on without the environment. So it leaves
# before its first prompt, which it tells by a duration that no command has.
_NU = """$env.config.hooks.pre_prompt = [{||
    if $env.CMD_DURATION_MS? == "0823" and ($env.SEALENV_PREFIX? | is-empty) { exit 125 }
}]
overlay use """


def _nu(prefix: str, program: str) -> list[str]:
    script = QUOTE["nu"](f"{prefix}/activate.nu")
    return [program, "--no-config-file", "--no-history", "-e", _NU + script]


def _sh(prefix: str, program: str) -> list[str]:
    return [program, "-i"]


SHELLS: dict[str, Callable[[str, str], list[str]]] = {
    "bash": _bash,
    "zsh": _zsh,
    "fish": _fish,
    "xonsh": _xonsh,
    "nu": _nu,
    "dash": _sh,
    "sh": _sh,
}
"""Shells that source the script themselves. Others inherit an activated environment: their prompt
cannot show it without their start-up files, and they have no `deactivate`. (A csh reads nothing
with -f; without it, the system's files and the user's.)"""


def enter_shell(env: str, shell: str | None, *, clean: bool = False) -> NoReturn:
    """Replace this process by a shell in the environment.

    Args:
        env: a name or a path.
        shell: a shell's name or path; `$SHELL` without it.
        clean: start from a clean environment instead of refusing a dirty one.

    Raises:
        UsageError: there is no such shell here.
        SealenvError: as `sealenv.run.prepare`.
    """
    program = _find(shell or os.environ.get("SHELL") or "sh")
    options = ["-f"] if Path(program).name in _CSH else []
    fallback, environ = prepare(env, [program, *options], os.environ, clean=clean)
    for start_up_file in ("ENV", "BASH_ENV"):
        environ.pop(start_up_file, None)
    command, extra = shell_command(fallback, program)
    sys.stdout.flush()
    os.execve(command[0], command, environ | extra)


def shell_command(fallback: list[str], program: str) -> tuple[list[str], dict[str, str]]:
    """The command line for a shell, and the variables it needs at its start.

    Args:
        fallback: what `prepare` made for the shell as a plain command.
        program: the shell's path.
    """
    name = Path(program).name
    script = fallback[fallback.index("sealenv") + 1] if "sealenv" in fallback else ""
    if name not in SHELLS or not script.endswith("/activate.sh") or "\n" in script:
        return fallback, {}  # another shell, or a foreign environment: activated from outside
    prefix = script.removesuffix("/activate.sh")
    extra = {}
    if name not in ("fish", "nu"):
        extension = "xsh" if name == "xonsh" else "sh"
        extra["SEALENV_SHELL_SCRIPT"] = f"{prefix}/activate.{extension}"
    if name == "zsh":
        extra["ZDOTDIR"] = str(_RC / "zsh")
    elif name in ("dash", "sh"):
        extra["ENV"] = str(_RC / "shrc")
        if any(char in extra["ENV"] for char in '$`\\"'):
            return fallback, {}  # the shell expands it
    return SHELLS[name](prefix, program), extra


def _find(shell: str) -> str:
    path = shell if "/" in shell else shutil.which(shell)
    if not path or not os.access(path, os.X_OK):
        raise UsageError(
            f"there is no shell {shell!r} here",
            hint="name one that is installed: sealenv shell ENV -s bash",
        )
    return path
