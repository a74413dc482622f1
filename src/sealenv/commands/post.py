"""`create --post`: run the user's own script in the new environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from sealenv.activation import launch
from sealenv.commands.run import prepare
from sealenv.errors import PostScriptError, UsageError
from sealenv.layout import USER_FOLDER
from sealenv.spec.model import current_platform


def check_post(script: Path, platform: str) -> None:
    """Refuse a script that cannot run, before anything is written.

    Raises:
        UsageError: it is not a readable file, or the environment is for another platform.
    """
    if not os.access(script, os.R_OK) or not script.is_file():
        raise UsageError(
            "the --post script is not a readable file", where=str(script), hint="check its path"
        )
    if platform != current_platform():
        raise UsageError(
            f"--post runs in the environment, and {platform} does not run here",
            hint="leave it out, and run the script on that platform",
        )


def run_post(prefix: Path, script: Path) -> None:
    """Copy the script to the user folder and run it there, activated, with the user's terminal.

    Raises:
        PostScriptError: it failed, or its program was not found; the environment is kept.
    """
    folder = prefix / USER_FOLDER
    folder.mkdir(exist_ok=True)
    copy = folder / script.name
    if not (copy.exists() and copy.samefile(script)):
        shutil.copyfile(script, copy)
        copy.chmod(0o755)
    argv = _with_program(copy)
    found = prepare(str(prefix), argv, os.environ, clean=True)
    how = f"needs a program that was not found: {argv[0]}"
    if found is not None:
        command, program, env = found
        out = sys.stderr.fileno()  # stdout is for the result of create
        code = subprocess.run(
            command, executable=program, env=env, cwd=folder, stdout=out, check=False
        ).returncode
        if code == 0:
            return
        how = f"failed with {f'exit code {code}' if code > 0 else f'signal {-code}'}"
    raise PostScriptError(
        f"{script.name} {how}",
        where=str(copy),
        hint="the environment was made and is kept; fix the script and run it again with: "
        f"sealenv run {prefix} -- {copy}",
    )


def _with_program(script: Path) -> list[str]:
    """Return the command of a script: its program by the extension, else by `#!`, else the shell."""
    ending = script.suffix.lower()
    if ending == ".py":
        return ["python", str(script)]
    if os.name == "nt":
        power = ["powershell", "-NoProfile", "-ExecutionPolicy", "Bypass", "-File"]
        return [*power, str(script)] if ending == ".ps1" else [str(script)]
    with script.open("rb") as file:
        return [str(script)] if file.read(2) == b"#!" else [launch.find_shell(), str(script)]
