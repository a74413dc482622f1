"""Open a clean subshell in an environment: the user's shell without its start-up files.

Start-up files are skipped because they may contain hooks of other tools, which switch environments
before a prompt. Each shell sources the activation script when it starts, and exits if the script
refuses.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import NoReturn

from sealenv.commands.run import admit, prepare, refusing, wait_for
from sealenv.errors import UsageError
from sealenv.gates.admission import command_processor
from sealenv.quoting import QUOTE, quote_ps1

_CSH = frozenset({"csh", "tcsh"})
_POWERSHELL = frozenset({"powershell", "pwsh"})
_RC = Path(__file__).parents[1] / "activation" / "rc"


# If the script refuses, nushell ignores the rest of -e and continues without the environment. So a
# hook exits before the first prompt, where nushell reports this constant as the duration.
_NU = """$env.config.hooks.pre_prompt = [{||
    if $env.CMD_DURATION_MS? == "0823" and ($env.SEALENV_PREFIX? | is-empty) { exit 125 }
}]
overlay use """


_SOURCE = "source $SEALENV_SHELL_SCRIPT; or exit 125; set -e SEALENV_SHELL_SCRIPT"
_SHELLS: dict[str, tuple[list[str], str, dict[str, str]]] = {
    "bash": (["--noprofile", "--init-file", str(_RC / "bashrc"), "-i"], "sh", {}),
    "zsh": (["--no-globalrcs", "-i"], "sh", {"ZDOTDIR": str(_RC / "zsh")}),
    "fish": (["--no-config", "-C", _SOURCE, "-i"], "fish", {}),
    "xonsh": (["-i", "--rc", str(_RC / "xonshrc.xsh")], "xsh", {}),
    "nu": (["--no-config-file", "--no-history", "-e"], "nu", {}),
    "dash": (["-i"], "sh", {"ENV": str(_RC / "shrc")}),
    "sh": (["-i"], "sh", {"ENV": str(_RC / "shrc")}),
}
"""Shells that source the script themselves: options, its extension, variables for the start. Others
inherit an active environment: they have no `deactivate`, and their prompt does not show it. (A csh
reads no file with -f, and without it the system's files and the user's.)"""


def enter_shell(env: str, shell: str | None, *, clean: bool = False) -> NoReturn:
    """Replace this process with a shell in the environment.

    Args:
        env: a name or a path.
        shell: its name or path; by default `$SHELL`, or cmd.exe on Windows.
        clean: start from a clean environment instead of refusing a dirty one.

    Raises:
        UsageError: the shell is not installed.
        SealenvError: as `sealenv.commands.run.prepare`.
    """
    with_clean = ["sealenv", "shell", "--clean", env, *(["-s", shell] if shell else [])]
    if os.name == "nt":
        sys.exit(refusing(lambda: _on_windows(env, shell or "cmd", clean), with_clean))
    program = _find(shell or os.environ.get("SHELL") or "sh")
    options = ["-f"] if Path(program).name in _CSH else []
    found = refusing(lambda: prepare(env, [program, *options], os.environ, clean=clean), with_clean)
    assert found is not None  # as on every POSIX
    fallback, _, environ = found
    assert isinstance(fallback, list)
    for start_up_file in ("ENV", "BASH_ENV"):
        environ.pop(start_up_file, None)
    command, extra = shell_command(fallback, program)
    sys.stdout.flush()
    os.execve(command[0], command, environ | extra)


def _on_windows(env: str, shell: str, clean: bool) -> int:
    """Run a shell with the variables of the active environment, and return its exit code."""
    from sealenv.activation import windows

    prefix, variables = admit(env, os.environ, clean=clean)
    kind = Path(shell).name.lower().removesuffix(".exe")
    environ = windows.entered(prefix, variables, condabin_first=kind not in _POWERSHELL)
    program = command_processor(environ) if shell == "cmd" else None
    program = program or windows.find_program(shell, environ)
    if program is None:
        raise UsageError(
            f"the shell {shell!r} is not installed", hint="choose one: cmd, powershell, pwsh"
        )
    command, extra = windows_shell_command(program, environ)
    return wait_for(command, program, environ | extra)


def windows_shell_command(
    program: str, environ: dict[str, str]
) -> tuple[list[str], dict[str, str]]:
    """Return the command line for a shell on Windows, and additional variables.

    Args:
        program: the shell's path.
        environ: the variables of the active environment.
    """
    kind = program.replace("\\", "/").rsplit("/", 1)[-1].lower().removesuffix(".exe")
    name = environ["CONDA_DEFAULT_ENV"]
    silent = environ.get("CONDA_CHANGEPS1", "").lower() in {"false", "no", "off", "0"}
    silent = silent or bool(environ.get("SEALENV_NO_PROMPT"))
    if kind == "cmd":
        # /d: no AutoRun, which other tools use for their hooks.
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
    """Return the command line for a shell, and additional variables for its start.

    Args:
        fallback: the result of `prepare` for the shell as a plain command.
        program: the shell's path.
    """
    name = Path(program).name
    script = fallback[fallback.index("sealenv") + 1] if "sealenv" in fallback else ""
    if name not in _SHELLS or not script.endswith("/activate.sh") or "\n" in script:
        return fallback, {}  # another shell, or a foreign environment: activated from outside
    options, extension, variables = _SHELLS[name]
    if any(char in variables.get("ENV", "") for char in '$`\\"'):
        return fallback, {}  # the shell expands it
    place = f"{script.removesuffix('sh')}{extension}"
    if name == "nu":
        return [program, *options, _NU + QUOTE["nu"](place)], {}
    return [program, *options], {**variables, "SEALENV_SHELL_SCRIPT": place}


def _find(shell: str) -> str:
    path = shell if "/" in shell else shutil.which(shell)
    if not path or not os.access(path, os.X_OK):
        raise UsageError(
            f"the shell {shell!r} is not installed",
            hint="choose an installed shell: sealenv shell ENV -s bash",
        )
    return path
