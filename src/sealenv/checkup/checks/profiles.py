"""The start-up files of shells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from sealenv.checkup.changes import Cut
from sealenv.checkup.checks import pathlines
from sealenv.checkup.checks.taking import LOST, NOTHING, evidence_of, is_lost, lines, taken_out
from sealenv.checkup.computer import Computer, digest_of
from sealenv.checkup.condarc import activates_base
from sealenv.checkup.finding import Check, Seen, Severity
from sealenv.checkup.shells.blocks import Block
from sealenv.checkup.shells.command import Command
from sealenv.checkup.shells.defining import removed
from sealenv.checkup.shells.meaning import (
    Meaning,
    allexport,
    exports,
    meaning_of,
    without_prefix,
)
from sealenv.checkup.shells.places import profiles, unreadable
from sealenv.checkup.shells.profile import Profile
from sealenv.checkup.shells.written import only_theirs
from sealenv.checkup.text import line_at

__all__ = ["CHECKS"]


def _unreadable(computer: Computer) -> Iterator[Seen]:
    for path, error in unreadable(computer):
        reason = error.strerror or str(error)
        how = "look at it yourself: nothing in it was checked"
        yield Seen(Severity.WARNING, f"it cannot be read: {reason}", str(path), how)
    for profile in profiles(computer):
        place = profile.script.open_at
        if place is not None:
            line = line_at(profile.text, place)
            what = f"it could not be read to its end: what line {line} opens does not end"
            how = "look at it yourself: nothing behind that line was checked"
            evidence = lines(profile.text, place, place + 1, most=1)
            yield Seen(Severity.WARNING, what, f"{profile.path}:{line}", how, evidence)
        place = profile.script.lost_at
        if place is not None:
            line = line_at(profile.text, place)
            what = f"not all of it is understood: what line {line} holds does not fit what ends it"
            how = (
                "look at it yourself: behind that line something may be missed, and no fix is made"
            )
            evidence = lines(profile.text, place, place + 1, most=1)
            yield Seen(Severity.WARNING, what, f"{profile.path}:{line}", how, evidence)


def _blocks(computer: Computer) -> Iterator[Seen]:
    base = activates_base(computer)
    for profile in profiles(computer):
        for block in profile.blocks:
            where = f"{profile.path}:{line_at(profile.text, block.start)}"
            evidence = lines(profile.text, block.start, block.end)
            if not block.whole:
                what = f"a block of {block.tool} init that does not end"
                how = "remove it by hand: nothing says where it ends"
                yield Seen(Severity.WARNING, what, where, how, evidence)
                continue
            if not any(block.start <= c.start < block.end for c in profile.script.commands):
                continue  # empty, or commented out
            calls = block.tool == "conda" and base
            does = "activates base in every shell"
            if block.tool == "conda" and base is None:
                does = (
                    "activates base in every shell, unless a .condarc that cannot be read says no"
                )
            elif not calls:
                does = "loads its functions in every shell"
            theirs = only_theirs(profile.text[block.start : block.end])
            yield Seen(
                Severity.ERROR,
                f"a block of {block.tool} init for {profile.shell} {does}",
                where,
                "the block is taken out"
                if theirs
                else f"by hand: there are lines in it that {block.tool} init does not write",
                evidence,
                changes=(_cut_block(profile, block),) if theirs else (),
            )


def _cut_block(profile: Profile, block: Block) -> Cut:
    """Take whole lines out; inside of a compound something must stay, or the shell complains."""
    put, start, end = "", block.start, block.end
    if block.depth:
        put = NOTHING.get(profile.shell, ":") + ("\n" if profile.text[:end].endswith("\n") else "")
    return Cut(profile.path, start, end, put, digest_of(profile.data))


def _kind(kind: str, how: str) -> Callable[[Computer], Iterator[Seen]]:
    """What looks for the commands of one kind, outside of blocks; one finding for each file."""

    def look(computer: Computer) -> Iterator[Seen]:
        for profile in profiles(computer):
            if kind == "function" and profile.autoload:
                continue  # `fish-functions` looks at these
            found = _meanings(profile, kind)
            if found:
                yield _seen(profile, found, how)

    return look


def _meanings(profile: Profile, kind: str) -> list[tuple[Command, Meaning]]:
    commands = profile.commands
    judged = [(c, m) for c in commands if (m := meaning_of(c, profile.shell)) and m.kind == kind]
    if kind == "function":
        return _still_defined(commands, judged)
    if any(m.unexported for _, m in judged):
        exported = set[str]().union(*(exports(c) for c in commands))
        everything = _exports_everything(commands)
        judged = [
            (c, m)
            for c, m in judged
            if not m.unexported or m.unexported in exported or c.start in everything
        ]
    return judged


def _still_defined(
    commands: Sequence[Command], judged: list[tuple[Command, Meaning]]
) -> list[tuple[Command, Meaning]]:
    """Those that no later command of the file takes away again."""
    gone = [(c.start, removed(without_prefix(c.words))) for c in commands]
    return [
        (command, meaning)
        for command, meaning in judged
        if not all(
            any(start > command.start and name in names for start, names in gone)
            for name in meaning.names
        )
    ]


def _exports_everything(commands: Sequence[Command]) -> set[int]:
    """Where the commands begin between `set -a` and `set +a`."""
    found: set[int] = set()
    on = False
    for command in commands:
        on = allexport(command, on)
        if on:
            found.add(command.start)
    return found


def _seen(
    profile: Profile,
    found: Sequence[tuple[Command, Meaning]],
    how: str,
) -> Seen:
    first, meaning = found[0]
    cuts = tuple(taken_out(profile, c) for c, m in found if m.alone and c.whole and not c.asked)
    severity = Severity.NOTE
    for _, one in found:
        severity = one.severity if severity is Severity.NOTE else severity
        severity = Severity.ERROR if one.severity is Severity.ERROR else severity
    left = len(found) - len(cuts)
    if left and is_lost(profile, found[-1][0]):
        how = (
            f"{how}; {left} of {len(found)} are left to you: {LOST}" if cuts else f"by hand: {LOST}"
        )
    elif left and cuts and meaning.kind == "function":
        how += f"; {left} of {len(found)} are functions, or do more, and are left to you"
    elif left and cuts:
        how += f"; {left} of {len(found)} do more, or something hangs on them, and are left to you"
    elif left and meaning.kind == "function":
        how = "take it out by hand, or give it another name"
    elif left:
        how = "by hand: the command does something else too, or something hangs on how it ends"
    if profile.autoload and severity is Severity.ERROR:
        severity = Severity.WARNING
    where = f"{profile.path}:{line_at(profile.text, first.start)}"
    evidence = evidence_of(profile, [c for c, _ in found])
    return Seen(severity, meaning.what, where, how, evidence, changes=cuts)


_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE
_REPLACES = "the command is replaced by one that does nothing"

CHECKS = (
    Check(
        "profile-unreadable",
        "start-up files of shells that cannot be read",
        "what is in it may change every shell, and nobody has looked",
        (_W,),
        _unreadable,
    ),
    Check(
        "conda-init",
        "blocks of `conda init`, `mamba shell init` and the like in start-up files",
        "every new shell has conda's functions, and often its base environment active: another "
        "Python comes first there",
        (_E, _W),
        _blocks,
        "the block is taken out",
    ),
    Check(
        "conda-hook",
        "the shell hook of conda or mamba, loaded outside of such a block",
        "every new shell has conda's functions, and often its base environment active",
        (_E, _W),
        _kind("hook", _REPLACES),
        _REPLACES,
    ),
    Check(
        "profile-activate",
        "start-up files that activate an environment",
        "every new shell is inside of an environment: activation, `run` and `shell` refuse there",
        (_E, _W),
        _kind("activate", _REPLACES),
        _REPLACES,
    ),
    Check(
        "profile-function",
        "functions and aliases in start-up files that are called like a program of an environment",
        "it runs instead of the environment's own program",
        (_E,),
        _kind("function", _REPLACES),
        "an alias is replaced by a command that does nothing; functions are left to you",
    ),
    Check(
        "profile-variable",
        "variables of Python, conda, pip and their like that start-up files set",
        "every Python, pip and conda obeys it, in whatever environment it is",
        (_E, _W),
        _kind("variable", _REPLACES),
        _REPLACES,
    ),
    pathlines.CHECK,
    Check(
        "version-manager",
        "pyenv, asdf, mise, pixi or virtualenvwrapper in start-up files",
        "their shims come before the programs of the system, and choose a version by the folder",
        (_W,),
        _kind("manager", _REPLACES),
        _REPLACES,
    ),
    Check(
        "node-manager",
        "nvm or fnm in start-up files",
        "they change PATH for node alone; it comes before an environment's node where they run later",
        (_N,),
        _kind("node", _REPLACES),
        _REPLACES,
    ),
    Check(
        "direnv",
        "direnv in start-up files",
        "changing the folder can activate an environment, or set PYTHONPATH",
        (_W,),
        _kind("directory", _REPLACES),
        _REPLACES,
    ),
)
