"""The standalone script that makes one environment from a lock, without solving.

It has the steps of the bootstrap script and shares its parts (`templates/sh`, `templates/bat`). The
packages are listed inside, each with its sha256.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from sealenv.bootstrap.scripts import (
    MACHINES,
    PINNED,
    PROGRAMS,
    USE,
    PinnedMicromamba,
    fill,
    help_lines,
)
from sealenv.errors import SpecError
from sealenv.layout import is_windows
from sealenv.locks import Lock, LockedPackage, LockedWheel
from sealenv.naming import check_name
from sealenv.quoting import QUOTE

KINDS = ("bat", "sh")


def platforms_for(kind: str, platforms: Sequence[str]) -> tuple[str, ...]:
    """Return those of the platforms on which this kind of script works."""
    return tuple(p for p in platforms if p in PINNED.sha256 and is_windows(p) == (kind == "bat"))


def render_rebuild(
    kind: str,
    locks: Sequence[Lock],
    name: str,
    micromamba: PinnedMicromamba,
    *,
    carried: bool = False,
) -> bytes:
    """Return the script for one environment.

    Args:
        kind: `bat`, for cmd.exe, or `sh`, for a POSIX shell.
        locks: the packages, one lock for each platform on which this kind of script works.
        name: the default name of the environment.
        micromamba: its release and digests. For a platform without a digest, the script downloads the
            default release.
        carried: the packages are files beside the script, as in a bundle, and so is micromamba for the
            platforms that have a digest.

    Raises:
        SpecError: a lock is empty, has wheels and no pip, or has text that cannot be in a script.
        UsageError: the name is not allowed.
    """
    for lock in locks:
        _check(lock)
    check_name(name)
    if kind == "bat" and not name.isascii():
        raise SpecError(
            "the name cannot be written into a .bat: it is not ASCII",
            details=[repr(name)],
            hint="choose another one: --name NAME",
        )
    platforms = [lock.platform for lock in locks]
    packages = [(lock.platform, [_package(kind, p) for p in lock.packages]) for lock in locks]
    wheels = [(lock.platform, [_wheel(w) for w in lock.wheels]) for lock in locks]
    digests = {**PINNED.sha256, **micromamba.sha256}
    beside = [p for p in platforms if carried and p in micromamba.sha256]
    texts = {
        "NAME": name if kind == "bat" else QUOTE["sh"](name),
        "MICROMAMBA": micromamba.version,
        "OFFLINE": " --offline" if carried else "",
        "CACHE_OF_RUN": "cache_of_run" if carried else "pkgs",
        "PACKAGES": _lists(kind, "package", packages),
        "WHEELS": _lists(kind, "wheel", wheels),
        "PLATFORMS": ", ".join(platforms),
        "NONE": f"packages are listed for {', '.join(platforms)}, not",
        "HELP": help_lines(kind, "rebuild.txt", NAME=name),
    }
    if kind == "sh":
        machines = [_machine(lock, digests[lock.platform], beside) for lock in locks]
        texts["MACHINES"] = "\n".join(machines)
    else:
        texts |= _steps_of_bat(locks[0], digests["win-64"], carried=carried)
    without = _left_out(kind, locks, beside=bool(beside), carried=carried)
    return fill(f"rebuild.{kind}", texts, without)


def _left_out(kind: str, locks: Sequence[Lock], *, beside: bool, carried: bool) -> list[str]:
    """Return the sections of the template that these packages do not need."""
    without = ["activation"]
    without += [] if beside else ["beside"]
    without += ["micromamba"] if beside and kind == "bat" else []
    without += ["download"] if beside and kind == "bat" else []
    without += [] if any(lock.wheels for lock in locks) else ["wheels", "pip"]
    without += ["download_wheel"] if carried else ["carried", "clean", "copy_wheel", "script"]
    without += [] if _uses_cache(locks) else ["pkgs"]
    without += [] if any(lock.find("python") for lock in locks) else ["patch", "program", "prove"]
    return without


def _steps_of_bat(lock: Lock, digest: str, *, carried: bool) -> dict[str, str]:
    """The lines of a .bat that depend on what is installed."""
    tools = [tool for tool in PROGRAMS if lock.find(tool)]
    python = ["patch", "prove"] if "python" in tools else []
    wheels = ["install_wheels"] if lock.wheels else []
    cache = ["fill_cache"] if carried else []
    pkgs = ["link_pkgs"] if _uses_cache([lock]) else []
    steps = ["empty", *cache, "run_micromamba", *pkgs, *wheels, *python]
    return {
        "DIGEST": digest,
        "COUNT": str(len(lock.packages)),
        "PROGRAMS": " ".join(PROGRAMS[tool] for tool in tools),
        "MAKE": " && ".join(f"call :{step}" for step in steps),
        "GET_WHEELS": "call :get_wheels || goto :end" if lock.wheels else "",
        "USE": USE if "mamba" in tools else _USE_PATH,
    }


def _uses_cache(locks: Iterable[Lock]) -> bool:
    """Whether an environment has conda or mamba, which look for packages in its `pkgs`."""
    return any(lock.find(tool) for lock in locks for tool in ("conda", "mamba"))


_USE_PATH = r'set "PATH=%SB_PREFIX%;%SB_PREFIX%\Library\bin;%SB_PREFIX%\Scripts;%%PATH%%"'
"""How to use an environment without mamba in cmd.exe."""


def _check(lock: Lock) -> None:
    if not lock.packages:
        raise SpecError(f"nothing is locked for {lock.platform}", hint="lock something first")
    if lock.wheels and not (lock.find("pip") and lock.find("python")):
        raise SpecError(
            "the lock has wheels, but no pip to install them",
            hint="add pip to the packages and lock again",
        )


_WORD = {
    "archive": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+!-]{0,210}\.(conda|tar\.bz2|whl)", re.ASCII),
    "sha256": re.compile(r"[0-9a-f]{64}", re.ASCII),
    "URL": re.compile(r"(https?|file)://(?!.*/t/)[A-Za-z0-9._~:/!+,=%-]{1,2000}", re.ASCII),
    "project": re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}", re.ASCII),
    "version": re.compile(r"[0-9][A-Za-z0-9._+!-]{0,100}", re.ASCII),
}
"""What a lock may put into a script. A match is text, never a command, in a here-document and in a line
of a .bat that is not run; and a URL has no credentials, neither USER@ nor /t/TOKEN."""


def _package(kind: str, package: LockedPackage) -> str:
    """FILE SHA256 URL; in a .bat the name and the extension of FILE are two words."""
    words = _words(archive=package.fn, sha256=package.sha256, URL=package.url)
    return re.sub(r"(\.conda|\.tar\.bz2) ", r" \1 ", words, count=1) if kind == "bat" else words


def _wheel(wheel: LockedWheel) -> str:
    """FILE SHA256 URL NAME VERSION."""
    return _words(
        archive=wheel.fn,
        sha256=wheel.sha256,
        URL=wheel.url,
        project=wheel.name,
        version=wheel.version,
    )


def _words(**words: str) -> str:
    for kind, word in words.items():
        if not _WORD[kind].fullmatch(word):
            credentials = kind == "URL" and ("@" in word or "/t/" in word)
            raise SpecError(
                "a URL has credentials, which must not be written to a file"
                if credentials
                else f"this {kind} cannot be written into a script",
                details=[] if credentials else [repr(word)],
                hint="check where the lock came from; nothing was written",
            )
    return " ".join(words.values())


def _lists(kind: str, what: str, lists: Iterable[tuple[str, list[str]]]) -> str:
    """The lines as data: in sh a function prints them, in a .bat they follow the last command."""
    if kind == "bat":
        return "\n".join(f"rem ={what}= {line}" for _, lines in lists for line in lines)
    return "\n".join(
        "\n".join([f"{platform})", "cat <<'END'", *lines, "END", ";;"])
        for platform, lines in lists
        if lines
    )


def _machine(lock: Lock, digest: str, beside: Collection[str]) -> str:
    """For the .sh: the digest of micromamba, the tools to prove, and whether micromamba is carried."""
    tools = [tool for tool in ("python", "conda", "mamba") if lock.find(tool)]
    lines = [f"    {MACHINES[lock.platform]})"]
    lines.append(f"        subdir={lock.platform} tools='{' '.join(tools)}'")
    lines.append(f"        sha256={digest}")
    if beside:
        lines.append(f"        beside={'yes' if lock.platform in beside else ''}")
    return "\n".join([*lines, "        ;;"])
