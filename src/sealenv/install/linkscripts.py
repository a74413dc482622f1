"""Post-link scripts (CEP 34: they MUST run), in a clean process with a HOME of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sealenv.activation.launch import find_shell
from sealenv.activation.winlaunch import command_processor
from sealenv.errors import LinkScriptError
from sealenv.gates.whitelist import private_folders
from sealenv.layout import bin_dirs, is_windows
from sealenv.locks import Lock, LockedPackage
from sealenv.system.process import clean_home, run_quietly

__all__ = ["MESSAGES", "find_link_scripts", "run_link_scripts"]

MESSAGES = ".messages.txt"


def find_link_scripts(prefix: Path, lock: Lock) -> list[tuple[LockedPackage, Path]]:
    """The post-link scripts that are in the prefix, dependencies first."""
    return [
        (package, path)
        for package in lock.packages
        if (path := _script(prefix, lock.platform, package)).is_file()
    ]


def run_link_scripts(
    prefix: Path, lock: Lock, environ: Mapping[str, str], *, keep_fd: int | None = None
) -> tuple[list[str], str]:
    """Run them one after the other.

    Args:
        prefix: the linked prefix.
        lock: what was linked, dependencies first.
        environ: a clean environment.
        keep_fd: see `run_quietly`.

    Returns:
        the names of the packages whose script ran, and what the scripts want the user to know.

    Raises:
        LinkScriptError: one failed; the rest did not run.
    """
    scripts = find_link_scripts(prefix, lock)
    if not scripts:
        return [], ""
    windows = is_windows(lock.platform)
    messages = prefix / MESSAGES
    with clean_home() as home:
        for package, script in scripts:
            env = _environ(environ, prefix, lock.platform, package, home)
            # cmd.exe gets it as a relative path: that of the prefix may hold what it cannot quote.
            local = f".\\{script.relative_to(prefix)}"
            command = (
                [command_processor(env), "/d", "/c", local]
                if windows
                else [find_shell(), str(script)]
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
    text = ""
    if messages.is_file():
        text = messages.read_text(encoding="utf-8", errors="replace")
        messages.unlink()  # as conda does after showing it
    return [package.name for package, _ in scripts], text


def _script(prefix: Path, platform: str, package: LockedPackage) -> Path:
    if is_windows(platform):
        return prefix / "Scripts" / f".{package.name}-post-link.bat"
    return prefix / "bin" / f".{package.name}-post-link.sh"


def _environ(
    environ: Mapping[str, str], prefix: Path, platform: str, package: LockedPackage, home: Path
) -> dict[str, str]:
    """What conda's core/link.py gives these scripts, with a HOME of their own."""
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
