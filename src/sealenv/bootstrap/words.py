"""What a lock may put into a script: one function per kind of word, which returns it or refuses it.

A word that passes has no quote, no space and nothing that sh or cmd.exe would take for more than text
where the templates put it: in a here-document, and in lines of a .bat behind its last `exit`.
"""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from sealenv.errors import SpecError
from sealenv.locks import LockedPackage, LockedWheel
from sealenv.naming import check_name

__all__ = ["digest_word", "name_word", "package_words", "url_word", "wheel_words"]

_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_URL = re.compile(r"(https?|file)://[A-Za-z0-9._~:/@!+,=%-]{1,2000}", re.ASCII)
_ARCHIVE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+!-]{0,210}\.(conda|tar\.bz2)", re.ASCII)
_WHEEL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+!-]{0,210}\.whl", re.ASCII)
_PROJECT = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,100}[A-Za-z0-9])?", re.ASCII)
_VERSION = re.compile(r"[0-9][A-Za-z0-9._+!-]{0,100}", re.ASCII)


def package_words(package: LockedPackage) -> str:
    """FILE SHA256 URL of a package.

    Raises:
        SpecError: one of them cannot stand in a script, or they contradict each other.
    """
    file = _word(_ARCHIVE, package.fn, "the file name of a package")
    stem = file.removesuffix(".conda").removesuffix(".tar.bz2")
    if stem != package.dist:
        raise _refused("a package's file is not called as its record says", f"{file!r}")
    return f"{file} {digest_word(package.sha256)} {url_word(package.url, file)}"


def wheel_words(wheel: LockedWheel) -> str:
    """FILE SHA256 URL NAME VERSION of a wheel.

    Raises:
        SpecError: as `package_words`.
    """
    file = _word(_WHEEL, wheel.fn, "the file name of a wheel")
    name = _word(_PROJECT, wheel.name, "the name of a distribution")
    version = _word(_VERSION, wheel.version, "the version of a distribution")
    return f"{file} {digest_word(wheel.sha256)} {url_word(wheel.url, file)} {name} {version}"


def url_word(text: str, file: str) -> str:
    """A URL that ends in a file name, in the characters that channels use; without credentials.

    Raises:
        SpecError: it is anything else.
    """
    url = _word(_URL, text, "a URL")
    if "@" in urlsplit(url).netloc or "/t/" in url:
        raise _refused("a URL carries credentials", "they do not belong into a file")
    if unquote(url.rsplit("/", 1)[-1]) != file:
        raise _refused("a URL does not end in the file that it is for", f"{url} {file}")
    return url


def digest_word(text: str) -> str:
    """64 hexadecimal digits, in small letters.

    Raises:
        SpecError: it is anything else.
    """
    return _word(_DIGEST, text, "a sha256")


def name_word(text: str, kind: str) -> str:
    """The name of an environment.

    Args:
        text: the name.
        kind: `bat` takes ASCII alone: cmd.exe reads a file in the code page of the machine.

    Raises:
        UsageError: no environment can be called so.
        SpecError: it cannot stand in this kind of script.
    """
    check_name(text)
    if kind == "bat" and not text.isascii():
        raise SpecError(
            "the name cannot be written into a .bat: it is not ASCII",
            details=[repr(text)],
            hint="give it another one: --name NAME",
        )
    return text


def _word(pattern: re.Pattern[str], text: str, what: str) -> str:
    if not pattern.fullmatch(text):
        raise _refused(f"{what} cannot be written into a script", repr(text))
    return text


def _refused(what: str, detail: str) -> SpecError:
    return SpecError(
        what, details=[detail], hint="look at where the lock came from; nothing was written"
    )
