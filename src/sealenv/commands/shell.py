"""Open the user's shell in an environment, without its start-up files.

Start-up files may contain hooks of other tools, which would switch environments behind the prompt. Each
shell sources the activation script at its start, and exits if that refuses.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from sealenv.commands.run import admit, prepare, wait_for
from sealenv.errors import UsageError
from sealenv.quoting import QUOTE, quote_ps1

__all__ = ["SHELLS", "enter_shell", "shell_command", "windows_shell_command"]

_CSH = frozenset({"csh", "tcsh"})
_POWERSHELL = frozenset({"powershell", "pwsh"})
_RC = Path(__file__).parents[1] / "activation" / "rc"


def _bash(prefix: str, program: str) -> list[str]:
    return [program, "--noprofile", "--init-file", str(_RC / "bashrc"), "-i"]


def _zsh(prefix: str, program: str) -> list[str]:
    return [program, "--no-globalrcs", "-i"]


def _fish(prefix: str, program: str) -> list[str]:
    script = QUOTE["fish"](f"{prefix}/activate.fish")
    return [program, "--no-config", "-C", f"source {script}; or exit 125", "-i"]


def _xonsh(prefix: str, program: str) -> list[str]:
    return [program, "-i", "--rc", str(_RC / "xonshrc.xsh")]


# A refusal ends what follows -e, and nushell would go on without the environment. So it exits before its
# first prompt, when the duration of the last command is still the initial "0823".
_NU = """$env.config.hooks.pre_prompt = [{||
    if $env.CMD_DURATION_MS? == "0823" and ($env.SEALENV_PREFIX? | is-empty) { exit 125 }
}]
overlay use """


def _nu(prefix: str, program: str) -> list[str]:
    script = QUOTE["nu"](f"{prefix}/activate.nu")
    first = f"{_NU}{script}"
    return [program, "--no-config-file", "--no-history", "-e", first]


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
        shell: a shell's name or path; by default `$SHELL`, on Windows cmd.exe.
        clean: start from a clean environment instead of refusing a dirty one.

    Raises:
        UsageError: the shell was not found.
        SealenvError: as `sealenv.commands.run.prepare`.
    """
    if os.name == "nt":
        sys.exit(_on_windows(env, shell or "cmd", clean))
    program = _find(shell or os.environ.get("SHELL") or "sh")
    options = ["-f"] if Path(program).name in _CSH else []
    found = prepare(env, [program, *options], os.environ, clean=clean)
    assert found is not None  # as on every POSIX
    fallback, _, environ = found
    assert isinstance(fallback, list)
    for start_up_file in ("ENV", "BASH_ENV"):
        environ.pop(start_up_file, None)
    command, extra = shell_command(fallback, program)
    sys.stdout.flush()
    os.execve(command[0], command, environ | extra)


def _on_windows(env: str, shell: str, clean: bool) -> int:
    """Run a shell with the variables of the active environment; return its exit code."""
    from sealenv.activation import winlaunch

    prefix, variables = admit(env, os.environ, clean=clean)
    kind = Path(shell).name.lower().removesuffix(".exe")
    environ = winlaunch.entered(prefix, variables, condabin_first=kind not in _POWERSHELL)
    program = winlaunch.command_processor(environ) if shell == "cmd" else None
    program = program or winlaunch.find_program(shell, environ)
    if program is None:
        raise UsageError(
            f"the shell {shell!r} was not found", hint="choose one: cmd, powershell, pwsh"
        )
    command, extra = windows_shell_command(program, environ)
    return wait_for(command, program, environ | extra)


def windows_shell_command(
    program: str, environ: dict[str, str]
) -> tuple[list[str], dict[str, str]]:
    """Return the command line for a shell on Windows, and more variables that it needs.

    Args:
        program: the shell's path.
        environ: the variables of the active environment.
    """
    kind = program.replace("\\", "/").rsplit("/", 1)[-1].lower().removesuffix(".exe")
    name = environ["CONDA_DEFAULT_ENV"]
    silent = environ.get("CONDA_CHANGEPS1", "").lower() in {"false", "no", "off", "0"}
    silent = silent or bool(environ.get("SEALENV_NO_PROMPT"))
    if kind == "cmd":
        # /d: no AutoRun, where other tools put their hooks.
        prompt = environ.get("PROMPT") or "$P$G"
        shown = "" if silent else "({}) ".format(name.replace("$", "$$"))
        return [program, "/d", "/k"], {"PROMPT": shown + prompt}
    if kind in _POWERSHELL:
        options = [program, "-NoLogo", "-NoProfile", "-NoExit"]
        if silent:
            return options, {}
        shown = quote_ps1(f"({name}) ")
        text = f"$p = $function:prompt; function prompt {{ {shown} + (& $p) }}"
        return [*options, "-Command", text], {}
    return [program], {}


def shell_command(fallback: list[str], program: str) -> tuple[list[str], dict[str, str]]:
    """Return the command line for a shell, and more variables that it needs.

    Args:
        fallback: the command line that `prepare` made for the shell as a plain command.
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
            f"the shell {shell!r} was not found",
            hint="choose one that is installed: sealenv shell ENV -s bash",
        )
    return path
