"""The start-up files of shells."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence

from sealenv.checkup.changes import Change, Cut, Drop
from sealenv.checkup.computer import Computer, digest_of
from sealenv.checkup.condarc import activates_base
from sealenv.checkup.finding import Check, Seen, Severity
from sealenv.checkup.shells.blocks import Block
from sealenv.checkup.shells.command import Command
from sealenv.checkup.shells.meaning import (
    Meaning,
    allexport,
    exports,
    is_path_entry,
    meaning_of,
    path_entries,
)
from sealenv.checkup.shells.pathcut import without_entries
from sealenv.checkup.shells.places import profiles, unreadable
from sealenv.checkup.shells.profile import Profile
from sealenv.checkup.shells.written import only_theirs
from sealenv.checkup.text import line_at, lines_of
from sealenv.masking import masked

__all__ = ["CHECKS"]

_SHOWN = 5
"""Lines of evidence of one file."""
_NOTHING = {"fish": "true", "nu": "null", "xonsh": "pass", "PowerShell": "$null"}
"""What stands for no command, where `:` does not."""
_BEGINS = "it is read whenever the shell starts"


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
            evidence = _lines(profile.text, place, place + 1, most=1)
            yield Seen(Severity.WARNING, what, f"{profile.path}:{line}", how, evidence)


def _blocks(computer: Computer) -> Iterator[Seen]:
    base = activates_base(computer)
    for profile in profiles(computer):
        for block in profile.blocks:
            where = f"{profile.path}:{line_at(profile.text, block.start)}"
            evidence = _lines(profile.text, block.start, block.end)
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
        put = _NOTHING.get(profile.shell, ":") + ("\n" if profile.text[:end].endswith("\n") else "")
    return Cut(profile.path, start, end, put, digest_of(profile.data))


def _kind(kind: str, how: str) -> Callable[[Computer], Iterator[Seen]]:
    """What looks for the commands of one kind, outside of blocks; one finding for each file."""

    def look(computer: Computer) -> Iterator[Seen]:
        for profile in profiles(computer):
            found = _meanings(profile, kind)
            if kind == "path":
                found = [(c, m) for c, m in found if any(_dirty(computer, e) for e in m.entries)]
            if found:
                yield _seen(computer, profile, found, how)

    return look


def _meanings(profile: Profile, kind: str) -> list[tuple[Command, Meaning]]:
    commands = profile.commands
    judged = [(c, m) for c in commands if (m := meaning_of(c, profile.shell)) and m.kind == kind]
    if any(m.unexported for _, m in judged):
        exported = set[str]().union(*(exports(c) for c in commands))
        everything = _exports_everything(commands)
        judged = [
            (c, m)
            for c, m in judged
            if not m.unexported or m.unexported in exported or c.start in everything
        ]
    return judged


def _exports_everything(commands: Sequence[Command]) -> set[int]:
    """Where the commands begin between `set -a` and `set +a`."""
    found: set[int] = set()
    on = False
    for command in commands:
        on = allexport(command, on)
        if on:
            found.add(command.start)
    return found


def _dirty(computer: Computer, entry: str) -> bool:
    """Whether an entry of PATH leads to a Python or conda, as it is called; what is gone counts."""
    if not is_path_entry(entry):
        return False
    folder = computer.expand(entry)
    try:
        names = os.listdir(folder) if folder else None
    except (OSError, ValueError):
        return True
    return names is None or any(_PROGRAM.match(name.lower()) for name in names)


_PROGRAM = re.compile(r"(?:python|pip|pypy|conda|mamba|micromamba|pyenv|activate)")


def _seen(
    computer: Computer,
    profile: Profile,
    found: Sequence[tuple[Command, Meaning]],
    how: str,
) -> Seen:
    first, meaning = found[0]
    text = profile.text
    evidence = [_lines(text, c.start, c.end, most=1)[0] for c, _ in found[:_SHOWN]]
    if len(found) > _SHOWN:
        evidence.append(f"... and {len(found) - _SHOWN} more")
    cuts = tuple(
        cut for c, m in found if m.alone and c.whole and (cut := _cut(computer, profile, c, m))
    )
    severity = Severity.NOTE
    for _, one in found:
        severity = one.severity if severity is Severity.NOTE else severity
        severity = Severity.ERROR if one.severity is Severity.ERROR else severity
    left = len(found) - len(cuts)
    if left and cuts:
        how += f"; {left} of {len(found)} do more, or something hangs on them, and are left to you"
    elif left:
        how = "by hand: the command does something else too, or something hangs on how it ends"
    if profile.autoload and severity is Severity.ERROR:
        severity = Severity.WARNING
    where = f"{profile.path}:{line_at(text, first.start)}"
    return Seen(severity, meaning.what, where, how, tuple(evidence), changes=cuts)


def _cut_entries(computer: Computer, profile: Profile, command: Command) -> Cut | None:
    """Cut the entries out, and leave what else the line puts on PATH."""
    was = profile.text[command.start : command.end]
    found = without_entries(was, profile.shell, lambda entry: _dirty(computer, entry))
    if not found:
        return None
    start, end, put = found
    if any(_dirty(computer, entry) for entry in path_entries(put)):
        return None
    digest = digest_of(profile.data)
    return Cut(profile.path, command.start + start, command.start + end, put, digest)


def _cut(computer: Computer, profile: Profile, command: Command, meaning: Meaning) -> Cut | None:
    """Put a command that does nothing in its place, and a comment where the line has nothing else."""
    if meaning.kind == "path" and not _adds_nothing_else(computer, command):
        return _cut_entries(computer, profile, command)
    if command.asked:
        return None
    text, start, end = profile.text, command.start, command.end
    nothing = _NOTHING.get(profile.shell, ":")
    words = command.words
    if len(words) > 2 and words[0] == "if" and profile.shell == "tcsh":
        put = f"if {words[1]} :" if "\n" not in words[1] else ":"
    else:
        put = nothing
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", end)
    line_end = len(text) if line_end < 0 else line_end
    before, after = text[line_start:start].strip(), text[end:line_end].strip()
    was = text[start:end]
    if not before and not after and "\n" not in was and "\r" not in was:
        put = f"{put} # sealenv doctor took out: {was}"
    return Cut(profile.path, start, end, put, digest_of(profile.data))


def _adds_nothing_else(computer: Computer, command: Command) -> bool:
    """Whether it is fish's word for adding to PATH, and every folder named is to go."""
    named = [word for word in command.words[1:] if not word.startswith("-")]
    return command.words[0] == "fish_add_path" and all(_dirty(computer, e) for e in named)


def _lines(text: str, start: int, end: int, most: int = _SHOWN) -> tuple[str, ...]:
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


def _fish_variables(computer: Computer) -> Iterator[Seen]:
    from sealenv.checkup.shells import fishvars

    path = computer.config / "fish/fish_variables"
    data = computer.bytes_of(path)
    if data is None:
        return
    digest = digest_of(data)
    for variable in fishvars.exported(data):
        found = fishvars.meaning(variable.name, variable.value)
        if not found:
            continue
        severity, what = found
        change: Change | None = Cut(path, variable.start, variable.end, "", digest)
        how = "the line is taken out; close every fish first, or it writes it anew"
        if variable.name in fishvars.LISTS:
            kept = fishvars.without_parts(variable, lambda part: _dirty(computer, part))
            if kept == variable.raw:
                if not any(_dirty(computer, part) for part in path_entries(variable.value)):
                    continue
                change, how = None, f"by hand: set -U {variable.name} to what shall stay"
            elif kept:
                change = Cut(path, variable.at, variable.at + len(variable.raw), kept, digest)
                how = "the entries are cut out of the line; close every fish first"
        where = f"{path}:{variable.line}"
        evidence = (masked(f"{variable.name}: {variable.value}")[:200],)
        yield Seen(severity, what, where, how, evidence, changes=(change,) if change else ())


def _fish_functions(computer: Computer) -> Iterator[Seen]:
    folder = computer.config / "fish/functions"
    for name in ("conda", "mamba", "micromamba", "python", "python3", "pip"):
        path = folder / f"{name}.fish"
        data = computer.bytes_of(path)
        if data is not None:
            what = f"fish has a function {name}, which comes before any program of that name"
            how = "the file is taken away"
            changes = (Drop(path, digest_of(data)),)
            yield Seen(Severity.ERROR, what, str(path), how, changes=changes)


_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE
_REPLACES = "the command is replaced by one that does nothing"
_CUTS = "the entries are cut out of the line, and the rest of it stays"

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
        "every new shell has conda's functions, for which activation refuses, and often its base "
        "environment active: another Python comes first there",
        (_E, _W),
        _blocks,
        "the block is taken out",
    ),
    Check(
        "conda-hook",
        "the shell hook of conda or mamba, loaded outside of such a block",
        "every new shell has conda's functions, for which activation refuses, and often its base "
        "environment active",
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
        "profile-variable",
        "variables of Python, conda, pip and their like that start-up files set",
        "every Python, pip and conda obeys it, in whatever environment it is",
        (_E, _W),
        _kind("variable", _REPLACES),
        _REPLACES,
    ),
    Check(
        "profile-path",
        "start-up files that put another Python on PATH",
        "the Python of another environment answers where none is active",
        (_W,),
        _kind("path", _CUTS),
        _CUTS,
    ),
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
    Check(
        "fish-variables",
        "universal variables of fish that redirect Python or conda",
        "every fish has them, without any start-up file saying so",
        (_E, _W),
        _fish_variables,
        "the line is taken out, of a list for PATH only the entries",
        ("posix",),
    ),
    Check(
        "fish-functions",
        "functions of fish that stand for conda, mamba, pip or python",
        "the function runs instead of the environment's own program: activation refuses there",
        (_E,),
        _fish_functions,
        "the file is taken away",
        ("posix",),
    ),
)
