"""Run post-link scripts of packages (CEP 34), and the user's `--post` script.

Post-link scripts run in a clean process with their own HOME.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from sealenv.activation import launch
from sealenv.errors import LinkScriptError, PostScriptError, UsageError
from sealenv.gates.admission import command_processor, private_folders, scrub, without_dirt
from sealenv.layout import USER_FOLDER, bin_dirs, is_windows
from sealenv.locks import LockedPackage
from sealenv.system.processes import clean_home, run_quietly

_MESSAGES = ".messages.txt"


class LinkScript(NamedTuple):
    """The post-link script of a package, in the prefix."""

    package: LockedPackage
    path: Path


def run_link_scripts(
    prefix: Path,
    platform: str,
    scripts: Sequence[LinkScript],
    environ: Mapping[str, str],
    *,
    keep_fd: int | None = None,
) -> str:
    """Run post-link scripts one after the other, dependencies first; return their messages.

    Args:
        prefix: the linked prefix.
        platform: its subdir, one that runs here.
        scripts: those of its packages.
        environ: a clean environment.
        keep_fd: see `run_quietly`.

    Raises:
        LinkScriptError: a script failed; the rest did not run.
    """
    windows = is_windows(platform)
    messages = prefix / _MESSAGES
    with clean_home() as home:
        for package, script in scripts:
            env = _environ(environ, prefix, platform, package, home)
            # A relative path: cmd.exe cannot quote every prefix.
            local = f".\\{script.relative_to(prefix)}"
            command = (
                [command_processor(env), "/d", "/c", local]
                if windows
                else [launch.find_shell(), str(script)]
            )
            done = run_quietly(command, env=env, cwd=prefix, keep_fd=keep_fd)
            if done.returncode != 0:
                said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-10:]
                raise LinkScriptError(
                    f"the post-link script of {package.dist} failed with exit code {done.returncode}",
                    where=str(script),
                    details=said,
                    hint="leave the package out, or skip such scripts with --no-link-scripts",
                )
    if not messages.is_file():
        return ""
    text = messages.read_text(encoding="utf-8", errors="replace")
    messages.unlink()  # as conda does after showing it
    return text


def _environ(
    environ: Mapping[str, str], prefix: Path, platform: str, package: LockedPackage, home: Path
) -> dict[str, str]:
    """Return the variables of conda's core/link.py, with a private HOME."""
    separator = ";" if is_windows(platform) else ":"
    dirs = [str(d) for d in bin_dirs(prefix, platform)]
    return {
        **environ,
        **private_folders(home),
        "PATH": separator.join([*dirs, environ.get("PATH", "")]),
        "TMPDIR": str(home),
        "PREFIX": str(prefix),
        "ROOT_PREFIX": str(prefix),
        "CONDA_PREFIX": str(prefix),
        "PKG_NAME": package.name,
        "PKG_VERSION": package.version,
        "PKG_BUILDNUM": str(package.record.get("build_number", 0)),
        "PYTHONNOUSERSITE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def check_post(script: Path) -> None:
    """Refuse a script that is not a readable file (UsageError)."""
    if not script.is_file() or not os.access(script, os.R_OK):
        raise UsageError(
            "the --post script is not a readable file", where=str(script), hint="check its path"
        )


def run_post(prefix: Path, script: Path, environ: Mapping[str, str]) -> None:
    """Copy the script to the user folder and run it there, activated, with the user's terminal.

    Raises:
        PostScriptError: it failed; the environment is kept.
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
            hint="the environment was made and is kept; fix the script and run it again with: "
            f"sealenv run {prefix} -- {copy}",
        )


def _activated(prefix: Path, copy: Path, env: dict[str, str]) -> tuple[list[str] | str, str | None]:
    """Return the command line that runs the script activated, and its program; may change `env`."""
    if os.name != "nt":
        return launch.command(str(prefix), _command(copy)), None
    from sealenv.activation import windows

    found = windows.command(str(prefix), _windows_command(copy), env)
    if found is None:
        raise PostScriptError(
            f"{copy.name} needs a program that was not found: {_windows_command(copy)[0]}",
            where=str(copy),
            hint="the environment was made and is kept",
        )
    command, program, variables = found
    env.clear()
    env.update(variables)
    return command, program


def _windows_command(copy: Path) -> list[str]:
    """Choose the interpreter by the extension."""
    ending = copy.suffix.lower()
    if ending == ".py":
        return ["python", str(copy)]
    if ending == ".ps1":
        return ["powershell", "-NoProfile", "-ExecutionPolicy", "Bypass", "-File", str(copy)]
    return [str(copy)]


def _command(copy: Path) -> list[str]:
    """Choose the interpreter by the `#!` line, else by the extension, else the shell."""
    with copy.open("rb") as file:
        if file.read(2) == b"#!":
            return [str(copy)]
    return ["python", str(copy)] if copy.suffix == ".py" else [launch.find_shell(), str(copy)]
