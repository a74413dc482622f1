"""What fish keeps besides its start-up files: universal variables, functions in files."""

from __future__ import annotations

from collections.abc import Iterator

from sealenv.checkup.changes import Change, Cut, Drop
from sealenv.checkup.computer import Computer, digest_of
from sealenv.checkup.finding import Check, Seen, Severity
from sealenv.checkup.folders import leads_to_python
from sealenv.checkup.shells import fishvars
from sealenv.checkup.shells.pathentries import named_entries
from sealenv.gates.rules import PROGRAMS
from sealenv.masking import masked

__all__ = ["CHECKS"]


def _fish_variables(computer: Computer) -> Iterator[Seen]:
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
            kept = fishvars.without_parts(variable, lambda part: leads_to_python(computer, part))
            if kept == variable.raw:
                if not any(
                    leads_to_python(computer, part) for part in named_entries(variable.value)
                ):
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
    for name in PROGRAMS:
        path = folder / f"{name}.fish"
        data = computer.bytes_of(path)
        if data is not None:
            what = f"fish has a function {name}, which comes before any program of that name"
            how = "the file is taken away"
            changes = (Drop(path, digest_of(data)),)
            yield Seen(Severity.ERROR, what, str(path), how, changes=changes)


_E, _W = Severity.ERROR, Severity.WARNING

CHECKS = (
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
        "the function runs instead of the environment's own program",
        (_E,),
        _fish_functions,
        "the file is taken away",
        ("posix",),
    ),
)
