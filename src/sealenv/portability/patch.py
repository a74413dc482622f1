r"""Make files of a prefix relative, so that they find it by their own place.

conda and mamba write the path of the environment into some of their files (docs/reference/patches.md).
If the language of a file can find its own place, its lines are rewritten (`rules`): by `create` after
linking on Windows, by `audit --fix` on all platforms. A second run changes nothing. Files are replaced,
so hard links to them (in the package cache) keep their bytes.
"""

from __future__ import annotations

import fnmatch
import hashlib
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sealenv.errors import FilesystemError
from sealenv.fields import InPrefix, Sha256
from sealenv.layout import is_link, is_windows
from sealenv.portability.rules import POSIX_RULES, RULES, Rule, plain
from sealenv.system.files import read_regular, write_atomic

_LARGEST = 1 << 20
"""A larger file is not a script."""


@dataclass(frozen=True)
class Patched:
    """A file that was made relative.

    Attributes:
        path: of the file.
        before: its sha256 in the package.
        after: its sha256 now.
        what: what was made relative, for people.
    """

    path: InPrefix
    before: Sha256
    after: Sha256
    what: str


def rules_of(platform: str) -> tuple[Rule, ...]:
    """Return the rules for an environment of that platform."""
    return RULES if is_windows(platform) else POSIX_RULES


def patch_prefix(
    prefix: Path, platform: str, *, rules: Sequence[Rule] | None = None
) -> list[Patched]:
    """Make known files of a prefix relative.

    Args:
        prefix: the prefix.
        platform: its subdir.
        rules: the rules; by default those of `create`: all on Windows, none elsewhere.

    Raises:
        FilesystemError: a file cannot be read or replaced.
    """
    done = []
    for patched, after in _plan(prefix, platform, rules):
        path = prefix / patched.path
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
            write_atomic(path, after, mode=mode)
            path.chmod(mode)  # write_atomic applies the umask
        except OSError as error:
            raise _refused(path, error) from error
        done.append(patched)
    return done


def planned(prefix: Path, platform: str) -> list[Patched]:
    """Return what `patch_prefix` would do by all rules of the platform.

    Raises:
        FilesystemError: a file cannot be read.
    """
    return [patched for patched, _ in _plan(prefix, platform, rules_of(platform))]


def is_fixable(prefix: Path, relative: str, platform: str) -> bool:
    """Return whether a file of a prefix can be made relative."""
    if _rule_for(relative, platform) is None or is_link(prefix / relative):
        return False
    try:
        before = _read(prefix / relative)
    except OSError:
        return False
    return patch_bytes(relative, before, prefix, platform=platform) != before


def _plan(
    prefix: Path, platform: str, rules: Sequence[Rule] | None
) -> Iterator[tuple[Patched, bytes]]:
    """Yield each file that changes, and its new content."""
    if rules is None:
        rules = RULES if is_windows(platform) else ()
    for relative, rule in ((path, r) for r in rules for path in _glob(prefix, r.pattern)):
        try:
            before = _read(prefix / relative)
        except OSError as error:
            raise _refused(prefix / relative, error) from error
        after = patch_bytes(relative, before, prefix, rule)
        if after != before:
            yield Patched(relative, _sha256(before), _sha256(after), rule.what), after


def _read(path: Path) -> bytes:
    if os.path.getsize(path) > _LARGEST:
        return b""
    return read_regular(path)


def _refused(path: Path, error: OSError) -> FilesystemError:
    return FilesystemError(
        f"a file cannot be made relative: {error.strerror}", where=os.fspath(path)
    )


def patch_bytes(
    relative: str,
    content: bytes,
    prefix: Path,
    rule: Rule | None = None,
    *,
    platform: str = "win-64",
) -> bytes:
    """Return the new content of a file, by a rule or the first one of the platform for that file."""
    rule = rule or _rule_for(relative, platform)
    if rule is None:
        return content
    if rule.whole:
        places = {os.fsencode(prefix), os.fsencode(os.path.realpath(prefix))}
        return rule.whole(content, sorted(places))
    place = plain(os.fspath(prefix).encode("utf-8", "surrogateescape"))
    lines = re.split(rb"(\r?\n)", content)
    changed = False
    for number in range(0, len(lines), 2):
        new = rule.line(lines[number], place)
        changed = changed or new != lines[number]
        lines[number] = new
        if rule.first_only:
            break
    if not changed:
        return content
    if rule.crlf:
        lines[1::2] = [b"\r\n"] * len(lines[1::2])
    return b"".join(lines)


def _rule_for(relative: str, platform: str) -> Rule | None:
    return next((r for r in rules_of(platform) if _matches(relative, r.pattern)), None)


def _glob(prefix: Path, pattern: str) -> list[str]:
    """Return the regular files that match a pattern; no link is followed."""
    *parents, last = pattern.split("/")
    folder = prefix
    for part in parents:
        folder = folder / part
        if is_link(folder):
            return []
    try:
        with os.scandir(folder) as entries:
            names = [e.name for e in entries if e.is_file(follow_symlinks=False)]
    except OSError:
        return []
    return ["/".join([*parents, name]) for name in sorted(names) if _matches(name, last)]


def _matches(path: str, pattern: str) -> bool:
    if path.count("/") != pattern.count("/"):
        return False
    return fnmatch.fnmatchcase(path.lower(), pattern.lower())


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
