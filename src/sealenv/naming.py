"""Check names and paths of environments before anything is written."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

from sealenv.errors import UsageError
from sealenv.layout import is_windows

_PYTHON = re.compile(r"\d{1,3}(\.\d{1,4}){0,2}", re.ASCII)
_RESERVED_NAMES = frozenset({"base", "root"})  # conda refuses both as the last part of a prefix
_WINDOWS_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", *(f"com{i}" for i in range(10)), *(f"lpt{i}" for i in range(10))}
)
_LONGEST_ON_WINDOWS = 200
"""Characters: cmd.exe and launchers do not support long paths, and files below need some."""
_PUNCTUATION = frozenset(" _-.+@,()=~")
"""The characters of a name that are neither letters nor digits."""
_REFUSED_IN_A_PATH = frozenset(":;\"'$`\\")
"""These split a PATH, or packages write them unquoted into shebang lines and scripts."""
_REFUSED_ON_WINDOWS = frozenset(';%!^"*?<>|')


def shown(text: str) -> str:
    """Quote a word for this system's shell, for messages only."""
    if os.name != "nt":
        return shlex.quote(text)
    # Windows allows no quotes in file names.
    return text if re.fullmatch(r"[\w.:\\/-]+", text) else f'"{text}"'


def printable(text: str, *, path: bool = False) -> str:
    """Escape characters that would affect a terminal, such as control characters.

    Each byte of their UTF-8 becomes `\\xNN` (docs/reference/fingerprint.md).

    Args:
        text: may hold surrogates for bytes that are not UTF-8.
        path: also escape the backslash, which is part of a name in a prefix.
    """
    if text.isprintable() and not (path and "\\" in text):
        return text
    return "".join(
        c if c.isprintable() and not (path and c == "\\") else _as_bytes(c) for c in text
    )


def _as_bytes(character: str) -> str:
    escape = "surrogateescape" if "\udc80" <= character <= "\udcff" else "surrogatepass"
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", escape))


def digests_apart(one: str, other: str) -> tuple[str, str]:
    """Shorten two hexadecimal digests, if they still differ."""
    if one[:12] == other[:12]:
        return one, other
    return f"{one[:12]}...", f"{other[:12]}..."


def parse_python_version(text: object) -> str:
    """Check a version such as `3.12` or `3.12.4`, and return it.

    Raises:
        UsageError: it is something else, such as a MatchSpec.
    """
    if not isinstance(text, str):
        raise UsageError(
            f"a Python version must be a string, not {text!r}",
            hint='quote it, such as "3.12": the number 3.10 is 3.1',
        )
    if not _PYTHON.fullmatch(text):
        raise UsageError(
            f"{text!r} is not a Python version",
            hint="use 3.12 or 3.12.4; for a range: 'python >=3.10,<3.13'",
        )
    return text


def environment_folder(name: str, python: str | None) -> str:
    """Return the folder name: `my_env` and `3.12` -> `my_env_3_12`."""
    return f"{name}_{python.replace('.', '_')}" if python else name


def check_name(name: str, where: str | None = None) -> None:
    """Refuse names that are not valid on every platform.

    Args:
        name: the name.
        where: the file and line of the name, if it was not typed.

    Raises:
        UsageError: with the character and the reason.
    """
    fault = None
    if strange := next((c for c in name if not _is_allowed(c)), None):
        fault = f"contains {strange!r}"
    elif not name or name != name.strip() or name[0] in "-~" or name[-1] == ".":
        fault = "must not be empty, begin with '-', '~' or a space, or end with a space or a dot"
    elif name.lower() in _RESERVED_NAMES:
        fault = "is reserved: it is the name of conda's own root"
    elif name.split(".")[0].lower() in _WINDOWS_DEVICES:
        fault = "is a device name on Windows"
    if fault:
        raise UsageError(
            f"the name {name!r} {fault}",
            where=where,
            hint="use letters of any alphabet, digits, spaces and _-.+@,()=~",
        )


def _is_allowed(character: str) -> bool:
    """Return whether it is a letter (with its marks), a digit, or in the list."""
    import unicodedata

    return character in _PUNCTUATION or unicodedata.category(character)[0] in "LMN"


def check_prefix(
    prefix: Path, platform: str, hint: str = "choose another folder with -p or SEALENV_ENVS"
) -> None:
    """Refuse a path that conda or a PATH variable does not support.

    Args:
        prefix: the path.
        platform: the subdir of the environment.
        hint: how to choose another one.

    Raises:
        UsageError: with the character and the reason.
    """
    text = os.fspath(prefix)
    refused = frozenset[str]() if os.name == "nt" else _REFUSED_IN_A_PATH
    if is_windows(platform):  # also if it is created on another system
        refused |= _REFUSED_ON_WINDOWS
    if strange := next((c for c in text if c in refused or not c.isprintable()), None):
        raise UsageError(
            f"the path {text!a} contains {strange!r}, which a PATH or the scripts of packages do not "
            "support",
            hint=hint,
        )
    if prefix.name.lower() in _RESERVED_NAMES:
        raise UsageError(
            f"conda refuses a prefix with the name {prefix.name!r}",
            where=text,
            hint="choose another folder name",
        )
    if os.name == "nt" and is_windows(platform):
        _check_on_windows(text, hint)
    if prefix == prefix.parent:
        raise UsageError(
            "the root of a file system cannot be an environment",
            where=text,
            hint="choose a folder below it",
        )


def check_windows_parts(text: str, where: str | None = None) -> None:
    """Refuse folder names that are devices on Windows or that it would change.

    Args:
        text: the path as typed; functions of Windows would remove such endings.
        where: the whole path, if the text is a part of it.

    Raises:
        UsageError: with the part and the reason.
    """
    for part in text.replace("/", "\\").split("\\"):
        is_device = part.split(".")[0].strip().lower() in _WINDOWS_DEVICES
        if is_device or (part not in {".", ".."} and part != part.rstrip(" .")):
            raise UsageError(
                f"{part!r} is a device name on Windows"
                if is_device
                else f"{part!r} ends with a dot or a space, which Windows removes",
                where=where or text,
                hint="choose another folder",
            )


def _check_on_windows(text: str, hint: str) -> None:
    """Refuse long paths, and characters outside the ANSI code page, which launchers use."""
    if len(text) > _LONGEST_ON_WINDOWS:
        raise UsageError(
            f"the path has {len(text)} characters; cmd.exe allows at most {_LONGEST_ON_WINDOWS}, "
            "whatever the value of LongPathsEnabled",
            where=text,
            hint=f"{hint}: a shorter one",
        )
    for letter in text:
        try:
            letter.encode("mbcs")
        except UnicodeEncodeError:
            raise UsageError(
                f"{letter!r} is not in this machine's code page, and conda.exe and other "
                "launchers cannot open a path with it",
                where=text,
                hint=f"{hint}, or set the system locale of Windows to UTF-8",
            ) from None
