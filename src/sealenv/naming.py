"""Names and paths: what is refused before anything is written, and why."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path

from sealenv.errors import UsageError
from sealenv.layout import is_windows

__all__ = [
    "check_name",
    "check_prefix",
    "check_windows_parts",
    "environment_folder",
    "parse_python_version",
    "printable",
    "shown",
]

_PYTHON = re.compile(r"\d{1,3}(\.\d{1,4}){0,2}", re.ASCII)
_RESERVED_NAMES = frozenset({"base", "root"})  # conda refuses both as the last part of a prefix
_WINDOWS_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", *(f"com{i}" for i in range(10)), *(f"lpt{i}" for i in range(10))}
)
_LONGEST_ON_WINDOWS = 200
"""Characters. cmd.exe and programs' launchers know nothing of long paths, and need some below it."""
_NAME_REFUSED = {
    **dict.fromkeys("/\\", "it separates folders"),
    ":": "it splits a PATH, and conda refuses it in a name",
    ";": "it splits a PATH on Windows",
    "#": "conda and environment.yml (CEP 24) refuse it",
    **dict.fromkeys("*?<>|", "Windows refuses it in a file name"),
    **dict.fromkeys("\"'`$", "shells give it a meaning"),
    **dict.fromkeys("%!^&", "cmd.exe gives it a meaning"),
}
_POSIX_PATH_REFUSED = {
    ":": "it splits a PATH",
    ";": "shebang lines and PATH-like lists of packages break at it",
    **dict.fromkeys('"$`\\', "package managers write it unquoted into shebang lines"),
    "'": "package managers write it unquoted into shell scripts",
}
_WINDOWS_PATH_REFUSED = {
    ";": "it splits a PATH",
    **dict.fromkeys("%!^", "cmd.exe gives it a meaning even inside quotes"),
    **dict.fromkeys('"*?<>|', "Windows refuses it in a file name"),
}


def shown(text: str) -> str:
    """A word as it can be typed into this system's shell: for messages, not for scripts."""
    if os.name != "nt":
        return shlex.quote(text)
    # Paths of environments hold no quote: Windows has none in a file name.
    return text if re.fullmatch(r"[\w.:\\/-]+", text) else f'"{text}"'


def printable(text: str, *, path: bool = False) -> str:
    """A text of somebody's as one line that does nothing to a terminal.

    What is not printable, control characters and those that turn the direction of a line too, is
    written `\\xNN` for each byte of its UTF-8 (docs/reference/fingerprint.md).

    Args:
        text: with bytes that are no UTF-8 as surrogates.
        path: a path in a prefix: a backslash is part of a name and is written so too.
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
    """Two digests (hex) for people: shortened, where that is enough to tell them from each other."""
    if one[:_DIGITS] == other[:_DIGITS]:
        return one, other
    return f"{one[:_DIGITS]}...", f"{other[:_DIGITS]}..."


_DIGITS = 12


def parse_python_version(text: object) -> str:
    """`3.12` or `3.12.4` as it stands.

    Raises:
        UsageError: it is anything else, such as a MatchSpec.
    """
    if not isinstance(text, str):
        raise UsageError(
            f"a Python version is a text, not {text!r}",
            hint='write it like "3.12": as a number 3.10 would be 3.1',
        )
    if not _PYTHON.fullmatch(text):
        raise UsageError(
            f"{text!r} is not a Python version",
            hint="write it like 3.12 or 3.12.4; for anything finer: --with 'python >=3.10,<3.13'",
        )
    return text


def environment_folder(name: str, python: str | None) -> str:
    """`my_env` and `3.12` -> `my_env_3_12`, the documents' way to name the folder."""
    return f"{name}_{python.replace('.', '_')}" if python else name


def check_name(name: str, where: str | None = None) -> None:
    """Refuse what cannot be the name of an environment on every platform.

    Args:
        name: the name.
        where: where it stands, for the message; of one that was typed, nothing.

    Raises:
        UsageError: with the character and the reason.
    """
    try:
        _check_name(name)
    except UsageError as error:
        error.where = where or error.where
        raise


def _check_name(name: str) -> None:
    hint = "choose letters, digits, '_', '-', '.'; spaces and other alphabets work too"
    if not name or name in {".", ".."}:
        raise UsageError(f"{name!r} is not a name for an environment", hint=hint)
    _refuse_characters(name, _NAME_REFUSED, "the name", hint)
    if name.startswith(("-", "~")):
        raise UsageError(
            f"the name {name!r} starts with {name[0]!r}, which commands take for something else",
            hint=hint,
        )
    if name != name.strip() or name.endswith("."):
        raise UsageError(f"the name {name!r} begins or ends with a space or a dot", hint=hint)
    if name.lower() in _RESERVED_NAMES:
        raise UsageError(
            f"{name!r} is conda's word for its own root: all environments are equal here",
            hint=hint,
        )
    if name.split(".")[0].lower() in _WINDOWS_DEVICES:
        raise UsageError(f"{name!r} is the name of a device on Windows", hint=hint)
    if len(os.fsencode(name)) > 200:
        raise UsageError("the name is longer than 200 bytes", hint="choose a shorter one")


def check_prefix(
    prefix: Path, platform: str, hint: str = "choose another folder with -p or SEALENV_ENVS"
) -> None:
    """Refuse a path that conda cannot bear or that splits a PATH.

    Args:
        prefix: the path.
        platform: the subdir of the environment.
        hint: how another one is chosen.

    Raises:
        UsageError: with the character and the reason.
    """
    text = os.fspath(prefix)
    refused = {} if os.name == "nt" else _POSIX_PATH_REFUSED
    if is_windows(platform):  # wherever it is made, it is used there
        refused = refused | _WINDOWS_PATH_REFUSED
    _refuse_characters(text, refused, "the path", hint)
    if not text.isascii() and sys.getfilesystemencoding().lower() not in {"utf-8", "utf8"}:
        raise UsageError(
            f"the path is not ASCII, and this locale's encoding ({sys.getfilesystemencoding()}) is not "
            "UTF-8",
            where=ascii(text),
            hint="use a UTF-8 locale, such as LC_ALL=C.UTF-8, or another folder",
        )
    if prefix.name.lower() in _RESERVED_NAMES:
        raise UsageError(
            f"conda refuses a prefix called {prefix.name!r}",
            where=text,
            hint="choose another folder name",
        )
    if os.name == "nt" and is_windows(platform):
        _check_code_page(text, hint)
        _check_length_on_windows(prefix, hint)
    if prefix == prefix.parent:
        raise UsageError("the root of a file system cannot be an environment", where=text)


def check_windows_parts(text: str, where: str | None = None) -> None:
    """Refuse folders that Windows takes for devices or quietly calls otherwise. Pure text.

    Args:
        text: as it was typed: Windows' own functions have already lost such endings.
        where: what to show instead, if the text is a part of it.

    Raises:
        UsageError: with the part and the reason.
    """
    for part in text.replace("/", "\\").split("\\"):
        if part in {"", ".", ".."}:
            continue
        if part.split(".")[0].strip().lower() in _WINDOWS_DEVICES:
            raise UsageError(
                f"{part!r} is the name of a device on Windows",
                where=where or text,
                hint="choose another folder",
            )
        if part != part.rstrip(" ."):
            raise UsageError(
                f"{part!r} ends with a dot or a space, which Windows leaves out",
                where=where or text,
                hint="choose another folder",
            )


def _check_code_page(text: str, hint: str) -> None:
    """The launcher of conda.exe and of every entry point opens its script by its ANSI name."""
    strange = next((letter for letter in text if not _in_code_page(letter)), None)
    if strange is not None:
        raise UsageError(
            f"{strange!r} is not in this machine's code page, and conda.exe and other "
            "launchers cannot open a path with it",
            where=text,
            hint=f"{hint}, or have Windows use UTF-8",
        )


def _in_code_page(letter: str) -> bool:
    try:
        letter.encode("mbcs")
    except UnicodeEncodeError:
        return False
    return True


def _check_length_on_windows(prefix: Path, hint: str) -> None:
    if len(str(prefix)) > _LONGEST_ON_WINDOWS:
        raise UsageError(
            f"the path is {len(str(prefix))} characters long; cmd.exe needs it to be "
            f"{_LONGEST_ON_WINDOWS} at most, whatever LongPathsEnabled says",
            where=str(prefix),
            hint=f"{hint}: a shorter one",
        )


def _refuse_characters(text: str, refused: dict[str, str], what: str, hint: str) -> None:
    import unicodedata

    for character in text:
        if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}:
            raise UsageError(f"{what} {text!a} holds a control or unencodable character", hint=hint)
        if character in refused:
            raise UsageError(
                f"{what} {text!r} holds {character!r}: {refused[character]}", hint=hint
            )
