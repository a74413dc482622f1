"""How each shell says that a variable is set for what it starts."""

from __future__ import annotations

import re

__all__ = ["ASSIGNMENT", "assigned"]

ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(?:\[[^]]*\])?\+?=(.*)", re.DOTALL)
_FORMS = {
    "PowerShell": (
        re.compile(r"\$env:([A-Za-z_]\w*)\s*\+?=\s*(.*)", re.DOTALL | re.IGNORECASE),
        re.compile(
            r"(?:Set-Item|New-Item|si)\s+(?:-Path\s+)?Env:[/\\]?(\w+)\s+(?:-Value\s+)?(.*)",
            re.DOTALL | re.IGNORECASE,
        ),
        re.compile(
            r"\[(?:System\.)?Environment\]::SetEnvironmentVariable\(\s*(\w+)\s*,\s*([^,)]*)",
            re.IGNORECASE,
        ),
    ),
    "nu": (re.compile(r"\$env\.([A-Za-z_]\w*)\s*=\s*(.*)", re.DOTALL),),
    "xonsh": (
        re.compile(r"\$([A-Za-z_]\w*)(?:\.\w+\(|\s*\+?=)\s*(.*)", re.DOTALL),
        re.compile(r"os\.environ\[\s*(\w+)\s*\]\s*\+?=\s*(.*)", re.DOTALL),
    ),
}
_RECORD = re.compile(r"[{,\n\s]([A-Za-z_]\w*)\s*:\s*([^,}\n]*)")


def assigned(words: tuple[str, ...], shell: str) -> list[tuple[str, str]] | None:
    """The variables that a command gives to the processes of the shell, with their texts.

    None where it is no such command, or sets them for one command alone.

    Args:
        words: of the command.
        shell: whose words they are.
    """
    if shell in _FORMS:
        return _by_form(shell, words)
    return {"fish": _in_fish, "tcsh": _in_csh}.get(shell, _in_posix)(words)


def _in_posix(words: tuple[str, ...]) -> list[tuple[str, str]] | None:
    if words[0] in {"export", "declare", "typeset", "setenv", "path_prepend", "pathmunge"}:
        if words[0] in {"declare", "typeset"} and not any(
            w.startswith("-") and "x" in w for w in words
        ):
            return None
        named = [w for w in words[1:] if not w.startswith("-")]
        return [(m[1], m[2]) if (m := ASSIGNMENT.fullmatch(w)) else (w, "") for w in named]
    found = [ASSIGNMENT.fullmatch(word) for word in words]
    # NAME=value COMMAND sets it for that command alone.
    return [(m[1], m[2]) for m in found if m] if all(found) else None


def _in_fish(words: tuple[str, ...]) -> list[tuple[str, str]] | None:
    if words[0] == "fish_add_path":
        return [("PATH", " ".join(w for w in words[1:] if not w.startswith("-")))]
    if words[0] == "export":
        return _in_posix(words)
    if words[0] != "set" or len(words) < 3:
        return None
    flags = "".join(w for w in words[1:] if w.startswith("-"))
    rest = [w for w in words[1:] if not w.startswith("-")]
    if not rest or len(rest) < 2 or "-e" in words or "--erase" in words:
        return None
    exported = "x" in flags or rest[0] in {"PATH", "fish_user_paths"}
    return [(rest[0], " ".join(rest[1:]))] if exported else None


def _in_csh(words: tuple[str, ...]) -> list[tuple[str, str]] | None:
    if words[0] == "setenv" and len(words) > 2:
        return [(words[1], " ".join(words[2:]))]
    joined = " ".join(words[1:])
    if words[0] == "set" and joined.replace(" ", "").startswith("path="):
        return [("path", joined)]
    return None


def _by_form(shell: str, words: tuple[str, ...]) -> list[tuple[str, str]] | None:
    text = " ".join(words)
    if shell == "nu" and words[0] == "load-env":
        return [(m[1], m[2].strip()) for m in _RECORD.finditer(text)]
    for form in _FORMS[shell]:
        found = form.match(text)
        if found:
            return [(found[1], found[2].strip())]
    return None
