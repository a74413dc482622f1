"""The user's `--post` script: the documents' build phase, inside the finished environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from sealenv.activation import launch, winlaunch
from sealenv.errors import PostScriptError, UsageError
from sealenv.gates.admission import scrub, without_dirt
from sealenv.layout import USER_FOLDER

__all__ = ["check_post", "run_post"]


def check_post(script: Path) -> None:
    """Refuse a script that cannot be run, before the environment is made.

    Raises:
        UsageError: it is no readable file.
    """
    if not script.is_file() or not os.access(script, os.R_OK):
        raise UsageError(
            "the --post script is no readable file", where=str(script), hint="check its path"
        )


def run_post(prefix: Path, script: Path, environ: Mapping[str, str]) -> None:
    """Copy the script to the user folder and run it there, activated, with the user's terminal.

    Raises:
        PostScriptError: it failed; the environment stays as it is.
    """
    folder = prefix / USER_FOLDER
    folder.mkdir(exist_ok=True)
    copy = folder / script.name
    if not (copy.exists() and copy.samefile(script)):
        shutil.copyfile(script, copy)
        copy.chmod(0o755)
    env = without_dirt(scrub(environ))
    command, program = _activated(prefix, copy, env)
    done = subprocess.run(
        command,
        executable=program,
        env=env,
        cwd=folder,
        stdout=sys.stderr.fileno(),  # stdout is for the result of create
        check=False,
    )
    if done.returncode != 0:
        code = done.returncode
        how = f"exit code {code}" if code > 0 else f"signal {-code}"
        raise PostScriptError(
            f"{script.name} failed with {how}",
            where=str(copy),
            hint="the environment is made and kept; mend the script and run it again with: "
            f"sealenv run {prefix} -- {copy}",
        )


def _activated(prefix: Path, copy: Path, env: dict[str, str]) -> tuple[list[str] | str, str | None]:
    """The command line that runs the script activated, and its program; on Windows `env` changes."""
    if os.name != "nt":
        return launch.command(str(prefix), _command(copy)), None
    found = winlaunch.command(str(prefix), _windows_command(copy), env)
    if found is None:
        raise PostScriptError(
            f"{copy.name} needs a program that is not there: {_windows_command(copy)[0]}",
            where=str(copy),
            hint="the environment is made and kept",
        )
    command, program, variables = found
    env.clear()
    env.update(variables)
    return command, program


def _windows_command(copy: Path) -> list[str]:
    """By its extension: nothing else tells on Windows."""
    ending = copy.suffix.lower()
    if ending == ".py":
        return ["python", str(copy)]
    if ending == ".ps1":
        return ["powershell", "-NoProfile", "-ExecutionPolicy", "Bypass", "-File", str(copy)]
    return [str(copy)]


def _command(copy: Path) -> list[str]:
    """By its first line when it has one for the kernel, else by its extension, else by the shell."""
    with copy.open("rb") as file:
        if file.read(2) == b"#!":
            return [str(copy)]
    return ["python", str(copy)] if copy.suffix == ".py" else [launch.find_shell(), str(copy)]
