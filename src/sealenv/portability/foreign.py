r"""Absolute paths that are not the environment's own: of other environments, builders and homes.

What is looked for begins as paths of people and build machines do: `/home/NAME`, `/Users/NAME`,
`C:\Users\NAME`, conda-build's `/croot` and `feedstock_root`, a placeholder that nobody replaced,
`/opt/conda` and its like; and with the folders in which this machine keeps environments. A path in the
documentation looks the same, so what matters is decided by where it stands (`classify`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote

__all__ = ["Foreign", "ForeignPath"]

_BUILDERS = (b"placehold_placehold", b"feedstock_root")
_STARTS = rb"home/|Users/|croot/|root/|opt/(?:conda|mamba|micromamba|mini|anaconda)"
_NAME = rb"[^\s\x00-\x1f\"'`<>|:;,*?()\[\]{}$&=#!@/\\\x7f]"
_NAMES = rb"(?:[/\\]+" + _NAME + rb"+)+"
_BEFORE = rb"(?:(?<![\w.~+%$)}\]/\\-])|(?<=-[IL])|(?<=file://))"
"""What is before a path and not part of a longer one, or of the address of a server."""
_BACKWARD = re.compile(rb"(?:[A-Za-z]:)?" + _NAMES + rb"[/\\]*\Z")
_REACH = 512
_LONGEST = 64
_BUILT = re.compile(
    r"(.*?(?:feedstock_root|/croot)(?=[/\\]|$)|.*?[^/\\]*?placehold)(?:_placehold)*[^/\\]*"
)
_TOOLS = re.compile(r"(/opt/(?:conda|mamba|miniconda|miniforge|mambaforge|anaconda)[^/]*)")
_HOME = re.compile(r"((?:[A-Za-z]:)?[/\\]+(?:home|Users)[/\\]+[^/\\]+|/root)(?=[/\\]|$)", re.I)
_USED = re.compile(rb"(?m)(?:^|(?<=['\"])|file://(?=/))(/[^'\"\n\r]+|[A-Za-z]:[\\/][^'\"\n\r]+)")
_ANY = re.compile(rb"(?<![\w.~+%$)}\]/\\-])/" + _NAME + rb"+(?:/+" + _NAME + rb"+)+")
_SYSTEM = (
    "/usr/",
    "/bin/",
    "/sbin/",
    "/lib/",
    "/lib64/",
    "/etc/",
    "/dev/",
    "/proc/",
    "/sys/",
)
"""What every machine has."""
_SHARED = frozenset({"shared", "public", "default"})


@dataclass(frozen=True)
class ForeignPath:
    """One such path in bytes."""

    start: int
    end: int
    whose: str
    """`environment`, `builder`, `home` or `outside`."""
    root: str
    """The environment, the home, the builder's folder; else the path."""


class Foreign:
    """What is looked for, on this machine.

    Args:
        home: of who asks.
        roots: folders that hold environments, absolute.
        is_environment: whether a folder is one.
        own: the environment that is audited, and where it was: what lies in them is not foreign.
    """

    def __init__(
        self,
        home: str,
        roots: Iterable[str],
        is_environment: Callable[[str], bool],
        own: Iterable[str] = (),
    ) -> None:
        self._own = tuple({path.replace("\\", "/").rstrip("/") + "/" for path in own})
        self._home = home.rstrip("/\\")
        self._is_environment = is_environment
        self._known: dict[str, bool] = {}
        texts, starts = [b"\\Users\\", *_BUILDERS], [_STARTS]
        drives = [rb"[\\/]+Users[\\/]"]
        for root in sorted({*roots, home}, key=lambda text: (-len(text), text)):
            place = root.replace("\\", "/").rstrip("/").encode("utf-8", "surrogateescape")
            if place.startswith(b"/"):
                starts.append(re.escape(place[1:]) + b"/")
            elif place[1:2] == b":":
                parts = place[2:].strip(b"/").split(b"/")
                texts += [separator.join(parts) for separator in (b"/", b"\\", b"\\\\")]
                drives.append(rb"[\\/]+" + rb"[\\/]+".join(map(re.escape, parts)) + rb"[\\/]")
        start = rb"/(?:" + b"|".join(starts) + rb")"
        self.texts = texts
        """For `host.reader.Wanted`, and the next two."""
        self.patterns = [start]
        self.longest = max([_LONGEST, *(len(s) + 2 for s in starts)])
        self._path = re.compile(
            _BEFORE + rb"(?:(?=" + start + rb")|[A-Za-z]:(?=" + b"|".join(drives) + rb"))" + _NAMES
        )
        self._start = re.compile(start)
        self._drive = re.compile(b":(?:" + b"|".join(drives) + b")")
        self._built = re.compile(b"|".join(_BUILDERS))
        self._rest = re.compile(rb"(?:[/\\]*" + _NAME + rb"+)+")

    def find(self, data: bytes) -> Iterator[ForeignPath]:
        """Every one in these bytes."""
        for start, end in self._spans(data):
            text = os.fsdecode(re.sub(rb"\\+", rb"\\", data[start:end])).rstrip(".")
            told = self._tell(text)
            if told:
                yield ForeignPath(start, end, *told)

    def _spans(self, data: bytes) -> Iterator[tuple[int, int]]:
        # What begins with one byte is found by memchr; an alternative in front is not.
        for candidates, offset in ((self._start, 0), (self._drive, 1)):
            last = 0
            for candidate in candidates.finditer(data):
                start = candidate.start() - offset
                if start < last or not (found := self._path.match(data, start)):
                    continue
                yield found.span()
                last = found.end()
        last = -1
        for found in self._built.finditer(data):
            if found.start() < last:
                continue
            rest = self._rest.match(data, found.start())
            before = _BACKWARD.search(data, max(found.start() - _REACH, 0), found.start())
            last = rest.end() if rest else found.end()
            if before and not self._path.match(data, before.start()):
                yield before.start(), last

    def find_any(self, data: bytes) -> Iterator[ForeignPath]:
        """Every path out of the environment in a file of which each path is used."""
        for found in _USED.finditer(data):
            text = os.fsdecode(re.sub(rb"\\+", rb"\\", found[1]))
            told = self.whose(unquote(text) if found[0].startswith(b"file:") else text)
            if told:
                yield ForeignPath(found.start(1), found.end(1), *told)

    def find_environments(self, data: bytes) -> Iterator[ForeignPath]:
        """Every environment of this machine that is named, wherever it is."""
        for found in _ANY.finditer(data):
            environment = None
            if told := self._tell(os.fsdecode(found[0])):
                environment = told[1] if told[0] == "environment" else None
            if environment:
                yield ForeignPath(*found.span(), "environment", environment)

    def whose(self, path: str) -> tuple[str, str] | None:
        """Whose an absolute path is, and where that begins; None: the environment's or the system's."""
        told = self._tell(path)
        if told or f"{path}/".replace("\\", "/").startswith((*self._own, *_SYSTEM)):
            return told
        return "outside", path

    def _tell(self, text: str) -> tuple[str, str] | None:
        if f"{unquote(text)}/".replace("\\", "/").startswith(self._own):
            return None
        environment = self._environment(text)
        if environment:
            return "environment", environment
        if text == self._home or text.startswith((f"{self._home}/", f"{self._home}\\")):
            return "home", self._home
        built = _BUILT.match(text) or _TOOLS.match(text)
        if built:
            return "builder", built[1]
        home = _HOME.match(text)
        if home is None or re.split(r"[/\\]", home[1])[-1].lower() in _SHARED:
            return None
        return ("home" if os.path.isdir(home[1]) else "builder"), home[1]

    def _environment(self, text: str) -> str | None:
        """The outermost environment that the path lies in."""
        parts = re.split(r"(?<=.)[/\\]", text)
        for end in range(2, min(len(parts), 12) + 1):
            folder = os.sep.join(parts[:end])
            if folder not in self._known:
                self._known[folder] = self._is_environment(folder)
            if self._known[folder]:
                return folder
        return None
