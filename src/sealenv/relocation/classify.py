"""What a path in a file means: does something break where it is not re-written, and who can do it?

*Matters* says that something breaks after a move. In doubt it matters.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

from sealenv.layout import HISTORY, META, SEAL, USER_FOLDER
from sealenv.relocation.edits import Hints
from sealenv.relocation.finding import PathFinding

__all__ = ["HEAD", "SHIPPED", "Held", "Owner", "classify", "is_launcher"]

SHIPPED = "its package ships it with these bytes: they do not mean this environment"
"""Why `move` leaves a file: see `Owner.shipped`."""

HEAD = 8192
"""Bytes at the beginning of a file that are looked at: its kind, its first line."""

_ENTRY_POINTS = frozenset(
    {
        "unix_python_entry_point",
        "windows_python_entry_point_script",
        "windows_python_entry_point_exe",
    }
)
_DOCUMENTS = re.compile(
    r"(?:share/(?:doc|man|info|licenses|gtk-doc)|man|info|doc|docs|Library/(?:share/)?(?:doc|man))/|"
    r".*(?:\.log|\.md|\.rst|\.html?|\.ipynb|\.[1-9]|/(?:tests?|testing|examples?)/[^/]+)\Z"
)
_EDITABLE = re.compile(r"__editable__[^/]*\.py\Z|__editable___[^/]*_finder\.py\Z")


@dataclass(frozen=True)
class Owner:
    """The package that a file belongs to.

    Attributes:
        name: a package or a distribution; None: of none.
        path_type: what the package's record calls it (CEP 34).
        placeholder: what the record says was replaced in it.
        file_mode: `text` or `binary`, likewise.
        shipped: sha256 (hex) of what it is in packages that have no path to put into it.
        ours: sealenv writes it.
    """

    name: str | None = None
    path_type: str = ""
    placeholder: str | None = None
    file_mode: str | None = None
    shipped: tuple[str, ...] = ()
    ours: bool = False

    @property
    def hints(self) -> Hints:
        """For who rewrites the file, as `move` has them."""
        if not self.placeholder:
            return Hints()
        return Hints(self.file_mode, len(self.placeholder.encode("utf-8", "surrogateescape")))


@dataclass(frozen=True)
class Held:
    """One path in one file, or in the text of a link.

    Attributes:
        path: of the file.
        whose: see `finding.WHOSE`.
        found: the path.
        forms: how it is written -> how often.
        head: the first `HEAD` bytes of the file.
        link: it is a link.
        with_source: of compiled Python: the source beside it holds the path too, or there is none.
        runs: the file is executable, or Windows would run it.
        interpreter: the path is in the line that names the interpreter, of a script or a launcher.
    """

    path: str
    whose: str
    found: str
    forms: dict[str, int]
    head: bytes = b""
    link: bool = False
    with_source: bool = True
    runs: bool = False
    interpreter: bool = False

    @property
    def binary(self) -> bool:
        """Whether a length must not change."""
        return b"\0" in self.head

    @property
    def launcher(self) -> bool:
        """Whether it is a program of Windows that may start a script."""
        return self.head.startswith(b"MZ") and is_launcher(self.path)


def is_launcher(path: str) -> bool:
    """Whether a program of that name may start a script: what it holds may be compressed."""
    path = path.lower()
    return path.startswith("scripts/") and path.endswith(".exe")


def classify(held: Held, owner: Owner, mend: str = "move", unmended: str = "") -> PathFinding:
    """What is to be said of it.

    Args:
        held: the path, and the file that holds it.
        owner: of the file.
        mend: what can be done about it (`finding.MENDS`).
        unmended: why not more.
    """
    kind, matters, why = _judge(held, owner)
    if unmended == SHIPPED:
        matters, why = False, SHIPPED
    elif matters and unmended:
        why = f"{why}, and {unmended}"
    return PathFinding(
        held.path, "sealenv" if owner.ours else owner.name, kind, held.whose, held.found, held.forms,
        matters, why, mend, _room(held, owner) if mend in ("move", "length") else None,
    )  # fmt: skip


def _judge(held: Held, owner: Owner) -> tuple[str, bool, str]:
    """Kind, whether the environment's own path matters there, and why."""
    path, name = held.path, posixpath.basename(held.path)
    if held.link:
        return "link", True, "the link would lead to the old place"
    if path == SEAL:
        return "record", True, "activation and run refuse an environment that is not where it says"
    if path.startswith(f"{META}/"):
        if path == HISTORY:
            return "record", False, "it tells what was done then"
        return "record", False, "it tells where the package came from"
    if owner.ours:
        return "installer", True, "the script refuses at another place"
    about = _about_distribution(path, name)
    if about:
        return about
    if path.startswith(f"{USER_FOLDER}/") and not (held.interpreter and held.runs):
        return "data", False, "it is yours: nothing in it is ever changed"
    kind = "installer" if owner.path_type in _ENTRY_POINTS or held.launcher else "data"
    kind = "placeholder" if owner.placeholder else kind
    if path.endswith((".pyc", ".pyo")):
        if held.with_source:
            return "compiled", True, "its source holds the path too, or is not there"
        return (
            "compiled",
            False,
            "Python writes it again, and puts in the right name when it imports it",
        )
    if held.interpreter and not held.launcher:
        shown = kind if kind == "placeholder" else "installer"
        if held.runs:
            return shown, True, "it does not start without its interpreter"
        return shown, False, "it is not a program of its own: nothing reads its first line"
    if held.launcher:
        return kind, True, "it does not start without its interpreter"
    if owner.placeholder:
        what = "program or library" if held.binary else "file"
        return kind, True, f"its package needs the path in this {what}"
    if kind == "installer":
        return kind, True, "the entry point holds the path"
    if _DOCUMENTS.match(path):
        return kind, False, "it is for people to read"
    return kind, True, "nobody says what reads it: it may be needed"


def _about_distribution(path: str, name: str) -> tuple[str, bool, str] | None:
    """What pip and setuptools wrote about what they installed."""
    folder = posixpath.basename(posixpath.dirname(path))
    if folder.endswith((".dist-info", ".egg-info")):
        if name == "RECORD":
            return "record", True, "pip uninstalls by it"
        return "record", False, "it tells where the distribution came from"
    if name.endswith((".pth", ".egg-link")) or _EDITABLE.match(name):
        return "installer", True, "Python imports from there"
    return None


def _room(held: Held, owner: Owner) -> int | None:
    """How long the new path may be."""
    if held.link or held.launcher or not held.binary or held.path.endswith((".pyc", ".pyo")):
        return None
    if owner.placeholder:
        return len(owner.placeholder.encode("utf-8", "surrogateescape"))
    return len(held.found.encode("utf-8", "surrogateescape"))
