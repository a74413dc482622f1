"""One quote function per shell: any text becomes one literal word of that language.

No name, path or value can become a command (design invariant 8). Text that a language cannot express
is refused with `SpecError`. Bytes that are not UTF-8 are lone surrogates (see `path_text`), which
become the same bytes again if the shell supports them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from sealenv.errors import SpecError


def _refuse(text: str, why: str) -> SpecError:
    return SpecError(f"This text {why}: {text!r}")


def to_bytes(text: str) -> bytes:
    """Encode a script; refuse surrogates that do not stand for a byte."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise _refuse(text, "contains half a character") from None


def path_text(path: str | os.PathLike[str]) -> str:
    """Return a path as text that `to_bytes` encodes to the same bytes, in any locale."""
    return os.fsencode(path).decode("utf-8", "surrogateescape")


def _check(text: str) -> None:
    if "\0" in text:
        raise _refuse(text, "contains a NUL, which is not allowed in variables and paths")
    to_bytes(text)


def quote_sh(text: str) -> str:
    r"""Quote for bash, zsh, dash and every POSIX shell: `'...'`, and `'\''` for a quote."""
    _check(text)
    return "'" + text.replace("'", "'\\''") + "'"


def quote_fish(text: str) -> str:
    r"""Quote for fish: inside `'...'` only `\\` and `\'` are escapes."""
    _check(text)
    for char in text:
        # fish uses these code points for its own wildcards and raw bytes, and drops or
        # re-interprets them (fish 3.6, common.h: ENCODE_DIRECT_BASE, RESERVED_CHAR_BASE).
        if "\uf600" <= char <= "\uf73f" or "\ufdd0" <= char <= "\ufdef":
            raise _refuse(text, "contains a code point that fish reserves")
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def quote_csh(text: str, *, pattern: bool = False) -> str:
    r"""Quote for csh and tcsh: `'...'`, where `!` needs a backslash even inside quotes.

    A backslash at the end of a line or before `!` is the only escape in single quotes (the scripts
    turn off tcsh's `backslash_quote`). Control characters are refused.

    Args:
        text: the text.
        pattern: the text begins a file name pattern. tcsh 6.24 matches nothing if a character
            beyond ASCII is quoted there. The result still begins and ends with quotes, so that
            another path can be written into them.
    """
    _check(text)
    if any(char < " " or char == "\x7f" for char in text):
        raise _refuse(text, "contains a control character, which csh cannot quote")
    if pattern:
        return re.sub("([^\0-\x7f]+)", r"'\1'", quote_csh(text))
    return "'" + text.replace("'", "'\\''").replace("!", "\\!") + "'"


def quote_xonsh(text: str) -> str:
    """Quote for xonsh: a Python literal in ASCII, for use in whole Python statements only."""
    _check(text)
    return ascii(text)


def quote_nu(text: str) -> str:
    r"""Quote for nushell: `"..."` with `\u{...}` escapes.

    Its strings are Unicode, so bytes that are not UTF-8 are refused.
    """
    _check(text)
    out = []
    for char in text:
        if "\ud800" <= char <= "\udfff":
            raise _refuse(text, "is not UTF-8, which nushell requires")
        if char in '"\\':
            out.append("\\" + char)
        elif char < " " or "\x7f" <= char <= "\x9f" or char in "\u2028\u2029\ufeff":
            out.append(f"\\u{{{ord(char):x}}}")
        else:
            out.append(char)
    return '"' + "".join(out) + '"'


_CMD_LINE = 8000
"""cmd.exe reads 8191 characters of a line (Microsoft, "Command prompt line string limitation")."""


def quote_cmd(text: str) -> str:
    r"""Quote for the value in `set "NAME=..."` of a batch file, with or without delayed expansion.

    A quote in the text would end cmd's own quoting, and an exclamation mark is one only without delayed
    expansion. Only ASCII is safe, because the code page is unknown.
    """
    _check(text)
    if not text.isascii():
        raise _refuse(text, "is not ASCII, and the code page of a batch file is unknown")
    if any((char < " " and char != "\t") or char in '"!\x7f' for char in text):
        raise _refuse(
            text,
            "has a quote, an exclamation mark or a control character, which cmd.exe cannot quote",
        )
    quoted = text.replace("%", "%%")
    if len(quoted) > _CMD_LINE:
        raise _refuse(text[:40] + "...", "is too long for a line of cmd.exe")
    return quoted


def quote_ps1(text: str) -> str:
    r"""Quote for PowerShell: an expression in ASCII, `'...'` or `('...' + [char]233 + '...')`.

    Windows PowerShell 5.1 reads a file without a byte order mark in the machine's code page, and
    reads the curly quotes U+2018 to U+201B as `'`, so other characters are written as numbers.
    It begins and ends with quotes, so that another path can be written into them.
    """
    _check(text)
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise _refuse(text, "is not Unicode, which PowerShell requires")
    if _PS1_PLAIN.fullmatch(text):
        return "'" + text.replace("'", "''") + "'"
    # It starts with a string; otherwise the first `+` would add numbers.
    return "('" + _PS1_OTHER.sub(_ps1_number, text.replace("'", "''")) + "')"


_PS1_PLAIN = re.compile("[ -~]*")
_PS1_OTHER = re.compile("[^ -~]+")


def _ps1_number(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-le")
    codes = (units[i] | units[i + 1] << 8 for i in range(0, len(units), 2))
    return "' + " + " + ".join(f"[char]{code}" for code in codes) + " + '"


QUOTE: dict[str, Callable[[str], str]] = {
    "sh": quote_sh,
    "fish": quote_fish,
    "csh": quote_csh,
    "xsh": quote_xonsh,
    "nu": quote_nu,
}
"""The quote function by the file extension that conda uses for scripts of a POSIX shell."""
