"""Run post-link scripts of packages (CEP 34) in a clean process with a HOME of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from sealenv.activation import launch
from sealenv.errors import LinkScriptError
from sealenv.gates.admission import command_processor, private_folders
from sealenv.layout import bin_dirs, is_windows
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
