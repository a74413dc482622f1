"""What shells find for a name.

POSIX shells: the first executable plain file on PATH, in which an empty entry is the current folder
(Shell Command Language, 2.9.1.4). cmd.exe: the current folder, then each folder of PATH, and in a
folder the endings in the order of PATHEXT; a name with a dot is tried as it is first; a file without an
ending never runs. PowerShell: not the current folder, and `.ps1` before PATHEXT.
"""

from __future__ import annotations

import enum
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from sealenv.fields import Texts

__all__ = [
    "PATHEXT",
    "POSIX_BUILTINS",
    "Candidate",
    "Environment",
    "Kind",
    "Resolution",
    "Starts",
    "State",
    "posix_candidates",
    "ranked",
    "windows_candidates",
]


class State(enum.Enum):
    """What becomes of a candidate."""

    RUNS = "runs"
    SHADOWED = "shadowed"
    PASSED_OVER = "passed over"


class Kind(enum.Enum):
    """What a candidate is."""

    BUILTIN = "builtin"
    """A part of the shell: no file."""
    PROGRAM = "program"
    SCRIPT = "script"
    BATCH = "batch"
    DOCUMENT = "document"
    """Windows starts the program that its ending is associated with."""
    OTHER = "other"
    """A folder, a dangling link, what cannot be read."""


@dataclass(frozen=True)
class Environment:
    """An environment; its kind is `conda` or `venv`."""

    prefix: str
    kind: str


@dataclass(frozen=True)
class Starts:
    """A program that another one starts.

    Attributes:
        path: the program.
        exists: whether it exists.
        how: `interpreter`, `wrapper`, `launcher`, `link`; or `shell`, which runs a script without a
            first line.
    """

    path: str
    exists: bool
    how: str


@dataclass(frozen=True)
class Candidate:
    """A file, or a part of the shell itself.

    Attributes:
        path: the file; None: it is built into the shell.
        folder: the entry of PATH that it was found by, as it stands there; None: no entry.
        kind: what it is.
        because: why it runs, is shadowed or passed over.
        state: what becomes of it.
        owner: the package or distribution with its version, or `sealenv`.
        environment: the environment that contains it.
        starts: what it starts in the end; None: it is the program itself, or that is not known.
    """

    path: str | None
    folder: str | None
    kind: Kind
    because: str
    state: State = State.SHADOWED
    owner: str | None = None
    environment: Environment | None = None
    starts: Starts | None = None


def ranked(found: Iterable[Candidate], beside: str = "") -> list[Candidate]:
    """Return the candidates, with the first that can run as the one that runs.

    Args:
        found: in the shell's order. Those that cannot run are PASSED_OVER already; `because` of the
            others says why they would come first.
        beside: why a file is shadowed by one in the same folder.
    """
    result = []
    winner: Candidate | None = None
    for candidate in found:
        if candidate.state is not State.PASSED_OVER:
            if winner is None:
                winner = candidate = replace(candidate, state=State.RUNS)
            elif winner.path is None:
                candidate = replace(
                    candidate, because="the shell itself has a command of that name"
                )
            elif winner.folder == candidate.folder:
                candidate = replace(candidate, because=beside)
            else:
                candidate = replace(candidate, because="later on PATH")
        result.append(candidate)
    return result


@dataclass(frozen=True)
class Resolution:
    """What a command means, and why.

    Attributes:
        command: the word.
        shell: whose rules: `cmd`, `powershell` or `posix`.
        prefix: the environment that was named, or is active.
        found: whether something runs.
        candidates: in the shell's order.
        path: the entries of PATH.
        pathext: PATHEXT, of a shell on Windows.
        notes: what cannot be known outside of the shell.
        warnings: what is probably not wanted.
    """

    command: str
    shell: str
    prefix: str | None
    found: bool = field(init=False)
    candidates: tuple[Candidate, ...]
    path: tuple[str, ...]
    pathext: str | None
    notes: Texts = ()
    warnings: Texts = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "found", self.winner is not None)

    @property
    def winner(self) -> Candidate | None:
        """The candidate that runs."""
        return next((c for c in self.candidates if c.state is State.RUNS), None)


PATHEXT = ".COM;.EXE;.BAT;.CMD;.VBS;.VBE;.JS;.JSE;.WSF;.WSH;.MSC"
"""What Windows has in PATHEXT by default."""

_OF_POSIX = """
. : [ alias bg break cd command continue echo eval exec exit export false fg getopts hash jobs kill local
printf pwd read readonly return set shift test times trap true type ulimit umask unalias unset wait
"""
_OF_CMD = """
assoc break call cd chdir cls color copy date del dir dpath echo endlocal erase exit for ftype goto if
keys md mkdir mklink move path pause popd prompt pushd rd rem ren rename rmdir set setlocal shift start
time title type ver verify vol
"""
POSIX_BUILTINS = frozenset(_OF_POSIX.split())
"""Commands that bash, zsh and dash have themselves."""
_CMD_BUILTINS = frozenset(_OF_CMD.split())
_BESIDE = "one in the same folder has an ending that PATHEXT has earlier"
_KINDS = {
    ".com": Kind.PROGRAM,
    ".exe": Kind.PROGRAM,
    ".bat": Kind.BATCH,
    ".cmd": Kind.BATCH,
    ".ps1": Kind.SCRIPT,
}
_MAGIC = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
"""What programs of Linux and macOS begin with."""


def posix_candidates(name: str, folders: Sequence[str], cwd: str) -> list[Candidate]:
    """Return every candidate for a command, in the order of a POSIX shell.

    Args:
        name: the command word.
        folders: the entries of PATH.
        cwd: the current folder: what relative entries of PATH start from.
    """
    if "/" in name:
        path = os.path.join(cwd, name)
        named = _posix_file(path, None, "it is named by its path")
        gone = Candidate(path, None, Kind.OTHER, "there is no such file", State.PASSED_OVER)
        return ranked([named or gone])
    found: list[Candidate] = []
    if name in POSIX_BUILTINS:
        found.append(Candidate(None, None, Kind.BUILTIN, "built into the shell"))
    for entry in dict.fromkeys(folders):
        why = "first on PATH" if os.path.isabs(entry) else "PATH names the current folder"
        candidate = _posix_file(os.path.join(cwd, entry, name), entry, why)
        if candidate:
            found.append(candidate)
    return ranked(found)


def _posix_file(path: str, folder: str | None, why: str) -> Candidate | None:
    """Return the candidate that a path is; None: there is nothing."""
    kind = Kind.OTHER
    reason = None
    try:
        status = os.stat(path)
    except OSError as error:
        if not os.path.islink(path):
            if isinstance(error, FileNotFoundError | NotADirectoryError):
                return None
            reason = f"it cannot be read: {error.strerror}"
        else:
            reason = f"a link that leads nowhere: {os.readlink(path)}"
    else:
        if stat.S_ISDIR(status.st_mode):
            reason = "it is a folder"
        elif not stat.S_ISREG(status.st_mode):
            reason = "it is not a plain file"
        else:
            kind = _posix_kind(path)
            if not os.access(path, os.X_OK):
                reason = f"it is not executable (mode {stat.S_IMODE(status.st_mode):04o})"
    if reason:
        return Candidate(path, folder, kind, reason, State.PASSED_OVER)
    return Candidate(path, folder, kind, why)


def _posix_kind(path: str) -> Kind:
    try:
        with open(path, "rb") as file:
            return Kind.PROGRAM if file.read(4).startswith(_MAGIC) else Kind.SCRIPT
    except OSError:
        return Kind.PROGRAM  # executable, but not readable


def windows_candidates(
    name: str,
    folders: Sequence[str],
    pathext: str = PATHEXT,
    *,
    cwd: str | None,
    shell: str = "cmd",
) -> list[Candidate]:
    """Return every candidate for a command, in the order of a shell on Windows.

    Args:
        name: the command word, without quotes.
        folders: the entries of PATH, as this machine spells them: an environment for Windows may lie on
            Linux.
        pathext: PATHEXT.
        cwd: the current folder; None: the shell does not look there, or it is not known.
        shell: `cmd` or `powershell`.
    """
    endings = [end.lower() for end in pathext.split(";") if end]
    if shell == "powershell":
        endings.insert(0, ".ps1")
    if any(mark in name for mark in "\\/:"):
        native = name.replace("\\", os.sep)
        folder, base = os.path.split(os.path.join(cwd or os.getcwd(), native))
        named = _windows_files(folder, None, base, endings, shell, "it is named by its path")
        return ranked(named, _BESIDE)
    found: list[Candidate] = []
    if shell == "cmd" and name.lower() in _CMD_BUILTINS:
        found.append(Candidate(None, None, Kind.BUILTIN, "built into cmd.exe"))
    if shell == "cmd" and cwd:
        why = "cmd.exe looks into the current folder first"
        found += _windows_files(cwd, cwd, name, endings, shell, why)
    seen = {_key(cwd)} if shell == "cmd" and cwd else set()
    for entry in folders:
        folder = entry.strip().strip('"')
        if folder and _key(folder) not in seen:
            seen.add(_key(folder))
            found += _windows_files(folder, entry, name, endings, shell, "first on PATH")
    return ranked(found, _BESIDE)


def _key(folder: str) -> str:
    return os.path.normcase(folder.rstrip("\\/"))


def _windows_files(
    folder: str, entry: str | None, name: str, endings: Iterable[str], shell: str, why: str
) -> Iterator[Candidate]:
    """Yield the candidates of one folder; names are compared without case, as Windows does."""
    folded = name.casefold()
    try:
        with os.scandir(folder) as entries:
            near = {e.name.casefold(): e for e in entries if e.name.casefold().startswith(folded)}
    except OSError:
        return
    order = [*([folded] if "." in name else []), *(folded + end for end in endings)]
    for key in dict.fromkeys(order):
        if key in near:
            yield _windows_file(near[key], entry, why, shell)
    passed = {folded: "it has no ending", f"{folded}.ps1": "only PowerShell starts .ps1"}
    for key, reason in passed.items():
        if key in near and key not in order:
            because = f"{reason}: {shell} does not start it"
            yield Candidate(near[key].path, entry, Kind.OTHER, because, State.PASSED_OVER)


def _windows_file(found: os.DirEntry[str], entry: str | None, why: str, shell: str) -> Candidate:
    if not os.path.isfile(found.path):
        reason = "it is a folder" if found.is_dir() else "a link that leads nowhere"
        return Candidate(found.path, entry, Kind.OTHER, reason, State.PASSED_OVER)
    ending = os.path.splitext(found.name)[1].lower()
    kind = _KINDS.get(ending, Kind.DOCUMENT)
    if shell == "cmd" and ending == ".ps1":
        reason = "only PowerShell starts .ps1: cmd does not start it"
        return Candidate(found.path, entry, kind, reason, State.PASSED_OVER)
    if kind is Kind.DOCUMENT:
        why = f"{why}; {shell} opens it with what {ending} is associated with"
    return Candidate(found.path, entry, kind, why)
