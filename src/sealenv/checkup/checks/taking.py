"""What the checks of start-up files share: lines as evidence, and a command taken out."""

from __future__ import annotations

from sealenv.checkup.changes import Cut
from sealenv.checkup.computer import digest_of
from sealenv.checkup.shells.command import Command
from sealenv.checkup.shells.profile import Profile
from sealenv.checkup.text import lines_of
from sealenv.masking import masked

__all__ = ["LOST", "NOTHING", "SHOWN", "evidence_of", "is_lost", "lines", "taken_out"]

SHOWN = 5
"""Lines of evidence of one file."""
NOTHING = {"fish": "true", "nu": "null", "xonsh": "pass", "PowerShell": "$null"}
"""What stands for no command, where `:` does not."""


def taken_out(profile: Profile, command: Command) -> Cut:
    """Put a command that does nothing in its place, and a comment where the line has nothing else."""
    text, start, end = profile.text, command.start, command.end
    words = command.words
    if len(words) > 2 and words[0] == "if" and profile.shell == "tcsh":
        put = f"if {words[1]} :" if "\n" not in words[1] else ":"
    else:
        put = NOTHING.get(profile.shell, ":")
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", end)
    line_end = len(text) if line_end < 0 else line_end
    before, after = text[line_start:start].strip(), text[end:line_end].strip()
    was = text[start:end]
    if not before and not after and "\n" not in was and "\r" not in was:
        put = f"{put} # sealenv doctor took out: {was}"
    return Cut(profile.path, start, end, put, digest_of(profile.data))


LOST = "it stands behind a line that is not understood (profile-unreadable)"
"""Why no fix touches a command."""


def is_lost(profile: Profile, command: Command) -> bool:
    """Whether it is not certain what a command belongs to."""
    return profile.script.lost_at is not None and command.end >= profile.script.lost_at


def evidence_of(profile: Profile, commands: list[Command]) -> tuple[str, ...]:
    """The first line of each."""
    shown = [lines(profile.text, c.start, c.end, most=1)[0] for c in commands[:SHOWN]]
    if len(commands) > SHOWN:
        shown.append(f"... and {len(commands) - SHOWN} more")
    return tuple(shown)


def lines(text: str, start: int, end: int, most: int = SHOWN) -> tuple[str, ...]:
    """The lines around a part, each at most 200 characters."""
    begin = text.rfind("\n", 0, start) + 1
    part = text[begin : min(end, begin + 4000)]
    spans = lines_of(part)
    shown = [masked(part[a:b].strip())[:200] for a, b in spans[:most]]
    if len(spans) > most > 1:
        shown.append(f"... and {len(spans) - most} more lines")
    if most == 1 and shown:
        stop = text.find("\n", begin)
        shown = [masked(text[begin : len(text) if stop < 0 else stop].strip())[:200]]
    return tuple(shown) or ("",)
