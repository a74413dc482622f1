"""The standalone script that rebuilds one environment: the bootstrap script with the packages pinned.

Same gate, same target, same micromamba, but nothing is solved: the list is inside, with each sha256.
It is made from the same parts (`templates/sh`, `templates/bat`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sealenv._version import __version__
from sealenv.bootstrap.filling import fill, gate_lines, help_lines, option_words
from sealenv.bootstrap.releases import SUBDIRS
from sealenv.bootstrap.relocating import RELOCATING
from sealenv.bootstrap.words import digest_word, name_word, package_words, wheel_words
from sealenv.errors import SpecError, UsageError
from sealenv.layout import is_windows
from sealenv.locks import Lock
from sealenv.quoting import QUOTE

__all__ = ["KINDS", "PinnedMicromamba", "platforms_for", "render_rebuild"]

KINDS = ("bat", "sh")
_OPTIONS = ("prefix", "micromamba", "sha256", "post")


@dataclass(frozen=True)
class PinnedMicromamba:
    """Which micromamba a script uses.

    Attributes:
        version: VERSION-BUILD of the release that it is downloaded from.
        sha256: the digest of the executable, by subdir. For a platform that is not there, who runs the
            script has to name an executable and its digest.
    """

    version: str
    sha256: Mapping[str, str] = field(default_factory=dict)


def platforms_for(kind: str, platforms: Sequence[str]) -> tuple[str, ...]:
    """Those of the platforms for which this kind of script can be: where there is a micromamba."""
    return tuple(p for p in platforms if p in SUBDIRS and is_windows(p) == (kind == "bat"))


def render_rebuild(
    kind: str,
    locks: Sequence[Lock],
    name: str,
    micromamba: PinnedMicromamba,
    *,
    carried: bool = False,
) -> bytes:
    """The script for one environment.

    Args:
        kind: `bat`, for cmd.exe, or `sh`, for a POSIX shell.
        locks: what is installed, one for each platform that the script shall work on.
        name: how the environment is called where nothing else is said.
        micromamba: what links.
        carried: everything lies beside the script, as in a bundle: it uses no network.

    Raises:
        SpecError: a lock holds what cannot stand in a script, nothing, or wheels and no pip.
        UsageError: no script of this kind is for the platform, or the name is none.
    """
    for lock in locks:
        if lock.platform not in platforms_for(kind, [lock.platform]):
            raise UsageError(
                f"no .{kind} script works on {lock.platform}",
                hint=f"there is micromamba for {', '.join(platforms_for(kind, SUBDIRS))}",
            )
        if not lock.packages:
            raise SpecError(f"nothing is locked for {lock.platform}", hint="lock something first")
        if lock.wheels and not (lock.find("pip") and lock.find("python")):
            raise SpecError(
                "there are wheels in the lock, and no pip that could install them",
                hint="add pip to the packages and lock again",
            )
    name = name_word(name, kind)
    shown = "the one beside" if carried else f"release {micromamba.version}"
    makers: dict[str, Callable[[], str]] = {
        "VERSION": lambda: __version__,
        "NAME": lambda: name if kind == "bat" else QUOTE["sh"](name),
        "MICROMAMBA": lambda: micromamba.version,
        "CARRIED": lambda: "yes" if carried else "",
        "PACKAGES": lambda: _lists(kind, "package", _packages(locks)),
        "WHEELS": lambda: _lists(kind, "wheel", _wheels(locks)),
        "PLATFORMS": lambda: ", ".join(lock.platform for lock in locks),
        "PROOFS": lambda: "\n".join(_proof(kind, lock) for lock in locks),
        "DIGESTS": lambda: _digests(kind, locks, micromamba),
        "COUNT": lambda: str(len(locks[0].packages)),
        "GATE": lambda: gate_lines(kind),
        "HELP": lambda: help_lines(
            kind, "rebuild.txt", {"SCRIPT": f"SCRIPT.{kind}", "NAME": name, "MICROMAMBA": shown}
        ),
        **option_words(kind, _OPTIONS),
        **RELOCATING,
    }
    return fill(f"rebuild.{kind}", makers)


def _packages(locks: Sequence[Lock]) -> dict[str, list[str]]:
    return {lock.platform: [package_words(p) for p in lock.packages] for lock in locks}


def _wheels(locks: Sequence[Lock]) -> dict[str, list[str]]:
    return {lock.platform: [wheel_words(w) for w in lock.wheels] for lock in locks}


def _lists(kind: str, what: str, lines: Mapping[str, Sequence[str]]) -> str:
    """The lines as data: in sh what a function of the script prints, in a .bat lines behind its end."""
    if kind == "bat":
        return "\n".join(f"rem ={what}= {line}" for each in lines.values() for line in each)
    cases = [
        "\n".join([f"{platform})", "cat <<'END'", *each, "END", ";;"])
        for platform, each in lines.items()
        if each
    ]
    return "\n".join(cases) or "# nothing"


def _proof(kind: str, lock: Lock) -> str:
    """What has to answer in the end; exact versions are in the records, which are compared before."""
    found = lock.find("python")
    python = ".".join(found.version.split(".")[:2]) if found else ""
    if not all(part.isdigit() for part in python.split(".") if python):
        raise SpecError(f"python {python!r} is no version of python")
    tools = [tool for tool in ("conda", "mamba") if lock.find(tool)]
    if kind == "bat":
        there = [*(["python"] if found else []), *tools]
        words = [f'set "SB_HAS_{tool.upper()}=1"' for tool in there]
        return "\n".join([f'set "SB_PYTHON={python}"', *words])
    return f"    {lock.platform}) python='{python}' tools='{' '.join(tools)}' ;;"


def _digests(kind: str, locks: Sequence[Lock], micromamba: PinnedMicromamba) -> str:
    known = {p: digest_word(d) for p, d in micromamba.sha256.items() if p in _platforms(locks)}
    if kind == "bat":
        return f'set "SB_EXPECTED={known.get("win-64", "")}"'
    lines = [f"        {platform}) expected={digest} ;;" for platform, digest in known.items()]
    return "\n".join(lines) or "        # none is known"


def _platforms(locks: Sequence[Lock]) -> list[str]:
    return [lock.platform for lock in locks]
