"""A line of cmd.exe taken apart: its commands, what they start, and what can be cut out of it."""

from __future__ import annotations

import re

__all__ = ["activates", "commands_of", "without"]

_OPERATOR = re.compile(r"&&|\|\||[&|()]")
_WORD = re.compile(r"(?:\"[^\"]*\"?|[^\s\"])+")
_CONDITION = re.compile(
    r"if\s+(?:/i\s+)?(?:not\s+)?(?:(?:exist|defined|errorlevel)\s+(?:\"[^\"]*\"|\S+)"
    r"|(?:\"[^\"]*\"|[^\s\"=])*==(?:\"[^\"]*\"|[^\s\"])*)\s*",
    re.IGNORECASE,
)
_BEFORE = re.compile(r"(?:@|call\s+|do\s+|else\s+)\s*", re.IGNORECASE)
_TO_THE_END = frozenset({"if", "for", "rem"})
"""What these begin goes on to the end of the line, `&` or not."""
_HOOKS = frozenset({"conda_hook", "conda-hook", "mamba_hook", "micromamba_hook"})
_FOLDERS = frozenset({"scripts", "bin", "condabin"})


def _commands(line: str) -> list[tuple[int, int, str]]:
    """Where each command begins and ends, and the operator in front of it."""
    found, start, operator, quoted, at = [], 0, "", False, 0
    while at <= len(line):
        hit = _OPERATOR.match(line, at) if at < len(line) and not quoted else None
        if at == len(line) or hit:
            part = line[start:at]
            if part.strip():
                begin = start + len(part) - len(part.lstrip())
                found.append((begin, start + len(part.rstrip()), operator))
            operator = hit[0] if hit else ""
            start = at = hit.end() if hit else at + 1
        elif line[at] == "^" and not quoted:
            at = min(at + 2, len(line))
        else:
            quoted ^= line[at] == '"'
            at += 1
    return found


def commands_of(line: str) -> list[str]:
    """The commands of a line, between operators that stand in no quotes."""
    return [line[start:end] for start, end, _ in _commands(line)]


def activates(command: str) -> bool:
    """Whether a command loads conda's hook or activates an environment: by what it starts."""
    rest, before = command.strip(), None
    while rest != before:
        before = rest
        for form in (_BEFORE, _CONDITION):
            found = form.match(rest)
            rest = rest[found.end() :] if found else rest
    words = [word.replace('"', "") for word in _WORD.findall(rest)]
    if not words:
        return False
    parts = re.split(r"[/\\]", words[0].lower())
    name = re.sub(r"\.(?:bat|cmd|exe)$", "", parts[-1])
    second = words[1].lower() if len(words) > 1 else ""
    if name == "activate":
        return len(parts) == 1 or parts[-2] in _FOLDERS
    return name in _HOOKS or (name in {"conda", "mamba", "micromamba"} and second == "activate")


def without(line: str) -> str | None:
    """The line without the commands that activate, else as it stands; None: that is not certain.

    Only commands between single `&` are taken out: `&&`, `||`, pipes, brackets and redirections hang
    one on another, and what follows `if` on its line belongs to it.
    """
    plain = re.sub(r"\"[^\"]*\"", "", line)
    commands = _commands(line)
    if re.search(r"[()|<>\"\r\n]|&&|\^$", plain) or not commands:
        return None
    bad = [activates(line[start:end]) for start, end, _ in commands]
    for number, (start, end, _) in enumerate(commands):
        first = re.match(r"@*\s*(\w*)", line[start:end])
        if first and first[1].lower() in _TO_THE_END:
            if any(bad[number:]) and not all(bad[number:]):
                return None
            if first[1].lower() != "if" and bad[number]:
                return None
    kept, before = "", 0
    for (start, end, _), out in zip(commands, bad, strict=True):
        if not out:
            kept += line[before if kept else start : end]  # with the operator in front of it
        before = end
    return kept
