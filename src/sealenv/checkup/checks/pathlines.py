"""Start-up files that put another Python on PATH: what leads to one is cut out, and no more."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sealenv.checkup.changes import Cut
from sealenv.checkup.checks.taking import LOST, evidence_of, is_lost, taken_out
from sealenv.checkup.computer import Computer, digest_of
from sealenv.checkup.finding import Check, Seen, Severity
from sealenv.checkup.folders import holds_more, leads_to_python
from sealenv.checkup.shells.command import Command
from sealenv.checkup.shells.literals import expanded, literals
from sealenv.checkup.shells.meaning import meaning_of, without_prefix
from sealenv.checkup.shells.pathcut import NOT_PLAIN, without_entries
from sealenv.checkup.shells.pathentries import put_on_path
from sealenv.checkup.shells.places import profiles
from sealenv.checkup.shells.profile import Profile, read_profile
from sealenv.checkup.text import line_at

__all__ = ["CHECK"]

_CUTS = "the entries are cut out of the line, and the rest of it stays"
_GOES = "something hangs on how the command ends, which does nothing else"


def _look(computer: Computer) -> Iterator[Seen]:
    for profile in profiles(computer):
        values = literals(profile.script.commands, profile.shell)

        def meant(entry: str, values: dict[str, str] = values) -> str:
            return expanded(entry, values)

        found = [
            (command, bad)
            for command in profile.commands
            if (bad := _bad(computer, profile.shell, command, meant))
        ]
        if found:
            yield _seen(computer, profile, found, meant)


def _bad(
    computer: Computer, shell: str, command: Command, meant: Callable[[str], str]
) -> tuple[str, ...]:
    """The entries of a command that lead to a Python, as they are meant."""
    entries = put_on_path(without_prefix(command.words), shell)
    if command.words[0] == "eval":
        evaluated = meaning_of(command, shell)
        entries = evaluated.entries if evaluated else ()
    told = dict.fromkeys(map(meant, entries))
    return tuple(entry for entry in told if leads_to_python(computer, entry))


def _seen(
    computer: Computer,
    profile: Profile,
    found: list[tuple[Command, tuple[str, ...]]],
    meant: Callable[[str], str],
) -> Seen:
    cuts, left = [], []
    for command, bad in found:
        cut = _cut(computer, profile, command, bad, meant)
        if isinstance(cut, Cut):
            cuts.append(cut)
        else:
            left.append(cut)
    how = _CUTS
    if left and cuts:
        how += f"; {len(left)} of {len(found)} are left to you: {left[0]}"
    elif left:
        how = f"by hand: {left[0]}"
    first, entries = found[0]
    return Seen(
        Severity.WARNING,
        f"puts {entries[0]} on PATH",
        f"{profile.path}:{line_at(profile.text, first.start)}",
        how,
        evidence_of(profile, [command for command, _ in found]),
        changes=tuple(cuts),
    )


def _cut(
    computer: Computer,
    profile: Profile,
    command: Command,
    bad: tuple[str, ...],
    meant: Callable[[str], str],
) -> Cut | str:
    """What cuts the entries out, and leaves what else the line puts on PATH; or why nothing does."""
    for entry in bad:
        if holds_more(computer, entry):
            return f"other programs than a Python's lie in {entry} too"
    if is_lost(profile, command):
        return LOST
    if not command.whole:
        return NOT_PLAIN
    was = profile.text[command.start : command.end]
    part = without_entries(was, profile.shell, lambda entry: meant(entry) in bad)
    if isinstance(part, str):
        return part
    if part.put is None:
        return _GOES if command.asked else taken_out(profile, command)
    now = f"{was[: part.start]}{part.put}{was[part.end :]}".encode(errors="surrogateescape")
    left = read_profile(profile.path, profile.shell, now).commands
    if any(_bad(computer, profile.shell, one, meant) for one in left):
        return NOT_PLAIN
    digest = digest_of(profile.data)
    start, end = command.start + part.start, command.start + part.end
    return Cut(profile.path, start, end, part.put, digest)


CHECK = Check(
    "profile-path",
    "start-up files that put another Python on PATH",
    "the Python of another environment answers where none is active",
    (Severity.WARNING,),
    _look,
    _CUTS,
)
