"""One quote function per shell: any text becomes one literal word of that language.

No name, path or value can become a command (design invariant 8). What a language cannot express is
refused with `SpecError`, never mangled. Text is UTF-8 (paths: `path_text`): bytes that are not are
lone surrogates, which come out as the same bytes where the shell can carry them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from sealenv.errors import SpecError

__all__ = [
    "QUOTE",
    "path_text",
    "quote_cmd",
    "quote_csh",
    "quote_fish",
    "quote_nu",
    "quote_ps1",
    "quote_sh",
    "quote_xonsh",
    "to_bytes",
]


def _refuse(text: str, why: str) -> SpecError:
    return SpecError(f"This text {why}: {text!r}")


def to_bytes(text: str) -> bytes:
    """Encode a script, or refuse surrogates that stand for no byte."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise _refuse(text, "holds half a character") from None


def path_text(path: str | os.PathLike[str]) -> str:
    """A path as the text that `to_bytes` makes its own bytes of, whatever the locale is."""
    return os.fsencode(path).decode("utf-8", "surrogateescape")


def _check(text: str) -> None:
    if "\0" in text:
        raise _refuse(text, "holds a NUL, which no variable or path can hold")
    to_bytes(text)


def _printable(text: str, shell: str) -> None:
    for char in text:
        if char < " " or char == "\x7f":
            raise _refuse(text, f"holds a control character, which {shell} cannot quote")


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
            raise _refuse(text, "holds a code point that fish reserves for itself")
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def quote_csh(text: str, *, pattern: bool = False) -> str:
    r"""Quote for csh and tcsh: `'...'`, where `!` needs a backslash even inside quotes.

    A backslash at the end of a line or before `!` is the only escape in single quotes (the scripts
    see to it that tcsh's `backslash_quote` is off). Control characters are refused.

    Args:
        text: what to quote.
        pattern: for the start of a file name pattern: tcsh 6.24 matches nothing when a character
            beyond ASCII is quoted there, and bare it means itself. It begins and ends in quotes all
            the same, so that another place can be written into them.
    """
    _check(text)
    _printable(text, "csh")
    if pattern:
        return re.sub("([^\0-\x7f]+)", r"'\1'", quote_csh(text))
    return "'" + text.replace("'", "'\\''").replace("!", "\\!") + "'"


def quote_xonsh(text: str) -> str:
    """Quote for xonsh: a Python literal in ASCII; only a whole Python statement may hold it."""
    _check(text)
    return ascii(text)


def quote_nu(text: str) -> str:
    r"""Quote for nushell: `"..."` with `\u{...}` for everything that is not plain.

    nushell's strings are Unicode: bytes that are not UTF-8 are refused.
    """
    _check(text)
    out = []
    for char in text:
        if "\ud800" <= char <= "\udfff":
            raise _refuse(text, "is not UTF-8, and nushell has no other strings")
        if char in '"\\':
            out.append("\\" + char)
        elif char < " " or "\x7f" <= char <= "\x9f" or char in "\u2028\u2029\ufeff":
            out.append(f"\\u{{{ord(char):x}}}")
        else:
            out.append(char)
    return '"' + "".join(out) + '"'


_CMD_LINE = 8000
"""cmd.exe reads 8191 characters of a line (Microsoft, "Command prompt line string limitation")."""


def quote_cmd(text: str, *, delayed: bool = False) -> str:
    r"""Quote for what stands between the quotes of `set "NAME=..."` in a batch file.

    A quote in the text ends cmd's own quoting: what follows is escaped with carets until the next
    one. The line may not stand in a block, where a `)` would end it. Batch files are read in whatever
    code page is active, so that only ASCII is certain.

    Args:
        text: what to quote.
        delayed: for a line that runs while delayed expansion is on. There a literal `!` or a caret
            beside it cannot be written in a way that every cmd.exe reads alike; the text takes them
            from the variables `_sealenv_bang` and `_sealenv_caret`.
    """
    _check(text)
    if not text.isascii():
        raise _refuse(text, "is not ASCII, and a batch file is read in any code page")
    if any((char < " " and char != "\t") or char == "\x7f" for char in text):
        raise _refuse(text, "holds a control character, which cmd.exe cannot quote")
    out = []
    outside = False
    for char in text:
        if char == '"':
            outside = not outside
        if char == "%":
            out.append("%%")
        elif outside and char == "^":
            raise _refuse(
                text, "has a caret after an odd quote, which not every cmd.exe reads alike"
            )
        elif delayed and char == "!":
            out.append("!_sealenv_bang!")
        elif delayed and char == "^":
            out.append("!_sealenv_caret!")
        elif outside and char in "&|<>":
            out.append("^" + char)
        else:
            out.append(char)
    quoted = "".join(out)
    if len(quoted) > _CMD_LINE:
        raise _refuse(text[:40] + "...", "is longer than a line of cmd.exe may be")
    return quoted


def quote_ps1(text: str) -> str:
    r"""Quote for PowerShell: an expression in ASCII, `'...'` or `('...' + [char]233 + '...')`.

    Windows PowerShell 5.1 reads a file without a byte order mark in the machine's code page, and
    takes the curly quotes U+2018 to U+201B for `'`: what is not plain ASCII is written as a number.
    It begins and ends in quotes, so that another place can be written into them.
    """
    _check(text)
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise _refuse(text, "is not Unicode, and PowerShell has no other strings")
    if _PS1_PLAIN.fullmatch(text):
        return "'" + text.replace("'", "''") + "'"
    # It starts with a string, or the first `+` would be a sum of numbers.
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
"""The quote function by the extension that conda gives the scripts of a POSIX shell."""
